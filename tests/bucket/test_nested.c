/*
 * Buckets in buckets: what a name means, what is listed, what goes along with
 * whom, and what one that is started again inherits.
 */
#include "base/clock.h"
#include "base/table.h"
#include "lib/buckets.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* More than are searched one by one. */
#define SOME 12
#define PACE_NS (2 * CLOCK_NS_PER_S)
#define MAX_RESTARTS 3

static void set_policy(struct bucket *bucket, enum restart_policy policy)
{
    const struct key *key = bucket_name(bucket);
    const struct child_name name = {key->name, key->length};

    cr_assert_eq(registry_set_policy(bucket_supervisor(bucket), &name, bucket_actor(bucket), policy), 0);
}

static int remove_bucket(struct bucket *parent, const char *name)
{
    return registry_remove(buckets_parent(parent), NAME(name));
}

static int create_again(struct bucket *parent, const char *name)
{
    struct actor *untouched = NULL;
    int rc = registry_create(buckets_parent(parent), NAME(name), NULL, &untouched);

    cr_assert_null(untouched);
    return rc;
}

/* ---- a name ---- */

BUCKET_TEST(nested, a_bucket_holds_buckets)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(a, "b");
    struct bucket *c = bucket_in(b, "c");

    put(a, "milk", "1");
    put(b, "milk", "2");
    put(c, "milk", "3");
    cr_assert_str_eq(get(a, "milk"), "1");
    cr_assert_str_eq(get(b, "milk"), "2");
    cr_assert_str_eq(get(c, "milk"), "3");
    cr_assert_eq(bucket_called(NULL, "a"), a);
    cr_assert_eq(bucket_called(a, "b"), b);
    cr_assert_eq(bucket_called(b, "c"), c);
    cr_assert_null(bucket_called(a, "c"));
    cr_assert_null(bucket_called(NULL, "b"));
}

BUCKET_TEST(nested, a_name_in_a_bucket_means_a_key_or_a_bucket)
{
    struct attributes attributes = {.ino = 12345};
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(a, "b");
    struct found found;

    put(a, "milk", "3");
    cr_assert_eq(bucket_lookup(a, KEY("b"), BUCKET_REMEMBER, &found, &attributes), 0);
    cr_assert_eq(found.bucket, b);
    cr_assert_null(found.value);
    cr_assert_eq(attributes.ino, 12345);
    cr_assert_not(inode_is_known(bucket_inode(b)));
    actor_unref(bucket_actor(found.bucket));

    cr_assert_eq(bucket_lookup(a, KEY("milk"), BUCKET_QUIETLY, &found, &attributes), 0);
    cr_assert_null(found.bucket);
    value_unref(found.value);
    cr_assert_eq(bucket_lookup(a, KEY("c"), BUCKET_QUIETLY, &found, &attributes), BUCKET_E_NOT_FOUND);
}

BUCKET_TEST(nested, one_is_made_with_the_attributes_that_are_given_or_ordinary_ones)
{
    struct change_attributes wanted = {.mode = S_IFDIR | 0700, .uid = 7, .gid = 8};
    struct bucket *a = bucket_in(NULL, "a");
    struct attributes attributes;
    struct actor *actor;

    cr_assert_eq(registry_create(bucket_actor(a), NAME("b"), &wanted, &actor), 0);
    attributes = attributes_of_bucket(bucket_of_actor(actor));
    cr_assert_eq(attributes.mode, (mode_t)S_IFDIR | 0700);
    cr_assert_eq(attributes.uid, 7);
    cr_assert_eq(attributes.gid, 8);
    actor_unref(actor);

    cr_assert_eq(registry_create(bucket_actor(a), NAME("c"), NULL, &actor), 0);
    attributes = attributes_of_bucket(bucket_of_actor(actor));
    cr_assert_eq(attributes.mode, (mode_t)S_IFDIR | 0755);
    cr_assert_eq(attributes.uid, 0);
    actor_unref(actor);
}

/* What keys and buckets a bucket has, and when that changed last. */
struct names {
    struct attributes attributes;
    struct bucket_stats stats;
};

static struct names names_of(struct bucket *bucket)
{
    return (struct names){attributes_of_bucket(bucket), stats_of(bucket)};
}

static bool same_names(const struct names *a, const struct names *b)
{
    return same_attributes(&a->attributes, &b->attributes) && a->stats.keys == b->stats.keys &&
           a->stats.bytes == b->stats.bytes && a->stats.buckets == b->stats.buckets;
}

BUCKET_TEST(nested, a_name_that_is_a_buckets_is_no_keys)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(a, "b");
    struct names before;
    struct names after;
    struct value *untouched = NULL;
    struct attributes attributes;
    char buffer[8];
    size_t length;

    put(a, "milk", "3");
    before = names_of(a);
    cr_assert_eq(bucket_put(a, KEY("b"), "3", 1), BUCKET_E_IS_BUCKET);
    cr_assert_eq(bucket_get(a, KEY("b"), buffer, sizeof(buffer), &length), BUCKET_E_NOT_FOUND);
    cr_assert_eq(bucket_delete(a, KEY("b")), BUCKET_E_IS_BUCKET);
    cr_assert_eq(bucket_add(a, KEY("b"), &buckets_file, BUCKET_REMEMBER, &untouched, &attributes), BUCKET_E_EXISTS);
    cr_assert_eq(create_again(a, "b"), REGISTRY_E_EXISTS);
    after = names_of(a);
    cr_assert(same_names(&before, &after));
    cr_assert_null(untouched);
    cr_assert_eq(bucket_called(a, "b"), b);
}

