/*
 * A lock is free or has an owner; who finds it taken waits for it, and whoever
 * runs first after a release gets it: no queue, as with a pthread mutex.
 *
 * After an acquisition comes another yield point, for what the holder then
 * reads without a lock or an atomic of ours.
 */
#include "base/lock.h"

static void take(struct lock *lock, const struct seeded_site *site)
{
    lock->object.owner = seeded_self();
    seeded_yield(site, &lock->object);
}

static void give(struct lock *lock)
{
    must(lock_held(lock));
    lock->object.owner = NULL;
    seeded_wake_all(&lock->object);
}

bool lock_held(const struct lock *lock)
{
    return lock->object.number != 0 && lock->object.owner == seeded_self();
}

bool seeded_lock_acquire_until(struct lock *lock, int64_t deadline_ns, const struct seeded_site *site)
{
    seeded_yield(site, &lock->object);
    must(!lock_held(lock));
    while (lock->object.owner) {
        if (!seeded_block(site, &lock->object, deadline_ns))
            return false;
    }
    take(lock, site);
    return true;
}

void seeded_lock_acquire(struct lock *lock, const struct seeded_site *site)
{
    (void)seeded_lock_acquire_until(lock, LOCK_FOREVER, site);
}

bool seeded_lock_try(struct lock *lock, const struct seeded_site *site)
{
    seeded_yield(site, &lock->object);
    if (lock->object.owner)
        return false;
    take(lock, site);
    return true;
}

void seeded_lock_release(struct lock *lock, const struct seeded_site *site)
{
    seeded_yield(site, &lock->object);
    give(lock);
    /* It may be gone from here on. */
    seeded_yield(site, NULL);
}

/* The real one goes by address, which would differ from run to run. */
void seeded_lock_acquire_both(struct lock *a, struct lock *b, const struct seeded_site *site)
{
    bool a_first = seeded_rank(&a->object) < seeded_rank(&b->object);

    seeded_lock_acquire(a_first ? a : b, site);
    if (a != b)
        seeded_lock_acquire(a_first ? b : a, site);
}

void seeded_lock_release_both(struct lock *a, struct lock *b, const struct seeded_site *site)
{
    seeded_lock_release(a, site);
    if (a != b)
        seeded_lock_release(b, site);
}

void seeded_condition_init(struct condition *condition, const char *name)
{
    seeded_object_init(&condition->object, name);
    condition->object.may_wake_early = true;
}

/* The condition may be gone when this one was woken, so only the lock is looked at then. */
bool seeded_condition_wait_until(struct condition *condition, struct lock *lock, int64_t deadline_ns,
                                 const struct seeded_site *site)
{
    bool in_time;

    seeded_yield(site, &condition->object);
    give(lock);
    in_time = seeded_block(site, &condition->object, deadline_ns);
    while (lock->object.owner)
        (void)seeded_block(site, &lock->object, LOCK_FOREVER);
    take(lock, site);
    return in_time;
}

void seeded_condition_signal(struct condition *condition, const struct seeded_site *site)
{
    seeded_yield(site, &condition->object);
    seeded_wake_one(&condition->object);
}

void seeded_condition_broadcast(struct condition *condition, const struct seeded_site *site)
{
    seeded_yield(site, &condition->object);
    seeded_wake_all(&condition->object);
}
