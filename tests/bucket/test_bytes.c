#include "bucket/bytes_internal.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define PAGE BYTES_PAGE_SIZE
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
    cr_expect_eq(bytes_allocated(&bytes), 0);
    cr_expect_eq(bytes.size, 0);
    cr_expect_eq(extent_count(), 0);
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

static bool finds_data(uint64_t offset, uint64_t expected)
{
    uint64_t found;

    return bytes_find_data(&bytes, offset, &found) && found == expected;
}

static bool finds_hole(uint64_t offset, uint64_t expected)
{
    uint64_t found;

    return bytes_find_hole(&bytes, offset, &found) && found == expected;
}

static void allocate(uint64_t offset, uint64_t length)
{
    cr_assert_eq(bytes_reserve_pages(&bytes, offset, length), 0);
    bytes_allocate(&bytes, offset, length);
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
        cr_assert_geq(bytes_allocated(&bytes), sizes[i]);
        resize(0);
        cr_assert_eq(bytes_allocated(&bytes), 0);
        resize(10);
        cr_assert(is_all(0, 0, 10));
        resize(0);
    }
}

Test(bytes, a_block_grows_into_extents_and_loses_nothing)
{
    fill(0, 'a', BYTES_BLOCK_MAX);
    cr_assert_not(bytes_has_extents(&bytes));
    fill(BYTES_BLOCK_MAX, 'b', 1);
    cr_assert(bytes_has_extents(&bytes));
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
        cr_assert_eq(bytes_reserve_pages(&bytes, ends[i], 10), 0);
        cr_assert(is_text("milk"));
        cr_assert_eq(bytes_allocated(&bytes), PAGE);
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
    cr_assert_eq(bytes_allocated(&bytes), 2 * BYTES_EXTENT_SIZE + 2 * PAGE);
}

