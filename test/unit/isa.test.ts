// `make isa` must fail, naming file, function, address and instruction, on anything a Quark X1000 lacks.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { card, cpio, excuseFile, grub, kernel, program, runIsa } from "./isa-fixtures.ts";

/** One story in a folder of its own, which stays when the story fails. */
function story(name: string, body: (folder: string) => void): void {
  it(name, () => {
    const folder = mkdtempSync(join(tmpdir(), "isa-test-"));
    body(folder);
    rmSync(folder, { recursive: true });
  });
}

const PLANTED: ReadonlyArray<readonly [string, string, RegExp]> = [
  ["CMOV", "cmovne %ecx, %eax", /cmovne eax,ecx \[cmov\]/],
  ["FCMOV", "fcmove %st(1), %st", /fcmove st,st\(1\) \[fcmov\]/],
  ["FCOMI", "fcomi %st(1), %st", /fcomi st,st\(1\) \[fcomi\]/],
  ["FUCOMIP", "fucomip %st(1), %st", /fucomip st,st\(1\) \[fcomi\]/],
  ["FISTTP", "fisttpl (%eax)", /fisttp .* \[fisttp\]/],
  ["MMX", "movd %eax, %mm0", /movd mm0,eax \[mmx\]/],
  ["EMMS", "emms", /emms \[mmx\]/],
  ["SSE", "movaps %xmm1, %xmm0", /movaps xmm0,xmm1 \[sse\]/],
  ["SSE2 into a general register", "cvttsd2si %xmm0, %eax", /cvttsd2si eax,xmm0 \[sse\]/],
  ["AVX", "vaddps %ymm1, %ymm0, %ymm0", /vaddps .* \[avx\]/],
  ["3DNow", "pfadd %mm1, %mm0", /pfadd mm0,mm1 \[mmx\]|\[3dnow\]/],
  ["NOPL", "nopl 0(%eax,%eax,1)", /nop DWORD PTR \[eax\+eax\*1\] \[nopl\]/],
  ["NOPW", "nopw %cs:0(%eax,%eax,1)", /nop WORD PTR .* \[nopl\]/],
  ["ENDBR32", "endbr32", /endbr32 \[endbr\]/],
  ["LOCK", "lock; addl $0, (%esp)", /lock add DWORD PTR \[esp\],0x0 \[lock\]/],
  ["LOCK CMPXCHG8B", "lock; cmpxchg8b (%esi)", /lock cmpxchg8b .* \[lock\]/],
  ["PREFETCH", "prefetcht0 (%eax)", /prefetcht0 .* \[prefetch\]/],
  ["CLFLUSH", "clflush (%eax)", /clflush .* \[clflush\]/],
  ["FXSAVE", "fxsave (%eax)", /fxsave .* \[fxsr\]/],
  ["MFENCE", "mfence", /mfence \[fence\]/],
  ["SYSENTER", "sysenter", /sysenter \[sysenter\]/],
  ["MONITOR", "monitor %eax, %ecx, %edx", /monitor \[mwait\]/],
  ["RDTSCP", "rdtscp", /rdtscp \[rdtscp\]/],
  ["RDPMC", "rdpmc", /rdpmc \[rdpmc\]/],
  ["RDRAND", "rdrand %eax", /rdrand eax \[rdrand\]/],
  ["POPCNT", "popcnt %ecx, %eax", /popcnt eax,ecx \[bits\]/],
  ["TZCNT", "tzcnt %ecx, %eax", /tzcnt eax,ecx \[bits\]/],
  ["MOVBE", "movbe (%ecx), %eax", /movbe .* \[bits\]/],
  ["XGETBV", "xgetbv", /xgetbv \[xsave\]/],
  ["MOVNTI", "movnti %eax, (%ecx)", /movnti .* \[movnti\]/],
  ["UD1", "ud1 %eax, %eax", /ud1 .* \[ud1\]/],
  ["bytes that are no instruction", ".byte 0x0f, 0x04", /\(bad\)|\.byte .* \[undecodable\]/],
];

