/** The gateway on Node.js whose cells say when they collect garbage: on Node.js that does nothing that could be seen. */
import { platform } from "#platform";

const role = process.argv[process.argv.indexOf("--role") + 1];
platform.collectGarbage = () => void process.stderr.write(`Info: ${role} collects its garbage\n`);

await import("../../app/main.ts");
