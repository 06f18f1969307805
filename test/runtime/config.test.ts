/** The configuration is judged on the device as gwcard judges it: the same rules, the same lines. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { GUIDE_PATH, MQTT_PATHS, OPCUA_PATHS } from "../../app/config/paths.ts";
import { type CertificateOptions, Pki } from "../lab/pki.ts";
import { engines, runOnDevice, runOnNode } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "gwcard-config-"));
let passed = false;
after(() => {
  if (passed) rmSync(folder, { recursive: true });
  else console.error(`kept: ${folder}`);
});

type Json = Record<string, unknown>;
const sample = (name: string): Json =>
  JSON.parse(readFileSync(new URL(`../../app/config/samples/${name}`, import.meta.url), "utf8"));

/** A folder like HW-IDS with the samples, changed, and certificates of one kind. */
async function makeSite(options: {
  readonly name: string;
  readonly certificate: Partial<CertificateOptions>;
  readonly edit?: (opcua: Json, mqtt: Json) => void;
  readonly guide?: unknown;
}): Promise<string> {
  const { name, certificate, edit, guide } = options;
  const root = join(folder, name);
  const pki = new Pki(join(folder, `${name}-pki`));
  const made = await pki.issue({ name, use: "opcua", altNames: ["URI:urn:x"], ...certificate });
  const [opcua, mqtt] = [sample(OPCUA_PATHS.settingsName), sample(MQTT_PATHS.settingsName)];
  edit?.(opcua, mqtt);
  const put = (path: string, from: string | Json): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (typeof from === "string") copyFileSync(from, join(root, path));
    else writeFileSync(join(root, path), JSON.stringify(from));
  };
  put(`${OPCUA_PATHS.settingsDirectory}/${OPCUA_PATHS.settingsName}`, opcua);
  put(`${MQTT_PATHS.settingsDirectory}/${MQTT_PATHS.settingsName}`, mqtt);
  if (guide) put(`${GUIDE_PATH.settingsDirectory}/${GUIDE_PATH.settingsName}`, guide as Json);
  for (const file of ["opc-ua-client.crt", "opc-ua-server.crt"])
    put(`${OPCUA_PATHS.certificates}/${file}`, made.derFile);
  put(`${OPCUA_PATHS.privateKeys}/opc-ua-client.key`, made.keyFile);
  for (const file of ["mqtt-client.crt", "mqtt-ca.crt"])
    put(`${MQTT_PATHS.certificates}/${file}`, made.certFile);
  put(`${MQTT_PATHS.privateKeys}/mqtt-client.key`, made.keyFile);
  return root;
}

test("device and PC say the same about good, weak and wrong configurations", async () => {
  const good = await makeSite({ name: "good", certificate: {} });
  const weak = await makeSite({
    name: "weak",
    certificate: { key: "rsa:1024", use: "tls-server", validFromDays: -9, validToDays: -2 },
    edit(opcua, mqtt) {
      Object.assign(opcua, {
        security: { ...(opcua.security as Json), trustList: "AllowAll", policy: "Any" },
      });
      Object.assign(mqtt, { keepAlive: 0, userCredentials: { username: "u", password: "p" } });
    },
    guide: {
      id: 0,
      receivingHubId: 0,
      sendingHubId: 0,
      roadmap: [
        { sourcePortId: 1, targetPortId: 2 },
        { sourcePortId: 8, targetPortId: 1 },
      ],
    },
  });
  const wrong = await makeSite({
    name: "wrong",
    certificate: { validFromDays: 9 },
    edit(opcua, mqtt) {
      Object.assign(opcua, { url: "opc.tcp://plc:99999", readingCycle: "fast" });
      Object.assign(mqtt, { id: 3, topics: [{ id: 1, name: "a", topicName: "a+b" }, 5] });
    },
    guide: { id: 0, receivingHubId: 1, sendingHubId: 3 },
  });
  const sites = [good, weak, wrong];
  const expected = await runOnNode("config-rules", sites);
  assert.deepEqual([expected.stderr, expected.end], ["", 0]);
  const rules = expected.stdout.split("\n").map((line) => line.split(" ", 2).join(" "));
  for (const rule of [
    "error key-short",
    "warning key-size",
    "warning certificate-expired",
    "warning certificate-early",
    "warning certificate-usage",
    "warning route-source-unknown",
    "warning node-without-route",
    "error topic-wildcard",
    "error tcp-port",
  ])
    assert.ok(rules.includes(rule), expected.stdout);
  for (const engine of await engines()) {
    const outcome = await runOnDevice(engine, "config-rules", sites);
    assert.deepEqual([outcome.stderr, outcome.end], ["", 0], engine.name);
    assert.equal(outcome.stdout, expected.stdout, engine.name);
  }
  passed = true;
});
