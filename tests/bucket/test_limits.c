/*
 * The limits of a mount and of a bucket: what reaches one is refused, whole or
 * from where it is reached; nothing is lost, and what goes can be used again.
 */
#include "bucket/bytes.h"
#include "lib/buckets.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define UNIT ((size_t)256 << 10)
#define UNIT_PAGES (UNIT / USAGE_PAGE)
#define GIB (UINT64_C(1) << 30)
#define THREADS 6
#define ROUNDS 300

static char *letters; /* 8 units of them */

static char letter_at(size_t i)
{
    return (char)('a' + i % 23);
}

static void make_letters(void)
{
    letters = malloc(8 * UNIT);
    cr_assert(letters);
    for (size_t i = 0; i < 8 * UNIT; i++)
        letters[i] = letter_at(i);
}

static void free_letters(void)
{
    free(letters);
}

TestSuite(limits, .init = make_letters, .fini = free_letters);

/* ---- shorthand ---- */

static void limit_mount(uint64_t pages, uint64_t count)
{
    buckets_environment()->pages.max = pages;
    buckets_environment()->inodes.max = count;
}

static uint64_t pages_used(void)
{
    return limit_used(&buckets_environment()->pages);
}

static uint64_t inodes_used(void)
{
    return limit_used(&buckets_environment()->inodes);
}

static void limit_bucket(struct bucket *bucket, uint64_t bytes, uint64_t keys)
{
    const struct change_attributes to = {.max_bytes = bytes, .max_keys = keys};
    struct attributes attributes;

    cr_assert_eq(bucket_set_attributes(bucket, CHANGE_SET_MAX_BYTES | CHANGE_SET_MAX_KEYS, &to, &attributes), 0);
}

static int put_letters(struct bucket *bucket, const char *name, size_t length)
{
    return bucket_put(bucket, KEY(name), letters, length);
}

static int write_letters(struct value *value, uint64_t offset, size_t length, size_t *ret_written)
{
    return value_write_some(value, offset, letters + offset, length, 0, ret_written);
}

static bool holds_letters(struct value *value, size_t length)
{
    char *buffer = malloc(8 * UNIT);
    size_t got;
    bool same;

    cr_assert(buffer);
    cr_assert_eq(value_read(value, 0, buffer, 8 * UNIT, &got), 0);
    same = got == length && memcmp(buffer, letters, length) == 0;
    free(buffer);
    return same;
}

static int resize(struct value *value, uint64_t size)
{
    const struct change_attributes to = {.size = size};
    struct attributes attributes;

    return value_set_attributes(value, CHANGE_SET_SIZE, &to, &attributes);
}

static int add(struct bucket *bucket, const char *name)
{
    struct attributes attributes;
    struct value *value;
    int rc = bucket_add(bucket, KEY(name), &buckets_file, BUCKET_QUIETLY, &value, &attributes);

    if (rc == 0)
        value_unref(value);
    return rc;
}

static int link_to(struct bucket *bucket, const char *name, const char *of)
{
    struct value *value = find_value(bucket, of, BUCKET_QUIETLY);
    struct attributes attributes;
    int rc = bucket_link_value(bucket, KEY(name), value, BUCKET_QUIETLY, &attributes);

    value_unref(value);
    return rc;
}

static int make_bucket(struct bucket *parent, const char *name)
{
    struct actor *actor;
    int rc = registry_create(buckets_parent(parent), NAME(name), NULL, &actor);

    if (rc == 0)
        actor_unref(actor);
    return rc;
}

static void set_permanent(struct bucket *bucket)
{
    const struct key *key = bucket_name(bucket);
    const struct child_name name = {key->name, key->length};

    cr_assert_eq(registry_set_policy(bucket_supervisor(bucket), &name, bucket_actor(bucket), RESTART_PERMANENT), 0);
}

/* ---- the memory of a mount ---- */

