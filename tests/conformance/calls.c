/*
 * The verbs that are system calls. They go to the kernel as they stand: a
 * library that looked at their arguments would spoil what is tested.
 */
#include "script.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

struct flag {
    const char *name;
    int value;
};

/* `A|B|C`, or a number. */
static int flags_of(const struct flag *known, const char *argument)
{
    char *copy = strdup(argument);
    int flags = 0;
    char *rest;

    for (char *word = strtok_r(copy, "|", &rest); word; word = strtok_r(NULL, "|", &rest)) {
        const struct flag *flag = known;

        while (flag->name && strcmp(flag->name, word) != 0)
            flag++;
        flags |= flag->name ? flag->value : (int)script_number(word);
    }
    free(copy);
    return flags;
}

static const struct flag types[] = {
    {"file", S_IFREG},   {"dir", S_IFDIR},  {"fifo", S_IFIFO},    {"socket", S_IFSOCK},
    {"char", S_IFCHR},   {"block", S_IFBLK}, {"symlink", S_IFLNK}, {0},
};

/* 1:3 is /dev/null; the block device is nobody's. */
static dev_t device_of(mode_t type)
{
    if (type == S_IFCHR)
        return makedev(1, 3);
    return type == S_IFBLK ? makedev(240, 7) : 0;
}

/* ---- names ---- */

static long call_mkdir(struct script *script, char **argument)
{
    (void)script;
    return syscall(SYS_mkdirat, AT_FDCWD, script_address(argument[0]), script_mode(argument[1]));
}

static long make_node(const char *path, mode_t mode, dev_t device)
{
    return syscall(SYS_mknodat, AT_FDCWD, script_address(path), mode, (unsigned)device);
}

static long call_mkfifo(struct script *script, char **argument)
{
    (void)script;
    return make_node(argument[0], S_IFIFO | script_mode(argument[1]), 0);
}

/* mknod TYPE PATH MODE [MAJOR MINOR] */
static long call_mknod(struct script *script, char **argument)
{
    mode_t type = (mode_t)flags_of(types, argument[0]);
    dev_t device = device_of(type);

    (void)script;
    if (argument[3])
        device = makedev((unsigned)script_number(argument[3]), (unsigned)script_number(argument[4]));
    return make_node(argument[1], type | script_mode(argument[2]), device);
}

static long call_symlink(struct script *script, char **argument)
{
    (void)script;
    return syscall(SYS_symlinkat, script_address(argument[0]), AT_FDCWD, script_address(argument[1]));
}

static const struct flag at_flags[] = {{"follow", AT_SYMLINK_FOLLOW}, {0}};

/* link PATH PATH [FLAGS] */
static long call_link(struct script *script, char **argument)
{
    int flags = argument[2] ? flags_of(at_flags, argument[2]) : 0;

    (void)script;
    return syscall(SYS_linkat, AT_FDCWD, script_address(argument[0]), AT_FDCWD, script_address(argument[1]), flags);
}

/* flink FILE PATH: gives an open file a name. */
static long call_flink(struct script *script, char **argument)
{
    return syscall(SYS_linkat, script_file(script, argument[0]), "", AT_FDCWD, script_address(argument[1]),
                   AT_EMPTY_PATH);
}

static const struct flag rename_flags[] = {{"noreplace", 1}, {"exchange", 2}, {"whiteout", 4}, {0}};

/* rename PATH PATH [FLAGS] */
static long call_rename(struct script *script, char **argument)
{
    int flags = argument[2] ? flags_of(rename_flags, argument[2]) : 0;

    (void)script;
    return syscall(SYS_renameat2, AT_FDCWD, script_address(argument[0]), AT_FDCWD, script_address(argument[1]), flags);
}

static long call_unlink(struct script *script, char **argument)
{
    (void)script;
    return syscall(SYS_unlinkat, AT_FDCWD, script_address(argument[0]), 0);
}

