/*
 * Two shapes. Up to BYTES_BLOCK_MAX a value is one block (bytes_block.c). When
 * a page behind that is needed it becomes extents (bytes_extents.c), and keeps
 * that shape until it is empty.
 */
#include "bucket/bytes_internal.h"

static void clear(struct bytes *bytes, uint64_t from, uint64_t to, bool keep_pages)
{
    if (bytes_has_extents(bytes))
        extents_clear(bytes, from, to, keep_pages);
    else
        block_clear(bytes, from, to, keep_pages);
}

void bytes_deinit(struct bytes *bytes)
{
    if (bytes_has_extents(bytes))
        extents_free(bytes);
    else
        block_free(bytes);
    bytes->size = 0;
}

static uint64_t allocated_in(const struct bytes *bytes, uint64_t from, uint64_t to)
{
    return bytes_has_extents(bytes) ? extents_allocated(bytes, from, to) : block_allocated(bytes, from, to);
}

uint64_t bytes_allocated(const struct bytes *bytes)
{
    return bytes_has_extents(bytes) ? extents_all_allocated(bytes) : block_allocated(bytes, 0, BYTES_BLOCK_MAX);
}

uint64_t bytes_cost(const struct bytes *bytes, uint64_t offset, uint64_t length)
{
    uint64_t end = offset + length;
    uint64_t pages = (end + BYTES_PAGE_SIZE - 1) / BYTES_PAGE_SIZE - offset / BYTES_PAGE_SIZE;

    if (length == 0)
        return 0;
    return pages * BYTES_PAGE_SIZE - allocated_in(bytes, offset, end);
}

static int reserve(struct bytes *bytes, uint64_t offset, uint64_t length, bool to_write)
{
    int rc = 0;

    if (offset > BYTES_SIZE_MAX || length > BYTES_SIZE_MAX - offset)
        return -EFBIG;
    if (length == 0)
        return 0;
    if (!bytes_has_extents(bytes) && offset + length <= BYTES_BLOCK_MAX)
        return block_reserve(bytes, to_write ? offset + length : 0);
    if (!bytes_has_extents(bytes))
        rc = extents_adopt(bytes);
    return rc < 0 ? rc : extents_reserve(bytes, offset, offset + length, to_write);
}

int bytes_reserve(struct bytes *bytes, uint64_t offset, size_t length)
{
    return reserve(bytes, offset, length, true);
}

int bytes_reserve_pages(struct bytes *bytes, uint64_t offset, uint64_t length)
{
    return reserve(bytes, offset, length, false);
}

void bytes_write(struct bytes *bytes, uint64_t offset, const void *data, size_t length)
{
    if (length == 0)
        return;
    if (bytes_has_extents(bytes))
        extents_write(bytes, offset, data, length);
    else
        block_write(bytes, offset, data, length);
    if (offset + length > bytes->size)
        bytes->size = offset + length;
}

size_t bytes_read(const struct bytes *bytes, uint64_t offset, void *buffer, size_t length)
{
    if (offset >= bytes->size)
        return 0;
    length = least(length, bytes->size - offset);
    if (bytes_has_extents(bytes))
        extents_read(bytes, offset, buffer, length);
    else
        block_read(bytes, offset, buffer, length);
    return length;
}

void bytes_truncate(struct bytes *bytes, uint64_t size)
{
    if (size == 0) {
        bytes_deinit(bytes);
        return;
    }
    if (size <= bytes->size)
        clear(bytes, size, BYTES_SIZE_MAX + 1, false);
    bytes->size = size;
    if (!bytes_has_extents(bytes))
        block_shrink(bytes);
}

void bytes_allocate(struct bytes *bytes, uint64_t offset, uint64_t length)
{
    if (bytes_has_extents(bytes))
        extents_allocate(bytes, offset, offset + length);
    else
        block_allocate(bytes, offset, offset + length);
}

void bytes_zero(struct bytes *bytes, uint64_t offset, uint64_t length)
{
    clear(bytes, offset, offset + length, true);
}

void bytes_punch(struct bytes *bytes, uint64_t offset, uint64_t length)
{
    clear(bytes, offset, offset + length, false);
}

/* ---- data and holes ---- */

/* A block is less than an extent. */
static uint64_t written_in(const struct bytes *bytes, uint64_t number)
{
    if (bytes_has_extents(bytes))
        return extents_written(bytes, number);
    return number == 0 && bytes->pages ? bytes_block(bytes)->written : 0;
}

/* The first byte of those pages at or behind `from`, both in one extent; its end if there is none. */
static uint64_t first_in(uint64_t pages, uint64_t from)
{
    uint64_t left = pages >> page_of(from) << page_of(from);
    uint64_t start = left ? (uint64_t)__builtin_ctzll(left) * BYTES_PAGE_SIZE : BYTES_EXTENT_SIZE;

    return start > from ? start : from;
}

static uint64_t find_data(const struct bytes *bytes, uint64_t offset)
{
    uint64_t number = offset / BYTES_EXTENT_SIZE;
    uint64_t from = offset % BYTES_EXTENT_SIZE;

    do {
        uint64_t found = first_in(written_in(bytes, number), from);

        if (found < BYTES_EXTENT_SIZE)
            return number * BYTES_EXTENT_SIZE + found;
        number++;
        from = 0;
    } while (bytes_has_extents(bytes) && extents_next(bytes, &number));
    return bytes->size;
}

static uint64_t find_hole(const struct bytes *bytes, uint64_t offset)
{
    uint64_t number = offset / BYTES_EXTENT_SIZE;
    uint64_t found = first_in(~written_in(bytes, number), offset % BYTES_EXTENT_SIZE);

    while (found == BYTES_EXTENT_SIZE)
        found = first_in(~written_in(bytes, ++number), 0);
    return number * BYTES_EXTENT_SIZE + found;
}

bool bytes_find_data(const struct bytes *bytes, uint64_t offset, uint64_t *ret_offset)
{
    uint64_t found = offset < bytes->size ? find_data(bytes, offset) : bytes->size;

    if (found >= bytes->size)
        return false;
    *ret_offset = found;
    return true;
}

bool bytes_find_hole(const struct bytes *bytes, uint64_t offset, uint64_t *ret_offset)
{
    if (offset >= bytes->size)
        return false;
    *ret_offset = least(find_hole(bytes, offset), bytes->size);
    return true;
}
