/** Where everything is on the card, from the root of its partition (R14–R22). */

/** Partitions of the card in the order of their numbers (R11, R137). */
export const PARTITIONS = ["HW-BOOT", "HW-LOG", "HW-IDS", "HW-INW", "HW-ENW"] as const;
export type Partition = (typeof PARTITIONS)[number];

/** Directory and name of a settings file. */
export interface SettingsPath {
  readonly settingsDirectory: string;
  readonly settingsName: string;
}

/** The files of one side: settings, certificates, private keys. */
export interface SidePaths extends SettingsPath {
  readonly certificates: string;
  readonly privateKeys: string;
}

/** R15, R17, R18. */
export const OPCUA_PATHS: SidePaths = {
  settingsDirectory: "/app/Core/config/transfer/opc_ua/client",
  settingsName: "OpcUaClientSettings-0.json",
  certificates: "/app/Core/pki/certs/transfer/opc_ua/client",
  privateKeys: "/app/Core/pki/private/transfer/opc_ua/client",
};

/** R16, R19, R20. */
export const MQTT_PATHS: SidePaths = {
  settingsDirectory: "/app/Core/config/transfer/mqtt/publisher",
  settingsName: "MqttPublisherSettings-0.json",
  certificates: "/app/Core/pki/certs/transfer/mqtt/publisher",
  privateKeys: "/app/Core/pki/private/transfer/mqtt/publisher",
};

/** Version 1.2 had this file, 2.0 still reads it; it may be missing (R122, design §9). */
export const GUIDE_PATH: SettingsPath = {
  settingsDirectory: "/app/Core/config/transfer/navigation",
  settingsName: "GuideSettings-0.json",
};

/** R14, on HW-LOG. */
export const LOG_DIRECTORY = "/logs";
export const LOG_SETTINGS_NAME = ".log";
