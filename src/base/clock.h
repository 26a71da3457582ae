/*
 * The two clocks of kvfs, in nanoseconds. Monotonic time is for waiting and
 * for ages; wall time is for what users see on files.
 *
 * A test can hold the monotonic clock and turn it by hand: everything that
 * waits by it (lock.h, timers) waits by what the test says, and no test has to
 * sleep. The wall clock isn't held.
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

/*
 * [tests; turning: any thread] For the whole process. A held clock stands still but for clock_turn(), which moves it on
 * by `ns`; once let go it runs again, on from there. A wait that begins while it is held ends within a few milliseconds
 * of being turned past its deadline; one that had begun before isn't woken before the system's clock says so.
 */
void clock_hold(void);
void clock_turn(int64_t ns);
void clock_let_go(void);

/*
 * [any thread] [never blocks] What a wait until `deadline_ns` (monotonic) gives the system as CLOCK_MONOTONIC. While the
 * clock is held the wait may end before its deadline, and has to look at the clock then.
 */
struct timespec clock_system_deadline(int64_t deadline_ns);

struct timespec clock_to_timespec(int64_t ns);
/* The nearest there is, for what is further away than 292 years. */
int64_t clock_from_timespec(const struct timespec *ts);

#endif
