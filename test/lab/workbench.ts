/** One test's folder under out/test and the list of what must be stopped at its end, whatever happens. */
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";

/** The checkout. */
export const REPOSITORY = resolve(import.meta.dirname, "../..");

export class Workbench {
  readonly id: string;
  readonly dir: string;
  readonly #stops: (() => Promise<void> | void)[] = [];
  readonly #disposables: string[] = [];

  constructor(id: string, dir: string = join(REPOSITORY, "out/test", id)) {
    this.id = id;
    this.dir = dir;
    rmSync(this.dir, { recursive: true, force: true });
    mkdirSync(this.dir, { recursive: true });
  }

  path(...parts: string[]): string {
    return join(this.dir, ...parts);
  }

  /** Runs at the end, last registered first. */
  defer(stop: () => Promise<void> | void): void {
    this.#stops.push(stop);
  }

  /** A big file that only a failed test needs to keep; logs always stay. */
  disposable(path: string): string {
    this.#disposables.push(path);
    return path;
  }

  async close(options: { keep: boolean }): Promise<void> {
    const failures: unknown[] = [];
    for (const stop of this.#stops.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `${this.id}: could not stop everything`);
    if (!options.keep) for (const path of this.#disposables) rmSync(path, { recursive: true, force: true });
  }
}

/** A workbench that ends with the test: everything is stopped; card images stay only when the test failed. */
export async function withWorkbench(
  t: TestContext,
  id: string,
  story: (bench: Workbench) => Promise<void>,
): Promise<void> {
  const bench = new Workbench(id);
  try {
    await story(bench);
  } catch (error) {
    t.diagnostic(`work folder kept: ${bench.dir}`);
    // The story's own error is the one to show; what can't be stopped is only noted.
    await bench.close({ keep: true }).catch((closing: unknown) => t.diagnostic(String(closing)));
    throw error;
  }
  await bench.close({ keep: false });
}
