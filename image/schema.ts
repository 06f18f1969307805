import { readFile } from "node:fs/promises";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { LayoutError } from "./errors.ts";

/** Reads a JSON file of `partitions/` and checks it against its published schema there. */
export async function readChecked<T>(options: {
  readonly file: string;
  readonly schema: "layout.schema.json" | "contents.schema.json";
}): Promise<T> {
  const { file } = options;
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new LayoutError({
      file,
      pointer: "",
      problem: `can't be read: ${cause.code}`,
      next: "check the path",
    });
  });
  const value = parse(file, text);
  const schema = JSON.parse(
    await readFile(new URL(`../partitions/${options.schema}`, import.meta.url), "utf8"),
  );
  const validate = new Ajv2020({ discriminator: true }).compile<T>(schema);
  if (validate(value)) return value;
  const first = validate.errors?.[0] as ErrorObject;
  throw new LayoutError({
    file,
    pointer: first.instancePath,
    problem: explain(first),
    next: `see partitions/${options.schema}`,
  });
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const problem = `is not JSON: ${(error as Error).message}`;
    throw new LayoutError({ file, pointer: "", problem, next: "correct it with a text editor" });
  }
}

function explain(error: ErrorObject): string {
  const extra = error.keyword === "additionalProperties" ? `: ${error.params.additionalProperty}` : "";
  const allowed = error.keyword === "const" ? `: ${JSON.stringify(error.params.allowedValue)}` : "";
  return `${error.message}${extra}${allowed}`;
}