BUCKET_TEST(limits, a_write_fills_what_is_left_and_the_next_is_refused)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);
    size_t written = 7;

    limit_mount(3 * UNIT_PAGES, 0);
    cr_assert_eq(write_letters(value, 0, UNIT, &written), 0);
    cr_assert_eq(written, UNIT);
    cr_assert_eq(write_letters(value, UNIT, 5 * UNIT, &written), 0);
    cr_assert_eq(written, 2 * UNIT);
    cr_assert_eq(pages_used(), 3 * UNIT_PAGES);
    cr_assert_eq(write_letters(value, 3 * UNIT, 1, &written), BUCKET_E_FULL);
    cr_assert_eq(written, 2 * UNIT);
    cr_assert(holds_letters(value, 3 * UNIT));
    value_unref(value);
}

BUCKET_TEST(limits, a_write_of_all_or_nothing_is_refused_whole)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);

    limit_mount(UNIT_PAGES, 0);
    put(bucket, "oat", "old");
    cr_assert_eq(value_write(value, 0, letters, 2 * UNIT, 0), BUCKET_E_FULL);
    cr_assert_eq(attributes_of(value).size, 0);
    cr_assert_eq(put_letters(bucket, "oat", 2 * UNIT), BUCKET_E_FULL);
    cr_assert_str_eq(get(bucket, "oat"), "old");
    cr_assert_eq(put_letters(bucket, "rye", 2 * UNIT), BUCKET_E_FULL);
    cr_assert_null(get(bucket, "rye"));
    cr_assert_eq(inodes_used(), 3);
    value_unref(value);
}

BUCKET_TEST(limits, what_is_there_is_overwritten_when_all_is_full)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value;
    size_t written;

    limit_mount(2 * UNIT_PAGES, 0);
    cr_assert_eq(put_letters(bucket, "milk", 2 * UNIT), 0);
    value = find_value(bucket, "milk", BUCKET_QUIETLY);
    cr_assert_eq(value_write(value, 3, "XY", 2, 0), 0);
    cr_assert_eq(value_write_some(value, 2 * UNIT - 2, "1234", 4, 0, &written), 0);
    cr_assert_eq(written, 2);
    cr_assert_eq(attributes_of(value).size, 2 * UNIT);
    cr_assert_eq(put_letters(bucket, "milk", UNIT), 0);
    cr_assert_eq(pages_used(), UNIT_PAGES);
    value_unref(value);
}

BUCKET_TEST(limits, a_hole_costs_nothing_until_it_is_filled)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);
    size_t written;

    limit_mount(UNIT_PAGES, 0);
    cr_assert_eq(resize(value, GIB), 0);
    cr_assert_eq(pages_used(), 0);
    cr_assert_eq(value_write_some(value, GIB / 2, letters, UNIT, 0, &written), 0);
    cr_assert_eq(pages_used(), UNIT_PAGES);
    cr_assert_eq(value_write_some(value, 0, letters, 1, 0, &written), BUCKET_E_FULL);
    cr_assert_eq(attributes_of(value).size, GIB);
    cr_assert_eq(resize(value, 2 * GIB), 0);
    value_unref(value);
}

BUCKET_TEST(limits, what_is_allocated_counts_until_it_is_punched)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);

    limit_mount(UNIT_PAGES, 0);
    cr_assert_eq(value_allocate(value, CHANGE_ALLOCATE, 0, UNIT + 1, 0), BUCKET_E_FULL);
    cr_assert_eq(value_allocate(value, CHANGE_ALLOCATE, 0, UINT64_C(1) << 62, CHANGE_SET_SIZE), BUCKET_E_FULL);
    cr_assert_eq(value_allocate(value, CHANGE_ZERO, UNIT - 1, UNIT, CHANGE_SET_SIZE), BUCKET_E_FULL);
    cr_assert_eq(pages_used(), 0);
    cr_assert_eq(attributes_of(value).size, 0);
    cr_assert_eq(value_allocate(value, CHANGE_ALLOCATE, 0, UNIT, 0), 0);
    cr_assert_eq(pages_used(), UNIT_PAGES);
    cr_assert_eq(put_letters(bucket, "oat", 1), BUCKET_E_FULL);
    cr_assert_eq(value_write(value, 100, letters, UNIT - 100, 0), 0);
    cr_assert_eq(value_allocate(value, CHANGE_ZERO, 0, UNIT, 0), 0);
    cr_assert_eq(value_allocate(value, CHANGE_PUNCH, USAGE_PAGE - 1, USAGE_PAGE + 1, 0), 0);
    cr_assert_eq(pages_used(), UNIT_PAGES - 1);
    cr_assert_eq(put_letters(bucket, "oat", 1), 0);
    cr_assert_eq(value_allocate(value, CHANGE_PUNCH, 0, INT64_MAX, 0), 0);
    cr_assert_eq(pages_used(), 1);
    value_unref(value);
}

