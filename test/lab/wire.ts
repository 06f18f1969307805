/**
 * The cable between one socket of the device and its network, in our hands: every frame passes here. A DHCP server and a
 * name server of our own are on it, with answers that a test can change; the peer behind it is QEMU's.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { Journal } from "./journal.ts";
import {
  arp,
  DHCP,
  dhcpAnswer,
  dnsAnswer,
  ethernet,
  type Ipv4,
  type Lease,
  readArpRequest,
  readDhcp,
  readDnsQuestion,
  readIpv4,
  sourceMac,
  udp,
  udpPayload,
} from "./packets.ts";
import { freePort } from "./ports.ts";
import type { Workbench } from "./workbench.ts";

const LOCALHOST = "127.0.0.1";
const BROADCAST_MAC = Buffer.alloc(6, 0xff);
const BROADCAST = "255.255.255.255";
const SERVER_MAC = Buffer.from([2, 0, 0, 0, 0, 0x53]);
const PORT = { dns: 53, dhcpServer: 67, dhcpClient: 68 };

/** A UDP socket of ours and the port of QEMU's at the other end; each datagram is a frame. */
interface End {
  readonly socket: Socket;
  readonly ours: number;
  readonly qemus: number;
}

async function openEnd(bench: Workbench): Promise<End> {
  const socket = createSocket("udp4");
  socket.bind(0, LOCALHOST);
  await once(socket, "listening");
  bench.defer(() => void socket.close());
  return { socket, ours: socket.address().port, qemus: await freePort() };
}

export class Wire {
  /** The lease that is given; null: the DHCP server is silent. */
  lease: Lease | null;
  /** Names that the name server knows. */
  readonly names: Map<string, string>;
  /** Names that were asked for here. */
  readonly questions = new Journal<string>("questions to the name server");
  /** Types of DHCP messages of the device. */
  readonly dhcp = new Journal<number>("DHCP messages");
  /** Everything that the device has sent as IPv4. */
  readonly sent = new Journal<Ipv4>("packets of the device", ({ from, to }) => `${from} > ${to}`);
  /** Addresses whose owner the device has asked for. */
  readonly wanted = new Journal<string>("ARP requests of the device");
  readonly #near: End;
  readonly #far: End;
  #deviceMac = BROADCAST_MAC;

  private constructor(options: { near: End; far: End; lease: Lease; names: Map<string, string> }) {
    this.#near = options.near;
    this.#far = options.far;
    this.lease = options.lease;
    this.names = options.names;
    this.#near.socket.on("message", (frame) => this.#fromDevice(frame));
    this.#far.socket.on("message", (frame) => this.inject(frame));
  }

  static async open(options: {
    bench: Workbench;
    lease: Lease;
    names?: Record<string, string>;
  }): Promise<Wire> {
    const { bench, lease, names = {} } = options;
    const near = await openEnd(bench);
    const far = await openEnd(bench);
    return new Wire({ near, far, lease, names: new Map(Object.entries(names)) });
  }

  /** QEMU's halves: the network card's, and that of the network `peer` with the peer in it. */
  arguments(id: string, peer: string): string[] {
    const socket = (name: string, { ours, qemus }: End): string =>
      `socket,id=${name},udp=${LOCALHOST}:${ours},localaddr=${LOCALHOST}:${qemus}`;
    const hub = id === "internal" ? 1 : 2;
    const port = (netdev: string): string[] => [
      "-netdev",
      `hubport,id=${netdev}-port,hubid=${hub},netdev=${netdev}`,
    ];
    return [
      ...["-netdev", socket(id, this.#near)],
      ...["-netdev", `${peer},id=${id}-peer`, ...port(`${id}-peer`)],
      ...["-netdev", socket(`${id}-far`, this.#far), ...port(`${id}-far`)],
    ];
  }

  /** Hands a frame to the device. */
  inject(frame: Buffer): void {
    this.#near.socket.send(frame, this.#near.qemus, LOCALHOST);
  }

  /** Hands an IPv4 packet to the device. */
  injectPacket(packet: Buffer): void {
    this.inject(ethernet({ to: this.#deviceMac, from: SERVER_MAC, type: "ipv4", body: packet }));
  }

  #fromDevice(frame: Buffer): void {
    this.#deviceMac = Buffer.from(sourceMac(frame));
    const packet = readIpv4(frame);
    if (packet) this.sent.append({ ...packet, payload: Buffer.from(packet.payload) });
    if (packet?.ports?.to === PORT.dhcpServer) this.#onDhcp(udpPayload(packet));
    else if (packet?.ports?.to === PORT.dns && packet.to === this.lease?.server) this.#onDns(packet);
    else if (!this.#isForServer(frame)) this.#far.socket.send(frame, this.#far.qemus, LOCALHOST);
  }

  /** Answers who looks for our server. */
  #isForServer(frame: Buffer): boolean {
    const request = readArpRequest(frame);
    if (request) this.wanted.append(request.wanted);
    const server = this.lease?.server;
    if (!request || server === undefined || request.wanted !== server) return false;
    const body = arp({
      kind: "reply",
      mac: SERVER_MAC,
      address: server,
      toMac: this.#deviceMac,
      toAddress: request.from,
    });
    this.inject(ethernet({ to: this.#deviceMac, from: SERVER_MAC, type: "arp", body }));
    return true;
  }

  #onDhcp(message: Buffer): void {
    const { type, requested } = readDhcp(message);
    this.dhcp.append(type);
    const { lease } = this;
    if (!lease || (type !== DHCP.discover && type !== DHCP.request)) return;
    const wrong = requested !== null && requested !== lease.address;
    const answer = type === DHCP.discover ? DHCP.offer : wrong ? DHCP.nak : DHCP.ack;
    const payload = dhcpAnswer(message, answer, lease);
    const body = udp({
      from: lease.server,
      to: BROADCAST,
      ports: [PORT.dhcpServer, PORT.dhcpClient],
      payload,
    });
    this.inject(ethernet({ to: BROADCAST_MAC, from: SERVER_MAC, type: "ipv4", body }));
  }

  #onDns(packet: Ipv4): void {
    const query = udpPayload(packet);
    const { name } = readDnsQuestion(query);
    this.questions.append(name);
    const payload = dnsAnswer(query, this.names.get(name.toLowerCase()) ?? null);
    const ports: [number, number] = [PORT.dns, packet.ports?.from ?? 0];
    this.injectPacket(udp({ from: packet.to, to: packet.from, ports, payload }));
  }
}
