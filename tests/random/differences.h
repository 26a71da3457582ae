/*
 * The known differences between kvfs and tmpfs, each with its reason, and none
 * wider than it has to be: the tables in differences.c.
 */
#ifndef KVFS_TESTS_RANDOM_DIFFERENCES_H
#define KVFS_TESTS_RANDOM_DIFFERENCES_H

#include "operation.h"
#include "side.h"
#include "view.h"

enum field {
    FIELD_MODE,
    FIELD_UID,
    FIELD_GID,
    FIELD_RDEV,
    FIELD_NLINK,
    FIELD_SIZE,
    FIELD_BLOCKS,
    FIELD_ATIME,
    FIELD_MTIME,
    FIELD_CTIME,
    FIELD_COUNT,
};

#define INODES_MAX 128

struct inodes {
    ino_t of[INODES_MAX]; /* tmpfs's */
    int count;
};

/* Files that were used through a mapping, from which later differences come. */
struct mapped {
    struct inodes touched;
    struct inodes stored; /* these have been written to */
};

/* Before an operation: true if it can't be done the same, and is left out. */
bool difference_leaves_out(const struct operation *operation, const struct side *tmpfs, const struct mapped *mapped);
/*
 * Before an operation: true if it moves times on one side only. Then they are moved on both, afterwards, by
 * difference_move_times().
 */
bool difference_in_times(const struct operation *operation, const struct side *tmpfs);
void difference_move_times(const struct operation *operation, const struct side *side);
/* True if kvfs refused rightly what tmpfs would do: then tmpfs isn't asked. */
bool difference_in_outcome(const struct operation *operation, const struct outcome *outcome, const struct side *tmpfs);
/* After one on tmpfs. */
void difference_note(struct mapped *mapped, const struct operation *operation, const struct side *tmpfs);
/* After one on both: closes what kvfs rightly has no more and tmpfs has. */
void difference_close_ended(const struct operation *operation, struct side *tmpfs, struct side *kvfs);
bool inodes_have(const struct inodes *inodes, ino_t inode);
/* True if that field of this file of tmpfs needn't be kvfs's. */
bool difference_in_field(enum field field, const struct look *tmpfs, const struct mapped *mapped);

#endif
