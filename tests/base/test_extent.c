#include "base/extent.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define MANY 500

static void setup(void)
{
    if (sysconf(_SC_PAGESIZE) != (long)PAGE)
        cr_skip_test("the system's pages are larger");
}

static void teardown(void)
{
    cr_expect_eq(extent_count(), 0);
}

TestSuite(extent, .init = setup, .fini = teardown);

static bool is_all(const unsigned char *bytes, unsigned char byte, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != byte)
            return false;
    }
    return true;
}

/* How many of its pages cost memory. */
static size_t resident(void *extent)
{
    unsigned char map[EXTENT_SIZE / PAGE];
    size_t count = 0;

    cr_assert_eq(mincore(extent, EXTENT_SIZE, map), 0);
    for (size_t i = 0; i < sizeof(map); i++)
        count += map[i] & 1;
    return count;
}

Test(extent, is_zeros_and_costs_only_what_is_written)
{
    unsigned char *extent = extent_create();

    cr_assert_eq(resident(extent), 0);
    extent[5 * PAGE] = 1;
    extent[63 * PAGE] = 1;
    cr_assert_eq(resident(extent), 2);
    cr_assert(is_all(extent, 0, PAGE));
    extent_destroy(extent);
}

Test(extent, gives_back_what_is_cleared)
{
    unsigned char *extent = extent_create();

    memset(extent, 'x', EXTENT_SIZE);
    extent_clear(extent, 10 * PAGE, 20 * PAGE);
    cr_assert_eq(resident(extent), 44);
    cr_assert(is_all(extent, 'x', 10 * PAGE));
    cr_assert(is_all(extent + 10 * PAGE, 0, 20 * PAGE));
    cr_assert(is_all(extent + 30 * PAGE, 'x', 34 * PAGE));
    extent_destroy(extent);
}

Test(extent, is_zeros_when_it_is_used_again)
{
    unsigned char *extent = extent_create();

    memset(extent, 'x', EXTENT_SIZE);
    extent_destroy(extent);
    extent = extent_create();
    cr_assert(is_all(extent, 0, EXTENT_SIZE));
    extent_destroy(extent);
    extent_destroy(NULL);
}

Test(extent, none_of_many_lies_in_another)
{
    static unsigned char *extents[MANY];

    for (int i = 0; i < MANY; i++) {
        extents[i] = extent_create();
        memset(extents[i], i % 251 + 1, PAGE);
        memset(extents[i] + EXTENT_SIZE - PAGE, i % 251 + 1, PAGE);
    }
    cr_assert_eq(extent_count(), MANY);
    for (int i = 0; i < MANY; i += 3)
        extent_destroy(extents[i]);
    for (int i = 0; i < MANY; i += 3) {
        extents[i] = extent_create();
        memset(extents[i], i % 251 + 1, PAGE);
        memset(extents[i] + EXTENT_SIZE - PAGE, i % 251 + 1, PAGE);
    }
    for (int i = 0; i < MANY; i++) {
        cr_assert(is_all(extents[i], (unsigned char)(i % 251 + 1), PAGE));
        cr_assert(is_all(extents[i] + EXTENT_SIZE - PAGE, (unsigned char)(i % 251 + 1), PAGE));
        cr_assert(is_all(extents[i] + PAGE, 0, PAGE));
    }
    for (int i = 0; i < MANY; i++)
        extent_destroy(extents[i]);
}

/* Rows are refused for a moment where huge pages are dear just now. */
static unsigned char *create_row(void)
{
    unsigned char *row = NULL;

    for (int tries = 0; !row && tries < 1000; tries++) {
        row = extent_create_row();
        if (!row)
            usleep(10000);
    }
    cr_assert(row);
    return row;
}

static void destroy_row(unsigned char *row, int from, int to)
{
    for (int i = from; i < to; i++)
        extent_destroy(row + (size_t)i * EXTENT_SIZE);
}

Test(extent, a_row_is_zeros_and_each_of_it_is_destroyed_by_itself)
{
    unsigned char *row = create_row();

    cr_assert_eq(extent_count(), EXTENTS_IN_ROW);
    cr_assert(is_all(row, 0, EXTENTS_IN_ROW * EXTENT_SIZE));
    memset(row, 'x', EXTENTS_IN_ROW * EXTENT_SIZE);
    destroy_row(row, 0, 3);
    cr_assert_eq(extent_count(), EXTENTS_IN_ROW - 3);
    cr_assert(is_all(row + 3 * EXTENT_SIZE, 'x', (EXTENTS_IN_ROW - 3) * EXTENT_SIZE));
    destroy_row(row, 3, EXTENTS_IN_ROW);
    cr_assert_eq(extent_count(), 0);
}

Test(extent, a_row_costs_nothing_when_the_last_of_it_is_gone)
{
    unsigned char *row = create_row();

    memset(row, 'x', EXTENTS_IN_ROW * EXTENT_SIZE);
    destroy_row(row, 1, EXTENTS_IN_ROW);
    cr_assert_eq(resident(row), EXTENT_SIZE / PAGE);
    extent_destroy(row);
    cr_assert_eq(resident(row), 0);
}

