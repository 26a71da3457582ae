/*
 * Two shapes. Up to BYTES_BLOCK_MAX a value is one block whose capacity is a
 * power of two; all of it behind `size` is zero. Beyond, it is an array of
 * extents of BYTES_EXTENT_SIZE; a NULL one is a hole, and what lies behind
 * `size` in the last is zero. A value that once had extents keeps that shape
 * until it is empty.
 */
#include "bucket/bytes.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN 16

static bool has_extents(const struct bytes *bytes)
{
    return bytes->shape == BYTES_EXTENTS;
}

static void free_extents(struct bytes *bytes, uint32_t first)
{
    for (uint32_t i = first; i < bytes->capacity; i++) {
        if (!bytes->u.extents[i])
            continue;
        free(bytes->u.extents[i]);
        bytes->u.extents[i] = NULL;
        bytes->allocated -= BYTES_EXTENT_SIZE;
    }
}

void bytes_deinit(struct bytes *bytes)
{
    if (has_extents(bytes)) {
        free_extents(bytes, 0);
        free(bytes->u.extents);
    } else {
        free(bytes->u.block);
    }
    memset(bytes, 0, sizeof(*bytes));
}

static uint32_t power_of_two(uint64_t size)
{
    uint32_t capacity = BLOCK_MIN;

    while (capacity < size)
        capacity *= 2;
    return capacity;
}

static int grow_block(struct bytes *bytes, uint64_t end)
{
    uint32_t capacity = power_of_two(end);
    unsigned char *block;

    if (capacity <= bytes->capacity)
        return 0;
    block = realloc(bytes->u.block, capacity);
    if (!block)
        return -ENOMEM;
    memset(block + bytes->capacity, 0, capacity - bytes->capacity);
    bytes->u.block = block;
    bytes->capacity = capacity;
    bytes->allocated = capacity;
    return 0;
}

static uint32_t extents_for(uint64_t end)
{
    return (uint32_t)((end + BYTES_EXTENT_SIZE - 1) / BYTES_EXTENT_SIZE);
}

/* From one block to extents: the block's bytes become the start of the first. */
static int change_to_extents(struct bytes *bytes, uint32_t count)
{
    unsigned char **extents = calloc(count, sizeof(*extents));
    unsigned char *block = bytes->u.block;

    if (!extents)
        return -ENOMEM;
    if (bytes->size > 0) {
        extents[0] = calloc(1, BYTES_EXTENT_SIZE);
        if (!extents[0]) {
            free(extents);
            return -ENOMEM;
        }
        memcpy(extents[0], block, bytes->size);
    }
    bytes->allocated = extents[0] ? BYTES_EXTENT_SIZE : 0;
    free(block);
    bytes->u.extents = extents;
    bytes->capacity = count;
    bytes->shape = BYTES_EXTENTS;
    return 0;
}

static int grow_extents(struct bytes *bytes, uint64_t end)
{
    uint32_t count = extents_for(end);
    uint32_t capacity = bytes->capacity * 2 > count ? bytes->capacity * 2 : count;
    unsigned char **extents;

    if (!has_extents(bytes))
        return change_to_extents(bytes, count);
    if (count <= bytes->capacity)
        return 0;
    extents = reallocarray(bytes->u.extents, capacity, sizeof(*extents));
    if (!extents)
        return -ENOMEM;
    memset(extents + bytes->capacity, 0, (capacity - bytes->capacity) * sizeof(*extents));
    bytes->u.extents = extents;
    bytes->capacity = capacity;
    return 0;
}

int bytes_reserve_size(struct bytes *bytes, uint64_t size)
{
    if (size > BYTES_SIZE_MAX)
        return -EFBIG;
    if (size <= BYTES_BLOCK_MAX && !has_extents(bytes))
        return size > 0 ? grow_block(bytes, size) : 0;
    return grow_extents(bytes, size);
}

static int fill_holes(struct bytes *bytes, uint64_t offset, size_t length)
{
    uint32_t last = extents_for(offset + length);

    for (uint32_t i = (uint32_t)(offset / BYTES_EXTENT_SIZE); i < last; i++) {
        if (bytes->u.extents[i])
            continue;
        bytes->u.extents[i] = calloc(1, BYTES_EXTENT_SIZE);
        if (!bytes->u.extents[i])
            return -ENOMEM;
        bytes->allocated += BYTES_EXTENT_SIZE;
    }
    return 0;
}

