/** gwcard check and gwcard rules: what an installer sees of the rules that app-config-rules.test.ts goes through. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MQTT_PATHS, OPCUA_PATHS, type SidePaths } from "../../app/config/paths.ts";
import { RULES } from "../../app/config/rules.ts";
import { type Certificate, Pki } from "../lab/pki.ts";
import { gwcard, REPOSITORY, story } from "./image-fixture.ts";

const PASSWORDS = ["3-Lamps~weir%Ruhr", "7-Crows~moor%Oder"];

/** A folder like HW-IDS with the samples, passwords of its own, and what they name. */
async function makeSite(folder: string, root: string): Promise<void> {
  const pki = new Pki(join(folder, "pki"));
  const client = await pki.issue({ name: "client", use: "opcua", altNames: ["URI:urn:x"] });
  const put = (path: string, from: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    cpSync(from, join(root, path));
  };
  const fill = (paths: SidePaths, own: string, trusted: string, certificate: Certificate): void => {
    const { settingsDirectory, settingsName, certificates, privateKeys } = paths;
    const sample = readFileSync(join(REPOSITORY, "app/config/samples", settingsName), "utf8");
    const password = PASSWORDS[paths === OPCUA_PATHS ? 0 : 1];
    const path = join(root, settingsDirectory, settingsName);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, sample.replace(/"password": ".*"/, `"password": "${password}"`));
    for (const name of [own, trusted]) put(`${certificates}/${name}.crt`, certificate.certFile);
    put(`${privateKeys}/${own}.key`, certificate.keyFile);
  };
  fill(OPCUA_PATHS, "opc-ua-client", "opc-ua-server", client);
  fill(MQTT_PATHS, "mqtt-client", "mqtt-ca", client);
}

/** Writes files of a site, by their paths in it. */
function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const SUMMARY = /^(?:OPC UA Client|MQTT Publisher): /;

story("gwcard check: nothing to say about a good site, in its folder or in one around it", async (folder) => {
  const root = join(folder, "HW-IDS");
  await makeSite(folder, root);
  for (const named of [folder, root]) {
    const { status, stdout, stderr } = gwcard(["check", "--strict", named]);
    const lines = stdout.trimEnd().split("\n");
    assert.deepEqual(
      lines.filter((line) => !SUMMARY.test(line)),
      [`${named}: 0 errors, 0 warnings`],
    );
    assert.deepEqual([stderr, status], ["", 0]);
  }
});

story(
  "gwcard check: what the log will say at each start, as sha256sum and openssl say (K48, K55)",
  async (folder) => {
    await makeSite(folder, join(folder, "HW-IDS"));
    const { stdout } = gwcard(["check", folder]);
    const lines = stdout.split("\n").filter((line) => line.startsWith("MQTT Publisher: "));
    const { settingsDirectory, settingsName, certificates, privateKeys } = MQTT_PATHS;
    const shell = (command: string): string => execFileSync("sh", ["-ec", command], { encoding: "utf8" });
    const at = (path: string): string => `${folder}/HW-IDS${path}`;
    const sum = (file: string): string => shell(`sha256sum <'${file}'`).slice(0, 64);
    const key = shell(
      `openssl pkey -in '${at(privateKeys)}/mqtt-client.key' -pubout -outform DER | sha256sum`,
    ).slice(0, 64);
    const list = [
      [sum(`${at(settingsDirectory)}/${settingsName}`), settingsName],
      [sum(`${at(certificates)}/mqtt-client.crt`), "mqtt-client.crt"],
      [sum(`${at(certificates)}/mqtt-ca.crt`), "mqtt-ca.crt"],
      [key, "public part of mqtt-client.key"],
    ];
    write(folder, { list: list.map(([digest, name]) => `${digest}  ${name}\n`).join("") });
    assert.deepEqual(lines, [
      ...list.map(([digest, name]) => `MQTT Publisher: SHA-256 of ${name}: ${digest}`),
      `MQTT Publisher: SHA-256 of this list of 4: ${sum(join(folder, "list"))}`,
      'MQTT Publisher: settings: ssl://192.168.188.8:8883; client identifier "KISG100"; user name "KISG100"; trusts "mqtt-ca.crt"; quality of service 1; keep alive 800 s; last will to "LastWill"; 3 topics',
    ]);
    for (const password of PASSWORDS) assert.ok(!stdout.includes(password));
  },
);

