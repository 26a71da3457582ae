/*
 * The helper by itself: an ordinary directory stands for the mount, and the
 * test for the daemon and for the readers. It makes each FIFO under its hidden
 * name.
 *
 * A probe is answered in its turn, so once it is everything that was said
 * before it has been done. Nothing is waited for longer than PATIENCE_MS.
 */
#include "fs/helper.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define ATTEMPTS 10 /* for what a busy machine may spoil */

static struct helper helper;
static char directory[32];

/* ---- the fixture ---- */

static void begin(void)
{
    strcpy(directory, "/tmp/kvfs-helper-XXXXXX");
    cr_assert(mkdtemp(directory));
    cr_assert_eq(helper_start(directory, &helper), 0);
}

static void remove_directory(void)
{
    DIR *dir = opendir(directory);
    const struct dirent *entry;

    cr_assert(dir);
    while ((entry = readdir(dir)))
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    cr_assert_eq(rmdir(directory), 0);
}

static void await_end(void)
{
    struct pollfd end = {.fd = pidfd_open(helper.pid, 0), .events = POLLIN};
    int n = poll(&end, 1, PATIENCE_MS);

    close(end.fd);
    cr_assert_eq(n, 1, "the helper hasn't ended");
}

/* The daemon's end; and the helper's must be a good one. */
static void finish(void)
{
    int status;

    close(helper.socket);
    await_end();
    cr_assert_eq(waitpid(helper.pid, &status, 0), helper.pid);
    cr_assert_eq(status, 0, "the helper ended with status %x", (unsigned)status);
    remove_directory();
}

TestSuite(helper, .init = begin, .fini = finish, .timeout = 150);

/* ---- the daemon's part ---- */

static void say_packet(const struct helper_packet *packet)
{
    struct pollfd room = {.fd = helper.socket, .events = POLLOUT};

    cr_assert_eq(poll(&room, 1, PATIENCE_MS), 1, "the helper doesn't listen");
    cr_assert_eq(helper_send(helper.socket, packet), 0);
}

static void say(enum helper_word word, uint64_t ino)
{
    const struct helper_packet packet = {.word = word, .ino = ino};

    say_packet(&packet);
}

static void say_open(enum helper_kind kind, uint64_t ino)
{
    const struct helper_packet packet = {.word = HELPER_OPEN, .kind = kind, .ino = ino};

    say_packet(&packet);
}

static void say_line(enum helper_word word, uint64_t ino, const char *line)
{
    struct helper_packet packet = {.word = word, .ino = ino, .length = (uint32_t)strlen(line)};

    cr_assert_leq(packet.length, HELPER_LINE_MAX);
    memcpy(packet.line, line, packet.length);
    say_packet(&packet);
}

static void must_hear(enum helper_word word, uint64_t ino)
{
    struct pollfd said = {.fd = helper.socket, .events = POLLIN};
    struct helper_packet packet = {0};

    cr_assert_eq(poll(&said, 1, PATIENCE_MS), 1, "the helper says nothing");
    cr_assert_eq(helper_receive(helper.socket, MSG_DONTWAIT, &packet), 1);
    cr_assert_eq(packet.word, word);
    cr_assert_eq(packet.ino, ino);
}

/* Everything said so far is done, and nothing was answered that wasn't heard. */
static void probe(void)
{
    say(HELPER_PROBE, 0);
    must_hear(HELPER_PROBE, 0);
}

/* ---- the readers' part ---- */

static const char *path_of(uint64_t ino)
{
    static char path[sizeof(directory) + NAME_MAX + 2];
    char name[NAME_MAX + 1];

    helper_hidden_name(helper.token, ino, name);
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static void make_fifo(uint64_t ino)
{
    cr_assert_eq(mkfifo(path_of(ino), 0600), 0);
}

static int open_reader(uint64_t ino)
{
    int fd = open(path_of(ino), O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    cr_assert_geq(fd, 0);
    return fd;
}

/* A FIFO and its reader, which the helper doesn't know yet. */
static int make_reader(uint64_t ino)
{
    make_fifo(ino);
    return open_reader(ino);
}

static bool helper_has_open(uint64_t ino)
{
    char path[64];
    char target[PATH_MAX];
    ssize_t length;

    for (int fd = 0; fd < 100; fd++) {
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)helper.pid, fd);
        length = readlink(path, target, sizeof(target) - 1);
        target[length > 0 ? length : 0] = '\0';
        if (strcmp(target, path_of(ino)) == 0)
            return true;
    }
    return false;
}

