/** What the gateway offers to a broker in its ClientHello, read byte by byte. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { connect } from "node:tls";
import { tlsOptions } from "../../app/cells/mqtt/tls-options.ts";
import { withFolder } from "./app-folder.ts";
import { type MqttSite, makeMqttSite, mqttSettings } from "./app-scripted-broker.ts";

/** Cipher suites and signature algorithms of the ClientHello that the options lead to. */
async function clientHello(
  site: MqttSite,
): Promise<{ suites: number[]; signatures: number[]; versions: number[] }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect(tlsOptions(mqttSettings(site, port)));
  socket.on("error", () => undefined);
  const [peer] = (await once(server, "connection")) as [Socket];
  const [record] = (await once(peer, "data")) as [Buffer];
  socket.destroy();
  peer.destroy();
  server.close();
  const words = (bytes: Buffer): number[] =>
    Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16BE(index * 2));
  // Record 5, handshake head 4, version 2, random 32, session id.
  let at = 5 + 4 + 2 + 32;
  at += 1 + record.readUInt8(at);
  const suites = words(record.subarray(at + 2, at + 2 + record.readUInt16BE(at)));
  at += 2 + record.readUInt16BE(at);
  at += 1 + record.readUInt8(at);
  const end = at + 2 + record.readUInt16BE(at);
  const extensions = new Map<number, Buffer>();
  for (at += 2; at < end; ) {
    const length = record.readUInt16BE(at + 2);
    extensions.set(record.readUInt16BE(at), record.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return {
    suites,
    signatures: words((extensions.get(13) ?? Buffer.alloc(2)).subarray(2)),
    versions: words((extensions.get(43) ?? Buffer.alloc(1)).subarray(1)),
  };
}

test("TLS offers exactly the suites, signatures and versions that the guide lists (R123–R126, L17–L19)", (t) =>
  withFolder(t, async (folder) => {
    const { suites, signatures, versions } = await clientHello(await makeMqttSite(folder));
    const SCSV = 0x00ff;
    const hex = (list: readonly number[]) =>
      list.filter((each) => each !== SCSV).map((each) => each.toString(16).padStart(4, "0"));
    assert.deepEqual(
      hex(suites).sort(),
      ["1301", "1302", "1303", "1304", "009f", "c02b", "c02c", "c02f", "c030", "cca8", "ccaa"].sort(),
    );
    // Within each version in the order of R124.
    const order = hex(suites);
    assert.deepEqual(
      order.filter((suite) => suite.startsWith("13")),
      ["1303", "1302", "1301", "1304"],
    );
    assert.deepEqual(
      order.filter((suite) => !suite.startsWith("13")),
      ["c02c", "c02b", "cca8", "c030", "c02f", "ccaa", "009f"],
    );
    assert.deepEqual(hex(signatures), [
      "0603",
      "0503",
      "0403",
      "0807",
      "0808",
      "080b",
      "0806",
      "080a",
      "0805",
      "0809",
      "0804",
      "0501",
      "0601",
      "0401",
    ]);
    assert.deepEqual(hex(versions), ["0304", "0303"]);
  }));
