/**
 * The serial line as the supervisor prepares it: raw, and nobody changes it back; the clock refuses what is no time; links
 * and addresses of a namespace that the process is not in.
 */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { LabProcess, run } from "../lab/process.ts";
import { withWorkbench } from "../lab/workbench.ts";
import { engines, runOnDevice } from "./harness.ts";

const DEADLINE_MS = 20_000;
const noRoot = process.getuid?.() !== 0 && "locking a terminal's settings needs root";

for (const engine of await engines()) {
  describe(`the device's hardware, ${engine.name} build`, { skip: noRoot }, () => {
    it("a terminal becomes raw and stays it, a file is none; a clock is set to a time only", (t) =>
      withWorkbench(t, `device-hardware-${engine.name}`, async (bench) => {
        const terminal = bench.path("terminal");
        const socat = new LabProcess({
          name: "socat",
          argv: ["socat", "-d", "-d", `PTY,link=${terminal}`, `PTY,link=${terminal}-far`],
          logFile: bench.path("socat.log"),
        });
        bench.defer(() => socat.stop());
        await socat.lines.find((line) => line.includes("starting data transfer"), {
          what: "socat's pair of terminals",
          deadlineMs: DEADLINE_MS,
        });
        assert.ok(existsSync(terminal));
        const file = bench.path("file");
        writeFileSync(file, "");
        const { stdout, stderr, end } = await runOnDevice(engine, "device-hardware", [terminal, file]);
        const refused = "ERR_INVALID_ARG_VALUE setClock: seconds must be a number above 0";
        assert.deepEqual(stdout.trimEnd().split("\n"), [
          "file false",
          "terminal true",
          "sane null",
          "again true",
          ...[refused, refused, refused, refused],
        ]);
        assert.equal(end, 0);
        const settings = stderr.slice(stderr.indexOf("settings"));
        assert.match(settings, /speed 115200 baud/);
        for (const off of ["icanon", "echo", "isig", "ixon", "ixoff", "iexten", "icrnl", "crtscts", "parenb"])
          assert.match(settings, new RegExp(`(^|\\s)-${off}\\b`), settings);
        for (const on of ["opost", "onlcr", "cs8", "clocal"])
          assert.match(settings, new RegExp(`(^|\\s)${on}\\b`), settings);
      }));

    it("links and addresses of another namespace are heard of, without going there (L22, R31)", (t) =>
      withWorkbench(t, `netlink-${engine.name}`, async (bench) => {
        const namespace = bench.path("namespace");
        writeFileSync(namespace, "");
        await run(["unshare", `--net=${namespace}`, "true"]);
        bench.defer(async () => void (await run(["umount", namespace])));
        const { stdout, stderr, end } = await runOnDevice(engine, "netlink", [namespace, bench.path("none")]);
        const lo = { kind: "link", index: 1, loopback: true };
        const address = { kind: "address", index: 1, added: true, address: "127.0.0.1/8", lasting: true };
        assert.equal(end, 0, stderr);
        const [missing, noNamespace, own, ...events] = stdout.trimEnd().split("\n");
        assert.deepEqual(
          [missing, noNamespace, own],
          ["netlink ENOENT", "netlink EINVAL", "namespace as before"],
        );
        const [first, done, ...told] = events.map((line) => JSON.parse(line) as unknown);
        assert.deepEqual([first, done], [{ ...lo, up: false }, { kind: "done" }]);
        assert.deepEqual(told.slice(-2), [{ ...lo, up: true }, address]);
      }));
  });
}
