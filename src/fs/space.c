/*
 * Space: what is allocated for a file before it is written, what is punched
 * out of it, and where its data and its holes are.
 */
#include "fs/fs_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* What the kernel lets through: punching keeps the size in any case. */
static int allocate_node(const struct node *node, int mode, uint64_t offset, uint64_t length)
{
    enum change_kind kind = CHANGE_ALLOCATE;

    if (mode & FALLOC_FL_PUNCH_HOLE)
        kind = CHANGE_PUNCH;
    else if (mode & FALLOC_FL_ZERO_RANGE)
        kind = CHANGE_ZERO;
    if (node->kind != NODE_VALUE ||
        mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
        return EOPNOTSUPP;
    return fs_errno(value_allocate(value_of_inode(node->inode), kind, offset, length,
                                   mode & FALLOC_FL_KEEP_SIZE ? 0 : CHANGE_SET_SIZE),
                    FS_BY_INODE);
}

void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length, struct fuse_file_info *info)
{
    struct fs *fs = request_begin(req);
    struct node node;
    int error;

    (void)info;
    if (!request_resolve(req, fs, ino, &node))
        return;
    error = allocate_node(&node, mode, (uint64_t)offset, (uint64_t)length);
    node_release(&node);
    request_answer(req, error);
}

/* A control file is data from its beginning to its end. */
static int find_in_control(const struct inode *inode, uint64_t offset, bool data, uint64_t *ret_offset)
{
    struct attributes attributes;

    control_show(inode, &attributes);
    if (offset >= attributes.size)
        return ENXIO;
    *ret_offset = data ? offset : attributes.size;
    return 0;
}

static int find_in_node(const struct node *node, uint64_t offset, bool data, uint64_t *ret_offset)
{
    struct value *value;

    if (node->kind == NODE_CONTROL)
        return find_in_control(node->inode, offset, data, ret_offset);
    if (node->kind != NODE_VALUE)
        return EISDIR;
    value = value_of_inode(node->inode);
    return fs_errno(data ? value_find_data(value, offset, ret_offset) : value_find_hole(value, offset, ret_offset),
                    FS_BY_INODE);
}

/* The kernel asks for data and holes only. It doesn't write first what waits to be written from a mapping. */
void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence, struct fuse_file_info *info)
{
    struct fs *fs = request_begin(req);
    uint64_t found = 0;
    struct node node;
    int error;

    (void)info;
    if (!request_resolve(req, fs, ino, &node))
        return;
    error = find_in_node(&node, (uint64_t)offset, whence == SEEK_DATA, &found);
    node_release(&node);
    if (error != 0)
        request_answer(req, error);
    else
        fuse_reply_lseek(req, (off_t)found);
}
