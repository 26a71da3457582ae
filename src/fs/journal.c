/*
 * What has happened to buckets: a stream of events for whoever reads it now,
 * and the last thousand ends for whoever asks later.
 *
 * Told by the threads to which it happens, who must not wait: an event is a
 * cast to the watch actor, which gives it to the helper, and none is sent
 * while nobody reads; one that finds the actor's mailbox full is counted, and
 * the readers are told how many were lost. The ends are a ring under a lock.
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

/* Made into a line when somebody reads it. */
struct end {
    int64_t wall_ns;
    int64_t alive_ns;
    uint32_t restarts;
    size_t path_length; /* with its NUL; the reason is behind it */
    char words[];
};

struct journal {
    struct lock lock;
    struct end *dead[DEAD_MAX]; /* a ring; guarded by lock, like the rest */
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

/* [lock] Takes the end; NULL is one that there was no memory for. */
static void remember(struct journal *journal, struct end *end)
{
    if (!end)
        return;
    free(journal->dead[journal->next]);
    journal->dead[journal->next] = end;
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

static void show_words(const char *words, char *to)
{
    path_escape(words, strlen(words), to);
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

static void show_end(const struct end *end, FILE *to)
{
    char time[40];
    char path[PATH_SHOWN_MAX * 4 + 1];
    char reason[REASON_SHOWN_MAX * 4 + 1];

    show_time(end->wall_ns, time, sizeof(time));
    show(end->words, path);
    show_words(end->words + end->path_length, reason);
    fprintf(to, "%s %s %s %u %.3f\n", time, path, reason, end->restarts, (double)end->alive_ns / CLOCK_NS_PER_S);
}

void journal_show_dead(struct journal *journal, FILE *to)
{
    lock_acquire(&journal->lock);
    for (size_t i = 0; i < DEAD_MAX; i++) {
        const struct end *end = journal->dead[(journal->next + i) % DEAD_MAX];

        if (end)
            show_end(end, to);
    }
    lock_release(&journal->lock);
}

/* NULL without memory. */
static struct end *end_create(struct bucket *bucket, const char *path, const char *reason)
{
    size_t path_length = strlen(path) + 1;
    size_t reason_length = strlen(reason) + 1;
    struct end *end = malloc(sizeof(*end) + path_length + reason_length);
    struct actor_stats stats;

    if (!end)
        return NULL;
    actor_get_stats(bucket_actor(bucket), &stats);
    *end = (struct end){clock_wall_ns(), stats.alive_ns, bucket_restarts(bucket), path_length};
    memcpy(end->words, path, path_length);
    memcpy(end->words + path_length, reason, reason_length);
    return end;
}

static void tell_down(struct fs *fs, const char *path, const char *reason)
{
    char shown_path[PATH_SHOWN_MAX * 4 + 1];
    char shown_reason[REASON_SHOWN_MAX * 4 + 1];

    if (!watch_has_readers(fs->watch))
        return;
    show(path, shown_path);
    show_words(reason, shown_reason);
    watch_tell(fs->watch, "DOWN %s %s\n", shown_path, shown_reason);
}

static void tell_end(struct fs *fs, struct bucket *bucket)
{
    const struct reason *reason = actor_reason(bucket_actor(bucket));
    char path[PATH_SHOWN_MAX];
    char words[REASON_SHOWN_MAX] = "";

    bucket_path(bucket, path, sizeof(path));
    if (reason)
        reason_format(reason, words, sizeof(words));
    lock_acquire(&fs->journal->lock);
    if (bucket_take_news(bucket)) {
        remember(fs->journal, end_create(bucket, path, words));
        tell_down(fs, path, words);
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
