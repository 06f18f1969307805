/** gwcard support: everything that helps is in the bundle, nothing that is secret is, wherever it stood. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { MQTT_PATHS, OPCUA_PATHS } from "../../app/config/paths.ts";
import { REMOVED } from "../../app/config/secrets.ts";
import { injectFiles } from "../../image/inject.ts";
import { redactSettings, redactText } from "../../image/support/redact.ts";
import { Pki } from "../lab/pki.ts";
import { build, gwcard, judge, REPOSITORY, story, writePayload, writeSmallLayout } from "./image-fixture.ts";

const PASSWORD = 'Pl"ant-Secret.01\\';
const OTHER_PASSWORD = "br0ker-Secret.02!";
const DIGEST = "0123456789abcdef".repeat(4);
const STATIC = "static ip_address=192.168.177.5/24\nstatic routers=192.168.177.1\n";

type Json = Record<string, unknown>;

/** The contents of a card as partition → path → bytes. */
async function siteFiles(folder: string): Promise<Map<string, Map<string, Buffer | string>>> {
  const pki = new Pki(join(folder, "pki"));
  const client = await pki.issue({ name: "client", use: "opcua", altNames: ["URI:urn:x"] });
  const [certificate, key] = [readFileSync(client.certFile), readFileSync(client.keyFile)];
  const ids = new Map<string, Buffer | string>();
  for (const [paths, password] of [
    [OPCUA_PATHS, PASSWORD],
    [MQTT_PATHS, OTHER_PASSWORD],
  ] as const) {
    const sample = join(REPOSITORY, "app/config/samples", paths.settingsName);
    const settings = JSON.parse(readFileSync(sample, "utf8")) as Json;
    const changed = {
      ...settings,
      description: `the other one's password is ${PASSWORD}`,
      userCredentials: { username: "KISG100", password },
    };
    ids.set(`${paths.settingsDirectory}/${paths.settingsName}`, JSON.stringify(changed));
    const names = paths === OPCUA_PATHS ? ["opc-ua-client", "opc-ua-server"] : ["mqtt-client", "mqtt-ca"];
    for (const name of names) ids.set(`${paths.certificates}/${name}.crt`, certificate);
    // A key at the wrong place, as it happens.
    ids.set(`${paths.certificates}/misplaced.pem`, Buffer.concat([certificate, key]));
    ids.set(`${paths.certificates}/misplaced.key`, key);
    ids.set(`${paths.privateKeys}/${names[0]}.key`, key);
  }
  const logs = new Map<string, string>([
    ["/logs/.log", "LogFileSizeLimit=1000\nDirectorySizeLimit=5000\n"],
    ["/logs/health-00000001-20261122T000000Z.log", "[…] Info: the oldest one\n"],
    ["/logs/health-00000002-20261123T000000Z.log", "[…] Info: the older one\n".repeat(60_000)],
    [
      "/logs/health-00000003-20261123T010000Z.log",
      `[…] Error: refused ${OTHER_PASSWORD} at ssl://u:p@w-pw9@h:8883\n` +
        `[…] Info: MQTT: SHA-256 of MqttPublisherSettings-0.json: ${DIGEST}\n` +
        `[…] Info: MQTT: SHA-256 of mqtt-ca.crt: ${DIGEST}\n` +
        `[…] Info: MQTT: SHA-256 of this list of 3: ${DIGEST}\n`,
    ],
  ]);
  return new Map<string, Map<string, Buffer | string>>([
    ["HW-IDS", ids],
    ["HW-LOG", logs],
    ["HW-INW", new Map([["/etc/dhcpcd.conf", STATIC]])],
  ]);
}

function writeFolder(root: string, site: Awaited<ReturnType<typeof siteFiles>>): void {
  for (const [partition, files] of site)
    for (const [path, bytes] of files) {
      const file = join(root, partition, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    }
}

/** Unpacks a bundle: path → text. */
function unpack(archive: string, folder: string): Map<string, string> {
  mkdirSync(folder);
  judge("tar", "-xzf", archive, "-C", folder);
  const root = join(folder, "gwcard-support");
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path.slice(root.length + 1), readFileSync(path, "utf8")]));
}

