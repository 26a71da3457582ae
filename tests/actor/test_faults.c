/*
 * Each allocation fails in turn: whoever asked is told, nothing is half done, and nothing is left over (which the
 * fixture and LeakSanitizer see).
 */
#include "actor/names.h"
#include "base/table.h"
#include "lib/actors.h"
#include "lib/faults.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static int do_nothing(struct probe *self, void *arg)
{
    (void)self;
    (void)arg;
    return 0;
}

/* It has a thread, so that nobody needs memory to make it one. */
static void awaken(struct probe *probe)
{
    probe_do_later(probe, do_nothing, NULL);
    cr_assert(probe_await_awake(probe, true));
}

static struct probe *start_awake(void)
{
    struct probe *probe = probe_start_slow();

    awaken(probe);
    return probe;
}

static size_t count_links(struct probe *probe)
{
    return actor_get_links(&probe->actor, NULL, 0);
}

/* ---- an actor's life ---- */

static void free_plain(struct actor *self)
{
    free(self);
}

static int answer(struct actor *self, unsigned tag, void *arg)
{
    (void)self;
    (void)arg;
    return (int)tag;
}

static const struct actor_class plain_class = {
    .name = "plain", .prompt = true, .on_call = answer, .free = free_plain};

static struct actor *new_plain(void)
{
    struct actor *actor = malloc(sizeof(*actor));

    must(actor);
    return actor;
}

static void end_plain(struct actor *actor)
{
    cr_assert_eq(actor_kill(actor), 0);
    actor_unref(actor);
}

ACTOR_TEST(faults, start_monitor_and_death_need_no_memory)
{
    struct probe *watcher = start_awake();
    struct probe *trapping = probe_start_with(&(struct probe_options){.slow = true, .traps = true});
    struct actor *actor = new_plain();
    struct reason reason;
    struct monitor monitor;

    awaken(trapping);
    faults_begin(1);
    cr_assert_eq(actor_start(actor, &plain_class, actors_runtime(), NULL, &reason), 0);
    cr_assert_not(faults_hit());
    cr_assert_eq(actor_link(actor, &trapping->actor), 0);
    faults_begin(1);
    (void)actor_monitor(actor, &monitor, &watcher->actor);
    actor_demonitor(&monitor);
    watcher->refs[0] = actor_monitor(&watcher->actor, &watcher->monitors[0], actor);
    end_plain(actor);
    cr_assert_not(faults_hit());
    cr_assert(probe_await(watcher, "down 1 killed"));
    cr_assert(probe_await(trapping, "exit killed"));
}

static int never(struct actor *self, void *arg, struct reason *ret_reason)
{
    (void)self;
    (void)ret_reason;
    must(!*(const bool *)arg);
    return 0;
}

static const struct actor_class child_class = {
    .name = "child", .prompt = true, .init = never, .on_call = answer, .free = free_plain};

ACTOR_TEST(faults, a_start_with_a_link_that_fails_starts_nothing)
{
    struct probe *parent = probe_start();
    struct actor *child = new_plain();
    bool starts_nothing = true;
    struct reason reason;

    faults_begin(1);
    cr_assert_eq(
        actor_start_link(&parent->actor, child, &child_class, actors_runtime(), &starts_nothing, &reason),
        -ENOMEM);
    cr_assert(faults_hit());
    cr_assert_eq(count_links(parent), 0);
    cr_assert_eq(atomic_load(&actors_runtime()->actors), 1);

    starts_nothing = false;
    faults_begin(2);
    cr_assert_eq(
        actor_start_link(&parent->actor, child, &child_class, actors_runtime(), &starts_nothing, &reason), 0);
    cr_assert_not(faults_hit());
    cr_assert_eq(count_links(parent), 1);
    cr_assert_eq(actor_stop(child, REASON(NORMAL), ACTORS_PATIENCE_MS), 0);
    actor_unref(child);
}

static int init_with_memory(struct actor *self, void *arg, struct reason *ret_reason)
{
    void *memory = malloc(100);

    (void)self;
    *(void **)arg = memory;
    if (!memory)
        *ret_reason = reason_error("no memory");
    return memory ? 0 : -ENOMEM;
}

