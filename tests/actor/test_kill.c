#include "lib/actors.h"

#include "actor/supervisor.h"

#include <sched.h>

ACTOR_TEST(kill, runs_no_terminate_and_tells_killed)
{
    struct probe *watcher = probe_start();
    struct probe *probe = probe_start();

    probe_monitor(watcher, 1, probe);
    cr_assert_eq(probe_kill(probe), 0);
    cr_assert_str_eq(probe_whole_story(probe), "destroy");
    cr_assert(probe_await(watcher, "down 1"));
    cr_assert_str_eq(probe_story(watcher), "down 1 killed");
}

ACTOR_TEST(kill, of_an_actor_that_has_ended_answers_noproc)
{
    struct probe *probe = probe_start();

    cr_assert_eq(probe_kill(probe), 0);
    cr_assert_eq(probe_kill(probe), ACTOR_E_NOPROC);
    cr_assert_str_eq(probe_whole_story(probe), "destroy");
}

struct held {
    struct probe *probe;
    struct gate gate;
    struct helper *holder;
};

static int hold(void *arg)
{
    struct held *held = arg;

    return probe_do(held->probe, pass_gate, &held->gate);
}

static void begin_to_hold(struct held *held, struct probe *probe)
{
    held->probe = probe;
    gate_init(&held->gate);
    held->holder = helper_start(hold, held);
    cr_assert(gate_await(&held->gate, 1));
}

static int let_go(struct held *held)
{
    int rc;

    gate_open(&held->gate);
    rc = helper_join(held->holder);
    gate_deinit(&held->gate);
    return rc;
}

static void assert_overtakes(struct probe *probe)
{
    struct held held;

    begin_to_hold(&held, probe);
    cr_assert_eq(probe_cast(probe, 1), 0);
    probe_send(probe, 1);
    cr_assert_eq(probe_kill(probe), 0);
    (void)let_go(&held);
    cr_assert_str_eq(probe_whole_story(probe), "destroy");
}

ACTOR_TEST(kill, overtakes_earlier_mail_and_no_further_callback_runs)
{
    assert_overtakes(probe_start());
    assert_overtakes(probe_start_slow());
}

static void assert_tells_at_once(struct probe *probe)
{
    struct probe *watcher = probe_start();
    struct held held;

    probe_monitor(watcher, 1, probe);
    begin_to_hold(&held, probe);
    cr_assert_eq(probe_kill(probe), 0);
    cr_assert(probe_await(watcher, "down 1 killed"));
    cr_assert_str_eq(probe_story(probe), "", "destroy must wait for the callback");
    (void)let_go(&held);
    cr_assert(probe_await_end(probe));
}

ACTOR_TEST(kill, tells_at_once_and_destroy_waits_for_the_callback_that_runs)
{
    assert_tells_at_once(probe_start());
    assert_tells_at_once(probe_start_slow());
}

static int stop_soon(void *arg)
{
    return probe_stop(arg);
}

static void assert_overtakes_stop(struct probe *probe)
{
    struct probe *watcher = probe_start();
    struct helper *stopper;
    struct held held;

    probe_monitor(watcher, 1, probe);
    begin_to_hold(&held, probe);
    stopper = helper_start(stop_soon, probe);
    cr_assert(probe_await_caller(probe));
    cr_assert_eq(probe_kill(probe), 0);
    (void)let_go(&held);
    cr_assert_eq(helper_join(stopper), 0, "it was there when the stop came");
    cr_assert_eq(probe_stop(probe), ACTOR_E_NOPROC);
    cr_assert_str_eq(probe_whole_story(probe), "destroy");
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "down 1 killed, call 1");
}

ACTOR_TEST(kill, overtakes_a_stop_that_waits_its_turn)
{
    assert_overtakes_stop(probe_start());
    assert_overtakes_stop(probe_start_slow());
}

ACTOR_TEST(kill, answers_a_queued_stop_at_once)
{
    struct probe *probe = probe_start_slow();
    struct helper *stopper;
    struct held held;

    begin_to_hold(&held, probe);
    stopper = helper_start(stop_soon, probe);
    cr_assert(probe_await_mail(probe, 1));
    cr_assert_eq(probe_kill(probe), 0);
    cr_assert_eq(helper_join(stopper), 0);
    cr_assert_eq(let_go(&held), ACTOR_E_KILLED);
    cr_assert_str_eq(probe_whole_story(probe), "destroy");
}

ACTOR_TEST(kill, during_terminate_ends_it_as_killed)
{
    struct gate gate;
    struct probe *watcher = probe_start();
    struct probe *probe = probe_start_with(&(struct probe_options){.terminate = pass_gate, .arg = &gate});
    struct helper *stopper;

    gate_init(&gate);
    probe_monitor(watcher, 1, probe);
    stopper = helper_start(stop_soon, probe);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(probe_kill(probe), 0);
    cr_assert(probe_await(watcher, "down 1 killed"));
    gate_open(&gate);
    cr_assert_eq(helper_join(stopper), 0);
    cr_assert_str_eq(probe_whole_story(probe), "terminate normal, destroy");
    gate_deinit(&gate);
}

