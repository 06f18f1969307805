/*
 * The .qbc file: a header and QuickJS bytecode. Bytecode is only valid for the engine that wrote it, and the app in it
 * for the native modules that it calls, so the header carries the identity of both (hashes of sources, see the Makefile).
 *
 *   offset  0  magic "GWQBC\r\n\x1a"
 *           8  format version, u32 little-endian
 *          12  CRC-32 (IEEE) of the payload, u32 little-endian
 *          16  length of the payload, u32 little-endian
 *          20  engine id, 28 bytes, padded with NUL
 *          48  runtime id, 16 bytes
 *          64  payload
 */
#ifndef GW_QBC_H
#define GW_QBC_H

#include <stddef.h>
#include <stdint.h>

#define GW_QBC_VERSION 2
#define GW_QBC_HEADER 64

void gw_qbc_write_header(uint8_t header[GW_QBC_HEADER], const uint8_t *payload, size_t length);

/* NULL when `file` is a valid .qbc for this engine and runtime, with *payload and *length set; otherwise what is wrong. */
const char *gw_qbc_check(const uint8_t *file, size_t size, const uint8_t **payload, size_t *length);

/* A whole file, read as it is needed. NULL with errno set on failure. */
const uint8_t *gw_map_file(const char *path, size_t *size);

/* Reads a whole file into memory from malloc, NUL-terminated. NULL with errno set on failure. */
uint8_t *gw_read_whole_file(const char *path, size_t *size);

#endif
