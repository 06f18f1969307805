/** A site without any fault or weakness, and what can be changed about it: for the tests of the configuration's rules. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { checkConfiguration, type RawConfiguration } from "../../app/config/check.ts";
import type { ConfigFault } from "../../app/config/fault.ts";
import { type MqttSettings, readMqttSettings } from "../../app/config/mqtt.ts";
import { type OpcUaSettings, readOpcUaSettings } from "../../app/config/opcua.ts";
import { ABSENT, type RawFile } from "../../app/config/raw-files.ts";
import { type Certificate, Pki } from "../lab/pki.ts";
import { makeFolder } from "./app-folder.ts";

const { folder, remove } = makeFolder();
after(remove);
const pki = new Pki(join(folder, "pki"));
export const made = new Map<string, Certificate>();

const URI = ["URI:urn:test:gateway"];
export const certOf = (name: string): Buffer => readFileSync(made.get(name)?.certFile ?? assert.fail(name));
export const derOf = (name: string): Buffer => readFileSync(made.get(name)?.derFile ?? assert.fail(name));
export const keyOf = (name: string): Buffer => readFileSync(made.get(name)?.keyFile ?? assert.fail(name));
export const openssl = (...args: string[]): Buffer =>
  execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });

/** A revocation list of the site's authority whose successor is long due. */
export function oldRevocationList(): Buffer {
  const { certFile, keyFile } = made.get("ca") ?? assert.fail("no ca");
  writeFileSync(join(folder, "index.txt"), "");
  writeFileSync(join(folder, "crl.cnf"), "[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\ndefault_md=sha256\n");
  const period = ["-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200201000000Z"];
  return openssl("ca", "-gencrl", "-config", "crl.cnf", "-cert", certFile, "-keyfile", keyFile, ...period);
}

/** A self-signed certificate of the openssl command's own making: `-sha1`, `-subj`, `-addext`. */
function selfSigned(name: string, ...args: string[]): void {
  const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const derFile = join(folder, `${name}.der`);
  const key = ["-newkey", "rsa:2048", "-nodes", "-keyout", keyFile, "-out", certFile];
  execFileSync("openssl", ["req", "-x509", ...key, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  openssl("x509", "-in", certFile, "-outform", "DER", "-out", derFile);
  made.set(name, { name, certFile, keyFile, derFile });
}

before(async () => {
  const issue = async (options: Parameters<Pki["issue"]>[0]) => {
    made.set(options.name, await pki.issue(options));
  };
  await issue({ name: "ca", use: "ca" });
  await issue({ name: "server", use: "opcua", altNames: ["URI:urn:test:server"] });
  await issue({ name: "client", use: "opcua", altNames: URI });
  await issue({ name: "plain", use: "opcua" });
  await issue({ name: "old", use: "opcua", altNames: URI, validFromDays: -9, validToDays: -2 });
  await issue({ name: "early", use: "opcua", altNames: URI, validFromDays: 9 });
  await issue({ name: "short", use: "opcua", altNames: URI, key: "rsa:1024" });
  await issue({ name: "ec", use: "tls-client", key: "ec:P-256", altNames: URI });
  await issue({ name: "mqtt", use: "tls-client", issuer: made.get("ca") as Certificate });
  await issue({ name: "tls-server", use: "tls-server", altNames: URI });
  selfSigned("sha1", "-sha1", "-subj", "/O=o/CN=c", "-addext", "subjectAltName=URI:urn:x");
  selfSigned("nameless", "-subj", "/C=DE", "-addext", "subjectAltName=URI:urn:x");
});

export type Json = Record<string, unknown>;
export interface Site {
  opcua: Json & { security: Json; heartbeat: Json; nodes: Json[] };
  mqtt: Json & { security: Json; topics: Json[] };
  guide: unknown;
  certificates: Record<string, Buffer>;
  keys: Record<string, Buffer>;
}

const sample = (name: string): string =>
  readFileSync(new URL(`../../app/config/samples/${name}`, import.meta.url), "utf8");

const PASSWORDS = { opcua: "3-Lamps~weir%Ruhr", mqtt: "7-Crows~moor%Oder" };

/** The samples with passwords that nobody knows, and the files that they name: no rule is broken. */
export function goodSite(): Site {
  const settings = (name: string, password: string) => {
    const value = JSON.parse(sample(name));
    value.userCredentials.password = password;
    return value;
  };
  return {
    opcua: settings("OpcUaClientSettings-0.json", PASSWORDS.opcua),
    mqtt: settings("MqttPublisherSettings-0.json", PASSWORDS.mqtt),
    guide: undefined,
    certificates: {
      "opc-ua-client.crt": certOf("client"),
      "opc-ua-server.crt": derOf("server"),
      "mqtt-client.crt": certOf("mqtt"),
      "mqtt-ca.crt": certOf("ca"),
    },
    keys: { "opc-ua-client.key": keyOf("client"), "mqtt-client.key": keyOf("mqtt") },
  };
}

const text = (value: unknown): RawFile => ({ bytes: Buffer.from(JSON.stringify(value, null, 1)) });
const files = (all: Record<string, Buffer>): Map<string, RawFile> =>
  new Map(Object.entries(all).map(([name, bytes]) => [name, { bytes }]));

function rawOf(site: Site): RawConfiguration {
  const side = (settings: unknown) => ({
    settings: text(settings),
    certificates: files(site.certificates),
    privateKeys: files(site.keys),
  });
  return {
    opcua: side(site.opcua),
    mqtt: side(site.mqtt),
    guide: site.guide === undefined ? ABSENT : text(site.guide),
  };
}

/** The configuration with one thing changed; what is returned replaces the raw files. */
export function check(edit: (site: Site) => unknown): ConfigFault[] {
  const site = goodSite();
  edit(site);
  return checkConfiguration(rawOf(site));
}

/** What the cells make of the configuration with one thing changed; it must be without faults. */
export function settingsOf(edit: (site: Site) => unknown): { opcua: OpcUaSettings; mqtt: MqttSettings } {
  const site = goodSite();
  edit(site);
  const raw = rawOf(site);
  return { opcua: readOpcUaSettings(raw.opcua), mqtt: readMqttSettings(raw.mqtt) };
}

/** Settings files that are no JSON. */
export function checkText(bytes: RawFile): ConfigFault[] {
  const raw = rawOf(goodSite());
  return checkConfiguration({ ...raw, opcua: { ...raw.opcua, settings: bytes } });
}

export const GUIDE = { id: 0, receivingHubId: 0, sendingHubId: 0 };
export const road = (...pairs: readonly (readonly [number, number])[]) => ({
  ...GUIDE,
  roadmap: pairs.map(([sourcePortId, targetPortId]) => ({ sourcePortId, targetPortId })),
});
export const client = (site: Site, name: string): void => {
  site.certificates["opc-ua-client.crt"] = certOf(name);
  site.keys["opc-ua-client.key"] = keyOf(name);
};
export const node = (site: Site, index: number, change: Json): void =>
  void Object.assign(site.opcua.nodes[index] ?? {}, change);
export const topic = (site: Site, index: number, change: Json): void =>
  void Object.assign(site.mqtt.topics[index] ?? {}, change);
