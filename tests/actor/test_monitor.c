#include "lib/actors.h"

#include <stdlib.h>
#include <string.h>

static bool list_is_empty(struct actor *actor, struct cds_list_head *list)
{
    bool empty;

    lock_acquire(&actor->lock);
    empty = cds_list_empty(list);
    lock_release(&actor->lock);
    return empty;
}

ACTOR_TEST(monitor, tells_its_watcher_once_with_its_reference_and_the_reason)
{
    struct probe *watcher = probe_start();
    struct probe *target = probe_start();

    probe_monitor(watcher, 1, target);
    cr_assert_neq(watcher->refs[0], 0);
    cr_assert_eq(actor_stop(&target->actor, reason_error("sour"), ACTORS_PATIENCE_MS), 0);
    cr_assert(probe_await(watcher, "down 1"));
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "down 1 error: sour, call 1");
}

ACTOR_TEST(monitor, tells_nothing_while_its_target_lives_and_nothing_to_others)
{
    struct probe *watcher = probe_start();
    struct probe *other = probe_start();
    struct probe *target = probe_start();

    probe_monitor(watcher, 1, target);
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "call 1");
    cr_assert_eq(probe_kill(target), 0);
    cr_assert(probe_await(watcher, "down 1 killed"));
    cr_assert_eq(probe_call(other, 1), 0);
    cr_assert_str_eq(probe_story(other), "call 1");
}

ACTOR_TEST(monitor, of_an_actor_that_has_ended_gives_noproc)
{
    struct probe *watcher = probe_start();
    struct probe *target = probe_start();

    cr_assert_eq(probe_stop(target), 0);
    probe_monitor(watcher, 1, target);
    cr_assert(probe_await(watcher, "down 1"));
    cr_assert_str_eq(probe_story(watcher), "down 1 noproc");
}

ACTOR_TEST(monitor, two_on_one_actor_are_two_references_and_two_downs)
{
    struct probe *watcher = probe_start();
    struct probe *target = probe_start();

    probe_monitor(watcher, 1, target);
    probe_monitor(watcher, 2, target);
    cr_assert_neq(watcher->refs[0], watcher->refs[1]);
    cr_assert_eq(probe_stop(target), 0);
    cr_assert(probe_await(watcher, "down 2"));
    cr_assert_str_eq(probe_story(watcher), "down 1 normal, down 2 normal");
}

static int monitor_last(struct probe *self, void *arg)
{
    for (int i = 0; i < 3; i += 2)
        self->refs[i] = actor_monitor_last(&self->actor, &self->monitors[i], arg);
    return 0;
}

ACTOR_TEST(monitor, told_last_is_told_behind_those_that_came_later)
{
    struct probe *watcher = probe_start();
    struct probe *target = probe_start();

    cr_assert_eq(probe_do(watcher, monitor_last, &target->actor), 0);
    probe_monitor(watcher, 2, target);
    probe_monitor(watcher, 4, target);
    probe_demonitor(watcher, 2);
    probe_monitor(watcher, 2, target);
    cr_assert_eq(probe_stop(target), 0);
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "down 4 normal, down 2 normal, down 1 normal, down 3 normal, call 1");
}

ACTOR_TEST(monitor, many_watchers_are_each_told)
{
    struct probe *watchers[20];
    struct probe *target = probe_start();

    for (int i = 0; i < 20; i++) {
        watchers[i] = probe_start();
        probe_monitor(watchers[i], 1, target);
    }
    cr_assert_eq(probe_stop(target), 0);
    for (int i = 0; i < 20; i++)
        cr_assert(probe_await(watchers[i], "down 1 normal"));
}

ACTOR_TEST(monitor, everybody_is_told_before_stop_or_kill_returns)
{
    struct probe *watcher = probe_start_slow();
    struct probe *stopped = probe_start();
    struct probe *killed = probe_start();
    struct gate gate;

    gate_init(&gate);
    probe_monitor(watcher, 1, stopped);
    probe_monitor(watcher, 2, killed);
    probe_do_later(watcher, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(probe_stop(stopped), 0);
    cr_assert(probe_await_mail(watcher, 1));
    cr_assert_eq(probe_kill(killed), 0);
    cr_assert_eq(watcher->actor.mailbox.count, 2);
    gate_open(&gate);
    cr_assert(probe_await(watcher, "down 2"));
    cr_assert_str_eq(probe_story(watcher), "down 1 normal, down 2 killed");
    gate_deinit(&gate);
}

ACTOR_TEST(monitor, taken_back_in_time_tells_nothing)
{
    struct probe *watcher = probe_start();
    struct probe *target = probe_start();

    probe_monitor(watcher, 1, target);
    probe_monitor(watcher, 2, target);
    probe_demonitor(watcher, 1);
    probe_demonitor(watcher, 1);
    cr_assert_eq(probe_stop(target), 0);
    cr_assert(probe_await(watcher, "down 2"));
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "down 2 normal, call 1");
}

