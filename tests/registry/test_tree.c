/*
 * Trees: each child is a registry too. Whoever ends one ends all that is below
 * it, the leaves first, however deep and wide it is.
 */
#include "registry/registry.h"

#include "base/clock.h"
#include "lib/children.h"
#include "lib/faults.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 20000
#define DEEP_ENOUGH 4000 /* for a small stack */
#define THREADS 4

static struct reason going_home(void)
{
    return (struct reason){REASON_SHUTDOWN, strdup("going home")};
}

static int stop_tree(void *top)
{
    return registry_stop_tree(top, REASON(SHUTDOWN));
}

/* ---- order ---- */

enum { TOP, A, A1, A2, DEEP, B, B1, ALL };

/*
 *     top: a: a1: deep
 *             a2
 *          b: b1
 */
static void make_tree(struct actor **tree)
{
    tree[TOP] = create("top");
    tree[A] = create_below(tree[TOP], "a");
    tree[B] = create_below(tree[TOP], "b");
    tree[A1] = create_below(tree[A], "a1");
    tree[A2] = create_below(tree[A], "a2");
    tree[DEEP] = create_below(tree[A1], "deep");
    tree[B1] = create_below(tree[B], "b1");
}

static void let_tree_go(struct actor **tree)
{
    for (int i = 0; i < ALL; i++)
        actor_unref(tree[i]);
}

#define LEAVES_FIRST "deep a1 a2 a b1 b top "

CHILDREN_TEST(tree, each_leaf_ends_before_what_it_hangs_from)
{
    struct actor *tree[ALL];

    make_tree(tree);
    cr_assert_eq(registry_stop_tree(tree[TOP], REASON(SHUTDOWN)), 0);
    cr_assert_str_eq(children_order_of_ends(), LEAVES_FIRST);
    let_tree_go(tree);
}

CHILDREN_TEST(tree, all_of_them_end_for_the_same_reason)
{
    struct actor *tree[ALL];

    make_tree(tree);
    cr_assert_eq(registry_stop_tree(tree[TOP], going_home()), 0);
    cr_assert_eq(children_ended_with("shutdown: going home"), ALL);
    for (int i = 0; i < ALL; i++) {
        cr_assert_eq(actor_reason(tree[i])->code, REASON_SHUTDOWN);
        cr_assert_str_eq(actor_reason(tree[i])->text, "going home");
    }
    let_tree_go(tree);
}

CHILDREN_TEST(tree, each_has_a_down_of_its_own_in_that_order)
{
    struct probe *watcher = probe_start();
    struct actor *tree[ALL];

    make_tree(tree);
    for (int i = 0; i < ALL; i++)
        probe_monitor_actor(watcher, i + 1, tree[i]);
    cr_assert_eq(registry_stop_tree(tree[TOP], REASON(NORMAL)), 0);
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "down 5 normal, down 3 normal, down 4 normal, down 2 normal, "
                                           "down 7 normal, down 6 normal, down 1 normal, call 1");
    let_tree_go(tree);
}

CHILDREN_TEST(tree, what_is_beside_it_lives_on)
{
    struct actor *tree[ALL];

    make_tree(tree);
    cr_assert_eq(registry_stop_tree(tree[A], REASON(NORMAL)), 0);
    cr_assert_str_eq(children_order_of_ends(), "deep a1 a2 a ");
    for (int i = 0; i < ALL; i++)
        cr_assert_eq(actor_alive(tree[i]), i == TOP || i == B || i == B1);
    actor_unref(create_below(tree[TOP], "a"));
    let_tree_go(tree);
}

/* Whoever just stops one ends the tree likewise. */
CHILDREN_TEST(tree, a_stop_ends_what_is_below_first)
{
    struct actor *tree[ALL];

    make_tree(tree);
    cr_assert_eq(actor_stop(tree[TOP], REASON(NORMAL), ACTORS_PATIENCE_MS), 0);
    cr_assert_str_eq(children_order_of_ends(), LEAVES_FIRST);
    let_tree_go(tree);
}

