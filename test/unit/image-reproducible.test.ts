/** The same inputs give the same bytes, whoever builds, where, when and with which habits. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { before } from "node:test";
import {
  build,
  gwcard,
  judge,
  REPOSITORY,
  sharedFolder,
  writePayload,
  writeSmallLayout,
} from "./image-fixture.ts";

const NOBODY = 65534;
const { folder, check } = sharedFolder();
const payload = join(folder, "payload");
const reference = join(folder, "reference/card.img");
let layout = "";

before(() => {
  writePayload(payload);
  layout = writeSmallLayout(join(folder, "partitions"));
  build({ payload, output: reference, layout });
});

function sameBytes(image: string): void {
  for (const suffix of ["", ".bmap", ".xz", ".cdx.json", ".sha256"])
    judge("cmp", image + suffix, reference + suffix);
}

check("a fresh copy made in another order, at another time, with other permissions", () => {
  const copy = join(folder, "copy");
  mkdirSync(copy);
  // Reversed, so that a builder that trusts the folder's own order would show it.
  for (const name of readdirSync(payload).sort().reverse()) {
    cpSync(join(payload, name), join(copy, name));
    utimesSync(join(copy, name), 1_000_000_000, 1_100_000_000);
    chmodSync(join(copy, name), 0o400);
  }
  const output = join(folder, "copied/card.img");
  build({ payload: copy, output, layout });
  sameBytes(output);
});

check("another umask, time zone, language, working folder and personal tool settings", () => {
  const home = join(folder, "home");
  mkdirSync(home);
  writeFileSync(join(home, ".mtoolsrc"), "mtools_lower_case=1\nmtools_no_vfat=1\n");
  const env = {
    ...process.env,
    HOME: home,
    TZ: "America/St_Johns",
    LC_ALL: "de_DE.UTF-8",
    SOURCE_DATE_EPOCH: "1234567890",
    E2FSPROGS_FAKE_TIME: "1234567890",
    XZ_DEFAULTS: "-9e --check=sha256",
    MKE2FS_CONFIG: "/nonexistent",
    MTOOLS_LOWER_CASE: "1",
  };
  const output = "habits/card.img";
  build({
    payload: "payload",
    output,
    layout: "partitions/layout.json",
    run: { env, umask: "077", cwd: folder },
  });
  sameBytes(join(folder, output));
});

check("a path that file system tools and shells would take for something else", () => {
  const output = join(folder, `a "quoted" $PATH?offset=1 @@2/card.img`);
  build({ payload, output, layout });
  sameBytes(output);
});

const asNobody = process.getuid?.() === 0 && readableForAll();
(asNobody
  ? check
  : () => console.error("not run: another user needs root, and a checkout that everybody can read"))(
  "another user, who is not root",
  () => {
    for (const part of [folder, payload]) chmodSync(part, 0o755);
    const home = join(folder, "nobody");
    mkdirSync(home);
    chownSync(home, NOBODY, NOBODY);
    const output = join(home, "card.img");
    build({
      payload,
      output,
      layout,
      run: { uid: NOBODY, cwd: home, env: { ...process.env, HOME: home, TMPDIR: home } },
    });
    sameBytes(output);
  },
);

function readableForAll(): boolean {
  return gwcard(["--help"], { uid: NOBODY, cwd: "/" }).status === 0 && basename(REPOSITORY) !== "";
}

check("the small card is as sound as the real one", () => {
  assert.match(judge("sgdisk", "-v", reference), /No problems found/);
});
