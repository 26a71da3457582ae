/*
 * An actor: a mailbox, private state, and callbacks of which one at a time
 * runs. It has a pthread of its own while it is awake (runtime.h says how
 * long); a call to an actor whose callbacks promise to return promptly is run
 * by the caller's thread, as if the caller had lent it.
 *
 * Knows nothing about keys or files. Links are in link.h, supervisors in
 * supervisor.h, timers in timer.h, names in names.h, being several actors at
 * once in visit.h.
 *
 * Sources: Erlang/OTP's gen_server and erlang:monitor/2 for the contract;
 * Bershad et al., Lightweight Remote Procedure Call, for the direct call.
 */
#ifndef KVFS_ACTOR_ACTOR_H
#define KVFS_ACTOR_ACTOR_H

#include "actor/mailbox.h"
#include "actor/monitor.h"
#include "actor/reason.h"
#include "actor/runtime.h"
#include "base/lock.h"

#include <assert.h>

#define ACTOR_CALL_TIMEOUT_MS 5000
#define ACTOR_FOREVER (-1)

/* What a call, a stop or a start may answer instead of the callee. */
enum actor_condition {
    ACTOR_E_TIMEOUT = 16, /* no answer in time */
    ACTOR_E_NOPROC,       /* it was already gone */
    ACTOR_E_NORMAL,       /* it ended with this reason before it answered */
    ACTOR_E_SHUTDOWN,
    ACTOR_E_KILLED, /* likewise, or the caller itself was killed */
    ACTOR_E_ERROR,
    ACTOR_E_DEADLOCK, /* a call to oneself, or round a circle */
    ACTOR_E_INIT,     /* init failed, its reason is given */
};
#define ACTOR_E_FIRST ACTOR_E_TIMEOUT
#define ACTOR_E_LAST ACTOR_E_INIT

struct actor;

/*
 * What an actor does. Every callback but `free` runs inside the actor: one at
 * a time, on whichever thread, with actor_assert_self() true.
 */
struct actor_class {
    const char *name;
    /*
     * [any thread] What to call it, cut to `size`, its end included: its thread is named so. May be NULL: the class's name.
     * If it changes, actor_relabel() says so.
     */
    void (*label)(const struct actor *self, char *buffer, size_t size);
    bool prompt; /* no callback waits for anything but a prompt actor below it */
    /* 0, or non-zero with a reason, and nothing left behind. May be NULL. */
    int (*init)(struct actor *self, void *arg, struct reason *ret_reason);
    /* The reply: 0, a positive condition of the callee's module, or a negative error. */
    int (*on_call)(struct actor *self, unsigned tag, void *arg);
    /* Borrows the message. */
    void (*on_cast)(struct actor *self, struct message *message);
    /* Borrows the message; false if it doesn't know it. For a DOWN see monitor.h, for an EXIT link.h. */
    bool (*on_info)(struct actor *self, struct message *message);
    /* Before an orderly end; not when killed. May be NULL. */
    void (*terminate)(struct actor *self, const struct reason *reason);
    /* Once, after the last callback returned: lets the private state go; what it sends is dropped. May be NULL. */
    void (*destroy)(struct actor *self);
    /* [any thread] With the last reference: lets the memory go. */
    void (*free)(struct actor *self);
};

enum actor_state { ACTOR_STARTING, ACTOR_ALIVE, ACTOR_ENDING, ACTOR_ENDED };

struct worker;
struct frame;

/* A million of them must be ordinary: what only an awake one needs is in its thread or on the stack of who runs it. */
struct actor {
    const struct actor_class *class;
    struct runtime *runtime;
    struct lock run;  /* whoever holds it is the actor; order: before any `lock`, a parent's before a child's */
    struct lock lock; /* short, never across a callback; two of them in the order of their addresses */
    struct mailbox mailbox;        /* guarded by lock */
    struct reason reason;          /* written under lock before ENDED, constant from then on */
    struct cds_list_head monitors; /* of me; guarded by lock and the watcher's */
    struct cds_list_head watching; /* mine; guarded by lock and the target's */
    union {
        struct worker *worker;      /* guarded by lock: my thread; NULL: hibernated */
        struct actor *next_wanting; /* guarded by the runtime's lock, while `wanting` */
    };
    struct frame *frame;           /* guarded by lock: the callback that runs or waits for a queued call, or NULL */
    _Atomic uint64_t handled_direct;  /* written under run */
    _Atomic uint64_t handled_by_thread; /* likewise */
    int64_t started_ns;
    _Atomic uint32_t refs;
    _Atomic uint8_t attention; /* ATTENTION_*: what whoever lets `run` go must see */
    _Atomic uint8_t state;     /* enum actor_state; written under lock */
    bool destroyed;            /* guarded by run */
    bool wanting : 1;          /* guarded by lock: waits for the reserve thread to give it one */
    bool traps : 1;            /* guarded by lock: exit signals come as messages */
};

