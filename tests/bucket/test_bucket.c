/*
 * A bucket's calls: the guide's, and what files need beyond them. What
 * concerns a value alone is in test_value.c.
 */
#include "bucket/bucket.h"

#include "lib/buckets.h"

#include <errno.h>

BUCKET_TEST(bucket, stores_value_by_key)
{
    struct bucket *bucket = bucket_new("shopping");

    cr_assert_null(get(bucket, "milk"));

    put(bucket, "milk", "3");
    cr_assert_str_eq(get(bucket, "milk"), "3");
}

/* ---- put, get, delete ---- */

BUCKET_TEST(bucket, put_makes_the_value_exactly_these_bytes)
{
    static const char *const texts[] = {"short", "", "a value that is longer", "x",
                                        "longer again, and a bit more"};
    struct bucket *bucket = bucket_new("shopping");

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        put(bucket, "milk", texts[i]);
        cr_assert_str_eq(get(bucket, "milk"), texts[i]);
        cr_assert_eq(stats_of(bucket).bytes, strlen(texts[i]));
    }
    cr_assert_eq(stats_of(bucket).keys, 1);
}

BUCKET_TEST(bucket, a_short_value_over_a_very_long_one_leaves_nothing_of_it)
{
    static char text[600 << 10];
    struct bucket *bucket = bucket_new("shopping");

    memset(text, 'x', sizeof(text) - 1);
    put(bucket, "milk", text);
    cr_assert_str_eq(get(bucket, "milk"), text);
    put(bucket, "milk", "short");
    cr_assert_str_eq(get(bucket, "milk"), "short");
}

BUCKET_TEST(bucket, a_value_may_hold_any_bytes)
{
    struct bucket *bucket = bucket_new("shopping");
    char bytes[512];
    char back[512];
    size_t length;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    cr_assert_eq(bucket_put(bucket, KEY("milk"), bytes, sizeof(bytes)), 0);
    cr_assert_eq(bucket_get(bucket, KEY("milk"), back, sizeof(back), &length), 0);
    cr_assert_eq(length, sizeof(bytes));
    cr_assert_arr_eq(back, bytes, sizeof(bytes));
}

BUCKET_TEST(bucket, get_copies_no_more_than_there_is_room)
{
    struct bucket *bucket = bucket_new("shopping");
    char text[] = "------";
    size_t length;

    put(bucket, "milk", "1234");
    cr_assert_eq(bucket_get(bucket, KEY("milk"), text, 2, &length), 0);
    cr_assert_eq(length, 2);
    cr_assert_str_eq(text, "12----");
}

BUCKET_TEST(bucket, delete_takes_the_key_and_no_other)
{
    struct bucket *bucket = bucket_new("shopping");

    put(bucket, "milk", "3");
    put(bucket, "oat", "4");
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    cr_assert_null(get(bucket, "milk"));
    cr_assert_str_eq(get(bucket, "oat"), "4");
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), BUCKET_E_NOT_FOUND);
    cr_assert_eq(stats_of(bucket).keys, 1);
    cr_assert_eq(stats_of(bucket).bytes, 1);
}

BUCKET_TEST(bucket, buckets_know_nothing_of_each_other)
{
    struct bucket *one = bucket_new("shopping");
    struct bucket *other = bucket_new("shopping");

    put(one, "milk", "3");
    cr_assert_null(get(other, "milk"));
    cr_assert_neq(bucket_inode(one)->number, bucket_inode(other)->number);
}

/* ---- lookup and add ---- */

