/*
 * Which actor a name means, and that a name goes when its actor does. The
 * registry of the guide: it starts an actor for each new name, supervises it,
 * and forgets the name on its DOWN, unless its policy has it started again.
 *
 * The root is one, and so are the children of every bucket (children.h): what
 * takes a `struct actor *` here is asked of either. Knows no buckets: it is
 * given the function that starts one. Names are heap strings that go with
 * their entry; nothing is interned.
 */
#ifndef KVFS_REGISTRY_REGISTRY_H
#define KVFS_REGISTRY_REGISTRY_H

#include "actor/actor.h"
#include "actor/restart.h"

#include <stddef.h>
#include <stdint.h>

enum registry_condition {
    REGISTRY_E_NOT_FOUND = 64,
    REGISTRY_E_EXISTS,
    REGISTRY_E_START, /* the actor's init failed */
};

struct children_ops;
struct registry;

#define CHILD_NAME_MAX ((1 << 24) - 1)

/* A name: at most CHILD_NAME_MAX bytes, not terminated, borrowed. */
struct child_name {
    const char *name;
    size_t length;
};

/* What a supervisor knows of a child besides its name. */
struct child_status {
    enum restart_policy policy;
    uint32_t restarts;
};

/* [owner] One entry of a listing, all borrowed. False to stop before it. */
typedef bool registry_visit(void *context, uint64_t position, const struct child_name *name, struct actor *child);

/* [any thread] Starts the root registry. 0, or a negative errno. `context` is for the ops: registry_context(). */
int registry_start(struct runtime *runtime, const struct children_ops *ops, void *context,
                   struct registry **ret_registry);
/* The actor behind it, borrowed: to ask it, to stop it, to monitor it. */
struct actor *registry_actor(struct registry *registry);
/* What registry_start() was given by whoever started the actor. */
void *registry_context(struct actor *actor);
/* True if the actor is a root registry. */
bool registry_is(const struct actor *actor);

/*
 * [any thread] [may block: only if an actor that is to be started again has just ended] What the name means, with a
 * reference. Reads the concurrent table and doesn't wait for the registry, but for one that it will start again: so
 * REGISTRY_E_NOT_FOUND is true until somebody creates the name.
 */
int registry_lookup(struct registry *registry, const struct child_name *name, struct actor **ret_child);

/* [any thread] [may block] What the name means, with a reference, asked of any registry. REGISTRY_E_NOT_FOUND. */
int registry_find(struct actor *registry, const struct child_name *name, struct actor **ret_child);
/*
 * [any thread] [may block] Starts an actor for a name that has none. 0 and a reference; REGISTRY_E_EXISTS if the name is
 * taken, REGISTRY_E_START, an ACTOR_E_*, a negative errno, or what whoever starts it answers. A name is free as soon as its actor has ended, if it isn't
 * to be started again.
 */
int registry_create(struct actor *registry, const struct child_name *name, void *arg, struct actor **ret_child);
/* [any thread] [never blocks] The same as a cast to the root: nobody learns how it went; a taken name is left alone. */
int registry_create_cast(struct registry *registry, const struct child_name *name);
/*
 * [any thread] [may block] Ends the name's actor for good if it holds nothing, whatever its policy; the name is free. 0,
 * REGISTRY_E_NOT_FOUND, or what the actor refused with.
 */
int registry_remove(struct actor *registry, const struct child_name *name);

/* [any thread] [may block] Visits every entry behind `position` (0 for all), in the order in which they came. */
int registry_list(struct actor *registry, uint64_t position, registry_visit *visit, void *context);
/* [any thread] [may block] The first entry behind `*position`, which is moved on; a reference, NULL behind the last. */
int registry_next(struct actor *registry, uint64_t *position, struct actor **ret_child,
                  struct child_status *ret_status);
/* [any thread] [may block] Of the living `child` of that name: REGISTRY_E_NOT_FOUND if the name means another. */
int registry_set_policy(struct actor *registry, const struct child_name *name, const struct actor *child,
                        enum restart_policy policy);
int registry_get_status(struct actor *registry, const struct child_name *name, const struct actor *child,
                        struct child_status *ret_status);

struct registry_stats {
    uint64_t count;
    int64_t changed_ns; /* wall time of the last change of the names; strictly grows */
};
/* [any thread] [may block] Of the root. */
int registry_get_stats(struct registry *registry, struct registry_stats *ret_stats);

/*
 * [any thread, no actor above it] [may block] Ends an actor and all that is below it, each leaf before what it hangs
 * from, by iteration. Takes `reason`. What actor_stop() answers. One that is no registry is just stopped.
 */
int registry_stop_tree(struct actor *top, struct reason reason);

/* NULL is fine. The root goes with its last reference. */
void registry_unref(struct registry *registry);

#endif
