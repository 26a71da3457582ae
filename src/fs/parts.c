/*
 * The parts of a mount that are actors of the daemon's own, as children of the
 * supervisor that app/ starts. In the order of their start: each needs those
 * before it, and ends before them.
 *
 * None is ever started again: buckets can't outlive their registry, and what a
 * reader waits for can't outlive the watch. So one that ends by itself ends
 * them all, and the daemon with them.
 */
#include "actor/supervisor.h"
#include "actor/timer.h"
#include "fs/fs_internal.h"

#include <errno.h>
#include <stdlib.h>

/* The timers' thread as an actor, to be supervised; it gets no mail. */
struct timers_part {
    struct actor actor;
    struct timers *timers; /* borrowed */
};

static struct timers_part *timers_part_of(struct actor *actor)
{
    return table_entry(actor, struct timers_part, actor);
}

static void timers_part_destroy(struct actor *self)
{
    timers_stop(timers_part_of(self)->timers);
}

static void timers_part_free(struct actor *self)
{
    free(timers_part_of(self));
}

static const struct actor_class timers_part_class = {
    .name = "timers", .destroy = timers_part_destroy, .free = timers_part_free};

/* One reference is the supervisor's, the other is kept for what the fs has to do with it. */
static int give(int rc, struct actor *actor, struct actor **ret_child)
{
    if (rc == 0)
        *ret_child = actor_ref(actor);
    return rc;
}

static int start_timers(struct actor *supervisor, void *arg, struct actor **ret_child, struct reason *ret_reason)
{
    struct timers_part *part = calloc(1, sizeof(*part));
    struct fs *fs = arg;
    int rc = part ? timers_start(&fs->runtime, &fs->timers) : -ENOMEM;

    if (rc < 0) {
        free(part);
        return rc;
    }
    fs->supervisor = supervisor;
    part->timers = fs->timers;
    (void)actor_start(&part->actor, &timers_part_class, &fs->runtime, NULL, ret_reason);
    fs->timers_part = &part->actor;
    return give(0, &part->actor, ret_child);
}

static int start_provider(struct actor *supervisor, void *arg, struct actor **ret_child, struct reason *ret_reason)
{
    struct fs *fs = arg;
    int rc = provider_start(fs, &fs->provider);

    (void)supervisor;
    (void)ret_reason;
    return give(rc, rc == 0 ? provider_actor(fs->provider) : NULL, ret_child);
}

static int start_leaver(struct actor *supervisor, void *arg, struct actor **ret_child, struct reason *ret_reason)
{
    struct fs *fs = arg;
    int rc = leaver_start(fs, &fs->leaver);

    (void)supervisor;
    (void)ret_reason;
    return give(rc, rc == 0 ? leaver_actor(fs->leaver) : NULL, ret_child);
}

static int start_notifier(struct actor *supervisor, void *arg, struct actor **ret_child, struct reason *ret_reason)
{
    struct fs *fs = arg;
    int rc = notifier_start(fs, &fs->notifier);

    (void)supervisor;
    (void)ret_reason;
    return give(rc, rc == 0 ? notifier_actor(fs->notifier) : NULL, ret_child);
}

static int start_watch(struct actor *supervisor, void *arg, struct actor **ret_child, struct reason *ret_reason)
{
    struct fs *fs = arg;
    int rc = watch_start(fs, &fs->watch);

    (void)supervisor;
    (void)ret_reason;
    return give(rc, rc == 0 ? watch_actor(fs->watch) : NULL, ret_child);
}

static int start_registry(struct actor *supervisor, void *arg, struct actor **ret_child, struct reason *ret_reason)
{
    struct fs *fs = arg;
    int rc = registry_start(&fs->runtime, &bucket_children_ops, &fs->environment, &fs->registry);

    (void)supervisor;
    (void)ret_reason;
    return give(rc, rc == 0 ? registry_actor(fs->registry) : NULL, ret_child);
}

/* The registry may take its time: it is prompt, but every bucket has to end. */
void fs_get_parts(struct fs *fs, struct child_spec *ret_specs)
{
    const struct child_spec parts[FS_PARTS] = {
        {.id = "timers", .start = start_timers, .shutdown_ms = SUPERVISOR_SHUTDOWN_MS},
        {.id = "provider", .start = start_provider, .shutdown_ms = SUPERVISOR_SHUTDOWN_MS},
        {.id = "leaver", .start = start_leaver, .shutdown_ms = SUPERVISOR_SHUTDOWN_MS},
        {.id = "notifier", .start = start_notifier, .shutdown_ms = SUPERVISOR_SHUTDOWN_MS},
        {.id = "watch", .start = start_watch, .shutdown_ms = SUPERVISOR_SHUTDOWN_MS},
        {.id = "registry", .start = start_registry, .shutdown_ms = ACTOR_FOREVER},
    };

    for (size_t i = 0; i < FS_PARTS; i++) {
        ret_specs[i] = parts[i];
        ret_specs[i].arg = fs;
        ret_specs[i].policy = RESTART_PERMANENT;
    }
}
