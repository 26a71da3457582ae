/*
 * Who is started again, how often, and that the name stays meanwhile. The
 * intensity is 3 in 5 s; the clock is turned by hand.
 */
#include "actor/restart.h"

#include "base/clock.h"
#include "base/table.h"
#include "lib/children.h"
#include "lib/memory.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD_NS (5 * CLOCK_NS_PER_S)
/* Four restarts in a row are never within one period. */
#define PACE_NS (PERIOD_NS / 3 + 1)
#define MAX_RESTARTS 3
#define READERS 2

static void (*body_by_hand)(void);

static void run_by_hand(void)
{
    clock_hold();
    body_by_hand();
    clock_let_go();
}

/* Time stands still unless the test turns it. */
#define RESTART_TEST(sentence)                                                                               \
    static void sentence##_by_hand(void);                                                                    \
    CHILDREN_TEST(restart, sentence)                                                                         \
    {                                                                                                        \
        body_by_hand = sentence##_by_hand;                                                                   \
        run_by_hand();                                                                                       \
    }                                                                                                        \
    static void sentence##_by_hand(void)

static struct actor *root(void)
{
    return registry_actor(children_registry());
}

/* Without a reference; NULL if there is none. */
static struct actor *find_below(struct actor *parent, const char *name)
{
    struct actor *child;

    if (registry_find(parent, NAME(name), &child) != 0)
        return NULL;
    actor_unref(child);
    return child;
}

static void set_policy(const char *name, struct actor *child, enum restart_policy policy)
{
    cr_assert_eq(registry_set_policy(root(), NAME(name), child, policy), 0);
}

static struct actor *create_with(const char *name, enum restart_policy policy)
{
    struct actor *child = create(name);

    set_policy(name, child, policy);
    return child;
}

static struct child_status status_of(const char *name)
{
    struct child_status status;

    cr_assert_eq(registry_get_status(root(), NAME(name), look(NAME(name)), &status), 0);
    return status;
}

/* Kills whoever has the name, `times` times; each time it means another. */
static void kill_again(const char *name, int times)
{
    for (int i = 0; i < times; i++) {
        struct actor *child;

        cr_assert_eq(registry_lookup(children_registry(), NAME(name), &child), 0);
        kill_child(child);
    }
}

/* ---- who is ---- */

/* Every end that there is; the last two are normal ones. */
static const struct {
    enum reason_code code;
    const char *text;
} ends[] = {
    {REASON_KILLED, NULL},       {REASON_ERROR, "broken"},  {REASON_NOPROC, NULL},
    {REASON_NOCONNECTION, NULL}, {REASON_SHUTDOWN, "late"}, {REASON_SHUTDOWN, NULL},
    {REASON_NORMAL, NULL},
};
enum { ENDS = sizeof(ends) / sizeof(*ends), ABNORMAL = 4 };

static void end_by(struct actor *child, int which)
{
    struct reason reason = {ends[which].code, ends[which].text ? strdup(ends[which].text) : NULL};

    if (reason.code == REASON_KILLED)
        cr_assert_eq(actor_kill(child), 0);
    else
        cr_assert_eq(actor_stop(child, reason, ACTORS_PATIENCE_MS), 0);
}

/* The first `wanted` of the ends lead to a restart, the others don't. */
static void is_restarted_after_the_first(int wanted, enum restart_policy policy)
{
    for (int i = 0; i < ENDS; i++) {
        struct actor *child = create_with("a", policy);
        struct actor *next;

        end_by(child, i);
        next = look(NAME("a"));
        cr_assert_neq(next, child);
        cr_assert_eq(next != NULL, i < wanted, "end %d", i);
        cr_assert_eq(stats().count, i < wanted);
        if (next)
            cr_assert_eq(registry_remove(root(), NAME("a")), 0);
        actor_unref(child);
    }
}

