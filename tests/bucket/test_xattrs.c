/*
 * Extended attributes of values and buckets, and what follows from them: a mode from an access list, a list from a
 * directory's default, and what is dropped when somebody else changes a file.
 */
#include "bucket/xattrs.h"

#include "bucket/acl.h"
#include "bucket/bucket_internal.h"
#include "lib/buckets.h"

#include <linux/limits.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/xattr.h>

/* ---- shorthand ---- */

static int set_xattr(struct inode *inode, const char *name, const char *text, int flags)
{
    return bucket_set_xattr(inode, KEY(name), text, strlen(text), flags, 0);
}

/* Static; NULL if there is none. */
static const char *xattr_of(struct inode *inode, const char *name)
{
    static char buffer[256];
    size_t length;
    int rc = bucket_get_xattr(inode, KEY(name), buffer, sizeof(buffer) - 1, &length);

    if (rc == BUCKET_E_NO_XATTR)
        return NULL;
    cr_assert_eq(rc, 0);
    buffer[length] = '\0';
    return buffer;
}

/* The names, each with a blank behind it; static. */
static const char *names_of(struct inode *inode, const char *hidden)
{
    static char buffer[256];
    size_t length;

    cr_assert_eq(bucket_list_xattrs(inode, hidden, buffer, sizeof(buffer) - 1, &length), 0);
    for (size_t i = 0; i < length; i++)
        buffer[i] = buffer[i] ? buffer[i] : ' ';
    buffer[length] = '\0';
    return buffer;
}

static void change_mode(struct value *value, mode_t mode)
{
    const struct change_attributes to = {.mode = mode};
    struct attributes attributes;

    cr_assert_eq(value_set_attributes(value, CHANGE_SET_MODE, &to, &attributes), 0);
}

static mode_t mode_of(struct value *value)
{
    return attributes_of(value).mode & 07777;
}

/* ---- a list ---- */

struct list {
    struct posix_acl_xattr_header header;
    struct posix_acl_xattr_entry entries[5];
};

/* Owner, a named user, group, mask, others. */
static struct list list_of(unsigned owner, unsigned named, unsigned group, unsigned mask, unsigned others)
{
    return (struct list){
        .header.a_version = POSIX_ACL_XATTR_VERSION,
        .entries = {{ACL_USER_OBJ, (uint16_t)owner, (uint32_t)ACL_UNDEFINED_ID},
                    {ACL_USER, (uint16_t)named, 7},
                    {ACL_GROUP_OBJ, (uint16_t)group, (uint32_t)ACL_UNDEFINED_ID},
                    {ACL_MASK, (uint16_t)mask, (uint32_t)ACL_UNDEFINED_ID},
                    {ACL_OTHER, (uint16_t)others, (uint32_t)ACL_UNDEFINED_ID}},
    };
}

static int set_list(struct inode *inode, const char *name, const struct list *list)
{
    return bucket_set_xattr(inode, KEY(name), list, sizeof(*list), 0, 0);
}

static bool has_list(struct inode *inode, const char *name, const struct list *list)
{
    struct list got;
    size_t length;

    return bucket_get_xattr(inode, KEY(name), &got, sizeof(got), &length) == 0 && length == sizeof(got) &&
           memcmp(&got, list, length) == 0;
}

static void set_minimal_list(struct inode *inode, unsigned owner, unsigned group, unsigned others)
{
    struct list list = list_of(owner, 0, group, 0, others);

    list.entries[1] = list.entries[2];
    list.entries[2] = list.entries[4];
    cr_assert_eq(bucket_set_xattr(inode, KEY(ACL_ACCESS), &list, sizeof(list) - 2 * sizeof(list.entries[0]), 0, 0), 0);
}

/* ---- setting and reading ---- */

