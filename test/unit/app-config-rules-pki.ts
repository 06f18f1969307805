/** What breaks each rule of certificates, keys and revocation lists, for app-config-rules.test.ts. */
import type { RuleId } from "../../app/config/rules.ts";
import type { RuleCase } from "./app-config-rules-site.ts";
import { certOf, check, client, derOf, keyOf, made, oldRevocationList, openssl } from "./app-config-site.ts";

export const PKI_CASES = {
  "identity-missing": {
    faults: () => check((s) => delete s.opcua.security.clientPkiData),
    message: /setting \/security: mode SignAndEncrypt needs a client certificate and key/,
  },
  "trust-nobody": {
    faults: () => check((s) => (s.opcua.security.trustList = [])),
    message: /setting \/security: no server certificate is trusted/,
  },
  "trusted-unfit": {
    faults: () =>
      check((s) => {
        s.certificates["old-server.crt"] = certOf("short");
        s.opcua.security.trustList = ["opc-ua-server.crt", "old-server.crt"];
      }),
    message:
      /client\/old-server\.crt: the RSA key has only 1024 bits, so a server that shows it is refused with the policy Basic256Sha256 \(named by .*\/trustList\/1\)/,
  },
  "trust-none-fit": {
    faults: () => check((s) => (s.certificates["opc-ua-server.crt"] = certOf("ec"))),
    message:
      /opc-ua-server\.crt: the key is no RSA key, so a server that shows it is refused with the policy Basic256Sha256, and trustList names no better one \(named by/,
  },
  "authority-unfit": {
    faults: () =>
      check((s) => (s.certificates["mqtt-ca.crt"] = Buffer.concat([certOf("short"), certOf("ca")]))),
    message:
      /mqtt-ca\.crt: the RSA key has only 1024 bits, so a broker whose certificate goes back to it is refused/,
  },
  "authority-none": {
    faults: () => check((s) => (s.certificates["mqtt-ca.crt"] = certOf("mqtt"))),
    message: /setting \/security\/trustStore: no certificate here can vouch for a broker: that takes a self/,
  },
  "pki-file-unreadable": {
    faults: () => check((s) => delete s.certificates["mqtt-ca.crt"]),
    message:
      /publisher\/mqtt-ca\.crt: the file does not exist \(named by MqttPublisherSettings-0\.json \/security\/trustStore\/0\)\. Cure: put/,
  },
  "pki-file-empty": {
    faults: () => check((s) => (s.keys["mqtt-client.key"] = Buffer.alloc(0))),
    message: /private\/transfer\/mqtt\/publisher\/mqtt-client\.key: the file is empty/,
  },
  "certificate-unreadable": {
    faults: () => check((s) => (s.certificates["opc-ua-server.crt"] = Buffer.from("hello"))),
    message: /opc-ua-server\.crt: it is not a readable certificate \(.+\)/,
  },
  "certificate-none": {
    faults: () => check((s) => (s.certificates["opc-ua-server.crt"] = keyOf("server"))),
    message: /opc-ua-server\.crt: it holds no certificate \(named/,
  },
  "certificate-not-pem": {
    faults: () => check((s) => (s.certificates["mqtt-ca.crt"] = derOf("ca"))),
    message: /mqtt-ca\.crt: it holds no certificate in PEM form/,
  },
  "certificate-no-uri": {
    faults: () => check((s) => client(s, "plain")),
    message:
      /opc-ua-client\.crt: the client certificate names no application URI .*; urn:gateway:anonymous is used/,
  },
  "certificate-subject": {
    faults: () => check((s) => client(s, "nameless")),
    message:
      /opc-ua-client\.crt: the client certificate's subject names no common name \(CN\) and no organization \(O\)/,
  },
  "certificate-usage": {
    faults: () => check((s) => client(s, "tls-server")),
    message:
      /opc-ua-client\.crt: the client certificate is not made for non-repudiation, data encipherment, client authentication; the other side/,
  },
  "certificate-expired": {
    faults: () => check((s) => client(s, "old")),
    message:
      /opc-ua-client\.crt: the certificate has expired on \d{4}-\d\d-\d\d; the gateway's clock shows \d{4}-/,
  },
  "certificate-early": {
    faults: () => check((s) => (s.certificates["opc-ua-server.crt"] = certOf("early"))),
    message:
      /opc-ua-server\.crt: the certificate is valid from \d{4}-\d\d-\d\d only; .*\/security\/trustList\/0/,
  },
  "certificate-hash": {
    faults: () => check((s) => client(s, "sha1")),
    message: /opc-ua-client\.crt: the certificate is signed with SHA-1, which can be forged/,
  },
  "certificate-hash-old": {
    faults: () =>
      check((s) => {
        client(s, "sha1");
        s.opcua.security.policy = "Basic256";
      }),
    message: /opc-ua-client\.crt: the certificate is signed with SHA-1/,
    also: ["policy-obsolete"],
  },
  "key-unreadable": {
    faults: () =>
      check(
        (s) =>
          (s.keys["mqtt-client.key"] = Buffer.from(
            keyOf("mqtt")
              .toString()
              .replace(/\n[^-\n]{60}/, "\n"),
          )),
      ),
    message: /mqtt-client\.key: the private key can't be read \(.+\)/,
  },
  "key-locked": {
    faults: () =>
      check((s) => {
        const file = made.get("client")?.keyFile ?? "";
        s.keys["opc-ua-client.key"] = openssl("pkcs8", "-topk8", "-passout", "pass:x", "-in", file);
      }),
    message: /opc-ua-client\.key: the private key is protected by a pass phrase/,
  },
  "key-none": {
    faults: () => check((s) => (s.keys["mqtt-client.key"] = certOf("mqtt"))),
    message: /mqtt-client\.key: it holds no private key/,
  },
  "key-form": {
    faults: () => check((s) => (s.keys["opc-ua-client.key"] = Buffer.from("hello"))),
    message: /opc-ua-client\.key: it is neither a PEM nor a DER private key/,
  },
  "key-not-pem": {
    faults: () => check((s) => (s.keys["mqtt-client.key"] = derOf("mqtt"))),
    message: /mqtt-client\.key: it is not in PEM form/,
  },
  "key-not-rsa": {
    faults: () => check((s) => client(s, "ec")),
    message: /opc-ua-client\.key: it is not an RSA key, which all security policies need/,
  },
  "key-short": {
    faults: () => check((s) => client(s, "short")),
    message: /opc-ua-client\.key: the RSA key has only 1024 bits .*Cure: use a key of at least 2048 bits/,
  },
  "key-size": {
    faults: () =>
      check((s) => {
        client(s, "short");
        s.opcua.security.policy = "Basic128Rsa15";
      }),
    message: /opc-ua-client\.key: the RSA key has 1024 bits, but security policies are made for 2048 to 4096/,
    also: ["policy-obsolete"],
  },
  "key-mismatch": {
    faults: () => check((s) => (s.keys["opc-ua-client.key"] = keyOf("server"))),
    message:
      /opc-ua-client\.key: the private key does not match the certificate HW-IDS:\/.*\/opc-ua-client\.crt/,
  },
  "revocation-list-old": {
    faults: () => check((s) => (s.certificates["x.crl"] = oldRevocationList())),
    message:
      /client\/x\.crl: the revocation list should have been renewed by \d{4}-\d\d-\d\d; the gateway's clock shows \d{4}-/,
  },
  "revocation-list": {
    faults: () => check((s) => (s.certificates["x.crl"] = Buffer.from("hello"))),
    message: /client\/x\.crl: it is not a readable certificate revocation list \(.+\)/,
  },
} satisfies Partial<Record<RuleId, RuleCase>>;