static int demonitor_first(struct probe *self, void *arg)
{
    gate_pass(arg);
    actor_demonitor(&self->monitors[0]);
    return 0;
}

ACTOR_TEST(monitor, taken_back_when_its_down_is_in_the_mailbox_tells_nothing)
{
    struct probe *watcher = probe_start_slow();
    struct probe *target = probe_start();
    struct gate gate;

    gate_init(&gate);
    probe_monitor(watcher, 1, target);
    probe_monitor(watcher, 2, target);
    probe_do_later(watcher, demonitor_first, &gate);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(probe_kill(target), 0);
    cr_assert(probe_await_mail(watcher, 2));
    gate_open(&gate);
    cr_assert(probe_await(watcher, "down 2"));
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "down 2 killed, call 1");
    gate_deinit(&gate);
}

ACTOR_TEST(monitor, taking_back_what_never_was_is_nothing)
{
    probe_demonitor(probe_start(), 1);
}

static int demonitor_all_and_wipe(struct probe *self, void *arg)
{
    (void)arg;
    for (int i = 0; i < PROBE_MONITORS; i++)
        actor_demonitor(&self->monitors[i]);
    memset(self->monitors, 0xff, sizeof(self->monitors));
    memset(self->monitors, 0, sizeof(self->monitors));
    return 0;
}

ACTOR_TEST(monitor, its_memory_is_the_watchers_again_while_its_down_is_handled)
{
    struct probe *watcher = probe_start_with(&(struct probe_options){.down = demonitor_all_and_wipe});
    struct probe *target = probe_start();

    probe_monitor(watcher, 1, target);
    probe_monitor(watcher, 2, target);
    cr_assert_eq(probe_kill(target), 0);
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "down 1 killed, call 1");
}

static int monitor_again(struct probe *self, void *arg)
{
    struct actor *target = arg;

    if (!strstr(probe_story(self), "noproc"))
        self->refs[0] = actor_monitor(&self->actor, &self->monitors[0], target);
    return 0;
}

ACTOR_TEST(monitor, may_be_used_again_as_soon_as_its_down_is_handled)
{
    struct probe *target = probe_start();
    struct probe *watcher =
        probe_start_with(&(struct probe_options){.down = monitor_again, .arg = &target->actor});

    probe_monitor(watcher, 1, target);
    cr_assert_eq(probe_kill(target), 0);
    cr_assert(probe_await(watcher, "noproc"));
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "down 1 killed, down 1 noproc, call 1");
}

ACTOR_TEST(monitor, ends_with_its_watcher)
{
    struct probe *stopped = probe_start();
    struct probe *killed = probe_start();
    struct probe *target = probe_start();

    probe_monitor(stopped, 1, target);
    probe_monitor(killed, 1, target);
    cr_assert_eq(probe_stop(stopped), 0);
    cr_assert_eq(probe_kill(killed), 0);
    cr_assert(list_is_empty(&target->actor, &target->actor.monitors));
    cr_assert_eq(probe_stop(target), 0);
    cr_assert_str_eq(probe_whole_story(stopped), "terminate normal, destroy");
    cr_assert_str_eq(probe_whole_story(killed), "destroy");
}

