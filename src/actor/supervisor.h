/*
 * OTP's supervisor: an actor that starts children in order, monitors them,
 * starts them again when they end, and stops them in reverse order. When they
 * end too often it stops what is left and ends itself, with `shutdown`, and
 * whoever supervises it decides what is next. A supervisor that is killed
 * takes its children along.
 *
 * Not prompt: starting and stopping may wait, so it runs on its own thread,
 * and a prompt actor can't call it (ACTOR_E_DEADLOCK). Its children can, but
 * not while they are being started, nor while they are being stopped: both
 * would wait for ever if neither has a timeout. Not for many children: an id
 * is looked for in a list.
 *
 * Source: Erlang/OTP's supervisor and Supervisor Behaviour.
 */
#ifndef KVFS_ACTOR_SUPERVISOR_H
#define KVFS_ACTOR_SUPERVISOR_H

#include "actor/actor.h"
#include "actor/restart.h"

#include <stddef.h>

enum supervisor_condition {
    SUPERVISOR_E_NOT_FOUND = 48, /* no child has this id */
    SUPERVISOR_E_EXISTS,         /* one has it already, running or not */
    SUPERVISOR_E_RUNNING,        /* the child runs, or is about to be restarted */
    SUPERVISOR_E_START,          /* a child's start failed, its reason is given */
};

/* Who is restarted when one is. */
enum supervisor_strategy {
    SUPERVISOR_ONE_FOR_ONE,  /* that one */
    SUPERVISOR_ONE_FOR_ALL,  /* all */
    SUPERVISOR_REST_FOR_ONE, /* that one and those behind it */
};

#define SUPERVISOR_BRUTAL_KILL 0
#define SUPERVISOR_SHUTDOWN_MS 5000 /* what is usual; for a child that is a supervisor: ACTOR_FOREVER */

/*
 * [supervisor] [may block] Starts a child: 0, and its one reference is the supervisor's; else there is none, and a
 * reason if one is known. The supervisor links the child afterwards; one that traps exits is to be started by
 * actor_start_link() already, so that its supervisor's end ends it too.
 */
typedef int child_start(struct actor *supervisor, void *arg, struct actor **ret_child,
                        struct reason *ret_reason);

struct child_spec {
    const char *id; /* copied, and freed with the child */
    child_start *start;
    void *arg;                      /* for each start */
    void (*release_arg)(void *arg); /* [any thread] once, when it isn't needed any more. May be NULL. */
    enum restart_policy policy;
    int shutdown_ms; /* how long `shutdown` may take before it is killed; or SUPERVISOR_BRUTAL_KILL, ACTOR_FOREVER */
};

struct supervisor_options {
    enum supervisor_strategy strategy;
    struct restart_intensity intensity; /* a period of 0: RESTART_INTENSITY_DEFAULT */
};

struct supervisor;

/*
 * [any thread, not a prompt actor's] [may block] Starts a supervisor, and its children in order; returns when all have
 * started. If one can't, those before it are stopped in reverse order: SUPERVISOR_E_START, with the child's reason.
 * Two with one id: SUPERVISOR_E_EXISTS. A negative errno. An actor that starts one is its parent and linked with it.
 * Copies `name`, which names the thread, and the specs, and takes their arguments, whatever it answers. `options` may
 * be NULL: one_for_one and the default intensity.
 */
int supervisor_start(struct runtime *runtime, const char *name, const struct supervisor_options *options,
                     const struct child_spec *specs, size_t count, struct supervisor **ret_supervisor,
                     struct reason *ret_reason);
/* The actor behind it, borrowed: to be another's child, to be monitored. */
struct actor *supervisor_actor(struct supervisor *supervisor);
/* Borrowed; NULL if the actor isn't a supervisor. */
struct supervisor *supervisor_of(struct actor *actor);
/*
 * [any thread] [may block] Stops every child, the last first, then the supervisor. Takes `reason`. What actor_stop()
 * answers. It goes with its last reference.
 */
int supervisor_stop(struct supervisor *supervisor, struct reason reason, int timeout_ms);
/* NULL is fine. */
void supervisor_unref(struct supervisor *supervisor);

/*
 * [any thread, not a prompt actor's] [may block] These wait for their turn and for what they start or stop, as long as
 * it takes. 0, a SUPERVISOR_E_*, an ACTOR_E_* (then nobody knows whether it was done), or a negative errno.
 * `ret_child` gets a reference and may be NULL; `ret_reason` is given with SUPERVISOR_E_START only.
 */

/* One more child, behind the others. As supervisor_start() with the spec; a child that can't start isn't kept. */
int supervisor_start_child(struct supervisor *supervisor, const struct child_spec *spec,
                           struct actor **ret_child, struct reason *ret_reason);
/* OTP's terminate_child: it isn't restarted but kept, a temporary one forgotten. 0 also if it doesn't run. */
int supervisor_stop_child(struct supervisor *supervisor, const char *id);
/* Starts one that doesn't run. It stays as it is if it can't. */
int supervisor_restart_child(struct supervisor *supervisor, const char *id, struct actor **ret_child,
                             struct reason *ret_reason);
/* Forgets one that doesn't run. */
int supervisor_delete_child(struct supervisor *supervisor, const char *id);

struct supervisor_child {
    const char *id;
    struct actor *actor; /* NULL: it doesn't run */
    uint64_t restarts;   /* how often it was started again, by whomever */
    enum restart_policy policy;
};

/* One child, all borrowed. False to stop before the next. */
typedef bool supervisor_visit_child(void *context, const struct supervisor_child *child);
/* OTP's which_children: each as it was at one moment, in the order of their start. Visits on the caller's thread. */
int supervisor_visit(struct supervisor *supervisor, supervisor_visit_child *visit, void *context);

#endif