/* It sleeps: with something to do for ever it never would. */
static bool helper_rests(uint64_t unused)
{
    char path[64];
    char state = '?';
    FILE *stat;

    (void)unused;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)helper.pid);
    stat = fopen(path, "re");
    cr_assert(stat);
    cr_assert_eq(fscanf(stat, "%*d (%*[^)]) %c", &state), 1);
    fclose(stat);
    return state == 'S';
}

static bool await(bool (*condition)(uint64_t), uint64_t ino)
{
    const struct timespec pause = {.tv_nsec = CLOCK_NS_PER_MS / 10};
    int64_t end = clock_monotonic_ns() + PATIENCE_MS * CLOCK_NS_PER_MS;

    while (!condition(ino)) {
        if (clock_monotonic_ns() > end)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

/* A reader whose FIFO the helper has opened. */
static int start(enum helper_kind kind, uint64_t ino)
{
    int fd = make_reader(ino);

    say_open(kind, ino);
    if (kind == HELPER_LINE)
        cr_assert(await(helper_has_open, ino));
    else
        must_hear(HELPER_OPENED, ino);
    return fd;
}

/* As many bytes as there are now, `size` at most; 0 at the end. */
static size_t read_when_ready(int fd, char *bytes, size_t size)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    ssize_t length;

    cr_assert_eq(poll(&ready, 1, PATIENCE_MS), 1, "nothing to read");
    length = read(fd, bytes, size);
    cr_assert_geq(length, 0);
    return (size_t)length;
}

static void must_read(int fd, const char *text)
{
    char got[HELPER_LINE_MAX + 1];
    size_t length = 0;
    size_t wanted = strlen(text);
    size_t part = 1;

    while (length < wanted && part > 0) {
        part = read_when_ready(fd, got + length, wanted - length);
        length += part;
    }
    got[length] = '\0';
    cr_assert_str_eq(got, text);
}

static void must_end(int fd)
{
    char byte;

    cr_assert_eq(read_when_ready(fd, &byte, 1), 0);
    close(fd);
}

static bool has_something(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    return poll(&ready, 1, 0) == 1;
}

static pid_t fork_reader(uint64_t ino)
{
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (open(path_of(ino), O_RDONLY) >= 0)
            pause();
        _exit(1);
    }
    cr_assert_gt(pid, 0);
    return pid;
}

static void kill_reader(pid_t pid)
{
    cr_assert_eq(kill(pid, SIGKILL), 0);
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

/* ---- events, and what a slow reader gets of them ---- */

/* Each has a length and an end of its own, so that one that was cut or mixed with another is noticed. */
static const char *event(uint64_t number)
{
    static char line[HELPER_LINE_MAX];
    int length = snprintf(line, sizeof(line), "event %llu %*s", (unsigned long long)number,
                          (int)(number * 397 % 1800), "");

    snprintf(line + length, sizeof(line) - (size_t)length, "end %llu\n", (unsigned long long)number);
    return line;
}

static void say_events(uint64_t first, uint64_t count)
{
    for (uint64_t i = first; i < first + count; i++)
        say_line(HELPER_EVENT, 0, event(i));
}

struct account {
    int fd;
    uint64_t next; /* event */
    uint64_t lost;
    size_t length; /* of the line that isn't complete yet */
    char line[HELPER_LINE_MAX + 1];
};

static void account_line(struct account *account)
{
    unsigned long long lost;
    char end;

    if (sscanf(account->line, "LOST %llu%c", &lost, &end) == 2) {
        cr_assert_gt(lost, 0);
        cr_assert_eq(end, '\n');
        account->next += lost;
        account->lost += lost;
        return;
    }
    cr_assert_str_eq(account->line, event(account->next));
    account->next++;
}

static void account_bytes(struct account *account, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        cr_assert_lt(account->length, HELPER_LINE_MAX);
        account->line[account->length++] = bytes[i];
        if (bytes[i] != '\n')
            continue;
        account->line[account->length] = '\0';
        account_line(account);
        account->length = 0;
    }
}