story("gwcard check: every fault with its rule, errors first, and exit code 1", async (folder) => {
  const root = join(folder, "site");
  await makeSite(folder, root);
  const settings = join(root, MQTT_PATHS.settingsDirectory, MQTT_PATHS.settingsName);
  writeFileSync(settings, '{"id": 0, "name": "n", "keepAlive": 0}');
  const { status, stdout, stderr } = gwcard(["check", root]);
  const lines = stdout.trimEnd().split("\n");
  const rules = lines
    .filter((line) => !SUMMARY.test(line))
    .map((line) => line.replace(/^(\w+): HW-IDS:\/app\/.*\. Cure: .* \[([a-z-]+)\]$/, "$1 $2"));
  const missing = Array.from({ length: 4 }, () => "error setting-missing");
  assert.deepEqual(rules, [...missing, "warning keep-alive-zero"], stdout);
  assert.equal(
    stderr,
    `gwcard: ${root}: 4 errors, 1 warning [CHECK_FAULTS]\n  → follow the cures above and check again; what has errors does not start on the gateway\n`,
  );
  assert.equal(status, 1);
});

story(
  "gwcard check: the whole site, all at once, for scripts too (R29–R32, R154–R157, K20, K21, K48)",
  async (folder) => {
    const root = join(folder, "site");
    await makeSite(folder, join(root, "HW-IDS"));
    const { certificates, privateKeys, settingsDirectory } = OPCUA_PATHS;
    write(root, {
      [`HW-IDS${certificates}/old-server.crt`]: "x",
      [`HW-IDS${certificates}/.opc-ua-server.crt.swp`]: "x",
      [`HW-IDS${privateKeys}/opc-ua-client.key.bak`]: "x",
      [`HW-IDS${settingsDirectory}/OpcUaClientSettings-0.json~`]: "x",
      "HW-IDS/README.txt": "x",
      "HW-IDS/.git/config": "x",
      "HW-INW/etc/dhcpcd.conf":
        "# internal\nstatic ip_address=192.168.177.100/24\nstatic routers=192.168.1.1\ninterface X1P1\nscript /x\n",
      "HW-ENW/etc/dhcpcd.conf": "static ip_address=192.168.188.100/16\nstatic routers=192.168.188.256\n",
      "HW-ENW/notes": "x",
      "HW-LOG/logs/.log": "LogFileSizeLimit=0\nDirectorySizeLimit=10\n",
      "HW-LOG/logs/anything": "x",
    });
    const { status, stdout, stderr } = gwcard(["check", "--json", root]);
    const { faults, summary } = JSON.parse(stdout) as {
      faults: { severity: string; rule: string; file: string; line: number | null; cure: string }[];
      summary: string[];
    };
    assert.deepEqual(
      faults.map(({ severity, rule, file, line }) => `${severity} ${rule} ${file} ${line ?? "-"}`),
      [
        "error network-interface HW-INW:/etc/dhcpcd.conf 4",
        "error network-address HW-ENW:/etc/dhcpcd.conf 2",
        "error log-limit HW-LOG:/logs/.log 1",
        "warning file-unused HW-IDS:/.git -",
        "warning file-unused HW-IDS:/README.txt -",
        `warning file-backup HW-IDS:${settingsDirectory}/OpcUaClientSettings-0.json~ -`,
        `warning file-backup HW-IDS:${certificates}/.opc-ua-server.crt.swp -`,
        `warning file-unused HW-IDS:${certificates}/old-server.crt -`,
        `warning file-backup HW-IDS:${privateKeys}/opc-ua-client.key.bak -`,
        "warning network-router-outside HW-INW:/etc/dhcpcd.conf 3",
        "warning file-unused HW-ENW:/notes -",
        "warning network-overlap HW-ENW:/etc/dhcpcd.conf -",
      ],
    );
    assert.ok(faults.every(({ cure }) => cure.length > 0));
    assert.equal(summary.length, 14);
    const sha256 = (path: string): string =>
      createHash("sha256")
        .update(readFileSync(join(root, path)))
        .digest("hex");
    assert.deepEqual(
      summary.slice(12),
      ["HW-INW", "HW-ENW"].map(
        (partition) =>
          `[NETWORK] SHA-256 of ${partition}:/etc/dhcpcd.conf: ${sha256(`${partition}/etc/dhcpcd.conf`)}`,
      ),
    );
    write(root, { "HW-LOG/logs/.log": "LogFileSizeLimit=10\nDirectorySizeLimit=20\n" });
    const { stdout: again } = gwcard(["check", root]);
    assert.deepEqual(again.split("\n").slice(-3, -1), [
      `[LOG] SHA-256 of HW-LOG:/logs/.log: ${sha256("HW-LOG/logs/.log")}`,
      "[LOG] settings: up to 10 bytes in a file, up to 20 bytes in all files",
    ]);
    rmSync(join(root, "HW-LOG/logs/.log"));
    assert.match(
      gwcard(["check", root]).stdout,
      /^\[LOG\] there is no HW-LOG:\/logs\/\.log: no health log is/m,
    );
    assert.match(stderr, /^gwcard: .*: 3 errors, 9 warnings \[CHECK_FAULTS\]/);
    assert.equal(status, 1);
  },
);

