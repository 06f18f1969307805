/** Certificate revocation lists, made by openssl. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Certificate } from "./pki.ts";

/** A revocation list of `issuer`, DER; without `nextUpdate` (YYYYMMDDHHMMSSZ) it is good for a month. */
export function revocationList(
  folder: string,
  issuer: Certificate,
  revoked: readonly Certificate[],
  nextUpdate?: string,
): Buffer {
  const openssl = (...args: string[]): string =>
    execFileSync("openssl", args, { cwd: folder, encoding: "utf8" });
  const entries = revoked.map((each) => {
    const serial = openssl("x509", "-in", each.certFile, "-noout", "-serial").trim().replace("serial=", "");
    return `R\t300101000000Z\t200101000000Z\t${serial}\tunknown\t/CN=${each.name}\n`;
  });
  writeFileSync(join(folder, "index"), entries.join(""));
  writeFileSync(
    join(folder, "ca.cnf"),
    "[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=30\n",
  );
  const signer = ["-cert", issuer.certFile, "-keyfile", issuer.keyFile];
  const times = nextUpdate ? ["-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", nextUpdate] : [];
  openssl("ca", "-config", "ca.cnf", ...signer, "-gencrl", ...times, "-out", "list.pem");
  openssl("crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der");
  return readFileSync(join(folder, "list.der"));
}
