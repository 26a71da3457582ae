#include "actor/visit.h"
#include "lib/actors.h"

static struct actor_visit visit;

static int enter(struct probe *probe)
{
    return actor_visit_enter(&visit, &probe->actor);
}

ACTOR_TEST(visit, is_each_of_them_until_it_ends)
{
    struct probe *a = probe_start();
    struct probe *b = probe_start();

    actor_visit_begin(&visit, ACTOR_FOREVER);
    cr_assert_eq(enter(a), 0);
    cr_assert_eq(actor_self(), &a->actor);
    cr_assert_eq(enter(b), 0);
    cr_assert_eq(actor_self(), &b->actor);
    cr_assert(actor_visit_is_alive(&visit));
    actor_visit_end(&visit);
    cr_assert_null(actor_self());
    actor_visit_end(&visit);
    cr_assert_eq(probe_call(a, 1), 0);
    cr_assert_eq(probe_call(b, 1), 0);
}

ACTOR_TEST(visit, runs_the_mail_that_was_there_before)
{
    struct probe *busy = probe_start();
    struct gate gate;

    gate_init(&gate);
    probe_do_later(busy, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    probe_cast(busy, 1);
    probe_send(busy, 5);
    probe_cast(busy, 3);
    gate_open(&gate);
    actor_visit_begin(&visit, ACTOR_FOREVER);
    cr_assert_eq(enter(busy), 0);
    cr_assert_not_null(strstr(probe_story(busy), "cast 1, info 5, cast 3"));
    actor_visit_end(&visit);
    gate_deinit(&gate);
}

static int call(void *probe)
{
    return probe_call(probe, 1);
}

ACTOR_TEST(visit, lets_others_wait)
{
    struct probe *a = probe_start();
    struct probe *b = probe_start();
    struct helper *callers[2];

    actor_visit_begin(&visit, ACTOR_FOREVER);
    cr_assert_eq(enter(a), 0);
    cr_assert_eq(enter(b), 0);
    callers[0] = helper_start(call, a);
    callers[1] = helper_start(call, b);
    cr_assert(probe_await_caller(a));
    cr_assert(probe_await_caller(b));
    cr_assert_str_eq(probe_story(a), "");
    cr_assert_str_eq(probe_story(b), "");
    actor_visit_end(&visit);
    cr_assert_eq(helper_join(callers[0]), 0);
    cr_assert_eq(helper_join(callers[1]), 0);
    cr_assert_str_eq(probe_story(a), "call 1");
}

static int visit_from_inside(struct probe *self, void *other)
{
    int rc;

    (void)self;
    actor_visit_begin(&visit, ACTOR_FOREVER);
    rc = enter(other);
    actor_visit_end(&visit);
    return rc;
}

ACTOR_TEST(visit, is_refused_inside_a_callback)
{
    struct probe *a = probe_start();
    struct probe *b = probe_start();

    cr_assert_eq(probe_do(a, visit_from_inside, b), ACTOR_E_DEADLOCK);
    cr_assert_eq(probe_do(a, visit_from_inside, a), ACTOR_E_DEADLOCK);
    cr_assert_eq(probe_call(b, 1), 0);
}

ACTOR_TEST(visit, is_refused_to_who_is_entered_already)
{
    struct probe *a = probe_start();
    struct probe *b = probe_start();

    actor_visit_begin(&visit, ACTOR_FOREVER);
    cr_assert_eq(enter(a), 0);
    cr_assert_eq(enter(b), 0);
    cr_assert_eq(enter(a), ACTOR_E_DEADLOCK);
    cr_assert_eq(probe_call(a, 1), ACTOR_E_DEADLOCK);
    cr_assert(actor_visit_is_alive(&visit));
    actor_visit_end(&visit);
    cr_assert_eq(probe_call(a, 1), 0);
}

ACTOR_TEST(visit, waits_no_longer_than_told)
{
    struct probe *a = probe_start();
    struct probe *busy = probe_start();
    struct gate gate;

    gate_init(&gate);
    probe_do_later(busy, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    actor_visit_begin(&visit, 20);
    cr_assert_eq(enter(a), 0);
    cr_assert_eq(enter(busy), ACTOR_E_TIMEOUT);
    cr_assert_eq(actor_self(), &a->actor);
    actor_visit_end(&visit);
    gate_open(&gate);
    gate_deinit(&gate);
}

ACTOR_TEST(visit, of_who_has_ended_says_why)
{
    struct probe *a = probe_start();
    struct probe *stopped = probe_start();
    struct probe *killed = probe_start();

    cr_assert_eq(probe_stop(stopped), 0);
    cr_assert_eq(probe_kill(killed), 0);
    actor_visit_begin(&visit, ACTOR_FOREVER);
    cr_assert_eq(enter(a), 0);
    cr_assert_eq(enter(stopped), ACTOR_E_NORMAL);
    cr_assert_eq(enter(killed), ACTOR_E_KILLED);
    cr_assert(actor_visit_is_alive(&visit));
    actor_visit_end(&visit);
}

ACTOR_TEST(visit, sees_a_kill_and_leaves_the_victim_to_be_destroyed)
{
    struct probe *a = probe_start();
    struct probe *b = probe_start();

    actor_visit_begin(&visit, ACTOR_FOREVER);
    cr_assert_eq(enter(a), 0);
    cr_assert_eq(enter(b), 0);
    cr_assert_eq(helper_join(helper_start((int (*)(void *))actor_kill, &a->actor)), 0);
    cr_assert_not(actor_visit_is_alive(&visit));
    cr_assert_str_eq(probe_story(a), "");
    actor_visit_end(&visit);
    cr_assert(probe_await_end(a));
    cr_assert_str_eq(probe_whole_story(a), "destroy");
    cr_assert_eq(probe_call(b, 1), 0);
}

static int stop(void *probe)
{
    return probe_stop(probe);
}

ACTOR_TEST(visit, is_waited_for_by_a_stop)
{
    struct probe *a = probe_start();
    struct helper *stopper;

    actor_visit_begin(&visit, ACTOR_FOREVER);
    cr_assert_eq(enter(a), 0);
    stopper = helper_start(stop, a);
    cr_assert(probe_await_caller(a));
    cr_assert(actor_visit_is_alive(&visit));
    actor_visit_end(&visit);
    cr_assert_eq(helper_join(stopper), 0);
    cr_assert_str_eq(probe_whole_story(a), "terminate normal, destroy");
}

ACTOR_TEST(visit, leaves_a_stop_that_was_there_before_to_its_own_thread)
{
    struct probe *a = probe_start();
    struct helper *stopper;
    struct gate gate;

    gate_init(&gate);
    probe_do_later(a, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    stopper = helper_start(stop, a);
    cr_assert(probe_await_caller(a));
    gate_open(&gate);
    actor_visit_begin(&visit, ACTOR_FOREVER);
    /* Whoever comes first to the run lock, where the stop waits for that, too. */
    if (enter(a) == 0)
        cr_assert(actors_runtime()->direct);
    actor_visit_end(&visit);
    cr_assert_eq(helper_join(stopper), 0);
    cr_assert_str_eq(probe_whole_story(a), "terminate normal, destroy");
    gate_deinit(&gate);
}
