/*
 * What start_supervised() and wards_run() must see: a test that can't start
 * what it needs, or that leaves something over. Part of verdicts.c's tests.
 */
#include "base/clock.h"
#include "lib/supervised.h"
#include "lib/wards.h"

#include <pthread.h>
#include <unistd.h>

static void *turn_for_ever(void *arg)
{
    for (;;) {
        clock_turn(CLOCK_NS_PER_S);
        usleep(1000);
    }
    return arg;
}

/* The fixtures' patience is soon over. */
static void hurry(void)
{
    pthread_t thread;

    clock_hold();
    cr_assert_eq(pthread_create(&thread, NULL, turn_for_ever, NULL), 0);
}

static struct actor *start_ward(struct ward_plan *plan)
{
    struct child_spec spec = ward_spec(plan);

    return start_supervised(&spec);
}

/* A ward that nobody stops, nor remembers. */
static int start_one_more(struct actor *supervisor)
{
    struct child_spec spec = ward_spec(ward_plans("z"));
    struct actor *forgotten;
    struct reason reason;

    return spec.start(supervisor, spec.arg, &forgotten, &reason);
}

static void supervise(void)
{
    (void)start_ward(ward_plans("a"));
}

Test(must_pass, nothing_left_over)
{
    supervised_run(supervise, true, wards_run);
}

static void forget_an_actor(void)
{
    struct ward_plan *plan = ward_plans("a");

    plan->before = start_one_more;
    (void)start_ward(plan);
}

Test(must_fail, actor_left_over, .init = hurry)
{
    supervised_run(forget_an_actor, true, wards_run);
}

static void keep_a_reference(void)
{
    (void)actor_ref(start_ward(ward_plans("a")));
}

Test(must_fail, reference_left_over, .init = hurry)
{
    supervised_run(keep_a_reference, true, wards_run);
}

static void keep_a_message(void)
{
    (void)start_ward(ward_plans("a"));
    (void)counted_message(MESSAGE_INFO, 1);
}

Test(must_fail, message_left_over, .init = hurry)
{
    supervised_run(keep_a_message, true, wards_run);
}

/* Its supervisor has killed it, but its callback never returns. */
static void hold_a_thread(void)
{
    static struct gate gate;
    struct ward_plan *plan = ward_plans("a");

    gate_init(&gate);
    plan->shutdown_ms = SUPERVISOR_BRUTAL_KILL;
    ward_hold(start_ward(plan), &gate);
}

Test(must_fail, thread_left_over, .init = hurry)
{
    supervised_run(hold_a_thread, true, wards_run);
}

static void fail_to_start(void)
{
    struct ward_plan *plan = ward_plans("a");

    plan->failures = 1;
    (void)start_ward(plan);
}

Test(must_fail, start_that_fails, .init = hurry)
{
    supervised_run(fail_to_start, true, wards_run);
}

static void start_twice(void)
{
    struct ward_plan *plans = ward_plans("aa");

    (void)start_ward(&plans[0]);
    (void)start_ward(&plans[1]);
}

Test(must_fail, id_that_is_taken, .init = hurry)
{
    supervised_run(start_twice, true, wards_run);
}

static void end_the_supervisor(void)
{
    (void)actor_kill(supervisor_actor(test_supervisor()));
}

Test(must_fail, supervisor_of_the_test_that_was_ended, .init = hurry)
{
    supervised_run(end_the_supervisor, true, wards_run);
}
