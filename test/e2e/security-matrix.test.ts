/**
 * Security policy × mode × identity on the card in QEMU, against mosquitto and two OPC UA servers that share no code:
 * node-opcua's and open62541. Each combination connects as the table says and its values arrive, or it is refused with
 * the documented reason. Two devices at a time.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { SERVER_USER } from "../lab/opcua-server.ts";
import { Open62541Server } from "../lab/open62541/server.ts";
import { type CertificateOptions, GATEWAY_URI } from "../lab/pki.ts";
import type { ServerKind } from "../lab/plant.ts";
import { type Combination, type Outcome, SecurityMatrix } from "../lab/security-matrix.ts";
import { SecurityServers, type ServerName } from "../lab/security-servers.ts";
import { VARIABLES } from "../lab/variables.ts";
import { withWorkbench } from "../lab/workbench.ts";

/** Warnings of the device's log, as far as they are the same for all (app/config/rules.ts). */
const OPEN = "the connection is neither encrypted nor signed. Cure: use SignAndEncrypt";
const OPEN_PASSWORD = "neither encrypted nor signed; the password travels in plain text";
const ANONYMOUS = "the client logs in anonymously";
const OBSOLETE_128 = "Basic128Rsa15 rests on SHA-1 and is obsolete";
const OBSOLETE_256 = "Basic256 rests on SHA-1 and is obsolete";
const ANY =
  "mode and policy Any: the server decides, and the connection is open when it offers nothing better";
const ANY_MODE = "mode Any: the server decides, and messages are signed but not encrypted when it offers";
const ANY_POLICY = "policy Any: the server decides, and the policy is an obsolete one when it offers";
const ALLOW_ALL = "AllowAll: any server is accepted";
const NO_URI = "the client certificate names no application URI";
const SHA_1 = "the certificate is signed with SHA-1, which can be forged";
const ONLY_OPEN =
  "the server offers nothing but unprotected connections over opc.tcp, and the settings allow Any";

interface Row {
  readonly policy: string;
  readonly mode: string;
  /** What the log warns of, beside the anonymous login. */
  readonly warns: { readonly anonymous: readonly string[]; readonly user: readonly string[] };
}

const nothing = { anonymous: [], user: [] };
const always = (text: string) => ({ anonymous: [text], user: [text] });

/** Policy × mode: both identities connect, with these warnings (R47–R50, R54, R66, R68, R69, K36). */
const MATRIX: readonly Row[] = [
  { policy: "None", mode: "None", warns: { anonymous: [OPEN], user: [OPEN_PASSWORD] } },
  { policy: "Basic128Rsa15", mode: "Sign", warns: always(OBSOLETE_128) },
  { policy: "Basic128Rsa15", mode: "SignAndEncrypt", warns: always(OBSOLETE_128) },
  { policy: "Basic256", mode: "Sign", warns: always(OBSOLETE_256) },
  { policy: "Basic256", mode: "SignAndEncrypt", warns: always(OBSOLETE_256) },
  { policy: "Basic256Sha256", mode: "Sign", warns: nothing },
  { policy: "Basic256Sha256", mode: "SignAndEncrypt", warns: nothing },
  { policy: "Aes128_Sha256_RsaOaep", mode: "Sign", warns: nothing },
  { policy: "Aes128_Sha256_RsaOaep", mode: "SignAndEncrypt", warns: nothing },
  { policy: "Aes256_Sha256_RsaPss", mode: "Sign", warns: nothing },
  { policy: "Aes256_Sha256_RsaPss", mode: "SignAndEncrypt", warns: nothing },
];

const CLIENT = { certificate: "opc-ua-client.crt", privateKey: "opc-ua-client.key" };
const LISTED = { clientPkiData: CLIENT, trustList: ["opc-ua-server.crt"] };

interface Case extends Outcome {
  readonly title: string;
  readonly at: ServerName;
  readonly security: object | null;
  readonly user: object | null;
  readonly client?: "untrusted" | "short" | "sha1" | "nameless";
}

const secured = (policy: string, mode = "SignAndEncrypt") => ({ mode, policy, ...LISTED });
const ALL_ALLOWED = { ...secured("Basic256Sha256"), trustList: "AllowAll" };
const refused = (cause: string) => `OPC UA Client can't connect to 192.168.177.7 port 4840: ${cause}`;

