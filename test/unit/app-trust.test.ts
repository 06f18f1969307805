/** Who is trusted: certificates and keys from the operator's files, and the decision about the OPC UA server. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { MessageSecurityMode } from "node-opcua-client";
import { chooseEndpoint, NoEndpointError } from "../../app/cells/opcua/connection/endpoint.ts";
import {
  checkServerCertificate,
  expiredLists,
  UntrustedServerError,
} from "../../app/cells/opcua/connection/trust.ts";
import type { OpcUaSettings } from "../../app/config/opcua.ts";
import { type Certificate, type CertificateOptions, Pki } from "../lab/pki.ts";
import { revocationList } from "../lab/revocation.ts";
import { makeFolder } from "./app-folder.ts";

const { folder, remove } = makeFolder();
const pki = new Pki(join(folder, "pki"));
const URI = "urn:test:gateway";
const SERVER_URI = "urn:test:server";
const HOST = "plant.example";
const ALT_NAMES = [`URI:${SERVER_URI}`, `DNS:${HOST}`, "IP:192.168.177.7"];
let ca: Certificate;
let foreignCa: Certificate;
let server: Certificate;
let client: Certificate;

before(async () => {
  ca = await pki.issue({ name: "ca", use: "ca" });
  foreignCa = await pki.issue({ name: "foreign-ca", use: "ca" });
  server = await pki.issue({ name: "server", use: "opcua", altNames: ALT_NAMES });
  client = await pki.issue({ name: "client", use: "opcua", altNames: [`URI:${URI}`] });
});
after(remove);

const der = (certificate: Certificate): Buffer => readFileSync(certificate.derFile);
const NOW = new Date();
const DAYS = 24 * 3600 * 1000;

function refusal(
  presented: Buffer,
  trusted: readonly Certificate[],
  now = NOW,
  lists: readonly Buffer[] = [],
  { policy = "Basic256Sha256", applicationUri = SERVER_URI, host = HOST } = {},
): string {
  try {
    const claim = { applicationUri, host };
    const certificates = trusted.map(der);
    const revocationLists = lists.map((list, index) => ({ file: `HW-IDS:/${index}.crl`, der: list }));
    const options = { presented, policy, claim, trusted: certificates, revocationLists, now };
    return ["accepted", ...checkServerCertificate(options)].join("; ");
  } catch (error) {
    assert.ok(error instanceof UntrustedServerError, String(error));
    return error.message;
  }
}

test("a server whose certificate is in the list is accepted, exactly that one (R53, R64, R71)", () => {
  assert.equal(refusal(der(server), [client, server]), "accepted");
  assert.match(
    refusal(der(server), [client]),
    /^the server's certificate is not in trustList; the server sent the certificate of "CN=server,O=Demo Plant", SHA-1 [0-9a-f]{40}, valid \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d\. Cure: /,
  );
  assert.match(refusal(der(server), []), /not in trustList/);
});

test("a server that shows no certificate is refused (R63)", () => {
  assert.match(refusal(Buffer.alloc(0), [server]), /the server has no certificate/);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
      assert.match(refusal(Buffer.from(bytes), [server]), /can't be read|not in trustList|not valid|expired/);
    }),
  );
});

test("AllowAll accepts any server (R53, L4)", () => {
  const claim = { applicationUri: "urn:any", host: "any" };
  const presented = Buffer.alloc(0);
  const options = { presented, policy: "Basic256", claim, trusted: null, revocationLists: [], now: NOW };
  assert.deepEqual(checkServerCertificate(options), []);
});

test("an expired certificate or one of the future is refused, even when it is in the list (R71, R135)", () => {
  assert.match(
    refusal(der(server), [server], new Date(NOW.getTime() + 4000 * DAYS)),
    /^the certificate of "CN=server,O=Demo Plant" has expired; .*Cure: renew it/,
  );
  assert.match(
    refusal(der(server), [server], new Date("2001-01-01")),
    /^the certificate of "CN=server,O=Demo Plant" is not valid yet; .*Cure: set the gateway's clock, it shows 2001-01-01/,
  );
});

test("a chain that ends in a trusted authority is accepted, by its signatures and not by its names (L3)", async () => {
  const intermediate = await pki.issue({ name: "intermediate", use: "ca", issuer: ca });
  const leaf = await pki.issue({ name: "leaf", use: "opcua", altNames: ALT_NAMES, issuer: intermediate });
  const direct = await pki.issue({ name: "direct", use: "opcua", altNames: ALT_NAMES, issuer: ca });
  const chain = Buffer.concat([der(leaf), der(intermediate)]);
  assert.equal(refusal(der(direct), [ca]), "accepted");
  assert.equal(refusal(chain, [ca]), "accepted");
  assert.equal(refusal(der(leaf), [intermediate]), "accepted");
  assert.match(refusal(der(leaf), [ca]), /not in trustList/, "the intermediate certificate is missing");
  assert.match(refusal(chain, [foreignCa]), /not in trustList/);
  // Same name, other key.
  const pretender = await new Pki(join(folder, "pretender")).issue({ name: "ca", use: "ca" });
  const forged = await pki.issue({ name: "forged", use: "opcua", altNames: ALT_NAMES, issuer: pretender });
  assert.match(refusal(der(forged), [ca]), /not in trustList/);
  assert.match(refusal(Buffer.concat([der(forged), der(pretender)]), [ca]), /not in trustList/);
});

test("a trusted certificate that is no authority vouches for nobody", async () => {
  const child = await pki.issue({ name: "child", use: "opcua", altNames: ALT_NAMES, issuer: server });
  assert.match(refusal(der(child), [server]), /not in trustList/);
  assert.match(refusal(Buffer.concat([der(child), der(server)]), [server]), /not in trustList/);
});

test("an expired authority vouches for nobody", async () => {
  const old = await pki.issue({ name: "old-ca", use: "ca", validFromDays: -20, validToDays: -1 });
  const leaf = await pki.issue({ name: "of-old", use: "opcua", altNames: ALT_NAMES, issuer: old });
  assert.match(refusal(der(leaf), [old]), /"CN=old-ca,O=Demo Plant" has expired/);
});

test("a certificate that is too weak for the policy is refused, also when it is in the list (R65)", async () => {
  const issue = (name: string, options: Partial<CertificateOptions>) =>
    pki.issue({ name, use: "opcua", altNames: ALT_NAMES, ...options });
  const sha1 = await issue("sha-1", { digest: "sha1" });
  const short = await issue("short", { key: "rsa:1024" });
  const elliptic = await issue("elliptic", { key: "ec:P-256" });
  const byAuthority = await issue("sha-1-by-ca", { digest: "sha1", issuer: ca });
  for (const policy of ["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"]) {
    const judge = (each: Certificate, ...trusted: Certificate[]) =>
      refusal(der(each), trusted, NOW, [], { policy });
    assert.match(
      judge(sha1, sha1),
      new RegExp(
        `^the server's certificate is signed with SHA-1, which ${policy} does not allow; the server sent the certificate of "CN=sha-1,O=Demo Plant", .*Cure: give the server a certificate that is signed with SHA-256$`,
      ),
    );
    assert.match(judge(byAuthority, ca), /is signed with SHA-1/);
    assert.match(
      judge(short, short),
      new RegExp(
        `^the server's key has only 1024 bits, but ${policy} needs at least 2048; .*"CN=short,O=Demo Plant".*Cure: give`,
      ),
    );
    assert.match(
      judge(elliptic, elliptic),
      new RegExp(`is no RSA key, which ${policy} needs; .*"CN=elliptic,O=Demo Plant"`),
    );
  }
  for (const policy of ["Basic128Rsa15", "Basic256"]) {
    const judge = (each: Certificate) => refusal(der(each), [each], NOW, [], { policy });
    assert.equal(judge(sha1), "accepted");
    assert.equal(judge(short), "accepted");
    assert.match(judge(elliptic), /is no RSA key/);
  }
});

test("a certificate of another application, host or purpose: refused below an authority, told when it is named itself (L3)", async () => {
  const issue = (name: string, options: Partial<CertificateOptions>) =>
    pki.issue({ name, use: "opcua", altNames: ALT_NAMES, issuer: ca, ...options });
  const other = await issue("other-application", { altNames: ["URI:urn:other", `DNS:${HOST}`] });
  const nobody = await issue("no-application", { altNames: [`DNS:${HOST}`] });
  const elsewhere = await issue("other-host", { altNames: [`URI:${SERVER_URI}`, "DNS:elsewhere"] });
  const signer = await issue("signer", { keyUsage: "keyEncipherment" });
  const sealer = await issue("sealer", { keyUsage: "digitalSignature" });
  const problems: [Certificate, string][] = [
    [other, "the server calls itself urn:test:server, but its certificate is made out to urn:other"],
    [nobody, "the server calls itself urn:test:server, but its certificate is made out to no application"],
    [signer, "the server's certificate is not made for digital signatures"],
    [sealer, "the server's certificate is not made for encryption"],
  ];
  for (const [certificate, problem] of problems) {
    const below = refusal(der(certificate), [ca]);
    assert.ok(
      below.startsWith(
        `${problem}; the server sent the certificate of "CN=${certificate.name},O=Demo Plant"`,
      ),
      below,
    );
    const named = refusal(der(certificate), [certificate]);
    assert.ok(named.startsWith(`accepted; ${problem}. Cure: give the server a certificate with`), named);
  }
  assert.match(
    refusal(der(elsewhere), [ca]),
    /^the server's certificate is not made out to plant\.example, so it may be another server of the same authority; .*Cure: put the server's own certificate/,
  );
  assert.equal(refusal(der(elsewhere), [elsewhere]), "accepted", "the operator means exactly that one");
  const good = await issue("good", {});
  for (const host of [HOST, "PLANT.example", "192.168.177.7"])
    assert.equal(refusal(der(good), [ca], NOW, [], { host }), "accepted");
  assert.match(
    refusal(der(good), [ca], NOW, [], { host: "192.168.177.8" }),
    /not made out to 192\.168\.177\.8/,
  );
});

test("what a list of its authority names is refused, also when it is trusted itself (R133, L3, L25)", async () => {
  const intermediate = await pki.issue({ name: "revoked-intermediate", use: "ca", issuer: ca });
  const leaf = await pki.issue({ name: "below", use: "opcua", altNames: ALT_NAMES, issuer: intermediate });
  const direct = await pki.issue({ name: "stolen", use: "opcua", altNames: ALT_NAMES, issuer: ca });
  const other = await pki.issue({ name: "other", use: "opcua", altNames: ALT_NAMES, issuer: ca });
  const chain = Buffer.concat([der(leaf), der(intermediate)]);
  const lists = [revocationList(folder, foreignCa, []), revocationList(folder, ca, [direct, intermediate])];
  const stolen =
    /^the certificate of "CN=stolen,O=Demo Plant" is revoked; the server sent .*Cure: give the server a new certificate/;
  assert.match(refusal(der(direct), [ca], NOW, lists), stolen);
  assert.match(refusal(der(direct), [direct, ca], NOW, lists), stolen);
  assert.match(refusal(der(direct), [direct], NOW, lists), stolen, "its authority is not on the card");
  assert.match(
    refusal(chain, [ca], NOW, lists),
    /"CN=revoked-intermediate,O=Demo Plant" is revoked; .*"CN=below,O=Demo Plant"/,
  );
  assert.equal(refusal(der(other), [ca], NOW, lists), "accepted");
  assert.equal(refusal(der(server), [server], NOW, lists), "accepted");
  const namesake = await new Pki(join(folder, "namesake")).issue({ name: "ca", use: "ca" });
  assert.equal(refusal(der(direct), [ca], NOW, [revocationList(folder, namesake, [direct])]), "accepted");
});

test("a list that has expired is still used, and told with its file and its date (R133, L3)", async () => {
  const revoked = await pki.issue({ name: "revoked-once", use: "opcua", altNames: ALT_NAMES, issuer: ca });
  const old = revocationList(folder, ca, [revoked], "20200201000000Z");
  assert.match(refusal(der(revoked), [ca], NOW, [old]), /"CN=revoked-once,O=Demo Plant" is revoked/);
  const lists = [
    { file: "HW-IDS:/old.crl", der: old },
    { file: "HW-IDS:/new.crl", der: revocationList(folder, ca, []) },
  ];
  assert.deepEqual(expiredLists(lists, NOW), [
    "the revocation list HW-IDS:/old.crl has expired (nextUpdate 2020-02-01); it is still used, but what was revoked since is not noticed. Cure: put the authority's newest list on HW-IDS",
  ]);
});

const POLICY = "http://opcfoundation.org/UA/SecurityPolicy#";
function endpoint(mode: MessageSecurityMode, policy: string, token: number | null, level = 0) {
  return {
    endpointUrl: "opc.tcp://plc:4840",
    securityMode: mode,
    securityPolicyUri: POLICY + policy,
    securityLevel: level,
    serverCertificate: Buffer.from([1]),
    server: { applicationUri: SERVER_URI },
    userIdentityTokens: token === null ? [] : [{ tokenType: token }],
  } as unknown as Parameters<typeof chooseEndpoint>[0][number];
}
const ANONYMOUS = 0;
const USER = 1;
const { None, Sign, SignAndEncrypt } = MessageSecurityMode;

test("the endpoint: exactly what is set, the strongest for Any, with the right login (R48, R49, R66, R67)", () => {
  const offers = [
    endpoint(None, "None", ANONYMOUS, 9),
    endpoint(Sign, "Basic256Sha256", ANONYMOUS),
    endpoint(SignAndEncrypt, "Basic256Sha256", USER),
    endpoint(SignAndEncrypt, "Basic256Sha256", ANONYMOUS),
    endpoint(SignAndEncrypt, "Aes256_Sha256_RsaPss", ANONYMOUS),
    endpoint(SignAndEncrypt, "FromTheFuture", ANONYMOUS, 99),
  ];
  const choose = (mode: string, policy: string, user: OpcUaSettings["user"] = null) => {
    const settings = { mode, policy, user } as unknown as OpcUaSettings;
    const { mode: chosen, policy: uri, weak } = chooseEndpoint(offers, settings);
    return `${MessageSecurityMode[chosen]} ${uri.replace(POLICY, "")}${weak ? " weak" : ""}`;
  };
  assert.equal(choose("SignAndEncrypt", "Basic256Sha256"), "SignAndEncrypt Basic256Sha256");
  assert.equal(choose("Any", "Any"), "SignAndEncrypt Aes256_Sha256_RsaPss");
  assert.equal(choose("Sign", "Any"), "Sign Basic256Sha256");
  assert.equal(choose("Any", "Any", { name: "u", password: "p" }), "SignAndEncrypt Basic256Sha256");
  assert.equal(choose("None", "None"), "None None");
  assert.throws(
    () => choose("Sign", "Basic256"),
    (error) =>
      error instanceof NoEndpointError &&
      /no endpoint with mode Sign, policy Basic256 and anonymous login; it offers None\/None for Anonymous, Sign\/Basic256Sha256 for Anonymous, .*Cure:/.test(
        error.message,
      ),
  );
  const open = chooseEndpoint([endpoint(None, "None", ANONYMOUS)], {
    mode: "Any",
    policy: "Any",
    user: null,
  } as unknown as OpcUaSettings);
  assert.equal(open.weak, true);
});

/** What becomes of such a choice: mode, policy and `weak`, or why there is none. */
function outcome(
  offers: ReturnType<typeof endpoint>[],
  wish: Pick<OpcUaSettings, "mode" | "policy">,
  user: OpcUaSettings["user"] = { name: "u", password: "p" },
): string {
  try {
    const chosen = chooseEndpoint(offers, { ...wish, user } as OpcUaSettings);
    const policy = chosen.policy.replace(POLICY, "");
    return `${MessageSecurityMode[chosen.mode]} ${policy}${chosen.weak ? " weak" : ""}`;
  } catch (error) {
    assert.ok(error instanceof NoEndpointError, String(error));
    return error.message;
  }
}

