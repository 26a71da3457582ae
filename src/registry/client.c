/*
 * A registry as its clients see it: each call packs its arguments, asks, and
 * unpacks the answer.
 */
#include "registry/registry_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int registry_start(struct runtime *runtime, const struct children_ops *ops, void *context,
                   struct registry **ret_registry)
{
    struct registry *registry = calloc(1, sizeof(*registry));
    struct registry_start_arg arg = {ops, context};
    struct reason reason;
    int rc;

    if (!registry)
        return -ENOMEM;
    rc = actor_start(&registry->actor, &registry_class, runtime, &arg, &reason);
    if (rc != 0) {
        reason_deinit(&reason);
        free(registry);
        return -ENOMEM;
    }
    *ret_registry = registry;
    return 0;
}

struct actor *registry_actor(struct registry *registry)
{
    return &registry->actor;
}

static int ask(struct actor *registry, enum children_tag tag, struct children_call *call)
{
    return actor_call(registry, tag, call, ACTOR_CALL_TIMEOUT_MS);
}

int registry_find(struct actor *registry, const struct child_name *name, struct actor **ret_child)
{
    struct children_call call = {.name = *name};
    int rc = ask(registry, CHILDREN_FIND, &call);

    if (rc == 0)
        *ret_child = call.child;
    return rc;
}

int registry_lookup(struct registry *registry, const struct child_name *name, struct actor **ret_child)
{
    struct actor *child = NULL;
    struct children_entry *entry;
    bool may_return = false;

    table_read_begin();
    entry = children_find_entry(&registry->children, name);
    if (entry && actor_alive(entry->child))
        child = actor_ref(entry->child);
    else if (entry)
        may_return = atomic_load(&entry->policy) != RESTART_TEMPORARY;
    table_read_end();

    if (!child && !may_return)
        return REGISTRY_E_NOT_FOUND;
    if (!child)
        return registry_find(&registry->actor, name, ret_child);
    *ret_child = child;
    return 0;
}

int registry_create(struct actor *registry, const struct child_name *name, void *arg, struct actor **ret_child)
{
    struct children_call call = {.name = *name, .arg = arg};
    int rc = ask(registry, CHILDREN_CREATE, &call);

    if (rc == 0)
        *ret_child = call.child;
    return rc;
}

static void release_create_cast(struct message *message)
{
    free(message_container(message, struct registry_create_cast, message));
}

int registry_create_cast(struct registry *registry, const struct child_name *name)
{
    struct registry_create_cast *cast = malloc(sizeof(*cast) + name->length);

    if (!cast)
        return -ENOMEM;
    message_init(&cast->message, MESSAGE_CAST, 0, release_create_cast);
    cast->length = name->length;
    memcpy(cast->name, name->name, name->length);
    return actor_cast(&registry->actor, &cast->message);
}

int registry_remove(struct actor *registry, const struct child_name *name)
{
    struct children_call call = {.name = *name};

    return ask(registry, CHILDREN_REMOVE, &call);
}

int registry_list(struct actor *registry, uint64_t position, registry_visit *visit, void *context)
{
    struct children_call call = {.position = position, .visit = visit, .context = context};

    return ask(registry, CHILDREN_LIST, &call);
}

int registry_next(struct actor *registry, uint64_t *position, struct actor **ret_child,
                  struct child_status *ret_status)
{
    struct children_call call = {.position = *position};
    int rc = ask(registry, CHILDREN_NEXT, &call);

    if (rc != 0)
        return rc;
    *position = call.position;
    *ret_child = call.child;
    *ret_status = call.status;
    return 0;
}

int registry_set_policy(struct actor *registry, const struct child_name *name, const struct actor *child,
                        enum restart_policy policy)
{
    struct children_call call = {.name = *name, .child = (struct actor *)child, .status.policy = policy};

    return ask(registry, CHILDREN_SET_POLICY, &call);
}

int registry_get_status(struct actor *registry, const struct child_name *name, const struct actor *child,
                        struct child_status *ret_status)
{
    struct children_call call = {.name = *name, .child = (struct actor *)child};
    int rc = ask(registry, CHILDREN_GET_STATUS, &call);

    if (rc == 0)
        *ret_status = call.status;
    return rc;
}

int registry_get_stats(struct registry *registry, struct registry_stats *ret_stats)
{
    return actor_call(&registry->actor, REGISTRY_STATS, ret_stats, ACTOR_CALL_TIMEOUT_MS);
}

/* An actor on the way down, and how far its children have been ended. */
struct level {
    struct actor *actor; /* a reference */
    uint64_t position;
};

/* The way down from the top to the one that is looked at. */
struct path {
    struct level *levels;
    size_t depth;
    size_t capacity;
};

/* Takes the reference if it returns true; without memory there is no room. */
static bool push(struct path *path, struct actor *actor)
{
    size_t capacity = path->capacity ? path->capacity * 2 : 16;
    struct level *levels;

    if (path->depth == path->capacity) {
        levels = realloc(path->levels, capacity * sizeof(*levels));
        if (!levels)
            return false;
        path->levels = levels;
        path->capacity = capacity;
    }
    path->levels[path->depth++] = (struct level){.actor = actor};
    return true;
}

/* The next below an actor, which starts no more, that hasn't ended; a reference, or NULL. */
static struct actor *close_and_find_next(struct level *level)
{
    struct children_call call = {.position = level->position};

    if (!level->actor->class->prompt || ask(level->actor, CHILDREN_CLOSE, &call) != 0)
        return NULL;
    level->position = call.position;
    return call.child;
}

/* Without memory for an orderly end it ends all the same: it has been closed already. */
static int stop_one(struct actor *actor, const struct reason *reason)
{
    int rc = actor_stop(actor, reason_copy(reason), ACTOR_FOREVER);

    return rc < 0 ? actor_kill(actor) : rc;
}

/* One step: down to a child, or, where there is none, its end. Without memory for the way its own terminate goes on. */
static int step(struct path *path, const struct reason *reason)
{
    struct level *level = &path->levels[path->depth - 1];
    struct actor *actor = level->actor;
    struct actor *below = close_and_find_next(level);
    int rc = 0;

    if (below && push(path, below))
        return 0;
    rc = stop_one(below ? below : actor, reason);
    actor_unref(below ? below : actor);
    if (!below)
        path->depth--;
    return rc;
}

int registry_stop_tree(struct actor *top, struct reason reason)
{
    struct path path = {0};
    int rc = 0;

    if (push(&path, actor_ref(top))) {
        while (path.depth > 0)
            rc = step(&path, &reason);
    } else {
        rc = stop_one(top, &reason);
        actor_unref(top);
    }
    free(path.levels);
    reason_deinit(&reason);
    return rc;
}

void registry_unref(struct registry *registry)
{
    if (registry)
        actor_unref(&registry->actor);
}