BUCKET_TEST(xattrs, a_value_and_a_bucket_keep_what_they_are_given)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);
    struct inode *inodes[] = {value_inode(value), bucket_inode(bucket)};

    for (int i = 0; i < 2; i++) {
        cr_assert_null(xattr_of(inodes[i], "user.colour"));
        cr_assert_eq(set_xattr(inodes[i], "user.colour", "white", 0), 0);
        cr_assert_eq(set_xattr(inodes[i], "user.empty", "", 0), 0);
        cr_assert_eq(set_xattr(inodes[i], "trusted.by", "me", 0), 0);
        cr_assert_str_eq(xattr_of(inodes[i], "user.colour"), "white");
        cr_assert_str_eq(xattr_of(inodes[i], "user.empty"), "");
        cr_assert_null(xattr_of(inodes[i], "user.colou"));
        cr_assert_str_eq(names_of(inodes[i], NULL), "user.colour user.empty trusted.by ");
        cr_assert_str_eq(names_of(inodes[i], "trusted."), "user.colour user.empty ");

        cr_assert_eq(set_xattr(inodes[i], "user.colour", "off-white", 0), 0);
        cr_assert_str_eq(xattr_of(inodes[i], "user.colour"), "off-white");
        cr_assert_str_eq(xattr_of(inodes[i], "trusted.by"), "me");
        cr_assert_str_eq(names_of(inodes[i], NULL), "user.colour user.empty trusted.by ");

        cr_assert_eq(bucket_remove_xattr(inodes[i], KEY("user.empty")), 0);
        cr_assert_eq(bucket_remove_xattr(inodes[i], KEY("user.empty")), BUCKET_E_NO_XATTR);
        cr_assert_str_eq(names_of(inodes[i], NULL), "user.colour trusted.by ");
        cr_assert_eq(bucket_remove_xattr(inodes[i], KEY("user.colour")), 0);
        cr_assert_eq(bucket_remove_xattr(inodes[i], KEY("trusted.by")), 0);
        cr_assert_str_eq(names_of(inodes[i], NULL), "");
    }
    cr_assert_null(value->xattrs, "with the last one its memory goes");
    cr_assert_null(bucket->xattrs);
    value_unref(value);
}

BUCKET_TEST(xattrs, flags_say_whether_it_must_be_there)
{
    struct bucket *bucket = bucket_new("shopping");
    struct inode *inode = bucket_inode(bucket);

    cr_assert_eq(set_xattr(inode, "user.a", "1", XATTR_REPLACE), BUCKET_E_NO_XATTR);
    cr_assert_eq(set_xattr(inode, "user.a", "1", XATTR_CREATE), 0);
    cr_assert_eq(set_xattr(inode, "user.a", "2", XATTR_CREATE), BUCKET_E_EXISTS);
    cr_assert_str_eq(xattr_of(inode, "user.a"), "1");
    cr_assert_eq(set_xattr(inode, "user.a", "2", XATTR_REPLACE), 0);
    cr_assert_str_eq(xattr_of(inode, "user.a"), "2");
}

BUCKET_TEST(xattrs, a_buffer_that_is_too_small_is_refused_and_none_asks_for_the_length)
{
    struct bucket *bucket = bucket_new("shopping");
    struct inode *inode = bucket_inode(bucket);
    char buffer[16];
    size_t length = 0;

    cr_assert_eq(set_xattr(inode, "user.a", "12345", 0), 0);
    cr_assert_eq(bucket_get_xattr(inode, KEY("user.a"), buffer, 4, &length), BUCKET_E_RANGE);
    cr_assert_eq(bucket_get_xattr(inode, KEY("user.a"), NULL, 0, &length), 0);
    cr_assert_eq(length, 5);
    cr_assert_eq(bucket_get_xattr(inode, KEY("user.a"), buffer, 5, &length), 0);
    cr_assert_arr_eq(buffer, "12345", 5);

    cr_assert_eq(bucket_list_xattrs(inode, NULL, buffer, 6, &length), BUCKET_E_RANGE);
    cr_assert_eq(bucket_list_xattrs(inode, NULL, NULL, 0, &length), 0);
    cr_assert_eq(length, sizeof("user.a"));
    cr_assert_eq(bucket_list_xattrs(inode, NULL, buffer, 7, &length), 0);
    cr_assert_str_eq(buffer, "user.a");
}

