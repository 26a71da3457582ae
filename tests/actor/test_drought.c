/* The system has no more threads to give. */
#include "lib/actors.h"
#include "lib/faults.h"

#include "base/clock.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void drought_begins(void)
{
    faults_refuse_threads(true);
}

static void drought_ends(void)
{
    faults_refuse_threads(false);
}

/* The test's own threads are there in any weather. */
static struct helper *start_helper(int (*run)(void *arg), void *arg)
{
    struct helper *helper;

    faults_pause();
    helper = helper_start(run, arg);
    faults_resume();
    return helper;
}

static int note_thread(struct probe *self, void *arg)
{
    char name[16];

    (void)arg;
    pthread_getname_np(pthread_self(), name, sizeof(name));
    probe_note(self, "on %s", name);
    return 0;
}

static struct probe *start_labelled(const char *label)
{
    return probe_start_with(&(struct probe_options){.slow = true, .label = label});
}

/* ---- the reserve thread ---- */

ACTOR_TEST(drought, calls_to_prompt_actors_go_on)
{
    struct probe *probe = probe_start();

    drought_begins();
    for (unsigned i = 0; i < 100; i++)
        cr_assert_eq(probe_call(probe, i), 0);
    cr_assert(actors_runtime()->direct ? faults_threads_refused() == 0 : faults_threads_refused() > 0);
    drought_ends();
}

ACTOR_TEST(drought, calls_to_slow_actors_and_casts_are_run_by_the_reserve_thread)
{
    struct probe *slow = start_labelled("milk");
    struct probe *prompt = probe_start();

    drought_begins();
    cr_assert_eq(probe_do(slow, note_thread, NULL), 0);
    probe_do_later(prompt, note_thread, NULL);
    cr_assert(probe_await(prompt, "on"));
    cr_assert_str_eq(probe_story(slow), "on reserve");
    cr_assert_str_eq(probe_story(prompt), "on reserve");
    cr_assert_gt(faults_threads_refused(), 0);
    drought_ends();
}

ACTOR_TEST(drought, once_it_is_over_actors_get_threads_of_their_own)
{
    struct probe *milk = start_labelled("milk");

    drought_begins();
    cr_assert_eq(probe_do(milk, note_thread, NULL), 0);
    drought_ends();
    cr_assert(probe_await_awake(milk, false));
    cr_assert_eq(probe_do(milk, note_thread, NULL), 0);
    cr_assert_str_eq(probe_story(milk), "on reserve, on milk");
    cr_assert(probe_await_awake(milk, true));
}

ACTOR_TEST(drought, who_has_a_thread_keeps_it)
{
    struct probe *milk = start_labelled("milk");

    cr_assert_eq(probe_do(milk, note_thread, NULL), 0);
    drought_begins();
    cr_assert_eq(probe_do(milk, note_thread, NULL), 0);
    cr_assert_str_eq(probe_story(milk), "on milk, on milk");
    drought_ends();
}

ACTOR_TEST(drought, mail_keeps_its_order)
{
    struct probe *probe = probe_start();

    drought_begins();
    for (unsigned i = 1; i <= 6; i++)
        cr_assert_eq(probe_cast(probe, i), 0);
    cr_assert_eq(probe_call(probe, 7), 0);
    cr_assert_str_eq(probe_story(probe), "cast 1, cast 2, cast 3, cast 4, cast 5, cast 6, call 7");
    drought_ends();
}

static int write_to_oneself_again(struct probe *self, void *arg)
{
    if (!atomic_load((_Atomic bool *)arg))
        probe_do_later(self, write_to_oneself_again, arg);
    return 0;
}

ACTOR_TEST(drought, the_reserve_thread_takes_turns)
{
    _Atomic bool enough = false;
    struct probe *greedy = probe_start();
    struct probe *others[5];

    drought_begins();
    probe_do_later(greedy, write_to_oneself_again, &enough);
    for (unsigned i = 0; i < 5; i++) {
        others[i] = probe_start_slow();
        cr_assert_eq(probe_call(others[i], i), 0);
    }
    atomic_store(&enough, true);
    drought_ends();
    cr_assert_eq(probe_call(greedy, 1), 0);
}

static int exit_now(struct probe *self, void *arg)
{
    actor_exit(&self->actor, reason_error(arg));
    return 0;
}

