/** gwcard check and gwcard rules: what an installer sees of the rules that app-config-rules.test.ts goes through. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MQTT_PATHS, OPCUA_PATHS, type SidePaths } from "../../app/config/paths.ts";
import { RULES } from "../../app/config/rules.ts";
import { type Certificate, Pki } from "../lab/pki.ts";
import { gwcard, REPOSITORY, story } from "./image-fixture.ts";

/** A folder like HW-IDS with the samples and what they name. */
async function makeSite(folder: string, root: string): Promise<void> {
  const pki = new Pki(join(folder, "pki"));
  const client = await pki.issue({ name: "client", use: "opcua", altNames: ["URI:urn:x"] });
  const put = (path: string, from: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    cpSync(from, join(root, path));
  };
  const fill = (paths: SidePaths, own: string, trusted: string, certificate: Certificate): void => {
    const { settingsDirectory, settingsName, certificates, privateKeys } = paths;
    put(`${settingsDirectory}/${settingsName}`, join(REPOSITORY, "app/config/samples", settingsName));
    for (const name of [own, trusted]) put(`${certificates}/${name}.crt`, certificate.certFile);
    put(`${privateKeys}/${own}.key`, certificate.keyFile);
  };
  fill(OPCUA_PATHS, "opc-ua-client", "opc-ua-server", client);
  fill(MQTT_PATHS, "mqtt-client", "mqtt-ca", client);
}

story("gwcard check: nothing to say about a good site, in its folder or in one around it", async (folder) => {
  const root = join(folder, "HW-IDS");
  await makeSite(folder, root);
  for (const named of [folder, root]) {
    const { status, stdout, stderr } = gwcard(["check", named]);
    assert.deepEqual([stderr, stdout, status], ["", `${named}: 0 errors, 0 warnings\n`, 0]);
  }
});

story("gwcard check: every fault with its rule, errors first, and exit code 1", async (folder) => {
  await makeSite(folder, folder);
  const settings = join(folder, MQTT_PATHS.settingsDirectory, MQTT_PATHS.settingsName);
  writeFileSync(settings, '{"id": 0, "name": "n", "keepAlive": 0}');
  const { status, stdout, stderr } = gwcard(["check", folder]);
  const lines = stdout.trimEnd().split("\n");
  const rules = lines.map((line) =>
    line.replace(/^(\w+): HW-IDS:\/app\/.*\. Cure: .* \[([a-z-]+)\]$/, "$1 $2"),
  );
  const missing = Array.from({ length: 4 }, () => "error setting-missing");
  assert.deepEqual(rules, [...missing, "warning keep-alive-zero"], stdout);
  assert.equal(
    stderr,
    `gwcard: ${folder}: 4 errors, 1 warning [CHECK_FAULTS]\n  → follow the cures above and check again; the gateway does not start with errors\n`,
  );
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