RESTART_TEST(a_temporary_child_is_never_started_again)
{
    is_restarted_after_the_first(0, RESTART_TEMPORARY);
}

RESTART_TEST(a_transient_child_is_started_again_after_an_abnormal_end)
{
    is_restarted_after_the_first(ABNORMAL, RESTART_TRANSIENT);
}

RESTART_TEST(a_permanent_child_is_started_again_after_every_end)
{
    is_restarted_after_the_first(ENDS, RESTART_PERMANENT);
}

RESTART_TEST(a_child_is_temporary_unless_told)
{
    struct actor *child = create("a");
    struct child_status status = status_of("a");

    cr_assert_eq(status.policy, RESTART_TEMPORARY);
    cr_assert_eq(status.restarts, 0);
    kill_child(child);
    cr_assert_null(look(NAME("a")));
    cr_assert_eq(children_started(), 1);
}

RESTART_TEST(the_policy_that_was_set_last_counts)
{
    struct actor *child = create_with("a", RESTART_PERMANENT);

    set_policy("a", child, RESTART_TEMPORARY);
    kill_child(child);
    cr_assert_null(look(NAME("a")));
    child = create_with("b", RESTART_TEMPORARY);
    set_policy("b", child, RESTART_TRANSIENT);
    kill_child(child);
    child = look(NAME("b"));
    cr_assert(child);
    set_policy("b", child, RESTART_TEMPORARY);
    kill_again("b", 1);
    cr_assert_null(look(NAME("b")));
}

RESTART_TEST(who_is_started_again_begins_anew_in_the_place_of_the_one_that_ended)
{
    struct actor *old = create_with("a", RESTART_PERMANENT);
    struct probe *watcher = probe_start();
    struct actor *new;

    cr_assert_eq(child_touch(old), 1);
    cr_assert_eq(child_touch(old), 2);
    probe_monitor_actor(watcher, 1, old);
    cr_assert_eq(actor_kill(old), 0);

    cr_assert_eq(registry_lookup(children_registry(), NAME("a"), &new), 0);
    cr_assert_neq(new, old);
    cr_assert_eq(child_touch(new), 1);
    cr_assert_eq(children_last_predecessor(), old);
    cr_assert_null(children_last_arg());
    cr_assert(probe_await(watcher, "down 1 killed"));
    actor_unref(old);
    actor_unref(new);
}

static int kill_held(void *child)
{
    return actor_kill(child);
}

/* Waits until the name means another; false if it means none. */
static bool await_another(const struct actor *old)
{
    const struct actor *now;

    while ((now = look(NAME("a"))) == old)
        continue;
    return now != NULL;
}

static int count_down(struct probe *self, void *arg)
{
    (void)self;
    (*(int *)arg)++;
    return 0;
}

RESTART_TEST(every_down_of_the_old_one_is_there_before_the_new_one_is_seen)
{
    int rounds = children_called_directly() ? 500 : 100;
    int downs = 0;
    struct probe *watcher = probe_start_with(&(struct probe_options){.down = count_down, .arg = &downs});
    struct actor *old = create_with("a", RESTART_PERMANENT);

    for (int i = 0; i < rounds; i++) {
        struct helper *killer;

        downs = 0;
        for (int number = 1; number <= PROBE_MONITORS; number++)
            probe_monitor_actor(watcher, number, old);
        killer = helper_start(kill_held, old);
        cr_assert(await_another(old));
        cr_assert_eq(probe_call(watcher, 1), 0); /* its mail comes first */
        cr_assert_eq(downs, PROBE_MONITORS);
        cr_assert_eq(helper_join(killer), 0);
        clock_turn(PACE_NS);
        actor_unref(old);
        cr_assert_eq(registry_lookup(children_registry(), NAME("a"), &old), 0);
    }
    actor_unref(old);
}

