#include "lib/actors.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>

static int answer_42(struct probe *self, void *arg)
{
    (void)self;
    (void)arg;
    return 42;
}

ACTOR_TEST(call, returns_the_reply)
{
    cr_assert_eq(probe_do(probe_start(), answer_42, NULL), 42);
    cr_assert_eq(probe_do(probe_start_slow(), answer_42, NULL), 42);
}

static int answer_minus_enomem(struct probe *self, void *arg)
{
    (void)self;
    (void)arg;
    return -ENOMEM;
}

ACTOR_TEST(call, passes_an_error_up_untouched)
{
    cr_assert_eq(probe_do(probe_start(), answer_minus_enomem, NULL), -ENOMEM);
    cr_assert_eq(probe_do(probe_start_slow(), answer_minus_enomem, NULL), -ENOMEM);
}

static int note_thread(struct probe *self, void *arg)
{
    (void)self;
    *(pthread_t *)arg = pthread_self();
    return 0;
}

ACTOR_TEST(call, a_prompt_actors_callback_runs_on_the_callers_thread_if_calls_are_direct)
{
    struct probe *probe = probe_start();
    struct actor_stats stats;
    pthread_t thread;

    cr_assert_eq(probe_do(probe, note_thread, &thread), 0);
    actor_get_stats(&probe->actor, &stats);
    cr_assert_eq(pthread_equal(thread, pthread_self()) != 0, actors_runtime()->direct);
    cr_assert_eq(stats.handled_direct, actors_runtime()->direct ? 1 : 0);
    cr_assert_eq(stats.awake, !actors_runtime()->direct, "a direct call wakes no thread");
}

ACTOR_TEST(call, any_other_actors_callback_runs_on_its_own_thread)
{
    pthread_t thread = pthread_self();

    cr_assert_eq(probe_do(probe_start_slow(), note_thread, &thread), 0);
    cr_assert_not(pthread_equal(thread, pthread_self()));
}

static int spoil_errno(struct probe *self, void *arg)
{
    (void)self;
    (void)arg;
    errno = EXDEV;
    return 0;
}

ACTOR_TEST(call, keeps_errno)
{
    struct probe *probe = probe_start();

    errno = EINTR;
    (void)actor_cast(&probe->actor, counted_message(MESSAGE_CAST, 1));
    errno = EINTR;
    cr_assert_eq(probe_do(probe, spoil_errno, NULL), 0);
    cr_assert_eq(errno, EINTR);
}

ACTOR_TEST(call, to_an_actor_that_has_ended_answers_noproc)
{
    struct probe *prompt = probe_start();
    struct probe *slow = probe_start_slow();

    cr_assert_eq(probe_stop(prompt), 0);
    cr_assert_eq(probe_stop(slow), 0);
    cr_assert_eq(probe_call(prompt, 1), ACTOR_E_NOPROC);
    cr_assert_eq(probe_call(slow, 1), ACTOR_E_NOPROC);
}

/* ---- time ---- */

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

/* A callback of the probe is running until it is let go. */
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

static void assert_waits_no_longer_than_its_timeout(struct probe *probe)
{
    struct held held;
    int64_t before;

    begin_to_hold(&held, probe);
    before = clock_monotonic_ns();
    cr_assert_eq(probe_call_for(probe, 1, 20), ACTOR_E_TIMEOUT);
    cr_assert_geq(clock_monotonic_ns(), before + 20 * CLOCK_NS_PER_MS);
    cr_assert_eq(probe_call_for(probe, 2, 0), ACTOR_E_TIMEOUT);
    cr_assert_eq(let_go(&held), 0);
    cr_assert_eq(probe_call(probe, 3), 0);
    cr_assert_str_eq(probe_story(probe), "call 3", "a call whose time was up must not be handled");
}

ACTOR_TEST(call, to_a_busy_actor_answers_timeout_and_is_withdrawn)
{
    assert_waits_no_longer_than_its_timeout(probe_start());
    assert_waits_no_longer_than_its_timeout(probe_start_slow());
}

ACTOR_TEST(call, a_late_reply_is_dropped_and_the_argument_released_by_whoever_runs_it)
{
    struct probe *probe = probe_start_slow();
    struct gate gate;

    gate_init(&gate);
    while (!gate_reached(&gate))
        cr_assert_eq(probe_do_for(probe, pass_gate, &gate, 5), ACTOR_E_TIMEOUT);
    cr_assert_eq(counted_args_left(), 1);
    gate_open(&gate);
    cr_assert_eq(probe_call(probe, 1), 0);
    cr_assert_eq(counted_args_left(), 0);
    gate_deinit(&gate);
}

struct slow_call {
    struct probe *probe;
    struct gate gate;
    int timeout_ms;
};

