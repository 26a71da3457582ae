#include "base/clock.h"

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return clock_from_timespec(&ts);
}

int64_t clock_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME_COARSE);
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
    return ts->tv_sec * CLOCK_NS_PER_S + ts->tv_nsec;
}
