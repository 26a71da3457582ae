/*
 * Who goes along with whom.
 */
#include "seeded/script.h"
#include "seeded/seeds.h"

#define TELL(number, ...)                                                                                    \
    {                                                                                                        \
        CALL, .to = (number), .inside = DO(__VA_ARGS__)                                                      \
    }
#define TELL_LATER(number, ...)                                                                              \
    {                                                                                                        \
        CAST, .to = (number), .inside = DO(__VA_ARGS__)                                                      \
    }

static bool went_along(int player, int with)
{
    return cause_is(cause_of_end(player), cause_of_end(with));
}

/* ---- chains and circles ---- */

static const struct scenario chain = {
    .players = {{0}, {.slow = true}, {0}, {.slow = true}, {0}},
    .player_count = 5,
    .setup = DO({LINK, .to = 0, .other = 1}, {LINK, .to = 1, .other = 2}, {LINK, .to = 2, .other = 3},
                {LINK, .to = 3, .other = 4}, TELL(4, {MONITOR, .to = 1})),
    .clients =
        {
            DO({PAUSE, .to = 0}, {SIGNAL, .to = 0, .code = REASON_ERROR}),
            DO({CALL, .to = 3}, {CAST, .to = 2}, {CALL, .to = 4}),
            DO({UNLINK, .to = 2, .other = 3}, {LINK, .to = 3, .other = 2}),
            DO({CAST, .to = 1, .inside = DO({CALL, .to = 2, .ms = 3}, {CAST, .to = 4})}),
        },
};

SEEDED_TEST(links, an_abnormal_end_runs_along_a_chain, 2000, "to its end", "to where it is broken")
{
    scenario_run(&chain);
    must(went_along(1, 0) && went_along(2, 0));
    seeds_outcome(went_along(4, 0) ? "to its end" : "to where it is broken");
}

static const struct scenario ring = {
    .players = {{0}, {.slow = true}, {0}, {0}},
    .player_count = 4,
    .setup = DO({LINK, .to = 0, .other = 1}, {LINK, .to = 1, .other = 2}, {LINK, .to = 2, .other = 3},
                {LINK, .to = 3, .other = 0}, {LINK, .to = 0, .other = 3}),
    .clients =
        {
            DO({PAUSE, .to = 0}, {KILL, .to = 0}),
            DO({PAUSE, .to = 0}, {SIGNAL, .to = 2, .code = REASON_ERROR}),
            DO({STOP, .to = 1, .code = REASON_SHUTDOWN}),
        },
};

SEEDED_TEST(links, ends_that_meet_in_a_circle_end_everybody_once, 3000, "killed", "error", "shutdown")
{
    struct cause cause;

    scenario_run(&ring);
    cause = cause_of_end(3);
    seeds_outcome(cause.code == REASON_KILLED ? "killed" : cause.code == REASON_ERROR ? "error" : "shutdown");
}

static const struct scenario normal = {
    .players = {{0}, {.slow = true}, {.traps = true}},
    .player_count = 3,
    .setup = DO({LINK, .to = 0, .other = 1}, {LINK, .to = 0, .other = 2}),
    .clients =
        {
            DO({STOP, .to = 0, .code = REASON_NORMAL}),
            DO({LINK, .to = 0, .other = 1}, {CALL, .to = 1}),
            DO({CALL, .to = 2}, {SIGNAL, .to = 1, .code = REASON_NORMAL}),
        },
};

SEEDED_TEST(links, a_normal_end_takes_nobody_along, 2000, "once linked", "linked with the dead")
{
    scenario_run(&normal);
    seeds_outcome(cause_of_end(1).code == REASON_NOPROC ? "linked with the dead" : "once linked");
}

