/** The settings files: what a KISG 100 accepts works unchanged; each fault is one line with file, place and cure. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import fc from "fast-check";
import { ConfigError, type ConfigFault } from "../../app/config/fault.ts";
import { generateValidators, standaloneValidators } from "../../app/config/generate.ts";
import { clientIdFromName, mqttPorts, readMqttFile } from "../../app/config/mqtt-file.ts";
import { opcUaPorts, readOpcUaFile } from "../../app/config/opcua-file.ts";
import type { RawFile } from "../../app/config/raw-files.ts";
import { buildRoutes } from "../../app/config/routes.ts";

type Json = Record<string, unknown>;
const sampleText = (name: string): string =>
  readFileSync(new URL(`../../app/config/samples/${name}`, import.meta.url), "utf8");
const OPCUA_SAMPLE = sampleText("OpcUaClientSettings-0.json");
const MQTT_SAMPLE = sampleText("MqttPublisherSettings-0.json");
const raw = (text: string): RawFile => ({ bytes: Buffer.from(text) });

/** The sample with one thing changed. */
function edited(sample: string, edit: (settings: Json) => void): RawFile {
  const settings = JSON.parse(sample) as Json;
  edit(settings);
  return raw(JSON.stringify(settings, null, 1));
}

/** The lines that an operator would see. */
function faultsOf(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.faults.map((fault) => fault.message);
  }
}

function faultless<T extends { readonly faults: readonly ConfigFault[] }>(read: T): T {
  if (read.faults.length > 0) throw new ConfigError(read.faults);
  return read;
}
const readOpcUaPorts = (file: RawFile) => opcUaPorts(faultless(readOpcUaFile(file)));
const readMqttPorts = (file: RawFile) => mqttPorts(faultless(readMqttFile(file)));

const opcua = (edit: (settings: Json) => void): string[] =>
  faultsOf(() => readOpcUaPorts(edited(OPCUA_SAMPLE, edit)));
const mqtt = (edit: (settings: Json) => void): string[] =>
  faultsOf(() => readMqttPorts(edited(MQTT_SAMPLE, edit)));

/** Exactly one line, which has the file, a place, the cure, and matches. */
function assertOne(lines: readonly string[], pattern: RegExp): void {
  assert.equal(lines.length, 1, lines.join("\n"));
  const [line = ""] = lines;
  assert.match(line, /^HW-IDS:\/app\/Core\/config\/transfer\/[a-z_/]+-0\.json, line \d+, column \d+/i);
  assert.match(line, /\. Cure: \S/);
  assert.match(line, pattern);
  assert.ok(!line.includes("\n"));
}

/** SHA-256 of the product's own sample, which is ours without indentation. */
const PRODUCTS_OPCUA_SAMPLE = "e7cca7438eb783f45121ca524ddcbbb09a7148f171a4afc616f3aae2b94f95fa";

test("the product's own OPC UA sample is accepted byte for byte, with an MQTT sample of our own made after the guide (R41)", () => {
  const own = OPCUA_SAMPLE.replace(/^ +/gm, "").replace('Credentials": {', 'Credentials":\n{');
  assert.equal(createHash("sha256").update(own).digest("hex"), PRODUCTS_OPCUA_SAMPLE);
  const { value, nodes, heartbeat, host, port } = readOpcUaFile(raw(own));
  assert.deepEqual(
    { host, port, cycle: value.readingCycle },
    { host: "192.168.177.7", port: 4840, cycle: 1 },
  );
  assert.deepEqual(
    nodes.map(({ port: id, name, nodeId }) => [id, name, nodeId]),
    [
      [1, "Temperature", "ns=1;s=VariableTemperature"],
      [2, "Speed", "ns=2;i=2045"],
    ],
  );
  assert.equal(heartbeat?.seconds, 60);
  const publisher = readMqttFile(raw(MQTT_SAMPLE));
  assert.deepEqual({ host: publisher.host, port: publisher.port }, { host: "192.168.188.8", port: 8883 });
  assert.deepEqual(
    publisher.warnings.map(({ rule }) => rule),
    ["password-published"],
  );
  const routes = buildRoutes(readOpcUaPorts(raw(own)), readMqttPorts(raw(MQTT_SAMPLE)));
  assert.deepEqual(
    [...routes.targets],
    [
      [0, 0],
      [1, 1],
      [2, 2],
    ],
  );
  assert.deepEqual(routes.warnings, []);
});

test("a byte order mark and Windows line ends do no harm", () => {
  const text = `\uFEFF${OPCUA_SAMPLE.replaceAll("\n", "\r\n")}`;
  assert.equal(readOpcUaPorts(raw(text)).ports.length, 3);
});