ACTOR_TEST(drought, actors_end_in_every_way)
{
    struct probe *stopped = probe_start_slow();
    struct probe *killed = probe_start_slow();
    struct probe *exited = probe_start();
    struct probe *linked = probe_start_with(&(struct probe_options){.traps = true});

    drought_begins();
    probe_link(exited, linked);
    cr_assert_eq(probe_call(stopped, 1), 0);
    cr_assert_eq(probe_stop(stopped), 0);
    cr_assert_eq(probe_cast(killed, 1), 0);
    cr_assert_eq(probe_kill(killed), 0);
    probe_do_later(exited, exit_now, (void *)"sour");
    cr_assert_str_eq(probe_whole_story(stopped), "call 1, terminate normal, destroy");
    cr_assert_str_eq(probe_whole_story(exited), "terminate error: sour, destroy");
    cr_assert(probe_await_end(killed));
    cr_assert(probe_await(linked, "exit error: sour"));
    drought_ends();
}

ACTOR_TEST(drought, of_memory_for_a_thread_is_as_good_as_none)
{
    struct probe *milk = start_labelled("milk");
    struct message *message = counted_message(MESSAGE_CAST, 1);

    faults_begin(1);
    cr_assert_eq(actor_cast(&milk->actor, message), 0);
    cr_assert(probe_await(milk, "cast 1"));
    cr_assert(faults_hit());
    cr_assert(probe_await_awake(milk, false));
    cr_assert_eq(probe_do(milk, note_thread, NULL), 0);
    cr_assert_str_eq(probe_story(milk), "cast 1, on milk");
}

/* ---- a callback on the reserve thread that waits ---- */

static int call_slow(struct probe *self, void *arg)
{
    probe_note(self, "answered %d", probe_call_for(arg, 1, ACTORS_PATIENCE_MS));
    return 0;
}

static struct probe *start_slow_with(probe_task terminate, void *arg)
{
    return probe_start_with(&(struct probe_options){.slow = true, .terminate = terminate, .arg = arg});
}

ACTOR_TEST(drought, who_waits_on_the_reserve_thread_is_answered_by_one_that_has_none)
{
    struct probe *milk = probe_start_slow();
    struct probe *eggs = probe_start_slow();

    drought_begins();
    cr_assert_eq(probe_do(milk, call_slow, eggs), 0);
    cr_assert_str_eq(probe_story(milk), "answered 0");
    cr_assert_str_eq(probe_story(eggs), "call 1");
    cr_assert(probe_await_awake(milk, false));
    drought_ends();
}

static int call_who_calls(struct probe *self, void *arg)
{
    struct probe **pair = arg;

    probe_note(self, "asked %d", probe_do(pair[0], call_slow, pair[1]));
    return 0;
}

/* Milk waits on the reserve for eggs, who have a thread and wait for bread, who has none. */
ACTOR_TEST(drought, who_waits_on_the_reserve_thread_is_answered_by_one_that_waits_for_one_that_has_none)
{
    struct probe *milk = probe_start_slow();
    struct probe *eggs = probe_start_slow();
    struct probe *bread = probe_start_slow();
    struct probe *pair[] = {eggs, bread};

    cr_assert_eq(probe_call(eggs, 2), 0);
    cr_assert(probe_await_awake(eggs, true));
    drought_begins();
    cr_assert_eq(probe_do(milk, call_who_calls, pair), 0);
    cr_assert_str_eq(probe_story(milk), "asked 0");
    cr_assert_str_eq(probe_story(eggs), "call 2, answered 0");
    cr_assert_str_eq(probe_story(bread), "call 1");
    drought_ends();
}

ACTOR_TEST(drought, a_circle_on_the_reserve_thread_is_refused)
{
    struct probe *milk = probe_start_slow();
    struct probe *eggs = probe_start_slow();
    struct probe *pair[] = {eggs, milk};

    drought_begins();
    cr_assert_eq(probe_do(milk, call_who_calls, pair), 0);
    cr_assert_str_eq(probe_story(milk), "asked 0");
    cr_assert_eq(ACTOR_E_DEADLOCK, 22);
    cr_assert_str_eq(probe_story(eggs), "answered 22");
    drought_ends();
}

