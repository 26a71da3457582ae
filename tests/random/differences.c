#include "differences.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- what was mapped ------------------------------------------------------------------------------------------- */

bool inodes_have(const struct inodes *inodes, ino_t inode)
{
    for (int i = 0; i < inodes->count; i++) {
        if (inodes->of[i] == inode)
            return true;
    }
    return false;
}

static void add(struct inodes *inodes, ino_t inode)
{
    if (!inodes_have(inodes, inode) && inodes->count < INODES_MAX)
        inodes->of[inodes->count++] = inode;
}

void difference_note(struct mapped *mapped, const struct operation *operation, const struct side *tmpfs)
{
    bool stores = strcmp(operation->kind->name, "store") == 0;

    if (stores || strcmp(operation->kind->name, "load") == 0)
        add(&mapped->touched, side_mapped(tmpfs, operation->values[ARGUMENT_MAP]));
    if (stores)
        add(&mapped->stored, side_mapped(tmpfs, operation->values[ARGUMENT_MAP]));
}

/* --- what is done ---------------------------------------------------------------------------------------------- */

/* Where it really is, symbolic links followed; empty if it isn't. */
static void real_path(const struct side *side, const char *path, int follow, char *real)
{
    int fd = openat(side->top, path, O_PATH | O_CLOEXEC | follow);
    char proc[64];
    ssize_t length;

    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
    length = fd >= 0 ? readlink(proc, real, PATH_MAX - 1) : 0;
    real[length > 0 ? length : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

/* The directory that the name `path` is in. */
static void real_directory(const struct side *side, int64_t path, char *real)
{
    char text[PATH_TEXT_MAX];
    char *slash = strrchr(argument_path(path, text), '/');

    if (slash)
        *slash = '\0';
    real_path(side, slash ? text : ".", 0, real);
}

static bool between_directories(const struct operation *operation, const struct side *tmpfs)
{
    char from[PATH_MAX];
    char to[PATH_MAX];

    real_directory(tmpfs, operation->values[ARGUMENT_PATH], from);
    real_directory(tmpfs, operation->values[ARGUMENT_TO], to);
    return strcmp(from, to) != 0;
}

/* Is the file, which a symbolic link may lead to, in another directory than the name that it shall get? */
static bool links_between_directories(const struct operation *operation, const struct side *tmpfs)
{
    char text[PATH_TEXT_MAX];
    char from[PATH_MAX];
    char to[PATH_MAX];
    char *slash;

    if (operation->values[ARGUMENT_FOLLOW] != 0)
        return between_directories(operation, tmpfs);
    real_path(tmpfs, argument_path(operation->values[ARGUMENT_PATH], text), 0, from);
    slash = strrchr(from, '/');
    if (slash)
        *slash = '\0';
    real_directory(tmpfs, operation->values[ARGUMENT_TO], to);
    return strcmp(from, to) != 0;
}

static bool always(const struct operation *operation, const struct side *tmpfs)
{
    (void)operation;
    (void)tmpfs;
    return true;
}

static bool is_linked(const struct side *side, int64_t path)
{
    char text[PATH_TEXT_MAX];
    struct stat stat;

    return fstatat(side->top, argument_path(path, text), &stat, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(stat.st_mode) &&
           stat.st_nlink > 1;
}

static bool moves_a_linked_value(const struct operation *operation, const struct side *tmpfs)
{
    const int64_t *values = operation->values;

    return between_directories(operation, tmpfs) &&
           (is_linked(tmpfs, values[ARGUMENT_PATH]) ||
            (values[ARGUMENT_RENAME] == RENAME_EXCHANGE && is_linked(tmpfs, values[ARGUMENT_TO])));
}

static bool is_of_directory(const struct operation *operation, const struct side *tmpfs)
{
    struct stat stat;

    return fstat(tmpfs->slots[operation->values[ARGUMENT_SLOT]], &stat) == 0 && S_ISDIR(stat.st_mode);
}

static bool is_of_removed_directory(const struct operation *operation, const struct side *tmpfs)
{
    struct stat stat;

    return is_of_directory(operation, tmpfs) &&
           fstat(tmpfs->slots[operation->values[ARGUMENT_SLOT]], &stat) == 0 && stat.st_nlink == 0;
}

static const struct {
    const char *kind;
    int error; /* of kvfs; 0: whatever it is */
    bool (*when)(const struct operation *operation, const struct side *tmpfs);
} refusals[] = {
    /* All names of a value are in one bucket, which is what its changes go through. */
    {"link", EXDEV, links_between_directories},
    {"link_fd", EXDEV, always},
    {"rename", EXDEV, moves_a_linked_value},
    /* A bucket that was removed has ended: it is only shown. */
    {"fchmod", ESTALE, is_of_removed_directory},
    {"fchown", ESTALE, is_of_removed_directory},
    {"futimens", ESTALE, is_of_removed_directory},
    {"fsync", ESTALE, is_of_removed_directory},
    /* The kernel's own: where in a directory a descriptor can be put. */
    {"lseek", 0, is_of_directory},
    {"seek", 0, is_of_directory},
};

bool difference_in_outcome(const struct operation *operation, const struct outcome *outcome, const struct side *tmpfs)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if ((refusals[i].error == 0 || refusals[i].error == outcome->error) &&
            strcmp(operation->kind->name, refusals[i].kind) == 0 && refusals[i].when(operation, tmpfs))
            return true;
    }
    return false;
}

/* --- what is left out ------------------------------------------------------------------------------------------ */

/*
 * chown() to nobody else drops a file's set-id bits. Who doesn't own it may not; but what the kernel sends is what it
 * sends for a fallocate() by somebody who may write, so kvfs lets it pass.
 */
static bool owns_nobody(const struct operation *operation)
{
    return operation->values[ARGUMENT_AS] != 0 && operation->values[ARGUMENT_UID] == -1 &&
           operation->values[ARGUMENT_GID] == -1;
}

static bool drops_strangers_bits(const struct operation *operation, const struct side *tmpfs)
{
    const char *kind = operation->kind->name;
    char path[PATH_TEXT_MAX];
    struct stat stat;
    int rc = -1;

    if (!owns_nobody(operation))
        return false;
    if (strcmp(kind, "chown") == 0)
        rc = fstatat(tmpfs->top, argument_path(operation->values[ARGUMENT_PATH], path), &stat, 0);
    else if (strcmp(kind, "fchown") == 0)
        rc = fstat(tmpfs->slots[operation->values[ARGUMENT_SLOT]], &stat);
    return rc == 0 && !S_ISDIR(stat.st_mode) && (stat.st_mode & (S_ISUID | S_ISGID));
}

/* Where tmpfs is read or written through a mapping, it has no hole any more. */
static bool seeks_in_mapped(const struct operation *operation, const struct side *tmpfs, const struct mapped *mapped)
{
    struct stat stat;

    return strcmp(operation->kind->name, "seek") == 0 &&
           fstat(tmpfs->slots[operation->values[ARGUMENT_SLOT]], &stat) == 0 &&
           inodes_have(&mapped->touched, stat.st_ino);
}

bool difference_leaves_out(const struct operation *operation, const struct side *tmpfs, const struct mapped *mapped)
{
    return drops_strangers_bits(operation, tmpfs) || seeks_in_mapped(operation, tmpfs, mapped);
}

/* --- what moves times ------------------------------------------------------------------------------------------ */

/* A truncate() to the size that it has moves a file's times; on tmpfs only if something is allocated for it. */
static bool truncates_nothing(const struct operation *operation, const struct side *tmpfs)
{
    char path[PATH_TEXT_MAX];
    struct stat stat;

    return fstatat(tmpfs->top, argument_path(operation->values[ARGUMENT_PATH], path), &stat, 0) == 0 &&
           stat.st_size == operation->values[ARGUMENT_SIZE] && stat.st_blocks == 0;
}

/* What is written to a FIFO moves its times on tmpfs only: the kernel moves none of FUSE's, and tells it nothing. */
static bool writes_to_fifo(const struct operation *operation, const struct side *tmpfs)
{
    struct stat stat;

    return fstat(tmpfs->slots[operation->values[ARGUMENT_SLOT]], &stat) == 0 && S_ISFIFO(stat.st_mode);
}

static const struct {
    const char *kind;
    bool (*when)(const struct operation *operation, const struct side *tmpfs);
} moves[] = {
    {"truncate", truncates_nothing},
    {"write", writes_to_fifo},
};

bool difference_in_times(const struct operation *operation, const struct side *tmpfs)
{
    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
        if (strcmp(operation->kind->name, moves[i].kind) == 0 && moves[i].when(operation, tmpfs))
            return true;
    }
    return false;
}

