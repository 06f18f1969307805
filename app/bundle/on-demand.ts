/**
 * Structures of OPC UA that are made when somebody asks for them: by their exported name, or through node-opcua's
 * factory by name, data type or encoding. Part of the bundle; `lazy-structures.ts` writes the calls.
 */

/** What is touched of node-opcua-factory's DataTypeFactory: where it keeps the structures that it knows. */
interface StructureFactory {
  _structureInfoByName: Map<string, unknown>;
  _structureInfoByDataTypeMap: Map<string, unknown>;
  _structureInfoByEncodingMap: Map<string, unknown>;
}

/** A map of which some values do not exist yet: to look at one makes it, to look at all of them makes all. */
class OnDemandMap extends Map<string, unknown> {
  readonly #waiting = new Map<string, () => void>();

  expect(key: string, make: () => void): void {
    this.#waiting.set(key, make);
  }

  forget(key: string): void {
    this.#waiting.delete(key);
  }

  #make(key: string): void {
    this.#waiting.get(key)?.();
  }

  #makeAll(): this {
    for (const key of [...this.#waiting.keys()]) this.#make(key);
    return this;
  }

  override get(key: string): unknown {
    const found = super.get(key);
    if (found !== undefined || !this.#waiting.has(key)) return found;
    this.#make(key);
    return super.get(key);
  }

  override has(key: string): boolean {
    return super.has(key) || this.#waiting.has(key);
  }

  override keys(): MapIterator<string> {
    this.#makeAll();
    return super.keys();
  }

  override values(): MapIterator<unknown> {
    this.#makeAll();
    return super.values();
  }

  override entries(): MapIterator<[string, unknown]> {
    this.#makeAll();
    return super.entries();
  }

  override [Symbol.iterator](): MapIterator<[string, unknown]> {
    return this.entries();
  }

  override forEach(callback: (value: unknown, key: string, map: Map<string, unknown>) => void): void {
    this.#makeAll();
    super.forEach(callback);
  }
}

/** How node-opcua writes the id of a data type or encoding in namespace 0. */
const keyOf = (id: number): string => `ns=0;i=${id}`;

/** Declares one structure: its name, the ids of data type and binary encoding, and what makes and registers its class. */
export type DeclareStructure = (
  name: string,
  dataType: number,
  encoding: number,
  make: () => unknown,
) => void;

/** `exports` gets a property for every structure that is declared. */
export function structuresOnDemand(factory: StructureFactory, exports: object): DeclareStructure {
  const byName = new OnDemandMap(factory._structureInfoByName);
  const byDataType = new OnDemandMap(factory._structureInfoByDataTypeMap);
  const byEncoding = new OnDemandMap(factory._structureInfoByEncodingMap);
  factory._structureInfoByName = byName;
  factory._structureInfoByDataTypeMap = byDataType;
  factory._structureInfoByEncodingMap = byEncoding;
  return (name, dataType, encoding, make) => {
    let made: unknown;
    const get = (): unknown => {
      if (made !== undefined) return made;
      // First: registering asks whether the name is taken.
      byName.forget(name);
      byDataType.forget(keyOf(dataType));
      byEncoding.forget(keyOf(encoding));
      made = make();
      return made;
    };
    byName.expect(name, get);
    // 0: has none.
    if (dataType !== 0) byDataType.expect(keyOf(dataType), get);
    if (encoding !== 0) byEncoding.expect(keyOf(encoding), get);
    Object.defineProperty(exports, name, { enumerable: true, get });
  };
}