/* True if there was something. */
static bool account_part(struct account *account, size_t size)
{
    char bytes[4096];
    size_t length = read_when_ready(account->fd, bytes, size < sizeof(bytes) ? size : sizeof(bytes));

    account_bytes(account, bytes, length);
    return length > 0;
}

static void account_until(struct account *account, uint64_t next)
{
    while (account->next < next)
        cr_assert(account_part(account, SIZE_MAX));
    cr_assert_eq(account->next, next);
    cr_assert_eq(account->length, 0);
}

/* ---- a line ---- */

Test(helper, a_line_is_given_to_its_reader_who_then_sees_the_end)
{
    int fd = start(HELPER_LINE, 1);

    say_line(HELPER_WRITE, 1, "DOWN 1 shopping normal\n");
    must_read(fd, "DOWN 1 shopping normal\n");
    must_end(fd);
    probe();
}

Test(helper, a_line_is_kept_for_a_reader_who_comes_later)
{
    int fd;

    make_fifo(1);
    say_open(HELPER_LINE, 1);
    say_line(HELPER_WRITE, 1, "later\n");
    probe();
    fd = open_reader(1);
    must_read(fd, "later\n");
    must_end(fd);
    probe();
}

Test(helper, a_fifo_for_a_line_is_told_as_hung_up_and_never_as_opened)
{
    close(start(HELPER_LINE, 1));
    must_hear(HELPER_HANGUP, 1);
    probe();
}

/* ---- a hold, and what a stream has in common with it ---- */

static void closes(enum helper_kind kind)
{
    close(start(kind, 1));
    must_hear(HELPER_HANGUP, 1);
    probe();
}

Test(helper, a_held_fifo_is_told_as_hung_up_when_its_reader_closes_it)
{
    closes(HELPER_HOLD);
}

Test(helper, a_stream_is_told_as_hung_up_when_its_reader_closes_it)
{
    closes(HELPER_STREAM);
}

static void is_killed(enum helper_kind kind)
{
    pid_t pid;

    make_fifo(1);
    pid = fork_reader(1);
    say_open(kind, 1);
    must_hear(HELPER_OPENED, 1);
    probe();
    kill_reader(pid);
    must_hear(HELPER_HANGUP, 1);
    probe();
}

Test(helper, a_held_fifo_is_told_as_hung_up_when_its_reader_is_killed)
{
    is_killed(HELPER_HOLD);
}

Test(helper, a_stream_is_told_as_hung_up_when_its_reader_is_killed)
{
    is_killed(HELPER_STREAM);
}

static void comes_later(enum helper_kind kind)
{
    int fd;

    make_fifo(1);
    say_open(kind, 1);
    probe();
    fd = open_reader(1);
    must_hear(HELPER_OPENED, 1);
    close(fd);
    must_hear(HELPER_HANGUP, 1);
}

Test(helper, a_held_fifo_is_told_as_opened_when_its_reader_comes)
{
    comes_later(HELPER_HOLD);
}

Test(helper, a_stream_is_told_as_opened_when_its_reader_comes)
{
    comes_later(HELPER_STREAM);
}

Test(helper, close_gives_its_reader_the_end_and_is_told_as_a_hangup)
{
    for (enum helper_kind kind = HELPER_LINE; kind <= HELPER_HOLD; kind++) {
        int fd = start(kind, kind);

        say(HELPER_CLOSE, kind);
        must_end(fd);
        must_hear(HELPER_HANGUP, kind);
        probe();
    }
}

