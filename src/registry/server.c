/*
 * The registry's callbacks.
 *
 * `names` and `order` hold the same entries. Both are written only here, one
 * callback at a time; `names` may be read by anybody inside a read section,
 * so an entry that was taken out is freed after the last reader has left.
 * The monitor in an entry is taken back, or its DOWN was handled, before that.
 */
#include "base/clock.h"
#include "registry/registry_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct registry *registry_of(struct actor *actor)
{
    return message_container(actor, struct registry, actor);
}

static uint64_t hash_name(const struct registry_name *name)
{
    return table_hash_bytes(name->name, name->length);
}

static int name_matches(struct cds_lfht_node *node, const void *key)
{
    const struct registry_entry *entry = table_entry(node, struct registry_entry, node);
    const struct registry_name *name = key;

    table_see(node);
    return entry->length == name->length && memcmp(entry->name, name->name, name->length) == 0;
}

struct registry_entry *registry_find(struct registry *registry, const struct registry_name *name)
{
    struct cds_lfht_node *node = table_find(&registry->names, hash_name(name), name_matches, name);

    return node ? table_entry(node, struct registry_entry, node) : NULL;
}

static void note_change(struct registry *registry)
{
    int64_t now = clock_wall_ns();

    registry->changed_ns = now > registry->changed_ns ? now : registry->changed_ns + 1;
}

static void release_entry(struct table_deferred *deferred)
{
    struct registry_entry *entry = table_entry(deferred, struct registry_entry, deferred);

    actor_unref(entry->child);
    free(entry);
}

static void remove_entry(struct registry *registry, struct registry_entry *entry)
{
    table_remove(&registry->names, &entry->node);
    sequence_remove(&registry->order, entry->position);
    note_change(registry);
    table_defer(&entry->deferred, release_entry);
}

static struct registry_entry *entry_create(const struct registry_name *name)
{
    struct registry_entry *entry = calloc(1, sizeof(*entry) + name->length);

    if (!entry)
        return NULL;
    entry->length = name->length;
    memcpy(entry->name, name->name, name->length);
    return entry;
}

static struct registry_entry *find_alone(struct registry *registry, const struct registry_name *name)
{
    struct registry_entry *entry;

    table_read_begin();
    entry = registry_find(registry, name);
    table_read_end();
    return entry;
}

/* An entry whose actor has ended but whose DOWN isn't here yet (it is being told) gives its name up. */
static bool name_is_taken(struct registry *registry, const struct registry_name *name)
{
    struct registry_entry *entry = find_alone(registry, name);

    if (!entry)
        return false;
    if (actor_alive(entry->child))
        return true;
    actor_demonitor(&entry->monitor);
    remove_entry(registry, entry);
    return false;
}

static int create(struct registry *registry, const struct registry_name *name, void *arg, struct actor **ret_child)
{
    struct registry_entry *entry;
    int rc;

    if (name_is_taken(registry, name))
        return REGISTRY_E_EXISTS;

    entry = entry_create(name);
    if (!entry)
        return -ENOMEM;
    rc = sequence_add(&registry->order, entry, &entry->position);
    if (rc < 0)
        goto free_entry;
    rc = registry->start_child(registry->context, name->name, name->length, arg, &entry->child);
    if (rc != 0)
        goto remove_from_order;

    actor_monitor(&registry->actor, &entry->monitor, entry->child);
    table_add(&registry->names, hash_name(name), &entry->node);
    note_change(registry);
    *ret_child = entry->child;
    return 0;

remove_from_order:
    sequence_remove(&registry->order, entry->position);
free_entry:
    free(entry);
    return rc == ACTOR_E_INIT ? REGISTRY_E_START : rc;
}

static int on_create(struct registry *registry, struct registry_create_call *call)
{
    struct actor *child;
    int rc = create(registry, &call->name, call->arg, &child);

    if (rc == 0)
        call->child = actor_ref(child);
    return rc;
}

static int on_list(struct registry *registry, const struct registry_list_call *call)
{
    uint64_t position = call->position;
    const struct registry_entry *entry;
    size_t cursor = 0;

    while ((entry = sequence_next(&registry->order, position, &cursor, &position))) {
        if (!actor_alive(entry->child))
            continue;
        if (!call->visit(call->context, position, entry->name, entry->length, entry->child))
            break;
    }
    return 0;
}

static int on_stats(const struct registry *registry, struct registry_stats *stats)
{
    *stats = (struct registry_stats){.count = registry->order.count, .changed_ns = registry->changed_ns};
    return 0;
}

static int registry_on_call(struct actor *self, unsigned tag, void *arg)
{
    struct registry *registry = registry_of(self);

    switch ((enum registry_tag)tag) {
    case REGISTRY_CREATE:
        return on_create(registry, arg);
    case REGISTRY_LIST:
        return on_list(registry, arg);
    case REGISTRY_STATS:
        return on_stats(registry, arg);
    }
    return -EINVAL;
}

static void registry_on_cast(struct actor *self, struct message *message)
{
    const struct registry_create_cast *cast = message_container(message, struct registry_create_cast, message);
    struct registry_name name = {cast->name, cast->length};
    struct actor *child;

    (void)create(registry_of(self), &name, NULL, &child);
}

static bool registry_on_info(struct actor *self, struct message *message)
{
    if (message->kind != MESSAGE_DOWN)
        return false;
    remove_entry(registry_of(self),
                 table_entry(monitor_of_down(message), struct registry_entry, monitor));
    return true;
}

static int registry_init(struct actor *self, void *arg, struct reason *ret_reason)
{
    struct registry *registry = registry_of(self);
    const struct registry_start_arg *start = arg;

    if (table_init(&registry->names) < 0) {
        *ret_reason = reason_error("no memory for a registry's table");
        return -ENOMEM;
    }
    sequence_init(&registry->order, 1);
    registry->start_child = start->start_child;
    registry->context = start->context;
    note_change(registry);
    return 0;
}

/* Nothing is started any more, so none is missed; their DOWNs come too late to be handled. */
static void registry_terminate(struct actor *self, const struct reason *reason)
{
    struct registry *registry = registry_of(self);
    const struct registry_entry *entry;
    uint64_t position = 0;
    size_t cursor = 0;

    while ((entry = sequence_next(&registry->order, position, &cursor, &position)))
        (void)actor_stop(entry->child, reason_copy(reason), ACTOR_FOREVER);
}

static void registry_destroy(struct actor *self)
{
    struct registry *registry = registry_of(self);
    struct registry_entry *entry;
    uint64_t position = 0;
    size_t cursor = 0;

    while ((entry = sequence_next(&registry->order, position, &cursor, &position)))
        remove_entry(registry, entry);
    sequence_deinit(&registry->order);
}

/* The table stays, empty, for as long as somebody may look a name up. */
static void registry_free(struct actor *self)
{
    struct registry *registry = registry_of(self);

    table_deinit(&registry->names);
    free(registry);
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
