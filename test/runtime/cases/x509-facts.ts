/** What certificates say, line by line as the openssl command words it. Arguments: folder, files. Device only. */
import { readFileSync } from "node:fs";
import { X509Certificate } from "../../../app/runtime/node/crypto/x509.ts";

const [, , folder, ...files] = process.argv as [string, string, ...string[]];

for (const file of files) {
  const certificate = new X509Certificate(readFileSync(`${folder}/${file}`));
  console.log(`${file} serial=${certificate.serialNumber}`);
  console.log(`${file} notBefore=${certificate.validFrom}`);
  console.log(`${file} notAfter=${certificate.validTo}`);
  console.log(`${file} sha256 Fingerprint=${certificate.fingerprint256}`);
  console.log(`${file} Signature Algorithm: ${certificate.signatureAlgorithm}`);
  console.log(`${file} names: ${certificate.subjectAltName ?? "none"}`);
  console.log(`${file} usage: ${certificate.keyUsageBits?.join() ?? "none"}`);
  console.log(`${file} authority: ${certificate.ca}`);
}