BUCKET_TEST(limits, a_symlink_counts_pages_only_if_its_target_is_long)
{
    static const struct change_attributes symlink = {.mode = S_IFLNK | 0777};
    struct bucket *bucket = bucket_new("shopping");
    struct attributes attributes;
    struct value *value;

    limit_mount(1, 0);
    for (size_t length = 100; length <= 200; length += 100) {
        cr_assert_eq(bucket_add_symlink(bucket, length == 100 ? KEY("short") : KEY("long"), letters, length, &symlink,
                                        BUCKET_QUIETLY, &value, &attributes),
                     0);
        cr_assert_eq(pages_used(), length == 200);
        value_unref(value);
    }
    cr_assert_eq(bucket_delete(bucket, KEY("short")), 0);
    cr_assert_eq(bucket_delete(bucket, KEY("long")), 0);
    cr_assert_eq(pages_used(), 0);
}

BUCKET_TEST(limits, a_bucket_takes_so_many_bytes_that_are_allocated)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);

    limit_bucket(bucket, UNIT, 0);
    cr_assert_eq(value_allocate(value, CHANGE_ALLOCATE, 0, UNIT + 1, CHANGE_SET_SIZE), BUCKET_E_QUOTA);
    cr_assert_eq(value_allocate(value, CHANGE_ALLOCATE, 0, UNIT, CHANGE_SET_SIZE), 0);
    cr_assert_eq(stats_of(bucket).bytes_held, UNIT);
    cr_assert_eq(value_allocate(value, CHANGE_PUNCH, 0, UNIT, 0), 0);
    cr_assert_eq(stats_of(bucket).bytes_held, 0);
    value_unref(value);
}

BUCKET_TEST(limits, what_is_cut_or_removed_can_be_used_again_at_once)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value;

    limit_mount(2 * UNIT_PAGES, 0);
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(put_letters(bucket, "milk", 2 * UNIT), 0);
        cr_assert_eq(put_letters(bucket, "oat", UNIT), BUCKET_E_FULL);
        value = find_value(bucket, "milk", BUCKET_QUIETLY);
        cr_assert_eq(resize(value, UNIT), 0);
        value_unref(value);
        cr_assert_eq(put_letters(bucket, "oat", UNIT), 0);
        cr_assert_eq(bucket_rename(bucket, KEY("oat"), KEY("milk"), false), 0);
        cr_assert_eq(pages_used(), UNIT_PAGES);
        cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
        cr_assert_eq(pages_used(), 0);
        cr_assert_eq(inodes_used(), 1);
    }
}

BUCKET_TEST(limits, a_value_without_a_name_counts_until_it_is_forgotten)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_REMEMBER);

    limit_mount(2 * UNIT_PAGES, 2);
    cr_assert_eq(value_write(value, 0, letters, UNIT, 0), 0);
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    cr_assert_eq(value_write(value, 0, letters, 2 * UNIT, 0), 0);
    cr_assert_eq(pages_used(), 2 * UNIT_PAGES);
    cr_assert_eq(add(bucket, "oat"), BUCKET_E_FULL);
    cr_assert_eq(stats_of(bucket).bytes, 0);
    cr_assert_eq(stats_of(bucket).bytes_held, 2 * UNIT);
    value_unref(value);
    cr_assert_eq(pages_used(), 2 * UNIT_PAGES);
    inode_forget(value_inode(value), 1);
    cr_assert_eq(pages_used(), 0);
    cr_assert_eq(stats_of(bucket).bytes_held, 0);
    cr_assert_eq(add(bucket, "oat"), 0);
}

