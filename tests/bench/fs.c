/*
 * What operations on files cost, by the clock of those who do them: one
 * process a directory, each of which does the same in its own. Before each
 * operation they wait for each other.
 *
 * usage: fs [OPTION...] DIRECTORY...      each must be there, and empty
 *
 *   -f FILES      how many an operation is done to (1000)
 *   -k KEYS       how many there are in the directory (as many)
 *   -b BUCKETS    how many directories there are in it (0)
 *   -m MIB        the size of the large file (256); 0: none
 *   -r STATS      of kvfs, its .kvfs/stats: counts requests instead
 *
 * prints a line an operation: its name, and nanoseconds by wall clock until all have done it, over how often all of
 * them did it; of a listing, over its entries. What failed: its name, `failed`, and why. With -r a line for each kind
 * of request: the operation, the kind, how many for each time it was done.
 */
#include "fs.h"
#include "fs_requests.h"

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What can be repeated is, until it has taken long enough to be measured or was done often enough. */
enum { PASSES_MAX = 20 };
#define PASSES_NS 100e6

/* And what was disturbed by others who drop the kernel's caches. */
enum { TRIES_MAX = 10 };

enum { CLIENTS_MAX = 16 };

struct outcome {
    double start, end;
    long done;
    int error;
};

/* Between the clients and who started them. */
struct meeting {
    pthread_barrier_t barrier;
    long dropped; /* caches_dropped(), when the last meeting ended; of who started them */
    bool again;   /* said at the end of an operation */
    struct outcome outcomes[CLIENTS_MAX];
};

static double now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void meet(struct meeting *meeting)
{
    pthread_barrier_wait(&meeting->barrier);
}

/* ---- a client ---- */

static int prepare(const struct fs_operation *operation, struct fs_client *client, long steps)
{
    if (operation->begin && !operation->begin(client))
        return errno;
    for (long i = 0; operation->prepare && i < steps; i++) {
        if (!operation->prepare(client, i))
            return errno;
    }
    return 0;
}

static void run(const struct fs_operation *operation, struct fs_client *client, long steps,
                struct outcome *outcome)
{
    int passes = 0;

    outcome->done = 0;
    outcome->start = now_ns();
    do {
        for (long i = 0; i < steps; i++) {
            errno = 0;
            if (!operation->step(client, i)) {
                outcome->error = errno ? errno : EIO;
                return;
            }
        }
        outcome->done += operation->unit == FS_LISTING ? client->listed : steps;
        outcome->end = now_ns();
    } while (operation->repeatable && ++passes < PASSES_MAX && outcome->end - outcome->start < PASSES_NS);
}

/* All that a client does. Meetings: filled, and begin; of each operation: prepared, and begin; done, and told. */
static void take_part(struct meeting *meeting, struct outcome *outcome, const char *directory,
                      const struct fs_amounts *amounts)
{
    struct fs_client client;

    outcome->error = fs_client_init(&client, directory, amounts) ? 0 : errno;
    meet(meeting);
    meet(meeting);
    for (size_t i = 0; i < fs_operations_count; i++) {
        const struct fs_operation *operation = &fs_operations[i];
        long steps = fs_operation_steps(operation, amounts);

        do {
            if (steps == 0)
                break;
            outcome->error = prepare(operation, &client, steps);
            meet(meeting);
            meet(meeting);
            if (outcome->error == 0)
                run(operation, &client, steps, outcome);
            meet(meeting);
            meet(meeting);
        } while (meeting->again);
    }
    exit(EXIT_SUCCESS);
}

/* ---- who started them ---- */

/* NULL, or why one of them failed. */
static const char *failure(const struct meeting *meeting, int clients)
{
    for (int i = 0; i < clients; i++) {
        if (meeting->outcomes[i].error != 0)
            return strerror(meeting->outcomes[i].error);
    }
    return NULL;
}

static long all_done(const struct meeting *meeting, int clients)
{
    long done = 0;

    for (int i = 0; i < clients; i++)
        done += meeting->outcomes[i].done;
    return done;
}

static void print_time(const char *name, const struct meeting *meeting, int clients)
{
    double start = meeting->outcomes[0].start;
    double end = meeting->outcomes[0].end;

    for (int i = 1; i < clients; i++) {
        start = meeting->outcomes[i].start < start ? meeting->outcomes[i].start : start;
        end = meeting->outcomes[i].end > end ? meeting->outcomes[i].end : end;
    }
    printf("%s %.1f\n", name, (end - start) / (double)all_done(meeting, clients));
}

static void print_requests(const char *name, const struct fs_requests *sent, long done)
{
    for (size_t i = 0; i < sent->count; i++)
        printf("%s %s %.4f\n", name, sent->kinds[i].name, sent->kinds[i].requests / (double)done);
}

