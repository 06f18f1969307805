/**
 * An append-only record that can be waited on: console lines, broker messages, process output. Every wait in the
 * tests is a condition on a journal with a deadline; nothing sleeps.
 */
import { LabError } from "./errors.ts";

interface Waiter<T> {
  readonly accept: (entry: T, index: number) => boolean;
}

export interface WaitOptions {
  /** What is waited for, in words: it is the first line of the error when the deadline passes. */
  readonly what: string;
  readonly deadlineMs: number;
  /** Index of the first entry that counts; 0 = the whole record. */
  readonly from?: number;
}

export class Journal<T> {
  readonly name: string;
  readonly entries: T[] = [];
  readonly #show: (entry: T) => string;
  readonly #waiters = new Set<Waiter<T>>();
  readonly #breakers = new Set<(reason: Error) => void>();
  readonly #followers = new Set<(entry: T) => void>();
  #ended: Error | null = null;

  constructor(name: string, show: (entry: T) => string = String) {
    this.name = name;
    this.#show = show;
  }

  append(entry: T): void {
    const index = this.entries.push(entry) - 1;
    for (const waiter of [...this.#waiters]) waiter.accept(entry, index);
    for (const follower of this.#followers) follower(entry);
  }

  /** Calls back for every entry, those so far included. Returns what ends it. */
  follow(callback: (entry: T) => void): () => void {
    for (const entry of this.entries) callback(entry);
    this.#followers.add(callback);
    return () => void this.#followers.delete(callback);
  }

  /** Nothing more will come: everyone who still waits is told why, at once instead of at the deadline. */
  end(reason: Error): void {
    this.#ended ??= reason;
    for (const breakWait of [...this.#breakers]) breakWait(reason);
  }

  /** The first entry that satisfies `matches`, past or future. */
  async find(matches: (entry: T) => boolean, options: WaitOptions): Promise<T> {
    const from = options.from ?? 0;
    const known = this.entries.slice(from).find(matches);
    if (known !== undefined) return known;
    let found: T | undefined;
    await this.#wait(options, (entry, index) => {
      if (index < from || !matches(entry)) return false;
      found = entry;
      return true;
    });
    return found as T;
  }

  /** Until the record as a whole satisfies `holds`; checked now and after every entry. */
  async until(holds: (entries: readonly T[]) => boolean, options: WaitOptions): Promise<void> {
    if (holds(this.entries)) return;
    await this.#wait(options, () => holds(this.entries));
  }

  async #wait(options: WaitOptions, accept: (entry: T, index: number) => boolean): Promise<void> {
    const { what, deadlineMs } = options;
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error) => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        this.#breakers.delete(broken);
        if (error === undefined) resolve();
        else reject(error);
      };
      const waiter: Waiter<T> = {
        accept: (entry, index) => {
          const accepted = accept(entry, index);
          if (accepted) done();
          return accepted;
        },
      };
      const broken = (reason: Error) =>
        done(
          new LabError(
            "LAB_PROCESS_ENDED",
            `${this.name}: waited for ${what}, but ${reason.message}\n${this.tail()}`,
          ),
        );
      const timer = setTimeout(
        () =>
          done(
            new LabError(
              "LAB_TIMEOUT",
              `${this.name}: no ${what} within ${deadlineMs / 1000} s\n${this.tail()}`,
            ),
          ),
        deadlineMs,
      );
      this.#waiters.add(waiter);
      this.#breakers.add(broken);
      if (this.#ended !== null) broken(this.#ended);
    });
  }

  /** The last entries, for error messages. */
  tail(count = 15): string {
    const last = this.entries.slice(-count).map((entry) => `    ${this.#show(entry)}`);
    return last.length === 0
      ? `  ${this.name} is empty so far`
      : `  ${this.name} ends with:\n${last.join("\n")}`;
  }
}
