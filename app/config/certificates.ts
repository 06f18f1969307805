import { crypto_utils } from "node-opcua-client";
import { fileFault, type NamedFile, namedBytes, pemBlocks } from "./pki.ts";

/** One or more certificates, PEM or DER, as DER; the first is the leaf. */
export function readCertificates(file: NamedFile): Buffer[] {
  const bytes = namedBytes(file);
  const isPem = bytes.includes("-----BEGIN ");
  const cure = "put a certificate there (X.509, PEM or DER)";
  let chain: Buffer[];
  try {
    chain = isPem
      ? pemBlocks(bytes)
          .filter((block) => block.label === "CERTIFICATE")
          .map((block) => crypto_utils.convertPEMtoDER(block.text))
      : crypto_utils.split_der(bytes);
    for (const certificate of chain) crypto_utils.exploreCertificate(certificate);
  } catch (error) {
    throw fileFault(
      file,
      `it is not a readable certificate (${error instanceof Error ? error.message : String(error)})`,
      cure,
    );
  }
  if (chain.length === 0) throw fileFault(file, "it holds no certificate", cure);
  return chain;
}