/* Its monitors are in its own memory, and must be out of others' lists before it is destroyed. */
static const struct scenario thrice = {
    .players = {{0}, {.slow = true}, {0}, {0}},
    .player_count = 4,
    .setup = DO({LINK, .to = 0, .other = 1}, {LINK, .to = 3, .other = 1},
                TELL(1, {MONITOR, .to = 2}, {MONITOR, .to = 2, .which = 1}, {MONITOR, .to = 3, .which = 2})),
    .clients =
        {
            DO({SIGNAL, .to = 0, .code = REASON_ERROR}),
            DO({SIGNAL, .to = 3, .code = REASON_SHUTDOWN}),
            DO({KILL, .to = 1}),
        },
};

SEEDED_TEST(links, who_is_ended_from_three_sides_at_once_ends_once, 3000, "killed", "error", "shutdown")
{
    struct cause cause;

    scenario_run(&thrice);
    cause = cause_of_end(1);
    seeds_outcome(cause.code == REASON_KILLED ? "killed" : cause.code == REASON_ERROR ? "error" : "shutdown");
}

/* ---- traps ---- */

static const struct scenario traps = {
    .players = {{0}, {.slow = true}, {.traps = true}},
    .player_count = 3,
    .setup = DO({LINK, .to = 2, .other = 0}, {LINK, .to = 1, .other = 2}, {LINK, .to = 2, .other = 0}),
    .clients =
        {
            DO({KILL, .to = 0}, {CALL, .to = 2}),
            DO({STOP, .to = 1, .code = REASON_NORMAL}, {CALL, .to = 2}),
            DO({SIGNAL, .to = 2, .code = REASON_ERROR}, {CAST, .to = 2},
               {SIGNAL, .to = 2, .code = REASON_NORMAL}),
        },
};

SEEDED_TEST(links, who_traps_exits_is_told_of_each_and_lives, 2000, NULL)
{
    scenario_run(&traps);
    must(times_in(2, IN_EXIT) == 4);
}

static const struct scenario changes = {
    .players = {{0}, {0}},
    .player_count = 2,
    .setup = DO({LINK, .to = 0, .other = 1}),
    .clients =
        {
            DO(TELL(1, {.kind = TRAP})),
            DO({KILL, .to = 0}, {CALL, .to = 1}),
            DO(TELL_LATER(1, {.kind = UNTRAP})),
        },
};

SEEDED_TEST(links, who_begins_to_trap_as_the_other_ends_is_told_or_goes_along, 3000, "told", "went along")
{
    scenario_run(&changes);
    must(times_in(1, IN_EXIT) == !went_along(1, 0));
    seeds_outcome(went_along(1, 0) ? "went along" : "told");
}

/* ---- unlink ---- */

static const struct scenario undo = {
    .players = {{0}, {.traps = true}, {0}},
    .player_count = 3,
    .setup = DO({LINK, .to = 0, .other = 1}, {LINK, .to = 0, .other = 2}),
    .clients =
        {
            DO(TELL(1, {UNLINK, .to = 0}), {CALL, .to = 1}),
            DO({PAUSE, .to = 0}, {PAUSE, .to = 0}, {PAUSE, .to = 0}, {KILL, .to = 0}, {CALL, .to = 1}),
            DO(TELL_LATER(2, {UNLINK, .to = 0}, {CAST, .to = 1})),
        },
};

SEEDED_TEST(links, after_unlink_no_exit_is_seen_and_nobody_goes_along, 3000, "told", "undone", "went along")
{
    scenario_run(&undo);
    if (went_along(2, 0))
        seeds_outcome("went along");
    else
        seeds_outcome(times_in(1, IN_EXIT) ? "told" : "undone");
}

static const struct scenario from_outside = {
    .players = {{0}, {.slow = true}},
    .player_count = 2,
    .clients =
        {
            DO({LINK, .to = 0, .other = 1}, {UNLINK, .to = 1, .other = 0}, {LINK, .to = 0, .other = 1}),
            DO({UNLINK, .to = 0, .other = 1}, {LINK, .to = 1, .other = 0}),
            DO({SIGNAL, .to = 0, .code = REASON_ERROR}),
        },
};

SEEDED_TEST(links, links_are_made_and_undone_from_both_sides_at_once, 3000, "went along", "noproc")
{
    scenario_run(&from_outside);
    seeds_outcome(cause_of_end(1).code == REASON_NOPROC ? "noproc" : "went along");
}