BUCKET_TEST(bucket, add_makes_an_empty_value_with_these_attributes)
{
    const struct change_attributes wanted = {.mode = S_IFREG | 0600, .uid = 7, .gid = 8, .rdev = 0};
    struct bucket *bucket = bucket_new("shopping");
    struct attributes attributes;
    struct value *value;

    cr_assert_eq(bucket_add(bucket, KEY("milk"), &wanted, BUCKET_QUIETLY, &value, &attributes), 0);
    cr_assert_eq(attributes.ino, value_inode(value)->number);
    cr_assert_eq(attributes.mode, (mode_t)S_IFREG | 0600);
    cr_assert_eq(attributes.uid, 7);
    cr_assert_eq(attributes.gid, 8);
    cr_assert_eq(attributes.nlink, 1);
    cr_assert_eq(attributes.size, 0);
    cr_assert_gt(attributes.mtime, 0);
    cr_assert_eq(attributes.ctime, attributes.mtime);
    cr_assert_str_eq(get(bucket, "milk"), "");
    cr_assert_eq(value_bucket(value), bucket);
    cr_assert_eq(value_of_inode(value_inode(value)), value);
    value_unref(value);
}

BUCKET_TEST(bucket, add_of_a_key_that_exists_changes_nothing)
{
    struct bucket *bucket = bucket_new("shopping");
    struct attributes attributes = {.ino = 12345};
    struct value *value = NULL;
    uint64_t before;

    put(bucket, "milk", "3");
    before = inodes();
    cr_assert_eq(bucket_add(bucket, KEY("milk"), &buckets_file, BUCKET_REMEMBER, &value, &attributes),
                 BUCKET_E_EXISTS);
    cr_assert_null(value);
    cr_assert_eq(attributes.ino, 12345);
    cr_assert_str_eq(get(bucket, "milk"), "3");
    cr_assert_eq(inodes(), before);
}

BUCKET_TEST(bucket, lookup_finds_what_put_made)
{
    struct bucket *bucket = bucket_new("shopping");
    struct attributes attributes;
    struct found found = {NULL, NULL};

    cr_assert_eq(bucket_lookup(bucket, KEY("milk"), BUCKET_REMEMBER, &found, &attributes),
                 BUCKET_E_NOT_FOUND);
    cr_assert_null(found.value);

    put(bucket, "milk", "1234");
    cr_assert_eq(bucket_lookup(bucket, KEY("milk"), BUCKET_QUIETLY, &found, &attributes), 0);
    cr_assert_null(found.bucket);
    cr_assert_eq(attributes.size, 4);
    cr_assert_eq(attributes.mode, (mode_t)S_IFREG | 0644);
    cr_assert_eq(attributes.uid, 1000);
    cr_assert_eq(attributes.gid, 1001);
    cr_assert_not(inode_is_known(value_inode(found.value)));
    value_unref(found.value);
}

BUCKET_TEST(bucket, each_lookup_that_is_told_to_the_kernel_is_counted)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_REMEMBER);

    value_unref(find_value(bucket, "milk", BUCKET_REMEMBER));
    value_unref(find_value(bucket, "milk", BUCKET_REMEMBER));
    value_unref(find_value(bucket, "milk", BUCKET_QUIETLY));
    cr_assert_eq(inode_lookups(value_inode(value)), 3);
    inode_forget(value_inode(value), 3);
    value_unref(value);
}

BUCKET_TEST(bucket, inode_numbers_are_never_given_again)
{
    struct bucket *bucket = bucket_new("shopping");
    uint64_t last = bucket_inode(bucket)->number;

    for (int i = 0; i < 200; i++) {
        struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);
        uint64_t number = value_inode(value)->number;

        cr_assert_gt(number, last);
        last = number;
        value_unref(value);
        cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
        cr_assert_null(inode_find(buckets_environment()->index, number));
    }
}

/* ---- rename ---- */

BUCKET_TEST(bucket, rename_keeps_the_value)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value;

    put(bucket, "milk", "3");
    value = find_value(bucket, "milk", BUCKET_QUIETLY);
    cr_assert_eq(bucket_rename(bucket, KEY("milk"), KEY("oat"), false), 0);

    cr_assert_null(get(bucket, "milk"));
    cr_assert_str_eq(get(bucket, "oat"), "3");
    value_unref(find_value(bucket, "oat", BUCKET_QUIETLY));
    cr_assert_eq(attributes_of(value).ino, value_inode(value)->number);
    cr_assert_eq(attributes_of(value).nlink, 1);
    cr_assert_eq(stats_of(bucket).keys, 1);
    cr_assert_eq(stats_of(bucket).bytes, 1);
    value_unref(value);
}

