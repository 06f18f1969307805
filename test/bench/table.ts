/** What was measured beside what must and should be reached (issue "The runtime", Speed). */

export type Figures = Readonly<Record<string, number>>;

interface Goal {
  readonly key: string;
  readonly what: string;
  readonly better: "less" | "more";
  readonly must: number;
  /** Null: there is nothing to aim at beyond it. */
  readonly aim: number | null;
  readonly digits: number;
}

export const GOALS: readonly Goal[] = [
  {
    key: "quark.cells_up_s",
    what: "kernel start to all cells up [s]",
    better: "less",
    must: 15,
    aim: 8,
    digits: 1,
  },
  {
    key: "quark.first_value_s",
    what: "kernel start to the first value at the broker, secure on both sides [s]",
    better: "less",
    must: 25,
    aim: 12,
    digits: 1,
  },
  {
    key: "quark.values_per_s",
    what: "sustained values per second at 90 % CPU, nothing lost",
    better: "more",
    must: 300,
    aim: 1000,
    digits: 0,
  },
  {
    key: "quark.cpu_300_pct",
    what: "CPU with 300 items that change once a second [%]",
    better: "less",
    must: 90,
    aim: 30,
    digits: 1,
  },
  {
    key: "quark.latency_p99_ms",
    what: "added latency at 100 values per second, 99th percentile [ms]",
    better: "less",
    must: 100,
    aim: 30,
    digits: 1,
  },
  {
    key: "quark.ram_mb",
    what: "memory in use, whole system, 1,000 items [MB]",
    better: "less",
    must: 64,
    aim: 40,
    digits: 0,
  },
  {
    key: "quark.rsa2048_private_s",
    what: "private operation with an RSA-2048 key [s]",
    better: "less",
    must: 0.5,
    aim: null,
    digits: 3,
  },
];

export function reaches(goal: Pick<Goal, "better">, figure: number, limit: number): boolean {
  return goal.better === "less" ? figure <= limit : figure >= limit;
}

function cell(goal: Goal, figure: number | undefined, limit: number | null): string {
  if (limit === null) return "–";
  const sign = goal.better === "less" ? "≤" : "≥";
  const verdict = figure === undefined ? "not measured" : reaches(goal, figure, limit) ? "reached" : "MISSED";
  return `${sign} ${limit} ${verdict}`;
}

/** Rows as columns of equal width; the second one is numbers. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((text, at) => (at === 1 ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

export function goalTable(figures: Figures): string[] {
  const rows = GOALS.map((goal) => {
    const figure = figures[goal.key];
    return [
      goal.what,
      figure === undefined ? "–" : figure.toFixed(goal.digits),
      cell(goal, figure, goal.must),
      cell(goal, figure, goal.aim),
      goal.key,
    ];
  });
  return columns([["at Quark pace", "", "must", "aim", "key"], ...rows]);
}
