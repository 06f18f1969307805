/** The configuration as a whole: what is accepted, and that all that is wrong is told at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { certificateFacts } from "../../app/config/certificate-facts.ts";
import { RULES } from "../../app/config/rules.ts";
import { SCHEMAS } from "../../app/config/validators.ts";
import {
  check,
  client,
  derOf,
  GUIDE,
  goodSite,
  type Json,
  made,
  node,
  openssl,
  road,
  type Site,
  settingsOf,
  topic,
} from "./app-config-site.ts";

test("a configuration without any weakness breaks no rule", () => {
  assert.deepEqual(
    check(() => undefined).map(({ message }) => message),
    [],
  );
  assert.deepEqual(
    check((s) => (s.guide = road([0, 0], [1, 1], [2, 2]))),
    [],
  );
  assert.deepEqual(
    check((s) => (s.guide = GUIDE)),
    [],
  );
});

/** Every part may be left out (R56–R58). */
const HEARTBEATS = [0, 1, 2, 3, 4, 5, 6, 7].map((parts) => ({
  ...(parts & 1 ? { id: 0 } : {}),
  ...(parts & 2 ? { name: "Heartbeat" } : {}),
  ...(parts & 4 ? { timeout: 60 } : {}),
}));

test("what a KISG 100 accepts is accepted: every policy and mode, every optional setting left out or at its ends (R41–R62, R80–R101)", () => {
  const errors = (edit: (site: Site) => unknown): string[] =>
    check(edit)
      .filter(({ severity }) => severity === "error")
      .map(({ message }) => message);
  const policies = ["None", "Basic128Rsa15", "Basic256", "Basic256Sha256", "Any", undefined];
  for (const mode of ["None", "Sign", "SignAndEncrypt", "Any", undefined]) {
    for (const policy of policies) {
      const settings = { ...(mode && { mode }), ...(policy && { policy }) };
      const { clientPkiData } = goodSite().opcua.security;
      for (const trustList of [["opc-ua-server.crt"], "AllowAll"])
        assert.deepEqual(
          errors((s) => (s.opcua.security = { ...settings, clientPkiData, trustList })),
          [],
        );
    }
  }
  const accepted: ((site: Site) => unknown)[] = [
    (s) => Object.assign(s.opcua, { security: null, userCredentials: null }),
    (s) => client(s, "plain"),
    (s) => (s.opcua.security = { mode: "None", policy: "None" }),
    (s) => (s.opcua.security = { mode: "None", policy: "None", clientPkiData: {} }),
    (s) => (s.opcua.security = { policy: "None", clientPkiData: { certificate: "opc-ua-client.crt" } }),
    (s) => (s.opcua.security = { policy: "None", clientPkiData: { privateKey: "opc-ua-client.key" } }),
    ...HEARTBEATS.map((heartbeat) => (s: Site) => Object.assign(s.opcua, { heartbeat })),
    (s) => (s.opcua.userCredentials = { username: "u" }),
    (s) => (s.opcua.userCredentials = {}),
    (s) => (s.opcua.url = "opc.tcp://plc-1.local"),
    (s) => (s.opcua.readingCycle = 0),
    (s) =>
      ["description", "readingCycle", "heartbeat", "userCredentials"].forEach(
        (name) => void delete s.opcua[name],
      ),
    (s) => node(s, 0, { nodeId: "ns=0;s=With spaces; = and ä" }),
    (s) => (s.opcua.nodes = s.opcua.nodes.slice(0, 1)),
    (s) =>
      ["description", "clientId", "lastWill", "keepAlive", "qualityOfService"].forEach(
        (name) => void delete s.mqtt[name],
      ),
    (s) => (s.mqtt.lastWill = {}),
    (s) => (s.mqtt.lastWill = null),
    (s) => (s.mqtt.userCredentials = { username: "u" }),
    (s) => (s.mqtt.userCredentials = {}),
    (s) => (s.mqtt.userCredentials = null),
    (s) => Object.assign(s.mqtt, { keepAlive: 0, qualityOfService: 0 }),
    (s) => Object.assign(s.mqtt, { keepAlive: 65535, qualityOfService: 2 }),
    (s) => Object.assign(s.mqtt.security, { trustStore: ["mqtt-ca.crt", "mqtt-client.crt"] }),
    (s) => topic(s, 0, { topicName: "/" }),
    (s) => topic(s, 0, { topicName: " with space/$x/" }),
    (s) => (s.guide = road([0, 0], [1, 1], [2, 2])),
  ];
  for (const edit of accepted) assert.deepEqual(errors(edit), [], edit.toString());
});