Test(helper, a_fifo_that_was_closed_before_its_reader_came_is_not_opened)
{
    for (enum helper_kind kind = HELPER_LINE; kind <= HELPER_HOLD; kind++) {
        make_fifo(kind);
        say_open(kind, kind);
        say(HELPER_CLOSE, kind);
        must_hear(HELPER_HANGUP, kind);
        cr_assert_eq(open(path_of(kind), O_WRONLY | O_NONBLOCK), -1);
        close(open_reader(kind));
    }
    probe();
}

Test(helper, what_cannot_be_opened_is_told_as_hung_up_only)
{
    for (enum helper_kind kind = HELPER_LINE; kind <= HELPER_HOLD; kind++) {
        say_open(kind, kind);
        must_hear(HELPER_HANGUP, kind);
    }
    probe();
}

Test(helper, a_fifo_is_opened_once_however_often_that_is_asked)
{
    int fd = start(HELPER_HOLD, 1);

    say_open(HELPER_HOLD, 1);
    say_open(HELPER_STREAM, 1);
    probe();
    say_line(HELPER_EVENT, 0, "event\n");
    say(HELPER_CLOSE, 1);
    must_end(fd);
    must_hear(HELPER_HANGUP, 1);
    probe();
}

/* ---- streams ---- */

Test(helper, each_reader_of_a_stream_gets_every_line_in_order)
{
    struct account accounts[5] = {0};

    for (uint64_t i = 0; i < 5; i++)
        accounts[i].fd = start(HELPER_STREAM, i + 1);
    for (uint64_t n = 0; n < 500; n += 20) {
        say_events(n, 20);
        for (size_t i = 0; i < 5; i++)
            account_until(&accounts[i], n + 20);
    }
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(accounts[i].lost, 0);
        cr_assert_not(has_something(accounts[i].fd));
        close(accounts[i].fd);
        must_hear(HELPER_HANGUP, i + 1);
    }
}

Test(helper, only_open_streams_get_an_event)
{
    int line = start(HELPER_LINE, 1);
    int hold = start(HELPER_HOLD, 2);
    int stream = start(HELPER_STREAM, 3);
    int late;

    make_fifo(4);
    say_open(HELPER_STREAM, 4);
    say_line(HELPER_EVENT, 0, "early\n");
    probe();
    late = open_reader(4);
    must_hear(HELPER_OPENED, 4);
    say_line(HELPER_EVENT, 0, "late\n");
    must_read(late, "late\n");
    must_read(stream, "early\nlate\n");
    cr_assert_not(has_something(line));
    cr_assert_not(has_something(hold));
    close(line);
    close(hold);
    close(stream);
    close(late);
}

Test(helper, a_stream_that_has_gone_is_not_missed_by_the_others)
{
    int fds[4];

    for (uint64_t i = 0; i < 4; i++)
        fds[i] = start(HELPER_STREAM, i);
    close(fds[1]);
    must_hear(HELPER_HANGUP, 1);
    say(HELPER_CLOSE, 2);
    must_end(fds[2]);
    must_hear(HELPER_HANGUP, 2);
    say_line(HELPER_EVENT, 0, "event\n");
    must_read(fds[0], "event\n");
    must_read(fds[3], "event\n");
    close(fds[0]);
    close(fds[3]);
}

Test(helper, a_reader_that_does_not_read_is_told_exactly_how_many_lines_it_lost)
{
    struct account account = {.fd = start(HELPER_STREAM, 1)};

    say_events(0, 300);
    probe();
    account_until(&account, 300);
    cr_assert_gt(account.lost, 0);
    cr_assert_lt(account.lost, 300);
    cr_assert_not(has_something(account.fd));

    say_events(300, 20);
    account_until(&account, 320);
    cr_assert_not(has_something(account.fd));
    close(account.fd);
}

