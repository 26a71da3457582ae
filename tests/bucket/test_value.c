/*
 * What is done with a value by itself: its bytes and attributes, its life
 * without a name, and after its bucket's end.
 */
#include "bucket/bucket.h"

#include "base/clock.h"
#include "bucket/bucket_internal.h"
#include "lib/buckets.h"

#include <stdlib.h>

#define KIB (UINT64_C(1) << 10)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

static struct bucket *bucket;
static struct value *value;

static void with_milk(enum bucket_remember remember)
{
    bucket = bucket_new("shopping");
    value = add_value(bucket, "milk", remember);
}

static void write_text(uint64_t offset, const char *text)
{
    cr_assert_eq(value_write(value, offset, text, strlen(text), 0), 0);
}

/* The `length` bytes at `offset` are `byte`. */
static bool is_all(uint64_t offset, char byte, size_t length)
{
    char *buffer = malloc(length);
    size_t got;
    bool same;

    cr_assert_eq(value_read(value, offset, buffer, length, &got), 0);
    same = got == length;
    for (size_t i = 0; same && i < length; i++)
        same = buffer[i] == byte;
    free(buffer);
    return same;
}

static bool is_text(uint64_t offset, const char *text)
{
    char buffer[64];
    size_t length;

    cr_assert_eq(value_read(value, offset, buffer, sizeof(buffer), &length), 0);
    return length == strlen(text) && memcmp(buffer, text, length) == 0;
}

static void resize(uint64_t size)
{
    const struct change_attributes to = {.size = size};
    struct attributes attributes;

    cr_assert_eq(value_set_attributes(value, CHANGE_SET_SIZE, &to, &attributes), 0);
    cr_assert_eq(attributes.size, size);
}

/* ---- times ---- */

BUCKET_TEST(value, has_a_later_time_after_each_change)
{
    const struct change_attributes to = {.mode = 0600, .mtime = 5};
    struct attributes before;
    struct attributes after;

    with_milk(BUCKET_QUIETLY);
    cr_assert_eq(value_get_attributes(value, &after), 0);
    for (int i = 0; i < 100; i++) {
        before = after;
        write_text(0, "x");
        cr_assert_eq(value_get_attributes(value, &after), 0);
        cr_assert_gt(after.mtime, before.mtime);
        cr_assert_eq(after.ctime, after.mtime);
        before = after;
        cr_assert_eq(value_set_attributes(value, CHANGE_SET_MODE, &to, &after), 0);
        cr_assert_gt(after.ctime, before.ctime);
        cr_assert_eq(after.mtime, before.mtime);
        before = after;
        cr_assert_eq(value_set_attributes(value, CHANGE_SET_MTIME_NOW, &to, &after), 0);
        cr_assert_gt(after.mtime, before.ctime);
        cr_assert_eq(after.ctime, after.mtime);
    }
    value_unref(value);
}

/* ---- bytes ---- */

BUCKET_TEST(value, is_written_and_read_at_offsets)
{
    with_milk(BUCKET_QUIETLY);
    write_text(0, "hello");
    write_text(5, " world");
    write_text(0, "J");
    cr_assert(is_text(0, "Jello world"));
    cr_assert(is_text(6, "world"));
    cr_assert(is_text(11, ""));
    cr_assert(is_text(TIB * 1000, ""));
    cr_assert_str_eq(get(bucket, "milk"), "Jello world");
    value_unref(value);
}

BUCKET_TEST(value, has_zeros_where_nothing_was_written)
{
    with_milk(BUCKET_QUIETLY);
    write_text(1000, "x");
    cr_assert(is_all(0, '\0', 1000));
    cr_assert(is_text(1000, "x"));
    write_text(0, "y");
    cr_assert(is_all(1, '\0', 999));
    value_unref(value);
}

BUCKET_TEST(value, truncated_down_and_up_shows_zeros)
{
    with_milk(BUCKET_QUIETLY);
    write_text(0, "milk and honey");
    resize(4);
    cr_assert(is_text(0, "milk"));
    resize(14);
    cr_assert(is_all(4, '\0', 10));
    resize(0);
    resize(600 * KIB);
    cr_assert(is_all(0, '\0', 600 * KIB));
    value_unref(value);
}