test("what is left out of an optional object: the sample's values, or nothing at all (R50–R52, R56–R58, R93–R95)", () => {
  for (const heartbeat of HEARTBEATS) {
    const empty = Object.keys(heartbeat).length === 0;
    const { opcua } = settingsOf((s) => Object.assign(s.opcua, { heartbeat }));
    const sample = { port: 0, name: "Heartbeat", seconds: 60, pointer: "/heartbeat" };
    assert.deepEqual(opcua.heartbeat, empty ? null : sample);
    const told = opcua.warnings.map(({ rule }) => rule);
    const missing = empty ? 0 : 3 - Object.keys(heartbeat).length;
    assert.deepEqual(told, new Array(missing).fill("heartbeat-incomplete"));
  }
  const { opcua, mqtt } = settingsOf((s) => {
    node(s, 0, { id: 0 });
    s.opcua.heartbeat = { timeout: 5 };
    Object.assign(s.opcua, { security: { mode: "None", clientPkiData: {} } });
    s.mqtt.lastWill = {};
  });
  assert.equal(opcua.heartbeat?.port, 1, "the first number that no node has");
  assert.deepEqual([opcua.identity, mqtt.will], [null, null]);
  // Half of a pair is a slip, and a protected connection needs a certificate.
  const wrong = check((s) => {
    s.mqtt.lastWill = { topicName: "t" };
    s.opcua.security.clientPkiData = {};
  }).filter(({ severity }) => severity === "error");
  assert.deepEqual(
    wrong.map(({ message }) => message.replace(/^.* column \d+, /, "")),
    [
      'setting /security/clientPkiData: mode SignAndEncrypt needs a client certificate and key. Cure: write "clientPkiData" with "certificate" and "privateKey" [identity-missing]',
      'setting /lastWill: the required setting "message" is missing. Cure: add "message" [setting-missing]',
    ],
  );
});

test("what is wrong in form, in meaning, in files and between files is told at once (R40, R79, R121)", () => {
  const found = check((s) => {
    s.opcua.readingCycle = "fast";
    node(s, 0, { nodeId: "x", id: 0 });
    s.opcua.url = "opc.tcp://plc:99999";
    delete s.keys["opc-ua-client.key"];
    s.mqtt.keepAlive = 0;
    topic(s, 1, { topicName: "a+b", name: "Heartbeat" });
    delete s.certificates["mqtt-client.crt"];
    s.guide = { ...GUIDE, roadmap: 5 };
  });
  assert.deepEqual(
    found.map(({ rule, pointer }) => `${rule} ${pointer ?? ""}`.trim()),
    [
      "setting-type /readingCycle",
      "node-id /nodes/0/nodeId",
      "id-twice /nodes/0/id",
      "tcp-port /url",
      "pki-file-unreadable /security/clientPkiData/privateKey",
      "topic-wildcard /topics/1/topicName",
      "name-twice /topics/1/name",
      "pki-file-unreadable /security/clientPkiData/certificate",
      "setting-type /roadmap",
      "keep-alive-zero /keepAlive",
    ],
  );
});

