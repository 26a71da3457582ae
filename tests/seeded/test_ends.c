/*
 * Stops, kills and exits that race each other, and what is still under way.
 */
#include "seeded/script.h"
#include "seeded/seeds.h"

#include "base/clock.h"

#define HOUR_MS (3600 * 1000)
#define MINUTE_NS (60 * CLOCK_NS_PER_S)

/* In the order of enum step_kind: by what the operation was that ended it. */
static void note_end_of(int player)
{
    struct cause cause = cause_of_end(player);

    if (cause.code == REASON_KILLED)
        seeds_outcome("killed");
    else if (cause.code == REASON_ERROR)
        seeds_outcome("stopped");
    else
        seeds_outcome(cause.code == REASON_NORMAL ? "exited" : "signalled");
}

#define WATCH_0 DO({CALL, .to = 1, .inside = DO({MONITOR, .to = 0})})
#define CONTEST                                                                                              \
    .setup = WATCH_0,                                                                                        \
    .clients = {                                                                                             \
        DO({CAST, .to = 0, .inside = DO({CAST, .to = 1}, {EXIT, .code = REASON_NORMAL}, {CAST, .to = 1})},   \
           {CALL, .to = 0}),                                                                                 \
        DO({STOP, .to = 0, .code = REASON_ERROR}, {CALL, .to = 1}),                                          \
        DO({PAUSE, .to = 0}, {PAUSE, .to = 0}, {KILL, .to = 0}, {CALL, .to = 1}),                            \
        DO({PAUSE, .to = 0}, {SIGNAL, .to = 0, .code = REASON_SHUTDOWN},                                     \
           {STOP, .to = 0, .code = REASON_ERROR, .ms = 2}),                                                  \
    }

static const struct scenario prompt_contest = {.players = {{0}, {0}}, .player_count = 2, CONTEST};
static const struct scenario slow_contest = {
    .players = {{.slow = true}, {.slow = true}}, .player_count = 2, CONTEST};

SEEDED_TEST(ends, stop_kill_exit_and_signal_race_and_one_wins, 3000, "stopped", "killed", "exited",
            "signalled")
{
    scenario_run(&prompt_contest);
    must(times_in(1, IN_DOWN) <= 1);
    note_end_of(0);
}

SEEDED_TEST(ends, they_race_for_an_actor_that_may_wait, 3000, "stopped", "killed", "exited", "signalled")
{
    scenario_run(&slow_contest);
    must(times_in(1, IN_DOWN) <= 1);
    note_end_of(0);
}

static const struct scenario behind_mail = {
    .players = {{0}, {.slow = true}},
    .player_count = 2,
    .clients =
        {
            DO({CAST, .to = 0}, {INFO, .to = 0}, {CAST, .to = 1}, {STOP, .to = 0, .code = REASON_ERROR}),
            DO({CAST, .to = 1}, {CAST, .to = 0}, {STOP, .to = 1, .code = REASON_ERROR}),
            DO({CALL, .to = 0, .inside = DO({CAST, .to = 0}, {CAST, .to = 1})},
               {STOP, .to = 1, .code = REASON_ERROR}),
        },
};

SEEDED_TEST(ends, a_stop_waits_its_turn_behind_earlier_mail, 2000, "called", "too late")
{
    scenario_run(&behind_mail);
    seeds_outcome(is_reply(result_of(behind_mail.clients[2])) ? "called" : "too late");
}

static const struct scenario two_stops = {
    .players = {{0}, {.slow = true, .terminate = DO({SLEEP, .ms = 3})}},
    .player_count = 2,
    .clients =
        {
            DO({STOP, .to = 0, .code = REASON_ERROR}, {STOP, .to = 1, .code = REASON_ERROR, .ms = 4}),
            DO({STOP, .to = 0, .code = REASON_ERROR, .ms = NO_TIME},
               {STOP, .to = 1, .code = REASON_ERROR, .ms = 4}),
            DO({CAST, .to = 1}, {CALL, .to = 1, .ms = 1}),
        },
};

SEEDED_TEST(ends, a_stop_that_times_out_ends_it_later_or_never, 2000, "in time", "timed out", "too late")
{
    int result;

    scenario_run(&two_stops);
    result = result_of(&two_stops.clients[0][1]);
    seeds_outcome(result == 0 ? "in time" : result == ACTOR_E_TIMEOUT ? "timed out" : "too late");
}