ACTOR_TEST(monitor, a_down_in_the_mailbox_of_a_watcher_that_ends_is_let_go)
{
    struct probe *watcher = probe_start_slow();
    struct probe *target = probe_start();
    struct gate gate;

    gate_init(&gate);
    probe_monitor(watcher, 1, target);
    probe_do_later(watcher, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(probe_kill(target), 0);
    cr_assert(probe_await_mail(watcher, 1));
    cr_assert_eq(probe_kill(watcher), 0);
    gate_open(&gate);
    cr_assert_str_eq(probe_whole_story(watcher), "destroy");
    gate_deinit(&gate);
}

ACTOR_TEST(monitor, of_oneself_ends_with_oneself)
{
    struct probe *probe = probe_start();

    probe_monitor(probe, 1, probe);
    cr_assert_eq(probe_stop(probe), 0);
    cr_assert_str_eq(probe_whole_story(probe), "terminate normal, destroy");
}

ACTOR_TEST(monitor, two_that_watch_each_other_may_end_at_once)
{
    struct probe *a = probe_start();
    struct probe *b = probe_start();

    probe_monitor(a, 1, b);
    probe_monitor(b, 1, a);
    cr_assert_eq(probe_kill(a), 0);
    cr_assert_eq(probe_kill(b), 0);
    cr_assert(list_is_empty(&a->actor, &a->actor.watching));
    cr_assert(list_is_empty(&b->actor, &b->actor.watching));
}

ACTOR_TEST(monitor, keeps_its_target_readable_until_the_down_was_handled)
{
    struct probe *watcher = probe_start_slow();
    struct probe *target = probe_start();
    struct gate gate;

    gate_init(&gate);
    probe_monitor(watcher, 1, target);
    probe_do_later(watcher, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(
        actor_stop(&target->actor, reason_error("a text that lives in the target"), ACTORS_PATIENCE_MS), 0);
    probe_let_go(target);
    gate_open(&gate);
    cr_assert(probe_await(watcher, "down 1 error: a text that lives in the target"));
    gate_deinit(&gate);
}

static int watch_after_kill(struct probe *self, void *arg)
{
    struct probe *target = arg;

    (void)actor_kill(&self->actor);
    self->refs[0] = actor_monitor(&self->actor, &self->monitors[0], &target->actor);
    actor_demonitor(&self->monitors[0]);
    self->refs[1] = actor_monitor(&self->actor, &self->monitors[1], &target->actor);
    return 0;
}

ACTOR_TEST(monitor, by_a_watcher_that_was_killed_does_nothing)
{
    struct probe *watcher = probe_start();
    struct probe *target = probe_start();

    probe_do_later(watcher, watch_after_kill, target);
    cr_assert(probe_await_end(watcher));
    cr_assert(list_is_empty(&target->actor, &target->actor.monitors));
    cr_assert_eq(probe_stop(target), 0);
    cr_assert_str_eq(probe_whole_story(watcher), "destroy");
}

/* ---- many ---- */

/* Counts the DOWNs of its monitors. */
struct counter {
    struct actor actor;
    _Atomic int *downs;
    struct monitor monitors[];
};

static bool count_down(struct actor *self, struct message *message)
{
    must(message->kind == MESSAGE_DOWN);
    atomic_fetch_add(message_container(self, struct counter, actor)->downs, 1);
    return true;
}

static int answer(struct actor *self, unsigned tag, void *arg)
{
    (void)self;
    (void)tag;
    (void)arg;
    return 0;
}

static void free_counter(struct actor *self)
{
    free(message_container(self, struct counter, actor));
}

static const struct actor_class counter_class = {
    .name = "counter", .prompt = true, .on_call = answer, .on_info = count_down, .free = free_counter};

static struct counter *start_counter(struct probe *target, int monitors, _Atomic int *downs)
{
    struct counter *counter = calloc(1, sizeof(*counter) + (size_t)monitors * sizeof(counter->monitors[0]));
    struct reason reason;

    must(counter);
    counter->downs = downs;
    cr_assert_eq(actor_start(&counter->actor, &counter_class, actors_runtime(), NULL, &reason), 0);
    for (int i = 0; i < monitors; i++)
        (void)actor_monitor(&counter->actor, &counter->monitors[i], &target->actor);
    return counter;
}

/* A call runs the mail that was there before. */
static void assert_each_is_told_once(int watchers, int monitors)
{
    struct probe *target = probe_start();
    struct counter **counters = calloc((size_t)watchers, sizeof(struct counter *));
    _Atomic int downs = 0;

    must(counters);
    for (int i = 0; i < watchers; i++)
        counters[i] = start_counter(target, monitors, &downs);
    cr_assert_eq(probe_kill(target), 0);
    for (int i = 0; i < watchers; i++) {
        cr_assert_eq(actor_call(&counters[i]->actor, 0, NULL, ACTORS_PATIENCE_MS), 0);
        cr_assert_eq(actor_kill(&counters[i]->actor), 0);
        actor_unref(&counters[i]->actor);
    }
    cr_assert_eq(atomic_load(&downs), watchers * monitors);
    free(counters);
}

ACTOR_TEST(monitor, ten_thousand_by_one_watcher_are_each_told)
{
    assert_each_is_told_once(1, 10000);
}

ACTOR_TEST(monitor, ten_thousand_watchers_are_each_told)
{
    actors_runtime()->max_awake = 0;
    assert_each_is_told_once(10000, 1);
}
