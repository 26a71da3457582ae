#include "lib/actors.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#define MANY 100

/* Sends this many casts and infos in turn to `arg`. */
static int send_many(struct probe *self, void *arg)
{
    (void)self;
    for (unsigned i = 1; i <= MANY; i++) {
        if (i % 2)
            probe_send(arg, i);
        else
            (void)probe_cast(arg, i);
    }
    return 0;
}

static int expected_story(char *story, size_t size)
{
    int used = 0;

    for (unsigned i = 1; i <= MANY; i++)
        used += snprintf(story + used, size - (size_t)used, "%s %u, ", i % 2 ? "info" : "cast", i);
    return used;
}

ACTOR_TEST(order, casts_and_infos_arrive_as_they_were_sent)
{
    struct probe *probe = probe_start();
    char story[4096];

    expected_story(story, sizeof(story));
    (void)send_many(NULL, probe);
    cr_assert_eq(probe_call(probe, 1), 0);
    cr_assert_eq(strncmp(probe_story(probe), story, strlen(story)), 0);
    cr_assert_str_eq(probe_story(probe) + strlen(story), "call 1");
}

ACTOR_TEST(order, a_call_waits_its_turn_behind_earlier_mail)
{
    struct probe *prompt = probe_start();
    struct probe *slow = probe_start_slow();

    for (unsigned i = 1; i <= 3; i++) {
        cr_assert_eq(probe_cast(prompt, i), 0);
        cr_assert_eq(probe_call(prompt, i), 0);
        cr_assert_eq(probe_cast(slow, i), 0);
        cr_assert_eq(probe_call(slow, i), 0);
    }
    cr_assert_str_eq(probe_story(prompt), "cast 1, call 1, cast 2, call 2, cast 3, call 3");
    cr_assert_str_eq(probe_story(slow), "cast 1, call 1, cast 2, call 2, cast 3, call 3");
}

ACTOR_TEST(order, down_is_the_last_that_arrives_from_an_actor)
{
    struct probe *watcher = probe_start();
    struct probe *target = probe_start();
    char story[4096];

    expected_story(story, sizeof(story));
    probe_monitor(watcher, 1, target);
    cr_assert_eq(probe_do(target, send_many, watcher), 0);
    cr_assert_eq(probe_stop(target), 0);
    cr_assert(probe_await(watcher, "down 1"));
    cr_assert_eq(strncmp(probe_story(watcher), story, strlen(story)), 0);
    cr_assert_str_eq(probe_story(watcher) + strlen(story), "down 1 normal");
}

static int cast_last_words(struct probe *self, void *arg)
{
    (void)self;
    return probe_cast(arg, 1);
}

ACTOR_TEST(order, what_terminate_sends_arrives_before_down)
{
    struct probe *watcher = probe_start();
    struct probe *target =
        probe_start_with(&(struct probe_options){.terminate = cast_last_words, .arg = watcher});

    probe_monitor(watcher, 1, target);
    cr_assert_eq(probe_stop(target), 0);
    cr_assert(probe_await(watcher, "down 1"));
    cr_assert_str_eq(probe_story(watcher), "cast 1, down 1 normal");
}

struct chatter {
    struct probe *listener;
    _Atomic bool enough;
};

/* Runs until the test has killed it, and then a little more. */
static int chat(struct probe *self, void *arg)
{
    struct chatter *chatter = arg;
    int after = 0;

    while (after < 3) {
        probe_send(chatter->listener, 2);
        after += atomic_load(&chatter->enough);
    }
    (void)self;
    return 0;
}

/* A DOWN counts what has been heard; nothing may follow it. */
static int note_heard(struct probe *self, void *arg)
{
    (void)arg;
    probe_note(self, "heard %lu", (unsigned long)atomic_load(&actors_runtime()->infos_dropped));
    return 0;
}

static void let_kill_interrupt_a_chat(void)
{
    struct chatter chatter = {.listener = probe_start_with(&(struct probe_options){.down = note_heard})};
    struct probe *target = probe_start_slow();
    uint64_t before = atomic_load(&actors_runtime()->infos_dropped);
    char heard[64];

    probe_monitor(chatter.listener, 1, target);
    probe_do_later(target, chat, &chatter);
    while (atomic_load(&actors_runtime()->infos_dropped) == before)
        sched_yield();
    cr_assert_eq(probe_kill(target), 0);
    atomic_store(&chatter.enough, true);
    cr_assert(probe_await_end(target));
    cr_assert_eq(probe_stop(chatter.listener), 0);
    snprintf(heard, sizeof(heard), "heard %lu,",
             (unsigned long)atomic_load(&actors_runtime()->infos_dropped));
    cr_assert(strstr(probe_story(chatter.listener), heard), "something was heard after DOWN");
}

ACTOR_TEST(order, down_is_the_last_even_from_an_actor_killed_while_it_sends)
{
    for (int i = 0; i < 200; i++)
        let_kill_interrupt_a_chat();
}