Test(bytes, a_hole_costs_nothing_and_reads_as_zeros)
{
    write_bytes(5 * GIB, "far", 3);
    cr_assert_eq(bytes.size, 5 * GIB + 3);
    cr_assert_eq(bytes_allocated(&bytes), PAGE);
    cr_assert(is_all(0, 0, MIB));
    cr_assert(is_all(5 * GIB - MIB, 0, MIB));
    cr_assert(is_all(5 * GIB, 'f', 1));

    write_bytes(0, "near", 4);
    cr_assert_eq(bytes_allocated(&bytes), 2 * PAGE);
    resize(GIB);
    cr_assert_eq(bytes_allocated(&bytes), PAGE);
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

Test(bytes, the_largest_size_is_what_an_offset_can_say)
{
    write_bytes(BYTES_SIZE_MAX - 1, "x", 1);
    cr_assert_eq(bytes.size, BYTES_SIZE_MAX);
    cr_assert_eq(bytes_allocated(&bytes), PAGE);
    cr_assert(is_all(BYTES_SIZE_MAX - MIB, 0, MIB - 1));
    cr_assert(is_all(BYTES_SIZE_MAX - 1, 'x', 1));
    cr_assert(finds_data(0, BYTES_SIZE_MAX - PAGE + 1));
    cr_assert(finds_hole(BYTES_SIZE_MAX - 1, BYTES_SIZE_MAX));
}

Test(bytes, more_than_the_largest_size_is_refused_and_nothing_has_changed)
{
    write_bytes(0, "milk", 4);
    cr_assert_eq(bytes_reserve(&bytes, BYTES_SIZE_MAX, 1), -EFBIG);
    cr_assert_eq(bytes_reserve(&bytes, BYTES_SIZE_MAX - 1, 2), -EFBIG);
    cr_assert_eq(bytes_reserve(&bytes, UINT64_MAX, 1), -EFBIG);
    cr_assert_eq(bytes_reserve(&bytes, UINT64_MAX, SIZE_MAX), -EFBIG);
    cr_assert_eq(bytes_reserve(&bytes, 1, SIZE_MAX), -EFBIG);
    cr_assert_eq(bytes_reserve_pages(&bytes, BYTES_SIZE_MAX, 1), -EFBIG);
    cr_assert_eq(bytes_reserve_pages(&bytes, 1, UINT64_MAX), -EFBIG);
    cr_assert(is_text("milk"));
    cr_assert_not(bytes_has_extents(&bytes));
    cr_assert_eq(bytes_allocated(&bytes), PAGE);
}

Test(bytes, a_size_costs_nothing)
{
    resize(BYTES_SIZE_MAX);
    cr_assert_eq(bytes_allocated(&bytes), 0);
    cr_assert_eq(extent_count(), 0);
    cr_assert_null(bytes.pages);
    cr_assert(is_all(BYTES_SIZE_MAX - MIB, 0, MIB));
    write_bytes(0, "milk", 4);
    cr_assert_not(bytes_has_extents(&bytes));
    cr_assert_eq(bytes.size, BYTES_SIZE_MAX);
}

/* ---- pages ---- */

/* At both shapes: in a block, and far from it. */
static const uint64_t places[] = {0, 8 * PAGE, 5 * GIB - 2 * PAGE};
#define PLACES (sizeof(places) / sizeof(*places))

Test(bytes, a_page_counts_when_it_is_written_to)
{
    for (size_t i = 0; i < PLACES; i++) {
        uint64_t at = places[i];

        write_bytes(at + 3 * PAGE + 10, "x", 1);
        cr_assert_eq(bytes_allocated(&bytes), PAGE);
        write_bytes(at + 3 * PAGE + 20, "x", 1);
        cr_assert_eq(bytes_allocated(&bytes), PAGE);
        write_bytes(at + 4 * PAGE - 1, "xy", 2);
        cr_assert_eq(bytes_allocated(&bytes), 2 * PAGE);
        fill(at + 10, 'x', 4 * PAGE);
        cr_assert_eq(bytes_allocated(&bytes), 5 * PAGE);
        resize(at + PAGE + 1);
        cr_assert_eq(bytes_allocated(&bytes), 2 * PAGE);
        resize(0);
    }
}

Test(bytes, data_and_holes_are_found_by_the_page)
{
    for (size_t i = 0; i < PLACES; i++) {
        uint64_t at = places[i];

        fill(at + PAGE + 100, 'x', PAGE);
        resize(at + 5 * PAGE + 1);
        cr_assert(finds_data(at, at + PAGE));
        cr_assert(finds_data(at + PAGE, at + PAGE));
        cr_assert(finds_data(at + 2 * PAGE + 7, at + 2 * PAGE + 7));
        cr_assert(finds_hole(at + 7, at + 7));
        cr_assert(finds_hole(at + PAGE, at + 3 * PAGE));
        cr_assert(finds_hole(at + 5 * PAGE, at + 5 * PAGE));
        cr_assert_not(bytes_find_data(&bytes, at + 3 * PAGE, &(uint64_t){0}));
        cr_assert_not(bytes_find_data(&bytes, at + 5 * PAGE + 1, &(uint64_t){0}));
        cr_assert_not(bytes_find_hole(&bytes, at + 5 * PAGE + 1, &(uint64_t){0}));
        cr_assert_not(bytes_find_hole(&bytes, UINT64_MAX, &(uint64_t){0}));
        resize(0);
    }
}

Test(bytes, the_end_is_a_hole)
{
    write_bytes(0, "milk", 4);
    cr_assert(finds_hole(0, 4));
    cr_assert_not(bytes_find_hole(&bytes, 4, &(uint64_t){0}));
    fill(0, 'x', 3 * BYTES_EXTENT_SIZE);
    cr_assert(finds_hole(1, 3 * BYTES_EXTENT_SIZE));
    fill(0, 'x', 3 * BYTES_EXTENT_SIZE + 1);
    cr_assert(finds_hole(1, 3 * BYTES_EXTENT_SIZE + 1));
}

Test(bytes, what_is_allocated_counts_and_stays_a_hole)
{
    for (size_t i = 0; i < PLACES; i++) {
        uint64_t at = places[i];

        allocate(at + 10, 3 * PAGE);
        cr_assert_eq(bytes.size, 0);
        cr_assert_eq(bytes_allocated(&bytes), 4 * PAGE);
        cr_assert_eq(extent_count(), 0);
        resize(at + 8 * PAGE);
        cr_assert_eq(bytes_allocated(&bytes), 4 * PAGE);
        cr_assert(is_all(at, 0, 8 * PAGE));
        cr_assert_not(bytes_find_data(&bytes, 0, &(uint64_t){0}));
        write_bytes(at + PAGE, "x", 1);
        cr_assert_eq(bytes_allocated(&bytes), 4 * PAGE);
        cr_assert(finds_data(0, at + PAGE));
        cr_assert(finds_hole(at + PAGE, at + 2 * PAGE));
        resize(0);
        cr_assert_eq(bytes_allocated(&bytes), 0);
    }
}

/* As in tmpfs. */
Test(bytes, what_is_allocated_twice_is_no_hole)
{
    for (size_t i = 0; i < PLACES; i++) {
        uint64_t at = places[i];

        resize(at + 8 * PAGE);
        allocate(at, 3 * PAGE);
        allocate(at + 2 * PAGE, 3 * PAGE);
        cr_assert_eq(bytes_allocated(&bytes), 5 * PAGE);
        cr_assert(finds_data(at, at + 2 * PAGE));
        cr_assert(finds_hole(at + 2 * PAGE, at + 3 * PAGE));
        cr_assert(is_all(at, 0, 8 * PAGE));
        resize(0);
    }
}

Test(bytes, what_is_allocated_behind_the_end_goes_when_it_is_cut_there)
{
    for (size_t i = 0; i < PLACES; i++) {
        uint64_t at = places[i];

        write_bytes(at, "x", 1);
        allocate(at, 10 * PAGE);
        cr_assert_eq(bytes.size, at + 1);
        cr_assert_eq(bytes_allocated(&bytes), 10 * PAGE);
        resize(at + 2 * PAGE);
        cr_assert_eq(bytes_allocated(&bytes), 10 * PAGE);
        resize(at + 2 * PAGE);
        cr_assert_eq(bytes_allocated(&bytes), 2 * PAGE);
        resize(0);
    }
}

Test(bytes, a_punched_page_is_gone_and_the_edges_are_zeros)
{
    for (size_t i = 0; i < PLACES; i++) {
        uint64_t at = places[i];

        fill(at, 'x', 8 * PAGE);
        bytes_punch(&bytes, at + PAGE + 100, 4 * PAGE);
        cr_assert_eq(bytes.size, at + 8 * PAGE);
        cr_assert_eq(bytes_allocated(&bytes), 5 * PAGE);
        cr_assert(is_all(at, 'x', PAGE + 100));
        cr_assert(is_all(at + PAGE + 100, 0, 4 * PAGE));
        cr_assert(is_all(at + 5 * PAGE + 100, 'x', 3 * PAGE - 100));
        cr_assert(finds_hole(at, at + 2 * PAGE));
        cr_assert(finds_data(at + 2 * PAGE, at + 5 * PAGE));
        bytes_punch(&bytes, at + 10, 10);
        cr_assert(is_all(at + 10, 0, 10));
        cr_assert(is_all(at + 20, 'x', 10));
        cr_assert_eq(bytes_allocated(&bytes), 5 * PAGE);
        resize(0);
    }
}

Test(bytes, punching_gives_memory_back)
{
    fill(0, 'x', 4 * BYTES_EXTENT_SIZE);
    cr_assert_eq(extent_count(), 4);
    bytes_punch(&bytes, 100, 3 * BYTES_EXTENT_SIZE);
    cr_assert_eq(extent_count(), 2);
    cr_assert_eq(bytes_allocated(&bytes), BYTES_EXTENT_SIZE + PAGE);
    bytes_punch(&bytes, 0, BYTES_SIZE_MAX);
    cr_assert_eq(extent_count(), 0);
    cr_assert_eq(bytes_allocated(&bytes), 0);
    cr_assert(is_all(0, 0, FLAT_SIZE / 4));
    resize(0);

    fill(0, 'x', 3 * PAGE);
    bytes_punch(&bytes, 0, 3 * PAGE);
    cr_assert_eq(bytes_allocated(&bytes), 0);
    cr_assert_null(bytes.pages);
    cr_assert(is_all(0, 0, 3 * PAGE));
}

Test(bytes, zeroed_pages_are_holes_that_stay_allocated)
{
    for (size_t i = 0; i < PLACES; i++) {
        uint64_t at = places[i];

        fill(at, 'x', 8 * PAGE);
        bytes_zero(&bytes, at + PAGE + 100, 4 * PAGE);
        cr_assert_eq(bytes_allocated(&bytes), 8 * PAGE);
        cr_assert(is_all(at, 'x', PAGE + 100));
        cr_assert(is_all(at + PAGE + 100, 0, 4 * PAGE));
        cr_assert(is_all(at + 5 * PAGE + 100, 'x', 3 * PAGE - 100));
        cr_assert(finds_hole(at, at + 2 * PAGE));
        cr_assert(finds_data(at + 2 * PAGE, at + 5 * PAGE));
        resize(0);
    }
}

Test(bytes, what_it_will_cost_is_known_before)
{
    for (size_t i = 0; i < PLACES; i++) {
        uint64_t at = places[i];

        cr_assert_eq(bytes_cost(&bytes, at, 0), 0);
        cr_assert_eq(bytes_cost(&bytes, at, 1), PAGE);
        cr_assert_eq(bytes_cost(&bytes, at + PAGE - 1, 2), 2 * PAGE);
        cr_assert_eq(bytes_cost(&bytes, at, BYTES_SIZE_MAX - at), BYTES_SIZE_MAX + 1 - at);
        fill(at + PAGE, 'x', PAGE);
        allocate(at + 3 * PAGE, 1);
        cr_assert_eq(bytes_cost(&bytes, at + PAGE, 2 * PAGE), PAGE);
        cr_assert_eq(bytes_cost(&bytes, at, 4 * PAGE), 2 * PAGE);
        cr_assert_eq(bytes_cost(&bytes, at + PAGE + 1, 10), 0);
        resize(0);
    }
}

Test(bytes, cutting_a_block_gives_memory_back)
{
    fill(0, 'x', BYTES_BLOCK_MAX);
    cr_assert_eq(bytes.pages->capacity, BYTES_BLOCK_MAX);
    resize(100);
    cr_assert_leq(bytes.pages->capacity, 128);
    cr_assert(is_all(0, 'x', 100));
    resize(BYTES_BLOCK_MAX);
    cr_assert(is_all(100, 0, BYTES_BLOCK_MAX - 100));
}

/* ---- against a flat array ---- */

#define FLAT_PAGES (FLAT_SIZE / PAGE)

struct flat {
    unsigned char *at; /* FLAT_SIZE; zero behind `size` */
    uint64_t size;
    bool pages[FLAT_PAGES];
    bool written[FLAT_PAGES];
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

static size_t some_length(unsigned *seed)
{
    return rand_r(seed) % 2 ? (size_t)rand_r(seed) % 50 : some_size(seed);
}

static uint64_t flat_allocated(const struct flat *flat)
{
    uint64_t count = 0;

    for (size_t page = 0; page < FLAT_PAGES; page++)
        count += flat->pages[page];
    return count * PAGE;
}

static void flat_write(struct flat *flat, uint64_t offset, size_t length, unsigned *seed)
{
    uint64_t cost = bytes_cost(&bytes, offset, length);
    uint64_t before = bytes_allocated(&bytes);

    memcpy(flat->at + offset, noise + (size_t)rand_r(seed) % (FLAT_SIZE - length), length);
    write_bytes(offset, flat->at + offset, length);
    cr_assert_eq(bytes_allocated(&bytes), before + cost);
    if (length > 0 && offset + length > flat->size)
        flat->size = offset + length;
    for (uint64_t page = offset / PAGE; length > 0 && page * PAGE < offset + length; page++)
        flat->pages[page] = flat->written[page] = true;
}

static void flat_allocate(struct flat *flat, uint64_t offset, uint64_t length)
{
    uint64_t before = bytes_allocated(&bytes);
    uint64_t cost = bytes_cost(&bytes, offset, length);

    allocate(offset, length);
    cr_assert_eq(bytes_allocated(&bytes), before + cost);
    for (uint64_t page = offset / PAGE; page * PAGE < offset + length; page++) {
        flat->written[page] |= flat->pages[page];
        flat->pages[page] = true;
    }
}

static void flat_clear(struct flat *flat, uint64_t offset, uint64_t length, bool keep_pages)
{
    memset(flat->at + offset, 0, length);
    for (uint64_t page = (offset + PAGE - 1) / PAGE; (page + 1) * PAGE <= offset + length; page++) {
        flat->pages[page] &= keep_pages;
        flat->written[page] = false;
    }
}

static void flat_resize(struct flat *flat, uint64_t size)
{
    if (size <= flat->size)
        flat_clear(flat, size, FLAT_SIZE - size, false);
    flat->size = size;
    resize(size);
}

static bool flat_equals(const struct flat *flat, uint64_t offset, size_t length)
{
    size_t expected = offset >= flat->size ? 0 : length < flat->size - offset ? length : flat->size - offset;

    return bytes_read(&bytes, offset, buffer, length) == expected &&
           memcmp(buffer, flat->at + offset, expected) == 0;
}

/* The first byte at or behind `offset` that is data or not; the size if there is none. */
static uint64_t flat_find(const struct flat *flat, uint64_t offset, bool data)
{
    while (offset < flat->size && flat->written[offset / PAGE] != data)
        offset++;
    return offset < flat->size ? offset : flat->size;
}

static bool flat_finds(const struct flat *flat, uint64_t offset)
{
    uint64_t data = flat_find(flat, offset, true);
    uint64_t hole = flat_find(flat, offset, false);
    uint64_t found;

    if (bytes_find_data(&bytes, offset, &found) ? found != data : data != flat->size)
        return false;
    return bytes_find_hole(&bytes, offset, &found) ? found == hole : offset >= flat->size;
}

static void flat_step(struct flat *flat, unsigned *seed)
{
    uint64_t offset = some_size(seed);
    size_t length = some_length(seed);

    switch (rand_r(seed) % 10) {
    case 0:
    case 1:
    case 2:
        flat_write(flat, offset, length, seed);
        break;
    case 3:
        flat_resize(flat, offset);
        break;
    case 4:
        cr_assert_eq(bytes_reserve(&bytes, offset, length), 0);
        break;
    case 5:
        flat_allocate(flat, offset, length + 1);
        break;
    case 6:
        flat_clear(flat, offset, length, false);
        bytes_punch(&bytes, offset, length);
        break;
    case 7:
        flat_clear(flat, offset, length, true);
        bytes_zero(&bytes, offset, length);
        break;
    default:
        cr_assert(flat_finds(flat, offset));
        cr_assert(flat_equals(flat, offset, some_size(seed)));
        break;
    }
}

static void compare_with_flat(unsigned seed)
{
    struct flat *flat = calloc(1, sizeof(*flat));
    unsigned state = seed;

    flat->at = calloc(1, FLAT_SIZE);
    for (int step = 0; step < 60; step++) {
        flat_step(flat, &state);
        cr_assert_eq(bytes.size, flat->size, "seed %u, step %d", seed, step);
        cr_assert_eq(bytes_allocated(&bytes), flat_allocated(flat), "seed %u, step %d", seed, step);
    }
    cr_assert(flat_equals(flat, 0, FLAT_SIZE), "seed %u", seed);
    bytes_deinit(&bytes);
    cr_assert_eq(extent_count(), 0, "seed %u", seed);
    free(flat->at);
    free(flat);
}

Test(bytes, behave_as_a_flat_array)
{
    unsigned state = 1;

    for (size_t i = 0; i < FLAT_SIZE; i++)
        noise[i] = (unsigned char)(rand_r(&state) | 1);
    for (unsigned seed = 1; seed <= 100; seed++)
        compare_with_flat(seed);
}

/* ---- what grows at its end, beyond where rows begin ---- */

#define LONG_SIZE (16 * MIB)

/* Extents beside those that have pages: of a row. */
static bool has_spare_extents(void)
{
    uint64_t used = 0;

    for (uint64_t number = 0; bytes_has_extents(&bytes) && number < LONG_SIZE / BYTES_EXTENT_SIZE; number++)
        used += extents_allocated(&bytes, number * BYTES_EXTENT_SIZE, (number + 1) * BYTES_EXTENT_SIZE) > 0;
    return extent_count() > used;
}

static void append_long(unsigned char *model, uint64_t length, unsigned *seed)
{
    if (length > LONG_SIZE - bytes.size)
        length = LONG_SIZE - bytes.size;
    memcpy(model + bytes.size, noise + (size_t)rand_r(seed) % (FLAT_SIZE - length), length);
    write_bytes(bytes.size, model + bytes.size, length);
}

static void cut_long(unsigned char *model, uint64_t size)
{
    if (size > bytes.size)
        return;
    memset(model + size, 0, LONG_SIZE - size);
    resize(size);
}

static void clear_long(unsigned char *model, uint64_t from, uint64_t length, bool punch)
{
    if (from + length > LONG_SIZE)
        length = LONG_SIZE - from;
    memset(model + from, 0, length);
    if (punch)
        bytes_punch(&bytes, from, length);
    else
        bytes_zero(&bytes, from, length);
}

static void step_long(unsigned char *model, unsigned *seed)
{
    uint64_t size = bytes.size > 0 ? bytes.size : 1;
    uint64_t within = (uint64_t)rand_r(seed) % size;

    switch (rand_r(seed) % 12) {
    case 0:
        cut_long(model, rand_r(seed) % 2 ? within : within / MIB * MIB);
        break;
    case 1:
        clear_long(model, within, (uint64_t)rand_r(seed) % (4 * MIB), rand_r(seed) % 2);
        break;
    case 2:
        clear_long(model, within / MIB * MIB, 2 * MIB, true);
        break;
    default:
        append_long(model, rand_r(seed) % 4 ? MIB : (uint64_t)rand_r(seed) % (2 * MIB), seed);
        break;
    }
}

static bool equals_long(const unsigned char *model, unsigned char *copy)
{
    return bytes_read(&bytes, 0, copy, LONG_SIZE) == bytes.size && memcmp(copy, model, bytes.size) == 0;
}

Test(bytes, what_grows_long_is_a_flat_array)
{
    unsigned char *copy = malloc(LONG_SIZE);
    int rows = 0;

    for (size_t i = 0; i < FLAT_SIZE; i++)
        noise[i] = (unsigned char)(i * i >> 7 | 1);
    for (unsigned seed = 1; seed <= 40; seed++) {
        unsigned char *model = calloc(1, LONG_SIZE);
        unsigned state = seed;

        for (int step = 0; step < 30; step++) {
            step_long(model, &state);
            rows += has_spare_extents();
        }
        cr_assert(equals_long(model, copy), "seed %u", seed);
        bytes_deinit(&bytes);
        cr_assert_eq(extent_count(), 0, "seed %u", seed);
        free(model);
    }
    cr_assert_gt(rows, 0, "none had a row");
    free(copy);
}

Test(bytes, a_hole_at_the_end_is_left_without_a_row)
{
    for (uint64_t at = 0; at < 6 * MIB; at += MIB)
        fill(at, 'x', MIB);
    resize(6 * MIB);
    cr_assert_leq(extent_count(), 24);
    fill(32 * MIB, 'x', 1);
    cr_assert_leq(extent_count(), 25);
    fill(8 * MIB, 'x', PAGE);
    cr_assert_leq(extent_count(), 26);
}