const EXPECTED = [
  "HW-IDS/app/Core/config/transfer/mqtt/publisher/MqttPublisherSettings-0.json",
  "HW-IDS/app/Core/config/transfer/opc_ua/client/OpcUaClientSettings-0.json",
  "HW-INW/etc/dhcpcd.conf",
  "HW-LOG/logs/.log",
  "HW-LOG/logs/health-00000002-20261123T000000Z.end.log",
  "HW-LOG/logs/health-00000003-20261123T010000Z.log",
  "README.txt",
  "certificates.txt",
  "check.txt",
];

function assertHarmless(bundle: ReadonlyMap<string, string>): void {
  for (const [name, text] of bundle) {
    for (const secret of [
      PASSWORD,
      JSON.stringify(PASSWORD).slice(1, -1),
      OTHER_PASSWORD,
      "pw9",
      "PRIVATE KEY",
    ])
      assert.ok(!text.includes(secret), `${name} has ${secret}`);
  }
}

story(
  "a card and a folder with its contents give the same bundle, without any secret (R147, K13)",
  async (folder) => {
    const site = await siteFiles(folder);
    const root = join(folder, "site");
    writeFolder(root, site);
    const card = join(folder, "card.img");
    const layout = writeSmallLayout(join(folder, "partitions"));
    build({ payload: writePayload(join(folder, "payload")), output: card, layout });
    for (const [partition, files] of site)
      await injectFiles({
        image: card,
        partition,
        files: [...files].map(([path, content]) => ({ path, content })),
      });

    const bundles = [root, card].map((source, index) => {
      const output = join(folder, `support-${index}.tar.gz`);
      const { status, stdout, stderr } = gwcard([
        "support",
        source,
        "--output",
        output,
        "--log-megabytes",
        "0.5",
      ]);
      assert.deepEqual([stderr, status], ["", 0]);
      assert.match(stdout, /: 9 files; passwords removed, keys not in it\n/);
      assert.match(
        stdout,
        /left out: HW-LOG\/logs\/health-00000002-\S+\.log: all but the last \d+ of \d+ bytes/,
      );
      assert.match(
        stdout,
        /left out: HW-LOG\/logs\/health-00000001-\S+\.log: \d+ bytes, beyond the limit for logs/,
      );
      return unpack(output, join(folder, `unpacked-${index}`));
    });
    const [fromFolder, fromCard] = bundles as [Map<string, string>, Map<string, string>];
    assert.deepEqual([...fromFolder.keys()].sort(), EXPECTED);
    for (const bundle of bundles) {
      assertHarmless(bundle);
      bundle.delete("README.txt");
    }
    assert.deepEqual([...fromCard].sort(), [...fromFolder].sort());

    const [mqtt = "", opcua = "", network, , end = "", log] = EXPECTED.map((name) => fromCard.get(name));
    assert.deepEqual(JSON.parse(mqtt).userCredentials, { username: "KISG100", password: REMOVED });
    assert.equal(JSON.parse(opcua).description, `the other one's password is ${REMOVED}`);
    assert.equal(network, STATIC);
    assert.ok(
      end.length > 400_000 && /^(?:\[…\] Info: the older one\n)+$/.test(end),
      "whole lines, the last ones",
    );
    assert.equal(
      log,
      `[…] Error: refused ${REMOVED} at ssl://${REMOVED}@h:8883\n` +
        `[…] Info: MQTT: SHA-256 of MqttPublisherSettings-0.json: ${REMOVED}\n` +
        `[…] Info: MQTT: SHA-256 of mqtt-ca.crt: ${DIGEST}\n` +
        `[…] Info: MQTT: SHA-256 of this list of 3: ${REMOVED}\n`,
    );
    const certificates = fromCard.get("certificates.txt") ?? "";
    assert.match(
      certificates,
      /opc-ua-client\.crt: \d+ bytes, SHA-256 [0-9a-f]{64}; .*CN=.*; issued by .*SHA-1 thumbprint/,
    );
    assert.match(certificates, /misplaced\.key: \d+ bytes, SHA-256 [0-9a-f]{64}; no certificate/);
    assert.match(certificates, /mqtt-client\.key: a key, not looked into/);
  },
);

