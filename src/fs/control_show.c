/*
 * What reading a control file shows: made whole when it is looked up.
 */
#include "actor/link.h"
#include "base/clock.h"
#include "fs/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINKS_TO_SPARE 16

static const char *state_word(enum actor_state state)
{
    static const char *const words[] = {
        [ACTOR_STARTING] = "starting",
        [ACTOR_ALIVE] = "alive",
        [ACTOR_ENDING] = "ending",
        [ACTOR_ENDED] = "ended",
    };

    return words[state];
}

static int get_status(struct bucket *bucket, struct child_status *ret_status)
{
    int rc = bucket_get_status(bucket, ret_status);

    return rc == REGISTRY_E_NOT_FOUND ? ESTALE : fs_errno(rc, FS_BY_INODE);
}

static void show_limit(FILE *to, const char *name, uint64_t limit)
{
    if (limit > 0)
        fprintf(to, "%s%llu\n", name, (unsigned long long)limit);
    else
        fprintf(to, "%s" FS_NO_LIMIT "\n", name);
}

static int show_own_limit(FILE *to, struct control *control)
{
    struct bucket_stats stats;
    int rc = bucket_get_stats(control->bucket, &stats);

    if (rc == 0)
        show_limit(to, "", control->kind == CONTROL_MAX_BYTES ? stats.max_bytes : stats.max_keys);
    return fs_errno(rc, FS_BY_INODE);
}

static int show_info(FILE *to, struct control *control)
{
    struct child_status status;
    struct actor_stats actor;
    struct bucket_stats stats;
    int rc = bucket_get_stats(control->bucket, &stats);
    int error = rc != 0 ? fs_errno(rc, FS_BY_INODE) : get_status(control->bucket, &status);

    if (error != 0)
        return error;
    actor_get_stats(bucket_actor(control->bucket), &actor);
    fprintf(to, "state %s\nthread %s\nmailbox %u\n", state_word(actor.state), actor.awake ? "awake" : "hibernated",
            actor.mailbox);
    fprintf(to, "handled_direct %llu\nhandled_by_thread %llu\n", (unsigned long long)actor.handled_direct,
            (unsigned long long)actor.handled_by_thread);
    fprintf(to, "keys %llu\nbytes %llu\nbuckets %llu\n", (unsigned long long)stats.keys,
            (unsigned long long)stats.bytes, (unsigned long long)stats.buckets);
    fprintf(to, "held_bytes %llu\n", (unsigned long long)stats.bytes_held);
    show_limit(to, "max_bytes ", stats.max_bytes);
    show_limit(to, "max_keys ", stats.max_keys);
    fprintf(to, "links %zu\nholders %u\n", actor_get_links(bucket_actor(control->bucket), NULL, 0),
            bucket_holders(control->bucket));
    fprintf(to, "restart %s\nrestarts %u\n", restart_word(status.policy), status.restarts);
    fprintf(to, "seconds %.3f\n", (double)actor.alive_ns / CLOCK_NS_PER_S);
    return 0;
}

static int show_restart(FILE *to, struct control *control)
{
    struct child_status status;
    int error = get_status(control->bucket, &status);

    if (error == 0)
        fprintf(to, "%s\n", restart_word(status.policy));
    return error;
}

static int show_link_to(FILE *to, struct control *control, struct actor *other)
{
    char *path = path_between(control->fs, control->bucket, bucket_of_actor(other));

    if (!path)
        return ENOMEM;
    fprintf(to, "%s\n", path);
    free(path);
    return 0;
}

/* All that there are, a reference each; there may be more by the time that there is room. NULL without memory. */
static struct actor **get_links(struct actor *actor, size_t *ret_count)
{
    size_t room = actor_get_links(actor, NULL, 0) + LINKS_TO_SPARE;
    struct actor **others = calloc(room, sizeof(struct actor *));
    size_t count = others ? actor_get_links(actor, others, room) : 0;

    *ret_count = count < room ? count : room;
    return others;
}

static int show_links(FILE *to, struct control *control)
{
    size_t count;
    struct actor **others = get_links(bucket_actor(control->bucket), &count);
    int error = others ? 0 : ENOMEM;

    for (size_t i = 0; i < count; i++) {
        if (error == 0)
            error = show_link_to(to, control, others[i]);
        actor_unref(others[i]);
    }
    free(others);
    return error;
}

/* ---- tree ---- */

struct tree {
    FILE *to;
    struct fs *fs;
};

