/*
 * The verbs that look at what is there now.
 */
#include "script.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define TEXT_SIZE 8192

static long failed(const struct script *script, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static long failed(const struct script *script, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(script->why, script->why_size, format, arguments);
    va_end(arguments);
    return CHECK_FAILED;
}

/* ---- attributes ---- */

static const char *type_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return "file";
    case S_IFDIR:
        return "dir";
    case S_IFIFO:
        return "fifo";
    case S_IFSOCK:
        return "socket";
    case S_IFCHR:
        return "char";
    case S_IFBLK:
        return "block";
    default:
        return "symlink";
    }
}

static void show_time(const struct timespec *time, char *to, size_t size)
{
    if (time->tv_nsec == 0)
        snprintf(to, size, "%lld", (long long)time->tv_sec);
    else
        snprintf(to, size, "%lld.%09ld", (long long)time->tv_sec, time->tv_nsec);
}

/* As the tables write it. */
static void show_field(const struct stat *stat, const char *field, char *to, size_t size)
{
    if (strcmp(field, "type") == 0)
        snprintf(to, size, "%s", type_of(stat->st_mode));
    else if (strcmp(field, "mode") == 0)
        snprintf(to, size, "%#o", stat->st_mode & 07777);
    else if (strcmp(field, "nlink") == 0)
        snprintf(to, size, "%lu", (unsigned long)stat->st_nlink);
    else if (strcmp(field, "uid") == 0)
        snprintf(to, size, "%u", stat->st_uid);
    else if (strcmp(field, "gid") == 0)
        snprintf(to, size, "%u", stat->st_gid);
    else if (strcmp(field, "size") == 0)
        snprintf(to, size, "%lld", (long long)stat->st_size);
    else if (strcmp(field, "rdev") == 0)
        snprintf(to, size, "%u:%u", major(stat->st_rdev), minor(stat->st_rdev));
    else if (strcmp(field, "atime") == 0)
        show_time(&stat->st_atim, to, size);
    else if (strcmp(field, "mtime") == 0)
        show_time(&stat->st_mtim, to, size);
    else
        script_nonsense("no such attribute", field);
}

/* A user is written by name, a mode with as many zeroes as one likes. */
static void show_wanted(const char *field, const char *value, char *to, size_t size)
{
    if (strcmp(field, "uid") == 0 || strcmp(field, "gid") == 0)
        snprintf(to, size, "%u", script_id(value));
    else if (strcmp(field, "mode") == 0)
        snprintf(to, size, "%#o", script_mode(value));
    else
        snprintf(to, size, "%s", value);
}

static long compare(const struct script *script, const char *what, const struct stat *stat, char **argument)
{
    char wanted[64];
    char got[64];

    for (; argument[0]; argument += 2) {
        if (!argument[1])
            script_nonsense("no value for", argument[0]);
        show_wanted(argument[0], argument[1], wanted, sizeof(wanted));
        show_field(stat, argument[0], got, sizeof(got));
        if (strcmp(wanted, got) != 0)
            return failed(script, "expected %s of %.80s to be %s, it is %s", argument[0], what, wanted, got);
    }
    return 0;
}

/* is PATH FIELD VALUE... */
static long check_is(struct script *script, char **argument)
{
    struct stat stat;

    if (lstat(argument[0], &stat) < 0)
        return failed(script, "%.80s: %s", argument[0], strerrorname_np(errno));
    return compare(script, argument[0], &stat, argument + 1);
}

/* isfile FILE FIELD VALUE... */
static long check_isfile(struct script *script, char **argument)
{
    struct stat stat;

    if (fstat(script_file(script, argument[0]), &stat) < 0)
        return failed(script, "file %s: %s", argument[0], strerrorname_np(errno));
    return compare(script, argument[0], &stat, argument + 1);
}

static long check_gone(struct script *script, char **argument)
{
    struct stat stat;

    if (lstat(argument[0], &stat) == 0)
        return failed(script, "%.80s is there, a %s", argument[0], type_of(stat.st_mode));
    return errno == ENOENT ? 0 : failed(script, "%.80s: %s", argument[0], strerrorname_np(errno));
}

static bool same(const struct script *script, char **argument)
{
    struct stat stat;
    struct stat other;

    (void)script;
    return lstat(argument[0], &stat) == 0 && lstat(argument[1], &other) == 0 && stat.st_dev == other.st_dev &&
           stat.st_ino == other.st_ino;
}

static long check_same(struct script *script, char **argument)
{
    return same(script, argument) ? 0 : failed(script, "%.80s and %.80s aren't one", argument[0], argument[1]);
}

static long check_differ(struct script *script, char **argument)
{
    return same(script, argument) ? failed(script, "%.80s and %.80s are one", argument[0], argument[1]) : 0;
}

/* ---- times ---- */

static bool is_before_now(const struct timespec *time)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now.tv_sec > time->tv_sec || (now.tv_sec == time->tv_sec && now.tv_nsec > time->tv_nsec);
}

/* What happens next gets another time: file systems count in ticks of the clock. */
static void wait_for_tick(const struct timespec *time)
{
    while (!is_before_now(time))
        usleep(200);
}

/* note PATH: as it is now. */
static long check_note(struct script *script, char **argument)
{
    struct note *note = &script->notes[script->note_count++];

    if (script->note_count > SCRIPT_NOTES)
        script_nonsense("too many notes:", argument[0]);
    note->path = argument[0];
    if (lstat(argument[0], &note->stat) < 0)
        return failed(script, "%.80s: %s", argument[0], strerrorname_np(errno));
    wait_for_tick(&note->stat.st_ctim);
    return 0;
}