BUCKET_TEST(nested, a_name_that_is_a_keys_is_no_buckets)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct names before;
    struct names after;

    put(a, "milk", "3");
    before = names_of(a);
    cr_assert_eq(create_again(a, "milk"), REGISTRY_E_EXISTS);
    cr_assert_eq(remove_bucket(a, "milk"), REGISTRY_E_NOT_FOUND);
    cr_assert_null(bucket_called(a, "milk"));
    after = names_of(a);
    cr_assert(same_names(&before, &after));
    cr_assert_str_eq(get(a, "milk"), "3");
}

BUCKET_TEST(nested, a_bucket_is_neither_renamed_nor_replaced)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(a, "b");
    struct names before;
    struct names after;

    put(a, "milk", "3");
    before = names_of(a);
    for (int keep = 0; keep < 2; keep++) {
        cr_assert_eq(bucket_rename(a, KEY("b"), KEY("new"), keep), BUCKET_E_CANT_MOVE);
        cr_assert_eq(bucket_rename(a, KEY("b"), KEY("milk"), keep), BUCKET_E_CANT_MOVE);
        cr_assert_eq(bucket_rename(a, KEY("b"), KEY("b"), keep), BUCKET_E_CANT_MOVE);
        cr_assert_eq(bucket_rename(a, KEY("nobody"), KEY("b"), keep), BUCKET_E_NOT_FOUND);
    }
    cr_assert_eq(bucket_rename(a, KEY("milk"), KEY("b"), false), BUCKET_E_IS_BUCKET);
    cr_assert_eq(bucket_rename(a, KEY("milk"), KEY("b"), true), BUCKET_E_EXISTS);
    after = names_of(a);
    cr_assert(same_names(&before, &after));
    cr_assert_eq(bucket_called(a, "b"), b);
    cr_assert_str_eq(get(a, "milk"), "3");
}

BUCKET_TEST(nested, a_name_that_has_become_free_may_be_the_others)
{
    struct bucket *a = bucket_in(NULL, "a");

    for (int i = 0; i < 20; i++) {
        struct bucket *was = bucket_in(a, "milk");

        cr_assert_eq(i % 2 ? bucket_kill(was) : bucket_stop(was), 0);
        put(a, "milk", "3");
        cr_assert_eq(bucket_rename(a, KEY("milk"), KEY("oat"), false), 0);
        was = bucket_in(a, "milk");
        cr_assert_eq(remove_bucket(a, "milk"), 0);
        cr_assert_eq(bucket_rename(a, KEY("oat"), KEY("milk"), true), 0);
        cr_assert_eq(bucket_delete(a, KEY("milk")), 0);
    }
    cr_assert_eq(attributes_of_bucket(a).size, 0);
}

/* ---- where it is ---- */

static void path_is(struct bucket *bucket, size_t size, const char *expected)
{
    char path[64] = "untouched";

    bucket_path(bucket, path, size);
    cr_assert_str_eq(path, expected, "with %zu bytes", size);
}

BUCKET_TEST(nested, each_knows_the_way_from_the_root)
{
    struct bucket *aa = bucket_in(NULL, "aa");
    struct bucket *bb = bucket_in(aa, "bb");
    struct bucket *cc = bucket_in(bb, "cc");

    path_is(aa, 64, "aa");
    path_is(bb, 64, "aa/bb");
    path_is(cc, 64, "aa/bb/cc");
    path_is(cc, sizeof("aa/bb/cc"), "aa/bb/cc");
    path_is(aa, sizeof("aa"), "aa");
    path_is(bucket_new("alone"), 64, "alone");
    cr_assert_eq(bucket_kill(aa), 0);
    path_is(cc, 64, "aa/bb/cc");
}

BUCKET_TEST(nested, a_path_that_is_too_long_loses_its_beginning)
{
    struct bucket *cc = bucket_in(bucket_in(bucket_in(NULL, "aa"), "bb"), "cc");

    path_is(cc, sizeof("aa/bb/cc") - 1, "bb/cc");
    path_is(cc, sizeof("bb/cc"), "bb/cc");
    path_is(cc, sizeof("bb/cc") - 1, "cc");
    path_is(cc, sizeof("cc"), "cc");
    path_is(cc, sizeof("cc") - 1, "");
    path_is(cc, 1, "");
}

BUCKET_TEST(nested, each_knows_what_it_is_in)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(a, "b");
    struct bucket *alone = bucket_new("alone");

    cr_assert_null(bucket_parent(a));
    cr_assert_eq(bucket_supervisor(a), registry_actor(buckets_registry()));
    cr_assert_eq(bucket_parent_number(a), INODE_ROOT);
    cr_assert_eq(bucket_parent(b), a);
    cr_assert_eq(bucket_supervisor(b), bucket_actor(a));
    cr_assert_eq(bucket_parent_number(b), bucket_inode(a)->number);
    cr_assert_null(bucket_supervisor(alone));
    cr_assert_null(bucket_parent(alone));
    cr_assert_eq(bucket_stop_tree(a), 0);
    cr_assert_eq(bucket_parent(b), a);
}

/* ---- stat ---- */

