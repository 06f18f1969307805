/** `make buildroot` and what `make image OS=buildroot` finds: a release is fetched, checked and unpacked, or one line says why not. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { provideRelease } from "../../buildroot/buildroot/download.ts";
import { BuildrootError } from "../../buildroot/buildroot/errors.ts";
import { isSetUp, noteDefconfig } from "../../buildroot/buildroot/output.ts";
import { RELEASES, type Release } from "../../buildroot/buildroot/releases.ts";
import { REPOSITORY, type Workbench, withWorkbench } from "../lab/workbench.ts";

interface Site {
  readonly url: string;
  readonly release: Release;
  /** How often the archive was asked for. */
  readonly asked: () => number;
  readonly archive: Buffer;
}

/** A web server with the archive of a very small Buildroot. */
async function makeSite(bench: Workbench): Promise<Site> {
  const name = "buildroot-2026.02.99";
  mkdirSync(bench.path(`source/${name}/package`), { recursive: true });
  writeFileSync(bench.path(`source/${name}/package/Makefile.in`), "# rules\n");
  const packed = spawnSync("tar", ["-cJf", bench.path("source.tar.xz"), "-C", bench.path("source"), name]);
  assert.equal(packed.status, 0, String(packed.stderr));
  const archive = readFileSync(bench.path("source.tar.xz"));
  let asked = 0;
  const server: Server = createServer((request, response) => {
    asked += 1;
    if (request.url === `/${name}.tar.xz`) response.end(archive);
    else response.writeHead(404).end("none");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  bench.defer(() => void server.close());
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    release: { version: "2026.02.99", sha256: createHash("sha256").update(archive).digest("hex") },
    asked: () => asked,
    archive,
  };
}

function fails(code: BuildrootError["code"], message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof BuildrootError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

test("a release is fetched once, checked and unpacked; an archive or tree that is there needs no network", (t) =>
  withWorkbench(t, "buildroot-release", async (bench) => {
    const { url, release, asked, archive } = await makeSite(bench);
    const folder = bench.path("cache");
    const lines: string[] = [];
    const options = { release, folder, site: url, say: (line: string) => void lines.push(line) };
    const tree = await provideRelease(options);
    assert.equal(tree, join(folder, "buildroot-2026.02.99"));
    assert.ok(existsSync(join(tree, "package/Makefile.in")));
    assert.deepEqual(readdirSync(folder).sort(), ["buildroot-2026.02.99", "buildroot-2026.02.99.tar.xz"]);
    assert.deepEqual(lines, [`fetching ${url}/buildroot-2026.02.99.tar.xz`]);
    assert.equal(await provideRelease(options), tree);
    assert.equal(asked(), 1);
    // Carried here by hand, on a machine without internet
    const other = bench.path("carried");
    mkdirSync(other);
    writeFileSync(join(other, "buildroot-2026.02.99.tar.xz"), archive);
    await provideRelease({ ...options, folder: other, site: "http://127.0.0.1:1" });
    assert.ok(existsSync(join(other, "buildroot-2026.02.99/package/Makefile.in")));
    assert.equal(asked(), 1);
  }));

test("what can't be had or is another archive is named with the cure, and nothing is left behind", (t) =>
  withWorkbench(t, "buildroot-release-faults", async (bench) => {
    const { url, release } = await makeSite(bench);
    const folder = bench.path("cache");
    const options = { release, folder, site: url, say: () => undefined };
    await assert.rejects(
      provideRelease({ ...options, site: `${url}/elsewhere` }),
      fails(
        "RELEASE_UNREACHABLE",
        /elsewhere\/buildroot-2026\.02\.99\.tar\.xz could not be fetched: the server answers 404\n.*Without internet: put buildroot-2026\.02\.99\.tar\.xz \(SHA-256 [0-9a-f]{64}\) at .*cache\/buildroot-2026\.02\.99\.tar\.xz/,
      ),
    );
    await assert.rejects(
      provideRelease({ ...options, site: "http://127.0.0.1:1" }),
      fails("RELEASE_UNREACHABLE", /could not be fetched: .*(ECONNREFUSED|bad port)/),
    );
    const wrong = { ...release, sha256: "ab".repeat(32) };
    await assert.rejects(
      provideRelease({ ...options, release: wrong }),
      fails(
        "RELEASE_CORRUPT",
        new RegExp(
          `buildroot-2026\\.02\\.99\\.tar\\.xz has the SHA-256 ${release.sha256}, and Buildroot 2026\\.02\\.99 has (ab){32}`,
        ),
      ),
    );
    assert.deepEqual(readdirSync(folder), []);
    writeFileSync(join(folder, "buildroot-2026.02.99.tar.xz"), "half an archive");
    await assert.rejects(provideRelease(options), fails("RELEASE_CORRUPT", /remove it if it lies here/));
    assert.deepEqual(readdirSync(folder), ["buildroot-2026.02.99.tar.xz"]);
  }));

test("README names the releases with their checksums", () => {
  const readme = readFileSync(join(REPOSITORY, "README.md"), "utf8");
  for (const { version, sha256 } of Object.values(RELEASES)) {
    assert.ok(readme.includes(`${version} `) && readme.includes(sha256), `${version} ${sha256}`);
  }
});

test("make image OS=buildroot without a tree says how to get one", (t) =>
  withWorkbench(t, "buildroot-missing", async (bench) => {
    const run = (BUILDROOT: string) =>
      spawnSync(
        process.execPath,
        ["--import", "tsx", "buildroot/buildroot/main.ts", "--out", bench.path("os")],
        {
          cwd: REPOSITORY,
          encoding: "utf8",
          env: { ...process.env, BUILDROOT, GWCARD_CACHE: bench.path("cache") },
        },
      );
    for (const [tree, message] of [
      ["", /^os: BUILDROOT_MISSING: BUILDROOT is not set\n.*let "make buildroot" fetch it/],
      [bench.path("nothing"), /^os: BUILDROOT_MISSING: .*nothing is not a Buildroot tree\n/],
    ] as const) {
      const { status, stderr } = run(tree);
      assert.match(stderr, message);
      assert.equal(status, 1);
    }
  }));

test("an output folder that was set up with another defconfig is neither used nor changed", (t) =>
  withWorkbench(t, "buildroot-output", async (bench) => {
    const [output, defconfig] = [bench.path("output"), bench.path("x_defconfig")];
    mkdirSync(output);
    writeFileSync(defconfig, "BR2_a=y\n");
    const never = (): string => assert.fail("nobody has to ask Buildroot");
    assert.equal(isSetUp({ output, defconfig, saved: never }), false);
    writeFileSync(join(output, ".config"), "BR2_a=y\nBR2_b=y\n");
    noteDefconfig({ output, defconfig });
    assert.equal(isSetUp({ output, defconfig, saved: never }), true);
    writeFileSync(defconfig, "BR2_c=y\n");
    assert.throws(
      () => isSetUp({ output, defconfig, saved: () => "BR2_a=y\nBR2_b=y\n" }),
      fails(
        "DEFCONFIG_CHANGED",
        /output\/\.config was made from another .*x_defconfig than today's\n.*Remove it .*savedefconfig/,
      ),
    );
    assert.equal(readFileSync(join(output, ".config"), "utf8"), "BR2_a=y\nBR2_b=y\n");
    // After "make savedefconfig" the two agree again
    writeFileSync(defconfig, "BR2_a=y\nBR2_b=y\n");
    assert.equal(isSetUp({ output, defconfig, saved: () => "BR2_a=y\nBR2_b=y\n" }), true);
    assert.equal(isSetUp({ output, defconfig, saved: never }), true);
  }));
