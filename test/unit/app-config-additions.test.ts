/** Settings that a KISG 100 does not have: what they mean, and that without them nothing is different. */
import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { formatLine } from "../../app/cells/log/line.ts";
import { FdLog } from "../../app/link/log-line.ts";
import { check, type goodSite, settingsOf, topic } from "./app-config-site.ts";
import { makeFolder } from "./app-folder.ts";

const messages = (edit: Parameters<typeof check>[0]): string[] => check(edit).map(({ message }) => message);

test("without our own settings everything is as on a KISG 100 (R111, R112)", () => {
  const { opcua, mqtt } = settingsOf(() => undefined);
  assert.equal(opcua.significantDigits, null);
  assert.equal(opcua.debug, false);
  assert.equal(mqtt.debug, false);
  assert.equal(mqtt.will?.retain, false);
  assert.deepEqual(
    mqtt.topics.map(({ qualityOfService, retain }) => [qualityOfService, retain]),
    [
      [1, false],
      [1, false],
      [1, false],
    ],
  );
  for (const qualityOfService of [0, 1, 2]) {
    const { topics, qos } = settingsOf((s) => (s.mqtt.qualityOfService = qualityOfService)).mqtt;
    assert.deepEqual([qos, ...topics.map((each) => each.qualityOfService)], Array(4).fill(qualityOfService));
  }
});

test("significant digits: 1 to 17, whole (R78, L7)", () => {
  const digits = (value: unknown) => (s: ReturnType<typeof goodSite>) => (s.opcua.significantDigits = value);
  for (const value of [1, 6, 17]) {
    assert.deepEqual(messages(digits(value)), []);
    assert.equal(settingsOf(digits(value)).opcua.significantDigits, value);
  }
  for (const [value, problem] of [
    [0, "must be >= 1, but is the number 0"],
    [18, "must be <= 17, but is the number 18"],
    [6.5, "must be a whole number, but is the number 6.5"],
    ["6", 'must be a whole number, but is "6"'],
    [null, "must be a whole number, but is null"],
  ] as const) {
    const [line = "", ...others] = messages(digits(value));
    assert.deepEqual(others, []);
    assert.ok(line.includes(`setting /significantDigits: ${problem}`), line);
  }
});

test("a topic's own quality of service and retain, and the last will's retain (L11, L12)", () => {
  const { mqtt } = settingsOf((s) => {
    s.mqtt.qualityOfService = 0;
    topic(s, 1, { qualityOfService: 2, retain: true });
    s.mqtt.lastWill = { topicName: "w", message: "m", retain: true };
  });
  assert.equal(mqtt.qos, 0);
  assert.equal(mqtt.will?.retain, true);
  assert.deepEqual(
    mqtt.topics.map(({ qualityOfService, retain }) => [qualityOfService, retain]),
    [
      [0, false],
      [2, true],
      [0, false],
    ],
  );
  assert.match(
    messages((s) => topic(s, 2, { qualityOfService: 3 })).join(),
    /setting \/topics\/2\/qualityOfService: must be one of 0, 1, 2, but is the number 3/,
  );
  assert.match(
    messages((s) => topic(s, 2, { retain: 1 })).join(),
    /setting \/topics\/2\/retain: must be true or false, but is the number 1/,
  );
  assert.match(
    messages((s) => (s.mqtt.lastWill = { topicName: "w", message: "m", retain: "yes" })).join(),
    /setting \/lastWill\/retain: must be true or false, but is "yes"/,
  );
});

test("diagnostic lines are wanted by either file for its own side, and that is told (K48, K52)", () => {
  const { opcua, mqtt } = settingsOf((s) => (s.opcua.debug = true));
  assert.deepEqual([opcua.debug, mqtt.debug], [true, false]);
  assert.deepEqual(
    opcua.warnings.map(({ rule, pointer }) => `${rule} ${pointer}`),
    ["debug-on /debug"],
  );
  const isTold = (summary: readonly string[]): boolean =>
    / settings: .*; with diagnostic lines$/.test(summary.at(-1) ?? "");
  assert.deepEqual([isTold(opcua.summary), isTold(mqtt.summary)], [true, false]);
  assert.ok(isTold(settingsOf((s) => (s.mqtt.debug = true)).mqtt.summary));
});

test("lines of the level Debug are written only when they are wanted, and keep their level (K52)", (t) => {
  const { folder, remove } = makeFolder();
  t.after(remove);
  const fd = openSync(join(folder, "log"), "w");
  const log = new FdLog(fd);
  log.debug("lost");
  log.useDebug(true);
  log.debug("kept");
  log.useDebug(false);
  log.debug("lost");
  log.info("end");
  closeSync(fd);
  const written = readFileSync(join(folder, "log"), "utf8");
  assert.equal(written, "Debug: kept\nInfo: end\n");
  const raw = Buffer.from("Debug: kept");
  assert.equal(
    formatLine({ raw, source: "opcua", time: new Date(0), zone: 0 }),
    "[1970-01-01 00:00:00.000 (UTC+0000)] Debug: kept\n",
  );
});

test("host names may have underscores, at the beginning of a label too (R45, R85)", () => {
  for (const host of ["plc_1", "_plc.my_plant.local", "PLC-1.local", "10.0.0.1"]) {
    const { opcua, mqtt } = settingsOf((s) => {
      s.opcua.url = `opc.tcp://${host}:4840`;
      s.mqtt.serverUri = `ssl://${host}:8883`;
    });
    assert.deepEqual([opcua.host, mqtt.host], [host, host]);
  }
  for (const host of ["-plc", ".plc", "plc 1", "plc;reboot", "$(x)", "pl\u0441", ""])
    assert.match(
      messages((s) => (s.opcua.url = `opc.tcp://${host}:4840`)).join(),
      /setting \/url: must be written opc\.tcp:\/\/HOST:PORT/,
    );
});
