#include "side.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void side_init(struct side *side, const char *name, const char *directory)
{
    *side = (struct side){.name = name, .root = -1, .top = -1};
    side->base = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (side->base < 0)
        err(2, "%s", directory);
    for (int i = 0; i < SIDE_SLOTS; i++)
        side->slots[i] = -1;
}

void side_deinit(struct side *side)
{
    close(side->base);
}

/* A directory for everybody, whatever the umask. */
static int make_directory(int directory, const char *name)
{
    int fd;

    if (mkdirat(directory, name, 0777) < 0)
        return -1;
    fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && fchmod(fd, 0777) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int side_begin(struct side *side)
{
    static unsigned number;

    snprintf(side->fresh, sizeof(side->fresh), "random.%d.%u", (int)getpid(), number++);
    side->root = make_directory(side->base, side->fresh);
    side->top = side->root >= 0 ? make_directory(side->root, "top") : -1;
    return side->top >= 0 ? 0 : -1;
}

void side_close_slot(struct side *side, int64_t slot)
{
    if (side->slots[slot] >= 0)
        close(side->slots[slot]);
    side->slots[slot] = -1;
}

void side_unmap(struct side *side, int64_t map)
{
    if (!side->maps[map])
        return;
    munmap(side->maps[map], SIDE_MAP_SIZE);
    close(side->map_fds[map]);
    side->maps[map] = NULL;
}

ino_t side_mapped(const struct side *side, int64_t map)
{
    struct stat stat;

    return side->maps[map] && fstat(side->map_fds[map], &stat) == 0 ? stat.st_ino : 0;
}

static void close_directory(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void side_end(struct side *side)
{
    for (int i = 0; i < SIDE_SLOTS; i++)
        side_close_slot(side, i);
    for (int i = 0; i < SIDE_MAPS; i++)
        side_unmap(side, i);
    close_directory(&side->top);
    close_directory(&side->root);
    (void)remove_all(side->base, side->fresh);
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Closes `fd`. */
static int remove_contents(int fd)
{
    DIR *listing = fdopendir(fd);
    const struct dirent *entry;
    int rc = 0;

    if (!listing) {
        close(fd);
        return -1;
    }
    while (rc == 0 && (entry = readdir(listing))) {
        if (!is_dots(entry->d_name))
            rc = remove_all(fd, entry->d_name);
    }
    closedir(listing);
    return rc;
}

int remove_all(int directory, const char *name)
{
    int fd;

    if (unlinkat(directory, name, 0) == 0)
        return 0;
    if (errno != EISDIR)
        return -1;
    fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || remove_contents(fd) < 0)
        return -1;
    return unlinkat(directory, name, AT_REMOVEDIR);
}

const char *error_name(int error)
{
    static char number[16];
    const char *name = strerrorname_np(error);

    if (name)
        return name;
    snprintf(number, sizeof(number), "errno %d", error);
    return number;
}
