/** Every mode with every policy, identity and trust: none is refused by a rule, and what each comes to is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConfigFault } from "../../app/config/fault.ts";
import { check, goodSite, type Site, settingsOf } from "./app-config-site.ts";

const POLICIES = [
  "None",
  "Basic128Rsa15",
  "Basic256",
  "Basic256Sha256",
  "Aes128_Sha256_RsaOaep",
  "Aes256_Sha256_RsaPss",
  "Any",
] as const;

const OPEN = "None None: open";
/** What the gateway works with, and what it warns of, for each policy in its order (R48, R49, R68, R69). */
const OUTCOMES: Readonly<Record<string, readonly string[]>> = {
  None: POLICIES.map(() => OPEN),
  Sign: [
    OPEN,
    "Sign Basic128Rsa15: policy-obsolete",
    "Sign Basic256: policy-obsolete",
    "Sign Basic256Sha256:",
    "Sign Aes128_Sha256_RsaOaep:",
    "Sign Aes256_Sha256_RsaPss:",
    "Sign Any: policy-any",
  ],
  SignAndEncrypt: [
    OPEN,
    "SignAndEncrypt Basic128Rsa15: policy-obsolete",
    "SignAndEncrypt Basic256: policy-obsolete",
    "SignAndEncrypt Basic256Sha256:",
    "SignAndEncrypt Aes128_Sha256_RsaOaep:",
    "SignAndEncrypt Aes256_Sha256_RsaPss:",
    "SignAndEncrypt Any: policy-any",
  ],
  Any: [
    OPEN,
    "Any Basic128Rsa15: mode-any policy-obsolete",
    "Any Basic256: mode-any policy-obsolete",
    "Any Basic256Sha256: mode-any",
    "Any Aes128_Sha256_RsaOaep: mode-any",
    "Any Aes256_Sha256_RsaPss: mode-any",
    "Any Any: security-any",
  ],
};

const rules = (found: readonly ConfigFault[]): string[] => found.map(({ rule }) => rule).sort();

/** `user`: the account of the sample; otherwise anonymous. */
function outcome(security: unknown, user: boolean): string {
  const edit = (site: Site): void => {
    Object.assign(site.opcua, { security, ...(user ? {} : { userCredentials: null }) });
  };
  const found = check(edit);
  assert.deepEqual(
    found.filter(({ severity }) => severity === "error"),
    [],
  );
  const { mode, policy } = settingsOf(edit).opcua;
  const open = user ? "password-open" : "security-off";
  const told = rules(found).map((rule) => (rule === open ? "open" : rule));
  assert.equal(told.includes("anonymous"), !user);
  return [`${mode} ${policy}:`, ...told.filter((rule) => rule !== "anonymous")].join(" ");
}

for (const user of [true, false]) {
  test(`each mode with each policy, ${user ? "user name" : "anonymous"}: what it comes to, and what is weak about it (R48, R49, R54, R67–R69, K33, K36)`, () => {
    for (const [mode, outcomes] of Object.entries(OUTCOMES)) {
      const told = POLICIES.map((policy) => outcome({ ...goodSite().opcua.security, mode, policy }, user));
      assert.deepEqual(told, outcomes, mode);
    }
    assert.equal(outcome(null, user), OPEN);
  });

  test(`AllowAll with each mode, ${user ? "user name" : "anonymous"}: one more weakness (R53, R69, L4)`, () => {
    for (const mode of ["Sign", "SignAndEncrypt"])
      assert.equal(
        outcome({ ...goodSite().opcua.security, mode, trustList: "AllowAll" }, user),
        `${mode} Basic256Sha256: trust-all`,
      );
  });
}