BUCKET_TEST(xattrs, there_are_as_many_as_can_be_listed)
{
    struct bucket *bucket = bucket_new("shopping");
    struct inode *inode = bucket_inode(bucket);
    char name[256];
    size_t length;
    int count = 0;
    int rc = 0;

    while (rc == 0) {
        snprintf(name, sizeof(name), "user.%0250d", count++);
        rc = set_xattr(inode, name, "", 0);
    }
    cr_assert_eq(rc, BUCKET_E_XATTRS_FULL);
    cr_assert_eq(bucket_list_xattrs(inode, NULL, NULL, 0, &length), 0);
    cr_assert_eq(length, XATTRS_NAMES_MAX);
    snprintf(name, sizeof(name), "user.%0250d", 0);
    cr_assert_eq(set_xattr(inode, name, "another value for one of them", 0), 0);
}

BUCKET_TEST(xattrs, their_bytes_are_bounded)
{
    struct bucket *bucket = bucket_new("shopping");
    struct inode *inode = bucket_inode(bucket);
    char *large = calloc(1, XATTR_SIZE_MAX);
    char name[16];
    int count = 0;
    int rc = 0;

    while (rc == 0) {
        snprintf(name, sizeof(name), "user.%d", count++);
        rc = bucket_set_xattr(inode, KEY(name), large, XATTR_SIZE_MAX, 0, 0);
    }
    cr_assert_eq(rc, BUCKET_E_XATTRS_FULL);
    cr_assert_eq(count, (int)(XATTRS_SIZE_MAX / XATTR_SIZE_MAX));
    cr_assert_eq(bucket_remove_xattr(inode, KEY("user.0")), 0);
    cr_assert_eq(bucket_set_xattr(inode, KEY(name), large, XATTR_SIZE_MAX, 0, 0), 0);
    free(large);
}

BUCKET_TEST(xattrs, a_change_sets_the_ctime_alone)
{
    const struct change_attributes long_ago = {.mtime = 5, .ctime = 5};
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);
    struct attributes attributes;

    for (int i = 0; i < 2; i++) {
        cr_assert_eq(value_set_attributes(value, CHANGE_SET_MTIME | CHANGE_SET_CTIME, &long_ago, &attributes), 0);
        cr_assert_eq(attributes.ctime, 5);
        if (i == 0)
            cr_assert_eq(set_xattr(value_inode(value), "user.a", "1", 0), 0);
        else
            cr_assert_eq(bucket_remove_xattr(value_inode(value), KEY("user.a")), 0);
        cr_assert_gt(attributes_of(value).ctime, 5);
        cr_assert_eq(attributes_of(value).mtime, 5);
    }
    value_unref(value);
}

BUCKET_TEST(xattrs, they_stay_with_the_value_that_is_renamed_or_unlinked)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);

    cr_assert_eq(set_xattr(value_inode(value), "user.a", "1", 0), 0);
    cr_assert_eq(bucket_rename(bucket, KEY("milk"), KEY("oat"), false), 0);
    cr_assert_str_eq(xattr_of(value_inode(value), "user.a"), "1");
    cr_assert_eq(bucket_delete(bucket, KEY("oat")), 0);
    cr_assert_str_eq(xattr_of(value_inode(value), "user.a"), "1");
    cr_assert_eq(set_xattr(value_inode(value), "user.b", "2", 0), 0);
    value_unref(value);
}

BUCKET_TEST(xattrs, a_change_names_the_attribute_and_its_bytes)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);

    cr_assert_eq(set_xattr(value_inode(value), "user.a", "bytes", 0), 0);
    cr_assert_eq(store_last()->kind, CHANGE_SET_XATTR);
    cr_assert_eq(store_last()->ino, value_inode(value)->number);
    cr_assert_eq(store_last()->name_length, strlen("user.a"));
    cr_assert_arr_eq(store_last()->name, "user.a", strlen("user.a"));
    cr_assert_arr_eq(store_last()->bytes, "bytes", 5);
    cr_assert_eq(bucket_remove_xattr(value_inode(value), KEY("user.a")), 0);
    cr_assert_eq(store_last()->kind, CHANGE_REMOVE_XATTR);
    cr_assert_eq(set_xattr(bucket_inode(bucket), "user.a", "", 0), 0);
    cr_assert_eq(store_last()->ino, bucket_inode(bucket)->number);
    value_unref(value);
}

