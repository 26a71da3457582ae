/*
 * The rhythm of every operation: resolve the nodeid, check the name, ask the
 * bucket or the registry, reply once.
 */
#include "base/scheduling.h"
#include "fs/fs_internal.h"
#include "fs/stats.h"

#include <errno.h>
#include <string.h>

struct fs *request_begin(fuse_req_t req)
{
    struct fs *fs = fuse_req_userdata(req);
    bool io_uring = transport_is_io_uring(req);

    if (!atomic_load_explicit(&fs->ready, memory_order_relaxed)) {
        if (io_uring)
            (void)scheduling_step_aside();
        atomic_store(&fs->over_io_uring, io_uring);
        atomic_store(&fs->ready, true);
    }
    return fs;
}

void request_answer(fuse_req_t req, int error)
{
    const struct fs *fs = fuse_req_userdata(req);

    stats_count_error(fs->stats, error);
    fuse_reply_err(req, error);
}

static enum node_kind kind_of(const struct inode *inode)
{
    switch (inode_kind(inode)) {
    case INODE_BUCKET:
        return NODE_BUCKET;
    case INODE_VALUE:
        return NODE_VALUE;
    case INODE_CONTROL:
        break;
    }
    return NODE_CONTROL;
}

bool request_resolve(fuse_req_t req, struct fs *fs, fuse_ino_t ino, struct node *ret_node)
{
    struct inode *inode;

    if (ino == FUSE_ROOT_ID) {
        *ret_node = (struct node){.kind = NODE_ROOT};
        return true;
    }
    inode = inode_find(&fs->index, ino);
    if (!inode) {
        request_answer(req, ESTALE);
        return false;
    }
    *ret_node = (struct node){.kind = kind_of(inode), .inode = inode};
    return true;
}

void node_release(struct node *node)
{
    inode_unref(node->inode);
}

struct actor *node_registry(struct fs *fs, const struct node *node)
{
    switch (node->kind) {
    case NODE_ROOT:
        return registry_actor(fs->registry);
    case NODE_BUCKET:
        return bucket_actor(bucket_of_inode(node->inode));
    case NODE_VALUE:
    case NODE_CONTROL:
        break;
    }
    return NULL;
}

int name_check(const char *name)
{
    if (strlen(name) > FS_NAME_MAX)
        return ENAMETOOLONG;
    return strcmp(name, FS_CONTROL_NAME) == 0 ? EPERM : 0;
}

const char *name_terminate(const char *name, size_t length, char *copy)
{
    memcpy(copy, name, length);
    copy[length] = '\0';
    return copy;
}
