#include "app/background.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What goes through the pipe: the verdict, then the line. */
enum { VERDICT_GOOD = 'g', VERDICT_BAD = 'b' };

static _Noreturn void wait_for_report(int report)
{
    char said[PATH_MAX + 1024];
    size_t length = 0;
    ssize_t got;

    while (length < sizeof(said) - 1) {
        got = read(report, said + length, sizeof(said) - 1 - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    said[length] = '\0';
    if (length == 0) {
        fprintf(stderr, "kvfs: the daemon ended before it had mounted\n");
        _exit(1);
    }
    fprintf(stderr, "%s\n", said + 1);
    _exit(said[0] == VERDICT_GOOD ? 0 : 1);
}

int background_start(int *ret_report)
{
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) < 0 || (child = fork()) < 0) {
        fprintf(stderr, "kvfs: can't go to the background: %s\n", strerror(errno));
        return -1;
    }
    if (child > 0) {
        close(ends[1]);
        wait_for_report(ends[0]);
    }
    close(ends[0]);
    (void)setsid();
    (void)!chdir("/");
    *ret_report = ends[1];
    return 0;
}

static void leave_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return;
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        (void)dup2(null, fd);
    if (null > STDERR_FILENO)
        close(null);
}

void background_report(int report, bool good, const char *line)
{
    char verdict = good ? VERDICT_GOOD : VERDICT_BAD;

    (void)!write(report, &verdict, 1);
    (void)!write(report, line, strlen(line));
    leave_terminal();
    close(report);
}
