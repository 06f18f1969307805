import { constants, existsSync, openSync } from "node:fs";

const KERNEL_LOG = "/dev/kmsg";

/**
 * The kernel's messages for the log cell, from the first one that is still there. Opened once: how far they were read is
 * kept with the descriptor, so a log cell that is started again goes on where the one before it stopped.
 */
export function openKernelLog(): number | null {
  if (!existsSync(KERNEL_LOG)) return null;
  return openSync(KERNEL_LOG, constants.O_RDONLY | constants.O_NONBLOCK);
}