/* What is seen from outside, for `info`. */
struct actor_stats {
    enum actor_state state;
    bool awake; /* has a thread */
    pid_t thread; /* its number; 0: none */
    uint32_t mailbox;
    uint64_t handled_direct;
    uint64_t handled_by_thread;
    int64_t alive_ns;
};

/*
 * [any thread] [may block: init] Starts an actor in the caller's memory; returns after `init` has run on the caller's
 * thread. On success the runtime holds one reference and the caller another. On ACTOR_E_INIT nothing is left behind,
 * the memory is still the caller's, and `*ret_reason` says why; so an `init` that may yet fail gives no reference on its
 * actor away.
 */
int actor_start(struct actor *actor, const struct actor_class *class, struct runtime *runtime, void *arg,
                struct reason *ret_reason);

struct actor *actor_ref(struct actor *actor);
/* NULL is fine. */
void actor_unref(struct actor *actor);

/*
 * [any thread] [may block] Asks, and waits for the reply: what on_call returned, or an ACTOR_E_*. Prompt callees only.
 * Borrows `arg` until it returns. Once the callback has begun it can't time out. -ENOMEM if it couldn't be queued; a
 * callee may answer that too.
 */
int actor_call(struct actor *actor, unsigned tag, void *arg, int timeout_ms);

/*
 * [any thread] [may block] The same to an actor that may not be prompt. When an ACTOR_E_* is returned `arg` was taken,
 * and `release(arg)` is or will be called; else it is the caller's.
 */
int actor_call_owned(struct actor *actor, unsigned tag, void *arg, void (*release)(void *arg), int timeout_ms);

/*
 * [any thread] [never blocks] Sends and forgets. Takes the message; to an actor that has ended it is dropped. 0, or
 * MAILBOX_E_FULL: it was refused and released.
 */
int actor_cast(struct actor *actor, struct message *message);
/* The same, but in nobody's name: what an actor's `destroy` has to say, when what it sends itself is dropped. */
int actor_cast_for_nobody(struct actor *actor, struct message *message);
/* [any thread] [never blocks] Sends an info. Takes the message. */
void actor_send(struct actor *actor, struct message *message);
void actor_send_for_nobody(struct actor *actor, struct message *message);

/*
 * [any thread, not the actor itself] [may block] Ends the actor behind the mail that is already there: `terminate`, then
 * every DOWN, then 0. Takes `reason`. ACTOR_E_NOPROC if it had ended before, also behind every DOWN; ACTOR_E_TIMEOUT if
 * it hasn't in time (it will then end later, if its turn had come); ACTOR_E_KILLED, ACTOR_E_DEADLOCK as for a call;
 * -ENOMEM, and it goes on.
 */
int actor_stop(struct actor *actor, struct reason reason, int timeout_ms);

/*
 * [any thread] [never blocks] Ends the actor at once: no further callback, no `terminate`; every DOWN has been told on
 * return. A callback that is running goes on; what it sends is dropped, what it waits for answers ACTOR_E_KILLED. 0,
 * ACTOR_E_NOPROC, or ACTOR_E_KILLED if the caller was. Unless a callback of theirs is running, `destroy` of the victim
 * and of all that share its fate runs on this thread; so it does where else others may be ended: actor_signal_exit(),
 * actor_link() and actor_follow().
 */
int actor_kill(struct actor *actor);

/*
 * [actor, not in init] [never blocks] Ends after this callback, in an orderly way, on the actor's own thread. Takes
 * `reason`.
 */
void actor_exit(struct actor *self, struct reason reason);

/* [any thread] [never blocks] Why it ended, constant from then on; NULL while it hasn't. */
const struct reason *actor_reason(struct actor *actor);

/* [actor] A cast is refused when so much mail of any kind waits, from now on; MAILBOX_LIMIT unless told. */
void actor_limit_mailbox(struct actor *self, uint32_t limit);

/* [any thread] The actor whose callback this thread runs, NULL for none. */
struct actor *actor_self(void);
#define actor_assert_self(actor) assert(actor_self() == (actor))

/* [any thread] [never blocks] */
static inline bool actor_alive(const struct actor *actor)
{
    return atomic_load((_Atomic uint8_t *)&actor->state) == ACTOR_ALIVE;
}

/* [any thread] What it is called, cut to `size`, its end included. */
void actor_label(const struct actor *actor, char *buffer, size_t size);
/* [any thread] [never blocks] What it is called has changed: so has the name of its thread, soon. */
void actor_relabel(struct actor *actor);

/* [any thread] [never blocks] */
void actor_get_stats(struct actor *actor, struct actor_stats *ret_stats);

/* The condition that a reason is for who waited. */
int actor_condition_of(const struct reason *reason);
/* True for what tells who asked that there is nobody to answer any more. */
static inline bool actor_has_ended_by(int condition)
{
    return condition >= ACTOR_E_NOPROC && condition <= ACTOR_E_ERROR;
}
static inline bool actor_is_condition(int condition)
{
    return condition >= ACTOR_E_FIRST && condition <= ACTOR_E_LAST;
}

#endif
