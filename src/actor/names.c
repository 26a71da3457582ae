/*
 * The entries stand in a concurrent table. They are put into it and taken out
 * under the run lock of the names' own actor only, and may be read by anybody
 * inside a read section; so one that was taken out is freed after the last
 * reader has left. The monitor in an entry is taken back, or its DOWN was
 * handled, before that, or the names have ended.
 *
 * A name is reserved before its actor is started, by an entry without an
 * actor: nobody else gets it, and nobody finds it. What becomes of it is
 * settled by the starter, who becomes the names' actor for that: unlike a
 * call, that can't fail, not even for who was killed meanwhile.
 */
#include "actor/names.h"

#include "actor/actor_internal.h"
#include "actor/link.h"
#include "base/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct names {
    struct actor actor;
    struct table entries;
};

struct names_entry {
    struct cds_lfht_node node;
    struct table_deferred deferred;
    struct monitor monitor;
    struct actor *_Atomic actor; /* a reference; NULL: is being started; written under the run lock */
    char name[];
};

enum names_tag { NAMES_REGISTER, NAMES_UNREGISTER };

struct names_call {
    const char *name;
    struct actor *actor;       /* NULL: to reserve the name */
    struct names_entry *entry; /* out */
};

static struct names *names_of(struct actor *actor)
{
    return message_container(actor, struct names, actor);
}

/* ---- the table ---- */

static uint64_t hash_name(const char *name)
{
    return table_hash_bytes(name, strlen(name));
}

static int name_matches(struct cds_lfht_node *node, const void *key)
{
    table_see(node);
    return strcmp(table_entry(node, struct names_entry, node)->name, key) == 0;
}

/* [reader] Borrows. */
static struct names_entry *find(struct names *names, const char *name)
{
    struct cds_lfht_node *node = table_find(&names->entries, hash_name(name), name_matches, name);

    return node ? table_entry(node, struct names_entry, node) : NULL;
}

static struct names_entry *entry_create(const char *name)
{
    size_t size = strlen(name) + 1;
    struct names_entry *entry = calloc(1, sizeof(*entry) + size);

    if (entry)
        memcpy(entry->name, name, size);
    return entry;
}

static void release_entry(struct table_deferred *deferred)
{
    struct names_entry *entry = table_entry(deferred, struct names_entry, deferred);

    actor_unref(atomic_load(&entry->actor));
    free(entry);
}

static bool has_ended(struct actor *actor)
{
    return atomic_load(&actor->state) == ACTOR_ENDED;
}

/* ---- inside the names' actor ---- */

static struct names_entry *find_alone(struct names *names, const char *name)
{
    struct names_entry *entry;

    actor_assert_self(&names->actor);
    table_read_begin();
    entry = find(names, name);
    table_read_end();
    return entry;
}

static void remove_entry(struct names *names, struct names_entry *entry)
{
    actor_demonitor(&entry->monitor);
    table_remove(&names->entries, &entry->node);
    table_defer(&entry->deferred, release_entry);
}

/* Whose actor has ended but whose DOWN isn't here yet gives its name up. */
static struct names_entry *find_lasting(struct names *names, const char *name)
{
    struct names_entry *entry = find_alone(names, name);
    struct actor *actor = entry ? atomic_load(&entry->actor) : NULL;

    if (!actor || !has_ended(actor))
        return entry;
    remove_entry(names, entry);
    return NULL;
}

static void give_name(struct names *names, struct names_entry *entry, struct actor *actor)
{
    atomic_store(&entry->actor, actor_ref(actor));
    (void)actor_monitor(&names->actor, &entry->monitor, actor);
}

static int on_register(struct names *names, struct names_call *call)
{
    if (call->actor && has_ended(call->actor))
        return NAMES_E_ENDED;
    if (find_lasting(names, call->name))
        return NAMES_E_TAKEN;
    call->entry = entry_create(call->name);
    if (!call->entry)
        return -ENOMEM;
    if (call->actor)
        give_name(names, call->entry, call->actor);
    table_add(&names->entries, hash_name(call->name), &call->entry->node);
    return 0;
}

static int on_unregister(struct names *names, const struct names_call *call)
{
    struct names_entry *entry = find_lasting(names, call->name);

    if (!entry || !atomic_load(&entry->actor))
        return NAMES_E_UNKNOWN;
    remove_entry(names, entry);
    return 0;
}

static int names_on_call(struct actor *self, unsigned tag, void *arg)
{
    switch ((enum names_tag)tag) {
    case NAMES_REGISTER:
        return on_register(names_of(self), arg);
    case NAMES_UNREGISTER:
        return on_unregister(names_of(self), arg);
    }
    return -EINVAL;
}

