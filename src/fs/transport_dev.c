/*
 * Requests over /dev/fuse only: for a libfuse that doesn't know io_uring.
 */
#include "fs/fs_internal.h"
#include "fs/thread_buffer.h"

void transport_init(struct fuse_conn_info *connection)
{
    (void)connection;
}

/*
 * This libfuse can't say which request drops set-id bits. So the kernel drops them itself, by setting the mode, but for
 * one: the set-group-ID bit of a file that its group may not execute. Root is who may keep it.
 */
static unsigned drops_of(fuse_req_t req)
{
    return fuse_req_ctx(req)->uid == 0 ? 0 : CHANGE_DROP_SET_ID;
}

/* What was written through a mapping was no write. */
unsigned transport_write_drops(fuse_req_t req, const struct fuse_file_info *info)
{
    return info->writepage ? 0 : drops_of(req);
}

unsigned transport_change_drops(fuse_req_t req, int to_set)
{
    return to_set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID | FUSE_SET_ATTR_SIZE) ? drops_of(req) : 0;
}

/* This libfuse has no O_TMPFILE: EOPNOTSUPP, and programs make a file with a name. */
void transport_add_operations(struct fuse_lowlevel_ops *operations)
{
    (void)operations;
}

/* How this is called differs between such libfuses. Without it the name means longer what it did. */
void transport_expire_entry(struct fuse_session *session, uint64_t parent, const char *name, size_t length)
{
    (void)session;
    (void)parent;
    (void)name;
    (void)length;
}

int transport_add_options(struct fuse_args *args, bool io_uring)
{
    (void)args;
    (void)io_uring;
    return 0;
}

bool transport_is_io_uring(fuse_req_t req)
{
    (void)req;
    return false;
}

void *transport_reply_buffer(fuse_req_t req, size_t size)
{
    (void)req;
    return thread_buffer(size);
}
