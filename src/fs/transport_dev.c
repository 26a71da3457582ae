/*
 * Requests over /dev/fuse only: for a libfuse that doesn't know io_uring.
 */
#include "fs/fs_internal.h"
#include "fs/thread_buffer.h"

void transport_init(struct fuse_conn_info *connection)
{
    (void)connection;
}

/* This libfuse can't tell: the kernel drops set-id bits itself, and sets the mode. */
unsigned transport_write_drops(const struct fuse_file_info *info)
{
    (void)info;
    return 0;
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
