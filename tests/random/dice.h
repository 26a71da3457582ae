/*
 * Numbers that a seed determines, the same on every machine.
 */
#ifndef KVFS_TESTS_RANDOM_DICE_H
#define KVFS_TESTS_RANDOM_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_roll(struct dice *dice)
{
    uint64_t mixed = dice->state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* From 0 to `n` - 1. */
static inline uint64_t dice_below(struct dice *dice, uint64_t n)
{
    return dice_roll(dice) % n;
}

static inline bool dice_chance(struct dice *dice, unsigned percent)
{
    return dice_below(dice, 100) < percent;
}

#endif