BUCKET_TEST(nested, buckets_count_in_the_attributes)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct attributes attributes;
    char name[8];

    put(a, "milk", "1234");
    for (int i = 0; i < SOME; i++) {
        snprintf(name, sizeof(name), "%d", i);
        put(bucket_in(a, name), "oat", "12345678");
    }
    attributes = attributes_of_bucket(a);
    cr_assert_eq(attributes.nlink, 2 + SOME);
    cr_assert_eq(attributes.size, 1 + SOME);
    cr_assert_eq(stats_of(a).keys, 1);
    cr_assert_eq(stats_of(a).bytes, 4);
    cr_assert_eq(stats_of(a).buckets, SOME);

    for (int i = 0; i < SOME; i++) {
        snprintf(name, sizeof(name), "%d", i);
        cr_assert_eq(i % 2 ? bucket_kill(bucket_called(a, name)) : bucket_stop(bucket_called(a, name)), 0);
        cr_assert_eq(attributes_of_bucket(a).nlink, (nlink_t)(2 + SOME - i - 1));
    }
    cr_assert_eq(attributes_of_bucket(a).size, 1);
    cr_assert_eq(stats_of(a).buckets, 0);
}

static void grew(struct bucket *bucket, int64_t *last)
{
    int64_t now = attributes_of_bucket(bucket).mtime;

    cr_assert_gt(now, *last);
    cr_assert_eq(attributes_of_bucket(bucket).ctime, now);
    *last = now;
}

BUCKET_TEST(nested, the_mtime_strictly_grows_with_each_bucket_that_comes_or_goes)
{
    struct bucket *a = bucket_in(NULL, "a");
    int64_t last = attributes_of_bucket(a).mtime;

    clock_hold();
    for (int i = 0; i < 30; i++) {
        struct bucket *b = bucket_in(a, "b");

        grew(a, &last);
        put(b, "milk", "3");
        cr_assert_eq(bucket_delete(b, KEY("milk")), 0);
        cr_assert_eq(bucket_kill(bucket_in(b, "c")), 0);
        cr_assert_eq(attributes_of_bucket(b).nlink, 2);
        cr_assert_eq(attributes_of_bucket(a).mtime, last, "what happens in it is not its own");
        set_policy(b, RESTART_PERMANENT);
        cr_assert_eq(bucket_kill(b), 0);
        grew(a, &last);
        cr_assert_eq(remove_bucket(a, "b"), 0);
        grew(a, &last);
        cr_assert_eq(bucket_kill(bucket_in(a, "b")), 0);
        grew(a, &last);
        clock_turn(PACE_NS);
    }
    clock_let_go();
}

/* ---- empty or not ---- */

BUCKET_TEST(nested, one_that_holds_a_bucket_is_not_empty)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(a, "b");
    struct bucket *c = bucket_in(b, "c");
    struct names before = names_of(a);
    struct names after;

    cr_assert_eq(bucket_stop_if_empty(a), BUCKET_E_NOT_EMPTY);
    cr_assert_eq(remove_bucket(NULL, "a"), BUCKET_E_NOT_EMPTY);
    cr_assert_eq(remove_bucket(a, "b"), BUCKET_E_NOT_EMPTY);
    after = names_of(a);
    cr_assert(same_names(&before, &after));
    put(a, "milk", "3");
    (void)bucket_in(a, "d");

    cr_assert_eq(remove_bucket(b, "c"), 0);
    cr_assert(bucket_was_removed(c));
    cr_assert_eq(remove_bucket(a, "b"), 0);
    cr_assert_eq(remove_bucket(a, "d"), 0);
    cr_assert_eq(bucket_delete(a, KEY("milk")), 0);
    cr_assert_eq(remove_bucket(NULL, "a"), 0);
    cr_assert_null(bucket_called(NULL, "a"));
}

BUCKET_TEST(nested, one_that_was_removed_is_shown_without_a_name)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(NULL, "b");
    struct attributes before = attributes_of_bucket(a);
    struct attributes after;

    (void)inode_ref(bucket_inode(a));
    cr_assert_not(bucket_show_removed(a, &after));
    cr_assert_eq(remove_bucket(NULL, "a"), 0);
    cr_assert(bucket_show_removed(a, &after));
    cr_assert_eq(after.ino, before.ino);
    cr_assert_eq(after.mode, before.mode);
    cr_assert_eq(after.nlink, 0);
    inode_unref(bucket_inode(a));
    cr_assert_eq(bucket_stop_tree(b), 0);
    cr_assert_not(bucket_show_removed(b, &after));
}

BUCKET_TEST(nested, one_whose_buckets_have_ended_is_empty)
{
    for (int i = 0; i < 20; i++) {
        struct bucket *a = bucket_in(NULL, "a");
        struct bucket *b = bucket_in(a, "b");

        cr_assert_eq(i % 2 ? bucket_kill(b) : bucket_stop_tree(b), 0);
        cr_assert_not(bucket_was_removed(b));
        cr_assert_eq(remove_bucket(NULL, "a"), 0);
        cr_assert(bucket_was_removed(a));
    }
}

BUCKET_TEST(nested, one_whose_bucket_is_started_again_is_not_empty)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(a, "b");

    set_policy(b, RESTART_PERMANENT);
    cr_assert_eq(bucket_kill(b), 0);
    cr_assert_eq(remove_bucket(NULL, "a"), BUCKET_E_NOT_EMPTY);
    cr_assert(bucket_called(a, "b"));
}

struct race {
    struct bucket *bucket;
    struct gate gate;
};

static int remove_at_gate(void *arg)
{
    struct race *race = arg;

    gate_pass(&race->gate);
    return remove_bucket(NULL, "a");
}

