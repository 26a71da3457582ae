/*
 * A large value: extents by their numbers. One without pages is freed, but for
 * the room that was made for a write that didn't come.
 *
 * What grows at its end goes on growing, mostly: from ROWS_FROM on it gets the
 * next extents by rows, which lie on huge pages. A row is always one group: the
 * extents of the numbers from a multiple of EXTENTS_IN_ROW. What it has too many
 * in the end is less than one row.
 */
#include "bucket/bytes_internal.h"

#define ROWS_FROM (UINT64_C(2) * EXTENTS_IN_ROW * BYTES_EXTENT_SIZE)

struct extent {
    uint64_t pages; /* a bit for each, as of a block */
    uint64_t written;
    unsigned char *memory; /* NULL before something was to be written */
};

/* An extent, and what [from, to) of it a range has. */
struct part {
    struct extent *extent;
    uint64_t number;
    uint64_t from;
    uint64_t to;
};

static struct extents *extents_of(const struct bytes *bytes)
{
    return (struct extents *)bytes->pages;
}

static struct extent *find(const struct bytes *bytes, uint64_t number)
{
    return radix_find(&extents_of(bytes)->by_number, number);
}

/* The first part of what is there of [*from, to); `*from` is behind it then. False if nothing is. */
static bool next_part(const struct bytes *bytes, uint64_t *from, uint64_t to, struct part *ret_part)
{
    uint64_t number = *from / BYTES_EXTENT_SIZE;
    struct extent *extent = *from < to ? radix_next(&extents_of(bytes)->by_number, &number) : NULL;
    uint64_t start = number * BYTES_EXTENT_SIZE;

    if (!extent || start >= to)
        return false;
    *ret_part = (struct part){
        .extent = extent,
        .number = number,
        .from = *from > start ? *from - start : 0,
        .to = least(to - start, BYTES_EXTENT_SIZE),
    };
    *from = start + BYTES_EXTENT_SIZE;
    return true;
}

static void mark(struct bytes *bytes, struct extent *extent, uint64_t pages, uint64_t written)
{
    extents_of(bytes)->allocated += size_of_pages(pages) - size_of_pages(extent->pages);
    extent->pages = pages;
    extent->written = written;
}

/* ---- making and freeing ---- */

static void free_one(struct bytes *bytes, uint64_t number)
{
    struct extent *extent = radix_remove(&extents_of(bytes)->by_number, number);

    extents_of(bytes)->allocated -= size_of_pages(extent->pages);
    extent_destroy(extent->memory);
    free(extent);
}

/* Others of its group stay: its memory goes back nevertheless. */
static void free_alone(struct bytes *bytes, uint64_t number)
{
    const struct extent *extent = find(bytes, number);

    if (extent->memory)
        extent_clear(extent->memory, 0, BYTES_EXTENT_SIZE);
    free_one(bytes, number);
}

/* All of the group goes that has what [from, to) has. */
static bool has_group(uint64_t number, uint64_t from, uint64_t to)
{
    uint64_t group = number / EXTENTS_IN_ROW;
    uint64_t size = EXTENTS_IN_ROW * BYTES_EXTENT_SIZE;

    return from <= group * size && (group + 1) * size <= to;
}

static int find_or_make(struct bytes *bytes, uint64_t number, struct extent **ret_extent)
{
    struct extent *extent = find(bytes, number);
    int rc = 0;

    if (!extent) {
        extent = calloc(1, sizeof(*extent));
        if (!extent)
            return -ENOMEM;
        rc = radix_insert(&extents_of(bytes)->by_number, number, extent);
        if (rc < 0)
            free(extent);
    }
    *ret_extent = extent;
    return rc;
}

static int make(struct bytes *bytes, uint64_t number, bool with_memory)
{
    struct extent *extent;
    int rc = find_or_make(bytes, number, &extent);

    if (rc < 0)
        return rc;
    if (with_memory && !extent->memory)
        extent->memory = extent_create();
    return with_memory && !extent->memory ? -ENOMEM : 0;
}

static bool has_none_from(const struct bytes *bytes, uint64_t number)
{
    return radix_next(&extents_of(bytes)->by_number, &number) == NULL;
}

/* The group that begins with `number`, behind all others. Or nothing: it can do without. */
static void make_row(struct bytes *bytes, uint64_t number)
{
    unsigned char *memory = extent_create_row();
    struct extent *extent;
    unsigned n = 0;

    while (memory && n < EXTENTS_IN_ROW && find_or_make(bytes, number + n, &extent) == 0) {
        extent->memory = memory + n * BYTES_EXTENT_SIZE;
        n++;
    }
    if (!memory || n == EXTENTS_IN_ROW)
        return;
    for (unsigned i = n; i < EXTENTS_IN_ROW; i++)
        extent_destroy(memory + i * BYTES_EXTENT_SIZE);
    for (unsigned i = 0; i < n; i++)
        free_one(bytes, number + i);
}

/* Those that were made for nothing. */
static void free_without_pages(struct bytes *bytes, uint64_t from, uint64_t to)
{
    struct part part;

    while (next_part(bytes, &from, to, &part)) {
        if (part.extent->pages == 0)
            free_alone(bytes, part.number);
    }
}

int extents_reserve(struct bytes *bytes, uint64_t from, uint64_t to, bool to_write)
{
    uint64_t end = (to + BYTES_EXTENT_SIZE - 1) / BYTES_EXTENT_SIZE;
    bool grows = to_write && from == bytes->size && from >= ROWS_FROM;

    for (uint64_t number = from / BYTES_EXTENT_SIZE; number < end; number++) {
        int rc;

        if (grows && number % EXTENTS_IN_ROW == 0 && has_none_from(bytes, number))
            make_row(bytes, number);
        rc = make(bytes, number, to_write);
        if (rc < 0) {
            free_without_pages(bytes, from, to);
            return rc;
        }
    }
    return 0;
}

