#include "actor/timer.h"

#include "base/clock.h"
#include "lib/actors.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define MS CLOCK_NS_PER_MS
#define HOUR (3600 * CLOCK_NS_PER_S)
#define MANY 10000
#define THREADS 3
#define SHARED 16
#define ROUNDS 3000

static struct timers *timers;
static struct timer some[8];

/* A test that hangs isn't ended by the fixture's patience: that goes by the clock that is held. */
TestSuite(timer, .timeout = 30);
TestSuite(receive_timeout, .timeout = 30);

static void run_by_hand(void (*body)(void))
{
    clock_hold();
    cr_assert_eq(timers_start(actors_runtime(), &timers), 0);
    body();
    timers_stop(timers);
    timers_destroy(timers);
    clock_let_go();
}

/* A test of actors that has timers, and the clock in its hand. */
#define TIMER_TEST(suite, sentence)                                                                          \
    static void sentence##_by_hand(void);                                                                    \
    ACTOR_TEST(suite, sentence)                                                                              \
    {                                                                                                        \
        run_by_hand(sentence##_by_hand);                                                                     \
    }                                                                                                        \
    static void sentence##_by_hand(void)

static void start(struct timer *timer, struct probe *to, unsigned tag, int64_t delay_ns)
{
    must(timer_start(timers, timer, &to->actor, tag, delay_ns) == 0);
}

/* Until every timer that is due has fired: one that is due now is the last of them. */
static void settle(void)
{
    struct probe *last = probe_start();
    struct timer timer = {0};

    start(&timer, last, 1, 0);
    cr_assert(probe_await(last, "info 1"));
    start(&timer, last, 3, 0);
    cr_assert(probe_await(last, "info 3"));
}

static void turn(int64_t ns)
{
    clock_turn(ns);
    settle();
}

/* A probe that handles nothing before the gate is opened. */
static struct probe *start_behind(struct gate *gate)
{
    struct probe *probe = probe_start_slow();

    gate_init(gate);
    probe_do_later(probe, pass_gate, gate);
    cr_assert(gate_await(gate, 1));
    return probe;
}

/* Infos with an even number, which no probe knows. */
static uint64_t infos_handled(void)
{
    return atomic_load(&actors_runtime()->infos_dropped);
}

static void await_infos(uint64_t count)
{
    while (infos_handled() < count)
        sched_yield();
    settle();
    cr_assert_eq(infos_handled(), count);
}

static int cancel(struct probe *self, void *timer)
{
    (void)self;
    return timer_cancel(timer);
}

static int cancel_and_free(struct probe *self, void *timer)
{
    (void)cancel(self, timer);
    free(timer);
    return 0;
}

/* ---- when it fires ---- */

TIMER_TEST(timer, fires_not_before_its_time_and_once)
{
    struct probe *probe = probe_start();

    start(&some[0], probe, 1, 10 * MS);
    settle();
    turn(10 * MS - 1);
    cr_assert_str_eq(probe_story(probe), "");
    turn(1);
    cr_assert(probe_await(probe, "info 1"));
    turn(HOUR);
    cr_assert_eq(probe_call(probe, 2), 0);
    cr_assert_str_eq(probe_story(probe), "info 1, call 2");
}

TIMER_TEST(timer, fires_at_once_without_a_delay)
{
    struct probe *probe = probe_start();

    start(&some[0], probe, 1, 0);
    cr_assert(probe_await(probe, "info 1"));
}

TIMER_TEST(timer, several_fire_in_the_order_of_their_deadlines)
{
    static const int64_t delays[] = {30, 10, 20, 0, 40};
    struct probe *probe = probe_start();

    for (unsigned i = 0; i < 5; i++)
        start(&some[i], probe, 2 * i + 1, 1 + delays[i] * MS);
    turn(HOUR);
    cr_assert(probe_await(probe, "info 9"));
    cr_assert_str_eq(probe_story(probe), "info 7, info 3, info 5, info 1, info 9");
}

TIMER_TEST(timer, those_of_one_deadline_fire_in_the_order_in_which_they_were_started)
{
    struct probe *probe = probe_start();

    for (unsigned i = 0; i < 8; i++)
        start(&some[i], probe, 2 * i + 1, i == 7 ? MS : HOUR);
    start(&some[0], probe, 1, MS);
    for (unsigned i = 6; i > 0; i--)
        start(&some[i], probe, 2 * i + 1, MS);
    turn(HOUR);
    cr_assert(probe_await(probe, "info 3"));
    cr_assert_str_eq(probe_story(probe), "info 15, info 1, info 13, info 11, info 9, info 7, info 5, info 3");
}

TIMER_TEST(timer, started_later_but_due_earlier_fires_first)
{
    struct probe *probe = probe_start();

    start(&some[0], probe, 1, HOUR);
    turn(MS);
    start(&some[1], probe, 3, MS);
    turn(MS);
    cr_assert(probe_await(probe, "info 3"));
    turn(HOUR);
    cr_assert(probe_await(probe, "info 1"));
    cr_assert_str_eq(probe_story(probe), "info 3, info 1");
}

TIMER_TEST(timer, its_info_comes_behind_the_mail_that_is_there)
{
    struct gate gate;
    struct probe *probe = start_behind(&gate);

    cr_assert_eq(probe_cast(probe, 2), 0);
    start(&some[0], probe, 1, MS);
    turn(MS);
    cr_assert_eq(probe_cast(probe, 4), 0);
    gate_open(&gate);
    cr_assert(probe_await(probe, "cast 4"));
    cr_assert_str_eq(probe_story(probe), "cast 2, info 1, cast 4");
    gate_deinit(&gate);
}

TIMER_TEST(timer, whose_time_never_comes_does_not_fire)
{
    struct probe *probe = probe_start();

    start(&some[0], probe, 1, INT64_MAX);
    turn(1000 * HOUR);
    cr_assert_str_eq(probe_story(probe), "");
    cr_assert(timer_cancel(&some[0]));
}

ACTOR_TEST(timer, fires_by_the_systems_clock_too)
{
    struct probe *probe = probe_start();
    int64_t before = clock_monotonic_ns();

    cr_assert_eq(timers_start(actors_runtime(), &timers), 0);
    start(&some[0], probe, 1, 3 * MS);
    start(&some[1], probe, 3, HOUR);
    cr_assert(probe_await(probe, "info 1"));
    cr_assert_geq(clock_monotonic_ns(), before + 3 * MS);
    timers_stop(timers);
    timers_destroy(timers);
    cr_assert_str_eq(probe_story(probe), "info 1");
}

static void check_that_all_of_many_fire(struct timer *many, struct probe *probe)
{
    uint64_t left = MANY;

    for (int i = 0; i < MANY; i++)
        start(&many[i], probe, 2, (1 + rand() % 999) * MS);
    for (int i = 0; i < MANY; i += 3, left--)
        cr_assert(timer_cancel(&many[i]));
    for (int i = 0; i < 10; i++)
        turn(100 * MS);
    await_infos(left);
    for (int i = 0; i < MANY; i++)
        cr_assert_not(timer_cancel(&many[i]));
}

TIMER_TEST(timer, ten_thousand_fire_but_for_those_that_were_cancelled)
{
    struct timer *many = calloc(MANY, sizeof(*many));

    cr_assert(many);
    check_that_all_of_many_fire(many, probe_start());
    free(many);
}

/* ---- cancelling ---- */

TIMER_TEST(timer, cancelled_in_time_sends_nothing)
{
    struct probe *probe = probe_start();

    start(&some[0], probe, 1, MS);
    start(&some[1], probe, 3, MS);
    cr_assert(timer_cancel(&some[0]));
    cr_assert_not(timer_cancel(&some[0]));
    turn(HOUR);
    cr_assert(probe_await(probe, "info 3"));
    cr_assert_eq(probe_call(probe, 5), 0);
    cr_assert_str_eq(probe_story(probe), "info 3, call 5");
}

TIMER_TEST(timer, cancelled_when_its_info_is_in_the_mailbox_sends_nothing)
{
    struct gate gate;
    struct probe *probe = start_behind(&gate);

    for (unsigned i = 0; i < 3; i++)
        start(&some[i], probe, 2 * i + 1, MS);
    turn(MS);
    cr_assert(probe_await_mail(probe, 3));
    cr_assert(timer_cancel(&some[1]));
    cr_assert_not(timer_cancel(&some[1]));
    gate_open(&gate);
    cr_assert_eq(probe_call(probe, 7), 0);
    cr_assert_str_eq(probe_story(probe), "info 1, info 5, call 7");
    gate_deinit(&gate);
}

TIMER_TEST(timer, cancelled_by_its_receiver_when_its_info_is_in_the_mailbox_sends_nothing)
{
    struct gate gate;
    struct probe *probe = start_behind(&gate);
    struct timer *timer = calloc(1, sizeof(*timer));

    probe_do_later(probe, cancel_and_free, timer);
    start(timer, probe, 1, MS);
    start(&some[0], probe, 3, MS);
    turn(MS);
    cr_assert(probe_await_mail(probe, 3));
    gate_open(&gate);
    cr_assert_eq(probe_call(probe, 5), 0);
    cr_assert_str_eq(probe_story(probe), "info 3, call 5");
    gate_deinit(&gate);
}

TIMER_TEST(timer, cancelled_when_its_info_was_handled_says_so)
{
    struct probe *probe = probe_start();

    start(&some[0], probe, 1, 0);
    cr_assert(probe_await(probe, "info 1"));
    cr_assert_not(timer_cancel(&some[0]));
    cr_assert_not(probe_do(probe, cancel, &some[0]));
}

TIMER_TEST(timer, cancelling_what_was_never_started_is_nothing)
{
    cr_assert_not(timer_cancel(&some[0]));
}

/* ---- starting again ---- */

TIMER_TEST(timer, started_again_in_time_is_moved)
{
    struct probe *probe = probe_start();

    start(&some[0], probe, 1, 10 * MS);
    start(&some[0], probe, 1, 30 * MS);
    turn(30 * MS - 1);
    cr_assert_str_eq(probe_story(probe), "");
    start(&some[0], probe, 1, HOUR);
    start(&some[0], probe, 1, MS);
    turn(MS);
    cr_assert(probe_await(probe, "info 1"));
    turn(2 * HOUR);
    cr_assert_eq(probe_call(probe, 2), 0);
    cr_assert_str_eq(probe_story(probe), "info 1, call 2");
}

TIMER_TEST(timer, started_again_when_its_info_is_in_the_mailbox_is_moved)
{
    struct gate gate;
    struct probe *probe = start_behind(&gate);

    start(&some[0], probe, 1, 0);
    cr_assert(probe_await_mail(probe, 1));
    start(&some[0], probe, 1, MS);
    cr_assert(probe_await_mail(probe, 0));
    gate_open(&gate);
    cr_assert_eq(probe_call(probe, 2), 0);
    turn(MS);
    cr_assert(probe_await(probe, "info 1"));
    cr_assert_eq(probe_call(probe, 4), 0);
    cr_assert_str_eq(probe_story(probe), "call 2, info 1, call 4");
    gate_deinit(&gate);
}

TIMER_TEST(timer, may_be_started_again_when_it_was_handled_or_cancelled)
{
    struct probe *probe = probe_start();

    start(&some[0], probe, 1, 0);
    cr_assert(probe_await(probe, "info 1"));
    start(&some[0], probe, 3, MS);
    cr_assert(timer_cancel(&some[0]));
    start(&some[0], probe, 5, MS);
    turn(MS);
    cr_assert(probe_await(probe, "info 5"));
    cr_assert_str_eq(probe_story(probe), "info 1, info 5");
}

/* ---- the end of its receiver ---- */

TIMER_TEST(timer, to_an_actor_that_ended_is_dropped)
{
    struct probe *stopped = probe_start();
    struct probe *killed = probe_start();

    start(&some[0], stopped, 1, MS);
    start(&some[1], killed, 1, MS);
    cr_assert_eq(probe_stop(stopped), 0);
    cr_assert_eq(probe_kill(killed), 0);
    turn(MS);
    cr_assert_str_eq(probe_whole_story(stopped), "terminate normal, destroy");
    cr_assert_str_eq(probe_whole_story(killed), "destroy");
    cr_assert_not(timer_cancel(&some[0]));
    cr_assert_not(timer_cancel(&some[1]));
}

TIMER_TEST(timer, whose_info_is_in_the_mailbox_of_an_actor_that_ends_is_dropped)
{
    struct gate gate;
    struct probe *probe = start_behind(&gate);

    start(&some[0], probe, 1, 0);
    cr_assert(probe_await_mail(probe, 1));
    cr_assert_eq(probe_kill(probe), 0);
    cr_assert_not(timer_cancel(&some[0]));
    gate_open(&gate);
    cr_assert_str_eq(probe_whole_story(probe), "destroy");
    gate_deinit(&gate);
}

TIMER_TEST(timer, started_for_an_actor_that_has_ended_does_nothing)
{
    struct probe *probe = probe_start();

    cr_assert_eq(probe_stop(probe), 0);
    start(&some[0], probe, 1, HOUR);
    cr_assert_not(timer_cancel(&some[0]));
}

TIMER_TEST(timer, keeps_its_receiver_until_it_has_fired)
{
    struct probe *probe = probe_start();

    start(&some[0], probe, 1, MS);
    cr_assert_eq(probe_stop(probe), 0);
    probe_let_go(probe);
    turn(MS);
}

TIMER_TEST(timer, its_memory_may_go_when_its_receiver_has_cancelled_it_in_destroy)
{
    struct timer *timer = calloc(1, sizeof(*timer));
    struct probe *probe = probe_start_with(&(struct probe_options){.destroy = cancel_and_free, .arg = timer});

    start(timer, probe, 1, MS);
    cr_assert_eq(probe_stop(probe), 0);
    probe_let_go(probe);
    turn(MS);
}

/* The clock is turned while it ends, so that the timer is found armed, fired or on its way. */
TIMER_TEST(timer, may_fire_while_its_receiver_ends)
{
    for (int i = 0; i < 200; i++) {
        struct timer *timer = calloc(1, sizeof(*timer));
        struct probe *probe =
            probe_start_with(&(struct probe_options){.destroy = cancel_and_free, .arg = timer});

        start(timer, probe, 2, i % 2 * MS);
        clock_turn(MS);
        cr_assert_eq(i % 4 < 2 ? probe_stop(probe) : probe_kill(probe), 0);
        probe_let_go(probe);
    }
}

#define KILLED_WITH 200

static int cancel_and_free_all(struct probe *self, void *arg)
{
    struct timer **all = arg;

    gate_pass(self->options.arg);
    for (int i = 0; i < KILLED_WITH; i++)
        (void)cancel_and_free(self, all[i]);
    return 0;
}

TIMER_TEST(timer, its_memory_may_go_in_a_callback_that_still_runs_while_its_receiver_is_killed)
{
    struct timer *all[KILLED_WITH];
    struct gate gate;
    struct probe *probe = probe_start_with(&(struct probe_options){.slow = true, .arg = &gate});

    gate_init(&gate);
    probe_do_later(probe, cancel_and_free_all, all);
    for (int i = 0; i < KILLED_WITH; i++) {
        all[i] = calloc(1, sizeof(struct timer));
        start(all[i], probe, 2, 0);
    }
    cr_assert(gate_await(&gate, 1));
    cr_assert(probe_await_mail(probe, KILLED_WITH));
    gate_open(&gate);
    cr_assert_eq(probe_kill(probe), 0);
    cr_assert_str_eq(probe_whole_story(probe), "destroy");
    gate_deinit(&gate);
}

static int start_and_fail(struct probe *self, void *timer)
{
    start(timer, self, 2, 0);
    (void)probe_await_mail(self, 1);
    (void)timer_cancel(timer);
    return 1;
}

TIMER_TEST(timer, leaves_nothing_behind_when_an_init_that_fails_cancels_it)
{
    const struct probe_options options = {.init = start_and_fail, .arg = &some[0]};
    struct reason reason;
    struct probe *probe;

    for (int i = 0; i < 300; i++) {
        memset(&some[0], 0, sizeof(some[0]));
        cr_assert_eq(probe_try_start(&options, &probe, &reason), ACTOR_E_INIT);
        reason_deinit(&reason);
    }
    cr_assert_eq(infos_handled(), 0);
}

static int start_in_init(struct probe *self, void *timer)
{
    start(timer, self, 1, 0);
    settle();
    return 0;
}

TIMER_TEST(timer, started_in_init_is_handled_after_it)
{
    struct probe *probe =
        probe_start_with(&(struct probe_options){.slow = true, .init = start_in_init, .arg = &some[0]});

    cr_assert(probe_await(probe, "info 1"));
}

/* ---- the end of the timers ---- */

ACTOR_TEST(timer, does_not_fire_any_more_when_the_timers_are_stopped)
{
    struct probe *probe = probe_start();
    struct probe *gone = probe_start();

    clock_hold();
    cr_assert_eq(timers_start(actors_runtime(), &timers), 0);
    for (unsigned i = 0; i < 4; i++)
        start(&some[i], probe, 2 * i + 1, MS);
    start(&some[4], gone, 1, MS);
    cr_assert_eq(probe_stop(gone), 0);
    probe_let_go(gone);
    timers_stop(timers);

    clock_turn(HOUR);
    start(&some[5], probe, 11, 0);
    cr_assert_not(timer_cancel(&some[0]));
    cr_assert_not(timer_cancel(&some[5]));
    timers_destroy(timers);
    cr_assert_eq(probe_call(probe, 2), 0);
    cr_assert_str_eq(probe_story(probe), "call 2");
    clock_let_go();
}

ACTOR_TEST(timer, its_info_stays_in_the_mailbox_when_the_timers_are_stopped_and_can_be_taken_back)
{
    struct gate gate;
    struct probe *probe = start_behind(&gate);

    cr_assert_eq(timers_start(actors_runtime(), &timers), 0);
    start(&some[0], probe, 1, 0);
    start(&some[1], probe, 3, 0);
    cr_assert(probe_await_mail(probe, 2));
    timers_stop(timers);
    cr_assert(timer_cancel(&some[0]));
    timers_destroy(timers);
    gate_open(&gate);
    cr_assert_eq(probe_call(probe, 5), 0);
    cr_assert_str_eq(probe_story(probe), "info 3, call 5");
    gate_deinit(&gate);
}

ACTOR_TEST(timer, none_at_all_is_needed_to_start_and_stop_the_timers)
{
    for (int i = 0; i < 50; i++) {
        cr_assert_eq(timers_start(actors_runtime(), &timers), 0);
        timers_stop(timers);
        timers_destroy(timers);
    }
    timers_destroy(NULL);
}

/* ---- many threads ---- */

struct owner {
    struct timer timer;
    struct probe *probe;
    unsigned seed;
    int seen;
};

/* Each start is either taken back or seen. */
static int start_and_cancel_own(void *arg)
{
    struct owner *owner = arg;

    for (int i = 0; i < ROUNDS; i++) {
        start(&owner->timer, owner->probe, 2, rand_r(&owner->seed) % 2 * MS);
        if (rand_r(&owner->seed) % 4 == 0)
            clock_turn(MS);
        if (rand_r(&owner->seed) % 2 == 0)
            sched_yield();
        owner->seen += !timer_cancel(&owner->timer);
    }
    return 0;
}

TIMER_TEST(timer, started_and_cancelled_while_others_are_is_either_taken_back_or_handled)
{
    struct owner owners[THREADS];
    struct helper *helpers[THREADS];
    uint64_t seen = 0;

    for (unsigned i = 0; i < THREADS; i++) {
        owners[i] = (struct owner){.probe = probe_start(), .seed = i + 1};
        helpers[i] = helper_start(start_and_cancel_own, &owners[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        cr_assert_eq(helper_join(helpers[i]), 0);
        seen += (uint64_t)owners[i].seen;
    }
    await_infos(seen);
}

static struct timer shared[SHARED];
static struct probe *shared_by[2];

static int start_and_cancel_shared(void *arg)
{
    unsigned seed = *(unsigned *)arg;

    for (int i = 0; i < ROUNDS; i++) {
        int which = rand_r(&seed) % SHARED;

        if (rand_r(&seed) % 3 == 0)
            (void)timer_cancel(&shared[which]);
        else
            start(&shared[which], shared_by[which % 2], 2, rand_r(&seed) % 3 * MS);
        if (rand_r(&seed) % 8 == 0)
            clock_turn(MS);
    }
    return 0;
}

TIMER_TEST(timer, of_which_several_threads_start_and_cancel_the_same_fires_no_more_once_all_are_cancelled)
{
    unsigned seeds[THREADS];
    struct helper *helpers[THREADS];
    uint64_t handled;

    shared_by[0] = probe_start();
    shared_by[1] = probe_start_slow();
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = i + 1;
        helpers[i] = helper_start(start_and_cancel_shared, &seeds[i]);
    }
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(helper_join(helpers[i]), 0);

    for (int i = 0; i < SHARED; i++)
        (void)timer_cancel(&shared[i]);
    cr_assert_eq(probe_call(shared_by[0], 1), 0);
    cr_assert_eq(probe_call(shared_by[1], 1), 0);
    handled = infos_handled();
    turn(HOUR);
    cr_assert_eq(infos_handled(), handled);
}

/* ---- the receive timeout ---- */

static struct receive_timeout timeout;

static int touch(struct probe *self, void *arg)
{
    (void)self;
    (void)arg;
    receive_timeout_touch(&timeout);
    return 0;
}

/* What a callback does that answers `{reply, Reply, State, 10}`. */
static int touch_and_start(struct probe *self, void *arg)
{
    (void)touch(self, arg);
    return receive_timeout_start(&timeout, timers, &self->actor, 1, 10 * MS);
}

TIMER_TEST(receive_timeout, comes_once_when_no_mail_does)
{
    struct probe *probe = probe_start();

    cr_assert_eq(probe_do(probe, touch_and_start, NULL), 0);
    turn(10 * MS - 1);
    cr_assert_str_eq(probe_story(probe), "");
    turn(1);
    cr_assert(probe_await(probe, "info 1"));
    turn(HOUR);
    cr_assert_eq(probe_call(probe, 2), 0);
    cr_assert_str_eq(probe_story(probe), "info 1, call 2");
}

TIMER_TEST(receive_timeout, does_not_come_when_mail_does)
{
    struct probe *probe = probe_start();

    cr_assert_eq(probe_do(probe, touch_and_start, NULL), 0);
    turn(10 * MS - 1);
    cr_assert_eq(probe_do(probe, touch, NULL), 0);
    turn(HOUR);
    cr_assert_eq(probe_call(probe, 2), 0);
    cr_assert_str_eq(probe_story(probe), "call 2");
}

TIMER_TEST(receive_timeout, does_not_come_when_mail_was_there_before_it_even_if_that_was_not_handled_yet)
{
    struct gate gate;
    struct probe *probe = probe_start_slow();

    gate_init(&gate);
    cr_assert_eq(probe_do(probe, touch_and_start, NULL), 0);
    probe_do_later(probe, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    probe_do_later(probe, touch, NULL);
    turn(10 * MS);
    cr_assert(probe_await_mail(probe, 2));
    gate_open(&gate);
    cr_assert_eq(probe_call(probe, 2), 0);
    cr_assert_str_eq(probe_story(probe), "call 2");
    gate_deinit(&gate);
}

TIMER_TEST(receive_timeout, counts_from_the_last_mail)
{
    struct probe *probe = probe_start();

    for (int i = 0; i < 10; i++) {
        cr_assert_eq(probe_do(probe, touch_and_start, NULL), 0);
        turn(10 * MS - 1);
    }
    cr_assert_str_eq(probe_story(probe), "");
    turn(1);
    cr_assert(probe_await(probe, "info 1"));
}

TIMER_TEST(receive_timeout, comes_again_when_it_was_started_again)
{
    struct probe *probe = probe_start();

    for (unsigned i = 2; i <= 4; i += 2) {
        cr_assert_eq(probe_do(probe, touch_and_start, NULL), 0);
        turn(10 * MS);
        cr_assert_eq(probe_call(probe, i), 0);
    }
    cr_assert_str_eq(probe_story(probe), "info 1, call 2, info 1, call 4");
}

TIMER_TEST(receive_timeout, which_is_not_started_is_not_touched)
{
    struct probe *probe = probe_start();

    cr_assert_eq(probe_do(probe, touch, NULL), 0);
    cr_assert_eq(probe_do(probe, touch_and_start, NULL), 0);
    cr_assert_eq(probe_do(probe, touch, NULL), 0);
    cr_assert_eq(probe_do(probe, touch, NULL), 0);
}

TIMER_TEST(receive_timeout, ends_with_its_actor_that_touches_it_in_destroy)
{
    struct probe *probe = probe_start_with(&(struct probe_options){.destroy = touch});

    cr_assert_eq(probe_do(probe, touch_and_start, NULL), 0);
    cr_assert_eq(probe_stop(probe), 0);
    cr_assert_str_eq(probe_whole_story(probe), "terminate normal, destroy");
    cr_assert_not(timer_cancel(&timeout.timer));
    probe_let_go(probe);
    turn(10 * MS);
}
