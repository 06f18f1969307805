/** Why a connection to the broker failed, in words that lead to the cure. */

interface Explanation {
  readonly pattern: RegExp;
  readonly text: string;
}

const HUNG_UP: Explanation = {
  pattern: /ECONNRESET|EPIPE|socket hang up|closed the connection|disconnected before/,
  text: "the broker closed the connection. Cure: see the broker's log for the reason; another client may use the same clientId",
};
/** What a broker does that speaks MQTT at that port, but no TLS (R39). */
const HUNG_UP_AT_ONCE =
  "the broker closed the connection before TLS was agreed on. Cure: use the broker's TLS port, usually 8883; if it is that one, see the broker's log";

/** Matched against code and message of the error, first hit wins. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    pattern: /ECONNREFUSED/,
    text: "the broker refuses the connection. Cure: start the broker, check address and port",
  },
  {
    pattern: /ENOTFOUND|EAI_/,
    text: "the host name can't be resolved. Cure: check the name, the network cable at X1 P1 and the DNS server",
  },
  {
    pattern: /EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL/,
    text: "the broker's network can't be reached. Cure: check the cable at X1 P1 and HW-ENW:/etc/dhcpcd.conf",
  },
  {
    pattern: /ETIMEDOUT|timed out|connack timeout/,
    text: "the broker does not answer. Cure: check address, cable at X1 P1 and firewalls on the way",
  },
  {
    pattern: /Keepalive timeout/,
    text: "the broker does not answer any more, not even a ping. Cure: check the broker, the cable at X1 P1 and the network",
  },
  {
    pattern: /ERR_MQTT_ACK_TIMEOUT/,
    text: "the broker acknowledges no messages. Cure: see its log, check its load and its disk",
  },
  {
    pattern: /CERT_HAS_EXPIRED|certificate has expired/,
    text: "the broker's certificate has expired. Cure: renew it; check the gateway's clock",
  },
  {
    pattern: /CERT_NOT_YET_VALID|not yet valid/,
    text: "the broker's certificate is not valid yet. Cure: set the gateway's clock",
  },
  {
    pattern: /ERR_TLS_CERT_ALTNAME_INVALID|altnames/,
    text: "the broker's certificate was made for another host name or address. Cure: write that one in serverUri, or make a certificate for this one",
  },
  {
    pattern: /CERT_REVOKED|certificate revoked/,
    text: "the broker's certificate is revoked by a list on HW-IDS. Cure: give the broker a new one",
  },
  {
    pattern: /UNABLE_TO_GET_CRL|unable to get certificate CRL/,
    text: "HW-IDS has revocation lists, but none of an authority that the broker's certificate goes back to. Cure: put a .crl of each of them beside trustStore's files, or remove the lists",
  },
  {
    pattern: /CRL_HAS_EXPIRED|CRL has expired/,
    text: "the revocation list on HW-IDS is out of date. Cure: put the authority's current one there; check the gateway's clock",
  },
  {
    pattern: /CRL_NOT_YET_VALID|CRL is not yet valid/,
    text: "the revocation list on HW-IDS is not valid yet. Cure: set the gateway's clock",
  },
  {
    pattern: /CRL_SIGNATURE_FAILURE|CRL signature failure/,
    text: "the revocation list on HW-IDS is damaged or was not signed by the authority in trustStore. Cure: put the right one there",
  },
  {
    pattern: /CA_MD_TOO_WEAK|digest algorithm too weak|md too weak/,
    text: "the broker's certificate, or one that it goes back to, has a SHA-1 or older signature. Cure: make one that is signed with SHA-256 or better",
  },
  {
    pattern: /(?:EE|CA)_KEY_TOO_SMALL|key too (?:weak|small)/,
    text: "the key of the broker's certificate, or of one that it goes back to, is too short. Cure: make one with RSA 2048 bits or more, or with an elliptic curve",
  },
  {
    pattern:
      /UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT|unable to (?:get|verify)|self[- ]signed/,
    text: "the broker's certificate was not issued by an authority in trustStore. Cure: put that authority's certificate on HW-IDS and name it in trustStore",
  },
  {
    pattern: /CERT_SIGNATURE_FAILURE|certificate signature failure/,
    text: "the broker's certificate is damaged or was not signed by the authority in trustStore. Cure: check both",
  },
  {
    pattern: /INVALID_PURPOSE|unsupported certificate purpose/,
    text: "the broker's certificate is not meant for a server. Cure: make one with the extended key usage serverAuth",
  },
  {
    pattern:
      /alert number (?:42|43|44|45|46|48|116)|alert (?:bad certificate|unsupported certificate|certificate (?:revoked|expired|unknown|required)|unknown ca)|sslv3 alert certificate/i,
    text: "the broker rejects the gateway's certificate. Cure: let the broker trust its issuer; check its validity and the gateway's clock",
  },
  {
    pattern: /alert number 40|handshake failure|no shared cipher|no ciphers/i,
    text: "the broker offers no permitted cipher suite or signature. Cure: allow ECDHE with AES-GCM or ChaCha20 and SHA-256 or better there",
  },
  {
    pattern: /alert number 70|protocol version|unsupported protocol/i,
    text: "the broker offers neither TLS 1.2 nor TLS 1.3. Cure: update the broker",
  },
  {
    pattern: /wrong version number|packet length too long|record layer failure/i,
    text: "there is no TLS at that port. Cure: use the broker's TLS port, usually 8883",
  },
  HUNG_UP,
];

/** MQTT 3.1.1 §3.2.2.3. */
const RETURN_CODES: readonly string[] = [
  "accepted",
  "the broker does not speak MQTT 3.1.1. Cure: enable version 3.1.1 there",
  "the broker refuses the client identifier. Cure: choose another clientId",
  "the broker is not available. Cure: see the broker's log",
  "the broker refuses user name or password. Cure: correct userCredentials",
  "the broker does not authorise this client. Cure: allow it there",
];

export function explainReturnCode(code: number): string {
  return (
    RETURN_CODES[code] ??
    `the broker refuses the connection with the unknown code ${code}. Cure: see the broker's log`
  );
}

/** One sentence with its cure, and the code that experts look up; `secure`: whether TLS had been agreed on. */
export function explainError(error: Error, { secure }: { secure: boolean }): string {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const hit = EXPLANATIONS.find(({ pattern }) => pattern.test(code) || pattern.test(error.message));
  if (!hit) return `${error.message}${code ? ` (${code})` : ""}`;
  const text = hit === HUNG_UP && !secure ? HUNG_UP_AT_ONCE : hit.text;
  return code ? `${text} (${code})` : text;
}