/* A bucket that was made is there, or its maker was told that it isn't. */
BUCKET_TEST(nested, removing_an_empty_one_never_loses_a_bucket)
{
    int rounds = buckets_called_directly() ? 400 : 100;

    for (int i = 0; i < rounds; i++) {
        struct race race = {.bucket = bucket_in(NULL, "a")};
        struct helper *remover;
        struct actor *made;
        int removed;
        int rc;

        gate_init(&race.gate);
        remover = helper_start(remove_at_gate, &race);
        cr_assert(gate_await(&race.gate, 1));
        gate_open(&race.gate);
        rc = registry_create(bucket_actor(race.bucket), NAME("b"), NULL, &made);
        removed = helper_join(remover);

        if (rc == 0) {
            cr_assert_eq(removed, BUCKET_E_NOT_EMPTY);
            cr_assert(actor_alive(made));
            actor_unref(made);
            cr_assert_eq(bucket_stop_tree(race.bucket), 0);
        } else {
            cr_assert(rc == BUCKET_E_NOT_FOUND || actor_is_condition(rc));
            cr_assert_eq(removed, 0);
        }
        gate_deinit(&race.gate);
    }
}

/* ---- listing ---- */

struct listing {
    char names[64][8];
    bool is_bucket[64];
    int count;
    int max; /* how many until it stops */
    uint64_t position;
};

static bool note(struct listing *listing, uint64_t position, const char *name, size_t length, bool is_bucket)
{
    if (listing->count == listing->max)
        return false;
    cr_assert_gt(position, listing->position);
    listing->position = position;
    listing->is_bucket[listing->count] = is_bucket;
    snprintf(listing->names[listing->count++], sizeof(*listing->names), "%.*s", (int)length, name);
    return true;
}

static bool note_key(void *context, uint64_t position, const struct key *key, struct value *value,
                     const struct attributes *attributes)
{
    (void)value;
    (void)attributes;
    return note(context, position, key->name, key->length, false);
}

static bool note_bucket(void *context, uint64_t position, const struct child_name *name, struct actor *child)
{
    cr_assert(actor_alive(child));
    cr_assert_eq(bucket_name(bucket_of_actor(child))->length, name->length);
    return note(context, position, name->name, name->length, true);
}

static void list(struct bucket *bucket, struct listing *listing, int max)
{
    listing->count = 0;
    listing->max = max;
    cr_assert_eq(bucket_list(bucket, listing->position, note_key, note_bucket, listing), 0);
}

BUCKET_TEST(nested, a_listing_has_keys_and_then_buckets_each_in_the_order_in_which_they_came)
{
    struct bucket *a = bucket_in(NULL, "a");
    static const char *const order[] = {"k2", "k1", "k3", "b3", "b1", "b2"};

    (void)bucket_in(a, "b3");
    put(a, "k2", "");
    (void)bucket_in(a, "b1");
    put(a, "k1", "");
    (void)bucket_in(a, "b2");
    put(a, "k3", "");
    for (int batch = 1; batch <= 7; batch++) {
        struct listing listing = {.position = 0};
        int seen = 0;

        do {
            list(a, &listing, batch);
            for (int i = 0; i < listing.count; i++, seen++) {
                cr_assert_str_eq(listing.names[i], order[seen]);
                cr_assert_eq(listing.is_bucket[i], seen >= 3);
            }
        } while (listing.count > 0);
        cr_assert_eq(seen, 6);
    }
}

/* One that stopped among the keys sees every bucket, however many keys came before. */
BUCKET_TEST(nested, a_listing_that_stopped_at_the_last_key_goes_on_with_the_first_bucket)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct listing listing = {.position = 0};

    put(a, "k", "");
    (void)bucket_in(a, "b");
    list(a, &listing, 1);
    cr_assert_str_eq(listing.names[0], "k");
    cr_assert_eq(bucket_delete(a, KEY("k")), 0);
    list(a, &listing, 64);
    cr_assert_eq(listing.count, 1);
    cr_assert_str_eq(listing.names[0], "b");
    put(a, "late", "");
    list(a, &listing, 64);
    cr_assert_eq(listing.count, 0);
}

BUCKET_TEST(nested, one_that_is_started_again_is_listed_once_at_its_place)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct listing listing = {.position = 0};

    for (const char *name = "bcdef"; *name; name++)
        set_policy(bucket_in(a, (const char[]){*name, '\0'}), RESTART_PERMANENT);
    list(a, &listing, 2);
    cr_assert_eq(bucket_kill(bucket_called(a, "b")), 0); /* seen */
    cr_assert_eq(bucket_kill(bucket_called(a, "c")), 0);
    cr_assert_eq(bucket_kill(bucket_called(a, "d")), 0); /* not seen */
    list(a, &listing, 64);
    cr_assert_eq(listing.count, 3);
    cr_assert_str_eq(listing.names[0], "d");
    cr_assert_str_eq(listing.names[2], "f");
}

enum { STAYING = 10, COMING = 12 };

struct crowd {
    struct bucket *bucket;
    unsigned seed;
};

static int number_below(struct crowd *crowd, int limit)
{
    return rand_r(&crowd->seed) % limit;
}

/* Whatever is called so goes; a key or a bucket comes. */
static void toggle(struct crowd *crowd, int number)
{
    struct actor *actor;
    char name[8];

    snprintf(name, sizeof(name), "c%d", number);
    if (bucket_delete(crowd->bucket, KEY(name)) == 0 || remove_bucket(crowd->bucket, name) == 0)
        return;
    if (number_below(crowd, 2)) {
        put(crowd->bucket, name, "");
    } else {
        cr_assert_eq(registry_create(bucket_actor(crowd->bucket), NAME(name), NULL, &actor), 0);
        actor_unref(actor);
    }
}

