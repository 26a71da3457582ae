/* Each allocation fails in turn: a bucket then holds what it held before, and nothing is left over. */
#include "base/table.h"
#include "bucket/acl.h"
#include "bucket/bytes.h"
#include "lib/buckets.h"
#include "lib/faults.h"

#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <stdlib.h>

/* More than a bucket keeps without a table. */
#define SOME 12
#define LARGE (3 * BYTES_EXTENT_SIZE)

/* ---- what a bucket holds ---- */

struct picture {
    struct attributes attributes;
    struct bucket_stats stats;
    size_t used;
    char text[4096];
};

static bool draw_key(void *context, uint64_t position, const struct key *key, struct value *value,
                     const struct attributes *attributes)
{
    struct picture *picture = context;

    picture->used += (size_t)snprintf(
        picture->text + picture->used, sizeof(picture->text) - picture->used, "%lu %.*s %p %lu %lu %o %ld %ld; ",
        (unsigned long)position, (int)key->length, key->name, (void *)value, (unsigned long)attributes->size,
        (unsigned long)attributes->allocated, attributes->mode, (long)attributes->mtime,
        (long)attributes->ctime);
    must(picture->used < sizeof(picture->text));
    return true;
}

static bool draw_bucket(void *context, uint64_t position, const struct child_name *name, struct actor *child)
{
    struct picture *picture = context;

    (void)child;
    picture->used += (size_t)snprintf(picture->text + picture->used, sizeof(picture->text) - picture->used,
                                      "%lu %.*s/; ", (unsigned long)position, (int)name->length, name->name);
    must(picture->used < sizeof(picture->text));
    return true;
}

static struct picture draw(struct bucket *bucket)
{
    struct picture picture = {.attributes = attributes_of_bucket(bucket), .stats = stats_of(bucket)};

    cr_assert_eq(bucket_list(bucket, 0, draw_key, draw_bucket, &picture), 0);
    return picture;
}

static void assert_same(const struct picture *a, const struct picture *b)
{
    cr_assert(same_attributes(&a->attributes, &b->attributes));
    cr_assert_eq(a->stats.keys, b->stats.keys);
    cr_assert_eq(a->stats.bytes, b->stats.bytes);
    cr_assert_eq(a->stats.buckets, b->stats.buckets);
    cr_assert_str_eq(a->text, b->text);
}

/* ---- what is counted ---- */

struct counted {
    uint64_t pages;
    struct bucket *buckets[SOME]; /* borrowed */
    int count;
};

static bool count_key(void *context, uint64_t position, const struct key *key, struct value *value,
                      const struct attributes *attributes)
{
    struct counted *counted = context;

    (void)position;
    (void)key;
    (void)value;
    counted->pages += (attributes->allocated + USAGE_PAGE - 1) / USAGE_PAGE;
    return true;
}

static bool count_bucket(void *context, uint64_t position, const struct child_name *name, struct actor *child)
{
    struct counted *counted = context;

    (void)position;
    (void)name;
    must(counted->count < SOME);
    counted->buckets[counted->count++] = bucket_of_actor(child);
    return true;
}

/* Of a mount with that bucket, and maybe others in it, exactly what is there counts. */
static void assert_counted(struct bucket *bucket)
{
    const struct bucket_environment *environment = buckets_environment();
    struct counted counted = {0};
    uint64_t inodes_there = 1 + stats_of(bucket).keys;

    cr_assert_eq(bucket_list(bucket, 0, count_key, count_bucket, &counted), 0);
    for (int i = 0; i < counted.count; i++) {
        inodes_there += 1 + stats_of(counted.buckets[i]).keys;
        cr_assert_eq(bucket_list(counted.buckets[i], 0, count_key, count_bucket, &counted), 0);
    }
    cr_assert_eq(limit_used(&environment->pages), counted.pages);
    cr_assert_eq(limit_used(&environment->inodes), inodes_there);
}

/* ---- all or nothing ---- */

typedef int operation(struct bucket *bucket, void *arg);

/* Until it has worked. How often it failed. */
static int try_against_faults(struct bucket *bucket, operation *operate, void *arg)
{
    int failures = 0;
    int rc = -1;

    for (int n = 1; rc != 0; n++) {
        struct picture before = draw(bucket);
        struct picture after;
        bool hit;

        faults_begin(n);
        rc = operate(bucket, arg);
        hit = faults_hit();
        if (rc == 0)
            break;
        failures++;
        cr_assert(rc == -ENOMEM && hit, "%d", rc);
        after = draw(bucket);
        assert_same(&before, &after);
        assert_counted(bucket);
    }
    return failures;
}

