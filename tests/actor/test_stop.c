#include "lib/actors.h"

#include "base/clock.h"

#include <pthread.h>
#include <string.h>

ACTOR_TEST(stop, returns_when_terminate_has_run)
{
    struct probe *prompt = probe_start();
    struct probe *slow = probe_start_slow();

    cr_assert_eq(probe_stop(prompt), 0);
    cr_assert(strstr(probe_story(prompt), "terminate normal"));
    cr_assert_eq(actor_stop(&slow->actor, REASON(SHUTDOWN), ACTORS_PATIENCE_MS), 0);
    cr_assert(strstr(probe_story(slow), "terminate shutdown"));
    cr_assert_str_eq(probe_whole_story(prompt), "terminate normal, destroy");
    cr_assert_str_eq(probe_whole_story(slow), "terminate shutdown, destroy");
}

ACTOR_TEST(stop, gives_its_reason_with_its_text_to_terminate_and_to_watchers)
{
    struct probe *watcher = probe_start();
    struct probe *prompt = probe_start();
    struct probe *slow = probe_start_slow();

    probe_monitor(watcher, 1, prompt);
    probe_monitor(watcher, 2, slow);
    cr_assert_eq(actor_stop(&prompt->actor, reason_error("milk"), ACTORS_PATIENCE_MS), 0);
    cr_assert_eq(actor_stop(&slow->actor, reason_error("oat"), ACTORS_PATIENCE_MS), 0);
    cr_assert(probe_await_end(slow));
    cr_assert_str_eq(probe_whole_story(prompt), "terminate error: milk, destroy");
    cr_assert_str_eq(probe_whole_story(slow), "terminate error: oat, destroy");
    cr_assert(probe_await(watcher, "down 1 error: milk"));
    cr_assert(probe_await(watcher, "down 2 error: oat"));
}

static void assert_waits_its_turn(struct probe *probe)
{
    for (unsigned i = 1; i <= 3; i++)
        cr_assert_eq(probe_cast(probe, i), 0);
    cr_assert_eq(probe_stop(probe), 0);
    cr_assert_str_eq(probe_whole_story(probe), "cast 1, cast 2, cast 3, terminate normal, destroy");
}

ACTOR_TEST(stop, waits_its_turn_behind_earlier_mail)
{
    assert_waits_its_turn(probe_start());
    assert_waits_its_turn(probe_start_slow());
}

static int note_thread(struct probe *self, void *arg)
{
    (void)self;
    *(pthread_t *)arg = pthread_self();
    return 0;
}

ACTOR_TEST(stop, terminate_runs_on_the_thread_of_who_asked_or_on_the_actors_own)
{
    pthread_t thread = 0;
    struct probe *prompt =
        probe_start_with(&(struct probe_options){.terminate = note_thread, .arg = &thread});
    struct probe *slow =
        probe_start_with(&(struct probe_options){.slow = true, .terminate = note_thread, .arg = &thread});

    cr_assert_eq(probe_stop(prompt), 0);
    cr_assert_eq(pthread_equal(thread, pthread_self()) != 0, actors_runtime()->direct);
    cr_assert_eq(probe_stop(slow), 0);
    cr_assert_not(pthread_equal(thread, pthread_self()));
}

ACTOR_TEST(stop, of_an_actor_that_has_ended_answers_noproc)
{
    struct probe *prompt = probe_start();
    struct probe *slow = probe_start_slow();

    cr_assert_eq(probe_stop(prompt), 0);
    cr_assert_eq(probe_stop(slow), 0);
    cr_assert_eq(actor_stop(&prompt->actor, reason_error("too late"), 0), ACTOR_E_NOPROC);
    cr_assert_eq(actor_stop(&slow->actor, reason_error("too late"), 0), ACTOR_E_NOPROC);
}

struct held {
    struct probe *probe;
    struct gate gate;
};

static int hold(void *arg)
{
    struct held *held = arg;

    return probe_do(held->probe, pass_gate, &held->gate);
}

static void assert_times_out_behind_a_callback(struct probe *probe)
{
    struct held held = {.probe = probe};
    struct helper *holder;

    gate_init(&held.gate);
    holder = helper_start(hold, &held);
    cr_assert(gate_await(&held.gate, 1));
    cr_assert_eq(actor_stop(&probe->actor, reason_error("never"), 20), ACTOR_E_TIMEOUT);
    gate_open(&held.gate);
    cr_assert_eq(helper_join(holder), 0);
    cr_assert_eq(probe_call(probe, 1), 0);
    cr_assert(actor_alive(&probe->actor));
    gate_deinit(&held.gate);
}

ACTOR_TEST(stop, whose_turn_does_not_come_in_time_is_withdrawn)
{
    assert_times_out_behind_a_callback(probe_start());
    assert_times_out_behind_a_callback(probe_start_slow());
}