RESTART_TEST(it_keeps_its_policy_and_its_restarts_are_counted)
{
    actor_unref(create_with("a", RESTART_TRANSIENT));
    for (uint32_t i = 1; i <= MAX_RESTARTS; i++) {
        kill_again("a", 1);
        cr_assert_eq(status_of("a").policy, RESTART_TRANSIENT);
        cr_assert_eq(status_of("a").restarts, i);
    }
}

RESTART_TEST(a_restart_changes_the_names)
{
    int64_t before;

    actor_unref(create_with("a", RESTART_PERMANENT));
    before = stats().changed_ns;
    kill_again("a", 1);
    cr_assert_eq(stats().count, 1);
    cr_assert_gt(stats().changed_ns, before);
}

/* ---- how often ---- */

RESTART_TEST(one_that_ends_too_often_is_given_up_and_no_other)
{
    struct actor *other = create_with("other", RESTART_PERMANENT);

    actor_unref(create_with("a", RESTART_PERMANENT));
    kill_again("a", MAX_RESTARTS);
    cr_assert(look(NAME("a")));
    kill_again("a", 1);
    cr_assert_null(look(NAME("a")));
    cr_assert_eq(stats().count, 1);
    cr_assert_eq(look(NAME("other")), other);
    cr_assert(actor_alive(root()));
    actor_unref(other);
}

RESTART_TEST(a_name_that_was_given_up_is_free_and_has_no_past)
{
    actor_unref(create_with("a", RESTART_PERMANENT));
    kill_again("a", MAX_RESTARTS + 1);

    actor_unref(create("a"));
    cr_assert_eq(status_of("a").policy, RESTART_TEMPORARY);
    cr_assert_eq(status_of("a").restarts, 0);
    set_policy("a", look(NAME("a")), RESTART_PERMANENT);
    kill_again("a", MAX_RESTARTS);
    cr_assert(look(NAME("a")));
}

/* As in OTP, a restart exactly a period ago still counts. */
RESTART_TEST(a_restart_counts_for_a_period_and_no_longer)
{
    actor_unref(create_with("a", RESTART_PERMANENT));
    actor_unref(create_with("b", RESTART_PERMANENT));
    kill_again("a", MAX_RESTARTS);
    kill_again("b", MAX_RESTARTS);

    clock_turn(PERIOD_NS);
    kill_again("a", 1);
    cr_assert_null(look(NAME("a")));
    clock_turn(1);
    kill_again("b", 1);
    cr_assert(look(NAME("b")));
}

/* At a pace below the intensity. */
static void end_again_and_again(int (*end)(struct actor *child), int times)
{
    for (int i = 0; i < times; i++) {
        struct actor *child;

        cr_assert_eq(registry_lookup(children_registry(), NAME("a"), &child), 0);
        cr_assert_eq(end(child), 0);
        actor_unref(child);
        cr_assert(look(NAME("a")));
        clock_turn(PACE_NS);
    }
}

RESTART_TEST(below_the_intensity_it_is_never_given_up)
{
    actor_unref(create_with("a", RESTART_PERMANENT));
    end_again_and_again(actor_kill, 200);
    cr_assert_eq(status_of("a").restarts, 200);
}

RESTART_TEST(each_child_has_an_intensity_of_its_own)
{
    char name[8];

    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "%d", i);
        actor_unref(create_with(name, RESTART_PERMANENT));
        kill_again(name, MAX_RESTARTS);
    }
    cr_assert_eq(stats().count, 20);
}

RESTART_TEST(a_start_that_fails_counts_as_a_restart)
{
    actor_unref(create_with("a", RESTART_PERMANENT));
    children_refuse_next(MAX_RESTARTS - 1);
    kill_again("a", 1);
    cr_assert(look(NAME("a")), "the third attempt works");
    cr_assert_eq(status_of("a").restarts, MAX_RESTARTS);
    kill_again("a", 1);
    cr_assert_null(look(NAME("a")));
}

