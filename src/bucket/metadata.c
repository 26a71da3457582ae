#include "bucket/metadata.h"

#include "bucket/acl.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#define CAPABILITY "security.capability"

static bool is_name(const struct change *change, const char *name)
{
    return change->name_length == strlen(name) && memcmp(change->name, name, change->name_length) == 0;
}

static void *find(const struct metadata *metadata, const char *name, size_t *ret_length)
{
    return xattrs_find(*metadata->xattrs, name, strlen(name), ret_length);
}

/* ---- attributes ---- */

/* A set-group-ID bit where the group may not execute: it goes only if the caller isn't in that group. */
static bool has_odd_sgid(const struct metadata *metadata)
{
    return !S_ISDIR(*metadata->mode) && (*metadata->mode & (S_ISGID | S_IXGRP)) == S_ISGID;
}

static bool is_group_known(unsigned set)
{
    return set & (CHANGE_DROP_SGID | CHANGE_KEEP_SGID);
}

int metadata_check_drop(const struct metadata *metadata, unsigned set)
{
    return (set & CHANGE_DROP_SET_ID) && has_odd_sgid(metadata) && !is_group_known(set) ? BUCKET_E_ASKS_GROUP : 0;
}

/* What a file could do by itself because of who made it so, which others mustn't inherit who change the file. */
static void drop(const struct metadata *metadata, unsigned set)
{
    mode_t mode = *metadata->mode;

    if ((set & CHANGE_DROP_SGID) || ((set & CHANGE_DROP_SET_ID) && (mode & S_IXGRP) && !S_ISDIR(mode)))
        *metadata->mode &= ~(mode_t)S_ISGID;
    if (!(set & CHANGE_DROP_SET_ID) || S_ISDIR(mode))
        return;
    *metadata->mode &= ~(mode_t)S_ISUID;
    (void)xattrs_remove(metadata->xattrs, CAPABILITY, strlen(CAPABILITY));
}

static void set_mode(const struct metadata *metadata, mode_t mode)
{
    size_t length;
    void *acl = find(metadata, ACL_ACCESS, &length);

    *metadata->mode = (*metadata->mode & S_IFMT) | (mode & ~(mode_t)S_IFMT);
    if (acl)
        acl_change_mode(acl, length, mode);
}

void metadata_set(const struct metadata *metadata, const struct change *change)
{
    const struct change_attributes *to = &change->attributes;

    if (change->set & CHANGE_SET_MODE)
        set_mode(metadata, to->mode);
    if (change->set & CHANGE_SET_UID)
        *metadata->uid = to->uid;
    if (change->set & CHANGE_SET_GID)
        *metadata->gid = to->gid;
    if (change->set & CHANGE_SET_ATIME)
        *metadata->atime = to->atime;
    if (change->set & CHANGE_SET_MTIME)
        *metadata->mtime = to->mtime;
    if (change->set & CHANGE_SET_ATIME_NOW)
        *metadata->atime = change->time;
    if (change->set & CHANGE_SET_MTIME_NOW)
        *metadata->mtime = change->time;
    *metadata->ctime = change->set & CHANGE_SET_CTIME ? to->ctime : change->time;
    drop(metadata, change->set);
}

/* ---- extended attributes ---- */

int metadata_get_xattr(const struct metadata *metadata, const struct key *name, void *buffer, size_t size,
                       size_t *ret_length)
{
    size_t length;
    const void *value = xattrs_find(*metadata->xattrs, name->name, name->length, &length);

    if (!value)
        return BUCKET_E_NO_XATTR;
    if (size > 0 && length > size)
        return BUCKET_E_RANGE;
    if (size > 0)
        memcpy(buffer, value, length);
    *ret_length = length;
    return 0;
}

int metadata_list_xattrs(const struct metadata *metadata, const char *hidden, void *buffer, size_t size,
                         size_t *ret_length)
{
    size_t length = xattrs_list(*metadata->xattrs, hidden, buffer, size);

    if (size > 0 && length > size)
        return BUCKET_E_RANGE;
    *ret_length = length;
    return 0;
}

/* An access list changes the mode with it, and isn't kept if that says all. */
static int plan_access_list(const struct metadata *metadata, struct change *change)
{
    if (!acl_is_valid(change->bytes, change->length))
        return BUCKET_E_BAD_ACL;
    if ((*metadata->mode & S_ISGID) && !is_group_known(change->set))
        return BUCKET_E_ASKS_GROUP;
    change->set |= CHANGE_SET_MODE;
    change->attributes.mode = (*metadata->mode & ~(mode_t)0777) | acl_mode(change->bytes, change->length);
    if (acl_is_minimal(change->length))
        change->kind = CHANGE_REMOVE_XATTR;
    return 0;
}

