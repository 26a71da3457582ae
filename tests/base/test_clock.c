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

Test(clock, a_moment_too_far_away_is_the_last_there_is)
{
    static const struct {
        struct timespec ts;
        int64_t ns;
    } moments[] = {
        {{.tv_sec = INT64_MAX, .tv_nsec = 999999999}, INT64_MAX},
        {{.tv_sec = INT64_MIN}, INT64_MIN},
        {{.tv_sec = INT64_MAX / CLOCK_NS_PER_S, .tv_nsec = 999999999}, INT64_MAX},
        {{.tv_sec = INT64_MAX / CLOCK_NS_PER_S + 1}, INT64_MAX},
    };

    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
        cr_assert_eq(clock_from_timespec(&moments[i].ts), moments[i].ns);
}

Test(clock, held_it_stands_still)
{
    int64_t shown;

    clock_hold();
    shown = clock_monotonic_ns();
    for (int i = 0; i < 10000; i++)
        cr_assert_eq(clock_monotonic_ns(), shown);
    clock_let_go();
}

Test(clock, held_it_moves_as_far_as_it_is_turned)
{
    int64_t shown;

    clock_hold();
    shown = clock_monotonic_ns();
    clock_turn(1);
    cr_assert_eq(clock_monotonic_ns(), shown + 1);
    clock_turn(0);
    clock_turn(3600 * CLOCK_NS_PER_S);
    cr_assert_eq(clock_monotonic_ns(), shown + 3600 * CLOCK_NS_PER_S + 1);
    clock_let_go();
}

Test(clock, is_held_from_the_moment_on_at_which_it_is)
{
    int64_t before = clock_monotonic_ns();

    clock_hold();
    cr_assert_geq(clock_monotonic_ns(), before);
    cr_assert_lt(clock_monotonic_ns(), before + 60 * CLOCK_NS_PER_S);
    clock_let_go();
}

Test(clock, let_go_it_runs_on_from_what_it_showed)
{
    for (int64_t turned = 0; turned < 3; turned++) {
        int64_t shown;

        clock_hold();
        clock_turn(turned * 3600 * CLOCK_NS_PER_S);
        shown = clock_monotonic_ns();
        clock_let_go();
        cr_assert_geq(clock_monotonic_ns(), shown);
        cr_assert_lt(clock_monotonic_ns(), shown + 60 * CLOCK_NS_PER_S);
        while (clock_monotonic_ns() == shown)
            continue;
    }
}

Test(clock, wall_time_is_not_held)
{
    int64_t before;

    clock_hold();
    before = clock_wall_ns();
    while (clock_wall_ns() == before)
        continue;
    clock_let_go();
}
