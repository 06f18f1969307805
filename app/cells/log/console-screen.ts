import type { ConsoleMessage } from "../../link/console-message.ts";
import type { SerialOutput } from "./serial.ts";

/**
 * Log and console on one serial line: whatever comes is a line of its own. The line that is being typed stands at the
 * end; it makes room for a log line and is written again behind it. While nobody types there is nothing but the log.
 */

const PROMPT = "> ";

export class ConsoleScreen {
  readonly #serial: SerialOutput;
  /** What stands on the unfinished line now. */
  #shown = "";

  constructor(serial: SerialOutput) {
    this.#serial = serial;
  }

  log(line: string): void {
    const around = { before: this.#erasure(), behind: this.#shown };
    this.#serial.write(line, around);
  }

  show(message: Exclude<ConsoleMessage, { kind: "zone" }>): void {
    switch (message.kind) {
      case "typed":
        this.#type(message.text === "" ? "" : `${PROMPT}${message.text}`);
        return;
      case "entered":
        if (this.#shown !== "" && this.#serial.offer("\n")) this.#shown = "";
        return;
      case "answer":
        this.#serial.offer(`${this.#erasure()}${message.text}\n${this.#shown}`);
        return;
    }
  }

  #type(text: string): void {
    const more = text.startsWith(this.#shown);
    const output = more ? text.slice(this.#shown.length) : `${this.#erasure()}${text}`;
    if (output !== "" && this.#serial.offer(output)) this.#shown = text;
  }

  /** Takes the unfinished line away; spaces, for not every terminal knows a sequence for it. */
  #erasure(): string {
    return this.#shown === "" ? "" : `\r${" ".repeat(this.#shown.length)}\r`;
  }
}
