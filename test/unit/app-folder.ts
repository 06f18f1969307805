/** A work folder per test; it is kept when the test fails. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export async function withFolder(
  t: TestContext,
  body: (folder: string) => Promise<void> | void,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "gateway-test-"));
  try {
    await body(folder);
  } catch (error) {
    t.diagnostic(`work folder kept: ${folder}`);
    throw error;
  }
  rmSync(folder, { recursive: true, force: true });
}
