/** What a failed attempt to connect leaves behind does not wait: both cells collect it before the next one. */
import { join } from "node:path";
import { test } from "node:test";
import { startNodeGateway } from "../lab/node-gateway.ts";
import { makeSitePki } from "../lab/pki.ts";
import { freePort } from "../lab/ports.ts";
import { siteFiles } from "../lab/site.ts";
import { REPOSITORY, withWorkbench } from "../lab/workbench.ts";

const ADDRESS = "127.0.0.1";
const ATTEMPTS = 3;
const DEADLINE_MS = 60_000;
const PROGRAM = ["--import", "tsx", join(REPOSITORY, "test/lab/garbage-main.ts")];

test("each attempt to connect begins with a collection, on both sides (L15)", (t) =>
  withWorkbench(t, "garbage", async (bench) => {
    const pki = await makeSitePki({
      dir: bench.path("pki"),
      serverAddress: ADDRESS,
      brokerAddress: ADDRESS,
    });
    // Nobody is there: every attempt fails.
    const files = siteFiles({
      pki,
      serverUrl: `opc.tcp://${ADDRESS}:${await freePort()}`,
      brokerUri: `ssl://${ADDRESS}:${await freePort()}`,
      variables: [{ name: "one", nodeId: "ns=1;i=1" }],
    });
    const gateway = startNodeGateway({ bench, files, program: PROGRAM });
    for (const role of ["opcua", "mqtt"]) {
      const collects = (line: string): boolean => line.endsWith(`${role} collects its garbage`);
      await gateway.lines.until((lines) => lines.filter(collects).length >= ATTEMPTS, {
        what: `${ATTEMPTS} collections of ${role}`,
        deadlineMs: DEADLINE_MS,
      });
    }
  }));