test("Any takes no unprotected endpoint while the server has a protected one, whoever that takes (R67, R69)", () => {
  const any = { mode: "Any", policy: "Any" } as const;
  const open = endpoint(None, "None", USER, 99);
  const refusedFor = (login: string) =>
    new RegExp(
      `^none of the server's protected endpoints can be used with ${login}, and one without protection is not used in their place; it offers None/None for .*\\. Cure: let one of the server's protected endpoints take ${login}, or `,
    );
  const forUser = refusedFor("user name and password");
  assert.match(outcome([open, endpoint(SignAndEncrypt, "Basic256Sha256", ANONYMOUS)], any), forUser);
  assert.match(outcome([open, endpoint(Sign, "Basic128Rsa15", ANONYMOUS)], any), forUser);
  assert.match(outcome([open, endpoint(SignAndEncrypt, "Basic256Sha256", null)], any), forUser);
  assert.match(outcome([open, endpoint(SignAndEncrypt, "FromTheFuture", USER)], any), forUser);
  const anonymously = [endpoint(None, "None", ANONYMOUS), endpoint(SignAndEncrypt, "Basic256Sha256", USER)];
  assert.match(outcome(anonymously, any, null), refusedFor("anonymous login"));
  // Protected ones among themselves: the strongest that takes the user.
  const guarded = [
    endpoint(SignAndEncrypt, "Aes256_Sha256_RsaPss", ANONYMOUS),
    endpoint(Sign, "Basic256", USER),
  ];
  assert.equal(outcome([open, ...guarded], any), "Sign Basic256");
  assert.equal(outcome([open], any), "None None weak");
  const elsewhere = {
    ...endpoint(SignAndEncrypt, "Basic256Sha256", USER),
    endpointUrl: "opc.wss://plc",
  } as typeof open;
  assert.equal(outcome([open, elsewhere], any), "None None weak", "it can't be reached over opc.tcp");
});