ACTOR_TEST(drought, a_long_chain_of_those_who_wait_is_answered)
{
    enum { LENGTH = 50 };
    struct probe *chain[LENGTH];

    chain[LENGTH - 1] = probe_start_slow();
    for (int i = LENGTH - 1; i > 0; i--)
        chain[i - 1] = start_slow_with(call_slow, chain[i]);
    drought_begins();
    for (int i = LENGTH - 2; i > 0; i--)
        probe_do_later(chain[i], call_slow, chain[i + 1]);
    for (int i = 1; i < LENGTH - 1; i++)
        probe_do_later(chain[i], call_slow, chain[i + 1]);
    cr_assert_eq(probe_do(chain[0], call_slow, chain[1]), 0);
    cr_assert_str_eq(probe_story(chain[0]), "answered 0");
    cr_assert_eq(probe_stop(chain[0]), 0);
    cr_assert_str_eq(probe_whole_story(chain[0]), "answered 0, answered 0, terminate normal, destroy");
    drought_ends();
}

/* There are no threads left but that of eggs, who wait at the gate; milk waits for them on the reserve thread. */
static void have_milk_wait(struct probe *milk, struct gate *gate)
{
    struct probe *eggs = probe_start_slow();

    gate_init(gate);
    probe_do_later(eggs, pass_gate, gate);
    cr_assert(gate_await(gate, 1));
    drought_begins();
    probe_do_later(milk, call_slow, eggs);
    cr_assert(probe_await_mail(eggs, 1));
}

/* Bread's turn comes when milk is through. */
ACTOR_TEST(drought, a_call_to_who_waits_on_the_reserve_thread_waits_too)
{
    struct probe *milk = probe_start_slow();
    struct probe *bread = probe_start_slow();
    struct gate gate;

    have_milk_wait(milk, &gate);
    probe_do_later(bread, call_slow, milk);
    for (int i = 0; i < 100; i++)
        sched_yield();
    gate_open(&gate);
    cr_assert(probe_await(bread, "answered"));
    cr_assert_str_eq(probe_story(milk), "answered 0, call 1");
    cr_assert_str_eq(probe_story(bread), "answered 0");
    drought_ends();
    gate_deinit(&gate);
}

ACTOR_TEST(drought, who_waits_on_the_reserve_thread_can_be_killed)
{
    struct probe *milk = probe_start_slow();
    struct probe *bread = probe_start_slow();
    struct gate gate;

    have_milk_wait(milk, &gate);
    cr_assert_eq(probe_kill(milk), 0);
    cr_assert(probe_await_end(milk));
    cr_assert_eq(probe_call(bread, 1), 0);
    gate_open(&gate);
    drought_ends();
    gate_deinit(&gate);
}

/* ---- a callback on the reserve thread that doesn't return ---- */

static struct probe *hold_reserve(struct gate *gate)
{
    struct probe *probe = probe_start_slow();

    gate_init(gate);
    drought_begins();
    probe_do_later(probe, pass_gate, gate);
    cr_assert(gate_await(gate, 1));
    return probe;
}

static void let_reserve_go(struct gate *gate)
{
    drought_ends();
    gate_open(gate);
    gate_deinit(gate);
}

ACTOR_TEST(drought, a_callback_that_never_returns_can_be_killed)
{
    struct probe *watcher = probe_start();
    struct gate gate;
    struct probe *stuck = hold_reserve(&gate);

    actor_monitor(&watcher->actor, &watcher->monitors[0], &stuck->actor);
    watcher->refs[0] = watcher->monitors[0].ref;
    cr_assert_eq(probe_call_for(stuck, 1, 20), ACTOR_E_TIMEOUT);
    cr_assert_eq(probe_kill(stuck), 0);
    cr_assert_eq(probe_call(stuck, 1), ACTOR_E_NOPROC);
    let_reserve_go(&gate);
    cr_assert(probe_await(watcher, "down 1 killed"));
    cr_assert_str_eq(probe_whole_story(stuck), "destroy");
}

struct seen {
    const struct actor *actor;
    bool working;
    int64_t working_ns;
};

static void look_at(void *context, const struct runtime_thread *thread)
{
    struct seen *seen = context;

    if (thread->actor != seen->actor)
        return;
    seen->working = thread->working && thread->number > 0 && thread->number != gettid();
    seen->working_ns = thread->working_ns;
}

static struct seen look(struct probe *probe)
{
    struct seen seen = {.actor = &probe->actor};

    runtime_visit_threads(actors_runtime(), look_at, &seen);
    return seen;
}

