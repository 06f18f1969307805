import { digestLines, digestOf, type FileDigest } from "./digest.ts";
import { examineLogSettings, LOG_SETTINGS_FILE } from "./log-settings.ts";
import type { MqttSettings } from "./mqtt.ts";
import type { OpcUaSettings } from "./opcua.ts";
import type { RawFile } from "./raw-files.ts";

/** What the gateway works with, for the log of each start: which files, and what they come to, without secrets (K48, K55). */

const LONGEST_SHOWN = 80;
const DEBUG = "with diagnostic lines";

/** A text of the settings, short and in quotes. */
function show(text: string): string {
  return JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** Lines about the OPC UA side. */
export function opcuaSummary(
  settings: Omit<OpcUaSettings, "summary">,
  trusted: readonly string[],
  files: readonly FileDigest[],
): string[] {
  const { url, mode, policy, user, identity, heartbeat, readingCycle, significantDigits } = settings;
  const trust = settings.trusted === null ? "any server" : trusted.map(show).join(", ") || "nobody";
  const lists = settings.revocationLists.length;
  const checks = `trusts ${trust}${lists > 0 ? `, ${count(lists, "revocation list")}` : ""}`;
  const parts = [
    url,
    `security mode ${mode}, policy ${policy}`,
    identity ? `application ${show(identity.applicationUri)}` : "no certificate",
    user ? `user name ${show(user.name)}` : "anonymous",
    mode === "None" ? "checks no server certificate" : checks,
    readingCycle === 0 ? "reading as fast as possible" : `reading cycle ${readingCycle} s`,
    count(settings.nodes.length, "node"),
    heartbeat ? `heartbeat every ${heartbeat.seconds} s` : "no heartbeat",
    significantDigits === null ? "exact values" : `${count(significantDigits, "significant digit")}`,
    ...(settings.debug ? [DEBUG] : []),
  ];
  return [...digestLines("OPC UA Client", files), `OPC UA Client: settings: ${parts.join("; ")}`];
}

/** Lines about the MQTT side. */
export function mqttSummary(
  settings: Omit<MqttSettings, "summary">,
  trusted: readonly string[],
  files: readonly FileDigest[],
): string[] {
  const { host, port, clientId, user, will, qos, topics, keepAlive } = settings;
  const lists = settings.revocationLists.length;
  const others = topics.filter(({ qualityOfService }) => qualityOfService !== qos).length;
  const retained = topics.filter(({ retain }) => retain).length;
  const parts = [
    `ssl://${host}:${port}`,
    `client identifier ${show(clientId)}`,
    user
      ? `user name ${show(user.name)}${user.password === null ? " without password" : ""}`
      : "no user name",
    `trusts ${trusted.map(show).join(", ")}${lists > 0 ? `, ${count(lists, "revocation list")}` : ""}`,
    `quality of service ${qos}${others > 0 ? `, another one for ${count(others, "topic")}` : ""}`,
    `keep alive ${keepAlive} s`,
    will ? `last will to ${show(will.topicName)}${will.retain ? ", retained" : ""}` : "no last will",
    `${count(topics.length, "topic")}${retained > 0 ? `, ${retained} retained` : ""}`,
    ...(settings.debug ? [DEBUG] : []),
  ];
  return [...digestLines("MQTT Publisher", files), `MQTT Publisher: settings: ${parts.join("; ")}`];
}

/** Lines about the health log; nothing of a file that is faulty, which is told as such. */
export function logSummary(raw: RawFile): string[] {
  if ("problem" in raw)
    return raw.absent ? [`[LOG] there is no ${LOG_SETTINGS_FILE}: no health log is written`] : [];
  const { settings } = examineLogSettings(raw.bytes.toString("utf8"));
  if (!settings) return [];
  const { fileBytes, directoryBytes } = settings;
  return [
    ...fileSummary("[LOG]", LOG_SETTINGS_FILE, raw),
    `[LOG] settings: up to ${fileBytes} bytes in a file, up to ${directoryBytes} bytes in all files`,
  ];
}

/** One file by itself, when there is one. */
export function fileSummary(who: string, file: string, raw: RawFile): string[] {
  return digestOf(file, raw).map(({ name, sha256 }) => `${who} SHA-256 of ${name}: ${sha256}`);
}
