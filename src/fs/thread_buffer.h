/*
 * A buffer of this thread's, kept for its next request and freed with it.
 */
#ifndef KVFS_FS_THREAD_BUFFER_H
#define KVFS_FS_THREAD_BUFFER_H

#include <stddef.h>

/* [any thread] At least `size` bytes, valid until the next call by this thread; NULL without memory. */
void *thread_buffer(size_t size);

#endif
