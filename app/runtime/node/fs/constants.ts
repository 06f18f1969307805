/** fs.constants and the meaning of flags like "r+". */
import { native } from "../../binding.ts";
import { invalidArgType, invalidArgValue } from "../node-error.ts";

const { constants: numbers } = native("fs") as { constants: Record<string, number> };

export const constants = {
  ...numbers,
  COPYFILE_EXCL: 1,
  COPYFILE_FICLONE: 2,
  UV_FS_COPYFILE_EXCL: 1,
} as Record<string, number> & { COPYFILE_EXCL: number };

const bit = (name: string): number => numbers[name] as number;
const [READ, WRITE, BOTH] = [bit("O_RDONLY"), bit("O_WRONLY"), bit("O_RDWR")];
const [CREATE, TRUNCATE, APPEND, EXCLUSIVE, SYNC] = [
  bit("O_CREAT"),
  bit("O_TRUNC"),
  bit("O_APPEND"),
  bit("O_EXCL"),
  bit("O_SYNC"),
];

const FLAGS: Readonly<Record<string, number>> = {
  r: READ,
  rs: READ | SYNC,
  "r+": BOTH,
  "rs+": BOTH | SYNC,
  w: TRUNCATE | CREATE | WRITE,
  wx: TRUNCATE | CREATE | WRITE | EXCLUSIVE,
  "w+": TRUNCATE | CREATE | BOTH,
  "wx+": TRUNCATE | CREATE | BOTH | EXCLUSIVE,
  a: APPEND | CREATE | WRITE,
  ax: APPEND | CREATE | WRITE | EXCLUSIVE,
  as: APPEND | CREATE | WRITE | SYNC,
  "a+": APPEND | CREATE | BOTH,
  "ax+": APPEND | CREATE | BOTH | EXCLUSIVE,
};

export function flagsOf(flags: unknown): number {
  if (typeof flags === "number") return flags;
  if (flags === undefined || flags === null) return READ;
  const number = typeof flags === "string" ? FLAGS[flags] : undefined;
  if (number === undefined) throw invalidArgValue("flags", flags);
  return number;
}

/** An octal text or a number. */
export function modeOf(mode: unknown, fallback: number): number {
  if (mode === undefined || mode === null) return fallback;
  if (typeof mode === "number") return mode;
  if (typeof mode === "string" && /^[0-7]+$/.test(mode)) return Number.parseInt(mode, 8);
  if (typeof mode !== "string") throw invalidArgType("mode", "number", mode);
  throw invalidArgValue("mode", mode, "must be a 32-bit unsigned integer or an octal string");
}
