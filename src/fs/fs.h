/*
 * The mounted tree: the only room that knows FUSE and errno.
 *
 * The calling order is fs_create (mounts), fs_prepare, the start of its parts
 * by a supervisor, fs_start (answers the kernel); then the parts' end, by which
 * every bucket ends and every waiting reader is told, fs_end_readers, fs_stop
 * (unmounts), fs_destroy.
 */
#ifndef KVFS_FS_FS_H
#define KVFS_FS_FS_H

#include "fs/helper.h"
#include "fs/remover.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct child_spec;
struct fs;
struct fuse_args;
struct runtime;

#define FS_BLOCK_SIZE 4096 /* in which memory is counted and shown */

struct fs_options {
    const char *mountpoint; /* absolute; borrowed for the life of the fs */
    bool direct;            /* calls to buckets are run by the thread that received the request */
    bool io_uring;          /* use it where the kernel offers it */
    bool no_open;           /* have the kernel open without asking, where it can */
    int64_t linger_ns;      /* see struct runtime, like the next */
    uint32_t max_awake;
    uint64_t max_pages;  /* of FS_BLOCK_SIZE bytes behind all values; 0: no limit, like the next */
    uint64_t max_inodes; /* buckets and values, with the root */
};

/*
 * [before threads] [may block] Mounts. Takes over `helper` and `remover`. 0; or a negative errno, with a line that says
 * why in `why` (of `size` bytes) and nothing left behind. `args` are libfuse's.
 */
int fs_create(const struct fs_options *options, struct fuse_args *args, const struct helper *helper,
              const struct remover *remover, char *why, size_t size, struct fs **ret_fs);
/* [main thread] From here on there are threads. 0, or a negative errno. */
int fs_prepare(struct fs *fs);
struct runtime *fs_runtime(struct fs *fs);
#define FS_PARTS 6
/* The FS_PARTS parts that are actors, to be started in this order and never again. */
void fs_get_parts(struct fs *fs, struct child_spec *ret_specs);
/* [main thread, the parts run] 0, or a negative errno. */
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

/* [main thread, the parts have ended] [may block] Ends the helper once all its readers have been told. */
void fs_end_readers(struct fs *fs);
/* [main thread] [may block] Ends the session, if it hasn't ended by itself, and unmounts. */
void fs_stop(struct fs *fs);
/*
 * [main thread, last] [may block] Lets everything go; asserts that nothing is left. If a callback doesn't return, its
 * thread and what it may use are left to the process's end.
 */
void fs_destroy(struct fs *fs);

#endif