static int put_given(struct bucket *bucket, void *arg)
{
    return bucket_put(bucket, KEY((const char *)arg), "bytes", 5);
}

static int put_large(struct bucket *bucket, void *arg)
{
    char *bytes;
    int rc;

    faults_pause();
    bytes = calloc(1, LARGE);
    must(bytes);
    faults_resume();
    rc = bucket_put(bucket, KEY((const char *)arg), bytes, LARGE);
    free(bytes);
    return rc;
}

BUCKET_TEST(faults, a_key_is_put_or_not)
{
    struct bucket *bucket = bucket_new("shopping");

    for (int i = 0; i < SOME; i++) {
        char name[16];

        snprintf(name, sizeof(name), "key %d", i);
        cr_assert_gt(try_against_faults(bucket, put_given, name), 1);
        cr_assert_str_eq(get(bucket, name), "bytes");
    }
    cr_assert_eq(stats_of(bucket).keys, SOME);
}

BUCKET_TEST(faults, a_large_value_is_put_or_not)
{
    struct bucket *bucket = bucket_new("shopping");

    cr_assert_gt(try_against_faults(bucket, put_large, (void *)"milk"), 3);
    cr_assert_eq(stats_of(bucket).bytes, LARGE);
}

BUCKET_TEST(faults, a_value_that_is_replaced_is_the_old_or_the_new)
{
    struct bucket *bucket = bucket_new("shopping");

    put(bucket, "milk", "3");
    cr_assert_gt(try_against_faults(bucket, put_large, (void *)"milk"), 1);
    cr_assert_eq(stats_of(bucket).bytes, LARGE);
    (void)try_against_faults(bucket, put_given, (void *)"milk");
    cr_assert_str_eq(get(bucket, "milk"), "bytes");
}

static int add_given(struct bucket *bucket, void *arg)
{
    struct attributes attributes;
    struct value *value;
    int rc = bucket_add(bucket, KEY((const char *)arg), &buckets_file, BUCKET_REMEMBER, &value, &attributes);

    if (rc == 0) {
        inode_forget(value_inode(value), 1);
        value_unref(value);
    }
    return rc;
}

BUCKET_TEST(faults, a_value_is_added_or_not)
{
    struct bucket *bucket = bucket_new("shopping");

    cr_assert_gt(try_against_faults(bucket, add_given, (void *)"milk"), 1);
    cr_assert_str_eq(get(bucket, "milk"), "");
    table_barrier();
    cr_assert_eq(inodes(), 2);
}

static int delete_given(struct bucket *bucket, void *arg)
{
    return bucket_delete(bucket, KEY((const char *)arg));
}

BUCKET_TEST(faults, a_key_is_deleted_or_not)
{
    struct bucket *bucket = bucket_new("shopping");

    for (int i = 0; i < SOME; i++) {
        char name[16];

        snprintf(name, sizeof(name), "key %d", i);
        put(bucket, name, "3");
    }
    for (int i = 0; i < SOME; i++) {
        char name[16];

        snprintf(name, sizeof(name), "key %d", i);
        (void)try_against_faults(bucket, delete_given, name);
        cr_assert_null(get(bucket, name));
    }
    cr_assert_eq(stats_of(bucket).keys, 0);
}

static int rename_milk(struct bucket *bucket, void *arg)
{
    return bucket_rename(bucket, KEY("milk"), KEY((const char *)arg), false);
}

BUCKET_TEST(faults, a_key_is_renamed_or_not)
{
    struct bucket *bucket = bucket_new("shopping");

    for (int i = 0; i < SOME; i++) {
        char name[16];

        put(bucket, "milk", "3");
        snprintf(name, sizeof(name), "key %d", i);
        cr_assert_gt(try_against_faults(bucket, rename_milk, name), 0);
        cr_assert_str_eq(get(bucket, name), "3");
        cr_assert_null(get(bucket, "milk"));
    }
    put(bucket, "milk", "4");
    (void)try_against_faults(bucket, rename_milk, (void *)"key 3");
    cr_assert_str_eq(get(bucket, "key 3"), "4");
    cr_assert_eq(stats_of(bucket).keys, SOME);
}

/* ---- files ---- */

