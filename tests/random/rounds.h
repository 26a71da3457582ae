#ifndef KVFS_TESTS_RANDOM_ROUNDS_H
#define KVFS_TESTS_RANDOM_ROUNDS_H

#include "play.h"

#include <stdint.h>

/* What was played, to be told if it failed. */
struct round {
    uint64_t seed;
    size_t operations;
    struct list list;
};

/* From fresh directories on. False if there was a mismatch; else nothing is left of it. */
bool round_run(struct round *round, struct play *play);
/* Prints the mismatch, and the shortest list found that has it. Nothing is left of the round. */
void round_tell(struct round *round, struct play *play);

#endif
