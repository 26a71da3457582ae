/*
 * What a side looks like: every name below its fresh directory, and every open
 * descriptor, with all that can be asked of it but the bytes.
 */
#ifndef KVFS_TESTS_RANDOM_VIEW_H
#define KVFS_TESTS_RANDOM_VIEW_H

#include "side.h"

#include <stdint.h>
#include <sys/stat.h>

#define LOOK_PATH_MAX 512

struct look {
    char path[LOOK_PATH_MAX]; /* from the directory above top; of a descriptor `fd 0` etc. */
    struct statx stat;
    char target[64];   /* of a symbolic link */
    char xattrs[256];  /* names, sizes and a sum of each value; sorted */
    int64_t position;  /* of a descriptor; -1: it has none */
    int before;        /* its index in the view before this; -1: it wasn't there */
    bool seen_changed; /* since then */
};

struct view {
    struct look *looks; /* sorted by path */
    int count;
    int capacity;
};

/* `before` is the same side's last one, or empty. */
void view_take(struct view *view, const struct side *side, const struct view *before);
void view_clear(struct view *view);
/* A descriptor for reading what was looked at, if it is a file's; else -1. */
int look_open(const struct look *look, const struct side *side);

#endif