/* ---- a killed actor whose callback is still running ---- */

struct dead {
    struct gate gate;
    struct probe *other;
};

static int act_when_dead(struct probe *self, void *arg)
{
    struct dead *dead = arg;
    struct probe *other = dead->other;

    gate_pass(&dead->gate);
    must(actor_self() == &self->actor);
    must(probe_cast(other, 1) == 0);
    probe_send(other, 1);
    must(probe_call(other, 1) == ACTOR_E_KILLED);
    must(probe_stop(other) == ACTOR_E_KILLED);
    must(probe_kill(other) == ACTOR_E_KILLED);
    must(probe_cast(self, 1) == 0);
    return 0;
}

static void assert_dead_send_nothing(struct probe *probe, struct probe *other)
{
    struct dead dead = {.other = other};

    gate_init(&dead.gate);
    probe_do_later(probe, act_when_dead, &dead);
    cr_assert(gate_await(&dead.gate, 1));
    cr_assert_eq(probe_kill(probe), 0);
    gate_open(&dead.gate);
    cr_assert(probe_await_end(probe));
    cr_assert_eq(counted_messages_left(), 0);
    cr_assert_eq(probe_call(other, 2), 0);
    cr_assert_str_eq(probe_story(other), "call 2");
    gate_deinit(&dead.gate);
}

ACTOR_TEST(kill, what_its_callback_sends_from_then_on_is_dropped)
{
    assert_dead_send_nothing(probe_start(), probe_start());
    assert_dead_send_nothing(probe_start_slow(), probe_start_slow());
}

struct waiting {
    struct probe *callee;
    struct gate gate; /* holds the callee */
    _Atomic int result;
};

static int wait_for_callee(struct probe *self, void *arg)
{
    struct waiting *waiting = arg;

    atomic_store(&waiting->result, probe_do_for(waiting->callee, pass_gate, &waiting->gate, ACTOR_FOREVER));
    probe_note(self, "waited");
    return 0;
}

ACTOR_TEST(kill, what_its_callback_waits_for_answers_killed_while_it_is_run)
{
    struct waiting waiting = {.callee = probe_start_slow()};
    struct probe *probe = probe_start_slow();

    gate_init(&waiting.gate);
    probe_do_later(probe, wait_for_callee, &waiting);
    cr_assert(gate_await(&waiting.gate, 1));
    cr_assert_eq(probe_kill(probe), 0);
    cr_assert_str_eq(probe_whole_story(probe), "waited, destroy");
    cr_assert_eq(atomic_load(&waiting.result), ACTOR_E_KILLED);
    cr_assert_eq(counted_args_left(), 1, "the callee still runs it");
    gate_open(&waiting.gate);
    cr_assert_eq(probe_call(waiting.callee, 1), 0);
    cr_assert_eq(counted_args_left(), 0);
    gate_deinit(&waiting.gate);
}

