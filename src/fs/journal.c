/*
 * What has happened to buckets: a stream of events for whoever reads it now,
 * and the last thousand ends for whoever asks later.
 *
 * Told by the threads to which it happens, who must not wait: an event is a
 * cast to the watch actor, which gives it to the helper, and none is sent
 * while nobody reads; one that finds the actor's mailbox full is counted, and
 * the readers are told how many were lost. The ends are a ring of lines under
 * a lock.
 *
 * An end is told once, by the bucket's own last act or, earlier, by the start
 * of the one that takes its place, and under the lock, so that a DOWN comes
 * before its RESTART. Lock order: the journal's, then actors'.
 */
#include "base/clock.h"
#include "fs/fs_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEAD_MAX 1000
#define PATH_SHOWN_MAX 1024 /* bytes; more than a name can be that is written in octal */
#define REASON_SHOWN_MAX 256

struct journal {
    struct lock lock;
    char *dead[DEAD_MAX]; /* lines, a ring; guarded by lock, like the rest */
    size_t next;
};

struct journal *journal_create(void)
{
    struct journal *journal = calloc(1, sizeof(*journal));

    if (journal)
        lock_init(&journal->lock);
    return journal;
}

void journal_destroy(struct journal *journal)
{
    if (!journal)
        return;
    for (size_t i = 0; i < DEAD_MAX; i++)
        free(journal->dead[i]);
    lock_deinit(&journal->lock);
    free(journal);
}

void journal_show_dead(struct journal *journal, FILE *to)
{
    lock_acquire(&journal->lock);
    for (size_t i = 0; i < DEAD_MAX; i++) {
        const char *line = journal->dead[(journal->next + i) % DEAD_MAX];

        if (line)
            fputs(line, to);
    }
    lock_release(&journal->lock);
}

/* [lock] Takes the line; NULL is one that there was no memory for. */
static void remember(struct journal *journal, char *line)
{
    if (!line)
        return;
    free(journal->dead[journal->next]);
    journal->dead[journal->next] = line;
    journal->next = (journal->next + 1) % DEAD_MAX;
}

/* If it is too long its beginning is left out, whole names: one name fits, however it is written. */
static void show(const char *path, char *to)
{
    size_t length = path_escape(path, strlen(path), to);
    const char *rest = to;

    if (length >= PATH_SHOWN_MAX)
        rest = strchr(to + length - PATH_SHOWN_MAX, '/') + 1;
    memmove(to, rest, strlen(rest) + 1);
}

static void show_path(const struct bucket *bucket, char *to)
{
    char path[PATH_SHOWN_MAX];

    bucket_path(bucket, path, sizeof(path));
    show(path, to);
}

/* The path of what is called `name` in a bucket, or in the root for NULL. */
static void show_path_in(const struct bucket *parent, const struct key *name, char *to)
{
    char path[PATH_SHOWN_MAX + FS_NAME_MAX + 1] = "";
    size_t length;

    if (parent) {
        bucket_path(parent, path, PATH_SHOWN_MAX);
        strcat(path, "/");
    }
    length = strlen(path);
    memcpy(path + length, name->name, name->length);
    path[length + name->length] = '\0';
    show(path, to);
}

static void show_reason(struct bucket *bucket, char *to)
{
    const struct reason *reason = actor_reason(bucket_actor(bucket));
    char words[REASON_SHOWN_MAX] = "";

    if (reason)
        reason_format(reason, words, sizeof(words));
    path_escape(words, strlen(words), to);
}

/* ISO 8601, in UTC, with milliseconds. */
static void show_time(int64_t wall_ns, char *to, size_t size)
{
    const struct timespec time = clock_to_timespec(wall_ns);
    struct tm tm;
    size_t length;

    gmtime_r(&time.tv_sec, &tm);
    length = strftime(to, size, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(to + length, size - length, ".%03ldZ", time.tv_nsec / (long)CLOCK_NS_PER_MS);
}

static char *line_of_end(struct bucket *bucket, const char *path, const char *reason)
{
    struct actor_stats stats;
    char time[40];
    char *line;

    actor_get_stats(bucket_actor(bucket), &stats);
    show_time(clock_wall_ns(), time, sizeof(time));
    if (asprintf(&line, "%s %s %s %u %.3f\n", time, path, reason, bucket_restarts(bucket),
                 (double)stats.alive_ns / CLOCK_NS_PER_S) < 0)
        return NULL;
    return line;
}

static void tell_end(struct fs *fs, struct bucket *bucket)
{
    char path[PATH_SHOWN_MAX * 4 + 1];
    char reason[REASON_SHOWN_MAX * 4 + 1];

    show_path(bucket, path);
    show_reason(bucket, reason);
    lock_acquire(&fs->journal->lock);
    if (bucket_take_news(bucket)) {
        remember(fs->journal, line_of_end(bucket, path, reason));
        watch_tell(fs->watch, "DOWN %s %s\n", path, reason);
    }
    lock_release(&fs->journal->lock);
}

void journal_on_start(void *context, struct bucket *bucket, struct bucket *predecessor)
{
    char path[PATH_SHOWN_MAX * 4 + 1];
    struct fs *fs = context;

    if (predecessor)
        tell_end(fs, predecessor);
    if (!watch_has_readers(fs->watch))
        return;
    show_path(bucket, path);
    if (predecessor)
        watch_tell(fs->watch, "RESTART %s %u\n", path, bucket_restarts(bucket));
    else
        watch_tell(fs->watch, "START %s\n", path);
}

void journal_on_end(void *context, struct bucket *bucket)
{
    tell_end(context, bucket);
    notifier_on_end(context, bucket);
}

/* Who was replaced has ended first, on whichever thread it says so. */
void journal_on_move(void *context, struct bucket *bucket, const struct bucket *parent, const struct key *name,
                     struct bucket *replaced)
{
    char from[PATH_SHOWN_MAX * 5 + 1];
    char to[PATH_SHOWN_MAX * 4 + 1];
    struct fs *fs = context;

    if (replaced)
        tell_end(fs, replaced);
    if (!watch_has_readers(fs->watch))
        return;
    show_path_in(parent, name, from);
    show_path(bucket, to);
    watch_tell(fs->watch, "MOVE %s %s\n", from, to);
}
