/*
 * A mode's three parts are three entries of the list: the owner's, everyone
 * else's, and for the group's part the mask, if there is one, which bounds all
 * named users and groups and the owning group. Without a mask it is the owning
 * group's own entry.
 */
#include "bucket/acl.h"

#include <endian.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdint.h>
#include <string.h>

#define PERMISSIONS (ACL_READ | ACL_WRITE | ACL_EXECUTE)
#define NONE ((size_t)-1)

/* Nothing in the bytes of an xattr is aligned. */
static struct posix_acl_xattr_entry read_entry(const void *acl, size_t index)
{
    const char *entries = (const char *)acl + sizeof(struct posix_acl_xattr_header);
    struct posix_acl_xattr_entry entry;

    memcpy(&entry, entries + index * sizeof(entry), sizeof(entry));
    return entry;
}

static unsigned tag_of(const void *acl, size_t index)
{
    return le16toh(read_entry(acl, index).e_tag);
}

static unsigned permissions_of(const void *acl, size_t index)
{
    return le16toh(read_entry(acl, index).e_perm);
}

static void set_permissions(void *acl, size_t index, unsigned permissions)
{
    char *entries = (char *)acl + sizeof(struct posix_acl_xattr_header);
    struct posix_acl_xattr_entry entry = read_entry(acl, index);

    entry.e_perm = htole16((uint16_t)permissions);
    memcpy(entries + index * sizeof(entry), &entry, sizeof(entry));
}

static size_t count_entries(size_t length)
{
    return (length - sizeof(struct posix_acl_xattr_header)) / sizeof(struct posix_acl_xattr_entry);
}

static size_t count_tag(const void *acl, size_t length, unsigned tag)
{
    size_t count = 0;

    for (size_t i = 0; i < count_entries(length); i++)
        count += tag_of(acl, i) == tag;
    return count;
}

static size_t find(const void *acl, size_t length, unsigned tag)
{
    for (size_t i = 0; i < count_entries(length); i++) {
        if (tag_of(acl, i) == tag)
            return i;
    }
    return NONE;
}

static bool has_head(const void *acl, size_t length)
{
    struct posix_acl_xattr_header header;

    if (length < sizeof(header) || (length - sizeof(header)) % sizeof(struct posix_acl_xattr_entry) != 0)
        return false;
    memcpy(&header, acl, sizeof(header));
    return le32toh(header.a_version) == POSIX_ACL_XATTR_VERSION;
}

static bool has_known_entries(const void *acl, size_t length)
{
    const unsigned known = ACL_USER_OBJ | ACL_USER | ACL_GROUP_OBJ | ACL_GROUP | ACL_MASK | ACL_OTHER;

    for (size_t i = 0; i < count_entries(length); i++) {
        unsigned tag = tag_of(acl, i);

        if ((tag & ~known) != 0 || __builtin_popcount(tag) != 1 || permissions_of(acl, i) > PERMISSIONS)
            return false;
    }
    return true;
}

bool acl_is_valid(const void *acl, size_t length)
{
    size_t named;
    size_t masks;

    if (!has_head(acl, length) || !has_known_entries(acl, length))
        return false;
    named = count_tag(acl, length, ACL_USER) + count_tag(acl, length, ACL_GROUP);
    masks = count_tag(acl, length, ACL_MASK);
    return count_tag(acl, length, ACL_USER_OBJ) == 1 && count_tag(acl, length, ACL_GROUP_OBJ) == 1 &&
           count_tag(acl, length, ACL_OTHER) == 1 && masks <= 1 && (named == 0 || masks == 1);
}

/* The entries that are the mode's parts: for user, group, other. */
static void find_parts(const void *acl, size_t length, size_t ret_parts[3])
{
    size_t mask = find(acl, length, ACL_MASK);

    ret_parts[0] = find(acl, length, ACL_USER_OBJ);
    ret_parts[1] = mask != NONE ? mask : find(acl, length, ACL_GROUP_OBJ);
    ret_parts[2] = find(acl, length, ACL_OTHER);
}

mode_t acl_mode(const void *acl, size_t length)
{
    size_t parts[3];
    mode_t mode = 0;

    find_parts(acl, length, parts);
    for (int i = 0; i < 3; i++)
        mode = mode << 3 | permissions_of(acl, parts[i]);
    return mode;
}

/* Any entry beyond the three that every list has says more. */
bool acl_is_minimal(size_t length)
{
    return count_entries(length) == 3;
}

void acl_change_mode(void *acl, size_t length, mode_t mode)
{
    size_t parts[3];

    find_parts(acl, length, parts);
    for (int i = 0; i < 3; i++)
        set_permissions(acl, parts[i], mode >> (6 - 3 * i) & PERMISSIONS);
}

mode_t acl_create(void *acl, size_t length, mode_t mode)
{
    mode_t both = mode & acl_mode(acl, length);

    acl_change_mode(acl, length, both);
    return (mode & ~(mode_t)0777) | both;
}
