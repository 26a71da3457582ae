#include "lib/actors.h"

#include <pthread.h>

static int exit_with_text(struct probe *self, void *arg)
{
    actor_exit(&self->actor, reason_error(arg));
    return 7;
}

ACTOR_TEST(exit, ends_the_actor_after_this_callback_with_its_reason)
{
    struct probe *watcher = probe_start();
    struct probe *probe = probe_start();

    probe_monitor(watcher, 1, probe);
    cr_assert_eq(probe_do(probe, exit_with_text, (void *)"done"), 7);
    cr_assert_str_eq(probe_whole_story(probe), "terminate error: done, destroy");
    cr_assert(probe_await(watcher, "down 1 error: done"));
}

struct exiting {
    pthread_t terminator;
    pthread_t caller;
};

static int exit_here(struct probe *self, void *arg)
{
    ((struct exiting *)arg)->caller = pthread_self();
    actor_exit(&self->actor, REASON(NORMAL));
    return 0;
}

static int note_terminator(struct probe *self, void *arg)
{
    (void)self;
    ((struct exiting *)arg)->terminator = pthread_self();
    return 0;
}

ACTOR_TEST(exit, terminate_never_runs_on_a_caller_that_only_wanted_a_reply)
{
    struct exiting exiting = {0};
    struct probe *probe =
        probe_start_with(&(struct probe_options){.terminate = note_terminator, .arg = &exiting});

    cr_assert_eq(probe_do(probe, exit_here, &exiting), 0);
    (void)probe_call(probe, 1);
    cr_assert(probe_await_end(probe));
    cr_assert_not(pthread_equal(exiting.terminator, pthread_self()));
    cr_assert_str_eq(probe_whole_story(probe), "terminate normal, destroy");
}

ACTOR_TEST(exit, leaves_later_mail_unhandled_and_answers_later_calls)
{
    struct probe *probe = probe_start_slow();
    struct gate gate;
    int rc;

    gate_init(&gate);
    probe_do_later(probe, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    probe_do_later(probe, exit_with_text, (void *)"done");
    cr_assert_eq(probe_cast(probe, 1), 0);
    gate_open(&gate);
    rc = probe_call(probe, 1);
    cr_assert(rc == ACTOR_E_ERROR || rc == ACTOR_E_NOPROC);
    cr_assert_str_eq(probe_whole_story(probe), "terminate error: done, destroy");
    gate_deinit(&gate);
}

static int exit_twice(struct probe *self, void *arg)
{
    (void)arg;
    actor_exit(&self->actor, reason_error("first"));
    actor_exit(&self->actor, reason_error("second"));
    return 0;
}

ACTOR_TEST(exit, the_first_reason_counts)
{
    struct probe *probe = probe_start();

    cr_assert_eq(probe_do(probe, exit_twice, NULL), 0);
    cr_assert_str_eq(probe_whole_story(probe), "terminate error: first, destroy");
}

static int exit_and_be_killed(struct probe *self, void *arg)
{
    (void)arg;
    actor_exit(&self->actor, reason_error("not any more"));
    return actor_kill(&self->actor);
}

ACTOR_TEST(exit, a_kill_overtakes_it)
{
    struct probe *watcher = probe_start();
    struct probe *probe = probe_start();

    probe_monitor(watcher, 1, probe);
    (void)probe_do(probe, exit_and_be_killed, NULL);
    cr_assert_str_eq(probe_whole_story(probe), "destroy");
    cr_assert(probe_await(watcher, "down 1 killed"));
}

ACTOR_TEST(exit, a_stop_behind_it_ends_with_the_reason_it_gave)
{
    struct probe *watcher = probe_start();
    struct probe *probe = probe_start();
    int rc;

    probe_monitor(watcher, 1, probe);
    probe_do_later(probe, exit_with_text, (void *)"mine");
    rc = probe_stop(probe);
    cr_assert(rc == 0 || rc == ACTOR_E_NOPROC);
    cr_assert(probe_await(watcher, "down 1 error: mine"));
}
