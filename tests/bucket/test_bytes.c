#include "bucket/bytes.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define FLAT_SIZE (2 * MIB + 64 * KIB)

static struct bytes bytes;
static unsigned char *buffer; /* FLAT_SIZE */
static unsigned char noise[FLAT_SIZE];

static void setup(void)
{
    buffer = malloc(FLAT_SIZE);
}

static void teardown(void)
{
    bytes_deinit(&bytes);
    bytes_deinit(&bytes);
    cr_expect_eq(bytes.allocated, 0);
    cr_expect_eq(bytes.size, 0);
    free(buffer);
}

TestSuite(bytes, .init = setup, .fini = teardown);

static void write_bytes(uint64_t offset, const void *data, size_t length)
{
    cr_assert_eq(bytes_reserve(&bytes, offset, length), 0);
    bytes_write(&bytes, offset, data, length);
}

static void fill(uint64_t offset, int byte, size_t length)
{
    memset(buffer, byte, length);
    write_bytes(offset, buffer, length);
}

static void resize(uint64_t size)
{
    cr_assert_eq(bytes_reserve_size(&bytes, size), 0);
    bytes_truncate(&bytes, size);
    cr_assert_eq(bytes.size, size);
}

/* All of [offset, offset + length) is there, and is `byte`. */
static bool is_all(uint64_t offset, int byte, size_t length)
{
    memset(buffer, ~byte, length);
    if (bytes_read(&bytes, offset, buffer, length) != length)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (buffer[i] != (unsigned char)byte)
            return false;
    }
    return true;
}

static bool is_text(const char *text)
{
    size_t length = bytes_read(&bytes, 0, buffer, FLAT_SIZE);

    return length == strlen(text) && memcmp(buffer, text, length) == 0;
}

Test(bytes, nothing_is_read_from_none)
{
    cr_assert_eq(bytes_read(&bytes, 0, buffer, 10), 0);
    cr_assert_eq(bytes_read(&bytes, 10, buffer, 10), 0);
    cr_assert_eq(bytes_read(&bytes, UINT64_MAX, buffer, 10), 0);
}

Test(bytes, what_was_written_is_read)
{
    write_bytes(0, "milk", 4);
    cr_assert(is_text("milk"));
    write_bytes(1, "IL", 2);
    cr_assert(is_text("mILk"));
    write_bytes(4, " and honey, and much more of it", 31);
    cr_assert(is_text("mILk and honey, and much more of it"));
}

Test(bytes, a_read_ends_where_the_bytes_do)
{
    write_bytes(0, "milk", 4);
    cr_assert_eq(bytes_read(&bytes, 3, buffer, 10), 1);
    cr_assert_eq(buffer[0], 'k');
    cr_assert_eq(bytes_read(&bytes, 4, buffer, 10), 0);
    cr_assert_eq(bytes_read(&bytes, 0, buffer, 0), 0);
}

Test(bytes, a_write_behind_the_end_leaves_zeros_between)
{
    write_bytes(0, "a", 1);
    write_bytes(5, "b", 1);
    cr_assert_eq(bytes_read(&bytes, 0, buffer, 10), 6);
    cr_assert_arr_eq(buffer, "a\0\0\0\0b", 6);
}

Test(bytes, a_write_of_nothing_changes_nothing)
{
    write_bytes(0, "a", 1);
    write_bytes(1000, "", 0);
    write_bytes(BYTES_SIZE_MAX, "", 0);
    cr_assert(is_text("a"));
}

Test(bytes, cut_bytes_are_zeros_when_it_grows_again)
{
    write_bytes(0, "milk", 4);
    resize(1);
    resize(4);
    cr_assert_eq(bytes_read(&bytes, 0, buffer, 10), 4);
    cr_assert_arr_eq(buffer, "m\0\0\0", 4);
}

Test(bytes, cut_bytes_are_zeros_behind_a_later_write)
{
    write_bytes(0, "milk and honey", 14);
    resize(2);
    write_bytes(6, "x", 1);
    cr_assert_eq(bytes_read(&bytes, 0, buffer, 14), 7);
    cr_assert_arr_eq(buffer, "mi\0\0\0\0x", 7);
}