static const struct actor_class hungry_class = {
    .name = "hungry", .prompt = true, .init = init_with_memory, .on_call = answer, .free = free_plain};

ACTOR_TEST(faults, an_init_that_fails_leaves_no_link_whatever_fails)
{
    struct probe *parent = probe_start_with(&(struct probe_options){.traps = true});
    struct actor *child = new_plain();
    struct reason reason = REASON(NORMAL);
    void *memory = NULL;
    int rc = -1;

    for (int n = 1; rc != 0; n++) {
        faults_begin(n);
        rc = actor_start_link(&parent->actor, child, &hungry_class, actors_runtime(), &memory, &reason);
        cr_assert_eq(faults_hit(), rc != 0);
        cr_assert(rc == 0 || rc == (n == 1 ? -ENOMEM : ACTOR_E_INIT));
        cr_assert_eq(count_links(parent), rc == 0);
        reason_deinit(&reason);
    }
    cr_assert_eq(actor_stop(child, REASON(NORMAL), ACTORS_PATIENCE_MS), 0);
    actor_unref(child);
    free(memory);
    cr_assert(probe_await(parent, "exit"));
    cr_assert_str_eq(probe_story(parent), "exit normal");
}

/* ---- links and signals ---- */

ACTOR_TEST(faults, a_link_that_fails_is_none)
{
    struct probe *a = probe_start();
    struct probe *b = probe_start();
    struct probe *dead = probe_start();

    cr_assert_eq(probe_kill(dead), 0);
    faults_begin(1);
    cr_assert_eq(actor_link(&a->actor, &b->actor), -ENOMEM);
    cr_assert(faults_hit());
    faults_begin(1);
    cr_assert_eq(actor_link(&a->actor, &dead->actor), -ENOMEM);
    cr_assert(faults_hit());
    cr_assert_eq(count_links(a) + count_links(b), 0);
    cr_assert_eq(probe_call(a, 1), 0);

    probe_link(a, b);
    faults_begin(1);
    cr_assert_eq(actor_link(&b->actor, &a->actor), -ENOMEM);
    cr_assert(faults_hit());
    cr_assert_eq(count_links(a), 1);
    faults_begin(1);
    actor_unlink(&a->actor, &b->actor);
    cr_assert_not(faults_hit());
}

ACTOR_TEST(faults, a_signal_that_fails_is_not_seen)
{
    struct probe *trapping = probe_start_with(&(struct probe_options){.traps = true});
    struct probe *plain = probe_start();
    struct reason sour = reason_error("sour");

    faults_begin(1);
    cr_assert_eq(actor_signal_exit(&trapping->actor, sour), -ENOMEM);
    cr_assert(faults_hit());
    sour = reason_error("sour");
    faults_begin(1);
    cr_assert_eq(actor_signal_exit(&plain->actor, sour), 0);
    cr_assert_not(faults_hit());
    cr_assert_eq(probe_call(trapping, 1), 0);
    cr_assert_str_eq(probe_story(trapping), "call 1");
    cr_assert_str_eq(probe_whole_story(plain), "destroy");
}

/* ---- reasons with a text ---- */

struct company {
    struct probe *watcher;
    struct probe *first;
    struct probe *linked;
};

static struct company start_company(void)
{
    struct company company = {probe_start_slow(), probe_start_slow(), probe_start_slow()};

    probe_link(company.first, company.linked);
    probe_monitor(company.watcher, 1, company.first);
    probe_monitor(company.watcher, 2, company.linked);
    awaken(company.watcher);
    awaken(company.first);
    awaken(company.linked);
    return company;
}

/* An error is one without its text too. */
static bool is_told(struct company *company)
{
    return probe_await(company->watcher, "down 1 error") && probe_await(company->watcher, "down 2 error");
}

static int exit_sour(struct probe *self, void *arg)
{
    (void)arg;
    actor_exit(&self->actor, reason_error("sour"));
    return 0;
}

/* The message is the test's own. */
static void do_later(struct probe *probe, probe_task task)
{
    faults_pause();
    probe_do_later(probe, task, NULL);
    faults_resume();
}

