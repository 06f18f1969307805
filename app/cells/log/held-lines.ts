/** Lines that are not safe on the card yet: bounded, oldest dropped first and counted. */
export class HeldLines {
  readonly #maxBytes: number;
  #lines: Buffer[] = [];
  #bytes = 0;
  #dropped = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#lines.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  at(index: number): Buffer | undefined {
    return this.#lines[index];
  }

  push(line: Buffer): void {
    this.#lines.push(line);
    this.#bytes += line.length;
  }

  /** Keeps to the limit: the oldest go. */
  trim(): void {
    let excess = 0;
    for (let bytes = this.#bytes; bytes > this.#maxBytes; excess += 1)
      bytes -= this.#lines[excess]?.length ?? bytes;
    if (excess === 0) return;
    this.dropFirst(excess);
    this.#dropped += excess;
  }

  /** A line that stands before all others. */
  unshift(line: Buffer): void {
    this.#lines.unshift(line);
    this.#bytes += line.length;
  }

  /** Takes away what is safe now. */
  dropFirst(count: number): void {
    for (const line of this.#lines.splice(0, count)) this.#bytes -= line.length;
  }

  /** How many lines were dropped for want of memory since the last call. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}
