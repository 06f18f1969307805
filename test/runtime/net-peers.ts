/** The servers that net-client.ts talks to. */

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";

const FLOOD_BYTES = 700_000;

const PEERS: Readonly<Record<string, (socket: Socket) => void>> = {
  echo: (socket) => void socket.pipe(socket),
  greet: (socket) => void socket.end("good day"),
  reset: (socket) => void socket.on("data", () => socket.resetAndDestroy()),
  half: (socket) => {
    socket.end("you talk now");
    socket.resume();
  },
  flood: (socket) => void socket.end(Buffer.alloc(FLOOD_BYTES, "flood ")),
};

export interface NetPeers {
  /** name=port, for the case's arguments. */
  readonly args: readonly string[];
  close(): Promise<void>;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

export async function startNetPeers(): Promise<NetPeers> {
  const servers: Server[] = [];
  const args: string[] = [];
  for (const [name, serve] of Object.entries(PEERS)) {
    const server = createServer({ allowHalfOpen: name === "half" }, (socket) => {
      // Clients of these cases break off in every way there is.
      socket.on("error", () => undefined);
      serve(socket);
    });
    servers.push(server);
    args.push(`${name}=${await listen(server)}`);
  }
  // A port that nobody listens on any more.
  const gone = createServer();
  args.push(`refused=${await listen(gone)}`);
  gone.close();
  return {
    args,
    async close() {
      for (const server of servers) server.close();
    },
  };
}
