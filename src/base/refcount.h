/*
 * How many hold an object. The last to let go destroys it.
 */
#ifndef KVFS_BASE_REFCOUNT_H
#define KVFS_BASE_REFCOUNT_H

#include "base/atomic.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

struct refcount {
    _Atomic uint64_t count;
};

static inline void refcount_init(struct refcount *refcount)
{
    atomic_init(&refcount->count, 1);
}

/* [any thread] The caller has a reference, or whoever gave it the object has. */
static inline void refcount_add(struct refcount *refcount, uint64_t n)
{
    uint64_t before = atomic_fetch_add_explicit(&refcount->count, n, memory_order_relaxed);

    assert(before > 0);
    (void)before;
}

/* [any thread] For an object found without a reference (inside a read section): false if it is on its way out. */
static inline bool refcount_try_add(struct refcount *refcount, uint64_t n)
{
    uint64_t count = atomic_load_explicit(&refcount->count, memory_order_relaxed);

    while (count > 0) {
        if (atomic_compare_exchange_weak(&refcount->count, &count, count + n))
            return true;
    }
    return false;
}

/* [any thread] True if it was the last: the caller destroys the object. */
static inline bool refcount_sub(struct refcount *refcount, uint64_t n)
{
    uint64_t before = atomic_fetch_sub(&refcount->count, n);

    assert(before >= n);
    return before == n;
}

#endif
