/*
 * What `stats` shows at the root, for Prometheus: what there is now, and what
 * the session has counted.
 */
#include "base/clock.h"
#include "fs/control.h"
#include "fs/stats.h"

static void show_mount(FILE *to, const struct fs *fs)
{
    stats_show_head(to, "kvfs_info", "gauge", "Which kvfs this is, and over what the kernel's requests come.");
    fprintf(to, "kvfs_info{version=\"" KVFS_VERSION "\",transport=\"%s\"} 1\n", fs_transport(fs));
    stats_show_head(to, "kvfs_start_time_seconds", "gauge", "When it was mounted, in seconds since 1970.");
    fprintf(to, "kvfs_start_time_seconds %.3f\n", (double)fs->started / CLOCK_NS_PER_S);
}

static void show_max(FILE *to, const char *name, const char *help, uint64_t max)
{
    if (max > 0) {
        stats_show_metric(to, name, "gauge", help, max);
        return;
    }
    stats_show_head(to, name, "gauge", help);
    fprintf(to, "%s +Inf\n", name);
}

static void show_limits(FILE *to, const struct bucket_environment *environment)
{
    const struct limit *pages = &environment->pages;
    const struct limit *inodes = &environment->inodes;

    stats_show_metric(to, "kvfs_inodes", "gauge", "Buckets, files and their further hard links, with the root.",
                      limit_used(inodes));
    show_max(to, "kvfs_max_inodes", "How many there may be.", inodes->max);
    stats_show_metric(to, "kvfs_held_bytes", "gauge", "Bytes of the pages behind all values.",
                      limit_used(pages) * FS_BLOCK_SIZE);
    show_max(to, "kvfs_max_held_bytes", "How many there may be.", pages->max * FS_BLOCK_SIZE);
}

static void count_awake(void *context, const struct runtime_thread *thread)
{
    uint64_t *awake = context;

    (void)thread;
    (*awake)++;
}

static void show_actors(FILE *to, struct fs *fs)
{
    uint64_t awake = 0;

    runtime_visit_threads(&fs->runtime, count_awake, &awake);
    stats_show_metric(to, "kvfs_buckets", "gauge", "Buckets, with those that have ended and are still in use.",
                      atomic_load(&fs->environment.buckets));
    stats_show_metric(to, "kvfs_actors", "gauge", "Actors: buckets that haven't ended, and the daemon's own.",
                      atomic_load(&fs->runtime.actors));
    stats_show_metric(to, "kvfs_actors_awake", "gauge", "Actors that have a thread.", awake);
}

int control_show_stats(FILE *to, struct control *control)
{
    show_mount(to, control->fs);
    show_actors(to, control->fs);
    show_limits(to, &control->fs->environment);
    stats_show(control->fs->stats, to);
    return 0;
}
