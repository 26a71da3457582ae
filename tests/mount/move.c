/*
 * Renames as renameat2(2) can and mv(1) of Debian 12 can't, and moves about as fast as a program can.
 *
 * usage: move [noreplace|exchange|whiteout]... FROM TO
 *        move between SECONDS NAME DIRECTORY...      moves NAME from each to the next, round and round
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static unsigned flag_of(const char *word)
{
    if (strcmp(word, "noreplace") == 0)
        return RENAME_NOREPLACE;
    if (strcmp(word, "exchange") == 0)
        return RENAME_EXCHANGE;
    if (strcmp(word, "whiteout") == 0)
        return RENAME_WHITEOUT;
    errx(2, "what is '%s'?", word);
}

static void move(const char *from, const char *to, unsigned flags)
{
    if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags) < 0)
        err(1, "%s -> %s", from, to);
}

static char *path_of(const char *directory, const char *name)
{
    char *path;

    if (asprintf(&path, "%s/%s", directory, name) < 0)
        err(1, "no memory");
    return path;
}

static void move_between(double seconds, const char *name, char **directories, int count)
{
    struct timespec start, now;
    int at = 0;

    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        int next = (at + 1) % count;
        char *from = path_of(directories[at], name);
        char *to = path_of(directories[next], name);

        move(from, to, 0);
        free(from);
        free(to);
        at = next;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9 < seconds);
}

int main(int argc, char **argv)
{
    unsigned flags = 0;

    if (argc > 5 && strcmp(argv[1], "between") == 0) {
        move_between(atof(argv[2]), argv[3], argv + 4, argc - 4);
        return 0;
    }
    if (argc < 3)
        errx(2, "usage: move [noreplace|exchange|whiteout]... FROM TO");
    for (int i = 1; i < argc - 2; i++)
        flags |= flag_of(argv[i]);
    move(argv[argc - 2], argv[argc - 1], flags);
    return 0;
}
