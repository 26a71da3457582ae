#include "bucket/inode.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

#define MANY 1000
#define THREADS 3

struct thing {
    union {
        struct inode_control as_control;
        struct inode inode;
    };
    struct table_deferred deferred;
    uint64_t canary;
};

#define CANARY UINT64_C(0x6b7666735f6b7666)

/* `index` is a function of the C library's. */
static struct inode_index inode_index;
static _Atomic int released;

static void setup(void)
{
    cr_assert_eq(inode_index_init(&inode_index), 0);
}

static void teardown(void)
{
    inode_index_deinit(&inode_index);
    inode_index_deinit(&inode_index);
    table_barrier();
}

TestSuite(inode, .init = setup, .fini = teardown);

static void release(struct table_deferred *deferred)
{
    struct thing *thing = table_entry(deferred, struct thing, deferred);

    thing->canary = 0;
    free(thing);
    atomic_fetch_add(&released, 1);
}

static void let_go(struct inode *inode)
{
    inode_leave(&inode_index, inode);
    table_defer(&table_entry(inode, struct thing, inode)->deferred, release);
}

static struct inode *new_inode(void)
{
    struct thing *thing = calloc(1, sizeof(*thing));

    cr_assert(thing);
    thing->canary = CANARY;
    thing->as_control.let_go = let_go;
    inode_init(&thing->inode, &inode_index, INODE_CONTROL);
    return &thing->inode;
}

/* Without a reference. */
static bool is_found(uint64_t number)
{
    struct inode *inode = inode_find(&inode_index, number);

    inode_unref(inode);
    return inode != NULL;
}

static int releases(void)
{
    table_barrier();
    return atomic_load(&released);
}

Test(inode, is_found_by_its_number_until_its_last_reference_goes)
{
    struct inode *inode = new_inode();
    uint64_t number = inode->number;

    cr_assert_eq(inode_find(&inode_index, number), inode);
    inode_unref(inode);
    cr_assert(is_found(number));
    cr_assert_eq(releases(), 0);

    inode_unref(inode);
    cr_assert_not(is_found(number));
    cr_assert_eq(releases(), 1);
}

Test(inode, an_unknown_number_means_nothing)
{
    cr_assert_null(inode_find(&inode_index, 0));
    cr_assert_null(inode_find(&inode_index, INODE_ROOT));
    cr_assert_null(inode_find(&inode_index, UINT64_MAX));
    inode_unref(NULL);
}

Test(inode, a_number_is_never_given_again)
{
    uint64_t last = INODE_ROOT;

    for (int i = 0; i < MANY; i++) {
        struct inode *inode = new_inode();

        cr_assert_gt(inode->number, last);
        last = inode->number;
        inode_unref(inode);
        cr_assert_not(is_found(last));
    }
    cr_assert_eq(releases(), MANY);
}

Test(inode, many_are_found_at_once)
{
    struct inode *inodes[MANY];

    for (int i = 0; i < MANY; i++)
        inodes[i] = new_inode();
    cr_assert_eq(atomic_load(&inode_index.count), MANY);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(inode_find(&inode_index, inodes[i]->number), inodes[i]);
        inode_unref(inodes[i]);
        inode_unref(inodes[i]);
    }
    cr_assert_eq(atomic_load(&inode_index.count), 0);
}

Test(inode, lives_until_the_kernel_has_forgotten_each_lookup)
{
    struct inode *inode = new_inode();
    uint64_t number = inode->number;

    cr_assert_not(inode_is_known(inode));
    for (int i = 0; i < 5; i++)
        inode_remember(inode);
    inode_unref(inode);

    inode = inode_find(&inode_index, number);
    cr_assert(inode_is_known(inode));
    inode_forget(inode, 2);
    cr_assert(inode_is_known(inode));
    inode_forget(inode, 3);
    cr_assert_not(inode_is_known(inode));
    cr_assert_eq(releases(), 0);
    inode_unref(inode);
    cr_assert_eq(releases(), 1);
}

Test(inode, forgetting_the_last_lookup_lets_a_nameless_one_go)
{
    struct inode *inode = new_inode();

    inode_remember(inode);
    inode_unref(inode);
    inode_forget(inode, 1);
    cr_assert_eq(releases(), 1);
}

/* As a bucket's is, whose actor somebody still holds when it is disposed of. */
Test(inode, one_whose_last_reference_has_gone_is_not_remembered_again)
{
    struct inode *inode = new_inode();

    cr_assert(inode_try_remember(inode));
    cr_assert(inode_is_known(inode));
    inode_forget(inode, 1);
    table_read_begin(); /* its memory stays as long as somebody reads */
    inode_unref(inode);
    cr_assert_not(inode_try_remember(inode));
    cr_assert_not(inode_is_known(inode));
    table_read_end();
}

Test(inode, forget_all_forgets_what_the_kernel_knew_and_nothing_else)
{
    struct inode *inodes[MANY];

    for (int i = 0; i < MANY; i++) {
        inodes[i] = new_inode();
        for (int lookups = i % 4; lookups > 0; lookups--)
            inode_remember(inodes[i]);
        if (i % 3 == 0 && i % 4 > 0)
            inode_unref(inodes[i]); /* nameless */
    }
    inode_index_forget_all(&inode_index);
    for (int i = 0; i < MANY; i++) {
        if (i % 3 == 0 && i % 4 > 0)
            continue;
        cr_assert_not(inode_is_known(inodes[i]));
        inode_unref(inodes[i]);
    }
    cr_assert_eq(atomic_load(&inode_index.count), 0);
    cr_assert_eq(releases(), MANY);
}

Test(inode, is_not_released_while_a_reader_may_see_it)
{
    struct inode *inode = new_inode();

    table_read_begin();
    inode_unref(inode);
    cr_assert_eq(((volatile struct thing *)table_entry(inode, struct thing, inode))->canary, CANARY);
    table_read_end();
    cr_assert_eq(releases(), 1);
}

static _Atomic uint64_t newest;
static _Atomic bool enough;

static void *find_newest(void *arg)
{
    uint64_t *bad = arg;

    while (!atomic_load(&enough)) {
        struct inode *inode = inode_find(&inode_index, atomic_load(&newest));

        if (!inode)
            continue;
        if (table_entry(inode, struct thing, inode)->canary != CANARY)
            (*bad)++;
        inode_remember(inode);
        inode_forget(inode, 1);
        inode_unref(inode);
    }
    return NULL;
}

Test(inode, whoever_finds_one_that_is_going_has_it_or_has_not)
{
    int64_t end = clock_monotonic_ns() + CLOCK_NS_PER_S / 3;
    uint64_t bad[THREADS] = {0};
    pthread_t threads[THREADS];
    int made = 0;

    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, find_newest, &bad[i]), 0);
    while (clock_monotonic_ns() < end) {
        struct inode *inode = new_inode();

        atomic_store(&newest, inode->number);
        inode_unref(inode);
        made++;
    }
    atomic_store(&enough, true);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_eq(bad[i], 0);
    }
    cr_assert_eq(releases(), made);
}
