#include "base/clock.h"
#include "base/refcount.h"
#include "base/table.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

#define NAMES 64
#define READERS 2
#define RUN_NS (CLOCK_NS_PER_S / 2)

struct entry {
    struct cds_lfht_node node;
    struct table_deferred deferred;
    struct refcount refs;
    uint64_t number;
    uint64_t twice; /* what a reader checks that it sees whole */
};

static struct table table;
static _Atomic int released;
static _Atomic int taken;
static _Atomic bool enough;

static void setup(void)
{
    cr_assert_eq(table_init(&table), 0);
}

static void teardown(void)
{
    table_deinit(&table);
    table_deinit(&table);
    table_barrier();
}

TestSuite(table, .init = setup, .fini = teardown);

static int match_number(struct cds_lfht_node *node, const void *key)
{
    table_see(node);
    return table_entry(node, struct entry, node)->number == *(const uint64_t *)key;
}

static struct entry *add(uint64_t number)
{
    struct entry *entry = calloc(1, sizeof(*entry));

    cr_assert(entry);
    refcount_init(&entry->refs);
    entry->number = number;
    entry->twice = 2 * number;
    table_add(&table, table_hash_number(number), &entry->node);
    return entry;
}

static void release(struct table_deferred *deferred)
{
    atomic_fetch_add(&released, 1);
    free(table_entry(deferred, struct entry, deferred));
}

static void take_out(struct entry *entry)
{
    atomic_fetch_add(&taken, 1);
    table_remove(&table, &entry->node);
    if (refcount_sub(&entry->refs, 1))
        table_defer(&entry->deferred, release);
}

/* Borrowed; inside a read section. */
static struct entry *find(uint64_t number)
{
    struct cds_lfht_node *node = table_find(&table, table_hash_number(number), match_number, &number);

    return node ? table_entry(node, struct entry, node) : NULL;
}

static bool has(uint64_t number)
{
    bool found;

    table_read_begin();
    found = find(number) != NULL;
    table_read_end();
    return found;
}

Test(table, finds_what_was_added_and_nothing_else)
{
    struct entry *one = add(1);
    struct entry *two = add(2);

    cr_assert(has(1));
    cr_assert(has(2));
    cr_assert_not(has(3));
    take_out(one);
    cr_assert_not(has(1));
    cr_assert(has(2));
    take_out(two);
}

Test(table, tells_apart_keys_of_one_hash)
{
    struct entry one = {.number = 1};
    struct entry two = {.number = 2};
    uint64_t number = 2;

    table_add(&table, 7, &one.node);
    table_add(&table, 7, &two.node);
    table_read_begin();
    cr_assert_eq(table_find(&table, 7, match_number, &number), &two.node);
    table_read_end();
    table_remove(&table, &one.node);
    table_remove(&table, &two.node);
}

Test(table, first_walks_it_down_to_nothing)
{
    int count = 0;

    for (uint64_t number = 0; number < 1000; number++)
        add(number);
    for (;;) {
        struct cds_lfht_node *node;

        table_read_begin();
        node = table_first(&table);
        table_read_end();
        if (!node)
            break;
        take_out(table_entry(node, struct entry, node));
        count++;
    }
    cr_assert_eq(count, 1000);
    table_barrier();
    cr_assert_eq(atomic_load(&released), 1000);
}

Test(table, a_zeroed_one_does_not_exist_and_may_be_taken_down)
{
    struct table none = {0};

    cr_assert_not(table_exists(&none));
    table_deinit(&none);
    cr_assert(table_exists(&table));
}

static void *barrier(void *arg)
{
    table_barrier();
    return arg;
}

Test(table, what_a_reader_has_found_stays_until_the_reader_left)
{
    struct entry *entry = add(5);
    pthread_t thread;
    struct entry *found;

    table_read_begin();
    found = find(5);
    cr_assert_eq(found, entry);
    take_out(entry);
    cr_assert_eq(pthread_create(&thread, NULL, barrier, NULL), 0);
    cr_assert_null(find(5));
    cr_assert_eq(found->twice, 10);
    cr_assert_eq(atomic_load(&released), 0);
    table_read_end();
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_eq(atomic_load(&released), 1);
}

static void *read_on(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    uintptr_t wrong = 0;

    while (!atomic_load(&enough)) {
        struct entry *entry;

        table_read_begin();
        entry = find((uint64_t)rand_r(&seed) % NAMES);
        if (entry && !refcount_try_add(&entry->refs, 1))
            entry = NULL;
        table_read_end();
        if (!entry)
            continue;
        wrong += entry->twice != 2 * entry->number;
        if (refcount_sub(&entry->refs, 1))
            table_defer(&entry->deferred, release);
    }
    return (void *)wrong;
}

static void churn(void)
{
    int64_t end = clock_monotonic_ns() + RUN_NS;
    struct entry *present[NAMES] = {0};
    unsigned seed = 1;

    while (clock_monotonic_ns() < end) {
        uint64_t number = (uint64_t)rand_r(&seed) % NAMES;

        if (present[number])
            take_out(present[number]);
        present[number] = present[number] ? NULL : add(number);
    }
    for (int i = 0; i < NAMES; i++) {
        if (present[i])
            take_out(present[i]);
    }
}

Test(table, readers_keep_what_they_referenced_while_a_writer_adds_and_removes)
{
    pthread_t threads[READERS];

    for (uintptr_t i = 0; i < READERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, read_on, (void *)(i + 1)), 0);
    churn();
    atomic_store(&enough, true);
    for (int i = 0; i < READERS; i++) {
        void *wrong;

        cr_assert_eq(pthread_join(threads[i], &wrong), 0);
        cr_assert_null(wrong);
    }
    table_barrier();
    cr_assert_eq(atomic_load(&released), atomic_load(&taken));
}

Test(table, a_hash_of_bytes_depends_on_each_of_them)
{
    uint64_t hash = table_hash_bytes("milk", 4);

    cr_assert_eq(table_hash_bytes("milk", 4), hash);
    cr_assert_neq(table_hash_bytes("milk", 3), hash);
    cr_assert_neq(table_hash_bytes("mill", 4), hash);
    cr_assert_neq(table_hash_bytes("milk\0", 5), hash);
}