static long call_rmdir(struct script *script, char **argument)
{
    (void)script;
    return syscall(SYS_unlinkat, AT_FDCWD, script_address(argument[0]), AT_REMOVEDIR);
}

static long call_readlink(struct script *script, char **argument)
{
    char target[4096];

    (void)script;
    return syscall(SYS_readlinkat, AT_FDCWD, script_address(argument[0]), target, sizeof(target));
}

static long call_chdir(struct script *script, char **argument)
{
    (void)script;
    return syscall(SYS_chdir, script_address(argument[0]));
}

static long call_umask(struct script *script, char **argument)
{
    (void)script;
    umask(script_mode(argument[0]));
    return 0;
}

/* ---- attributes ---- */

static long call_chmod(struct script *script, char **argument)
{
    (void)script;
    return syscall(SYS_fchmodat, AT_FDCWD, script_address(argument[0]), script_mode(argument[1]));
}

static long call_fchmod(struct script *script, char **argument)
{
    return syscall(SYS_fchmod, script_file(script, argument[0]), script_mode(argument[1]));
}

static long change_owner(char **argument, int flags)
{
    return syscall(SYS_fchownat, AT_FDCWD, script_address(argument[0]), script_id(argument[1]),
                   script_id(argument[2]), flags);
}

static long call_chown(struct script *script, char **argument)
{
    (void)script;
    return change_owner(argument, 0);
}

static long call_lchown(struct script *script, char **argument)
{
    (void)script;
    return change_owner(argument, AT_SYMLINK_NOFOLLOW);
}

static long call_fchown(struct script *script, char **argument)
{
    return syscall(SYS_fchown, script_file(script, argument[0]), script_id(argument[1]), script_id(argument[2]));
}

/* With `null` for the access time both are now. */
static long set_times(int directory, const char *path, char **argument, int flags)
{
    struct timespec times[2];

    if (strcmp(argument[0], "null") == 0)
        return syscall(SYS_utimensat, directory, path, NULL, flags);
    times[0] = script_time(argument[0]);
    times[1] = script_time(argument[1]);
    return syscall(SYS_utimensat, directory, path, times, flags);
}

/* utimens PATH ATIME MTIME, or PATH null */
static long call_utimens(struct script *script, char **argument)
{
    (void)script;
    return set_times(AT_FDCWD, script_address(argument[0]), argument + 1, 0);
}

static long call_lutimens(struct script *script, char **argument)
{
    (void)script;
    return set_times(AT_FDCWD, script_address(argument[0]), argument + 1, AT_SYMLINK_NOFOLLOW);
}

static long call_futimens(struct script *script, char **argument)
{
    return set_times(script_file(script, argument[0]), NULL, argument + 1, 0);
}

static long call_access(struct script *script, char **argument)
{
    (void)script;
    return syscall(SYS_faccessat, AT_FDCWD, script_address(argument[0]), (int)script_number(argument[1]));
}

static long call_stat(struct script *script, char **argument)
{
    struct stat stat;

    (void)script;
    return syscall(SYS_newfstatat, AT_FDCWD, script_address(argument[0]), &stat, 0);
}

static long call_lstat(struct script *script, char **argument)
{
    struct stat stat;

    (void)script;
    return syscall(SYS_newfstatat, AT_FDCWD, script_address(argument[0]), &stat, AT_SYMLINK_NOFOLLOW);
}

static long call_statfs(struct script *script, char **argument)
{
    struct statfs statfs;

    (void)script;
    return syscall(SYS_statfs, script_address(argument[0]), &statfs);
}

/* ---- bytes ---- */

