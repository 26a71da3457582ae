/*
 * The session with the kernel, and the order in which a mount begins and ends.
 *
 * Begin: mount; then the parts (parts.c), which app/ has supervised; then the
 * session's thread, and with it libfuse's.
 *
 * End: the registry stops every bucket, whose monitors are told; the watch
 * actor gives those DOWNs to the helper; the other parts end, and nobody has
 * anything for the remover any more; the helper writes what it was given while
 * requests are still answered, for it may have to open a FIFO; then the
 * session. When somebody unmounts the session ends first, and nobody can be
 * waiting.
 */
#include "actor/timer.h"
#include "base/clock.h"
#include "base/log.h"
#include "fs/fs_internal.h"
#include "fs/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define HELPER_END_MS 3000
#define THREADS_END_MS 2000
#define SIGNAL_WAKE SIGUSR1
/*
 * Over /dev/fuse. None waits for long, so a few keep every core busy while others wait for a run lock. Measured: one alone
 * takes up to three times as long; 4 a core, or a descriptor for each (clone_fd), make no difference.
 */
#define THREADS_PER_CORE 2

static void refuse(struct fuse_conn_info *connection, unsigned capability)
{
    connection->want &= ~capability;
}

static void ask_for(struct fuse_conn_info *connection, unsigned capability)
{
    connection->want |= connection->capable & capability;
}

/*
 * Access control lists, and with them the umask, which a directory's default list overrules, are ours to apply; the
 * kernel decides by them. What drops set-id bits it is to tell us (see transport_init()), or else to do itself: not to
 * leave it all to us, who don't know what the caller may do.
 *
 * Atomic truncation is refused: together with opens that are never sent it loses them silently. READDIRPLUS_AUTO would
 * list without attributes until somebody asks for them one by one. Of requests that it sends at once for one direct write
 * the kernel makes EIO if one of them writes less: so one after the other. What the kernel has of a file is taken back
 * explicitly. AUTO_INVAL_DATA would have it drop a file's pages for each time that another write left; who reads them
 * again while a third write is on its way may keep what was there before.
 */
static void on_init(void *userdata, struct fuse_conn_info *connection)
{
    const unsigned no_open = FUSE_CAP_NO_OPEN_SUPPORT | FUSE_CAP_NO_OPENDIR_SUPPORT;
    struct fs *fs = userdata;

    stats_count(fs->stats, OPERATION_INIT);
    refuse(connection, FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_ASYNC_DIO);
    refuse(connection, FUSE_CAP_HANDLE_KILLPRIV | FUSE_CAP_AUTO_INVAL_DATA);
    ask_for(connection, FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_READDIRPLUS);
    ask_for(connection, FUSE_CAP_POSIX_ACL | FUSE_CAP_DONT_MASK | FUSE_CAP_EXPLICIT_INVAL_DATA);
    transport_init(connection);
    fs->no_open = fs->options.no_open && (connection->capable & no_open) == no_open;
    if (fs->no_open)
        ask_for(connection, no_open);
    else
        refuse(connection, no_open);
}

/* The first line of what the library and fusermount3 said. */
static void read_why(int said, char *why, size_t size)
{
    ssize_t length = pread(said, why, size - 1, 0);

    why[length > 0 ? length : 0] = '\0';
    why[strcspn(why, "\n")] = '\0';
}

static int mount_session(struct fs *fs, struct fuse_args *args)
{
    struct fuse_lowlevel_ops operations;

    operations_get(&operations);
    operations.init = on_init;
    fs->session = fuse_session_new(args, &operations, sizeof(operations), fs);
    if (!fs->session)
        return -EINVAL;
    if (fuse_session_mount(fs->session, fs->options.mountpoint) == 0)
        return 0;
    fuse_session_destroy(fs->session);
    return -EPERM;
}