BUCKET_TEST(value, goes_beyond_a_block_and_across_extents)
{
    const size_t chunk = 100 * KIB;
    char *bytes = malloc(chunk);

    with_milk(BUCKET_QUIETLY);
    for (uint64_t i = 0; i < 8; i++) {
        memset(bytes, 'a' + (int)i, chunk);
        cr_assert_eq(value_write(value, i * chunk, bytes, chunk, 0), 0);
    }
    for (uint64_t i = 0; i < 8; i++)
        cr_assert(is_all(i * chunk, (char)('a' + (int)i), chunk));
    cr_assert_eq(attributes_of(value).size, 8 * chunk);
    cr_assert_eq(stats_of(bucket).bytes, 8 * chunk);
    free(bytes);
    value_unref(value);
}

BUCKET_TEST(value, may_be_sparse)
{
    with_milk(BUCKET_QUIETLY);
    write_text(5 * GIB, "far");
    cr_assert_eq(attributes_of(value).size, 5 * GIB + 3);
    cr_assert_lt(attributes_of(value).allocated, 1024 * KIB);
    cr_assert(is_all(5 * GIB - 100 * KIB, '\0', 100 * KIB));
    cr_assert(is_text(5 * GIB, "far"));
    value_unref(value);
}

BUCKET_TEST(value, beyond_what_an_offset_can_say_is_too_large_and_nothing_has_changed)
{
    const struct change_attributes too_large = {.size = (uint64_t)INT64_MAX + 1, .mode = 0};
    struct attributes attributes = {.ino = 12345};
    struct attributes before;
    int kept;

    with_milk(BUCKET_QUIETLY);
    write_text(0, "milk");
    before = attributes_of(value);
    kept = store_kept();
    cr_assert_eq(value_write(value, INT64_MAX, "x", 1, 0), BUCKET_E_TOO_LARGE);
    cr_assert_eq(value_write(value, INT64_MAX - 1, "xy", 2, 0), BUCKET_E_TOO_LARGE);
    cr_assert_eq(value_write(value, UINT64_MAX, "xy", 2, 0), BUCKET_E_TOO_LARGE);
    cr_assert_eq(value_set_attributes(value, CHANGE_SET_SIZE | CHANGE_SET_MODE, &too_large, &attributes),
                 BUCKET_E_TOO_LARGE);
    cr_assert_eq(attributes.ino, 12345);
    attributes = attributes_of(value);
    cr_assert(same_attributes(&attributes, &before));
    cr_assert(is_text(0, "milk"));
    cr_assert_eq(store_kept(), kept);
    cr_assert_eq(stats_of(bucket).bytes, 4);
    value_unref(value);
}

static void allocate(enum change_kind kind, uint64_t offset, uint64_t length, unsigned set)
{
    cr_assert_eq(value_allocate(value, kind, offset, length, set), 0);
}

/* Where data and a hole are found from `offset` on. */
static bool finds(uint64_t offset, uint64_t data, uint64_t hole)
{
    uint64_t found_data;
    uint64_t found_hole;

    cr_assert_eq(value_find_data(value, offset, &found_data), 0);
    cr_assert_eq(value_find_hole(value, offset, &found_hole), 0);
    return found_data == data && found_hole == hole;
}

BUCKET_TEST(value, has_pages_where_they_were_allocated)
{
    with_milk(BUCKET_QUIETLY);
    write_text(0, "milk");
    allocate(CHANGE_ALLOCATE, 100 * KIB, 10, 0);
    cr_assert_eq(attributes_of(value).size, 4);
    cr_assert_eq(attributes_of(value).allocated, 8 * KIB);
    cr_assert_eq(stats_of(bucket).bytes, 4);
    allocate(CHANGE_ALLOCATE, 100 * KIB, 100, CHANGE_SET_SIZE);
    cr_assert_eq(attributes_of(value).size, 100 * KIB + 100);
    cr_assert_eq(stats_of(bucket).bytes, 100 * KIB + 100);
    allocate(CHANGE_ALLOCATE, 0, 1, CHANGE_SET_SIZE);
    cr_assert_eq(attributes_of(value).size, 100 * KIB + 100);
    cr_assert(is_all(4, '\0', 100 * KIB));
    value_unref(value);
}

