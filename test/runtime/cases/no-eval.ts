/** Code from text: what Node.js does with it, and that the device refuses it (no compiler is on the card). */
const indirect = Reflect.get(globalThis, "eval") as (code: string) => unknown;
const constructorOf = (value: object) => value.constructor as (...code: string[]) => unknown;

const attempts: Record<string, () => unknown> = {
  "indirect eval": () => indirect("1 + 1"),
  Function: () => constructorOf(Object)("return 2"),
  "new Function": () => Reflect.construct(constructorOf(Object), ["return 2"]),
  GeneratorFunction: () => constructorOf(Object.getPrototypeOf(function* () {}))("yield 2"),
  AsyncFunction: () => constructorOf(Object.getPrototypeOf(async () => undefined))("return 2"),
  AsyncGeneratorFunction: () => constructorOf(Object.getPrototypeOf(async function* () {}))("yield 2"),
};
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    console.log(name, typeof attempt());
  } catch (error) {
    console.log(name, "refused:", (error as Error).message);
  }
}
try {
  setTimeout("console.log('timer with text ran')" as never, 1);
} catch (error) {
  console.log("timer with text refused:", (error as { code: string }).code);
}
console.log("regular expressions compile", /a+/u.test("caat"));
console.log("natives reachable", "__gateway" in globalThis);