static void list_in_batches(struct crowd *crowd, int *seen)
{
    struct listing listing = {.position = 0};

    do {
        list(crowd->bucket, &listing, 1 + number_below(crowd, 4));
        for (int i = 0; i < listing.count; i++) {
            if (listing.names[i][0] == 's')
                seen[atoi(listing.names[i] + 1)]++;
        }
        for (int i = number_below(crowd, 4); i > 0; i--)
            toggle(crowd, number_below(crowd, COMING));
    } while (listing.count > 0);
}

BUCKET_TEST(nested, what_stays_is_listed_exactly_once_while_others_come_and_go)
{
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct crowd crowd = {.bucket = bucket_new("crowd"), .seed = seed};
        int seen[2 * STAYING] = {0};
        char name[8];

        for (int i = 0; i < 2 * STAYING; i++) {
            toggle(&crowd, i % COMING);
            snprintf(name, sizeof(name), "s%d", i);
            if (i % 2)
                put(crowd.bucket, name, "");
            else
                (void)bucket_in(crowd.bucket, name);
        }
        list_in_batches(&crowd, seen);
        for (int i = 0; i < 2 * STAYING; i++)
            cr_assert_eq(seen[i], 1, "seed %u: s%d was listed %d times", seed, i, seen[i]);
    }
}

/* ---- the end ---- */

static bool wait_at_gate(void *gate, uint64_t position, const struct key *key, struct value *value,
                         const struct attributes *attributes)
{
    (void)position;
    (void)key;
    (void)value;
    (void)attributes;
    gate_pass(gate);
    return true;
}

struct held_listing {
    struct bucket *bucket;
    struct gate gate;
};

static int list_at_gate(void *arg)
{
    struct held_listing *held = arg;

    return bucket_list(held->bucket, 0, wait_at_gate, note_bucket, &held->gate);
}

static int kill_bucket(void *bucket)
{
    return bucket_kill(bucket);
}

static int stop_tree(void *bucket)
{
    return bucket_stop_tree(bucket);
}

static int count_down(struct probe *self, void *arg)
{
    (void)self;
    (*(int *)arg)++;
    return 0;
}

BUCKET_TEST(nested, a_kill_takes_all_below_along_and_each_is_told_once)
{
    int downs = 0;
    struct probe *watcher = probe_start_with(&(struct probe_options){.down = count_down, .arg = &downs});
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *below[5];
    char part[24];

    below[0] = bucket_in(a, "b");
    below[1] = bucket_in(below[0], "c");
    below[2] = bucket_in(below[1], "d");
    below[3] = bucket_in(a, "e");
    below[4] = bucket_in(below[3], "f");
    for (int i = 0; i < 5; i++) {
        put(below[i], "milk", "3");
        probe_monitor_actor(watcher, i + 1, bucket_actor(below[i]));
    }
    probe_monitor_actor(watcher, 6, bucket_actor(a));
    probe_monitor_actor(watcher, 7, bucket_actor(below[2]));
    cr_assert_eq(bucket_kill(a), 0);

    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_eq(downs, 7);
    for (int i = 1; i <= 7; i++) {
        snprintf(part, sizeof(part), "down %d killed", i);
        cr_assert(strstr(probe_story(watcher), part), "%s", probe_story(watcher));
    }
    for (int i = 0; i < 5; i++)
        cr_assert(actor_is_condition(bucket_delete(below[i], KEY("milk"))));
    cr_assert_null(bucket_called(NULL, "a"));
    cr_assert(buckets_await_ended(6));
}

BUCKET_TEST(nested, a_stop_ends_the_leaves_first)
{
    struct probe *watcher = probe_start();
    struct bucket *beside = bucket_in(NULL, "beside");
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(a, "b");
    struct bucket *c = bucket_in(b, "c");
    struct bucket *d = bucket_in(a, "d");

    put(c, "milk", "3");
    probe_monitor_actor(watcher, 1, bucket_actor(a));
    probe_monitor_actor(watcher, 2, bucket_actor(b));
    probe_monitor_actor(watcher, 3, bucket_actor(c));
    probe_monitor_actor(watcher, 4, bucket_actor(d));
    cr_assert_eq(bucket_stop_tree(a), 0);
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "down 3 normal, down 2 normal, down 4 normal, down 1 normal, call 1");
    cr_assert_null(bucket_called(NULL, "a"));
    cr_assert_eq(bucket_called(NULL, "beside"), beside);
}

BUCKET_TEST(nested, whoever_just_stops_one_ends_the_leaves_first_too)
{
    struct probe *watcher = probe_start();
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(a, "b");

    probe_monitor_actor(watcher, 1, bucket_actor(a));
    probe_monitor_actor(watcher, 2, bucket_actor(b));
    cr_assert_eq(actor_stop(bucket_actor(a), reason_error("broken"), ACTORS_PATIENCE_MS), 0);
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "down 2 error: broken, down 1 error: broken, call 1");
}

BUCKET_TEST(nested, the_end_of_the_registry_ends_the_leaves_first)
{
    struct probe *watcher = probe_start();
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(a, "b");

    probe_monitor_actor(watcher, 1, bucket_actor(a));
    probe_monitor_actor(watcher, 2, bucket_actor(b));
    cr_assert_eq(actor_stop(registry_actor(buckets_registry()), REASON(SHUTDOWN), ACTORS_PATIENCE_MS), 0);
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "down 2 shutdown, down 1 shutdown, call 1");
}

