/**
 * The device as QEMU can stand in for it. Two ways to start the same card: `quark`, with nothing but the Quark's
 * instruction set, kernel and initramfs taken out of the card; and `uefi`, 32-bit firmware → GRUB → kernel.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpioArchive, S_IFREG } from "../../buildroot/from-debian/cpio.ts";
import { captureFile } from "./capture.ts";
import { type BootFiles, bootFiles } from "./card.ts";
import type { Journal } from "./journal.ts";
import { askMonitor, parseHardwareClock } from "./monitor.ts";
import { type NetworkSide, networkArguments, networkCard } from "./network.ts";
import { LabProcess, run } from "./process.ts";
import type { Wire } from "./wire.ts";
import type { Workbench } from "./workbench.ts";

export type BootWay = "quark" | "uefi";

export interface MachineOptions {
  readonly bench: Workbench;
  readonly boot: BootWay;
  /** A prepared card image; the machine writes into an overlay, never into the image. */
  readonly card: string;
  /** Kernel and initramfs that were taken out of an equal card already. Only with `quark`. */
  readonly bootFiles?: BootFiles;
  /** Ports of this machine's loopback interface behind which OPC UA server and broker are. */
  readonly hostPorts: { readonly server: number; readonly broker: number };
  /** Record what crosses the network sockets. */
  readonly capture?: boolean;
  /** For several machines in one test. */
  readonly name?: string;
  /** 125 million instructions per second of guest time (design §11). */
  readonly quarkPace?: boolean;
  /** Added to the kernel's command line; `NAME=value` reaches every program as environment. Only with `quark`. */
  readonly kernelArguments?: readonly string[];
  /** The card as an earlier machine left it, in place of `card`'s first state: the power comes back. */
  readonly overlay?: string;
  /** Every write to the card is recorded there as well, in order (dm-log-writes' format). */
  readonly writeLog?: string;
  /** What the hardware clock says at power-on, UTC; otherwise it is right. */
  readonly clock?: Date;
  /** Cables that the test has in its hands. */
  readonly wires?: Partial<Record<NetworkSide, Wire>>;
  /** Programs that stand in for those of the initramfs: path → content. Only with `quark`. */
  readonly programs?: ReadonlyMap<string, string>;
  /** A reset starts the device again; otherwise it ends the machine. */
  readonly resets?: boolean;
  /** While the guest is idle its clock jumps to the next timer: minutes of waiting pass at once, and no peer keeps up. */
  readonly idleSkips?: boolean;
}

/** The Quark X1000: a Pentium with PAE, NX, PGE and SMEP. CMOV, MMX and SSE trap. */
const QUARK_CPU = "pentium,-mmx,+pae,+nx,+pge,+smep";
/** The firmware for 32-bit UEFI uses SSE; our own code is kept free of it by the other boot way. */
const FIRMWARE_CPU = `${QUARK_CPU},+fxsr,+sse,+sse2`;
const FIRMWARE = "/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd";
const FIRMWARE_VARIABLES = "/usr/share/OVMF/OVMF32_VARS_4M.fd";
const MEMORY_MB = 512;
/** Linux reports CPU times to programs in 1/100 s on every architecture. */
const USER_HZ = 100;

export class Machine {
  /** Everything that came out of the serial header, kept after the test. */
  readonly serialLog: string;
  /** What the device wrote to the card, over the prepared image (qcow2). */
  readonly overlay: string;
  readonly #qemu: LabProcess;
  readonly #monitor: string;

  private constructor(options: { qemu: LabProcess; serialLog: string; overlay: string; monitor: string }) {
    this.#qemu = options.qemu;
    this.#monitor = options.monitor;
    this.serialLog = options.serialLog;
    this.overlay = options.overlay;
  }