static void reads_slowly(int pipe_size)
{
    struct account account = {.fd = start(HELPER_STREAM, 1)};
    uint64_t n = 0;

    cr_assert_geq(fcntl(account.fd, F_SETPIPE_SZ, pipe_size), pipe_size);
    for (size_t round = 0; round < 40; round++) {
        say_events(n, 100);
        n += 100;
        probe();
        if (round > 0 && has_something(account.fd))
            cr_assert(account_part(&account, round * 101));
    }
    account_until(&account, n);
    cr_assert_gt(account.lost, 0);
    cr_assert_not(has_something(account.fd));
    close(account.fd);
}

Test(helper, a_slow_reader_gets_whole_lines_and_the_number_of_those_between)
{
    reads_slowly(65536);
}

Test(helper, a_slow_reader_of_the_smallest_pipe_does_too)
{
    reads_slowly(4096);
}

Test(helper, never_waits_for_a_reader)
{
    struct account slow = {.fd = start(HELPER_STREAM, 1)};
    struct account quick = {.fd = start(HELPER_STREAM, 2)};
    int line = start(HELPER_LINE, 3);
    int hold;

    for (uint64_t n = 0; n < 300; n += 10) {
        say_events(n, 10);
        account_until(&quick, n + 10);
    }
    cr_assert_eq(quick.lost, 0);
    hold = start(HELPER_HOLD, 4);
    say_line(HELPER_WRITE, 3, "line\n");
    must_read(line, "line\n");
    must_end(line);
    close(hold);
    must_hear(HELPER_HANGUP, 4);

    account_until(&slow, 300);
    cr_assert_gt(slow.lost, 0);
    close(slow.fd);
    close(quick.fd);
}

Test(helper, a_reader_that_lost_lines_and_goes_is_told_as_hung_up)
{
    int fd = start(HELPER_STREAM, 1);

    say_events(0, 300);
    probe();
    close(fd);
    must_hear(HELPER_HANGUP, 1);
    say_events(300, 10);
    probe();
}

Test(helper, rests_whether_a_stream_has_room_or_not)
{
    struct account account = {.fd = start(HELPER_STREAM, 1)};

    cr_assert(await(helper_rests, 0));
    say_events(0, 300);
    probe();
    cr_assert(await(helper_rests, 0));
    account_until(&account, 300);
    probe();
    cr_assert(await(helper_rests, 0));
    close(account.fd);
}

/* ---- what may be short ---- */

static rlim_t lowest_free_descriptor(void)
{
    char path[64];
    struct stat stat;
    int fd = -1;

    do
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)helper.pid, ++fd);
    while (lstat(path, &stat) == 0);
    return (rlim_t)fd;
}