/* As in tmpfs. */
BUCKET_TEST(value, has_a_page_as_a_symlink_only_if_its_target_is_long)
{
    static const struct change_attributes symlink = {.mode = S_IFLNK | 0777};
    struct attributes attributes;
    char target[128];

    memset(target, 'x', sizeof(target));
    bucket = bucket_new("shopping");
    cr_assert_eq(bucket_add_symlink(bucket, KEY("short"), target, 127, &symlink, BUCKET_QUIETLY, &value, &attributes), 0);
    cr_assert_eq(attributes.allocated, 0);
    value_unref(value);
    cr_assert_eq(bucket_add_symlink(bucket, KEY("long"), target, 128, &symlink, BUCKET_QUIETLY, &value, &attributes), 0);
    cr_assert_eq(attributes.allocated, 4 * KIB);
    value_unref(value);
}

BUCKET_TEST(value, has_zeros_where_it_was_punched_or_zeroed)
{
    with_milk(BUCKET_QUIETLY);
    for (uint64_t i = 0; i < 100; i++)
        write_text(i * 4 * KIB, "milk");
    allocate(CHANGE_PUNCH, 4 * KIB, 40 * KIB, 0);
    cr_assert(is_all(4 * KIB, '\0', 40 * KIB));
    cr_assert(finds(0, 0, 4 * KIB));
    cr_assert(finds(4 * KIB, 44 * KIB, 4 * KIB));
    cr_assert_eq(attributes_of(value).allocated, 360 * KIB);
    allocate(CHANGE_ZERO, 40 * KIB, 40 * KIB, 0);
    cr_assert(finds(4 * KIB, 80 * KIB, 4 * KIB));
    cr_assert_eq(attributes_of(value).allocated, 364 * KIB);
    allocate(CHANGE_ZERO, 500 * KIB, 12 * KIB, CHANGE_SET_SIZE);
    cr_assert_eq(attributes_of(value).allocated, 376 * KIB);
    cr_assert_eq(attributes_of(value).size, 512 * KIB);
    cr_assert_eq(stats_of(bucket).bytes, 512 * KIB);
    value_unref(value);
}

BUCKET_TEST(value, has_no_data_behind_its_last)
{
    uint64_t found = 77;

    with_milk(BUCKET_QUIETLY);
    cr_assert_eq(value_find_data(value, 0, &found), BUCKET_E_NO_DATA);
    cr_assert_eq(value_find_hole(value, 0, &found), BUCKET_E_NO_DATA);
    write_text(0, "milk");
    cr_assert_eq(value_find_data(value, 4, &found), BUCKET_E_NO_DATA);
    cr_assert_eq(value_find_hole(value, UINT64_MAX, &found), BUCKET_E_NO_DATA);
    cr_assert_eq(found, 77);
    value_unref(value);
}

BUCKET_TEST(value, can_not_be_allocated_beyond_what_an_offset_can_say)
{
    static const enum change_kind kinds[] = {CHANGE_ALLOCATE, CHANGE_ZERO, CHANGE_PUNCH};
    int kept;

    with_milk(BUCKET_QUIETLY);
    kept = store_kept();
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        cr_assert_eq(value_allocate(value, kinds[i], INT64_MAX, 1, 0), BUCKET_E_TOO_LARGE);
        cr_assert_eq(value_allocate(value, kinds[i], 1, UINT64_MAX, 0), BUCKET_E_TOO_LARGE);
        cr_assert_eq(value_allocate(value, kinds[i], UINT64_MAX, 1, 0), BUCKET_E_TOO_LARGE);
    }
    cr_assert_eq(store_kept(), kept);
    cr_assert_eq(attributes_of(value).allocated, 0);
    value_unref(value);
}

/* ---- attributes ---- */

