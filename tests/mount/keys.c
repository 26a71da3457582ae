/*
 * Very many keys in one directory.
 *
 * usage: keys make DIRECTORY FIRST COUNT      key<FIRST> and those that follow, empty
 *        keys list DIRECTORY COUNT            each of key0 to key<COUNT - 1> is listed exactly once, whatever others are;
 *                                             prints the nanoseconds that it took for each
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000 + now.tv_nsec;
}

static void make(const char *directory, long first, long count)
{
    if (chdir(directory) < 0)
        err(1, "%s", directory);
    for (long i = first; i < first + count; i++) {
        char name[32];
        int fd;

        snprintf(name, sizeof(name), "key%ld", i);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
        if (fd < 0)
            err(1, "create %s", name);
        close(fd);
    }
}

static void note(char *seen, long count, const char *name)
{
    char *end;
    long number;

    if (strncmp(name, "key", 3) != 0)
        return;
    number = strtol(name + 3, &end, 10);
    if (*end != '\0' || number < 0 || number >= count)
        errx(1, "there is no %s", name);
    if (seen[number]++)
        errx(1, "%s is listed twice", name);
}

static void list(const char *directory, long count)
{
    char *seen = calloc(1, (size_t)count);
    DIR *stream = opendir(directory);
    const struct dirent *entry;
    long start = now_ns();

    if (!stream || !seen)
        err(1, "%s", directory);
    while ((entry = readdir(stream)))
        note(seen, count, entry->d_name);
    printf("%ld\n", (now_ns() - start) / count);
    for (long i = 0; i < count; i++) {
        if (!seen[i])
            errx(1, "key%ld isn't listed", i);
    }
    closedir(stream);
    free(seen);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "make") == 0)
        make(argv[2], atol(argv[3]), atol(argv[4]));
    else if (argc == 4 && strcmp(argv[1], "list") == 0)
        list(argv[2], atol(argv[3]));
    else
        errx(2, "usage: keys make DIRECTORY FIRST COUNT | keys list DIRECTORY COUNT");
    return 0;
}
