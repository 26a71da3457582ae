/*
 * What all actors of a process (or of a test) share: how calls are carried,
 * the threads, and counts that say whether anything is left over.
 *
 * Threads. An actor that has mail gets one, always. One that is idle keeps its
 * thread for `linger_ns`, unless more than `max_awake` are idle: then the one
 * that has been idle longest hibernates, and its thread goes to a small cache.
 * A young actor gets a thread after `young_ns` even without mail, as long as
 * that sends nobody else to sleep, so that a direct call isn't the first to
 * need one. The reserve thread makes them, off everyone's critical path; when
 * the system has no more, it runs the mail of those that could get none.
 */
#ifndef KVFS_ACTOR_RUNTIME_H
#define KVFS_ACTOR_RUNTIME_H

#include "base/lock.h"
#include "base/thread.h"

#include <stdbool.h>
#include <stdint.h>
#include <urcu/list.h>

#define RUNTIME_LINGER_NS (INT64_C(10) * 1000 * 1000 * 1000)
#define RUNTIME_YOUNG_NS (INT64_C(100) * 1000 * 1000)
#define RUNTIME_MAX_AWAKE 256
#define RUNTIME_MAX_CACHED 16
#define RUNTIME_MAX_YOUNG 256

enum runtime_condition {
    RUNTIME_E_BUSY = 32, /* a callback didn't return in time */
};

struct actor;

/* One that waits to become `young_ns` old. */
struct young {
    struct actor *actor; /* a reference */
    int64_t due_ns;
};

struct runtime {
    bool direct;        /* a prompt actor's calls are run by the caller's thread; set before the first actor, like these: */
    int64_t linger_ns;  /* an idle actor's thread stays this long */
    int64_t young_ns;   /* an actor gets a thread at this age; negative: not for its age */
    uint32_t max_awake; /* idle threads, besides those in the cache */
    _Atomic uint64_t next_ref;
    _Atomic uint64_t actors;        /* started and not yet destroyed */
    _Atomic uint64_t infos_dropped; /* infos that nobody knew */
    _Atomic uint32_t young_count;   /* written under lock */
    _Atomic uint32_t idle_count;    /* written under lock */

    struct lock lock; /* order: after an actor's, before a worker's */
    struct condition reserve_wake;
    struct condition thread_ended;
    struct thread reserve;
    bool drought;                  /* the reserve's own: the system has no thread to give */
    bool stopping;                 /* guarded by lock, like the rest */
    bool reserve_ended;
    bool reserve_joined;
    pid_t reserve_number;
    struct actor *stands_in_for;   /* whose mail the reserve runs, borrowed; NULL: nobody's */
    int64_t stands_in_since;
    struct actor *wanting_first;   /* want a thread; a reference each */
    struct actor *wanting_last;
    struct young young[RUNTIME_MAX_YOUNG]; /* a ring, oldest at young_first */
    uint32_t young_first;
    struct cds_list_head idle;     /* workers whose actor has nothing to do, longest first */
    struct cds_list_head cached;   /* workers without an actor */
    struct cds_list_head workers;  /* all */
    uint32_t cached_count;
    uint32_t threads;
    bool has_ended_thread;
    struct thread ended_thread; /* the last that ended, to be joined */
};

/* [before its actors] Starts the reserve thread. 0, or a negative errno. */
int runtime_init(struct runtime *runtime);
/*
 * [no actor] [may block] Every actor must have ended; waits for their threads, `timeout_ms` at most (negative: for ever).
 * 0, or RUNTIME_E_BUSY: a callback still runs, and the memory must stay.
 */
int runtime_deinit(struct runtime *runtime, int timeout_ms);

/* A thread as `.kvfs/tree` reports it: whose it is, borrowed, and since when it has been in the same turn of work. */
struct runtime_thread {
    const struct actor *actor;
    pid_t number;
    bool working;
    int64_t working_ns;
};
typedef void runtime_visit_thread(void *context, const struct runtime_thread *thread);
/*
 * [any thread] [never blocks] Every thread that serves an actor, also one whose actor was killed. `visit` runs under the
 * runtime's lock: it must neither send nor wait.
 */
void runtime_visit_threads(struct runtime *runtime, runtime_visit_thread *visit, void *context);

#endif