BUCKET_TEST(value, sets_the_attributes_that_are_named_and_no_other)
{
    const struct change_attributes to = {
        .mode = S_IFDIR | 0600, .uid = 5, .gid = 6, .size = 2, .atime = 1, .mtime = 2, .ctime = 3};
    struct attributes before;
    struct attributes after;

    with_milk(BUCKET_QUIETLY);
    write_text(0, "milk");
    before = attributes_of(value);
    cr_assert_eq(value_set_attributes(value, CHANGE_SET_MODE | CHANGE_SET_UID, &to, &after), 0);
    cr_assert_eq(after.mode, (mode_t)S_IFREG | 0600);
    cr_assert_eq(after.uid, 5);
    cr_assert_eq(after.gid, before.gid);
    cr_assert_eq(after.size, 4);
    cr_assert_eq(after.mtime, before.mtime);

    cr_assert_eq(value_set_attributes(value,
                                      CHANGE_SET_GID | CHANGE_SET_SIZE | CHANGE_SET_ATIME | CHANGE_SET_MTIME |
                                          CHANGE_SET_CTIME,
                                      &to, &after),
                 0);
    cr_assert_eq(after.gid, 6);
    cr_assert_eq(after.size, 2);
    cr_assert_eq(after.atime, 1);
    cr_assert_eq(after.mtime, 2);
    cr_assert_eq(after.ctime, 3);
    cr_assert_str_eq(get(bucket, "milk"), "mi");
    value_unref(value);
}

static void set_old_times(void)
{
    const struct change_attributes old = {.atime = 1, .mtime = 1, .ctime = 1};
    struct attributes attributes;

    cr_assert_eq(value_set_attributes(value, CHANGE_SET_ATIME | CHANGE_SET_MTIME | CHANGE_SET_CTIME, &old,
                                      &attributes),
                 0);
    cr_assert_eq(attributes.ctime, 1);
}

BUCKET_TEST(value, has_new_times_when_it_changes)
{
    const struct change_attributes to = {.mode = 0600, .size = 1};
    struct attributes attributes;

    with_milk(BUCKET_QUIETLY);
    set_old_times();
    write_text(0, "milk");
    attributes = attributes_of(value);
    cr_assert(attributes.mtime > 1 && attributes.ctime > 1 && attributes.atime == 1);

    set_old_times();
    cr_assert_eq(value_set_attributes(value, CHANGE_SET_SIZE, &to, &attributes), 0);
    cr_assert(attributes.mtime > 1 && attributes.ctime > 1 && attributes.atime == 1);

    set_old_times();
    allocate(CHANGE_PUNCH, 0, 1, 0);
    attributes = attributes_of(value);
    cr_assert(attributes.mtime > 1 && attributes.ctime > 1 && attributes.atime == 1);

    set_old_times();
    cr_assert_eq(value_set_attributes(value, CHANGE_SET_MODE, &to, &attributes), 0);
    cr_assert(attributes.mtime == 1 && attributes.ctime > 1);

    set_old_times();
    cr_assert_eq(bucket_rename(bucket, KEY("milk"), KEY("oat"), false), 0);
    attributes = attributes_of(value);
    cr_assert(attributes.mtime == 1 && attributes.ctime > 1);
    value_unref(value);
}

BUCKET_TEST(value, has_a_ctime_that_grows_with_each_change)
{
    const struct change_attributes to = {.mode = 0600, .size = 1};
    struct attributes attributes;
    int64_t last;

    with_milk(BUCKET_QUIETLY);
    last = value->ctime;
    write_text(0, "milk");
    cr_assert_gt(value->ctime, last);
    last = value->ctime;
    cr_assert_eq(value_set_attributes(value, CHANGE_SET_SIZE | CHANGE_SET_MODE, &to, &attributes), 0);
    cr_assert_gt(value->ctime, last);
    last = value->ctime;
    put(bucket, "milk", "more");
    cr_assert_gt(value->ctime, last);
    last = value->ctime;
    cr_assert_eq(bucket_rename(bucket, KEY("milk"), KEY("oat"), false), 0);
    cr_assert_gt(value->ctime, last);
    last = value->ctime;
    (void)get(bucket, "oat");
    cr_assert_eq(value->ctime, last);
    cr_assert_eq(bucket_delete(bucket, KEY("oat")), 0);
    cr_assert_gt(value->ctime, last);
    value_unref(value);
}

