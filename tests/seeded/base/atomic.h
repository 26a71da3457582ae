/*
 * C's atomics, each a yield point of the seeded scheduler. Here they are all
 * sequentially consistent, whatever order was asked for.
 */
#ifndef KVFS_BASE_ATOMIC_H
#define KVFS_BASE_ATOMIC_H

#include "seeded/scheduler.h"

#include <stdatomic.h>

#define SEEDED_POINT(what, object) seeded_yield(SEEDED_HERE(what " " #object), NULL)
/* The compiler's own operations want a type without _Atomic. */
#define SEEDED_TYPE(object) __typeof__((void)0, *(object))
/* The value is there before the point: others may run between its making and its use. */
#define SEEDED_WRITE(what, operation, object, value)                                                         \
    __extension__({                                                                                          \
        SEEDED_TYPE(object) *seeded_object = (SEEDED_TYPE(object) *)(object);                                \
        SEEDED_TYPE(object) seeded_value = (value);                                                          \
        SEEDED_POINT(what, object);                                                                          \
        operation(seeded_object, seeded_value, __ATOMIC_SEQ_CST);                                            \
    })
#define SEEDED_EXCHANGE(object, expected, desired, fails_early)                                              \
    __extension__({                                                                                          \
        SEEDED_TYPE(object) *seeded_object = (SEEDED_TYPE(object) *)(object);                                \
        SEEDED_TYPE(object) *seeded_expected = (expected);                                                   \
        SEEDED_TYPE(object) seeded_value = (desired);                                                        \
        SEEDED_POINT("exchange", object);                                                                    \
        seeded_exchange(seeded_object, seeded_expected, seeded_value, fails_early);                          \
    })
#define seeded_exchange(object, expected, value, fails_early)                                                \
    ((fails_early) ? (*(expected) = __atomic_load_n((object), __ATOMIC_SEQ_CST), false)                      \
                   : __atomic_compare_exchange_n((object), (expected), (value), false, __ATOMIC_SEQ_CST,     \
                                                 __ATOMIC_SEQ_CST))

#undef atomic_load
#undef atomic_store
#undef atomic_exchange
#undef atomic_fetch_add
#undef atomic_fetch_sub
#undef atomic_fetch_or
#undef atomic_fetch_and
#undef atomic_fetch_xor
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_weak
#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_exchange_explicit
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub_explicit
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and_explicit
#undef atomic_fetch_xor_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_weak_explicit

#define atomic_load(object)                                                                                  \
    (SEEDED_POINT("load", object), __atomic_load_n((SEEDED_TYPE(object) *)(object), __ATOMIC_SEQ_CST))
#define atomic_store(object, value) SEEDED_WRITE("store", __atomic_store_n, object, value)
#define atomic_exchange(object, value) SEEDED_WRITE("exchange", __atomic_exchange_n, object, value)
#define atomic_fetch_add(object, value) SEEDED_WRITE("add", __atomic_fetch_add, object, value)
#define atomic_fetch_sub(object, value) SEEDED_WRITE("sub", __atomic_fetch_sub, object, value)
#define atomic_fetch_or(object, value) SEEDED_WRITE("or", __atomic_fetch_or, object, value)
#define atomic_fetch_and(object, value) SEEDED_WRITE("and", __atomic_fetch_and, object, value)
#define atomic_fetch_xor(object, value) SEEDED_WRITE("xor", __atomic_fetch_xor, object, value)
#define atomic_compare_exchange_strong(object, expected, desired)                                            \
    SEEDED_EXCHANGE(object, expected, desired, false)
#define atomic_compare_exchange_weak(object, expected, desired)                                              \
    SEEDED_EXCHANGE(object, expected, desired, seeded_fails_early())

#define atomic_load_explicit(object, order) atomic_load(object)
#define atomic_store_explicit(object, value, order) atomic_store(object, value)
#define atomic_exchange_explicit(object, value, order) atomic_exchange(object, value)
#define atomic_fetch_add_explicit(object, value, order) atomic_fetch_add(object, value)
#define atomic_fetch_sub_explicit(object, value, order) atomic_fetch_sub(object, value)
#define atomic_fetch_or_explicit(object, value, order) atomic_fetch_or(object, value)
#define atomic_fetch_and_explicit(object, value, order) atomic_fetch_and(object, value)
#define atomic_fetch_xor_explicit(object, value, order) atomic_fetch_xor(object, value)
#define atomic_compare_exchange_strong_explicit(object, expected, desired, order, failure_order)             \
    atomic_compare_exchange_strong(object, expected, desired)
#define atomic_compare_exchange_weak_explicit(object, expected, desired, order, failure_order)               \
    atomic_compare_exchange_weak(object, expected, desired)

#endif
