/** A broker that accepts a client and ends its connection, or refuses it, and counts what each handshake cost the client. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer, type SecureVersion } from "node:tls";

/** MQTT 3.1.1 §3.2.2.3: accepted; not authorized. */
const ACCEPTED = 0;
export const NOT_AUTHORIZED = 5;

export interface EndingBrokerOptions {
  readonly version: SecureVersion;
  /** A certificate of pki.ts for its key `server.key`. */
  readonly certificate?: string;
  /** What CONNACK says. */
  readonly code?: number;
}

export interface EndingBroker {
  readonly port: number;
  /** Connections whose client proved itself with its certificate: one private key operation each. */
  readonly full: number;
  /** Connections that took up the session of an earlier one: no private key operation on the client's side. */
  readonly resumed: number;
  close(): void;
}

/** Wants a client certificate of pki.ts's authority. Every third accepted client gets no good-bye of TLS. */
export async function startEndingBroker(
  folder: string,
  { version, certificate = "server", code = ACCEPTED }: EndingBrokerOptions,
): Promise<EndingBroker> {
  /* No session is present (§3.2.2.2). */
  const connack = Buffer.from([0x20, 2, 0, code]);
  const read = (name: string) => readFileSync(join(folder, name));
  const counted = { full: 0, resumed: 0 };
  const server = createServer(
    {
      cert: read(`${certificate}.pem`),
      key: read("server.key"),
      ca: read("ca.pem"),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: version,
      maxVersion: version,
    },
    (socket) => {
      if (socket.isSessionReused()) counted.resumed++;
      else if (socket.authorized) counted.full++;
      const abrupt = code === ACCEPTED && (counted.full + counted.resumed) % 3 === 0;
      socket.on("error", () => undefined);
      socket.once("data", () => {
        if (abrupt) socket.write(connack, () => socket.destroy());
        else socket.end(connack);
      });
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get full() {
      return counted.full;
    },
    get resumed() {
      return counted.resumed;
    },
    close: () => void server.close(),
  };
}