int bytes_reserve(struct bytes *bytes, uint64_t offset, size_t length)
{
    int rc;

    if (offset > BYTES_SIZE_MAX || length > BYTES_SIZE_MAX - offset)
        return -EFBIG;
    if (length == 0)
        return 0;
    rc = bytes_reserve_size(bytes, offset + length);
    if (rc < 0 || !has_extents(bytes))
        return rc;
    return fill_holes(bytes, offset, length);
}

static bool is_hole(const struct bytes *bytes, uint32_t extent)
{
    return extent >= bytes->capacity || !bytes->u.extents[extent];
}

uint64_t bytes_growth_of_size(const struct bytes *bytes, uint64_t size)
{
    uint64_t then = bytes->size > 0 ? BYTES_EXTENT_SIZE : 0;

    if (has_extents(bytes) || size == 0)
        return 0;
    if (size <= BYTES_BLOCK_MAX)
        then = power_of_two(size);
    return then > bytes->allocated ? then - bytes->allocated : 0;
}

uint64_t bytes_growth(const struct bytes *bytes, uint64_t offset, size_t length)
{
    uint64_t end = offset + length;
    uint32_t first = (uint32_t)(offset / BYTES_EXTENT_SIZE);
    uint64_t growth = length > 0 ? bytes_growth_of_size(bytes, end) : 0;

    if (length == 0 || (!has_extents(bytes) && end <= BYTES_BLOCK_MAX))
        return growth;
    for (uint32_t i = first; i < extents_for(end); i++) {
        bool made = !has_extents(bytes) && i == 0 && bytes->size > 0;

        if (!made && (!has_extents(bytes) || is_hole(bytes, i)))
            growth += BYTES_EXTENT_SIZE;
    }
    return growth;
}

/* The part of [offset, offset + length) that lies in one extent. */
static size_t part_in_extent(uint64_t offset, size_t length)
{
    uint64_t left = BYTES_EXTENT_SIZE - offset % BYTES_EXTENT_SIZE;

    return length < left ? length : (size_t)left;
}

void bytes_write(struct bytes *bytes, uint64_t offset, const void *data, size_t length)
{
    const unsigned char *from = data;
    uint64_t end = offset + length;

    if (length == 0)
        return;
    if (!has_extents(bytes)) {
        memcpy(bytes->u.block + offset, from, length);
    } else {
        while (length > 0) {
            size_t part = part_in_extent(offset, length);

            memcpy(bytes->u.extents[offset / BYTES_EXTENT_SIZE] + offset % BYTES_EXTENT_SIZE, from, part);
            offset += part;
            from += part;
            length -= part;
        }
    }
    if (end > bytes->size)
        bytes->size = end;
}

static void read_extents(const struct bytes *bytes, uint64_t offset, unsigned char *to, size_t length)
{
    while (length > 0) {
        size_t part = part_in_extent(offset, length);
        const unsigned char *extent = bytes->u.extents[offset / BYTES_EXTENT_SIZE];

        if (extent)
            memcpy(to, extent + offset % BYTES_EXTENT_SIZE, part);
        else
            memset(to, 0, part);
        offset += part;
        to += part;
        length -= part;
    }
}

size_t bytes_read(const struct bytes *bytes, uint64_t offset, void *buffer, size_t length)
{
    if (offset >= bytes->size)
        return 0;
    if (length > bytes->size - offset)
        length = (size_t)(bytes->size - offset);
    if (has_extents(bytes))
        read_extents(bytes, offset, buffer, length);
    else
        memcpy(buffer, bytes->u.block + offset, length);
    return length;
}

static void cut_extents(struct bytes *bytes, uint64_t size)
{
    uint64_t in_last = size % BYTES_EXTENT_SIZE;
    uint32_t kept = extents_for(size);

    free_extents(bytes, kept);
    if (in_last > 0 && bytes->u.extents[kept - 1])
        memset(bytes->u.extents[kept - 1] + in_last, 0, BYTES_EXTENT_SIZE - in_last);
}

void bytes_truncate(struct bytes *bytes, uint64_t size)
{
    if (size == 0) {
        bytes_deinit(bytes);
        return;
    }
    if (size < bytes->size) {
        if (has_extents(bytes))
            cut_extents(bytes, size);
        else
            memset(bytes->u.block + size, 0, bytes->size - size);
    }
    bytes->size = size;
}
