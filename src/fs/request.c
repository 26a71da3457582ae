/*
 * The rhythm of every operation: resolve the nodeid, check the name, ask the
 * bucket or the registry, reply once.
 *
 * libfuse binds the thread of each ring to the core whose clients it serves.
 * That is best where a client waits: it is woken on a core that is awake, with
 * the answer in its cache. But what the kernel reads ahead nobody waits for
 * yet; its client reads what came before it, on that same core, while others
 * may be idle. So from the second long READ in a row on a ring's thread goes
 * where there is room, until another request comes.
 */
#include "base/scheduling.h"
#include "fs/fs_internal.h"
#include "fs/stats.h"

#include <errno.h>
#include <string.h>

/* What is read at once, and so was likely read ahead. */
#define LONG_READ (128u << 10)

static void place_thread(size_t to_read)
{
    static _Thread_local bool follows_long;
    bool is_long = to_read >= LONG_READ;

    if (is_long && follows_long)
        scheduling_roam();
    else if (follows_long)
        scheduling_stay();
    follows_long = is_long;
}

struct fs *request_begin_read(fuse_req_t req, size_t size)
{
    struct fs *fs = fuse_req_userdata(req);
    bool io_uring = transport_is_io_uring(req);

    if (!atomic_load_explicit(&fs->ready, memory_order_relaxed)) {
        if (io_uring)
            (void)scheduling_step_aside();
        atomic_store(&fs->over_io_uring, io_uring);
        atomic_store(&fs->ready, true);
    }
    if (io_uring)
        place_thread(size);
    return fs;
}

struct fs *request_begin(fuse_req_t req)
{
    return request_begin_read(req, 0);
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
