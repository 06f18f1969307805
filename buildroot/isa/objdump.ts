import { spawn } from "node:child_process";
import { IsaError } from "./errors.ts";

/** One decoded instruction. `block` counts the code sections in the order objdump prints them. */
export interface Instruction {
  readonly block: number;
  readonly address: number;
  /** Hex pairs, separated by spaces. */
  readonly bytes: string;
  /** Intel syntax, prefixes in front. */
  readonly text: string;
}

/** What objdump covered: one entry per code section, so that the caller can prove nothing was skipped. */
export interface Block {
  readonly section: string;
  bytes: number;
}

const HEADING = "Disassembly of section ";

/**
 * Disassembles a file with binutils' objdump and hands over one instruction at a time, so that a
 * kernel's million lines never sit in memory at once.
 * @param options.args what to disassemble, as objdump arguments (`["-d", "file.elf"]`)
 */
export async function disassemble(options: {
  args: readonly string[];
  onInstruction: (instruction: Instruction) => void;
}): Promise<Block[]> {
  const blocks: Block[] = [];
  // -z: without it runs of zeroes are skipped; -w: one line per instruction, however long.
  const child = spawn("objdump", ["-w", "-z", "-M", "intel", ...options.args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C" },
  });
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (cause) => reject(toolMissing(cause)));
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  const read = async (): Promise<void> => {
    let rest = "";
    child.stdout.setEncoding("latin1");
    for await (const chunk of child.stdout as AsyncIterable<string>) {
      const text = rest + chunk;
      let start = 0;
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
        readLine(text.slice(start, end), blocks, options.onInstruction);
        start = end + 1;
      }
      rest = text.slice(start);
    }
  };
  await Promise.race([read(), failed]);
  const status = await Promise.race([closed, failed]);
  if (status !== 0 || complaint !== "") {
    throw new IsaError({
      code: "ISA_DISASSEMBLER",
      where: `objdump ${options.args.join(" ")}`,
      what: `ended with status ${status}: ${complaint.trim() || "no message"}`,
      cure: "The file is damaged, or this binutils is too old for it",
    });
  }
  return blocks;
}

function readLine(line: string, blocks: Block[], onInstruction: (instruction: Instruction) => void): void {
  if (line.startsWith(HEADING)) {
    blocks.push({ section: line.slice(HEADING.length, -1), bytes: 0 });
    return;
  }
  const colon = line.indexOf(":\t");
  const block = blocks.at(-1);
  if (colon < 0 || block === undefined) return;
  const tab = line.indexOf("\t", colon + 2);
  const bytes = line.slice(colon + 2, tab < 0 ? undefined : tab).trimEnd();
  block.bytes += (bytes.length + 1) / 3;
  onInstruction({
    block: blocks.length - 1,
    address: Number.parseInt(line.slice(0, colon), 16),
    bytes,
    text: tab < 0 ? "(bad)" : line.slice(tab + 1).trimEnd(),
  });
}

function toolMissing(cause: Error): IsaError {
  return new IsaError({
    code: "ISA_TOOL",
    where: "objdump",
    what: `can't be started (${cause.message})`,
    cure: "Install the package binutils",
  });
}