CHILDREN_TEST(tree, the_end_of_the_registry_is_the_end_of_all)
{
    struct actor *tree[ALL];

    make_tree(tree);
    children_stop_registry(going_home());
    cr_assert_str_eq(children_order_of_ends(), LEAVES_FIRST);
    cr_assert_eq(children_ended_with("shutdown: going home"), ALL);
    let_tree_go(tree);
}

CHILDREN_TEST(tree, a_kill_takes_all_below_along_and_nobody_else)
{
    struct actor *tree[ALL];

    make_tree(tree);
    cr_assert_eq(actor_kill(tree[A]), 0);
    for (int i = 0; i < ALL; i++) {
        bool taken = i == A || i == A1 || i == A2 || i == DEEP;

        cr_assert_eq(actor_alive(tree[i]), !taken);
        if (taken)
            cr_assert_eq(actor_reason(tree[i])->code, REASON_KILLED);
    }
    cr_assert_str_eq(children_order_of_ends(), "");
    let_tree_go(tree);
}

CHILDREN_TEST(tree, the_end_of_a_child_takes_nobody_above_along)
{
    struct actor *tree[ALL];

    make_tree(tree);
    cr_assert_eq(actor_kill(tree[DEEP]), 0);
    cr_assert_eq(actor_stop(tree[A1], reason_error("broken"), ACTORS_PATIENCE_MS), 0);
    cr_assert(actor_alive(tree[A]));
    cr_assert(actor_alive(tree[TOP]));
    let_tree_go(tree);
}

CHILDREN_TEST(tree, one_that_has_ended_has_no_tree)
{
    struct actor *child = create("a");

    cr_assert_eq(actor_kill(child), 0);
    cr_assert_eq(registry_stop_tree(child, going_home()), ACTOR_E_NOPROC);
    actor_unref(child);
}

CHILDREN_TEST(tree, one_that_is_no_registry_is_just_stopped)
{
    struct probe *probe = probe_start_slow();

    cr_assert_eq(registry_stop_tree(&probe->actor, going_home()), 0);
    cr_assert_str_eq(probe_whole_story(probe), "terminate shutdown: going home, destroy");
}

CHILDREN_TEST(tree, one_that_would_be_started_again_is_not_while_what_it_hangs_from_ends)
{
    struct actor *tree[ALL];

    make_tree(tree);
    cr_assert_eq(registry_set_policy(tree[A1], NAME("deep"), tree[DEEP], RESTART_PERMANENT), 0);
    cr_assert_eq(registry_set_policy(tree[A], NAME("a1"), tree[A1], RESTART_PERMANENT), 0);
    cr_assert_eq(registry_set_policy(tree[TOP], NAME("b"), tree[B], RESTART_PERMANENT), 0);
    cr_assert_eq(registry_stop_tree(tree[TOP], REASON(NORMAL)), 0);
    cr_assert_str_eq(children_order_of_ends(), LEAVES_FIRST);
    cr_assert_eq(children_tried(), ALL);
    let_tree_go(tree);
}

/* ---- deep and wide ---- */

static struct actor *make_deep(int levels)
{
    struct actor *top = create("top");
    struct actor *at = actor_ref(top);

    for (int i = 1; i < levels; i++) {
        struct actor *below = create_below(at, "below");

        actor_unref(at);
        at = below;
    }
    actor_unref(at);
    return top;
}

static struct actor *make_wide(int count)
{
    struct actor *top = create("top");
    char name[16];

    for (int i = 1; i < count; i++) {
        snprintf(name, sizeof(name), "%d", i);
        actor_unref(create_below(top, name));
    }
    return top;
}

/* Queued, each stop needs a thread. */
static int with_calls(int count)
{
    return children_called_directly() ? count : 1000;
}

static int stop_top(void *top)
{
    return actor_stop(top, REASON(SHUTDOWN), ACTOR_FOREVER);
}

static int kill_top(void *top)
{
    return actor_kill(top);
}

