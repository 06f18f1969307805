// The configuration check: a fragment line that Kconfig dropped is named with file and line, and stops the build.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assertConfigKept, droppedLines } from "../../buildroot/from-debian/check-config.ts";
import { OsBuildError } from "../../buildroot/from-debian/os-build-error.ts";

const CONFIG = `CONFIG_NET=y
CONFIG_LOG_BUF_SHIFT=16
CONFIG_LSM="landlock"
# CONFIG_IPV6 is not set
`;

test("a kept fragment gives nothing", () => {
  const fragment = `# a comment\nCONFIG_NET=y\n\nCONFIG_LSM="landlock"\n# CONFIG_IPV6 is not set\n# CONFIG_USB is not set\n`;
  assert.deepEqual(droppedLines(fragment, CONFIG), []);
});

test("a planted impossible line stops the build with file and line", () => {
  const text = "CONFIG_NET=y\nCONFIG_64BIT_SMP_ON_A_QUARK=y\n";
  assert.throws(
    () => assertConfigKept({ fragment: { path: "board/linux.fragment", text }, config: CONFIG }),
    (error: unknown) => {
      assert.ok(error instanceof OsBuildError);
      assert.equal(error.code, "CONFIG_DROPPED");
      assert.match(error.message, /lost 1 line of the fragment/);
      assert.match(
        error.message,
        /board\/linux\.fragment:2: CONFIG_64BIT_SMP_ON_A_QUARK=y \(final \.config: absent\)/,
      );
      return true;
    },
  );
});

test("another value and a switched-on option count as dropped", () => {
  const fragment = "CONFIG_LOG_BUF_SHIFT=17\n# CONFIG_NET is not set\nCONFIG_IPV6=y\n";
  assert.deepEqual(droppedLines(fragment, CONFIG), [
    { line: 1, wanted: "CONFIG_LOG_BUF_SHIFT=17", found: "CONFIG_LOG_BUF_SHIFT=16" },
    { line: 2, wanted: "# CONFIG_NET is not set", found: "CONFIG_NET=y" },
    { line: 3, wanted: "CONFIG_IPV6=y", found: "# CONFIG_IPV6 is not set" },
  ]);
});

test("the kernel knows no USB, no COM connectors, no buttons, and loads no modules that would (R6)", () => {
  const file = new URL("../../buildroot/board/iot2040/linux.fragment", import.meta.url);
  const lines = new Set(readFileSync(file, "utf8").split("\n"));
  // The build fails when the final configuration has another value than the fragment.
  for (const option of ["USB_SUPPORT", "SERIAL_8250_EXAR", "INPUT", "GPIO_CDEV", "MODULES"])
    assert.ok(lines.has(`# CONFIG_${option} is not set`), `CONFIG_${option} is off`);
});
