import type { IStore, PacketCallback } from "mqtt";
// `IStore` names the class of this package, which is not Node's own.
import { Readable } from "readable-stream";

type Packet = Parameters<IStore["put"]>[0];
type Identified = Packet & { messageId?: number };

/**
 * What is sent and not acknowledged yet, in the order of sending (MQTT 3.1.1 §4.4, §4.6). mqtt.js replays it on the next
 * connection; a PUBLISH then carries DUP (§3.3.1.1), which mqtt.js' own store leaves out.
 */
export class SessionStore implements IStore {
  readonly #packets = new Map<number, Identified>();

  get size(): number {
    return this.#packets.size;
  }

  put(packet: Packet, callback: (error?: Error) => void): this {
    const identified = packet as Identified;
    // Replacing PUBLISH by PUBREL keeps the place in the order: a Map remembers the first insertion.
    if (identified.messageId !== undefined) this.#packets.set(identified.messageId, identified);
    callback();
    return this;
  }

  createStream(): Readable {
    const packets = [...this.#packets.values()].map((packet) =>
      packet.cmd === "publish" ? { ...packet, dup: true } : packet,
    );
    return new Readable({
      objectMode: true,
      read() {
        this.push(packets.shift() ?? null);
      },
    });
  }

  del(packet: Pick<Packet, "messageId">, callback: PacketCallback): this {
    const found = this.#find(packet.messageId);
    if (found?.messageId !== undefined) this.#packets.delete(found.messageId);
    if (found) callback(undefined, found);
    else callback(new Error("missing packet"));
    return this;
  }

  get(packet: Pick<Packet, "messageId">, callback: PacketCallback): this {
    const found = this.#find(packet.messageId);
    if (found) callback(undefined, found);
    else callback(new Error("missing packet"));
    return this;
  }

  close(callback: (error?: Error) => void): void {
    callback();
  }

  #find(messageId: number | undefined): Identified | undefined {
    return messageId === undefined ? undefined : this.#packets.get(messageId);
  }
}