BUCKET_TEST(xattrs, what_the_store_refuses_does_not_happen)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);
    struct inode *inodes[] = {value_inode(value), bucket_inode(bucket)};

    for (int i = 0; i < 2; i++) {
        const struct list list = list_of(7, 7, 7, 7, 7);

        cr_assert_eq(set_xattr(inodes[i], "user.a", "1", 0), 0);
        store_refuse(0, -EROFS);
        cr_assert_eq(set_xattr(inodes[i], "user.a", "2", 0), -EROFS);
        cr_assert_eq(set_xattr(inodes[i], "user.b", "2", 0), -EROFS);
        cr_assert_eq(bucket_remove_xattr(inodes[i], KEY("user.a")), -EROFS);
        cr_assert_eq(set_list(inodes[i], ACL_ACCESS, &list), -EROFS);
        store_refuse(0, 0);
        cr_assert_str_eq(xattr_of(inodes[i], "user.a"), "1");
        cr_assert_str_eq(names_of(inodes[i], NULL), "user.a ");
    }
    cr_assert_eq(mode_of(value), 0644);
    value_unref(value);
}

/* ---- access lists ---- */

BUCKET_TEST(xattrs, an_access_list_and_the_mode_are_in_step)
{
    struct list list = list_of(6, 7, 5, 4, 0);
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);
    struct inode *inode = value_inode(value);

    change_mode(value, 01777);
    cr_assert_eq(set_list(inode, ACL_ACCESS, &list), 0);
    cr_assert_eq(mode_of(value), 01640);
    change_mode(value, 0751);
    list = list_of(7, 7, 5, 5, 1);
    cr_assert(has_list(inode, ACL_ACCESS, &list));
    cr_assert_eq(mode_of(value), 0751);

    set_minimal_list(inode, 6, 4, 4);
    cr_assert_null(xattr_of(inode, ACL_ACCESS));
    cr_assert_eq(mode_of(value), 0644);
    cr_assert_eq(bucket_remove_xattr(inode, KEY(ACL_ACCESS)), BUCKET_E_NO_XATTR);
    value_unref(value);
}

BUCKET_TEST(xattrs, a_list_that_is_removed_leaves_the_mode)
{
    const struct list list = list_of(6, 7, 5, 4, 0);
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);

    cr_assert_eq(set_list(value_inode(value), ACL_ACCESS, &list), 0);
    cr_assert_eq(bucket_remove_xattr(value_inode(value), KEY(ACL_ACCESS)), 0);
    cr_assert_eq(mode_of(value), 0640);
    value_unref(value);
}

BUCKET_TEST(xattrs, what_is_no_list_is_refused_and_so_is_a_default_of_a_file)
{
    const struct list list = list_of(6, 7, 5, 4, 0);
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);

    cr_assert_eq(set_xattr(value_inode(value), ACL_ACCESS, "what?", 0), BUCKET_E_BAD_ACL);
    cr_assert_eq(set_xattr(value_inode(value), ACL_ACCESS, "", 0), BUCKET_E_BAD_ACL);
    cr_assert_eq(set_list(value_inode(value), ACL_DEFAULT, &list), BUCKET_E_NO_DEFAULT_ACL);
    value_unref(value);
}