Test(bytes, nothing_is_kept_when_it_is_cut_to_nothing)
{
    static const size_t sizes[] = {1, 64 * KIB, 64 * KIB + 1, MIB};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        fill(0, 'x', sizes[i]);
        cr_assert_geq(bytes.allocated, sizes[i]);
        resize(0);
        cr_assert_eq(bytes.allocated, 0);
        resize(10);
        cr_assert(is_all(0, 0, 10));
        resize(0);
    }
}

Test(bytes, a_block_grows_into_extents_and_loses_nothing)
{
    fill(0, 'a', BYTES_BLOCK_MAX);
    cr_assert_eq(bytes.shape, BYTES_BLOCK);
    fill(BYTES_BLOCK_MAX, 'b', 1);
    cr_assert_eq(bytes.shape, BYTES_EXTENTS);
    cr_assert_eq(bytes.size, BYTES_BLOCK_MAX + 1);
    cr_assert(is_all(0, 'a', BYTES_BLOCK_MAX));
    cr_assert(is_all(BYTES_BLOCK_MAX, 'b', 1));
}

/* Reserving changes the shape, and nothing else: the write behind it may be refused. */
Test(bytes, what_is_there_stays_when_room_is_made)
{
    static const uint64_t ends[] = {100, 64 * KIB, 64 * KIB + 1, 300 * KIB, 5 * GIB};

    write_bytes(0, "milk", 4);
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        cr_assert_eq(bytes_reserve(&bytes, ends[i] - 10, 10), 0);
        cr_assert(is_text("milk"));
        cr_assert_eq(bytes_reserve_size(&bytes, ends[i]), 0);
        cr_assert(is_text("milk"));
    }
    resize(5 * GIB);
    cr_assert(is_all(4, 0, MIB));
    cr_assert(is_all(5 * GIB - MIB, 0, MIB));
}

Test(bytes, writes_go_across_extents)
{
    fill(BYTES_EXTENT_SIZE - 10, 'x', 2 * BYTES_EXTENT_SIZE + 20);
    cr_assert_eq(bytes.size, 3 * BYTES_EXTENT_SIZE + 10);
    cr_assert(is_all(0, 0, BYTES_EXTENT_SIZE - 10));
    cr_assert(is_all(BYTES_EXTENT_SIZE - 10, 'x', 2 * BYTES_EXTENT_SIZE + 20));
    cr_assert_eq(bytes.allocated, 4 * BYTES_EXTENT_SIZE);
}

Test(bytes, a_hole_costs_nothing_and_reads_as_zeros)
{
    write_bytes(5 * GIB, "far", 3);
    cr_assert_eq(bytes.size, 5 * GIB + 3);
    cr_assert_eq(bytes.allocated, BYTES_EXTENT_SIZE);
    cr_assert(is_all(0, 0, MIB));
    cr_assert(is_all(5 * GIB - MIB, 0, MIB));
    cr_assert(is_all(5 * GIB, 'f', 1));

    write_bytes(0, "near", 4);
    cr_assert_eq(bytes.allocated, 2 * BYTES_EXTENT_SIZE);
    resize(GIB);
    cr_assert_eq(bytes.allocated, BYTES_EXTENT_SIZE);
    resize(6 * GIB);
    cr_assert(is_all(5 * GIB, 0, 3));
    cr_assert(is_all(0, 'n', 1));
}

Test(bytes, cutting_within_an_extent_zeroes_its_rest)
{
    static const uint64_t cuts[] = {1, 64 * KIB, BYTES_EXTENT_SIZE - 1, BYTES_EXTENT_SIZE,
                                    BYTES_EXTENT_SIZE + 1};

    for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
        fill(0, 'x', MIB);
        resize(cuts[i]);
        resize(MIB);
        cr_assert(is_all(0, 'x', cuts[i]));
        cr_assert(is_all(cuts[i], 0, MIB - cuts[i]));
    }
}

Test(bytes, the_largest_size_is_one_tebibyte)
{
    write_bytes(BYTES_SIZE_MAX - 1, "x", 1);
    cr_assert_eq(bytes.size, BYTES_SIZE_MAX);
    cr_assert(is_all(BYTES_SIZE_MAX - MIB, 0, MIB - 1));
    cr_assert(is_all(BYTES_SIZE_MAX - 1, 'x', 1));
}

