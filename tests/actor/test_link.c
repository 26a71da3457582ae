#include "lib/actors.h"

#include <string.h>

static size_t count_links(struct probe *probe)
{
    return actor_get_links(&probe->actor, NULL, 0);
}

static bool watched_by_none(struct probe *probe)
{
    struct actor *actor = &probe->actor;
    bool none;

    lock_acquire(&actor->lock);
    none = cds_list_empty(&actor->monitors) && cds_list_empty(&actor->watching);
    lock_release(&actor->lock);
    return none;
}

static struct probe *start_trapping(void)
{
    return probe_start_with(&(struct probe_options){.traps = true});
}

static int exit_with_text(struct probe *self, void *arg)
{
    actor_exit(&self->actor, reason_error(arg));
    return 0;
}

static void stop_with(struct probe *probe, struct reason reason)
{
    cr_assert_eq(actor_stop(&probe->actor, reason, ACTORS_PATIENCE_MS), 0);
}

/* ---- who goes along ---- */

static void assert_goes_along(struct probe *first, struct probe *second)
{
    struct probe *watcher = probe_start();

    probe_monitor(watcher, 1, first);
    probe_monitor(watcher, 2, second);
    (void)probe_do(first, exit_with_text, (void *)"sour");
    cr_assert(probe_await(watcher, "down 2"));
    cr_assert_str_eq(probe_story(watcher), "down 1 error: sour, down 2 error: sour");
    cr_assert_str_eq(probe_whole_story(first), "terminate error: sour, destroy");
    cr_assert_str_eq(probe_whole_story(second), "destroy");
}

ACTOR_TEST(link, an_abnormal_end_takes_the_other_along_for_the_same_reason)
{
    struct probe *a = probe_start();
    struct probe *b = probe_start_slow();

    probe_link(a, b);
    assert_goes_along(a, b);
}

ACTOR_TEST(link, it_goes_both_ways)
{
    struct probe *a = probe_start();
    struct probe *b = probe_start_slow();

    probe_link(a, b);
    assert_goes_along(b, a);
}

ACTOR_TEST(link, a_kill_takes_the_other_along_as_killed)
{
    struct probe *watcher = probe_start();
    struct probe *a = probe_start();
    struct probe *b = probe_start();

    probe_link(a, b);
    probe_monitor(watcher, 1, b);
    cr_assert_eq(probe_kill(a), 0);
    cr_assert_not(actor_alive(&b->actor), "at once");
    cr_assert(probe_await(watcher, "down 1 killed"));
    cr_assert_str_eq(probe_whole_story(b), "destroy");
}

ACTOR_TEST(link, a_stop_for_shutdown_takes_the_other_along)
{
    struct probe *watcher = probe_start();
    struct probe *a = probe_start();
    struct probe *b = probe_start();

    probe_link(a, b);
    probe_monitor(watcher, 1, b);
    stop_with(a, (struct reason){REASON_SHUTDOWN, strdup("for today")});
    cr_assert_not(actor_alive(&b->actor), "everybody has gone when stop returns");
    cr_assert(probe_await(watcher, "down 1 shutdown: for today"));
    cr_assert_str_eq(probe_whole_story(b), "destroy");
}

ACTOR_TEST(link, a_normal_end_takes_nobody_along)
{
    struct probe *a = probe_start();
    struct probe *b = probe_start();

    probe_link(a, b);
    cr_assert_eq(probe_stop(a), 0);
    cr_assert_eq(probe_call(b, 1), 0);
    cr_assert_eq(count_links(b), 0);
    cr_assert_str_eq(probe_story(b), "call 1");
}