test("a missing, unreadable or garbled file", () => {
  const lines = faultsOf(() => readOpcUaPorts({ problem: "the file does not exist", absent: true }));
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? "",
    /OpcUaClientSettings-0\.json: the file does not exist\. Cure: put the file there/,
  );
  const latin1 = faultsOf(() => readOpcUaPorts({ bytes: Buffer.from('{"name":"K\xfchlung"}', "latin1") }));
  assert.match(latin1[0] ?? "", /it is not UTF-8 text\. Cure: save the file with the encoding UTF-8/);
});

test("OPC UA settings: each rule says what, where and how to cure it (R23, R40, R42–R62)", () => {
  assertOne(
    opcua((s) => delete s.url),
    /the required setting "url" is missing\. Cure: add "url"/,
  );
  assertOne(
    opcua((s) => delete s.security),
    /the required setting "security" is missing/,
  );
  assertOne(
    opcua((s) => (s.id = "0")),
    /setting \/id: must be a whole number, but is "0"/,
  );
  assertOne(
    opcua((s) => (s.url = "http://plc:4840")),
    /setting \/url: must be written opc\.tcp:\/\/HOST:PORT, but is "http:\/\/plc:4840"/,
  );
  assertOne(
    opcua((s) => (s.url = "opc.tcp://plc:70000")),
    /setting \/url: there is no port 70000\. Cure: write a port from 1 to 65535/,
  );
  assertOne(
    opcua((s) => (s.url = "opc.tcp://-f:4840")),
    /must be written opc\.tcp/,
  );
  assertOne(
    opcua((s) => (s.readingCycle = -1)),
    /setting \/readingCycle: must be >= 0, but is the number -1/,
  );
  assertOne(
    opcua((s) => (s.readingCycle = 0.5)),
    /must be a whole number, but is the number 0\.5/,
  );
  assertOne(
    opcua((s) => ((s.security as Json).mode = "signandencrypt")),
    /must be one of "None", "Sign", "SignAndEncrypt", "Any", but is "signandencrypt"/,
  );
  assertOne(
    opcua((s) => ((s.security as Json).policy = "Basic256SHA256")),
    /must be one of .*"Basic256Sha256".*, but is "Basic256SHA256"/,
  );
  assertOne(
    opcua((s) => ((s.security as Json).trustList = "all")),
    /setting \/security\/trustList: must be "AllowAll", but is "all"/,
  );
  assertOne(
    opcua((s) => ((s.security as Json).trustList = ["../../etc/passwd"])),
    /must be a bare file name, without \/ or \\, but is "\.\.\/\.\.\/etc\/passwd"/,
  );
  assertOne(
    opcua((s) => ((s.security as Json).trustList = [".."])),
    /must be a bare file name, without \/ or \\, but is "\.\."/,
  );
  assertOne(
    opcua((s) => (s.nodes = [])),
    /setting \/nodes: must NOT have fewer than 1 items/,
  );
  assertOne(
    opcua((s) => (s.nodes = null)),
    /must be a list in \[ \], but is null/,
  );
  const node = (nodeId: string) => (s: Json) => (((s.nodes as Json[])[1] as Json).nodeId = nodeId);
  assertOne(
    opcua(node("i=2045")),
    /setting \/nodes\/1\/nodeId: must be written ns=INDEX;i=NUMBER or ns=INDEX;s=TEXT, but is "i=2045"/,
  );
  assertOne(opcua(node("ns=70000;i=1")), /the namespace index is larger than 65535/);
  assertOne(opcua(node("ns=1;i=4294967296")), /the number is larger than 4294967295/);
  assert.deepEqual(opcua(node("ns=65535;i=4294967295")), []);
  assert.deepEqual(opcua(node('ns=1;s=With spaces; and = signs "quoted"')), []);
  assertOne(
    opcua((s) => ((s.heartbeat as Json).timeout = 0)),
    /setting \/heartbeat\/timeout: must be >= 1/,
  );
});