describe("instruction check of one program", () => {
  story("passes plain i586 code", (folder) => {
    const clean = program(
      folder,
      "clean",
      `cmpxchg8b (%esi)
       rdtsc
       bswap %eax
       xadd %eax, (%esp)
       rep; nop
       rep; movsb
       xchg %ax, %ax
       .byte 0x8d, 0xb4, 0x26, 0, 0, 0, 0
       fucompp
       fnstsw %ax
       wbinvd
       setne %al
       shld $3, %eax, %edx`,
    );
    const run = runIsa(["--excuses", excuseFile(folder), clean]);
    assert.equal(run.stderr, "");
    assert.match(
      run.stdout,
      /^isa: 1 programs, \d+ instructions, 0 excused, 0 not for the Quark, 0 stale excuses\n$/,
    );
    assert.equal(run.status, 0);
  });

  // One program with one planted function each: every line of the report must be there on its own.
  let planted = "";
  before(() => {
    const folder = mkdtempSync(join(tmpdir(), "isa-test-"));
    const functions = PLANTED.map(
      ([, instruction], index) => `.type plant_${index}, @function
        plant_${index}: inc %eax
        ${instruction}
        ret
        .size plant_${index}, .-plant_${index}`,
    );
    const run = runIsa([
      "--excuses",
      excuseFile(folder),
      program(folder, "planted", "", functions.join("\n")),
    ]);
    assert.equal(run.status, 1);
    planted = run.stderr;
    rmSync(folder, { recursive: true });
  });
  PLANTED.forEach(([name, , expected], index) => {
    it(`refuses ${name}, naming file, function and address`, () => {
      const place = new RegExp(`isa-test-\\w+/planted: plant_${index}\\+0x1 in \\.text: 0x8049[0-9a-f]+: `);
      const line = planted.split("\n").find((candidate) => place.test(candidate));
      assert.match(line ?? `nothing about plant_${index} in:\n${planted}`, expected);
    });
  });

  story("fails when a single instruction is planted", (folder) => {
    const run = runIsa(["--excuses", excuseFile(folder), program(folder, "planted", "cmovne %ecx, %eax")]);
    assert.match(
      run.stderr,
      /^[^\n]*isa-test-\w+\/planted: checksum\+0x6 in \.text: 0x8049012: cmovne eax,ecx \[cmov\]\n$/,
    );
    assert.match(run.stdout, /1 not for the Quark/);
    assert.equal(run.status, 1);
  });

  story("finds it in a stripped program, named by the unstripped twin", (folder) => {
    const twin = program(join(folder, "debug"), "app", "cmovne %ecx, %eax");
    const root = join(folder, "root");
    mkdirSync(root);
    execFileSync("strip", ["-o", join(root, "app"), twin]);
    const archive = cpio(root, join(folder, "rootfs.cpio"));
    const args = ["--excuses", excuseFile(folder), "--debug", join(folder, "debug"), archive];
    assert.match(runIsa(args).stderr, /rootfs\.cpio:\/app: \/app: checksum\+0x6 in \.text/);
    // A twin with other code gives no names, and hides nothing.
    program(join(folder, "debug"), "app", "nop");
    const run = runIsa(args);
    assert.match(run.stderr, /rootfs\.cpio:\/app: \/app: \.text\+0x12 in \.text: .* \[cmov\]/);
    assert.equal(run.status, 1);
  });

  story("finds it in a program without section headers", (folder) => {
    const file = program(folder, "bare", "cmovne %ecx, %eax");
    execFileSync("strip", [file]);
    const data = readFileSync(file);
    data.fill(0, 32, 36); // e_shoff
    data.fill(0, 46, 52); // e_shentsize, e_shnum, e_shstrndx
    writeFileSync(file, data);
    assert.match(
      runIsa(["--excuses", excuseFile(folder), file]).stderr,
      /\.text\+0x\w+ in \.text: .* \[cmov\]/,
    );
  });

  story("finds it behind a data symbol in the code section", (folder) => {
    const table = ".type table, @object\ntable: cmovne %ecx, %eax\n.size table, .-table";
    const run = runIsa(["--excuses", excuseFile(folder), program(folder, "tabled", "", table)]);
    assert.match(run.stderr, /tabled: table\+0x0 in \.text: .* \[cmov\]/);
  });

  story("refuses a 64-bit program", (folder) => {
    const file = join(folder, "wide");
    execFileSync("as", ["--64", "-o", file, "-"], { input: "nop\n" });
    const run = runIsa(["--excuses", excuseFile(folder), file]);
    assert.match(run.stderr, /wide: not a 32-bit x86 ELF file, so the Quark can't run it\. Build it with/);
    assert.equal(run.status, 2);
  });

  story("refuses an ELF file that is cut short", (folder) => {
    const file = program(folder, "cut");
    writeFileSync(file, readFileSync(file).subarray(0, 200));
    const run = runIsa(["--excuses", excuseFile(folder), file]);
    assert.match(
      run.stderr,
      /cut: the ELF headers point outside of the file's 200 bytes\. The file is cut short/,
    );
    assert.equal(run.status, 2);
  });
});

describe("excuses", () => {
  const excuse = {
    program: "*/planted",
    functions: ["checksum"],
    instructions: ["cmov"],
    guard: "CPUID bit 15",
    why: "test",
  };

  story("lets the named instruction pass in the named function only", (folder) => {
    const excuses = excuseFile(folder, { code: [excuse] });
    const run = runIsa(["--excuses", excuses, program(folder, "planted", "cmovne %ecx, %eax")]);
    assert.equal(run.stderr, "");
    assert.match(run.stdout, /1 excused, 0 not for the Quark/);
    const other = "other: cmovne %ecx, %eax\n.size other, .-other";
    const second = runIsa(["--excuses", excuses, program(folder, "planted", "cmove %ecx, %eax", other)]);
    assert.match(second.stderr, /after checksum|other/);
    assert.doesNotMatch(second.stderr, /: checksum\+/);
    assert.equal(second.status, 1);
  });

  story("does not let another instruction pass in that function", (folder) => {
    const file = program(folder, "planted", "cmovne %ecx, %eax\nmfence");
    const run = runIsa(["--excuses", excuseFile(folder, { code: [excuse] }), file]);
    assert.match(run.stderr, /checksum\+0x9 in \.text: .* mfence \[fence\]/);
    assert.doesNotMatch(run.stderr, /cmov/);
  });

  story("fails on an excuse that nothing needs", (folder) => {
    const run = runIsa(["--excuses", excuseFile(folder, { code: [excuse] }), program(folder, "planted")]);
    assert.equal(
      run.stderr,
      "stale excuse: */planted: checksum needs no excuse. Remove it from the list of excuses.\n",
    );
    assert.match(run.stdout, /1 stale excuses/);
    assert.equal(run.status, 1);
  });

  story("fails on the part of an excuse that nothing needs", (folder) => {
    const file = program(folder, "planted", "cmovne %ecx, %eax");
    const wide = { ...excuse, functions: ["checksum", "gone"], instructions: ["cmov", "sse"] };
    const run = runIsa(["--excuses", excuseFile(folder, { code: [wide] }), file]);
    assert.match(run.stderr, /stale excuse: \*\/planted: gone needs no excuse\./);
    assert.match(run.stderr, /stale excuse: \*\/planted: checksum, gone hold no sse\./);
    assert.equal(run.status, 1);
  });

  story("takes data in a code section out by content, and only it", (folder) => {
    const bytes = "0f 04 0f 04 f0 f0 0f 1f".split(" ");
    const data = `.ascii "${bytes.map((pair) => `\\x${pair}`).join("")}"`;
    const file = program(folder, "planted", `jmp 1f\n${data}\n1: mfence`);
    const table = {
      program: "*/planted",
      section: ".text",
      startsWith: bytes.join(""),
      length: 8,
      why: "test",
    };
    const run = runIsa(["--excuses", excuseFile(folder, { data: [table] }), file]);
    assert.match(run.stderr, /^[^\n]*checksum\+0x10 in \.text: [^\n]*mfence \[fence\]\n$/);
    const stale = runIsa(["--excuses", excuseFile(folder, { data: [table] }), program(folder, "planted")]);
    assert.match(stale.stderr, /stale excuse: \*\/planted: no data 0f040f04f0f00f1f in \.text\./);
  });

  story("refuses a list with an incomplete entry", (folder) => {
    const { guard: _, ...unguarded } = excuse;
    const run = runIsa(["--excuses", excuseFile(folder, { code: [unguarded] }), program(folder, "planted")]);
    assert.match(
      run.stderr,
      /code excuse \["checksum"\]: needs program, instructions, guard and why\. Correct the entry/,
    );
    assert.equal(run.status, 2);
  });
});

describe("instruction check of a kernel", () => {
  story("checks boot code, decompressor and kernel, each under its name", (folder) => {
    const clean = kernel(folder);
    const run = runIsa(["--excuses", excuseFile(folder), "--debug", clean.debug, clean.bzImage]);
    assert.equal(run.stderr, "");
    assert.match(run.stdout, /^isa: 5 programs/);
    const planted = kernel(folder, { kernel: "endbr32", setup: "cmovne %ecx, %eax" });
    const refused = runIsa(["--excuses", excuseFile(folder), "--debug", planted.debug, planted.bzImage]);
    assert.match(
      refused.stderr,
      /bzImage: kernel\/vmlinux: probe\+0x0 in \.text: 0xc1000008: endbr32 \[endbr\]/,
    );
    assert.match(refused.stderr, /bzImage: kernel\/setup: _start\+0x8 in \.text: .* cmovne eax,ecx \[cmov\]/);
  });

  story("checks what the kernel carries as data: the vDSO and the real-mode trampoline", (folder) => {
    const { bzImage, debug } = kernel(folder, { vdso: "endbr32", realMode: "cmovne %cx, %ax" });
    const run = runIsa(["--excuses", excuseFile(folder), "--debug", debug, bzImage]);
    assert.match(run.stderr, /bzImage: kernel\/vdso: checksum\+0x6 in \.text: 0x\w+: endbr32 \[endbr\]/);
    assert.match(run.stderr, /bzImage: kernel\/realmode: _start\+0x1 in \.text: 0x1: cmovne ax,cx \[cmov\]/);
    assert.equal(run.status, 1);
  });

  story("knows the CPU feature under which a replacement is patched in", (folder) => {
    const { bzImage, debug } = kernel(folder, { alternative: "mfence" });
    const run = runIsa(["--excuses", excuseFile(folder), "--debug", debug, bzImage]);
    assert.match(
      run.stderr,
      /\.altinstr_replacement \(patched in under CPU feature 0\*32\+26\): .* mfence \[fence\]/,
    );
    const excuse = { program: "kernel/vmlinux", instructions: ["fence"], guard: "XMM2", why: "test" };
    const wrong = excuseFile(folder, { code: [{ ...excuse, feature: "0*32+4" }] });
    assert.equal(runIsa(["--excuses", wrong, "--debug", debug, bzImage]).status, 1);
    const right = excuseFile(folder, { code: [{ ...excuse, feature: "0*32+26" }] });
    const excused = runIsa(["--excuses", right, "--debug", debug, bzImage]);
    assert.equal(excused.stderr, "");
    assert.equal(excused.status, 0);
  });

  story("refuses a vmlinux that is not the one in the bzImage", (folder) => {
    const { bzImage, debug } = kernel(folder);
    mkdirSync(join(folder, "other"));
    const other = kernel(join(folder, "other"), { kernel: "nop" });
    copyFileSync(join(other.debug, "vmlinux"), join(debug, "vmlinux"));
    const run = runIsa(["--excuses", excuseFile(folder), "--debug", debug, bzImage]);
    assert.match(
      run.stderr,
      /bzImage: the kernel in the bzImage and the vmlinux with symbols are not the same build\./,
    );
    assert.equal(run.status, 2);
  });

  story("refuses to guess without the files with symbols", (folder) => {
    const { bzImage } = kernel(folder);
    const run = runIsa(["--excuses", excuseFile(folder), "--debug", join(folder, "none"), bzImage]);
    assert.match(
      run.stderr,
      /bzImage: the build's vmlinux is missing, so its code can't be told from data nor named/,
    );
    assert.equal(run.status, 2);
  });
});

describe("instruction check of what a card holds", () => {
  story("names a GRUB module's function", (folder) => {
    const run = runIsa(["--excuses", excuseFile(folder), grub(folder, "fcomi %st(1), %st")]);
    assert.match(
      run.stderr,
      /BOOTIA32\.EFI: grub\/hello: greet\+0x0 in \.text: 0x0: fcomi st,st\(1\) \[fcomi\]/,
    );
    assert.equal(run.status, 1);
    const clean = runIsa(["--excuses", excuseFile(folder), grub(folder)]);
    assert.equal(clean.stderr, "");
    assert.match(clean.stdout, /^isa: 2 programs/);
  });

  story("finds a planted instruction in the compressed root filesystem on HW-BOOT", (folder) => {
    const { bzImage, debug } = kernel(folder);
    const root = join(folder, "root");
    program(root, "usr/bin/gateway-runtime", "cmovne %ecx, %eax");
    program(root, "bin/busybox");
    rmSync(join(root, "usr/bin/gateway-runtime.o"));
    rmSync(join(root, "bin/busybox.o"));
    const archive = cpio(root, join(folder, "rootfs.cpio"));
    const image = card(folder, { bzImage, cpio: archive, efi: grub(folder) });
    const run = runIsa(["--excuses", excuseFile(folder), "--debug", debug, "--card", image]);
    assert.match(
      run.stderr,
      /^card\.img:HW-BOOT\/boot\/rootfs\.cpio\.lz4:\/usr\/bin\/gateway-runtime: \/usr\/bin\/gateway-runtime: checksum\+0x6 in \.text: 0x\w+: cmovne eax,ecx \[cmov\]\n$/,
    );
    assert.match(run.stdout, /^isa: 9 programs, /);
    assert.equal(run.status, 1);
  });

  story("refuses a cpio archive that is cut short", (folder) => {
    const root = join(folder, "root");
    program(root, "app");
    const archive = cpio(root, join(folder, "rootfs.cpio"));
    writeFileSync(archive, readFileSync(archive).subarray(0, 3000));
    const run = runIsa(["--excuses", excuseFile(folder), archive]);
    assert.match(
      run.stderr,
      /rootfs\.cpio at byte \d+: an entry runs past the end: not a complete cpio archive/,
    );
    assert.equal(run.status, 2);
  });

  story("reads archives that follow one another, as the kernel does", (folder) => {
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    program(first, "clean");
    program(second, "planted", "endbr32");
    rmSync(join(second, "planted.o"));
    const archive = cpio(first, join(folder, "rootfs.cpio"));
    appendFileSync(archive, readFileSync(cpio(second, join(folder, "second.cpio"))));
    assert.match(
      runIsa(["--excuses", excuseFile(folder), archive]).stderr,
      /rootfs\.cpio:\/planted: \/planted: checksum/,
    );
  });

  story("says what is missing from an OS payload", (folder) => {
    const run = runIsa(["--excuses", excuseFile(folder), "--os", folder]);
    assert.match(run.stderr, /isa-test-\w+: has no bzImage\. Build the operating system first: make os/);
    assert.equal(run.status, 2);
  });
});