ACTOR_TEST(kill, what_its_callback_waits_for_answers_killed_while_it_is_queued)
{
    struct waiting waiting = {.callee = probe_start_slow()};
    struct probe *probe = probe_start_slow();
    struct gate gate;

    gate_init(&gate);
    gate_init(&waiting.gate);
    probe_do_later(waiting.callee, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    probe_do_later(probe, wait_for_callee, &waiting);
    cr_assert(probe_await_mail(waiting.callee, 1));
    cr_assert_eq(probe_kill(probe), 0);
    cr_assert(probe_await_end(probe));
    cr_assert_eq(atomic_load(&waiting.result), ACTOR_E_KILLED);
    cr_assert_eq(counted_args_left(), 0);
    gate_open(&gate);
    cr_assert_eq(probe_call(waiting.callee, 1), 0);
    cr_assert_str_eq(probe_story(waiting.callee), "call 1");
    gate_deinit(&waiting.gate);
    gate_deinit(&gate);
}

static int wait_for_prompt(struct probe *self, void *arg)
{
    struct waiting *waiting = arg;

    gate_pass(&waiting->gate);
    atomic_store(&waiting->result, probe_call(waiting->callee, 1));
    probe_note(self, "waited");
    return 0;
}

ACTOR_TEST(kill, a_call_that_waits_for_a_busy_prompt_actor_is_not_made_after_it)
{
    struct waiting waiting = {.callee = probe_start()};
    struct probe *probe = probe_start_slow();
    struct held held;

    gate_init(&waiting.gate);
    begin_to_hold(&held, waiting.callee);
    probe_do_later(probe, wait_for_prompt, &waiting);
    gate_open(&waiting.gate);
    cr_assert(gate_await(&waiting.gate, 1));
    cr_assert_eq(probe_kill(probe), 0);
    /* A queued call is withdrawn at once, a direct one not made when the run lock is had. */
    if (!actors_runtime()->direct)
        cr_assert(probe_await_end(probe));
    cr_assert_eq(let_go(&held), 0);
    cr_assert(probe_await_end(probe));
    cr_assert_eq(atomic_load(&waiting.result), ACTOR_E_KILLED);
    cr_assert_eq(probe_call(waiting.callee, 2), 0);
    cr_assert_str_eq(probe_story(waiting.callee), "call 2");
    gate_deinit(&waiting.gate);
}

static int kill_oneself(struct probe *self, void *arg)
{
    (void)arg;
    must(actor_kill(&self->actor) == 0);
    probe_note(self, "still running");
    return 0;
}

ACTOR_TEST(kill, of_oneself_lets_the_callback_finish)
{
    struct probe *prompt = probe_start();
    struct probe *slow = probe_start_slow();

    (void)probe_do(prompt, kill_oneself, NULL);
    cr_assert_str_eq(probe_whole_story(prompt), "still running, destroy");
    cr_assert_eq(probe_do(slow, kill_oneself, NULL), ACTOR_E_KILLED);
    cr_assert_str_eq(probe_whole_story(slow), "still running, destroy");
}

static int kill_given(void *arg)
{
    return probe_kill(arg);
}

ACTOR_TEST(kill, by_many_at_once_tells_once)
{
    struct probe *watcher = probe_start();
    struct probe *probe = probe_start();
    struct helper *helpers[4];
    int killed = 0;

    probe_monitor(watcher, 1, probe);
    for (int i = 0; i < 4; i++)
        helpers[i] = helper_start(kill_given, probe);
    for (int i = 0; i < 4; i++)
        killed += helper_join(helpers[i]) == 0;
    cr_assert_eq(killed, 1);
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "down 1 killed, call 1");
}

static int send_to_given(struct probe *self, void *arg)
{
    (void)self;
    return probe_cast(arg, 1);
}

ACTOR_TEST(kill, what_destroy_sends_is_dropped)
{
    struct probe *other = probe_start();
    struct probe *probe = probe_start_with(&(struct probe_options){.destroy = send_to_given, .arg = other});

    cr_assert_eq(probe_kill(probe), 0);
    cr_assert_eq(counted_messages_left(), 0);
    cr_assert_eq(probe_call(other, 1), 0);
    cr_assert_str_eq(probe_story(other), "call 1");
}

/* ---- a killed supervisor ---- */

struct ward {
    struct gate *gate; /* where it is held when it is stopped, or NULL */
    _Atomic int starts;
    struct probe *probe; /* the first */
};

static int pass_gate_if_any(struct probe *self, void *arg)
{
    return arg ? pass_gate(self, arg) : 0;
}

static int start_ward(struct actor *supervisor, void *arg, struct actor **ret_child, struct reason *ret_reason)
{
    struct ward *ward = arg;
    struct probe *probe = NULL;

    (void)supervisor;
    if (probe_try_start(&(struct probe_options){.terminate = pass_gate_if_any, .arg = ward->gate}, &probe,
                        ret_reason) != 0)
        return SUPERVISOR_E_START;
    if (atomic_fetch_add(&ward->starts, 1) == 0)
        ward->probe = probe;
    *ret_child = actor_ref(&probe->actor);
    return 0;
}

ACTOR_TEST(kill, of_a_supervisor_that_is_restarting_children_has_it_start_no_more)
{
    struct gate gate;
    struct ward first = {0};
    struct ward second = {.gate = &gate};
    const struct child_spec specs[] = {
        {.id = "first", .start = start_ward, .arg = &first,
         .policy = RESTART_PERMANENT, .shutdown_ms = ACTOR_FOREVER},
        {.id = "second", .start = start_ward, .arg = &second,
         .policy = RESTART_PERMANENT, .shutdown_ms = ACTOR_FOREVER},
    };
    const struct supervisor_options options = {.strategy = SUPERVISOR_ONE_FOR_ALL};
    struct supervisor *supervisor;
    struct reason reason;

    gate_init(&gate);
    cr_assert_eq(supervisor_start(actors_runtime(), "top", &options, specs, 2, &supervisor, &reason), 0);
    cr_assert_eq(probe_kill(first.probe), 0);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(actor_kill(supervisor_actor(supervisor)), 0);
    gate_open(&gate);
    while (atomic_load(&actors_runtime()->actors) > 0)
        sched_yield();
    cr_assert_eq(atomic_load(&first.starts), 1);
    cr_assert_eq(atomic_load(&second.starts), 1);
    supervisor_unref(supervisor);
    gate_deinit(&gate);
}
