/*
 * What the files that make up struct bytes share: pages by the bit, and the
 * two shapes.
 *
 * In both a page is nothing, or it is allocated, or it is allocated and
 * written to. All that isn't written is zero in memory, or has none, and so is
 * all that lies behind the size. What is allocated twice counts as written and
 * may still have no memory.
 */
#ifndef KVFS_BUCKET_BYTES_INTERNAL_H
#define KVFS_BUCKET_BYTES_INTERNAL_H

#include "base/radix.h"
#include "bucket/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_PAGES_IN_EXTENT 64

/* What both shapes begin with. */
struct bytes_pages {
    uint32_t are_extents : 1;
    uint32_t capacity : 31; /* of a block's memory: what lies behind it is zero */
};

struct block {
    struct bytes_pages pages;
    uint16_t allocated; /* a bit for each page */
    uint16_t written;   /* of these: it isn't a hole */
    unsigned char memory[];
};

struct extents {
    struct bytes_pages pages;
    uint64_t allocated; /* bytes of all their pages */
    struct radix by_number;
};

static inline bool bytes_has_extents(const struct bytes *bytes)
{
    return bytes->pages && bytes->pages->are_extents;
}

static inline uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- pages of one block or extent, at offsets in it ---- */

static inline unsigned page_of(uint64_t offset)
{
    return (unsigned)(offset / BYTES_PAGE_SIZE);
}

static inline unsigned page_behind(uint64_t offset)
{
    return (unsigned)((offset + BYTES_PAGE_SIZE - 1) / BYTES_PAGE_SIZE);
}

/* A bit for each page from `first` to before `end`. */
static inline uint64_t page_bits(unsigned first, unsigned end)
{
    if (first >= end)
        return 0;
    return UINT64_MAX >> (BYTES_PAGES_IN_EXTENT - (end - first)) << first;
}

/* The pages of which [from, to) has a part. */
static inline uint64_t pages_of(uint64_t from, uint64_t to)
{
    return page_bits(page_of(from), page_behind(to));
}

/* Those of which it has all. */
static inline uint64_t whole_pages_of(uint64_t from, uint64_t to)
{
    return page_bits(page_behind(from), page_of(to));
}

static inline uint64_t size_of_pages(uint64_t pages)
{
    return (uint64_t)__builtin_popcountll(pages) * BYTES_PAGE_SIZE;
}

/* ---- bytes_block.c: [shape: a block] ---- */

/* NULL if it has none. */
static inline const struct block *bytes_block(const struct bytes *bytes)
{
    return (const struct block *)bytes->pages;
}

/* Room to write up to `end`, BYTES_BLOCK_MAX at most; 0 for pages that aren't written. 0, or -ENOMEM. */
int block_reserve(struct bytes *bytes, uint64_t end);
/* Behind the size there is nothing. */
void block_shrink(struct bytes *bytes);
void block_free(struct bytes *bytes);
void block_write(struct bytes *bytes, uint64_t offset, const void *data, size_t length);
/* Also what lies behind the size. */
void block_read(const struct bytes *bytes, uint64_t offset, void *buffer, size_t length);
void block_allocate(struct bytes *bytes, uint64_t from, uint64_t to);
void block_clear(struct bytes *bytes, uint64_t from, uint64_t to, bool keep_pages);
/* Bytes of its pages there. */
uint64_t block_allocated(const struct bytes *bytes, uint64_t from, uint64_t to);

/* ---- bytes_extents.c: [shape: extents] ---- */

void extents_free(struct bytes *bytes);
/* From a block, which is freed. 0, or -ENOMEM and nothing changed. */
int extents_adopt(struct bytes *bytes);
/* Room to write to [from, to), or to allocate it. 0, or -ENOMEM and nothing more is there. */
int extents_reserve(struct bytes *bytes, uint64_t from, uint64_t to, bool to_write);
void extents_write(struct bytes *bytes, uint64_t offset, const void *data, size_t length);
void extents_read(const struct bytes *bytes, uint64_t offset, void *buffer, size_t length);
void extents_allocate(struct bytes *bytes, uint64_t from, uint64_t to);
void extents_clear(struct bytes *bytes, uint64_t from, uint64_t to, bool keep_pages);
uint64_t extents_allocated(const struct bytes *bytes, uint64_t from, uint64_t to);
uint64_t extents_all_allocated(const struct bytes *bytes);
/* There is an extent of that number or a greater one: `*number` is the first's. */
bool extents_next(const struct bytes *bytes, uint64_t *number);
/* The pages of an extent that were written to. */
uint64_t extents_written(const struct bytes *bytes, uint64_t number);

#endif