static void limit_descriptors(rlim_t count)
{
    struct rlimit limit;

    cr_assert_eq(prlimit(helper.pid, RLIMIT_NOFILE, NULL, &limit), 0);
    limit.rlim_cur = count < limit.rlim_max ? count : limit.rlim_max;
    cr_assert_eq(prlimit(helper.pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

Test(helper, a_fifo_is_opened_when_there_are_descriptors_again)
{
    int first = make_reader(1);
    int second = make_reader(2);

    probe();
    limit_descriptors(lowest_free_descriptor() + 1);
    say_open(HELPER_HOLD, 1);
    probe();
    say_open(HELPER_HOLD, 2);
    must_hear(HELPER_HANGUP, 2);
    limit_descriptors(RLIM_INFINITY);
    must_hear(HELPER_OPENED, 1);
    close(first);
    close(second);
}

Test(helper, listens_to_a_daemon_that_does_not_listen)
{
    int fd = start(HELPER_STREAM, 1);

    for (uint64_t ino = 2; ino < 5000; ino++)
        say_open(HELPER_HOLD, ino);
    say_line(HELPER_EVENT, 0, "event\n");
    must_read(fd, "event\n");
    cr_assert(await(helper_rests, 0));
    for (uint64_t ino = 2; ino < 5000; ino++)
        must_hear(HELPER_HANGUP, ino);
    probe();
    cr_assert(await(helper_rests, 0));
    close(fd);
}

/* ---- the end ---- */

/* How long the end takes by which each reader gets what was sent before it. */
static int64_t finish_open_ones(void)
{
    int line = start(HELPER_LINE, 1);
    int stream = start(HELPER_STREAM, 2);
    int hold = start(HELPER_HOLD, 3);
    int64_t begin_ns = clock_monotonic_ns();

    say_line(HELPER_EVENT, 0, "last\n");
    say(HELPER_FINISH, 0);
    await_end();
    begin_ns = clock_monotonic_ns() - begin_ns;
    must_read(stream, "last\n");
    must_end(stream);
    must_end(hold);
    must_end(line);
    return begin_ns;
}

Test(helper, finish_does_not_wait_for_streams_and_holds)
{
    const int64_t enough_ns = 100 * CLOCK_NS_PER_MS;
    int64_t took_ns = finish_open_ones();

    for (int i = 1; i < ATTEMPTS && took_ns >= enough_ns; i++) {
        finish();
        begin();
        took_ns = finish_open_ones();
    }
    cr_assert_lt(took_ns, enough_ns);
}

/* True if the helper still serves after `finish`, and a reader who comes then gets his line. */
static bool finish_with_a_line_to_write(void)
{
    const struct helper_packet question = {.word = HELPER_PROBE};
    struct helper_packet answer;
    char got[16] = "";
    bool serves;
    int fd;

    make_fifo(1);
    say_open(HELPER_LINE, 1);
    say_line(HELPER_WRITE, 1, "line\n");
    probe();
    say(HELPER_FINISH, 0);
    serves = helper_send(helper.socket, &question) == 0 && helper_receive(helper.socket, 0, &answer) == 1;
    fd = open_reader(1);
    await_end();
    (void)!read(fd, got, sizeof(got) - 1);
    close(fd);
    return serves && strcmp(got, "line\n") == 0;
}

/* Waits in open(2) as a shell does, and then sees the end of the file. */
static pid_t fork_blocking_reader(uint64_t ino)
{
    pid_t pid = fork();
    char byte;
    int fd;

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        fd = open(path_of(ino), O_RDONLY);
        _exit(fd >= 0 && read(fd, &byte, 1) == 0 ? 0 : 1);
    }
    cr_assert_gt(pid, 0);
    return pid;
}

static bool has_exited(uint64_t pid)
{
    siginfo_t info = {.si_pid = 0};

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

static void end_before_it_opens(enum helper_kind kind)
{
    int status = -1;
    pid_t reader;

    make_fifo(1);
    say_open(kind, 1);
    say(HELPER_WRITE, 1);
    probe();
    reader = fork_blocking_reader(1);
    cr_assert(await(has_exited, (uint64_t)reader));
    cr_assert_eq(waitpid(reader, &status, 0), reader);
    cr_assert_eq(status, 0);
}

Test(helper, who_opens_a_hold_whose_end_was_said_sees_it)
{
    end_before_it_opens(HELPER_HOLD);
}

Test(helper, who_opens_a_stream_whose_end_was_said_sees_it)
{
    end_before_it_opens(HELPER_STREAM);
}

Test(helper, finish_waits_for_a_line_that_is_still_to_be_written)
{
    bool written = finish_with_a_line_to_write();

    for (int i = 1; i < ATTEMPTS && !written; i++) {
        finish();
        begin();
        written = finish_with_a_line_to_write();
    }
    cr_assert(written);
}

Test(helper, finish_gives_a_reader_up_who_does_not_come)
{
    make_fifo(1);
    say_open(HELPER_LINE, 1);
    say_line(HELPER_WRITE, 1, "line\n");
    say(HELPER_FINISH, 0);
    await_end();
}

Test(helper, ends_when_the_daemon_does_and_every_reader_sees_it)
{
    int line = start(HELPER_LINE, 1);
    int stream = start(HELPER_STREAM, 2);
    int hold = start(HELPER_HOLD, 3);

    probe();
    cr_assert_eq(shutdown(helper.socket, SHUT_RDWR), 0);
    await_end();
    must_end(line);
    must_end(stream);
    must_end(hold);
}
