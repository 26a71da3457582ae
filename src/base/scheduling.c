#include "base/scheduling.h"

#include <dirent.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the first cgroup namespace (PROC_CGROUP_INIT_INO): in any other a path doesn't say what is above it. */
#define FIRST_NAMESPACE 0xEFFFFFFBu

/* Of a thread that roams: where it was bound to. */
static _Thread_local cpu_set_t bound_to;
static _Thread_local bool roams;

static bool autogroups_are_on(const char *root)
{
    char path[PATH_MAX];
    FILE *setting;
    int on = 0;

    snprintf(path, sizeof(path), "%s/proc/sys/kernel/sched_autogroup_enabled", root);
    setting = fopen(path, "re");
    if (!setting)
        return false;
    if (fscanf(setting, "%d", &on) != 1)
        on = 0;
    fclose(setting);
    return on != 0;
}

/* "cpu" in "cpu,cpuacct". */
static bool is_among(const char *name, const char *list)
{
    size_t length = strlen(name);

    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* Of the second version's hierarchy: whether this cgroup or one above it has a share of its own. Cuts `cgroup`. */
static bool has_share(const char *root, char *cgroup)
{
    char path[PATH_MAX];

    while (cgroup[0] != '\0' && strcmp(cgroup, "/") != 0) {
        int length = snprintf(path, sizeof(path), "%s/sys/fs/cgroup%s/cpu.weight", root, cgroup);

        if (length < 0 || (size_t)length >= sizeof(path) || access(path, F_OK) == 0)
            return true;
        *strrchr(cgroup, '/') = '\0';
    }
    return false;
}

/*
 * A line a hierarchy: number, controllers, path. That of the second version has no controllers in it, and it is the one
 * that counts if `cpu` is in no other.
 */
static bool is_in_cgroup(const char *root, FILE *cgroups)
{
    char line[PATH_MAX + 256];
    char unified[PATH_MAX] = "";

    while (fgets(line, sizeof(line), cgroups)) {
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;

        if (!path || path[1] != '/')
            return true;
        *path++ = '\0';
        path[strcspn(path, "\n")] = '\0';
        if (is_among("cpu", controllers + 1))
            return strcmp(path, "/") != 0;
        if (controllers[1] == '\0')
            snprintf(unified, sizeof(unified), "%s", path);
    }
    return has_share(root, unified);
}

bool scheduling_by_session(const char *root)
{
    char path[PATH_MAX];
    FILE *cgroups;
    bool in_cgroup;

    if (!autogroups_are_on(root))
        return false;
    snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
    cgroups = fopen(path, "re");
    if (!cgroups)
        return false;
    in_cgroup = is_in_cgroup(root, cgroups);
    fclose(cgroups);
    return !in_cgroup;
}

static bool is_in_first_namespace(void)
{
    struct stat namespace;

    return stat("/proc/self/ns/cgroup", &namespace) == 0 && namespace.st_ino == FIRST_NAMESPACE;
}

static void set_policy_of_all(int policy)
{
    const struct sched_param none = {.sched_priority = 0};
    DIR *threads = opendir("/proc/self/task");
    const struct dirent *thread;

    while (threads && (thread = readdir(threads))) {
        pid_t number = (pid_t)strtol(thread->d_name, NULL, 10);

        if (number > 0)
            (void)sched_setscheduler(number, policy, &none);
    }
    if (threads)
        closedir(threads);
}

bool scheduling_step_aside(void)
{
    if (getsid(0) != getpid() || !is_in_first_namespace() || !scheduling_by_session(""))
        return false;
    set_policy_of_all(SCHED_IDLE);
    return true;
}

void scheduling_roam(void)
{
    cpu_set_t anywhere;

    if (roams || sched_getaffinity(getpid(), sizeof(anywhere), &anywhere) < 0 ||
        sched_getaffinity(0, sizeof(bound_to), &bound_to) < 0)
        return;
    roams = sched_setaffinity(0, sizeof(anywhere), &anywhere) == 0;
}

void scheduling_stay(void)
{
    if (!roams)
        return;
    (void)sched_setaffinity(0, sizeof(bound_to), &bound_to);
    roams = false;
}
