/*
 * A daemon that was killed leaves its mount behind. Usually every access to it
 * says ENOTCONN; but if a thread of the dead daemon is stuck in the kernel, an
 * access waits for ever. So nothing here touches the mountpoint itself before
 * a child process has tried, and a child that doesn't come back means a dead
 * mount as well. A forced unmount aborts the connection, which frees whoever
 * waits, before the mount is detached.
 */
#include "app/mountpoint.h"

#include <errno.h>
#include <mntent.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROBE_MS 3000
#define DEAD_MOUNTS_MAX 16

extern char **environ;

static int complain(const char *path, int error)
{
    fprintf(stderr, "kvfs: %s: %s\n", path, strerror(error));
    return -1;
}

/* The path without asking its last component, which may be a dead mount: 0 or an errno. */
static int make_absolute(const char *given, char path[PATH_MAX])
{
    char copy[PATH_MAX];
    char parent[PATH_MAX];
    char *slash;
    const char *base;

    if (strlen(given) >= sizeof(copy))
        return ENAMETOOLONG;
    strcpy(copy, given);
    while (strlen(copy) > 1 && copy[strlen(copy) - 1] == '/')
        copy[strlen(copy) - 1] = '\0';
    slash = strrchr(copy, '/');
    base = slash ? slash + 1 : copy;
    if (*base == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
        return realpath(given, path) ? 0 : errno;

    if (!realpath(slash == copy ? "/" : slash ? (*slash = '\0', copy) : ".", parent))
        return errno;
    if (snprintf(path, PATH_MAX, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, base) >= PATH_MAX)
        return ENAMETOOLONG;
    return 0;
}

/* True if what is mounted on top at `path` is a kvfs. */
static bool is_kvfs(const char *path)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    const struct mntent *entry;
    bool found = false;

    if (!mounts)
        return false;
    while ((entry = getmntent(mounts))) {
        if (strcmp(entry->mnt_dir, path) == 0)
            found = strcmp(entry->mnt_type, "fuse.kvfs") == 0;
    }
    endmntent(mounts);
    return found;
}

/* True if a child gets an answer from the mount in time. */
static bool answers(const char *path)
{
    const struct timespec pause = {.tv_nsec = 1000 * 1000};
    struct statfs info;
    int status = 0;
    pid_t child = fork();

    if (child < 0)
        return true;
    if (child == 0)
        _exit(statfs(path, &info) == 0 ? 0 : 1);
    for (int ms = 0; ms < PROBE_MS; ms++) {
        if (waitpid(child, &status, WNOHANG) == child)
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        nanosleep(&pause, NULL);
    }
    kill(child, SIGKILL);
    return false;
}

/* Who isn't root asks fusermount3, which can only detach. */
static void detach_as_user(const char *path)
{
    char *const argv[] = {"fusermount3", "-u", "-z", "-q", (char *)path, NULL};
    pid_t child;

    if (posix_spawnp(&child, argv[0], NULL, NULL, argv, environ) == 0)
        waitpid(child, NULL, 0);
}

static void clean_up(const char *path)
{
    if (umount2(path, MNT_FORCE | UMOUNT_NOFOLLOW) == 0)
        return;
    if (errno == EPERM)
        detach_as_user(path);
    else
        (void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
}

int mountpoint_prepare(const char *given, char ret_path[PATH_MAX])
{
    struct stat stat_buffer;
    int error = make_absolute(given, ret_path);

    if (error != 0)
        return complain(given, error);
    for (int i = 0; i < DEAD_MOUNTS_MAX && is_kvfs(ret_path); i++) {
        if (answers(ret_path)) {
            fprintf(stderr, "kvfs: %s: a kvfs is mounted there already\n", given);
            return -1;
        }
        clean_up(ret_path);
    }

    if (!realpath(given, ret_path))
        return complain(given, errno);
    if (stat(ret_path, &stat_buffer) < 0)
        return complain(given, errno);
    return S_ISDIR(stat_buffer.st_mode) ? 0 : complain(given, ENOTDIR);
}
