/*
 * Requests over io_uring where the kernel offers it, else over /dev/fuse. The
 * library falls back by itself; which one it got shows with the first request
 * that isn't INIT.
 *
 * libfuse ends its ring threads by cancelling them, at whatever they do. They
 * also watch an eventfd for the same purpose, so cancellation is switched off
 * in each: a thread that holds a bucket's run lock must not vanish.
 *
 * Its settings are left as they are, since none was better (interleaved, one
 * client, two, sixteen): a queue of 1, 2, 4, 8 (the default), 16 or 32 entries
 * made no difference, not to reading ahead either. A thread that spins before
 * it sleeps, for 5, 20 or 100 us, takes the core from the client, who is on the
 * same: a getattr came 7 % sooner at best, a write 1 to 27 % later at best.
 */
#include "fs/counted.h"
#include "fs/thread_buffer.h"

#include <errno.h>

/*
 * No request of ours waits, so none is worth interrupting; and libfuse 3.18 leaks an interrupt that came too late. With
 * each request that drops set-id bits the kernel shall say so.
 */
void transport_init(struct fuse_conn_info *connection)
{
    connection->no_interrupt = 1;
    connection->want |= connection->capable & FUSE_CAP_HANDLE_KILLPRIV_V2;
}

unsigned transport_write_drops(fuse_req_t req, const struct fuse_file_info *info)
{
    (void)req;
    return info->kill_suidgid ? CHANGE_DROP_SET_ID : 0;
}

unsigned transport_change_drops(fuse_req_t req, int to_set)
{
    (void)req;
    return to_set & FUSE_SET_ATTR_KILL_SUID ? CHANGE_DROP_SET_ID : 0;
}

/* What stat shows is all there is. */
static void op_statx(fuse_req_t req, fuse_ino_t ino, int flags, int mask, struct fuse_file_info *info)
{
    (void)ino;
    (void)flags;
    (void)mask;
    (void)info;
    (void)request_begin(req);
    request_answer(req, ENOSYS);
}

COUNTED(tmpfile, OPERATION_TMPFILE, (fuse_req_t req, fuse_ino_t parent, mode_t mode, struct fuse_file_info *info),
        (req, parent, mode, info))
COUNTED(statx, OPERATION_STATX, (fuse_req_t req, fuse_ino_t ino, int flags, int mask, struct fuse_file_info *info),
        (req, ino, flags, mask, info))

void transport_add_operations(struct fuse_lowlevel_ops *operations)
{
    operations->tmpfile = counted_tmpfile;
    operations->statx = counted_statx;
}

void transport_expire_entry(struct fuse_session *session, uint64_t parent, const char *name, size_t length)
{
    (void)fuse_lowlevel_notify_expire_entry(session, parent, name, length);
}

int transport_add_options(struct fuse_args *args, bool io_uring)
{
    if (!io_uring)
        return 0;
    return fuse_opt_add_arg(args, "-oio_uring") < 0 ? -ENOMEM : 0;
}

static void refuse_cancellation(void)
{
    static _Thread_local bool refused;

    if (refused)
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    refused = true;
}

bool transport_is_io_uring(fuse_req_t req)
{
    if (!fuse_req_is_uring(req))
        return false;
    refuse_cancellation();
    return true;
}

void *transport_reply_buffer(fuse_req_t req, size_t size)
{
    char *payload;
    size_t room;

    if (fuse_req_is_uring(req) && fuse_req_get_payload(req, &payload, &room, NULL) == 0 && size <= room)
        return payload;
    return thread_buffer(size);
}
