/*
 * What becomes of what a bucket held after its end: whoever is told visits it
 * once, and lets it go when it likes.
 */
#include "base/table.h"
#include "lib/buckets.h"

#include <stdio.h>
#include <stdlib.h>

#define VISITS_MAX 128

struct visits {
    struct visit {
        char name[16]; /* empty: nameless */
        uint64_t number;
    } all[VISITS_MAX];
    int count;
};

static void note_visit(void *context, const struct key *key, struct value *value)
{
    struct visits *visits = context;
    struct visit *visit = &visits->all[visits->count++];

    if (key)
        snprintf(visit->name, sizeof(visit->name), "%.*s", (int)key->length, key->name);
    visit->number = value_inode(value)->number;
}

static int count_visits(const struct visits *visits, const char *name, uint64_t number)
{
    int count = 0;

    for (int i = 0; i < visits->count; i++)
        count += strcmp(visits->all[i].name, name) == 0 && (!number || visits->all[i].number == number);
    return count;
}

/* Told, and kept by the fixture until now. */
static struct bucket *take_ended(int count)
{
    struct bucket *bucket;

    cr_assert(buckets_await_ended(count));
    bucket = buckets_take_ended();
    cr_assert(bucket);
    return bucket;
}

/* A key that the kernel knows; its number. */
static uint64_t known_key(struct bucket *bucket, const char *name)
{
    struct value *value = add_value(bucket, name, BUCKET_REMEMBER);
    uint64_t number = value_inode(value)->number;

    value_unref(value);
    return number;
}

BUCKET_TEST(remains, are_visited_once_with_their_names_or_as_nameless)
{
    struct bucket *bucket = bucket_new("shopping");
    struct visits visits = {0};
    uint64_t numbers[40];
    char name[16];

    buckets_keep_ended();
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "key %d", i);
        numbers[i] = known_key(bucket, name);
    }
    for (int i = 0; i < 40; i += 3) {
        snprintf(name, sizeof(name), "key %d", i);
        cr_assert_eq(bucket_delete(bucket, KEY(name)), 0);
    }
    cr_assert_eq(bucket_stop(bucket), 0);

    cr_assert_eq(take_ended(1), bucket);
    bucket_visit_remains(bucket, note_visit, &visits);
    cr_assert_eq(visits.count, 40);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "key %d", i);
        cr_assert_eq(count_visits(&visits, i % 3 ? name : "", numbers[i]), 1, "%s", name);
    }
    bucket_dispose(bucket);
    inode_index_forget_all(buckets_environment()->index);
}

BUCKET_TEST(remains, of_a_killed_bucket_are_the_same)
{
    struct bucket *bucket = bucket_new("shopping");
    struct visits visits = {0};

    buckets_keep_ended();
    put(bucket, "milk", "3");
    (void)known_key(bucket, "oat");
    cr_assert_eq(bucket_delete(bucket, KEY("oat")), 0);
    cr_assert_eq(bucket_kill(bucket), 0);

    bucket = take_ended(1);
    bucket_visit_remains(bucket, note_visit, &visits);
    cr_assert_eq(visits.count, 2);
    cr_assert_eq(count_visits(&visits, "milk", 0), 1);
    cr_assert_eq(count_visits(&visits, "", 0), 1);
    bucket_dispose(bucket);
    inode_index_forget_all(buckets_environment()->index);
}

BUCKET_TEST(remains, may_be_visited_again)
{
    struct bucket *bucket = bucket_new("shopping");
    struct visits visits = {0};

    buckets_keep_ended();
    put(bucket, "milk", "3");
    (void)known_key(bucket, "oat");
    cr_assert_eq(bucket_delete(bucket, KEY("oat")), 0);
    cr_assert_eq(bucket_stop(bucket), 0);
    bucket = take_ended(1);
    bucket_visit_remains(bucket, note_visit, &visits);
    bucket_visit_remains(bucket, note_visit, &visits);
    cr_assert_eq(visits.count, 4);
    bucket_dispose(bucket);
    inode_index_forget_all(buckets_environment()->index);
}

BUCKET_TEST(remains, hold_nothing_that_the_kernel_forgot)
{
    struct bucket *bucket = bucket_new("shopping");
    struct visits visits = {0};
    struct value *value = add_value(bucket, "milk", BUCKET_REMEMBER);

    buckets_keep_ended();
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    inode_forget(value_inode(value), 1);
    value_unref(value);
    value_unref(add_value(bucket, "oat", BUCKET_QUIETLY));
    cr_assert_eq(bucket_delete(bucket, KEY("oat")), 0);
    cr_assert_eq(bucket_stop(bucket), 0);

    bucket = take_ended(1);
    bucket_visit_remains(bucket, note_visit, &visits);
    cr_assert_eq(visits.count, 0);
    bucket_dispose(bucket);
}

static void forget_visited(void *context, const struct key *key, struct value *value)
{
    int *count = context;

    (void)key;
    (*count)++;
    if (inode_is_known(value_inode(value)))
        inode_forget(value_inode(value), 1);
}

/* As the kernel does, while it is told. */
BUCKET_TEST(remains, may_be_forgotten_while_they_are_visited)
{
    struct bucket *bucket = bucket_new("shopping");
    char name[16];
    int count = 0;

    buckets_keep_ended();
    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof(name), "key %d", i);
        (void)known_key(bucket, name);
        if (i % 2)
            cr_assert_eq(bucket_delete(bucket, KEY(name)), 0);
    }
    cr_assert_eq(bucket_stop(bucket), 0);
    bucket = take_ended(1);
    bucket_visit_remains(bucket, forget_visited, &count);
    cr_assert_eq(count, 30);
    bucket_dispose(bucket);
}

