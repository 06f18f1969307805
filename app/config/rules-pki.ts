import { error, type Rule, warning } from "./rule.ts";

const KEY_CURE = "put the unencrypted private key there (RSA, PKCS#8 or PKCS#1)";
const CERTIFICATE_CURE = "put a certificate there (X.509, PEM or DER)";
const NEW_CERTIFICATE = "make a new certificate for this client";

/** Rules of certificates, keys and revocation lists. */
export const PKI_RULES = {
  "identity-missing": error(
    "R50 R132",
    "mode {mode} needs a client certificate and key",
    'write "clientPkiData" with "certificate" and "privateKey"',
  ),
  "trust-nobody": error(
    "R64 R132",
    "no server certificate is trusted, so no server can be connected",
    'name it in "trustList"',
  ),
  "trusted-unfit": warning(
    "R65 L3 K38",
    "{reason}, so a server that shows it is refused with the policy {policy}",
    "give the server an RSA key of at least 2048 bits and a certificate for it that is signed with SHA-256",
  ),
  "trust-none-fit": error(
    "R65 L3 K38",
    "{reason}, so a server that shows it is refused with the policy {policy}, and trustList names no better one",
    "give the server an RSA key of at least 2048 bits and a certificate for it that is signed with SHA-256",
  ),
  "authority-unfit": warning(
    "R126 R127 R129 K38",
    "{reason}, so a broker whose certificate goes back to it is refused",
    "let the authority make a new one, signed with SHA-256, for RSA with 2048 bits or more or for an elliptic curve",
  ),
  "authority-none": error(
    "R126 R127 R129",
    "no certificate here can vouch for a broker: that takes a self-signed one whose key has 2048 bits (RSA) or 224 bits (elliptic curve)",
    "name the file with the authority that stands at the top of the broker's chain",
  ),
  "pki-file-unreadable": error("R23", "{reason}", "put the file there or correct the name in the setting"),
  "pki-file-empty": error("R23", "the file is empty", "put the right file there"),
  "certificate-unreadable": error("R131", "it is not a readable certificate ({reason})", CERTIFICATE_CURE),
  "certificate-none": error("R131", "it holds no certificate", CERTIFICATE_CURE),
  "certificate-not-pem": error(
    "R128 R130",
    "it holds no certificate in PEM form",
    "put a PEM file there (-----BEGIN CERTIFICATE-----)",
  ),
  "certificate-no-uri": warning(
    "R131 L2",
    "the client certificate names no application URI (subject alternative name of type URI); {uri} is used, and the server may refuse it",
    "make a certificate with a URI in its subject alternative name",
  ),
  "certificate-subject": warning(
    "R131",
    "the client certificate's subject names no {missing}",
    NEW_CERTIFICATE,
  ),
  "certificate-usage": warning(
    "R131 L2",
    "the client certificate is not made for {missing}; the other side may refuse it",
    NEW_CERTIFICATE,
  ),
  "certificate-expired": warning(
    "R131 R135 L2",
    "the certificate has expired on {date}; the gateway's clock shows {now}",
    "renew the certificate, or set the gateway's clock",
  ),
  "certificate-early": warning(
    "R131 R135 L2",
    "the certificate is valid from {date} only; the gateway's clock shows {now}",
    "set the gateway's clock",
  ),
  "certificate-hash": error(
    "R65 R126 K38",
    "the certificate is signed with {hash}, which can be forged",
    "make a certificate that is signed with SHA-256 or better",
  ),
  "certificate-hash-old": warning(
    "R131 K38",
    "the certificate is signed with {hash}, which can be forged",
    "make a certificate that is signed with SHA-256 or better",
  ),
  "key-unreadable": error(
    "R131",
    "the private key can't be read ({reason})",
    "put an unencrypted private key there",
  ),
  "key-locked": error(
    "R131",
    "the private key is protected by a pass phrase, which nobody can enter on the gateway",
    KEY_CURE,
  ),
  "key-none": error("R131", "it holds no private key", KEY_CURE),
  "key-form": error("R131", "it is neither {form} private key", KEY_CURE),
  "key-not-pem": error("R128", "it is not in PEM form", "convert the key to PEM"),
  "key-not-rsa": error(
    "R131",
    "it is not an RSA key, which all security policies need",
    "use an RSA key of 2048 to 4096 bits",
  ),
  "key-short": error("R65 R129", "the {kind} key has only {bits} bits", "use a key of at least {least} bits"),
  "key-size": warning(
    "R131",
    "the RSA key has {bits} bits, but security policies are made for 2048 to 4096",
    "use a key of 2048 to 4096 bits",
  ),
  "key-mismatch": error(
    "R131 L2",
    "the private key does not match the certificate {certificate}",
    "put the key there that the certificate was made for, or the certificate that belongs to this key",
  ),
  "revocation-list": error(
    "R133 L25",
    "{reason}",
    "put a certificate revocation list there (X.509, PEM or DER), or remove the file",
  ),
  "revocation-list-old": warning(
    "R133 R135 L25",
    "the revocation list should have been renewed by {date}; the gateway's clock shows {now}",
    "put the authority's current list there, or set the gateway's clock",
  ),
} as const satisfies Readonly<Record<string, Rule>>;
