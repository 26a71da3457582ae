/*
 * Makes and removes names in turn, faster than a shell can.
 *
 * usage: names dirs|keys DIRECTORY FIRST COUNT
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void make_and_remove_dir(const char *name) {
    if (mkdir(name, 0755) < 0)
        err(1, "mkdir %s", name);
    if (rmdir(name) < 0)
        err(1, "rmdir %s", name);
}

static void make_and_remove_key(const char *name) {
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);

    if (fd < 0)
        err(1, "create %s", name);
    if (write(fd, "3\n", 2) != 2)
        err(1, "write %s", name);
    close(fd);
    if (unlink(name) < 0)
        err(1, "unlink %s", name);
}

int main(int argc, char **argv) {
    if (argc != 5)
        errx(2, "usage: names dirs|keys DIRECTORY FIRST COUNT");
    if (chdir(argv[2]) < 0)
        err(1, "%s", argv[2]);

    void (*make_and_remove)(const char *) = strcmp(argv[1], "dirs") == 0 ? make_and_remove_dir : make_and_remove_key;
    long first = atol(argv[3]);
    long count = atol(argv[4]);

    for (long i = first; i < first + count; i++) {
        char name[64];

        snprintf(name, sizeof(name), "a-name-that-nobody-had-before-%ld", i);
        make_and_remove(name);
    }
    return 0;
}
