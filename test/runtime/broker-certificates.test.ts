/**
 * The MQTT cell's TLS, from the files on HW-IDS to the line in the log: what it offers, whom it refuses and what it says
 * then. The real publisher on the runtime and on Node.js, against openssl s_server and mosquitto.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { builds } from "./agree.ts";
import { firstFlight, readClientHello } from "./client-hello.ts";
import { type Engine, type Outcome, runOnDevice, runOnNode } from "./harness.ts";
import { startMosquitto } from "./mosquitto.ts";
import { type Mood, makeMqttMood } from "./mqtt-site.ts";
import { makePki } from "./pki.ts";
import { startServer } from "./tls-servers.ts";

const pki = makePki();
const site = mkdtempSync(join(tmpdir(), "gwcard-broker-certificates-"));
let failed = false;
after(() => {
  if (failed) {
    console.error(`kept: ${pki} ${site}`);
    return;
  }
  for (const folder of [pki, site]) rmSync(folder, { recursive: true });
});

function check(title: string, body: () => Promise<void>): void {
  test(title, async () => {
    failed = true;
    await body();
    failed = false;
  });
}

const args = (certificate: string, key: string, ...more: readonly string[]) => [
  ...["-cert", `${certificate}.pem`, "-key", `${key}.key`],
  ...more,
];
/** Lets s_server use what it would refuse itself. */
const ANYTHING = ["-cipher", "DEFAULT@SECLEVEL=0"];

interface Refusal extends Omit<Mood, "port"> {
  readonly server: readonly string[];
  /** What the log says, and the code behind it. */
  readonly says: string;
  readonly code: string;
  /** Node.js lets it pass. */
  readonly deviceOnly?: boolean;
}

const AUTHORITY =
  "the broker's certificate was not issued by an authority in trustStore. Cure: put that authority's certificate on HW-IDS and name it in trustStore";
const ONLY_OLD = "the broker offers neither TLS 1.2 nor TLS 1.3. Cure: update the broker";

const REFUSALS: Readonly<Record<string, Refusal>> = {
  expired: {
    server: args("server-expired", "server"),
    says: "the broker's certificate has expired. Cure: renew it; check the gateway's clock",
    code: "CERT_HAS_EXPIRED",
  },
  future: {
    server: args("server-future", "server"),
    says: "the broker's certificate is not valid yet. Cure: set the gateway's clock",
    code: "CERT_NOT_YET_VALID",
  },
  "wrong-ca": {
    server: args("server-wrong-ca", "server"),
    says: AUTHORITY,
    code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  },
  "self-signed": {
    server: args("server-self-signed", "server"),
    says: AUTHORITY,
    code: "DEPTH_ZERO_SELF_SIGNED_CERT",
  },
  "wrong-name": {
    server: args("server-wrong-host", "server"),
    says: "the broker's certificate was made for another host name or address. Cure: write that one in serverUri, or make a certificate for this one",
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
  },
  revoked: {
    server: args("server-revoked", "server"),
    lists: ["ca.crl"],
    says: "the broker's certificate is revoked by a list on HW-IDS. Cure: give the broker a new one",
    code: "CERT_REVOKED",
  },
  "no-list": {
    server: args("server-wrong-ca", "server"),
    trustStore: ["ca.pem", "other-ca.pem"],
    lists: ["ca.crl"],
    says: "HW-IDS has revocation lists, but none of an authority that the broker's certificate goes back to. Cure: put a .crl of each of them beside trustStore's files, or remove the lists",
    code: "UNABLE_TO_GET_CRL",
  },
  "stale-list": {
    server: args("server", "server"),
    lists: ["ca-stale.crl"],
    says: "the revocation list on HW-IDS is out of date. Cure: put the authority's current one there; check the gateway's clock",
    code: "CRL_HAS_EXPIRED",
  },
  "sha-1": {
    server: args("server-sha1", "server", ...ANYTHING),
    says: "the broker's certificate, or one that it goes back to, has a SHA-1 or older signature. Cure: make one that is signed with SHA-256 or better",
    code: "CA_MD_TOO_WEAK",
  },
  "short-key": {
    server: args("server-weak", "weak", ...ANYTHING),
    says: "the key of the broker's certificate, or of one that it goes back to, is too short. Cure: make one with RSA 2048 bits or more, or with an elliptic curve",
    code: "EE_KEY_TOO_SMALL",
    deviceOnly: true,
  },
  "tls-1.1": { server: args("server", "server", "-tls1_1", ...ANYTHING), says: ONLY_OLD, code: "ERR_SSL_" },
  "tls-1.0": { server: args("server", "server", "-tls1", ...ANYTHING), says: ONLY_OLD, code: "ERR_SSL_" },
};

function linesOf({ stdout, stderr, end }: Outcome): string[] {
  assert.equal(end, 0, stderr);
  return stdout.trim().split("\n");
}

/** What the publisher says first about each mood, on Node.js and on every build of the runtime. */
async function everywhere(
  moods: readonly string[],
  onNode: readonly string[] = moods,
): Promise<{ engine: Engine | null; where: string; moods: readonly string[]; lines: string[] }[]> {
  const outcome = await runOnNode("mqtt-refusals", [site, ...onNode]);
  const results = [
    { engine: null as Engine | null, where: "Node.js", moods: onNode, lines: linesOf(outcome) },
  ];
  for (const engine of await builds()) {
    const lines = linesOf(await runOnDevice(engine, "mqtt-refusals", [site, ...moods]));
    results.push({ engine, where: engine.name, moods, lines });
  }
  return results;
}

