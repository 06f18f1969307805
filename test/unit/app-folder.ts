/** Work folders for tests; they are kept when the test fails. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A folder for all tests of a file; `remove` belongs into `after`. */
export function makeFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "gateway-test-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A folder for one test. */
export async function withFolder(
  t: TestContext,
  body: (folder: string) => Promise<void> | void,
): Promise<void> {
  const { folder, remove } = makeFolder();
  try {
    await body(folder);
  } catch (error) {
    t.diagnostic(`work folder kept: ${folder}`);
    throw error;
  }
  remove();
}
