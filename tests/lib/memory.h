/*
 * How much of the heap is in use, whichever allocator there is.
 */
#ifndef KVFS_TESTS_LIB_MEMORY_H
#define KVFS_TESTS_LIB_MEMORY_H

#include <malloc.h>
#include <stddef.h>

/* The sanitizers' own allocators; not there without one. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static inline size_t memory_in_use(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

#endif
