#include "base/scheduling.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

/* What stands for the system's root directory. */
static char root[] = "/tmp/kvfs-scheduling-XXXXXX";

static void remove_root(void)
{
    char command[PATH_MAX];

    snprintf(command, sizeof(command), "rm -r '%s'", root);
    cr_expect_eq(system(command), 0);
}

static void setup(void)
{
    cr_assert(mkdtemp(root));
}

TestSuite(scheduling, .init = setup, .fini = remove_root);

/* With the directories above it. */
static void write_file(const char *path, const char *text)
{
    char whole[PATH_MAX];
    FILE *file;

    snprintf(whole, sizeof(whole), "%s%s", root, path);
    for (char *slash = whole + sizeof(root); (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(whole, 0755);
        *slash = '/';
    }
    file = fopen(whole, "w");
    cr_assert(file, "%s", whole);
    fputs(text, file);
    fclose(file);
}

static bool with(const char *autogroups, const char *cgroups)
{
    write_file("/proc/sys/kernel/sched_autogroup_enabled", autogroups);
    write_file("/proc/self/cgroup", cgroups);
    return scheduling_by_session(root);
}

Test(scheduling, is_by_session_where_autogroups_are_on_and_no_cgroup_has_the_processors)
{
    cr_expect(with("1\n", "0::/\n"));
    cr_expect(with("1\n", "4:memory:/a/b\n1:cpu:/\n0::/c\n"));
    cr_expect(with("1\n", "2:cpuset:/a\n1:cpu,cpuacct:/\n"));
    cr_expect(with("1\n", "1:name=cpu:/a\n0::/\n"));
}

Test(scheduling, is_not_where_autogroups_are_off)
{
    cr_expect_not(with("0\n", "0::/\n"));
    cr_expect_not(with("", "0::/\n"));
}

Test(scheduling, is_not_in_a_cgroup_with_the_first_versions_share)
{
    cr_expect_not(with("1\n", "4:memory:/\n1:cpu,cpuacct:/a\n0::/\n"));
    cr_expect_not(with("1\n", "1:cpuacct,cpu:/a/b\n"));
}

Test(scheduling, is_not_in_or_below_a_cgroup_with_a_share)
{
    write_file("/sys/fs/cgroup/user/cpu.weight", "100\n");
    write_file("/sys/fs/cgroup/user/session/cgroup.procs", "");
    write_file("/sys/fs/cgroup/system/cgroup.procs", "");
    cr_expect_not(with("1\n", "0::/user\n"));
    cr_expect_not(with("1\n", "0::/user/session\n"));
    cr_expect(with("1\n", "0::/system\n"));
    cr_expect(with("1\n", "0::/system/service\n"));
}

Test(scheduling, is_not_where_nobody_says)
{
    cr_expect_not(scheduling_by_session(root));
    write_file("/proc/sys/kernel/sched_autogroup_enabled", "1\n");
    cr_expect_not(scheduling_by_session(root));
    cr_expect_not(with("1\n", "no hierarchy\n"));
    cr_expect_not(with("1\n", "0::\n"));
}

Test(scheduling, who_leads_no_session_does_not_step_aside)
{
    pid_t child = fork();
    int status;

    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(!scheduling_step_aside() && sched_getscheduler(0) == SCHED_OTHER ? 0 : 1);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void *say_policy(void *gate)
{
    pthread_barrier_wait(gate);
    return (void *)(intptr_t)sched_getscheduler(0);
}

/* In a process with two threads that leads a session: whether both do what it said. */
static bool lead_and_step_aside(void)
{
    pthread_barrier_t gate;
    pthread_t other;
    bool aside;
    int expected;
    void *policy;

    setsid();
    pthread_barrier_init(&gate, NULL, 2);
    pthread_create(&other, NULL, say_policy, &gate);
    aside = scheduling_step_aside();
    expected = aside ? SCHED_IDLE : SCHED_OTHER;
    pthread_barrier_wait(&gate);
    pthread_join(other, &policy);
    return sched_getscheduler(0) == expected && (int)(intptr_t)policy == expected &&
           (!aside || scheduling_by_session(""));
}

Test(scheduling, all_threads_of_a_process_step_aside_or_none)
{
    pid_t child = fork();
    int status;

    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(lead_and_step_aside() ? 0 : 1);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool may_run_on(const cpu_set_t *expected)
{
    cpu_set_t now;

    return sched_getaffinity(0, sizeof(now), &now) == 0 && CPU_EQUAL(&now, expected);
}

/* Bound to a core of `arg`, which are all that the main thread may use. NULL if that was so whenever it was to be. */
static void *roam_and_stay(void *arg)
{
    const cpu_set_t *all = arg;
    cpu_set_t one;
    int core = 0;

    while (!CPU_ISSET(core, all))
        core++;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    sched_setaffinity(0, sizeof(one), &one);
    for (int round = 0; round < 2; round++) {
        scheduling_stay();
        if (!may_run_on(&one))
            return "it doesn't stay";
        scheduling_roam();
        scheduling_roam();
        if (!may_run_on(all))
            return "it doesn't roam";
        scheduling_stay();
        if (!may_run_on(&one))
            return "it doesn't return";
    }
    return NULL;
}

Test(scheduling, who_roams_may_go_where_the_process_may_and_returns)
{
    cpu_set_t all;
    pthread_t thread;
    void *why;

    if (get_nprocs() < 2)
        cr_skip_test("there is one core");
    cr_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
    cr_assert_eq(pthread_create(&thread, NULL, roam_and_stay, &all), 0);
    pthread_join(thread, &why);
    cr_expect_null(why, "%s", (const char *)why);
}
