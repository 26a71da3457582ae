/*
 * What all actors of a process (or of a test) share: how calls are carried,
 * how long an idle thread lingers, and counts that say whether anything is
 * left over.
 */
#ifndef KVFS_ACTOR_RUNTIME_H
#define KVFS_ACTOR_RUNTIME_H

#include "base/lock.h"

#include <stdbool.h>
#include <stdint.h>

#define RUNTIME_LINGER_NS (INT64_C(10) * 1000 * 1000 * 1000)

struct runtime {
    bool direct;       /* a prompt actor's calls are run by the caller's thread; set before the first actor */
    int64_t linger_ns; /* an idle actor's own thread ends after this; set before the first actor */
    _Atomic uint64_t next_ref;
    _Atomic uint64_t actors;        /* started and not yet destroyed */
    _Atomic uint64_t infos_dropped; /* infos that nobody knew */

    struct lock lock;
    struct condition thread_ended;
    uint32_t threads;      /* guarded by lock */
    bool has_ended_thread; /* guarded by lock */
    pthread_t ended_thread; /* guarded by lock: the last that ended, to be joined */
};

/* [before its actors] */
void runtime_init(struct runtime *runtime);
/* [no actor] [may block] Every actor must have ended; waits for their threads. */
void runtime_deinit(struct runtime *runtime);

#endif
