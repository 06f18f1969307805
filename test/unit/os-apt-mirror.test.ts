// The Debian mirror comes from the machine's own apt sources, in either of their two formats.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseMirror } from "../../buildroot/from-debian/apt-mirror.ts";

const DEB822 = `Types: deb
# a comment between fields
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`;

test("deb822 sources with a security archive", () => {
  assert.deepEqual(chooseMirror([{ path: "/etc/apt/sources.list.d/debian.sources", text: DEB822 }]), {
    archive: "http://mirror.example/debian",
    security: "http://mirror.example/debian-security",
  });
});

test("one-line sources, options in brackets, comments", () => {
  const text = `# deb http://old.example/debian trixie main
deb [arch=amd64 signed-by=/x.gpg] https://mirror.example/debian trixie main non-free-firmware # note
deb-src https://mirror.example/debian trixie main
deb https://mirror.example/debian-security trixie-security main
`;
  assert.deepEqual(chooseMirror([{ path: "/etc/apt/sources.list", text }]), {
    archive: "https://mirror.example/debian",
    security: "https://mirror.example/debian-security",
  });
});

test("third-party repositories and disabled paragraphs are passed over", () => {
  const files = [
    { path: "a.list", text: "deb https://vendor.example/node_20.x nodistro main\n" },
    { path: "b.list", text: "deb https://vendor.example/apt cloud-sdk-bookworm main\n" },
    {
      path: "c.sources",
      text: "Enabled: no\nTypes: deb\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\n",
    },
    {
      path: "d.sources",
      text: "Types: deb\nURIs: http://on.example/debian\nSuites: bookworm\nComponents:\n main\n contrib\n",
    },
  ];
  assert.deepEqual(chooseMirror(files), { archive: "http://on.example/debian", security: undefined });
});

test("without a Debian archive the error names the files that were read and the way out", () => {
  assert.throws(
    () => chooseMirror([{ path: "/etc/apt/sources.list", text: "deb cdrom:[x]/ bookworm main\n" }]),
    /no Debian archive .*\/etc\/apt\/sources\.list[\s\S]*GWCARD_DEBIAN_MIRROR/,
  );
});