static int forget_all(void *arg)
{
    uint64_t *numbers = arg;

    for (int i = 0; numbers[i]; i++) {
        struct inode *inode = inode_find(buckets_environment()->index, numbers[i]);

        if (inode)
            inode_forget(inode, 1);
        inode_unref(inode);
    }
    return 0;
}

BUCKET_TEST(remains, may_be_forgotten_by_another_thread_meanwhile)
{
    enum { ROUNDS = 20, NAMELESS = 30 };

    buckets_keep_ended();
    for (int round = 1; round <= ROUNDS; round++) {
        struct bucket *bucket = bucket_new("shopping");
        uint64_t numbers[NAMELESS + 1] = {0};
        struct visits visits = {0};
        struct helper *kernel;

        for (int i = 0; i < NAMELESS; i++) {
            numbers[i] = known_key(bucket, "milk");
            cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
        }
        cr_assert_eq(bucket_stop(bucket), 0);
        bucket = take_ended(round);
        kernel = helper_start(forget_all, numbers);
        bucket_visit_remains(bucket, note_visit, &visits);
        cr_assert_leq(visits.count, NAMELESS);
        bucket_dispose(bucket);
        cr_assert_eq(helper_join(kernel), 0);
    }
}

/* ---- the end is told ---- */

BUCKET_TEST(remains, an_end_is_told_once_however_it_comes)
{
    struct bucket *bucket;

    bucket = bucket_new("stopped");
    cr_assert_eq(bucket_stop(bucket), 0);
    cr_assert(buckets_await_ended(1));
    cr_assert_eq(bucket_stop(bucket), ACTOR_E_NOPROC);

    bucket = bucket_new("killed");
    cr_assert_eq(bucket_kill(bucket), 0);
    cr_assert(buckets_await_ended(2));
    cr_assert_eq(bucket_kill(bucket), ACTOR_E_NOPROC);

    bucket = bucket_new("empty");
    cr_assert_eq(bucket_stop_if_empty(bucket), 0);
    cr_assert(buckets_await_ended(3));
    cr_assert_eq(buckets_ended(), 3);
}

static struct gate gate;

static bool wait_at_gate(void *context, uint64_t position, const struct key *key, struct value *value,
                         const struct attributes *attributes)
{
    (void)position;
    (void)key;
    (void)value;
    (void)attributes;
    gate_pass(&gate);
    *(int *)context = buckets_ended();
    return true;
}

struct listing {
    struct bucket *bucket;
    int ends_seen;
};

static int list_at_gate(void *arg)
{
    struct listing *listing = arg;

    return bucket_list(listing->bucket, 0, wait_at_gate, NULL, &listing->ends_seen);
}

/* A kill doesn't wait for a callback that runs; what it uses stays until it returns. */
BUCKET_TEST(remains, an_end_is_told_after_the_last_callback_has_returned)
{
    struct listing listing = {bucket_new("shopping"), -1};
    struct helper *lister;

    put(listing.bucket, "milk", "3");
    gate_init(&gate);
    lister = helper_start(list_at_gate, &listing);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(bucket_kill(listing.bucket), 0);
    cr_assert_not(actor_alive(bucket_actor(listing.bucket)));
    cr_assert_eq(buckets_ended(), 0);
    gate_open(&gate);
    (void)helper_join(lister);
    cr_assert(buckets_await_ended(1));
    cr_assert_eq(listing.ends_seen, 0);
    gate_deinit(&gate);
}

BUCKET_TEST(remains, a_bucket_is_found_by_its_number_until_it_was_disposed_of_and_forgotten)
{
    struct bucket *bucket = bucket_new("shopping");
    uint64_t number = bucket_inode(bucket)->number;
    struct inode_index *index = buckets_environment()->index;

    buckets_keep_ended();
    inode_remember(bucket_inode(bucket));
    cr_assert_eq(bucket_stop(bucket), 0);
    bucket = take_ended(1);
    inode_unref(inode_find(index, number));
    cr_assert_eq(inodes(), 1);
    bucket_dispose(bucket);
    cr_assert_eq(inodes(), 1);
    inode_forget(bucket_inode(bucket), 1);
    cr_assert_eq(inodes(), 0);
    cr_assert_null(inode_find(index, number));
}

BUCKET_TEST(remains, values_outlive_their_bucket_as_long_as_they_are_held)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);

    cr_assert_eq(bucket_stop(bucket), 0);
    cr_assert(buckets_await_ended(1));
    cr_assert_eq(inodes(), 1);
    cr_assert_eq(value_bucket(value), bucket);
    value_unref(value);
    cr_assert_eq(inodes(), 0);
}

/* Nobody is told: the bucket disposes of what it held itself. */
BUCKET_TEST(remains, go_at_once_when_nobody_wants_to_be_told)
{
    static struct bucket_environment silent; /* outlives its buckets */
    const struct change_attributes attributes = {.mode = S_IFDIR | 0755};
    struct bucket *bucket;
    struct inode *inode;
    uint64_t number;

    silent = *buckets_environment();
    silent.on_end = NULL;
    cr_assert_eq(bucket_start(&silent, NULL, KEY("silent"), &attributes, &bucket), 0);
    for (int i = 0; i < 20; i++)
        (void)known_key(bucket, (const char[]){(char)('a' + i), '\0'});
    cr_assert_eq(bucket_delete(bucket, KEY("a")), 0);
    number = bucket_inode(bucket)->number;
    cr_assert_eq(bucket_kill(bucket), 0);
    actor_unref(bucket_actor(bucket));
    while ((inode = inode_find(silent.index, number))) /* until the last callback has returned */
        inode_unref(inode);
    inode_index_forget_all(silent.index);
}