/* ---- without a name ---- */

BUCKET_TEST(value, without_a_name_lives_until_the_kernel_forgets_it)
{
    uint64_t number;
    uint64_t before;

    with_milk(BUCKET_REMEMBER);
    number = value_inode(value)->number;
    write_text(0, "milk");
    value_unref(value);
    before = inodes();
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    cr_assert_eq(inodes(), before);
    cr_assert_eq(stats_of(bucket).bytes, 0);

    value = value_of_inode(inode_find(buckets_environment()->index, number));
    cr_assert(is_text(0, "milk"));
    write_text(4, " and honey");
    cr_assert(is_text(0, "milk and honey"));
    resize(2);
    cr_assert_eq(attributes_of(value).nlink, 0);
    cr_assert_eq(stats_of(bucket).bytes, 0);
    cr_assert_eq(stats_of(bucket).keys, 0);

    inode_forget(value_inode(value), 1);
    value_unref(value);
    cr_assert_null(inode_find(buckets_environment()->index, number));
    cr_assert_eq(inodes(), before - 1);
}

BUCKET_TEST(value, without_a_name_goes_when_it_is_forgotten)
{
    with_milk(BUCKET_REMEMBER);
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    value_unref(value);
    cr_assert_eq(inodes(), 2);
    inode_forget(value_inode(value), 1);
    cr_assert_eq(inodes(), 1);
}

BUCKET_TEST(value, without_a_name_lives_while_somebody_works_with_it)
{
    with_milk(BUCKET_QUIETLY);
    write_text(0, "milk");
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    cr_assert(is_text(0, "milk"));
    value_unref(value);
    cr_assert_eq(inodes(), 1);
}

BUCKET_TEST(value, without_a_name_goes_when_the_connection_does)
{
    with_milk(BUCKET_REMEMBER);
    value_unref(find_value(bucket, "milk", BUCKET_REMEMBER));
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    value_unref(value);
    value_unref(add_value(bucket, "oat", BUCKET_REMEMBER));
    cr_assert_eq(inodes(), 3);
    inode_index_forget_all(buckets_environment()->index);
    cr_assert_eq(inodes(), 2);
    cr_assert_str_eq(get(bucket, "oat"), "");
}

/* ---- after the end ---- */

static void refuses_every_call(void)
{
    struct attributes attributes = {.ino = 12345};
    size_t length = 77;
    uint64_t offset;
    char byte;

    cr_assert(actor_is_condition(value_read(value, 0, &byte, 1, &length)));
    cr_assert(actor_is_condition(value_write(value, 0, "x", 1, 0)));
    cr_assert(actor_is_condition(value_allocate(value, CHANGE_ALLOCATE, 0, 1, 0)));
    cr_assert(actor_is_condition(value_find_data(value, 0, &offset)));
    cr_assert(actor_is_condition(value_find_hole(value, 0, &offset)));
    cr_assert(actor_is_condition(value_get_attributes(value, &attributes)));
    cr_assert(actor_is_condition(value_set_attributes(value, CHANGE_SET_MODE, &buckets_file, &attributes)));
    cr_assert_eq(attributes.ino, 12345);
    cr_assert_eq(length, 77);
}

BUCKET_TEST(value, of_a_bucket_that_was_stopped_answers_that_it_ended)
{
    with_milk(BUCKET_REMEMBER);
    write_text(0, "milk");
    cr_assert_eq(bucket_stop(bucket), 0);
    refuses_every_call();
    cr_assert(buckets_await_ended(1));
    refuses_every_call();
    inode_forget(value_inode(value), 1);
    refuses_every_call();
    value_unref(value);
}

BUCKET_TEST(value, without_a_name_of_a_bucket_that_was_killed_answers_that_it_ended)
{
    with_milk(BUCKET_REMEMBER);
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    cr_assert_eq(bucket_kill(bucket), 0);
    refuses_every_call();
    value_unref(value);
    cr_assert(buckets_await_ended(1));
    inode_index_forget_all(buckets_environment()->index);
}