/* Until it has begun: a call that times out before is withdrawn. */
static int run_slow_call(void *arg)
{
    struct slow_call *call = arg;
    int rc;

    do {
        rc = probe_do_for(call->probe, pass_gate, &call->gate, call->timeout_ms);
    } while (rc == ACTOR_E_TIMEOUT && !gate_reached(&call->gate));
    return rc;
}

ACTOR_TEST(call, to_a_prompt_actor_can_not_time_out_once_it_has_begun)
{
    struct slow_call call = {.probe = probe_start(), .timeout_ms = 200};
    struct helper *helper;
    int64_t end;

    gate_init(&call.gate);
    helper = helper_start(run_slow_call, &call);
    cr_assert(gate_await(&call.gate, 1));
    end = clock_monotonic_ns() + 250 * CLOCK_NS_PER_MS;
    while (clock_monotonic_ns() < end)
        cr_assert_eq(probe_call_for(call.probe, 1, 100), ACTOR_E_TIMEOUT);
    gate_open(&call.gate);
    cr_assert_eq(helper_join(helper), 0);
    gate_deinit(&call.gate);
}

/* ---- circles ---- */

static int call_oneself(struct probe *self, void *arg)
{
    (void)arg;
    return probe_call(self, 1);
}

ACTOR_TEST(call, to_oneself_is_refused)
{
    cr_assert_eq(probe_do(probe_start(), call_oneself, NULL), ACTOR_E_DEADLOCK);
    cr_assert_eq(probe_do(probe_start_slow(), call_oneself, NULL), ACTOR_E_DEADLOCK);
}

static int call_back(struct probe *self, void *arg)
{
    (void)self;
    return probe_call_for(arg, 1, 20);
}

static int call_other(struct probe *self, void *arg)
{
    return probe_do((struct probe *)arg, call_back, self);
}

static void assert_circle_ends(struct probe *a, struct probe *b)
{
    int rc = probe_do(a, call_other, b);

    cr_assert(rc == ACTOR_E_DEADLOCK || rc == ACTOR_E_TIMEOUT);
    cr_assert_eq(probe_call(a, 2), 0);
    cr_assert_str_eq(probe_story(a), "call 2");
}

ACTOR_TEST(call, round_a_circle_is_refused_or_times_out)
{
    assert_circle_ends(probe_start(), probe_start());
    assert_circle_ends(probe_start_slow(), probe_start_slow());
    assert_circle_ends(probe_start_slow(), probe_start());
}

static int call_third(struct probe *self, void *arg)
{
    struct probe *const *circle = arg;

    (void)self;
    return probe_do_for(circle[2], call_back, circle[0], 200);
}

static int call_second(struct probe *self, void *arg)
{
    struct probe *const *circle = arg;

    (void)self;
    return probe_do_for(circle[1], call_third, arg, 400);
}

ACTOR_TEST(call, round_a_circle_of_three_is_refused_or_times_out)
{
    struct probe *circle[] = {probe_start_slow(), probe_start_slow(), probe_start_slow()};
    int rc = probe_do(circle[0], call_second, circle);

    cr_assert(rc == ACTOR_E_DEADLOCK || rc == ACTOR_E_TIMEOUT);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(probe_call(circle[i], 2), 0);
}

struct meeting {
    struct probe *here;
    struct probe *other;
    struct gate *gate;
};

static int meet_and_call(struct probe *self, void *arg)
{
    struct meeting *meeting = arg;

    (void)self;
    gate_pass(meeting->gate);
    return probe_call_for(meeting->other, 1, 20);
}

static int run_meeting(void *arg)
{
    struct meeting *meeting = arg;

    return probe_do(meeting->here, meet_and_call, meeting);
}

ACTOR_TEST(call, two_actors_that_call_each_other_at_once_time_out)
{
    struct probe *a = probe_start();
    struct probe *b = probe_start();
    struct gate gate;
    struct meeting meetings[] = {{a, b, &gate}, {b, a, &gate}};
    struct helper *helpers[2];
    int rc[2];

    gate_init(&gate);
    for (int i = 0; i < 2; i++)
        helpers[i] = helper_start(run_meeting, &meetings[i]);
    cr_assert(gate_await(&gate, 2));
    gate_open(&gate);
    for (int i = 0; i < 2; i++)
        rc[i] = helper_join(helpers[i]);
    cr_assert(rc[0] == ACTOR_E_TIMEOUT || rc[1] == ACTOR_E_TIMEOUT, "%d %d", rc[0], rc[1]);
    gate_deinit(&gate);
}

static int call_given(struct probe *self, void *arg)
{
    (void)self;
    return probe_call(arg, 1);
}

ACTOR_TEST(call, from_a_prompt_actor_to_one_that_is_not_is_refused)
{
    cr_assert_eq(probe_do(probe_start(), call_given, probe_start_slow()), ACTOR_E_DEADLOCK);
    cr_assert_eq(probe_do(probe_start_slow(), call_given, probe_start()), 0);
}

