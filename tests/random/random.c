/*
 * Does the same to a directory of tmpfs and to one of kvfs, at random, and
 * compares everything.
 *
 * usage: random DIRECTORY_ON_TMPFS DIRECTORY_ON_KVFS [--seconds N] [--seed S] [--operations N] [--processes N]
 *        [--replay FILE]
 *
 * --seconds       how long; at least one round (30)
 * --seed          of the first round; each after it has the next (a random one)
 * --operations    of a round (300)
 * --processes     that many processes: rounds beside each other, and games that all of them play in one directory
 * --replay        plays the operations in a file, one a line, which is what is printed of a round that failed
 *
 * The status is 0 if both sides did the same, 1 if they didn't, 2 if it couldn't be tried.
 */
#include "crowd.h"
#include "options.h"
#include "rounds.h"

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool run_one_round(struct play *play, const struct options *options, unsigned long number)
{
    struct round round = {.seed = options->seed + number, .operations = options->operations};

    if (round_run(&round, play))
        return true;
    round_tell(&round, play);
    return false;
}

static bool run_rounds(const struct options *options)
{
    time_t deadline = time(NULL) + options->seconds;
    unsigned long rounds = 0;
    struct play play;
    bool same;

    play_init(&play, options->tmpfs, options->kvfs);
    do
        same = run_one_round(&play, options, rounds++);
    while (same && time(NULL) < deadline);
    play_deinit(&play);
    if (same)
        printf("# %lu rounds of %zu operations, from seed %lu on: the same\n", rounds, options->operations,
               (unsigned long)options->seed);
    return same;
}

static void read_list(const char *path, struct list *list)
{
    FILE *file = fopen(path, "r");
    struct operation operation;
    char line[512];

    if (!file)
        err(2, "%s", path);
    while (fgets(line, sizeof(line), file)) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        if (!operation_parse(line, &operation))
            errx(2, "%s: no operation: %s", path, line);
        list_add(list, &operation);
    }
    fclose(file);
}

static bool replay(const struct options *options)
{
    struct list list = {.operations = NULL};
    struct play play;
    size_t played;
    bool same;

    read_list(options->replay, &list);
    play_init(&play, options->tmpfs, options->kvfs);
    same = play_list(&play, &list, &played);
    if (same)
        printf("# %zu operations: the same\n", played);
    else
        printf("# operation %zu: %s\n", played, play.mismatch.text);
    play_deinit(&play);
    list_clear(&list);
    return same;
}

int main(int argc, char **argv)
{
    struct options options;
    bool same;

    if (!options_parse(&options, argc, argv))
        errx(2, "usage: random DIRECTORY_ON_TMPFS DIRECTORY_ON_KVFS [--seconds N] [--seed S] [--operations N] "
                "[--processes N] [--replay FILE]");
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (options.replay)
        same = replay(&options);
    else if (options.processes > 0)
        same = crowd_run(&options);
    else
        same = run_rounds(&options);
    return same ? 0 : 1;
}
