/** HW-IDS folders for the MQTT side, with the certificates of pki.ts. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MQTT_PATHS } from "../../app/config/paths.ts";

export interface Mood {
  readonly port: number;
  readonly host?: string;
  /** Files of the PKI: authorities, revocation lists. */
  readonly trustStore?: readonly string[];
  readonly lists?: readonly string[];
}

/** Makes `folder`/`name` look like HW-IDS. */
export function makeMqttMood(folder: string, pki: string, name: string, mood: Mood): void {
  const { port, host = "localhost", trustStore = ["ca.pem"], lists = [] } = mood;
  const root = join(folder, name);
  const { settingsDirectory, settingsName, certificates, privateKeys } = MQTT_PATHS;
  for (const directory of [settingsDirectory, certificates, privateKeys])
    mkdirSync(join(root, directory), { recursive: true });
  const settings = {
    id: 0,
    name,
    serverUri: `ssl://${host}:${port}`,
    security: { clientPkiData: { certificate: "rsa.pem", privateKey: "rsa.key" }, trustStore },
    userCredentials: null,
    topics: [{ id: 1, name: "a", topicName: "a" }],
  };
  writeFileSync(join(root, settingsDirectory, settingsName), JSON.stringify(settings));
  for (const file of ["rsa.pem", ...trustStore, ...lists])
    cpSync(join(pki, file), join(root, certificates, file));
  cpSync(join(pki, "rsa.key"), join(root, privateKeys, "rsa.key"));
}
