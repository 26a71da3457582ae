#include "fs/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* It keeps nothing open that is the daemon's, or whoever reads the daemon's output would wait for the child too. */
static void close_descriptors(int keep)
{
    int null = open("/dev/null", O_RDWR);

    for (int fd = 0; null >= 0 && fd <= STDERR_FILENO; fd++)
        (void)dup2(null, fd);
    (void)close_range(STDERR_FILENO + 1, (unsigned)keep - 1, 0);
    (void)close_range((unsigned)keep + 1, ~0U, 0);
}

static void begin(const char *name, int death, pid_t daemon)
{
    sigset_t signals;

    prctl(PR_SET_NAME, name);
    prctl(PR_SET_PDEATHSIG, death);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGPIPE);
    sigprocmask(SIG_SETMASK, &signals, NULL);
    if (getppid() != daemon)
        _exit(0);
    (void)!chdir("/");
}

int child_start(const char *name, int death, child_main *main, void *state, pid_t *ret_pid, int *ret_socket)
{
    pid_t daemon = getpid();
    int sockets[2];
    pid_t pid;
    int rc;

    signal(SIGCHLD, SIG_DFL);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return -errno;
    pid = fork();
    if (pid < 0) {
        rc = -errno;
        close(sockets[0]);
        close(sockets[1]);
        return rc;
    }
    if (pid == 0) {
        close_descriptors(sockets[1]);
        begin(name, death, daemon);
        main(state, sockets[1]);
        _exit(0);
    }
    close(sockets[1]);
    *ret_pid = pid;
    *ret_socket = sockets[0];
    return 0;
}

static bool ends_within(pid_t pid, int timeout_ms)
{
    const struct timespec pause = {.tv_nsec = 1000 * 1000};
    pid_t rc = 0;

    for (int ms = 0; ms < timeout_ms && rc == 0; ms++) {
        rc = waitpid(pid, NULL, WNOHANG);
        if (rc == 0)
            nanosleep(&pause, NULL);
    }
    return rc != 0;
}

bool child_reap(pid_t pid, int timeout_ms)
{
    if (ends_within(pid, timeout_ms))
        return true;
    kill(pid, SIGKILL);
    return ends_within(pid, timeout_ms);
}
