/*
 * The mounted tree: the only room that knows FUSE and errno.
 *
 * The calling order is fs_create (mounts), fs_start (answers the kernel),
 * fs_stop_buckets (every bucket ends, every waiting reader is told),
 * fs_stop (unmounts), fs_destroy.
 */
#ifndef KVFS_FS_FS_H
#define KVFS_FS_FS_H

#include "fs/helper.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fs;
struct fuse_args;

struct fs_options {
    const char *mountpoint; /* absolute; borrowed for the life of the fs */
    bool direct;            /* calls to buckets are run by the thread that received the request */
    bool io_uring;          /* use it where the kernel offers it */
    int64_t linger_ns;      /* see struct runtime, like the next */
    uint32_t max_awake;
};

/*
 * [before threads] [may block] Mounts. Takes over `helper`'s socket. 0; or a negative errno, with a line that says why in
 * `why` (of `size` bytes) and nothing left behind. `args` are libfuse's.
 */
int fs_create(const struct fs_options *options, struct fuse_args *args, const struct helper *helper, char *why,
              size_t size, struct fs **ret_fs);
/* [main thread] From here on there are threads. 0, or a negative errno. */
int fs_start(struct fs *fs);

/* [main thread] Readable when the session has ended by itself: somebody unmounted. */
int fs_ended_fd(const struct fs *fs);
/* [main thread] Readable when the helper has something to say. */
int fs_helper_fd(const struct fs *fs);
/* [main thread] [may block shortly] Hears the helper. False when it is gone. */
bool fs_hear_helper(struct fs *fs);
/* [any thread] True once the kernel has been answered, and over what: then fs_transport() is known. */
bool fs_is_ready(const struct fs *fs);
/* [main thread, when ready] `io_uring` or `/dev/fuse`. */
const char *fs_transport(const struct fs *fs);

/* [main thread] [may block] Ends every bucket with `shutdown`, and the helper once all its readers have been told. */
void fs_stop_buckets(struct fs *fs);
/* [main thread] [may block] Ends the session, if it hasn't ended by itself, and unmounts. */
void fs_stop(struct fs *fs);
/* [main thread, last] [may block] Lets everything go; asserts that nothing is left. */
void fs_destroy(struct fs *fs);

#endif