BUCKET_TEST(bucket, rename_replaces_what_is_called_so)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *replaced;
    struct value *value;

    put(bucket, "milk", "3");
    put(bucket, "oat", "1234");
    value = find_value(bucket, "milk", BUCKET_QUIETLY);
    replaced = find_value(bucket, "oat", BUCKET_REMEMBER);
    cr_assert_eq(bucket_rename(bucket, KEY("milk"), KEY("oat"), false), 0);

    cr_assert_null(get(bucket, "milk"));
    cr_assert_str_eq(get(bucket, "oat"), "3");
    cr_assert_eq(stats_of(bucket).keys, 1);
    cr_assert_eq(stats_of(bucket).bytes, 1);
    cr_assert_eq(attributes_of(value).nlink, 1);
    cr_assert_eq(attributes_of(replaced).nlink, 0);
    cr_assert_eq(attributes_of(replaced).size, 4);
    inode_forget(value_inode(replaced), 1);
    value_unref(replaced);
    value_unref(value);
}

BUCKET_TEST(bucket, rename_onto_itself_changes_nothing)
{
    struct bucket *bucket = bucket_new("shopping");
    struct attributes before;
    int kept;

    put(bucket, "milk", "3");
    before = attributes_of_bucket(bucket);
    kept = store_kept();
    cr_assert_eq(bucket_rename(bucket, KEY("milk"), KEY("milk"), false), 0);
    cr_assert_str_eq(get(bucket, "milk"), "3");
    cr_assert_eq(attributes_of_bucket(bucket).mtime, before.mtime);
    cr_assert_eq(store_kept(), kept);
    cr_assert_eq(bucket_rename(bucket, KEY("milk"), KEY("milk"), true), BUCKET_E_EXISTS);
}

BUCKET_TEST(bucket, rename_leaves_a_target_that_is_to_be_kept)
{
    struct bucket *bucket = bucket_new("shopping");

    put(bucket, "milk", "3");
    put(bucket, "oat", "4");
    cr_assert_eq(bucket_rename(bucket, KEY("milk"), KEY("oat"), true), BUCKET_E_EXISTS);
    cr_assert_str_eq(get(bucket, "milk"), "3");
    cr_assert_str_eq(get(bucket, "oat"), "4");
    cr_assert_eq(bucket_rename(bucket, KEY("milk"), KEY("rye"), true), 0);
    cr_assert_str_eq(get(bucket, "rye"), "3");
}

BUCKET_TEST(bucket, rename_of_a_missing_key_changes_nothing)
{
    struct bucket *bucket = bucket_new("shopping");

    put(bucket, "oat", "4");
    cr_assert_eq(bucket_rename(bucket, KEY("milk"), KEY("oat"), false), BUCKET_E_NOT_FOUND);
    cr_assert_eq(bucket_rename(bucket, KEY("milk"), KEY("oat"), true), BUCKET_E_NOT_FOUND);
    cr_assert_eq(bucket_rename(bucket, KEY("milk"), KEY("milk"), false), BUCKET_E_NOT_FOUND);
    cr_assert_str_eq(get(bucket, "oat"), "4");
}

/* ---- stat ---- */

BUCKET_TEST(bucket, shows_itself_as_a_directory)
{
    struct bucket *bucket = bucket_new("shopping");
    struct attributes attributes;

    put(bucket, "milk", "1234");
    put(bucket, "oat", "12");
    attributes = attributes_of_bucket(bucket);
    cr_assert_eq(attributes.ino, bucket_inode(bucket)->number);
    cr_assert_eq(attributes.mode, (mode_t)S_IFDIR | 0755);
    cr_assert_eq(attributes.uid, 1000);
    cr_assert_eq(attributes.gid, 1001);
    cr_assert_eq(attributes.nlink, 2);
    cr_assert_eq(attributes.size, 2);
    cr_assert_eq(stats_of(bucket).keys, 2);
    cr_assert_eq(stats_of(bucket).bytes, 6);
}

