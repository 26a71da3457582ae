#include "lib/actors.h"

ACTOR_TEST(cast, is_handled_later_by_the_actors_own_thread)
{
    struct probe *probe = probe_start();

    cr_assert_eq(probe_cast(probe, 1), 0);
    cr_assert(probe_await(probe, "cast 1"));
    cr_assert_str_eq(probe_story(probe), "cast 1");
}

ACTOR_TEST(cast, never_waits_for_a_busy_actor)
{
    struct probe *probe = probe_start_slow();
    struct gate gate;

    gate_init(&gate);
    probe_do_later(probe, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    for (unsigned i = 1; i <= 3; i++)
        cr_assert_eq(probe_cast(probe, i), 0);
    cr_assert_str_eq(probe_story(probe), "");
    gate_open(&gate);
    cr_assert(probe_await(probe, "cast 3"));
    cr_assert_str_eq(probe_story(probe), "cast 1, cast 2, cast 3");
    gate_deinit(&gate);
}

ACTOR_TEST(cast, to_an_actor_that_has_ended_is_dropped_and_freed)
{
    struct probe *probe = probe_start();

    cr_assert_eq(probe_stop(probe), 0);
    cr_assert_eq(probe_cast(probe, 1), 0);
    cr_assert_eq(counted_messages_left(), 0);
    cr_assert_str_eq(probe_whole_story(probe), "terminate normal, destroy");
}

ACTOR_TEST(cast, one_that_was_not_handled_before_the_end_is_freed)
{
    struct probe *probe = probe_start_slow();
    struct gate gate;

    gate_init(&gate);
    probe_do_later(probe, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(probe_cast(probe, 1), 0);
    cr_assert_eq(counted_messages_left(), 2);
    cr_assert_eq(probe_kill(probe), 0);
    cr_assert_eq(counted_messages_left(), 1, "the one that is being handled");
    gate_open(&gate);
    cr_assert_str_eq(probe_whole_story(probe), "destroy");
    gate_deinit(&gate);
}

ACTOR_TEST(cast, past_the_limit_is_refused_and_freed_and_infos_are_not)
{
    struct probe *probe = probe_start_slow();
    struct gate gate;

    gate_init(&gate);
    probe->actor.mailbox.limit = 2;
    probe_do_later(probe, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(probe_cast(probe, 1), 0);
    cr_assert_eq(probe_cast(probe, 2), 0);
    cr_assert_eq(probe_cast(probe, 3), MAILBOX_E_FULL);
    cr_assert_eq(counted_messages_left(), 3);
    for (unsigned i = 1; i < 10; i += 2)
        probe_send(probe, i);
    gate_open(&gate);
    cr_assert(probe_await(probe, "info 9"));
    cr_assert_str_eq(probe_story(probe), "cast 1, cast 2, info 1, info 3, info 5, info 7, info 9");
    gate_deinit(&gate);
}

enum { MANY = 200 };

static bool refuses(struct probe *probe)
{
    return probe_cast(probe, 0) == MAILBOX_E_FULL;
}

/* Casts that were taken out of the mailbox together and aren't begun count, and the end finds them. */
ACTOR_TEST(cast, those_taken_together_are_counted_until_they_are_run)
{
    struct probe *probe = probe_start_slow();
    struct gate first;
    struct gate second;

    gate_init(&first);
    gate_init(&second);
    probe_do_later(probe, pass_gate, &first);
    cr_assert(gate_await(&first, 1));
    probe->actor.mailbox.limit = MANY;
    probe_do_later(probe, pass_gate, &second);
    for (unsigned i = 1; i < MANY; i++)
        cr_assert_eq(probe_cast(probe, i), 0);
    cr_assert(refuses(probe));
    gate_open(&first);
    cr_assert(gate_await(&second, 1));
    while (!refuses(probe))
        continue;
    cr_assert_eq(probe->actor.mailbox.count, MANY);
    cr_assert_eq(probe_kill(probe), 0);
    gate_open(&second);
    cr_assert_str_eq(probe_whole_story(probe), "destroy");
    cr_assert_eq(counted_messages_left(), 0);
    gate_deinit(&second);
    gate_deinit(&first);
}

static int cast_to_oneself(struct probe *self, void *arg)
{
    (void)arg;
    return probe_cast(self, 1);
}

ACTOR_TEST(cast, to_oneself_is_handled_after_this_callback)
{
    struct probe *probe = probe_start();

    cr_assert_eq(probe_do(probe, cast_to_oneself, NULL), 0);
    cr_assert(probe_await(probe, "cast 1"));
}
