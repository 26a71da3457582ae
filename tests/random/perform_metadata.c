/*
 * Operations on modes, owners and times.
 */
#include "perform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

static int fd_of(const struct side *side, const struct operation *operation)
{
    return side->slots[operation->values[ARGUMENT_SLOT]];
}

void perform_chmod(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    char path[PATH_TEXT_MAX];

    argument_path(operation->values[ARGUMENT_PATH], path);
    outcome_set(outcome, fchmodat(side->top, path, (mode_t)operation->values[ARGUMENT_MODE], 0));
}

void perform_fchmod(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    outcome_set(outcome, fchmod(fd_of(side, operation), (mode_t)operation->values[ARGUMENT_MODE]));
}

void perform_chown(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const int64_t *values = operation->values;
    char path[PATH_TEXT_MAX];

    argument_path(values[ARGUMENT_PATH], path);
    outcome_set(outcome, fchownat(side->top, path, (uid_t)values[ARGUMENT_UID], (gid_t)values[ARGUMENT_GID],
                                  (int)values[ARGUMENT_FOLLOW]));
}

void perform_fchown(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const int64_t *values = operation->values;

    outcome_set(outcome, fchown(fd_of(side, operation), (uid_t)values[ARGUMENT_UID], (gid_t)values[ARGUMENT_GID]));
}

/* As they are in the table of arguments. */
static struct timespec to_timespec(int64_t value)
{
    int64_t ns = value % NS_PER_S;

    if (value == -1)
        return (struct timespec){.tv_nsec = UTIME_NOW};
    if (value == -2)
        return (struct timespec){.tv_nsec = UTIME_OMIT};
    if (ns < 0)
        ns += NS_PER_S;
    return (struct timespec){.tv_sec = (value - ns) / NS_PER_S, .tv_nsec = ns};
}

void perform_utimens(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const int64_t *values = operation->values;
    const struct timespec times[] = {to_timespec(values[ARGUMENT_ATIME]), to_timespec(values[ARGUMENT_MTIME])};
    char path[PATH_TEXT_MAX];

    argument_path(values[ARGUMENT_PATH], path);
    outcome_set(outcome, utimensat(side->top, path, times, (int)values[ARGUMENT_FOLLOW]));
}

void perform_futimens(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const int64_t *values = operation->values;
    const struct timespec times[] = {to_timespec(values[ARGUMENT_ATIME]), to_timespec(values[ARGUMENT_MTIME])};

    outcome_set(outcome, futimens(fd_of(side, operation), times));
}

void perform_access(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    char path[PATH_TEXT_MAX];

    argument_path(operation->values[ARGUMENT_PATH], path);
    outcome_set(outcome, faccessat(side->top, path, (int)operation->values[ARGUMENT_ACCESS], AT_EACCESS));
}

/* The fields are compared with everything else's; here it is whether this user may, and sees the same. */
void perform_stat(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    char path[PATH_TEXT_MAX];
    struct statx stat;
    int rc = statx(side->top, argument_path(operation->values[ARGUMENT_PATH], path),
                   (int)operation->values[ARGUMENT_FOLLOW], STATX_BASIC_STATS, &stat);

    outcome_set(outcome, rc);
    if (rc < 0)
        return;
    outcome->length = (size_t)snprintf((char *)outcome->bytes, SIDE_BUFFER_SIZE, "mode %o nlink %u uid %u gid %u",
                                       stat.stx_mode, stat.stx_nlink, stat.stx_uid, stat.stx_gid);
}

void perform_umask(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    (void)side;
    (void)outcome;
    (void)umask((mode_t)operation->values[ARGUMENT_UMASK]);
}
