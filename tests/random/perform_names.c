/*
 * Operations on names.
 */
#include "perform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* What is opened may be a FIFO, whose open would wait. */
void perform_open(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const int64_t *values = operation->values;
    int flags = (int)(values[ARGUMENT_HOW] | values[ARGUMENT_FLAGS]) | O_NONBLOCK | O_CLOEXEC;
    char path[PATH_TEXT_MAX];
    int fd = openat(side->top, argument_path(values[ARGUMENT_PATH], path), flags, (mode_t)values[ARGUMENT_MODE]);

    outcome_set(outcome, fd < 0 ? -1 : 0);
    if (fd < 0)
        return;
    side_close_slot(side, values[ARGUMENT_SLOT]);
    side->slots[values[ARGUMENT_SLOT]] = fd;
}

void perform_close(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    (void)outcome;
    side_close_slot(side, operation->values[ARGUMENT_SLOT]);
}

void perform_mkdir(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    char path[PATH_TEXT_MAX];

    argument_path(operation->values[ARGUMENT_PATH], path);
    outcome_set(outcome, mkdirat(side->top, path, (mode_t)operation->values[ARGUMENT_MODE]));
}

void perform_rmdir(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    char path[PATH_TEXT_MAX];

    argument_path(operation->values[ARGUMENT_PATH], path);
    outcome_set(outcome, unlinkat(side->top, path, AT_REMOVEDIR));
}

void perform_unlink(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    char path[PATH_TEXT_MAX];

    outcome_set(outcome, unlinkat(side->top, argument_path(operation->values[ARGUMENT_PATH], path), 0));
}

void perform_remove_all(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    char path[PATH_TEXT_MAX];

    outcome_set(outcome, remove_all(side->top, argument_path(operation->values[ARGUMENT_PATH], path)));
}

void perform_rename(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    char from[PATH_TEXT_MAX];
    char to[PATH_TEXT_MAX];

    argument_path(operation->values[ARGUMENT_PATH], from);
    argument_path(operation->values[ARGUMENT_TO], to);
    outcome_set(outcome, renameat2(side->top, from, side->top, to, (unsigned)operation->values[ARGUMENT_RENAME]));
}

void perform_link(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    char from[PATH_TEXT_MAX];
    char to[PATH_TEXT_MAX];
    int flags = operation->values[ARGUMENT_FOLLOW] == 0 ? AT_SYMLINK_FOLLOW : 0;

    argument_path(operation->values[ARGUMENT_PATH], from);
    argument_path(operation->values[ARGUMENT_TO], to);
    outcome_set(outcome, linkat(side->top, from, side->top, to, flags));
}

/* How a file without a name gets one. */
void perform_link_fd(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    char path[PATH_TEXT_MAX];

    argument_path(operation->values[ARGUMENT_PATH], path);
    outcome_set(outcome, linkat(side->slots[operation->values[ARGUMENT_SLOT]], "", side->top, path, AT_EMPTY_PATH));
}

void perform_symlink(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const char *target = argument_target(operation->values[ARGUMENT_TARGET]);
    char path[PATH_TEXT_MAX];

    argument_path(operation->values[ARGUMENT_PATH], path);
    outcome_set(outcome, symlinkat(target, side->top, path));
}

void perform_readlink(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    char path[PATH_TEXT_MAX];
    ssize_t length;

    argument_path(operation->values[ARGUMENT_PATH], path);
    length = readlinkat(side->top, path, (char *)outcome->bytes, SIDE_BUFFER_SIZE);
    outcome_set(outcome, length);
    outcome->length = length > 0 ? (size_t)length : 0;
}

void perform_mknod(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    mode_t mode = (mode_t)(operation->values[ARGUMENT_TYPE] | operation->values[ARGUMENT_MODE]);
    char path[PATH_TEXT_MAX];

    argument_path(operation->values[ARGUMENT_PATH], path);
    outcome_set(outcome, mknodat(side->top, path, mode, makedev(1, 3)));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A line a name, with its type, sorted. */
static size_t sort_names(char **names, size_t count, unsigned char *bytes)
{
    size_t length = 0;

    qsort(names, count, sizeof(*names), by_name);
    for (size_t i = 0; i < count; i++) {
        size_t part = strlen(names[i]);

        memcpy(bytes + length, names[i], part);
        bytes[length + part] = '\n';
        length += part + 1;
        free(names[i]);
    }
    return length;
}

static size_t read_names(DIR *listing, unsigned char *bytes)
{
    char *names[256];
    size_t count = 0;
    const struct dirent *entry;

    while (count < sizeof(names) / sizeof(names[0]) && (entry = readdir(listing))) {
        if (asprintf(&names[count], "%s %d", entry->d_name, entry->d_type) >= 0)
            count++;
    }
    return sort_names(names, count, bytes);
}

void perform_readdir(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    char path[PATH_TEXT_MAX];
    DIR *listing;
    int fd;

    argument_path(operation->values[ARGUMENT_PATH], path);
    fd = openat(side->top, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    listing = fd >= 0 ? fdopendir(fd) : NULL;
    outcome_set(outcome, listing ? 0 : -1);
    if (!listing)
        return;
    outcome->length = read_names(listing, outcome->bytes);
    closedir(listing);
}