static const struct flag open_flags[] = {
    {"O_RDONLY", O_RDONLY},       {"O_WRONLY", O_WRONLY},     {"O_RDWR", O_RDWR},
    {"O_CREAT", O_CREAT},         {"O_EXCL", O_EXCL},         {"O_TRUNC", O_TRUNC},
    {"O_APPEND", O_APPEND},       {"O_DIRECTORY", O_DIRECTORY}, {"O_NOFOLLOW", O_NOFOLLOW},
    {"O_NONBLOCK", O_NONBLOCK},   {"O_PATH", O_PATH},         {"O_TMPFILE", O_TMPFILE},
    {"O_SYNC", O_SYNC},           {"O_NOATIME", O_NOATIME},   {"O_CLOEXEC", O_CLOEXEC},
    {"O_DIRECT", O_DIRECT},       {"O_DSYNC", O_DSYNC},       {"O_NOCTTY", O_NOCTTY}, {0},
};

/* open PATH FLAGS [MODE] */
static long call_open(struct script *script, char **argument)
{
    mode_t mode = argument[2] ? script_mode(argument[2]) : 0;

    return script_add_file(script, (int)syscall(SYS_openat, AT_FDCWD, script_address(argument[0]),
                                                flags_of(open_flags, argument[1]), mode));
}

static long call_close(struct script *script, char **argument)
{
    return syscall(SYS_close, script_file(script, argument[0]));
}

static long call_truncate(struct script *script, char **argument)
{
    (void)script;
    return syscall(SYS_truncate, script_address(argument[0]), script_number(argument[1]));
}

static long call_ftruncate(struct script *script, char **argument)
{
    return syscall(SYS_ftruncate, script_file(script, argument[0]), script_number(argument[1]));
}

/* read FILE COUNT */
static long call_read(struct script *script, char **argument)
{
    char buffer[4096];
    size_t size = (size_t)script_number(argument[1]);

    return syscall(SYS_read, script_file(script, argument[0]), buffer, size < sizeof(buffer) ? size : sizeof(buffer));
}

/* write FILE TEXT [OFFSET] */
static long call_write(struct script *script, char **argument)
{
    int file = script_file(script, argument[0]);
    size_t length = strlen(argument[1]);

    if (argument[2])
        return syscall(SYS_pwrite64, file, argument[1], length, script_number(argument[2]));
    return syscall(SYS_write, file, argument[1], length);
}

static const struct flag whences[] = {
    {"set", SEEK_SET}, {"cur", SEEK_CUR}, {"end", SEEK_END}, {"data", SEEK_DATA}, {"hole", SEEK_HOLE}, {0}};

/* lseek FILE OFFSET WHENCE */
static long call_lseek(struct script *script, char **argument)
{
    return syscall(SYS_lseek, script_file(script, argument[0]), script_number(argument[1]),
                   flags_of(whences, argument[2]));
}

/* posix_fallocate FILE OFFSET LENGTH: returns its error. */
static long call_posix_fallocate(struct script *script, char **argument)
{
    errno = posix_fallocate(script_file(script, argument[0]), script_number(argument[1]), script_number(argument[2]));
    return errno == 0 ? 0 : -1;
}

static const struct flag falloc_flags[] = {
    {"keep", FALLOC_FL_KEEP_SIZE},         {"punch", FALLOC_FL_PUNCH_HOLE}, {"zero", FALLOC_FL_ZERO_RANGE},
    {"collapse", FALLOC_FL_COLLAPSE_RANGE}, {0},
};

/* fallocate FILE FLAGS OFFSET LENGTH */
static long call_fallocate(struct script *script, char **argument)
{
    return syscall(SYS_fallocate, script_file(script, argument[0]), flags_of(falloc_flags, argument[1]),
                   script_number(argument[2]), script_number(argument[3]));
}

static long call_fsync(struct script *script, char **argument)
{
    return syscall(SYS_fsync, script_file(script, argument[0]));
}

/* getdents FILE: whether a directory can be listed. */
static long call_getdents(struct script *script, char **argument)
{
    char buffer[4096];
    long got = syscall(SYS_getdents64, script_file(script, argument[0]), buffer, sizeof(buffer));

    return got > 0 ? 0 : got;
}