BUCKET_TEST(nested, nothing_is_put_into_one_once_its_end_has_begun)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct held_listing held = {.bucket = bucket_in(a, "b")};
    struct attributes attributes;
    struct value *value;
    struct helper *lister;
    struct helper *stopper;
    int rc;

    put(a, "milk", "3");
    put(held.bucket, "milk", "3");
    gate_init(&held.gate);
    lister = helper_start(list_at_gate, &held);
    cr_assert(gate_await(&held.gate, 1));
    stopper = helper_start(stop_tree, a); /* waits for what is below it */

    while ((rc = bucket_put(a, KEY("oat"), "3", 1)) == 0)
        cr_assert_eq(bucket_delete(a, KEY("oat")), 0);
    cr_assert_eq(rc, BUCKET_E_NOT_FOUND);
    cr_assert_eq(bucket_add(a, KEY("rye"), &buckets_file, BUCKET_QUIETLY, &value, &attributes), BUCKET_E_NOT_FOUND);
    cr_assert_eq(create_again(a, "c"), BUCKET_E_NOT_FOUND);
    cr_assert_str_eq(get(a, "milk"), "3");

    gate_open(&held.gate);
    cr_assert_eq(helper_join(stopper), 0);
    cr_assert_eq(helper_join(lister), 0);
    gate_deinit(&held.gate);
}

BUCKET_TEST(nested, the_end_of_one_leaves_what_it_was_in)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(a, "b");

    cr_assert_eq(bucket_kill(bucket_in(b, "c")), 0);
    cr_assert_eq(actor_stop(bucket_actor(b), reason_error("broken"), ACTORS_PATIENCE_MS), 0);
    put(a, "milk", "3");
    cr_assert_str_eq(get(a, "milk"), "3");
    cr_assert_eq(attributes_of_bucket(a).nlink, 2);
}

BUCKET_TEST(nested, a_value_outlives_all_that_it_was_in_as_long_as_it_is_held)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(a, "b");
    struct value *value;
    char buffer[8];
    size_t length;

    put(b, "milk", "3");
    value = find_value(b, "milk", BUCKET_REMEMBER);
    cr_assert_eq(bucket_stop_tree(a), 0);
    cr_assert(actor_is_condition(value_read(value, 0, buffer, sizeof(buffer), &length)));
    cr_assert_eq(bucket_parent(value_bucket(value)), a);
    inode_forget(value_inode(value), 1);
    value_unref(value);
}

BUCKET_TEST(nested, each_start_and_each_end_is_told_once)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(a, "b");

    (void)bucket_in(b, "c");
    cr_assert_eq(remove_bucket(b, "c"), 0);
    cr_assert(buckets_await_ended(1));
    cr_assert_eq(bucket_kill(b), 0);
    cr_assert(buckets_await_ended(2));
    cr_assert_eq(bucket_stop_tree(a), 0);
    cr_assert(buckets_await_ended(3));
    cr_assert_str_eq(buckets_story(), "start a, start a/b, start a/b/c, end a/b/c normal, end a/b killed, end a normal");
}

BUCKET_TEST(nested, nobody_needs_to_be_told)
{
    static struct bucket_environment silent; /* outlives its buckets */
    const struct change_attributes attributes = {.mode = S_IFDIR | 0755};
    struct bucket *a;
    struct actor *b;

    silent = *buckets_environment();
    silent.on_start = NULL;
    silent.on_end = NULL;
    cr_assert_eq(bucket_start(&silent, NULL, KEY("a"), &attributes, &a), 0);
    cr_assert_eq(registry_create(bucket_actor(a), NAME("b"), NULL, &b), 0);
    cr_assert_eq(bucket_stop_tree(a), 0);
    actor_unref(b);
    actor_unref(bucket_actor(a));
    cr_assert_str_eq(buckets_story(), "");
    while (atomic_load(&silent.buckets) > 0) /* until the last callback has returned */
        table_barrier();
    cr_assert_eq(inodes(), 0);
}

BUCKET_TEST(nested, the_news_of_an_end_are_taken_once)
{
    struct bucket *a = bucket_in(NULL, "a");

    cr_assert_eq(bucket_kill(a), 0);
    cr_assert(bucket_take_news(a));
    cr_assert_not(bucket_take_news(a));
}

static int create_until_the_end(void *arg)
{
    struct bucket *parent = arg;
    char name[16];
    int rc = 0;

    for (int i = 0; rc == 0; i++) {
        struct actor *actor;

        snprintf(name, sizeof(name), "%d", i);
        rc = registry_create(bucket_actor(parent), NAME(name), NULL, &actor);
        if (rc == 0)
            actor_unref(actor);
    }
    return rc;
}

/* The fixture sees that each start is told before the end. */
BUCKET_TEST(nested, a_parent_that_is_killed_while_it_starts_one_takes_it_along)
{
    int rounds = buckets_called_directly() ? 500 : 100;

    for (int i = 0; i < rounds; i++) {
        struct bucket *a = bucket_in(NULL, "a");
        struct helper *creator = helper_start(create_until_the_end, a);

        while (attributes_of_bucket(a).nlink < 3)
            sched_yield();
        for (int j = 0; j < i % 10; j++)
            (void)attributes_of_bucket(a);
        cr_assert_eq(bucket_kill(a), 0);
        cr_assert(actor_is_condition(helper_join(creator)));
    }
}

