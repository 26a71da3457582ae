/*
 * Attributes: what the kernel is shown and what it sets.
 */
#include "base/clock.h"
#include "fs/fs_internal.h"

#include <errno.h>

void attributes_to_stat(const struct attributes *attributes, struct stat *ret_stat)
{
    *ret_stat = (struct stat){
        .st_ino = attributes->ino,
        .st_mode = attributes->mode,
        .st_nlink = attributes->nlink,
        .st_uid = attributes->uid,
        .st_gid = attributes->gid,
        .st_rdev = attributes->rdev,
        .st_size = (off_t)attributes->size,
        .st_blksize = FS_BLOCK_SIZE,
        .st_blocks = (blkcnt_t)((attributes->allocated + 511) / 512),
        .st_atim = clock_to_timespec(attributes->atime),
        .st_mtim = clock_to_timespec(attributes->mtime),
        .st_ctim = clock_to_timespec(attributes->ctime),
    };
}

void entry_of(const struct attributes *attributes, struct fuse_entry_param *ret_entry)
{
    *ret_entry = (struct fuse_entry_param){
        .ino = attributes->ino,
        .attr_timeout = FS_FOREVER,
        .entry_timeout = FS_FOREVER,
    };
    attributes_to_stat(attributes, &ret_entry->attr);
}

/* A directory that was removed and is still open, or somebody's working directory, has no name left. */
static int bucket_attributes(struct bucket *bucket, struct attributes *ret_attributes)
{
    int rc = bucket_get_attributes(bucket, ret_attributes);

    if (actor_has_ended_by(rc) && bucket_show_removed(bucket, ret_attributes))
        return 0;
    return fs_errno(rc, FS_BY_INODE);
}

int node_get_attributes(struct fs *fs, const struct node *node, struct attributes *ret_attributes)
{
    switch (node->kind) {
    case NODE_ROOT:
        return root_get_attributes(fs, ret_attributes);
    case NODE_BUCKET:
        return bucket_attributes(bucket_of_inode(node->inode), ret_attributes);
    case NODE_VALUE:
        return fs_errno(value_get_attributes(value_of_inode(node->inode), ret_attributes), FS_BY_INODE);
    case NODE_CONTROL:
        control_show(node->inode, ret_attributes);
        return 0;
    }
    return EIO;
}

static void reply_attributes(fuse_req_t req, int error, const struct attributes *attributes)
{
    struct stat stat;

    if (error != 0) {
        request_answer(req, error);
        return;
    }
    attributes_to_stat(attributes, &stat);
    fuse_reply_attr(req, &stat, FS_FOREVER);
}

static void reply_leaving(fuse_req_t req, const struct inode *inode)
{
    struct stat stat;

    leaving_show(inode, &stat);
    fuse_reply_attr(req, &stat, 0);
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
    struct fs *fs = request_begin(req);
    struct attributes attributes;
    struct node node;
    int error;

    (void)info;
    if (!request_resolve(req, fs, ino, &node))
        return;
    error = node_get_attributes(fs, &node, &attributes);
    if (error == ESTALE && node.kind == NODE_BUCKET && leaving_is_asked(fs, fuse_req_ctx(req)->pid))
        reply_leaving(req, node.inode);
    else
        reply_attributes(req, error, &attributes);
    node_release(&node);
}

