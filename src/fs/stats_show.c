/*
 * The counters as text: Prometheus's exposition format, version 0.0.4. A
 * metric stands together, its HELP and TYPE first; times are in seconds.
 */
#include "base/clock.h"
#include "fs/stats.h"

#include <string.h>

#define DURATION "kvfs_fuse_request_duration_seconds"
#define ERRORS "kvfs_fuse_errors_total"
#define NOTIFICATIONS "kvfs_fuse_notifications_total"
#define REQUESTS "kvfs_fuse_requests_total"

static const char *const operation_names[OPERATION_COUNT] = {
    [OPERATION_INIT] = "init",
    [OPERATION_LOOKUP] = "lookup",
    [OPERATION_FORGET] = "forget",
    [OPERATION_BATCH_FORGET] = "batch_forget",
    [OPERATION_GETATTR] = "getattr",
    [OPERATION_SETATTR] = "setattr",
    [OPERATION_READLINK] = "readlink",
    [OPERATION_SYMLINK] = "symlink",
    [OPERATION_MKNOD] = "mknod",
    [OPERATION_MKDIR] = "mkdir",
    [OPERATION_UNLINK] = "unlink",
    [OPERATION_RMDIR] = "rmdir",
    [OPERATION_RENAME] = "rename",
    [OPERATION_RENAME2] = "rename2",
    [OPERATION_LINK] = "link",
    [OPERATION_OPEN] = "open",
    [OPERATION_READ] = "read",
    [OPERATION_WRITE] = "write",
    [OPERATION_STATFS] = "statfs",
    [OPERATION_RELEASE] = "release",
    [OPERATION_FSYNC] = "fsync",
    [OPERATION_SETXATTR] = "setxattr",
    [OPERATION_GETXATTR] = "getxattr",
    [OPERATION_LISTXATTR] = "listxattr",
    [OPERATION_REMOVEXATTR] = "removexattr",
    [OPERATION_FLUSH] = "flush",
    [OPERATION_OPENDIR] = "opendir",
    [OPERATION_READDIR] = "readdir",
    [OPERATION_READDIRPLUS] = "readdirplus",
    [OPERATION_RELEASEDIR] = "releasedir",
    [OPERATION_FSYNCDIR] = "fsyncdir",
    [OPERATION_CREATE] = "create",
    [OPERATION_TMPFILE] = "tmpfile",
    [OPERATION_FALLOCATE] = "fallocate",
    [OPERATION_LSEEK] = "lseek",
    [OPERATION_COPY_FILE_RANGE] = "copy_file_range",
    [OPERATION_IOCTL] = "ioctl",
    [OPERATION_POLL] = "poll",
    [OPERATION_STATX] = "statx",
};

static const char *const notification_names[NOTIFICATION_COUNT] = {
    [NOTIFICATION_DELETE] = "delete",
    [NOTIFICATION_INVAL_ENTRY] = "inval_entry",
    [NOTIFICATION_INVAL_INODE] = "inval_inode",
};

void stats_show_head(FILE *to, const char *name, const char *type, const char *help)
{
    fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void stats_show_metric(FILE *to, const char *name, const char *type, const char *help, uint64_t value)
{
    stats_show_head(to, name, type, help);
    fprintf(to, "%s %llu\n", name, (unsigned long long)value);
}

static void show_requests(const struct stats *stats, FILE *to)
{
    stats_show_head(to, REQUESTS, "counter", "Requests that came from the kernel, the one for this text among them.");
    for (enum operation i = 0; i < OPERATION_COUNT; i++)
        fprintf(to, REQUESTS "{operation=\"%s\"} %llu\n", operation_names[i],
                (unsigned long long)stats_requests(stats, i));
}

static void show_errors_of(const struct stats *stats, FILE *to, enum operation operation)
{
    for (int error = 1; error < STATS_ERRNO_END; error++) {
        uint64_t count = stats_errors(stats, operation, error);
        const char *name = count > 0 ? strerrorname_np(error) : NULL;

        if (name)
            fprintf(to, ERRORS "{operation=\"%s\",errno=\"%s\"} %llu\n", operation_names[operation], name,
                    (unsigned long long)count);
    }
}

static void show_errors(const struct stats *stats, FILE *to)
{
    stats_show_head(to, ERRORS, "counter", "Requests whose answer was an error, names that don't exist included.");
    for (enum operation i = 0; i < OPERATION_COUNT; i++)
        show_errors_of(stats, to, i);
}

static void show_bucket(FILE *to, const char *operation, const char *bound, uint64_t count)
{
    fprintf(to, DURATION "_bucket{operation=\"%s\",le=\"%s\"} %llu\n", operation, bound, (unsigned long long)count);
}

/* Each bucket holds those before it, too. */
static void show_durations_of(const struct stats *stats, FILE *to, enum operation operation)
{
    const char *name = operation_names[operation];
    struct stats_durations durations;
    uint64_t count = 0;
    char bound[32];

    stats_get_durations(stats, operation, &durations);
    if (durations.count == 0)
        return;
    for (size_t i = 0; i < STATS_BOUNDS; i++) {
        count += durations.counts[i];
        snprintf(bound, sizeof(bound), "%g", (double)stats_bounds_ns[i] / CLOCK_NS_PER_S);
        show_bucket(to, name, bound, count);
    }
    show_bucket(to, name, "+Inf", durations.count);
    fprintf(to, DURATION "_sum{operation=\"%s\"} %.9f\n", name, (double)durations.sum_ns / CLOCK_NS_PER_S);
    fprintf(to, DURATION "_count{operation=\"%s\"} %llu\n", name, (unsigned long long)durations.count);
}

/* Those that never came would be most of the text. */
static void show_durations(const struct stats *stats, FILE *to)
{
    stats_show_head(to, DURATION, "histogram", "How long requests took, from the daemon's receipt to its answer.");
    for (enum operation i = 0; i < OPERATION_COUNT; i++)
        show_durations_of(stats, to, i);
}

static void show_notifications(const struct stats *stats, FILE *to)
{
    stats_show_head(to, NOTIFICATIONS, "counter", "What the kernel was told unasked.");
    for (enum notification i = 0; i < NOTIFICATION_COUNT; i++)
        fprintf(to, NOTIFICATIONS "{kind=\"%s\"} %llu\n", notification_names[i],
                (unsigned long long)stats_notifications(stats, i));
}

void stats_show(const struct stats *stats, FILE *to)
{
    show_requests(stats, to);
    show_errors(stats, to);
    show_durations(stats, to);
    stats_show_metric(to, "kvfs_fuse_read_bytes_total", "counter", "Bytes that read requests were answered with.",
                      stats_read(stats));
    stats_show_metric(to, "kvfs_fuse_written_bytes_total", "counter", "Bytes of write requests that were written.",
                      stats_written(stats));
    show_notifications(stats, to);
}