ACTOR_TEST(drought, a_callback_that_never_returns_is_seen)
{
    struct gate gate;
    struct probe *stuck = hold_reserve(&gate);
    struct seen seen = look(stuck);

    cr_assert(seen.working);
    cr_assert_eq(probe_kill(stuck), 0);
    while (look(stuck).working_ns <= seen.working_ns)
        sched_yield();
    let_reserve_go(&gate);
    cr_assert(probe_await_end(stuck));
    while (look(stuck).working)
        sched_yield();
}

ACTOR_TEST(drought, a_thread_that_somebody_lets_go_of_serves_who_waits_for_one)
{
    struct probe *milk = start_labelled("milk");
    struct probe *eggs = start_labelled("eggs");
    struct gate gate;

    cr_assert_eq(probe_do(milk, note_thread, NULL), 0);
    (void)hold_reserve(&gate);
    probe_do_later(eggs, note_thread, NULL);
    cr_assert_eq(probe_stop(milk), 0);
    cr_assert(probe_await(eggs, "on eggs"));
    let_reserve_go(&gate);
}

static struct gate stuck_gate;

static bool stuck_on_info(struct actor *self, struct message *message)
{
    (void)self;
    (void)message;
    gate_pass(&stuck_gate);
    return true;
}

static void stuck_free(struct actor *self)
{
    free(self);
}

static const struct actor_class stuck_class = {.name = "stuck", .on_info = stuck_on_info, .free = stuck_free};

static int deinit_runtime(void *arg)
{
    return runtime_deinit(arg, 20);
}

Test(drought, a_runtime_is_busy_while_its_reserve_thread_is)
{
    static struct runtime runtime;
    struct actor *actor = malloc(sizeof(*actor));
    struct reason reason;

    must(actor);
    gate_init(&stuck_gate);
    cr_assert_eq(runtime_init(&runtime), 0);
    cr_assert_eq(actor_start(actor, &stuck_class, &runtime, NULL, &reason), 0);
    drought_begins();
    actor_send(actor, counted_message(MESSAGE_INFO, 1));
    cr_assert(gate_await(&stuck_gate, 1));
    cr_assert_eq(actor_kill(actor), 0);
    actor_unref(actor);
    cr_assert_eq(helper_join(start_helper(deinit_runtime, &runtime)), RUNTIME_E_BUSY);
    cr_assert_eq(helper_join(start_helper(deinit_runtime, &runtime)), RUNTIME_E_BUSY);
    gate_open(&stuck_gate);
    cr_assert_eq(runtime_deinit(&runtime, ACTORS_PATIENCE_MS), 0);
    cr_assert_eq(counted_messages_left(), 0);
    gate_deinit(&stuck_gate);
}

/* ---- what is seen best while nobody runs mail ---- */

/* An info whose release waits for a gate. */
struct heavy {
    struct message message;
    struct gate gate;
};

static void release_heavy(struct message *message)
{
    gate_pass(&message_container(message, struct heavy, message)->gate);
}

static void send_heavy(struct heavy *heavy, struct probe *probe)
{
    gate_init(&heavy->gate);
    message_init(&heavy->message, MESSAGE_INFO, 0, release_heavy);
    actor_send(&probe->actor, &heavy->message);
}

static int kill_given(void *arg)
{
    return probe_kill(arg);
}

/* Two are doomed by the first; one ends the second of them meanwhile, and is held up before it has ended it. */
ACTOR_TEST(drought, who_is_ended_by_two_is_destroyed_when_the_first_is_through)
{
    struct probe *first = probe_start();
    struct probe *second = probe_start();
    struct probe *third = probe_start();
    struct helper *helpers[2];
    struct heavy heavy[2];
    struct gate gate;

    probe_link(first, second);
    probe_link(first, third);
    (void)hold_reserve(&gate);
    send_heavy(&heavy[0], second);
    send_heavy(&heavy[1], third);
    helpers[0] = start_helper(kill_given, first);
    cr_assert(gate_await(&heavy[0].gate, 1));
    helpers[1] = start_helper(kill_given, third);
    cr_assert(gate_await(&heavy[1].gate, 1));
    gate_open(&heavy[0].gate);
    cr_assert_eq(helper_join(helpers[0]), 0);
    cr_assert_str_eq(probe_whole_story(second), "destroy");
    cr_assert_str_eq(probe_story(third), "");
    gate_open(&heavy[1].gate);
    cr_assert_eq(helper_join(helpers[1]), 0);
    cr_assert_str_eq(probe_whole_story(third), "destroy");
    let_reserve_go(&gate);
    gate_deinit(&heavy[0].gate);
    gate_deinit(&heavy[1].gate);
}