BUCKET_TEST(bucket, knows_its_name_and_parent)
{
    struct bucket *bucket = bucket_new("shopping");

    cr_assert_eq(bucket_name(bucket)->length, 8);
    cr_assert_arr_eq(bucket_name(bucket)->name, "shopping", 8);
    cr_assert_eq(bucket_parent_number(bucket), INODE_ROOT);
    cr_assert_eq(bucket_of_actor(bucket_actor(bucket)), bucket);
    cr_assert_eq(bucket_of_inode(bucket_inode(bucket)), bucket);
}

BUCKET_TEST(bucket, sets_the_attributes_that_are_named_and_no_other)
{
    const struct change_attributes to = {
        .mode = S_IFREG | 01700, .uid = 5, .gid = 6, .atime = 1, .mtime = 2, .ctime = 3};
    struct bucket *bucket = bucket_new("shopping");
    struct attributes before = attributes_of_bucket(bucket);
    struct attributes after;

    cr_assert_eq(bucket_set_attributes(bucket, CHANGE_SET_MODE | CHANGE_SET_GID, &to, &after), 0);
    cr_assert_eq(after.mode, (mode_t)S_IFDIR | 01700);
    cr_assert_eq(after.uid, before.uid);
    cr_assert_eq(after.gid, 6);
    cr_assert_eq(after.atime, before.atime);
    cr_assert_eq(after.mtime, before.mtime);
    cr_assert_geq(after.ctime, before.ctime);

    cr_assert_eq(
        bucket_set_attributes(bucket, CHANGE_SET_ATIME | CHANGE_SET_MTIME | CHANGE_SET_CTIME, &to, &after),
        0);
    cr_assert_eq(after.atime, 1);
    cr_assert_eq(after.mtime, 2);
    cr_assert_eq(after.ctime, 3);
}

/* The kernel's cache of a listing goes by it. */
BUCKET_TEST(bucket, its_mtime_strictly_grows_with_each_change_of_its_names)
{
    struct bucket *bucket = bucket_new("shopping");
    int64_t last = attributes_of_bucket(bucket).mtime;

    for (int i = 0; i < 50; i++) {
        put(bucket, "milk", "3");
        cr_assert_gt(attributes_of_bucket(bucket).mtime, last);
        last = attributes_of_bucket(bucket).mtime;
        put(bucket, "milk", "4");
        (void)get(bucket, "milk");
        cr_assert_eq(attributes_of_bucket(bucket).mtime, last);
        cr_assert_eq(bucket_rename(bucket, KEY("milk"), KEY("oat"), false), 0);
        cr_assert_gt(attributes_of_bucket(bucket).mtime, last);
        last = attributes_of_bucket(bucket).mtime;
        cr_assert_eq(bucket_delete(bucket, KEY("oat")), 0);
        cr_assert_gt(attributes_of_bucket(bucket).mtime, last);
        last = attributes_of_bucket(bucket).mtime;
    }
}

/* Whoever sets it back and then changes a name gets none that was there before. */
BUCKET_TEST(bucket, an_mtime_that_was_set_does_not_let_an_old_one_return)
{
    struct bucket *bucket = bucket_new("shopping");
    const struct change_attributes past = {.mtime = 1};
    struct attributes attributes;
    int64_t last;

    put(bucket, "milk", "3");
    last = attributes_of_bucket(bucket).mtime;
    cr_assert_eq(bucket_set_attributes(bucket, CHANGE_SET_MTIME, &past, &attributes), 0);
    put(bucket, "oat", "3");
    cr_assert_gt(attributes_of_bucket(bucket).mtime, last);
}

/* ---- the end ---- */

