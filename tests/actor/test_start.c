#include "lib/actors.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

static int note_init(struct probe *self, void *arg)
{
    (void)arg;
    probe_note(self, "init");
    return 0;
}

ACTOR_TEST(start, returns_after_init_has_run)
{
    struct probe *probe = probe_start_with(&(struct probe_options){.init = note_init});

    cr_assert_str_eq(probe_story(probe), "init");
    cr_assert(actor_alive(&probe->actor));
    cr_assert_eq(atomic_load(&actors_runtime()->actors), 1);
}

static int note_thread(struct probe *self, void *arg)
{
    (void)self;
    *(pthread_t *)arg = pthread_self();
    return 0;
}

ACTOR_TEST(start, runs_init_on_the_starters_thread_inside_the_actor)
{
    pthread_t thread = 0;

    probe_start_with(&(struct probe_options){.init = note_thread, .arg = &thread});
    cr_assert(pthread_equal(thread, pthread_self()));
    cr_assert_null(actor_self());
}

static int fail(struct probe *self, void *arg)
{
    (void)self;
    (void)arg;
    return 1;
}

static void assert_start_fails(probe_task init, void *arg)
{
    struct probe *probe = NULL;
    struct reason reason;

    cr_assert_eq(probe_try_start(&(struct probe_options){.init = init, .arg = arg}, &probe, &reason),
                 ACTOR_E_INIT);
    cr_assert_null(probe);
    cr_assert_eq(reason.code, REASON_ERROR);
    cr_assert_str_eq(reason.text, "init");
    reason_deinit(&reason);
}

ACTOR_TEST(start, a_failed_init_gives_its_reason_and_leaves_nothing_behind)
{
    assert_start_fails(fail, NULL);
    cr_assert_eq(atomic_load(&actors_runtime()->actors), 0);
}

static int watch_and_fail(struct probe *self, void *arg)
{
    struct probe *target = arg;

    (void)actor_monitor(&self->actor, &self->monitors[0], &target->actor);
    return 1;
}

ACTOR_TEST(start, a_failed_init_takes_its_monitors_along)
{
    struct probe *target = probe_start();

    assert_start_fails(watch_and_fail, target);
    cr_assert(cds_list_empty(&target->actor.monitors));
    cr_assert_eq(probe_stop(target), 0);
}

/* An info whose release waits for a gate: who ends its receiver is held up, and still has who shall end next. */
struct heavy {
    struct message message;
    struct gate gate;
};

static void release_heavy(struct message *message)
{
    gate_pass(&message_container(message, struct heavy, message)->gate);
}

struct doomed {
    struct heavy heavy;
    struct probe *target; /* is killed while `init` runs */
    struct probe *second; /* goes along, before the doomed; NULL: the doomed itself holds up who ends it */
    struct helper *killer;
    _Atomic(struct probe *) self;
};

static int kill_given(void *arg)
{
    return probe_kill(arg);
}

static int be_doomed_and_fail(struct probe *self, void *arg)
{
    struct doomed *doomed = arg;

    gate_init(&doomed->heavy.gate);
    message_init(&doomed->heavy.message, MESSAGE_INFO, 0, release_heavy);
    actor_send_for_nobody(doomed->second ? &doomed->second->actor : &self->actor, &doomed->heavy.message);
    probe_link(self, doomed->target);
    doomed->killer = helper_start(kill_given, doomed->target);
    must(gate_await(&doomed->heavy.gate, 1));
    atomic_store(&doomed->self, self);
    return 1;
}

static int start_doomed(void *arg)
{
    struct reason reason;
    struct probe *probe;

    must(probe_try_start(&(struct probe_options){.init = be_doomed_and_fail, .arg = arg}, &probe, &reason) ==
         ACTOR_E_INIT);
    reason_deinit(&reason);
    return 0;
}

/* The memory of one whose start has failed stays until nobody has a reference any more. */
static void assert_start_waits_for_who_ends(struct doomed *doomed)
{
    struct helper *starter = helper_start(start_doomed, doomed);
    struct probe *self;

    while (!(self = atomic_load(&doomed->self)) || !actor_reason(&self->actor))
        sched_yield();
    gate_open(&doomed->heavy.gate);
    cr_assert_eq(helper_join(starter), 0);
    cr_assert_eq(helper_join(doomed->killer), 0);
    gate_deinit(&doomed->heavy.gate);
}

ACTOR_TEST(start, a_failed_init_waits_for_who_is_about_to_end_it_as_well)
{
    struct doomed doomed = {.target = probe_start(), .second = probe_start_slow()};
    struct gate gate;

    gate_init(&gate);
    probe_do_later(doomed.second, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    probe_link(doomed.target, doomed.second);
    assert_start_waits_for_who_ends(&doomed);
    gate_open(&gate);
    cr_assert_str_eq(probe_whole_story(doomed.second), "destroy");
    gate_deinit(&gate);
}

ACTOR_TEST(start, a_failed_init_waits_for_who_has_ended_it_before)
{
    struct doomed doomed = {.target = probe_start()};

    assert_start_waits_for_who_ends(&doomed);
}

ACTOR_TEST(start, a_failed_init_that_had_mail_leaves_no_thread_behind)
{
    struct probe *target = probe_start();

    cr_assert_eq(probe_stop(target), 0);
    assert_start_fails(watch_and_fail, target);
}

static int write_to_oneself_and_fail(struct probe *self, void *arg)
{
    (void)arg;
    probe_cast(self, 1);
    probe_send(self, 3);
    return 1;
}

ACTOR_TEST(start, a_failed_init_releases_the_mail_to_oneself)
{
    assert_start_fails(write_to_oneself_and_fail, NULL);
    cr_assert_eq(counted_messages_left(), 0);
}

static int write_to_oneself(struct probe *self, void *arg)
{
    (void)arg;
    probe_cast(self, 1);
    probe_note(self, "init");
    return 0;
}

ACTOR_TEST(start, mail_to_oneself_from_init_is_handled_after_it)
{
    struct probe *probe = probe_start_with(&(struct probe_options){.init = write_to_oneself});

    cr_assert(probe_await(probe, "cast"));
    cr_assert_str_eq(probe_story(probe), "init, cast 1");
}

static int kill_oneself(struct probe *self, void *arg)
{
    (void)arg;
    return actor_kill(&self->actor);
}

ACTOR_TEST(start, who_was_killed_in_init_has_started_and_ended)
{
    struct probe *probe = probe_start_with(&(struct probe_options){.init = kill_oneself});

    cr_assert(probe_await_end(probe));
    cr_assert_eq(probe_call(probe, 1), ACTOR_E_NOPROC);
    cr_assert_str_eq(probe_whole_story(probe), "destroy");
}
