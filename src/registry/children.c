/*
 * The server side of a set of children.
 *
 * `names` and `order` hold the same entries. Both are written only here, one
 * callback of the owner at a time; the root's `names` may be read by anybody
 * inside a read section, so an entry that was taken out is freed after the
 * last reader has left. The monitor in an entry is taken back, or its DOWN was
 * handled, before that.
 *
 * An end is settled once: by its DOWN, or earlier by whoever asks for the name
 * and finds its actor ended. The name then goes, or, if the policy says so and
 * the intensity allows it, means a new actor: a new entry takes the old one's
 * place, at the same position, and is there before the old one goes, so that a
 * reader always finds one of them. So it is when a child is renamed or moved
 * to another owner (children_prepare() and what follows it): an entry's name
 * and its owner never change.
 */
#include "registry/children.h"

#include "base/clock.h"
#include "base/log.h"
#include "registry/registry_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHILDREN_FEW 8

static uint64_t hash_name(const struct child_name *name)
{
    return table_hash_bytes(name->name, name->length);
}

static struct child_name name_of(const struct children_entry *entry)
{
    return (struct child_name){entry->name, entry->length};
}

static bool has_name(const struct children_entry *entry, const struct child_name *name)
{
    return entry->length == name->length && memcmp(entry->name, name->name, name->length) == 0;
}

static int node_matches(struct cds_lfht_node *node, const void *key)
{
    table_see(node);
    return has_name(table_entry(node, struct children_entry, node), key);
}

struct children_entry *children_find_entry(struct children *children, const struct child_name *name)
{
    struct cds_lfht_node *node = table_find(&children->names, hash_name(name), node_matches, name);

    return node ? table_entry(node, struct children_entry, node) : NULL;
}

/* ---- the set ---- */

/* The first behind `*position`, whether its actor lives or not; NULL if there is none. */
static struct children_entry *next_entry(const struct children *children, uint64_t *position, size_t *cursor)
{
    struct sequence_item *item = sequence_next(&children->order, *position, cursor, position);

    return item ? table_entry(item, struct children_entry, item) : NULL;
}

static void add_to_table(struct children *children, struct children_entry *entry)
{
    struct child_name name = name_of(entry);

    if (table_exists(&children->names))
        table_add(&children->names, hash_name(&name), &entry->node);
}

static int make_table(struct children *children)
{
    uint64_t position = 0;
    size_t cursor = 0;
    struct children_entry *entry;

    if (table_init(&children->names) < 0)
        return -ENOMEM;
    while ((entry = next_entry(children, &position, &cursor)))
        add_to_table(children, entry);
    return 0;
}

int children_init(struct children *children, struct actor *owner, const struct children_ops *ops, bool shared)
{
    *children = (struct children){.owner = owner, .ops = ops};
    sequence_init(&children->order, 1);
    return shared ? make_table(children) : 0;
}

/* [owner] The entry, whether its actor lives or not. */
static struct children_entry *find(struct children *children, const struct child_name *name)
{
    struct children_entry *entry;
    uint64_t position = 0;
    size_t cursor = 0;

    if (table_exists(&children->names)) {
        table_read_begin();
        entry = children_find_entry(children, name);
        table_read_end();
        return entry;
    }
    while ((entry = next_entry(children, &position, &cursor))) {
        if (has_name(entry, name))
            return entry;
    }
    return NULL;
}

static void release_entry(struct table_deferred *deferred)
{
    struct children_entry *entry = table_entry(deferred, struct children_entry, deferred);

    actor_unref(entry->child);
    free(entry);
}

/* Out of the table; freed when no reader sees it. */
static void let_go(struct children *children, struct children_entry *entry)
{
    if (!table_exists(&children->names)) {
        release_entry(&entry->deferred);
        return;
    }
    table_remove(&children->names, &entry->node);
    table_defer(&entry->deferred, release_entry);
}

static void remove_entry(struct children *children, struct children_entry *entry)
{
    sequence_remove(&children->order, &entry->item);
    let_go(children, entry);
    children->ops->changed(children->owner);
}

static struct children_entry *entry_create(const struct child_name *name)
{
    struct children_entry *entry;

    assert(name->length <= CHILD_NAME_MAX);
    entry = calloc(1, sizeof(*entry) + name->length);
    if (!entry)
        return NULL;
    entry->length = name->length & CHILD_NAME_MAX;
    memcpy(entry->name, name->name, name->length);
    return entry;
}

void children_clear(struct children *children)
{
    struct children_entry *entry;
    uint64_t position = 0;
    size_t cursor = 0;

    while ((entry = next_entry(children, &position, &cursor))) {
        sequence_remove(&children->order, &entry->item);
        let_go(children, entry);
    }
}

void children_deinit(struct children *children)
{
    table_deinit(&children->names);
}

/* ---- ends and new beginnings ---- */

/* An entry of that name, with the policy and the past of another. */
static struct children_entry *entry_inherit(const struct child_name *name, const struct children_entry *old)
{
    struct children_entry *entry = entry_create(name);