BUCKET_TEST(limits, what_the_store_refuses_counts_nothing)
{
    struct bucket *bucket = bucket_new("shopping");

    cr_assert_eq(put_letters(bucket, "milk", UNIT), 0);
    store_refuse(0, -EIO);
    cr_assert_eq(put_letters(bucket, "oat", UNIT), -EIO);
    cr_assert_eq(put_letters(bucket, "milk", 5 * UNIT), -EIO);
    cr_assert_eq(link_to(bucket, "rye", "milk"), -EIO);
    store_refuse(0, 0);
    cr_assert_eq(inodes_used(), 2);
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    cr_assert_eq(pages_used(), 0);
}

BUCKET_TEST(limits, what_a_bucket_held_can_be_used_when_it_has_ended)
{
    struct bucket *bucket = bucket_in(NULL, "shopping");

    limit_mount(2 * UNIT_PAGES, 5);
    cr_assert_eq(put_letters(bucket, "milk", 2 * UNIT), 0);
    cr_assert_eq(link_to(bucket, "oat", "milk"), 0);
    cr_assert_eq(make_bucket(bucket, "list"), 0);
    cr_assert_eq(bucket_kill(bucket), 0);
    cr_assert(buckets_await_ended(2));
    cr_assert_eq(pages_used(), 0);
    cr_assert_eq(inodes_used(), 0);
}

/* ---- the inodes of a mount ---- */

BUCKET_TEST(limits, values_buckets_and_further_names_are_inodes)
{
    struct bucket *bucket = bucket_in(NULL, "shopping");

    limit_mount(0, 5);
    cr_assert_eq(add(bucket, "milk"), 0);
    cr_assert_eq(link_to(bucket, "oat", "milk"), 0);
    cr_assert_eq(make_bucket(bucket, "list"), 0);
    put(bucket, "rye", "3");
    cr_assert_eq(inodes_used(), 5);
    cr_assert_eq(add(bucket, "salt"), BUCKET_E_FULL);
    cr_assert_eq(bucket_put(bucket, KEY("salt"), "3", 1), BUCKET_E_FULL);
    cr_assert_eq(link_to(bucket, "salt", "milk"), BUCKET_E_FULL);
    cr_assert_eq(make_bucket(bucket, "salt"), BUCKET_E_FULL);
    cr_assert_eq(make_bucket(NULL, "salt"), BUCKET_E_FULL);
    cr_assert_null(get(bucket, "salt"));
    cr_assert_null(bucket_called(bucket, "salt"));
    cr_assert_null(bucket_called(NULL, "salt"));
    cr_assert_eq(inodes_used(), 5);
    put(bucket, "rye", "4 is written as before");
}

BUCKET_TEST(limits, an_inode_is_free_when_its_name_has_gone)
{
    struct bucket *bucket = bucket_in(NULL, "shopping");

    limit_mount(0, 3);
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(add(bucket, "milk"), 0);
        cr_assert_eq(link_to(bucket, "oat", "milk"), 0);
        cr_assert_eq(add(bucket, "rye"), BUCKET_E_FULL);
        cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
        cr_assert_eq(make_bucket(bucket, "list"), 0);
        cr_assert_eq(add(bucket, "rye"), BUCKET_E_FULL);
        cr_assert_eq(registry_remove(buckets_parent(bucket), NAME("list")), 0);
        cr_assert(buckets_await_ended(i + 1));
        cr_assert_eq(bucket_delete(bucket, KEY("oat")), 0);
        cr_assert_eq(inodes_used(), 1);
    }
}

