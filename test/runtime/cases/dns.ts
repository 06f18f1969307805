/** dns.lookup: addresses, names of this machine, orders, and what is no question. */
import dns, { ADDRCONFIG, lookup, V4MAPPED } from "node:dns";
import { isIP } from "node:net";
import { promisify } from "node:util";
import { show, showCode } from "./show.ts";

const wrong = (value: unknown) => value as never;
const asked = promisify(lookup);

async function ask(label: string, work: () => Promise<unknown>): Promise<void> {
  try {
    const result = await work();
    show(label, () => result);
  } catch (error) {
    const { name, code, syscall, hostname, message } = error as NodeJS.ErrnoException & { hostname?: string };
    const known = code === "EAI_AGAIN" ? "ENOTFOUND" : code;
    console.log(label, name, known, syscall, hostname, message.replaceAll("EAI_AGAIN", "ENOTFOUND"));
  }
}

async function main(): Promise<void> {
  await ask("an address", () => asked("192.0.2.7"));
  await ask("an address of the other family", () => asked("192.0.2.7", 6));
  await ask("an address, all", () => asked("192.0.2.7", { all: true }));
  await ask("version 6", () => asked("2001:db8::1"));
  await ask("version 6, all", () => asked("2001:DB8:0::1", { all: true, family: 6 }));
  await ask("with a scope", () => asked("fe80::1%lo"));
  await ask("localhost 4", () => asked("localhost", 4));
  await ask("localhost as text", () => asked("localhost", { family: "IPv4" }));
  await ask("localhost, all of 4", () => asked("localhost", { all: true, family: 4 }));
  await ask("localhost, first 4", async () => {
    const all = await asked("localhost", { all: true, order: "ipv4first" } as never);
    return (all as unknown as { address: string }[])[0]?.address;
  });
  await ask("localhost, any", async () => isIP((await asked("localhost")).address) > 0);
  await ask("hints", () => asked("127.0.0.1", { hints: ADDRCONFIG | V4MAPPED }));
  await ask("a number as a name", () => asked("1.2"));
  await ask("no such name", () => asked("no-such-host.invalid"));
  await ask("no such name, all", () => asked("no-such-host.invalid", { all: true }));
  await ask("no name", () => asked(wrong(undefined)));
  await ask("empty name", () => asked("", { all: true }));
  await ask("promises", () => dns.promises.lookup("127.0.0.1"));
  await ask("promises of all", () => dns.promises.lookup("::1", { all: true }));
  await ask("promises of nobody", () => dns.promises.lookup("no-such-host.invalid"));
  for (const [label, ...args] of [
    ["family 5", "localhost", { family: 5 }],
    ["family text", "localhost", { family: "4" }],
    ["hints out of range", "localhost", { hints: 0x10000 }],
    ["all no boolean", "localhost", { all: "yes" }],
    ["verbatim no boolean", "localhost", { verbatim: 1 }],
    ["options text", "localhost", "text"],
    ["name no text", {}, {}],
  ] as [string, ...unknown[]][]) {
    show(label, () => lookup(...(args as [never, never]), () => console.log("never")));
  }
  showCode("no callback", () => lookup("localhost", wrong({})));
  showCode("no callback, no options", () => lookup("localhost", wrong(undefined)));
  let later = false;
  await new Promise<void>((resolve) => {
    lookup("127.0.0.1", (error, address, family) => {
      console.log("callback later", later, error, address, family);
      resolve();
    });
    later = true;
  });
  await ask("who is it", async () => {
    const { service } = await dns.promises.lookupService("127.0.0.1", 22);
    return service;
  });
  show("who is nobody", () => dns.lookupService("name", 22, () => undefined));
  show("a port that is none", () => dns.lookupService("127.0.0.1", 65536, () => undefined));
}
main();
