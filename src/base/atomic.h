/*
 * C's atomics, always sequentially consistent where the order matters. A
 * header of ours, so that a second one of this name can make each of them a
 * point where a seeded scheduler switches threads.
 */
#ifndef KVFS_BASE_ATOMIC_H
#define KVFS_BASE_ATOMIC_H

#include <stdatomic.h>

#endif