BUCKET_TEST(limits, the_first_name_of_a_value_without_one_is_no_further_inode)
{
    struct bucket *bucket = bucket_new("shopping");
    struct attributes attributes;
    struct value *value;

    limit_mount(0, 2);
    cr_assert_eq(bucket_add_nameless(bucket, &buckets_file, BUCKET_QUIETLY, &value, &attributes), 0);
    cr_assert_eq(inodes_used(), 2);
    cr_assert_eq(bucket_link_value(bucket, KEY("milk"), value, BUCKET_QUIETLY, &attributes), 0);
    cr_assert_eq(inodes_used(), 2);
    cr_assert_eq(bucket_link_value(bucket, KEY("oat"), value, BUCKET_QUIETLY, &attributes), BUCKET_E_FULL);
    value_unref(value);
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    cr_assert_eq(inodes_used(), 1);
    cr_assert_eq(bucket_add_nameless(bucket, &buckets_file, BUCKET_QUIETLY, &value, &attributes), 0);
    cr_assert_eq(add(bucket, "rye"), BUCKET_E_FULL);
    value_unref(value);
    cr_assert_eq(inodes_used(), 1);
}

BUCKET_TEST(limits, a_name_changes_when_every_inode_is_used)
{
    struct bucket *bucket = bucket_new("shopping");

    limit_mount(0, 4);
    put(bucket, "milk", "3");
    put(bucket, "oat", "4");
    cr_assert_eq(link_to(bucket, "rye", "milk"), 0);
    cr_assert_eq(bucket_rename(bucket, KEY("rye"), KEY("salt"), false), 0);
    cr_assert_eq(inodes_used(), 4);
    cr_assert_eq(bucket_rename(bucket, KEY("oat"), KEY("salt"), false), 0);
    cr_assert_eq(inodes_used(), 3);
    cr_assert_eq(bucket_rename(bucket, KEY("salt"), KEY("milk"), false), 0);
    cr_assert_eq(inodes_used(), 2);
    cr_assert_str_eq(get(bucket, "milk"), "4");
}

BUCKET_TEST(limits, a_bucket_is_started_again_when_every_inode_is_used)
{
    struct bucket *a = bucket_in(NULL, "a");

    set_permanent(a);
    buckets_keep_ended();
    limit_mount(0, 2);
    put(a, "milk", "3");
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(bucket_kill(bucket_called(NULL, "a")), 0);
        cr_assert(bucket_called(NULL, "a"));
        cr_assert_eq(inodes_used(), 2);
    }
    cr_assert_eq(bucket_put(bucket_called(NULL, "a"), KEY("milk"), "3", 1), BUCKET_E_FULL);
}

/* ---- the limits of a bucket ---- */

BUCKET_TEST(limits, a_bucket_takes_so_many_bytes)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);
    size_t written;

    limit_bucket(bucket, 1000, 0);
    put(bucket, "oat", "0123456789");
    cr_assert_eq(write_letters(value, 0, 500, &written), 0);
    cr_assert_eq(write_letters(value, 500, 5000, &written), 0);
    cr_assert_eq(written, 490);
    cr_assert_eq(write_letters(value, 990, 1, &written), BUCKET_E_QUOTA);
    cr_assert(holds_letters(value, 990));
    cr_assert_eq(bucket_put(bucket, KEY("oat"), "0123456789A", 11), BUCKET_E_QUOTA);
    cr_assert_eq(bucket_put(bucket, KEY("rye"), "3", 1), BUCKET_E_QUOTA);
    cr_assert_str_eq(get(bucket, "oat"), "0123456789");
    cr_assert_eq(stats_of(bucket).bytes_held, 1000);
    cr_assert_eq(add(bucket, "empty"), 0);
    cr_assert_eq(bucket_delete(bucket, KEY("oat")), 0);
    put(bucket, "rye", "0123456789");
    value_unref(value);
}