static int write_behind_a_hole(struct bucket *bucket, void *arg)
{
    (void)bucket;
    return value_write(arg, LARGE, "bytes", 5, 0);
}

static int write_at_start(struct bucket *bucket, void *arg)
{
    (void)bucket;
    return value_write(arg, 0, "many more bytes than there were before", 38, 0);
}

static int resize_given(struct bucket *bucket, void *arg)
{
    const struct change_attributes attributes = {.size = 2 * LARGE};
    struct attributes after;

    (void)bucket;
    return value_set_attributes(arg, CHANGE_SET_SIZE, &attributes, &after);
}

static int allocate_behind_a_hole(struct bucket *bucket, void *arg)
{
    (void)bucket;
    return value_allocate(arg, CHANGE_ALLOCATE, UINT64_C(1) << 40, 30 * LARGE, CHANGE_SET_SIZE);
}

/* And what there was no memory for leaves none behind. */
BUCKET_TEST(faults, pages_are_allocated_or_not)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value;

    put(bucket, "milk", "3");
    value = find_value(bucket, "milk", BUCKET_QUIETLY);
    cr_assert_gt(try_against_faults(bucket, allocate_behind_a_hole, value), 30);
    cr_assert_eq(attributes_of(value).size, (UINT64_C(1) << 40) + 30 * LARGE);
    cr_assert_eq(attributes_of(value).allocated, 4096 + 30 * LARGE);
    cr_assert_eq(get(bucket, "milk")[0], '3');
    value_unref(value);
}

BUCKET_TEST(faults, bytes_are_written_or_not)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value;
    int failures;

    put(bucket, "milk", "3");
    value = find_value(bucket, "milk", BUCKET_QUIETLY);
    cr_assert_gt(try_against_faults(bucket, write_at_start, value), 0);
    cr_assert_gt(try_against_faults(bucket, write_behind_a_hole, value), 1);
    /* A size costs no memory, but a call that is queued does. */
    failures = try_against_faults(bucket, resize_given, value);
    cr_assert_eq(failures > 0, !buckets_called_directly());
    cr_assert_eq(attributes_of(value).size, 2 * LARGE);
    cr_assert_eq(memcmp(get(bucket, "milk"), "many more bytes", 15), 0);
    value_unref(value);
}

/* ---- near a limit ---- */

static int fill_what_is_left(struct bucket *bucket, void *arg)
{
    static const char bytes[LARGE];
    size_t written;
    int rc = value_write_some(arg, 5, bytes, sizeof(bytes), 0, &written);

    (void)bucket;
    cr_assert(rc != 0 || written < sizeof(bytes));
    return rc;
}

static int cut_given(struct bucket *bucket, void *arg)
{
    const struct change_attributes attributes = {.size = 7};
    struct attributes after;

    (void)bucket;
    return value_set_attributes(arg, CHANGE_SET_SIZE, &attributes, &after);
}

static int try_and_count(struct bucket *bucket, operation *operate, void *arg)
{
    int failures = try_against_faults(bucket, operate, arg);

    assert_counted(bucket);
    return failures;
}

BUCKET_TEST(faults, near_a_limit_what_is_counted_is_what_is_there)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value;

    put(bucket, "milk", "3");
    put(bucket, "oat", "4");
    value = find_value(bucket, "milk", BUCKET_QUIETLY);
    buckets_environment()->pages.max = LARGE / USAGE_PAGE;
    buckets_environment()->inodes.max = 4;
    for (int i = 0; i < 3; i++) {
        cr_assert_gt(try_and_count(bucket, fill_what_is_left, value), 0);
        cr_assert_gt(try_and_count(bucket, add_given, (void *)"rye"), 0);
        cr_assert_eq(add_given(bucket, (void *)"salt"), BUCKET_E_FULL);
        cr_assert_eq(put_large(bucket, (void *)"oat"), BUCKET_E_FULL);
        (void)try_and_count(bucket, cut_given, value);
        (void)try_and_count(bucket, delete_given, (void *)"rye");
    }
    value_unref(value);
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    cr_assert_eq(bucket_delete(bucket, KEY("oat")), 0);
    cr_assert_eq(limit_used(&buckets_environment()->pages), 0);
    cr_assert_eq(limit_used(&buckets_environment()->inodes), 1);
    cr_assert_eq(stats_of(bucket).bytes_held, 0);
}

/* ---- buckets in it ---- */

