import { crypto_utils } from "node-opcua-client";
import { fileFault, type NamedFile, namedBytes, pemBlocks } from "./pki.ts";

/** One or more certificates, PEM or DER, as DER; the first is the leaf. */
export function readCertificates(file: NamedFile): Buffer[] {
  const bytes = namedBytes(file);
  const isPem = bytes.includes("-----BEGIN ");
  let chain: Buffer[];
  try {
    chain = isPem
      ? pemBlocks(bytes)
          .filter((block) => block.label === "CERTIFICATE")
          .map((block) => crypto_utils.convertPEMtoDER(block.text))
      : crypto_utils.split_der(bytes);
    for (const certificate of chain) crypto_utils.exploreCertificate(certificate);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw fileFault("certificate-unreadable", file, { reason });
  }
  if (chain.length === 0) throw fileFault("certificate-none", file);
  return chain;
}