BUCKET_TEST(limits, of_a_bucket_count_what_is_allocated_behind_a_value)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);
    size_t written;

    limit_bucket(bucket, 10000, 0);
    cr_assert_eq(value_allocate(value, CHANGE_ALLOCATE, 0, 8192, 0), 0);
    cr_assert_eq(attributes_of(value).size, 0);
    cr_assert_eq(stats_of(bucket).bytes_held, 8192);
    cr_assert_eq(value_allocate(value, CHANGE_ALLOCATE, 8192, 4096, 0), BUCKET_E_QUOTA);
    cr_assert_eq(write_letters(value, 0, 5000, &written), 0);
    cr_assert_eq(stats_of(bucket).bytes_held, 5000);
    cr_assert_eq(write_letters(value, 5000, 9000, &written), 0);
    cr_assert_eq(written, 5000);
    cr_assert_eq(resize(value, 10), 0);
    cr_assert_eq(stats_of(bucket).bytes_held, 10);
    value_unref(value);
}

BUCKET_TEST(limits, of_a_bucket_are_not_those_of_what_is_in_it)
{
    struct bucket *bucket = bucket_in(NULL, "shopping");
    struct bucket *inner;

    limit_bucket(bucket, 10, 1);
    cr_assert_eq(make_bucket(bucket, "list"), 0);
    cr_assert_eq(make_bucket(bucket, "other"), 0);
    inner = bucket_called(bucket, "list");
    cr_assert_eq(stats_of(inner).max_bytes, 0);
    cr_assert_eq(put_letters(inner, "milk", UNIT), 0);
    put(inner, "oat", "4");
    put(bucket, "milk", "0123456789");
    cr_assert_eq(put_letters(bucket, "milk", 11), BUCKET_E_QUOTA);
}

BUCKET_TEST(limits, a_bucket_takes_so_many_keys)
{
    struct bucket *bucket = bucket_in(NULL, "shopping");

    limit_bucket(bucket, 0, 2);
    put(bucket, "milk", "3");
    cr_assert_eq(link_to(bucket, "oat", "milk"), 0);
    cr_assert_eq(add(bucket, "rye"), BUCKET_E_QUOTA);
    cr_assert_eq(link_to(bucket, "rye", "milk"), BUCKET_E_QUOTA);
    cr_assert_eq(bucket_put(bucket, KEY("rye"), "3", 1), BUCKET_E_QUOTA);
    cr_assert_eq(bucket_rename(bucket, KEY("oat"), KEY("rye"), false), 0);
    put(bucket, "milk", "4");
    cr_assert_eq(bucket_delete(bucket, KEY("rye")), 0);
    put(bucket, "oat", "4");
    cr_assert_eq(inodes_used(), 3);
}

BUCKET_TEST(limits, below_what_is_there_keep_it_and_refuse_more)
{
    struct bucket *bucket = bucket_new("shopping");

    put(bucket, "milk", "0123456789");
    put(bucket, "oat", "0123456789");
    limit_bucket(bucket, 5, 1);
    cr_assert_eq(stats_of(bucket).max_bytes, 5);
    cr_assert_eq(stats_of(bucket).max_keys, 1);
    cr_assert_str_eq(get(bucket, "milk"), "0123456789");
    cr_assert_eq(bucket_put(bucket, KEY("rye"), "3", 1), BUCKET_E_QUOTA);
    cr_assert_eq(bucket_put(bucket, KEY("milk"), "0123456789A", 11), BUCKET_E_QUOTA);
    put(bucket, "milk", "ABCDEFGHIJ");
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    put(bucket, "oat", "01234");
    cr_assert_eq(bucket_put(bucket, KEY("oat"), "012345", 6), BUCKET_E_QUOTA);
    limit_bucket(bucket, 0, 0);
    put(bucket, "milk", "0123456789");
}

BUCKET_TEST(limits, are_set_by_a_change_that_the_store_is_given)
{
    struct bucket *bucket = bucket_new("shopping");

    limit_bucket(bucket, 7, 8);
    cr_assert_eq(store_last()->kind, CHANGE_SET);
    cr_assert_eq(store_last()->ino, bucket_inode(bucket)->number);
    cr_assert_eq(store_last()->set, CHANGE_SET_MAX_BYTES | CHANGE_SET_MAX_KEYS);
    cr_assert_eq(store_last()->attributes.max_bytes, 7);
    cr_assert_eq(store_last()->attributes.max_keys, 8);
}