void extents_free(struct bytes *bytes)
{
    extents_clear(bytes, 0, BYTES_SIZE_MAX + 1, false);
    free(extents_of(bytes));
    bytes->pages = NULL;
}

/* Page by page, so that those that weren't written go on to cost nothing. */
static void copy_block(const struct bytes *bytes, struct extent *extent)
{
    for (uint64_t left = bytes_block(bytes)->written; left; left &= left - 1) {
        uint64_t start = (uint64_t)__builtin_ctzll(left) * BYTES_PAGE_SIZE;

        block_read(bytes, start, extent->memory + start, BYTES_PAGE_SIZE);
    }
}

/* The first extent, which has what the block has. */
static int adopt_block(struct bytes *adopted, const struct bytes *bytes)
{
    const struct block *block = bytes_block(bytes);
    int rc = extents_reserve(adopted, 0, BYTES_BLOCK_MAX, block->written != 0);

    if (rc < 0)
        return rc;
    copy_block(bytes, find(adopted, 0));
    mark(adopted, find(adopted, 0), block->allocated, block->written);
    return 0;
}

int extents_adopt(struct bytes *bytes)
{
    struct extents *extents = calloc(1, sizeof(*extents));
    struct bytes adopted = {.size = bytes->size};
    int rc = 0;

    if (!extents)
        return -ENOMEM;
    extents->pages.are_extents = true;
    adopted.pages = &extents->pages;
    if (bytes->pages && bytes_block(bytes)->allocated)
        rc = adopt_block(&adopted, bytes);
    if (rc < 0) {
        free(extents);
        return rc;
    }
    block_free(bytes);
    *bytes = adopted;
    return 0;
}

/* ---- bytes and pages ---- */

void extents_write(struct bytes *bytes, uint64_t offset, const void *data, size_t length)
{
    const unsigned char *next = data;
    uint64_t from = offset;
    struct part part;

    while (next_part(bytes, &from, offset + length, &part)) {
        uint64_t pages = pages_of(part.from, part.to);

        memcpy(part.extent->memory + part.from, next, part.to - part.from);
        mark(bytes, part.extent, part.extent->pages | pages, part.extent->written | pages);
        next += part.to - part.from;
    }
}

void extents_read(const struct bytes *bytes, uint64_t offset, void *buffer, size_t length)
{
    unsigned char *to = buffer;

    while (length > 0) {
        const struct extent *extent = find(bytes, offset / BYTES_EXTENT_SIZE);
        uint64_t start = offset % BYTES_EXTENT_SIZE;
        size_t part = least(length, BYTES_EXTENT_SIZE - start);

        if (extent && extent->memory)
            memcpy(to, extent->memory + start, part);
        else
            memset(to, 0, part);
        offset += part;
        to += part;
        length -= part;
    }
}

void extents_allocate(struct bytes *bytes, uint64_t from, uint64_t to)
{
    struct part part;

    while (next_part(bytes, &from, to, &part)) {
        const struct extent *extent = part.extent;
        uint64_t pages = pages_of(part.from, part.to);

        mark(bytes, part.extent, extent->pages | pages, extent->written | (extent->pages & pages));
    }
}

/* [from, to) lies in one page. */
static void zero_in_page(const struct extent *extent, uint64_t from, uint64_t to)
{
    if (from < to && extent->written >> page_of(from) & 1)
        memset(extent->memory + from, 0, to - from);
}

static void zero(const struct part *part)
{
    const struct extent *extent = part->extent;
    uint64_t first_whole = page_behind(part->from) * BYTES_PAGE_SIZE;
    uint64_t end_of_whole = page_of(part->to) * BYTES_PAGE_SIZE;

    if (!extent->memory)
        return;
    zero_in_page(extent, part->from, least(part->to, first_whole));
    if (first_whole <= end_of_whole)
        zero_in_page(extent, end_of_whole, part->to);
    if (extent->written & whole_pages_of(part->from, part->to))
        extent_clear(extent->memory, first_whole, end_of_whole - first_whole);
}

void extents_clear(struct bytes *bytes, uint64_t from, uint64_t to, bool keep_pages)
{
    const uint64_t start = from;
    struct part part;

    while (next_part(bytes, &from, to, &part)) {
        uint64_t whole = whole_pages_of(part.from, part.to);
        uint64_t left = keep_pages ? part.extent->pages : part.extent->pages & ~whole;

        if (left == 0 && has_group(part.number, start, to)) {
            free_one(bytes, part.number);
        } else if (left == 0) {
            free_alone(bytes, part.number);
        } else {
            zero(&part);
            mark(bytes, part.extent, left, part.extent->written & ~whole);
        }
    }
}

uint64_t extents_allocated(const struct bytes *bytes, uint64_t from, uint64_t to)
{
    struct part part;
    uint64_t sum = 0;

    while (next_part(bytes, &from, to, &part))
        sum += size_of_pages(part.extent->pages & pages_of(part.from, part.to));
    return sum;
}

uint64_t extents_all_allocated(const struct bytes *bytes)
{
    return extents_of(bytes)->allocated;
}

bool extents_next(const struct bytes *bytes, uint64_t *number)
{
    return radix_next(&extents_of(bytes)->by_number, number) != NULL;
}

uint64_t extents_written(const struct bytes *bytes, uint64_t number)
{
    const struct extent *extent = find(bytes, number);

    return extent ? extent->written : 0;
}
