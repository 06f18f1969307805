/** Buildroot's users and permissions tables, read for the same result without Buildroot. */
import { type CpioEntry, S_IFCHR, S_IFDIR, S_IFREG } from "./cpio.ts";
import { OsBuildError } from "./os-build-error.ts";

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly group: string;
  readonly gid: number;
  readonly home: string;
  readonly comment: string;
}

/** Buildroot's makeusers syntax: username uid group gid password home shell groups comment. */
export function parseUsers(text: string, path: string): User[] {
  return lines(text).map(({ line, number }) => {
    const [name, uid, group, gid, password, home, , , ...comment] = line.split(/\s+/);
    if (name === undefined || group === undefined || !isNumber(uid) || !isNumber(gid) || password !== "*") {
      throw invalid(
        path,
        number,
        line,
        "name uid group gid * home shell groups comment; nobody has a password",
      );
    }
    return {
      name,
      uid: Number(uid),
      group,
      gid: Number(gid),
      home: home?.startsWith("/") ? home : "/",
      comment: comment.join(" "),
    };
  });
}

export function passwdFile(users: readonly User[]): string {
  const rows = users.map(
    (user) => `${user.name}:x:${user.uid}:${user.gid}:${user.comment}:${user.home}:/bin/false`,
  );
  return `${["root:x:0:0:root:/root:/bin/false", ...rows].join("\n")}\n`;
}

export function groupFile(users: readonly User[]): string {
  return `${["root:x:0:", ...users.map((user) => `${user.group}:x:${user.gid}:`)].join("\n")}\n`;
}

/** No account can be logged into: every password is locked. */
export function shadowFile(users: readonly User[]): string {
  return `${["root", ...users.map((user) => user.name)].map((name) => `${name}:*:::::::`).join("\n")}\n`;
}

const TYPES: Readonly<Record<string, number>> = { d: S_IFDIR, c: S_IFCHR, f: S_IFREG };

/** Buildroot's makedevs syntax: name type mode uid gid major minor start increment count. */
export function parsePermissions(text: string, path: string): CpioEntry[] {
  return lines(text).map(({ line, number }) => {
    const [name, type, mode, uid, gid, major, minor] = line.split(/\s+/);
    const typeBits = TYPES[type ?? ""];
    if (
      !name?.startsWith("/") ||
      typeBits === undefined ||
      !isOctal(mode) ||
      !isNumber(uid) ||
      !isNumber(gid)
    ) {
      throw invalid(path, number, line, "/path d|c|f mode uid gid major minor - - -");
    }
    const entry = {
      path: name,
      mode: typeBits | Number.parseInt(mode, 8),
      uid: Number(uid),
      gid: Number(gid),
    };
    if (typeBits !== S_IFCHR) {
      return entry;
    }
    if (!isNumber(major) || !isNumber(minor)) {
      throw invalid(path, number, line, "a device needs major and minor numbers");
    }
    return { ...entry, device: { major: Number(major), minor: Number(minor) } };
  });
}

function lines(text: string): { line: string; number: number }[] {
  return text
    .split("\n")
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== "" && !line.startsWith("#"));
}

function isNumber(text: string | undefined): text is string {
  return /^\d+$/.test(text ?? "");
}

function isOctal(text: string | undefined): text is string {
  return /^[0-7]{3,4}$/.test(text ?? "");
}

function invalid(path: string, number: number, line: string, expected: string): OsBuildError {
  return new OsBuildError({
    code: "TABLE_INVALID",
    message: `${path}:${number}: "${line}" cannot be read`,
    cure: `Expected: ${expected}`,
  });
}