static int make_bucket(struct bucket *bucket, void *arg)
{
    struct actor *child;
    int rc = registry_create(bucket_actor(bucket), NAME((const char *)arg), NULL, &child);

    if (rc == 0)
        actor_unref(child);
    return rc;
}

static int remove_bucket(struct bucket *bucket, void *arg)
{
    return registry_remove(bucket_actor(bucket), NAME((const char *)arg));
}

static struct bucket *find_child(struct bucket *bucket, const char *name)
{
    struct actor *child;

    cr_assert_eq(registry_find(bucket_actor(bucket), NAME(name), &child), 0);
    actor_unref(child);
    return bucket_of_actor(child);
}

BUCKET_TEST(faults, a_bucket_is_made_or_not)
{
    struct bucket *bucket = bucket_new("shopping");

    for (int i = 0; i < SOME; i++) {
        char name[16];

        snprintf(name, sizeof(name), "list %d", i);
        cr_assert_gt(try_against_faults(bucket, make_bucket, name), 1);
        put(find_child(bucket, name), "milk", "3");
    }
    cr_assert_eq(stats_of(bucket).buckets, SOME);
}

BUCKET_TEST(faults, a_bucket_is_removed_or_not)
{
    struct bucket *bucket = bucket_new("shopping");

    cr_assert_eq(make_bucket(bucket, (void *)"list"), 0);
    (void)try_against_faults(bucket, remove_bucket, (void *)"list");
    cr_assert_eq(stats_of(bucket).buckets, 0);
    cr_assert_eq(make_bucket(bucket, (void *)"list"), 0);
    put(find_child(bucket, "list"), "milk", "3");
}

/* ---- extended attributes ---- */

/* What may be a default access control list: whoever is asked may read and write. */
static const struct {
    struct posix_acl_xattr_header header;
    struct posix_acl_xattr_entry entries[4];
} list = {
    .header.a_version = POSIX_ACL_XATTR_VERSION,
    .entries = {{ACL_USER_OBJ, 6, 0}, {ACL_GROUP_OBJ, 6, 0}, {ACL_MASK, 6, 0}, {ACL_OTHER, 6, 0}},
};

static int set_xattr(struct bucket *bucket, void *arg)
{
    (void)bucket;
    return bucket_set_xattr(arg, KEY("user.colour"), "white", 5, 0, 0);
}

static bool is_white(struct inode *inode)
{
    char buffer[8];
    size_t length;

    return bucket_get_xattr(inode, KEY("user.colour"), buffer, sizeof(buffer), &length) == 0 && length == 5;
}

BUCKET_TEST(faults, an_extended_attribute_is_set_or_not)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);

    cr_assert_gt(try_against_faults(bucket, set_xattr, value_inode(value)), 0);
    cr_assert(is_white(value_inode(value)));
    cr_assert_gt(try_against_faults(bucket, set_xattr, bucket_inode(bucket)), 0);
    cr_assert(is_white(bucket_inode(bucket)));
    cr_assert_eq(bucket_remove_xattr(value_inode(value), KEY("user.colour")), 0);
    value_unref(value);
}

BUCKET_TEST(faults, a_list_is_inherited_or_nothing_is_made)
{
    struct bucket *bucket = bucket_new("shopping");

    cr_assert_eq(bucket_set_xattr(bucket_inode(bucket), KEY(ACL_DEFAULT), &list, sizeof(list), 0, 0), 0);
    cr_assert_gt(try_against_faults(bucket, add_given, (void *)"milk"), 2);
    cr_assert_gt(try_against_faults(bucket, make_bucket, (void *)"list"), 3);
}

/* ---- nothing at all ---- */

/* Within what it has. */
static int write_within(struct value *value)
{
    size_t written;

    return value_write_some(value, 1, "xyz", 3, 0, &written);
}

static int read_some(struct value *value)
{
    char buffer[16];
    size_t length;

    return value_read(value, 0, buffer, sizeof(buffer), &length);
}

/* BUCKET_E_NOT_FOUND, or 0. */
static int look_up(struct bucket *bucket, const char *name)
{
    struct attributes attributes;
    struct found found;
    int rc = bucket_lookup(bucket, KEY(name), BUCKET_QUIETLY, &found, &attributes);

    if (rc == 0)
        value_unref(found.value);
    return rc;
}

