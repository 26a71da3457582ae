/*
 * Prints the names in a directory, which it reads with a buffer as small as it is told, one a line.
 *
 * usage: list DIRECTORY BYTES [FIFO]      with a FIFO it goes on after the first buffer when that is closed
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void print_names(const char *buffer, long length)
{
    const struct dirent64 *entry;

    for (const char *at = buffer; at < buffer + length; at += entry->d_reclen) {
        entry = (const struct dirent64 *)at;
        puts(entry->d_name);
    }
    fflush(stdout);
}

static void wait_until_closed(const char *fifo)
{
    int fd = open(fifo, O_RDONLY);
    char byte;

    if (fd < 0)
        err(1, "%s", fifo);
    while (read(fd, &byte, 1) > 0)
        continue;
    close(fd);
}

int main(int argc, char **argv)
{
    static _Alignas(struct dirent64) char buffer[1 << 16];
    const char *fifo = argc > 3 ? argv[3] : NULL;
    size_t size = argc > 2 ? (size_t)atol(argv[2]) : 0;
    long length;
    int fd;

    if (size == 0 || size > sizeof(buffer))
        errx(2, "usage: list DIRECTORY BYTES [FIFO]");
    fd = open(argv[1], O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        err(1, "%s", argv[1]);
    while ((length = syscall(SYS_getdents64, fd, buffer, size)) > 0) {
        print_names(buffer, length);
        if (fifo)
            wait_until_closed(fifo);
        fifo = NULL;
    }
    if (length < 0)
        err(1, "%s", argv[1]);
    return 0;
}
