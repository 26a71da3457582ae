/*
 * The remover's side and the socket pair.
 *
 * Who works in a mount keeps it busy: umount would fail. So it works in a copy
 * of the mount, which nobody else sees; made when it has something to do, and
 * only of what is still our mount, which may be gone or hidden below another
 * one. It lets the copy go when it has nothing to do, and from time to time:
 * the session lasts as long as it has one. What is mounted on directories in
 * the mount isn't in the copy. Only root can make one, so for others nothing
 * is removed.
 *
 * Where the daemon dies while it waits for an answer, the helper aborts the
 * connection, and the signal for a dead parent ends it.
 */
#include "fs/remover.h"

#include "fs/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PATIENCE_MS 2000
#define REAP_MS 1000
#define IDLE_MS 20
#define USES_OF_COPY 1000

struct question {
    uint64_t number; /* 0: no question, the session has begun */
    char path[PATH_MAX];
};

struct answer {
    uint64_t number;
    int error; /* 0, or an errno */
};

struct remover_state {
    char mountpoint[PATH_MAX];
    int socket;
    dev_t device; /* of our file system */
    int copy;     /* of the mount; -1: none */
    int uses;     /* of it that are left */
};

/* Of what file system a descriptor's is; 0: it can't be told. No request is sent. */
static dev_t device_of(int fd)
{
    struct statx info;

    if (fd < 0 || statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &info) < 0)
        return 0;
    return makedev(info.stx_dev_major, info.stx_dev_minor);
}

static void let_copy_go(struct remover_state *state)
{
    if (state->copy >= 0)
        close(state->copy);
    state->copy = -1;
}

/* One system call has to do with the mount itself. 0, or an errno. */
static int make_copy(struct remover_state *state)
{
    state->copy = open_tree(AT_FDCWD, state->mountpoint, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (state->copy < 0)
        return errno;
    state->uses = USES_OF_COPY;
    if (device_of(state->copy) == state->device)
        return 0;
    let_copy_go(state);
    return EXDEV;
}

/* Whoever may not make a copy isn't needed: that it has ended says so. */
static void begin(struct remover_state *state)
{
    struct statfs info;
    int fd = open(state->mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && fstatfs(fd, &info) == 0 && info.f_type == FUSE_SUPER_MAGIC)
        state->device = device_of(fd);
    if (fd >= 0)
        close(fd);
    if (state->device == 0 || make_copy(state) != 0)
        _exit(0);
    let_copy_go(state);
}

static int open_below(int root, const char *path)
{
    const struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                                 .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};

    return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static int remove_at(int parent, const char *name)
{
    return unlinkat(parent, name, AT_REMOVEDIR) < 0 ? errno : 0;
}

static int remove_below(int root, char *path)
{
    char *slash = strrchr(path, '/');
    int error;
    int parent;

    if (!slash)
        return remove_at(root, path);
    *slash = '\0';
    parent = open_below(root, path);
    if (parent < 0)
        return errno;
    error = remove_at(parent, slash + 1);
    close(parent);
    return error;
}

static int remove_directory(struct remover_state *state, char *path)
{
    int error = state->copy < 0 ? make_copy(state) : 0;

    if (error != 0)
        return error;
    state->uses--;
    return remove_below(state->copy, path);
}

static void on_question(struct remover_state *state, struct question *question)
{
    struct answer answer = {.number = question->number};

    if (question->number == 0) {
        begin(state);
        return;
    }
    answer.error = remove_directory(state, question->path);
    (void)send(state->socket, &answer, sizeof(answer), MSG_NOSIGNAL);
    if (state->uses == 0)
        let_copy_go(state);
}

/* The end of the socket is its own. */
static void serve(void *arg, int socket)
{
    struct remover_state *state = arg;
    struct pollfd readable = {.fd = socket, .events = POLLIN};
    struct question question;

    state->socket = socket;
    for (;;) {
        if (poll(&readable, 1, state->copy < 0 ? -1 : IDLE_MS) == 0)
            let_copy_go(state);
        else if (recv(socket, &question, sizeof(question), 0) > 0)
            on_question(state, &question);
        else
            return;
    }
}

int remover_start(const char *mountpoint, struct remover *ret_remover)
{
    static struct remover_state state = {.copy = -1};

    *ret_remover = (struct remover){.pid = 0};
    snprintf(state.mountpoint, sizeof(state.mountpoint), "%s", mountpoint);
    return child_start("kvfs-remover", SIGKILL, serve, &state, &ret_remover->pid, &ret_remover->socket);
}

/* It reads, or is busy with one that was given up: then it isn't asked. So there is always room. */
static int ask(const struct remover *remover, const struct question *question)
{
    size_t size = offsetof(struct question, path) + strlen(question->path) + 1;

    return send(remover->socket, question, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

void remover_begin(struct remover *remover)
{
    const struct question begun = {.number = 0};

    (void)ask(remover, &begun);
}

/* The answer to what was asked last; -EAGAIN if it doesn't come in time. */
static int hear(struct remover *remover, int timeout_ms)
{
    struct pollfd readable = {.fd = remover->socket, .events = POLLIN};
    struct answer answer = {.number = remover->answered};
    int ready;

    while (answer.number != remover->asked) {
        ready = poll(&readable, 1, timeout_ms);
        if (ready == 0)
            return -EAGAIN;
        if (ready > 0 && recv(remover->socket, &answer, sizeof(answer), MSG_DONTWAIT) <= 0)
            return -EPIPE;
    }
    remover->answered = answer.number;
    return answer.error;
}

void remover_listen(struct remover *remover)
{
    if (atomic_load(&remover->is_late))
        atomic_store(&remover->is_late, hear(remover, 0) < 0);
}

bool remover_is_stuck(const struct remover *remover)
{
    struct pollfd end = {.fd = remover->socket};

    return atomic_load(&((struct remover *)remover)->is_late) || (poll(&end, 1, 0) > 0 && end.revents & POLLHUP);
}

int remover_remove(struct remover *remover, const char *path)
{
    struct question question = {.number = remover->asked + 1};
    int rc;

    remover_listen(remover);
    if (atomic_load(&remover->is_late))
        return -EAGAIN;
    if (strlen(path) >= sizeof(question.path))
        return -ENAMETOOLONG;
    strcpy(question.path, path);
    rc = ask(remover, &question);
    if (rc < 0)
        return rc;
    remover->asked = question.number;
    rc = hear(remover, PATIENCE_MS);
    atomic_store(&remover->is_late, rc < 0);
    return rc;
}

void remover_end(struct remover *remover)
{
    close(remover->socket);
}

/* The connection is gone, so nothing in it holds it; but what else may, is not for us to wait for. */
void remover_reap(struct remover *remover)
{
    (void)child_reap(remover->pid, REAP_MS);
}
