/*
 * Calls, casts and infos: their order, their answers, and who waits for how
 * long. Most of what must hold is the model's (model.h); a test says what is
 * particular to its race, and which ways it went.
 */
#include "seeded/script.h"
#include "seeded/seeds.h"

#include "base/clock.h"

#define HOUR_MS (3600 * 1000)
#define MINUTE_NS (60 * CLOCK_NS_PER_S)

static const struct scenario crowd = {
    .players = {{.slow = true}, {0}},
    .player_count = 2,
    .clients =
        {
            DO({CAST, .to = 0}, {INFO, .to = 0}, {CALL, .to = 0}, {CAST, .to = 0}, {CALL, .to = 1},
               {CAST, .to = 1}),
            DO({CAST, .to = 1}, {CALL, .to = 1}, {INFO, .to = 1}, {CAST, .to = 0}, {CALL, .to = 0}),
            DO({CAST, .to = 0,
                .inside = DO({CAST, .to = 1}, {CAST, .to = 1}, {CALL, .to = 1}, {INFO, .to = 1})}),
        },
};

SEEDED_TEST(calls, what_each_sender_sends_is_handled_in_its_order, 2000, NULL)
{
    scenario_run(&crowd);
}

static const struct scenario late = {
    .players = {{.slow = true}},
    .player_count = 1,
    .clients =
        {
            DO({CALL, .to = 0, .ms = 5, .inside = DO({SLEEP, .ms = 4})}),
            DO({CALL, .to = 0, .ms = 5}),
            DO({CAST, .to = 0}, {CAST, .to = 0}),
        },
};

SEEDED_TEST(calls, a_call_is_answered_or_times_out_and_a_late_reply_is_dropped, 2000, "answered", "timed out")
{
    scenario_run(&late);
    seeds_outcome(is_reply(result_of(late.clients[1])) ? "answered" : "timed out");
}

static const struct scenario held_up = {
    .players = {{0}, {0}},
    .player_count = 2,
    .clients =
        {
            DO({CALL, .to = 0,
                .inside = DO({CALL, .to = 1, .ms = 3, .owned = true}, {CALL, .to = 1, .ms = 3})}),
            DO({CALL, .to = 1, .ms = 1, .inside = DO({CAST, .to = 0}, {CAST, .to = 0})}),
            DO({CALL, .to = 1, .ms = NO_TIME}, {CALL, .to = 0, .ms = NO_TIME, .owned = true}),
        },
};

SEEDED_TEST(calls, a_prompt_callback_that_began_is_waited_for, 2000, "answered", "timed out")
{
    scenario_run(&held_up);
    seeds_outcome(is_reply(result_of(held_up.clients[2])) ? "answered" : "timed out");
}

static const struct scenario caller_dies = {
    .players = {{.slow = true}, {.slow = true}},
    .player_count = 2,
    .clients =
        {
            DO({CAST, .to = 0,
                .inside = DO({CALL, .to = 1, .inside = DO({SLEEP, .ms = HOUR_MS})}, {CAST, .to = 1})}),
            DO({PAUSE, .to = 0}, {PAUSE, .to = 0}, {PAUSE, .to = 0}, {PAUSE, .to = 0}, {KILL, .to = 0}),
        },
    .threads = THREADS_ENOUGH,
    .steady = true,
};

SEEDED_TEST(calls, who_is_killed_while_it_waits_waits_no_more, 2000, "woken", "never called")
{
    const struct step *call = caller_dies.clients[0]->inside;
    int result;

    scenario_run(&caller_dies);
    result = result_of(call);
    seeds_outcome(result == NEVER ? "never called" : "woken");
    if (result != NEVER)
        must(result == ACTOR_E_KILLED && end_of(call) < MINUTE_NS);
}

static const struct scenario callee_dies = {
    .players = {{.slow = true}, {.slow = true}},
    .player_count = 2,
    .clients =
        {
            DO({CALL, .to = 0, .inside = DO({SLEEP, .ms = HOUR_MS}, {CAST, .to = 1})}),
            DO({CALL, .to = 0}),
            DO({SIGNAL, .to = 0, .code = REASON_ERROR}),
        },
    .threads = THREADS_ENOUGH,
    .steady = true,
};

SEEDED_TEST(calls, who_waits_for_an_actor_that_is_ended_waits_no_more, 2000, "told why", "too late")
{
    const struct step *call = callee_dies.clients[0];
    int result;

    scenario_run(&callee_dies);
    result = result_of(call);
    must(result == ACTOR_E_ERROR || result == ACTOR_E_NOPROC);
    must(end_of(call) < MINUTE_NS && end_of(callee_dies.clients[1]) < MINUTE_NS);
    seeds_outcome(result == ACTOR_E_ERROR ? "told why" : "too late");
}

#define CIRCLE                                                                                               \
    DO({CALL, .to = 0, .ms = 50,                                                                             \
        .inside = DO({CALL, .to = 1, .ms = 20, .inside = DO({CALL, .to = 0, .ms = 5})})})

static const struct scenario circle = {
    .players = {{0}, {0}},
    .player_count = 2,
    .clients = {CIRCLE, DO({CALL, .to = 1, .ms = 50, .inside = DO({CALL, .to = 0, .ms = 5})}),
                DO({CAST, .to = 0})},
};

SEEDED_TEST(calls, a_circle_of_calls_is_refused_or_times_out, 2000, "refused", "timed out", "not closed")
{
    int result;

    scenario_run(&circle);
    result = result_of(circle.clients[0]->inside->inside);
    seeds_outcome(result == ACTOR_E_DEADLOCK  ? "refused"
                  : result == ACTOR_E_TIMEOUT ? "timed out"
                                              : "not closed");
}

static const struct scenario oneself = {
    .players = {{.slow = true}, {0}},
    .player_count = 2,
    .clients =
        {
            DO({CALL, .to = 0, .inside = DO({CALL, .to = 0}, {STOP, .to = 0}, {CALL, .to = 1})}),
            DO({CALL, .to = 1,
                .inside = DO({CALL, .to = 1}, {CALL, .to = 0}, {STOP, .to = 0}, {STOP, .to = 1})}),
        },
};

SEEDED_TEST(calls, a_call_or_a_stop_of_oneself_or_of_who_may_wait_is_refused, 500, NULL)
{
    scenario_run(&oneself);
    for (int i = 0; i < 2; i++)
        must(result_of(&oneself.clients[0]->inside[i]) == ACTOR_E_DEADLOCK);
    for (int i = 0; i < 4; i++)
        must(result_of(&oneself.clients[1]->inside[i]) == ACTOR_E_DEADLOCK);
}
