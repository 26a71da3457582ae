/*
 * What the kernel has asked, how long the answers took, and what it was told
 * unasked: counters, shown in the text format of Prometheus.
 *
 * Each thread that serves requests counts in memory of its own, which nobody
 * else writes: no lock, no cache line that another thread wants, and nothing
 * allocated but at its first request. Whoever wants to know adds them up. A
 * thread that ends leaves its memory, counts and all, to the next that comes,
 * so no count ever goes back.
 *
 * A request is counted when it comes, its error and its bytes before it is
 * answered: who has its answer finds it counted. How long it took is known
 * only afterwards.
 */
#ifndef KVFS_FS_STATS_H
#define KVFS_FS_STATS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct stats;
struct stats_slot;

/* As the kernel calls its requests. INTERRUPT and DESTROY the library keeps to itself. */
enum operation {
    OPERATION_INIT,
    OPERATION_LOOKUP,
    OPERATION_FORGET,
    OPERATION_BATCH_FORGET,
    OPERATION_GETATTR,
    OPERATION_SETATTR,
    OPERATION_READLINK,
    OPERATION_SYMLINK,
    OPERATION_MKNOD,
    OPERATION_MKDIR,
    OPERATION_UNLINK,
    OPERATION_RMDIR,
    OPERATION_RENAME,
    OPERATION_RENAME2,
    OPERATION_LINK,
    OPERATION_OPEN,
    OPERATION_READ,
    OPERATION_WRITE,
    OPERATION_STATFS,
    OPERATION_RELEASE,
    OPERATION_FSYNC,
    OPERATION_SETXATTR,
    OPERATION_GETXATTR,
    OPERATION_LISTXATTR,
    OPERATION_REMOVEXATTR,
    OPERATION_FLUSH,
    OPERATION_OPENDIR,
    OPERATION_READDIR,
    OPERATION_READDIRPLUS,
    OPERATION_RELEASEDIR,
    OPERATION_FSYNCDIR,
    OPERATION_CREATE,
    OPERATION_TMPFILE,
    OPERATION_FALLOCATE,
    OPERATION_LSEEK,
    OPERATION_COPY_FILE_RANGE,
    OPERATION_IOCTL,
    OPERATION_POLL,
    OPERATION_STATX,
    OPERATION_COUNT,
};

enum notification {
    NOTIFICATION_DELETE,
    NOTIFICATION_INVAL_ENTRY,
    NOTIFICATION_INVAL_INODE,
    NOTIFICATION_COUNT,
};

/* NULL without memory. */
struct stats *stats_create(void);
/* [no other thread counts any more] NULL is fine. */
void stats_destroy(struct stats *stats);

/* One that is being answered. */
struct stats_request {
    struct stats_slot *slot; /* NULL: not counted, for lack of memory */
    enum operation operation;
    int64_t began;
};

/* [any thread] [never blocks] A request that is to be answered has come. One at a time for each thread. */
void stats_begin(struct stats *stats, enum operation operation, struct stats_request *ret_request);
/* [the same thread] [never blocks] It has been answered. */
void stats_end(const struct stats_request *request);
/* [any thread] [never blocks] One whose time isn't asked for: it has no answer. */
void stats_count(struct stats *stats, enum operation operation);
/* [any thread] [never blocks] The request that this thread is at will be answered with an errno. */
void stats_count_error(struct stats *stats, int error);
/* [any thread] [never blocks] Bytes that the kernel will be given, or has given. */
void stats_count_read(struct stats *stats, size_t size);
void stats_count_written(struct stats *stats, size_t size);
void stats_count_notification(struct stats *stats, enum notification notification);

/* How long requests took. */
#define STATS_BOUNDS 13
struct stats_durations {
    uint64_t counts[STATS_BOUNDS + 1]; /* up to each of stats_bounds_ns, and longer ones; each request once */
    uint64_t count;                    /* of all */
    uint64_t sum_ns;
};
extern const int64_t stats_bounds_ns[STATS_BOUNDS];

/* [any thread] [never blocks] Of all threads. None is ever less than before. */
uint64_t stats_requests(const struct stats *stats, enum operation operation);
uint64_t stats_errors(const struct stats *stats, enum operation operation, int error);
uint64_t stats_read(const struct stats *stats);
uint64_t stats_written(const struct stats *stats);
uint64_t stats_notifications(const struct stats *stats, enum notification notification);
void stats_get_durations(const struct stats *stats, enum operation operation, struct stats_durations *ret_durations);
/* The errnos that are counted are below. */
#define STATS_ERRNO_END 134

/* stats_show.c: the text */

/* What stands before the samples of a metric; `type` as Prometheus has it. */
void stats_show_head(FILE *to, const char *name, const char *type, const char *help);
/* A metric of one sample, whole. */
void stats_show_metric(FILE *to, const char *name, const char *type, const char *help, uint64_t value);
/* All that is counted here. */
void stats_show(const struct stats *stats, FILE *to);

#endif
