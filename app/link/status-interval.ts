const STATUS_SECONDS = 60;
const MAX_STATUS_SECONDS = 86_400;

function secondsOf(name: string): number | null {
  const given = Number(process.env[name]);
  return given >= 1 && given <= MAX_STATUS_SECONDS ? given : null;
}

/** Seconds between two accounts of what was done; the kernel's command line may set them, for measurements. */
export function statusSeconds(): number {
  return secondsOf("GATEWAY_STATUS_SECONDS") ?? STATUS_SECONDS;
}

/** The same for the accounts of all items, which a measurement may want as seldom as they are on a device in use. */
export function itemsSeconds(): number {
  return secondsOf("GATEWAY_ITEMS_SECONDS") ?? statusSeconds();
}
