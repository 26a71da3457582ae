#include "actor/names.h"

#include "base/table.h"
#include "lib/actors.h"
#include "lib/memory.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4

static struct names *names;
static void (*test_body)(void);

static void await_destroyed(struct actor *actor)
{
    bool destroyed = false;

    while (!destroyed) {
        lock_acquire(&actor->run);
        destroyed = actor->destroyed;
        lock_release(&actor->run);
        sched_yield();
    }
}

static void end_names(void)
{
    names_stop(names);
    await_destroyed(names_actor(names));
    names_unref(names);
    table_barrier();
}

static void with_names(void)
{
    cr_assert_eq(names_start(actors_runtime(), &names), 0);
    test_body();
    end_names();
}

static void names_run(void (*body)(void), bool direct)
{
    test_body = body;
    actors_run(with_names, direct);
}

#define NAMES_TEST(sentence)                                                                                 \
    static void sentence(void);                                                                              \
    Test(names, sentence##_with_direct_calls)                                                                \
    {                                                                                                        \
        names_run(sentence, true);                                                                           \
    }                                                                                                        \
    Test(names, sentence##_with_queued_calls)                                                                \
    {                                                                                                        \
        names_run(sentence, false);                                                                          \
    }                                                                                                        \
    static void sentence(void)

/* Without a reference; NULL if nobody has the name. */
static struct probe *look_up(const char *name)
{
    struct actor *actor;
    int rc = names_whereis(names, name, &actor);

    if (rc != 0) {
        must(rc == NAMES_E_UNKNOWN);
        return NULL;
    }
    actor_unref(actor);
    return probe_of(actor);
}

static int give(const char *name, struct probe *probe)
{
    return names_register(names, name, &probe->actor);
}

/* ---- a name ---- */

NAMES_TEST(a_name_is_found_once_it_was_given)
{
    struct probe *milk = probe_start();
    struct probe *eggs = probe_start_slow();

    cr_assert_null(look_up("milk"));
    cr_assert_eq(give("milk", milk), 0);
    cr_assert_eq(give("eggs", eggs), 0);
    cr_assert_eq(look_up("milk"), milk);
    cr_assert_eq(look_up("eggs"), eggs);
    cr_assert_null(look_up("mil"));
    cr_assert_null(look_up(""));
}

NAMES_TEST(a_name_is_copied)
{
    struct probe *milk = probe_start();
    char name[] = "milk";

    cr_assert_eq(give(name, milk), 0);
    memset(name, 'x', 4);
    cr_assert_eq(look_up("milk"), milk);
    cr_assert_null(look_up("xxxx"));
}

NAMES_TEST(a_name_that_somebody_has_is_taken)
{
    struct probe *first = probe_start();

    cr_assert_eq(give("milk", first), 0);
    cr_assert_eq(give("milk", probe_start()), NAMES_E_TAKEN);
    cr_assert_eq(give("milk", first), NAMES_E_TAKEN);
    cr_assert_eq(look_up("milk"), first);
}

NAMES_TEST(an_actor_may_have_several_names)
{
    struct probe *milk = probe_start();

    cr_assert_eq(give("milk", milk), 0);
    cr_assert_eq(give("cream", milk), 0);
    cr_assert_eq(names_unregister(names, "milk"), 0);
    cr_assert_null(look_up("milk"));
    cr_assert_eq(look_up("cream"), milk);
    cr_assert_eq(probe_kill(milk), 0);
    cr_assert_null(look_up("cream"));
}

NAMES_TEST(a_name_that_was_taken_back_is_free)
{
    struct probe *first = probe_start();
    struct probe *second = probe_start();

    cr_assert_eq(names_unregister(names, "milk"), NAMES_E_UNKNOWN);
    cr_assert_eq(give("milk", first), 0);
    cr_assert_eq(names_unregister(names, "milk"), 0);
    cr_assert_eq(names_unregister(names, "milk"), NAMES_E_UNKNOWN);
    cr_assert_null(look_up("milk"));
    cr_assert_eq(give("milk", second), 0);
    cr_assert_eq(probe_kill(first), 0);
    cr_assert_eq(look_up("milk"), second);
}

NAMES_TEST(any_text_is_a_name)
{
    struct probe *probe = probe_start();
    char *name = malloc(100001);

    must(name);
    memset(name, 'n', 100000);
    name[100000] = '\0';
    cr_assert_eq(give(name, probe), 0);
    cr_assert_eq(give("", probe), 0);
    cr_assert_eq(give("a/b\nc \xff", probe), 0);
    cr_assert_eq(look_up(name), probe);
    cr_assert_eq(look_up(""), probe);
    cr_assert_eq(look_up("a/b\nc \xff"), probe);
    free(name);
}

/* ---- and the end ---- */

NAMES_TEST(who_has_ended_is_not_found)
{
    struct probe *stopped = probe_start();
    struct probe *killed = probe_start_slow();

    cr_assert_eq(give("milk", stopped), 0);
    cr_assert_eq(give("eggs", killed), 0);
    cr_assert_eq(probe_stop(stopped), 0);
    cr_assert_null(look_up("milk"));
    cr_assert_eq(probe_kill(killed), 0);
    cr_assert_null(look_up("eggs"));
    cr_assert_eq(names_unregister(names, "milk"), NAMES_E_UNKNOWN);
}

NAMES_TEST(the_name_of_one_that_has_ended_is_free_at_once)
{
    struct probe *last = NULL;

    for (unsigned i = 0; i < 200; i++) {
        struct probe *next = i % 2 ? probe_start() : probe_start_slow();

        if (last)
            cr_assert_eq(i % 3 ? probe_kill(last) : probe_stop(last), 0);
        cr_assert_eq(give("milk", next), 0);
        cr_assert_eq(look_up("milk"), next);
        last = next;
    }
}

NAMES_TEST(one_that_has_ended_gets_none)
{
    struct probe *probe = probe_start();

    cr_assert_eq(probe_kill(probe), 0);
    cr_assert_eq(give("milk", probe), NAMES_E_ENDED);
    cr_assert_null(look_up("milk"));
}

static int stop_given(void *arg)
{
    return probe_stop(arg);
}

NAMES_TEST(one_that_is_ending_has_its_name_until_it_has_ended)
{
    struct gate gate;
    struct probe *probe = probe_start_with(&(struct probe_options){.terminate = pass_gate, .arg = &gate});
    struct helper *stopper;

    gate_init(&gate);
    cr_assert_eq(give("milk", probe), 0);
    stopper = helper_start(stop_given, probe);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(look_up("milk"), probe);
    cr_assert_eq(give("milk", probe_start()), NAMES_E_TAKEN);
    gate_open(&gate);
    cr_assert_eq(helper_join(stopper), 0);
    cr_assert_null(look_up("milk"));
    gate_deinit(&gate);
}

NAMES_TEST(a_name_keeps_nobody_alive_and_no_memory)
{
    struct probe *probe = probe_start();
    struct actor *self = names_actor(names);

    cr_assert_eq(give("milk", probe), 0);
    cr_assert_eq(probe_kill(probe), 0);
    cr_assert_eq(names_unregister(names, "nobody"), NAMES_E_UNKNOWN, "a call, behind the DOWN");
    probe_let_go(probe);
    lock_acquire(&self->lock);
    cr_assert(cds_list_empty(&self->watching));
    lock_release(&self->lock);
}

NAMES_TEST(when_they_have_stopped_nobody_has_a_name_and_those_who_had_live_on)
{
    struct probe *probe = probe_start();
    struct probe *watcher = probe_start();

    cr_assert_eq(give("milk", probe), 0);
    actor_monitor(&watcher->actor, &watcher->monitors[0], names_actor(names));
    watcher->refs[0] = watcher->monitors[0].ref;
    names_stop(names);
    await_destroyed(names_actor(names));
    cr_assert(probe_await(watcher, "down 1 shutdown"));
    cr_assert_null(look_up("milk"));
    cr_assert_eq(give("eggs", probe), ACTOR_E_NOPROC);
    cr_assert_eq(names_unregister(names, "milk"), ACTOR_E_NOPROC);
    cr_assert_eq(probe_call(probe, 1), 0);
}

/* ---- calls ---- */

static int answer(struct actor *self, unsigned tag, void *arg)
{
    must(actor_self() == self);
    *(int *)arg = 7;
    return (int)tag;
}

static void free_server(struct actor *self)
{
    free(self);
}

static const struct actor_class server_class = {
    .name = "server", .prompt = true, .on_call = answer, .free = free_server};

static struct actor *new_server(void)
{
    struct actor *server = malloc(sizeof(*server));

    must(server);
    return server;
}

static struct actor *start_server(const char *name, struct probe *parent)
{
    struct actor *server = new_server();
    struct reason reason;

    cr_assert_eq(
        names_start_link(names, name, &parent->actor, server, &server_class, actors_runtime(), NULL, &reason),
        0);
    return server;
}

static void end_server(struct actor *server)
{
    (void)actor_stop(server, REASON(NORMAL), ACTORS_PATIENCE_MS);
    actor_unref(server);
}

NAMES_TEST(a_call_goes_to_whoever_has_the_name)
{
    struct probe *parent = probe_start();
    struct actor *server = start_server("milk", parent);
    int answered = 0;

    cr_assert_eq(names_call(names, "milk", 3, &answered, ACTORS_PATIENCE_MS), 3);
    cr_assert_eq(answered, 7);
    cr_assert_eq(names_call(names, "eggs", 3, &answered, ACTORS_PATIENCE_MS), ACTOR_E_NOPROC);
    end_server(server);
    cr_assert_eq(names_call(names, "milk", 3, &answered, ACTORS_PATIENCE_MS), ACTOR_E_NOPROC);
}

static int call_by_name(struct probe *self, void *arg)
{
    int answered;

    (void)self;
    return names_call(names, arg, 5, &answered, ACTORS_PATIENCE_MS);
}

NAMES_TEST(an_actor_may_call_another_by_its_name)
{
    struct probe *parent = probe_start();
    struct actor *server = start_server("milk", parent);

    cr_assert_eq(probe_do(probe_start(), call_by_name, (void *)"milk"), 5);
    cr_assert_eq(probe_do(probe_start_slow(), call_by_name, (void *)"eggs"), ACTOR_E_NOPROC);
    end_server(server);
}

static int register_when_dead(struct probe *self, void *arg)
{
    must(actor_kill(&self->actor) == 0);
    must(names_register(names, "milk", &((struct probe *)arg)->actor) == ACTOR_E_KILLED);
    return 0;
}

NAMES_TEST(an_actor_that_was_killed_gives_no_names)
{
    struct probe *other = probe_start();
    struct probe *dead = probe_start();

    probe_do_later(dead, register_when_dead, other);
    cr_assert(probe_await_end(dead));
    cr_assert_null(look_up("milk"));
}

/* ---- starting under a name ---- */

NAMES_TEST(who_is_started_under_a_name_has_it_and_a_parent)
{
    struct probe *parent = probe_start_with(&(struct probe_options){.traps = true});
    struct actor *server = start_server("milk", parent);
    struct actor *found;

    cr_assert_eq(names_whereis(names, "milk", &found), 0);
    cr_assert_eq(found, server);
    actor_unref(found);
    cr_assert_eq(actor_kill(server), 0);
    cr_assert_eq(names_whereis(names, "milk", &found), NAMES_E_UNKNOWN);
    cr_assert(probe_await(parent, "exit killed"));
    actor_unref(server);
    end_server(start_server("milk", parent));
}

static int fail(struct actor *self, void *arg, struct reason *ret_reason)
{
    struct actor *found;

    (void)arg;
    must(actor_self() == self);
    must(names_whereis(names, "milk", &found) == NAMES_E_UNKNOWN);
    *ret_reason = reason_error("init");
    return 1;
}

static const struct actor_class failing_class = {
    .name = "failing", .prompt = true, .init = fail, .on_call = answer, .free = free_server};

NAMES_TEST(who_fails_to_start_leaves_no_name)
{
    struct probe *parent = probe_start_with(&(struct probe_options){.traps = true});
    struct actor *server = new_server();
    struct reason reason;

    cr_assert_eq(names_start_link(names, "milk", &parent->actor, server, &failing_class, actors_runtime(),
                                  NULL, &reason),
                 ACTOR_E_INIT);
    cr_assert_str_eq(reason.text, "init");
    reason_deinit(&reason);
    free(server);
    cr_assert_null(look_up("milk"));
    cr_assert_eq(give("milk", parent), 0);
    cr_assert_str_eq(probe_story(parent), "");
}

static int must_not_run(struct actor *self, void *arg, struct reason *ret_reason)
{
    (void)self;
    (void)arg;
    (void)ret_reason;
    must(!"started under a name that is taken");
    return 1;
}

static const struct actor_class unwanted_class = {
    .name = "unwanted", .prompt = true, .init = must_not_run, .on_call = answer, .free = free_server};

NAMES_TEST(nothing_is_started_under_a_name_that_is_taken)
{
    struct probe *parent = probe_start();
    struct actor *server = new_server();
    struct reason reason;

    cr_assert_eq(give("milk", parent), 0);
    cr_assert_eq(names_start_link(names, "milk", &parent->actor, server, &unwanted_class, actors_runtime(),
                                  NULL, &reason),
                 NAMES_E_TAKEN);
    free(server);
    cr_assert_eq(actor_get_links(&parent->actor, NULL, 0), 0);
}

struct start {
    struct probe *parent;
    struct gate gate; /* where init waits */
    int rc;
};

static int wait_in_init(struct actor *self, void *arg, struct reason *ret_reason)
{
    (void)self;
    (void)ret_reason;
    gate_pass(arg);
    return 0;
}

static const struct actor_class waiting_class = {
    .name = "waiting", .prompt = true, .init = wait_in_init, .on_call = answer, .free = free_server};

static int start_waiting(void *arg)
{
    struct start *start = arg;
    struct actor *server = new_server();
    struct reason reason;

    start->rc = names_start_link(names, "milk", &start->parent->actor, server, &waiting_class,
                                 actors_runtime(), &start->gate, &reason);
    if (start->rc == 0)
        actor_unref(server);
    else
        free(server);
    return start->rc;
}

NAMES_TEST(a_name_is_taken_but_not_found_while_its_actor_is_being_started)
{
    struct start start = {.parent = probe_start()};
    struct helper *starter;

    gate_init(&start.gate);
    starter = helper_start(start_waiting, &start);
    cr_assert(gate_await(&start.gate, 1));
    cr_assert_null(look_up("milk"));
    cr_assert_eq(give("milk", start.parent), NAMES_E_TAKEN);
    cr_assert_eq(start_waiting(&start), NAMES_E_TAKEN);
    cr_assert_eq(names_unregister(names, "milk"), NAMES_E_UNKNOWN);
    gate_open(&start.gate);
    cr_assert_eq(helper_join(starter), 0);
    cr_assert(look_up("milk"));
    cr_assert_eq(probe_kill(start.parent), 0);
    cr_assert_null(look_up("milk"));
    gate_deinit(&start.gate);
}

NAMES_TEST(who_is_being_started_while_they_stop_lives_on_without_a_name)
{
    struct start start = {.parent = probe_start()};
    struct helper *starter;

    gate_init(&start.gate);
    starter = helper_start(start_waiting, &start);
    cr_assert(gate_await(&start.gate, 1));
    names_stop(names);
    await_destroyed(names_actor(names));
    gate_open(&start.gate);
    cr_assert_eq(helper_join(starter), 0);
    cr_assert_null(look_up("milk"));
    cr_assert_eq(actor_get_links(&start.parent->actor, NULL, 0), 1);
    cr_assert_eq(probe_kill(start.parent), 0);
    gate_deinit(&start.gate);
}

NAMES_TEST(a_parent_killed_while_it_starts_one_leaves_the_name_free)
{
    struct start start = {.parent = probe_start()};
    struct helper *starter;

    gate_init(&start.gate);
    starter = helper_start(start_waiting, &start);
    cr_assert(gate_await(&start.gate, 1));
    cr_assert_eq(probe_kill(start.parent), 0);
    gate_open(&start.gate);
    cr_assert_eq(helper_join(starter), 0);
    cr_assert_null(look_up("milk"));
    cr_assert_eq(give("milk", probe_start()), 0);
    gate_deinit(&start.gate);
}

static int start_in_callback(struct probe *self, void *arg)
{
    struct start *start = arg;

    start->parent = self;
    return start_waiting(start);
}

NAMES_TEST(so_does_one_killed_in_the_callback_that_starts_one)
{
    struct probe *parent = probe_start_slow();
    struct start start;

    gate_init(&start.gate);
    probe_do_later(parent, start_in_callback, &start);
    cr_assert(gate_await(&start.gate, 1));
    cr_assert_eq(probe_kill(parent), 0);
    gate_open(&start.gate);
    cr_assert(probe_await_end(parent));
    cr_assert_eq(start.rc, 0);
    cr_assert_null(look_up("milk"));
    cr_assert_eq(give("milk", probe_start()), 0);
    gate_deinit(&start.gate);
}

/* ---- at once ---- */

static int start_once(void *arg)
{
    struct actor *server = new_server();
    struct reason reason;
    int rc = names_start_link(names, "milk", arg, server, &server_class, actors_runtime(), NULL, &reason);

    if (rc != 0)
        free(server);
    else
        actor_unref(server);
    return rc;
}

NAMES_TEST(of_many_that_start_at_once_under_one_name_one_does)
{
    for (int round = 0; round < 50; round++) {
        struct probe *parent = probe_start();
        struct helper *helpers[THREADS];
        int started = 0;

        for (int i = 0; i < THREADS; i++)
            helpers[i] = helper_start(start_once, &parent->actor);
        for (int i = 0; i < THREADS; i++) {
            int rc = helper_join(helpers[i]);

            cr_assert(rc == 0 || rc == NAMES_E_TAKEN);
            started += rc == 0;
        }
        cr_assert_eq(started, 1);
        cr_assert_eq(probe_kill(parent), 0);
    }
}

static _Atomic bool enough;

static int look_up_until_enough(void *arg)
{
    int found = 0;

    (void)arg;
    while (!atomic_load(&enough)) {
        struct actor *actor;

        if (names_whereis(names, "milk", &actor) != 0)
            continue;
        must(probe_of(actor)->options.slow);
        actor_unref(actor);
        found++;
    }
    return found;
}

NAMES_TEST(a_name_may_be_looked_up_while_it_changes_hands)
{
    struct helper *helpers[2];

    atomic_store(&enough, false);
    for (int i = 0; i < 2; i++)
        helpers[i] = helper_start(look_up_until_enough, NULL);
    for (int i = 0; i < 300; i++) {
        struct probe *probe = probe_start_slow();

        cr_assert_eq(give("milk", probe), 0);
        if (i % 3 == 0)
            cr_assert_eq(names_unregister(names, "milk"), 0);
        cr_assert_eq(probe_kill(probe), 0);
        probe_let_go(probe);
    }
    atomic_store(&enough, true);
    for (int i = 0; i < 2; i++)
        cr_assert_geq(helper_join(helpers[i]), 0);
}

/* ---- memory ---- */

#define ALL 200000
#define AT_ONCE 1000
#define SLACK (256 * 1024)

/* So many distinct names, some at a time: half of them taken back, half gone with their actor. */
static void give_and_lose(int first, int count)
{
    char name[32];

    for (int i = first; i < first + count; i += AT_ONCE) {
        struct probe *probe = probe_start();

        for (int j = i; j < i + AT_ONCE; j++) {
            snprintf(name, sizeof(name), "name %d", j);
            cr_assert_eq(give(name, probe), 0);
        }
        for (int j = i; j < i + AT_ONCE / 2; j++) {
            snprintf(name, sizeof(name), "name %d", j);
            cr_assert_eq(names_unregister(names, name), 0);
        }
        cr_assert_eq(probe_kill(probe), 0);
        probe_let_go(probe);
        cr_assert_eq(names_unregister(names, "nobody"), NAMES_E_UNKNOWN, "a call, behind the DOWNs");
    }
    table_barrier();
}

NAMES_TEST(names_that_come_and_go_give_their_memory_back)
{
    int all = actors_runtime()->direct ? ALL : ALL / 20;
    size_t before;
    size_t after;

    give_and_lose(0, AT_ONCE * 4);
    before = memory_in_use();
    give_and_lose(AT_ONCE * 4, all);
    after = memory_in_use();
    /* The fixture keeps a journal for each probe that there was. */
    cr_assert_leq(after, before + (size_t)(all / AT_ONCE) * 10000 + SLACK, "%zu bytes, then %zu", before,
                  after);
}