test("whatever stands in the files, the check ends with lines and without an exception", () => {
  const names = [
    "id",
    "name",
    "security",
    "nodes",
    "topics",
    "heartbeat",
    "userCredentials",
    "trustList",
    "url",
  ];
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, true, -1, 0, 1.5, 1e300, "", "AllowAll", "a+b", "\ud800", "__proto__"),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names, "__proto__", "a/b~c"), tie("any"), { maxKeys: 4 }),
    ),
  })).any;
  fc.assert(
    fc.property(
      fc.constantFrom("opcua", "mqtt"),
      fc.constantFrom(...names, "lastWill"),
      value,
      (side, name, junk) => {
        const found = check((s) => {
          s[side][name] = junk;
        });
        for (const fault of found) assert.ok(fault.rule in RULES && fault.message.length > 0);
      },
    ),
    { numRuns: 60 },
  );
});

test("faults in a form do not hide others: what is taken out of one part leaves the rest", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.constantFrom("name", "url", "readingCycle", "heartbeat"), { minLength: 1 }),
      (broken) => {
        const found = check((s) => {
          for (const name of broken) (s.opcua as Json)[name] = [];
          node(s, 1, { nodeId: "ns=70000;i=1" });
        });
        const rules = found.filter(({ severity }) => severity === "error").map(({ pointer }) => pointer);
        assert.deepEqual([...rules].sort(), [...broken.map((name) => `/${name}`), "/nodes/1/nodeId"].sort());
      },
    ),
    { numRuns: 15 },
  );
});

test("passwords of four kinds of characters, 14 or more, are not called weak (K24)", () => {
  const weak = (password: string): boolean =>
    check((s) => (s.mqtt.userCredentials = { username: "u", password })).some(
      ({ rule }) => rule === "password-weak",
    );
  for (const password of ["Aa1!Aa1!Aa1!Aa", "My-1-password-of-elm", "correct Horse 4 battery"])
    assert.equal(weak(password), false);
  for (const password of [
    "",
    "Aa1!Aa1!Aa1!A",
    "aa1!aa1!aa1!aa1!",
    "AA1!AA1!AA1!AA1!",
    "Aaa!Aaa!Aaa!Aaa!",
    "Aa11Aa11Aa11Aa11",
    "Password-12345!",
    "P4$$w0rt-P4$$w0rt!",
    "Kisg100-Gateway!",
    "Aa1!!!!!!Aa1!xyzv",
  ])
    assert.equal(weak(password), true);
});

test("facts of a certificate, with the openssl command as the judge; a damaged one throws (R131, L2)", () => {
  for (const name of ["client", "mqtt", "ec", "early", "sha1", "nameless"]) {
    const facts = certificateFacts(derOf(name));
    const file = made.get(name)?.certFile ?? "";
    const said = openssl("x509", "-in", file, "-noout", "-text", "-dates", "-dateopt", "iso_8601").toString();
    const date = (label: string) =>
      new Date(said.match(new RegExp(`${label}=(\\S+ \\S+)`))?.[1]?.replace(" ", "T") ?? "");
    assert.deepEqual([facts.notBefore, facts.notAfter], [date("notBefore"), date("notAfter")]);
    assert.equal(facts.uri, /URI:(\S+)/.exec(said)?.[1] ?? null);
    assert.equal(facts.weakHash !== null, said.includes("sha1WithRSAEncryption"));
    assert.equal(facts.hasCommonName, /Subject:.*CN ?=/.test(said));
  }
  const der = derOf("client");
  fc.assert(
    fc.property(fc.nat(der.length - 1), (length) => {
      assert.throws(() => certificateFacts(der.subarray(0, length)), RangeError);
    }),
    { numRuns: 50 },
  );
});

test("the schemas explain every setting (R42–R62, R81–R101)", () => {
  const walk = (schema: Json, path: string): void => {
    assert.ok(typeof schema.title === "string" && typeof schema.description === "string", path);
    for (const [name, part] of Object.entries((schema.properties as Record<string, Json> | undefined) ?? {}))
      walk(part, `${path}/${name}`);
    const items = schema.items as Json | undefined;
    if (items && !items.$ref) walk(items, `${path}/items`);
  };
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
    walk(schema as Json, name);
  }
});
