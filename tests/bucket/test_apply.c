/*
 * Every change goes to the store first, says what it is, and doesn't happen
 * if the store refuses it.
 */
#include "bucket/bucket_internal.h"
#include "lib/buckets.h"

#include <stdio.h>
#include <stdlib.h>

#define KEYS_MAX 32

/* All that is seen of a bucket from outside. */
struct picture {
    struct attributes bucket;
    struct bucket_stats stats;
    int count;
    struct key_picture {
        char name[16];
        char text[128];
        uint64_t position;
        int64_t version;
        struct attributes attributes;
    } keys[KEYS_MAX];
};

static bool draw_key(void *context, uint64_t position, const struct key *key, struct value *value,
                     const struct attributes *attributes)
{
    struct picture *picture = context;

    memcpy(picture->keys[picture->count].name, key->name, key->length);
    picture->keys[picture->count].position = position;
    picture->keys[picture->count].version = value->ctime;
    picture->keys[picture->count].attributes = *attributes;
    picture->count++;
    return true;
}

static struct picture *draw(struct bucket *bucket)
{
    struct picture *picture = calloc(1, sizeof(*picture));

    cr_assert(picture);
    picture->bucket = attributes_of_bucket(bucket);
    picture->stats = stats_of(bucket);
    cr_assert_eq(bucket_list(bucket, 0, draw_key, NULL, picture), 0);
    for (int i = 0; i < picture->count; i++)
        strncpy(picture->keys[i].text, get(bucket, picture->keys[i].name), sizeof(picture->keys[i].text) - 1);
    return picture;
}

static bool same_key(const struct key_picture *a, const struct key_picture *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->text, b->text) == 0 && a->position == b->position &&
           a->version == b->version && same_attributes(&a->attributes, &b->attributes);
}

static bool looks_like(struct bucket *bucket, const struct picture *before)
{
    struct picture *after = draw(bucket);
    bool same = same_attributes(&before->bucket, &after->bucket) && before->stats.keys == after->stats.keys &&
                before->stats.bytes == after->stats.bytes && before->count == after->count;

    for (int i = 0; same && i < before->count; i++)
        same = same_key(&before->keys[i], &after->keys[i]);
    free(after);
    return same;
}

/* ---- a store that refuses ---- */

static int try_put_new(struct bucket *bucket)
{
    return bucket_put(bucket, KEY("rye"), "9", 1);
}

static int try_put_shorter(struct bucket *bucket)
{
    return bucket_put(bucket, KEY("milk"), "9", 1);
}

static int try_put_longer(struct bucket *bucket)
{
    char text[300];

    memset(text, 'x', sizeof(text));
    return bucket_put(bucket, KEY("milk"), text, sizeof(text));
}

static int try_add(struct bucket *bucket)
{
    struct attributes attributes;
    struct value *value;
    int rc = bucket_add(bucket, KEY("rye"), &buckets_file, BUCKET_REMEMBER, &value, &attributes);

    if (rc == 0)
        value_unref(value);
    return rc;
}

static int try_delete(struct bucket *bucket)
{
    return bucket_delete(bucket, KEY("milk"));
}

static int try_rename(struct bucket *bucket)
{
    return bucket_rename(bucket, KEY("milk"), KEY("rye"), false);
}

static int try_replace(struct bucket *bucket)
{
    return bucket_rename(bucket, KEY("milk"), KEY("oat"), false);
}

static int try_write(struct bucket *bucket)
{
    struct value *value = find_value(bucket, "milk", BUCKET_QUIETLY);
    int rc = value_write(value, 1, "IL", 2, 0);

    value_unref(value);
    return rc;
}

static int try_write_far(struct bucket *bucket)
{
    struct value *value = find_value(bucket, "milk", BUCKET_QUIETLY);
    int rc = value_write(value, UINT64_C(1) << 30, "far", 3, 0);

    value_unref(value);
    return rc;
}

/* Beyond what a block holds. */
static int try_kind(struct bucket *bucket, enum change_kind kind)
{
    struct value *value = find_value(bucket, "milk", BUCKET_QUIETLY);
    int rc = value_allocate(value, kind, 1, 600 << 10, kind == CHANGE_PUNCH ? 0 : CHANGE_SET_SIZE);

    value_unref(value);
    return rc;
}

static int try_allocate(struct bucket *bucket)
{
    return try_kind(bucket, CHANGE_ALLOCATE);
}

static int try_zero(struct bucket *bucket)
{
    return try_kind(bucket, CHANGE_ZERO);
}

static int try_punch(struct bucket *bucket)
{
    return try_kind(bucket, CHANGE_PUNCH);
}

