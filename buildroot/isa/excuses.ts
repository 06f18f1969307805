import { readFileSync } from "node:fs";
import { IsaError } from "./errors.ts";

/** Code that is on the card but can't run on a Quark: who says so, and how. */
export interface CodeExcuse {
  /** Program, as the report names it; `*` stands for any characters. */
  readonly program: string;
  /** Functions as in the symbol table, without GCC's `.isra.0` and the like; `*` as above. */
  readonly functions?: readonly string[];
  /** Kernel alternatives: CPU feature (`0*32+26`) that must be present before this code is patched in. */
  readonly feature?: string;
  /** Classes or mnemonics that are excused there, nothing else. */
  readonly instructions: readonly string[];
  /** The condition that keeps the CPU away from it. */
  readonly guard: string;
  readonly why: string;
}

/** Bytes in a code section that are data. Found by content, so the excuse survives a rebuild. */
export interface DataExcuse {
  readonly program: string;
  /** Section that holds it. */
  readonly section: string;
  /** First bytes, as hex. Every place where they occur is taken. */
  readonly startsWith?: string;
  /** Or: the symbol at its start. */
  readonly symbol?: string;
  /** Bytes from there on; without it, to the end of the symbol or, lacking one, of the section. */
  readonly length?: number;
  readonly why: string;
}

export interface ExcuseFile {
  readonly code: readonly CodeExcuse[];
  readonly data: readonly DataExcuse[];
}

/** What an excuse is asked about. */
export interface Place {
  readonly program: string;
  readonly functions: readonly string[];
  readonly features: readonly string[];
  readonly instruction: string;
  readonly mnemonic: string;
}

/** The list of excuses together with the memory of which of them were needed. */
export class Excuses {
  readonly #file: ExcuseFile;
  readonly #used = new Set<string>();

  constructor(file: ExcuseFile) {
    this.#file = file;
  }

  static read(path: string): Excuses {
    let file: Partial<ExcuseFile>;
    try {
      file = JSON.parse(readFileSync(path, "utf8")) as Partial<ExcuseFile>;
    } catch (cause) {
      throw badExcuses(path, `not readable as JSON (${cause instanceof Error ? cause.message : cause})`);
    }
    const { code, data } = file;
    if (!Array.isArray(code) || !Array.isArray(data)) throw badExcuses(path, "needs the lists code and data");
    for (const excuse of code as CodeExcuse[]) checkCode(path, excuse);
    for (const excuse of data as DataExcuse[]) checkData(path, excuse);
    return new Excuses({ code, data });
  }

  /** True if some excuse covers this forbidden instruction at this place. */
  covers(place: Place): boolean {
    let covered = false;
    this.#file.code.forEach((excuse, index) => {
      if (!matches(excuse.program, place.program)) return;
      const named = excuse.instructions.filter(
        (name) => name === place.instruction || name === place.mnemonic,
      );
      if (named.length === 0) return;
      for (const name of placesOf(excuse, place)) {
        covered = true;
        this.#use(`code/${index}/${name}`);
        for (const instruction of named) this.#use(`code/${index}/!${instruction}`);
      }
    });
    return covered;
  }

  /** The data excuses for one program. Report back with `dataFound`. */
  dataFor(program: string): ReadonlyArray<{ readonly index: number; readonly excuse: DataExcuse }> {
    return this.#file.data
      .map((excuse, index) => ({ index, excuse }))
      .filter(({ excuse }) => matches(excuse.program, program));
  }

  dataFound(index: number): void {
    this.#use(`data/${index}`);
  }

  /** Excuses, or parts of one, that nothing needed: each as a sentence. */
  stale(): string[] {
    const sentences: string[] = [];
    this.#file.code.forEach((excuse, index) => {
      const names = excuse.functions ?? [`feature ${excuse.feature}`];
      for (const name of names) {
        if (!this.#used.has(`code/${index}/${name}`))
          sentences.push(`${excuse.program}: ${name} needs no excuse`);
      }
      for (const instruction of excuse.instructions) {
        const used = this.#used.has(`code/${index}/!${instruction}`);
        const someName = names.some((name) => this.#used.has(`code/${index}/${name}`));
        if (!used && someName)
          sentences.push(`${excuse.program}: ${names.join(", ")} hold no ${instruction}`);
      }
    });
    this.#file.data.forEach((excuse, index) => {
      if (this.#used.has(`data/${index}`)) return;
      const what = excuse.symbol ?? excuse.startsWith ?? "whole section";
      sentences.push(`${excuse.program}: no data ${what} in ${excuse.section}`);
    });
    return sentences;
  }

  #use(key: string): void {
    this.#used.add(key);
  }
}

/** The parts of an excuse (function patterns or the feature) that apply to a place. */
function placesOf(excuse: CodeExcuse, place: Place): string[] {
  if (excuse.feature !== undefined) {
    // Patched in under several features? Then each of them must keep the Quark away.
    const guarded =
      place.features.length > 0 && place.features.every((feature) => feature === excuse.feature);
    return guarded ? [`feature ${excuse.feature}`] : [];
  }
  return (excuse.functions ?? []).filter((pattern) => place.functions.some((name) => matches(pattern, name)));
}

function matches(pattern: string, name: string): boolean {
  if (!pattern.includes("*")) return pattern === name;
  const expression = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${expression.join(".*")}$`).test(name);
}

function checkCode(path: string, excuse: CodeExcuse): void {
  const where = `${path}: code excuse ${JSON.stringify(excuse.functions ?? excuse.feature ?? excuse)}`;
  if (!excuse.program || !excuse.guard || !excuse.why || !excuse.instructions?.length) {
    throw badExcuses(where, "needs program, instructions, guard and why");
  }
  const hasFunctions = (excuse.functions?.length ?? 0) > 0;
  if (hasFunctions === (excuse.feature !== undefined))
    throw badExcuses(where, "needs functions or feature, not both");
}

function checkData(path: string, excuse: DataExcuse): void {
  const where = `${path}: data excuse ${excuse.symbol ?? excuse.startsWith ?? JSON.stringify(excuse)}`;
  if (!excuse.program || !excuse.section || !excuse.why)
    throw badExcuses(where, "needs program, section and why");
  if (excuse.startsWith === undefined) return;
  if (!/^([0-9a-f]{2}){8,}$/.test(excuse.startsWith))
    throw badExcuses(where, "startsWith needs 8 or more hex bytes");
  if (excuse.length === undefined) throw badExcuses(where, "startsWith needs a length");
}

function badExcuses(where: string, what: string): IsaError {
  return new IsaError({
    code: "ISA_BAD_EXCUSES",
    where,
    what,
    cure: "Correct the entry; buildroot/isa/excuses.ts says what each field means",
  });
}