RESTART_TEST(one_whose_start_fails_too_often_is_given_up)
{
    actor_unref(create_with("a", RESTART_PERMANENT));
    children_refuse(-ENOMEM);
    kill_again("a", 1);
    cr_assert_null(look(NAME("a")));
    cr_assert_eq(stats().count, 0);
    cr_assert_eq(children_tried(), 1 + MAX_RESTARTS);

    children_refuse(0);
    actor_unref(create("a"));
}

/* ---- the name stays ---- */

RESTART_TEST(create_of_one_that_is_started_again_says_exists)
{
    struct actor *untouched = NULL;

    actor_unref(create_with("a", RESTART_PERMANENT));
    for (int i = 0; i < MAX_RESTARTS; i++) {
        kill_again("a", 1);
        cr_assert_eq(registry_create(root(), NAME("a"), NULL, &untouched), REGISTRY_E_EXISTS);
    }
    cr_assert_null(untouched);
    kill_again("a", 1);
    actor_unref(create("a"));
}

static int stop_held(void *child)
{
    return actor_stop(child, REASON(NORMAL), ACTORS_PATIENCE_MS);
}

static int look_held(void *name)
{
    struct actor *child;
    int rc = registry_lookup(children_registry(), NAME(name), &child);

    if (rc == 0)
        actor_unref(child);
    return rc;
}

static int create_held(void *name)
{
    struct actor *child;
    int rc = registry_create(root(), NAME(name), NULL, &child);

    if (rc == 0)
        actor_unref(child);
    return rc;
}

RESTART_TEST(whoever_asks_while_it_is_started_again_waits_for_the_new_one)
{
    struct actor *old = create_with("a", RESTART_PERMANENT);
    struct helper *reader;
    struct helper *creator;
    struct gate gate;

    gate_init(&gate);
    children_hold_start(&gate);
    cr_assert_eq(actor_kill(old), 0);
    reader = helper_start(look_held, "a");
    cr_assert(gate_await(&gate, 1));
    creator = helper_start(create_held, "a");

    gate_open(&gate);
    cr_assert_eq(helper_join(reader), 0);
    cr_assert_eq(helper_join(creator), REGISTRY_E_EXISTS);
    cr_assert_neq(look(NAME("a")), old);
    children_hold_start(NULL);
    gate_deinit(&gate);
    actor_unref(old);
}

/* It is no longer alive, but whether it is wanted again is only known by its reason. */
RESTART_TEST(one_that_is_still_ending_keeps_its_name)
{
    struct actor *old = create_with("a", RESTART_PERMANENT);
    struct helper *helpers[3];
    struct gate gate;

    gate_init(&gate);
    children_hold_end(&gate);
    helpers[0] = helper_start(stop_held, old);
    cr_assert(gate_await(&gate, 1));
    helpers[1] = helper_start(look_held, "a");
    helpers[2] = helper_start(create_held, "a");

    for (int i = 0; i < 100; i++)
        sched_yield();
    gate_open(&gate);
    cr_assert_eq(helper_join(helpers[0]), 0);
    cr_assert_eq(helper_join(helpers[1]), 0);
    cr_assert_eq(helper_join(helpers[2]), REGISTRY_E_EXISTS);
    cr_assert_eq(stats().count, 1);
    cr_assert_eq(status_of("a").restarts, 1);
    cr_assert_eq(status_of("a").policy, RESTART_PERMANENT);
    children_hold_end(NULL);
    actor_unref(old);
    children_stop_registry(REASON(SHUTDOWN));
    gate_deinit(&gate);
}

static _Atomic bool enough;

struct reader {
    struct helper *helper;
    int (*read)(void); /* 0, or what was wrong */
    _Atomic int good;
};

/* The turned clock may end a call's time. */
static int read_always(void *arg)
{
    struct reader *reader = arg;

    while (!atomic_load(&enough)) {
        int rc = reader->read();

        if (rc != 0 && rc != ACTOR_E_TIMEOUT)
            return rc;
        atomic_fetch_add(&reader->good, rc == 0);
    }
    return 0;
}

