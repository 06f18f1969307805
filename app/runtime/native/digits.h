/* Bytes as digits: base64 in both alphabets, and hexadecimal. What is read is WTF-8 (utf8.h), as strings come. */
#ifndef GW_DIGITS_H
#define GW_DIGITS_H

#include <stddef.h>
#include <stdint.h>

/* Writes 4 digits for each 3 bytes, a padded rest (not padded when `url`); returns their number. */
size_t gw_base64_encode(char *to, const uint8_t *p, size_t len, int url);
/* How many digits a text has at most. */
size_t gw_base64_digits(const uint8_t *p, size_t len);
/* Returns how many bytes were written; `room` is never exceeded. */
size_t gw_base64_decode(uint8_t *to, size_t room, const uint8_t *p, size_t len);
size_t gw_hex_decode(uint8_t *to, size_t room, const uint8_t *p, size_t len);

#endif