static void refuses_every_call(struct bucket *bucket)
{
    struct attributes attributes = {.ino = 12345};
    struct bucket_stats stats;
    struct value *value = NULL;
    struct found found;
    char buffer[8];
    size_t length = 77;

    cr_assert(actor_is_condition(bucket_put(bucket, KEY("milk"), "4", 1)));
    cr_assert(actor_is_condition(bucket_get(bucket, KEY("milk"), buffer, sizeof(buffer), &length)));
    cr_assert(actor_is_condition(bucket_delete(bucket, KEY("milk"))));
    cr_assert(actor_is_condition(bucket_lookup(bucket, KEY("milk"), BUCKET_REMEMBER, &found, &attributes)));
    cr_assert(actor_is_condition(
        bucket_add(bucket, KEY("oat"), &buckets_file, BUCKET_REMEMBER, &value, &attributes)));
    cr_assert(actor_is_condition(bucket_rename(bucket, KEY("milk"), KEY("oat"), false)));
    cr_assert(actor_is_condition(bucket_get_attributes(bucket, &attributes)));
    cr_assert(actor_is_condition(bucket_set_attributes(bucket, CHANGE_SET_UID, &buckets_file, &attributes)));
    cr_assert(actor_is_condition(bucket_get_stats(bucket, &stats)));
    cr_assert(actor_is_condition(bucket_list(bucket, 0, NULL, NULL, NULL)));
    cr_assert(actor_is_condition(bucket_stop_if_empty(bucket)));
    cr_assert_null(value);
    cr_assert_eq(attributes.ino, 12345);
    cr_assert_eq(length, 77);
}

BUCKET_TEST(bucket, after_its_stop_every_call_is_told_so)
{
    struct bucket *bucket = bucket_new("shopping");

    put(bucket, "milk", "3");
    cr_assert_eq(bucket_stop(bucket), 0);
    refuses_every_call(bucket);
    cr_assert_eq(bucket_stop(bucket), ACTOR_E_NOPROC);
    cr_assert_eq(bucket_kill(bucket), ACTOR_E_NOPROC);
}

BUCKET_TEST(bucket, after_its_kill_every_call_is_told_so)
{
    struct bucket *bucket = bucket_new("shopping");

    put(bucket, "milk", "3");
    cr_assert_eq(bucket_kill(bucket), 0);
    refuses_every_call(bucket);
    cr_assert_eq(bucket_stop(bucket), ACTOR_E_NOPROC);
}

BUCKET_TEST(bucket, one_that_holds_keys_is_not_stopped_as_empty)
{
    struct bucket *bucket = bucket_new("shopping");

    put(bucket, "milk", "3");
    cr_assert_eq(bucket_stop_if_empty(bucket), BUCKET_E_NOT_EMPTY);
    cr_assert_str_eq(get(bucket, "milk"), "3");
    put(bucket, "oat", "4");
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    cr_assert_eq(bucket_delete(bucket, KEY("oat")), 0);
    cr_assert_eq(bucket_stop_if_empty(bucket), 0);
    cr_assert_not(actor_alive(bucket_actor(bucket)));
    cr_assert_eq(bucket_stop_if_empty(bucket), ACTOR_E_NOPROC);
}

struct race {
    struct bucket *bucket;
    struct gate gate;
    int stopped;
};

static int stop_when_empty(void *arg)
{
    struct race *race = arg;

    gate_pass(&race->gate);
    race->stopped = bucket_stop_if_empty(race->bucket);
    return 0;
}

/* A key that was added is there, or its adder was told that it isn't. */
BUCKET_TEST(bucket, stopping_an_empty_one_never_loses_a_key)
{
    int rounds = buckets_called_directly() ? 400 : 100;

    for (int i = 0; i < rounds; i++) {
        struct race race = {.bucket = bucket_new("shopping")};
        struct helper *stopper;
        int rc;

        gate_init(&race.gate);
        stopper = helper_start(stop_when_empty, &race);
        cr_assert(gate_await(&race.gate, 1));
        gate_open(&race.gate);
        rc = bucket_put(race.bucket, KEY("milk"), "3", 1);
        cr_assert_eq(helper_join(stopper), 0);

        if (rc == 0) {
            cr_assert_eq(race.stopped, BUCKET_E_NOT_EMPTY);
            cr_assert_str_eq(get(race.bucket, "milk"), "3");
        } else {
            cr_assert(rc == BUCKET_E_NOT_FOUND || actor_is_condition(rc));
            cr_assert_eq(race.stopped, 0);
        }
        gate_deinit(&race.gate);
    }
}
