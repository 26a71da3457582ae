/* Exits that come as messages, those of a parent, and those that somebody sends. */
#include "lib/actors.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct probe *start_trapping(void)
{
    return probe_start_with(&(struct probe_options){.traps = true});
}

static struct reason reason_shutdown(const char *text)
{
    return (struct reason){REASON_SHUTDOWN, strdup(text)};
}

static void stop_with(struct probe *probe, struct reason reason)
{
    cr_assert_eq(actor_stop(&probe->actor, reason, ACTORS_PATIENCE_MS), 0);
}

/* ---- EXIT instead of the end ---- */

static void link_and_stop(struct probe *other, struct reason reason)
{
    struct probe *probe = probe_start();

    probe_link(other, probe);
    stop_with(probe, reason);
}

ACTOR_TEST(trap, every_reason_comes_as_a_message_normal_included)
{
    struct probe *a = start_trapping();
    struct probe *killed = probe_start();

    link_and_stop(a, REASON(NORMAL));
    link_and_stop(a, REASON(SHUTDOWN));
    link_and_stop(a, reason_shutdown("for today"));
    link_and_stop(a, reason_error("sour"));
    probe_link(killed, a);
    cr_assert_eq(probe_kill(killed), 0);
    cr_assert_eq(probe_call(a, 1), 0);
    cr_assert_str_eq(
        probe_story(a),
        "exit normal, exit shutdown, exit shutdown: for today, exit error: sour, exit killed, call 1");
}

ACTOR_TEST(trap, who_traps_keeps_those_behind_it_alive)
{
    struct probe *first = probe_start();
    struct probe *trapping = start_trapping();
    struct probe *last = probe_start();

    probe_link(first, trapping);
    probe_link(trapping, last);
    stop_with(first, reason_error("sour"));
    cr_assert(probe_await(trapping, "exit error: sour"));
    cr_assert_eq(probe_call(last, 1), 0);
}

ACTOR_TEST(trap, a_kill_can_not_be_trapped_by_its_victim_but_by_others)
{
    struct probe *victim = start_trapping();
    struct probe *other = start_trapping();

    probe_link(victim, other);
    cr_assert_eq(probe_kill(victim), 0);
    cr_assert_eq(probe_call(other, 1), 0);
    cr_assert_str_eq(probe_whole_story(victim), "destroy");
    cr_assert_str_eq(probe_story(other), "exit killed, call 1");
}

static int set_traps(struct probe *self, void *arg)
{
    actor_trap_exits(&self->actor, *(const bool *)arg);
    return 0;
}

static void let_trap(struct probe *probe, bool traps)
{
    cr_assert_eq(probe_do(probe, set_traps, &traps), 0);
}

ACTOR_TEST(trap, may_begin_and_end_while_it_is_linked)
{
    struct probe *a = probe_start();
    struct probe *first = probe_start();
    struct probe *second = probe_start();

    probe_link(a, first);
    probe_link(a, second);
    let_trap(a, true);
    cr_assert_eq(probe_kill(first), 0);
    cr_assert(probe_await(a, "exit killed"));
    let_trap(a, false);
    stop_with(second, reason_error("sour"));
    cr_assert_str_eq(probe_whole_story(a), "exit killed, destroy");
}

static int send_and_exit(struct probe *self, void *arg)
{
    struct probe *other = arg;

    must(probe_cast(other, 1) == 0);
    probe_send(other, 1);
    actor_exit(&self->actor, reason_error("sour"));
    must(probe_cast(other, 2) == 0);
    return 0;
}

ACTOR_TEST(trap, an_exit_arrives_behind_what_was_sent_before)
{
    struct probe *other = start_trapping();
    struct probe *probe = probe_start();

    probe_link(probe, other);
    cr_assert_eq(probe_do(probe, send_and_exit, other), 0);
    cr_assert(probe_await(other, "exit"));
    cr_assert_str_eq(probe_story(other), "cast 1, info 1, cast 2, exit error: sour");
}

