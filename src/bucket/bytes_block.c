/*
 * A small value: one block of memory, as large as what is written first, and
 * by a quarter larger, at least, each time that it grows. Pages may be
 * allocated that it doesn't reach.
 */
#include "bucket/bytes_internal.h"

/* What malloc() gives is a multiple of the one, less the other. */
#define BLOCK_UNIT 16
#define BLOCK_HEAD 8
#define BLOCK_MIN 24

/* For a size of BYTES_BLOCK_MAX at most: all of what malloc() will give for it. */
static uint32_t fit(uint64_t size)
{
    uint64_t capacity = (size + BLOCK_HEAD + BLOCK_UNIT - 1) / BLOCK_UNIT * BLOCK_UNIT - BLOCK_HEAD;

    if (capacity < BLOCK_MIN)
        return BLOCK_MIN;
    return (uint32_t)(capacity < BYTES_BLOCK_MAX ? capacity : BYTES_BLOCK_MAX);
}

static uint32_t next_capacity(const struct bytes *bytes, uint64_t end)
{
    uint64_t grown = bytes->capacity + bytes->capacity / 4;

    return fit(end > grown || grown > BYTES_BLOCK_MAX ? end : grown);
}

static void set(struct bytes *bytes, unsigned char *block, uint32_t capacity)
{
    bytes->u.block = block;
    bytes->capacity = capacity & 0xffffff;
}

int block_reserve(struct bytes *bytes, uint64_t end)
{
    uint32_t capacity;
    unsigned char *block;

    if (end <= bytes->capacity)
        return 0;
    capacity = next_capacity(bytes, end);
    block = realloc(bytes->u.block, capacity);
    if (!block)
        return -ENOMEM;
    memset(block + bytes->capacity, 0, capacity - bytes->capacity);
    set(bytes, block, capacity);
    return 0;
}

/* Should it fail, the larger one serves as well. */
void block_shrink(struct bytes *bytes)
{
    uint32_t capacity = bytes->size < bytes->capacity ? fit(bytes->size) : bytes->capacity;
    unsigned char *block;

    if (capacity == bytes->capacity)
        return;
    block = realloc(bytes->u.block, capacity);
    if (block)
        set(bytes, block, capacity);
}

void block_free(struct bytes *bytes)
{
    free(bytes->u.block);
    set(bytes, NULL, 0);
}

static void mark(struct bytes *bytes, uint64_t pages, uint64_t written)
{
    bytes->allocated = size_of_pages(pages);
    bytes->pages = (uint16_t)pages;
    bytes->written = (uint16_t)written;
    if (pages == 0)
        block_free(bytes);
}

void block_write(struct bytes *bytes, uint64_t offset, const void *data, size_t length)
{
    uint64_t pages = pages_of(offset, offset + length);

    memcpy(bytes->u.block + offset, data, length);
    mark(bytes, bytes->pages | pages, bytes->written | pages);
}

void block_read(const struct bytes *bytes, uint64_t offset, void *buffer, size_t length)
{
    size_t there = offset < bytes->capacity ? least(length, bytes->capacity - offset) : 0;

    if (there > 0)
        memcpy(buffer, bytes->u.block + offset, there);
    memset((unsigned char *)buffer + there, 0, length - there);
}

void block_allocate(struct bytes *bytes, uint64_t from, uint64_t to)
{
    uint64_t pages = pages_of(from, to);

    mark(bytes, bytes->pages | pages, bytes->written | (bytes->pages & pages));
}

void block_clear(struct bytes *bytes, uint64_t from, uint64_t to, bool keep_pages)
{
    uint64_t end = least(to, bytes->capacity);
    uint64_t whole;

    if (from < end)
        memset(bytes->u.block + from, 0, end - from);
    whole = whole_pages_of(least(from, BYTES_BLOCK_MAX), least(to, BYTES_BLOCK_MAX));
    mark(bytes, keep_pages ? bytes->pages : bytes->pages & ~whole, bytes->written & ~whole);
}

uint64_t block_allocated(const struct bytes *bytes, uint64_t from, uint64_t to)
{
    return size_of_pages(bytes->pages & pages_of(least(from, BYTES_BLOCK_MAX), least(to, BYTES_BLOCK_MAX)));
}
