/** TCP ports on the loopback interface that stay ours while a server is stopped and started again. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { LabError } from "./errors.ts";

// Below the range from which the kernel takes ports for outgoing connections: nobody can slip in during an outage.
const FIRST_PORT = 20_000;
const LAST_PORT = 31_999;
const ATTEMPTS = 50;

const given = new Set<number>();

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (given.has(port) || !(await canListen(port))) continue;
    given.add(port);
    return port;
  }
  throw new LabError(
    "LAB_NO_PORT",
    `no free TCP port found between ${FIRST_PORT} and ${LAST_PORT} on 127.0.0.1`,
  );
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