Test(extent, a_part_of_a_row_that_is_cleared_costs_nothing)
{
    unsigned char *row = create_row();
    unsigned char *third = row + 2 * EXTENT_SIZE;

    memset(row, 'x', EXTENTS_IN_ROW * EXTENT_SIZE);
    extent_clear(third, 0, EXTENT_SIZE);
    cr_assert_eq(resident(third), 0);
    cr_assert(is_all(third, 0, EXTENT_SIZE));
    cr_assert(is_all(third + EXTENT_SIZE, 'x', 5 * EXTENT_SIZE));
    destroy_row(row, 0, EXTENTS_IN_ROW);
}

Test(extent, no_row_lies_in_another_or_in_an_extent)
{
    enum { ROWS = 20 };
    static unsigned char *starts[ROWS];
    static unsigned char *extents[ROWS];

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < ROWS; i++) {
            starts[i] = create_row();
            cr_assert(is_all(starts[i], 0, EXTENTS_IN_ROW * EXTENT_SIZE));
            memset(starts[i], i + 1, EXTENTS_IN_ROW * EXTENT_SIZE);
            extents[i] = extent_create();
            memset(extents[i], i + 101, EXTENT_SIZE);
        }
        for (int i = 0; i < ROWS; i++) {
            cr_assert(is_all(starts[i], (unsigned char)(i + 1), EXTENTS_IN_ROW * EXTENT_SIZE));
            cr_assert(is_all(extents[i], (unsigned char)(i + 101), EXTENT_SIZE));
            extent_destroy(extents[i]);
            destroy_row(starts[i], 0, EXTENTS_IN_ROW);
        }
    }
}

/* ---- rows that are ready ---- */

static void count_told(void *told)
{
    ++*(int *)told;
}

static size_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    size_t size;
    size_t pages;

    cr_assert(file);
    cr_assert_eq(fscanf(file, "%zu %zu", &size, &pages), 2);
    fclose(file);
    return pages * PAGE;
}

static int make_all_ready(void)
{
    int made = 0;

    while (extent_make_ready())
        made++;
    return made;
}

Test(extent, rows_that_are_ready_are_zeros_and_have_their_memory)
{
    unsigned char *row;

    cr_assert_eq(make_all_ready(), EXTENT_READY_ROWS);
    cr_assert_eq(make_all_ready(), 0);
    cr_assert_eq(extent_count(), 0);
    for (int i = 0; i < EXTENT_READY_ROWS; i++) {
        row = extent_create_row();
        cr_assert(row);
        cr_assert_eq(extent_count(), EXTENTS_IN_ROW);
        for (int n = 0; n < EXTENTS_IN_ROW; n++)
            cr_assert_eq(resident(row + n * EXTENT_SIZE), EXTENT_SIZE / PAGE);
        cr_assert(is_all(row, 0, EXTENTS_IN_ROW * EXTENT_SIZE));
        destroy_row(row, 0, EXTENTS_IN_ROW);
    }
}

Test(extent, who_takes_a_row_tells_when_few_are_left)
{
    unsigned char *row;
    int told = 0;

    make_all_ready();
    extent_keep_ready(count_told, &told);
    for (int left = EXTENT_READY_ROWS - 1; left >= 0; left--) {
        int before = told;

        row = extent_create_row();
        destroy_row(row, 0, EXTENTS_IN_ROW);
        cr_assert_eq(told - before, left <= EXTENT_READY_ROWS / 2, "%d left", left);
    }
    told = 0;
    extent_keep_ready(NULL, NULL);
    row = create_row();
    destroy_row(row, 0, EXTENTS_IN_ROW);
    cr_assert_eq(told, 0);
}

Test(extent, rows_that_are_not_wanted_are_given_back)
{
    const size_t all = EXTENT_READY_ROWS * EXTENTS_IN_ROW * EXTENT_SIZE;
    size_t before = resident_bytes();

#ifdef __SANITIZE_THREAD__
    cr_skip_test("what ThreadSanitizer notes of each byte stays");
#endif
    make_all_ready();
    cr_assert_geq(resident_bytes(), before + all);
    extent_drop_ready();
    cr_assert_leq(resident_bytes(), before + all / 8);
}

static void *take_rows(void *byte)
{
    for (int i = 0; i < 200; i++) {
        unsigned char *row = extent_create_row();

        if (!row)
            continue;
        if (!is_all(row, 0, EXTENTS_IN_ROW * EXTENT_SIZE))
            return byte;
        memset(row, *(unsigned char *)byte, EXTENTS_IN_ROW * EXTENT_SIZE);
        if (!is_all(row, *(unsigned char *)byte, EXTENTS_IN_ROW * EXTENT_SIZE))
            return byte;
        destroy_row(row, 0, EXTENTS_IN_ROW);
    }
    return NULL;
}

static void *make_rows(void *ended)
{
    while (!atomic_load((atomic_bool *)ended)) {
        (void)extent_make_ready();
        if (rand() % 16 == 0)
            extent_drop_ready();
    }
    return NULL;
}

Test(extent, rows_are_taken_while_others_are_made_and_dropped)
{
    static unsigned char bytes[3] = {1, 2, 3};
    static atomic_bool ended;
    pthread_t takers[3];
    pthread_t maker;
    void *wrong;

    cr_assert_eq(pthread_create(&maker, NULL, make_rows, &ended), 0);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(pthread_create(&takers[i], NULL, take_rows, &bytes[i]), 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(takers[i], &wrong);
        cr_expect_null(wrong);
    }
    atomic_store(&ended, true);
    pthread_join(maker, NULL);
    extent_drop_ready();
}