static int look_for_it(void)
{
    return look_held("a");
}

static bool count_one(void *context, uint64_t position, const struct child_name *name, struct actor *child)
{
    (void)position;
    (void)name;
    (void)child;
    (*(int *)context)++;
    return true;
}

/* It is alone. */
static int list_it(void)
{
    int count = 0;
    int rc = registry_list(root(), 0, count_one, &count);

    return rc == 0 && count != 1 ? REGISTRY_E_NOT_FOUND : rc;
}

static int walk_to_it(void)
{
    struct child_status status;
    struct actor *child = NULL;
    uint64_t position = 0;
    int rc = registry_next(root(), &position, &child, &status);

    if (rc == 0 && !child)
        return REGISTRY_E_NOT_FOUND;
    actor_unref(child);
    return rc;
}

static void end_while_others_read(int (*end)(struct actor *child), int (*read)(void))
{
    struct reader readers[READERS] = {{0}};

    actor_unref(create_with("a", RESTART_PERMANENT));
    for (int i = 0; i < READERS; i++) {
        readers[i].read = read;
        readers[i].helper = helper_start(read_always, &readers[i]);
        while (atomic_load(&readers[i].good) == 0)
            sched_yield();
    }
    end_again_and_again(end, children_called_directly() ? 2000 : 500);
    atomic_store(&enough, true);
    for (int i = 0; i < READERS; i++) {
        int rc = helper_join(readers[i].helper);

        cr_expect_eq(rc, 0, "a reader was answered %d", rc);
    }
}

RESTART_TEST(a_lookup_never_misses_a_permanent_child_that_is_killed_again_and_again)
{
    end_while_others_read(actor_kill, look_for_it);
}

static int stop_normally(struct actor *child)
{
    return actor_stop(child, REASON(NORMAL), ACTORS_PATIENCE_MS);
}

RESTART_TEST(a_lookup_never_misses_a_permanent_child_that_is_stopped_again_and_again)
{
    end_while_others_read(stop_normally, look_for_it);
}

RESTART_TEST(a_listing_never_misses_a_permanent_child_that_is_killed_again_and_again)
{
    end_while_others_read(actor_kill, list_it);
}

RESTART_TEST(a_listing_never_misses_a_permanent_child_that_is_stopped_again_and_again)
{
    end_while_others_read(stop_normally, list_it);
}

RESTART_TEST(a_walk_never_misses_a_permanent_child_that_is_killed_again_and_again)
{
    end_while_others_read(actor_kill, walk_to_it);
}

struct listing {
    char names[64];
    uint64_t positions[8];
    struct actor *children[8]; /* borrowed */
    int count;
};

static bool note_all(void *context, uint64_t position, const struct child_name *name, struct actor *child)
{
    struct listing *listing = context;

    strncat(listing->names, name->name, name->length);
    listing->positions[listing->count] = position;
    listing->children[listing->count++] = child;
    return true;
}

RESTART_TEST(one_that_is_started_again_keeps_its_position)
{
    struct listing before = {.count = 0};
    struct listing after = {.count = 0};

    for (const char *name = "abcd"; *name; name++)
        actor_unref(create_with((const char[]){*name, '\0'}, RESTART_PERMANENT));
    cr_assert_eq(registry_list(root(), 0, note_all, &before), 0);
    kill_again("b", 2);
    kill_again("d", 1);
    cr_assert_eq(registry_list(root(), 0, note_all, &after), 0);

    cr_assert_str_eq(after.names, "abcd");
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(after.positions[i], before.positions[i]);
        cr_assert_eq(after.children[i] == before.children[i], i % 2 == 0);
    }
}

/* ---- the end for good ---- */

