#include "base/lock.h"

#include "base/annotate.h"
#include "base/clock.h"

#include <assert.h>
#include <errno.h>

static void set_owner(struct lock *lock, pthread_t owner)
{
#ifdef KVFS_LOCK_OWNER
    atomic_store_explicit(&lock->owner, owner, memory_order_relaxed);
#else
    (void)lock;
    (void)owner;
#endif
}

/* Whoever finds it taken looks again for a moment before it sleeps: what is done under our locks is short. */
void lock_init(struct lock *lock)
{
    pthread_mutexattr_t adaptive;

    pthread_mutexattr_init(&adaptive);
    pthread_mutexattr_settype(&adaptive, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(&lock->mutex, &adaptive);
    pthread_mutexattr_destroy(&adaptive);
    set_owner(lock, 0);
}

void lock_deinit(struct lock *lock)
{
    int rc = pthread_mutex_destroy(&lock->mutex);

    assert(rc == 0);
    (void)rc;
}

void lock_acquire(struct lock *lock)
{
    int rc = pthread_mutex_lock(&lock->mutex);

    assert(rc == 0);
    (void)rc;
    set_owner(lock, pthread_self());
}

bool lock_try(struct lock *lock)
{
    if (pthread_mutex_trylock(&lock->mutex) != 0)
        return false;
    set_owner(lock, pthread_self());
    return true;
}

/* The sanitizers don't know clocklock, so it is told to them as a try that succeeds or fails. */
static bool try_until(struct lock *lock, struct timespec deadline)
{
    annotate_mutex_trylocking(&lock->mutex);
    if (pthread_mutex_clocklock(&lock->mutex, CLOCK_MONOTONIC, &deadline) != 0) {
        annotate_mutex_lock_failed(&lock->mutex);
        return false;
    }
    annotate_mutex_trylocked(&lock->mutex);
    set_owner(lock, pthread_self());
    return true;
}

bool lock_acquire_until(struct lock *lock, int64_t deadline_ns)
{
    if (lock_try(lock))
        return true;
    if (deadline_ns == LOCK_FOREVER) {
        lock_acquire(lock);
        return true;
    }
    while (!try_until(lock, clock_system_deadline(deadline_ns))) {
        if (clock_monotonic_ns() >= deadline_ns)
            return false;
    }
    return true;
}

void lock_release(struct lock *lock)
{
    lock_assert_held(lock);
    set_owner(lock, 0);
    pthread_mutex_unlock(&lock->mutex);
}

void lock_acquire_both(struct lock *a, struct lock *b)
{
    if (a == b) {
        lock_acquire(a);
        return;
    }
    lock_acquire((uintptr_t)a < (uintptr_t)b ? a : b);
    lock_acquire((uintptr_t)a < (uintptr_t)b ? b : a);
}

void lock_release_both(struct lock *a, struct lock *b)
{
    lock_release(a);
    if (a != b)
        lock_release(b);
}

#ifdef KVFS_LOCK_OWNER
bool lock_held(const struct lock *lock)
{
    return atomic_load_explicit(&lock->owner, memory_order_relaxed) == pthread_self();
}
#endif

void condition_init(struct condition *condition)
{
    pthread_cond_init(&condition->cond, NULL);
}

void condition_deinit(struct condition *condition)
{
    pthread_cond_destroy(&condition->cond);
}

bool condition_wait_until(struct condition *condition, struct lock *lock, int64_t deadline_ns)
{
    struct timespec deadline;
    int rc;

    lock_assert_held(lock);
    set_owner(lock, 0);
    if (deadline_ns == LOCK_FOREVER) {
        rc = pthread_cond_wait(&condition->cond, &lock->mutex);
    } else {
        deadline = clock_system_deadline(deadline_ns);
        rc = pthread_cond_clockwait(&condition->cond, &lock->mutex, CLOCK_MONOTONIC, &deadline);
    }
    set_owner(lock, pthread_self());
    return rc != ETIMEDOUT || clock_monotonic_ns() < deadline_ns;
}

void condition_signal(struct condition *condition)
{
    pthread_cond_signal(&condition->cond);
}

void condition_broadcast(struct condition *condition)
{
    pthread_cond_broadcast(&condition->cond);
}
