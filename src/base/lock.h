/*
 * Mutex and condition: pthread's, with a deadline on the monotonic clock and,
 * in a build with a sanitizer, an owner that code can assert on: elsewhere it
 * would cost every actor 16 bytes. Not recursive.
 *
 * The actor room takes no other locks than these, so that a second
 * implementation of this header can run it under a seeded scheduler.
 */
#ifndef KVFS_BASE_LOCK_H
#define KVFS_BASE_LOCK_H

#include "base/atomic.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A deadline that never comes. */
#define LOCK_FOREVER INT64_MAX

struct lock {
    pthread_mutex_t mutex;
#ifdef KVFS_LOCK_OWNER
    _Atomic(pthread_t) owner; /* who holds it, 0 for nobody; only the holder may trust it */
#endif
};

struct condition {
    pthread_cond_t cond;
};

void lock_init(struct lock *lock);
void lock_deinit(struct lock *lock);

/* [any thread] [may block] */
void lock_acquire(struct lock *lock);
/* [any thread] [never blocks] True if the lock is now held by the caller. */
bool lock_try(struct lock *lock);
/* [any thread] [may block] Waits until `deadline_ns` (monotonic) at most. True if held. */
bool lock_acquire_until(struct lock *lock, int64_t deadline_ns);
void lock_release(struct lock *lock);

/* Takes two locks, in the order of their addresses; once if they are the same. */
void lock_acquire_both(struct lock *a, struct lock *b);
void lock_release_both(struct lock *a, struct lock *b);

#ifdef KVFS_LOCK_OWNER
bool lock_held(const struct lock *lock);
#define lock_assert_held(lock) assert(lock_held(lock))
#else
#define lock_assert_held(lock) ((void)(lock))
#endif

void condition_init(struct condition *condition);
void condition_deinit(struct condition *condition);
/* [any thread] [may block] Held lock; false when `deadline_ns` (monotonic) has passed. May wake for no reason. */
bool condition_wait_until(struct condition *condition, struct lock *lock, int64_t deadline_ns);
void condition_signal(struct condition *condition);
void condition_broadcast(struct condition *condition);

#endif