void difference_move_times(const struct operation *operation, const struct side *side)
{
    static const struct timespec now[] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};
    char path[PATH_TEXT_MAX];

    if (strcmp(operation->kind->name, "truncate") == 0)
        (void)utimensat(side->top, argument_path(operation->values[ARGUMENT_PATH], path), now, 0);
    else
        (void)futimens(side->slots[operation->values[ARGUMENT_SLOT]], now);
}

/* --- what ends ------------------------------------------------------------------------------------------------- */

/*
 * A bucket that is removed ends, and with it those of its values that are still open, although they have no name: they
 * are ESTALE. That can only be right after what removes a directory.
 */
static bool may_end_buckets(const struct operation *operation)
{
    static const char *const kinds[] = {"rmdir", "remove_all", "rename"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(operation->kind->name, kinds[i]) == 0)
            return true;
    }
    return false;
}

/* By the daemon's word, whatever the kernel remembers. */
static bool has_ended(int tmpfs, int kvfs)
{
    struct statx stat;

    return tmpfs >= 0 && kvfs >= 0 &&
           statx(kvfs, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &stat) < 0 && errno == ESTALE &&
           statx(tmpfs, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stat) == 0 && stat.stx_nlink == 0;
}

void difference_close_ended(const struct operation *operation, struct side *tmpfs, struct side *kvfs)
{
    if (!may_end_buckets(operation))
        return;
    for (int i = 0; i < SIDE_SLOTS; i++) {
        if (!has_ended(tmpfs->slots[i], kvfs->slots[i]))
            continue;
        side_close_slot(tmpfs, i);
        side_close_slot(kvfs, i);
    }
    for (int i = 0; i < SIDE_MAPS; i++) {
        if (!tmpfs->maps[i] || !has_ended(tmpfs->map_fds[i], kvfs->map_fds[i]))
            continue;
        side_unmap(tmpfs, i);
        side_unmap(kvfs, i);
    }
}