story(
  "gwcard check --json: a file that a setting names is told with the setting's place (R23)",
  async (folder) => {
    await makeSite(folder, join(folder, "HW-IDS"));
    rmSync(join(folder, "HW-IDS", MQTT_PATHS.privateKeys, "mqtt-client.key"));
    const { faults } = JSON.parse(gwcard(["check", "--json", folder]).stdout) as { faults: unknown[] };
    assert.deepEqual(faults, [
      {
        severity: "error",
        rule: "pki-file-unreadable",
        file: `HW-IDS:${MQTT_PATHS.privateKeys}/mqtt-client.key`,
        line: null,
        column: null,
        pointer: "/security/clientPkiData/privateKey",
        namedBy: `HW-IDS:${MQTT_PATHS.settingsDirectory}/${MQTT_PATHS.settingsName}`,
        problem:
          "the file does not exist (named by MqttPublisherSettings-0.json /security/clientPkiData/privateKey)",
        cure: "put the file there or correct the name in the setting",
      },
    ]);
  },
);

story("gwcard check --strict: warnings fail, too (K24, K33)", async (folder) => {
  await makeSite(folder, join(folder, "HW-IDS"));
  write(join(folder, "HW-IDS"), { "notes.txt": "x" });
  assert.equal(gwcard(["check", folder]).status, 0);
  const { status, stderr } = gwcard(["check", "--strict", folder]);
  assert.match(stderr, /: 0 errors, 1 warning \[CHECK_FAULTS\]\n {2}→ .*or check without --strict\n$/);
  assert.equal(status, 1);
});

story("gwcard check: a folder that is no HW-IDS", (folder) => {
  const { status, stderr } = gwcard(["check", folder]);
  assert.match(
    stderr,
    /^gwcard: .* does not look like the partition HW-IDS: .* \[CHECK_FOLDER\]\n {2}→ name the folder/,
  );
  assert.equal(status, 1);
});

story("gwcard rules: all of them", () => {
  const { status, stdout, stderr } = gwcard(["rules"]);
  assert.deepEqual([status, stderr], [0, ""]);
  const listed = [
    ...stdout.matchAll(/^([a-z0-9-]+) \((?:error|warning); [RKL0-9, ]+\)\n {2}\S.*\n {2}Cure: \S/gm),
  ];
  assert.deepEqual(
    listed.map(([, id]) => id),
    Object.keys(RULES),
  );
});
