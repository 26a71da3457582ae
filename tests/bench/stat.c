/*
 * How long a stat takes that must be answered by the file system: attributes
 * are asked for again each time (AT_STATX_FORCE_SYNC), as if none were cached.
 *
 * usage: stat COUNT FILE...      one process a FILE, COUNT stats each; prints ns a stat, by wall clock
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void stat_often(const char *file, long count)
{
    struct statx attributes;

    for (long i = 0; i < count; i++) {
        if (statx(AT_FDCWD, file, AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &attributes) != 0)
            err(1, "%s", file);
    }
}

/* All of them start together: each waits until the pipe's other end is closed. */
static void start_client(const char *file, long count, const int gate[2])
{
    char byte;

    if (fork() != 0)
        return;
    stat_often(file, 100);
    close(gate[1]);
    (void)!read(gate[0], &byte, 1);
    stat_often(file, count);
    _exit(0);
}

int main(int argc, char **argv)
{
    const struct timespec settle = {.tv_nsec = 20 * 1000 * 1000};
    long count = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
    int status = 0;
    int worst = 0;
    int gate[2];
    double start;

    if (count <= 0 || pipe(gate) != 0)
        errx(2, "usage: stat COUNT FILE...");
    for (int i = 2; i < argc; i++)
        start_client(argv[i], count, gate);
    nanosleep(&settle, NULL);
    start = now_ns();
    close(gate[1]);
    while (wait(&status) > 0)
        worst |= status;
    if (worst != 0)
        return EXIT_FAILURE;
    printf("%.0f\n", (now_ns() - start) / ((double)count * (argc - 2)));
    return EXIT_SUCCESS;
}
