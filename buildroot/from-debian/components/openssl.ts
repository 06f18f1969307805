import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Recipe, SourceEdit } from "../recipe.ts";
import { CFLAGS } from "../toolchain.ts";

/** Algorithms and protocols that neither OPC UA, nor TLS 1.2/1.3 with a broker, nor reading a key file uses. */
const WITHOUT = [
  ...[
    "shared",
    "pic",
    "sse2",
    "apps",
    "tests",
    "docs",
    "legacy",
    "engine",
    "dso",
    "module",
    "pinshared",
    "uplink",
  ],
  ...[
    "padlockeng",
    "ui-console",
    "unit-test",
    "autoload-config",
    "filenames",
    "async",
    "comp",
    "http",
    "ssl-trace",
  ],
  ...[
    "argon2",
    "aria",
    "bf",
    "blake2",
    "camellia",
    "cast",
    "dsa",
    "ec2m",
    "gost",
    "idea",
    "md4",
    "mdc2",
    "ocb",
    "rc2",
  ],
  ...["rc4", "rc5", "rmd160", "seed", "siphash", "siv", "sm2", "sm3", "sm4", "whirlpool", "weak-ssl-ciphers"],
  // Post-quantum key shares would be the default in TLS 1.3 and cost a Quark seconds per handshake
  ...["ml-dsa", "ml-kem", "slh-dsa"],
  ...[
    "cmp",
    "cms",
    "ct",
    "ocsp",
    "rfc3779",
    "ts",
    "psk",
    "srp",
    "srtp",
    "dgram",
    "quic",
    "multiblock",
    "nextprotoneg",
  ],
  ...["ssl3", "tls1", "tls1_1"],
];

const I586_ONLY = '&asm_init($ARGV[0],$x86only = $ARGV[$#ARGV] eq "386");';

/** The assembler without MMX/SSE paths (never taken on a Quark), LOCK, ENDBR32 and RDRAND; bignum is untouched. */
const EDITS: readonly SourceEdit[] = [
  { file: "crypto/aes/asm/aes-586.pl", find: I586_ONLY, replace: "&asm_init($ARGV[0]); $x86only = 1;" },
  // Single blocks with the tables too, as longer CBC has them: the compact routine takes 2.6 times the instructions
  {
    file: "crypto/aes/asm/aes-586.pl",
    find: `# pick Te4 copy which can't "overlap" with stack frame or key schedule
	&lea	($s1,&DWP(768-4,"esp"));
	&sub	($s1,$tbl);
	&and	($s1,0x300);
	&lea	($tbl,&DWP(2048+128,$tbl,$s1));

					if (!$x86only) {
	&bt	(&DWP(0,$s0),25);	# check for SSE bit
	&jnc	(&label("x86"));

	&movq	("mm0",&QWP(0,$acc));
	&movq	("mm4",&QWP(8,$acc));
	&call	("_sse_AES_encrypt_compact");`,
    replace: `if (!$x86only) {
	&call	("_sse_AES_encrypt_compact");`,
  },
  {
    file: "crypto/aes/asm/aes-586.pl",
    find: `&call	("_x86_AES_encrypt_compact");
	&mov	("esp",$_esp);			# restore stack pointer`,
    replace: `&call	("_x86_AES_encrypt");
	&mov	("esp",$_esp);			# restore stack pointer`,
  },
  { file: "crypto/modes/asm/ghash-x86.pl", find: I586_ONLY, replace: "&asm_init($ARGV[0]); $x86only = 1;" },
  {
    file: "crypto/modes/asm/ghash-x86.pl",
    find: '$suffix = $x86only ? "" : "_x86";',
    replace: '$suffix = "_x86";',
  },
  { file: "crypto/modes/gcm128.c", find: "if (OPENSSL_ia32cap_P[0] & (1 << 23)) {", replace: "if (0) {" },
  // One core: the compare-and-exchange is atomic towards interrupts without LOCK, which the Quark executes wrongly
  { file: "crypto/x86cpuid.pl", find: "&data_word(0x1ab10ff0);", replace: "&data_byte(0x0f,0xb1,0x1a);" },
  { file: "crypto/x86cpuid.pl", find: '&gen_random("rdrand");', replace: "" },
  { file: "crypto/x86cpuid.pl", find: '&gen_random("rdseed");', replace: "" },
  { file: "crypto/perlasm/x86asm.pl", find: "&::data_byte(0xf3,0x0f,0x1e,0xfb);", replace: "" },
];

/** libcrypto and libssl, static, with the i586 assembler. */
export const openssl: Recipe = {
  name: "openssl",
  source: "openssl",
  needs: ["toolchain"],
  inputs: [],
  async build(kit) {
    const folder = await kit.unpack();
    kit.edit(folder, EDITS);
    const env = kit.environment();
    const flags = ["-fomit-frame-pointer", ...CFLAGS].join(" ");
    const where = ["--prefix=/usr", "--openssldir=/etc/ssl", "--libdir=lib"];
    const tools = ["CC=i586-gcc", "AR=i586-ar", "RANLIB=i586-ranlib", `CFLAGS=${flags}`];
    await kit.run(
      ["perl", "Configure", "linux-x86", ...WITHOUT.map((name) => `no-${name}`), ...where, ...tools],
      {
        cwd: folder,
        env,
      },
    );
    await kit.make(["-s", "build_libs"], { cwd: folder, env });
    mkdirSync(join(kit.output, "lib"));
    for (const library of ["libssl.a", "libcrypto.a"]) {
      cpSync(join(folder, library), join(kit.output, "lib", library));
    }
    cpSync(join(folder, "include"), join(kit.output, "include"), { recursive: true });
    kit.keepLicence(folder, ["LICENSE.txt"]);
  },
};
