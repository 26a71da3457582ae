/*
 * What the kernel forgets.
 *
 * A FORGET has no answer, and the kernel never sends one over io_uring: each
 * comes over /dev/fuse and wakes a thread of its own, on the core of the client
 * that goes on with its work. It costs him as much as half a request. So this
 * thread lets a few come together and takes them in one, which the kernel is
 * ready for; nobody waits for it, and nothing else comes that way.
 */
#include "base/clock.h"
#include "base/thread.h"
#include "fs/control.h"
#include "fs/fs_internal.h"

#define FORGETS_NS (CLOCK_NS_PER_MS / 2)

static void forget(struct fs *fs, fuse_ino_t ino, uint64_t n)
{
    struct inode *inode = ino == FUSE_ROOT_ID ? NULL : inode_find(&fs->index, ino);

    if (!inode)
        return;
    if (inode_kind(inode) == INODE_CONTROL)
        control_forget(fs, inode, n);
    else
        inode_forget(inode, n);
    inode_unref(inode);
}

/*
 * While there is room: what a FORGET frees may be what the next write needs, which comes right behind it. And over
 * /dev/fuse there are others in the queue.
 */
static void let_more_come(struct fs *fs)
{
    const struct limit *pages = &fs->environment.pages;
    const struct limit *inodes = &fs->environment.inodes;

    if (!atomic_load(&fs->over_io_uring) || atomic_load(&fs->has_quotas) || limit_room(pages) < limit_used(pages) ||
        limit_room(inodes) < limit_used(inodes))
        return;
    thread_nap(FORGETS_NS);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
    struct fs *fs = request_begin(req);

    forget(fs, ino, n);
    fuse_reply_none(req);
    let_more_come(fs);
}

void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
    struct fs *fs = request_begin(req);

    for (size_t i = 0; i < count; i++)
        forget(fs, forgets[i].ino, forgets[i].nlookup);
    fuse_reply_none(req);
    let_more_come(fs);
}
