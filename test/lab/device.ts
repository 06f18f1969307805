/** The whole thing under test: a prepared card in a virtual device between a demo server and a broker. */
import { prepareCard } from "./card.ts";
import { findLine, MQTT_CONNECTED, OPCUA_CONNECTED } from "./console-lines.ts";
import { type Plant, type PlantOptions, startPlant } from "./plant.ts";
import { type BootWay, Machine, type MachineOptions } from "./qemu.ts";
import { type Arrival, everyChangeArrived } from "./truth.ts";

/** From power-on to both connections; QEMU's interpreter on one busy core of two. */
export const BOOT_DEADLINE_MS = 240_000;
/** For the last of some hundred values to arrive. */
export const ARRIVE_DEADLINE_MS = 120_000;

export interface Device extends Plant {
  readonly machine: Machine;
  /** The prepared image under the machine's overlay. */
  readonly card: string;
  /** Every change made so far has arrived at the broker, in order and value-exact. */
  readonly everyChangeArrived: (options?: { deadlineMs: number }) => Promise<Arrival>;
}

export interface DeviceOptions
  extends Omit<PlantOptions, "gateway">,
    Pick<MachineOptions, "wires" | "programs" | "resets" | "idleSkips" | "writeLog"> {
  readonly boot: BootWay;
  /** Breaks or adds files of HW-IDS before the card is made. */
  readonly edit?: (plant: Plant) => void;
  /** 125 million instructions per second of guest time (design §11). */
  readonly quarkPace?: boolean;
  /** Record what crosses the network sockets. */
  readonly capture?: boolean;
  /** Added to the kernel's command line; `NAME=value` reaches every program as environment. */
  readonly kernelArguments?: readonly string[];
  /** Changes the finished card image. */
  editCard?: (card: string) => Promise<void>;
}

/** Powers the device on; does not wait for anything. */
export async function powerOn(options: DeviceOptions): Promise<Device> {
  const { bench, boot, quarkPace = false, capture = false, edit, editCard, ...rest } = options;
  const {
    wires = {},
    programs,
    writeLog,
    resets = false,
    idleSkips = false,
    kernelArguments = [],
    ...plantOptions
  } = rest;
  const plant = await startPlant({ bench, gateway: "card", ...plantOptions });
  edit?.(plant);
  const card = await prepareCard({ bench, files: plant.files });
  await editCard?.(card);
  const machine = await Machine.start({
    ...{ bench, boot, card, quarkPace, capture, wires, resets, idleSkips, hostPorts: plant.hostPorts },
    kernelArguments,
    ...(programs === undefined ? {} : { programs }),
    ...(writeLog === undefined ? {} : { writeLog }),
  });
  const { server, observer, variables } = plant;
  return {
    ...plant,
    machine,
    card,
    everyChangeArrived: ({ deadlineMs } = { deadlineMs: ARRIVE_DEADLINE_MS }) =>
      everyChangeArrived({ server, observer, variables, deadlineMs }),
  };
}

/** Powers the device on and waits until both connections stand and every first value has arrived. */
export async function powerOnAndConnect(options: DeviceOptions): Promise<Device> {
  const device = await powerOn(options);
  await findLine(device.machine.console, OPCUA_CONNECTED, { deadlineMs: BOOT_DEADLINE_MS });
  await findLine(device.machine.console, MQTT_CONNECTED, { deadlineMs: BOOT_DEADLINE_MS });
  await device.everyChangeArrived();
  return device;
}
