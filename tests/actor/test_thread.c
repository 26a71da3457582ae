#include "lib/actors.h"

#include "base/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

ACTOR_TEST(thread, an_actor_has_none_before_its_first_mail)
{
    cr_assert(probe_await_awake(probe_start(), false));
}

ACTOR_TEST(thread, ends_after_linger_and_is_made_again_by_new_mail)
{
    struct probe *probe;

    actors_runtime()->linger_ns = CLOCK_NS_PER_MS;
    probe = probe_start();
    for (unsigned i = 1; i <= 3; i++) {
        char line[16];

        snprintf(line, sizeof(line), "cast %u", i);
        cr_assert_eq(probe_cast(probe, i), 0);
        cr_assert(probe_await(probe, line));
        cr_assert(probe_await_awake(probe, false));
    }
    cr_assert_str_eq(probe_story(probe), "cast 1, cast 2, cast 3");
}

static int do_nothing(struct probe *self, void *arg)
{
    (void)self;
    (void)arg;
    return 0;
}

ACTOR_TEST(thread, mail_that_comes_when_it_is_about_to_end_is_handled)
{
    struct probe *probe;

    actors_runtime()->linger_ns = 0;
    probe = probe_start_slow();
    for (unsigned i = 0; i < 1000; i++)
        cr_assert_eq(probe_do(probe, do_nothing, NULL), 0);
}

ACTOR_TEST(thread, lingers_while_its_time_is_not_up)
{
    struct probe *probe = probe_start();

    cr_assert_eq(probe_cast(probe, 1), 0);
    cr_assert(probe_await(probe, "cast 1"));
    cr_assert(probe_await_awake(probe, true));
}

static int note_name_and_signals(struct probe *self, void *arg)
{
    sigset_t blocked;
    char name[16];

    (void)arg;
    pthread_getname_np(pthread_self(), name, sizeof(name));
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    probe_note(self, "%s %d", name, sigismember(&blocked, SIGTERM));
    return 0;
}

ACTOR_TEST(thread, is_named_after_its_actor_and_takes_no_signals)
{
    struct probe *probe = probe_start_with(&(struct probe_options){.slow = true, .label = "shopping"});

    cr_assert_eq(probe_do(probe, note_name_and_signals, NULL), 0);
    cr_assert_str_eq(probe_story(probe), "shopping 1");
}

ACTOR_TEST(thread, has_a_name_that_is_cut)
{
    struct probe *probe = probe_start_with(&(struct probe_options){.slow = true, .label = "much too long a label"});

    cr_assert_eq(probe_do(probe, note_name_and_signals, NULL), 0);
    cr_assert_str_eq(probe_story(probe), "much too long a 1");
}

ACTOR_TEST(thread, is_gone_when_its_actor_has_ended)
{
    struct probe *probe = probe_start_slow();

    cr_assert_eq(probe_call(probe, 1), 0);
    cr_assert_eq(probe_stop(probe), 0);
    cr_assert(probe_await_awake(probe, false));
}

ACTOR_TEST(thread, what_each_handled_is_counted)
{
    struct probe *probe = probe_start();
    struct actor_stats stats;

    cr_assert_eq(probe_call(probe, 1), 0);
    cr_assert_eq(probe_cast(probe, 2), 0);
    cr_assert(probe_await(probe, "cast 2"));
    cr_assert_eq(probe_call(probe, 3), 0);
    actor_get_stats(&probe->actor, &stats);
    cr_assert_eq(stats.handled_direct + stats.handled_by_thread, 3);
    cr_assert_eq(stats.handled_direct, actors_runtime()->direct ? 2 : 0);
    cr_assert_eq(stats.state, ACTOR_ALIVE);
    cr_assert_eq(stats.mailbox, 0);
    cr_assert_geq(stats.alive_ns, 0);
}
