#include "heap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * Blocks of 16, 32, … 512 bytes, header included; cut from chunks that are never given back. Chunks are mapped and not
 * taken from malloc: among its blocks of their size they would hold groups for ever that a full buffer has emptied again.
 */
enum { GRAIN = 16, CLASSES = 32, CHUNK = 32 * 1024 };

#define LARGEST_SMALL ((size_t)GRAIN * CLASSES - sizeof(header))

typedef struct {
    uint32_t size; /* usable bytes behind the header */
    uint32_t mark; /* LIVE, or the block isn't one of ours or was freed before */
} header;

#define LIVE 0x6c697665u

typedef union block {
    header head;
    struct {
        header head;
        union block *next;
    } free;
} block;

static block *free_blocks[CLASSES];
static uint8_t *chunk_at, *chunk_end;

/* What QuickJS adds for the C library's own bookkeeping when it counts. */
static inline size_t counted(size_t usable)
{
    return usable + sizeof(header);
}

static block *cut(size_t total)
{
    if ((size_t)(chunk_end - chunk_at) < total) {
        /* What is left of the old chunk is less than one block: forget it. */
        uint8_t *chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED)
            return NULL;
        chunk_at = chunk;
        chunk_end = chunk + CHUNK;
    }
    block *b = (block *)chunk_at;
    chunk_at += total;
    return b;
}

static block *take(size_t size)
{
    block *b;
    if (size <= LARGEST_SMALL) {
        size_t index = (size + sizeof(header) - 1) / GRAIN;
        b = free_blocks[index];
        if (b != NULL)
            free_blocks[index] = b->free.next;
        else if ((b = cut((index + 1) * GRAIN)) == NULL)
            return NULL;
        b->head.size = (uint32_t)((index + 1) * GRAIN - sizeof(header));
    } else {
        if (size > UINT32_MAX - sizeof(header) || (b = malloc(size + sizeof(header))) == NULL)
            return NULL;
        b->head.size = (uint32_t)size;
    }
    b->head.mark = LIVE;
    return b;
}

static inline block *block_of(const void *pointer)
{
    block *b = (block *)((uint8_t *)pointer - sizeof(header));
    if (b->head.mark != LIVE)
        abort(); /* freed twice, or overwritten: nothing can be trusted any more */
    return b;
}

static void give_back(block *b)
{
    size_t size = b->head.size;
    b->head.mark = 0;
    if (size <= LARGEST_SMALL) {
        size_t index = (size + sizeof(header)) / GRAIN - 1;
        b->free.next = free_blocks[index];
        free_blocks[index] = b;
    } else {
        free(b);
    }
}

static void *heap_malloc(JSMallocState *state, size_t size)
{
    if (state->malloc_size + size > state->malloc_limit)
        return NULL;
    block *b = take(size);
    if (b == NULL)
        return NULL;
    state->malloc_count++;
    state->malloc_size += counted(b->head.size);
    return &b->head + 1;
}

static void heap_free(JSMallocState *state, void *pointer)
{
    if (pointer == NULL)
        return;
    block *b = block_of(pointer);
    state->malloc_count--;
    state->malloc_size -= counted(b->head.size);
    give_back(b);
}

static void *heap_realloc(JSMallocState *state, void *pointer, size_t size)
{
    if (pointer == NULL)
        return size == 0 ? NULL : heap_malloc(state, size);
    if (size == 0) {
        heap_free(state, pointer);
        return NULL;
    }
    block *b = block_of(pointer);
    size_t old = b->head.size;
    if (size <= old && old <= LARGEST_SMALL && old - size < GRAIN * 4)
        return pointer;
    if (size > old && state->malloc_size + size - old > state->malloc_limit)
        return NULL;
    block *moved;
    if (old > LARGEST_SMALL && size > LARGEST_SMALL) {
        if (size > UINT32_MAX - sizeof(header) || (moved = realloc(b, size + sizeof(header))) == NULL)
            return NULL;
        moved->head.size = (uint32_t)size;
    } else {
        if ((moved = take(size)) == NULL)
            return NULL;
        memcpy(&moved->head + 1, pointer, size < old ? size : old);
        give_back(b);
    }
    state->malloc_size += moved->head.size - old;
    return &moved->head + 1;
}

static size_t heap_usable_size(const void *pointer)
{
    return pointer == NULL ? 0 : block_of(pointer)->head.size;
}

JSRuntime *gw_heap_new_runtime(void)
{
#ifdef __SANITIZE_ADDRESS__
    (void)heap_malloc;
    (void)heap_free;
    (void)heap_realloc;
    (void)heap_usable_size;
    return JS_NewRuntime();
#else
    static const JSMallocFunctions functions = { heap_malloc, heap_free, heap_realloc, heap_usable_size };
    return JS_NewRuntime2(&functions, NULL);
#endif
}