/* limit_size BYTES: RLIMIT_FSIZE. */
static long call_limit_size(struct script *script, char **argument)
{
    struct rlimit limit = {(rlim_t)script_number(argument[0]), RLIM_INFINITY};

    (void)script;
    signal(SIGXFSZ, SIG_IGN);
    return setrlimit(RLIMIT_FSIZE, &limit);
}

/* ---- sockets and programs ---- */

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path))
        script_nonsense("too long for a socket", path);
    strcpy(address.sun_path, path);
    return address;
}

/* bind PATH: a socket there, on which it listens. */
static long call_bind(struct script *script, char **argument)
{
    const struct sockaddr_un address = address_of(argument[0]);
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(file, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(file, 1) < 0)
        return -1;
    return script_add_file(script, file);
}

static long call_connect(struct script *script, char **argument)
{
    const struct sockaddr_un address = address_of(argument[0]);
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(file, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -1;
    return script_add_file(script, file);
}

static long start(const char *path, bool tries)
{
    errno = script_start_program(script_address(path), tries);
    return errno == 0 ? 0 : -1;
}

/* exec PATH: whether it can be. */
static long call_exec(struct script *script, char **argument)
{
    (void)script;
    return start(argument[0], true);
}

/* spawn PATH: it runs from now on. */
static long call_spawn(struct script *script, char **argument)
{
    (void)script;
    return start(argument[0], false);
}

/* ---- to prepare ---- */

static long set_owner_and_mode(char **argument, mode_t type)
{
    const char *owner = argument[3];
    const char *group = owner && argument[4] ? argument[4] : owner;

    if (owner && syscall(SYS_fchownat, AT_FDCWD, argument[1], script_id(owner), script_id(group),
                         AT_SYMLINK_NOFOLLOW) < 0)
        return -1;
    if (!argument[2] || type == S_IFLNK)
        return 0;
    return syscall(SYS_fchmodat, AT_FDCWD, argument[1], script_mode(argument[2]));
}

/* make TYPE PATH [MODE [OWNER [GROUP]]]: exactly that, whatever the umask. */
static long call_make(struct script *script, char **argument)
{
    mode_t type = (mode_t)flags_of(types, argument[0]);
    long rc;

    (void)script;
    if (type == S_IFDIR)
        rc = syscall(SYS_mkdirat, AT_FDCWD, argument[1], 0755);
    else if (type == S_IFLNK)
        rc = syscall(SYS_symlinkat, "nowhere", AT_FDCWD, argument[1]);
    else
        rc = make_node(argument[1], type | 0644, device_of(type));
    return rc < 0 ? -1 : set_owner_and_mode(argument, type);
}

static long make_typed(char *type, char **argument)
{
    char *all[] = {type, argument[0], argument[1], argument[1] ? argument[2] : NULL,
                   argument[1] && argument[2] ? argument[3] : NULL};

    return call_make(NULL, all);
}

/* file PATH [MODE [OWNER [GROUP]]] */
static long call_file(struct script *script, char **argument)
{
    (void)script;
    return make_typed("file", argument);
}

static long call_dir(struct script *script, char **argument)
{
    (void)script;
    return make_typed("dir", argument);
}

/* put PATH TEXT: a file with just that in it. */
static long call_put(struct script *script, char **argument)
{
    int file = open(argument[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    size_t length = strlen(argument[1]);
    ssize_t written;

    (void)script;
    if (file < 0)
        return -1;
    written = write(file, argument[1], length);
    close(file);
    return written == (ssize_t)length ? 0 : -1;
}

/* chain COUNT PATH: symbolic links l1 to lCOUNT, each to the one before, the first to PATH. */
static long call_chain(struct script *script, char **argument)
{
    long long count = script_number(argument[0]);
    char target[32];
    char name[32] = "";

    (void)script;
    for (long long i = 1; i <= count; i++) {
        memcpy(target, name, sizeof(target));
        snprintf(name, sizeof(name), "l%lld", i);
        if (symlinkat(i == 1 ? argument[1] : target, AT_FDCWD, name) < 0)
            return -1;
    }
    return 0;
}

/* many COUNT PATH: that many more names of a file, PATH1 and so on. */
static long call_many(struct script *script, char **argument)
{
    long long count = script_number(argument[0]);
    char name[300];

    (void)script;
    for (long long i = 1; i <= count; i++) {
        snprintf(name, sizeof(name), "%s%lld", argument[1], i);
        if (link(argument[1], name) < 0)
            return -1;
    }
    return 0;
}

/* program PATH: something that can be executed, and doesn't end soon. */
static long call_program(struct script *script, char **argument)
{
    int from = open("/bin/sleep", O_RDONLY | O_CLOEXEC);
    int to = open(argument[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    char buffer[4096];
    ssize_t got;

    (void)script;
    while ((got = read(from, buffer, sizeof(buffer))) > 0 && write(to, buffer, (size_t)got) == got)
        continue;
    close(from);
    close(to);
    return got;
}

/* readonly PATH: for this process that directory is a mount of its own, which can't be written to. */
static long call_readonly(struct script *script, char **argument)
{
    (void)script;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount(argument[0], argument[0], NULL, MS_BIND, NULL) < 0)
        return -1;
    return mount(NULL, argument[0], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL);
}

const struct verb script_calls[] = {
    {"access", 2, 2, call_access},
    {"bind", 1, 1, call_bind},
    {"chain", 2, 2, call_chain},
    {"chdir", 1, 1, call_chdir},
    {"chmod", 2, 2, call_chmod},
    {"chown", 3, 3, call_chown},
    {"close", 1, 1, call_close},
    {"connect", 1, 1, call_connect},
    {"dir", 1, 4, call_dir},
    {"exec", 1, 1, call_exec},
    {"fallocate", 4, 4, call_fallocate},
    {"fchmod", 2, 2, call_fchmod},
    {"fchown", 3, 3, call_fchown},
    {"file", 1, 4, call_file},
    {"flink", 2, 2, call_flink},
    {"fsync", 1, 1, call_fsync},
    {"ftruncate", 2, 2, call_ftruncate},
    {"futimens", 2, 3, call_futimens},
    {"getdents", 1, 1, call_getdents},
    {"lchown", 3, 3, call_lchown},
    {"limit_size", 1, 1, call_limit_size},
    {"link", 2, 3, call_link},
    {"lseek", 3, 3, call_lseek},
    {"lstat", 1, 1, call_lstat},
    {"lutimens", 2, 3, call_lutimens},
    {"make", 2, 5, call_make},
    {"many", 2, 2, call_many},
    {"mkdir", 2, 2, call_mkdir},
    {"mkfifo", 2, 2, call_mkfifo},
    {"mknod", 3, 5, call_mknod},
    {"open", 2, 3, call_open},
    {"posix_fallocate", 3, 3, call_posix_fallocate},
    {"program", 1, 1, call_program},
    {"put", 2, 2, call_put},
    {"read", 2, 2, call_read},
    {"readlink", 1, 1, call_readlink},
    {"readonly", 1, 1, call_readonly},
    {"rename", 2, 3, call_rename},
    {"rmdir", 1, 1, call_rmdir},
    {"spawn", 1, 1, call_spawn},
    {"stat", 1, 1, call_stat},
    {"statfs", 1, 1, call_statfs},
    {"symlink", 2, 2, call_symlink},
    {"truncate", 2, 2, call_truncate},
    {"umask", 1, 1, call_umask},
    {"unlink", 1, 1, call_unlink},
    {"utimens", 2, 3, call_utimens},
    {"write", 2, 3, call_write},
    {0},
};
