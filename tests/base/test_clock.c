#include "base/clock.h"

#include <criterion/criterion.h>

Test(clock, monotonic_time_never_goes_back)
{
    int64_t before = clock_monotonic_ns();

    for (int i = 0; i < 10000; i++) {
        int64_t now = clock_monotonic_ns();

        cr_assert_geq(now, before);
        before = now;
    }
}

Test(clock, wall_time_is_what_the_system_says_to_a_tick)
{
    int64_t seconds = time(NULL);
    int64_t ns = clock_wall_ns();

    cr_assert_geq(ns, (seconds - 1) * CLOCK_NS_PER_S);
    cr_assert_leq(ns, (seconds + 60) * CLOCK_NS_PER_S);
}

Test(clock, nanoseconds_become_a_timespec_and_come_back)
{
    static const int64_t moments[] = {0,        1, CLOCK_NS_PER_S - 1, CLOCK_NS_PER_S, 1700000000123456789,
                                      INT64_MAX};

    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        struct timespec ts = clock_to_timespec(moments[i]);

        cr_assert_eq(clock_from_timespec(&ts), moments[i]);
    }
}

Test(clock, a_moment_before_1970_keeps_its_nanoseconds_positive)
{
    struct timespec ts = clock_to_timespec(-1);

    cr_assert_eq(ts.tv_sec, -1);
    cr_assert_eq(ts.tv_nsec, 999999999);
    cr_assert_eq(clock_from_timespec(&ts), -1);
}