static int plan_default_list(const struct metadata *metadata, const struct change *change)
{
    if (!S_ISDIR(*metadata->mode))
        return BUCKET_E_NO_DEFAULT_ACL;
    return acl_is_valid(change->bytes, change->length) ? 0 : BUCKET_E_BAD_ACL;
}

int metadata_plan_xattr(const struct metadata *metadata, int flags, struct change *change)
{
    size_t length;
    bool exists = xattrs_find(*metadata->xattrs, change->name, change->name_length, &length);

    if (exists && (flags & XATTR_CREATE))
        return BUCKET_E_EXISTS;
    if (!exists && (change->kind == CHANGE_REMOVE_XATTR || (flags & XATTR_REPLACE)))
        return BUCKET_E_NO_XATTR;
    if (change->kind == CHANGE_SET_XATTR && is_name(change, ACL_ACCESS))
        return plan_access_list(metadata, change);
    if (change->kind == CHANGE_SET_XATTR && is_name(change, ACL_DEFAULT))
        return plan_default_list(metadata, change);
    return 0;
}

int metadata_reserve_xattr(const struct metadata *metadata, const struct change *change, struct xattrs **ret_reserved)
{
    const struct xattr xattr = {change->name, change->name_length, change->bytes, change->length};
    int rc;

    if (change->kind == CHANGE_REMOVE_XATTR) {
        *ret_reserved = NULL;
        return 0;
    }
    rc = xattrs_with(*metadata->xattrs, &xattr, ret_reserved);
    return rc == -ENOSPC ? BUCKET_E_XATTRS_FULL : rc;
}

void metadata_set_xattr(const struct metadata *metadata, const struct change *change, struct xattrs *reserved)
{
    if (change->kind == CHANGE_REMOVE_XATTR) {
        (void)xattrs_remove(metadata->xattrs, change->name, change->name_length);
    } else {
        xattrs_destroy(*metadata->xattrs);
        *metadata->xattrs = reserved;
    }
    metadata_set(metadata, change);
}

/* ---- what is new ---- */

static int give_list(struct xattrs **xattrs, const char *name, const void *acl, size_t length)
{
    const struct xattr xattr = {name, strlen(name), acl, length};
    struct xattrs *more;
    int rc = xattrs_with(*xattrs, &xattr, &more);

    if (rc < 0)
        return rc;
    xattrs_destroy(*xattrs);
    *xattrs = more;
    return 0;
}

/* What is made in a directory with a default list gets it as its own, and a directory as its default, too. */
static int inherit_list(const void *acl, size_t length, struct change_attributes *attributes, struct xattrs **xattrs)
{
    void *own;
    int rc = give_list(xattrs, ACL_ACCESS, acl, length);

    if (rc < 0)
        return rc;
    own = xattrs_find(*xattrs, ACL_ACCESS, strlen(ACL_ACCESS), &length);
    attributes->mode = acl_create(own, length, attributes->mode);
    if (acl_is_minimal(length))
        (void)xattrs_remove(xattrs, ACL_ACCESS, strlen(ACL_ACCESS));
    return S_ISDIR(attributes->mode) ? give_list(xattrs, ACL_DEFAULT, acl, length) : 0;
}

static void inherit_group(const struct metadata *directory, struct change_attributes *attributes)
{
    if (!(*directory->mode & S_ISGID))
        return;
    attributes->gid = *directory->gid;
    if (S_ISDIR(attributes->mode))
        attributes->mode |= S_ISGID;
}

int metadata_inherit(const struct metadata *directory, struct change_attributes *attributes,
                     struct xattrs **ret_xattrs)
{
    struct change_attributes inherited = *attributes;
    struct xattrs *xattrs = NULL;
    size_t length;
    const void *acl = find(directory, ACL_DEFAULT, &length);
    int rc = 0;

    inherit_group(directory, &inherited);
    if (!acl && !S_ISLNK(inherited.mode))
        inherited.mode &= ~inherited.umask;
    inherited.umask = 0;
    if (acl && !S_ISLNK(inherited.mode))
        rc = inherit_list(acl, length, &inherited, &xattrs);
    if (rc < 0) {
        xattrs_destroy(xattrs);
        return rc;
    }
    *attributes = inherited;
    *ret_xattrs = xattrs;
    return 0;
}
