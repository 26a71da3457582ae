/*
 * What supervisor.c (the callbacks) and supervisor_client.c (the calls) share:
 * the state, and the arguments of the calls.
 */
#ifndef KVFS_ACTOR_SUPERVISOR_INTERNAL_H
#define KVFS_ACTOR_SUPERVISOR_INTERNAL_H

#include "actor/supervisor.h"

/* One child, running or not. The supervisor's reference on its actor goes with the run. */
struct supervised {
    struct cds_list_head in_children;
    struct cds_list_head in_retries; /* empty: its start isn't to be tried again */
    struct monitor monitor;          /* active while it runs */
    struct actor *actor;             /* NULL: it doesn't run */
    struct child_spec spec;
    char *id;
    uint64_t starts;
};

struct supervisor {
    struct actor actor;
    char *name;
    enum supervisor_strategy strategy;
    struct restart_intensity intensity;
    struct restart_ring restarts; /* the rest under the run lock */
    int64_t *restart_times;
    struct cds_list_head children; /* in the order of their start */
    struct cds_list_head retries;  /* whose restart failed, in the order of their next attempt */
    struct message retry;          /* to oneself: the next attempt is due */
    bool retry_posted;
    const struct actor *parent; /* only compared: its EXIT is the end */
    bool started;               /* all children were, in init */
    struct reason start_reason; /* if not */
};

enum supervisor_tag {
    SUPERVISOR_START_CHILD,
    SUPERVISOR_STOP_CHILD,
    SUPERVISOR_RESTART_CHILD,
    SUPERVISOR_DELETE_CHILD,
    SUPERVISOR_LIST,
};

struct supervisor_call {
    char *id;
    struct supervised *added;          /* of start_child, until it is the supervisor's */
    struct actor *child;               /* out: a reference */
    struct reason reason;              /* out */
    struct supervisor_child *snapshot; /* out: each with a copy of its id and a reference */
    size_t count;                      /* out */
};

extern const struct actor_class supervisor_class;

/* Takes the argument in any case; NULL if there is no memory. */
struct supervised *supervised_create(const struct child_spec *spec);
/* NULL is fine. */
void supervised_destroy(struct supervised *child);
struct supervised *supervisor_find(struct supervisor *supervisor, const char *id);
/*
 * Links `actor` with its parent, who has just started it. A parent that has ended meanwhile can't link any more, so it
 * ends here and now, for the same reason. 0, or -ENOMEM and they aren't linked.
 */
int supervisor_tie(struct actor *actor, struct actor *parent);

#endif
