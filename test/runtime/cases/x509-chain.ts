/**
 * What X509Certificate offers beyond Node.js: files with several certificates, every reason not to trust one, CRLs.
 * For the device's runtime only. Argument: folder with the PKI.
 */
import { readFileSync } from "node:fs";
import {
  readCertificates,
  verifyCertificate,
  type X509Certificate,
} from "../../../app/runtime/node/crypto/x509.ts";
import { show } from "./show.ts";

const folder = process.argv[2] as string;
const read = (name: string) => readFileSync(`${folder}/${name}`);
const one = (name: string) => readCertificates(read(name))[0] as X509Certificate;
const ca = one("ca.pem");
const crls = [read("ca.crl")];
const codes = (name: string, options: Partial<Parameters<typeof verifyCertificate>[1]> = {}) =>
  verifyCertificate(one(name), { trusted: [ca], ...options }).map(
    // OpenSSL 3.6 has more to say than 3.5.
    ({ code, depth, message }) =>
      `${code} ${depth} ${message.replace(" or the system clock is incorrect", "")}`,
  );

/** Where OpenSSL's words differ between versions. */
function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return `refused: ${(error as { library?: string }).library}`;
  }
  return "accepted";
}

show("chain file", () => readCertificates(read("chain.pem")).map(({ subject }) => subject));
show("two DER in one file", () => readCertificates(Buffer.concat([read("rsa.der"), read("rsa.der")])).length);
show("text around", () => readCertificates(`notes\n${read("rsa.pem")}more notes\n`).length);
show("cut off", () => readCertificates(read("rsa.pem").subarray(0, 400)));
show("rest is no DER", () =>
  refused(() => readCertificates(Buffer.concat([read("rsa.der"), Buffer.from("rest")]))),
);
show("key instead", () => readCertificates(read("rsa.key")));
show("facts", () => {
  const { keyUsageBits, signatureAlgorithm, validFromDate, validToDate } = one("rsa.pem");
  return [keyUsageBits, signatureAlgorithm, (validToDate.getTime() - validFromDate.getTime()) / 86_400_000];
});
show("facts of an old one", () => [one("sha1.pem").keyUsageBits, one("sha1.pem").signatureAlgorithm]);
show("good", () => codes("rsa.pem"));
show("good with lists", () => codes("rsa.pem", { crls }));
show("list as DER", () => codes("server-revoked.pem", { crls: [read("ca.crl.der")] }));
show("another CA's list", () => codes("rsa.pem", { crls: [read("other-ca.crl")] }));
show("revoked", () => codes("server-revoked.pem", { crls }));
show("expired", () => codes("server-expired.pem"));
show("expired, at its time", () => codes("server-expired.pem", { at: new Date("2020-01-15") }));
show("not yet valid", () => codes("server-future.pem"));
show("wrong CA", () => codes("server-wrong-ca.pem"));
show("nothing trusted", () => codes("rsa.pem", { trusted: [] }));
show("expired and from nowhere", () => codes("server-expired.pem", { trusted: [one("other-ca.pem")] }));
show("self-signed", () => codes("server-self-signed.pem"));
show("self-signed, trusted", () =>
  codes("server-self-signed.pem", { trusted: [one("server-self-signed.pem")] }),
);
show("leaf in the trust list", () => [
  codes("rsa.pem", { trusted: [one("rsa.pem")] }).length > 0,
  codes("rsa.pem", { trusted: [one("rsa.pem")], partial: true }),
]);
show("culprit", () => {
  const [problem] = verifyCertificate(one("server-expired.pem"), { trusted: [ca] });
  return problem?.certificate?.subject;
});
show("list that isn't", () => refused(() => codes("rsa.pem", { crls: ["no list"] })));
