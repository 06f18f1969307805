import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Section } from "./elf.ts";
import { IsaError } from "./errors.ts";
import type { Excuses } from "./excuses.ts";
import { forbiddenClass } from "./instruction-set.ts";
import { type Block, disassemble } from "./objdump.ts";
import { functionsAt, type Program, withoutData } from "./program.ts";

/** A forbidden instruction as the disassembler saw it, before anybody asked who it belongs to. */
interface Hit {
  readonly section: number;
  readonly address: number;
  readonly text: string;
  readonly instruction: string;
}

/** A forbidden instruction that no excuse covers. */
export interface Finding {
  readonly program: string;
  readonly origin: string;
  readonly place: string;
  readonly address: number;
  readonly text: string;
  readonly instruction: string;
}

export interface CheckResult {
  readonly findings: readonly Finding[];
  readonly instructions: number;
  readonly excused: number;
}

interface Scan {
  readonly hits: readonly Hit[];
  readonly instructions: number;
}

/**
 * Disassembles one program and returns what the Quark can't execute and nobody excused.
 * Results are kept by content below `cache`, since a program's bytes decide them alone.
 */
export async function checkProgram(options: {
  program: Program;
  excuses: Excuses;
  cache?: string;
}): Promise<CheckResult> {
  const { program, excuses } = options;
  const bytes = withoutData(program, excuses);
  const scan = await cached(options.cache, [modes(program), bytes], () => scanProgram(program, bytes));
  const findings: Finding[] = [];
  for (const hit of scan.hits) {
    const section = program.elf.sections[hit.section];
    if (section === undefined) continue;
    const { names, offset } = functionsAt(program.elf, section, hit.address);
    const features = program.featuresAt?.(section, hit.address) ?? [];
    const mnemonic = hit.text.split(/\s+/, 1)[0] ?? "";
    const { instruction } = hit;
    if (excuses.covers({ program: program.name, functions: names, features, instruction, mnemonic }))
      continue;
    const guard = features.length > 0 ? ` (patched in under CPU feature ${features.join(", ")})` : "";
    findings.push({
      program: program.name,
      origin: program.origin,
      place: `${names[0] ?? section.name}+0x${offset.toString(16)} in ${section.name}${guard}`,
      address: hit.address,
      text: hit.text,
      instruction,
    });
  }
  return { findings, instructions: scan.instructions, excused: scan.hits.length - findings.length };
}

/** Which sections are read as 16-bit code: part of what a result depends on. */
function modes(program: Program): string {
  return program.elf.code
    .map((section) => `${section.name}:${program.realMode?.(section) ?? false}`)
    .join(" ");
}

async function scanProgram(program: Program, bytes: Buffer): Promise<Scan> {
  const folder = await mkdtemp(join(tmpdir(), "gwcard-isa-"));
  try {
    const file = join(folder, "program");
    await writeFile(file, bytes);
    const { code } = program.elf;
    const real = code.filter((section) => program.realMode?.(section) ?? false);
    const flat = code.filter((section) => !real.includes(section));
    const scans = [
      await scanSections(program, file, flat, "i386"),
      await scanSections(program, file, real, "i8086"),
    ];
    return {
      hits: scans.flatMap((scan) => scan.hits),
      instructions: scans.reduce((sum, scan) => sum + scan.instructions, 0),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function scanSections(
  program: Program,
  file: string,
  sections: readonly Section[],
  machine: "i386" | "i8086",
): Promise<Scan> {
  if (sections.length === 0) return { hits: [], instructions: 0 };
  const hits: Hit[] = [];
  let instructions = 0;
  const chosen = [...new Set(sections.map((section) => section.name))].flatMap((name) => ["-j", name]);
  const blocks = await disassemble({
    args: ["-D", "-m", machine, ...chosen, file],
    onInstruction: ({ block, address, bytes, text }) => {
      instructions++;
      const instruction = forbiddenClass(text, bytes);
      if (instruction === undefined) return;
      hits.push({
        section: sections[block]?.index ?? -1,
        address,
        text: text.replace(/\s+/g, " "),
        instruction,
      });
    },
  });
  proveComplete(program, sections, blocks);
  return { hits, instructions };
}

/** Every byte of every code section must have been decoded; a tool that skips some would pass anything. */
function proveComplete(program: Program, sections: readonly Section[], blocks: readonly Block[]): void {
  const expected = sections.map((section) => `${section.name}:${section.size}`).join(" ");
  const seen = blocks.map((block) => `${block.section}:${block.bytes}`).join(" ");
  if (expected === seen) return;
  throw new IsaError({
    code: "ISA_DISASSEMBLER",
    where: `${program.origin}: ${program.name}`,
    what: `the disassembler covered [${seen}], but the file holds [${expected}]`,
    cure: "Check this file by hand and teach buildroot/isa/objdump.ts what is new about it",
  });
}

async function cached(
  folder: string | undefined,
  input: ReadonlyArray<string | Buffer>,
  scan: () => Promise<Scan>,
): Promise<Scan> {
  if (folder === undefined) return scan();
  const hash = createHash("sha256").update(await ownVersion());
  for (const part of input) hash.update(part);
  const file = join(folder, `${hash.digest("hex")}.json`);
  const known = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (known !== undefined) return JSON.parse(known) as Scan;
  const result = await scan();
  await mkdir(folder, { recursive: true });
  // Written beside and renamed, so that an interrupted run leaves no half result behind.
  await writeFile(`${file}.${process.pid}`, JSON.stringify(result));
  await rename(`${file}.${process.pid}`, file);
  return result;
}

let version: Promise<string> | undefined;

/** The rules and the tool that a cached result depends on, besides the program's bytes. */
function ownVersion(): Promise<string> {
  version ??= (async () => {
    const sources = ["check.ts", "elf.ts", "instruction-set.ts", "objdump.ts"];
    const texts = await Promise.all(sources.map((name) => readFile(new URL(name, import.meta.url), "utf8")));
    const tool = spawnSync("objdump", ["--version"], { encoding: "utf8" });
    return [tool.stdout, ...texts].join("\0");
  })();
  return version;
}