/** Beside the matrix: what connects in another way, and what is refused for which reason. */
const CASES: readonly Case[] = [
  {
    title: "null, anonymous: unprotected, without a certificate of its own (R47, R66, L5)",
    ...{ at: "full", security: null, user: null },
    ...{ connects: "None, None", tells: [OPEN, ANONYMOUS] },
  },
  {
    title: "null, user name: unprotected, without a certificate of its own (R47, R54, R68)",
    ...{ at: "full", security: null, user: SERVER_USER },
    ...{ connects: "None, None", tells: [OPEN_PASSWORD] },
  },
  {
    title: "policy None with mode SignAndEncrypt: unprotected, with a warning (R48, R49, R68)",
    ...{ at: "full", security: secured("None"), user: SERVER_USER },
    ...{ connects: "None, None", tells: [OPEN_PASSWORD] },
  },
  {
    title: "mode None with a policy: unprotected, with a warning (R48, R49, R68)",
    ...{ at: "full", security: secured("Basic256Sha256", "None"), user: null },
    ...{ connects: "None, None", tells: [OPEN, ANONYMOUS] },
  },
  {
    title: "Any, anonymous: the strongest, too, although the server offers None (R67, R69)",
    ...{ at: "full", security: secured("Any", "Any"), user: null },
    ...{ connects: "SignAndEncrypt, Aes256_Sha256_RsaPss", tells: [ANY, ANONYMOUS] },
  },
  {
    title: "mode Any with a policy: the strongest mode of that policy (R48, R49)",
    ...{ at: "full", security: secured("Basic256", "Any"), user: SERVER_USER },
    ...{ connects: "SignAndEncrypt, Basic256", tells: [ANY_MODE, OBSOLETE_256] },
  },
  {
    title: "mode SignAndEncrypt with policy Any: the strongest policy in that mode (R48, R49)",
    ...{ at: "full", security: secured("Any"), user: SERVER_USER },
    ...{ connects: "SignAndEncrypt, Aes256_Sha256_RsaPss", tells: [ANY_POLICY] },
  },
  {
    title: "Any: the strongest that the server offers (R67, R69)",
    ...{ at: "full", security: secured("Any", "Any"), user: SERVER_USER },
    ...{ connects: "SignAndEncrypt, Aes256_Sha256_RsaPss", tells: [ANY] },
  },
  {
    title: "mode Sign with policy Any: the strongest policy in that mode (R48, R49)",
    ...{ at: "full", security: secured("Any", "Sign"), user: SERVER_USER },
    ...{ connects: "Sign, Aes256_Sha256_RsaPss", tells: [ANY_POLICY] },
  },
  {
    title: "Any at a server without certificate: unprotected, with a warning (R67)",
    ...{ at: "open", security: secured("Any", "Any"), user: null },
    ...{ connects: "None, None", tells: [ANY, ANONYMOUS, ONLY_OPEN] },
  },
  {
    title: "AllowAll: a server whose certificate is on no list (R53, L4)",
    ...{ at: "full", security: ALL_ALLOWED, user: SERVER_USER },
    ...{ connects: "SignAndEncrypt, Basic256Sha256", tells: [ALLOW_ALL] },
  },
  {
    title: "AllowAll, anonymous (R53, R54, L4)",
    ...{ at: "full", security: ALL_ALLOWED, user: null },
    ...{ connects: "SignAndEncrypt, Basic256Sha256", tells: [ALLOW_ALL, ANONYMOUS] },
  },
  {
    title: "a SHA-1 certificate with the policy that was made for it (R65, K36)",
    ...{ at: "sha1", security: secured("Basic256"), user: SERVER_USER },
    ...{ connects: "SignAndEncrypt, Basic256", tells: [OBSOLETE_256, SHA_1] },
  },
  {
    title: "refused: a server without certificate, which offers only None (R63)",
    ...{ at: "open", security: secured("Basic256Sha256"), user: null },
    ...{ connects: null },
    tells: [
      ANONYMOUS,
      refused(
        "the server offers no endpoint with mode SignAndEncrypt, policy Basic256Sha256 and anonymous login; it offers None/None for",
      ),
    ],
  },
  {
    title: "refused: a server that shows no certificate for its protected endpoint (R63)",
    ...{ at: "hidden", security: secured("Basic256Sha256"), user: SERVER_USER },
    ...{ connects: null, tells: [refused("the server has no certificate. Cure: ")] },
  },
  {
    title: "refused: a policy that the server does not offer (R48, R49)",
    ...{ at: "hidden", security: secured("Aes256_Sha256_RsaPss"), user: SERVER_USER },
    ...{ connects: null },
    tells: [
      refused(
        "the server offers no endpoint with mode SignAndEncrypt, policy Aes256_Sha256_RsaPss and user name and password; it offers ",
      ),
    ],
  },
  {
    title: "refused: a server whose certificate is not in trustList (R64, R71)",
    ...{ at: "full", user: SERVER_USER },
    security: {
      mode: "SignAndEncrypt",
      policy: "Basic256Sha256",
      clientPkiData: CLIENT,
      trustList: ["stranger.crt"],
    },
    ...{ connects: null },
    tells: [
      refused(
        `the server's certificate is not in trustList; the server sent the certificate of "CN=opc-ua-server,O=Demo Plant", SHA-1 `,
      ),
    ],
  },
  {
    title: "refused: an expired server certificate, although it is in trustList (R71)",
    ...{ at: "expired", security: secured("Basic256Sha256"), user: SERVER_USER, connects: null },
    tells: [
      "the certificate has expired on",
      refused(
        `the certificate of "CN=expired,O=Demo Plant" has expired; the server sent the certificate of "CN=expired,O=Demo Plant", SHA-1 `,
      ),
    ],
  },
  {
    title: "refused: a SHA-1 certificate with a policy of today (R65)",
    ...{ at: "sha1", security: secured("Basic256Sha256"), user: SERVER_USER },
    ...{ connects: null },
    tells: [
      "the certificate is signed with SHA-1, so a server that shows it is refused with the policy Basic256Sha256",
    ],
  },
  {
    title: "refused: a server key that is too short for the policy (R65)",
    ...{ at: "short", security: secured("Basic256Sha256"), user: SERVER_USER },
    ...{ connects: null },
    tells: [
      "the RSA key has only 1024 bits, so a server that shows it is refused with the policy Basic256Sha256",
    ],
  },
  {
    title: "refused by the server: a wrong password (R54, R55)",
    ...{ at: "full", security: secured("Basic256Sha256") },
    user: { username: SERVER_USER.username, password: "0R20jN#yZd~wrong~|YC" },
    ...{ connects: null, tells: [refused("the server refuses user name or password. Cure: ")] },
  },
  {
    title: "refused by the server: a client certificate that it does not trust (R72)",
    ...{ at: "full", security: secured("Basic256Sha256"), user: SERVER_USER, client: "untrusted" },
    ...{ connects: null, tells: [refused("the server rejects the gateway's certificate. Cure: add it")] },
  },
];

