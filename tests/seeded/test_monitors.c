/*
 * Who watches whom, and what it is told.
 */
#include "seeded/script.h"
#include "seeded/seeds.h"

#define WATCHES(number, ...)                                                                                 \
    {                                                                                                        \
        CALL, .to = (number), .inside = DO(__VA_ARGS__)                                                      \
    }

static const struct scenario begin = {
    .players = {{0}, {0}, {.slow = true}},
    .player_count = 3,
    .clients =
        {
            DO(WATCHES(1, {MONITOR, .to = 0}), {CALL, .to = 1}),
            DO(WATCHES(2, {MONITOR, .to = 0}, {MONITOR, .to = 0, .which = 1}), {CALL, .to = 2}),
            DO({PAUSE, .to = 0}, {PAUSE, .to = 0}, {KILL, .to = 0}, {CALL, .to = 1}, {CALL, .to = 2}),
        },
};

static bool was_told_why(int player)
{
    for (int i = 0; i < history.count; i++) {
        const struct event *event = &history.events[i];

        if (event->kind == EVENT_ENTER && event->callback == IN_DOWN && event->player == player)
            return event->cause.code != REASON_NOPROC;
    }
    return false;
}

SEEDED_TEST(monitors, who_begins_to_watch_as_it_ends_is_told_once_for_each_reference, 3000, "why", "noproc")
{
    scenario_run(&begin);
    must(times_in(1, IN_DOWN) == 1);
    must(times_in(2, IN_DOWN) == 2);
    seeds_outcome(was_told_why(1) ? "why" : "noproc");
}

static const struct scenario end = {
    .players = {{0}, {.slow = true}},
    .player_count = 2,
    .setup = DO(WATCHES(1, {MONITOR, .to = 0}, {MONITOR, .to = 0, .which = 1})),
    .clients =
        {
            DO({PAUSE, .to = 0}, WATCHES(1, {DEMONITOR, .which = 0}, {DEMONITOR, .which = 0}),
               {CALL, .to = 1}),
            DO({STOP, .to = 0, .code = REASON_ERROR}, {CALL, .to = 1}),
            DO({CAST, .to = 0, .inside = DO({CAST, .to = 1})}),
        },
};

SEEDED_TEST(monitors, after_demonitor_no_down_is_seen, 3000, "told", "taken back")
{
    int downs;

    scenario_run(&end);
    downs = times_in(1, IN_DOWN);
    must(downs == 1 || downs == 2);
    seeds_outcome(downs == 2 ? "told" : "taken back");
}

static const struct scenario again = {
    .players = {{0}, {.down = DO({MONITOR, .to = 2})}, {0}},
    .player_count = 3,
    .setup = DO(WATCHES(1, {MONITOR, .to = 0})),
    .clients =
        {
            DO(WATCHES(1, {DEMONITOR, .which = 0}, {MONITOR, .to = 0}, {DEMONITOR, .which = 0},
                       {MONITOR, .to = 2})),
            DO({KILL, .to = 0}),
            DO({STOP, .to = 2, .code = REASON_ERROR}),
        },
};

SEEDED_TEST(monitors, the_memory_of_a_monitor_can_be_used_again, 1500, NULL)
{
    scenario_run(&again);
}

/* Everybody watches everybody, itself too. */
static const struct scenario each_other = {
    .players = {{0}, {.slow = true}, {0}},
    .player_count = 3,
    .setup =
        DO(WATCHES(0, {MONITOR, .to = 1}, {MONITOR, .to = 2, .which = 1}, {MONITOR, .to = 0, .which = 2}),
           WATCHES(1, {MONITOR, .to = 0}, {MONITOR, .to = 2, .which = 1}, {MONITOR, .to = 1, .which = 2}),
           WATCHES(2, {MONITOR, .to = 0}, {MONITOR, .to = 1, .which = 1}, {MONITOR, .to = 2, .which = 2})),
    .clients = {DO({KILL, .to = 0}), DO({KILL, .to = 1}), DO({STOP, .to = 0, .code = REASON_ERROR}),
                DO({STOP, .to = 2, .code = REASON_ERROR}, {KILL, .to = 1})},
};

SEEDED_TEST(monitors, watchers_and_watched_end_together, 3000, NULL)
{
    scenario_run(&each_other);
}

/* Two kills of one: the second may find the first still telling. */
static const struct scenario told_on_return = {
    .players = {{0}, {0}, {.slow = true}, {0}},
    .player_count = 4,
    .setup =
        DO(WATCHES(1, {MONITOR, .to = 0}), WATCHES(2, {MONITOR, .to = 0}), WATCHES(3, {MONITOR, .to = 0})),
    .clients =
        {
            DO({KILL, .to = 0}, {CALL, .to = 1}, {CALL, .to = 2}, {CALL, .to = 3}),
            DO({KILL, .to = 0}, {CALL, .to = 3}, {CALL, .to = 2}, {CALL, .to = 1}),
            DO({STOP, .to = 0, .code = REASON_ERROR}, {CAST, .to = 1}, {CAST, .to = 2}),
        },
};

SEEDED_TEST(monitors, whoever_ended_it_finds_every_watcher_told, 3000, NULL)
{
    scenario_run(&told_on_return);
}

static const struct scenario last_words = {
    .players = {{.slow = true}, {.slow = true}},
    .player_count = 2,
    .setup = DO(WATCHES(1, {MONITOR, .to = 0})),
    .clients =
        {
            DO({CAST, .to = 0,
                .inside =
                    DO({CAST, .to = 1}, {INFO, .to = 1}, {CALL, .to = 1}, {CAST, .to = 1}, {CAST, .to = 1})}),
            DO({PAUSE, .to = 0}, {PAUSE, .to = 0}, {PAUSE, .to = 0}, {KILL, .to = 0}),
            DO({CAST, .to = 1}, {CALL, .to = 1}),
        },
};

SEEDED_TEST(monitors, the_down_is_the_last_that_is_heard_of_it, 3000, NULL)
{
    scenario_run(&last_words);
}