RESTART_TEST(remove_of_a_permanent_child_is_for_good)
{
    struct actor *child = create_with("a", RESTART_PERMANENT);

    cr_assert_eq(registry_remove(root(), NAME("a")), 0);
    cr_assert_not(actor_alive(child));
    cr_assert_null(look(NAME("a")));
    cr_assert_eq(stats().count, 0);
    cr_assert_eq(children_started(), 1);
    cr_assert_eq(registry_remove(root(), NAME("a")), REGISTRY_E_NOT_FOUND);
    actor_unref(child);
}

RESTART_TEST(remove_of_one_that_was_just_killed_is_for_good_too)
{
    actor_unref(create_with("a", RESTART_PERMANENT));
    kill_again("a", 1);
    cr_assert_eq(registry_remove(root(), NAME("a")), 0);
    cr_assert_null(look(NAME("a")));
    cr_assert_eq(stats().count, 0);
}

RESTART_TEST(remove_ends_a_permanent_child_for_good_whoever_kills_it_meanwhile)
{
    int rounds = children_called_directly() ? 2000 : 400;

    for (int i = 0; i < rounds; i++) {
        struct actor *child = create_with("a", RESTART_PERMANENT);
        struct helper *killer = helper_start(kill_held, child);

        cr_assert_eq(registry_remove(root(), NAME("a")), 0);
        (void)helper_join(killer);
        cr_assert_null(look(NAME("a")));
        cr_assert_eq(stats().count, 0);
        actor_unref(child);
    }
}

RESTART_TEST(an_ended_registry_starts_nobody_again)
{
    struct actor *children[4];

    for (int i = 0; i < 4; i++)
        children[i] = create_with((const char[]){(char)('a' + i), '\0'}, RESTART_PERMANENT);
    if (children_called_directly())
        children_stop_registry(REASON(SHUTDOWN));
    else
        cr_assert_eq(actor_kill(root()), 0);
    for (int i = 0; i < 4; i++) {
        cr_assert_not(actor_alive(children[i]));
        actor_unref(children[i]);
    }
    cr_assert_eq(children_tried(), 4);
}

static bool wait_at_gate(void *gate, uint64_t position, const struct child_name *name, struct actor *child)
{
    (void)position;
    (void)name;
    (void)child;
    gate_pass(gate);
    return true;
}

static int list_held(void *gate)
{
    return registry_list(root(), 0, wait_at_gate, gate);
}

/* Its last callback finds that all its children have ended. */
RESTART_TEST(a_killed_registry_starts_nobody_again)
{
    struct helper *lister;
    struct gate gate;

    actor_unref(create_with("a", RESTART_PERMANENT));
    actor_unref(create_with("b", RESTART_PERMANENT));
    gate_init(&gate);
    lister = helper_start(list_held, &gate);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(actor_kill(root()), 0);
    gate_open(&gate);
    (void)helper_join(lister);
    cr_assert_eq(children_tried(), 2);
    gate_deinit(&gate);
}

RESTART_TEST(a_registry_killed_while_it_starts_a_child_again_leaks_nothing)
{
    struct actor *old = create_with("a", RESTART_PERMANENT);
    struct helper *reader;
    struct gate gate;
    int rc;

    gate_init(&gate);
    children_hold_start(&gate);
    cr_assert_eq(actor_kill(old), 0);
    reader = helper_start(look_held, "a");
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(actor_kill(root()), 0);
    gate_open(&gate);
    rc = helper_join(reader);
    cr_assert(rc == 0 || rc == REGISTRY_E_NOT_FOUND || actor_is_condition(rc));
    gate_deinit(&gate);
    actor_unref(old);
}

/* ---- incarnations ---- */

