/** Reads the output of `apt-cache showsrc`: versions, pool folder, and the SHA-256 of each archive. */
export interface SourceArchive {
  readonly file: string;
  readonly sha256: string;
}

export interface SourceRecord {
  readonly name: string;
  readonly version: string;
  readonly directory: string;
  readonly orig: SourceArchive;
  /** NAME_VERSION.debian.tar.xz; native packages have none. */
  readonly packaging: SourceArchive | undefined;
}

export function parseShowsrc(text: string): SourceRecord[] {
  return text.split(/\n\n+/).flatMap((paragraph) => {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(paragraph)?.[1]?.trim();
    const archives = checksums(paragraph);
    const orig = archives.find((archive) => /\.orig\.tar\.\w+$/.test(archive.file));
    const [name, version, directory] = [field("Package"), field("Version"), field("Directory")];
    if (name === undefined || version === undefined || directory === undefined || orig === undefined) {
      return [];
    }
    const packaging = archives.find((archive) => /\.debian\.tar\.\w+$/.test(archive.file));
    return [{ name, version, directory, orig, packaging }];
  });
}

function checksums(paragraph: string): SourceArchive[] {
  const block = /^Checksums-Sha256:[^\n]*\n((?:[ \t]+\S[^\n]*(?:\n|$))+)/m.exec(paragraph)?.[1] ?? "";
  return block.split("\n").flatMap((line) => {
    const [hash, , file] = line.trim().split(/\s+/);
    return hash === undefined || file === undefined ? [] : [{ file, sha256: hash }];
  });
}