test("either of mode and policy, named, keeps unprotected endpoints out; None asks for them (R48, R49, R66, R68)", () => {
  const offers = [endpoint(None, "None", USER, 99), endpoint(SignAndEncrypt, "Basic256Sha256", ANONYMOUS)];
  const missing = (mode: string, policy: string) =>
    new RegExp(
      `^the server offers no endpoint with mode ${mode}, policy ${policy} and user name and password; it offers`,
    );
  assert.match(outcome(offers, { mode: "Any", policy: "Basic256Sha256" }), missing("Any", "Basic256Sha256"));
  assert.match(outcome(offers, { mode: "SignAndEncrypt", policy: "Any" }), missing("SignAndEncrypt", "Any"));
  // What `null` and None come to.
  assert.equal(outcome(offers, { mode: "None", policy: "None" }), "None None");
});

test("an endpoint that is protected by its mode only, or by its policy only, is never used (R63, R67)", () => {
  for (const [mode, policy] of [
    ["SignAndEncrypt", "Any"],
    ["Sign", "Any"],
    ["Any", "Any"],
    ["Any", "Basic256Sha256"],
  ] as const) {
    const offers = [
      endpoint(SignAndEncrypt, "None", USER),
      endpoint(Sign, "None", USER),
      endpoint(None, "Basic256Sha256", USER),
    ];
    assert.match(outcome(offers, { mode, policy }), /^the server offers no endpoint with mode /);
  }
});

