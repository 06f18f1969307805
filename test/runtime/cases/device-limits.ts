/** Device only: what the argument names goes wrong here. */
const recurse = (depth: number): number => 1 + recurse(depth + 1);

const troubles: Record<string, () => void> = {
  throw() {
    setTimeout(() => {
      throw new TypeError("nobody catches this");
    }, 1);
  },
  "throw-at-once"() {
    throw new TypeError("thrown while loading");
  },
  "throw-text"() {
    throw "a text";
  },
  reject() {
    Promise.reject(new RangeError("nobody awaits this"));
  },
  "reject-undefined"() {
    Promise.reject();
  },
  exit() {
    process.on("exit", (code) => {
      console.log("exit", code);
      process.exitCode = 9;
    });
    process.exit(4);
  },
  "exit-code"() {
    process.exitCode = 6;
  },
  "handler-throws"() {
    process.on("uncaughtException", () => {
      throw new Error("the handler fails");
    });
    throw new Error("first");
  },
  stack() {
    try {
      recurse(0);
    } catch (error) {
      console.log((error as Error).name, (error as Error).message);
    }
    console.log("goes on");
  },
  depth() {
    let deepest = 0;
    const measure = (depth: number): void => {
      deepest = depth;
      measure(depth + 1);
    };
    try {
      measure(0);
    } catch {
      console.log(deepest > Number(process.argv[3]));
    }
  },
  memory() {
    const kept: Uint8Array[] = [];
    try {
      for (;;) kept.push(new Uint8Array(1_000_000));
    } catch (error) {
      kept.length = 0;
      console.log("out of memory:", (error as Error).message);
    }
  },
  cycles() {
    for (let round = 0; round < 200_000; round++) {
      const a: { b?: object } = {};
      a.b = { a };
    }
    console.log(process.memoryUsage().heapUsed < 20_000_000);
  },
  "closed-output"() {
    console.log("first");
    setTimeout(() => console.log("second"), 100);
    setTimeout(() => process.exit(0), 150);
  },
};
troubles[process.argv[2] as string]?.();