    if (!entry)
        return NULL;
    entry->item.position = old->item.position;
    entry->window = old->window;
    atomic_init(&entry->policy, atomic_load(&((struct children_entry *)old)->policy));
    entry->restarts = old->restarts;
    return entry;
}

void children_admit(struct children *children, struct children_entry *entry, const struct children_entry *instead)
{
    actor_monitor_last(children->owner, &entry->monitor, entry->child);
    add_to_table(children, entry);
    if (instead)
        sequence_replace(&children->order, &entry->item);
}

static void replace(struct children *children, struct children_entry *old, struct children_entry *entry)
{
    children_admit(children, entry, old);
    let_go(children, old);
    children->ops->changed(children->owner);
}

/* Who has taken its place, or NULL. An attempt that fails counts as one. */
static struct children_entry *start_again(struct children *children, struct children_entry *old)
{
    struct child_name name = name_of(old);
    struct children_entry *entry = entry_inherit(&name, old);

    if (!entry)
        return NULL;
    /* Whoever ended it may still be telling: this helps, so that nobody sees the new one before the DOWN of the old. */
    (void)actor_kill(old->child);
    while (restart_count(&entry->window, &RESTART_INTENSITY_DEFAULT, clock_monotonic_ns())) {
        entry->restarts++;
        if (children->ops->start(children->owner, &name, NULL, old->child, &entry->child) != 0)
            continue;
        replace(children, old, entry);
        return entry;
    }
    log_error("%.*s was restarted too often and is given up", (int)name.length, name.name);
    free(entry);
    return NULL;
}

/* [owner] Its actor has ended, and its monitor is over. Who has taken its place, or NULL: the name has gone. */
static struct children_entry *settle(struct children *children, struct children_entry *entry)
{
    const struct reason *reason = actor_reason(entry->child);
    bool wanted = reason && restart_is_wanted(atomic_load(&entry->policy), reason);
    struct children_entry *next = NULL;

    if (!children->closing && actor_alive(children->owner) && wanted)
        next = start_again(children, entry);
    if (!next)
        remove_entry(children, entry);
    return next;
}

/*
 * The entry, or who has taken its place, if its actor lives; one whose DOWN isn't here yet is settled first. One that is
 * still ending gives its name up, unless it may be wanted again: only its reason says that, so its end is waited for.
 */
static struct children_entry *living(struct children *children, struct children_entry *entry)
{
    while (entry && !actor_alive(entry->child)) {
        if (atomic_load(&entry->policy) != RESTART_TEMPORARY && !actor_reason(entry->child))
            (void)actor_stop(entry->child, REASON(NORMAL), ACTOR_FOREVER);
        actor_demonitor(&entry->monitor);
        entry = settle(children, entry);
    }
    return entry;
}

struct children_entry *children_find_living(struct children *children, const struct child_name *name)
{
    return living(children, find(children, name));
}

struct actor *children_find(struct children *children, const struct child_name *name)
{
    struct children_entry *entry = children_find_living(children, name);

    return entry ? entry->child : NULL;
}

void children_on_down(struct children *children, struct message *message)
{
    (void)settle(children, table_entry(monitor_of_down(message), struct children_entry, monitor));
}

/* ---- the calls ---- */

static int on_find(struct children *children, struct children_call *call)
{
    struct actor *child = children_find(children, &call->name);

    if (!child)
        return REGISTRY_E_NOT_FOUND;
    call->child = actor_ref(child);
    return 0;
}

/* [owner] A table is made with the first child that makes them many. */
static int insert(struct children *children, struct children_entry *entry)
{
    if (!table_exists(&children->names) && children->order.count >= CHILDREN_FEW && make_table(children) < 0)
        return -ENOMEM;
    return sequence_add(&children->order, &entry->item);
}

struct actor *children_actor_of(const struct children_entry *entry)
{
    return entry->child;
}

struct children_entry *children_prepare(struct children *children, const struct child_name *name,
                                        const struct children_entry *entry, const struct children_entry *instead)
{
    struct children_entry *next = entry_inherit(name, entry);

    if (!next)
        return NULL;
    if (instead) {
        next->item.position = instead->item.position;
    } else if (insert(children, next) < 0) {
        free(next);
        return NULL;
    }
    next->child = actor_ref(entry->child);
    return next;
}

void children_cancel(struct children *children, struct children_entry *entry, const struct children_entry *instead)
{
    if (!instead)
        sequence_remove(&children->order, &entry->item);
    actor_unref(entry->child);
    free(entry);
}

void children_forget(struct children *children, struct children_entry *entry, bool was_replaced)
{
    actor_demonitor(&entry->monitor);
    if (!was_replaced)
        sequence_remove(&children->order, &entry->item);
    let_go(children, entry);
}

