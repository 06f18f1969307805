import { MAX_TYPED } from "../../link/console-message.ts";

/** What is typed on the serial line, byte by byte: printable ASCII, erasing, Enter. Everything else is left out. */

const ENTER = [0x0d, 0x0a];
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const ESCAPE = 0x1b;
/** Backspace as one half of all terminals sends it, Delete as the other half does. */
const ERASE = [0x08, 0x7f];
/** Ctrl-C, Ctrl-U: away with the whole line. */
const CLEAR = [0x03, 0x15];

/** Where in a terminal's escape sequence (ECMA-48 §5.4) the input is: none of it is text. */
type Sequence = "none" | "escape" | "single" | "parameters";

/** Keeps the line that is being typed; never more than `MAX_TYPED` characters. */
export class LineEditor {
  readonly #onLine: (line: string | null) => void;
  #text = "";
  /** More was typed than fits: the line is no command any more. */
  #overflowed = false;
  #sequence: Sequence = "none";
  #previous = 0;

  /** `onLine` gets each line when it is complete; null when it was too long. */
  constructor(onLine: (line: string | null) => void) {
    this.#onLine = onLine;
  }

  get text(): string {
    return this.#text;
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (!this.#inSequence(byte)) this.#key(byte);
      this.#previous = byte;
    }
  }

  /** Whether the byte belongs to an escape sequence. */
  #inSequence(byte: number): boolean {
    if (byte === ESCAPE) {
      this.#sequence = "escape";
      return true;
    }
    // Enter ends a sequence that was cut off: a line must always be possible.
    if (ENTER.includes(byte)) this.#sequence = "none";
    switch (this.#sequence) {
      case "none":
        return false;
      case "escape":
        // `ESC [ parameters final`, `ESC O final` (function keys), `ESC final`.
        this.#sequence = byte === 0x5b ? "parameters" : byte === 0x4f ? "single" : "none";
        return true;
      case "single":
        this.#sequence = "none";
        return true;
      case "parameters":
        if (byte >= 0x40 && byte <= 0x7e) this.#sequence = "none";
        return true;
    }
  }

  #key(byte: number): void {
    if (ENTER.includes(byte)) {
      // CR LF is one Enter.
      if (byte === LINE_FEED && this.#previous === CARRIAGE_RETURN) return;
      this.#enter();
    } else if (ERASE.includes(byte)) {
      this.#text = this.#text.slice(0, -1);
    } else if (CLEAR.includes(byte)) {
      this.#text = "";
      this.#overflowed = false;
    } else if (byte >= 0x20 && byte <= 0x7e) {
      if (this.#text.length < MAX_TYPED) this.#text += String.fromCharCode(byte);
      else this.#overflowed = true;
    }
  }

  #enter(): void {
    const line = this.#overflowed ? null : this.#text;
    this.#onLine(line);
    this.#text = "";
    this.#overflowed = false;
  }
}
