#include "seeded/seeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OUTCOMES_MAX 16
#define REPEATED 64 /* one seed in so many is run twice, and must go the same way */

static const char *const *expected;
static uint64_t counts[OUTCOMES_MAX];
static uint64_t steps;

void seeds_outcome(const char *outcome)
{
    for (int i = 0; expected[i]; i++) {
        if (strcmp(expected[i], outcome) == 0) {
            counts[i]++;
            return;
        }
    }
    seeded_fail("unexpected outcome: %s", outcome);
}

static uint64_t run_seed(uint64_t seed, void (*body)(void))
{
    seeded_begin(seed);
    body();
    steps += seeded_steps();
    return seeded_end();
}

static void run_seeds(uint64_t first, uint64_t count, void (*body)(void))
{
    for (uint64_t seed = first; seed < first + count; seed++) {
        uint64_t hash = run_seed(seed, body);

        if (seed % REPEATED == 0 && run_seed(seed, body) != hash)
            cr_assert_fail("KVFS_SEED=%lu went another way the second time", (unsigned long)seed);
    }
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *given = getenv(variable);

    return given ? strtoul(given, NULL, 0) : otherwise;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print_summary(const char *name, uint64_t count, double took)
{
    fprintf(stderr, "%s: %lu seeds in %.2f s (%.0f a second), %lu steps a seed", name, (unsigned long)count,
            took, (double)count / took, (unsigned long)(steps / count));
    for (int i = 0; expected[i]; i++)
        fprintf(stderr, "; %s: %lu", expected[i], (unsigned long)counts[i]);
    fputc('\n', stderr);
}

static void require_every_outcome(void)
{
    for (int i = 0; expected[i]; i++)
        cr_assert_gt(counts[i], 0, "no seed had the outcome: %s", expected[i]);
}

void seeds_run(const char *name, void (*body)(void), uint64_t seeds, const char *const *outcomes)
{
    uint64_t only = number_from("KVFS_SEED", 0);
    uint64_t count = only ? 1 : number_from("KVFS_SEEDS", seeds);
    double began = seconds();

    expected = outcomes;
    run_seeds(only ? only : 1, count, body);
    seeded_shutdown();
    print_summary(name, count, seconds() - began);
    if (count >= seeds)
        require_every_outcome();
}

void seeds_die(void (*body)(void), uint64_t seeds)
{
    seeded_die_silently();
    run_seeds(1, seeds, body);
}
