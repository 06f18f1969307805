// buildroot/ is a BR2_EXTERNAL tree around the board files that from-debian uses too (design.md §4). With
// BUILDROOT=<tree> in the environment the defconfig is also taken through Buildroot's own Kconfig.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { checkDefconfig, droppedLines, unsavedLines } from "../../buildroot/check-defconfig.ts";
import { boardOptions } from "../../buildroot/from-debian/board.ts";
import { readLegalInfo } from "../../buildroot/legal-info.ts";

const EXTERNAL = fileURLToPath(new URL("../../buildroot", import.meta.url));
const DEFCONFIG = join(EXTERNAL, "configs/iot2040_defconfig");
const tree = process.env.BUILDROOT;

const read = (path: string): string => readFileSync(join(EXTERNAL, path), "utf8");
const lines = readFileSync(DEFCONFIG, "utf8").trimEnd().split("\n");
const packages = readdirSync(join(EXTERNAL, "package"));

function filesBelow(folder: string): string[] {
  return readdirSync(join(EXTERNAL, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Files that a text names below the external tree. */
function referredFiles(text: string): string[] {
  return [...text.matchAll(/\$\(?(?:BR2_EXTERNAL_GWCARD_PATH)\)?\/([\w./-]+)/g)].map(
    (match) => match[1] ?? "",
  );
}

describe("external tree", () => {
  it("is named GWCARD, the name that its variables carry", () => {
    assert.match(read("external.desc"), /^name: GWCARD$/m);
  });

  it("offers every package in Config.in, in order", () => {
    const expected = packages.map((name) => `source "$BR2_EXTERNAL_GWCARD_PATH/package/${name}/Config.in"`);
    assert.deepEqual(read("Config.in").trimEnd().split("\n"), expected.sort());
    assert.match(read("external.mk"), /include \$\(sort \$\(wildcard .*\/package\/\*\/\*\.mk\)\)/);
  });

  for (const name of packages) {
    it(`${name} has what a Buildroot package needs`, () => {
      const variable = name.toUpperCase().replace(/-/g, "_");
      const makefile = read(`package/${name}/${name}.mk`);
      const config = read(`package/${name}/Config.in`);
      assert.match(makefile, new RegExp(`^#{80}\n#\n# ${name}\n#\n#{80}\n\n`), "banner");
      for (const required of ["SITE", "LICENSE", "LICENSE_FILES"]) {
        assert.match(makefile, new RegExp(`^${variable}_${required} = \\S`, "m"), required);
      }
      assert.match(makefile, /\n\$\(eval \$\(generic-package\)\)\n$/);
      assert.match(config, new RegExp(`^config BR2_PACKAGE_${variable}\n\tbool "${name}"\n`));
      for (const [, used] of makefile.matchAll(/\b([A-Z_]+)_DEPENDENCIES/g)) assert.equal(used, variable);
      if (/_SITE_METHOD = local$/m.test(makefile)) return;
      assert.match(
        makefile,
        new RegExp(`^${variable}_VERSION = \\S`, "m"),
        "a downloaded package has a version",
      );
      const source = `${/_SOURCE = (\S+)\$\(/m.exec(makefile)?.[1]}${/_VERSION = (\S+)/m.exec(makefile)?.[1]}`;
      assert.match(
        read(`package/${name}/${name}.hash`),
        new RegExp(`^sha256 {2}[0-9a-f]{64} {2}${source}\\.`, "m"),
      );
    });
  }

  it("shellcheck has nothing to say about its scripts", () => {
    const scripts = filesBelow("board/iot2040").filter((file) =>
      /^#!\/bin\/sh\n/.test(readFileSync(file, "utf8")),
    );
    assert.ok(scripts.length >= 12, scripts.join(", "));
    const run = spawnSync("shellcheck", scripts, { encoding: "utf8" });
    assert.equal(run.error, undefined);
    assert.equal(run.stdout, "");
  });

  it("has patches that say what became of them upstream and who signs them off, for packages that exist", () => {
    const patches = filesBelow("board/iot2040/patches").filter((file) => file.endsWith(".patch"));
    assert.ok(patches.length >= 7, patches.join(", "));
    for (const patch of patches) {
      const [header = ""] = readFileSync(patch, "utf8").split(/^--- a\//m);
      assert.match(header, /\n\nUpstream: \S.*\nSigned-off-by: \S.* <\S+@\S+>\n\n$/, patch);
      assert.match(basename(patch), /^\d{4}-[\w-]+\.patch$/);
    }
  });

  it("gives Buildroot's packages the words that from-debian gives them", () => {
    const used = [...read("external.mk").matchAll(/\$\(call gwcard-options,(\w+)\)/g)].map(
      (match) => match[1],
    );
    const files = readdirSync(join(EXTERNAL, "board/iot2040")).filter((name) => name.endsWith(".options"));
    assert.deepEqual(used.sort(), files.map((name) => name.replace(".options", "")).sort());
    for (const name of used) {
      assert.match(read(`from-debian/components/${name}.ts`), new RegExp(`boardOptions\\("${name}"\\)`));
      // What make's own sed makes of the file is what from-debian reads
      const made = spawnSync("make", ["-s", "-f", "-", "words"], {
        encoding: "utf8",
        input: `BR2_EXTERNAL_GWCARD_PATH := ${EXTERNAL}\n${/^gwcard-options = .*$/m.exec(read("external.mk"))?.[0]}\nwords:\n\t@echo '$(call gwcard-options,${name})'\n`,
      });
      assert.deepEqual(made.stdout.trim().split(/\s+/), boardOptions(name ?? ""), made.stderr);
    }
  });

  it("compiles engine and bytecode compiler from one source tree", () => {
    const makefile = read("package/gateway-runtime/gateway-runtime.mk");
    const sources = [...makefile.matchAll(/\bQUICKJS=(\S+)/g)].map((match) => match[1]);
    assert.deepEqual(sources, ["$(GATEWAY_QUICKJS_TREE)", "$(GATEWAY_QUICKJS_TREE)"]);
    assert.match(read("package/gateway-app/gateway-app.mk"), /\$\(HOST_DIR\)\/bin\/gateway-bytecode /);
  });
});

describe("iot2040_defconfig", () => {
  it("has no option twice", () => {
    const names = lines.map((line) => /BR2_\w+/.exec(line)?.[0]);
    assert.deepEqual(names, [...new Set(names)]);
    for (const line of lines) assert.match(line, /^(BR2_\w+=.+|# BR2_\w+ is not set)$/);
  });

  it("names only files that exist", () => {
    const files = referredFiles(lines.join("\n"));
    assert.ok(files.length >= 10, `only ${files.length} files are named`);
    for (const file of files) assert.ok(existsSync(join(EXTERNAL, file)), `${file} does not exist`);
  });

  it("builds for the Quark with musl, statically", () => {
    for (const line of ["BR2_x86_x1000=y", "BR2_TOOLCHAIN_BUILDROOT_MUSL=y", "BR2_STATIC_LIBS=y"]) {
      assert.ok(lines.includes(line), line);
    }
  });

  it("shares the board's files with from-debian instead of having its own", () => {
    const config = lines.join("\n");
    for (const shared of [
      "linux.fragment",
      "busybox.config",
      "users.table",
      "permissions.table",
      "rootfs-overlay",
      "grub.cfg",
    ]) {
      assert.match(config, new RegExp(`/board/iot2040/${shared.replace(".", "\\.")}"`), shared);
    }
    const copies = readdirSync(EXTERNAL, { recursive: true, withFileTypes: true })
      .filter(
        (entry) =>
          entry.isFile() && /^(linux\.fragment|busybox\.config|.*\.table|grub\.cfg)$/.test(entry.name),
      )
      .map((entry) => join(entry.parentPath, entry.name));
    for (const copy of copies) assert.match(copy, /\/board\/iot2040\/[\w.]+$/);
  });

  it("links the same GRUB modules as from-debian", () => {
    const recipe = read("from-debian/components/grub.ts");
    const wanted = [...(/const WANTED = \[([^\]]*)\]/.exec(recipe)?.[1] ?? "").matchAll(/"(\w+)"/g)].map(
      (match) => match[1],
    );
    const line = lines.find((candidate) => candidate.startsWith("BR2_TARGET_GRUB2_BUILTIN_MODULES_EFI"));
    assert.deepEqual(/"(.*)"/.exec(line ?? "")?.[1]?.split(" "), wanted);
  });

  it("takes its kernel from the line that from-debian uses, with a hash of ours", () => {
    const version = /CUSTOM_VERSION_VALUE="(.*)"/.exec(lines.join("\n"))?.[1] ?? "";
    const line = /^linux\s+(\S+)\.\s/m.exec(read("board/iot2040/packages.txt"))?.[1];
    assert.ok(version.startsWith(`${line}.`), `${version} is not of the line ${line}`);
    for (const name of ["linux", "linux-headers"]) {
      const hash = read(`board/iot2040/patches/${name}/${name}.hash`);
      assert.match(
        hash,
        new RegExp(`^sha256 {2}[0-9a-f]{64} {2}linux-${version.replaceAll(".", "\\.")}\\.tar\\.xz$`, "m"),
      );
    }
  });

  it("runs scripts that are executable", () => {
    const scripts = referredFiles(lines.join("\n")).filter((file) => file.endsWith(".sh"));
    assert.deepEqual(
      scripts.map((file) => basename(file)),
      ["post-build.sh", "post-fakeroot.sh", "post-image.sh"],
    );
    for (const script of scripts) assert.ok((statSync(join(EXTERNAL, script)).mode & 0o111) !== 0, script);
  });

  it("survives Buildroot's Kconfig unchanged", { skip: tree === undefined && "set BUILDROOT=<tree>" }, () => {
    assert.deepEqual(checkDefconfig({ tree: tree ?? "", defconfig: DEFCONFIG }), []);
  });

  it("satisfies Buildroot's check-package", {
    skip: tree === undefined && "set BUILDROOT=<tree>",
  }, () => {
    const files = ["Config.in", "external.desc", "external.mk", "configs/iot2040_defconfig"];
    const below = ["package", "board/iot2040"].flatMap(filesBelow);
    const all = [...files.map((file) => join(EXTERNAL, file)), ...below];
    // Debian's own Python: the module magic is a Debian package
    const run = spawnSync("/usr/bin/python3", [join(tree ?? "", "utils/check-package"), "-b", ...all], {
      encoding: "utf8",
    });
    assert.match(run.stderr, /^\d+ lines processed\n0 warnings generated\n$/);
  });
});

describe("check-defconfig", () => {
  const path = "configs/x_defconfig";

  it("names file and line of what Kconfig dropped or changed", () => {
    const defconfig = 'BR2_a=y\nBR2_GONE=y\nBR2_WORD="x"\n# BR2_OFF is not set\n# BR2_UNKNOWN is not set\n';
    const config = 'BR2_a=y\nBR2_WORD="y"\nBR2_OFF=y\n';
    assert.deepEqual(droppedLines({ path, defconfig, config }), [
      "configs/x_defconfig:2: BR2_GONE=y (final .config: absent)",
      'configs/x_defconfig:3: BR2_WORD="x" (final .config: BR2_WORD="y")',
      "configs/x_defconfig:4: # BR2_OFF is not set (final .config: BR2_OFF=y)",
    ]);
  });

  it("names what savedefconfig would write otherwise", () => {
    assert.deepEqual(unsavedLines({ path, defconfig: "BR2_a=y\nBR2_b=y\n", saved: "BR2_b=y\nBR2_c=y\n" }), [
      "configs/x_defconfig:1: BR2_a=y is left out by savedefconfig",
      "configs/x_defconfig:2: savedefconfig writes BR2_c=y here",
    ]);
    assert.deepEqual(unsavedLines({ path, defconfig: "BR2_a=y\nBR2_b=y\n", saved: "BR2_b=y\nBR2_a=y\n" }), [
      "configs/x_defconfig:1: savedefconfig writes BR2_b=y here: another order or a repeated line",
    ]);
  });

  it("says so when the folder is not a Buildroot tree", () => {
    assert.throws(
      () => checkDefconfig({ tree: tmpdir(), defconfig: DEFCONFIG }),
      (error: Error) =>
        /make .*iot2040_defconfig failed:\n[\s\S]*Is this a Buildroot tree/.test(error.message),
    );
  });

  it("finds a dropped line in a real tree", { skip: tree === undefined && "set BUILDROOT=<tree>" }, () => {
    const folder = mkdtempSync(join(tmpdir(), "external-test-"));
    const probe = join(folder, "probe_defconfig");
    const musl = "BR2_TOOLCHAIN_BUILDROOT_MUSL=y";
    writeFileSync(probe, `BR2_x86_x1000=y\n${musl}\nBR2_PACKAGE_QUICKJS=y\nBR2_STATIC_LIBS=y\n`);
    const problems = checkDefconfig({ tree: tree ?? "", defconfig: probe });
    assert.match(problems.join("\n"), /probe_defconfig:3: BR2_PACKAGE_QUICKJS=y \(final \.config: absent\)/);
    rmSync(folder, { recursive: true });
  });
});

describe("legal-info", () => {
  const manifest = [
    '"PACKAGE","VERSION","LICENSE","LICENSE FILES","SOURCE ARCHIVE","SOURCE SITE","DEPENDENCIES WITH LICENSES"',
    '"busybox","1.37.0","GPL-2.0, bzip2-1.0.4","LICENSE","busybox-1.37.0.tar.bz2","https://busybox.net","musl [MIT]"',
    '"skeleton-init-none","","unknown","","not saved","","" ',
  ].join("\n");
  const sum = "ab".repeat(32);

  function folderWith(licence: boolean): string {
    const folder = mkdtempSync(join(tmpdir(), "legal-test-"));
    writeFileSync(join(folder, "manifest.csv"), manifest);
    writeFileSync(
      join(folder, "legal-info.sha256"),
      `${sum}  sources/busybox-1.37.0/busybox-1.37.0.tar.bz2\n`,
    );
    mkdirSync(join(folder, "licenses/busybox-1.37.0"), { recursive: true });
    if (licence) writeFileSync(join(folder, "licenses/busybox-1.37.0/LICENSE"), "the text\n");
    return folder;
  }

  it("gives version, archive, hash and licence text of what is on the card", () => {
    const folder = folderWith(true);
    assert.deepEqual(readLegalInfo(folder), [
      {
        name: "busybox",
        version: "1.37.0",
        licence: "GPL-2.0, bzip2-1.0.4",
        archive: "busybox-1.37.0.tar.bz2",
        sha256: sum,
        texts: ["the text"],
      },
    ]);
    rmSync(folder, { recursive: true });
  });

  it("refuses a component without its licence text", () => {
    const folder = folderWith(false);
    assert.throws(
      () => readLegalInfo(folder),
      /manifest\.csv: busybox 1\.37\.0 has no licence text\. Give its package/,
    );
    rmSync(folder, { recursive: true });
  });

  it("says what to run when there is no legal-info folder", () => {
    assert.throws(
      () => readLegalInfo(join(tmpdir(), "none")),
      /manifest\.csv is missing\. Run "make legal-info"/,
    );
  });
});
