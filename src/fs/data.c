/*
 * Open, read, write and copy. Where the kernel can do without opens it is told
 * so once (ENOSYS), and never asks again. Either way it keeps pages until we
 * take them back, and an open file is nothing of ours: what keeps a value is
 * that the kernel knows it.
 */
#include "fs/fs_internal.h"
#include "fs/stats.h"
#include "fs/thread_buffer.h"

#include <errno.h>

#define COPY_MAX ((size_t)1 << 20)

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
    struct fs *fs = request_begin(req);
    struct node node;

    if (fs->no_open) {
        request_answer(req, ENOSYS);
        return;
    }
    if (!request_resolve(req, fs, ino, &node))
        return;
    node_release(&node);
    info->keep_cache = 1;
    fuse_reply_open(req, info);
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
    (void)request_begin(req);
    (void)ino;
    (void)info;
    request_answer(req, 0);
}

static int read_node(const struct node *node, uint64_t offset, void *buffer, size_t size, size_t *ret_length)
{
    switch (node->kind) {
    case NODE_VALUE:
        return fs_errno(value_read(value_of_inode(node->inode), offset, buffer, size, ret_length), FS_BY_INODE);
    case NODE_CONTROL:
        return control_read(node->inode, offset, buffer, size, ret_length);
    case NODE_ROOT:
    case NODE_BUCKET:
        break;
    }
    return EISDIR;
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info)
{
    struct fs *fs = request_begin_read(req, size);
    void *buffer = transport_reply_buffer(req, size);
    size_t length = 0;
    struct node node;
    int error;

    (void)info;
    if (!request_resolve(req, fs, ino, &node))
        return;
    error = buffer ? read_node(&node, (uint64_t)offset, buffer, size, &length) : ENOMEM;
    node_release(&node);
    stats_count_read(fs->stats, length);
    if (error != 0)
        request_answer(req, error);
    else
        fuse_reply_buf(req, buffer, length);
}

/* What a request wants to be written. */
struct writing {
    const char *bytes;
    size_t size;
    uint64_t offset;
    unsigned drops;
    bool of_pages; /* of a mapping: nobody hears that less was written, only of an error */
};

/* 0 and how much there was room for. */
static int write_some(fuse_req_t req, struct value *value, const struct writing *writing, size_t *ret_written)
{
    struct attributes attributes;
    unsigned drops = writing->drops;
    int rc = value_write_some(value, writing->offset, writing->bytes, writing->size, drops, ret_written);

    if (rc != BUCKET_E_ASKS_GROUP)
        return rc;
    rc = value_get_attributes(value, &attributes);
    if (rc != 0)
        return rc;
    drops |= caller_sgid(req, attributes.gid);
    return value_write_some(value, writing->offset, writing->bytes, writing->size, drops, ret_written);
}

/* The rest by itself, so that it says why there is no room for it. */
static int write_value(fuse_req_t req, struct value *value, const struct writing *writing, size_t *ret_written)
{
    struct writing rest = *writing;
    size_t written = 0;
    int rc;

    do {
        rest.bytes += written;
        rest.offset += written;
        rest.size -= written;
        rc = write_some(req, value, &rest, &written);
    } while (rc == 0 && writing->of_pages && written < rest.size);
    if (rc == 0)
        *ret_written = (size_t)(rest.offset - writing->offset) + written;
    return rc;
}

static int write_node(fuse_req_t req, const struct node *node, const struct writing *writing, size_t *ret_written)
{
    *ret_written = writing->size;
    switch (node->kind) {
    case NODE_VALUE:
        return fs_errno(write_value(req, value_of_inode(node->inode), writing, ret_written), FS_BY_INODE);
    case NODE_CONTROL:
        return control_write(node->inode, writing->bytes, writing->size, fuse_req_ctx(req)->uid);
    case NODE_ROOT:
    case NODE_BUCKET:
        break;
    }
    return EISDIR;
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
              struct fuse_file_info *info)
{
    const struct writing writing = {bytes, size, (uint64_t)offset, transport_write_drops(req, info), info->writepage};
    struct fs *fs = request_begin(req);
    struct node node;
    size_t written;
    int error;

    if (!request_resolve(req, fs, ino, &node))
        return;
    error = write_node(req, &node, &writing, &written);
    node_release(&node);
    if (error != 0) {
        request_answer(req, error);
        return;
    }
    stats_count_written(fs->stats, written);
    fuse_reply_write(req, written);
}

static int copy_part(fuse_req_t req, const struct node *from, uint64_t from_offset, const struct node *to,
                     uint64_t to_offset, size_t size, size_t *ret_length)
{
    struct writing writing = {.bytes = thread_buffer(size), .offset = to_offset};
    void *buffer = (void *)writing.bytes;
    int error = buffer ? read_node(from, from_offset, buffer, size, &writing.size) : ENOMEM;

    if (error != 0 || writing.size == 0)
        return error;
    return write_node(req, to, &writing, ret_length);
}

/*
 * In two steps, so that it doesn't matter whose the two are; the kernel holds both as still as any copy does. Those who
 * want more ask again: a long copy must not keep a thread from other requests.
 */
void op_copy_file_range(fuse_req_t req, fuse_ino_t from_ino, off_t from, struct fuse_file_info *from_info,
                        fuse_ino_t to_ino, off_t to, struct fuse_file_info *to_info, size_t size, int flags)
{
    struct fs *fs = request_begin(req);
    struct node from_node;
    struct node to_node;
    size_t length = 0;
    int error;

    (void)from_info;
    (void)to_info;
    (void)flags;
    if (!request_resolve(req, fs, from_ino, &from_node))
        return;
    if (!request_resolve(req, fs, to_ino, &to_node)) {
        node_release(&from_node);
        return;
    }
    error = copy_part(req, &from_node, (uint64_t)from, &to_node, (uint64_t)to, size < COPY_MAX ? size : COPY_MAX,
                      &length);
    node_release(&from_node);
    node_release(&to_node);
    if (error != 0)
        request_answer(req, error);
    else
        fuse_reply_write(req, length);
}

/* Nothing waits to be written. An ENOSYS would be remembered, also by whoever mounts a store that has to. */
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *info)
{
    (void)request_begin(req);
    (void)ino;
    (void)datasync;
    (void)info;
    request_answer(req, 0);
}
