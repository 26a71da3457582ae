/*
 * One write of a given length and, if it was short, another for the rest: what
 * shells' programs don't tell. Prints what each returned.
 *
 *     writer write|direct|map FILE OFFSET LENGTH
 *
 * `map` makes the file that long, writes through a mapping, and prints what
 * msync() and then fsync() returned, or SIGBUS.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGNMENT 4096

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static void show(ssize_t rc)
{
    if (rc < 0)
        printf("%s\n", strerrorname_np(errno));
    else
        printf("%zd\n", rc);
}

static void on_bus_error(int signal)
{
    static const char name[] = "SIGBUS\n";

    (void)signal;
    (void)!write(STDOUT_FILENO, name, sizeof(name) - 1);
    _exit(0);
}

static void write_twice(int fd, off_t offset, size_t length)
{
    ssize_t rc = -1;
    void *bytes;

    if (posix_memalign(&bytes, ALIGNMENT, length) != 0)
        die("memory");
    memset(bytes, 'w', length);
    rc = pwrite(fd, bytes, length, offset);
    show(rc);
    if (rc >= 0 && (size_t)rc < length)
        show(pwrite(fd, bytes, length - (size_t)rc, offset + rc));
    free(bytes);
}

static void write_map(int fd, off_t offset, size_t length)
{
    char *map;

    if (ftruncate(fd, offset + (off_t)length) < 0)
        die("ftruncate");
    map = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
    if (map == MAP_FAILED)
        die("mmap");
    signal(SIGBUS, on_bus_error);
    memset(map, 'm', length);
    show(msync(map, length, MS_SYNC));
    show(fsync(fd));
    munmap(map, length);
}

int main(int argc, char **argv)
{
    int flags = O_RDWR | O_CREAT;
    off_t offset;
    size_t length;
    int fd;

    if (argc != 5)
        return 2;
    if (strcmp(argv[1], "direct") == 0)
        flags |= O_DIRECT;
    fd = open(argv[2], flags, 0644);
    if (fd < 0)
        die(argv[2]);
    offset = (off_t)strtoull(argv[3], NULL, 0);
    length = (size_t)strtoull(argv[4], NULL, 0);
    if (strcmp(argv[1], "map") == 0)
        write_map(fd, offset, length);
    else
        write_twice(fd, offset, length);
    return 0;
}
