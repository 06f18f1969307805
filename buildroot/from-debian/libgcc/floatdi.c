/* Conversions between unsigned 64-bit integers and the x87's formats: FILD/FISTP know signed ones only. */
#include "libgcc.h"

static const long double TWO_63 = 9223372036854775808.0L;
static const u64 SIGN_BIT = 1ULL << 63;

u64 __fixunsxfdi(long double value) {
  if (value < TWO_63) {
    return (u64)(s64)value;
  }
  return (u64)(s64)(value - TWO_63) ^ SIGN_BIT;
}

u64 __fixunsdfdi(double value) {
  return __fixunsxfdi(value);
}

u64 __fixunssfdi(float value) {
  return __fixunsxfdi(value);
}

/* An x87 long double has 64 bits of mantissa: every u64 is exact in it, so each result is rounded once. */
long double __floatundixf(u64 value) {
  if ((s64)value >= 0) {
    return (long double)(s64)value;
  }
  return (long double)(s64)(value ^ SIGN_BIT) + TWO_63;
}

double __floatundidf(u64 value) {
  return (double)__floatundixf(value);
}

float __floatundisf(u64 value) {
  return (float)__floatundixf(value);
}