BUCKET_TEST(xattrs, a_list_asks_for_the_group_of_a_set_gid_file)
{
    const struct list list = list_of(6, 7, 5, 4, 0);
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);
    struct inode *inode = value_inode(value);

    change_mode(value, 02755);
    cr_assert_eq(set_list(inode, ACL_ACCESS, &list), BUCKET_E_ASKS_GROUP);
    cr_assert_eq(mode_of(value), 02755);
    cr_assert_eq(bucket_set_xattr(inode, KEY(ACL_ACCESS), &list, sizeof(list), 0, CHANGE_KEEP_SGID), 0);
    cr_assert_eq(mode_of(value), 02640);
    cr_assert_eq(bucket_set_xattr(inode, KEY(ACL_ACCESS), &list, sizeof(list), 0, CHANGE_DROP_SGID), 0);
    cr_assert_eq(mode_of(value), 0640);
    value_unref(value);
}

/* ---- what is new ---- */

static struct value *add_with(struct bucket *bucket, const char *name, mode_t mode, mode_t umask)
{
    const struct change_attributes wanted = {.mode = mode, .umask = umask, .uid = 1, .gid = 2};
    struct attributes attributes;
    struct value *value;

    cr_assert_eq(bucket_add(bucket, KEY(name), &wanted, BUCKET_QUIETLY, &value, &attributes), 0);
    return value;
}

BUCKET_TEST(xattrs, the_umask_counts_unless_there_is_a_default_list)
{
    struct list list = list_of(7, 7, 7, 6, 5);
    struct bucket *bucket = bucket_new("shopping");
    struct value *before = add_with(bucket, "before", S_IFREG | 0666, 027);
    struct value *after;

    cr_assert_eq(set_list(bucket_inode(bucket), ACL_DEFAULT, &list), 0);
    after = add_with(bucket, "after", S_IFREG | 0666, 027);
    cr_assert_eq(mode_of(before), 0640);
    cr_assert_eq(mode_of(after), 0664);
    list = list_of(6, 7, 7, 6, 4);
    cr_assert(has_list(value_inode(after), ACL_ACCESS, &list));
    cr_assert_null(xattr_of(value_inode(after), ACL_DEFAULT));
    cr_assert_null(xattr_of(value_inode(before), ACL_ACCESS));
    value_unref(before);
    value_unref(after);
}

BUCKET_TEST(xattrs, a_symbolic_link_inherits_no_list_and_no_umask)
{
    const struct list list = list_of(7, 7, 7, 6, 5);
    struct bucket *bucket = bucket_new("shopping");
    struct value *value;

    cr_assert_eq(set_list(bucket_inode(bucket), ACL_DEFAULT, &list), 0);
    value = add_with(bucket, "link", S_IFLNK | 0777, 027);
    cr_assert_eq(mode_of(value), 0777);
    cr_assert_str_eq(names_of(value_inode(value), NULL), "");
    value_unref(value);
}

static struct bucket *start_in(struct bucket *parent, const char *name, const struct change_attributes *wanted)
{
    struct actor *actor;

    cr_assert_eq(registry_create(buckets_parent(parent), NAME(name), (void *)wanted, &actor), 0);
    actor_unref(actor);
    return bucket_called(parent, name);
}

BUCKET_TEST(xattrs, a_bucket_in_another_inherits_list_and_group)
{
    const struct change_attributes wanted = {.mode = S_IFDIR | 0777, .umask = 027, .uid = 1, .gid = 2};
    const struct change_attributes group = {.mode = S_IFDIR | 02755, .gid = 9};
    const struct list list = list_of(7, 7, 7, 6, 5);
    struct bucket *parent = bucket_in(NULL, "shopping");
    struct attributes attributes;
    struct bucket *child = start_in(parent, "plain", &wanted);

    attributes = attributes_of_bucket(child);
    cr_assert_eq(attributes.mode, (mode_t)S_IFDIR | 0750);
    cr_assert_eq(attributes.gid, 2);

    cr_assert_eq(bucket_set_attributes(parent, CHANGE_SET_MODE | CHANGE_SET_GID, &group, &attributes), 0);
    cr_assert_eq(set_list(bucket_inode(parent), ACL_DEFAULT, &list), 0);
    child = start_in(parent, "with list", &wanted);
    attributes = attributes_of_bucket(child);
    cr_assert_eq(attributes.mode, (mode_t)S_IFDIR | 02765);
    cr_assert_eq(attributes.gid, 9);
    cr_assert(has_list(bucket_inode(child), ACL_ACCESS, &list));
    cr_assert(has_list(bucket_inode(child), ACL_DEFAULT, &list));
}