static int create(struct children *children, const struct child_name *name, void *arg, struct actor **ret_child)
{
    struct children_entry *entry = entry_create(name);
    int rc = -ENOMEM;

    if (!entry)
        return rc;
    rc = insert(children, entry);
    if (rc < 0)
        goto free_entry;
    rc = children->ops->start(children->owner, name, arg, NULL, &entry->child);
    if (rc != 0)
        goto remove_from_order;

    actor_monitor_last(children->owner, &entry->monitor, entry->child);
    add_to_table(children, entry);
    children->ops->changed(children->owner);
    *ret_child = actor_ref(entry->child);
    return 0;

remove_from_order:
    sequence_remove(&children->order, &entry->item);
free_entry:
    free(entry);
    return rc == ACTOR_E_INIT ? REGISTRY_E_START : rc;
}

static int on_create(struct children *children, struct children_call *call)
{
    if (children->closing)
        return ACTOR_E_SHUTDOWN;
    if (children_find_living(children, &call->name))
        return REGISTRY_E_EXISTS;
    return create(children, &call->name, call->arg, &call->child);
}

/*
 * Should somebody else end it meanwhile, and it is started again, the new one is asked. The owner is here and needs no
 * DOWN, which would wake its thread; of one that stays, or has ended otherwise, it has one.
 */
static int on_remove(struct children *children, const struct children_call *call)
{
    struct children_entry *entry;
    int rc;

    do {
        entry = children_find_living(children, &call->name);
        if (!entry)
            return REGISTRY_E_NOT_FOUND;
        actor_demonitor(&entry->monitor);
        rc = children->ops->stop_if_empty(entry->child);
        if (rc != 0)
            actor_monitor_last(children->owner, &entry->monitor, entry->child);
    } while (rc != 0 && !actor_alive(entry->child) && actor_alive(children->owner));
    if (rc != 0)
        return rc;
    remove_entry(children, entry);
    return 0;
}

/* The first living one behind `*position`. */
static const struct children_entry *next_living(struct children *children, uint64_t *position, size_t *cursor)
{
    struct children_entry *entry;

    while ((entry = next_entry(children, position, cursor))) {
        if ((entry = living(children, entry)))
            return entry;
    }
    return NULL;
}

static int on_list(struct children *children, const struct children_call *call)
{
    uint64_t position = call->position;
    const struct children_entry *entry;
    size_t cursor = 0;

    while ((entry = next_living(children, &position, &cursor))) {
        struct child_name name = name_of(entry);

        if (!call->visit(call->context, position, &name, entry->child))
            break;
    }
    return 0;
}

static struct child_status status_of(const struct children_entry *entry)
{
    return (struct child_status){
        .policy = atomic_load(&((struct children_entry *)entry)->policy), .restarts = entry->restarts};
}

static int on_next(struct children *children, struct children_call *call)
{
    size_t cursor = 0;
    const struct children_entry *entry = next_living(children, &call->position, &cursor);

    call->child = entry ? actor_ref(entry->child) : NULL;
    if (entry)
        call->status = status_of(entry);
    return 0;
}

/*
 * From here on nobody is started: whoever asked is about to end the owner, and all below it first. The first behind the
 * position that hasn't ended: one that is still ending has to be waited for.
 */
static int on_close(struct children *children, struct children_call *call)
{
    const struct children_entry *entry;
    size_t cursor = 0;

    children->closing = true;
    entry = next_entry(children, &call->position, &cursor);
    call->child = entry ? actor_ref(entry->child) : NULL;
    return 0;
}

static struct children_entry *find_this(struct children *children, const struct children_call *call)
{
    struct children_entry *entry = find(children, &call->name);

    return entry && entry->child == call->child ? entry : NULL;
}

static int on_set_policy(struct children *children, const struct children_call *call)
{
    struct children_entry *entry = find_this(children, call);

    /* Of one that has ended it has been said already whether its name stays. */
    if (!entry || !actor_alive(entry->child))
        return REGISTRY_E_NOT_FOUND;
    atomic_store(&entry->policy, (uint8_t)call->status.policy);
    return 0;
}

static int on_get_status(struct children *children, struct children_call *call)
{
    const struct children_entry *entry = find_this(children, call);

    if (!entry)
        return REGISTRY_E_NOT_FOUND;
    call->status = status_of(entry);
    return 0;
}

int children_on_call(struct children *children, unsigned tag, void *arg)
{
    struct children_call *call = arg;

    switch ((enum children_tag)tag) {
    case CHILDREN_FIND:
        return on_find(children, call);
    case CHILDREN_CREATE:
        return on_create(children, call);
    case CHILDREN_REMOVE:
        return on_remove(children, call);
    case CHILDREN_LIST:
        return on_list(children, call);
    case CHILDREN_NEXT:
        return on_next(children, call);
    case CHILDREN_SET_POLICY:
        return on_set_policy(children, call);
    case CHILDREN_GET_STATUS:
        return on_get_status(children, call);
    case CHILDREN_CLOSE:
        return on_close(children, call);
    }
    return -EINVAL;
}

void children_stop_all(struct children *children, const struct reason *reason)
{
    struct children_call call = {.position = 0};

    while (on_close(children, &call) == 0 && call.child) {
        (void)registry_stop_tree(call.child, reason_copy(reason));
        actor_unref(call.child);
    }
}