ACTOR_TEST(trap, an_exit_in_the_mailbox_of_an_actor_that_ends_is_let_go)
{
    struct probe *a = probe_start_with(&(struct probe_options){.slow = true, .traps = true});
    struct probe *linked = probe_start();
    struct gate gate;

    gate_init(&gate);
    probe_link(a, linked);
    probe_do_later(a, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(probe_kill(linked), 0);
    cr_assert_eq(actor_signal_exit(&a->actor, reason_error("sour")), 0);
    cr_assert(probe_await_mail(a, 2));
    cr_assert_eq(probe_kill(a), 0);
    gate_open(&gate);
    cr_assert_str_eq(probe_whole_story(a), "destroy");
    gate_deinit(&gate);
}

/* ---- what an EXIT says ---- */

#define HEARD_MAX 4

struct heard {
    int exits;
    int exits_behind_down;
    int downs;
    const struct actor *from[HEARD_MAX]; /* compared only */
    enum reason_code codes[HEARD_MAX];
    char text[16]; /* of the last */
};

/* Writes down whose EXITs it gets. */
struct listener {
    struct actor actor;
    struct monitor monitor;
    struct heard heard;
    _Atomic int exits;
};

static struct listener *listener_of(struct actor *actor)
{
    return message_container(actor, struct listener, actor);
}

static int listener_init(struct actor *self, void *arg, struct reason *ret_reason)
{
    (void)arg;
    (void)ret_reason;
    actor_trap_exits(self, true);
    return 0;
}

static int listener_on_call(struct actor *self, unsigned tag, void *arg)
{
    (void)tag;
    *(struct heard *)arg = listener_of(self)->heard;
    return 0;
}

static void note_exit(struct heard *heard, const struct message *message)
{
    const struct reason *reason = exit_reason(message);
    int i = heard->exits++;

    heard->exits_behind_down += heard->downs;
    if (i >= HEARD_MAX)
        return;
    heard->from[i] = exit_from(message);
    heard->codes[i] = reason->code;
    snprintf(heard->text, sizeof(heard->text), "%s", reason->text ? reason->text : "");
}

static bool listener_on_info(struct actor *self, struct message *message)
{
    struct listener *listener = listener_of(self);

    if (message->kind == MESSAGE_DOWN) {
        listener->heard.downs++;
        return true;
    }
    note_exit(&listener->heard, message);
    atomic_fetch_add(&listener->exits, 1);
    return true;
}

static void listener_free(struct actor *self)
{
    free(listener_of(self));
}

static const struct actor_class listener_class = {.name = "listener",
                                                  .prompt = true,
                                                  .init = listener_init,
                                                  .on_call = listener_on_call,
                                                  .on_info = listener_on_info,
                                                  .free = listener_free};

static struct listener *listener_start(void)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    struct reason reason;

    must(listener);
    cr_assert_eq(actor_start(&listener->actor, &listener_class, actors_runtime(), NULL, &reason), 0);
    return listener;
}

static void listener_end(struct listener *listener)
{
    cr_assert_eq(actor_kill(&listener->actor), 0);
    actor_unref(&listener->actor);
}

ACTOR_TEST(trap, an_exit_says_who_ended_or_that_nobody_did)
{
    struct listener *listener = listener_start();
    struct probe *stopped = probe_start();
    struct probe *dead = probe_start();
    const struct actor *stopped_actor = &stopped->actor;
    struct heard heard;

    cr_assert_eq(probe_kill(dead), 0);
    cr_assert_eq(actor_link(&stopped->actor, &listener->actor), 0);
    stop_with(stopped, reason_error("sour"));
    probe_let_go(stopped);
    cr_assert_eq(actor_signal_exit(&listener->actor, REASON(KILLED)), 0);
    cr_assert_eq(actor_link(&listener->actor, &dead->actor), 0);
    cr_assert_eq(actor_signal_exit(&listener->actor, reason_error("sweet")), 0);
    cr_assert_eq(actor_call(&listener->actor, 0, &heard, ACTORS_PATIENCE_MS), 0);

    cr_assert_eq(heard.exits, 4);
    cr_assert_eq(heard.from[0], stopped_actor);
    cr_assert_eq(heard.codes[0], REASON_ERROR);
    cr_assert_null(heard.from[1]);
    cr_assert_eq(heard.codes[1], REASON_KILLED);
    cr_assert_eq(heard.from[2], &dead->actor);
    cr_assert_eq(heard.codes[2], REASON_NOPROC);
    cr_assert_null(heard.from[3]);
    cr_assert_str_eq(heard.text, "sweet");
    listener_end(listener);
}

