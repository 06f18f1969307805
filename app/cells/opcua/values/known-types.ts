import { standardStructure } from "./standard-types.ts";
import { type StructureType, type TypeSource, UnknownTypeError } from "./structure-types.ts";

/** The types of a session, by the id of their binary encoding; asked for once, when the first value with them arrives. */
export class KnownTypes {
  readonly #source: TypeSource;
  readonly #known = new Map<string, StructureType | UnknownTypeError>();
  readonly #asked = new Map<string, Promise<void>>();

  constructor(source: TypeSource) {
    this.#source = source;
  }

  /** undefined: nobody has asked for it yet. */
  find(encoding: string): StructureType | UnknownTypeError | undefined {
    const known = this.#known.get(encoding);
    if (known !== undefined) return known;
    const standard = standardStructure(encoding);
    if (standard !== undefined) this.#known.set(encoding, standard);
    return standard;
  }

  /** Resolves when `find` has an answer; rejects when the connection does not live that long. */
  learn(encoding: string, variable: string): Promise<void> {
    let asked = this.#asked.get(encoding);
    if (asked === undefined) {
      asked = this.#learn(encoding, variable);
      this.#asked.set(encoding, asked);
    }
    return asked;
  }

  async #learn(encoding: string, variable: string): Promise<void> {
    try {
      this.#known.set(encoding, await this.#source.structureOf(encoding, variable));
    } catch (error) {
      if (!(error instanceof UnknownTypeError)) {
        // The next value tries again.
        this.#asked.delete(encoding);
        throw error;
      }
      this.#known.set(encoding, error);
    }
  }
}
