/* Bytes as digits: base64 in both alphabets, and hexadecimal. */
#include "digits.h"

#include "utf8.h"

static const char digits_standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char digits_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t gw_base64_encode(char *to, const uint8_t *p, size_t len, int url)
{
    const char *digits = url ? digits_url : digits_standard;
    char *start = to;
    for (; len >= 3; p += 3, len -= 3) {
        *to++ = digits[p[0] >> 2];
        *to++ = digits[(p[0] & 3) << 4 | p[1] >> 4];
        *to++ = digits[(p[1] & 15) << 2 | p[2] >> 6];
        *to++ = digits[p[2] & 63];
    }
    if (len) {
        *to++ = digits[p[0] >> 2];
        *to++ = digits[(p[0] & 3) << 4 | (len > 1 ? p[1] >> 4 : 0)];
        if (len > 1)
            *to++ = digits[(p[1] & 15) << 2];
        else if (!url)
            *to++ = '=';
        if (!url)
            *to++ = '=';
    }
    return (size_t)(to - start);
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    if (c == '/' || c == '_')
        return 63;
    return -1;
}

/* Characters without the padding at the end; whether they are digits isn't looked at. */
size_t gw_base64_digits(const uint8_t *p, size_t len)
{
    size_t units = gw_wtf8_units(p, len);
    if (len && p[len - 1] == '=') {
        units--;
        if (len > 1 && p[len - 2] == '=')
            units--;
    }
    return units;
}

/* Both alphabets up to the first "="; anything else is skipped. Node.js looks at the low byte of each code unit. */
size_t gw_base64_decode(uint8_t *to, size_t room, const uint8_t *p, size_t len)
{
    const uint8_t *end = p + len;
    uint32_t bits = 0, state = 0;
    int have = 0;
    size_t n = 0;
    while ((p < end || state) && n < room) {
        uint8_t c = (uint8_t)gw_wtf8_next(&p, &state);
        int digit = base64_digit(c);
        if (c == '=')
            break;
        if (digit < 0)
            continue;
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have >= 8) {
            have -= 8;
            to[n++] = (uint8_t)(bits >> have);
        }
    }
    return n;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Up to the first pair that isn't hexadecimal. */
size_t gw_hex_decode(uint8_t *to, size_t room, const uint8_t *p, size_t len)
{
    size_t n = 0;
    for (; n < room && 2 * n + 1 < len; n++) {
        int high = hex_digit(p[2 * n]), low = hex_digit(p[2 * n + 1]);
        if (high < 0 || low < 0)
            break;
        to[n] = (uint8_t)(high << 4 | low);
    }
    return n;
}
