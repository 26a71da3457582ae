/*
 * The children of one actor: which of them a name means, and that a name goes
 * when its actor does, or stays when its policy has it started again. The root
 * registry has such a set, and so has every bucket with buckets in it.
 *
 * Server side: an actor that has one gives it those calls (CHILDREN_*) and
 * DOWNs that are its own. What clients call is in registry.h; neither knows
 * what a child is, only how one is started.
 */
#ifndef KVFS_REGISTRY_CHILDREN_H
#define KVFS_REGISTRY_CHILDREN_H

#include "actor/restart.h"
#include "base/sequence.h"
#include "base/table.h"
#include "registry/registry.h"

/* The calls that every registry understands, far from an actor's own. */
enum children_tag {
    CHILDREN_FIND = 1024,
    CHILDREN_CREATE,
    CHILDREN_REMOVE,
    CHILDREN_LIST,
    CHILDREN_NEXT,
    CHILDREN_SET_POLICY,
    CHILDREN_GET_STATUS,
    CHILDREN_CLOSE,
};

/* One shape for the calls; each uses what it needs. */
struct children_call {
    struct child_name name;
    void *arg;
    struct actor *child; /* in: borrowed; out: a reference */
    uint64_t position;
    registry_visit *visit;
    void *context;
    struct child_status status;
};

struct children_ops {
    /*
     * [owner] Starts the actor for a name, following its owner: 0 and one reference; a negative errno, an ACTOR_E_*, or
     * a condition of its own, and there is none. `arg` is what registry_create() was given. `predecessor` is the ended one whose place it takes, or NULL.
     */
    int (*start)(struct actor *owner, const struct child_name *name, void *arg, struct actor *predecessor,
                 struct actor **ret_child);
    /* [owner] Ends a child if it holds nothing: 0; else a condition, and nothing has changed. */
    int (*stop_if_empty)(struct actor *child);
    /* [owner] The names have changed. */
    void (*changed)(struct actor *owner);
};

struct children {
    struct actor *owner;
    const struct children_ops *ops;
    struct table names; /* read by anybody if `shared`, written under the owner's run lock; made once there are many */
    struct sequence order; /* the rest under the owner's run lock */
    bool closing;          /* nobody is started any more */
};

/* The owner's. A shared set has its table from the start, for registry_lookup(). 0, or -ENOMEM. */
int children_init(struct children *children, struct actor *owner, const struct children_ops *ops, bool shared);
/* [owner's destroy] Lets every child go. May be repeated, and on a zeroed one. */
void children_clear(struct children *children);
/* [owner's free] [may block] */
void children_deinit(struct children *children);

/* [owner] Each CHILDREN_* call, `arg` a struct children_call; what it answers. */
int children_on_call(struct children *children, unsigned tag, void *arg);
/* [owner] The DOWN of one of them. */
void children_on_down(struct children *children, struct message *message);
/* [owner's terminate] Stops all of them and what is below, each leaf before what it hangs from. */
void children_stop_all(struct children *children, const struct reason *reason);

/* [owner] The living one of that name, borrowed; NULL if there is none. */
struct actor *children_find(struct children *children, const struct child_name *name);

/*
 * How a child gets another name, another owner, or both, with its policy and its past: steps for whoever is inside both
 * owners, in this order. Only the first can fail; none says that the names have changed.
 */
struct children_entry;
/* [owner] The entry of the living one of that name, borrowed; NULL if there is none. */
struct children_entry *children_find_living(struct children *children, const struct child_name *name);
/* Borrowed. */
struct actor *children_actor_of(const struct children_entry *entry);
/*
 * [both owners] An entry called `name` for the child of `entry`, in the place of `instead` or, for NULL, behind all others.
 * NULL without memory.
 */
struct children_entry *children_prepare(struct children *children, const struct child_name *name,
                                        const struct children_entry *entry, const struct children_entry *instead);
/* [owner] Undoes it. */
void children_cancel(struct children *children, struct children_entry *entry, const struct children_entry *instead);
/* [owner] From now on the child is one of these, too. */
void children_admit(struct children *children, struct children_entry *entry, const struct children_entry *instead);
/* [owner] Forgets the child of an entry in whose place another was admitted; or, if none was, the entry altogether. */
void children_forget(struct children *children, struct children_entry *entry, bool was_replaced);
/* [registry] A root's. */
struct children *registry_children(struct actor *registry);

/* [registry] A root's `changed`. */
void registry_note_change(struct actor *self);

#endif
