import type { ConfigFault } from "./fault.ts";
import { joinFiles } from "./join.ts";
import { examineMqtt } from "./mqtt.ts";
import { examineOpcUa } from "./opcua.ts";
import { GUIDE_PATH, MQTT_PATHS, OPCUA_PATHS } from "./paths.ts";
import { type RawFile, type RawSide, readRawSettings, readRawSide } from "./raw-files.ts";

/** All of a site's configuration held against all rules at once. The device's cells each do their part of this. */

export interface RawConfiguration {
  readonly opcua: RawSide;
  readonly mqtt: RawSide;
  readonly guide: RawFile;
}

/** Reads what a check needs from a folder that looks like HW-IDS. */
export function readConfiguration(partitionRoot: string): RawConfiguration {
  return {
    opcua: readRawSide(partitionRoot, OPCUA_PATHS),
    mqtt: readRawSide(partitionRoot, MQTT_PATHS),
    guide: readRawSettings(partitionRoot, GUIDE_PATH),
  };
}

/** Faults first. */
export function bySeverity(found: readonly ConfigFault[]): ConfigFault[] {
  const of = (severity: ConfigFault["severity"]) => found.filter((fault) => fault.severity === severity);
  return [...of("error"), ...of("warning")];
}

/** Everything that is wrong or weak, faults first; and what each side without faults comes to. */
export function examineConfiguration(raw: RawConfiguration): {
  readonly found: ConfigFault[];
  readonly summary: readonly string[];
} {
  const sides = [examineOpcUa(raw.opcua), examineMqtt(raw.mqtt)];
  const joined = joinFiles({ opcua: raw.opcua.settings, mqtt: raw.mqtt.settings, guide: raw.guide });
  const all = [
    ...sides.flatMap(({ faults, warnings }) => [...faults, ...warnings]),
    ...joined.faults,
    ...joined.warnings,
  ];
  return { found: bySeverity(all), summary: sides.flatMap(({ settings }) => settings?.summary ?? []) };
}

/** Everything that is wrong or weak, faults first. */
export function checkConfiguration(raw: RawConfiguration): ConfigFault[] {
  return examineConfiguration(raw).found;
}