ACTOR_TEST(faults, an_exit_whose_text_is_lost_takes_the_linked_along)
{
    bool hit = true;

    for (int n = 1; hit; n++) {
        struct company company = start_company();

        faults_begin(n);
        do_later(company.first, exit_sour);
        cr_assert(is_told(&company));
        hit = faults_hit();
        cr_assert(hit || n > 2, "there are two texts at least");
    }
}

ACTOR_TEST(faults, a_stop_that_fails_leaves_the_actor_alive)
{
    bool hit = true;

    for (int n = 1; hit; n++) {
        struct company company = start_company();
        struct reason sour = reason_error("sour");
        int rc;

        faults_begin(n);
        rc = actor_stop(&company.first->actor, sour, ACTORS_PATIENCE_MS);
        if (rc != 0) {
            cr_assert_eq(rc, -ENOMEM);
            cr_assert(faults_hit());
            cr_assert(actor_alive(&company.first->actor));
            cr_assert_eq(count_links(company.first), 1);
            continue;
        }
        cr_assert(is_told(&company));
        hit = faults_hit();
        cr_assert(hit || n > 1);
    }
}

ACTOR_TEST(faults, a_kill_needs_no_memory)
{
    struct company company = start_company();

    faults_begin(1);
    cr_assert_eq(probe_kill(company.first), 0);
    cr_assert(probe_await(company.watcher, "down 2"));
    cr_assert_not(faults_hit());
    cr_assert_str_eq(probe_story(company.watcher), "down 1 killed, down 2 killed");
}

/* ---- calls and casts ---- */

static const struct actor_class slow_class = {.name = "slow", .on_call = answer, .free = free_plain};

static struct actor *start_plain(const struct actor_class *class)
{
    struct actor *actor = new_plain();
    struct reason reason;

    cr_assert_eq(actor_start(actor, class, actors_runtime(), NULL, &reason), 0);
    return actor;
}

/* Whatever fails once: the call, or the thread, for which the reserve stands in. */
static void assert_call_answers(const struct actor_class *class)
{
    bool hit = true;

    for (int n = 1; hit; n++) {
        struct actor *actor = start_plain(class);
        void *arg = counted_arg();
        int rc;

        faults_begin(n);
        rc = actor_call_owned(actor, 7, arg, counted_arg_release, ACTORS_PATIENCE_MS);
        hit = faults_hit();
        cr_assert(rc == 7 || (rc == -ENOMEM && hit));
        counted_arg_release(arg);
        end_plain(actor);
    }
}

ACTOR_TEST(faults, a_call_answers_or_says_why_not)
{
    assert_call_answers(&plain_class);
    assert_call_answers(&slow_class);
}

ACTOR_TEST(faults, a_call_that_could_not_be_queued_leaves_its_argument_to_the_caller)
{
    struct actor *actor = start_plain(&slow_class);
    void *arg = counted_arg();

    faults_begin(1);
    cr_assert_eq(actor_call_owned(actor, 7, arg, counted_arg_release, ACTORS_PATIENCE_MS), -ENOMEM);
    cr_assert(faults_hit());
    cr_assert_eq(counted_args_left(), 1);
    cr_assert_eq(actor_call_owned(actor, 7, arg, counted_arg_release, ACTORS_PATIENCE_MS), 7);
    counted_arg_release(arg);
    end_plain(actor);
}

ACTOR_TEST(faults, a_cast_is_handled_whatever_fails)
{
    bool hit = true;

    for (int n = 1; hit; n++) {
        struct probe *probe = probe_start();
        struct message *message = counted_message(MESSAGE_CAST, 1);

        faults_begin(n);
        cr_assert_eq(actor_cast(&probe->actor, message), 0);
        cr_assert(probe_await(probe, "cast 1"));
        hit = faults_hit();
        cr_assert(hit || n > 1, "a thread needs memory");
        cr_assert_eq(probe_kill(probe), 0);
        cr_assert(probe_await_end(probe));
    }
}

/* ---- a runtime ---- */

Test(faults, a_runtime_that_can_not_start_says_so)
{
    static struct runtime runtime;
    bool hit = true;

    for (int n = 1; hit; n++) {
        int rc;

        faults_begin(n);
        rc = runtime_init(&runtime);
        hit = faults_hit();
        cr_assert_eq(rc < 0, hit);
        cr_assert(rc == 0 || rc == -EAGAIN);
    }
    cr_assert_eq(runtime_deinit(&runtime, ACTORS_PATIENCE_MS), 0);
}