BUCKET_TEST(xattrs, a_set_gid_bucket_gives_its_group_to_its_values_and_not_the_bit)
{
    const struct change_attributes group = {.mode = S_IFDIR | 02755, .gid = 9};
    struct bucket *bucket = bucket_new("shopping");
    struct attributes attributes;
    struct value *value;

    cr_assert_eq(bucket_set_attributes(bucket, CHANGE_SET_MODE | CHANGE_SET_GID, &group, &attributes), 0);
    value = add_with(bucket, "milk", S_IFREG | 0755, 0);
    cr_assert_eq(attributes_of(value).gid, 9);
    cr_assert_eq(mode_of(value), 0755);
    value_unref(value);
}

/* ---- what is dropped ---- */

BUCKET_TEST(xattrs, a_write_drops_what_it_is_told_to)
{
    static const struct {
        mode_t mode;
        unsigned set;
        int rc;
        mode_t after;
    } rows[] = {
        {06755, 0, 0, 06755},
        {06755, CHANGE_DROP_SET_ID, 0, 0755},
        {06745, CHANGE_DROP_SET_ID, BUCKET_E_ASKS_GROUP, 06745},
        {06745, CHANGE_DROP_SET_ID | CHANGE_KEEP_SGID, 0, 02745},
        {06745, CHANGE_DROP_SET_ID | CHANGE_DROP_SGID, 0, 0745},
        {04644, CHANGE_DROP_SET_ID, 0, 0644},
        {01755, CHANGE_DROP_SET_ID, 0, 01755},
    };
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct change_attributes to = {.size = 2};
        struct attributes attributes;

        change_mode(value, rows[i].mode);
        cr_expect_eq(value_write(value, 0, "3", 1, rows[i].set), rows[i].rc);
        cr_expect_eq(mode_of(value), rows[i].after, "%o is %o", rows[i].mode, mode_of(value));

        change_mode(value, rows[i].mode);
        cr_expect_eq(value_set_attributes(value, CHANGE_SET_SIZE | rows[i].set, &to, &attributes), rows[i].rc);
        cr_expect_eq(mode_of(value), rows[i].after, "%o is %o", rows[i].mode, mode_of(value));
    }
    value_unref(value);
}

BUCKET_TEST(xattrs, capabilities_go_with_the_set_id_bits)
{
    struct bucket *bucket = bucket_new("shopping");
    struct value *value = add_value(bucket, "milk", BUCKET_QUIETLY);
    struct inode *inode = value_inode(value);

    cr_assert_eq(set_xattr(inode, "security.capability", "all", 0), 0);
    cr_assert_eq(set_xattr(inode, "user.a", "1", 0), 0);
    cr_assert_eq(value_write(value, 0, "3", 1, 0), 0);
    cr_assert_str_eq(names_of(inode, NULL), "security.capability user.a ");
    cr_assert_eq(value_write(value, 0, "3", 1, CHANGE_DROP_SET_ID), 0);
    cr_assert_str_eq(names_of(inode, NULL), "user.a ");
    value_unref(value);
}

BUCKET_TEST(xattrs, a_bucket_drops_nothing)
{
    const struct change_attributes to = {.mode = S_IFDIR | 06755};
    struct bucket *bucket = bucket_new("shopping");
    struct attributes attributes;

    cr_assert_eq(bucket_set_attributes(bucket, CHANGE_SET_MODE, &to, &attributes), 0);
    cr_assert_eq(bucket_set_attributes(bucket, CHANGE_DROP_SET_ID, &to, &attributes), 0);
    cr_assert_eq(attributes.mode, (mode_t)S_IFDIR | 06755);
}
