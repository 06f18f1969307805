/* The .qbc container. See qbc.h. */
#include "qbc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine_id.h"
#include "runtime_id.h"

#define ENGINE_OFFSET 20
#define ENGINE_LENGTH 28
#define RUNTIME_OFFSET (ENGINE_OFFSET + ENGINE_LENGTH)
#define RUNTIME_LENGTH (GW_QBC_HEADER - RUNTIME_OFFSET)

_Static_assert(sizeof(GW_ENGINE_ID) <= ENGINE_LENGTH + 1, "the engine's name does not fit into the header");
_Static_assert(sizeof(GW_RUNTIME_ID) <= RUNTIME_LENGTH + 1, "the runtime's name does not fit into the header");

static const uint8_t magic[8] = {'G', 'W', 'Q', 'B', 'C', '\r', '\n', 0x1a};

static uint32_t get_u32(const uint8_t *source)
{
    return (uint32_t)source[0] | (uint32_t)source[1] << 8 | (uint32_t)source[2] << 16 | (uint32_t)source[3] << 24;
}

/* CRC-32 (IEEE), four bytes at a time: a byte at a time would be a twentieth of the start on the card's processor. */
static uint32_t crc32(const uint8_t *bytes, size_t length)
{
    uint32_t table[4][256];
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
            value = (value & 1) != 0 ? 0xedb88320u ^ (value >> 1) : value >> 1;
        table[0][i] = value;
    }
    for (int level = 1; level < 4; level++) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t before = table[level - 1][i];
            table[level][i] = table[0][before & 0xff] ^ (before >> 8);
        }
    }
    uint32_t crc = 0xffffffffu;
    for (; length >= 4; length -= 4, bytes += 4) {
        crc ^= get_u32(bytes);
        crc = table[3][crc & 0xff] ^ table[2][(crc >> 8) & 0xff] ^ table[1][(crc >> 16) & 0xff] ^ table[0][crc >> 24];
    }
    for (; length > 0; length--, bytes++)
        crc = table[0][(crc ^ *bytes) & 0xff] ^ (crc >> 8);
    return crc ^ 0xffffffffu;
}

static void put_u32(uint8_t *target, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        target[i] = (uint8_t)(value >> (8 * i));
}

void gw_qbc_write_header(uint8_t header[GW_QBC_HEADER], const uint8_t *payload, size_t length)
{
    memset(header, 0, GW_QBC_HEADER);
    memcpy(header, magic, sizeof(magic));
    put_u32(header + 8, GW_QBC_VERSION);
    put_u32(header + 12, crc32(payload, length));
    put_u32(header + 16, (uint32_t)length);
    memcpy(header + ENGINE_OFFSET, GW_ENGINE_ID, sizeof(GW_ENGINE_ID) - 1);
    memcpy(header + RUNTIME_OFFSET, GW_RUNTIME_ID, sizeof(GW_RUNTIME_ID) - 1);
}

/* Whether a field of the header, padded with NUL, names `id`. */
static bool is_for(const uint8_t *field, size_t length, const char *id)
{
    return strlen(id) == strnlen((const char *)field, length) && memcmp(field, id, strlen(id)) == 0;
}

const char *gw_qbc_check(const uint8_t *file, size_t size, const uint8_t **payload, size_t *length)
{
    static char problem[200];
    if (size < GW_QBC_HEADER || memcmp(file, magic, sizeof(magic)) != 0)
        return "not a bytecode file of gateway-bytecode";
    if (get_u32(file + 8) != GW_QBC_VERSION) {
        snprintf(problem, sizeof(problem), "bytecode file format %u, this runtime reads format %d",
                 (unsigned)get_u32(file + 8), GW_QBC_VERSION);
        return problem;
    }
    if (!is_for(file + ENGINE_OFFSET, ENGINE_LENGTH, GW_ENGINE_ID)) {
        snprintf(problem, sizeof(problem),
                 "compiled for QuickJS %.*s, this runtime is QuickJS %s: build both from one source tree", ENGINE_LENGTH,
                 (const char *)file + ENGINE_OFFSET, GW_ENGINE_ID);
        return problem;
    }
    if (!is_for(file + RUNTIME_OFFSET, RUNTIME_LENGTH, GW_RUNTIME_ID)) {
        snprintf(problem, sizeof(problem),
                 "compiled for gateway-runtime %.*s, this is gateway-runtime %s: build both from one source tree",
                 RUNTIME_LENGTH, (const char *)file + RUNTIME_OFFSET, GW_RUNTIME_ID);
        return problem;
    }
    if (get_u32(file + 16) != size - GW_QBC_HEADER) {
        snprintf(problem, sizeof(problem), "truncated or too long: %zu bytes of bytecode, the header says %u",
                 size - GW_QBC_HEADER, (unsigned)get_u32(file + 16));
        return problem;
    }
    *payload = file + GW_QBC_HEADER;
    *length = size - GW_QBC_HEADER;
    if (crc32(*payload, *length) != get_u32(file + 12))
        return "damaged: the checksum does not match";
    return NULL;
}

const uint8_t *gw_map_file(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct stat status;
    void *bytes = MAP_FAILED;
    if (fstat(fd, &status) == 0) {
        *size = (size_t)status.st_size;
        /* An empty file can't be mapped. */
        if (S_ISREG(status.st_mode) && status.st_size == 0)
            bytes = "";
        else
            bytes = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    int error = errno;
    close(fd);
    errno = error;
    return bytes == MAP_FAILED ? NULL : bytes;
}

uint8_t *gw_read_whole_file(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    size_t capacity = 65536;
    size_t used = 0;
    uint8_t *bytes = malloc(capacity + 1);
    while (bytes != NULL) {
        ssize_t got = read(fd, bytes + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            free(bytes);
            bytes = NULL;
            break;
        }
        if (got == 0)
            break;
        used += (size_t)got;
        if (used == capacity) {
            capacity *= 2;
            uint8_t *larger = realloc(bytes, capacity + 1);
            if (larger == NULL)
                free(bytes);
            bytes = larger;
        }
    }
    int error = errno;
    close(fd);
    errno = error;
    if (bytes != NULL) {
        bytes[used] = 0;
        *size = used;
    }
    return bytes;
}
