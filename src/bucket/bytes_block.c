/*
 * A small value: one block of memory, as large as what is written first, and
 * by a quarter larger, at least, each time that it grows. Pages may be
 * allocated that it doesn't reach.
 */
#include "bucket/bytes_internal.h"

#include <malloc.h>

#define BYTES_CAPACITY_MASK INT32_MAX

static struct block *block_of(struct bytes *bytes)
{
    return (struct block *)bytes->pages;
}

static uint32_t capacity_of(const struct bytes *bytes)
{
    return bytes->pages ? bytes->pages->capacity : 0;
}

/* All of what malloc() gives for so much is used. NULL without memory, and the old one is as it was. */
static struct block *resize(struct bytes *bytes, uint64_t capacity)
{
    struct block *block = realloc(bytes->pages, sizeof(*block) + capacity);

    if (!block)
        return NULL;
    if (!bytes->pages)
        *block = (struct block){.pages = {.are_extents = false}};
    capacity = least(malloc_usable_size(block) - sizeof(*block), BYTES_BLOCK_MAX);
    block->pages.capacity = (uint32_t)capacity & BYTES_CAPACITY_MASK;
    bytes->pages = &block->pages;
    return block;
}

int block_reserve(struct bytes *bytes, uint64_t end)
{
    uint32_t before = capacity_of(bytes);
    uint64_t grown = before + before / 4;
    struct block *block;

    if (bytes->pages && end <= before)
        return 0;
    block = resize(bytes, end > grown || grown > BYTES_BLOCK_MAX ? end : grown);
    if (!block)
        return -ENOMEM;
    memset(block->memory + before, 0, block->pages.capacity - before);
    return 0;
}

/* Should it fail, the larger one serves as well. */
void block_shrink(struct bytes *bytes)
{
    if (bytes->size < capacity_of(bytes))
        (void)resize(bytes, bytes->size);
}

void block_free(struct bytes *bytes)
{
    free(block_of(bytes));
    bytes->pages = NULL;
}

static void mark(struct bytes *bytes, uint64_t pages, uint64_t written)
{
    struct block *block = block_of(bytes);

    block->allocated = (uint16_t)pages;
    block->written = (uint16_t)written;
    if (pages == 0)
        block_free(bytes);
}

void block_write(struct bytes *bytes, uint64_t offset, const void *data, size_t length)
{
    struct block *block = block_of(bytes);
    uint64_t pages = pages_of(offset, offset + length);

    memcpy(block->memory + offset, data, length);
    mark(bytes, block->allocated | pages, block->written | pages);
}

void block_read(const struct bytes *bytes, uint64_t offset, void *buffer, size_t length)
{
    const struct block *block = bytes_block(bytes);
    size_t there = block && offset < block->pages.capacity ? least(length, block->pages.capacity - offset) : 0;

    if (there > 0)
        memcpy(buffer, block->memory + offset, there);
    memset((unsigned char *)buffer + there, 0, length - there);
}

void block_allocate(struct bytes *bytes, uint64_t from, uint64_t to)
{
    const struct block *block = bytes_block(bytes);
    uint64_t pages = pages_of(from, to);

    mark(bytes, block->allocated | pages, block->written | (block->allocated & pages));
}

void block_clear(struct bytes *bytes, uint64_t from, uint64_t to, bool keep_pages)
{
    struct block *block = block_of(bytes);
    uint64_t whole = whole_pages_of(least(from, BYTES_BLOCK_MAX), least(to, BYTES_BLOCK_MAX));
    uint64_t end;

    if (!block)
        return;
    end = least(to, block->pages.capacity);
    if (from < end)
        memset(block->memory + from, 0, end - from);
    mark(bytes, keep_pages ? block->allocated : block->allocated & ~whole, block->written & ~whole);
}

uint64_t block_allocated(const struct bytes *bytes, uint64_t from, uint64_t to)
{
    const struct block *block = bytes_block(bytes);

    return block ? size_of_pages(block->allocated & pages_of(least(from, BYTES_BLOCK_MAX), least(to, BYTES_BLOCK_MAX))) : 0;
}
