/*
 * The root directory's own metadata. The registry, which the root is, knows
 * nothing of it; when a name in it changed last is the registry's to say.
 *
 * These calls are made by FUSE threads, except that what is made in the root
 * inherits from it within the registry's callback: so the lock is the last of
 * all, and the registry is asked before it is taken.
 */
#include "base/clock.h"
#include "fs/fs_internal.h"

#include <unistd.h>

void root_init(struct root *root)
{
    lock_init(&root->lock);
    root->mode = S_IFDIR | 0755;
    root->uid = getuid();
    root->gid = getgid();
    root->atime = root->ctime = clock_wall_ns();
    root->mtime_set_at = -1;
}

int root_get_attributes(struct fs *fs, struct attributes *ret_attributes)
{
    struct root *root = &fs->root;
    struct registry_stats stats;
    int rc = registry_get_stats(fs->registry, &stats);

    if (rc != 0)
        return fs_errno(rc, FS_BY_INODE);
    lock_acquire(&root->lock);
    *ret_attributes = (struct attributes){
        .ino = FUSE_ROOT_ID,
        .mode = root->mode,
        .nlink = (nlink_t)(2 + stats.count),
        .uid = root->uid,
        .gid = root->gid,
        .size = stats.count,
        .atime = root->atime,
        .mtime = root->mtime_set_at == stats.changed_ns ? root->mtime : stats.changed_ns,
        .ctime = root->ctime > stats.changed_ns ? root->ctime : stats.changed_ns,
    };
    lock_release(&root->lock);
    return 0;
}

static struct metadata metadata_of(struct root *root)
{
    return (struct metadata){&root->mode,  &root->uid,   &root->gid,   &root->atime,
                             &root->mtime, &root->ctime, &root->xattrs};
}

void root_deinit(struct root *root)
{
    xattrs_destroy(root->xattrs);
    lock_deinit(&root->lock);
}

int root_set_attributes(struct fs *fs, unsigned set, const struct change_attributes *to,
                        struct attributes *ret_attributes)
{
    const struct change change = {.kind = CHANGE_SET, .time = clock_wall_ns(), .set = set, .attributes = *to};
    const struct metadata metadata = metadata_of(&fs->root);
    struct registry_stats stats;
    int rc = registry_get_stats(fs->registry, &stats);

    if (rc != 0)
        return fs_errno(rc, FS_BY_INODE);
    lock_acquire(&fs->root.lock);
    metadata_set(&metadata, &change);
    if (set & (CHANGE_SET_MTIME | CHANGE_SET_MTIME_NOW))
        fs->root.mtime_set_at = stats.changed_ns;
    lock_release(&fs->root.lock);
    return root_get_attributes(fs, ret_attributes);
}

int root_get_xattr(struct root *root, const struct key *name, void *buffer, size_t size, size_t *ret_length)
{
    const struct metadata metadata = metadata_of(root);
    int rc;

    lock_acquire(&root->lock);
    rc = metadata_get_xattr(&metadata, name, buffer, size, ret_length);
    lock_release(&root->lock);
    return rc;
}

int root_list_xattrs(struct root *root, const char *hidden, void *buffer, size_t size, size_t *ret_length)
{
    const struct metadata metadata = metadata_of(root);
    int rc;

    lock_acquire(&root->lock);
    rc = metadata_list_xattrs(&metadata, hidden, buffer, size, ret_length);
    lock_release(&root->lock);
    return rc;
}

static int change_xattr(struct root *root, struct change *change, int flags)
{
    const struct metadata metadata = metadata_of(root);
    struct xattrs *reserved;
    int rc;

    lock_acquire(&root->lock);
    rc = metadata_plan_xattr(&metadata, flags, change);
    if (rc == 0)
        rc = metadata_reserve_xattr(&metadata, change, &reserved);
    if (rc == 0)
        metadata_set_xattr(&metadata, change, reserved);
    lock_release(&root->lock);
    return rc;
}

static struct change change_of(enum change_kind kind, const struct key *name)
{
    return (struct change){
        .kind = kind, .time = clock_wall_ns(), .name = name->name, .name_length = name->length};
}

int root_set_xattr(struct root *root, const struct key *name, const void *bytes, size_t length, int flags,
                   unsigned set)
{
    struct change change = change_of(CHANGE_SET_XATTR, name);

    change.bytes = bytes;
    change.length = length;
    change.set = set;
    return change_xattr(root, &change, flags);
}

int root_remove_xattr(struct root *root, const struct key *name)
{
    struct change change = change_of(CHANGE_REMOVE_XATTR, name);

    return change_xattr(root, &change, 0);
}

int root_inherit(void *context, struct change_attributes *attributes, struct xattrs **ret_xattrs)
{
    struct fs *fs = context;
    const struct metadata metadata = metadata_of(&fs->root);
    int rc;

    lock_acquire(&fs->root.lock);
    rc = metadata_inherit(&metadata, attributes, ret_xattrs);
    lock_release(&fs->root.lock);
    return rc;
}
