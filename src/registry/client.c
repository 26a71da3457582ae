/*
 * The registry as its clients see it.
 */
#include "registry/registry_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int registry_start(struct runtime *runtime, registry_start_child *start_child, void *context,
                   struct registry **ret_registry)
{
    struct registry *registry = calloc(1, sizeof(*registry));
    struct registry_start_arg arg = {start_child, context};
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

int registry_lookup(struct registry *registry, const char *name, size_t length, struct actor **ret_child)
{
    struct registry_name key = {name, length};
    struct registry_entry *entry;
    struct actor *child = NULL;

    table_read_begin();
    entry = registry_find(registry, &key);
    if (entry && actor_alive(entry->child))
        child = actor_ref(entry->child);
    table_read_end();

    if (!child)
        return REGISTRY_E_NOT_FOUND;
    *ret_child = child;
    return 0;
}

int registry_create(struct registry *registry, const char *name, size_t length, void *arg, struct actor **ret_child)
{
    struct registry_create_call call = {.name = {name, length}, .arg = arg};
    int rc = actor_call(&registry->actor, REGISTRY_CREATE, &call, ACTOR_CALL_TIMEOUT_MS);

    if (rc == 0)
        *ret_child = call.child;
    return rc;
}

static void release_create_cast(struct message *message)
{
    free(message_container(message, struct registry_create_cast, message));
}

int registry_create_cast(struct registry *registry, const char *name, size_t length)
{
    struct registry_create_cast *cast = malloc(sizeof(*cast) + length);

    if (!cast)
        return -ENOMEM;
    message_init(&cast->message, MESSAGE_CAST, REGISTRY_CREATE, release_create_cast);
    cast->length = length;
    memcpy(cast->name, name, length);
    return actor_cast(&registry->actor, &cast->message);
}

int registry_list(struct registry *registry, uint64_t position, registry_visit *visit, void *context)
{
    struct registry_list_call call = {position, visit, context};

    return actor_call(&registry->actor, REGISTRY_LIST, &call, ACTOR_CALL_TIMEOUT_MS);
}

int registry_get_stats(struct registry *registry, struct registry_stats *ret_stats)
{
    return actor_call(&registry->actor, REGISTRY_STATS, ret_stats, ACTOR_CALL_TIMEOUT_MS);
}

void registry_stop(struct registry *registry, struct reason reason)
{
    (void)actor_stop(&registry->actor, reason, ACTOR_FOREVER);
}

void registry_unref(struct registry *registry)
{
    if (registry)
        actor_unref(&registry->actor);
}
