/** The judge of the health log: what it lets pass, and what it finds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertSameAsShown } from "../lab/health-log.ts";

const line = (second: number, text: string): string =>
  `[2026-10-18 15:26:${String(second).padStart(2, "0")}.000 (UTC+0000)] Info: ${text}`;

const BOOT = [line(1, "[kernel] Linux version"), line(1, "[kernel] gateway: system ready")];
const START = [
  line(2, "[kernel] dhcpcd inw: leased"),
  line(2, "[LOG] begins"),
  line(3, "[kernel] mmc0: error"),
];

test("card and serial line have the same lines; what the kernel showed itself is on the card alone (R144, R153)", () => {
  assertSameAsShown([...BOOT, ...START], START);
  // The first of the card's files is gone, and the kernel's messages at its end with it.
  assertSameAsShown([line(2, "[kernel] flood"), ...START.slice(1)], START.slice(1));
  // A debug message, which the kernel does not show.
  assertSameAsShown([...BOOT, ...START], [...BOOT.slice(0, 1), ...START]);
  // The power went before the log cell had read all that the kernel had said.
  assertSameAsShown([line(1, "[LOG] settings"), ...BOOT.slice(0, 1)], [line(1, "[LOG] settings"), ...START]);
  for (const [kept, shown] of [
    [[...BOOT, ...START], START.slice(1)],
    [[...BOOT, ...START], START.slice(0, 2)],
    [
      [...BOOT, ...START],
      [...START.slice(0, 1), ...START],
    ],
    [
      [...BOOT, ...START],
      [...BOOT, ...BOOT, ...START],
    ],
    [START.slice(0, 2), [...START, line(30, "later")]],
  ] as const)
    assert.throws(() => assertSameAsShown(kept, shown), /health log: /);
});
