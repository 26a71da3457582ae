/*
 * The helper's side and the socket pair.
 *
 * A FIFO that was looked up is opened for writing, without blocking, by its
 * hidden name: ENXIO says that nobody has opened it for reading (yet, or they
 * only looked), so it is tried again after 50 us, doubling to 1 s, until the
 * daemon says that it is forgotten. Once open, the pipe's own error condition
 * tells when the reader goes, even by SIGKILL.
 *
 * It never waits for a reader. A line goes into a stream's pipe as a whole or
 * is counted as lost, and the count goes before the next line that fits, or
 * alone as soon as the pipe has room.
 *
 * One epoll: the socket, each open FIFO, and a timer for each that isn't open
 * yet. It never waits for the daemon but while opening a path, and
 * the daemon's threads that answer that never wait for it. What the daemon
 * doesn't hear at once is told when it listens: it may be waiting to be heard.
 *
 * The daemon's death shows as the end of the socket, or, should one of its
 * threads be stuck in the kernel, as the signal for a dead parent. Then the
 * connection is aborted, so that nobody waits for an answer that can't come.
 */
#include "fs/helper.h"

#include "base/clock.h"
#include "fs/child.h"
#include "fs/readahead.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>
#include <urcu/list.h>

#define GRACE_NS (200 * CLOCK_NS_PER_MS)
#define RETRY_FIRST_NS (50 * 1000L)
#define RETRY_LAST_NS (1000 * 1000 * 1000L)
#define NOTICE_MAX 32 /* bytes of `LOST n`, its ends included */

static_assert(NOTICE_MAX + HELPER_LINE_MAX <= PIPE_BUF, "one write of both is all or nothing");

/* What epoll has seen: the first member of everything that it watches. */
enum source { SOURCE_SOCKET, SOURCE_TIMER, SOURCE_FIFO };

struct watched {
    enum source source;
    int fd; /* -1: none */
    uint32_t events;
};

struct waiter {
    uint64_t ino; /* the key */
    enum helper_kind kind;
    struct watched timer;
    struct watched fifo;
    long retry_ns;
    struct cds_list_head place; /* in helper_state.unopened or .streams, if in any */
    bool ending;                /* to be closed as soon as it is open */
    uint32_t length;            /* of the line to write before that */
    char *line;
    uint64_t lost; /* lines of a stream, of which its reader wasn't told yet */
    struct cds_list_head in_untold;
    enum helper_word untold;
};

struct helper_state {
    char mountpoint[PATH_MAX];
    char token[HELPER_TOKEN_SIZE];
    struct watched socket;
    int epoll;
    void *waiters;                 /* tsearch(3) tree by ino */
    struct cds_list_head unopened; /* what the end waits for, for a moment */
    struct cds_list_head streams;  /* open */
    struct cds_list_head untold;   /* news for the daemon; a waiter that hung up is in nothing else */
    int mount_id;                  /* of our mount, once it answered; 0 before */
    bool finish;
    int64_t end_ns; /* after `finish`: when those aren't waited for any more */
};

static int send_packet(int socket, const struct helper_packet *packet, int flags)
{
    size_t size = offsetof(struct helper_packet, line) + packet->length;
    ssize_t sent;

    do
        sent = send(socket, packet, size, MSG_NOSIGNAL | flags);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int helper_send(int socket, const struct helper_packet *packet)
{
    return send_packet(socket, packet, 0);
}

int helper_receive(int socket, int flags, struct helper_packet *ret_packet)
{
    ssize_t got;

    do
        got = recv(socket, ret_packet, sizeof(*ret_packet), flags);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EAGAIN ? 0 : -errno;
    if ((size_t)got < offsetof(struct helper_packet, line))
        return -EPIPE;
    return 1;
}

void helper_hidden_name(const char *token, uint64_t ino, char *name)
{
    snprintf(name, NAME_MAX + 1, ".kvfs-%s-%llu", token, (unsigned long long)ino);
}

static int compare(const void *a, const void *b)
{
    uint64_t left = ((const struct waiter *)a)->ino;
    uint64_t right = ((const struct waiter *)b)->ino;

    return (left > right) - (left < right);
}

static struct waiter *find(struct helper_state *helper, uint64_t ino)
{
    const struct waiter key = {.ino = ino};
    void *const *node = tfind(&key, &helper->waiters, compare);

    return node ? *node : NULL;
}

static int watch(struct helper_state *helper, struct watched *watched, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watched};

    watched->events = events;
    return epoll_ctl(helper->epoll, EPOLL_CTL_ADD, watched->fd, &event);
}

