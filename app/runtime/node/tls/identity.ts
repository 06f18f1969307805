/** checkServerIdentity: does the certificate name the host we asked for (RFC 6125, RFC 2818)? */
import { isIP } from "../net.ts";
import { nodeError } from "../node-error.ts";

interface Named {
  readonly subject?: Readonly<Record<string, string | string[] | undefined>>;
  readonly subjectaltname?: string;
}

/** Entries of a subjectAltName text; quoted ones (JSON strings) may hold separators. */
function entries(text: string): string[] {
  const result: string[] = [];
  let rest = text;
  while (rest.length > 0) {
    const quoted = /^([^",]*)("(?:[^"\\]|\\.)*")(?:, |$)/.exec(rest);
    const plain = quoted ?? /^([^,]*)(?:, |$)/.exec(rest);
    if (plain === null)
      throw nodeError(Error, "ERR_TLS_CERT_ALTNAME_FORMAT", "Invalid subject alternative name string");
    result.push((plain[1] ?? "") + (quoted ? (JSON.parse(quoted[2] as string) as string) : ""));
    rest = rest.slice(plain[0].length);
  }
  return result;
}

const lower = (name: string) => name.toLowerCase().replace(/\.$/, "");

/** One pattern against one host name: a wildcard stands for (part of) the first label only. */
function matches(host: string, pattern: string): boolean {
  if (pattern === "") return false;
  const hostLabels = lower(host).split(".");
  const labels = lower(pattern).split(".");
  if (labels.length !== hostLabels.length || labels.includes("")) return false;
  if (/[^\x21-\x7f]/.test(pattern)) return false;
  const [first = "", ...rest] = labels;
  const [hostFirst = "", ...hostRest] = hostLabels;
  if (rest.join(".") !== hostRest.join(".")) return false;
  const parts = first.split("*");
  if (parts.length === 1 || first.includes("xn--")) return first === hostFirst;
  if (parts.length > 2 || labels.length <= 2) return false;
  const [prefix = "", suffix = ""] = parts;
  return (
    prefix.length + suffix.length <= hostFirst.length &&
    hostFirst.startsWith(prefix) &&
    hostFirst.endsWith(suffix)
  );
}

/** IPv6 with leading zeros dropped and `::` spelled out, so that equal addresses are equal texts. */
function canonicalAddress(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":").map((g) => g.replace(/^0+(?=.)/, "")));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const gap = tail === undefined ? [] : new Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...gap, ...after].join(":");
}

function refusal(host: string, cert: Named): string | undefined {
  const list = cert.subjectaltname ?? "";
  const names = entries(list);
  const of = (kind: string) => names.filter((n) => n.startsWith(kind)).map((n) => n.slice(kind.length));
  const dns = of("DNS:");
  if (isIP(host) !== 0) {
    const addresses = of("IP Address:").map(canonicalAddress);
    if (addresses.includes(canonicalAddress(host))) return undefined;
    return `IP: ${host} is not in the cert's list: ${addresses.join(", ")}`;
  }
  if (dns.length > 0) {
    if (dns.some((pattern) => matches(host, pattern))) return undefined;
    return `Host: ${host}. is not in the cert's altnames: ${list}`;
  }
  const common = cert.subject?.CN;
  if (common === undefined) return "Cert does not contain a DNS name";
  /* The common name counts only when the certificate names nothing else. */
  const patterns = typeof common === "string" ? [common] : common;
  if (patterns.some((pattern) => matches(host, pattern))) return undefined;
  return `Host: ${host}. is not cert's CN: ${common}`;
}

export function checkServerIdentity(hostname: string, cert: Named): Error | undefined {
  const host = String(hostname).replace(/\.$/, "");
  const reason = refusal(host, cert);
  if (reason === undefined) return undefined;
  const message = `Hostname/IP does not match certificate's altnames: ${reason}`;
  return Object.assign(nodeError(Error, "ERR_TLS_CERT_ALTNAME_INVALID", message), { reason, host, cert });
}
