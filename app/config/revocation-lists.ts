import { createSecureContext } from "node:tls";
import { renewalOf } from "./certificate-facts.ts";
import { ConfigFault } from "./fault.ts";
import { derOfPem, pemBlocks } from "./pki.ts";
import type { RawFile } from "./raw-files.ts";

/** Certificate revocation lists: every `*.crl` beside the trusted certificates is honoured (design §9). */

const FILE_NAME = /\.crl$/i;
const PEM_LABEL = "X509 CRL";

export interface RevocationList {
  /** `HW-IDS:/app/…`, for messages. */
  readonly file: string;
  readonly der: Buffer;
}

/** One list as PEM, which is what TLS takes. */
export function revocationListPem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${PEM_LABEL}-----\n${lines.join("\n")}\n-----END ${PEM_LABEL}-----\n`;
}

function listsOf(bytes: Buffer): Buffer[] {
  if (!bytes.includes("-----BEGIN ")) return [bytes];
  return pemBlocks(bytes)
    .filter(({ label }) => label === PEM_LABEL)
    .map(({ text }) => derOfPem(text));
}

/**
 * Every revocation list of a directory, PEM or DER in its file, DER here. `onFault` gets the files that are none: to go
 * on without a list that somebody put there would be to trust what it revokes.
 */
export function readRevocationLists(options: {
  files: ReadonlyMap<string, RawFile>;
  /** `HW-IDS:/app/…`, for messages. */
  directory: string;
  onFault: (fault: ConfigFault) => void;
  now?: Date;
}): RevocationList[] {
  const { files, directory, onFault, now = new Date() } = options;
  const found: RevocationList[] = [];
  for (const [name, raw] of files) {
    if (!FILE_NAME.test(name)) continue;
    const fault = (reason: string) =>
      onFault(new ConfigFault({ rule: "revocation-list", file: `${directory}/${name}`, values: { reason } }));
    if ("problem" in raw) {
      fault(raw.problem);
      continue;
    }
    try {
      const lists = listsOf(raw.bytes);
      for (const list of lists) {
        createSecureContext({ crl: revocationListPem(list) });
        const renewal = renewalOf(list);
        if (renewal === null || renewal >= now) continue;
        const values = { date: renewal.toISOString().slice(0, 10), now: now.toISOString().slice(0, 10) };
        onFault(new ConfigFault({ rule: "revocation-list-old", file: `${directory}/${name}`, values }));
      }
      if (lists.length === 0) fault("it holds no certificate revocation list");
      for (const der of lists) found.push({ file: `${directory}/${name}`, der });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      fault(`it is not a readable certificate revocation list (${reason})`);
    }
  }
  return found;
}
