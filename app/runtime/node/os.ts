/** node:os. */
import { native } from "../binding.ts";
import { errors, signals } from "./os/constants.ts";
import { uname } from "./process.ts";

interface OsBinding {
  info(): [number, number, number, number, number, number, number];
  interfaces(): [string, string, string, 4 | 6, string, boolean][];
}

const binding = native("os") as OsBinding;

export const EOL = "\n";
export const devNull = "/dev/null";
export const constants = { signals, errno: errors, priorities: {}, UV_UDP_REUSEADDR: 4 };

export const arch = () => process.arch;
export const machine = () => uname[4] ?? "";
export const platform = () => "linux";
export const type = () => uname[0] ?? "Linux";
export const release = () => uname[2] ?? "";
export const version = () => uname[3] ?? "";
export const endianness = () => "LE";
/** Asked anew: the name may be set after the start. */
export const hostname = () => (native("os") as { uname(): string[] }).uname()[1] ?? "";
export const homedir = () => process.env.HOME ?? "/";
export const tmpdir = () => (process.env.TMPDIR ?? "/tmp").replace(/(.)\/$/, "$1");
export const totalmem = () => binding.info()[0];
export const freemem = () => binding.info()[1];
export const loadavg = () => binding.info().slice(2, 5);
export const uptime = () => binding.info()[5];
export const availableParallelism = () => binding.info()[6];
export const cpus = () =>
  Array.from({ length: binding.info()[6] }, () => ({
    model: "",
    speed: 0,
    times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 },
  }));

export function userInfo() {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  return { uid, gid, username: process.env.USER ?? String(uid), homedir: homedir(), shell: null };
}

function prefixLength(netmask: string, family: 4 | 6): number {
  const radix = family === 4 ? 10 : 16;
  const parts = netmask.split(family === 4 ? "." : ":").filter((part) => part !== "");
  return parts.reduce((sum, part) => {
    const bits = Number.parseInt(part, radix).toString(2);
    return sum + bits.replaceAll("0", "").length;
  }, 0);
}

export function networkInterfaces(): Record<string, object[]> {
  const result: Record<string, object[]> = {};
  for (const [name, scoped, netmask, family, mac, internal] of binding.interfaces()) {
    const [address = "", scope] = scoped.split("%");
    const cidr = `${address}/${prefixLength(netmask, family)}`;
    const entry = { address, netmask, family: family === 4 ? "IPv4" : "IPv6", mac, internal, cidr };
    const list = result[name] ?? [];
    list.push(family === 4 ? entry : { ...entry, scopeid: scope === undefined ? 0 : 1 });
    result[name] = list;
  }
  return result;
}

export default {
  EOL,
  arch,
  availableParallelism,
  constants,
  cpus,
  devNull,
  endianness,
  freemem,
  homedir,
  hostname,
  loadavg,
  machine,
  networkInterfaces,
  platform,
  release,
  tmpdir,
  totalmem,
  type,
  uptime,
  userInfo,
  version,
};
