#include "perform.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

void outcome_set(struct outcome *outcome, int64_t rc)
{
    outcome->error = rc < 0 ? errno : 0;
    outcome->value = rc < 0 ? -1 : rc;
}

/* Each but root has a group of its own, and one that the other and nobody else is in, too. */
static void become(int64_t uid)
{
    const gid_t groups[] = {uid == 1001 ? 1003 : 1001};

    if (uid != 0 && geteuid() == 0 && setgroups(1, groups) == 0 && setegid((gid_t)uid) == 0)
        (void)!seteuid((uid_t)uid);
}

static void become_root(int64_t from)
{
    if (from != 0 && getuid() == 0 && seteuid(0) == 0 && setegid(0) == 0)
        (void)!setgroups(0, NULL);
}

void operation_perform(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    int64_t as = operation->values[ARGUMENT_AS];

    outcome->error = 0;
    outcome->value = 0;
    outcome->length = 0;
    become(as);
    operation->kind->perform(side, operation, outcome);
    become_root(as);
}

void fill_bytes(unsigned char *bytes, size_t length, int64_t fill)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = fill == 0 ? 0 : (unsigned char)((uint64_t)fill * 41 + i * 7 + (i >> 8) * 13 + (i >> 16) * 5);
}

/* Both sides' at once, so the second time it does little. Who may not doesn't. */
void perform_drop_caches(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
    const char level = (char)('0' + operation->values[ARGUMENT_CACHES]);

    (void)side;
    (void)outcome;
    if (fd < 0)
        return;
    (void)!write(fd, &level, 1);
    close(fd);
}

/* Those of one file that aren't dirty: what drop_caches does, without harm to the rest of the machine. */
void perform_forget_pages(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    char path[PATH_TEXT_MAX];
    int fd;

    argument_path(operation->values[ARGUMENT_PATH], path);
    fd = openat(side->top, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    outcome_set(outcome, fd < 0 ? -1 : 0);
    if (fd < 0)
        return;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
}