ACTOR_TEST(link, who_goes_along_does_so_at_once_and_its_callback_runs_on)
{
    struct probe *watcher = probe_start();
    struct probe *a = probe_start();
    struct probe *b = probe_start_slow();
    struct gate gate;

    gate_init(&gate);
    probe_link(a, b);
    probe_monitor(watcher, 1, b);
    probe_do_later(b, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(probe_cast(b, 1), 0);
    stop_with(a, reason_error("sour"));
    cr_assert(probe_await(watcher, "down 1 error: sour"));
    cr_assert_eq(probe_call(b, 2), ACTOR_E_NOPROC);
    cr_assert_str_eq(probe_story(b), "", "destroy must wait for the callback");
    gate_open(&gate);
    cr_assert_str_eq(probe_whole_story(b), "destroy");
    gate_deinit(&gate);
}

/* ---- one link ---- */

ACTOR_TEST(link, twice_is_one_link)
{
    struct probe *a = probe_start();
    struct probe *b = start_trapping();

    probe_link(a, b);
    probe_link(a, b);
    probe_link(b, a);
    cr_assert_eq(count_links(a), 1);
    cr_assert_eq(count_links(b), 1);
    cr_assert_eq(probe_kill(a), 0);
    cr_assert_eq(probe_call(b, 1), 0);
    cr_assert_str_eq(probe_story(b), "exit killed, call 1");
}

ACTOR_TEST(link, made_twice_is_undone_once)
{
    struct probe *a = probe_start();
    struct probe *b = probe_start();

    probe_link(a, b);
    probe_link(b, a);
    actor_unlink(&b->actor, &a->actor);
    cr_assert(watched_by_none(a));
    cr_assert(watched_by_none(b));
    cr_assert_eq(probe_kill(a), 0);
    cr_assert_eq(probe_call(b, 1), 0);
}

ACTOR_TEST(link, with_oneself_is_nothing)
{
    struct probe *a = start_trapping();

    probe_link(a, a);
    cr_assert_eq(count_links(a), 0);
    actor_unlink(&a->actor, &a->actor);
    cr_assert_eq(probe_stop(a), 0);
    cr_assert_str_eq(probe_whole_story(a), "terminate normal, destroy");
}

ACTOR_TEST(link, is_seen_from_both_sides_with_a_reference_each)
{
    struct probe *a = probe_start();
    struct probe *others[3];
    struct actor *found[3] = {NULL, NULL, NULL};

    for (int i = 0; i < 3; i++) {
        others[i] = probe_start();
        probe_link(i % 2 ? a : others[i], i % 2 ? others[i] : a);
    }
    probe_monitor(a, 1, others[0]);
    cr_assert_eq(actor_get_links(&a->actor, found, 2), 3);
    cr_assert_eq(found[0], &others[0]->actor);
    cr_assert_eq(found[1], &others[1]->actor);
    cr_assert_null(found[2]);
    actor_unref(found[0]);
    actor_unref(found[1]);
    cr_assert_eq(actor_get_links(&others[1]->actor, found, 3), 1);
    cr_assert_eq(found[0], &a->actor);
    actor_unref(found[0]);
}

ACTOR_TEST(link, and_monitor_do_not_know_each_other)
{
    struct probe *a = probe_start();
    struct probe *b = start_trapping();

    probe_monitor(b, 1, a);
    probe_link(a, b);
    probe_demonitor(b, 1);
    cr_assert_eq(count_links(b), 1);
    probe_monitor(b, 2, a);
    actor_unlink(&a->actor, &b->actor);
    probe_link(b, a);
    cr_assert_eq(probe_stop(a), 0);
    cr_assert_eq(probe_call(b, 1), 0);
    cr_assert_str_eq(probe_story(b), "down 2 normal, exit normal, call 1");
}

/* ---- undone ---- */

ACTOR_TEST(link, that_was_undone_takes_nobody_along)
{
    struct probe *a = probe_start();
    struct probe *b = probe_start();

    probe_link(a, b);
    actor_unlink(&a->actor, &b->actor);
    actor_unlink(&a->actor, &b->actor);
    cr_assert_eq(probe_kill(b), 0);
    cr_assert_eq(probe_call(a, 1), 0);
    cr_assert_str_eq(probe_story(a), "call 1");
}

/* A trapping probe that passes a gate, with nothing in its mailbox yet. */
static struct probe *start_held(struct gate *gate)
{
    struct probe *probe = probe_start_with(&(struct probe_options){.slow = true, .traps = true});

    gate_init(gate);
    probe_do_later(probe, pass_gate, gate);
    cr_assert(gate_await(gate, 1));
    return probe;
}

static void let_go(struct gate *gate)
{
    gate_open(gate);
    gate_deinit(gate);
}

ACTOR_TEST(link, undoing_it_takes_an_exit_out_of_the_mailbox)
{
    struct gate gate;
    struct probe *b = start_held(&gate);
    struct probe *a = probe_start();
    struct probe *c = probe_start();

    probe_link(a, b);
    probe_link(c, b);
    cr_assert_eq(probe_stop(a), 0);
    cr_assert_eq(probe_kill(c), 0);
    cr_assert(probe_await_mail(b, 2));
    actor_unlink(&b->actor, &a->actor);
    cr_assert(probe_await_mail(b, 1));
    let_go(&gate);
    cr_assert_eq(probe_call(b, 1), 0);
    cr_assert_str_eq(probe_story(b), "exit killed, call 1");
}

ACTOR_TEST(link, who_ended_may_be_the_first_that_is_named)
{
    struct gate gate;
    struct probe *b = start_held(&gate);
    struct probe *a = probe_start();

    probe_link(a, b);
    cr_assert_eq(probe_kill(a), 0);
    actor_unlink(&a->actor, &b->actor);
    let_go(&gate);
    cr_assert_eq(probe_call(b, 1), 0);
    cr_assert_str_eq(probe_story(b), "call 1");
}

ACTOR_TEST(link, undoing_it_takes_every_exit_out_of_the_mailbox)
{
    struct gate gate;
    struct probe *b = start_held(&gate);
    struct probe *a = probe_start();

    probe_link(a, b);
    cr_assert_eq(probe_stop(a), 0);
    probe_link(a, b);
    probe_link(b, a);
    cr_assert(probe_await_mail(b, 3));
    actor_unlink(&b->actor, &a->actor);
    let_go(&gate);
    cr_assert_eq(probe_call(b, 1), 0);
    cr_assert_str_eq(probe_story(b), "call 1");
}

ACTOR_TEST(link, undoing_what_never_was_is_nothing)
{
    struct probe *a = probe_start();
    struct probe *b = start_trapping();
    struct probe *c = probe_start();

    probe_link(b, c);
    probe_monitor(b, 1, a);
    actor_unlink(&b->actor, &a->actor);
    cr_assert_eq(probe_stop(a), 0);
    actor_unlink(&b->actor, &a->actor);
    cr_assert_eq(count_links(b), 1);
    cr_assert_eq(probe_call(b, 1), 0);
    cr_assert_str_eq(probe_story(b), "down 1 normal, call 1");
}

/* ---- with the dead ---- */

ACTOR_TEST(link, with_the_dead_ends_with_noproc)
{
    struct probe *watcher = probe_start();
    struct probe *dead = probe_start();
    struct probe *a = probe_start();
    struct probe *b = probe_start();

    cr_assert_eq(probe_stop(dead), 0);
    probe_monitor(watcher, 1, a);
    probe_monitor(watcher, 2, b);
    probe_link(a, dead);
    probe_link(dead, b);
    cr_assert(probe_await(watcher, "down 2"));
    cr_assert_str_eq(probe_story(watcher), "down 1 noproc, down 2 noproc");
    cr_assert_str_eq(probe_whole_story(a), "destroy");
    cr_assert_str_eq(probe_whole_story(b), "destroy");
}

ACTOR_TEST(link, with_the_dead_is_an_exit_noproc_to_who_traps)
{
    struct probe *dead = probe_start();
    struct probe *a = start_trapping();

    cr_assert_eq(probe_kill(dead), 0);
    probe_link(a, dead);
    probe_link(dead, a);
    cr_assert_eq(probe_call(a, 1), 0);
    cr_assert_str_eq(probe_story(a), "exit noproc, exit noproc, call 1");
    cr_assert_eq(count_links(a), 0);
}

ACTOR_TEST(link, between_the_dead_is_nothing)
{
    struct probe *a = start_trapping();
    struct probe *b = start_trapping();

    cr_assert_eq(probe_kill(a), 0);
    cr_assert_eq(probe_kill(b), 0);
    probe_link(a, b);
    actor_unlink(&a->actor, &b->actor);
    cr_assert_str_eq(probe_whole_story(a), "destroy");
    cr_assert_str_eq(probe_whole_story(b), "destroy");
}

ACTOR_TEST(link, ends_with_its_actor_and_nothing_comes_back)
{
    struct probe *stopped = start_trapping();
    struct probe *killed = start_trapping();
    struct probe *other = start_trapping();

    probe_link(stopped, other);
    probe_link(other, killed);
    cr_assert_eq(probe_stop(stopped), 0);
    cr_assert_eq(probe_kill(killed), 0);
    cr_assert_eq(count_links(other), 0);
    cr_assert(watched_by_none(other));
    cr_assert_eq(probe_stop(other), 0);
    cr_assert_str_eq(probe_whole_story(stopped), "terminate normal, destroy");
    cr_assert_str_eq(probe_whole_story(killed), "destroy");
    cr_assert_str_eq(probe_whole_story(other), "exit normal, exit killed, terminate normal, destroy");
}

/* ---- by an actor that was killed ---- */

static int act_when_dead(struct probe *self, void *arg)
{
    struct probe *const *others = arg;

    must(actor_kill(&self->actor) == 0);
    must(actor_link(&self->actor, &others[0]->actor) == 0);
    must(actor_link(&others[0]->actor, &others[1]->actor) == 0);
    actor_unlink(&others[1]->actor, &others[2]->actor);
    must(actor_signal_exit(&others[0]->actor, reason_error("from the dead")) == 0);
    must(actor_signal_exit(&others[1]->actor, reason_error("from the dead")) == 0);
    return 0;
}

ACTOR_TEST(link, what_an_actor_does_after_it_was_killed_is_nothing)
{
    struct probe *others[] = {start_trapping(), probe_start(), probe_start()};
    struct probe *dead = probe_start();

    probe_link(others[1], others[2]);
    probe_do_later(dead, act_when_dead, others);
    cr_assert(probe_await_end(dead));
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(probe_call(others[i], i), 0);
        cr_assert_eq(count_links(others[i]), i == 0 ? 0 : 1);
    }
    cr_assert_str_eq(probe_story(others[0]), "call 0");
}