static void watch_for(struct helper_state *helper, struct watched *watched, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watched};

    if (events != watched->events && epoll_ctl(helper->epoll, EPOLL_CTL_MOD, watched->fd, &event) == 0)
        watched->events = events;
}

static void unwatch(struct watched *watched)
{
    if (watched->fd >= 0)
        close(watched->fd);
    watched->fd = -1;
}

static void close_waiter(struct helper_state *helper, struct waiter *waiter)
{
    tdelete(waiter, &helper->waiters, compare);
    cds_list_del(&waiter->place);
    cds_list_del(&waiter->in_untold);
    unwatch(&waiter->timer);
    unwatch(&waiter->fifo);
    free(waiter->line);
}

static void forget(struct helper_state *helper, struct waiter *waiter)
{
    close_waiter(helper, waiter);
    free(waiter);
}

/* As much as the daemon has room for; the rest when it has. */
static void tell_daemon(struct helper_state *helper)
{
    while (!cds_list_empty(&helper->untold)) {
        struct waiter *waiter = cds_list_first_entry(&helper->untold, struct waiter, in_untold);
        const struct helper_packet packet = {.word = waiter->untold, .ino = waiter->ino};

        if (send_packet(helper->socket.fd, &packet, MSG_DONTWAIT) == -EAGAIN)
            break;
        cds_list_del_init(&waiter->in_untold);
        if (waiter->untold == HELPER_HANGUP)
            free(waiter);
    }
    watch_for(helper, &helper->socket, cds_list_empty(&helper->untold) ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

static void tell(struct helper_state *helper, struct waiter *waiter, enum helper_word word)
{
    waiter->untold = word;
    cds_list_add_tail(&waiter->in_untold, &helper->untold);
    tell_daemon(helper);
}

static void hang_up(struct helper_state *helper, struct waiter *waiter)
{
    close_waiter(helper, waiter);
    tell(helper, waiter, HELPER_HANGUP);
}

/* The pipe is empty, so the line fits. If the reader went a moment ago nobody misses it. */
static void write_line(struct helper_state *helper, struct waiter *waiter)
{
    if (waiter->length > 0)
        (void)!write(waiter->fifo.fd, waiter->line, waiter->length);
    forget(helper, waiter);
}

/* The line, behind the number of those that were lost before it, if any; or that number alone. */
static void write_event(struct helper_state *helper, struct waiter *stream, const char *line, uint32_t length)
{
    char notice[NOTICE_MAX];
    struct iovec parts[] = {{notice, 0}, {(char *)line, length}};

    if (stream->lost > 0)
        parts[0].iov_len =
            (size_t)snprintf(notice, sizeof(notice), "LOST %llu\n", (unsigned long long)stream->lost);
    if (writev(stream->fifo.fd, parts, 2) >= 0)
        stream->lost = 0;
    else if (line)
        stream->lost++;
    watch_for(helper, &stream->fifo, stream->lost > 0 ? EPOLLOUT : 0);
}

static void try_again_later(struct waiter *waiter)
{
    const struct itimerspec when = {
        .it_value = {.tv_sec = waiter->retry_ns / RETRY_LAST_NS, .tv_nsec = waiter->retry_ns % RETRY_LAST_NS}};

    timerfd_settime(waiter->timer.fd, 0, &when, NULL);
    waiter->retry_ns = waiter->retry_ns * 2 < RETRY_LAST_NS ? waiter->retry_ns * 2 : RETRY_LAST_NS;
}

static void on_fifo_open(struct helper_state *helper, struct waiter *waiter)
{
    unwatch(&waiter->timer);
    cds_list_del_init(&waiter->place);
    if (waiter->ending) {
        write_line(helper, waiter);
        return;
    }
    if (watch(helper, &waiter->fifo, 0) < 0) { /* errors are always told */
        hang_up(helper, waiter);
        return;
    }
    if (waiter->kind == HELPER_STREAM)
        cds_list_add_tail(&waiter->place, &helper->streams);
    if (waiter->kind != HELPER_LINE)
        tell(helper, waiter, HELPER_OPENED);
}

/* Nobody reads it yet; or something is short that others will give back. */
static bool may_open_later(int error)
{
    return error == ENXIO || error == EINTR || error == EMFILE || error == ENFILE || error == ENOMEM;
}

static void try_open(struct helper_state *helper, struct waiter *waiter)
{
    char name[NAME_MAX + 1];
    char path[PATH_MAX + NAME_MAX + 2];

    helper_hidden_name(helper->token, waiter->ino, name);
    snprintf(path, sizeof(path), "%s/%s", helper->mountpoint, name);
    waiter->fifo.fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (waiter->fifo.fd >= 0)
        on_fifo_open(helper, waiter);
    else if (may_open_later(errno))
        try_again_later(waiter);
    else
        hang_up(helper, waiter);
}

static struct waiter *create_waiter(uint64_t ino, enum helper_kind kind)
{
    struct waiter *waiter = calloc(1, sizeof(*waiter));

    if (!waiter)
        return NULL;
    waiter->ino = ino;
    waiter->kind = kind;
    waiter->retry_ns = RETRY_FIRST_NS;
    waiter->fifo = (struct watched){.source = SOURCE_FIFO, .fd = -1};
    waiter->timer = (struct watched){.source = SOURCE_TIMER,
                                     .fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
    CDS_INIT_LIST_HEAD(&waiter->place);
    CDS_INIT_LIST_HEAD(&waiter->in_untold);
    return waiter;
}

static void on_open(struct helper_state *helper, const struct helper_packet *packet)
{
    struct waiter *waiter = find(helper, packet->ino) ? NULL : create_waiter(packet->ino, packet->kind);

    if (!waiter)
        return;
    cds_list_add_tail(&waiter->place, &helper->unopened);
    if (waiter->timer.fd < 0 || watch(helper, &waiter->timer, EPOLLIN) < 0 ||
        !tsearch(waiter, &helper->waiters, compare))
        hang_up(helper, waiter);
    else
        try_open(helper, waiter);
}

static void on_write(struct helper_state *helper, const struct helper_packet *packet)
{
    struct waiter *waiter = find(helper, packet->ino);

    if (!waiter || waiter->ending)
        return;
    waiter->ending = true;
    waiter->line = malloc(packet->length + 1);
    if (!waiter->line) {
        forget(helper, waiter);
        return;
    }
    memcpy(waiter->line, packet->line, packet->length);
    waiter->length = packet->length;
    if (waiter->fifo.fd >= 0)
        write_line(helper, waiter);
}

static void on_event(struct helper_state *helper, const struct helper_packet *packet)
{
    struct waiter *stream;

    cds_list_for_each_entry(stream, &helper->streams, place)
        write_event(helper, stream, packet->line, packet->length);
}

/* The number of the mount that a descriptor is in, 0 if it can't be told. */
static int mount_id_of(int fd)
{
    char path[64];
    char line[128];
    int id = 0;
    FILE *info;

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    info = fopen(path, "re");
    while (info && fgets(line, sizeof(line), info)) {
        if (sscanf(line, "mnt_id: %d", &id) == 1)
            break;
    }
    if (info)
        fclose(info);
    return id;
}

static int mount_id_at(const char *mountpoint, int *ret_fd)
{
    int fd = open(mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);

    *ret_fd = fd;
    return fd < 0 ? 0 : mount_id_of(fd);
}

/* The first request that isn't INIT: once it is answered the mount works and its transport is known. */
static void on_probe(struct helper_state *helper)
{
    const struct helper_packet packet = {.word = HELPER_PROBE};
    struct statfs info;
    int fd;

    if (statfs(helper->mountpoint, &info) == 0) {
        helper->mount_id = mount_id_at(helper->mountpoint, &fd);
        if (helper->mount_id != 0)
            readahead_raise(fd);
        close(fd);
    }
    (void)helper_send(helper->socket.fd, &packet);
}

/*
 * The daemon is dead, or dying with a thread stuck in the kernel: a forced unmount aborts the connection. It stays
 * mounted, since our descriptor keeps it busy: who uses it sees ENOTCONN, and not the directory below.
 */
static void abort_connection(const struct helper_state *helper)
{
    int fd;

    if (helper->mount_id == 0)
        return;
    if (mount_id_at(helper->mountpoint, &fd) == helper->mount_id)
        (void)umount2(helper->mountpoint, MNT_FORCE | UMOUNT_NOFOLLOW);
    if (fd >= 0)
        close(fd);
}

static _Noreturn void end_with_daemon(const struct helper_state *helper)
{
    abort_connection(helper);
    _exit(0);
}

static void on_packet(struct helper_state *helper, const struct helper_packet *packet)
{
    struct waiter *waiter;

    switch (packet->word) {
    case HELPER_PROBE:
        on_probe(helper);
        return;
    case HELPER_OPEN:
        on_open(helper, packet);
        return;
    case HELPER_WRITE:
        on_write(helper, packet);
        return;
    case HELPER_EVENT:
        on_event(helper, packet);
        return;
    case HELPER_CLOSE:
        waiter = find(helper, packet->ino);
        if (waiter)
            hang_up(helper, waiter);
        return;
    case HELPER_FINISH:
        helper->finish = true;
        helper->end_ns = clock_monotonic_ns() + GRACE_NS;
        return;
    case HELPER_OPENED:
    case HELPER_HANGUP:
        return;
    }
}

static void hear(struct helper_state *helper)
{
    struct helper_packet packet;
    int rc = helper_receive(helper->socket.fd, MSG_DONTWAIT, &packet);

    if (rc < 0)
        end_with_daemon(helper);
    if (rc > 0)
        on_packet(helper, &packet);
}

static void on_timer(struct helper_state *helper, struct waiter *waiter)
{
    uint64_t expirations;

    if (read(waiter->timer.fd, &expirations, sizeof(expirations)) == sizeof(expirations))
        try_open(helper, waiter);
}

static void on_socket(struct helper_state *helper, uint32_t events)
{
    if (events & EPOLLOUT)
        tell_daemon(helper);
    if (events & ~(uint32_t)EPOLLOUT)
        hear(helper);
}

static void on_fifo(struct helper_state *helper, struct waiter *waiter, uint32_t events)
{
    if (events == EPOLLOUT)
        write_event(helper, waiter, NULL, 0);
    else
        hang_up(helper, waiter);
}

static void on_ready(struct helper_state *helper, struct watched *watched, uint32_t events)
{
    switch (watched->source) {
    case SOURCE_SOCKET:
        on_socket(helper, events);
        return;
    case SOURCE_TIMER:
        on_timer(helper, (struct waiter *)((char *)watched - offsetof(struct waiter, timer)));
        return;
    case SOURCE_FIFO:
        on_fifo(helper, (struct waiter *)((char *)watched - offsetof(struct waiter, fifo)), events);
        return;
    }
}

/*
 * For how long to wait for something to do: -1 for ever, 0 when this is the end. Before it a reader who has looked a
 * FIFO up has a moment to open it, or it would wait for a writer who never comes.
 */
static int patience_ms(struct helper_state *helper)
{
    int64_t left_ns;

    if (!helper->finish)
        return -1;
    left_ns = helper->end_ns - clock_monotonic_ns();
    if (cds_list_empty(&helper->unopened) || left_ns <= 0)
        return 0;
    return (int)(left_ns / CLOCK_NS_PER_MS) + 1;
}

/* One event at a time: handling one may free what another is about. */
static _Noreturn void serve(struct helper_state *helper)
{
    struct epoll_event event;
    int timeout_ms;

    while ((timeout_ms = patience_ms(helper)) != 0) {
        if (epoll_wait(helper->epoll, &event, 1, timeout_ms) > 0)
            on_ready(helper, event.data.ptr, event.events);
    }
    _exit(0);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* A thread of its own: the other one may be waiting for an answer of the daemon that has died. */
static void *wait_for_death(void *arg)
{
    const struct helper_state *helper = arg;
    sigset_t death;
    int signal;

    sigemptyset(&death);
    sigaddset(&death, SIGTERM);
    while (sigwait(&death, &signal) != 0)
        continue;
    end_with_daemon(helper);
}

static void run(void *arg, int socket)
{
    struct helper_state *helper = arg;
    pthread_t thread;

    raise_descriptor_limit();
    helper->socket = (struct watched){.source = SOURCE_SOCKET, .fd = socket};
    CDS_INIT_LIST_HEAD(&helper->unopened);
    CDS_INIT_LIST_HEAD(&helper->streams);
    CDS_INIT_LIST_HEAD(&helper->untold);
    helper->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (helper->epoll < 0 || watch(helper, &helper->socket, EPOLLIN) < 0 ||
        pthread_create(&thread, NULL, wait_for_death, helper) != 0)
        _exit(1);
    serve(helper);
}

static int make_token(char *token)
{
    unsigned char bytes[HELPER_TOKEN_SIZE / 2];

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        return -errno;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

int helper_start(const char *mountpoint, struct helper *ret_helper)
{
    static struct helper_state state;
    int rc = make_token(state.token);

    if (rc < 0)
        return rc;
    snprintf(state.mountpoint, sizeof(state.mountpoint), "%s", mountpoint);
    rc = child_start("kvfs-helper", SIGTERM, run, &state, &ret_helper->pid, &ret_helper->socket);
    if (rc == 0)
        memcpy(ret_helper->token, state.token, sizeof(ret_helper->token));
    return rc;
}

void helper_reap(struct helper *helper, int timeout_ms)
{
    (void)child_reap(helper->pid, timeout_ms);
    close(helper->socket);
}