static bool names_on_info(struct actor *self, struct message *message)
{
    if (message->kind != MESSAGE_DOWN)
        return false;
    remove_entry(names_of(self), table_entry(monitor_of_down(message), struct names_entry, monitor));
    return true;
}

static int names_init(struct actor *self, void *arg, struct reason *ret_reason)
{
    (void)arg;
    (void)ret_reason;
    return table_init(&names_of(self)->entries);
}

static void names_destroy(struct actor *self)
{
    struct names *names = names_of(self);
    struct cds_lfht_node *node;

    for (;;) {
        table_read_begin();
        node = table_first(&names->entries);
        table_read_end();
        if (!node)
            return;
        remove_entry(names, table_entry(node, struct names_entry, node));
    }
}

/* The table stays, empty, for as long as somebody may look a name up. */
static void names_free(struct actor *self)
{
    struct names *names = names_of(self);

    table_deinit(&names->entries);
    free(names);
}

static const struct actor_class names_class = {
    .name = "names",
    .prompt = true,
    .init = names_init,
    .on_call = names_on_call,
    .on_info = names_on_info,
    .destroy = names_destroy,
    .free = names_free,
};

/* ---- for everybody ---- */

int names_start(struct runtime *runtime, struct names **ret_names)
{
    struct names *names = calloc(1, sizeof(*names));
    struct reason reason;

    if (!names)
        return -ENOMEM;
    if (actor_start(&names->actor, &names_class, runtime, NULL, &reason) != 0) {
        reason_deinit(&reason);
        free(names);
        return -ENOMEM;
    }
    *ret_names = names;
    return 0;
}

void names_stop(struct names *names)
{
    if (actor_stop(&names->actor, REASON(SHUTDOWN), ACTOR_FOREVER) < 0)
        (void)actor_kill(&names->actor);
}

void names_unref(struct names *names)
{
    if (names)
        actor_unref(&names->actor);
}

struct actor *names_actor(struct names *names)
{
    return &names->actor;
}

int names_register(struct names *names, const char *name, struct actor *actor)
{
    struct names_call call = {.name = name, .actor = actor};

    assert(atomic_load(&actor->state) != ACTOR_STARTING);
    return actor_call(&names->actor, NAMES_REGISTER, &call, ACTOR_CALL_TIMEOUT_MS);
}

int names_unregister(struct names *names, const char *name)
{
    struct names_call call = {.name = name};

    return actor_call(&names->actor, NAMES_UNREGISTER, &call, ACTOR_CALL_TIMEOUT_MS);
}

int names_whereis(struct names *names, const char *name, struct actor **ret_actor)
{
    struct names_entry *entry;
    struct actor *actor;

    table_read_begin();
    entry = find(names, name);
    actor = entry ? atomic_load(&entry->actor) : NULL;
    if (actor)
        actor = has_ended(actor) ? NULL : actor_ref(actor);
    table_read_end();

    if (!actor)
        return NAMES_E_UNKNOWN;
    *ret_actor = actor;
    return 0;
}

int names_call(struct names *names, const char *name, unsigned tag, void *arg, int timeout_ms)
{
    struct actor *actor;
    int rc;

    if (names_whereis(names, name, &actor) != 0)
        return ACTOR_E_NOPROC;
    rc = actor_call(actor, tag, arg, timeout_ms);
    actor_unref(actor);
    return rc;
}

/* Its actor, or NULL: there is none. The entry is gone if the names have ended; who has started lives on without. */
static void settle(struct names *names, struct names_entry *entry, struct actor *actor)
{
    struct frame frame;

    (void)run_enter(&names->actor, &frame, LOCK_FOREVER);
    if (actor_alive(&names->actor)) {
        if (actor)
            give_name(names, entry, actor);
        else
            remove_entry(names, entry);
    }
    run_leave(&frame);
}

int names_start_link(struct names *names, const char *name, struct actor *parent, struct actor *actor,
                     const struct actor_class *class, struct runtime *runtime, void *arg, struct reason *ret_reason)
{
    struct names_call call = {.name = name};
    int rc = actor_call(&names->actor, NAMES_REGISTER, &call, ACTOR_CALL_TIMEOUT_MS);

    if (rc != 0)
        return rc;
    rc = actor_start_link(parent, actor, class, runtime, arg, ret_reason);
    settle(names, call.entry, rc == 0 ? actor : NULL);
    return rc;
}