/* How often somebody had the kernel forget what it has cached of every file system, as some tests do. */
static long caches_dropped(void)
{
    FILE *stream = fopen("/proc/vmstat", "r");
    char line[128];
    long count;
    long all = 0;

    while (stream && fgets(line, sizeof(line), stream)) {
        if (sscanf(line, "drop_pagecache %ld", &count) == 1 || sscanf(line, "drop_slab %ld", &count) == 1)
            all += count;
    }
    if (stream)
        fclose(stream);
    return all;
}

/* Where it reads the counters, each reading counts itself; `own` is what one reading adds. */
static void watch(struct meeting *meeting, const char *stats, const struct fs_requests *own,
                  struct fs_requests *ret_sent)
{
    struct fs_requests before;

    meet(meeting);
    if (stats)
        fs_requests_read(stats, &before);
    meet(meeting);
    meet(meeting);
    if (!stats)
        return;
    fs_requests_read(stats, ret_sent);
    fs_requests_subtract(ret_sent, &before);
    fs_requests_subtract(ret_sent, own);
}

static bool was_disturbed(struct meeting *meeting)
{
    long before = meeting->dropped;

    meeting->dropped = caches_dropped();
    return meeting->dropped != before;
}

static void print_outcome(const char *name, const struct meeting *meeting, int clients,
                          const struct fs_requests *sent)
{
    const char *why = failure(meeting, clients);

    if (why)
        printf("%s failed %s\n", name, why);
    else if (sent)
        print_requests(name, sent, all_done(meeting, clients));
    else
        print_time(name, meeting, clients);
    fflush(stdout);
}

static void measure(const struct fs_operation *operation, struct meeting *meeting, int clients,
                    const char *stats, const struct fs_requests *own)
{
    struct fs_requests sent;
    int tries = 0;

    do {
        watch(meeting, stats, own, &sent);
        meeting->again = was_disturbed(meeting) && operation->repeatable && ++tries < TRIES_MAX;
        if (!meeting->again)
            print_outcome(operation->name, meeting, clients, stats ? &sent : NULL);
        meet(meeting);
    } while (meeting->again);
}

/* The first reading of all may cost more. */
static void measure_reading(const char *stats, struct fs_requests *ret_own)
{
    struct fs_requests before;

    fs_requests_read(stats, &before);
    fs_requests_read(stats, &before);
    fs_requests_read(stats, ret_own);
    fs_requests_subtract(ret_own, &before);
}

static struct meeting *arrange(int clients)
{
    struct meeting *meeting =
        mmap(NULL, sizeof(*meeting), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_barrierattr_t attributes;

    if (meeting == MAP_FAILED)
        err(1, "mmap");
    pthread_barrierattr_init(&attributes);
    pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&meeting->barrier, &attributes, (unsigned)clients + 1);
    return meeting;
}

/* Whoever starts them may die while they wait for it. */
static void start_client(struct meeting *meeting, int number, const char *directory,
                         const struct fs_amounts *amounts)
{
    pid_t child = fork();

    if (child < 0)
        err(1, "fork");
    if (child > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    take_part(meeting, &meeting->outcomes[number], directory, amounts);
}

static const char *parse(int argc, char **argv, struct fs_amounts *ret_amounts)
{
    const char *stats = NULL;
    int option;

    *ret_amounts = (struct fs_amounts){.files = 1000, .mebibytes = 256};
    while ((option = getopt(argc, argv, "f:k:b:m:r:")) != -1) {
        switch (option) {
        case 'f':
            ret_amounts->files = atol(optarg);
            break;
        case 'k':
            ret_amounts->keys = atol(optarg);
            break;
        case 'b':
            ret_amounts->buckets = atol(optarg);
            break;
        case 'm':
            ret_amounts->mebibytes = atol(optarg);
            break;
        case 'r':
            stats = optarg;
            break;
        default:
            exit(2);
        }
    }
    if (ret_amounts->keys < ret_amounts->files)
        ret_amounts->keys = ret_amounts->files;
    return stats;
}

int main(int argc, char **argv)
{
    struct fs_amounts amounts;
    const char *stats = parse(argc, argv, &amounts);
    int clients = argc - optind;
    struct fs_requests own = {.count = 0};
    struct meeting *meeting;

    if (clients < 1 || clients > CLIENTS_MAX || amounts.files < 1)
        errx(2, "usage: fs [-f FILES] [-k KEYS] [-b BUCKETS] [-m MIB] [-r STATS] DIRECTORY...");
    meeting = arrange(clients);
    for (int i = 0; i < clients; i++)
        start_client(meeting, i, argv[optind + i], &amounts);
    meet(meeting);
    if (failure(meeting, clients))
        errx(1, "can't fill the directories: %s", failure(meeting, clients));
    if (stats)
        measure_reading(stats, &own);
    meeting->dropped = caches_dropped();
    meet(meeting);
    for (size_t i = 0; i < fs_operations_count; i++) {
        if (fs_operation_steps(&fs_operations[i], &amounts) > 0)
            measure(&fs_operations[i], meeting, clients, stats, &own);
    }
    while (wait(NULL) > 0)
        continue;
    return EXIT_SUCCESS;
}