static int stop_all(void *arg)
{
    (void)arg;
    children_stop_registry(REASON(SHUTDOWN));
    return 0;
}

CHILDREN_TEST(tree, a_deep_one_is_stopped_on_a_small_stack)
{
    struct actor *top = make_deep(with_calls(MANY));

    cr_assert_eq(helper_join(helper_start_on_small_stack(stop_tree, top)), 0);
    cr_assert_eq(children_ended_with("shutdown"), with_calls(MANY));
    actor_unref(top);
}

CHILDREN_TEST(tree, the_stop_of_a_deep_ones_top_needs_a_small_stack)
{
    struct actor *top = make_deep(with_calls(DEEP_ENOUGH));

    cr_assert_eq(helper_join(helper_start_on_small_stack(stop_top, top)), 0);
    cr_assert_eq(children_ended_with("shutdown"), with_calls(DEEP_ENOUGH));
    actor_unref(top);
}

CHILDREN_TEST(tree, the_kill_of_a_deep_ones_top_needs_a_small_stack)
{
    struct actor *top = make_deep(with_calls(MANY));

    cr_assert_eq(helper_join(helper_start_on_small_stack(kill_top, top)), 0);
    actor_unref(top);
}

CHILDREN_TEST(tree, the_end_of_the_registry_above_a_deep_one_needs_a_small_stack)
{
    actor_unref(make_deep(with_calls(DEEP_ENOUGH)));
    cr_assert_eq(helper_join(helper_start_on_small_stack(stop_all, NULL)), 0);
    cr_assert_eq(children_ended_with("shutdown"), with_calls(DEEP_ENOUGH));
}

CHILDREN_TEST(tree, a_wide_one_is_stopped)
{
    struct actor *top = make_wide(with_calls(MANY));

    cr_assert_eq(registry_stop_tree(top, REASON(SHUTDOWN)), 0);
    cr_assert_eq(children_ended_with("shutdown"), with_calls(MANY));
    actor_unref(top);
}

CHILDREN_TEST(tree, a_wide_one_is_killed)
{
    struct actor *top = make_wide(with_calls(MANY));

    kill_child(top);
}

/* ---- while it ends ---- */

static int create_one_below(void *parent)
{
    struct actor *child;
    int rc = registry_create(parent, NAME("new"), NULL, &child);

    if (rc == 0)
        actor_unref(child);
    return rc;
}

static void await_closed(struct actor *actor)
{
    while (create_one_below(actor) != ACTOR_E_SHUTDOWN)
        sched_yield();
}

CHILDREN_TEST(tree, nobody_is_started_in_it_once_its_end_has_begun)
{
    struct actor *tree[ALL];
    struct helper *stopper;
    struct gate gate;

    make_tree(tree);
    gate_init(&gate);
    children_hold_end(&gate);
    stopper = helper_start(stop_tree, tree[A]);
    cr_assert(gate_await(&gate, 1)); /* the deepest leaf is about to end */

    cr_assert_eq(create_one_below(tree[A]), ACTOR_E_SHUTDOWN);
    cr_assert_eq(create_one_below(tree[A1]), ACTOR_E_SHUTDOWN);
    cr_assert_eq(create_one_below(tree[TOP]), 0);
    cr_assert_eq(create_one_below(tree[B]), 0);

    gate_open(&gate);
    cr_assert_eq(helper_join(stopper), 0);
    children_hold_end(NULL);
    gate_deinit(&gate);
    let_tree_go(tree);
}

CHILDREN_TEST(tree, nobody_is_started_again_in_it_once_its_end_has_begun)
{
    struct actor *tree[ALL];
    struct helper *stopper;
    struct gate gate;

    make_tree(tree);
    cr_assert_eq(registry_set_policy(tree[A], NAME("a2"), tree[A2], RESTART_PERMANENT), 0);
    gate_init(&gate);
    children_hold_end(&gate);
    stopper = helper_start(stop_tree, tree[A]);
    cr_assert(gate_await(&gate, 1));

    cr_assert_eq(actor_kill(tree[A2]), 0);
    cr_assert_eq(create_one_below(tree[A]), ACTOR_E_SHUTDOWN);
    cr_assert_eq(children_tried(), ALL);

    gate_open(&gate);
    cr_assert_eq(helper_join(stopper), 0);
    children_hold_end(NULL);
    gate_deinit(&gate);
    let_tree_go(tree);
}