/* Both complain to stderr, in as many lines as they like: collected, for the one line that we say. */
static int mount_quietly(struct fs *fs, struct fuse_args *args, char *why, size_t size)
{
    int said = memfd_create("kvfs-mount", MFD_CLOEXEC);
    int stderr_copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int rc = -errno;

    if (said < 0 || stderr_copy < 0)
        goto close_both;
    (void)dup2(said, STDERR_FILENO);
    rc = mount_session(fs, args);
    (void)dup2(stderr_copy, STDERR_FILENO);
close_both:
    if (rc < 0)
        read_why(said, why, size);
    if (stderr_copy >= 0)
        close(stderr_copy);
    if (said >= 0)
        close(said);
    return rc;
}

int fs_create(const struct fs_options *options, struct fuse_args *args, const struct helper *helper,
              const struct remover *remover, char *why, size_t size, struct fs **ret_fs)
{
    struct fs *fs = calloc(1, sizeof(*fs));
    int rc;

    if (!fs || transport_add_options(args, options->io_uring) < 0) {
        snprintf(why, size, "out of memory");
        free(fs);
        return -ENOMEM;
    }
    fs->options = *options;
    fs->helper = *helper;
    fs->remover = *remover;
    fs->ended_fd = -1;
    rc = mount_quietly(fs, args, why, size);
    if (rc < 0) {
        free(fs);
        return rc;
    }
    *ret_fs = fs;
    return 0;
}

static void wake(int signal)
{
    (void)signal;
}

/* A signal that does nothing but end a wait: how a session loop of libfuse before 3.18 sees that it shall end. */
static void allow_waking(void)
{
    struct sigaction action = {.sa_handler = wake};
    sigset_t signals;

    sigaction(SIGNAL_WAKE, &action, NULL);
    sigemptyset(&signals);
    sigaddset(&signals, SIGNAL_WAKE);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

static void *session_main(void *arg)
{
    const struct fs *fs = arg;
    struct fuse_loop_config *config = fuse_loop_cfg_create();

    pthread_setname_np(pthread_self(), "session");
    allow_waking();
    if (config) {
        fuse_loop_cfg_set_max_threads(config, THREADS_PER_CORE * (unsigned)get_nprocs());
        (void)fuse_session_loop_mt(fs->session, config);
    }
    fuse_loop_cfg_destroy(config);
    (void)eventfd_write(fs->ended_fd, 1);
    return NULL;
}

int fs_prepare(struct fs *fs)
{
    int rc;

    root_init(&fs->root);
    leaving_init(&fs->leaving);
    rc = runtime_init(&fs->runtime);
    if (rc < 0)
        return rc;
    fs->runtime.direct = fs->options.direct;
    fs->runtime.linger_ns = fs->options.linger_ns;
    fs->runtime.max_awake = fs->options.max_awake;
    rc = inode_index_init(&fs->index);
    if (rc < 0)
        return rc;
    fs->environment = (struct bucket_environment){
        .runtime = &fs->runtime,
        .index = &fs->index,
        .store = store_memory_create(),
        .pages = {.max = fs->options.max_pages},
        .inodes = {.max = fs->options.max_inodes, .used = 1},
        .on_start = journal_on_start,
        .on_end = journal_on_end,
        .inherit = root_inherit,
        .on_move = journal_on_move,
        .context = fs,
    };
    lock_init(&fs->environment.moving);
    fs->journal = journal_create();
    fs->started = clock_wall_ns();
    fs->stats = stats_create();
    if (!fs->environment.store || !fs->journal || !fs->stats)
        return -ENOMEM;
    return 0;
}

struct runtime *fs_runtime(struct fs *fs)
{
    return &fs->runtime;
}

int fs_start(struct fs *fs)
{
    const struct helper_packet probe = {.word = HELPER_PROBE};
    int rc;

    fs->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fs->ended_fd < 0)
        return -errno;
    rc = pthread_create(&fs->session_thread, NULL, session_main, fs);
    if (rc != 0)
        return -rc;
    fs->session_started = true;
    remover_begin(&fs->remover);
    return helper_send(fs->helper.socket, &probe);
}

