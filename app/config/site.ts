import { bySeverity, examineConfiguration, readConfiguration } from "./check.ts";
import { ConfigFault } from "./fault.ts";
import { findLeftovers, usedOnIds } from "./leftovers.ts";
import { examineLogSettings, LOG_SETTINGS_FILE } from "./log-settings.ts";
import { readMqttFile } from "./mqtt-file.ts";
import { checkNetworks, examineNetwork, NETWORK_FILE, type NetworkPartition } from "./network-file.ts";
import { readOpcUaFile } from "./opcua-file.ts";
import { LOG_DIRECTORY, LOG_SETTINGS_NAME } from "./paths.ts";
import { type RawFile, readRawFile } from "./raw-files.ts";
import { fileSummary, logSummary } from "./summary.ts";

/** All that an operator prepares for a card, held against all rules at once; on a PC, where all of it is in reach. */

const MAX_FILE_BYTES = 64 * 1024;

/** Where the contents of each partition are; HW-IDS is always there. */
export interface SiteFolders {
  readonly ids: string;
  readonly networks: Readonly<Record<NetworkPartition, string | null>>;
  readonly log: string | null;
  /** How large HW-LOG is on the card. */
  readonly logBytes: number;
}

/** R154–R157, R164: the file is not needed; then there is no health log. */
function checkLog(raw: RawFile, logBytes: number): ConfigFault[] {
  if ("problem" in raw) {
    if (raw.absent) return [];
    return [new ConfigFault({ rule: "log-file", file: LOG_SETTINGS_FILE, values: { reason: raw.problem } })];
  }
  const { faults, warnings, settings } = examineLogSettings(raw.bytes.toString("utf8"));
  if (settings && settings.directoryBytes > logBytes)
    return [
      new ConfigFault({ rule: "log-card", file: LOG_SETTINGS_FILE, values: { most: logBytes } }),
      ...warnings,
    ];
  return [...faults, ...warnings];
}

/** R29–R32: each side's file by itself, then with its peer and the other side. */
function checkAllNetworks(
  folders: SiteFolders["networks"],
  hosts: Readonly<Record<NetworkPartition, string | null>>,
): { found: ConfigFault[]; summary: string[] } {
  const sides = (Object.keys(folders) as NetworkPartition[]).flatMap((partition) => {
    const folder = folders[partition];
    if (folder === null) return [];
    const found = findLeftovers(partition, folder, (path) => path === NETWORK_FILE);
    const raw = readRawFile(`${folder}${NETWORK_FILE}`, MAX_FILE_BYTES);
    const examined = examineNetwork(partition, raw);
    const summary = fileSummary("[NETWORK]", `${partition}:${NETWORK_FILE}`, raw);
    return [{ settings: examined.settings, found: [...examined.found, ...found], summary }];
  });
  const settings = sides.flatMap((side) => side.settings ?? []);
  return {
    found: [...sides.flatMap(({ found }) => found), ...checkNetworks(settings, hosts)],
    summary: sides.flatMap(({ summary }) => summary),
  };
}

/** Everything that is wrong or weak, faults first; and what the log will say of the settings at each start. */
export function examineSite(folders: SiteFolders): {
  readonly found: readonly ConfigFault[];
  readonly summary: readonly string[];
} {
  const raw = readConfiguration(folders.ids);
  const settings = { opcua: raw.opcua.settings, mqtt: raw.mqtt.settings };
  const [left, right] = [readOpcUaFile(settings.opcua), readMqttFile(settings.mqtt)];
  const hosts = {
    "HW-INW": left.file.isWhole("/url") ? left.host : null,
    "HW-ENW": right.file.isWhole("/serverUri") ? right.host : null,
  };
  const { found, summary } = examineConfiguration(raw);
  const networks = checkAllNetworks(folders.networks, hosts);
  const log =
    folders.log === null
      ? null
      : readRawFile(`${folders.log}${LOG_DIRECTORY}/${LOG_SETTINGS_NAME}`, MAX_FILE_BYTES);
  const all = [
    ...found,
    ...findLeftovers("HW-IDS", folders.ids, usedOnIds(settings)),
    ...networks.found,
    ...(log === null ? [] : checkLog(log, folders.logBytes)),
  ];
  return {
    found: bySeverity(all),
    summary: [...summary, ...networks.summary, ...(log === null ? [] : logSummary(log))],
  };
}
