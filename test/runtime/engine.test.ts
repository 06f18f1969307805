/** gateway-runtime and gateway-bytecode themselves: what they refuse, how they end, the platform, the walls of a cell. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  casePath,
  compileCase,
  enginesAndQemu,
  type Outcome,
  runEngine,
  runOnDevice,
  runOnNode,
} from "./harness.ts";
import { startNetPeers } from "./net-peers.ts";

const EXIT_DATA = 65;
const EXIT_USAGE = 64;
const HEADER_LENGTH = 64;

for (const engine of await enginesAndQemu()) {
  describe(`runtime, ${engine.name} build`, { concurrency: false }, () => {
    const folder = mkdtempSync(join(tmpdir(), "gwcard-engine-"));
    let limits: string;
    before(async () => {
      limits = await compileCase({ engine, entry: casePath("device-limits"), folder });
    });
    after(() => rmSync(folder, { recursive: true }));

    const trouble = (...args: string[]) => runEngine(engine, [limits, ...args]);
    /** Runs a changed copy of the bytecode file. */
    const changed = (change: (bytes: Buffer) => Buffer): Promise<Outcome> => {
      const path = join(folder, "changed.qbc");
      writeFileSync(path, change(readFileSync(limits)));
      return runEngine(engine, [path]);
    };
    const refuses = async (outcome: Promise<Outcome>, message: RegExp) => {
      const { stderr, end } = await outcome;
      assert.match(stderr, message);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
      assert.equal(end, EXIT_DATA);
    };

    describe("bytecode files", () => {
      it("refuses what is no bytecode file", () =>
        refuses(
          changed(() => Buffer.from("#!/bin/sh")),
          /not a bytecode file/,
        ));
      it("refuses another format", () =>
        refuses(
          changed((bytes) => {
            bytes[8] = 200;
            return bytes;
          }),
          /bytecode file format 200, this runtime reads format 2/,
        ));
      it("refuses bytecode of another engine", () =>
        refuses(
          changed((bytes) => {
            bytes.write("2020-01-01-0000", 20);
            return bytes;
          }),
          /compiled for QuickJS 2020-01-01-0000.*, this runtime is QuickJS 20\d\d-.*: build both from one source tree/,
        ));
      it("refuses bytecode of a runtime with other native modules", () =>
        refuses(
          changed((bytes) => {
            bytes.write("0123456789abcdef", 48);
            return bytes;
          }),
          /compiled for gateway-runtime 0123456789abcdef, this is gateway-runtime [0-9a-f]{16}: build both from one source/,
        ));
      it("refuses a truncated file", () =>
        refuses(
          changed((bytes) => bytes.subarray(0, 5000)),
          /truncated or too long/,
        ));
      it("refuses a flipped bit", () =>
        refuses(
          changed((bytes) => {
            bytes[HEADER_LENGTH + 1000] = (bytes[HEADER_LENGTH + 1000] ?? 0) ^ 1;
            return bytes;
          }),
          /damaged: the checksum does not match/,
        ));
      it("names a file that is not there", () =>
        refuses(runEngine(engine, ["/no/app.qbc"]), /\/no\/app\.qbc: No such file or directory/));
      it("explains wrong usage", async () => {
        const { stderr, end } = await runEngine(engine, []);
        assert.match(stderr, /^usage: gateway-runtime .*APP\.qbc/);
        assert.equal(end, EXIT_USAGE);
        assert.match((await runEngine(engine, ["--bogus", limits])).stderr, /unknown option --bogus/);
        assert.match(
          (await runEngine(engine, ["--stack-size=x", limits])).stderr,
          /--stack-size=x: a number of bytes/,
        );
      });
      it("the compiler names file and line of a syntax error", () => {
        const source = join(folder, "broken.js");
        writeFileSync(source, "let a = 1;\nlet = = 2;\n");
        const result = spawnSync(engine.compiler, [source, join(folder, "broken.qbc")], { encoding: "utf8" });
        assert.equal(result.status, 1);
        assert.match(result.stderr, /SyntaxError[\s\S]*broken\.js:2:/);
      });
      it("two compilations give the same bytes", async () => {
        const again = mkdtempSync(join(tmpdir(), "gwcard-engine-again-"));
        const other = await compileCase({ engine, entry: casePath("device-limits"), folder: again });
        assert.ok(readFileSync(other).equals(readFileSync(limits)));
        rmSync(again, { recursive: true });
      });
    });

    describe("how a program ends", () => {
      it("an uncaught exception: message, stack, exit code 1", async () => {
        const { stderr, end } = await trouble("throw");
        assert.match(stderr, /^Uncaught:\nTypeError: nobody catches this\n\s+at .*case\.js:\d+:\d+/);
        assert.equal(end, 1);
        assert.match((await trouble("throw-at-once")).stderr, /TypeError: thrown while loading\n\s+at /);
        assert.match((await trouble("throw-text")).stderr, /^Uncaught:\n'a text'/);
      });
      it("an unhandled rejection ends it the same way", async () => {
        const { stderr, end } = await trouble("reject");
        assert.match(stderr, /^Uncaught:\nRangeError: nobody awaits this/);
        assert.equal(end, 1);
        assert.match((await trouble("reject-undefined")).stderr, /ERR_UNHANDLED_REJECTION/);
      });
      it("a failing handler gives exit code 7", async () =>
        assert.equal((await trouble("handler-throws")).end, 7));
      it("process.exit runs 'exit', which may change the code", async () => {
        const { stdout, end } = await trouble("exit");
        assert.equal(stdout, "exit 4\n");
        assert.equal(end, 9);
      });
      it("process.exitCode counts at the natural end", async () =>
        assert.equal((await trouble("exit-code")).end, 6));
    });

    describe("limits", () => {
      it("endless recursion is an error that can be caught", async () => {
        const { stdout, end } = await trouble("stack");
        assert.match(stdout, /^InternalError stack overflow\ngoes on\n$/);
        assert.equal(end, 0);
      });
      it("--stack-size decides how deep", async () => {
        const deep = await runEngine(engine, [limits, "depth", "1500"]);
        assert.equal(deep.stdout, "true\n");
        const shallow = await runEngine(engine, ["--stack-size=200000", limits, "depth", "1500"]);
        assert.equal(shallow.stdout, "false\n");
      });
      it("--memory-limit is an error that can be caught", async () => {
        const { stdout, end } = await runEngine(engine, ["--memory-limit=50000000", limits, "memory"]);
        assert.equal(stdout, "out of memory: out of memory\n");
        assert.equal(end, 0);
      });
      it("objects that refer to each other are collected", async () =>
        assert.equal((await trouble("cycles")).stdout, "true\n"));
    });

    it("no code from text", async () => {
      const { stdout } = await runOnDevice(engine, "no-eval");
      const names = [
        ...["indirect eval", "Function", "new Function", "GeneratorFunction", "AsyncFunction"],
        ...["AsyncGeneratorFunction", "constructor of a class", "constructor of a bound function"],
        "in a class's name",
      ];
      const timers = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "nextTick"];
      const modules = [
        "std",
        "os",
        "fs",
        "./case.js",
        "/usr/lib/gateway/app.qbc",
        "data:text/javascript,export{}",
      ];
      assert.deepEqual(stdout.split("\n"), [
        ...names.map((name) => `${name} refused: eval is not supported`),
        ...timers.map((name) => `${name} with text refused: ERR_INVALID_ARG_TYPE`),
        "regular expressions compile true",
        "in reach: ",
        ...modules.map((name) => `import ${name} refused: could not load module '${name.replace("./", "")}'`),
        "",
      ]);
      assert.match((await runOnNode("no-eval")).stdout, /^indirect eval number\nFunction function\n/);
    });

    it("has no parser in it: not even a mistake could compile a text", () => {
      const symbols = execFileSync("nm", [engine.command.at(-1) as string], {
        encoding: "utf8",
        maxBuffer: 2 ** 24,
      });
      const parser = /\b(__JS_EvalInternal|js_parse_(program|statement|function_decl|class|assign_expr))\b/;
      assert.match(symbols, /\bJS_EvalFunction\b/);
      assert.doesNotMatch(symbols, parser);
    });

    it("platform: fork, pipes, programs", async () => {
      const { stdout, stderr, end } = await runOnDevice(engine, "device-platform");
      assert.equal(stderr, "");
      assert.equal(end, 0);
      const lines = stdout.trimEnd().split("\n");
      const expected = [
        '{"code":3,"signal":null}',
        '{"code":null,"signal":"SIGKILL"}',
        "ENOENT: no such file or directory, spawn '/no/such/program'",
        "quickjs true",
        "broken pipe: write EPIPE",
        "taken by a broken pipe 3",
        "tick of the parent",
        "promise job of the parent",
      ];
      assert.deepEqual(lines.slice(0, expected.length), expected);
      assert.deepEqual(
        lines.slice(expected.length).sort(),
        [
          'failing ended {"code":1,"signal":null}',
          'sleeper ended {"code":null,"signal":"SIGTERM"}',
          'writer ended {"code":5,"signal":null}',
          "RangeError: the body failed",
          "Uncaught:",
          "all ended",
          "bytes 300000",
          "data ended",
          "descriptors kept true, beside it 1",
          "exit of the parent 0",
          "listeners 0 0",
          "promise job of the child",
          "stderr ended",
          "timer of the parent",
        ].sort(),
      );
    });

    it("memory and descriptors are flat over 1,000 connections", async () => {
      const peers = await startNetPeers();
      const port = peers.args.find((argument) => argument.startsWith("echo="))?.slice("echo=".length) ?? "";
      const { stdout, stderr, end } = await runOnDevice(engine, "device-flat", [port]);
      await peers.close();
      assert.equal(stdout, "descriptors 0\nheap flat true\n", stderr);
      assert.equal(end, 0);
    });

    it("garbage that refers to itself does not pile up in a cell", async () => {
      const { stdout, stderr, end } = await runOnDevice(engine, "cell-garbage");
      assert.deepEqual(
        stdout.trimEnd().split("\n"),
        ["at most a megabyte: true", "waits: true", "collected: true", '{"code":0,"signal":null}'],
        stderr,
      );
      assert.equal(end, 0);
    });

    const noRoot = process.getuid?.() !== 0 && "putting up walls needs root";
    const noWalls = engine.name.endsWith("QEMU") && "QEMU's user mode has neither landlock nor seccomp";
    describe("walls of a cell", { skip: noRoot || noWalls }, () => {
      const writable = mkdtempSync(join(tmpdir(), "gwcard-cell-"));
      chownSync(writable, 64_001, 64_002);
      let program: string;
      before(async () => {
        program = await compileCase({ engine, entry: casePath("device-confine"), folder });
      });
      after(() => rmSync(writable, { recursive: true }));
      const cell = async (role: string, attempt: string): Promise<string[]> => {
        const { stdout, stderr, end } = await runEngine(engine, [program, role, writable, attempt]);
        assert.equal(stderr, "");
        assert.equal(end, 0);
        return stdout.trimEnd().split("\n").sort();
      };
      const ended = 'ended {"code":0,"signal":null}';
      const killed = 'ended {"code":null,"signal":"SIGSYS"}';

      it("ends with its supervisor, before and behind the walls", async () => {
        const own = mkdtempSync(join(folder, "orphan-"));
        const orphan = await compileCase({ engine, entry: casePath("device-orphan"), folder: own });
        for (const walls of ["bare", "walls"]) {
          const { stdout, stderr } = await runEngine(engine, [orphan, "navigation", writable, walls]);
          assert.equal(stderr, "");
          assert.deepEqual(stdout.trimEnd().split("\n").sort(), [
            'ended {"code":null,"signal":"SIGKILL"}',
            "works",
          ]);
        }
      });
      it("own user, no groups, no capability, no new privileges, a filter", async () => {
        const none = "0000000000000000";
        assert.deepEqual(await cell("navigation", "ids"), [
          `CapAmb: ${none}`,
          `CapBnd: ${none}`,
          `CapEff: ${none}`,
          `CapInh: ${none}`,
          `CapPrm: ${none}`,
          "Groups: ",
          "NoNewPrivs: 1",
          "Seccomp: 2",
          ended,
          "ids 64001,64001,64002,64002",
        ]);
      });
      it("reaches only the files it was given", async () => {
        assert.deepEqual(await cell("log", "files"), [
          "delete inside undefined",
          ended,
          "list inside renamed",
          "list root failed: EACCES",
          "read allowed true",
          "read passwd failed: EACCES",
          "rename inside undefined",
          "write inside undefined",
          "write outside failed: EACCES",
        ]);
      });
      it("has an empty network", async () => {
        assert.deepEqual(await cell("mqtt", "network"), [
          "connect: ENETUNREACH",
          ended,
          "interfaces ",
          "localhost: null 127.0.0.1",
          "lookup failed: true",
        ]);
      });
      for (const role of ["opcua", "navigation", "mqtt", "log", "console"]) {
        it(`${role}: what every cell does is allowed`, async () => {
          assert.deepEqual(await cell(role, "everyday"), [
            "big 8000000",
            "cpu true",
            ended,
            "immediate",
            "memory true",
            "name true",
            "random 8",
            "system true",
            "time true",
            "timer",
          ]);
        });
      }
      it("a cell without network has no sockets", async () => {
        const lines = await cell("navigation", "network");
        assert.ok(lines.includes(killed), lines.join("\n"));
        assert.match(lines.join("\n"), /system call \d+ is not on the list of the navigation cell/);
      });
      for (const [role, attempt] of [
        ["navigation", "kill"],
        ["mqtt", "mkdir"],
        ["opcua", "program"],
        ["console", "program"],
        ["console", "mkdir"],
        ["log", "fork"],
        ["log", "twice"],
      ] as const) {
        it(`${role}: ${attempt} ends the cell`, async () => {
          const lines = await cell(role, attempt);
          assert.ok(lines.includes(killed), lines.join("\n"));
          assert.doesNotMatch(lines.join("\n"), /never/);
        });
      }
    });
  });
}
