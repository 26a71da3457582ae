/*
 * Makes buckets, and says how long it took: are the last as fast as the first?
 *
 * How fast a machine is that others use, too, changes while it does, so the last thousand are made in turn with a
 * thousand in another directory, ten here and ten there, where they are the first.
 *
 * usage: buckets DIRECTORY COUNT OTHER
 *
 * Prints the median time of a mkdir, in ns: `first N` and `last N` in DIRECTORY, after a thousand that don't count, and
 * `beside N` in OTHER.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define THOUSAND 1000
#define TURN 10
#define TURNS (THOUSAND / TURN)

struct directory {
    const char *path;
    int fd;
    long count;
};

static void make(struct directory *directory, long count)
{
    char name[32];

    for (long i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "bucket%ld", directory->count++);
        if (mkdirat(directory->fd, name, 0755) < 0)
            err(1, "mkdir %s/%s", directory->path, name);
    }
}

/* ns a bucket */
static long time_turn(struct directory *directory)
{
    struct timespec start;
    struct timespec end;

    clock_gettime(CLOCK_MONOTONIC, &start);
    make(directory, TURN);
    clock_gettime(CLOCK_MONOTONIC, &end);
    return ((end.tv_sec - start.tv_sec) * 1000000000L + end.tv_nsec - start.tv_nsec) / TURN;
}

static int compare(const void *a, const void *b)
{
    long left = *(const long *)a;
    long right = *(const long *)b;

    return (left > right) - (left < right);
}

static void print_median(const char *what, long *times)
{
    qsort(times, TURNS, sizeof(*times), compare);
    printf("%s %ld\n", what, (times[TURNS / 2 - 1] + times[TURNS / 2]) / 2);
}

static struct directory open_directory(const char *path)
{
    struct directory directory = {.path = path, .fd = open(path, O_RDONLY | O_DIRECTORY)};

    if (directory.fd < 0)
        err(1, "%s", path);
    return directory;
}

int main(int argc, char **argv)
{
    long count = argc == 4 ? atol(argv[2]) : 0;
    long first[TURNS];
    long last[TURNS];
    long beside[TURNS];

    if (count < 3 * THOUSAND)
        errx(2, "usage: buckets DIRECTORY COUNT OTHER, at least %d", 3 * THOUSAND);

    struct directory directory = open_directory(argv[1]);
    struct directory other = open_directory(argv[3]);

    make(&directory, THOUSAND);
    for (int i = 0; i < TURNS; i++)
        first[i] = time_turn(&directory);
    make(&directory, count - 3 * THOUSAND);
    make(&other, THOUSAND);
    for (int i = 0; i < TURNS; i++) {
        last[i] = time_turn(&directory);
        beside[i] = time_turn(&other);
    }
    print_median("first", first);
    print_median("last", last);
    print_median("beside", beside);
    return 0;
}