story(
  "a settings file that is no JSON stays at home, and the findings say what is wrong with it (R147)",
  async (folder) => {
    const root = join(folder, "site");
    writeFolder(root, await siteFiles(folder));
    const settings = join(root, "HW-IDS", MQTT_PATHS.settingsDirectory, MQTT_PATHS.settingsName);
    writeFileSync(settings, `{"userCredentials": {"password": "${OTHER_PASSWORD}",}}`);
    writeFileSync(join(root, "HW-INW/etc/dhcpcd.conf"), "script /bin/true\n");
    const output = join(folder, "support.tar.gz");
    const { status, stdout } = gwcard(["support", root, "--output", output]);
    assert.equal(status, 0);
    assert.match(stdout, /left out: HW-IDS\/app.*MqttPublisherSettings-0\.json: it is no JSON, so secrets/);
    const bundle = unpack(output, join(folder, "unpacked"));
    bundle.delete("HW-LOG/logs/health-00000003-20261123T010000Z.log");
    assertHarmless(bundle);
    const check = bundle.get("check.txt") ?? "";
    assert.match(check, /error: HW-IDS:.*MqttPublisherSettings-0\.json.*line 1, column \d+/);
    assert.match(check, /HW-INW:\/etc\/dhcpcd\.conf.*line 1.*\[network-/);
  },
);

story("what can't be read or written is told, and nothing is left behind", async (folder) => {
  const refuse = (args: readonly string[], message: RegExp): void => {
    const before = readdirSync(folder);
    const { status, stderr } = gwcard(["support", ...args]);
    assert.match(stderr, message);
    assert.equal(status, 1);
    assert.deepEqual(readdirSync(folder), before);
  };
  writeFileSync(join(folder, "there.tar.gz"), "");
  mkdirSync(join(folder, "HW-IDS"));
  cpSync(join(REPOSITORY, "LICENSE"), join(folder, "no-card.img"));
  const output = join(folder, "new.tar.gz");
  refuse(
    [folder, "--output", join(folder, "there.tar.gz")],
    /there\.tar\.gz: it is there already \[OUTPUT_NOT_WRITABLE\]/,
  );
  refuse(
    [folder, "--output", join(folder, "no/new.tar.gz")],
    /the folder .*\/no can't be written to \(ENOENT\) \[OUTPUT_NOT_WRITABLE\]/,
  );
  refuse(
    [join(folder, "none"), "--output", output],
    /none: there is no such file or folder \[SUPPORT_SOURCE\]\n {2}→ name a card image/,
  );
  refuse([join(folder, "HW-IDS"), "--output", output], /there is no folder HW-IDS in it \[SUPPORT_SOURCE\]/);
  refuse([join(folder, "no-card.img"), "--output", output], /no-card\.img.* \[[A-Z_]+\]\n {2}→ /);
});

story("interrupted: no copy of a key is left behind (K13)", async (folder) => {
  const card = join(folder, "card.img");
  const layout = writeSmallLayout(join(folder, "partitions"));
  build({ payload: writePayload(join(folder, "payload")), output: card, layout });
  const work = join(folder, "work");
  mkdirSync(work);
  const before = readdirSync(folder);
  const command = [join(REPOSITORY, "image/bin.js"), "support", card, "--output", join(folder, "new.tar.gz")];
  const child = spawn(process.execPath, command, { env: { ...process.env, TMPDIR: work }, stdio: "pipe" });
  const said = text(child.stderr);
  const ended = once(child, "close");
  const copies = () => readdirSync(work).filter((name) => name.startsWith("gwcard-support-"));
  while (copies().length === 0) await setImmediate();
  child.kill("SIGINT");
  assert.deepEqual(await ended, [130, null]);
  assert.equal(await said, "gwcard: interrupted; nothing was changed\n");
  assert.deepEqual([copies(), readdirSync(folder)], [[], before]);
});

story("no secret of any settings survives, and nothing else is lost (K13)", () => {
  const secret = fc.string({ minLength: 4, maxLength: 30 });
  const settings = fc.record({ password: secret, userPassword: secret, port: fc.nat(), name: fc.string() });
  fc.assert(
    fc.property(settings, (value) => {
      const { text, secrets } = redactSettings(JSON.stringify(value));
      const read = JSON.parse(text) as Json;
      assert.deepEqual([read.password, read.userPassword, read.port], [REMOVED, REMOVED, value.port]);
      assert.deepEqual(secrets, [value.password, value.userPassword]);
      const clean = redactText(`before ${value.password} after`, secrets);
      assert.ok(!clean.replaceAll(REMOVED, "").includes(value.password));
    }),
  );
});
