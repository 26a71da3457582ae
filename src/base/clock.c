/*
 * The held clock is one word, so that a clock that nobody holds costs one
 * load: its lowest bit says whether it is held; the rest is what it shows, or
 * how far it is ahead of the system's (below 0: behind).
 */
#include "base/clock.h"

#include "base/atomic.h"

#include <assert.h>
#include <stdbool.h>

/* How long a wait by the held clock is blind. */
#define SLICE_NS CLOCK_NS_PER_MS

static _Atomic int64_t hand;

static int64_t running(int64_t ahead_ns)
{
    return ahead_ns * 2;
}

static int64_t held(int64_t shown_ns)
{
    return shown_ns * 2 + 1;
}

static bool is_held(int64_t word)
{
    return word & 1;
}

/* What it shows, or how far it is ahead. */
static int64_t nanoseconds(int64_t word)
{
    return word >> 1;
}

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return clock_from_timespec(&ts);
}

int64_t clock_monotonic_ns(void)
{
    int64_t word = atomic_load_explicit(&hand, memory_order_relaxed);

    return nanoseconds(word) + (is_held(word) ? 0 : read_clock(CLOCK_MONOTONIC));
}

int64_t clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME_COARSE);
}

void clock_hold(void)
{
    assert(!is_held(atomic_load(&hand)));
    atomic_store(&hand, held(clock_monotonic_ns()));
}

void clock_turn(int64_t ns)
{
    assert(is_held(atomic_load(&hand)) && ns >= 0);
    atomic_fetch_add(&hand, ns * 2);
}

void clock_let_go(void)
{
    assert(is_held(atomic_load(&hand)));
    atomic_store(&hand, running(clock_monotonic_ns() - read_clock(CLOCK_MONOTONIC)));
}

struct timespec clock_system_deadline(int64_t deadline_ns)
{
    int64_t word = atomic_load_explicit(&hand, memory_order_relaxed);

    if (!is_held(word))
        return clock_to_timespec(deadline_ns - nanoseconds(word));
    if (deadline_ns <= nanoseconds(word))
        return (struct timespec){0};
    return clock_to_timespec(read_clock(CLOCK_MONOTONIC) + SLICE_NS);
}

struct timespec clock_to_timespec(int64_t ns)
{
    struct timespec ts = {.tv_sec = ns / CLOCK_NS_PER_S, .tv_nsec = ns % CLOCK_NS_PER_S};

    if (ts.tv_nsec < 0) {
        ts.tv_nsec += CLOCK_NS_PER_S;
        ts.tv_sec--;
    }
    return ts;
}

int64_t clock_from_timespec(const struct timespec *ts)
{
    int64_t ns;

    if (!__builtin_mul_overflow(ts->tv_sec, CLOCK_NS_PER_S, &ns) && !__builtin_add_overflow(ns, ts->tv_nsec, &ns))
        return ns;
    return ts->tv_sec < 0 ? INT64_MIN : INT64_MAX;
}