static int try_set(struct bucket *bucket, unsigned set, uint64_t size)
{
    const struct change_attributes to = {.mode = 0400, .uid = 1, .gid = 2, .size = size, .mtime = 3};
    struct value *value = find_value(bucket, "milk", BUCKET_QUIETLY);
    struct attributes attributes;
    int rc = value_set_attributes(value, set, &to, &attributes);

    value_unref(value);
    return rc;
}

static int try_set_mode(struct bucket *bucket)
{
    return try_set(bucket, CHANGE_SET_MODE | CHANGE_SET_UID | CHANGE_SET_GID | CHANGE_SET_MTIME, 0);
}

static int try_cut(struct bucket *bucket)
{
    return try_set(bucket, CHANGE_SET_SIZE | CHANGE_SET_MODE, 1);
}

static int try_grow(struct bucket *bucket)
{
    return try_set(bucket, CHANGE_SET_SIZE, 100 << 10);
}

static int try_set_bucket(struct bucket *bucket)
{
    const struct change_attributes to = {.mode = 0700, .mtime = 3};
    struct attributes attributes;

    return bucket_set_attributes(bucket, CHANGE_SET_MODE | CHANGE_SET_MTIME, &to, &attributes);
}

static const struct {
    const char *what;
    int (*try)(struct bucket *bucket);
} changes[] = {
    {"put a new key", try_put_new},
    {"put a shorter value", try_put_shorter},
    {"put a longer value", try_put_longer},
    {"add", try_add},
    {"delete", try_delete},
    {"rename", try_rename},
    {"replace", try_replace},
    {"write", try_write},
    {"write far", try_write_far},
    {"allocate", try_allocate},
    {"zero", try_zero},
    {"punch", try_punch},
    {"set mode, owner, mtime", try_set_mode},
    {"cut", try_cut},
    {"grow", try_grow},
    {"set the bucket's mode and mtime", try_set_bucket},
};

/* Each change is refused at its first write to the store, at its second, ... until it has no more. */
static void refuse_everywhere(struct bucket *bucket, const char *what, int (*try)(struct bucket *bucket))
{
    struct picture *before = draw(bucket);
    uint64_t inodes_before = inodes();
    int good = 0;
    int rc;

    for (;; good++) {
        int kept = store_kept();

        store_refuse(good, -EROFS);
        rc = try(bucket);
        store_refuse(0, 0);
        if (rc == 0)
            break;
        cr_assert_eq(rc, -EROFS, "%s: %d", what, rc);
        cr_expect_eq(store_kept(), kept, "%s: the store kept %d changes of it", what, store_kept() - kept);
        cr_assert(looks_like(bucket, before), "%s was refused after %d, and something has changed", what,
                  good);
        cr_assert_eq(inodes(), inodes_before, "%s", what);
    }
    cr_assert_geq(good, 1, "%s was never given to the store", what);
    free(before);
}

static void refuse_each(int others)
{
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        struct bucket *bucket = bucket_new("shopping");
        char name[16];

        put(bucket, "milk", "milk and honey");
        put(bucket, "oat", "4");
        for (int other = 0; other < others; other++) {
            snprintf(name, sizeof(name), "other %d", other);
            put(bucket, name, "");
        }
        refuse_everywhere(bucket, changes[i].what, changes[i].try);
    }
    inode_index_forget_all(buckets_environment()->index);
}

BUCKET_TEST(apply, what_the_store_refuses_does_not_happen)
{
    refuse_each(0);
}

/* Then there is a table by name, or one is made at the very change that is refused. */
BUCKET_TEST(apply, what_the_store_refuses_does_not_happen_among_many_keys)
{
    refuse_each(5);
    refuse_each(6);
    refuse_each(20);
}

BUCKET_TEST(apply, a_value_that_was_refused_is_never_found_by_its_number)
{
    struct bucket *bucket = bucket_new("shopping");
    uint64_t number;

    store_refuse(0, -EIO);
    cr_assert_eq(try_add(bucket), -EIO);
    number = store_last()->ino;
    cr_assert_gt(number, 0);
    cr_assert_null(inode_find(buckets_environment()->index, number));
    store_refuse(0, 0);
    value_unref(add_value(bucket, "rye", BUCKET_QUIETLY));
    cr_assert_neq(store_last()->ino, number);
}

/* ---- the record ---- */

static bool is_called(const char *name, size_t length, const char *expected)
{
    return length == strlen(expected) && memcmp(name, expected, length) == 0;
}