/* --- what is seen ---------------------------------------------------------------------------------------------- */

static bool is_directory(const struct look *look, const struct mapped *mapped)
{
    (void)mapped;
    return S_ISDIR(look->stat.stx_mode);
}

static bool is_touched(const struct look *look, const struct mapped *mapped)
{
    return inodes_have(&mapped->touched, look->stat.stx_ino);
}

static bool is_stored(const struct look *look, const struct mapped *mapped)
{
    return inodes_have(&mapped->stored, look->stat.stx_ino);
}

static const struct {
    enum field field;
    bool (*when)(const struct look *tmpfs, const struct mapped *mapped);
} unlike[] = {
    /* The size of a directory is anybody's choice; POSIX has none. */
    {FIELD_SIZE, is_directory},
    /* What is stored through a mapping, tmpfs doesn't note; kvfs does when the kernel writes it back. */
    {FIELD_MTIME, is_stored},
    {FIELD_CTIME, is_stored},
    /* Nor is it allocated before that; and tmpfs allocates what is only read. */
    {FIELD_BLOCKS, is_touched},
};

bool difference_in_field(enum field field, const struct look *tmpfs, const struct mapped *mapped)
{
    for (size_t i = 0; i < sizeof(unlike) / sizeof(unlike[0]); i++) {
        if (unlike[i].field == field && unlike[i].when(tmpfs, mapped))
            return true;
    }
    return false;
}
