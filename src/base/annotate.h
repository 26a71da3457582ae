/*
 * What ThreadSanitizer can't see for itself: liburcu's inline assembly, and a
 * libc call that it doesn't intercept. Empty in every other build.
 */
#ifndef KVFS_BASE_ANNOTATE_H
#define KVFS_BASE_ANNOTATE_H

#if defined(__SANITIZE_THREAD__)
#define KVFS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KVFS_TSAN 1
#endif
#endif

#ifdef KVFS_TSAN
#include <sanitizer/tsan_interface.h>
/* What was written before `annotate_release(p)` is visible after `annotate_acquire(p)`. */
#define annotate_release(p) __tsan_release((void *)(p))
#define annotate_acquire(p) __tsan_acquire((void *)(p))
#define annotate_mutex_lock_failed(p)                                                                        \
    __tsan_mutex_post_lock((p), __tsan_mutex_try_lock | __tsan_mutex_try_lock_failed, 0)
#define annotate_mutex_trylocking(p) __tsan_mutex_pre_lock((p), __tsan_mutex_try_lock)
#define annotate_mutex_trylocked(p) __tsan_mutex_post_lock((p), __tsan_mutex_try_lock, 0)
#else
#define annotate_release(p) ((void)(p))
#define annotate_acquire(p) ((void)(p))
#define annotate_mutex_trylocking(p) ((void)(p))
#define annotate_mutex_trylocked(p) ((void)(p))
#define annotate_mutex_lock_failed(p) ((void)(p))
#endif

#endif