/* ---- deep ---- */

/* The test holds the top alone, and a value at the very bottom, as the kernel may. */
static struct bucket *make_deep(int levels, struct value **ret_value)
{
    struct bucket *top = bucket_in(NULL, "top");
    struct actor *at = actor_ref(bucket_actor(top));

    for (int i = 1; i < levels; i++) {
        struct actor *below;

        cr_assert_eq(registry_create(at, NAME("below"), NULL, &below), 0);
        actor_unref(at);
        at = below;
    }
    *ret_value = add_value(bucket_of_actor(at), "milk", BUCKET_QUIETLY);
    actor_unref(at);
    return top;
}

static void end_deep(int (*end)(void *bucket))
{
    int levels = buckets_called_directly() ? 20000 : 1000;
    struct value *value;
    struct bucket *top = make_deep(levels, &value);

    cr_assert_eq(helper_join(helper_start(end, top)), 0);
    cr_assert(buckets_await_ended(levels));
    table_barrier();
    cr_assert_eq(atomic_load(&buckets_environment()->buckets), levels);
    value_unref(value);
}

static void stop_deep(void)
{
    end_deep(stop_tree);
}

static void kill_deep(void)
{
    end_deep(kill_bucket);
}

/* As a sanitizer goes; also that of liburcu's thread, which lets all of them go with the value. */
static void run_on_small_stacks(void (*body)(void), bool direct)
{
    pthread_attr_t attributes;

    cr_assert_eq(pthread_attr_init(&attributes), 0);
    cr_assert_eq(pthread_attr_setstacksize(&attributes, 1 << 20), 0);
    cr_assert_eq(pthread_setattr_default_np(&attributes), 0);
    pthread_attr_destroy(&attributes);
    buckets_run(body, direct);
}

Test(nested, a_deep_one_is_stopped_and_let_go_on_small_stacks)
{
    run_on_small_stacks(stop_deep, true);
}

Test(nested, a_deep_one_is_stopped_and_let_go_on_small_stacks_with_queued_calls)
{
    run_on_small_stacks(stop_deep, false);
}

Test(nested, a_deep_one_is_killed_and_let_go_on_small_stacks)
{
    run_on_small_stacks(kill_deep, true);
}

Test(nested, a_deep_one_is_killed_and_let_go_on_small_stacks_with_queued_calls)
{
    run_on_small_stacks(kill_deep, false);
}

/* ---- started again ---- */

static void run_by_hand(void (*body)(void))
{
    clock_hold();
    body();
    clock_let_go();
}

/* Time stands still unless the test turns it. */
#define RESTART_TEST(sentence)                                                                               \
    static void sentence##_by_hand(void);                                                                    \
    BUCKET_TEST(nested, sentence)                                                                            \
    {                                                                                                        \
        run_by_hand(sentence##_by_hand);                                                                     \
    }                                                                                                        \
    static void sentence##_by_hand(void)

RESTART_TEST(one_that_is_started_again_has_its_predecessors_mode_and_owner_and_nothing_else)
{
    const struct change_attributes to = {.mode = 0700, .uid = 7, .gid = 8};
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *old = bucket_in(a, "b");
    struct attributes attributes;
    struct bucket *new;

    set_policy(old, RESTART_TRANSIENT);
    put(old, "milk", "3");
    (void)bucket_in(old, "c");
    cr_assert_eq(bucket_set_attributes(old, CHANGE_SET_MODE | CHANGE_SET_UID | CHANGE_SET_GID, &to, &attributes), 0);
    cr_assert_eq(bucket_kill(old), 0);

    new = bucket_called(a, "b");
    cr_assert(new);
    cr_assert_neq(new, old);
    attributes = attributes_of_bucket(new);
    cr_assert_gt(attributes.ino, bucket_inode(old)->number);
    cr_assert_eq(attributes.mode, (mode_t)S_IFDIR | 0700);
    cr_assert_eq(attributes.uid, 7);
    cr_assert_eq(attributes.gid, 8);
    cr_assert_eq(attributes.size, 0);
    cr_assert_eq(attributes.nlink, 2);
    cr_assert_eq(attributes_of_bucket(a).nlink, 3);
    path_is(new, 64, "a/b");
    cr_assert_eq(bucket_parent(new), a);
}

RESTART_TEST(each_restart_is_counted_and_told)
{
    struct bucket *a = bucket_in(NULL, "a");

    set_policy(a, RESTART_PERMANENT);
    for (uint32_t i = 1; i <= MAX_RESTARTS; i++) {
        cr_assert_eq(bucket_kill(bucket_called(NULL, "a")), 0);
        cr_assert_eq(bucket_restarts(bucket_called(NULL, "a")), i);
        cr_assert(buckets_await_ended((int)i));
    }
    cr_assert_eq(bucket_kill(bucket_called(NULL, "a")), 0);
    cr_assert_null(bucket_called(NULL, "a"));
    cr_assert_eq(bucket_restarts(a), 0);
    cr_assert(strstr(buckets_story(), "start a again 1"));
    cr_assert(strstr(buckets_story(), "start a again 3"));
    cr_assert_null(strstr(buckets_story(), "start a again 4"));
}

RESTART_TEST(the_name_of_one_that_is_started_again_stays_a_buckets)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct value *untouched = NULL;
    struct attributes attributes;

    set_policy(bucket_in(a, "b"), RESTART_PERMANENT);
    for (int i = 0; i < 50; i++) {
        cr_assert_eq(bucket_kill(bucket_called(a, "b")), 0);
        cr_assert_eq(bucket_put(a, KEY("b"), "3", 1), BUCKET_E_IS_BUCKET);
        cr_assert_eq(bucket_stop(bucket_called(a, "b")), 0);
        cr_assert_eq(bucket_add(a, KEY("b"), &buckets_file, BUCKET_REMEMBER, &untouched, &attributes),
                     BUCKET_E_EXISTS);
        cr_assert_eq(bucket_kill(bucket_called(a, "b")), 0);
        cr_assert_eq(create_again(a, "b"), REGISTRY_E_EXISTS);
        clock_turn(3 * PACE_NS);
    }
}

