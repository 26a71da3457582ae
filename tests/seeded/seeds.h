/*
 * Runs the body of a test once for each of many seeds. The first that fails
 * ends the test's process, after its number was printed.
 *
 *     KVFS_SEEDS=100000   so many seeds instead of the test's own number
 *     KVFS_SEED=4711      this one only
 *     KVFS_TRACE=500      so many steps are shown of a seed that fails
 *
 * A body names what came out of its race with seeds_outcome(). Each outcome
 * that the test lists must have come out of some seed: a race that isn't run
 * proves nothing.
 */
#ifndef KVFS_TESTS_SEEDED_SEEDS_H
#define KVFS_TESTS_SEEDED_SEEDS_H

#include "seeded/scheduler.h"

#include <criterion/criterion.h>

/* SEEDED_TEST(suite, sentence, seeds, outcome...) { body } */
#define SEEDED_TEST(suite, sentence, seeds, ...)                                                             \
    static void sentence(void);                                                                              \
    Test(suite, sentence)                                                                                    \
    {                                                                                                        \
        static const char *const outcomes[] = {__VA_ARGS__, NULL};                                           \
        seeds_run(#sentence, sentence, (seeds), outcomes);                                                   \
    }                                                                                                        \
    static void sentence(void)

void seeds_run(const char *name, void (*body)(void), uint64_t seeds, const char *const *outcomes);
void seeds_outcome(const char *outcome);
/* The same for a body that one of the seeds must end the process with, which says nothing of it. */
void seeds_die(void (*body)(void), uint64_t seeds);

#endif
