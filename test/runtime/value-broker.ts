/**
 * A broker that counts: every value has to come in order, and again only after a broken connection. It breaks connections
 * itself, with what it has not acknowledged yet on the way, and ends each stretch of values with a packet that no
 * publisher may get.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import mqttPacket, { type Packet } from "mqtt-packet";

export interface ValueBroker {
  readonly port: number;
  /** Values that arrived, and how many of them more than once. */
  readonly counted: { values: number; repeated: number; connections: number };
  /** What was not as it has to be. */
  readonly faults: readonly string[];
  close(): void;
}

/** A SUBACK, for nothing. */
const END_OF_STRETCH = Buffer.from([0x90, 3, 0, 1, 0]);

export async function startValueBroker(options: {
  pki: string;
  /** Values of a stretch. */
  stretch: number;
  /** A connection breaks with every so many values. */
  breakEvery: number;
}): Promise<ValueBroker> {
  const { pki, stretch, breakEvery } = options;
  const read = (name: string): string => readFileSync(join(pki, name), "utf8");
  const counted = { values: 0, repeated: 0, connections: 0 };
  const faults: string[] = [];

  function onConnection(socket: TLSSocket): void {
    counted.connections += 1;
    let acknowledgements: Buffer[] = [];
    /** The first value of a connection may be any one that has not been acknowledged. */
    let previous = -1;
    let ended = false;
    const take = (packet: Extract<Packet, { cmd: "publish" }>): void => {
      const { Value: value } = JSON.parse(packet.payload.toString()) as { Value: number };
      if (value > counted.values) faults.push(`${value} came when ${counted.values} was due`);
      if (previous !== -1 && value !== previous + 1) faults.push(`${value} came behind ${previous}`);
      if (value < counted.values && !packet.dup) faults.push(`${value} came again without DUP`);
      previous = value;
      acknowledgements.push(mqttPacket.generate({ cmd: "puback", messageId: packet.messageId ?? 0 }));
      if (value < counted.values) {
        counted.repeated += 1;
        return;
      }
      counted.values += 1;
      if (counted.values % stretch === 0) {
        acknowledgements.push(END_OF_STRETCH);
      } else if (counted.values % breakEvery === 0) {
        // Half of what came is acknowledged, the rest is lost with the connection.
        acknowledgements.length >>= 1;
        ended = true;
      }
    };
    const parser = mqttPacket.parser({ protocolVersion: 4 });
    parser.on("packet", (packet: Packet) => {
      if (ended) return;
      if (packet.cmd === "connect") {
        acknowledgements.push(mqttPacket.generate({ cmd: "connack", returnCode: 0, sessionPresent: true }));
      } else if (packet.cmd === "publish") {
        take(packet);
      }
    });
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      parser.parse(chunk);
      if (acknowledgements.length > 0) socket.write(Buffer.concat(acknowledgements));
      acknowledgements = [];
      if (ended) socket.end();
    });
  }

  const server = createServer(
    { cert: read("server.pem"), key: read("server.key"), ca: read("ca.pem"), requestCert: true },
    onConnection,
  );
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    counted,
    faults,
    close: () => void server.close(),
  };
}
