/*
 * Which actor a name means, and that a name goes when its actor does. The
 * registry of the guide: it starts an actor for each new name, monitors it,
 * and forgets the name on its DOWN.
 *
 * Knows no buckets: it is given the function that starts one. Names are heap
 * strings that go with their entry; nothing is interned.
 */
#ifndef KVFS_REGISTRY_REGISTRY_H
#define KVFS_REGISTRY_REGISTRY_H

#include "actor/actor.h"

#include <stddef.h>
#include <stdint.h>

enum registry_condition {
    REGISTRY_E_NOT_FOUND = 64,
    REGISTRY_E_EXISTS,
    REGISTRY_E_START, /* the actor's init failed */
};

struct registry;

/*
 * [registry] [never blocks] Starts the actor for a new name: 0, and its one reference is the registry's; a negative
 * errno, or an ACTOR_E_*, and there is none. `arg` is what registry_create() was given, NULL for a cast.
 */
typedef int registry_start_child(void *context, const char *name, size_t length, void *arg, struct actor **ret_child);

/* [registry] One entry of a listing, all borrowed. False to stop before it. */
typedef bool registry_visit(void *context, uint64_t position, const char *name, size_t length, struct actor *child);

/* [any thread] Starts a registry. 0, or a negative errno. */
int registry_start(struct runtime *runtime, registry_start_child *start_child, void *context,
                   struct registry **ret_registry);
/* The actor behind it, borrowed: to stop it, to monitor it. */
struct actor *registry_actor(struct registry *registry);

/*
 * [any thread] [never blocks] What the name means, with a reference. Reads the concurrent table and doesn't wait for
 * the registry; an actor that has ended is REGISTRY_E_NOT_FOUND even before its DOWN was handled.
 */
int registry_lookup(struct registry *registry, const char *name, size_t length, struct actor **ret_child);

/*
 * [any thread] [may block] Starts an actor for a name that has none. 0 and a reference; REGISTRY_E_EXISTS if the name is
 * taken, REGISTRY_E_START, an ACTOR_E_*, or a negative errno. A name is free as soon as its actor has ended.
 */
int registry_create(struct registry *registry, const char *name, size_t length, void *arg, struct actor **ret_child);
/* [any thread] [never blocks] The same as a cast: nobody learns how it went; a name already taken is left alone. */
int registry_create_cast(struct registry *registry, const char *name, size_t length);

/* [any thread] [may block] Visits every entry behind `position` (0 for all), in the order in which they came. */
int registry_list(struct registry *registry, uint64_t position, registry_visit *visit, void *context);

struct registry_stats {
    uint64_t count;
    int64_t changed_ns; /* wall time of the last change of the names; strictly grows */
};
/* [any thread] [may block] */
int registry_get_stats(struct registry *registry, struct registry_stats *ret_stats);

/*
 * [any thread] [may block] Stops every child with `reason`, then the registry itself, each with its DOWN. Takes `reason`.
 * From then on it answers as one that has ended; it goes with its last reference.
 */
void registry_stop(struct registry *registry, struct reason reason);
/* NULL is fine. */
void registry_unref(struct registry *registry);

#endif
