/*
 * Threads that come and go while there is mail: hibernation, the cache, the
 * budget of idle ones, and none to be had.
 */
#include "seeded/script.h"
#include "seeded/seeds.h"

#include "base/clock.h"

static const struct scenario naps = {
    .players = {{.slow = true}, {0}},
    .player_count = 2,
    .clients =
        {
            DO({CAST, .to = 0}, {SLEEP, .ms = 2}, {CAST, .to = 0}, {SLEEP, .ms = 2}, {CALL, .to = 0}),
            DO({CAST, .to = 1}, {SLEEP, .ms = 3}, {CAST, .to = 1}, {CALL, .to = 0}),
            DO({SLEEP, .ms = 2}, {CALL, .to = 1}, {SLEEP, .ms = 2}, {INFO, .to = 1}),
        },
    .linger_ms = 2,
};

SEEDED_TEST(threads, mail_that_comes_as_an_actor_falls_asleep_is_handled, 3000, "one thread", "several")
{
    scenario_run(&naps);
    seeds_outcome(threads_in(0) > 1 ? "several" : "one thread");
}

static const struct scenario awake = {
    .players = {{.slow = true}, {.slow = true}},
    .player_count = 2,
    .clients =
        {
            DO({CALL, .to = 0}, {CALL, .to = 0}, {CALL, .to = 1}),
            DO({CAST, .to = 0, .inside = DO({CALL, .to = 1})}, {CALL, .to = 0}, {CALL, .to = 0}),
            DO({CAST, .to = 1}, {PAUSE, .to = 0}, {CALL, .to = 1}, {PAUSE, .to = 0}, {CALL, .to = 0}),
        },
    .linger_ms = 24 * 3600 * 1000,
    .threads = THREADS_ENOUGH,
    .steady = true,
};

SEEDED_TEST(threads, mail_wakes_at_once_who_begins_to_wait_for_it, 3000, NULL)
{
    scenario_run(&awake);
    for (int i = 0; i < 3; i++) {
        for (const struct step *step = awake.clients[i]; step->kind != STEPS_END; step++)
            must(end_of(step) < 3600 * CLOCK_NS_PER_S);
    }
}

#define EACH(kind_)                                                                                          \
    {kind_, .to = 0}, {kind_, .to = 1}, {kind_, .to = 2},                                                    \
    {                                                                                                        \
        kind_, .to = 3                                                                                       \
    }

static const struct scenario many = {
    .players = {{.slow = true}, {.slow = true}, {.slow = true}, {0}},
    .player_count = 4,
    .clients = {DO(EACH(CAST), EACH(CALL)), DO(EACH(CALL), {KILL, .to = 2}),
                DO(EACH(CAST), {SLEEP, .ms = 3}, EACH(CAST))},
};

SEEDED_TEST(threads, more_actors_than_may_stay_awake_all_get_their_mail, 1500, NULL)
{
    scenario_run(&many);
}

static const struct scenario scarce = {
    .players = {{.slow = true}, {.slow = true}, {0}},
    .player_count = 3,
    .clients =
        {
            DO({CAST, .to = 0, .inside = DO({CAST, .to = 1}, {CALL, .to = 1, .ms = 5})}, {CALL, .to = 1},
               {CALL, .to = 0}),
            DO({CALL, .to = 0}, {STOP, .to = 1, .code = REASON_ERROR}, {CAST, .to = 2}),
            DO({CAST, .to = 2, .inside = DO({CAST, .to = 0}, {EXIT, .code = REASON_ERROR})}, {PAUSE, .to = 0},
               {PAUSE, .to = 0}, {KILL, .to = 0}),
        },
    .threads = THREADS_SCARCE,
};

SEEDED_TEST(threads, a_thread_that_can_not_be_had_now_is_had_later, 2000, NULL)
{
    scenario_run(&scarce);
}

static const struct scenario none = {
    .players = {{.slow = true}, {.slow = true}, {0}},
    .player_count = 3,
    .clients =
        {
            DO({CAST, .to = 0, .inside = DO({CAST, .to = 1}, {CALL, .to = 1, .ms = 5})}, {CALL, .to = 1},
               {CALL, .to = 0}),
            DO({CALL, .to = 0}, {STOP, .to = 1, .code = REASON_ERROR}, {CAST, .to = 2}),
            DO({CAST, .to = 2, .inside = DO({CAST, .to = 0}, {EXIT, .code = REASON_ERROR})}, {PAUSE, .to = 0},
               {PAUSE, .to = 0}, {PAUSE, .to = 0}, {KILL, .to = 0}),
        },
    .threads = THREADS_NONE,
};

SEEDED_TEST(threads, the_reserve_runs_everybody_when_there_are_no_threads, 2000, "answered", "too late")
{
    scenario_run(&none);
    seeds_outcome(is_reply(result_of(none.clients[1])) ? "answered" : "too late");
}

enum { HOUR = 3600 * 1000 };

/* Zero waits for one, who waits for two; and somebody else for two, too. */
static const struct scenario chain = {
    .players = {{.slow = true}, {.slow = true}, {.slow = true}},
    .player_count = 3,
    .clients =
        {
            DO({CALL, .to = 0, .inside = DO({CALL, .to = 1, .ms = HOUR, .inside = DO({CALL, .to = 2, .ms = HOUR})})}),
            DO({CALL, .to = 2}, {CALL, .to = 1}),
            DO({CAST, .to = 2}, {CALL, .to = 0}),
        },
    .threads = THREADS_NONE,
    .steady = true,
};

SEEDED_TEST(threads, the_reserve_answers_who_waits_on_it, 2000, NULL)
{
    scenario_run(&chain);
    must(is_reply(result_of(chain.clients[0])));
    must(is_reply(result_of(chain.clients[0]->inside)));
    must(is_reply(result_of(chain.clients[0]->inside->inside)));
    must(is_reply(result_of(chain.clients[1])));
    must(is_reply(result_of(chain.clients[2] + 1)));
}

/* Old enough for a thread as it ends, or as its first mail comes. */
static const struct scenario young = {
    .players = {{.late = true}, {.late = true, .slow = true}, {.late = true}},
    .player_count = 3,
    .clients =
        {
            DO({START, .to = 0}, {SLEEP, .ms = 1}, {CAST, .to = 0}, {CALL, .to = 0}),
            DO({START, .to = 1}, {SLEEP, .ms = 1}, {KILL, .to = 1}, {CAST, .to = 0}),
            DO({START, .to = 2}, {CALL, .to = 2, .inside = DO({EXIT, .code = REASON_ERROR})},
               {SLEEP, .ms = 1}, {STOP, .to = 0}),
        },
};

SEEDED_TEST(threads, an_actor_comes_of_age_while_it_is_used_and_ended, 2000, NULL)
{
    scenario_run(&young);
}
