/** Whom a certificate names, as the log shows it when a server is refused: all of it, on one line. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { checkServerCertificate } from "../../app/cells/opcua/connection/trust.ts";
import { subjectOf } from "../../app/config/distinguished-name.ts";
import { makeFolder } from "./app-folder.ts";

const { folder, remove } = makeFolder();
after(remove);
const file = (name: string): string => join(folder, name);
const openssl = (...args: string[]): Buffer =>
  execFileSync("openssl", args, { stdio: ["ignore", "pipe", "pipe"] });
openssl("genpkey", "-algorithm", "RSA", "-out", file("key"));

/** A certificate with the lines of a configuration's `distinguished_name` as its subject. */
function certificate(subject: readonly string[], mask = "utf8only", ...more: readonly string[]): Buffer {
  const lines = ["[req]", "prompt=no", "utf8=yes", `string_mask=${mask}`, "distinguished_name=subject"];
  writeFileSync(file("cnf"), [...lines, "[subject]", ...subject, ""].join("\n"));
  const request = ["-config", file("cnf"), "-key", file("key"), "-outform", "DER"];
  return openssl("req", "-x509", ...request, ...more);
}

test("each part of the name, as openssl shows it by RFC 2253 (R71)", () => {
  const subjects = [
    ["C=DE", "ST=Nordrhein-Westfalen", "L=Köln", "O=Werk 7", "OU=Halle 3", "CN=Presse 12"],
    [`O='Plant, Inc.; "East" <1+2>'`, "CN='# leads and a backslash ends \\\\'"],
    ["DC=example", "DC=plant", "UID=press", "CN=x"],
    ["0.OU=one", "1.OU=two", "+CN=both"],
  ];
  for (const subject of subjects) {
    for (const mask of ["utf8only", "nombstr", "pkix"]) {
      const der = certificate(subject, mask);
      writeFileSync(file("der"), der);
      const shown = ["-noout", "-subject", "-nameopt", "RFC2253,-esc_msb,utf8"];
      const expected = openssl("x509", "-inform", "DER", "-in", file("der"), ...shown)
        .toString()
        .trim();
      assert.equal(`subject=${subjectOf(der)}`, expected);
    }
  }
});

test("parts that few know are shown by their numbers, and a name with nothing in it is none", () => {
  assert.equal(subjectOf(certificate(["0.1.3.6.1.4.1.99999.1=x", "CN=y"])), "CN=y,1.3.6.1.4.1.99999.1=x");
  assert.equal(
    subjectOf(certificate(["emailAddress=a@b", "serialNumber=7"])),
    "serialNumber=7,emailAddress=a@b",
  );
  assert.equal(subjectOf(certificate(["CN=x"], "utf8only", "-subj", "/")), null);
});

test("a refusal shows the whole name on one line, whatever a server put into it (R71, R165)", () => {
  const name = 'O=a\nInfo: forged\u001b[2J\u202e"; all is well. Cure: none';
  const shown = (subject: string): string => {
    const der = certificate(["O=placeholder", `CN=${"x".repeat(60)}`]);
    // As long as the one that openssl has put there; openssl itself takes no control characters from its file.
    const bytes = Buffer.from(subject.padEnd(60, "."), "utf8").subarray(0, 60);
    bytes.copy(der, der.lastIndexOf("x".repeat(60)));
    assert.throws(
      () =>
        checkServerCertificate({
          ...{ presented: der, policy: "Basic256Sha256", trusted: [], revocationLists: [] },
          ...{ claim: { applicationUri: null, host: "x" }, now: new Date() },
        }),
      (error: Error) => {
        subject = error.message;
        return true;
      },
    );
    return subject;
  };
  const forged = shown(name);
  assert.match(
    forged,
    /; the server sent the certificate of "CN=O=a Info: forged \[2J \\"\\; all is well\. Cure: none\.*,O=placeholder", SHA-1 [0-9a-f]{40}, valid /,
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.doesNotMatch(shown(text), /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
    }),
    { numRuns: 20 },
  );
});
