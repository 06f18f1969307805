/**
 * What installers get wrong: each case gives exactly one error line on the serial console that names file, place and
 * cure; the part concerned stays down, the rest runs, and nothing loops hot.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { relabel } from "../lab/card.ts";
import {
  assertNoLine,
  findLine,
  MQTT_CONNECTED,
  MQTT_START,
  OPCUA_CONNECTED,
  OPCUA_START,
  OS_START,
  withoutStamp,
} from "../lab/console-lines.ts";
import { BOOT_DEADLINE_MS, type Device, powerOn } from "../lab/device.ts";
import type { Plant } from "../lab/plant.ts";
import { CARD_PATHS } from "../lab/site.ts";
import { withWorkbench } from "../lab/workbench.ts";

interface Case {
  readonly id: string;
  readonly edit?: (plant: Plant) => void;
  readonly editCard?: (card: string) => Promise<void>;
  /** The one error line. */
  readonly error: RegExp;
  /** What shows that the rest runs. */
  readonly running: readonly string[];
  /** What must not appear, because that part is down (R141). */
  readonly down: readonly string[];
}

/** The window in which nothing may happen any more: this many changes at the machine, this far apart. */
const QUIET_ROUNDS = 20;
const QUIET_EVERY_MS = 500;
/** A healthy guest is idle most of the time; one that restarts a cell without pause takes a whole core. */
const MAX_CPU_SHARE = 0.5;
/** Lines that may still come in the window: a kernel message, a heartbeat note. */
const MAX_QUIET_LINES = 10;

const OPCUA_STARTED = OPCUA_START.at(-1) ?? "";
const MQTT_STARTED = MQTT_START.at(-1) ?? "";
const escaped = (path: string) => path.replace(/[.[\]()/]/g, "\\$&");
/** `Error: FILE, PLACE: PROBLEM. Cure: CURE`, with FILE as the operator finds it. */
const errorAbout = (path: string, problem: string) =>
  new RegExp(`^Error: .*HW-IDS:${escaped(path)}\\b.*${problem}.*\\. Cure: \\S`);

const CASES: readonly Case[] = [
  {
    id: "no-config",
    edit: ({ files }) => void files.delete(CARD_PATHS.opcuaSettings),
    error: errorAbout(CARD_PATHS.opcuaSettings, "does not exist"),
    running: [MQTT_STARTED, MQTT_CONNECTED],
    down: [OPCUA_STARTED, OPCUA_CONNECTED],
  },
  {
    id: "broken-json",
    // A comma too many in line 3, where an editor's habit puts it.
    edit: ({ files }) => {
      const text = String(files.get(CARD_PATHS.mqttSettings));
      files.set(CARD_PATHS.mqttSettings, text.replace('"description": ', '"description":, '));
    },
    error: errorAbout(CARD_PATHS.mqttSettings, "line 4, column 16.*expected a value, found ','"),
    running: [OPCUA_STARTED, OPCUA_CONNECTED],
    down: [MQTT_STARTED, MQTT_CONNECTED],
  },
  {
    id: "no-certificate",
    edit: ({ files }) => void files.delete(`${CARD_PATHS.opcuaCerts}/opc-ua-client.crt`),
    error: errorAbout(
      `${CARD_PATHS.opcuaCerts}/opc-ua-client.crt`,
      "does not exist.*OpcUaClientSettings-0.json.*/security/clientPkiData/certificate",
    ),
    running: [MQTT_STARTED, MQTT_CONNECTED],
    down: [OPCUA_STARTED, OPCUA_CONNECTED],
  },
  {
    id: "wrong-key",
    edit: ({ files, pki }) =>
      void files.set(`${CARD_PATHS.mqttKeys}/mqtt-client.key`, readFileSync(pki.observer.keyFile)),
    error: errorAbout(
      `${CARD_PATHS.mqttKeys}/mqtt-client.key`,
      `does not match the certificate .*${escaped(CARD_PATHS.mqttCerts)}/mqtt-client.crt`,
    ),
    running: [OPCUA_STARTED, OPCUA_CONNECTED],
    down: [MQTT_STARTED, MQTT_CONNECTED],
  },
  {
    id: "no-settings-partition",
    editCard: (card) => relabel(card, "HW-IDS", "BACKUP"),
    error: /^Error: .*partitions.*HW-IDS: .*Cure: \S/,
    running: OS_START.filter((line) => !/mmc0_p2/.test(line)),
    down: [OPCUA_STARTED, MQTT_STARTED, OPCUA_CONNECTED, MQTT_CONNECTED],
  },
  {
    id: "no-log-partition",
    editCard: (card) => relabel(card, "HW-LOG", "BACKUP"),
    error: /^Error: .*partitions.*HW-LOG: .*Cure: \S/,
    running: [OPCUA_STARTED, MQTT_STARTED, OPCUA_CONNECTED, MQTT_CONNECTED],
    down: [OS_START.find((line) => /mmc0_p1'/.test(line)) ?? ""],
  },
];

for (const story of CASES) {
  test(`${story.id}: one line says what, where and how to cure it; the rest runs (R79, R135, R141)`, (t) =>
    tell(t, story));
}

async function tell(t: TestContext, story: Case): Promise<void> {
  await withWorkbench(t, `broken-${story.id}`, async (bench) => {
    const { edit, editCard } = story;
    const device = await powerOn({
      bench,
      boot: "quark",
      mqttKey: "ec:P-256",
      ...(edit === undefined ? {} : { edit }),
      ...(editCard === undefined ? {} : { editCard }),
    });
    const { console } = device.machine;
    const errors = () => console.entries.map(withoutStamp).filter((text) => text?.startsWith("Error: "));
    await console.until(() => errors().length > 0, { what: "error line", deadlineMs: BOOT_DEADLINE_MS });
    for (const line of story.running) await findLine(console, line, { deadlineMs: BOOT_DEADLINE_MS });
    // Where the gateway is soon done, the networks are still being set up
    for (const side of ["inw", "enw"]) {
      const last = new RegExp(`\\[kernel\\] dhcpcd ${side}: .*adding route`);
      await console.until(() => console.entries.some((line) => last.test(line)), {
        what: `${side} set up`,
        deadlineMs: BOOT_DEADLINE_MS,
      });
    }

    await assertQuiet(device);
    const [error, ...more] = errors();
    assert.match(error ?? "", story.error);
    assert.deepEqual(more, [], "exactly one error line");
    for (const line of story.down) assertNoLine(console.entries, line);
    t.diagnostic(error ?? "");
  });
}

/** For ten seconds of changes at the machine the device says next to nothing and is idle. */
async function assertQuiet({ machine, server }: Device): Promise<void> {
  const linesBefore = machine.console.entries.length;
  const before = { cpu: machine.cpuSeconds(), time: performance.now() };
  await server.change({ count: QUIET_ROUNDS, everyMs: QUIET_EVERY_MS });
  const share = (machine.cpuSeconds() - before.cpu) / ((performance.now() - before.time) / 1000);
  const said = machine.console.entries.slice(linesBefore);
  assert.ok(said.length <= MAX_QUIET_LINES, `${said.length} lines in the quiet window:\n${said.join("\n")}`);
  assert.ok(
    share < MAX_CPU_SHARE,
    `the device used ${Math.round(share * 100)} % of a core while nothing was to do`,
  );
}