static void look_up_ask_read_and_write(void)
{
    struct bucket *bucket = bucket_new("shopping");
    struct attributes attributes;
    struct value *value;

    put(bucket, "milk", "bytes");
    value = find_value(bucket, "milk", BUCKET_QUIETLY);
    faults_begin(1);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(look_up(bucket, "milk"), 0);
        cr_expect_eq(look_up(bucket, "missing"), BUCKET_E_NOT_FOUND);
        cr_expect_eq(value_get_attributes(value, &attributes), 0);
        cr_expect_eq(read_some(value), 0);
        cr_expect_eq(write_within(value), 0);
    }
    cr_expect_not(faults_hit());
    value_unref(value);
}

Test(faults, a_direct_call_that_looks_up_asks_reads_or_writes_allocates_nothing)
{
    buckets_run(look_up_ask_read_and_write, true);
}

/* ---- a bucket's own life ---- */

BUCKET_TEST(faults, a_bucket_that_can_not_start_leaves_nothing)
{
    const struct change_attributes attributes = {.mode = S_IFDIR | 0755};
    struct bucket_environment *environment = buckets_environment();
    struct bucket *bucket = NULL;
    int rc = -1;

    environment->on_end = NULL;
    for (int n = 1; rc != 0; n++) {
        faults_begin(n);
        rc = bucket_start(environment, NULL, KEY("shopping"), &attributes, &bucket);
        cr_assert_eq(rc, faults_hit() ? -ENOMEM : 0);
        cr_assert_eq(inodes(), rc == 0);
        cr_assert_eq(atomic_load(&environment->buckets), rc == 0);
    }
    cr_assert_eq(bucket_kill(bucket), 0);
    actor_unref(bucket_actor(bucket));
}

/* ---- two buckets at once ---- */

static int move_between(struct bucket *from, const char *name, struct bucket *to, const char *to_name, unsigned flags)
{
    const struct bucket_end ends[2] = {{bucket_actor(from), KEY(name)}, {bucket_actor(to), KEY(to_name)}};
    struct bucket_moved moved;
    int rc = bucket_move(buckets_environment(), &ends[0], &ends[1], flags, &moved);

    actor_unref(moved.there ? bucket_actor(moved.there) : NULL);
    actor_unref(moved.back ? bucket_actor(moved.back) : NULL);
    return rc;
}

static void move_against_faults(struct bucket *from, const char *name, struct bucket *to, const char *to_name,
                                unsigned flags)
{
    int failures = 0;
    int rc = -1;

    for (int n = 1; rc != 0; n++) {
        struct picture before[2] = {draw(from), draw(to)};
        struct picture after[2];

        faults_begin(n);
        rc = move_between(from, name, to, to_name, flags);
        cr_assert(faults_hit() || rc == 0);
        if (rc == 0)
            break;
        failures++;
        cr_assert_eq(rc, -ENOMEM);
        after[0] = draw(from);
        after[1] = draw(to);
        assert_same(&before[0], &after[0]);
        assert_same(&before[1], &after[1]);
    }
    cr_assert_gt(failures, 0);
}

BUCKET_TEST(faults, of_a_move_leave_both_buckets_as_they_were)
{
    struct bucket *a = bucket_in(NULL, "a");
    struct bucket *b = bucket_in(NULL, "b");
    struct bucket *moved = bucket_in(a, "bucket");
    char name[16];

    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof(name), "key%d", i);
        put(b, name, "1");
        snprintf(name, sizeof(name), "bucket%d", i);
        bucket_in(b, name);
    }
    put(a, "value", "22");
    move_against_faults(a, "value", b, "value", 0);
    move_against_faults(b, "value", a, "value", 0);
    move_against_faults(a, "value", b, "key1", 0);
    move_against_faults(b, "key1", b, "bucket1", BUCKET_MOVE_EXCHANGE);
    move_against_faults(a, "bucket", b, "bucket", 0);
    move_against_faults(b, "bucket", b, "renamed", 0);
    move_against_faults(b, "renamed", a, "bucket", 0);
    move_against_faults(a, "bucket", b, "key2", BUCKET_MOVE_EXCHANGE);
    move_against_faults(b, "key2", b, "bucket2", 0);
    cr_assert_eq(bucket_called(b, "bucket2"), moved);
    /* Nobody has parted it from where it is. */
    cr_assert_eq(bucket_kill(b), 0);
    cr_assert_not(actor_alive(bucket_actor(moved)));
    cr_assert(actor_alive(bucket_actor(a)));
}