RESTART_TEST(who_holds_an_old_incarnation_does_not_speak_of_the_new_one)
{
    struct actor *old = create_with("a", RESTART_PERMANENT);
    struct child_status untouched = {.restarts = 77};

    cr_assert_eq(actor_kill(old), 0);
    cr_assert(look(NAME("a")));
    cr_assert_eq(registry_set_policy(root(), NAME("a"), old, RESTART_TEMPORARY), REGISTRY_E_NOT_FOUND);
    cr_assert_eq(registry_get_status(root(), NAME("a"), old, &untouched), REGISTRY_E_NOT_FOUND);
    cr_assert_eq(untouched.restarts, 77);
    cr_assert_eq(status_of("a").policy, RESTART_PERMANENT);
    actor_unref(old);
}

RESTART_TEST(a_policy_is_set_for_who_has_the_name)
{
    struct actor *a = create("a");
    struct actor *b = create("b");

    cr_assert_eq(registry_set_policy(root(), NAME("b"), a, RESTART_PERMANENT), REGISTRY_E_NOT_FOUND);
    cr_assert_eq(registry_set_policy(root(), NAME("c"), a, RESTART_PERMANENT), REGISTRY_E_NOT_FOUND);
    cr_assert_eq(status_of("a").policy, RESTART_TEMPORARY);
    cr_assert_eq(status_of("b").policy, RESTART_TEMPORARY);
    actor_unref(a);
    actor_unref(b);
}

/* ---- below a child ---- */

/* Few children are searched one by one, many in a table. */
static void are_started_again_below_a_child(int count)
{
    struct actor *parent = create("parent");
    char name[8];

    for (int i = 0; i < count; i++) {
        struct actor *child;

        snprintf(name, sizeof(name), "%d", i);
        child = create_below(parent, name);
        cr_assert_eq(registry_set_policy(parent, NAME(name), child, i % 2 ? RESTART_PERMANENT : 0), 0);
        kill_child(child);
    }
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%d", i);
        cr_assert_eq(find_below(parent, name) != NULL, i % 2);
        if (i % 2)
            cr_assert_eq(child_touch(find_below(parent, name)), 1);
    }
    actor_unref(parent);
}

RESTART_TEST(few_children_of_a_child_are_started_again)
{
    are_started_again_below_a_child(5);
}

RESTART_TEST(many_children_of_a_child_are_started_again)
{
    are_started_again_below_a_child(50);
}

RESTART_TEST(giving_up_takes_the_name_and_what_is_below_it_and_nothing_else)
{
    struct actor *parent = create("parent");
    struct actor *sibling = create_below(parent, "sibling");
    struct actor *below = NULL;

    actor_unref(create_below(parent, "bad"));
    for (int i = 0; i <= MAX_RESTARTS; i++) {
        struct actor *bad = actor_ref(find_below(parent, "bad"));

        cr_assert_eq(registry_set_policy(parent, NAME("bad"), bad, RESTART_PERMANENT), 0);
        cr_assert_null(find_below(bad, "below"), "it begins anew");
        actor_unref(below);
        below = create_below(bad, "below");
        kill_child(bad);
        cr_assert_eq(actor_reason(below)->code, REASON_KILLED);
    }
    cr_assert_null(find_below(parent, "bad"));
    cr_assert(actor_alive(sibling));
    cr_assert(actor_alive(parent));
    actor_unref(below);
    actor_unref(sibling);
    actor_unref(parent);
}

/* ---- memory ---- */

static void restart_often(int times)
{
    for (int i = 0; i < times; i += 1000) {
        end_again_and_again(actor_kill, 1000);
        table_barrier();
    }
    (void)stats();
    table_barrier();
}

RESTART_TEST(restarts_give_their_memory_back)
{
    enum { FIRST = 1000, SLACK = 64 << 10 };
    int all = children_called_directly() ? 50000 : 5000;
    size_t before;
    size_t after;

    actor_unref(create_with("a", RESTART_PERMANENT));
    restart_often(FIRST);
    before = memory_in_use();
    restart_often(all);
    after = memory_in_use();
    cr_assert_leq(after, before + before / 10 + SLACK, "%zu bytes, then %zu", before, after);
}
