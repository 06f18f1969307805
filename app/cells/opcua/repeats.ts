/**
 * Some servers send the current values once more when a session goes on over another connection, though nobody asked
 * for it. A message that says what the node's last one said, time stamps included, is then left out.
 */
export class Repeats {
  readonly #onText: (port: number, text: string) => void;
  /** The last text by port. */
  readonly #last: string[] = [];
  #watching = false;

  constructor(onText: (port: number, text: string) => void) {
    this.#onText = onText;
  }

  /** The session goes on: from now on the same text again is a repetition. */
  watch(): void {
    this.#watching = true;
  }

  pass(port: number, text: string): void {
    if (this.#watching && this.#last[port] === text) return;
    this.#last[port] = text;
    this.#onText(port, text);
  }
}
