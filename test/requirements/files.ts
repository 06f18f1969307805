import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { allTaggedTests, joinRequirements, type Requirement, type Row } from "./table.ts";

const TESTS = fileURLToPath(new URL("..", import.meta.url));
const LIST = fileURLToPath(new URL("requirements.json", import.meta.url));
/** The committed table. */
export const TABLE = fileURLToPath(new URL("TABLE.md", import.meta.url));

/** Every requirement of the list with the tests that name it. */
export function readRows(): Row[] {
  const requirements: readonly Requirement[] = JSON.parse(readFileSync(LIST, "utf8"));
  return joinRequirements(requirements, allTaggedTests(TESTS));
}