static const struct stat *find_note(const struct script *script, const char *path)
{
    for (size_t i = script->note_count; i > 0; i--) {
        if (strcmp(script->notes[i - 1].path, path) == 0)
            return &script->notes[i - 1].stat;
    }
    script_nonsense("not noted:", path);
}

static int compare_times(const struct timespec *a, const struct timespec *b)
{
    if (a->tv_sec != b->tv_sec)
        return a->tv_sec < b->tv_sec ? -1 : 1;
    return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

static long judge_move(const struct script *script, char **argument, char which, const struct timespec *before,
                       const struct timespec *after)
{
    bool should = strchr(argument[1], which) != NULL;
    int moved = compare_times(after, before);

    if (should ? moved > 0 : moved == 0)
        return 0;
    return failed(script, "expected the %ctime of %.80s to %s, it %s", which, argument[0],
                  should ? "move" : "stay", moved > 0 ? "moved" : moved == 0 ? "stayed" : "went back");
}

/* moved PATH TIMES [NOTED]: since it was noted, maybe by another name; these of a, m, c have, and no other. */
static long check_moved(struct script *script, char **argument)
{
    const struct stat *before = find_note(script, argument[2] ? argument[2] : argument[0]);
    struct stat after;
    long rc;

    if (lstat(argument[0], &after) < 0)
        return failed(script, "%.80s: %s", argument[0], strerrorname_np(errno));
    rc = judge_move(script, argument, 'a', &before->st_atim, &after.st_atim);
    if (rc == 0)
        rc = judge_move(script, argument, 'm', &before->st_mtim, &after.st_mtim);
    return rc == 0 ? judge_move(script, argument, 'c', &before->st_ctim, &after.st_ctim) : rc;
}

/* recent PATH TIMES NOTED: these of a, m, c are later than all that was noted of another file before it. */
static long check_recent(struct script *script, char **argument)
{
    const struct stat *before = find_note(script, argument[2]);
    struct stat stat;

    if (lstat(argument[0], &stat) < 0)
        return failed(script, "%.80s: %s", argument[0], strerrorname_np(errno));
    for (const char *which = argument[1]; *which != '\0'; which++) {
        const struct timespec *time = *which == 'a' ? &stat.st_atim : *which == 'm' ? &stat.st_mtim : &stat.st_ctim;

        if (compare_times(time, &before->st_ctim) <= 0)
            return failed(script, "the %ctime of %.80s isn't that of its making", *which, argument[0]);
    }
    return 0;
}

/* ---- contents ---- */

/* holds PATH TEXT */
static long check_holds(struct script *script, char **argument)
{
    static char bytes[TEXT_SIZE];
    int file = open(argument[0], O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, bytes, sizeof(bytes));

    if (got < 0)
        return failed(script, "%.80s: %s", argument[0], strerrorname_np(errno));
    close(file);
    if ((size_t)got == strlen(argument[1]) && memcmp(bytes, argument[1], (size_t)got) == 0)
        return 0;
    return failed(script, "expected '%.80s' in %.80s, it has '%.*s'", argument[1], argument[0], (int)got, bytes);
}

/* zeroed PATH FROM TO: these bytes. */
static long check_zeroed(struct script *script, char **argument)
{
    static char bytes[TEXT_SIZE];
    long long from = script_number(argument[1]);
    long long length = script_number(argument[2]) - from;
    int file = open(argument[0], O_RDONLY | O_CLOEXEC);
    ssize_t got = pread(file, bytes, (size_t)length < sizeof(bytes) ? (size_t)length : sizeof(bytes), from);

    close(file);
    for (ssize_t i = 0; i < got; i++) {
        if (bytes[i] != 0)
            return failed(script, "byte %lld of %.80s isn't zero", from + i, argument[0]);
    }
    return got == length ? 0 : failed(script, "%.80s has less than %s bytes", argument[0], argument[2]);
}

/* points PATH TARGET: a symbolic link. */
static long check_points(struct script *script, char **argument)
{
    static char target[TEXT_SIZE];
    ssize_t got = readlink(argument[0], target, sizeof(target));

    if (got < 0)
        return failed(script, "%.80s: %s", argument[0], strerrorname_np(errno));
    if ((size_t)got == strlen(argument[1]) && memcmp(target, argument[1], (size_t)got) == 0)
        return 0;
    return failed(script, "%.80s points to '%.*s'", argument[0], (int)got, target);
}

static bool is_hidden(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* lists PATH NAME...: exactly these, in the order of their bytes. */
static long check_lists(struct script *script, char **argument)
{
    struct dirent **entries;
    int count = scandir(argument[0], &entries, NULL, alphasort);
    char **name = argument + 1;

    if (count < 0)
        return failed(script, "%.80s: %s", argument[0], strerrorname_np(errno));
    for (int i = 0; i < count; i++) {
        if (is_hidden(entries[i]->d_name))
            continue;
        if (!*name || strcmp(*name, entries[i]->d_name) != 0)
            return failed(script, "%.80s lists '%.80s', expected '%.80s'", argument[0], entries[i]->d_name,
                          *name ? *name : "");
        name++;
    }
    return *name ? failed(script, "%.80s doesn't list '%.80s'", argument[0], *name) : 0;
}

const struct verb script_checks[] = {
    {"differ", 2, 2, check_differ},
    {"gone", 1, 1, check_gone},
    {"holds", 2, 2, check_holds},
    {"is", 3, 15, check_is},
    {"isfile", 3, 15, check_isfile},
    {"lists", 1, 15, check_lists},
    {"moved", 2, 3, check_moved},
    {"note", 1, 1, check_note},
    {"points", 2, 2, check_points},
    {"recent", 3, 3, check_recent},
    {"same", 2, 2, check_same},
    {"zeroed", 3, 3, check_zeroed},
    {0},
};
