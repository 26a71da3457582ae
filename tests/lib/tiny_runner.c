/*
 * A runner for Criterion's tests that works under ThreadSanitizer, where Criterion 2.4.1's own fails to reserve
 * its memory before the first test.
 *
 * Test() leaves a description of each test in the section cr_tst, TestSuite() one of each suite in cr_sts. This
 * main forks for each test and prints TAP. What is defined here takes the place of libcriterion's functions of
 * the same name; the rest of libcriterion (how a failed assertion is worded) is used as it is.
 *
 * Kept: .init and .fini of tests and suites, .timeout, .signal, .exit_code, .disabled, cr_skip.
 * Not supported: parameterized tests and theories, which fail.
 * Differs: a failure in .fini counts, a test without a timeout has one, and a cr_assert that fails on a thread
 * other than the test's ends the test at once.
 *
 * A data race ends the test's process with TSAN_EXIT at once, so that it fails whatever else it expects.
 *
 * Arguments: a test runs if `suite::name` contains one of them; without arguments all do.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TSAN_EXIT = 66,
    FAILED_EXIT = 101,
    SKIPPED_EXIT = 102,
    DEFAULT_TIMEOUT_S = 120,
    /* ThreadSanitizer slows a program down by about this much, so it stretches the timeouts of tests. */
    SLOWDOWN = 10,
};

enum verdict { PASSED, FAILED, SKIPPED };

/* The linker's names for where a section begins and ends; NULL when no test file has it. */
extern struct criterion_test *__start_cr_tst[] __attribute__((weak));
extern struct criterion_test *__stop_cr_tst[] __attribute__((weak));
extern struct criterion_suite *__start_cr_sts[] __attribute__((weak));
extern struct criterion_suite *__stop_cr_sts[] __attribute__((weak));

/* The state of the one test that a child process runs. */
static const struct criterion_test *test;
static const struct criterion_suite *suite; /* NULL: the test's suite has no TestSuite() */
static pthread_t test_thread;
static jmp_buf phase_end;
static atomic_int failures;

const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
    return "halt_on_error=1:exitcode=66:second_deadlock_stack=1:atexit_sleep_ms=0";
}

/*
 * liburcu hands memory to threads of its own, in an order that it keeps with inline assembly.
 * Only what the library itself does is hidden by this, not what a callback of ours does inside it.
 */
const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
    return "called_from_lib:liburcu-cds.so\ncalled_from_lib:liburcu-bp.so\n";
}

/* ---- in the child: what Test() and the assertions call ---- */

static void call(void (*fixture)(void))
{
    if (fixture)
        fixture();
}

void criterion_internal_test_setup(void)
{
    if (setjmp(phase_end))
        exit(FAILED_EXIT);
    call(suite ? suite->data->init : NULL);
    call(test->data->init);
}

void criterion_internal_test_main(void (*fn)(void))
{
    if (!setjmp(phase_end))
        fn();
}

void criterion_internal_test_teardown(void)
{
    if (setjmp(phase_end))
        return;
    call(test->data->fini);
    call(suite ? suite->data->fini : NULL);
}

void criterion_send_assert(struct criterion_assert_stats *stats)
{
    if (stats->passed)
        return;
    atomic_fetch_add(&failures, 1);
    fprintf(stderr, "%s:%u: %s\n", stats->file, stats->line, stats->message);
}

void criterion_abort_test(void)
{
    if (!pthread_equal(pthread_self(), test_thread))
        _exit(FAILED_EXIT);
    longjmp(phase_end, 1);
}

static void print_line(const char *format, va_list args)
{
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void criterion_skip_test(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_line(format, args);
    va_end(args);
    exit(SKIPPED_EXIT);
}

void criterion_test_die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_line(format, args);
    va_end(args);
    exit(FAILED_EXIT);
}

static const struct criterion_suite *find_suite(const char *name)
{
    for (struct criterion_suite **i = __start_cr_sts; i < __stop_cr_sts; i++)
        if (*i && strcmp((*i)->name, name) == 0 && (*i)->data)
            return *i;
    return NULL;
}

static void run_child(const struct criterion_test *t)
{
    test = t;
    suite = find_suite(t->category);
    test_thread = pthread_self();
    setpgid(0, 0);
    dup2(STDERR_FILENO, STDOUT_FILENO); /* stdout is for TAP */
    t->test();
    exit(atomic_load(&failures) ? FAILED_EXIT : EXIT_SUCCESS);
}

/* ---- in the parent ---- */

static double timeout_of(const struct criterion_test *t)
{
    const struct criterion_suite *s = find_suite(t->category);
    double timeout = t->data->timeout;

    if (timeout <= 0 && s)
        timeout = s->data->timeout;
    return timeout > 0 ? timeout * SLOWDOWN : DEFAULT_TIMEOUT_S;
}

static bool ends_within(pid_t pid, double seconds)
{
    struct pollfd end = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    int n;

    if (end.fd < 0)
        return true; /* waits without a limit instead */
    do {
        n = poll(&end, 1, (int)(seconds * 1000));
    } while (n < 0 && errno == EINTR);
    close(end.fd);
    return n > 0;
}

/* Says whether a test that ended with this status did what it declared. */
static enum verdict judge(const struct criterion_test *t, int status, const char **ret_why)
{
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

    if (signal == t->data->signal && code == t->data->exit_code)
        return PASSED;
    if (code == SKIPPED_EXIT)
        return SKIPPED;
    if (code == TSAN_EXIT)
        *ret_why = "ThreadSanitizer's report";
    else if (code == FAILED_EXIT)
        *ret_why = "an assertion failed";
    else if (signal)
        *ret_why = strsignal(signal);
    else
        *ret_why = "unexpected exit status";
    return FAILED;
}

static enum verdict run(const struct criterion_test *t, const char **ret_why)
{
    const struct criterion_suite *s = find_suite(t->category);
    bool in_time;
    int status;
    pid_t pid;

    if (t->data->disabled || (s && s->data->disabled))
        return SKIPPED;
    if (t->data->kind_ != CR_TEST_NORMAL) {
        *ret_why = "parameterized tests aren't supported here";
        return FAILED;
    }
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        run_child(t);
    if (pid < 0) {
        *ret_why = strerror(errno);
        return FAILED;
    }
    in_time = ends_within(pid, timeout_of(t));
    /* The child leads a group; what it left running goes too. Not yet reaped, its id is still its own. */
    kill(-pid, SIGKILL);
    kill(pid, in_time ? 0 : SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!in_time) {
        *ret_why = "timed out";
        return FAILED;
    }
    return judge(t, status, ret_why);
}

static bool is_wanted(const struct criterion_test *t, char **patterns)
{
    char name[512];

    snprintf(name, sizeof name, "%s::%s", t->category, t->name);
    for (char **pattern = patterns; *pattern; pattern++)
        if (strstr(name, *pattern))
            return true;
    return !*patterns;
}

int main(int argc, char **argv)
{
    int count = 0, failed = 0;

    (void)argc;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (struct criterion_test **i = __start_cr_tst; i < __stop_cr_tst; i++) {
        const char *why = "";
        enum verdict verdict;

        if (!*i || !is_wanted(*i, argv + 1))
            continue;
        verdict = run(*i, &why);
        failed += verdict == FAILED;
        printf("%s %d - %s::%s%s\n", verdict == FAILED ? "not ok" : "ok", ++count, (*i)->category, (*i)->name,
               verdict == SKIPPED ? " # SKIP" : "");
        if (*why)
            printf("# %s\n", why);
    }
    printf("1..%d\n", count);
    return failed || !count ? EXIT_FAILURE : EXIT_SUCCESS;
}
