/*
 * Values with more than one name, and with a target for bytes.
 */
#include "lib/buckets.h"

#include <errno.h>

static int link_to(struct bucket *bucket, const char *name, struct value *value)
{
    struct attributes attributes;

    return bucket_link_value(bucket, KEY(name), value, BUCKET_QUIETLY, &attributes);
}

BUCKET_TEST(names, a_value_with_two_names_is_one_value)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value;

    put(bucket, "milk", "3");
    value = find_value(bucket, "milk", BUCKET_QUIETLY);
    cr_assert_eq(link_to(bucket, "lait", value), 0);
    cr_assert_eq(attributes_of(value).nlink, 2);
    put(bucket, "lait", "44");
    cr_assert_str_eq(get(bucket, "milk"), "44");
    cr_assert_eq(stats_of(bucket).bytes, 2, "counted once");
    cr_assert_eq(stats_of(bucket).keys, 2);
    value_unref(value);
}

BUCKET_TEST(names, a_value_goes_with_its_last_name)
{
    struct bucket *bucket = bucket_new("shopping");
    uint64_t before = inodes();
    struct value *value;

    put(bucket, "milk", "333");
    value = find_value(bucket, "milk", BUCKET_QUIETLY);
    cr_assert_eq(link_to(bucket, "lait", value), 0);
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    cr_assert_eq(stats_of(bucket).bytes, 3);
    cr_assert_str_eq(get(bucket, "lait"), "333");
    cr_assert_eq(bucket_delete(bucket, KEY("lait")), 0);
    cr_assert_eq(stats_of(bucket).bytes, 0);
    cr_assert_eq(link_to(bucket, "again", value), BUCKET_E_NOT_FOUND);
    value_unref(value);
    cr_assert_eq(inodes(), before);
}

BUCKET_TEST(names, replacing_one_of_two_names_keeps_the_value)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value;

    put(bucket, "milk", "333");
    put(bucket, "oat", "55555");
    value = find_value(bucket, "milk", BUCKET_QUIETLY);
    cr_assert_eq(link_to(bucket, "lait", value), 0);
    cr_assert_eq(bucket_rename(bucket, KEY("oat"), KEY("milk"), false), 0);
    cr_assert_str_eq(get(bucket, "lait"), "333");
    cr_assert_eq(attributes_of(value).nlink, 1);
    cr_assert_eq(stats_of(bucket).bytes, 8);
    value_unref(value);
}

BUCKET_TEST(names, a_name_is_refused_that_is_taken_or_in_another_bucket)
{
    struct bucket *bucket = bucket_new("shopping");
    struct bucket *other = bucket_new("other");
    struct value *value;

    put(bucket, "milk", "3");
    put(bucket, "oat", "4");
    value = find_value(bucket, "milk", BUCKET_QUIETLY);
    cr_assert_eq(link_to(bucket, "oat", value), BUCKET_E_EXISTS);
    cr_assert_eq(link_to(other, "milk", value), BUCKET_E_CANT_MOVE);
    cr_assert_eq(attributes_of(value).nlink, 1);
    cr_assert_str_eq(get(bucket, "oat"), "4");
    value_unref(value);
}

BUCKET_TEST(names, a_store_that_refuses_leaves_no_second_name)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value;

    put(bucket, "milk", "3");
    value = find_value(bucket, "milk", BUCKET_QUIETLY);
    store_refuse(0, -EIO);
    cr_assert_eq(link_to(bucket, "lait", value), -EIO);
    store_refuse(0, 0);
    cr_assert_null(get(bucket, "lait"));
    cr_assert_eq(attributes_of(value).nlink, 1);
    cr_assert_eq(stats_of(bucket).bytes, 1);
    value_unref(value);
}

BUCKET_TEST(names, a_symbolic_link_has_its_target_for_bytes)
{
    const struct change_attributes link = {.mode = S_IFLNK | 0777};
    struct bucket *bucket = bucket_new("shopping");
    struct attributes attributes;
    struct value *value;
    char target[16];
    size_t length;

    cr_assert_eq(bucket_add_symlink(bucket, KEY("link"), "../milk", 7, &link, BUCKET_QUIETLY, &value, &attributes), 0);
    cr_assert_eq(attributes.mode, (mode_t)S_IFLNK | 0777);
    cr_assert_eq(attributes.size, 7);
    cr_assert_eq(value_read(value, 0, target, sizeof(target), &length), 0);
    cr_assert_eq(length, 7);
    cr_assert_arr_eq(target, "../milk", 7);
    value_unref(value);
}