BUCKET_TEST(limits, are_inherited_by_one_that_is_started_again)
{
    struct bucket *bucket = bucket_in(NULL, "shopping");

    set_permanent(bucket);
    limit_bucket(bucket, 10, 1);
    put(bucket, "milk", "0123456789");
    cr_assert_eq(bucket_kill(bucket), 0);
    bucket = bucket_called(NULL, "shopping");
    cr_assert_eq(stats_of(bucket).max_bytes, 10);
    cr_assert_eq(stats_of(bucket).max_keys, 1);
    cr_assert_eq(stats_of(bucket).bytes_held, 0);
    put(bucket, "oat", "0123456789");
    cr_assert_eq(put_letters(bucket, "oat", 11), BUCKET_E_QUOTA);
}

BUCKET_TEST(limits, of_the_mount_stop_a_write_that_the_bucket_would_take)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);
    size_t written;

    limit_mount(UNIT_PAGES, 0);
    limit_bucket(bucket, UNIT + 10, 0);
    cr_assert_eq(write_letters(value, 0, 2 * UNIT, &written), 0);
    cr_assert_eq(written, UNIT);
    cr_assert_eq(write_letters(value, UNIT, 1, &written), BUCKET_E_FULL);
    limit_mount(2 * UNIT_PAGES, 0);
    cr_assert_eq(write_letters(value, UNIT, UNIT, &written), 0);
    cr_assert_eq(written, 10);
    cr_assert_eq(write_letters(value, UNIT + 10, 1, &written), BUCKET_E_QUOTA);
    value_unref(value);
}

/* ---- from one bucket to another ---- */

static int move(struct bucket *from, const char *name, struct bucket *to, const char *to_name, unsigned flags)
{
    const struct bucket_end from_end = {bucket_actor(from), KEY(name)};
    const struct bucket_end to_end = {bucket_actor(to), KEY(to_name)};
    struct bucket_moved moved;
    int rc = bucket_move(buckets_environment(), &from_end, &to_end, flags, &moved);

    if (moved.there)
        actor_unref(bucket_actor(moved.there));
    return rc;
}

BUCKET_TEST(limits, a_value_that_is_moved_counts_where_it_goes)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(NULL, "b");

    put(a, "milk", "0123456789");
    put(a, "oat", "0123456789");
    limit_bucket(b, 15, 1);
    cr_assert_eq(move(a, "milk", b, "milk", 0), 0);
    cr_assert_eq(stats_of(a).bytes_held, 10);
    cr_assert_eq(stats_of(b).bytes_held, 10);
    cr_assert_eq(move(a, "oat", b, "oat", 0), BUCKET_E_QUOTA);
    cr_assert_eq(move(a, "oat", b, "milk", 0), BUCKET_E_QUOTA);
    limit_bucket(b, 20, 1);
    cr_assert_eq(move(a, "oat", b, "oat", 0), BUCKET_E_QUOTA);
    cr_assert_str_eq(get(a, "oat"), "0123456789");
    cr_assert_eq(stats_of(a).bytes_held, 10);
    cr_assert_eq(stats_of(b).bytes_held, 10);
    cr_assert_eq(move(a, "oat", b, "milk", BUCKET_MOVE_EXCHANGE), 0);
    cr_assert_eq(move(a, "oat", b, "milk", 0), 0);
    cr_assert_eq(stats_of(a).bytes_held, 0);
    cr_assert_eq(stats_of(b).bytes_held, 10);
    cr_assert_eq(inodes_used(), 3);
    store_refuse(0, -EIO);
    cr_assert_eq(move(b, "milk", a, "milk", 0), -EIO);
    store_refuse(0, 0);
    cr_assert_eq(stats_of(a).bytes_held, 0);
}