test("MQTT settings: each rule says what, where and how to cure it (R79, R81–R101, R102, R104, R109)", () => {
  assertOne(
    mqtt((s) => (s.serverUri = "tcp://broker:1883")),
    /setting \/serverUri: must be written ssl:\/\/HOST:PORT, but is "tcp:\/\/broker:1883"/,
  );
  assertOne(
    mqtt((s) => (s.security = null)),
    /setting \/security: must be an object in \{ \}, but is null/,
  );
  assertOne(
    mqtt((s) => ((s.security as Json).trustStore = "ca.crt")),
    /must be a list in \[ \], but is "ca\.crt"/,
  );
  assertOne(
    mqtt((s) => (s.qualityOfService = 3)),
    /must be one of 0, 1, 2, but is the number 3/,
  );
  assertOne(
    mqtt((s) => (s.keepAlive = 65536)),
    /setting \/keepAlive: must be <= 65535/,
  );
  assertOne(
    mqtt((s) => (s.userCredentials = { password: "Secret-1" })),
    /"password" is given without "username"/,
  );
  assertOne(
    mqtt((s) => (s.lastWill = { topicName: "a" })),
    /the required setting "message" is missing/,
  );
  const topic = (topicName: unknown) => (s: Json) =>
    (((s.topics as Json[])[1] as Json).topicName = topicName);
  assertOne(
    mqtt(topic("a/+/b")),
    /setting \/topics\/1\/topicName: must not contain \+ or # \(wildcards\) or a NUL character, but is "a\/\+\/b"/,
  );
  assertOne(mqtt(topic("a#")), /must not contain \+ or #/);
  assertOne(mqtt(topic("a\u0000b")), /NUL/);
  assertOne(mqtt(topic("")), /the topic is empty, it needs at least one character/);
  assertOne(mqtt(topic("ä".repeat(40000))), /the topic is not valid UTF-8 of at most 65535 bytes/);
  assertOne(mqtt(topic("\ud800")), /the topic is not valid UTF-8/);
  for (const allowed of ["/", "a", "/a", "a/", "with space", "A", "ümläut"])
    assert.deepEqual(mqtt(topic(allowed)), []);
});

test("$ at the beginning of a topic is a warning, not an error (R103)", () => {
  const { warnings, faults } = readMqttFile(
    edited(MQTT_SAMPLE, (s) => (((s.topics as Json[])[2] as Json).topicName = "$SYS/x")),
  );
  assert.deepEqual(faults, []);
  assert.match(
    warnings[0]?.message ?? "",
    /setting \/topics\/2\/topicName: \$ is not recommended in a topic, and topics that begin with \$ belong to the broker/,
  );
});

test("a misspelt setting is told, and does not stop anything", () => {
  const misspelt = edited(OPCUA_SAMPLE, (s) => {
    s.readingcycle = 5;
  });
  const { file, faults } = readOpcUaFile(misspelt);
  assert.deepEqual(faults, []);
  assert.equal(file.warnings.length, 1);
  assert.match(
    file.warnings[0]?.message ?? "",
    /setting \/readingcycle: there is no such setting, it has no effect\. Cure: check the spelling/,
  );
});

test("all faults at once, and no more than anyone can read", () => {
  const lines = opcua((s) => {
    s.id = "x";
    s.url = 5;
    s.nodes = [{ id: 1 }];
  });
  assert.equal(lines.length, 4, lines.join("\n"));
  const many = opcua((s) => (s.nodes = Array.from({ length: 250 }, () => 1)));
  assert.equal(many.length, 201);
  assert.match(many[200] ?? "", /50 more faults\. Cure: correct the ones above first/);
});

test("passwords never appear in a message (K13)", () => {
  for (const lines of [
    opcua((s) => (s.userCredentials = "hunter2-hunter2")),
    opcua((s) => (s.userCredentials = { username: ["hunter2-hunter2"], password: { a: "hunter2-hunter2" } })),
    mqtt((s) => (s.userCredentials = { username: 1, password: ["hunter2-hunter2"] })),
    mqtt((s) => (s.userCredentials = { username: "u", password: 481516234 })),
    mqtt((s) => (s.userCredentials = 481516234)),
    opcua((s) => (s.url = "opc.tcp://u:hunter2@10.0.0.1")),
    mqtt((s) => (s.serverUri = "ssl://u:hunter2@10.0.0.1")),
    faultsOf(() => readOpcUaPorts(raw(OPCUA_SAMPLE.replace('"password": "', '"password": hunter2"')))),
  ]) {
    assert.ok(lines.length > 0);
    for (const line of lines) assert.doesNotMatch(line, /hunter2|unter2|481516234/);
  }
});

test("ids and names may not occur twice (R60, R99, R121)", () => {
  assertOne(
    opcua((s) => (((s.nodes as Json[])[1] as Json).id = 1)),
    /setting \/nodes\/1\/id: the id 1 is already used at \/nodes\/0/,
  );
  assertOne(
    opcua((s) => (((s.nodes as Json[])[0] as Json).id = 0)),
    /setting \/nodes\/0\/id: the id 0 is already used at \/heartbeat/,
  );
  assertOne(
    opcua((s) => (((s.nodes as Json[])[0] as Json).name = "Speed")),
    /setting \/nodes\/1\/name: the name is already used at \/nodes\/0/,
  );
  assertOne(
    mqtt((s) => (((s.topics as Json[])[2] as Json).name = "Temperature")),
    /setting \/topics\/2\/name: the name is already used at \/topics\/1/,
  );
});

test("routes: the name decides, exactly; what is odd is told (R105, R117–R121)", () => {
  const sources = readOpcUaPorts(
    edited(OPCUA_SAMPLE, (s) => {
      (s.nodes as Json[]).push({ id: 9, name: "speed", nodeId: "ns=1;i=1" });
    }),
  );
  const targets = readMqttPorts(
    edited(MQTT_SAMPLE, (s) => {
      const [, temperature, speed] = s.topics as [Json, Json, Json];
      temperature.id = 7;
      speed.name = "Spped";
    }),
  );
  const { targets: routes, warnings } = buildRoutes(sources, targets);
  assert.deepEqual(
    [...routes],
    [
      [0, 0],
      [1, 7],
    ],
  );
  assert.deepEqual(
    warnings.map((warning) => `${warning.pointer}: ${warning.problem}`),
    [
      "/nodes/0/id: id 1 differs from the id 7 of the topic with the same name; the name decides",
      '/nodes/1/name: no topic is named "Speed", its values are not published',
      '/nodes/2/name: no topic is named "speed", its values are not published',
      '/topics/2/name: no node is named "Spped", nothing is published to its topic',
    ],
  );
});

test("routes: every source goes to the topic of its name and nowhere else (R117)", () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { maxLength: 12 });
  const ports = (list: readonly string[], from: number) => ({
    hubId: 0,
    ports: list.map((name, index) => ({ port: from + index, name, pointer: `/${index}` })),
    fault: readOpcUaPorts(raw(OPCUA_SAMPLE)).fault,
  });
  fc.assert(
    fc.property(names, names, (left, right) => {
      const { targets, warnings } = buildRoutes(ports(left, 0), ports(right, 100));
      const common = left.filter((name) => right.includes(name));
      assert.equal(targets.size, common.length);
      for (const name of common) assert.equal(targets.get(left.indexOf(name)), 100 + right.indexOf(name));
      assert.equal(warnings.length, left.length + right.length - common.length);
    }),
    { numRuns: 50 },
  );
});

