/* Bit counting and byte swapping that gcc calls by name where i586 has no instruction. */
#include "libgcc.h"

int __popcountsi2(u32 value) {
  value -= (value >> 1) & 0x55555555u;
  value = (value & 0x33333333u) + ((value >> 2) & 0x33333333u);
  value = (value + (value >> 4)) & 0x0f0f0f0fu;
  return (int)((value * 0x01010101u) >> 24);
}

int __popcountdi2(u64 value) {
  return __popcountsi2((u32)value) + __popcountsi2((u32)(value >> 32));
}

int __clzdi2(u64 value) {
  const u32 high = (u32)(value >> 32);
  return high != 0 ? __builtin_clz(high) : 32 + __builtin_clz((u32)value);
}

int __ctzdi2(u64 value) {
  const u32 low = (u32)value;
  return low != 0 ? __builtin_ctz(low) : 32 + __builtin_ctz((u32)(value >> 32));
}

int __ffsdi2(s64 value) {
  return value == 0 ? 0 : __ctzdi2((u64)value) + 1;
}

int __paritysi2(u32 value) {
  return __popcountsi2(value) & 1;
}

u32 __bswapsi2(u32 value) {
  __asm__("bswap %0" : "+r"(value));
  return value;
}

u64 __bswapdi2(u64 value) {
  return ((u64)__bswapsi2((u32)value) << 32) | __bswapsi2((u32)(value >> 32));
}
