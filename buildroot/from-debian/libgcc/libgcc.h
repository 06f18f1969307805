/* What our replacement of libgcc shares: the integer types in libgcc's own terms, and its entry points. */
#ifndef GWCARD_LIBGCC_H
#define GWCARD_LIBGCC_H

typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef long long s64;

u64 __udivmoddi4(u64 dividend, u64 divisor, u64 *remainder);
u64 __udivdi3(u64 dividend, u64 divisor);
u64 __umoddi3(u64 dividend, u64 divisor);
s64 __divmoddi4(s64 dividend, s64 divisor, s64 *remainder);
s64 __divdi3(s64 dividend, s64 divisor);
s64 __moddi3(s64 dividend, s64 divisor);

u64 __fixunsxfdi(long double value);
u64 __fixunsdfdi(double value);
u64 __fixunssfdi(float value);
long double __floatundixf(u64 value);
double __floatundidf(u64 value);
float __floatundisf(u64 value);

int __popcountsi2(u32 value);
int __popcountdi2(u64 value);
int __clzdi2(u64 value);
int __ctzdi2(u64 value);
int __ffsdi2(s64 value);
int __paritysi2(u32 value);
u64 __bswapdi2(u64 value);
u32 __bswapsi2(u32 value);

#endif
