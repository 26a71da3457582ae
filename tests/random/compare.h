/*
 * Compares what both sides look like.
 */
#ifndef KVFS_TESTS_RANDOM_COMPARE_H
#define KVFS_TESTS_RANDOM_COMPARE_H

#include "differences.h"
#include "mismatch.h"

/* A view of each side, and the one before. */
struct views {
    struct view now[2]; /* tmpfs's and kvfs's, as everywhere */
    struct view before[2];
    struct timespec taken; /* by the kernel's coarse clock: whatever happened later has no time before it */
    struct timespec taken_before;
};

/* Takes the views and compares them. False and a mismatch, or true. */
bool views_compare(struct views *views, const struct side *sides, const struct mapped *mapped,
                   enum compare_what what, struct mismatch *mismatch);
void views_clear(struct views *views);
/* False and a mismatch if the outcomes aren't the same. */
bool outcomes_compare(const struct outcome *outcomes, struct mismatch *mismatch);

#endif
