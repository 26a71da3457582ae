#include "base/heap.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>

#define MANY 10000

struct thing {
    struct heap_item item;
    unsigned rank;
};

static struct heap heap;
static struct thing things[MANY];

static struct thing *thing_of(const struct heap_item *item)
{
    return (struct thing *)((uintptr_t)item - offsetof(struct thing, item));
}

static bool has_lower_rank(const struct heap_item *a, const struct heap_item *b)
{
    return thing_of(a)->rank < thing_of(b)->rank;
}

static void setup(void)
{
    heap_init(&heap, has_lower_rank);
    srand(1);
}

static void teardown(void)
{
    while (heap_first(&heap))
        heap_remove(&heap, heap_first(&heap));
    heap_deinit(&heap);
    heap_deinit(&heap);
}

TestSuite(heap, .init = setup, .fini = teardown);

static void add(struct thing *thing, unsigned rank)
{
    thing->rank = rank;
    cr_assert_eq(heap_add(&heap, &thing->item), 0);
}

static void add_many(void)
{
    for (int i = 0; i < MANY; i++)
        add(&things[i], (unsigned)rand() % MANY);
}

/* Takes them out one by one, and says how many there were. */
static size_t drain_in_order(void)
{
    unsigned rank = 0;
    size_t count = 0;

    for (struct heap_item *item; (item = heap_first(&heap)); count++) {
        cr_assert_geq(thing_of(item)->rank, rank);
        rank = thing_of(item)->rank;
        heap_remove(&heap, item);
    }
    return count;
}

Test(heap, an_empty_one_has_no_first)
{
    cr_assert_null(heap_first(&heap));
}

Test(heap, an_item_is_in_it_from_add_to_remove)
{
    cr_assert_not(heap_contains(&things[0].item));
    add(&things[0], 1);
    cr_assert(heap_contains(&things[0].item));
    cr_assert_eq(heap_first(&heap), &things[0].item);
    heap_remove(&heap, &things[0].item);
    cr_assert_not(heap_contains(&things[0].item));
    cr_assert_null(heap_first(&heap));
}

Test(heap, gives_items_in_their_order_whatever_order_they_came_in)
{
    add_many();
    cr_assert_eq(drain_in_order(), MANY);
}

Test(heap, keeps_many_of_the_same_rank)
{
    for (int i = 0; i < MANY; i++)
        add(&things[i], 7);
    cr_assert_eq(drain_in_order(), MANY);
}

Test(heap, an_item_may_be_removed_wherever_it_is)
{
    size_t removed = 0;

    add_many();
    for (int i = 0; i < MANY; i += 1 + rand() % 3, removed++)
        heap_remove(&heap, &things[i].item);
    cr_assert_eq(drain_in_order(), MANY - removed);
}

Test(heap, an_item_may_be_added_again)
{
    add_many();
    for (int i = 0; i < MANY; i += 2) {
        heap_remove(&heap, &things[i].item);
        add(&things[i], (unsigned)rand() % MANY);
    }
    cr_assert_eq(drain_in_order(), MANY);
}

Test(heap, an_item_whose_rank_changed_finds_its_new_place)
{
    add_many();
    for (int i = 0; i < MANY; i++) {
        things[i].rank = (unsigned)rand() % MANY;
        heap_reorder(&heap, &things[i].item);
    }
    cr_assert_eq(drain_in_order(), MANY);
}

Test(heap, the_first_may_become_the_last_and_the_last_the_first)
{
    for (unsigned i = 0; i < 100; i++)
        add(&things[i], 100 + i);
    things[0].rank = 1000;
    heap_reorder(&heap, &things[0].item);
    cr_assert_eq(heap_first(&heap), &things[1].item);
    things[99].rank = 0;
    heap_reorder(&heap, &things[99].item);
    cr_assert_eq(heap_first(&heap), &things[99].item);
}

Test(heap, gives_its_memory_back_as_it_empties)
{
    size_t full;

    add_many();
    full = heap.capacity;
    cr_assert_eq(drain_in_order(), MANY);
    cr_assert_lt(heap.capacity, full / 100);
}
