/** The published JSON Schema of the payload, as a judge of what arrives. */
import { Ajv2020 } from "ajv/dist/2020.js";
import schema from "../../app/cells/opcua/values/payload.schema.json" with { type: "json" };
import type { Change } from "./opcua-protocol.ts";

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
ajv.addSchema(schema);

function fault(name: string, value: unknown): string | null {
  const validate = ajv.getSchema(name);
  if (validate === undefined) throw new RangeError(`the schema has no ${name}`);
  return validate(value) ? null : ajv.errorsText(validate.errors);
}

/** What the schema has against a message; null: nothing. */
export function payloadFault(payload: unknown): string | null {
  return fault(schema.$id, payload);
}

/** What the schema has against a value of this type; the innermost elements of a list or matrix count. */
export function valueFault(value: unknown, { type, array }: Pick<Change, "type" | "array">): string | null {
  if (!array) return fault(`${schema.$id}#/$defs/${type}`, value);
  if (!Array.isArray(value)) return "it is no array";
  const inner = value.flat(Number.POSITIVE_INFINITY);
  // A list of variants holds any types, and lists.
  return (
    inner.map((element) => fault(`${schema.$id}#/$defs/${type}`, element)).find((found) => found !== null) ??
    null
  );
}