ACTOR_TEST(stop, whose_terminate_takes_too_long_answers_timeout_and_the_actor_ends_later)
{
    struct gate gate;
    struct probe *probe =
        probe_start_with(&(struct probe_options){.slow = true, .terminate = pass_gate, .arg = &gate});

    gate_init(&gate);
    while (!gate_reached(&gate))
        cr_assert_eq(actor_stop(&probe->actor, reason_error("slow"), 20), ACTOR_E_TIMEOUT);
    gate_open(&gate);
    cr_assert_str_eq(probe_whole_story(probe), "terminate error: slow, destroy");
    gate_deinit(&gate);
}

static int stop_given(struct probe *self, void *arg)
{
    (void)self;
    return actor_stop(arg, reason_error("by another"), ACTORS_PATIENCE_MS);
}

ACTOR_TEST(stop, of_oneself_is_refused)
{
    struct probe *prompt = probe_start();
    struct probe *slow = probe_start_slow();

    cr_assert_eq(probe_do(prompt, stop_given, &prompt->actor), ACTOR_E_DEADLOCK);
    cr_assert_eq(probe_do(slow, stop_given, &slow->actor), ACTOR_E_DEADLOCK);
    cr_assert(actor_alive(&prompt->actor));
    cr_assert(actor_alive(&slow->actor));
}

ACTOR_TEST(stop, of_a_child_by_its_parent_works)
{
    struct probe *child = probe_start();

    cr_assert_eq(probe_do(probe_start(), stop_given, &child->actor), 0);
    cr_assert_str_eq(probe_whole_story(child), "terminate error: by another, destroy");
}

static int stop_soon(void *arg)
{
    return actor_stop(arg, reason_error("one of many"), ACTORS_PATIENCE_MS);
}

static void assert_ends_once(struct probe *probe)
{
    struct helper *helpers[4];
    int ended = 0;

    for (int i = 0; i < 4; i++)
        helpers[i] = helper_start(stop_soon, &probe->actor);
    for (int i = 0; i < 4; i++) {
        int rc = helper_join(helpers[i]);

        cr_assert(rc == 0 || rc == ACTOR_E_NOPROC);
        ended += rc == 0;
    }
    cr_assert_geq(ended, 1);
    cr_assert_str_eq(probe_whole_story(probe), "terminate error: one of many, destroy");
}

ACTOR_TEST(stop, by_many_at_once_ends_it_once)
{
    assert_ends_once(probe_start());
    assert_ends_once(probe_start_slow());
}

static int call_1(void *arg)
{
    return probe_call(arg, 1);
}

ACTOR_TEST(stop, a_call_behind_it_gets_the_reason)
{
    struct probe *probe = probe_start_slow();
    struct helper *stopper;
    struct helper *caller;
    struct gate gate;

    gate_init(&gate);
    probe_do_later(probe, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    stopper = helper_start(stop_soon, &probe->actor);
    cr_assert(probe_await_mail(probe, 1));
    caller = helper_start(call_1, probe);
    cr_assert(probe_await_mail(probe, 2));
    gate_open(&gate);
    cr_assert_eq(helper_join(stopper), 0);
    cr_assert_eq(helper_join(caller), ACTOR_E_ERROR);
    gate_deinit(&gate);
}

ACTOR_TEST(stop, a_call_that_waits_while_terminate_runs_gets_the_reason)
{
    struct gate gate;
    struct probe *probe = probe_start_with(&(struct probe_options){.terminate = pass_gate, .arg = &gate});
    struct helper *stopper;
    struct helper *caller;

    gate_init(&gate);
    stopper = helper_start(stop_soon, &probe->actor);
    cr_assert(gate_await(&gate, 1));
    caller = helper_start(call_1, probe);
    cr_assert(probe_await_caller(probe));
    gate_open(&gate);
    cr_assert_eq(helper_join(stopper), 0);
    cr_assert_eq(helper_join(caller), ACTOR_E_ERROR);
    gate_deinit(&gate);
}

static int act_in_terminate(struct probe *self, void *arg)
{
    struct probe *other = arg;

    must(probe_cast(self, 1) == 0);
    must(probe_call(other, 1) == 0);
    actor_exit(&self->actor, reason_error("ending already"));
    return 0;
}

ACTOR_TEST(stop, terminate_may_still_send_and_call)
{
    struct probe *other = probe_start();
    struct probe *probe =
        probe_start_with(&(struct probe_options){.terminate = act_in_terminate, .arg = other});

    cr_assert_eq(probe_stop(probe), 0);
    cr_assert_str_eq(probe_story(other), "call 1");
    cr_assert_str_eq(probe_whole_story(probe), "terminate normal, destroy");
}