ACTOR_TEST(trap, an_exit_keeps_who_ended_readable_until_it_was_handled)
{
    struct probe *a = probe_start_with(&(struct probe_options){.slow = true, .traps = true});
    struct probe *linked = probe_start();
    struct gate gate;

    gate_init(&gate);
    probe_link(a, linked);
    probe_do_later(a, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    stop_with(linked, reason_error("a text that lives in who ended"));
    probe_let_go(linked);
    gate_open(&gate);
    cr_assert(probe_await(a, "exit error: a text that lives in who ended"));
    gate_deinit(&gate);
}

/* ---- parents ---- */

static struct probe *start_child(struct probe *parent, bool traps)
{
    return probe_start_with(&(struct probe_options){.parent = parent, .traps = traps});
}

static void assert_ends_trapping_child(struct reason reason, const char *story)
{
    struct probe *watcher = probe_start();
    struct probe *parent = probe_start();
    struct probe *child = start_child(parent, true);

    probe_monitor(watcher, 1, child);
    stop_with(parent, reason);
    cr_assert_str_eq(probe_whole_story(child), story);
    cr_assert(probe_await(watcher, "down 1"));
}

ACTOR_TEST(trap, a_parents_exit_ends_its_child_with_terminate_for_every_reason)
{
    struct probe *parent = probe_start();
    struct probe *child = start_child(parent, true);

    assert_ends_trapping_child(REASON(NORMAL), "terminate normal, destroy");
    assert_ends_trapping_child(REASON(SHUTDOWN), "terminate shutdown, destroy");
    assert_ends_trapping_child(reason_error("sour"), "terminate error: sour, destroy");
    cr_assert_eq(probe_kill(parent), 0);
    cr_assert_str_eq(probe_whole_story(child), "terminate killed, destroy");
}

ACTOR_TEST(trap, a_parents_exit_waits_its_turn_and_no_mail_behind_it_is_handled)
{
    struct probe *parent = probe_start();
    struct probe *child =
        probe_start_with(&(struct probe_options){.parent = parent, .slow = true, .traps = true});
    struct gate gate;

    gate_init(&gate);
    probe_do_later(child, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(probe_cast(child, 1), 0);
    stop_with(parent, reason_error("sour"));
    cr_assert_eq(probe_cast(child, 2), 0);
    cr_assert(actor_alive(&child->actor));
    gate_open(&gate);
    cr_assert_str_eq(probe_whole_story(child), "cast 1, terminate error: sour, destroy");
    gate_deinit(&gate);
}

ACTOR_TEST(trap, a_parent_of_a_child_that_does_not_trap_is_as_any_other)
{
    struct probe *parent = probe_start();
    struct probe *other_parent = probe_start();
    struct probe *child = start_child(parent, false);
    struct probe *other_child = start_child(other_parent, false);

    cr_assert_eq(probe_stop(parent), 0);
    cr_assert_eq(probe_call(child, 1), 0);
    stop_with(other_parent, reason_error("sour"));
    cr_assert_str_eq(probe_whole_story(other_child), "destroy");
}

ACTOR_TEST(trap, a_childs_exit_does_not_end_its_parent)
{
    struct probe *parent = start_trapping();
    struct probe *child = start_child(parent, true);

    stop_with(child, reason_error("sour"));
    cr_assert_eq(probe_call(parent, 1), 0);
    cr_assert_str_eq(probe_story(parent), "exit error: sour, call 1");
}

ACTOR_TEST(trap, a_childs_end_takes_along_a_parent_that_does_not_trap)
{
    struct probe *parent = probe_start();
    struct probe *child = start_child(parent, true);

    cr_assert_eq(probe_kill(child), 0);
    cr_assert_str_eq(probe_whole_story(parent), "destroy");
}

ACTOR_TEST(trap, who_is_linked_by_the_parent_is_no_parent)
{
    struct probe *parent = probe_start();
    struct probe *child = start_child(parent, true);
    struct probe *friend = probe_start();

    probe_link(friend, child);
    cr_assert_eq(probe_kill(friend), 0);
    cr_assert_eq(probe_call(child, 1), 0);
    cr_assert_str_eq(probe_story(child), "exit killed, call 1");
}

ACTOR_TEST(trap, a_parent_that_unlinked_its_child_does_not_end_it)
{
    struct probe *parent = probe_start();
    struct probe *child = start_child(parent, true);

    actor_unlink(&parent->actor, &child->actor);
    cr_assert_eq(probe_kill(parent), 0);
    cr_assert_eq(probe_call(child, 1), 0);
    cr_assert_str_eq(probe_story(child), "call 1");
}

/* ---- starting with a parent ---- */

static int fail(struct probe *self, void *arg)
{
    (void)self;
    (void)arg;
    return 1;
}

ACTOR_TEST(trap, a_child_whose_init_failed_leaves_no_exit_and_no_link)
{
    struct probe *parent = start_trapping();
    struct probe *child = NULL;
    struct reason reason;

    cr_assert_eq(probe_try_start(&(struct probe_options){.parent = parent, .init = fail}, &child, &reason),
                 ACTOR_E_INIT);
    cr_assert_null(child);
    cr_assert_str_eq(reason.text, "init");
    reason_deinit(&reason);
    cr_assert_eq(actor_get_links(&parent->actor, NULL, 0), 0);
    cr_assert_eq(probe_call(parent, 1), 0);
    cr_assert_str_eq(probe_story(parent), "call 1");
}

ACTOR_TEST(trap, a_child_is_linked_when_its_start_returns)
{
    struct probe *parent = start_trapping();
    struct probe *child = start_child(parent, false);
    struct actor *linked;

    cr_assert_eq(actor_get_links(&child->actor, &linked, 1), 1);
    cr_assert_eq(linked, &parent->actor);
    actor_unref(linked);
}

static int link_with_given(struct probe *self, void *arg)
{
    probe_link(self, arg);
    return 0;
}

ACTOR_TEST(trap, a_child_that_linked_itself_with_its_parent_in_its_init_is_its_child)
{
    struct probe *parent = probe_start();
    struct probe *child = probe_start_with(
        &(struct probe_options){.parent = parent, .traps = true, .init = link_with_given, .arg = parent});

    cr_assert_eq(actor_get_links(&child->actor, NULL, 0), 1);
    cr_assert_eq(probe_kill(parent), 0);
    cr_assert_str_eq(probe_whole_story(child), "terminate killed, destroy");
}

static int kill_given(struct probe *self, void *arg)
{
    (void)self;
    must(probe_kill(arg) == 0);
    return 0;
}

ACTOR_TEST(trap, a_parent_killed_while_its_childs_init_runs_takes_the_child_along)
{
    struct probe *watcher = probe_start();
    struct probe *parent = probe_start();
    struct probe *child =
        probe_start_with(&(struct probe_options){.parent = parent, .init = kill_given, .arg = parent});

    probe_monitor(watcher, 1, child);
    cr_assert_str_eq(probe_whole_story(child), "destroy");
    cr_assert(probe_await(watcher, "down 1"));
}

static int kill_oneself(struct probe *self, void *arg)
{
    (void)arg;
    return actor_kill(&self->actor);
}

ACTOR_TEST(trap, a_child_killed_in_its_init_is_seen_as_killed_by_its_parent)
{
    struct probe *parent = start_trapping();
    struct probe *child = probe_start_with(&(struct probe_options){.parent = parent, .init = kill_oneself});

    cr_assert_str_eq(probe_whole_story(child), "destroy");
    cr_assert_eq(probe_call(parent, 1), 0);
    cr_assert_str_eq(probe_story(parent), "exit killed, call 1");
}

ACTOR_TEST(trap, a_trapping_child_whose_parent_was_killed_meanwhile_sees_it_as_killed)
{
    struct probe *parent = probe_start();
    struct probe *child = probe_start_with(
        &(struct probe_options){.parent = parent, .traps = true, .init = kill_given, .arg = parent});

    cr_assert_str_eq(probe_whole_story(child), "terminate killed, destroy");
}

static int exit_normally(struct probe *self, void *arg)
{
    (void)arg;
    actor_exit(&self->actor, REASON(NORMAL));
    return 0;
}

static int exit_by_mail(struct probe *self, void *arg)
{
    probe_do_later(self, exit_normally, arg);
    return 0;
}

/* It may have ended before its parent was linked with it. */
ACTOR_TEST(trap, a_child_that_ends_normally_at_once_never_takes_its_parent_along)
{
    struct probe *parent = probe_start();

    for (unsigned i = 0; i < 300; i++) {
        struct probe *child =
            probe_start_with(&(struct probe_options){.parent = parent, .slow = true, .init = exit_by_mail});

        cr_assert(probe_await_end(child));
        cr_assert(actor_alive(&parent->actor));
    }
}

/* ---- exit signals that somebody sends ---- */

ACTOR_TEST(trap, a_signal_for_a_normal_exit_is_ignored)
{
    struct probe *probe = probe_start();

    cr_assert_eq(actor_signal_exit(&probe->actor, REASON(NORMAL)), 0);
    cr_assert_eq(probe_call(probe, 1), 0);
    cr_assert_str_eq(probe_story(probe), "call 1");
}

ACTOR_TEST(trap, a_signal_ends_the_actor_at_once_and_overtakes_its_mail)
{
    struct probe *watcher = probe_start();
    struct probe *linked = probe_start();
    struct probe *probe = probe_start_slow();
    struct gate gate;

    gate_init(&gate);
    probe_monitor(watcher, 1, probe);
    probe_link(probe, linked);
    probe_do_later(probe, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(probe_cast(probe, 1), 0);
    cr_assert_eq(actor_signal_exit(&probe->actor, reason_error("sour")), 0);
    cr_assert(probe_await(watcher, "down 1 error: sour"));
    cr_assert_not(actor_alive(&linked->actor), "who is linked has gone along");
    gate_open(&gate);
    cr_assert_str_eq(probe_whole_story(probe), "destroy");
    gate_deinit(&gate);
}

ACTOR_TEST(trap, who_traps_gets_a_message_for_each_signal)
{
    struct probe *probe = start_trapping();

    cr_assert_eq(actor_signal_exit(&probe->actor, REASON(NORMAL)), 0);
    cr_assert_eq(actor_signal_exit(&probe->actor, reason_shutdown("for today")), 0);
    cr_assert_eq(actor_signal_exit(&probe->actor, REASON(KILLED)), 0);
    cr_assert_eq(probe_call(probe, 1), 0);
    cr_assert_str_eq(probe_story(probe), "exit normal, exit shutdown: for today, exit killed, call 1");
}

ACTOR_TEST(trap, a_signal_to_the_dead_is_nothing)
{
    struct probe *plain = probe_start();
    struct probe *trapping = start_trapping();

    cr_assert_eq(probe_kill(plain), 0);
    cr_assert_eq(probe_kill(trapping), 0);
    cr_assert_eq(actor_signal_exit(&plain->actor, reason_error("sour")), 0);
    cr_assert_eq(actor_signal_exit(&trapping->actor, reason_error("sour")), 0);
    cr_assert_str_eq(probe_whole_story(plain), "destroy");
    cr_assert_str_eq(probe_whole_story(trapping), "destroy");
}

static int signal_oneself(struct probe *self, void *arg)
{
    (void)arg;
    must(actor_signal_exit(&self->actor, reason_error("sour")) == 0);
    must(probe_cast(self, 1) == 0);
    probe_note(self, "still running");
    return 0;
}

ACTOR_TEST(trap, a_signal_to_oneself_lets_the_callback_finish)
{
    struct probe *watcher = probe_start();
    struct probe *probe = probe_start();

    probe_monitor(watcher, 1, probe);
    probe_do_later(probe, signal_oneself, NULL);
    cr_assert_str_eq(probe_whole_story(probe), "still running, destroy");
    cr_assert(probe_await(watcher, "down 1 error: sour"));
}

static int signal_until_killed(struct probe *self, void *arg)
{
    struct listener *target = arg;

    while (actor_alive(&self->actor))
        must(actor_signal_exit(&target->actor, reason_error("again")) == 0);
    return 0;
}

static void await_exits(struct listener *listener, int count)
{
    while (atomic_load(&listener->exits) < count)
        sched_yield();
}

ACTOR_TEST(trap, no_signal_arrives_behind_the_down_of_who_sent_it)
{
    for (int i = 0; i < 100; i++) {
        struct listener *listener = listener_start();
        struct probe *sender = probe_start_slow();
        struct heard heard;

        actor_monitor(&listener->actor, &listener->monitor, &sender->actor);
        probe_do_later(sender, signal_until_killed, listener);
        await_exits(listener, 10);
        cr_assert_eq(probe_kill(sender), 0);
        cr_assert(probe_await_end(sender));
        cr_assert_eq(actor_call(&listener->actor, 0, &heard, ACTORS_PATIENCE_MS), 0);
        cr_assert_eq(heard.downs, 1);
        cr_assert_eq(heard.exits_behind_down, 0);
        listener_end(listener);
    }
}
