/** Every rule of the configuration, by its name: what breaks it, and the line that the operator gets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Rule } from "../../app/config/rule.ts";
import { fillIn, RULES, type RuleId } from "../../app/config/rules.ts";
import { PKI_CASES } from "./app-config-rules-pki.ts";
import { type RuleCase, SITE_CASES } from "./app-config-rules-site.ts";
import { check, checkText, GUIDE, goodSite, node, road, topic } from "./app-config-site.ts";

/** Rule → what breaks it, and its message. */
const CASES: Readonly<Record<RuleId, RuleCase>> = {
  "file-unreadable": {
    faults: () => checkText({ problem: "the file is a symbolic link", absent: false }),
    message:
      /^HW-IDS:\/app\/Core\/config\/transfer\/opc_ua\/client\/OpcUaClientSettings-0\.json: the file is a symbolic link\. Cure: put the file there/,
  },
  "file-not-utf8": {
    faults: () => checkText({ bytes: Buffer.from([0x7b, 0xff]) }),
    message: /OpcUaClientSettings-0\.json: it is not UTF-8 text\. Cure: save the file/,
  },
  "json-syntax": {
    faults: () => checkText({ bytes: Buffer.from('{"id": }') }),
    message:
      /-0\.json, line 1, column 8: not valid JSON: expected a value, found '}'\. Cure: write a value there/,
  },
  "name-repeated": {
    faults: () => checkText({ bytes: Buffer.from(`{"id":0,${JSON.stringify(goodSite().opcua).slice(1)}`) }),
    message:
      /-0\.json, line 1, column 9, setting \/id: the name "id" stands here a second time\. Cure: keep one/,
  },
  "more-faults": {
    faults: () =>
      check(
        (s) => (s.opcua.nodes = Array.from({ length: 150 }, () => ({ id: 1.5, name: "n", nodeId: "x" }))),
      ),
    message: /OpcUaClientSettings-0\.json: 100 more faults\. Cure: correct the ones above first/,
    also: ["setting-type", "node-id", "name-twice"],
  },
  "setting-missing": {
    faults: () => check((s) => delete s.mqtt.name),
    message: /the required setting "name" is missing\. Cure: add "name"/,
  },
  "setting-unknown": {
    faults: () => check((s) => (s.opcua.readingcycle = 5)),
    message: /setting \/readingcycle: there is no such setting, it has no effect/,
  },
  "setting-type": {
    faults: () => check((s) => (s.opcua.name = 5)),
    message: /setting \/name: must be a text in double quotes, but is the number 5/,
  },
  "setting-choice": {
    faults: () => check((s) => (s.mqtt.qualityOfService = 3)),
    message: /setting \/qualityOfService: must be one of 0, 1, 2, but is the number 3/,
  },
  "setting-range": {
    faults: () => check((s) => (s.mqtt.keepAlive = 65536)),
    message: /setting \/keepAlive: must be <= 65535, but is the number 65536/,
  },
  "file-name": {
    faults: () => check((s) => (s.opcua.security.trustList = ["a/b", ".."])),
    message: /setting \/security\/trustList\/0: must be a bare file name, without \/ or \\, but is "a\/b"/,
  },
  "password-without-user": {
    faults: () => check((s) => (s.mqtt.userCredentials = { password: "9iP4~c*kR#7vWq!sZ2mLx@eTy" })),
    message: /setting \/userCredentials: "password" is given without "username"/,
  },
  "opcua-url": {
    faults: () => check((s) => (s.opcua.url = "http://plc")),
    message: /setting \/url: must be written opc\.tcp:\/\/HOST:PORT, but is "http:\/\/plc"/,
  },
  "broker-uri": {
    faults: () => check((s) => (s.mqtt.serverUri = "tcp://broker:1883")),
    message: /setting \/serverUri: must be written ssl:\/\/HOST:PORT, but is "tcp:\/\/broker:1883"/,
  },
  "tcp-port": {
    faults: () => check((s) => (s.mqtt.serverUri = "ssl://broker:70000")),
    message: /setting \/serverUri: there is no port 70000\. Cure: write a port from 1 to 65535/,
  },
  "node-id": {
    faults: () => check((s) => node(s, 0, { nodeId: "i=2045" })),
    message:
      /setting \/nodes\/0\/nodeId: must be written ns=INDEX;i=NUMBER or ns=INDEX;s=TEXT, but is "i=2045"/,
  },
  "node-namespace": {
    faults: () => check((s) => node(s, 0, { nodeId: "ns=65536;i=1" })),
    message: /setting \/nodes\/0\/nodeId: the namespace index is larger than 65535/,
  },
  "node-number": {
    faults: () => check((s) => node(s, 0, { nodeId: "ns=1;i=4294967296" })),
    message: /setting \/nodes\/0\/nodeId: the number is larger than 4294967295/,
  },
  "heartbeat-incomplete": {
    faults: () => check((s) => Reflect.deleteProperty(s.opcua.heartbeat, "timeout")),
    message: /setting \/heartbeat: the heartbeat has no "timeout"; 60 is used\. Cure: add "timeout"/,
  },
  "topic-wildcard": {
    faults: () => check((s) => topic(s, 0, { topicName: "a/#" })),
    message: /setting \/topics\/0\/topicName: must not contain \+ or # .*, but is "a\/#"/,
  },
  "topic-nul": {
    faults: () => check((s) => topic(s, 0, { topicName: "a\u0000" })),
    message: /setting \/topics\/0\/topicName: must not contain a NUL character/,
  },
  "topic-empty": {
    faults: () => check((s) => (s.mqtt.lastWill = { topicName: "", message: "m" })),
    message: /setting \/lastWill\/topicName: the topic is empty/,
  },
  "topic-utf8": {
    faults: () => check((s) => topic(s, 0, { topicName: "ä".repeat(40000) })),
    message: /setting \/topics\/0\/topicName: the topic is not valid UTF-8 of at most 65535 bytes/,
  },
  "topic-dollar": {
    faults: () => check((s) => topic(s, 0, { topicName: "a/$b" })),
    message: /setting \/topics\/0\/topicName: \$ is not recommended/,
  },
  "client-id-empty": {
    faults: () => check((s) => (s.mqtt.clientId = "")),
    message: /setting \/clientId: the client identifier is empty; KasperskyIoTSecureGatew is used/,
  },
  "mqtt-text": {
    faults: () => check((s) => (s.mqtt.userCredentials = { username: "u\0" })),
    message:
      /setting \/userCredentials\/username: MQTT can't send it: it is longer than 65535 bytes, no valid/,
  },
  "topic-shared": {
    faults: () => check((s) => topic(s, 2, { topicName: "Temperature" })),
    message: /setting \/topics\/2\/topicName: the topic is also that of \/topics\/1; whoever reads it/,
  },
  "id-twice": {
    faults: () => check((s) => node(s, 1, { id: 0 })),
    message: /setting \/nodes\/1\/id: the id 0 is already used at \/heartbeat/,
    also: ["ids-differ"],
  },
  "name-twice": {
    faults: () => check((s) => topic(s, 2, { name: "Temperature" })),
    message: /setting \/topics\/2\/name: the name is already used at \/topics\/1/,
    also: ["ids-differ", "node-without-topic"],
  },
  "node-without-topic": {
    faults: () => check((s) => s.mqtt.topics.pop()),
    message:
      /OpcUaClientSettings-0\.json, line \d+, column \d+, setting \/nodes\/1\/name: no topic is named "Speed"/,
  },
  "topic-without-node": {
    faults: () => check((s) => s.opcua.nodes.pop()),
    message: /setting \/topics\/2\/name: no node is named "Speed", nothing is published to its topic/,
  },
  "ids-differ": {
    faults: () => check((s) => topic(s, 1, { id: 7 })),
    message:
      /setting \/nodes\/0\/id: id 1 differs from the id 7 of the topic with the same name; the name decides/,
  },
  "hub-receiving": {
    faults: () => check((s) => (s.guide = { ...GUIDE, receivingHubId: 4 })),
    message:
      /navigation\/GuideSettings-0\.json, line 3, column 20, setting \/receivingHubId: receivingHubId is 4, but the id in OpcUaClientSettings-0\.json is 0/,
  },
  "hub-sending": {
    faults: () => check((s) => (s.guide = { ...GUIDE, sendingHubId: 4 })),
    message: /setting \/sendingHubId: sendingHubId is 4, but the id in MqttPublisherSettings-0\.json is 0/,
  },
  "hub-not-zero": {
    faults: () => check((s) => (s.mqtt.id = 3)),
    message:
      /MqttPublisherSettings-0\.json.*setting \/id: the id is 3, but the only instance has the number 0/,
  },
  "route-source-twice": {
    faults: () => check((s) => (s.guide = road([0, 0], [1, 1], [2, 2], [1, 2]))),
    message: /setting \/roadmap\/3\/sourcePortId: the source port 1 has a route already at \/roadmap\/1/,
  },
  "route-target-twice": {
    faults: () => check((s) => (s.guide = road([0, 0], [1, 1], [2, 1]))),
    message:
      /setting \/roadmap\/2\/targetPortId: the target port 1 is fed already by the route at \/roadmap\/1/,
  },
  "route-source-unknown": {
    faults: () => check((s) => (s.guide = road([0, 0], [1, 1], [2, 2], [3, 1]))),
    message: /setting \/roadmap\/3\/sourcePortId: no node and no heartbeat has the id 3/,
  },
  "route-target-unknown": {
    faults: () => check((s) => (s.guide = road([0, 0], [1, 1], [2, 9]))),
    message: /setting \/roadmap\/2\/targetPortId: no topic has the id 9/,
    also: ["node-without-route"],
  },
  "node-without-route": {
    faults: () => check((s) => (s.guide = road([0, 0], [2, 2]))),
    message:
      /OpcUaClientSettings-0\.json.*setting \/nodes\/0\/id: GuideSettings-0\.json has no working route from id 1/,
  },
  "security-off": {
    faults: () => check((s) => Object.assign(s.opcua, { security: null, userCredentials: null })),
    message: /setting \/security: the connection is neither encrypted nor signed\. Cure: use SignAndEncrypt/,
    also: ["anonymous"],
  },
  "password-open": {
    faults: () => check((s) => (s.opcua.security.mode = "None")),
    message: /setting \/security: .*neither encrypted nor signed; the password travels in plain text/,
  },
  "security-any": {
    faults: () => check((s) => Object.assign(s.opcua.security, { mode: "Any", policy: "Any" })),
    message: /setting \/security\/mode: mode and policy Any: the server decides, and the connection is open/,
  },
  "mode-any": {
    faults: () => check((s) => (s.opcua.security.mode = "Any")),
    message: /setting \/security\/mode: mode Any: the server decides, and messages are signed but not/,
  },
  "policy-any": {
    faults: () => check((s) => (s.opcua.security.policy = "Any")),
    message: /setting \/security\/policy: policy Any: the server decides, and the policy is an obsolete one/,
  },
  "policy-obsolete": {
    faults: () => check((s) => (s.opcua.security.policy = "Basic256")),
    message: /setting \/security\/policy: Basic256 rests on SHA-1 and is obsolete/,
  },
  "trust-all": {
    faults: () => check((s) => (s.opcua.security.trustList = "AllowAll")),
    message: /setting \/security\/trustList: AllowAll: any server is accepted/,
  },
  anonymous: {
    faults: () => check((s) => delete s.opcua.userCredentials),
    message: /OpcUaClientSettings-0\.json.*setting \/userCredentials: the client logs in anonymously/,
  },
  "password-weak": {
    faults: () => check((s) => (s.mqtt.userCredentials = { username: "u", password: "Short-1" })),
    message:
      /setting \/userCredentials\/password: the password has fewer than 14 characters, not all of upper case/,
  },
  "password-published": {
    faults: () =>
      check((s) => (s.opcua.userCredentials = { username: "u", password: "0R20jN#yZd~zaLKe?2J#@~|YC" })),
    message: /OpcUa.*setting \/userCredentials\/password: the password is that of the published sample/,
  },
  "password-shared": {
    faults: () => check((s) => (s.mqtt.userCredentials = s.opcua.userCredentials)),
    message: /MqttPublisherSettings-0\.json.*the password is the same as in OpcUaClientSettings-0\.json/,
  },
  "keep-alive-zero": {
    faults: () => check((s) => (s.mqtt.keepAlive = 0)),
    message: /setting \/keepAlive: 0 does not switch keep alive off; 60 s is used/,
  },
  "debug-on": {
    faults: () => check((s) => (s.mqtt.debug = true)),
    message: /MqttPublisherSettings-0\.json.*setting \/debug: diagnostic lines are written/,
  },
  ...PKI_CASES,
  ...SITE_CASES,
};

