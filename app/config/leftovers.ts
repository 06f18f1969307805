import { type Dirent, readdirSync } from "node:fs";
import { ConfigFault } from "./fault.ts";
import { readMqttFile } from "./mqtt-file.ts";
import { readOpcUaFile } from "./opcua-file.ts";
import { GUIDE_PATH, MQTT_PATHS, OPCUA_PATHS, type SidePaths } from "./paths.ts";
import type { RawFile } from "./raw-files.ts";

/** What lies on a partition although the gateway does not use it (K20, K21). */

/** More entries than this are not looked at: it is not a partition of ours then. */
const MOST_ENTRIES = 10_000;
/** What editors, people and file managers leave behind. */
const BACKUP =
  /~$|^#.*#$|^\.#|^\.~lock\.|\.(?:bak|bkp|backup|old|orig|rej|save|sav|swp|swo|swx|tmp|temp|copy)\d*$| \(?copy\)?|^Copy of |^Kopie von |\.\d{8,14}$/i;
const REVOCATION_LIST = /\.crl$/i;
/** Made by mke2fs in each file system. */
const SYSTEM = "lost+found";

/** Which of a partition's files are used; null: not known, because the settings that say so are faulty. */
type IsUsed = (path: string) => boolean | null;

/** What is in a folder; nothing when it may not be read, which is told of each file in it that is needed. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM" || code === "EIO") return [];
    throw error;
  }
}

/** Every file below a folder as `/path`; of a hidden folder only its name. */
function filesBelow(folder: string, path = "", found: string[] = []): string[] {
  for (const entry of entriesOf(`${folder}${path}`)) {
    if (found.length >= MOST_ENTRIES) break;
    const inside = `${path}/${entry.name}`;
    if (entry.isDirectory() && entry.name === SYSTEM && path === "") continue;
    if (entry.isDirectory() && !entry.name.startsWith(".")) filesBelow(folder, inside, found);
    else found.push(inside);
  }
  return found;
}

/** A fault for each file of a partition's folder that is not used. */
export function findLeftovers(partition: string, folder: string, isUsed: IsUsed): ConfigFault[] {
  return filesBelow(folder)
    .sort()
    .flatMap((path) => {
      const used = isUsed(path);
      if (used === true) return [];
      const name = path.slice(path.lastIndexOf("/") + 1);
      const file = `${partition}:${path}`;
      if (BACKUP.test(name)) return [new ConfigFault({ rule: "file-backup", file })];
      return used === null ? [] : [new ConfigFault({ rule: "file-unused", file })];
    });
}

/** Which files of HW-IDS are used, by what the two settings files name. */
export function usedOnIds(raw: { readonly opcua: RawFile; readonly mqtt: RawFile }): IsUsed {
  const left = readOpcUaFile(raw.opcua);
  const right = readMqttFile(raw.mqtt);
  const used = new Set(
    [OPCUA_PATHS, MQTT_PATHS, GUIDE_PATH].map((at) => `${at.settingsDirectory}/${at.settingsName}`),
  );
  const security = left.value.security ?? {};
  const trustList = security.trustList === "AllowAll" ? [] : (security.trustList ?? []);
  const sides = [
    { paths: OPCUA_PATHS, own: security.clientPkiData, trusted: trustList, file: left.file },
    {
      paths: MQTT_PATHS,
      own: right.value.security?.clientPkiData,
      trusted: right.value.security?.trustStore ?? [],
      file: right.file,
    },
  ];
  for (const { paths, own, trusted } of sides) {
    for (const name of [own?.certificate, ...trusted])
      if (name !== undefined) used.add(`${paths.certificates}/${name}`);
    if (own?.privateKey !== undefined) used.add(`${paths.privateKeys}/${own.privateKey}`);
  }
  const isIn = (path: string, directory: string): boolean => path.startsWith(`${directory}/`);
  return (path) => {
    if (used.has(path)) return true;
    const inPki = ({ certificates, privateKeys }: SidePaths): boolean =>
      isIn(path, certificates) || isIn(path, privateKeys);
    const side = sides.find(({ paths }) => inPki(paths));
    if (!side) return false;
    if (REVOCATION_LIST.test(path) && isIn(path, side.paths.certificates)) return true;
    return side.file.isWhole("/security") ? false : null;
  };
}