/* Somebody else began to end it: what it hangs from ends after it nevertheless. */
CHILDREN_TEST(tree, one_that_is_still_ending_is_waited_for)
{
    for (int round = 0; round < 20; round++) {
        struct probe *watcher = probe_start();
        struct actor *top = create("top");
        struct actor *child = create_below(top, "child");
        struct helper *first;
        struct helper *second;
        struct gate gate;

        probe_monitor_actor(watcher, 1, child);
        probe_monitor_actor(watcher, 2, top);
        gate_init(&gate);
        children_hold_end(&gate);
        first = helper_start(stop_tree, child);
        cr_assert(gate_await(&gate, 1));
        second = helper_start(round % 2 ? stop_tree : stop_top, top);
        if (round % 2)
            await_closed(top);
        for (int i = 0; i < 200; i++)
            sched_yield();
        gate_open(&gate);
        cr_assert_eq(helper_join(second), 0);
        cr_assert(actor_reason(child));
        cr_assert_eq(helper_join(first), 0);
        cr_assert_eq(probe_call(watcher, 1), 0);
        cr_assert_str_eq(probe_story(watcher), "down 1 shutdown, down 2 shutdown, call 1");
        children_hold_end(NULL);
        gate_deinit(&gate);
        actor_unref(child);
        actor_unref(top);
    }
}

CHILDREN_TEST(tree, a_kill_overtakes_its_stop)
{
    struct actor *tree[ALL];
    struct helper *stopper;
    struct gate gate;

    make_tree(tree);
    gate_init(&gate);
    children_hold_end(&gate);
    stopper = helper_start(stop_tree, tree[TOP]);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(actor_kill(tree[TOP]), 0);
    for (int i = 0; i < ALL; i++)
        cr_assert_eq(actor_reason(tree[i])->code, REASON_KILLED);
    gate_open(&gate);
    cr_assert_eq(helper_join(stopper), ACTOR_E_NOPROC);
    children_hold_end(NULL);
    gate_deinit(&gate);
    let_tree_go(tree);
}

/* ---- many at once ---- */

#define FANOUT 3
#define LEVELS 5

struct crowd {
    struct actor *top;
    struct actor *all[512]; /* with a reference each */
    int count;
};

static void grow(struct crowd *crowd, struct actor *parent, int levels)
{
    for (int i = 0; i < FANOUT && levels > 0; i++) {
        struct actor *child = create_below(parent, (const char[]){(char)('a' + i), '\0'});

        crowd->all[crowd->count++] = child;
        grow(crowd, child, levels - 1);
    }
}

static void make_crowd(struct crowd *crowd)
{
    *crowd = (struct crowd){.top = create("top")};
    crowd->all[crowd->count++] = actor_ref(crowd->top);
    grow(crowd, crowd->top, LEVELS);
}

static void let_crowd_go(struct crowd *crowd)
{
    for (int i = 0; i < crowd->count; i++) {
        cr_assert(actor_reason(crowd->all[i]), "number %d has been left over", i);
        actor_unref(crowd->all[i]);
    }
    actor_unref(crowd->top);
}

static int kill_some(void *arg)
{
    struct crowd *crowd = arg;
    unsigned seed = 1;

    for (int i = 0; i < 100; i++)
        (void)actor_kill(crowd->all[1 + rand_r(&seed) % (crowd->count - 1)]);
    return 0;
}

static int stop_some(void *arg)
{
    struct crowd *crowd = arg;
    unsigned seed = 2;

    for (int i = 0; i < 30; i++)
        (void)registry_stop_tree(crowd->all[1 + rand_r(&seed) % (crowd->count - 1)], REASON(NORMAL));
    return 0;
}