Test(bytes, more_than_the_largest_size_is_refused_and_nothing_has_changed)
{
    write_bytes(0, "milk", 4);
    cr_assert_eq(bytes_reserve(&bytes, BYTES_SIZE_MAX, 1), -EFBIG);
    cr_assert_eq(bytes_reserve(&bytes, BYTES_SIZE_MAX - 1, 2), -EFBIG);
    cr_assert_eq(bytes_reserve(&bytes, UINT64_MAX, 1), -EFBIG);
    cr_assert_eq(bytes_reserve(&bytes, UINT64_MAX, SIZE_MAX), -EFBIG);
    cr_assert_eq(bytes_reserve(&bytes, 1, SIZE_MAX), -EFBIG);
    cr_assert_eq(bytes_reserve_size(&bytes, BYTES_SIZE_MAX + 1), -EFBIG);
    cr_assert_eq(bytes_reserve_size(&bytes, UINT64_MAX), -EFBIG);
    cr_assert(is_text("milk"));
    cr_assert_eq(bytes.shape, BYTES_BLOCK);
    cr_assert_lt(bytes.allocated, KIB);
}

/* ---- against a flat array ---- */

struct flat {
    unsigned char *at; /* FLAT_SIZE; zero behind `size` */
    uint64_t size;
};

/* Mostly near the sizes where the shape or the extent changes. */
static uint64_t some_size(unsigned *seed)
{
    static const uint64_t edges[] = {0, 16, 4 * KIB, 64 * KIB, 256 * KIB, 512 * KIB, MIB};
    uint64_t edge = edges[rand_r(seed) % 7];
    uint64_t near = (uint64_t)rand_r(seed) % 40;

    if (rand_r(seed) % 4 == 0)
        return (uint64_t)rand_r(seed) % (FLAT_SIZE / 2);
    return edge + 20 < near ? 0 : edge + 20 - near;
}

static void flat_write(struct flat *flat, unsigned *seed)
{
    uint64_t offset = some_size(seed);
    size_t length = rand_r(seed) % 2 ? (size_t)rand_r(seed) % 50 : some_size(seed);

    memcpy(flat->at + offset, noise + (size_t)rand_r(seed) % (FLAT_SIZE - length), length);
    write_bytes(offset, flat->at + offset, length);
    if (length > 0 && offset + length > flat->size)
        flat->size = offset + length;
}

static void flat_resize(struct flat *flat, unsigned *seed)
{
    uint64_t size = some_size(seed);

    if (size < flat->size)
        memset(flat->at + size, 0, flat->size - size);
    flat->size = size;
    resize(size);
}

static bool flat_equals(const struct flat *flat, uint64_t offset, size_t length)
{
    size_t expected = offset >= flat->size ? 0 : length < flat->size - offset ? length : flat->size - offset;

    return bytes_read(&bytes, offset, buffer, length) == expected &&
           memcmp(buffer, flat->at + offset, expected) == 0;
}

static void compare_with_flat(unsigned seed)
{
    struct flat flat = {calloc(1, FLAT_SIZE), 0};
    unsigned state = seed;

    for (int step = 0; step < 60; step++) {
        int kind = rand_r(&state) % 8;

        if (kind < 3)
            flat_write(&flat, &state);
        else if (kind < 5)
            flat_resize(&flat, &state);
        else if (kind < 6)
            cr_assert_eq(bytes_reserve_size(&bytes, some_size(&state)), 0);
        else
            cr_assert(flat_equals(&flat, some_size(&state), some_size(&state)), "seed %u, step %d", seed,
                      step);
        cr_assert_eq(bytes.size, flat.size, "seed %u, step %d", seed, step);
    }
    cr_assert(flat_equals(&flat, 0, FLAT_SIZE), "seed %u", seed);
    bytes_deinit(&bytes);
    free(flat.at);
}

Test(bytes, behave_as_a_flat_array)
{
    unsigned state = 1;

    for (size_t i = 0; i < FLAT_SIZE; i++)
        noise[i] = (unsigned char)(rand_r(&state) | 1);
    for (unsigned seed = 1; seed <= 40; seed++)
        compare_with_flat(seed);
}
