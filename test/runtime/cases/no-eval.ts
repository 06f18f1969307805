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
  "constructor of a class": () => constructorOf(class {})("return 2"),
  "constructor of a bound function": () => constructorOf(constructorOf.bind(null))("return 2"),
  "in a class's name": () => Reflect.construct(constructorOf(Object), ["return 2"], class {}),
};
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    console.log(name, typeof attempt());
  } catch (error) {
    console.log(name, "refused:", (error as Error).message);
  }
}
const timers = { setTimeout, setInterval, setImmediate, queueMicrotask, nextTick: process.nextTick };
for (const [name, start] of Object.entries(timers)) {
  try {
    start("console.log('text ran')" as never, 1);
  } catch (error) {
    console.log(`${name} with text refused:`, (error as { code: string }).code);
  }
}
console.log("regular expressions compile", /a+/u.test("caat"));
const REACHES = [
  ...[
    "__gateway",
    "std",
    "os",
    "bjson",
    "scriptArgs",
    "loadScript",
    "evalScript",
    "print",
    "require",
    "module",
  ],
  ...["Worker", "WebAssembly", "ShadowRealm", "importScripts"],
];
console.log("in reach:", REACHES.filter((name) => name in globalThis).join());

async function main(): Promise<void> {
  for (const name of [
    "std",
    "os",
    "fs",
    "./case.js",
    "/usr/lib/gateway/app.qbc",
    "data:text/javascript,export{}",
  ]) {
    // In a variable, or the bundler would look for it.
    const specifier = name;
    try {
      console.log(`import ${name}`, typeof (await import(specifier)));
    } catch (error) {
      console.log(`import ${name} refused:`, (error as Error).message);
    }
  }
}
main();