  static async start(options: MachineOptions): Promise<Machine> {
    const { bench, boot, name = "machine" } = options;
    const overlay = options.overlay ?? bench.disposable(bench.path(`${name}.qcow2`));
    if (options.overlay === undefined) await makeOverlay(options.card, overlay);
    // Paths of sockets are short (unix(7)); that of the work folder may not be.
    const monitorFolder = mkdtempSync(join(tmpdir(), "gwcard-monitor-"));
    bench.defer(() => rmSync(monitorFolder, { recursive: true }));
    const monitor = join(monitorFolder, "monitor");
    const argv: [string, ...string[]] = [
      "qemu-system-i386",
      ...["-name", `${bench.id}-${name}`, "-nodefaults", "-display", "none"],
      ...(options.resets === true ? [] : ["-no-reboot"]),
      // Another watchdog than the Quark's, for the same supervision.
      ...["-device", "i6300esb", "-action", "watchdog=reset"],
      ...["-m", String(MEMORY_MB), "-rtc", `base=${options.clock?.toISOString().slice(0, 19) ?? "utc"}`],
      ...["-qmp", `unix:${monitor},server=on,wait=off`],
      // sleep=on: while the guest waits for a peer, its clock follows ours. Off, an idle guest's clock jumps from timer
      // to timer, and every time-out expires before a packet can arrive.
      ...(options.quarkPace === true ? ["-icount", "shift=3,sleep=on"] : []),
      ...(options.idleSkips === true ? ["-icount", "shift=1,sleep=off"] : []),
      ...(boot === "quark" ? await quarkArguments(options) : uefiArguments(options)),
      // The SD controller is function 0 of the same PCI slot as the two network controllers.
      ...["-device", "sdhci-pci,addr=14.0,multifunction=on"],
      ...cardArguments(overlay, options.writeLog),
      ...networkArguments({
        hostPorts: options.hostPorts,
        capture: options.capture === true ? (side) => captureFile(bench, side) : null,
        paced: options.quarkPace === true,
        wires: options.wires ?? {},
      }),
      // The board's serial header is the second port.
      ...["-serial", "null", "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
    ];
    const serialLog = bench.path(name === "machine" ? "serial.log" : `serial-${name}.log`);
    const qemu = new LabProcess({
      name: "serial console",
      argv,
      logFile: serialLog,
      errorFile: bench.path(`${name}-qemu.log`),
      input: true,
    });
    bench.defer(() => qemu.stop());
    return new Machine({ qemu, serialLog, overlay, monitor });
  }

  /** Lines of the serial header (ttyS1). */
  get console(): Journal<string> {
    return this.#qemu.lines;
  }

  /** Types on the serial header. */
  type(bytes: string | Buffer): void {
    this.#qemu.child.stdin?.write(bytes);
  }

  /** What the hardware clock keeps. */
  async hardwareClock(): Promise<Date> {
    const found = await askMonitor(this.#monitor, "qom-get", { path: "/machine", property: "rtc-time" });
    return parseHardwareClock(found);
  }

  /** Pulls the network cable, or plugs it in again. */
  async setLink(side: NetworkSide, up: boolean): Promise<void> {
    await askMonitor(this.#monitor, "set_link", { name: networkCard(side), up });
  }

  /** Pulls the card out of the running device. */
  async pullCard(): Promise<void> {
    await askMonitor(this.#monitor, "eject", { id: "card", force: true });
  }

  /** Puts the card back, as it was when it was pulled, or another one (qcow2). */
  async insertCard(overlay: string = this.overlay): Promise<void> {
    await askMonitor(this.#monitor, "blockdev-change-medium", {
      id: "card",
      filename: overlay,
      format: "qcow2",
    });
  }

  /** CPU time that the machine has used on this host so far: a guest that loops takes a whole core. */
  cpuSeconds(): number {
    // Fields 14 and 15 of proc(5)'s stat, counted behind the name in parentheses, in ticks of USER_HZ.
    const stat = readFileSync(`/proc/${this.#qemu.child.pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / USER_HZ;
  }

  /** Power off, in the way this device is always powered off. */
  async stop(): Promise<void> {
    await this.#qemu.stop();
  }
}

function cardArguments(overlay: string, writeLog: string | undefined): string[] {
  const card = ["-device", "sd-card,id=card,drive=sd"];
  if (writeLog === undefined) return ["-drive", `id=sd,if=none,format=qcow2,file=${overlay}`, ...card];
  writeFileSync(writeLog, "");
  return [
    ...["-blockdev", `driver=qcow2,node-name=card-image,file.driver=file,file.filename=${overlay}`],
    ...["-blockdev", `driver=file,node-name=write-log,filename=${writeLog}`],
    ...["-blockdev", "driver=blklogwrites,node-name=sd,file=card-image,log=write-log,log-sector-size=512"],
    ...card,
  ];
}

/** On a busy PC QEMU's timer may be late; the kernel would take that for a broken interrupt controller and give up. */
const EMULATED_TIMER = "no_timer_check";

async function quarkArguments(options: MachineOptions): Promise<string[]> {
  const files = options.bootFiles ?? (await bootFiles(options.bench, options.card));
  const { programs } = options;
  const initramfs = programs === undefined ? files.initramfs : `${files.initramfs}-changed`;
  if (programs !== undefined) await writeChanged(files.initramfs, initramfs, programs);
  const commandLine = [files.commandLine, EMULATED_TIMER, ...(options.kernelArguments ?? [])].join(" ");
  return [
    ...["-machine", "pc", "-cpu", QUARK_CPU],
    ...["-kernel", files.kernel, "-initrd", initramfs, "-append", commandLine],
  ];
}

/** The kernel unpacks one archive after the other; what comes last stays. */
async function writeChanged(from: string, to: string, programs: ReadonlyMap<string, string>): Promise<void> {
  const entries = [...programs].map(([path, content]) => ({
    path,
    mode: S_IFREG | 0o755,
    data: Buffer.from(content),
  }));
  const archive = `${to}.cpio`;
  writeFileSync(archive, cpioArchive(entries));
  await run(["lz4", "-l", "-q", "-f", archive, `${archive}.lz4`]);
  writeFileSync(to, Buffer.concat([from, `${archive}.lz4`].map((file) => readFileSync(file))));
}

function uefiArguments(options: MachineOptions): string[] {
  const variables = options.bench.disposable(options.bench.path("uefi-variables.fd"));
  copyFileSync(FIRMWARE_VARIABLES, variables);
  return [
    ...["-machine", "q35,smm=on", "-cpu", FIRMWARE_CPU],
    ...["-global", "driver=cfi.pflash01,property=secure,value=on"],
    ...["-drive", `if=pflash,format=raw,unit=0,readonly=on,file=${FIRMWARE}`],
    ...["-drive", `if=pflash,format=raw,unit=1,file=${variables}`],
    // This firmware has no driver for SD controllers: for it alone the same card is a SATA disk, too. The kernel has
    // no driver for that one.
    ...["-drive", `id=firmware,if=none,format=raw,snapshot=on,file=${options.card}`],
    ...["-device", "ide-hd,drive=firmware,bus=ide.0,bootindex=0"],
  ];
}

/** QEMU's SD card wants a power of two as its size; the overlay grows the image to the next one. */
export async function makeOverlay(image: string, overlay: string): Promise<void> {
  const { size } = await stat(image);
  const rounded = 2 ** Math.ceil(Math.log2(size));
  await run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", image, overlay, String(rounded)]);
}
