/** What the maker's support needs to help (R147): settings without secrets, network settings, logs, and what they say. */
import { createHash, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ConfigFault } from "../../app/config/fault.ts";
import {
  GUIDE_PATH,
  LOG_DIRECTORY,
  MQTT_PATHS,
  OPCUA_PATHS,
  type SettingsPath,
} from "../../app/config/paths.ts";
import { REMOVED } from "../../app/config/secrets.ts";
import { redactSettings, redactText } from "./redact.ts";
import type { SupportSource } from "./source.ts";

/** K48: the log tells the SHA-256 of each settings file, and of the list with it. */
const SETTINGS_DIGEST = /(SHA-256 of (?:[^\s:]*Settings-0\.json|this list of \d+): )[0-9a-f]{64}/g;
const HEALTH_LOG = /^health-.*\.log$/;
const NETWORK = "/etc/dhcpcd.conf";

/** Collects one bundle. */
export class Bundle {
  readonly included: string[] = [];
  readonly leftOut: string[];
  readonly #source: string;
  readonly #folder: string;
  readonly #secrets: string[] = [];

  /** `source` has a folder per partition; the bundle is made in `folder`. */
  constructor(options: { source: SupportSource; folder: string }) {
    this.#source = options.source.folder;
    this.leftOut = [...options.source.notCopied];
    this.#folder = options.folder;
  }

  #from(partition: string, cardPath: string): string {
    return path.join(this.#source, partition, cardPath);
  }

  #put(name: string, text: string): void {
    const file = path.join(this.#folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, redactText(text, this.#secrets));
    this.included.push(name);
  }

  /** The three settings files. One that is no JSON stays at home: nobody can tell what is secret in it. */
  addSettings(): void {
    const files: readonly SettingsPath[] = [OPCUA_PATHS, MQTT_PATHS, GUIDE_PATH];
    const redacted = files.flatMap(({ settingsDirectory, settingsName }) => {
      const cardPath = `${settingsDirectory}/${settingsName}`;
      const file = this.#from("HW-IDS", cardPath);
      if (!existsSync(file)) return [];
      try {
        const { text, secrets } = redactSettings(readFileSync(file, "utf8"));
        this.#secrets.push(...secrets);
        return [{ name: `HW-IDS${cardPath}`, text }];
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        this.leftOut.push(`HW-IDS${cardPath}: it is no JSON, so secrets in it can't be told from the rest`);
        return [];
      }
    });
    // Only now all secrets are known: a password of one side may stand in the other's description.
    for (const { name, text } of redacted) this.#put(name, text);
  }

  addNetwork(): void {
    for (const partition of ["HW-INW", "HW-ENW"]) {
      const file = this.#from(partition, NETWORK);
      if (existsSync(file)) this.#put(`${partition}${NETWORK}`, readFileSync(file, "utf8"));
    }
  }

  /** The health log, newest files first, up to `maxBytes`, and its settings. */
  addLogs(maxBytes: number): void {
    const directory = this.#from("HW-LOG", LOG_DIRECTORY);
    if (!existsSync(directory)) return;
    let room = maxBytes;
    const entries = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile());
    const names = entries
      .map(({ name }) => name)
      .sort()
      .reverse();
    const read = (name: string) => readFileSync(path.join(directory, name));
    for (const name of names.filter((each) => each.startsWith(".")))
      this.#put(`HW-LOG${LOG_DIRECTORY}/${name}`, read(name).toString("utf8"));
    for (const name of names.filter((each) => HEALTH_LOG.test(each))) {
      const bundled = `HW-LOG${LOG_DIRECTORY}/${name}`;
      const { size } = statSync(path.join(directory, name));
      if (size <= room) this.#putLog(bundled, read(name));
      else if (room > 0) {
        const bytes = read(name);
        this.#putLog(
          bundled.replace(/log$/, "end.log"),
          bytes.subarray(bytes.indexOf("\n", size - room) + 1),
        );
        this.leftOut.push(`${bundled}: all but the last ${room} of ${size} bytes (--log-megabytes)`);
      } else this.leftOut.push(`${bundled}: ${size} bytes, beyond the limit for logs (--log-megabytes)`);
      room = Math.max(0, room - size);
    }
  }

  /** Without the digests of files with passwords: what was taken out of the settings could be guessed with them. */
  #putLog(name: string, bytes: Buffer): void {
    this.#put(name, bytes.toString("utf8").replace(SETTINGS_DIGEST, `$1${REMOVED}`));
  }

  /** What certificates say, and what there is besides. Files of that kind never go along: a key may be among them. */
  addCertificates(): void {
    const lines: string[] = [];
    for (const { certificates, privateKeys } of [OPCUA_PATHS, MQTT_PATHS]) {
      for (const directory of [certificates, privateKeys]) {
        const folder = this.#from("HW-IDS", directory);
        const names = existsSync(folder) ? readdirSync(folder).sort() : [];
        lines.push(`HW-IDS:${directory}/`, ...(names.length > 0 ? [] : ["  nothing"]));
        for (const name of names)
          lines.push(
            `  ${name}: ${directory === privateKeys ? "a key, not looked into" : describe(path.join(folder, name))}`,
          );
      }
    }
    this.#put("certificates.txt", `${lines.join("\n")}\n`);
  }

  /** What `gwcard check` says about this site. */
  addCheck(found: readonly ConfigFault[]): void {
    const lines = found.map(({ severity, message }) => `${severity}: ${message}`);
    this.#put("check.txt", `${lines.length > 0 ? lines.join("\n") : "0 errors, 0 warnings"}\n`);
  }

  /** What is in the bundle, what is not, and what only people can add. */
  addReadme(source: string): void {
    const list = (items: readonly string[]) => items.map((item) => `  ${item}`);
    const lines = [
      `Support bundle of a gwcard gateway, made from ${source}.`,
      "",
      "In it (passwords were removed, private keys were never copied):",
      ...list(this.included),
      ...(this.leftOut.length > 0 ? ["", "Left out:", ...list(this.leftOut)] : []),
      "",
      "Please add: what happens and what should happen; what the serial console shows; the settings of the OPC UA server",
      "(endpoints, security policies, user rights) and of the MQTT broker (listener, certificates, user rights).",
      "",
    ];
    this.#put("README.txt", lines.join("\n"));
  }
}

/** One line about a file that should be a certificate. */
function describe(file: string): string {
  if (!statSync(file).isFile()) return "no regular file";
  const bytes = readFileSync(file);
  const hash = `${bytes.length} bytes, SHA-256 ${createHash("sha256").update(bytes).digest("hex")}`;
  try {
    const { subject, issuer, validFrom, validTo, fingerprint, serialNumber } = new X509Certificate(bytes);
    const names = [subject, issuer].map((name) => name.replaceAll("\n", ", "));
    return `${hash}; ${names[0]}; issued by ${names[1]}; valid from ${validFrom} to ${validTo}; serial number ${serialNumber}; SHA-1 thumbprint ${fingerprint}`;
  } catch {
    // Not a certificate: a list, a key at the wrong place, anything. Its size and hash are all that may be told.
    return `${hash}; no certificate`;
  }
}
