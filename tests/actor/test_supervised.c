#include "lib/supervised.h"
#include "lib/wards.h"

/* Wards look themselves after that they are freed. */
#define SUPERVISED_WARD_TEST(sentence)                                                                       \
    static void sentence(void);                                                                              \
    Test(supervised, sentence##_with_direct_calls)                                                           \
    {                                                                                                        \
        supervised_run(sentence, true, wards_run);                                                           \
    }                                                                                                        \
    Test(supervised, sentence##_with_queued_calls)                                                           \
    {                                                                                                        \
        supervised_run(sentence, false, wards_run);                                                          \
    }                                                                                                        \
    static void sentence(void)

static struct actor *start_ward(struct ward_plan *plan)
{
    struct child_spec spec = ward_spec(plan);

    return start_supervised(&spec);
}

SUPERVISED_TEST(supervised, a_test_may_start_nothing)
{
    cr_assert(actor_alive(supervisor_actor(test_supervisor())));
}

SUPERVISED_WARD_TEST(what_a_test_starts_runs_until_the_test_is_over)
{
    struct actor *a = start_ward(ward_plans("a"));

    cr_assert(actor_alive(a));
    cr_assert_str_eq(wards_story(), "start a");
}

static void start_three(void)
{
    struct ward_plan *plans = ward_plans("abc");

    for (int i = 0; i < 3; i++)
        (void)start_ward(&plans[i]);
}

static void (*supervised_body)(void);

static void run_and_look(void)
{
    supervised_body();
    cr_assert_str_eq(wards_story(),
                     "start a, start b, start c, end c shutdown, end b shutdown, end a shutdown");
}

static void look_after(void (*body)(void), bool direct)
{
    supervised_body = body;
    wards_run(run_and_look, direct);
}

Test(supervised, is_stopped_in_reverse_order_with_direct_calls)
{
    supervised_run(start_three, true, look_after);
}

Test(supervised, is_stopped_in_reverse_order_with_queued_calls)
{
    supervised_run(start_three, false, look_after);
}

SUPERVISED_WARD_TEST(one_that_is_stopped_frees_its_id)
{
    struct ward_plan *plans = ward_plans("aa");
    struct actor *first = start_ward(&plans[0]);
    struct actor *second;

    cr_assert_eq(stop_supervised("a"), 0);
    cr_assert_not(actor_alive(first));
    second = start_ward(&plans[1]);
    cr_assert(actor_alive(second));
    cr_assert_neq(first, second);
    cr_assert_eq(plans[0].released, 1);
}

SUPERVISED_WARD_TEST(a_temporary_one_that_is_stopped_frees_its_id)
{
    struct ward_plan *plans = ward_plans("aa");

    plans[0].policy = RESTART_TEMPORARY;
    (void)start_ward(&plans[0]);
    cr_assert_eq(stop_supervised("a"), 0);
    cr_assert(actor_alive(start_ward(&plans[1])));
}

SUPERVISED_WARD_TEST(only_what_was_started_can_be_stopped)
{
    cr_assert_eq(stop_supervised("a"), SUPERVISOR_E_NOT_FOUND);
    (void)start_ward(ward_plans("a"));
    cr_assert_eq(stop_supervised("a"), 0);
    cr_assert_eq(stop_supervised("a"), SUPERVISOR_E_NOT_FOUND);
}

SUPERVISED_WARD_TEST(one_that_ends_is_restarted_by_its_policy_and_stays_readable)
{
    struct ward_plan *plans = ward_plans("ab");
    struct actor *a = start_ward(&plans[0]);
    struct actor *b;

    plans[1].policy = RESTART_TEMPORARY;
    b = start_ward(&plans[1]);
    for (int i = 0; i < 20; i++)
        (void)actor_kill(a);
    ward_end(b, reason_error("sour"));
    cr_assert(wards_await("end a killed"));
    cr_assert_eq(a->reason.code, REASON_KILLED);
    cr_assert_str_eq(b->reason.text, "sour");
    cr_assert_eq(stop_supervised("b"), SUPERVISOR_E_NOT_FOUND);
    cr_assert_eq(stop_supervised("a"), 0);
}

SUPERVISED_WARD_TEST(one_that_does_not_stop_in_time_is_killed)
{
    struct ward_plan *plan = ward_plans("a");
    struct actor *a;
    struct gate gate;

    gate_init(&gate);
    plan->slow = true;
    plan->shutdown_ms = 1;
    a = start_ward(plan);
    ward_hold(a, &gate);
    cr_assert_eq(stop_supervised("a"), 0);
    cr_assert_eq(a->reason.code, REASON_KILLED);
    gate_open(&gate);
    gate_deinit(&gate);
}

SUPERVISED_WARD_TEST(a_supervisor_may_be_started_with_all_that_is_below_it)
{
    struct child_spec below = ward_spec(ward_plans("a"));
    struct branch_plan branch = {.name = "branch", .policy = RESTART_PERMANENT, .specs = &below, .count = 1};
    struct child_spec spec = branch_spec(&branch);

    cr_assert_not_null(supervisor_of(start_supervised(&spec)));
    cr_assert_str_eq(wards_story(), "start a");
    cr_assert_eq(stop_supervised("branch"), 0);
    cr_assert_str_eq(wards_story(), "start a, end a shutdown");
}
