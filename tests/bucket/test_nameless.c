/*
 * Values that begin without a name (O_TMPFILE), and may get one.
 */
#include "bucket/bucket_internal.h"
#include "lib/buckets.h"

static struct bucket *bucket;

static struct value *add_nameless(enum bucket_remember remember)
{
    struct attributes attributes;
    struct value *value;

    cr_assert_eq(bucket_add_nameless(bucket, &buckets_file, remember, &value, &attributes), 0);
    cr_assert_eq(attributes.nlink, 0);
    cr_assert_eq(attributes.mode, S_IFREG | 0644);
    return value;
}

static int name_it(struct value *value, const char *name)
{
    struct attributes attributes;

    return bucket_link_value(bucket, KEY(name), value, BUCKET_QUIETLY, &attributes);
}

static void write_text(struct value *value, const char *text)
{
    cr_assert_eq(value_write(value, 0, text, strlen(text), 0), 0);
}

BUCKET_TEST(nameless, is_no_key)
{
    struct value *value;

    bucket = bucket_new("shopping");
    value = add_nameless(BUCKET_QUIETLY);
    write_text(value, "milk");
    cr_assert_eq(attributes_of(value).size, 4);
    cr_assert_eq(stats_of(bucket).keys, 0);
    cr_assert_eq(stats_of(bucket).bytes, 0);
    value_unref(value);
}

BUCKET_TEST(nameless, goes_with_its_last_reference)
{
    uint64_t before;

    bucket = bucket_new("shopping");
    before = inodes();
    value_unref(add_nameless(BUCKET_QUIETLY));
    cr_assert_eq(inodes(), before);
}

BUCKET_TEST(nameless, lives_while_the_kernel_knows_it)
{
    uint64_t before;
    struct value *value;

    bucket = bucket_new("shopping");
    before = inodes();
    value = add_nameless(BUCKET_REMEMBER);
    write_text(value, "milk");
    inode_forget(value_inode(value), 1);
    cr_assert_eq(attributes_of(value).size, 4);
    value_unref(value);
    cr_assert_eq(inodes(), before);
}

BUCKET_TEST(nameless, gets_a_name_and_is_a_key_then)
{
    struct value *value;

    bucket = bucket_new("shopping");
    value = add_nameless(BUCKET_QUIETLY);
    write_text(value, "3");
    cr_assert_eq(name_it(value, "milk"), 0);
    cr_assert_eq(attributes_of(value).nlink, 1);
    value_unref(value);
    cr_assert_str_eq(get(bucket, "milk"), "3");
    cr_assert_eq(stats_of(bucket).keys, 1);
    cr_assert_eq(stats_of(bucket).bytes, 1);
}

BUCKET_TEST(nameless, gets_a_second_name_and_loses_both)
{
    struct value *value;
    uint64_t before;

    bucket = bucket_new("shopping");
    before = inodes();
    value = add_nameless(BUCKET_REMEMBER);
    cr_assert_eq(name_it(value, "milk"), 0);
    cr_assert_eq(name_it(value, "oat"), 0);
    cr_assert_eq(attributes_of(value).nlink, 2);
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    cr_assert_eq(bucket_delete(bucket, KEY("oat")), 0);
    cr_assert_eq(attributes_of(value).nlink, 0);
    inode_forget(value_inode(value), 1);
    value_unref(value);
    cr_assert_eq(inodes(), before);
}

BUCKET_TEST(nameless, gets_no_name_when_it_has_lost_one)
{
    struct value *value;

    bucket = bucket_new("shopping");
    value = add_nameless(BUCKET_QUIETLY);
    cr_assert_eq(name_it(value, "milk"), 0);
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    cr_assert_eq(name_it(value, "milk"), BUCKET_E_NOT_FOUND);
    value_unref(value);
}

BUCKET_TEST(nameless, may_be_named_after_a_store_refused)
{
    struct value *value;

    bucket = bucket_new("shopping");
    value = add_nameless(BUCKET_QUIETLY);
    store_refuse(0, -EIO);
    cr_assert_eq(name_it(value, "milk"), -EIO);
    cr_assert_eq(attributes_of(value).nlink, 0);
    store_refuse(0, 0);
    cr_assert_eq(name_it(value, "milk"), 0);
    value_unref(value);
    cr_assert_eq(stats_of(bucket).keys, 1);
}

BUCKET_TEST(nameless, isnt_made_if_the_store_refuses)
{
    struct attributes attributes;
    struct value *value;
    uint64_t before;

    bucket = bucket_new("shopping");
    before = inodes();
    store_refuse(0, -EIO);
    cr_assert_eq(bucket_add_nameless(bucket, &buckets_file, BUCKET_REMEMBER, &value, &attributes), -EIO);
    cr_assert_eq(inodes(), before);
}

BUCKET_TEST(nameless, doesnt_hinder_the_bucket_s_removal)
{
    struct attributes attributes;
    struct value *value;

    bucket = bucket_new("shopping");
    value = add_nameless(BUCKET_QUIETLY);
    cr_assert_eq(bucket_stop_if_empty(bucket), 0);
    cr_assert(actor_has_ended_by(value_get_attributes(value, &attributes)));
    value_unref(value);
}

static void count_nameless(void *context, const struct key *key, struct value *value)
{
    int *count = context;

    (void)value;
    cr_assert_null(key);
    (*count)++;
}

BUCKET_TEST(nameless, remains_for_who_tells_the_kernel)
{
    struct value *value;
    int count = 0;

    bucket = bucket_new("shopping");
    buckets_keep_ended();
    value = add_nameless(BUCKET_REMEMBER);
    cr_assert_eq(bucket_stop(bucket), 0);
    cr_assert(buckets_await_ended(1));
    bucket = buckets_take_ended();
    bucket_visit_remains(bucket, count_nameless, &count);
    cr_assert_eq(count, 1);
    bucket_dispose(bucket);
    inode_forget(value_inode(value), 1);
    value_unref(value);
}
