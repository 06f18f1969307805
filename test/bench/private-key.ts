/**
 * One private operation with an RSA-2048 key on the device: instructions of the card's own i586 build through the
 * runtime's crypto, key parsing and blinding included as every connection pays for them. Counted by callgrind, so the
 * figure has no noise; at Quark pace an instruction is 8 ns (design §11).
 */
import { makeSitePki } from "../lab/pki.ts";
import type { Workbench } from "../lab/workbench.ts";
import { type Build, compileProgram, countProgram, QUARK_INSTRUCTIONS_PER_SECOND } from "./callgrind.ts";

const FEW = 1;
const MANY = 5;

export async function measurePrivateKey(bench: Workbench, build: Build): Promise<number> {
  const pki = await makeSitePki({
    dir: bench.path("pki"),
    serverAddress: "127.0.0.1",
    brokerAddress: "127.0.0.1",
  });
  const bytecode = await compileProgram({ bench, build, entry: "test/bench/rsa-main.ts" });
  const count = (times: number) => {
    const args = [bytecode, pki.opcuaClient.keyFile, String(times)];
    return countProgram({ bench, build, name: `rsa-${times}`, args });
  };
  // The difference is the operations' alone: start and end of the program cancel out.
  const instructions = ((await count(MANY)) - (await count(FEW))) / (MANY - FEW);
  return instructions / QUARK_INSTRUCTIONS_PER_SECOND;
}
