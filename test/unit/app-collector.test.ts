/** The OPC UA collector against node-opcua's server: ways to log in, refusals, a changed certificate, a silent server. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  DataType,
  MessageSecurityMode,
  OPCUAServer,
  SecurityPolicy,
  type UAVariable,
  UserTokenPolicy,
  UserTokenType,
} from "node-opcua";
import { subscriptionRequest } from "../../app/cells/opcua/acquisition/subscription.ts";
import { Collector } from "../../app/cells/opcua/collector.ts";
import { silenceLibrary } from "../../app/cells/opcua/connection/client-options.ts";
import { type OpcUaSettings, UNNAMED_APPLICATION } from "../../app/config/opcua.ts";
import { type Certificate, Pki } from "../lab/pki.ts";
import { freePort } from "../lab/ports.ts";
import { revocationList } from "../lab/revocation.ts";
import { makeFolder } from "./app-folder.ts";
import { LinkProxy } from "./app-link-proxy.ts";
import { clientSettings, serverOptions } from "./app-opcua-site.ts";
import { until } from "./app-until.ts";

const { folder, remove } = makeFolder();
const pki = new Pki(join(folder, "pki"));
let ca: Certificate;
let client: Certificate;
let first: Certificate;
let second: Certificate;
let port: number;
let running: { server: OPCUAServer; variable: UAVariable };

async function startServer(certificate: Certificate, at = port): Promise<typeof running> {
  const server = new OPCUAServer({
    ...serverOptions({ port: at, certificate, folder }),
    allowAnonymous: true,
    userManager: { isValidUser: (name: string, password: string) => name === "user" && password === "right" },
    securityPolicies: [
      SecurityPolicy.None,
      SecurityPolicy.Basic256Sha256,
      SecurityPolicy.Aes256_Sha256_RsaPss,
    ],
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  assert.ok(space);
  const variable = space.getOwnNamespace().addVariable({
    organizedBy: space.rootFolder.objects,
    browseName: "Value",
    nodeId: "s=Value",
    dataType: "Double",
  });
  variable.setValueFromSource({ dataType: DataType.Double, value: 1.5 });
  await server.start();
  return { server, variable };
}

before(async () => {
  silenceLibrary();
  ca = await pki.issue({ name: "ca", use: "ca" });
  client = await pki.issue({ name: "client", use: "opcua", altNames: ["URI:urn:test:client"] });
  const altNames = ["URI:urn:test:server", "IP:127.0.0.1"];
  first = await pki.issue({ name: "first", use: "opcua", issuer: ca, altNames });
  second = await pki.issue({ name: "second", use: "opcua", altNames });
  port = await freePort();
  running = await startServer(first);
});
after(async () => {
  await running.server.shutdown(0);
  remove();
});

function settings(change: Partial<OpcUaSettings> = {}): OpcUaSettings {
  const tcpPort = change.tcpPort ?? port;
  return {
    ...clientSettings({ tcpPort, trusted: ca, client }),
    user: { name: "user", password: "right" },
    nodes: [
      { port: 1, name: "value", nodeId: "ns=1;s=Value", pointer: "/nodes/0" },
      { port: 2, name: "nothing", nodeId: "ns=1;s=Nothing", pointer: "/nodes/1" },
    ],
    ...change,
  };
}

function collect(configured: OpcUaSettings) {
  const lines: string[] = [];
  const values: string[] = [];
  const note = (line: string) => void lines.push(line);
  const collector = new Collector({
    settings: configured,
    log: { info: note, warning: note, error: note, debug: () => undefined },
    handlers: {
      onText: (port, text) =>
        void values.push(
          `${configured.nodes.find((node) => node.port === port)?.name} ${JSON.parse(text).Value}`,
        ),
      onWarning: (node, text) => void lines.push(`${node.name} ${text}`),
    },
  });
  return { collector, lines, values };
}

const WAYS: readonly (readonly [string, Partial<OpcUaSettings>, string])[] = [
  ["Basic256Sha256, user name, trusted authority", {}, "SignAndEncrypt, Basic256Sha256"],
  [
    "the strongest for Any, anonymous",
    { mode: "Any", policy: "Any", user: null },
    "SignAndEncrypt, Aes256_Sha256_RsaPss",
  ],
  ["Sign, any server", { mode: "Sign", trusted: null }, "Sign, Basic256Sha256"],
  [
    "no protection, no certificate, anonymous",
    { mode: "None", policy: "None", identity: null, trusted: [], user: null },
    "None, None",
  ],
  [
    "no protection, no certificate, user name",
    { mode: "None", policy: "None", identity: null, trusted: [] },
    "None, None",
  ],
];

for (const [way, change, security] of WAYS) {
  test(`connects: ${way} (R47–R50, R54, R66, R67, R73, R74, L4, L5)`, async () => {
    const { collector, lines, values } = collect(settings(change));
    await collector.run();
    assert.deepEqual(lines, [
      `OPC UA Client has established connection to 127.0.0.1 port ${port} (${security})`,
      "OPC UA Client: 1 of 2 nodes are monitored (1 call): published every 50 ms (10 ms asked for), keep-alive every 5 s, lifetime 900 s; sampled every 50 ms (1 node), up to 200 changes queued per node",
      'OPC UA Client: the server does not deliver ns=1;s=Nothing ("nothing"): BadNodeIdUnknown. Cure: correct the nodeId, or allow the user to read it',
    ]);
    assert.equal(collector.connected, true);
    await until(() => values.length > 0);
    for (const value of [2.5, -0.1, 3]) {
      const seen = values.length;
      running.variable.setValueFromSource({ dataType: DataType.Double, value });
      await until(() => values.length > seen);
    }
    assert.deepEqual(values.slice(1), ["value 2.5", "value -0.1", "value 3"]);
    await collector.stop();
  });
}

test("significantDigits reaches the values (R78, L7)", async () => {
  const { collector, values } = collect(settings({ significantDigits: 6 }));
  await collector.run();
  await until(() => values.length > 0);
  running.variable.setValueFromSource({ dataType: DataType.Double, value: 123456.7 });
  await until(() => values.includes("value 123457"));
  await collector.stop();
});

test("refusals name the cause and the cure (R63–R65)", async () => {
  const refused = async (change: Partial<OpcUaSettings>): Promise<string> => {
    const { collector, lines } = collect(settings(change));
    await collector.run();
    await collector.stop();
    assert.equal(lines.length, 1);
    return lines[0] ?? "";
  };
  assert.match(
    await refused({ user: { name: "user", password: "wrong" } }),
    /refuses user name or password\. Cure: correct userCredentials.*\(BadUserAccessDenied\)/,
  );
  assert.match(
    await refused({ trusted: [readFileSync(second.derFile)] }),
    /certificate is not in trustList; the server sent the certificate of "CN=first,O=Demo Plant", SHA-1 [0-9a-f]{40}/,
  );
  assert.match(
    await refused({ policy: "Basic256" }),
    /no endpoint with mode SignAndEncrypt, policy Basic256 and user name and password; it offers None\/None/,
  );
  const shown =
    'the server sent the certificate of "CN=first,O=Demo Plant", SHA-1 [0-9a-f]{40}, valid \\d{4}-\\d\\d-\\d\\d to ';
  assert.match(
    await refused({ policy: "Basic256" }),
    new RegExp(`SignAndEncrypt/Basic256Sha256 for .*UserName.*; ${shown}.*Cure: correct "security"`),
  );
  const list = { file: "HW-IDS:/ca.crl", der: revocationList(folder, ca, [first]) };
  assert.match(
    await refused({ revocationLists: [list] }),
    new RegExp(
      `the certificate of "CN=first,O=Demo Plant" is revoked; ${shown}.*Cure: give the server a new certificate`,
    ),
  );
  assert.match(
    await refused({ tcpPort: await freePort() }),
    /the server refuses the connection\. Cure: start the server/,
  );
});

test("Any: a password never goes over an unprotected connection while the server has protected ones (R67, R69)", async (t) => {
  // The server takes user names without protection only.
  const own = await startServer(first, await freePort());
  t.after(() => own.server.shutdown(0));
  const [endpoint] = own.server.endpoints;
  for (const description of endpoint?.endpointDescriptions() ?? []) {
    if (description.securityMode === MessageSecurityMode.None) continue;
    const left = description.userIdentityTokens?.filter(
      ({ tokenType }) => tokenType !== UserTokenType.UserName,
    );
    Object.defineProperty(description, "userIdentityTokens", { value: left });
  }
  let sessions = 0;
  own.server.on("create_session", () => {
    sessions += 1;
  });
  const tcpPort = endpoint?.port ?? 0;
  const any = settings({ tcpPort, url: `opc.tcp://127.0.0.1:${tcpPort}`, mode: "Any", policy: "Any" });
  const { collector, lines } = collect(any);
  t.after(() => collector.stop());
  await collector.run();
  assert.equal(sessions, 0, "nobody was told the password");
  // It tries again, and says it once.
  let attempts = 0;
  own.server.on("newChannel", () => {
    attempts += 1;
  });
  await until(() => attempts > 0);
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(
    lines[0] ?? "",
    /can't connect to .*: none of the server's protected endpoints can be used with user name and password, and one without protection is not used in their place; it offers None\/None for .*UserName.*\. It keeps trying/,
  );
  assert.equal(sessions, 0, "nobody was told the password");
});

test("a password that goes readable over the line in mode Sign is warned of, and no other (R69, K36)", async (t) => {
  const own = await startServer(first, await freePort());
  t.after(() => own.server.shutdown(0));
  const [endpoint] = own.server.endpoints;
  const signed = (endpoint?.endpointDescriptions() ?? []).filter(
    ({ securityMode, securityPolicyUri }) =>
      securityMode === MessageSecurityMode.Sign && securityPolicyUri === SecurityPolicy.Basic256Sha256,
  );
  const line = await LinkProxy.open(() => endpoint?.port ?? 0);
  t.after(() => line.close());
  for (const [policies, isOpen] of [
    [[SecurityPolicy.None], true],
    [[SecurityPolicy.Basic256, SecurityPolicy.None], true],
    [[null, SecurityPolicy.None], true],
    [[null], false],
    [[SecurityPolicy.None, SecurityPolicy.Basic256Sha256], false],
  ] as const) {
    const tokens = policies.map(
      (securityPolicyUri, index) =>
        new UserTokenPolicy({ policyId: `p${index}`, tokenType: UserTokenType.UserName, securityPolicyUri }),
    );
    for (const description of signed)
      Object.defineProperty(description, "userIdentityTokens", { value: tokens, configurable: true });
    const sent: Buffer[] = [];
    line.onSent = (chunk) => void sent.push(chunk);
    const at = { tcpPort: line.port, url: `opc.tcp://127.0.0.1:${line.port}` };
    const { collector, lines } = collect(settings({ ...at, mode: "Sign", policy: "Basic256Sha256" }));
    await collector.run();
    await collector.stop();
    assert.ok(
      lines.some((text) => text.includes("has established connection")),
      lines.join("\n"),
    );
    const warned = lines.findIndex((text) =>
      text.includes("mode Sign does not encrypt, and the server wants the password"),
    );
    const told = `${policies.join(", ")}: ${lines.join("\n")}`;
    assert.equal(Buffer.concat(sent).includes("\x05\0\0\0right"), isOpen, told);
    assert.equal(warned >= 0, isOpen, told);
    assert.ok(warned <= 0, "before it is sent");
  }
});

test("a gateway certificate without application URI goes to the server, and what that objects is told (R131, L2)", async () => {
  const plain = await pki.issue({ name: "plain", use: "opcua" });
  const { identity } = clientSettings({ tcpPort: port, trusted: ca, client: plain });
  assert.ok(identity);
  const nameless = { ...identity, applicationUri: UNNAMED_APPLICATION };
  const { collector, lines } = collect(settings({ identity: nameless }));
  await collector.run();
  await collector.stop();
  assert.match(
    lines[0] ?? "",
    /can't connect to .*: the server does not find the gateway's application URI in its certificate\. Cure: give the gateway a certificate with a URI .*\(BadCertificateUriInvalid\)/,
  );
});

test("a revocation list that has expired is used, and told once (R133, L3)", async () => {
  const list = { file: "HW-IDS:/ca.crl", der: revocationList(folder, ca, [], "20200201000000Z") };
  const { collector, lines } = collect(settings({ revocationLists: [list] }));
  await collector.run();
  await collector.stop();
  assert.match(lines[0] ?? "", /HW-IDS:\/ca\.crl has expired \(nextUpdate 2020-02-01\); it is still used/);
  assert.match(lines[1] ?? "", /has established connection/);
});

test("a restarted server with another certificate is refused with a reason, and accepted once it is trusted (R64, R75, L1)", async () => {
  const { collector, lines, values } = collect(settings({ trusted: [readFileSync(first.derFile)] }));
  await collector.run();
  await until(() => values.length > 0);
  await running.server.shutdown(0);
  running = await startServer(second);
  await until(() => lines.some((line) => line.includes('sent the certificate of "CN=second,O=Demo Plant"')));
  await running.server.shutdown(0);
  running = await startServer(first);
  await until(() => lines.filter((line) => line.includes("has established connection")).length === 2);
  assert.equal(collector.connected, true);
  await collector.stop();
});

test("what is asked of the server for each reading cycle (R46)", () => {
  assert.deepEqual(subscriptionRequest(0), { publishingMs: 10, keepAliveCount: 100, lifetimeCount: 18_000 });
  assert.deepEqual(subscriptionRequest(1), { publishingMs: 1000, keepAliveCount: 5, lifetimeCount: 180 });
  assert.deepEqual(subscriptionRequest(5), { publishingMs: 5000, keepAliveCount: 3, lifetimeCount: 36 });
  assert.deepEqual(subscriptionRequest(3600), { publishingMs: 5000, keepAliveCount: 3, lifetimeCount: 36 });
});

test("an address that changes while the server is asked for its endpoints: the attempt ends at once (L20)", async (t) => {
  const link = await LinkProxy.open(() => port);
  link.stalled = true;
  const { collector, lines } = collect(settings({ tcpPort: link.port }));
  t.after(async () => {
    await collector.stop();
    link.close();
  });
  const firstAttempt = collector.run();
  await until(() => link.attempts > 0);
  collector.drop("the address of X2 P1 has changed");
  await firstAttempt;
  assert.match(lines[0] ?? "", /can't connect to .*: the address of X2 P1 has changed/);
});