check(
  "each thing wrong with a broker's certificate has its own line in the log, with its cure (R123, R127, R129, R133, R135, L17, L25)",
  async () => {
    const servers = await Promise.all(
      Object.entries(REFUSALS).map(async ([name, refusal]) => {
        const { port, process } = await startServer(pki, refusal.server);
        makeMqttMood(site, pki, name, { ...refusal, port });
        return process;
      }),
    );
    try {
      const names = Object.keys(REFUSALS);
      const onNode = names.filter((name) => !REFUSALS[name]?.deviceOnly);
      for (const { engine, where, moods, lines } of await everywhere(names, onNode)) {
        assert.equal(lines.length, moods.length, where);
        for (const [i, name] of moods.entries()) {
          const { says, code } = REFUSALS[name] as Refusal;
          const line = lines[i] ?? "";
          const front = `${name}: MQTT Publisher can't connect to localhost: ${says} (`;
          assert.ok(line.startsWith(front), `${where}\n${line}\n${front}`);
          /* Node.js has no name for some of OpenSSL's reasons; on the device each has one. */
          if (engine) assert.ok(line.slice(front.length).startsWith(code), `${where}\n${line}\n${code}`);
        }
      }
    } finally {
      for (const server of servers) server.kill();
    }
    const texts = Object.values(REFUSALS).map(({ says }) => says);
    assert.equal(
      new Set(texts).size,
      texts.length - 2,
      "two for an unknown authority, two for old TLS, else one each",
    );
  },
);

check(
  "a good broker is connected, by name and by address, with revocation lists beside (R34, R39, R90, R127, L25)",
  async () => {
    const broker = await startMosquitto(pki);
    try {
      makeMqttMood(site, pki, "by-name", { port: broker.port });
      makeMqttMood(site, pki, "by-address", { port: broker.port, host: "127.0.0.1", lists: ["ca.crl"] });
      makeMqttMood(site, pki, "two-lists", { port: broker.port, lists: ["ca.crl", "other-ca.crl"] });
      for (const { where, lines } of await everywhere(["by-name", "by-address", "two-lists"])) {
        assert.deepEqual(
          lines,
          [
            "by-name: MQTT Publisher established connection to localhost",
            "by-address: MQTT Publisher established connection to 127.0.0.1",
            "two-lists: MQTT Publisher established connection to localhost",
          ],
          where,
        );
      }
    } finally {
      broker.process.kill();
    }
  },
);

/** R124 in the guide's order, as they travel. */
const SUITES_13 = ["0x1303", "0x1302", "0x1301", "0x1304"];
const SUITES_12 = ["0xc02c", "0xc02b", "0xcca8", "0xc030", "0xc02f", "0xccaa", "0x009f"];
/** R126 in the guide's order. */
const SIGNATURES = "0603,0503,0403,0807,0808,080b,0806,080a,0805,0809,0804,0501,0601,0401"
  .split(",")
  .map((code) => `0x${code}`);

check(
  "the publisher's ClientHello as tshark reads it: the guide's versions, suites and signatures (R123–R126)",
  async () => {
    const runs: [string, (mood: string) => Promise<Outcome>][] = [
      ["Node.js", (mood) => runOnNode("mqtt-refusals", [site, mood])],
      ...(await builds()).map((engine): [string, (mood: string) => Promise<Outcome>] => [
        engine.name,
        (mood) => runOnDevice(engine, "mqtt-refusals", [site, mood]),
      ]),
    ];
    for (const [name, run] of runs) {
      const bytes = await firstFlight((port) => {
        makeMqttMood(site, pki, "hello", { port });
        return run("hello");
      });
      const hello = readClientHello(bytes, site);
      assert.deepEqual(hello.versions, ["0x0304", "0x0303"], name);
      assert.deepEqual(hello.suites, [...SUITES_13, ...SUITES_12], name);
      assert.deepEqual(hello.signatures, SIGNATURES, name);
      assert.equal(hello.serverName, "localhost", name);
    }
  },
);

check(
  "a broker that has every suite there is but the guide's is refused, with either kind of key (R125)",
  async () => {
    const guide = [
      ...["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"],
      ...["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256", "DHE-RSA-CHACHA20-POLY1305"],
      "DHE-RSA-AES256-GCM-SHA384",
    ];
    const others = [
      "-cipher",
      `ALL:COMPLEMENTOFALL:${guide.map((suite) => `!${suite}`).join(":")}:@SECLEVEL=0`,
    ];
    const moods: Readonly<Record<string, readonly string[]>> = {
      "rsa-12": args("server", "server", "-tls1_2", ...others),
      "ecdsa-12": args("server-ec", "ec", "-tls1_2", ...others),
      "ccm-8": args("server", "server", "-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256"),
    };
    const servers = await Promise.all(
      Object.entries(moods).map(async ([name, server]) => {
        const { port, process } = await startServer(pki, server);
        makeMqttMood(site, pki, name, { port });
        return process;
      }),
    );
    try {
      for (const { where, lines } of await everywhere(Object.keys(moods))) {
        for (const [i, name] of Object.keys(moods).entries()) {
          const refusal = `${name}: MQTT Publisher can't connect to localhost: the broker offers no permitted cipher suite or signature.`;
          assert.ok(lines[i]?.startsWith(refusal), `${where}: ${lines[i]}`);
        }
      }
    } finally {
      for (const server of servers) server.kill();
    }
  },
);