RESTART_TEST(one_that_is_given_up_takes_what_is_below_it_and_leaves_what_it_is_in)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *beside = bucket_in(a, "beside");
    struct bucket *below = NULL;

    set_policy(bucket_in(a, "bad"), RESTART_PERMANENT);
    for (int i = 0; i <= MAX_RESTARTS; i++) {
        struct bucket *bad = bucket_called(a, "bad");

        below = bucket_in(bad, "below");
        cr_assert_eq(bucket_kill(bad), 0);
        cr_assert_eq(actor_reason(bucket_actor(below))->code, REASON_KILLED);
    }
    cr_assert_null(bucket_called(a, "bad"));
    cr_assert_eq(bucket_called(a, "beside"), beside);
    put(a, "bad", "3");
}

RESTART_TEST(what_is_below_one_that_ends_is_not_started_again)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(a, "b");

    set_policy(b, RESTART_PERMANENT);
    set_policy(bucket_in(b, "c"), RESTART_PERMANENT);
    cr_assert_eq(bucket_stop_tree(a), 0);
    cr_assert(buckets_await_ended(3));
    cr_assert_null(strstr(buckets_story(), "again"));
    cr_assert_null(bucket_called(NULL, "a"));
}

/* A kill doesn't wait for a callback that runs, nor does who asks for the name. */
RESTART_TEST(one_is_started_again_while_a_callback_of_the_old_one_still_runs)
{
    struct held_listing held = {.bucket = bucket_in(NULL, "a")};
    struct helper *lister;

    set_policy(held.bucket, RESTART_PERMANENT);
    put(held.bucket, "milk", "3");
    gate_init(&held.gate);
    lister = helper_start(list_at_gate, &held);
    cr_assert(gate_await(&held.gate, 1));
    cr_assert_eq(bucket_kill(held.bucket), 0);
    cr_assert(bucket_called(NULL, "a"));
    cr_assert_neq(bucket_called(NULL, "a"), held.bucket);
    gate_open(&held.gate);
    (void)helper_join(lister);
    gate_deinit(&held.gate);
}

static _Atomic bool enough;

/* Sets the mode of whoever has the name, to one of two. */
static int set_mode_always(void *arg)
{
    (void)arg;
    for (unsigned i = 0; !atomic_load(&enough); i++) {
        const struct change_attributes to = {.mode = i % 2 ? 0700 : 0755};
        struct attributes attributes;
        struct actor *actor;
        int rc;

        if (registry_lookup(buckets_registry(), NAME("a"), &actor) != 0)
            continue;
        rc = bucket_set_attributes(bucket_of_actor(actor), CHANGE_SET_MODE, &to, &attributes);
        must(rc == 0 || actor_is_condition(rc));
        actor_unref(actor);
    }
    return 0;
}

RESTART_TEST(one_may_be_killed_and_started_again_while_its_mode_is_set)
{
    struct helper *setter = helper_start(set_mode_always, NULL);

    set_policy(bucket_in(NULL, "a"), RESTART_PERMANENT);
    for (int i = 0; i < 1000; i++) {
        mode_t mode;

        cr_assert_eq(bucket_kill(bucket_called(NULL, "a")), 0);
        mode = attributes_of_bucket(bucket_called(NULL, "a")).mode;
        cr_assert(mode == (S_IFDIR | 0700) || mode == (S_IFDIR | 0755));
        clock_turn(PACE_NS);
    }
    atomic_store(&enough, true);
    cr_assert_eq(helper_join(setter), 0);
}

/* ---- holders ---- */

BUCKET_TEST(nested, those_who_hold_it_are_counted_and_it_does_nothing_about_it)
{
    struct bucket *a = bucket_in(NULL, "a");

    cr_assert_eq(bucket_holders(a), 0);
    bucket_hold(a);
    bucket_hold(a);
    cr_assert_eq(bucket_holders(a), 2);
    cr_assert_eq(bucket_let_go(a), 1);
    cr_assert_eq(bucket_let_go(a), 0);
    cr_assert_eq(bucket_holders(a), 0);
    cr_assert(actor_alive(bucket_actor(a)));
}

static int hold_and_let_go(void *arg)
{
    int last = 0;

    for (int i = 0; i < 5000; i++) {
        bucket_hold(arg);
        last += bucket_let_go(arg) == 0;
    }
    return last;
}

BUCKET_TEST(nested, one_of_many_holders_is_the_last)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct helper *helpers[2];
    int last = 0;

    bucket_hold(a);
    for (int i = 0; i < 2; i++)
        helpers[i] = helper_start(hold_and_let_go, a);
    for (int i = 0; i < 2; i++)
        last += helper_join(helpers[i]);
    cr_assert_eq(last, 0);
    cr_assert_eq(bucket_let_go(a), 0);
}
