/**
 * Trusted certificates: what `gwcard check` says of them is what the connection will make of them. The judges are the OPC
 * UA cell's own check and the openssl command at the security level of the card's TLS.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { policyObjection } from "../../app/cells/opcua/connection/compliance.ts";
import { certificateFacts } from "../../app/config/certificate-facts.ts";
import { demandOf, objection } from "../../app/config/certificate-rules.ts";
import { type Certificate, type CertificateOptions, Pki } from "../lab/pki.ts";
import { check } from "./app-config-site.ts";
import { makeFolder } from "./app-folder.ts";

const { folder, remove } = makeFolder();
after(remove);
const pki = new Pki(join(folder, "pki"));
const made = new Map<string, Certificate>();
const certificate = (name: string): Certificate => made.get(name) ?? assert.fail(name);
const pem = (...names: string[]): Buffer =>
  Buffer.concat(names.map((name) => readFileSync(certificate(name).certFile)));

before(async () => {
  const issue = async (options: Omit<CertificateOptions, "issuer">, issuer?: string): Promise<void> => {
    made.set(
      options.name,
      await pki.issue({ ...options, ...(issuer === undefined ? {} : { issuer: certificate(issuer) }) }),
    );
  };
  await issue({ name: "good", use: "opcua" });
  await issue({ name: "sha1", use: "opcua", digest: "sha1" });
  await issue({ name: "short", use: "opcua", key: "rsa:1024" });
  await issue({ name: "short-sha1", use: "opcua", key: "rsa:1024", digest: "sha1" });
  await issue({ name: "curve", use: "opcua", key: "ec:P-256" });

  await issue({ name: "root", use: "ca" });
  await issue({ name: "root-curve", use: "ca", key: "ec:P-256" });
  await issue({ name: "root-sha1", use: "ca", digest: "sha1" });
  await issue({ name: "root-short", use: "ca", key: "rsa:1024" });
  await issue({ name: "between", use: "ca" }, "root");
  await issue({ name: "between-sha1", use: "ca", digest: "sha1" }, "root");
  await issue({ name: "between-short", use: "ca", key: "rsa:1024" }, "root");
  for (const issuer of [...made.keys()].filter((name) => /^(?:root|between)/.test(name)))
    await issue({ name: `broker-${issuer}`, use: "tls-server" }, issuer);
});

const POLICIES = [
  "Basic128Rsa15",
  "Basic256",
  "Basic256Sha256",
  "Aes128_Sha256_RsaOaep",
  "Aes256_Sha256_RsaPss",
];
/** They were made for what is weak today. */
const OLD_POLICIES: readonly string[] = POLICIES.slice(0, 2);
const SERVERS = ["good", "sha1", "short", "short-sha1", "curve"];

test("the settings' rules and the OPC UA connection judge certificates alike, by every policy (R65, R131, K38)", () => {
  for (const policy of POLICIES) {
    const refused = SERVERS.filter((name) => {
      const der = readFileSync(certificate(name).derFile);
      const found = objection(certificateFacts(der), demandOf(policy));
      assert.equal(found !== null, policyObjection(der, policy) !== null, `${policy} ${name}: ${found}`);
      return found !== null;
    });
    assert.deepEqual(refused, OLD_POLICIES.includes(policy) ? ["curve"] : SERVERS.slice(1));
  }
});

/** Severities of what is said about the trusted certificates. */
function saidOf(trustList: readonly string[], policy: string, mode = "SignAndEncrypt"): string[] {
  return check((site) => {
    Object.assign(site.opcua.security, { trustList, policy, mode });
    for (const name of trustList) site.certificates[name] = pem(name);
  })
    .filter(({ rule }) => /^(?:trust|key-size$|certificate-hash)/.test(rule))
    .map(({ severity, rule }) => `${severity} ${rule}`);
}

test("a server that is certain to be refused is an error, one of several a warning (R64, R65)", () => {
  const unfit = "warning trusted-unfit";
  const refused = "error trust-none-fit";
  assert.deepEqual(saidOf(["good"], "Basic256Sha256"), []);
  assert.deepEqual(saidOf(["sha1"], "Basic256Sha256"), [refused]);
  assert.deepEqual(saidOf(["curve", "short"], "Basic256Sha256"), [refused, refused]);
  assert.deepEqual(saidOf(["good", "short"], "Basic256Sha256"), [unfit]);
  assert.deepEqual(saidOf(["short-sha1"], "Basic256"), ["warning certificate-hash-old", "warning key-size"]);
  // With Any the server decides, down to no security at all where the mode allows that.
  assert.deepEqual(saidOf(["curve"], "Any"), [refused]);
  assert.deepEqual(saidOf(["curve"], "Any", "Any"), [unfit]);
  // What an authority has issued is another certificate.
  assert.deepEqual(saidOf(["root-short"], "Basic256Sha256"), []);
});

/** Whether a broker below one of these is connected, as far as its own chain goes. */
function connects(store: readonly string[], broker: string): boolean {
  const anchors = join(folder, "store.pem");
  writeFileSync(anchors, pem(...store));
  const level = ["-auth_level", "2", "-purpose", "sslserver"];
  const isolated = ["-no-CApath", "-no-CAstore", "-CAfile", anchors];
  const chain = /^broker-between/.test(broker) ? ["-untrusted", certificate(broker.slice(7)).certFile] : [];
  const args = ["verify", ...level, ...isolated, ...chain, certificate(broker).certFile];
  return spawnSync("openssl", args).status === 0;
}

const STORES = [
  ["root"],
  ["root-curve"],
  ["root-sha1"],
  ["root-short"],
  ["between"],
  ["between", "root"],
  ["between-sha1", "root"],
  ["between-sha1"],
  ["between-short", "root"],
  ["root-short", "root-sha1"],
] as const;

test("a trustStore below which no broker is connected is an error, an authority of no use in it a warning (R126, R127, R129)", () => {
  for (const store of STORES) {
    const found = check((site) => (site.certificates["mqtt-ca.crt"] = pem(...store)));
    const brokers = [...made.keys()].filter((name) => name.startsWith("broker-"));
    const possible = brokers.filter((broker) => connects(store, broker));
    const refused = found.some(({ rule }) => rule === "authority-none");
    assert.equal(refused, possible.length === 0, `${store}: ${found.join()} / ${possible}`);
    const useless = store.filter((name) => !possible.includes(`broker-${name}`));
    const unfit = found.filter(({ rule }) => rule === "authority-unfit").length;
    // One below an authority that is not there is well in itself.
    assert.equal(unfit, useless.filter((name) => name !== "between").length, `${store}: ${found.join()}`);
  }
});

test("the client's own chain for the broker: every certificate in it (R126, R129, R130)", () => {
  const said = (...above: string[]): string[] =>
    check((site) => {
      const own = site.certificates["mqtt-client.crt"] ?? assert.fail();
      site.certificates["mqtt-client.crt"] = Buffer.concat([own, pem(...above)]);
    }).map(({ rule }) => rule);
  assert.deepEqual(said("between", "root"), []);
  assert.deepEqual(said("between", "root-sha1"), []);
  assert.deepEqual(said("between-sha1"), ["certificate-hash"]);
  assert.deepEqual(said("between-short"), ["key-short"]);
});