CHILDREN_TEST(tree, it_does_not_mind_those_that_end_meanwhile)
{
    for (int round = 0; round < 5; round++) {
        struct helper *helpers[3];
        struct crowd crowd;

        make_crowd(&crowd);
        helpers[0] = helper_start(kill_some, &crowd);
        helpers[1] = helper_start(stop_some, &crowd);
        helpers[2] = helper_start(stop_tree, crowd.top);
        for (int i = 0; i < 3; i++)
            cr_assert_eq(helper_join(helpers[i]), 0);
        let_crowd_go(&crowd);
    }
}

/* How many of them haven't ended when the stop returns. */
static int stop_and_count_the_living(void *arg)
{
    struct crowd *crowd = arg;
    int living = 0;
    int rc = registry_stop_tree(crowd->top, REASON(SHUTDOWN));

    must(rc == 0 || rc == ACTOR_E_NOPROC);
    for (int i = 0; i < crowd->count; i++)
        living += !actor_reason(crowd->all[i]);
    return living;
}

CHILDREN_TEST(tree, whoever_stops_it_finds_all_of_it_ended_however_many_do)
{
    for (int round = 0; round < 10; round++) {
        struct helper *helpers[THREADS];
        struct crowd crowd;

        make_crowd(&crowd);
        helpers[0] = helper_start(stop_some, &crowd);
        for (int i = 1; i < THREADS; i++)
            helpers[i] = helper_start(stop_and_count_the_living, &crowd);
        for (int i = 0; i < THREADS; i++)
            cr_assert_eq(helper_join(helpers[i]), 0);
        let_crowd_go(&crowd);
    }
}

/* Makes a chain of children below its argument until nobody is started there any more. */
static int create_until_the_end(void *arg)
{
    struct actor *at = actor_ref(arg);
    struct actor *child;
    int rc = 0;

    for (int i = 0; rc == 0; i++) {
        char name[32];

        snprintf(name, sizeof(name), "%lx.%d", (unsigned long)pthread_self(), i);
        rc = registry_create(at, NAME(name), NULL, &child);
        if (rc != 0)
            break;
        if (i % 100 == 99) { /* not too deep */
            actor_unref(child);
            child = actor_ref(arg);
        }
        actor_unref(at);
        at = child;
    }
    actor_unref(at);
    return rc;
}

CHILDREN_TEST(tree, it_misses_none_that_is_created_meanwhile)
{
    struct helper *creators[2];
    struct actor *top = create("top");

    for (int i = 0; i < 2; i++)
        creators[i] = helper_start(create_until_the_end, top);
    while (children_started() < 100)
        sched_yield();
    cr_assert_eq(registry_stop_tree(top, REASON(SHUTDOWN)), 0);
    cr_assert_eq(children_ended_with("shutdown"), children_started());
    for (int i = 0; i < 2; i++)
        cr_assert(actor_is_condition(helper_join(creators[i])));
    actor_unref(top);
}

/* ---- threads ---- */

/* The reserve thread is kept busy while they want a thread for their mail, and then finds that they have ended. */
static void ends_without_threads(void)
{
    struct probe *busy = probe_start_slow();
    struct probe *last = probe_start_slow();
    struct actor *top = make_deep(200);
    struct gate gate;
    int before;

    gate_init(&gate);
    faults_refuse_threads(true);
    probe_do_later(busy, pass_gate, &gate);
    cr_assert(gate_await(&gate, 1));
    before = faults_threads_refused();
    cr_assert_eq(registry_stop_tree(top, REASON(SHUTDOWN)), 0);
    cr_assert_eq(probe_cast(last, 1), 0);
    gate_open(&gate);
    cr_assert(probe_await(last, "cast 1"));
    cr_assert_leq(faults_threads_refused() - before, 3, "the registry's, the last one's, and another turn");
    faults_refuse_threads(false);
    gate_deinit(&gate);
    actor_unref(top);
}

Test(tree, those_that_have_ended_meanwhile_get_no_thread)
{
    children_run(ends_without_threads, true);
}