static unsigned change_of(const struct stat *stat, int to_set, struct change_attributes *ret_change)
{
    static const struct {
        int fuse;
        unsigned change;
    } bits[] = {
        {FUSE_SET_ATTR_MODE, CHANGE_SET_MODE},   {FUSE_SET_ATTR_UID, CHANGE_SET_UID},
        {FUSE_SET_ATTR_GID, CHANGE_SET_GID},     {FUSE_SET_ATTR_SIZE, CHANGE_SET_SIZE},
        {FUSE_SET_ATTR_ATIME, CHANGE_SET_ATIME}, {FUSE_SET_ATTR_ATIME_NOW, CHANGE_SET_ATIME_NOW},
        {FUSE_SET_ATTR_MTIME, CHANGE_SET_MTIME}, {FUSE_SET_ATTR_MTIME_NOW, CHANGE_SET_MTIME_NOW},
    };
    /* One that sets nothing is how the kernel says no more than that: for fallocate(2), and chown(2) to nobody else. */
    unsigned set = to_set == 0 ? CHANGE_DROP_SET_ID : 0;

    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        if (to_set & bits[i].fuse)
            set |= bits[i].change;
    }
    *ret_change = (struct change_attributes){
        .mode = stat->st_mode,
        .uid = stat->st_uid,
        .gid = stat->st_gid,
        .size = (uint64_t)stat->st_size,
        .atime = clock_from_timespec(&stat->st_atim),
        .mtime = clock_from_timespec(&stat->st_mtim),
        .ctime = clock_from_timespec(&stat->st_ctim),
    };
    return set;
}

static int set_of_value(fuse_req_t req, struct value *value, unsigned set, const struct change_attributes *to,
                        struct attributes *ret_attributes)
{
    struct attributes before;
    int rc = value_set_attributes(value, set, to, ret_attributes);

    if (rc != BUCKET_E_ASKS_GROUP)
        return rc;
    rc = value_get_attributes(value, &before);
    return rc == 0 ? value_set_attributes(value, set | caller_sgid(req, before.gid), to, ret_attributes) : rc;
}

static int node_set_attributes(fuse_req_t req, struct fs *fs, const struct node *node, unsigned set,
                               const struct change_attributes *to, struct attributes *ret_attributes)
{
    switch (node->kind) {
    case NODE_ROOT:
        return root_set_attributes(fs, set, to, ret_attributes);
    case NODE_BUCKET:
        return fs_errno(bucket_set_attributes(bucket_of_inode(node->inode), set, to, ret_attributes), FS_BY_INODE);
    case NODE_VALUE:
        return fs_errno(set_of_value(req, value_of_inode(node->inode), set, to, ret_attributes), FS_BY_INODE);
    case NODE_CONTROL:
        break;
    }
    /* Truncating one, as a shell does before it writes, means nothing; its owner and mode are the bucket's business. */
    if (set & (CHANGE_SET_MODE | CHANGE_SET_UID | CHANGE_SET_GID))
        return EPERM;
    control_show(node->inode, ret_attributes);
    return 0;
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *stat, int to_set, struct fuse_file_info *info)
{
    struct fs *fs = request_begin(req);
    struct change_attributes change;
    struct attributes attributes;
    struct node node;
    unsigned set;
    int error;

    (void)info;
    if (!request_resolve(req, fs, ino, &node))
        return;
    set = change_of(stat, to_set, &change) | transport_change_drops(req, to_set);
    error = node_set_attributes(req, fs, &node, set, &change, &attributes);
    node_release(&node);
    reply_attributes(req, error, &attributes);
}

/* What there is is what may be: as tmpfs does, without a limit nothing is told. */
static uint64_t free_of(const struct limit *limit)
{
    return limit->max > 0 ? limit_room(limit) : 0;
}

static_assert(FS_BLOCK_SIZE == USAGE_PAGE, "statfs shows what is counted");

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
    struct fs *fs = request_begin(req);
    const struct limit *pages = &fs->environment.pages;
    const struct limit *inodes = &fs->environment.inodes;
    struct statvfs statfs = {
        .f_bsize = FS_BLOCK_SIZE,
        .f_frsize = FS_BLOCK_SIZE,
        .f_namemax = FS_NAME_MAX,
        .f_blocks = pages->max,
        .f_bfree = free_of(pages),
        .f_files = inodes->max,
        .f_ffree = free_of(inodes),
    };

    (void)ino;
    statfs.f_bavail = statfs.f_bfree;
    statfs.f_favail = statfs.f_ffree;
    fuse_reply_statfs(req, &statfs);
}
