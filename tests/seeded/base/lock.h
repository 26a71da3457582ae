/*
 * Mutex and condition of the seeded scheduler: base/lock.h's contract. Each
 * operation is a yield point, knows where it was called, and finds what isn't
 * initialised or not any more.
 */
#ifndef KVFS_BASE_LOCK_H
#define KVFS_BASE_LOCK_H

#include "base/atomic.h"

#include <stdbool.h>
#include <stdint.h>

#define LOCK_FOREVER SEEDED_FOREVER

struct lock {
    struct seeded_object object;
};

struct condition {
    struct seeded_object object;
};

#define lock_init(lock) seeded_object_init(&(lock)->object, #lock)
#define lock_deinit(lock) seeded_object_deinit(&(lock)->object)

#define lock_acquire(lock) seeded_lock_acquire((lock), SEEDED_HERE("acquire " #lock))
#define lock_try(lock) seeded_lock_try((lock), SEEDED_HERE("try " #lock))
#define lock_acquire_until(lock, deadline_ns)                                                                \
    seeded_lock_acquire_until((lock), (deadline_ns), SEEDED_HERE("acquire until " #lock))
#define lock_release(lock) seeded_lock_release((lock), SEEDED_HERE("release " #lock))
#define lock_acquire_both(a, b) seeded_lock_acquire_both((a), (b), SEEDED_HERE("acquire " #a " " #b))
#define lock_release_both(a, b) seeded_lock_release_both((a), (b), SEEDED_HERE("release " #a " " #b))

bool lock_held(const struct lock *lock);
#define lock_assert_held(lock) assert(lock_held(lock))

#define condition_init(condition) seeded_condition_init((condition), #condition)
#define condition_deinit(condition) seeded_object_deinit(&(condition)->object)
#define condition_wait_until(condition, lock, deadline_ns)                                                   \
    seeded_condition_wait_until((condition), (lock), (deadline_ns), SEEDED_HERE("wait " #condition))
#define condition_signal(condition) seeded_condition_signal((condition), SEEDED_HERE("signal " #condition))
#define condition_broadcast(condition)                                                                       \
    seeded_condition_broadcast((condition), SEEDED_HERE("broadcast " #condition))

void seeded_lock_acquire(struct lock *lock, const struct seeded_site *site);
bool seeded_lock_try(struct lock *lock, const struct seeded_site *site);
bool seeded_lock_acquire_until(struct lock *lock, int64_t deadline_ns, const struct seeded_site *site);
void seeded_lock_release(struct lock *lock, const struct seeded_site *site);
void seeded_lock_acquire_both(struct lock *a, struct lock *b, const struct seeded_site *site);
void seeded_lock_release_both(struct lock *a, struct lock *b, const struct seeded_site *site);

void seeded_condition_init(struct condition *condition, const char *name);
bool seeded_condition_wait_until(struct condition *condition, struct lock *lock, int64_t deadline_ns,
                                 const struct seeded_site *site);
void seeded_condition_signal(struct condition *condition, const struct seeded_site *site);
void seeded_condition_broadcast(struct condition *condition, const struct seeded_site *site);

#endif
