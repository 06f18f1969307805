/** structuredClone of plain data: what the algorithm can't copy throws, as in the standard. */
import { types } from "../node/util/types.ts";
import { DOMException } from "./dom-exception.ts";

function copy(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value === "function" || typeof value === "symbol") {
    throw new DOMException(`${String(value)} could not be cloned.`, "DataCloneError");
  }
  if (typeof value !== "object" || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  const remember = <T extends object>(made: T): T => {
    seen.set(value, made);
    return made;
  };
  if (types.isDate(value)) return remember(new Date(value.getTime()));
  if (types.isRegExp(value)) return remember(new RegExp(value.source, value.flags));
  if (types.isBoxedPrimitive(value)) return remember(Object(value.valueOf()) as object);
  if (types.isAnyArrayBuffer(value)) return remember(value.slice(0));
  if (types.isTypedArray(value)) {
    const memory = copy(value.buffer, seen) as ArrayBuffer;
    const name = Object.prototype.toString.call(value).slice(8, -1);
    const Class = (
      globalThis as unknown as Record<string, new (m: ArrayBuffer, o: number, l: number) => object>
    )[name];
    return remember(Reflect.construct(Class as new () => object, [memory, value.byteOffset, value.length]));
  }
  if (types.isMap(value)) {
    const made = remember(new Map());
    for (const [key, item] of value) made.set(copy(key, seen), copy(item, seen));
    return made;
  }
  if (types.isSet(value)) {
    const made = remember(new Set());
    for (const item of value) made.add(copy(item, seen));
    return made;
  }
  if (value instanceof Error) {
    const made = remember(new Error(value.message));
    made.name = value.name;
    return made;
  }
  const made = remember(Array.isArray(value) ? new Array(value.length) : {}) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value)) made[key] = copy(item, seen);
  return made;
}

export function structuredClone<T>(value: T): T {
  return copy(value, new Map()) as T;
}
