/** Memory over time, from the gateway's status lines, and whether it grows. */

const STATUS = /status: CPU .*, ([\d.]+) MB of \d+ MB of memory in use(?: \(([^)]*)\))?/;

export interface MemorySample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Whole system and each cell, in megabytes. */
  readonly megabytes: Readonly<Record<string, number>>;
}

/** Null: another line. */
export function parseMemory(line: string, at: number): MemorySample | null {
  const [, whole, cells = ""] = STATUS.exec(line) ?? [];
  if (whole === undefined) return null;
  const each = cells.split(", ").map((entry) => entry.split(" "));
  const megabytes = Object.fromEntries(
    each.flatMap(([role, mb]) => (role && mb ? [[role, Number(mb)]] : [])),
  );
  return { at, megabytes: { whole: Number(whole), ...megabytes } };
}

export interface Slope {
  readonly samples: number;
  readonly kilobytesPerHour: number;
  /** Standard error of the slope: what the noise alone would make of a flat line. */
  readonly errorKilobytesPerHour: number;
  readonly minMegabytes: number;
  readonly maxMegabytes: number;
}

/** Least squares through megabytes over time; null with fewer than three samples. */
export function slopeOf(points: readonly { at: number; megabytes: number }[]): Slope | null {
  const n = points.length;
  if (n < 3) return null;
  const hours = points.map(({ at }) => at / 3_600_000);
  const kilobytes = points.map(({ megabytes }) => megabytes * 1024);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / n;
  const [x, y] = [mean(hours), mean(kilobytes)];
  const sum = (term: (dx: number, dy: number) => number) =>
    hours.reduce((total, hour, index) => total + term(hour - x, (kilobytes[index] ?? 0) - y), 0);
  const spread = sum((dx) => dx * dx);
  if (spread === 0) return null;
  const slope = sum((dx, dy) => dx * dy) / spread;
  const rest = sum((dx, dy) => (dy - slope * dx) ** 2);
  const megabytes = points.map((point) => point.megabytes);
  return {
    samples: n,
    kilobytesPerHour: slope,
    errorKilobytesPerHour: Math.sqrt(rest / (n - 2) / spread),
    minMegabytes: Math.min(...megabytes),
    maxMegabytes: Math.max(...megabytes),
  };
}

/**
 * How the least of the second half of the time lies above that of the first, in kB per hour; null with fewer than three
 * samples. A cell collects its garbage now and then, which bends a straight line; what is lost for good lifts the lowest points.
 */
export function floorRise(points: readonly { at: number; megabytes: number }[]): number | null {
  if (points.length < 3) return null;
  const times = points.map(({ at }) => at);
  const [first, half] = [Math.min(...times), (Math.max(...times) - Math.min(...times)) / 2];
  const least = (later: boolean) =>
    Math.min(...points.filter(({ at }) => at - first >= half === later).map(({ megabytes }) => megabytes));
  return half === 0 ? null : ((least(true) - least(false)) * 1024) / (half / 3_600_000);
}