int fs_ended_fd(const struct fs *fs)
{
    return fs->ended_fd;
}

int fs_helper_fd(const struct fs *fs)
{
    return fs->helper.socket;
}

/* A reader has come, or gone: nobody waits through that FIFO any more. */
static void on_reader(struct fs *fs, uint64_t ino, bool came)
{
    struct inode *inode = inode_find(&fs->index, ino);
    struct watcher *watcher = inode ? control_watcher(inode) : NULL;

    if (watcher && came)
        watch_open(fs->watch, watcher);
    else if (watcher)
        watch_remove(fs->watch, watcher);
    inode_unref(inode);
}

bool fs_hear_helper(struct fs *fs)
{
    struct helper_packet packet;
    int rc = helper_receive(fs->helper.socket, MSG_DONTWAIT, &packet);

    if (rc < 0) {
        atomic_store(&fs->helper_gone, true);
        return false;
    }
    if (rc > 0 && (packet.word == HELPER_HANGUP || packet.word == HELPER_OPENED))
        on_reader(fs, packet.ino, packet.word == HELPER_OPENED);
    return true;
}

bool fs_is_ready(const struct fs *fs)
{
    return atomic_load(&((struct fs *)fs)->ready);
}

const char *fs_transport(const struct fs *fs)
{
    return atomic_load(&((struct fs *)fs)->over_io_uring) ? "io_uring" : "/dev/fuse";
}

void fs_end_readers(struct fs *fs)
{
    const struct helper_packet finish = {.word = HELPER_FINISH};

    remover_end(&fs->remover);
    (void)helper_send(fs->helper.socket, &finish);
    helper_reap(&fs->helper, HELPER_END_MS);
}

/*
 * A forced, lazy unmount ends the connection at once, whoever still has a file open, and with it the session: each of
 * libfuse's threads leaves by itself. Who may not unmount has the library cancel them.
 */
static void end_session(struct fs *fs)
{
    eventfd_t ended;

    if (eventfd_read(fs->ended_fd, &ended) == 0 ||
        umount2(fs->options.mountpoint, MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
        return;
    fuse_session_exit(fs->session);
    (void)pthread_kill(fs->session_thread, SIGNAL_WAKE);
}

void fs_stop(struct fs *fs)
{
    if (fs->session_started) {
        end_session(fs);
        pthread_join(fs->session_thread, NULL);
    }
    fuse_session_unmount(fs->session);
    remover_reap(&fs->remover);
}

static void report_thread(void *context, const struct runtime_thread *thread)
{
    char label[FS_NAME_MAX + 1];

    (void)context;
    actor_label(thread->actor, label, sizeof(label));
    log_error("thread %d of %s has not returned for %.1f s", (int)thread->number, label,
              (double)thread->working_ns / CLOCK_NS_PER_S);
}

/* The threads first: each holds a reference on whom it served last. */
void fs_destroy(struct fs *fs)
{
    if (runtime_deinit(&fs->runtime, THREADS_END_MS) != 0) {
        runtime_visit_threads(&fs->runtime, report_thread, NULL);
        return;
    }
    watch_unref(fs->watch);
    notifier_unref(fs->notifier);
    leaver_unref(fs->leaver);
    provider_unref(fs->provider);
    actor_unref(fs->timers_part);
    timers_destroy(fs->timers);
    if (table_exists(&fs->index.table))
        inode_index_forget_all(&fs->index);
    bucket_environment_drain(&fs->environment);
    assert(limit_used(&fs->environment.pages) == 0 && limit_used(&fs->environment.inodes) <= 1);
    registry_unref(fs->registry);
    inode_index_deinit(&fs->index);
    store_destroy(fs->environment.store);
    journal_destroy(fs->journal);
    fuse_session_destroy(fs->session);
    stats_destroy(fs->stats);
    root_deinit(&fs->root);
    leaving_deinit(&fs->leaving);
    lock_deinit(&fs->environment.moving);
    if (fs->ended_fd >= 0)
        close(fs->ended_fd);
    free(fs);
}