for (const [id, { faults, message, also = [] }] of Object.entries(CASES)) {
  test(`rule ${id} (R69, R70, R121, R128–R132, K12, K24, K33, K36, K38)`, () => {
    const found = faults();
    const lines = found.map((fault) => `${fault.rule}: ${fault.message}`).join("\n");
    const own = found.find((fault) => fault.rule === id);
    assert.ok(own, lines || "nothing was found");
    assert.match(own.message, message);
    assert.match(own.message, /\. Cure: \S/);
    assert.ok(own.message.endsWith(` [${id}]`), own.message);
    assert.doesNotMatch(own.message, /\{[a-z]+\}|\n/);
    const rule: Rule = RULES[own.rule];
    assert.equal(own.severity, rule.severity);
    // What is wrong with a file that a setting names points to that setting.
    if (id in PKI_CASES && own.file.includes("/pki/") && !own.file.endsWith(".crl"))
      assert.match(`${own.namedBy} ${own.pointer}`, /^HW-IDS:\/app\/.*-0\.json \/security\/[/\w]+$/);
    else assert.equal(own.namedBy, undefined);
    const others = new Set(found.map((fault) => fault.rule).filter((rule) => rule !== id));
    assert.deepEqual([...others].sort(), [...also].sort(), lines);
  });
}

test("each rule has a case, says what it is about, and is spelled to stay", () => {
  assert.deepEqual(Object.keys(CASES).sort(), Object.keys(RULES).sort());
  for (const [id, rule] of Object.entries(RULES) as [RuleId, Rule][]) {
    assert.match(id, /^[a-z0-9]+(?:-[a-z0-9]+)*$/);
    assert.match(rule.about, /^[RKL]\d+(?: [RKL]\d+)*$/);
    assert.doesNotMatch(rule.text + rule.cure, /\.$|\n/);
  }
});

test("values are put into texts as they are", () => {
  assert.equal(fillIn("{a} is {b}, {c}", { a: "$&", b: 5 }), "$& is 5, {c}");
});