static int note_call_given(struct probe *self, void *arg)
{
    probe_note(self, "asked %d", call_given(self, arg));
    return 0;
}

static int start_who_calls(struct probe *self, void *arg)
{
    struct reason reason;
    struct probe *started;

    (void)self;
    must(probe_try_start(&(struct probe_options){.slow = true, .init = note_call_given, .arg = arg}, &started, &reason) == 0);
    return strcmp(probe_story(started), "asked 22") == 0 ? ACTOR_E_DEADLOCK : 0;
}

/* The one that isn't prompt may wait, but not in a callback of one that is. */
ACTOR_TEST(call, from_the_init_of_one_that_a_prompt_actor_starts_is_refused_too)
{
    cr_assert_eq(ACTOR_E_DEADLOCK, 22);
    cr_assert_eq(probe_do(probe_start(), start_who_calls, probe_start_slow()), ACTOR_E_DEADLOCK);
    cr_assert_eq(probe_do(probe_start_slow(), start_who_calls, probe_start_slow()), 0);
}

static int check_selves(struct probe *self, void *arg)
{
    struct probe *below = arg;

    must(actor_self() == &self->actor);
    if (below)
        must(probe_do(below, check_selves, NULL) == 0);
    must(actor_self() == &self->actor);
    return 0;
}

ACTOR_TEST(call, the_current_actor_is_a_stack)
{
    cr_assert_eq(probe_do(probe_start(), check_selves, probe_start()), 0);
    cr_assert_null(actor_self());
}

/* ---- ends while a call waits ---- */

static int call_1(void *arg)
{
    return probe_call(arg, 1);
}