/** The gateway's own: the cell stays down, whatever the server is. */
const OWN_CASES: readonly Case[] = [
  {
    title: "refused: a client key that is too short for the policy (R65, L2)",
    ...{ at: "full", security: secured("Basic256Sha256"), user: SERVER_USER, client: "short" },
    ...{ connects: null, tells: ["the RSA key has only 1024 bits"] },
  },
  {
    title: "refused: a client certificate with SHA-1 and a policy of today (R65, L2)",
    ...{ at: "full", security: secured("Basic256Sha256"), user: SERVER_USER, client: "sha1" },
    ...{ connects: null, tells: [SHA_1] },
  },
];

/** For servers that take more configuration than node-opcua's. */
const OPEN62541_CASES: readonly Case[] = [
  {
    title: "None, user name: the server wants the password encrypted although nothing else is (R54, R68)",
    ...{ at: "sealed", security: secured("None", "None"), user: SERVER_USER },
    ...{ connects: "None, None", tells: [OPEN_PASSWORD] },
  },
  {
    title: "a certificate of a trusted authority, made out to this host and application (L3)",
    ...{ at: "authority", security: secured("Basic256Sha256"), user: SERVER_USER },
    ...{ connects: "SignAndEncrypt, Basic256Sha256", tells: [] },
  },
  {
    title: "a client certificate without application URI, at a server that does not insist on one (R131, L2)",
    ...{ at: "full", security: secured("Basic256Sha256"), user: SERVER_USER, client: "nameless" },
    ...{ connects: "SignAndEncrypt, Basic256Sha256", tells: [NO_URI] },
  },
  {
    title: "refused: a server that its authority has revoked (R133, L3, L25)",
    ...{ at: "revoked", security: secured("Basic256Sha256"), user: SERVER_USER },
    ...{ connects: null },
    tells: [refused(`the certificate of "CN=revoked,O=Demo Plant" is revoked; the server sent `)],
  },
  {
    title: "refused: another server of the same authority (L3)",
    ...{ at: "namesake", security: secured("Basic256Sha256"), user: SERVER_USER },
    ...{ connects: null, tells: [refused("the server's certificate is not made out to 192.168.177.7, ")] },
  },
];

