/**
 * Every rule that a configuration is held against: the device and gwcard know no other. The code that looks is beside
 * what it looks at; here is what it says. `{name}` is filled in; `about` names the requirements (R…, K…, L…).
 */

export type Severity = "error" | "warning";

export interface Rule {
  /** An error keeps the cell down, a warning is told at each start. */
  readonly severity: Severity;
  readonly about: string;
  readonly text: string;
  readonly cure: string;
}

const error = (about: string, text: string, cure: string): Rule => ({ severity: "error", about, text, cure });
const warning = (about: string, text: string, cure: string): Rule => ({
  severity: "warning",
  about,
  text,
  cure,
});

const LIKE_THAT = "write it that way";
const ANOTHER_TOPIC = "choose another topic";
const KEY_CURE = "put the unencrypted private key there (RSA, PKCS#8 or PKCS#1)";
const CERTIFICATE_CURE = "put a certificate there (X.509, PEM or DER)";
const NEW_CERTIFICATE = "make a new certificate for this client";

/** The names are stable: they may stand in an operator's notes and scripts. */
export const RULES = {
  // A settings file as a text.
  "file-unreadable": error(
    "R15 R16",
    "{reason}",
    "put the file there, spelled exactly like that, and start again",
  ),
  "file-not-utf8": error("R40 R79", "it is not UTF-8 text", "save the file with the encoding UTF-8"),
  "json-syntax": error(
    "R40 R79",
    "not valid JSON: expected {expected}, found {found}",
    "write {expected} there",
  ),
  "more-faults": error("R40 R79", "{count} more faults", "correct the ones above first"),

  // A settings file against its schema.
  "setting-missing": error("R41 R80", 'the required setting "{name}" is missing', 'add "{name}"'),
  "setting-unknown": warning(
    "R41 R80",
    "there is no such setting, it has no effect",
    "check the spelling or remove it",
  ),
  "setting-type": error("R41 R80", "must be {expected}, but is {found}", LIKE_THAT),
  "setting-choice": error("R48 R49 R97", "must be one of {allowed}, but is {found}", "write one of these"),
  "setting-range": error("R41 R80", "{limit}, but is {found}", "correct the value"),
  "file-name": error(
    "R23",
    "must be a bare file name, without / or \\, but is {found}",
    "write the bare name of the file",
  ),
  "password-without-user": error(
    "R92",
    '"password" is given without "username"',
    'add "username" or remove "password"',
  ),

  // The two addresses.
  "opcua-url": error("R45 K28", "must be written opc.tcp://HOST:PORT, but is {found}", LIKE_THAT),
  "broker-uri": error("R85 K28", "must be written ssl://HOST:PORT, but is {found}", LIKE_THAT),
  "tcp-port": error("R45 R85", "there is no port {port}", "write a port from 1 to 65535"),

  // Nodes.
  "node-id": error("R62", "must be written ns=INDEX;i=NUMBER or ns=INDEX;s=TEXT, but is {found}", LIKE_THAT),
  "node-namespace": error("R62", "the namespace index is larger than 65535", "correct the node id"),
  "node-number": error("R62", "the number is larger than 4294967295", "correct the node id"),

  // Topics.
  "topic-wildcard": error(
    "R102",
    "must not contain + or # (wildcards) or a NUL character, but is {found}",
    ANOTHER_TOPIC,
  ),
  "topic-nul": error("R109", "must not contain a NUL character", ANOTHER_TOPIC),
  "topic-empty": error("R104", "the topic is empty, it needs at least one character", ANOTHER_TOPIC),
  "topic-utf8": error("R109", "the topic is not valid UTF-8 of at most 65535 bytes", ANOTHER_TOPIC),
  "topic-dollar": warning(
    "R103",
    "$ is not recommended in a topic, and topics that begin with $ belong to the broker",
    ANOTHER_TOPIC,
  ),

  // Routes between the two files.
  "id-twice": error("R60 R121", "the id {id} is already used at {other}", "give each entry an id of its own"),
  "name-twice": error("R121", "the name is already used at {other}", "give each entry a name of its own"),
  "node-without-topic": warning(
    "R117 R120 R121",
    "no topic is named {name}, its values are not published",
    "add a topic with the same name",
  ),
  "topic-without-node": warning(
    "R117 R121",
    "no node is named {name}, nothing is published to its topic",
    "add a node with the same name or remove the topic",
  ),
  "ids-differ": warning(
    "R118 R119",
    "id {id} differs from the id {other} of the topic with the same name; the name decides",
    "give both the same id",
  ),
  "hub-receiving": error(
    "R42 R122",
    "receivingHubId is {hub}, but the id in OpcUaClientSettings-0.json is {id}",
    "write the same number in both files",
  ),
  "hub-sending": error(
    "R81 R122",
    "sendingHubId is {hub}, but the id in MqttPublisherSettings-0.json is {id}",
    "write the same number in both files",
  ),
  "hub-not-zero": warning(
    "R42 R81 R122",
    "the id is {id}, but the only instance has the number 0",
    "write 0",
  ),
  "route-source-twice": error(
    "R121",
    "the source port {port} has a route already at {other}",
    "keep one route for each source port",
  ),
  "route-target-twice": warning(
    "R121",
    "the target port {port} is fed already by the route at {other}; values of both go to one topic",
    "give each source a topic of its own",
  ),
  "route-source-unknown": warning(
    "R121",
    "no node and no heartbeat has the id {port}, the route has no effect",
    "correct the number or remove the route",
  ),
  "route-target-unknown": warning(
    "R121",
    "no topic has the id {port}, the route has no effect",
    "correct the number or remove the route",
  ),
  "node-without-route": warning(
    "R118 R121",
    "GuideSettings-0.json has no working route from id {id}, its values are not published",
    "add a route to its roadmap",
  ),

  // What makes the connection weaker than it could be.
  "security-off": warning("R68 R69", "the connection is neither encrypted nor signed", "use SignAndEncrypt"),
  "password-open": warning(
    "R68 R69",
    "the connection is neither encrypted nor signed; the password travels in plain text",
    "use SignAndEncrypt",
  ),
  "security-any": warning(
    "R67 R69",
    "Any: the server decides, and the connection is open when it offers nothing better",
    "name what the server offers, SignAndEncrypt and Basic256Sha256 or better",
  ),
  "policy-obsolete": warning(
    "R49 R69 K36",
    "{policy} rests on SHA-1 and is obsolete",
    "use Basic256Sha256, Aes128_Sha256_RsaOaep or Aes256_Sha256_RsaPss",
  ),
  "trust-all": warning(
    "R53 R69 L4",
    "AllowAll: any server is accepted, also one that only pretends",
    "name the server's certificate",
  ),
  anonymous: warning(
    "R69 K33",
    "the client logs in anonymously",
    "give user name and password of an account that may only read",
  ),
  "password-weak": warning(
    "K24",
    "the password has fewer than 14 characters, or not all of upper case, lower case, digits and others",
    "choose a longer and more varied one",
  ),
  "password-shared": warning(
    "K12",
    "the password is the same as in OpcUaClientSettings-0.json",
    "give each side a password of its own",
  ),
  "keep-alive-zero": warning(
    "R96 L13",
    "0 does not switch keep alive off; 60 s is used",
    "write the number of seconds",
  ),

  "debug-on": warning(
    "K52",
    "diagnostic lines are written, which fill the health log sooner",
    "remove the setting when the fault is found",
  ),

  // Certificates and keys.
  "identity-missing": error(
    "R50 R132",
    "mode {mode} needs a client certificate and key",
    'add "clientPkiData" with "certificate" and "privateKey"',
  ),
  "trust-nobody": error(
    "R64 R132",
    "no server certificate is trusted, so no server can be connected",
    'name it in "trustList"',
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
  "certificate-no-uri": error(
    "R131",
    "the client certificate names no application URI (subject alternative name of type URI)",
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
  "key-short": error("R65 R129", "the RSA key has only {bits} bits", "use a key of at least 2048 bits"),
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

  // The health log's own file.
  "log-limit": error(
    "R155 R156 R167",
    "{key} {fault}; no health log is written",
    "write {key}=<bytes>, for example {key}={example}",
  ),
  "log-file": error("R154", "{reason}", "correct the file on the card"),
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleId = keyof typeof RULES;

/** What is filled in for the `{name}`s of a rule. */
export type RuleValues = Readonly<Record<string, string | number>>;

/** Puts values in the place of `{name}`. */
export function fillIn(template: string, values: RuleValues): string {
  return template.replace(/\{([a-z]+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
