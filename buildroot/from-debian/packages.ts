/** Reads board/iot2040/packages.txt: which Debian source packages, which version line, from which suite. */
import { OsBuildError } from "./os-build-error.ts";

export interface SourcePackage {
  readonly name: string;
  /** The version must start with this: another one means the recipe has to be looked at. */
  readonly version: string;
  /** Whether the build can do without Debian's packaging archive (patches, copyright) when a mirror lacks it. */
  readonly packaging: "required" | "optional";
}

export interface PackageList {
  readonly suite: string;
  readonly packages: readonly SourcePackage[];
}

export function parsePackages(text: string, path: string): PackageList {
  let suite = "";
  const packages: SourcePackage[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const fields = raw.replace(/#.*/, "").trim().split(/\s+/);
    const [name, version, packaging] = fields;
    if (name === undefined || name === "") {
      continue;
    }
    if (name === "suite" && version !== undefined && fields.length === 2) {
      suite = version;
    } else if (
      version !== undefined &&
      (packaging === "required" || packaging === "optional") &&
      fields.length === 3
    ) {
      packages.push({ name, version, packaging });
    } else {
      throw invalid(`${path}:${index + 1}: "${raw}"`);
    }
  }
  if (suite === "") {
    throw invalid(`${path}: no "suite" line`);
  }
  return { suite, packages };
}

function invalid(where: string): OsBuildError {
  return new OsBuildError({
    code: "TABLE_INVALID",
    message: `${where} is not a package line`,
    cure: 'Write "suite NAME" once, and "SOURCE-PACKAGE VERSION-PREFIX required|optional" per package.',
  });
}