BUCKET_TEST(apply, a_change_names_the_bucket_the_value_and_the_time)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);
    const struct change *change = store_last();

    cr_assert_eq(change->kind, CHANGE_ADD);
    cr_assert_eq(change->bucket, bucket_inode(bucket)->number);
    cr_assert_eq(change->ino, value_inode(value)->number);
    cr_assert(is_called(change->name, change->name_length, "milk"));
    cr_assert_eq(change->attributes.mode, (mode_t)S_IFREG | 0644);
    cr_assert_eq(change->time, attributes_of(value).ctime);
    value_unref(value);
}

BUCKET_TEST(apply, a_rename_names_both_names)
{
    struct bucket *bucket = bucket_new("shopping");

    put(bucket, "milk", "3");
    cr_assert_eq(bucket_rename(bucket, KEY("milk"), KEY("oat"), false), 0);
    cr_assert_eq(store_last()->kind, CHANGE_RENAME);
    cr_assert_eq(store_last()->bucket, bucket_inode(bucket)->number);
    cr_assert(is_called(store_last()->name, store_last()->name_length, "milk"));
    cr_assert(is_called(store_last()->to_name, store_last()->to_name_length, "oat"));
}

BUCKET_TEST(apply, a_removal_names_the_entry)
{
    struct bucket *bucket = bucket_new("shopping");

    put(bucket, "milk", "3");
    cr_assert_eq(bucket_delete(bucket, KEY("milk")), 0);
    cr_assert_eq(store_last()->kind, CHANGE_REMOVE);
    cr_assert_eq(store_last()->bucket, bucket_inode(bucket)->number);
    cr_assert(is_called(store_last()->name, store_last()->name_length, "milk"));
}

BUCKET_TEST(apply, a_write_holds_its_bytes_and_offset)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);

    cr_assert_eq(value_write(value, 5, "bytes", 5, 0), 0);
    cr_assert_eq(store_last()->kind, CHANGE_WRITE);
    cr_assert_eq(store_last()->bucket, bucket_inode(bucket)->number);
    cr_assert_eq(store_last()->ino, value_inode(value)->number);
    cr_assert_eq(store_last()->offset, 5);
    cr_assert_eq(store_last()->length, 5);
    cr_assert_arr_eq(store_last()->bytes, "bytes", 5);
    value_unref(value);
}

BUCKET_TEST(apply, an_allocation_holds_its_kind_and_range)
{
    static const enum change_kind kinds[] = {CHANGE_ALLOCATE, CHANGE_ZERO, CHANGE_PUNCH};
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        cr_assert_eq(value_allocate(value, kinds[i], 5, 10000, CHANGE_SET_SIZE), 0);
        cr_assert_eq(store_last()->kind, kinds[i]);
        cr_assert_eq(store_last()->bucket, bucket_inode(bucket)->number);
        cr_assert_eq(store_last()->ino, value_inode(value)->number);
        cr_assert_eq(store_last()->offset, 5);
        cr_assert_eq(store_last()->length, 10000);
        cr_assert_eq(store_last()->set, CHANGE_SET_SIZE);
    }
    value_unref(value);
}

BUCKET_TEST(apply, attributes_are_set_of_a_value_or_of_the_bucket_itself)
{
    const struct change_attributes to = {.mode = 0600, .size = 3};
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);
    struct attributes attributes;

    cr_assert_eq(value_set_attributes(value, CHANGE_SET_SIZE, &to, &attributes), 0);
    cr_assert_eq(store_last()->kind, CHANGE_SET);
    cr_assert_eq(store_last()->ino, value_inode(value)->number);
    cr_assert_eq(store_last()->set, CHANGE_SET_SIZE);
    cr_assert_eq(store_last()->attributes.size, 3);

    cr_assert_eq(bucket_set_attributes(bucket, CHANGE_SET_MODE, &to, &attributes), 0);
    cr_assert_eq(store_last()->ino, bucket_inode(bucket)->number);
    cr_assert_eq(store_last()->bucket, bucket_inode(bucket)->number);
    cr_assert_eq(store_last()->set, CHANGE_SET_MODE);
    value_unref(value);
}

BUCKET_TEST(apply, reading_and_what_fails_before_it_is_no_change)
{
    struct bucket *bucket = bucket_new("shopping");
    int kept;

    put(bucket, "milk", "3");
    kept = store_kept();
    (void)get(bucket, "milk");
    (void)stats_of(bucket);
    (void)attributes_of_bucket(bucket);
    value_unref(find_value(bucket, "milk", BUCKET_QUIETLY));
    cr_assert_eq(bucket_delete(bucket, KEY("oat")), BUCKET_E_NOT_FOUND);
    cr_assert_eq(bucket_stop_if_empty(bucket), BUCKET_E_NOT_EMPTY);
    cr_assert_eq(store_kept(), kept);
}