/* ---- the dead ---- */

static const struct scenario dead = {
    .players = {{0}, {0}, {.traps = true}},
    .player_count = 3,
    .clients =
        {
            DO({KILL, .to = 0}),
            DO({LINK, .to = 1, .other = 0}),
            DO({LINK, .to = 0, .other = 2}, {LINK, .to = 0, .other = 2}, TELL(2, {UNLINK, .to = 0}),
               {CALL, .to = 2}),
        },
};

SEEDED_TEST(links, a_link_to_who_is_ending_tells_why_or_noproc, 3000, "killed", "noproc")
{
    scenario_run(&dead);
    seeds_outcome(cause_of_end(1).code == REASON_KILLED ? "killed" : "noproc");
}

static const struct scenario running = {
    .players = {{.slow = true}, {0}},
    .player_count = 2,
    .setup = DO({LINK, .to = 0, .other = 1}),
    .clients =
        {
            DO({CALL, .to = 0, .inside = DO({CALL, .to = 1, .ms = 5}, {SLEEP, .ms = 3}, {CAST, .to = 1})}),
            DO({PAUSE, .to = 0}, {PAUSE, .to = 0}, {SIGNAL, .to = 1, .code = REASON_ERROR}),
        },
};

SEEDED_TEST(links, who_goes_along_while_it_runs_a_call_answers_why, 2000, "error", "noproc", "replied")
{
    int result;

    scenario_run(&running);
    result = result_of(running.clients[0]);
    must(result != ACTOR_E_KILLED);
    seeds_outcome(result == ACTOR_E_ERROR ? "error" : result == ACTOR_E_NOPROC ? "noproc" : "replied");
}

/* ---- parents ---- */

static bool ended_before(int player, const struct step *step)
{
    for (int i = 0; i < history.count; i++) {
        const struct event *event = &history.events[i];

        if (event->kind == EVENT_ENDED && event->player == player)
            return true;
        if (event->kind == EVENT_BEGIN && history.operations[event->operation].step == step)
            return false;
    }
    return false;
}

static const struct scenario parent = {
    .players = {{.slow = true}, {.late = true, .traps = true}, {.late = true, .slow = true}},
    .player_count = 3,
    .clients =
        {
            DO(TELL(0, {START_LINK, .to = 1}, {START_LINK, .to = 2})),
            DO({PAUSE, .to = 0}, {PAUSE, .to = 0}, {PAUSE, .to = 0}, {PAUSE, .to = 0}, {KILL, .to = 0},
               {STOP, .to = 0}),
            DO({CALL, .to = 1}, {CAST, .to = 2}, {CALL, .to = 2}),
        },
};

SEEDED_TEST(links, the_end_of_a_parent_ends_its_children_even_one_that_traps, 3000, "none yet", "both")
{
    scenario_run(&parent);
    must(times_in(1, IN_EXIT) == 0);
    seeds_outcome(times_in(1, IN_TERMINATE) && times_in(2, IN_INIT) ? "both" : "none yet");
}

static const struct scenario one_way = {
    .players = {{0}, {0}, {.traps = true}},
    .player_count = 3,
    .clients =
        {
            DO(TELL(1, {FOLLOW, .to = 0}), TELL(2, {FOLLOW, .to = 0})),
            DO({PAUSE, .to = 0}, {PAUSE, .to = 0}, {SIGNAL, .to = 0, .code = REASON_ERROR}),
            DO({CALL, .to = 1}, {STOP, .to = 2, .code = REASON_SHUTDOWN}),
        },
};

SEEDED_TEST(links, who_follows_ends_with_its_parent_and_not_the_other_way, 2000, "went along",
            "followed the dead")
{
    scenario_run(&one_way);
    must(cause_of_end(0).code == REASON_ERROR);
    must(went_along(1, 0));
    seeds_outcome(ended_before(0, one_way.clients[0]->inside) ? "followed the dead" : "went along");
}
