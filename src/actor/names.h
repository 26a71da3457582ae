/*
 * Names for actors: what a name means, and that it means nothing any more when
 * its actor ends. Looking a name up waits for nobody; registering one is a
 * call to a small actor, which monitors everybody who has a name.
 *
 * It starts nobody again, that is a supervisor's work, and ends nobody: when
 * it stops, those who had names live on without. Nothing is interned: a name
 * is a heap string that goes with its entry.
 *
 * Source: Erlang/OTP's erlang:register/2, and the `name` of Elixir's
 * GenServer.start_link/3.
 */
#ifndef KVFS_ACTOR_NAMES_H
#define KVFS_ACTOR_NAMES_H

#include "actor/actor.h"

enum names_condition {
    NAMES_E_TAKEN = 40, /* somebody has the name */
    NAMES_E_UNKNOWN,    /* nobody has */
    NAMES_E_ENDED,      /* who was to get it has ended */
};

struct names;

/* [any thread] 0, or -ENOMEM. */
int names_start(struct runtime *runtime, struct names **ret_names);
/* [any thread] [may block] From then on nobody has a name, and none can be given: ACTOR_E_NOPROC. */
void names_stop(struct names *names);
/* NULL is fine. */
void names_unref(struct names *names);
/* The actor behind it, borrowed: to monitor it, to link it. */
struct actor *names_actor(struct names *names);

/*
 * [any thread, not in the actor's init] [may block] Gives an actor a name, which is copied; it may have several. It goes
 * when the actor has ended, and may be given again at once. 0, NAMES_E_TAKEN, NAMES_E_ENDED, an ACTOR_E_*, or -ENOMEM.
 */
int names_register(struct names *names, const char *name, struct actor *actor);
/* [any thread] [may block] Takes a name back. 0, NAMES_E_UNKNOWN, an ACTOR_E_*, or -ENOMEM. */
int names_unregister(struct names *names, const char *name);

/*
 * [any thread] [never blocks] Who has the name, with a reference: 0, or NAMES_E_UNKNOWN. Who has ended isn't found, even
 * before its DOWN was handled.
 */
int names_whereis(struct names *names, const char *name, struct actor **ret_actor);
/* [any thread] [may block] actor_call() to whoever has the name; ACTOR_E_NOPROC if nobody has. */
int names_call(struct names *names, const char *name, unsigned tag, void *arg, int timeout_ms);

/*
 * [any thread] [may block: init] actor_start_link() under a name, which is found as soon as `init` has succeeded. Of two
 * that start at once under one name, one gets NAMES_E_TAKEN, and its `init` hasn't run. Else what actor_start_link()
 * answers, or an ACTOR_E_*; `ret_reason` holds something to let go on ACTOR_E_INIT only.
 */
int names_start_link(struct names *names, const char *name, struct actor *parent, struct actor *actor,
                     const struct actor_class *class, struct runtime *runtime, void *arg, struct reason *ret_reason);

#endif
