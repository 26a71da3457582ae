/*
 * The clock of the seeded scheduler, behind base's own header. It moves when
 * the scheduler says so.
 */
#include "base/clock.h"

#include "seeded/scheduler.h"

int64_t clock_monotonic_ns(void)
{
    seeded_yield(SEEDED_HERE("clock"), NULL);
    return seeded_now();
}

int64_t clock_wall_ns(void)
{
    return clock_monotonic_ns();
}
