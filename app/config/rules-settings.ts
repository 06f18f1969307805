import { error, LIKE_THAT, type Rule, warning } from "./rule.ts";

const ANOTHER_TOPIC = "choose another topic";

/** Rules of the three settings files, each by itself and together. */
export const SETTINGS_RULES = {
  // A settings file as a text.
  "file-unreadable": error(
    "R15 R16",
    "{reason}",
    "put the file there, spelled exactly like that, and start again",
  ),
  "file-not-utf8": error("R40 R79", "it is not UTF-8 text{form}", "save the file with the encoding UTF-8"),
  "json-syntax": error(
    "R40 R79",
    "not valid JSON: expected {expected}, found {found}",
    "write {expected} there",
  ),
  "name-repeated": error("R40 R79", 'the name "{name}" stands here a second time', "keep one of the two"),
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

  "client-id-empty": warning(
    "R84",
    "the client identifier is empty; {id} is used",
    "write one that no other client of the broker has",
  ),
  "mqtt-text": error(
    "R84 R92 R95",
    "MQTT can't send it: it is longer than 65535 bytes, no valid Unicode, or contains a NUL character",
    "write a shorter and plainer one",
  ),

  // The two addresses.
  "opcua-url": error("R45 K28", "must be written opc.tcp://HOST:PORT, but is {found}", LIKE_THAT),
  "broker-uri": error("R85 K28", "must be written ssl://HOST:PORT, but is {found}", LIKE_THAT),
  "tcp-port": error("R45 R85", "there is no port {port}", "write a port from 1 to 65535"),

  // Nodes.
  "node-id": error("R62", "must be written ns=INDEX;i=NUMBER or ns=INDEX;s=TEXT, but is {found}", LIKE_THAT),
  "node-namespace": error("R62", "the namespace index is larger than 65535", "correct the node id"),
  "node-number": error("R62", "the number is larger than 4294967295", "correct the node id"),

  "heartbeat-incomplete": warning(
    "R56 R57 R58",
    'the heartbeat has no "{name}"; {used} is used',
    'add "{name}", or write null for no heartbeat',
  ),

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

  "topic-shared": warning(
    "R101",
    "the topic is also that of {other}; whoever reads it can't tell the two apart",
    "give each entry a topic of its own",
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
    "mode and policy Any: the server decides, and the connection is open when it offers nothing better",
    "name what the server offers, SignAndEncrypt and Basic256Sha256 or better",
  ),
  "mode-any": warning(
    "R48 R69",
    "mode Any: the server decides, and messages are signed but not encrypted when it offers nothing better",
    "use SignAndEncrypt",
  ),
  "policy-any": warning(
    "R49 R69 K36",
    "policy Any: the server decides, and the policy is an obsolete one when it offers nothing better",
    "name what the server offers, Basic256Sha256 or better",
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
    "the password has fewer than 14 characters, not all of upper case, lower case, digits and others, or is easy to guess",
    "choose a longer and more varied one",
  ),
  "password-published": warning(
    "K11 K24",
    "the password is that of the published sample, which everybody knows",
    "choose another one",
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
} as const satisfies Readonly<Record<string, Rule>>;
