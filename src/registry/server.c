/*
 * The root registry's callbacks: a set of children, and when it changed.
 */
#include "base/clock.h"
#include "registry/registry_internal.h"

#include <errno.h>
#include <stdlib.h>

static struct registry *registry_of(struct actor *actor)
{
    return message_container(actor, struct registry, actor);
}

void *registry_context(struct actor *actor)
{
    return registry_of(actor)->context;
}

struct children *registry_children(struct actor *registry)
{
    return &registry_of(registry)->children;
}

bool registry_is(const struct actor *actor)
{
    return actor->class == &registry_class;
}

void registry_note_change(struct actor *self)
{
    struct registry *registry = registry_of(self);
    int64_t now = clock_wall_ns();

    registry->changed_ns = now > registry->changed_ns ? now : registry->changed_ns + 1;
}

static int registry_on_call(struct actor *self, unsigned tag, void *arg)
{
    struct registry *registry = registry_of(self);
    struct registry_stats *stats = arg;

    if (tag != REGISTRY_STATS)
        return children_on_call(&registry->children, tag, arg);
    *stats = (struct registry_stats){.count = registry->children.order.count, .changed_ns = registry->changed_ns};
    return 0;
}

static void registry_on_cast(struct actor *self, struct message *message)
{
    const struct registry_create_cast *cast = message_container(message, struct registry_create_cast, message);
    struct children_call call = {.name = {cast->name, cast->length}};

    if (children_on_call(&registry_of(self)->children, CHILDREN_CREATE, &call) == 0)
        actor_unref(call.child);
}

static bool registry_on_info(struct actor *self, struct message *message)
{
    if (message->kind != MESSAGE_DOWN)
        return false;
    children_on_down(&registry_of(self)->children, message);
    return true;
}

static int registry_init(struct actor *self, void *arg, struct reason *ret_reason)
{
    struct registry *registry = registry_of(self);
    const struct registry_start_arg *start = arg;

    if (children_init(&registry->children, self, start->ops, true) < 0) {
        *ret_reason = reason_error("no memory for a registry's table");
        return -ENOMEM;
    }
    registry->context = start->context;
    registry->changed_ns = clock_wall_ns();
    return 0;
}

static void registry_terminate(struct actor *self, const struct reason *reason)
{
    children_stop_all(&registry_of(self)->children, reason);
}

static void registry_destroy(struct actor *self)
{
    children_clear(&registry_of(self)->children);
}

/* The table stays, empty, for as long as somebody may look a name up. */
static void registry_free(struct actor *self)
{
    children_deinit(&registry_of(self)->children);
    free(registry_of(self));
}

const struct actor_class registry_class = {
    .name = "registry",
    .prompt = true,
    .init = registry_init,
    .on_call = registry_on_call,
    .on_cast = registry_on_cast,
    .on_info = registry_on_info,
    .terminate = registry_terminate,
    .destroy = registry_destroy,
    .free = registry_free,
};
