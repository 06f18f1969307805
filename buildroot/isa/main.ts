/**
 * `make isa`: disassembles what the device runs and fails on any instruction the Quark X1000 lacks.
 * design.md §3; rules in instruction-set.ts, exceptions in excuses.json.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { programsOnCard } from "./card.ts";
import { checkProgram, type Finding } from "./check.ts";
import { DebugFolder, programsIn, programsInPayload } from "./collect.ts";
import { IsaError } from "./errors.ts";
import { Excuses } from "./excuses.ts";
import type { Program } from "./program.ts";

const HELP = `usage: npx tsx buildroot/isa/main.ts [--os DIR] [--card IMAGE] [FILE…]

Disassembles the kernel, every ELF file and GRUB, and fails on an instruction that the Quark lacks.
  --os DIR        OS payload (bzImage, rootfs.cpio, BOOTIA32.EFI, debug/)
  --card IMAGE    raw card image
  FILE            a single program, kernel, GRUB image or cpio archive
  --debug DIR     files with symbols, for --card and FILE (default: DIR/debug of --os, else out/os/debug)
  --excuses FILE  excuses (default: buildroot/isa/excuses.json)
  --no-cache      disassemble everything again
`;
const SHOWN_PER_FUNCTION = 3;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      os: { type: "string" },
      card: { type: "string" },
      debug: { type: "string" },
      excuses: { type: "string" },
      "no-cache": { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const debug = values.debug ?? firstExisting([join(values.os ?? "out/os", "debug")]);
  const excuses = Excuses.read(values.excuses ?? fileURLToPath(new URL("excuses.json", import.meta.url)));
  const programs: Program[] = [];
  if (values.os !== undefined) programs.push(...(await programsInPayload(values.os)));
  if (values.card !== undefined) programs.push(...(await programsOnCard({ card: values.card, debug })));
  for (const file of positionals) {
    const data = await readFile(file);
    programs.push(...(await programsIn({ origin: file, path: file, data, debug: new DebugFolder(debug) })));
  }
  if (programs.length === 0) {
    process.stderr.write(HELP);
    return 2;
  }
  return check(programs, excuses, values["no-cache"] === true ? undefined : cacheFolder());
}

async function check(
  programs: readonly Program[],
  excuses: Excuses,
  cache: string | undefined,
): Promise<number> {
  const seen = new Set<string>();
  const findings: Finding[] = [];
  let instructions = 0;
  let excused = 0;
  for (const program of programs) {
    // The card holds what the payload holds; what is the same program needs one look only.
    const key = `${program.name} ${createHash("sha256").update(program.elf.data).digest("hex")}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const result = await checkProgram({ program, excuses, ...(cache === undefined ? {} : { cache }) });
    findings.push(...result.findings);
    instructions += result.instructions;
    excused += result.excused;
  }
  const stale = excuses.stale();
  report(findings);
  for (const sentence of stale) {
    process.stderr.write(`stale excuse: ${sentence}. Remove it from the list of excuses.\n`);
  }
  process.stdout.write(
    `isa: ${seen.size} programs, ${instructions} instructions, ${excused} excused, ` +
      `${findings.length} not for the Quark, ${stale.length} stale excuses\n`,
  );
  return findings.length + stale.length === 0 ? 0 : 1;
}

/** One line per forbidden instruction, the first few of each function. */
function report(findings: readonly Finding[]): void {
  const functions = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${finding.origin} ${finding.program} ${finding.place.replace(/\+0x[0-9a-f]+/, "")}`;
    functions.set(key, [...(functions.get(key) ?? []), finding]);
  }
  for (const group of functions.values()) {
    for (const finding of group.slice(0, SHOWN_PER_FUNCTION)) {
      const address = `0x${finding.address.toString(16)}`;
      process.stderr.write(
        `${finding.origin}: ${finding.program}: ${finding.place}: ${address}: ${finding.text} [${finding.instruction}]\n`,
      );
    }
    const [first] = group;
    const more = group.slice(SHOWN_PER_FUNCTION);
    if (first === undefined || more.length === 0) continue;
    const kinds = [...new Set(more.map((finding) => finding.instruction))].join(", ");
    process.stderr.write(`${first.origin}: ${first.program}: … and ${more.length} more there [${kinds}]\n`);
  }
}

function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(process.env.GWCARD_CACHE || join(base, "gwcard"), "isa");
}

function firstExisting(paths: readonly string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof IsaError)) throw error;
  process.stderr.write(`isa: ${error.message}\n`);
  process.exitCode = 2;
}
