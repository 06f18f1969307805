import type { ConnectionOptions } from "node:tls";
import type { MqttSettings } from "../../config/mqtt.ts";
import { isAddress } from "../../link/status.ts";

/** What TLS may use towards the broker: exactly this and nothing else (R123–R126). */

/** R124, in its order; OpenSSL's names. */
export const CIPHERS = [
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "DHE-RSA-CHACHA20-POLY1305",
  "DHE-RSA-AES256-GCM-SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_128_CCM_SHA256",
] as const;

/** R126, in its order. */
export const SIGNATURE_ALGORITHMS = [
  "ecdsa_secp521r1_sha512",
  "ecdsa_secp384r1_sha384",
  "ecdsa_secp256r1_sha256",
  "ed25519",
  "ed448",
  "rsa_pss_pss_sha512",
  "rsa_pss_rsae_sha512",
  "rsa_pss_pss_sha384",
  "rsa_pss_rsae_sha384",
  "rsa_pss_pss_sha256",
  "rsa_pss_rsae_sha256",
  "rsa_pkcs1_sha384",
  "rsa_pkcs1_sha512",
  "rsa_pkcs1_sha256",
] as const;

/** Options of the TLS connection: both sides prove who they are, and the broker's host name is checked (R127). */
export function tlsOptions(settings: MqttSettings): ConnectionOptions {
  return {
    host: settings.host,
    port: settings.port,
    // RFC 6066 §3: server name indication carries names, never addresses.
    ...(isAddress(settings.host) ? {} : { servername: settings.host }),
    cert: settings.certificatePem,
    key: settings.privateKeyPem,
    ca: [...settings.trustedPem],
    ...(settings.revocationLists.length > 0 ? { crl: [...settings.revocationLists] } : {}),
    ciphers: CIPHERS.join(":"),
    sigalgs: SIGNATURE_ALGORITHMS.join(":"),
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
    rejectUnauthorized: true,
  };
}