static void assert_waiting_call_is_told_of_kill(struct probe *probe)
{
    struct helper *caller;
    struct gate gate;

    gate_init(&gate);
    probe_do_later(probe, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    caller = helper_start(call_1, probe);
    cr_assert(probe_await_caller(probe));
    cr_assert_eq(probe_kill(probe), 0);
    /* Who waits for the run lock has its answer when the callback returns. */
    gate_open(&gate);
    cr_assert_eq(helper_join(caller), ACTOR_E_KILLED);
    cr_assert_eq(probe_call(probe, 2), ACTOR_E_NOPROC);
    cr_assert(probe_await_end(probe));
    gate_deinit(&gate);
}

ACTOR_TEST(call, one_that_waits_when_the_callee_is_killed_is_told)
{
    assert_waiting_call_is_told_of_kill(probe_start());
    assert_waiting_call_is_told_of_kill(probe_start_slow());
}

ACTOR_TEST(call, one_that_is_queued_when_the_callee_is_killed_is_told_at_once)
{
    struct probe *probe = probe_start_slow();
    struct helper *caller;
    struct gate gate;

    gate_init(&gate);
    probe_do_later(probe, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    caller = helper_start(call_1, probe);
    cr_assert(probe_await_mail(probe, 1));
    cr_assert_eq(probe_kill(probe), 0);
    cr_assert_eq(helper_join(caller), ACTOR_E_KILLED);
    gate_open(&gate);
    cr_assert(probe_await_end(probe));
    gate_deinit(&gate);
}

struct exit_at_gate {
    struct gate gate;
    const char *text;
};

static int exit_at_gate(struct probe *self, void *arg)
{
    struct exit_at_gate *at = arg;

    gate_pass(&at->gate);
    actor_exit(&self->actor, at->text ? reason_error(at->text) : REASON(SHUTDOWN));
    return 0;
}

static void assert_waiting_call_answers(struct probe *probe, const char *text, int condition)
{
    struct exit_at_gate at = {.text = text};
    struct helper *caller;

    gate_init(&at.gate);
    probe_do_later(probe, exit_at_gate, &at);
    cr_assert(gate_await(&at.gate, 1));
    caller = helper_start(call_1, probe);
    cr_assert(probe_await_caller(probe));
    gate_open(&at.gate);
    cr_assert_eq(helper_join(caller), condition);
    cr_assert(probe_await_end(probe));
    gate_deinit(&at.gate);
}

ACTOR_TEST(call, one_that_waits_when_the_callee_ends_gets_its_reason)
{
    assert_waiting_call_answers(probe_start(), "no milk", ACTOR_E_ERROR);
    assert_waiting_call_answers(probe_start(), NULL, ACTOR_E_SHUTDOWN);
    assert_waiting_call_answers(probe_start_slow(), "no milk", ACTOR_E_ERROR);
    assert_waiting_call_answers(probe_start_slow(), NULL, ACTOR_E_SHUTDOWN);
}

ACTOR_TEST(call, one_that_is_being_run_when_the_callee_is_killed_is_told_at_once)
{
    struct slow_call call = {.probe = probe_start_slow(), .timeout_ms = ACTOR_FOREVER};
    struct helper *helper;

    gate_init(&call.gate);
    helper = helper_start(run_slow_call, &call);
    cr_assert(gate_await(&call.gate, 1));
    cr_assert_eq(probe_kill(call.probe), 0);
    cr_assert_eq(helper_join(helper), ACTOR_E_KILLED);
    cr_assert_eq(counted_args_left(), 1, "the callback that runs still has it");
    gate_open(&call.gate);
    cr_assert(probe_await_end(call.probe));
    gate_deinit(&call.gate);
}

static int kill_given(void *arg)
{
    return probe_kill(arg);
}

/*
 * The killer and the caller whose time is up meet at the callee's lock. Whoever comes first, the argument belongs
 * to one of the two that hold it.
 */
static void let_timeout_and_kill_meet(void)
{
    struct slow_call call = {.probe = probe_start_slow(), .timeout_ms = 10};
    struct helper *caller;
    struct helper *killer;
    int64_t end;
    int rc;

    gate_init(&call.gate);
    caller = helper_start(run_slow_call, &call);
    cr_assert(gate_await(&call.gate, 1));
    lock_acquire(&call.probe->actor.lock);
    killer = helper_start(kill_given, call.probe);
    end = clock_monotonic_ns() + 15 * CLOCK_NS_PER_MS;
    while (clock_monotonic_ns() < end)
        sched_yield();
    lock_release(&call.probe->actor.lock);

    rc = helper_join(caller);
    cr_assert(rc == ACTOR_E_TIMEOUT || rc == ACTOR_E_KILLED);
    cr_assert_eq(helper_join(killer), 0);
    gate_open(&call.gate);
    cr_assert(probe_await_end(call.probe));
    gate_deinit(&call.gate);
}

ACTOR_TEST(call, an_argument_is_released_once_when_timeout_and_kill_meet)
{
    for (int i = 0; i < 20; i++)
        let_timeout_and_kill_meet();
}

static int answer_at(struct probe *self, void *arg)
{
    (void)self;
    while (clock_monotonic_ns() < *(int64_t *)arg)
        continue;
    return 0;
}

/* Most answer a little before or after the caller's time is up. */
ACTOR_TEST(call, an_argument_is_released_once_when_timeout_and_reply_meet)
{
    struct probe *probe = probe_start_slow();
    static int64_t moments[300]; /* a late callback still reads its own */

    for (int i = 0; i < 300; i++) {
        int rc;

        moments[i] = clock_monotonic_ns() + CLOCK_NS_PER_MS + (i % 100 - 20) * 2000;
        rc = probe_do_for(probe, answer_at, &moments[i], 1);
        cr_assert(rc == 0 || rc == ACTOR_E_TIMEOUT);
    }
    cr_assert_eq(probe_call(probe, 1), 0);
    cr_assert_eq(counted_args_left(), 0);
}

ACTOR_TEST(call, an_owned_argument_is_the_callers_after_a_reply_and_else_taken)
{
    struct probe *probe = probe_start();
    struct probe *slow = probe_start_slow();
    void *arg = counted_arg();

    cr_assert_eq(actor_call_owned(&probe->actor, 0, arg, counted_arg_release, ACTOR_FOREVER), 0);
    cr_assert_eq(counted_args_left(), 1);
    cr_assert_eq(actor_call_owned(&slow->actor, 0, arg, counted_arg_release, ACTOR_FOREVER), 0);
    cr_assert_eq(counted_args_left(), 1);
    cr_assert_eq(probe_stop(probe), 0);
    cr_assert_eq(actor_call_owned(&probe->actor, 0, arg, counted_arg_release, ACTOR_FOREVER), ACTOR_E_NOPROC);
    cr_assert_eq(counted_args_left(), 0);
}

/* ---- one at a time ---- */

static int increment(struct probe *self, void *arg)
{
    (void)self;
    ++*(int *)arg; /* unguarded: the actor guards it */
    return 0;
}

struct crowd {
    struct probe *probe;
    int count;
};

static int call_often(void *arg)
{
    struct crowd *crowd = arg;
    int rc = 0;

    for (int i = 0; i < 500; i++) {
        rc |= probe_do(crowd->probe, increment, &crowd->count);
        probe_do_later(crowd->probe, increment, &crowd->count);
    }
    return rc;
}

ACTOR_TEST(call, callbacks_run_one_at_a_time)
{
    struct crowd crowd = {.probe = probe_start()};
    struct helper *helpers[4];

    for (int i = 0; i < 4; i++)
        helpers[i] = helper_start(call_often, &crowd);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(helper_join(helpers[i]), 0);
    cr_assert_eq(probe_stop(crowd.probe), 0);
    cr_assert_eq(crowd.count, 4 * 500 * 2);
}
