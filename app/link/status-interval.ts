const STATUS_SECONDS = 60;
const MAX_STATUS_SECONDS = 86_400;

/** Seconds between two accounts of what was done; the kernel's command line may set them, for measurements. */
export function statusSeconds(): number {
  const given = Number(process.env.GATEWAY_STATUS_SECONDS);
  return given >= 1 && given <= MAX_STATUS_SECONDS ? given : STATUS_SECONDS;
}
