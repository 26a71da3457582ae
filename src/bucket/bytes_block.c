/*
 * A small value: one block of memory, whose capacity is a power of two. Pages
 * may be allocated that it doesn't reach.
 */
#include "bucket/bytes_internal.h"

#define BLOCK_MIN 16

static uint32_t power_of_two(uint64_t size)
{
    uint32_t capacity = BLOCK_MIN;

    while (capacity < size)
        capacity *= 2;
    return capacity;
}

static void set(struct bytes *bytes, unsigned char *block, uint32_t capacity)
{
    bytes->u.block = block;
    bytes->capacity = capacity & 0xffffff;
}

int block_reserve(struct bytes *bytes, uint64_t end)
{
    uint32_t capacity = power_of_two(end);
    unsigned char *block;

    if (capacity <= bytes->capacity)
        return 0;
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
    uint32_t capacity = bytes->size < bytes->capacity ? power_of_two(bytes->size) : bytes->capacity;
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
