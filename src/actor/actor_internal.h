/*
 * What the files of this room know of each other, and nobody else does.
 * actor.c says how a life ends; call.c how mail is sent; run.c who may run a
 * callback; monitor.c who is told; thread.c the thread of one's own.
 */
#ifndef KVFS_ACTOR_ACTOR_INTERNAL_H
#define KVFS_ACTOR_ACTOR_INTERNAL_H

#include "actor/actor.h"

#include <assert.h>

/* What whoever runs the actor, or lets it go, must look at. */
enum {
    ATTENTION_MAIL = 1,  /* the mailbox isn't empty */
    ATTENTION_EXIT = 2,  /* a callback asked for the end: for the actor's own thread */
    ATTENTION_ENDED = 4, /* ended, and everybody was told: `destroy` may run */
};

/* A call or a stop that waits in a mailbox for its answer. Two hold it: who waits and who answers. */
struct queued_call {
    struct message message;
    struct actor *callee; /* borrowed: valid while it is queued or run */
    struct refcount refs;
    void *arg;
    void (*release_arg)(void *arg);
    struct reason reason; /* of a stop */
    struct lock lock;
    struct condition answered;
    int result;     /* guarded by lock */
    bool done;      /* guarded by lock: `result` is settled */
    bool abandoned; /* guarded by lock: settled before the answer; whoever answers lets `arg` go */
    bool killed;    /* guarded by lock: the actor that waits was killed */
};

/* run.c */

/* A callback in progress on this thread. */
struct frame {
    struct actor *actor;
    struct frame *outer;
    int saved_errno;
};

/* Becomes the actor, if nobody else is it. */
bool run_try_enter(struct actor *actor, struct frame *frame);
/* Becomes the actor. False when `deadline_ns` passed first. */
bool run_enter(struct actor *actor, struct frame *frame, int64_t deadline_ns);
/* Stops being it. */
void run_exit(struct frame *frame);
/* Stops being it, and lets it be destroyed if it has ended. */
void run_leave(struct frame *frame);
/* [run lock] One more was handled. Others only read the counter. */
static inline void run_count(_Atomic uint64_t *handled)
{
    atomic_store_explicit(handled, atomic_load_explicit(handled, memory_order_relaxed) + 1, memory_order_relaxed);
}
/* [run lock] Runs the mail that is there now, each message counted in `handled`. */
void run_mail(struct actor *actor, _Atomic uint64_t *handled);
/*
 * True if the actor that this frame was entered from was killed, maybe while it waited for the run lock. Asked after
 * run_mail(), so that nothing it sent is handled after its DOWN.
 */
bool run_sender_is_dead(const struct frame *frame);
/* True if this thread is inside a callback of `actor`, however deep. */
bool run_is_inside(const struct actor *actor);

/* actor.c */

/* [run lock] `terminate`, then the end. Takes `reason`; does nothing if it was killed meanwhile. */
void actor_end(struct actor *actor, struct reason reason);
/* Runs `destroy` if the actor has ended and nobody runs a callback of it. */
void actor_reap(struct actor *actor);
/* True if this thread runs a callback of an actor that was killed: what it sends is dropped. */
bool actor_self_is_dead(void);

/* call.c */

/* Lets an unhandled message go: answers a call, ends a stop, drops the rest. */
void message_discard(struct actor *actor, struct message *message);
/* Answers; releases the argument if nobody waits for it. Drops the answerer's hold. */
void queued_call_answer(struct queued_call *call, int result);
/* Settles the result before the callback has returned, unless it has: its reply will be dropped. Keeps the holds. */
void queued_call_abandon(struct queued_call *call, int result);
void queued_call_unref(struct queued_call *call);
static inline struct queued_call *queued_call_of(struct message *message)
{
    return message_container(message, struct queued_call, message);
}

/* monitor.c */

/* [no lock] The actor has ended: a DOWN to each who watches it. */
void monitor_tell_all(struct actor *target);
/* [no lock] The actor has ended: it watches nobody any more. */
void monitor_cancel_all(struct actor *watcher);
/* The DOWN is being handled or discarded: gives the target's reference to the caller. */
struct actor *monitor_consume(struct monitor *monitor);

/* thread.c */

/* [actor's lock] Wakes the actor's own thread; gives it one if it has none. */
void thread_wake(struct actor *actor);

#endif
