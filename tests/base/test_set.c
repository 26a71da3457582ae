#include "base/set.h"

#include "base/table.h"
#include "lib/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MANY 20000

static struct set set;
static uint64_t numbers[MANY];
static bool present[MANY];

static unsigned long hash_of(const void *object, unsigned long seed)
{
    (void)seed;
    return table_hash_number(*(const uint64_t *)object);
}

/* All in one chain. */
static unsigned long same_hash(const void *object, unsigned long seed)
{
    (void)object;
    (void)seed;
    return 7;
}

static bool matches(const void *object, const void *key)
{
    return *(const uint64_t *)object == *(const uint64_t *)key;
}

static void begin(set_hash *hash)
{
    for (uint64_t i = 0; i < MANY; i++)
        numbers[i] = i;
    set_deinit(&set);
    cr_assert_eq(set_init(&set, 8, hash, matches), 0);
}

static void setup(void)
{
    begin(hash_of);
}

static void teardown(void)
{
    set_deinit(&set);
    set_deinit(&set);
}

TestSuite(set, .init = setup, .fini = teardown);

static void *find(uint64_t number)
{
    return set_find(&set, set.hs->hf(&number, 0), &number);
}

static void add(uint64_t number)
{
    cr_assert_eq(set_add(&set, set.hs->hf(&number, 0), &numbers[number]), 0);
    present[number] = true;
}

static void take_out(uint64_t number)
{
    set_remove(&set, set.hs->hf(&number, 0), &number);
    present[number] = false;
}

static void check_all(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        cr_assert_eq(find(i), present[i] ? &numbers[i] : NULL, "%lu", (unsigned long)i);
}

Test(set, an_empty_one_finds_nothing)
{
    cr_assert(set_exists(&set));
    cr_assert_null(find(1));
}

Test(set, each_is_found_among_many)
{
    for (uint64_t i = 0; i < MANY; i += 2)
        add(i);
    check_all(MANY);
}

Test(set, what_was_removed_is_not_found_and_can_be_added_again)
{
    add(1);
    add(2);
    take_out(1);
    cr_assert_null(find(1));
    cr_assert_eq(find(2), &numbers[2]);
    add(1);
    cr_assert_eq(find(1), &numbers[1]);
}

Test(set, those_with_the_same_hash_are_told_apart)
{
    begin(same_hash);
    for (uint64_t i = 0; i < 200; i++)
        add(i);
    for (uint64_t i = 0; i < 200; i += 3)
        take_out(i);
    check_all(200);
}

Test(set, random_changes_agree_with_a_model)
{
    unsigned seed = (unsigned)time(NULL);

    fprintf(stderr, "seed %u\n", seed);
    for (int i = 0; i < 20 * MANY; i++) {
        /* Few or many, in turns. */
        uint64_t number = (uint64_t)rand_r(&seed) % (i / MANY % 2 ? MANY : 50);

        if (present[number])
            take_out(number);
        else
            add(number);
        if (i % MANY == 0)
            check_all(MANY);
    }
    check_all(MANY);
}

Test(set, a_few_that_come_and_go_cost_no_more_than_they_are)
{
    size_t before = memory_in_use();

    for (uint64_t i = 0; i < MANY; i++) {
        add(i);
        if (i >= 10)
            take_out(i - 10);
    }
    cr_assert_leq(memory_in_use() - before, 4096);
}

Test(set, memory_shrinks_with_the_number_of_objects)
{
    size_t before = memory_in_use();

    for (uint64_t i = 0; i < MANY; i++)
        add(i);
    for (uint64_t i = 10; i < MANY; i++)
        take_out(i);
    check_all(MANY);
    cr_assert_leq(memory_in_use() - before, 4096);
}
