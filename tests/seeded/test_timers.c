/*
 * Timers that fire as they are started again, taken back, or outlived.
 */
#include "seeded/script.h"
#include "seeded/seeds.h"

#define TELL(number, ...)                                                                                    \
    {                                                                                                        \
        CALL, .to = (number), .inside = DO(__VA_ARGS__)                                                      \
    }

static const struct scenario cancelled = {
    .players = {{0}, {.slow = true}},
    .player_count = 2,
    .clients =
        {
            DO(TELL(0, {TIMER, .ms = 2}, {TIMER, .ms = 1, .which = 1}), {SLEEP, .ms = 2},
               TELL(0, {.kind = CANCEL}), {CALL, .to = 0}),
            DO({SLEEP, .ms = 1}, {CALL, .to = 0}, {SLEEP, .ms = 1}, {CAST, .to = 0}),
            DO({TIMER, .to = 1, .ms = 2}, {SLEEP, .ms = 2}, {CANCEL, .to = 1}, {TIMER, .to = 1, .ms = 1}),
        },
};

SEEDED_TEST(timers, a_timer_fires_once_or_was_taken_back_in_time, 3000, "fired", "taken back")
{
    scenario_run(&cancelled);
    seeds_outcome(times_in(0, IN_TIMER) > 1 ? "fired" : "taken back");
}

static const struct scenario moved = {
    .players = {{.slow = true, .timer = DO({CAST, .to = 0})}},
    .player_count = 1,
    .clients =
        {
            DO(TELL(0, {TIMER, .ms = 1}), {SLEEP, .ms = 1}, TELL(0, {TIMER, .ms = 3})),
            DO({SLEEP, .ms = 1}, {TIMER, .to = 0, .ms = 1}),
            DO({CAST, .to = 0}, {SLEEP, .ms = 2}, {CALL, .to = 0}),
        },
};

SEEDED_TEST(timers, a_timer_that_is_started_again_fires_at_its_new_time, 3000, "moved", "fired before",
            "fired thrice")
{
    static const char *const outcomes[] = {"", "moved", "fired before", "fired thrice"};

    scenario_run(&moved);
    must(times_in(0, IN_TIMER) <= 3);
    if (times_in(0, IN_TIMER) > 0)
        seeds_outcome(outcomes[times_in(0, IN_TIMER)]);
}

static const struct scenario outlived = {
    .players = {{.init = DO({TIMER, .ms = 1}, {TIMER, .ms = 2, .which = 1})},
                {.slow = true, .init = DO({TIMER, .ms = 2})}},
    .player_count = 2,
    .clients =
        {
            DO({SLEEP, .ms = 1}, {KILL, .to = 0}, {CALL, .to = 1}),
            DO({SLEEP, .ms = 2}, {STOP, .to = 1, .code = REASON_ERROR}, {TIMER, .to = 0, .ms = 1}),
            DO({TIMER, .to = 0, .which = 1, .ms = 1}, {CANCEL, .to = 0}, {TIMER, .to = 1, .ms = 1}),
        },
};

SEEDED_TEST(timers, an_armed_timer_is_let_go_when_its_receiver_ends, 3000, "fired", "not yet")
{
    scenario_run(&outlived);
    seeds_outcome(times_in(0, IN_TIMER) ? "fired" : "not yet");
}

static const struct scenario silence = {
    .players = {{.timeout_ms = 2}, {.slow = true, .timeout_ms = 1}},
    .player_count = 2,
    .clients =
        {
            DO({CAST, .to = 0}, {SLEEP, .ms = 2}, {CALL, .to = 0}, {CAST, .to = 1}),
            DO({CAST, .to = 1}, {SLEEP, .ms = 1}, {CAST, .to = 1}, {KILL, .to = 0}),
            DO({CALL, .to = 1, .inside = DO({CAST, .to = 0})}, {SLEEP, .ms = 1},
               {STOP, .to = 1, .code = REASON_ERROR}),
        },
};

SEEDED_TEST(timers, a_receive_timeout_comes_only_after_silence, 3000, "silence", "mail")
{
    scenario_run(&silence);
    seeds_outcome(times_in(0, IN_TIMEOUT) ? "silence" : "mail");
}
