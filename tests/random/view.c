#include "view.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct look *add(struct view *view)
{
    if (view->count == view->capacity) {
        view->capacity = view->capacity * 2 + 64;
        view->looks = reallocarray(view->looks, (size_t)view->capacity, sizeof(*view->looks));
        if (!view->looks)
            err(2, "no memory");
    }
    memset(&view->looks[view->count], 0, sizeof(view->looks[0]));
    return &view->looks[view->count++];
}

void view_clear(struct view *view)
{
    free(view->looks);
    *view = (struct view){.looks = NULL};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static unsigned sum_of(const unsigned char *bytes, ssize_t length)
{
    unsigned sum = 0;

    for (ssize_t i = 0; i < length; i++)
        sum = sum * 31 + bytes[i];
    return sum;
}

/* `path` is one that leads there whatever it is. */
static void look_at_xattrs(struct look *look, const char *path, bool follow)
{
    static unsigned char value[1 << 16];
    char names[2048];
    const char *sorted[32];
    size_t count = 0;
    size_t used = 0;
    ssize_t length = (follow ? listxattr : llistxattr)(path, names, sizeof(names));

    for (ssize_t at = 0; at < length && count < 32; at += (ssize_t)strlen(names + at) + 1)
        sorted[count++] = names + at;
    qsort(sorted, count, sizeof(*sorted), by_name);
    for (size_t i = 0; i < count && used < sizeof(look->xattrs); i++) {
        ssize_t size = (follow ? getxattr : lgetxattr)(path, sorted[i], value, sizeof(value));

        used += (size_t)snprintf(look->xattrs + used, sizeof(look->xattrs) - used, "%s %zd %x; ", sorted[i], size,
                                 sum_of(value, size));
    }
}

static bool stat_name(struct look *look, int directory, const char *name)
{
    return statx(directory, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &look->stat) == 0;
}

static void look_at_name(struct view *view, int directory, const char *name, const char *path);

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Closes `fd`. */
static void look_into(struct view *view, int fd, const char *path)
{
    DIR *listing = fdopendir(fd);
    const struct dirent *entry;
    char below[LOOK_PATH_MAX];

    if (!listing)
        return;
    while ((entry = readdir(listing))) {
        if (is_dots(entry->d_name))
            continue;
        if ((size_t)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) < sizeof(below))
            look_at_name(view, fd, entry->d_name, below);
    }
    closedir(listing);
}

static void look_at_name(struct view *view, int directory, const char *name, const char *path)
{
    struct look *look = add(view);
    ssize_t length;
    int fd;

    snprintf(look->path, sizeof(look->path), "%s", path);
    look->position = -1;
    if (!stat_name(look, directory, name))
        return;
    if (fchdir(directory) == 0)
        look_at_xattrs(look, name, false);
    if (S_ISLNK(look->stat.stx_mode)) {
        length = readlinkat(directory, name, look->target, sizeof(look->target) - 1);
        look->target[length > 0 ? length : 0] = '\0';
    }
    if (!S_ISDIR(look->stat.stx_mode))
        return;
    fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0)
        look_into(view, fd, path);
}

static void look_at_slot(struct view *view, int fd, int slot)
{
    struct look *look;

    if (fd < 0)
        return;
    look = add(view);
    snprintf(look->path, sizeof(look->path), "fd %d", slot);
    (void)statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &look->stat);
    look->position = S_ISREG(look->stat.stx_mode) ? lseek(fd, 0, SEEK_CUR) : -1;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct look *)a)->path, ((const struct look *)b)->path);
}

static bool same_time(const struct statx_timestamp *a, const struct statx_timestamp *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool has_changed(const struct statx *now, const struct statx *before)
{
    return now->stx_size != before->stx_size || !same_time(&now->stx_mtime, &before->stx_mtime) ||
           !same_time(&now->stx_ctime, &before->stx_ctime);
}

/* Which one it was before, by its number. */
static void remember(struct look *look, const struct view *before)
{
    look->before = -1;
    look->seen_changed = true;
    for (int i = 0; i < before->count && look->before < 0; i++) {
        if (before->looks[i].stat.stx_ino == look->stat.stx_ino)
            look->before = i;
    }
    if (look->before >= 0)
        look->seen_changed = has_changed(&look->stat, &before->looks[look->before].stat);
}

void view_take(struct view *view, const struct side *side, const struct view *before)
{
    view->count = 0;
    look_at_name(view, side->base, side->fresh, ".");
    for (int i = 0; i < SIDE_SLOTS; i++)
        look_at_slot(view, side->slots[i], i);
    qsort(view->looks, (size_t)view->count, sizeof(*view->looks), by_path);
    for (int i = 0; i < view->count; i++)
        remember(&view->looks[i], before);
}

int look_open(const struct look *look, const struct side *side)
{
    char path[64];

    if (!S_ISREG(look->stat.stx_mode))
        return -1;
    if (strncmp(look->path, "fd ", 3) != 0)
        return openat(side->root, look->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", side->slots[look->path[3] - '0']);
    return open(path, O_RDONLY | O_CLOEXEC);
}