BUCKET_TEST(limits, a_bucket_that_is_moved_is_no_key)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(NULL, "b");

    put(a, "milk", "0123456789");
    put(b, "milk", "3");
    limit_bucket(b, 1, 1);
    cr_assert_eq(make_bucket(a, "list"), 0);
    put(bucket_called(a, "list"), "milk", "0123456789");
    cr_assert_eq(move(a, "list", b, "list", 0), 0);
    cr_assert_eq(stats_of(b).bytes_held, 1);
}

/* ---- many at once ---- */

struct writer {
    struct bucket *bucket;
    unsigned seed;
    int bad; /* the first answer that no client can be given */
    bool exceeded;
};

static void look_at_counters(struct writer *writer)
{
    const struct bucket_environment *environment = buckets_environment();

    if (limit_used(&environment->pages) > environment->pages.max ||
        limit_used(&environment->inodes) > environment->inodes.max)
        writer->exceeded = true;
}

static int write_or_cut(struct writer *writer, const char *name)
{
    size_t length = (size_t)rand_r(&writer->seed) % (2 * UNIT);
    struct attributes attributes;
    struct found found;
    size_t written;
    int rc = bucket_lookup(writer->bucket, KEY(name), BUCKET_REMEMBER, &found, &attributes);

    if (rc != 0)
        return rc;
    if (rand_r(&writer->seed) % 4 == 0)
        (void)bucket_delete(writer->bucket, KEY(name));
    if (rand_r(&writer->seed) % 3 == 0)
        rc = resize(found.value, length);
    else
        rc = value_write_some(found.value, (uint64_t)rand_r(&writer->seed) % UNIT, letters, length, 0, &written);
    inode_forget(value_inode(found.value), 1);
    value_unref(found.value);
    return rc;
}

static int do_something(struct writer *writer)
{
    const char name[] = {(char)('a' + rand_r(&writer->seed) % 8), '\0'};
    const char other[] = {(char)('a' + rand_r(&writer->seed) % 8), '\0'};

    switch (rand_r(&writer->seed) % 6) {
    case 0:
        return add(writer->bucket, name);
    case 1:
        return bucket_delete(writer->bucket, KEY(name));
    case 2:
        return bucket_rename(writer->bucket, KEY(name), KEY(other), false);
    case 3:
        return put_letters(writer->bucket, name, (size_t)rand_r(&writer->seed) % (2 * UNIT));
    default:
        return write_or_cut(writer, name);
    }
}

static bool is_answer(int rc)
{
    return rc == 0 || rc == BUCKET_E_NOT_FOUND || rc == BUCKET_E_EXISTS || rc == BUCKET_E_FULL || rc == BUCKET_E_QUOTA;
}

static void *write_much(void *arg)
{
    struct writer *writer = arg;

    for (int i = 0; i < ROUNDS; i++) {
        int rc = do_something(writer);

        if (!is_answer(rc) && writer->bad == 0)
            writer->bad = rc;
        look_at_counters(writer);
    }
    return NULL;
}

BUCKET_TEST(limits, are_never_exceeded_by_many_writers_and_all_comes_back)
{
    struct bucket *buckets[] = {bucket_new("a"), bucket_new("b")};
    struct writer writers[THREADS];
    pthread_t threads[THREADS];

    limit_mount(6 * UNIT_PAGES, 10);
    limit_bucket(buckets[0], 3 * UNIT + 17, 5);
    for (unsigned i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){.bucket = buckets[i % 2], .seed = i};
        cr_assert_eq(pthread_create(&threads[i], NULL, write_much, &writers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(writers[i].bad, 0, "%d", writers[i].bad);
        cr_assert_not(writers[i].exceeded);
    }
    for (char name = 'a'; name < 'i'; name++) {
        (void)bucket_delete(buckets[0], &(struct key){&name, 1});
        (void)bucket_delete(buckets[1], &(struct key){&name, 1});
    }
    cr_assert_eq(pages_used(), 0);
    cr_assert_eq(inodes_used(), 2);
    cr_assert_eq(stats_of(buckets[0]).bytes_held, 0);
    cr_assert_eq(stats_of(buckets[1]).bytes_held, 0);
}