/** Enough to see that the right values come: what values of all types become is another story's matter. */
const SOME = VARIABLES.filter(({ name }) => ["Double", "String", "Int64"].includes(name));

function matrixCases(): Case[] {
  return MATRIX.flatMap(({ policy, mode, warns }): Case[] => [
    {
      title: `${policy}, ${mode}, anonymous`,
      ...{ at: "full", security: secured(policy, mode), user: null },
      ...{ connects: `${mode}, ${policy}`, tells: [...warns.anonymous, ANONYMOUS] },
    },
    {
      title: `${policy}, ${mode}, user name`,
      ...{ at: "full", security: secured(policy, mode), user: SERVER_USER },
      ...{ connects: `${mode}, ${policy}`, tells: warns.user },
    },
  ]);
}

async function judge(t: TestContext, kind: ServerKind, cases: readonly Case[]): Promise<void> {
  await withWorkbench(t, `security-${kind}`, async (bench) => {
    const matrix = await SecurityMatrix.start(bench, SOME);
    const altNames = [`URI:${GATEWAY_URI}`];
    const client = (name: string, options: Partial<CertificateOptions>) =>
      matrix.pki.pki.issue({ name, use: "opcua", altNames, ...options });
    const clients = {
      untrusted: await client("untrusted", {}),
      short: await client("short-client", { key: "rsa:1024" }),
      sha1: await client("sha1-client", { digest: "sha1" }),
      nameless: await client("nameless-client", { altNames: [] }),
    };
    const { pki } = matrix;
    const servers = new SecurityServers({ kind, bench, pki, variables: SOME, trusts: [clients.nameless] });
    let passed = 0;
    const results = cases.map((each, index) =>
      t.test(each.title, async () => {
        const { server, trusted, revocationList } = await servers.get(each.at);
        const combination: Combination = {
          id: `${String(index + 1).padStart(2, "0")}-${each.at}`,
          ...{ server, security: each.security, userCredentials: each.user, trusted, revocationList },
          ...(each.client ? { client: clients[each.client] } : {}),
        };
        await matrix.check(combination, each);
        passed++;
      }),
    );
    await Promise.all(results);
    assert.equal(passed, cases.length, "combinations as expected");
  });
}

const TWO = { concurrency: 2 };

test(
  "node-opcua's server: each policy, mode and identity (R47–R50, R52–R55, R63–R69, R71, R72, K36, L4, L5)",
  TWO,
  (t) => judge(t, "node-opcua", [...matrixCases(), ...CASES, ...OWN_CASES]),
);

test(
  "open62541: each policy, mode and identity (R47–R50, R52–R55, R63–R69, R71, R72, R131, R133, K36, L2–L5)",
  TWO,
  (t) => judge(t, "open62541", [...matrixCases(), ...CASES, ...OPEN62541_CASES]),
);

test("the server's new security settings are taken at the next connection, without a restart (R75, L1)", (t) =>
  withWorkbench(t, "security-change", async (bench) => {
    const matrix = await SecurityMatrix.start(bench, SOME);
    const { opcuaServer, opcuaClient } = matrix.pki;
    const server = await Open62541Server.start({
      ...{ bench, variables: SOME, certificate: opcuaServer, trusted: [opcuaClient] },
      endpoints: [["Basic256", "Sign"]],
    });
    const combination: Combination = {
      ...{ id: "change", server, trusted: opcuaServer },
      ...{ security: secured("Any", "Any"), userCredentials: SERVER_USER },
    };
    await matrix.checkChange(combination, {
      connects: "Sign, Basic256",
      change: () => server.restart({ endpoints: [["Aes256_Sha256_RsaPss", "SignAndEncrypt"]] }),
      connectsThen: "SignAndEncrypt, Aes256_Sha256_RsaPss",
    });
  }));
