#include "base/radix.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define MANY 2000

static struct radix radix;
static int items[MANY];

static void teardown(void)
{
    uint64_t number = 0;

    while (radix_next(&radix, &number))
        cr_assert_not_null(radix_remove(&radix, number));
    cr_assert_null(radix.root, "an empty one has memory");
}

TestSuite(radix, .fini = teardown);

static void insert(uint64_t number, int *item)
{
    cr_assert_eq(radix_insert(&radix, number, item), 0);
}

Test(radix, an_empty_one_has_nothing)
{
    uint64_t number = 5;

    cr_assert_null(radix_find(&radix, 0));
    cr_assert_null(radix_find(&radix, RADIX_NUMBER_MAX));
    cr_assert_null(radix_remove(&radix, 0));
    cr_assert_null(radix_next(&radix, &number));
    cr_assert_eq(number, 5);
}

Test(radix, what_was_inserted_is_found_by_its_number_and_no_other)
{
    static const uint64_t numbers[] = {0, 1, 63, 64, 4095, 4096, UINT64_C(1) << 45, RADIX_NUMBER_MAX};
    static const uint64_t others[] = {
        2, 62, 65, 4094, 4097, 64 * 64 * 64, (UINT64_C(1) << 45) + 1, RADIX_NUMBER_MAX - 1, UINT64_MAX};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        insert(numbers[i], &items[i]);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        cr_assert_eq(radix_find(&radix, numbers[i]), &items[i]);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        cr_assert_null(radix_find(&radix, others[i]));
        cr_assert_null(radix_remove(&radix, others[i]));
    }
}

Test(radix, what_was_removed_is_gone_and_the_rest_stays)
{
    insert(7, &items[0]);
    insert(RADIX_NUMBER_MAX, &items[1]);
    cr_assert_eq(radix_remove(&radix, RADIX_NUMBER_MAX), &items[1]);
    cr_assert_null(radix_remove(&radix, RADIX_NUMBER_MAX));
    cr_assert_eq(radix_find(&radix, 7), &items[0]);
    cr_assert_eq(radix_remove(&radix, 7), &items[0]);
    cr_assert_null(radix.root);
    insert(7, &items[2]);
    cr_assert_eq(radix_find(&radix, 7), &items[2]);
}

Test(radix, the_next_is_found_across_any_hole)
{
    uint64_t number = 0;

    insert(3, &items[0]);
    insert(UINT64_C(1) << 44, &items[1]);
    insert(RADIX_NUMBER_MAX, &items[2]);
    cr_assert_eq(radix_next(&radix, &number), &items[0]);
    cr_assert_eq(number, 3);
    cr_assert_eq(radix_next(&radix, &number), &items[0]);
    number = 4;
    cr_assert_eq(radix_next(&radix, &number), &items[1]);
    cr_assert_eq(number, UINT64_C(1) << 44);
    number++;
    cr_assert_eq(radix_next(&radix, &number), &items[2]);
    cr_assert_eq(number, RADIX_NUMBER_MAX);
    number++;
    cr_assert_null(radix_next(&radix, &number));
    cr_assert_eq(number, RADIX_NUMBER_MAX + 1);
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;

    return *left < *right ? -1 : *left > *right;
}

/* Some near each other, some far. */
static uint64_t some_number(unsigned *seed)
{
    return (uint64_t)rand_r(seed) % 300 << rand_r(seed) % 52;
}

Test(radix, many_are_found_in_order_whatever_else_is_removed)
{
    uint64_t numbers[MANY];
    unsigned seed = 1;
    uint64_t number = 0;
    size_t count = 0;
    size_t seen = 0;

    for (int i = 0; i < MANY; i++) {
        number = some_number(&seed);
        if (radix_find(&radix, number))
            continue;
        insert(number, &items[count]);
        numbers[count++] = number;
    }
    for (size_t i = 0; i < count / 2; i++)
        cr_assert_eq(radix_remove(&radix, numbers[i]), &items[i]);
    qsort(numbers + count / 2, count - count / 2, sizeof(*numbers), by_number);
    for (number = 0; radix_next(&radix, &number); number++)
        cr_assert_eq(number, numbers[count / 2 + seen++]);
    cr_assert_eq(seen, count - count / 2);
}
