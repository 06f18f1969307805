/** What the cases about streams share: events as lines, scenarios one after the other. */
import { Writable } from "node:stream";

const NAMES = [
  "ready",
  "resume",
  "pause",
  "readable",
  "end",
  "prefinish",
  "finish",
  "drain",
  "close",
  "error",
];
export const text = (value: unknown) =>
  value instanceof Error ? ` ${(value as { code?: string }).code ?? value.message}` : "";
export function watch<T extends NodeJS.EventEmitter>(
  name: string,
  target: T,
  without: readonly string[] = [],
): T {
  for (const event of NAMES) {
    if (!without.includes(event))
      target.on(event, (value: unknown) => console.log(`${name} ${event}${text(value)}`));
  }
  return target;
}
export const turn = () => new Promise((resolve) => setImmediate(resolve));
export async function settle(): Promise<void> {
  for (let at = 0; at < 6; at++) await turn();
}
export async function scenario(title: string, work: () => unknown): Promise<void> {
  console.log(`-- ${title}`);
  try {
    await work();
  } catch (error) {
    console.log(`threw${text(error)}`);
  }
  await settle();
}
export const told = (name: string) => (error?: Error | null) =>
  console.log(`${name}${error ? text(error) : ""}`);
export const sink = (options: object = {}) => new Writable({ write: (_c, _e, done) => done(), ...options });
