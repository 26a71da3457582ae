/*
 * The two clocks of kvfs, in nanoseconds. Monotonic time is for waiting and
 * for ages; wall time is for what users see on files.
 */
#ifndef KVFS_BASE_CLOCK_H
#define KVFS_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_MS INT64_C(1000000)
#define CLOCK_NS_PER_S INT64_C(1000000000)

/* [any thread] [never blocks] Nanoseconds since some fixed moment; never goes back. */
int64_t clock_monotonic_ns(void);

/* [any thread] [never blocks] Nanoseconds since 1970, in the kernel's coarse tick as other file systems use it. */
int64_t clock_wall_ns(void);

struct timespec clock_to_timespec(int64_t ns);
int64_t clock_from_timespec(const struct timespec *ts);

#endif
