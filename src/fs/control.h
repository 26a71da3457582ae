/*
 * What the files about control files share. Nobody else includes it.
 */
#ifndef KVFS_FS_CONTROL_H
#define KVFS_FS_CONTROL_H

#include "fs/fs_internal.h"

#define FS_NO_LIMIT "none" /* as `max_bytes` and `max_keys` have it */

enum control_kind {
    CONTROL_DIRECTORY,
    CONTROL_CTL,
    CONTROL_INFO,
    CONTROL_MONITOR,
    CONTROL_HOLD,
    CONTROL_LINK,
    CONTROL_RESTART,
    CONTROL_MAX_BYTES,
    CONTROL_MAX_KEYS,
    CONTROL_TREE,
    CONTROL_DEAD,
    CONTROL_EVENTS,
    CONTROL_STATS,
};

/* A control file as one lookup made it. Constant from then on, but for the watcher. */
struct control {
    union {
        struct inode_control as_control;
        struct inode inode;
    };
    enum control_kind kind;
    mode_t mode;
    struct fs *fs;
    uint64_t directory; /* the nodeid that it was looked up in; 0: none */
    struct bucket *bucket; /* a reference on its actor; NULL: the root's */
    uid_t uid;
    gid_t gid;
    int64_t time;
    size_t length; /* of `text` */
    char *text;    /* what a reader sees, frozen */
    struct table_deferred deferred;
    struct watcher watcher; /* of a FIFO */
};

static inline struct control *control_of(const struct inode *inode)
{
    assert(inode_kind(inode) == INODE_CONTROL);
    return (struct control *)table_entry(inode, struct control, inode);
}

/* In its directory. */
const char *control_name(const struct control *control);

/* control_show.c: makes what its reader will see. 0, or an errno. */
int control_write_text(struct control *control);

/* control_stats.c: `stats`. 0, or an errno. */
int control_show_stats(FILE *to, struct control *control);

/* path.c: buckets named by paths. */

/* `path`, of `length` bytes, seen from `bucket`: a bucket, with a reference. 0, or an errno. */
int path_resolve(struct fs *fs, struct bucket *bucket, const char *path, size_t length, struct bucket **ret_bucket);
/* The way from one bucket to another, as path_resolve() takes it. A heap string, NULL without memory. */
char *path_between(struct fs *fs, const struct bucket *from, const struct bucket *to);

#endif
