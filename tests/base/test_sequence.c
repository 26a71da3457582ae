#include "base/sequence.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MANY 10000

static struct sequence sequence;
static struct sequence_item items[4 * MANY];

static void setup(void)
{
    sequence_init(&sequence, 3);
}

static void teardown(void)
{
    sequence_deinit(&sequence);
    sequence_deinit(&sequence);
}

TestSuite(sequence, .init = setup, .fini = teardown);

static uint64_t add(struct sequence_item *item)
{
    cr_assert_eq(sequence_add(&sequence, item), 0);
    return item->position;
}

/* Walks from behind `position` and says how many items it saw. */
static size_t walk(uint64_t position)
{
    size_t cursor = 0;
    size_t count = 0;
    uint64_t at = position;

    while (sequence_next(&sequence, at, &cursor, &at))
        count++;
    return count;
}

Test(sequence, the_first_item_gets_the_first_position)
{
    cr_assert_eq(add(&items[0]), 3);
}

Test(sequence, an_empty_one_has_no_next_item)
{
    cr_assert_eq(walk(0), 0);
}

Test(sequence, items_come_in_the_order_in_which_they_were_added)
{
    size_t cursor = 0;
    uint64_t at = 0;

    for (int i = 0; i < MANY; i++)
        add(&items[i]);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(sequence_next(&sequence, at, &cursor, &at), &items[i]);
    cr_assert_null(sequence_next(&sequence, at, &cursor, &at));
}

Test(sequence, a_position_is_never_given_again)
{
    uint64_t last = 0;

    for (int i = 0; i < MANY; i++) {
        uint64_t position = add(&items[i]);

        cr_assert_gt(position, last);
        last = position;
        if (i % 3)
            sequence_remove(&sequence, &items[i]);
    }
}

Test(sequence, it_is_empty_and_holds_no_memory_when_all_were_removed)
{
    uint64_t second;

    add(&items[0]);
    second = add(&items[1]);
    sequence_remove(&sequence, &items[0]);
    sequence_remove(&sequence, &items[1]);
    cr_assert_eq(sequence.count, 0);
    cr_assert_null(sequence.slots);
    cr_assert_eq(walk(0), 0);
    cr_assert_gt(add(&items[2]), second);
}

Test(sequence, memory_shrinks_with_the_number_of_items)
{
    for (int i = 0; i < MANY; i++)
        add(&items[i]);
    for (int i = 0; i < MANY - 10; i++)
        sequence_remove(&sequence, &items[i]);
    cr_assert_eq(sequence.count, 10);
    cr_assert_leq(sequence.capacity, 64);
    cr_assert_eq(walk(0), 10);
}

Test(sequence, a_replaced_item_keeps_its_position)
{
    uint64_t position = add(&items[0]);
    uint64_t at = 0;
    size_t cursor = 0;

    items[1].position = position;
    sequence_replace(&sequence, &items[1]);
    cr_assert_eq(sequence_next(&sequence, 0, &cursor, &at), &items[1]);
    cr_assert_eq(at, position);
    cr_assert_eq(sequence.count, 1);
}

Test(sequence, each_is_found_when_gaps_were_closed_unevenly)
{
    uint64_t at = 0;
    size_t cursor = 0;

    for (int i = 0; i < MANY; i++)
        add(&items[i]);
    for (int i = 0; i < MANY; i++) {
        if (i % 100 != 7 && i < MANY - 100)
            sequence_remove(&sequence, &items[i]);
    }
    for (int i = 7; i < MANY - 100; i += 100) {
        cr_assert_eq(sequence_next(&sequence, items[i].position - 1, &cursor, &at), &items[i]);
        sequence_remove(&sequence, &items[i]);
        cursor = 0;
    }
    cr_assert_eq(walk(0), 100);
}

Test(sequence, a_walk_goes_on_behind_a_position_that_was_removed)
{
    uint64_t first = add(&items[0]);
    uint64_t second = add(&items[1]);
    uint64_t at = first;
    size_t cursor = 0;

    add(&items[2]);
    sequence_remove(&sequence, &items[0]);
    cr_assert_eq(sequence_next(&sequence, at, &cursor, &at), &items[1]);
    cr_assert_eq(at, second);
    sequence_remove(&sequence, &items[1]);
    cr_assert_eq(sequence_next(&sequence, at, &cursor, &at), &items[2]);
}

Test(sequence, a_walk_sees_what_is_added_behind_it)
{
    uint64_t at = 0;
    size_t cursor = 0;

    add(&items[0]);
    cr_assert_eq(sequence_next(&sequence, at, &cursor, &at), &items[0]);
    cr_assert_null(sequence_next(&sequence, at, &cursor, &at));
    add(&items[1]);
    cr_assert_eq(sequence_next(&sequence, at, &cursor, &at), &items[1]);
}

Test(sequence, a_wrong_cursor_costs_time_and_nothing_else)
{
    for (int i = 0; i < 100; i++)
        add(&items[i]);
    for (size_t cursor = 0; cursor < 200; cursor++) {
        size_t wrong = cursor;
        uint64_t at;

        cr_assert_eq(sequence_next(&sequence, 3 + 49, &wrong, &at), &items[50]);
        cr_assert_eq(at, 3 + 50);
    }
}

/*
 * The model is an array by position. Walkers go round and round while items come and go: one that was there
 * throughout a walk is seen exactly once.
 */
struct model {
    struct sequence_item *at[4 * MANY]; /* by position; NULL: none */
    bool seen[4 * MANY];
    bool throughout[4 * MANY];
    uint64_t next;
};

static struct model model;

static void begin_walk(void)
{
    for (uint64_t i = 0; i < model.next; i++) {
        model.seen[i] = false;
        model.throughout[i] = model.at[i] != NULL;
    }
}

static void end_walk(void)
{
    for (uint64_t i = 0; i < model.next; i++)
        cr_assert(!model.throughout[i] || model.seen[i], "position %lu was missed", (unsigned long)i);
}

static void change_something(unsigned *seed)
{
    uint64_t position = model.next ? (uint64_t)rand_r(seed) % model.next : 0;

    if (rand_r(seed) % 2 || !model.at[position]) {
        model.at[model.next] = &items[model.next];
        model.throughout[model.next] = false;
        model.seen[model.next] = false;
        cr_assert_eq(add(model.at[model.next]), model.next);
        model.next++;
        return;
    }
    sequence_remove(&sequence, model.at[position]);
    model.at[position] = NULL;
    model.throughout[position] = false;
}

Test(sequence, what_is_there_throughout_a_walk_is_seen_exactly_once)
{
    unsigned seed = (unsigned)time(NULL);
    uint64_t at = 0;
    size_t cursor = 0;

    fprintf(stderr, "seed %u\n", seed);
    model.next = 3;
    begin_walk();
    for (int i = 0; i < 3 * MANY; i++) {
        struct sequence_item *item;

        change_something(&seed);
        if (rand_r(&seed) % 2)
            continue;
        item = sequence_next(&sequence, at, &cursor, &at);
        if (item) {
            cr_assert_eq(item, model.at[at]);
            cr_assert_not(model.seen[at]);
            model.seen[at] = true;
            continue;
        }
        end_walk();
        begin_walk();
        at = 0;
        cursor = 0;
    }
}
