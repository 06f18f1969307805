/*
 * The 64-bit division family for i586, in place of Debian's 32-bit libgcc, whose functions begin with ENDBR32.
 * One loop-free path each: the divisor fits 32 bits (two DIVs), or it does not (one DIV estimates, one step corrects).
 */
#include "libgcc.h"

struct div_result {
  u32 quotient;
  u32 remainder;
};

/* (high:low) / divisor; the caller guarantees high < divisor, so DIV cannot overflow. */
static inline struct div_result div64by32(u32 high, u32 low, u32 divisor) {
  struct div_result r;
  __asm__("divl %4" : "=a"(r.quotient), "=d"(r.remainder) : "0"(low), "1"(high), "rm"(divisor) : "cc");
  return r;
}

u64 __udivmoddi4(u64 dividend, u64 divisor, u64 *remainder) {
  const u32 dividend_high = (u32)(dividend >> 32);
  const u32 divisor_high = (u32)(divisor >> 32);
  u64 quotient;
  u64 rest;

  if (divisor_high == 0) {
    const u32 small = (u32)divisor;
    struct div_result high = {0, dividend_high};
    /* A zero divisor must trap as it does with libgcc: DIV raises the fault. */
    if (dividend_high >= small) {
      high = div64by32(0, dividend_high, small);
    }
    const struct div_result low = div64by32(high.remainder, (u32)dividend, small);
    quotient = ((u64)high.quotient << 32) | low.quotient;
    rest = low.remainder;
  } else if (divisor > dividend) {
    quotient = 0;
    rest = dividend;
  } else {
    /* Knuth D with one digit: normalise, estimate from the top halves, correct by at most one. */
    const unsigned shift = (unsigned)__builtin_clz(divisor_high);
    const u32 top = shift == 0 ? divisor_high : (u32)((divisor << shift) >> 32);
    const struct div_result estimate = div64by32((u32)(dividend >> 33), (u32)(dividend >> 1), top);
    u32 digit = (u32)(((u64)estimate.quotient << shift) >> 31);
    if (digit != 0) {
      digit--;
    }
    quotient = digit;
    rest = dividend - quotient * divisor;
    if (rest >= divisor) {
      rest -= divisor;
      quotient++;
    }
  }
  if (remainder != 0) {
    *remainder = rest;
  }
  return quotient;
}

u64 __udivdi3(u64 dividend, u64 divisor) {
  return __udivmoddi4(dividend, divisor, 0);
}

u64 __umoddi3(u64 dividend, u64 divisor) {
  u64 remainder;
  (void)__udivmoddi4(dividend, divisor, &remainder);
  return remainder;
}

static inline u64 magnitude(s64 value) {
  return value < 0 ? 0 - (u64)value : (u64)value;
}

s64 __divmoddi4(s64 dividend, s64 divisor, s64 *remainder) {
  u64 rest;
  const u64 quotient = __udivmoddi4(magnitude(dividend), magnitude(divisor), &rest);
  if (remainder != 0) {
    *remainder = (s64)(dividend < 0 ? 0 - rest : rest);
  }
  return (s64)((dividend < 0) != (divisor < 0) ? 0 - quotient : quotient);
}

s64 __divdi3(s64 dividend, s64 divisor) {
  return __divmoddi4(dividend, divisor, 0);
}

s64 __moddi3(s64 dividend, s64 divisor) {
  s64 remainder;
  (void)__divmoddi4(dividend, divisor, &remainder);
  return remainder;
}