/* ---- names ---- */

static struct names *start_names(void)
{
    struct names *names = NULL;
    bool hit = true;

    for (int n = 1; hit; n++) {
        int rc;

        faults_begin(n);
        rc = names_start(actors_runtime(), &names);
        hit = faults_hit();
        cr_assert_eq(rc, hit ? -ENOMEM : 0);
        cr_assert_eq(names != NULL, !hit);
    }
    return names;
}

/* As often as one looks: their actor may need a thread, and somebody who was named may be with them still. */
static void end_names(struct names *names)
{
    struct actor *actor = names_actor(names);
    bool destroyed = false;

    names_stop(names);
    while (!destroyed) {
        lock_acquire(&actor->run);
        destroyed = actor->destroyed;
        lock_release(&actor->run);
        sched_yield();
    }
    names_unref(names);
    table_barrier();
}

static bool is_known(struct names *names)
{
    struct actor *actor;

    if (names_whereis(names, "milk", &actor) != 0)
        return false;
    actor_unref(actor);
    return true;
}

ACTOR_TEST(faults, names_are_stopped_without_memory_too)
{
    struct names *names = start_names();
    struct actor *actor = new_plain();
    struct reason reason;

    cr_assert_eq(actor_start(actor, &plain_class, actors_runtime(), NULL, &reason), 0);
    cr_assert_eq(names_register(names, "milk", actor), 0);
    faults_begin(1);
    names_stop(names);
    cr_assert_eq(faults_hit(), !actors_runtime()->direct);
    cr_assert_not_null(actor_reason(names_actor(names)));
    while (is_known(names))
        sched_yield();
    end_plain(actor);
    end_names(names);
}

ACTOR_TEST(faults, a_name_is_given_or_not)
{
    struct names *names = start_names();
    struct actor *actor = start_plain(&plain_class);
    bool hit = true;
    int rc;

    for (int n = 1; hit; n++) {
        faults_begin(n);
        rc = names_register(names, "milk", actor);
        hit = faults_hit();
        cr_assert(rc == 0 || (rc == -ENOMEM && hit));
        cr_assert_eq(is_known(names), rc == 0);
        if (rc == 0)
            cr_assert_eq(names_unregister(names, "milk"), 0);
        cr_assert(hit || n > 1);
    }
    end_plain(actor);
    end_names(names);
}

ACTOR_TEST(faults, a_name_is_taken_back_or_not)
{
    struct names *names = start_names();
    struct actor *actor = start_plain(&plain_class);
    bool hit = true;
    int rc;

    for (int n = 1; hit; n++) {
        rc = names_register(names, "milk", actor);
        cr_assert(rc == 0 || rc == NAMES_E_TAKEN);
        faults_begin(n);
        rc = names_unregister(names, "milk");
        hit = faults_hit();
        cr_assert(rc == 0 || (rc == -ENOMEM && hit));
        cr_assert_eq(is_known(names), rc != 0);
    }
    end_plain(actor);
    end_names(names);
}

ACTOR_TEST(faults, who_could_not_be_started_under_a_name_leaves_it_free)
{
    struct names *names = start_names();
    struct probe *parent = probe_start();
    struct actor *actor = new_plain();
    struct reason reason = REASON(NORMAL);
    void *memory = NULL;
    int rc = -1;

    for (int n = 1; rc != 0; n++) {
        faults_begin(n);
        rc = names_start_link(names, "milk", &parent->actor, actor, &hungry_class, actors_runtime(), &memory,
                              &reason);
        cr_assert(faults_hit() || rc == 0);
        cr_assert(rc == 0 || rc == -ENOMEM || rc == ACTOR_E_INIT);
        cr_assert_eq(is_known(names), rc == 0);
        cr_assert_eq(count_links(parent), rc == 0);
        if (rc == ACTOR_E_INIT)
            reason_deinit(&reason);
    }
    cr_assert_eq(actor_stop(actor, REASON(NORMAL), ACTORS_PATIENCE_MS), 0);
    actor_unref(actor);
    free(memory);
    end_names(names);
}
