/*
 * How much of something may be used at once, and how much is. Whoever needs
 * some takes it first, uses it, and gives it back when it is free again, so
 * that never more is used than may be, however many threads take at once.
 */
#ifndef KVFS_BASE_LIMIT_H
#define KVFS_BASE_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A zeroed one is no limit, and counts all the same. */
struct limit {
    _Atomic uint64_t used;
    uint64_t max; /* 0: none; guarded by who takes. May be less than what is used: then nothing more can be taken */
};

/* [any thread] [never blocks] All of it, or false and nothing. */
bool limit_take(struct limit *limit, uint64_t amount);
/* [any thread] [never blocks] What had been taken. */
void limit_give(struct limit *limit, uint64_t amount);
uint64_t limit_used(const struct limit *limit);
/* [any thread] How much could be taken now; UINT64_MAX without a limit. */
uint64_t limit_room(const struct limit *limit);

#endif
