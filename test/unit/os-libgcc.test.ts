// Our libgcc against the compiler's own: the 64-bit division family and the conversions, on this host's processor.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { I586 } from "../../buildroot/from-debian/toolchain.ts";

const LIBGCC = new URL("../../buildroot/from-debian/libgcc/", import.meta.url).pathname;

/** Ours is renamed to own_*, so that both can be in one program. */
const HARNESS = String.raw`
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef unsigned long long u64; typedef long long s64;
u64 own__udivmoddi4(u64, u64, u64 *); u64 own__udivdi3(u64, u64); u64 own__umoddi3(u64, u64);
s64 own__divmoddi4(s64, s64, s64 *); s64 own__divdi3(s64, s64); s64 own__moddi3(s64, s64);
u64 own__fixunsxfdi(long double); u64 own__fixunsdfdi(double); u64 own__fixunssfdi(float);
long double own__floatundixf(u64); double own__floatundidf(u64); float own__floatundisf(u64);
int own__popcountsi2(unsigned); int own__popcountdi2(u64); int own__clzdi2(u64); int own__ctzdi2(u64);
int own__ffsdi2(s64); int own__paritysi2(unsigned); u64 own__bswapdi2(u64); unsigned own__bswapsi2(unsigned);
static unsigned long long state = 88172645463325252ULL;
static u64 next(void) { state ^= state << 13; state ^= state >> 7; state ^= state << 17; return state; }
/* Edge values and every magnitude, not only large numbers. */
static u64 pick(void) {
  static const u64 edges[] = {0, 1, 2, 3, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x100000001,
    0x7fffffffffffffff, 0x8000000000000000, 0x8000000000000001, 0xfffffffffffffffe, 0xffffffffffffffff};
  u64 r = next();
  if ((r & 7) == 0) return edges[(r >> 8) % (sizeof edges / sizeof *edges)];
  return next() >> (r >> 8 & 63);
}
#define SAME(ours, theirs) do { if ((ours) != (theirs)) { printf("line %d: a=%llx b=%llx\n", __LINE__, a, b); return 1; } } while (0)
int main(void) {
  for (int i = 0; i < 2000000; i++) {
    volatile u64 va = pick(), vb = pick(); u64 a = va, b = vb, rest; s64 signed_rest;
    if (b != 0) {
      SAME(own__udivdi3(a, b), va / vb); SAME(own__umoddi3(a, b), va % vb);
      SAME(own__udivmoddi4(a, b, &rest), va / vb); SAME(rest, va % vb);
      if (!((s64)a == (s64)0x8000000000000000 && (s64)b == -1)) {
        SAME(own__divdi3((s64)a, (s64)b), (s64)va / (s64)vb); SAME(own__moddi3((s64)a, (s64)b), (s64)va % (s64)vb);
        SAME(own__divmoddi4((s64)a, (s64)b, &signed_rest), (s64)va / (s64)vb); SAME(signed_rest, (s64)va % (s64)vb);
      }
    }
    double d = own__floatundidf(a), d2 = (double)va; float f = own__floatundisf(a), f2 = (float)va;
    long double x = own__floatundixf(a), x2 = (long double)va;
    SAME(memcmp(&d, &d2, sizeof d), 0); SAME(memcmp(&f, &f2, sizeof f), 0); SAME(x, x2);
    SAME(own__fixunsxfdi(x), a);
    if (d < 18446744073709551616.0) SAME(own__fixunsdfdi(d), (u64)d2);
    if (f < 18446744073709551616.0f) SAME(own__fixunssfdi(f), (u64)f2);
    SAME(own__popcountdi2(a), __builtin_popcountll(va)); SAME(own__popcountsi2((unsigned)a), __builtin_popcount((unsigned)va));
    SAME(own__ffsdi2((s64)a), __builtin_ffsll((s64)va)); SAME(own__paritysi2((unsigned)a), __builtin_parity((unsigned)va));
    SAME(own__bswapdi2(a), __builtin_bswap64(va)); SAME(own__bswapsi2((unsigned)a), __builtin_bswap32((unsigned)va));
    if (a != 0) { SAME(own__clzdi2(a), __builtin_clzll(va)); SAME(own__ctzdi2(a), __builtin_ctzll(va)); }
  }
  puts("same"); return 0;
}
`;

test("two million operand pairs give what the compiler's libgcc gives", () => {
  const folder = mkdtempSync(join(tmpdir(), "libgcc-"));
  const compile = (argv: readonly string[]): void => {
    const result = spawnSync("gcc", [...argv], { encoding: "utf8", cwd: folder });
    assert.equal(result.status, 0, result.stderr);
  };
  const objects = readdirSync(LIBGCC)
    .filter((name) => name.endsWith(".c"))
    .map((name) => {
      const object = name.replace(/c$/, "o");
      compile([
        ...I586,
        "-fno-pie",
        "-O2",
        "-ffreestanding",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-c",
        join(LIBGCC, name),
        "-o",
        object,
      ]);
      const renamed = spawnSync("objcopy", ["--prefix-symbols=own", object], {
        cwd: folder,
        encoding: "utf8",
      });
      assert.equal(renamed.status, 0, renamed.stderr);
      return object;
    });
  writeFileSync(join(folder, "harness.c"), HARNESS);
  compile(["-m32", "-O1", "-fno-pie", "-no-pie", "-std=gnu11", "harness.c", ...objects, "-o", "harness"]);
  const run = spawnSync(join(folder, "harness"), { encoding: "utf8" });
  assert.equal(run.stdout.trim(), "same", `${run.stdout}${run.stderr} in ${folder}`);
  rmSync(folder, { recursive: true });
});