test("a client identifier is made of the name, short and safe (R84)", () => {
  assert.equal(
    clientIdFromName("Kaspersky IoT Secure Gateway 100 MQTT Publisher"),
    "KasperskyIoTSecureGatew",
  );
  assert.equal(clientIdFromName("шлюз"), "gateway");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) =>
      assert.match(clientIdFromName(name), /^[0-9A-Za-z]{1,23}$/),
    ),
  );
});

test("the validators for the device judge like those of Node.js, and make no code at run time", async () => {
  const source = generateValidators();
  assert.doesNotMatch(source, /new Function|\beval\s*\(/);
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL("../../app/config/validators.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    plugins: [standaloneValidators()],
  });
  const compiled = bundle.outputFiles[0]?.text ?? "";
  const module: { exports: Record<string, (value: unknown) => boolean> } = { exports: {} };
  new Function("module", "exports", "require", compiled)(module, module.exports, () =>
    assert.fail("it needs nothing"),
  );
  const mutants = [
    (s: Json) => s,
    (s: Json) => ({ ...s, id: -1 }),
    (s: Json) => ({ ...s, name: null }),
    (s: Json) => ({ ...s, nodes: [], topics: [] }),
    (s: Json) => ({ ...s, security: "AllowAll" }),
    (s: Json) => ({ ...s, extra: 1 }),
  ];
  const { validateGuideSchema, validateMqttSchema, validateOpcUaSchema } = await import(
    "../../app/config/validators.ts"
  );
  for (const guide of [{ id: 0, receivingHubId: 0, sendingHubId: 0, roadmap: [] }, { id: 0 }, [], null])
    assert.equal(module.exports.validateGuideSchema?.(guide), validateGuideSchema(guide));
  for (const mutate of mutants) {
    const [forOpcUa, forMqtt] = [
      mutate(JSON.parse(OPCUA_SAMPLE) as Json),
      mutate(JSON.parse(MQTT_SAMPLE) as Json),
    ];
    assert.equal(module.exports.validateOpcUaSchema?.(forOpcUa), validateOpcUaSchema(forOpcUa));
    assert.equal(module.exports.validateMqttSchema?.(forMqtt), validateMqttSchema(forMqtt));
  }
});