test("a password that mode Sign would send readable is known before it is sent (R69, K36)", () => {
  const user = { name: "u", password: "p" };
  const isOpen = (
    mode: MessageSecurityMode,
    tokenPolicies: readonly (string | null)[],
    login: OpcUaSettings["user"] = user,
  ): boolean => {
    const offer = endpoint(mode, mode === None ? "None" : "Basic256Sha256", USER);
    const tokens = tokenPolicies.map((policy) => ({
      tokenType: USER,
      securityPolicyUri: policy === null ? null : `${POLICY}${policy}`,
    }));
    Object.assign(offer, {
      userIdentityTokens: [...tokens, { tokenType: ANONYMOUS, securityPolicyUri: null }],
    });
    const settings = { mode: MessageSecurityMode[mode], policy: "Any", user: login } as OpcUaSettings;
    return chooseEndpoint([offer], settings).passwordOpen;
  };
  assert.equal(isOpen(Sign, ["None"]), true);
  assert.equal(isOpen(Sign, ["None", "None"]), true);
  for (const other of ["Basic128Rsa15", "Basic256", null])
    assert.equal(isOpen(Sign, [other, "None"]), true, `node-opcua takes None before ${other}`);
  // The endpoint's own policy; an outdated one; the stronger one of two.
  assert.equal(isOpen(Sign, [null]), false);
  assert.equal(isOpen(Sign, ["Basic128Rsa15"]), false);
  assert.equal(isOpen(Sign, ["None", "Basic256Sha256"]), false);
  // Encrypted all the same; told by the settings' own rule; nobody logs in.
  assert.equal(isOpen(SignAndEncrypt, ["None"]), false);
  assert.equal(isOpen(None, ["None"]), false);
  assert.equal(isOpen(Sign, ["None"], null), false);
});
