/*
 * What the files of this room know of each other, and nobody else does.
 * actor.c says how a life ends; call.c how mail is sent; run.c who may run a
 * callback, and visit.c who may be several at once; monitor.c who is told and
 * link.c who goes along; thread.c the thread of one's own.
 */
#ifndef KVFS_ACTOR_ACTOR_INTERNAL_H
#define KVFS_ACTOR_ACTOR_INTERNAL_H

#include "actor/actor.h"
#include "actor/visit.h"
#include "base/refcount.h"

#include <assert.h>

/* What whoever runs the actor, or lets it go, must look at. */
enum {
    ATTENTION_MAIL = 1,  /* the mailbox isn't empty */
    ATTENTION_EXIT = 2,  /* a callback asked for the end: for the actor's own thread */
    ATTENTION_ENDED = 4, /* ended, and everybody was told: `destroy` may run */
    ATTENTION_LABEL = 8, /* its own thread shall be called otherwise */
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

/* Becomes the actor, if nobody else is it. */
bool run_try_enter(struct actor *actor, struct frame *frame);
/* Becomes the actor. False when `deadline_ns` passed first. */
bool run_enter(struct actor *actor, struct frame *frame, int64_t deadline_ns);
/* Stops being it. */
void run_exit(struct frame *frame);
/* Stops being it, and lets it be destroyed if it has ended. */
void run_leave(struct frame *frame);
/* [run lock] So many more are handled. Others only read the counter. */
static inline void run_count(_Atomic uint64_t *handled, uint32_t count)
{
    atomic_store_explicit(handled, atomic_load_explicit(handled, memory_order_relaxed) + count, memory_order_relaxed);
}
/*
 * [run lock] Runs the mail that is there now, each message counted in `handled`. How much it was if it was casts only,
 * whose senders don't wait; else 0.
 */
uint32_t run_mail(struct actor *actor, _Atomic uint64_t *handled);
/* [run lock] The same up to a stop, which stays. 0, or the condition that this one's reason is. */
int run_mail_before_stop(struct actor *actor, _Atomic uint64_t *handled);
/*
 * True if the actor that this frame was entered from was killed, maybe while it waited for the run lock. Asked after
 * run_mail(), so that nothing it sent is handled after its DOWN.
 */
bool run_sender_is_dead(const struct frame *frame);
/* True if this thread is inside a callback of `actor`, however deep. */
bool run_is_inside(const struct actor *actor);
/* True if one of the callbacks that this thread is in, since its turn began, has promised to return promptly. */
bool run_is_prompt(void);
/* The innermost callback of this thread; NULL for none. */
struct frame *run_frame(void);
/* [actor's lock] The frame's calls have changed: others find it through the actor while it has any. */
void run_show_frame(struct frame *frame);

/* actor.c */

/* [run lock] `terminate`, then the end. Takes `reason`; does nothing if it was killed meanwhile. */
void actor_end(struct actor *actor, struct reason reason);
/* [no lock] Ends it at once, for `reason`, which it takes, and whoever shares its fate. False if it had ended. */
bool actor_end_at_once(struct actor *actor, struct reason reason);
/* [no lock] Ends whom others' ends have doomed, and whom that dooms. */
void actor_end_doomed(struct cds_list_head *doomed);
/* [no lock] It has ended: everybody has been told on return, whoever ended it. */
void actor_help_telling(struct actor *actor);
/* Runs `destroy` if the actor has ended and nobody runs a callback of it. */
void actor_reap(struct actor *actor);
/* True if this thread runs a callback of an actor that was killed: what it sends is dropped. */
bool actor_self_is_dead(void);

/* call.c */

/* [actor's lock] Puts a message into its mailbox and sees to it that it is run. What mailbox_push() answers. */
int actor_post(struct actor *actor, struct message *message);
/* [no lock] The same for whoever runs this thread; MAILBOX_E_CLOSED also if that is an actor that was killed. */
int actor_push(struct actor *actor, struct message *message);
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

/* monitor.c: what stands in a watcher's list and in a target's, monitors and halves of links alike. */

/* What a monitor that is over had; its memory may be gone already. */
struct monitor_rest {
    struct actor *target; /* a reference; NULL: it had nothing */
    struct monitor *half; /* the half of a link that is over; NULL: none */
};

void monitor_init(struct monitor *monitor, enum monitor_kind kind, struct actor *watcher, struct actor *target);
/* [both locks] Into both lists, with a reference on its target. */
void monitor_enlist(struct monitor *monitor);
/* [both locks] Out of the lists, or out of the watcher's mailbox: no message of it will be seen. */
struct monitor_rest monitor_take_back(struct monitor *monitor);
/* [watcher's lock] Its message is being handled or discarded. */
struct monitor_rest monitor_close(struct monitor *monitor);
/* [no lock] */
void monitor_let_go(struct monitor_rest rest);
/*
 * [watcher's lock] Its target has ended: posts the DOWN or the EXIT, or dooms the watcher, which goes into `doomed` with
 * a reference of its own, or nobody is told.
 */
struct monitor_rest monitor_deliver(struct monitor *monitor, struct cds_list_head *doomed);
/* [no lock] The actor has ended: each who watches it is told, or doomed. */
void monitor_tell_all(struct actor *target, struct cds_list_head *doomed);
/* [no lock] The actor has ended: it watches nobody any more. */
void monitor_cancel_all(struct actor *watcher);
static inline bool monitor_sends(const struct message *message)
{
    return message->kind == MESSAGE_DOWN || (message->kind == MESSAGE_EXIT && !message->release);
}

/* link.c */

/* Half of a link is over. */
void link_half_done(struct monitor *half);

/* thread.c */

/* [actor's lock] Wakes the actor's own thread, or sees to it that it gets one. */
void thread_wake(struct actor *actor);
/* [actor's lock] The number of its thread, 0 for none. */
pid_t thread_number_of(struct actor *actor);
/* A new actor: it gets a thread when it is old enough. */
void thread_note_young(struct actor *actor);
/* One turn on the actor's own thread, or on the reserve. What run_mail() answers. */
uint32_t thread_work(struct actor *actor);

/* True if this thread is the reserve and stands in for an actor. */
bool thread_is_reserve(void);
/*
 * [such a thread, no lock] It waits for `actor`: sees to the one that wants a thread, if that, or whom it waits for in
 * the end, is what holds it up. False if not, or if too many are being helped.
 */
bool thread_help(struct actor *actor);

/* runtime.c or thread.c: the reserve thread. */
void *thread_reserve_main(void *runtime);
/* [no actor alive] Ends the threads in the cache; waits for all until `deadline_ns`. True if all have ended. */
bool thread_end_all(struct runtime *runtime, int64_t deadline_ns);

#endif
