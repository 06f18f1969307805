/** Why a connection to the OPC UA server failed, in words that lead to the cure. */

interface Explanation {
  readonly pattern: RegExp;
  readonly text: string;
}

/** Matched against the message of the error, first hit wins. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    pattern: /ECONNREFUSED/,
    text: "the server refuses the connection. Cure: start the server, check address and port",
  },
  {
    pattern: /ENOTFOUND|EAI_[A-Z]+/,
    text: "the host name can't be resolved. Cure: check the name, the network cable at X2 P1 and the DNS server",
  },
  {
    pattern: /EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL/,
    text: "the server's network can't be reached. Cure: check the cable at X2 P1 and HW-INW:/etc/dhcpcd.conf",
  },
  {
    pattern: /BadUserAccessDenied|BadIdentityTokenRejected|BadIdentityTokenInvalid/,
    text: "the server refuses user name or password. Cure: correct userCredentials, or allow the user there",
  },
  {
    pattern: /BadCertificateTimeInvalid/,
    text: "the server finds the gateway's certificate not valid now. Cure: renew it, check the clocks of both",
  },
  {
    pattern: /BadCertificateUriInvalid/,
    text: "the server does not find the gateway's application URI in its certificate. Cure: give the gateway a certificate with a URI in its subject alternative name",
  },
  {
    pattern: /BadCertificate\w*|BadSecurityChecksFailed/,
    text: "the server rejects the gateway's certificate. Cure: add it to the server's list of trusted certificates",
  },
  {
    pattern: /BadSecurity(?:Policy|Mode)Rejected/,
    text: "the server rejects mode or policy. Cure: choose one that it offers",
  },
  {
    pattern: /BadTooManySessions|BadTcpServerTooBusy|BadTcpNotEnoughResources/,
    text: "the server has no session left. Cure: close other clients or raise the server's limit",
  },
  {
    pattern: /BadTcpEndpointUrlInvalid|BadServerUriInvalid/,
    text: "the server does not know this address as its own. Cure: write url as the server announces it",
  },
  {
    pattern: /BadTcpMessageTypeInvalid|Expecting .*ACK|invalid message/i,
    text: "there is no OPC UA server at that port. Cure: check the port, usually 4840",
  },
  {
    pattern:
      /third party|ECONNRESET|EPIPE|socket has been|connection (?:has been )?(?:closed|lost|aborted)|premature/i,
    text: "the server closed the connection. Cure: see the server's log; it may not trust the gateway's certificate",
  },
  {
    pattern: /ETIMEDOUT|time ?out|timed out/i,
    text: "the server does not answer. Cure: check address, cable at X2 P1 and firewalls on the way",
  },
];

/** What is left of a message that nothing is known about. */
const LONGEST_ORIGINAL = 200;

/** One sentence with its cure, and the code that experts look up. */
export function explainError(error: Error): string {
  // Our own refusals carry cause and cure already.
  if ("code" in error && typeof error.code === "string" && error.code.startsWith("OPCUA_"))
    return error.message;
  for (const { pattern, text } of EXPLANATIONS) {
    const code = pattern.exec(error.message)?.[0];
    if (code !== undefined) return /^(?:Bad|E[A-Z])/.test(code) ? `${text} (${code})` : text;
  }
  return error.message.replace(/\s+/g, " ").trim().slice(0, LONGEST_ORIGINAL);
}
