#include "base/extent.h"

#include <criterion/criterion.h>
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
