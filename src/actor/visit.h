/*
 * Being several actors at once, for what concerns them all: the caller's
 * thread, which is nobody's, enters one after another and is each of them
 * until the visit ends. Nobody else runs a callback of theirs meanwhile, so
 * what is done is one step for everybody who asks them.
 *
 * Not a way to wait for several: who enters knows the order. An actor that
 * calls another must be entered before that one; of two that don't call each
 * other either may be first, but only for one visitor at a time (a lock of the
 * visitors' own says so). Whoever else is inside two actors called the second
 * from the first, so no circle can come about.
 *
 * Works as well with the direct call switched off: then the actors' own
 * threads wait.
 */
#ifndef KVFS_ACTOR_VISIT_H
#define KVFS_ACTOR_VISIT_H

#include "actor/actor.h"

#include <stddef.h>

#define ACTOR_VISIT_MAX 4

struct queued_call;

/* A callback in progress on this thread, or an actor that it visits. The actor room's own. */
struct frame {
    struct actor *actor;
    struct frame *outer;
    int saved_errno;
    bool begins_turn; /* whoever is further out doesn't wait for this one in particular */
    struct queued_call *running; /* guarded by the actor's lock: the queued call that is being run */
    struct queued_call *waiting; /* guarded by the actor's lock: the one that the callback waits for */
};

/* On the visitor's stack. */
struct actor_visit {
    struct frame frames[ACTOR_VISIT_MAX];
    size_t count;
    int64_t deadline_ns;
};

/* [any thread] Nobody is entered yet; all of it may wait so long. */
void actor_visit_begin(struct actor_visit *visit, int timeout_ms);

/*
 * [any thread] [may block] Becomes this prompt actor too, once it has run the mail that was there before. The caller has
 * a reference on it until the visit has ended. 0; ACTOR_E_TIMEOUT; ACTOR_E_DEADLOCK inside a callback, or if it is one
 * of the entered; or what it ended with, also if its stop is what comes next in its mail: that is for its own thread.
 * If it isn't 0 the visit is as before.
 */
int actor_visit_enter(struct actor_visit *visit, struct actor *actor);

/*
 * [visitor] True if all of them live. Who is killed after that was killed after the visit, for everybody who asks; its
 * DOWN may have been told already.
 */
bool actor_visit_is_alive(const struct actor_visit *visit);

/* [visitor] Stops being any of them; may be repeated. Whoever was ended meanwhile is destroyed on this thread. */
void actor_visit_end(struct actor_visit *visit);

#endif