static const struct scenario in_terminate = {
    .players = {{.slow = true, .terminate = DO({CAST, .to = 1}, {CALL, .to = 1}, {CAST, .to = 1})}, {0}},
    .player_count = 2,
    .setup = WATCH_0,
    .clients =
        {
            DO({STOP, .to = 0, .code = REASON_ERROR}, {CALL, .to = 1}),
            DO({PAUSE, .to = 0}, {PAUSE, .to = 0}, {PAUSE, .to = 0}, {KILL, .to = 0}, {CALL, .to = 1}),
            DO({CALL, .to = 0}),
        },
};

SEEDED_TEST(ends, a_kill_comes_before_within_or_after_terminate, 2000, "not begun", "within", "in order")
{
    scenario_run(&in_terminate);
    if (cause_of_end(0).code != REASON_KILLED)
        seeds_outcome("in order");
    else
        seeds_outcome(times_in(0, IN_TERMINATE) ? "within" : "not begun");
}

static const struct scenario suicide = {
    .players = {{.slow = true}, {0}},
    .player_count = 2,
    .setup = WATCH_0,
    .clients =
        {
            DO({CALL, .to = 0,
                .inside =
                    DO({KILL, .to = 0}, {CAST, .to = 1}, {CALL, .to = 1}, {MONITOR, .to = 1, .which = 1})}),
            DO({CAST, .to = 0}, {CALL, .to = 0}),
            DO({CAST, .to = 1, .inside = DO({KILL, .to = 1}, {CAST, .to = 0}, {STOP, .to = 0, .ms = 1})}),
        },
};

SEEDED_TEST(ends, who_kills_itself_sends_nothing_afterwards, 2000, NULL)
{
    scenario_run(&suicide);
    must(result_of(suicide.clients[0]->inside + 2) != 0);
}

/* The mailbox is open and others know it before `init` has returned. */
static const struct scenario early = {
    .players = {{.late = true, .early = true, .slow = true, .init = DO({CAST, .to = 0}, {MONITOR, .to = 1})},
                {0}},
    .player_count = 2,
    .clients =
        {
            DO({START, .to = 0}, {CALL, .to = 0}),
            DO({CAST, .to = 0}, {KILL, .to = 0}),
            DO({CALL, .to = 0, .ms = 3}, {STOP, .to = 0, .code = REASON_ERROR}),
            DO({KILL, .to = 1}),
        },
};

SEEDED_TEST(ends, an_actor_may_be_called_stopped_and_killed_while_its_init_runs, 3000, "killed", "stopped",
            "lived")
{
    int kill;
    int stop;

    scenario_run(&early);
    kill = result_of(&early.clients[1][1]);
    stop = result_of(&early.clients[2][1]);
    seeds_outcome(kill == 0 ? "killed" : stop == 0 ? "stopped" : "lived");
}

static const struct scenario failing = {
    .players = {{.late = true,
                 .slow = true,
                 .fails = true,
                 .init = DO({MONITOR, .to = 1}, {CAST, .to = 1}, {TIMER, .ms = 1}, {CALL, .to = 1})},
                {0},
                {.late = true, .fails = true, .init = DO({START, .to = 3}, {CALL, .to = 3})},
                {.late = true}},
    .player_count = 4,
    .clients = {DO({START, .to = 0}), DO({CAST, .to = 1}, {KILL, .to = 1}), DO({START, .to = 2})},
};

SEEDED_TEST(ends, a_failed_init_leaves_nothing_behind, 2000, NULL)
{
    scenario_run(&failing);
    must(result_of(failing.clients[0]) == ACTOR_E_INIT);
}

static const struct scenario long_callback = {
    .players = {{.slow = true}, {0}},
    .player_count = 2,
    .setup = WATCH_0,
    .clients =
        {
            DO({CAST, .to = 0, .inside = DO({SLEEP, .ms = HOUR_MS}, {CAST, .to = 1}, {CALL, .to = 1})}),
            DO({PAUSE, .to = 0}, {PAUSE, .to = 0}, {PAUSE, .to = 0}, {KILL, .to = 0}, {CALL, .to = 1}),
            DO({CAST, .to = 0}, {CALL, .to = 0}, {STOP, .to = 0}),
        },
    .threads = THREADS_ENOUGH,
    .steady = true,
};

SEEDED_TEST(ends, a_kill_waits_for_no_callback_and_destroy_does, 2000, "within", "before")
{
    const struct step *sleep = long_callback.clients[0]->inside;

    scenario_run(&long_callback);
    must(end_of(&long_callback.clients[1][1]) < MINUTE_NS);
    seeds_outcome(result_of(sleep) == NEVER ? "before" : "within");
}