/* One line an actor: depth, name, state, mailbox, restarts, thread. */
static void show_actor(const struct tree *tree, unsigned depth, struct actor *actor, uint32_t restarts)
{
    char name[FS_NAME_MAX * 4 + 1];
    char label[FS_NAME_MAX + 1];
    struct actor_stats stats;

    actor_label(actor, label, sizeof(label));
    path_escape(label, strlen(label), name);
    actor_get_stats(actor, &stats);
    fprintf(tree->to, "%u %s %s %u %u ", depth, name, state_word(stats.state), stats.mailbox, restarts);
    if (stats.thread > 0)
        fprintf(tree->to, "%d\n", (int)stats.thread);
    else
        fputs("-\n", tree->to);
}

/* Where a walk through the tree is: in each registry on the way the position of the child that it went into. */
struct level {
    struct actor *registry; /* a reference */
    uint64_t position;
};

struct walk {
    struct level *levels;
    size_t depth;
    size_t capacity;
};

static bool descend(struct walk *walk, struct actor *registry)
{
    size_t capacity = walk->capacity ? walk->capacity * 2 : 16;
    struct level *levels = walk->levels;

    if (walk->depth == walk->capacity) {
        levels = realloc(levels, capacity * sizeof(*levels));
        if (!levels)
            return false;
        walk->levels = levels;
        walk->capacity = capacity;
    }
    walk->levels[walk->depth++] = (struct level){.registry = actor_ref(registry)};
    return true;
}

/* One that has ended meanwhile has nothing below it. */
static int show_next(const struct tree *tree, struct walk *walk, unsigned depth)
{
    struct level *level = &walk->levels[walk->depth - 1];
    struct child_status status;
    struct actor *child = NULL;
    bool room = true;

    if (registry_next(level->registry, &level->position, &child, &status) != 0 || !child) {
        actor_unref(level->registry);
        walk->depth--;
        return 0;
    }
    show_actor(tree, depth + (unsigned)walk->depth, child, status.restarts);
    room = descend(walk, child);
    actor_unref(child);
    return room ? 0 : ENOMEM;
}

static int show_buckets(const struct tree *tree, unsigned depth)
{
    struct walk walk = {0};
    int error = descend(&walk, registry_actor(tree->fs->registry)) ? 0 : ENOMEM;

    while (walk.depth > 0 && error == 0)
        error = show_next(tree, &walk, depth);
    while (walk.depth > 0)
        actor_unref(walk.levels[--walk.depth].registry);
    free(walk.levels);
    return error;
}

/* A thread that is still in a callback of an actor which was killed belongs to nobody in the tree. */
static void show_left_over(void *context, const struct runtime_thread *thread)
{
    const struct tree *tree = context;
    char label[FS_NAME_MAX + 1];

    if (actor_alive(thread->actor) || !thread->working)
        return;
    actor_label(thread->actor, label, sizeof(label));
    fprintf(tree->to, "- %s ended - - %d working %.3f\n", label, (int)thread->number,
            (double)thread->working_ns / CLOCK_NS_PER_S);
}

static int show_tree(FILE *to, struct control *control)
{
    const struct tree tree = {to, control->fs};
    int error;

    show_actor(&tree, 0, control->fs->supervisor, 0);
    show_actor(&tree, 1, control->fs->timers_part, 0);
    show_actor(&tree, 1, provider_actor(control->fs->provider), 0);
    show_actor(&tree, 1, leaver_actor(control->fs->leaver), 0);
    show_actor(&tree, 1, notifier_actor(control->fs->notifier), 0);
    show_actor(&tree, 1, watch_actor(control->fs->watch), 0);
    show_actor(&tree, 1, registry_actor(control->fs->registry), 0);
    error = show_buckets(&tree, 1);
    runtime_visit_threads(&control->fs->runtime, show_left_over, (void *)&tree);
    return error;
}

static int show_dead(FILE *to, struct control *control)
{
    journal_show_dead(control->fs->journal, to);
    return 0;
}

typedef int show(FILE *to, struct control *control);

static show *show_of(enum control_kind kind)
{
    switch (kind) {
    case CONTROL_INFO:
        return show_info;
    case CONTROL_RESTART:
        return show_restart;
    case CONTROL_MAX_BYTES:
    case CONTROL_MAX_KEYS:
        return show_own_limit;
    case CONTROL_LINK:
        return show_links;
    case CONTROL_TREE:
        return show_tree;
    case CONTROL_DEAD:
        return show_dead;
    case CONTROL_STATS:
        return control_show_stats;
    default:
        return NULL;
    }
}

int control_write_text(struct control *control)
{
    show *show = show_of(control->kind);
    FILE *to = show ? open_memstream(&control->text, &control->length) : NULL;
    int error;

    if (!show)
        return 0;
    if (!to)
        return ENOMEM;
    error = show(to, control);
    if (fclose(to) != 0 && error == 0)
        error = ENOMEM;
    return error;
}
