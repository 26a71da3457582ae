#include "registry/registry.h"

#include "base/clock.h"
#include "base/table.h"
#include "lib/children.h"
#include "lib/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define NAME_MAX_BYTES 255

#define REGISTRY_TEST(sentence) CHILDREN_TEST(registry, sentence)

/* ---- the guide's ---- */

REGISTRY_TEST(spawns_buckets)
{
    struct actor *child;

    cr_assert_null(look(NAME("shopping")));

    cr_assert_eq(registry_create_cast(children_registry(), NAME("shopping")), 0);
    (void)stats(); /* a call: the cast before it has been handled */
    cr_assert_eq(registry_lookup(children_registry(), NAME("shopping"), &child), 0);

    cr_assert_eq(child_touch(child), 1);
    cr_assert_eq(child_touch(child), 2);
    actor_unref(child);
}

REGISTRY_TEST(removes_buckets_on_exit)
{
    struct actor *child = create("shopping");

    stop(child);
    cr_assert_null(look(NAME("shopping")));
    cr_assert_eq(stats().count, 0);
}

/* The probe asserts in its DOWN that the reference is the one that monitor gave. */
REGISTRY_TEST(gets_a_down_with_the_reference_that_monitor_gave)
{
    struct actor *child = create("shopping");
    struct probe *watcher = probe_start();

    probe_monitor_actor(watcher, 1, child);
    cr_assert_gt(watcher->refs[0], 0);
    stop(child);
    cr_assert(probe_await(watcher, "down 1 normal"));
}

REGISTRY_TEST(nothing_for_who_does_not_monitor)
{
    struct actor *child = create("shopping");
    struct probe *watcher = probe_start();

    stop(child);
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "call 1");
}

/* ---- create and lookup ---- */

REGISTRY_TEST(create_hands_out_the_child_that_lookup_finds)
{
    struct actor *child = create("shopping");

    cr_assert_eq(look(NAME("shopping")), child);
    cr_assert_null(look(NAME("shoppin")));
    cr_assert_null(look(NAME("shopping ")));
    actor_unref(child);
}

REGISTRY_TEST(create_says_exists_and_leaves_the_child_untouched)
{
    struct actor *child = create("shopping");
    struct registry_stats before = stats();
    struct actor *untouched = NULL;

    cr_assert_eq(child_touch(child), 1);
    cr_assert_eq(registry_create(registry_actor(children_registry()), NAME("shopping"), NULL, &untouched), REGISTRY_E_EXISTS);

    cr_assert_null(untouched);
    cr_assert_eq(look(NAME("shopping")), child);
    cr_assert_eq(child_touch(child), 2);
    cr_assert_eq(children_started(), 1);
    cr_assert_eq(stats().count, 1);
    cr_assert_eq(stats().changed_ns, before.changed_ns);
    actor_unref(child);
}

REGISTRY_TEST(a_cast_ignores_a_name_already_taken)
{
    struct actor *child = create("shopping");

    cr_assert_eq(registry_create_cast(children_registry(), NAME("shopping")), 0);
    (void)stats();
    cr_assert_eq(look(NAME("shopping")), child);
    cr_assert_eq(children_started(), 1);
    actor_unref(child);
}

REGISTRY_TEST(start_child_is_given_what_create_was_and_nothing_for_a_cast)
{
    int arg;
    struct actor *child;

    cr_assert_eq(registry_create(registry_actor(children_registry()), NAME("a"), &arg, &child), 0);
    cr_assert_eq(children_last_arg(), &arg);
    actor_unref(child);

    cr_assert_eq(registry_create_cast(children_registry(), NAME("b")), 0);
    (void)stats();
    cr_assert_null(children_last_arg());
}

REGISTRY_TEST(a_child_that_fails_to_start_leaves_nothing)
{
    static const int failures[][2] = {{-ENOMEM, -ENOMEM}, {ACTOR_E_INIT, REGISTRY_E_START}};
    struct registry_stats before = stats();
    struct actor *untouched = NULL;

    for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
        children_refuse(failures[i][0]);
        cr_assert_eq(registry_create(registry_actor(children_registry()), NAME("bad"), NULL, &untouched), failures[i][1]);
        cr_assert_eq(registry_create_cast(children_registry(), NAME("bad")), 0);
        cr_assert_eq(stats().count, 0);
        cr_assert_null(look(NAME("bad")));
    }
    cr_assert_null(untouched);
    cr_assert_eq(stats().changed_ns, before.changed_ns);

    children_refuse(0);
    actor_unref(create("bad"));
    cr_assert_eq(stats().count, 1);
}

/* Names that are alike, empty, long, or made of bytes that mean something elsewhere. */
REGISTRY_TEST(a_name_may_hold_any_bytes)
{
    char names[300][NAME_MAX_BYTES];
    size_t lengths[300];
    struct actor *children[300];
    int count = 0;

    for (int byte = 0; byte < 256; byte++) {
        names[count][0] = (char)byte;
        lengths[count++] = 1;
    }
    for (size_t length = 2; length < 20; length++) {
        memset(names[count], 0, length);
        lengths[count++] = length;
    }
    lengths[count++] = 0;
    memset(names[count], 0xff, NAME_MAX_BYTES);
    lengths[count++] = NAME_MAX_BYTES;
    memset(names[count], 0xff, NAME_MAX_BYTES - 1);
    lengths[count++] = NAME_MAX_BYTES - 1;

    for (int i = 0; i < count; i++)
        cr_assert_eq(registry_create(registry_actor(children_registry()), &(const struct child_name){names[i], lengths[i]}, NULL,
                                     &children[i]), 0);
    for (int i = 0; i < count; i++) {
        cr_assert_eq(look(&(const struct child_name){names[i], lengths[i]}), children[i]);
        kill_child(children[i]);
        cr_assert_null(look(&(const struct child_name){names[i], lengths[i]}));
    }
}

/* ---- what has ended ---- */

static int create_held(void *arg)
{
    struct actor *child;
    int rc = registry_create(registry_actor(children_registry()), NAME(arg), NULL, &child);

    if (rc == 0)
        actor_unref(child);
    return rc;
}

REGISTRY_TEST(lookup_of_an_ended_child_is_a_miss_before_its_down_was_handled)
{
    struct actor *child = create("shopping");
    struct helper *busy;
    struct gate gate;

    gate_init(&gate);
    children_hold_start(&gate);
    busy = helper_start(create_held, "busy");
    cr_assert(gate_await(&gate, 1)); /* the registry is inside a callback, and stays there */

    cr_assert_eq(look(NAME("shopping")), child);
    kill_child(child);
    cr_assert_null(look(NAME("shopping")));

    gate_open(&gate);
    cr_assert_eq(helper_join(busy), 0);
    children_hold_start(NULL);
    gate_deinit(&gate);
}

static int stop_held(void *child)
{
    return actor_stop(child, REASON(NORMAL), ACTORS_PATIENCE_MS);
}

/* Its DOWN, which comes when the name means another one, changes nothing. */
REGISTRY_TEST(a_child_that_is_still_ending_gives_its_name_up)
{
    struct actor *old = create("shopping");
    struct actor *new;
    struct helper *ender;
    struct gate gate;

    gate_init(&gate);
    children_hold_end(&gate);
    ender = helper_start(stop_held, old);
    cr_assert(gate_await(&gate, 1));

    cr_assert_null(look(NAME("shopping")));
    new = create("shopping");
    cr_assert_neq(new, old);
    cr_assert_eq(look(NAME("shopping")), new);
    cr_assert_eq(stats().count, 1);

    gate_open(&gate);
    cr_assert_eq(helper_join(ender), 0);
    cr_assert_eq(look(NAME("shopping")), new);
    cr_assert_eq(stats().count, 1);
    children_hold_end(NULL);
    actor_unref(old);
    actor_unref(new);
    children_stop_registry(REASON(NORMAL));
    gate_deinit(&gate);
}

static int end_and_create_again(void *arg)
{
    const char *name = arg;
    int rounds = children_called_directly() ? 2500 : 500;

    for (int i = 0; i < rounds; i++) {
        struct actor *child;

        if (registry_create(registry_actor(children_registry()), NAME(name), NULL, &child) != 0)
            return 1;
        if ((i % 2 ? actor_kill(child) : actor_stop(child, REASON(NORMAL), ACTORS_PATIENCE_MS)) != 0)
            return 2;
        actor_unref(child);
        if (registry_lookup(children_registry(), NAME(name), &child) != REGISTRY_E_NOT_FOUND)
            return 3;
    }
    return 0;
}

REGISTRY_TEST(a_name_is_free_as_soon_as_its_child_has_ended)
{
    static char names[THREADS][8] = {"a", "b", "c", "d"};
    struct helper *helpers[THREADS];

    for (int i = 0; i < THREADS; i++)
        helpers[i] = helper_start(end_and_create_again, names[i]);
    for (int i = 0; i < THREADS; i++)
        cr_expect_eq(helper_join(helpers[i]), 0);
    cr_assert_eq(stats().count, 0);
}

/* All want the same name: who gets it gets a child of its own. */
static int contend(void *arg)
{
    int rounds = children_called_directly() ? 2000 : 400;

    for (int i = 0; i < rounds; i++) {
        struct actor *child;
        int rc = registry_create(registry_actor(children_registry()), NAME("the one"), NULL, &child);

        if (rc == REGISTRY_E_EXISTS)
            continue;
        if (rc != 0)
            return 1;
        atomic_fetch_add((_Atomic int *)arg, 1);
        if (child_touch(child) != 1)
            return 2;
        if ((i % 2 ? actor_kill(child) : actor_stop(child, REASON(NORMAL), ACTORS_PATIENCE_MS)) != 0)
            return 3;
        actor_unref(child);
    }
    return 0;
}

REGISTRY_TEST(one_name_means_one_child_however_many_create_it)
{
    struct helper *helpers[THREADS];
    _Atomic int got = 0;

    for (int i = 0; i < THREADS; i++)
        helpers[i] = helper_start(contend, &got);
    for (int i = 0; i < THREADS; i++)
        cr_expect_eq(helper_join(helpers[i]), 0);
    cr_assert_gt(atomic_load(&got), 0);
    cr_assert_eq(atomic_load(&got), children_started());
    cr_assert_eq(stats().count, 0);
    actor_unref(create("the one"));
}

static _Atomic bool enough;

static int look_and_touch(void *arg)
{
    (void)arg;
    while (!atomic_load(&enough)) {
        struct actor *child;
        int touched;

        if (registry_lookup(children_registry(), NAME("x"), &child) != 0)
            continue;
        touched = child_touch(child);
        if (touched <= 0 && !actor_is_condition(-touched))
            return 1;
        actor_unref(child);
    }
    return 0;
}

REGISTRY_TEST(a_child_that_was_looked_up_stays_while_it_is_held)
{
    int64_t end = clock_monotonic_ns() + CLOCK_NS_PER_S / 3;
    struct helper *reader = helper_start(look_and_touch, NULL);

    while (clock_monotonic_ns() < end)
        kill_child(create("x"));
    atomic_store(&enough, true);
    cr_assert_eq(helper_join(reader), 0);
}

/* ---- listing ---- */

struct listing {
    char names[64][8];
    int count;
    int max; /* how many until it stops */
    uint64_t position;
};

static bool note_name(void *context, uint64_t position, const struct child_name *name, struct actor *child)
{
    struct listing *listing = context;

    if (listing->count == listing->max)
        return false;
    cr_assert(actor_alive(child));
    cr_assert_gt(position, listing->position);
    snprintf(listing->names[listing->count++], sizeof(*listing->names), "%.*s", (int)name->length,
             name->name);
    listing->position = position;
    return true;
}

static void list(struct listing *listing, int max)
{
    listing->count = 0;
    listing->max = max;
    cr_assert_eq(registry_list(registry_actor(children_registry()), listing->position, note_name, listing), 0);
}

REGISTRY_TEST(lists_children_in_the_order_in_which_they_came)
{
    struct listing listing = {0};

    actor_unref(create("c"));
    actor_unref(create("a"));
    actor_unref(create("b"));
    list(&listing, 64);
    cr_assert_eq(listing.count, 3);
    cr_assert_str_eq(listing.names[0], "c");
    cr_assert_str_eq(listing.names[1], "a");
    cr_assert_str_eq(listing.names[2], "b");
}

REGISTRY_TEST(a_listing_goes_on_behind_the_position_where_it_stopped)
{
    struct listing listing = {0};

    for (const char *name = "abcde"; *name; name++)
        actor_unref(create((const char[]){*name, '\0'}));
    for (const char *name = "abcde"; *name; name++) {
        list(&listing, 1);
        cr_assert_eq(listing.count, 1);
        cr_assert_eq(listing.names[0][0], *name);
    }
    list(&listing, 1);
    cr_assert_eq(listing.count, 0);
}

REGISTRY_TEST(a_child_that_is_still_ending_is_not_listed)
{
    struct actor *child = create("a");
    struct listing listing = {0};
    struct helper *ender;
    struct gate gate;

    actor_unref(create("b"));
    gate_init(&gate);
    children_hold_end(&gate);
    ender = helper_start(stop_held, child);
    cr_assert(gate_await(&gate, 1));

    list(&listing, 64);
    cr_assert_eq(listing.count, 1);
    cr_assert_str_eq(listing.names[0], "b");

    gate_open(&gate);
    cr_assert_eq(helper_join(ender), 0);
    actor_unref(child);
    children_stop_registry(REASON(NORMAL));
    gate_deinit(&gate);
}

enum { STAYING = 16, COMING = 24 };

static void toggle(struct actor **child, int number)
{
    char name[8];

    if (*child) {
        kill_child(*child);
        *child = NULL;
    } else {
        snprintf(name, sizeof(name), "c%d", number);
        *child = create(name);
    }
}

/* Lists all in batches of a few while others come and go; `seen` counts who stays. */
static void list_in_batches(unsigned *seed, struct actor **coming, int *seen)
{
    struct listing listing = {0};

    do {
        list(&listing, 1 + rand_r(seed) % 4);
        for (int i = 0; i < listing.count; i++) {
            if (listing.names[i][0] == 's')
                seen[atoi(listing.names[i] + 1)]++;
        }
        for (int i = rand_r(seed) % 4; i > 0; i--) {
            int number = rand_r(seed) % COMING;

            toggle(&coming[number], number);
        }
    } while (listing.count > 0);
}

REGISTRY_TEST(who_stays_is_listed_exactly_once_while_others_come_and_go)
{
    struct actor *coming[COMING] = {NULL};

    for (unsigned seed = 1; seed <= 20; seed++) {
        struct actor *staying[STAYING];
        unsigned state = seed;
        int seen[STAYING] = {0};
        char name[8];

        for (int i = 0; i < STAYING; i++) {
            toggle(&coming[i], i);
            snprintf(name, sizeof(name), "s%d", i);
            staying[i] = create(name);
        }
        list_in_batches(&state, coming, seen);
        for (int i = 0; i < STAYING; i++) {
            cr_assert_eq(seen[i], 1, "seed %u: s%d was listed %d times", seed, i, seen[i]);
            kill_child(staying[i]);
        }
    }
    for (int i = 0; i < COMING; i++)
        actor_unref(coming[i]);
}

REGISTRY_TEST(the_time_of_change_strictly_grows)
{
    int64_t last = stats().changed_ns;

    for (int i = 0; i < 200; i++) {
        struct actor *child = create("a");

        cr_assert_gt(stats().changed_ns, last);
        last = stats().changed_ns;
        kill_child(child);
        cr_assert_gt(stats().changed_ns, last);
        last = stats().changed_ns;
    }
    (void)look(NAME("a"));
    cr_assert_eq(stats().changed_ns, last);
}

/* ---- the end ---- */

REGISTRY_TEST(its_stop_stops_all_children_with_the_reason)
{
    struct probe *watcher = probe_start();
    char name[8];

    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "%d", i);
        actor_unref(create(name));
    }
    probe_monitor_actor(watcher, 1, registry_actor(children_registry()));
    children_stop_registry((struct reason){REASON_SHUTDOWN, strdup("going home")});
    cr_assert_eq(children_ended_with("shutdown: going home"), 100);
    cr_assert(probe_await(watcher, "down 1 shutdown: going home"));
}

static int kill_all(void *arg)
{
    struct actor **children = arg;

    for (int i = 0; i < 200; i++) {
        (void)actor_kill(children[i]);
        actor_unref(children[i]);
    }
    return 0;
}

REGISTRY_TEST(its_stop_does_not_mind_children_that_end_meanwhile)
{
    struct actor *children[200];
    struct helper *killer;
    char name[8];

    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "%d", i);
        children[i] = create(name);
    }
    killer = helper_start(kill_all, children);
    children_stop_registry(REASON(SHUTDOWN));
    cr_assert_eq(helper_join(killer), 0);
}

/* Creates until nobody answers any more; the registry is held until then. */
static int create_until_the_end(void *arg)
{
    struct actor *child;
    char name[16];
    int rc = 0;

    for (int i = 0; !actor_is_condition(rc); i++) {
        snprintf(name, sizeof(name), "%d", i);
        rc = registry_create(registry_actor(arg), NAME(name), NULL, &child);
        if (rc == 0)
            actor_unref(child);
    }
    return rc;
}

/* The fixture finds children that were missed. */
REGISTRY_TEST(its_stop_misses_no_child_that_is_created_meanwhile)
{
    struct registry *registry = children_registry();
    struct helper *creator;

    actor_ref(registry_actor(registry));
    creator = helper_start(create_until_the_end, registry);
    while (children_started() < 100)
        sched_yield();
    children_stop_registry(REASON(SHUTDOWN));
    (void)helper_join(creator);
    cr_assert_eq(children_ended_with("shutdown"), children_started());
    registry_unref(registry);
}

REGISTRY_TEST(who_holds_an_ended_registry_gets_an_answer)
{
    struct registry *registry = children_registry();
    struct registry_stats untouched;
    struct actor *child = NULL;

    actor_unref(create("shopping"));
    actor_ref(registry_actor(registry));
    children_stop_registry(REASON(NORMAL));

    cr_assert_eq(registry_lookup(registry, NAME("shopping"), &child), REGISTRY_E_NOT_FOUND);
    cr_assert_eq(registry_create(registry_actor(registry), NAME("shopping"), NULL, &child), ACTOR_E_NOPROC);
    cr_assert_eq(registry_create_cast(registry, NAME("shopping")), 0);
    cr_assert_eq(registry_list(registry_actor(registry), 0, NULL, NULL), ACTOR_E_NOPROC);
    cr_assert_eq(registry_get_stats(registry, &untouched), ACTOR_E_NOPROC);
    cr_assert_null(child);
    registry_unref(registry);
}

REGISTRY_TEST(a_killed_registry_takes_its_children_along)
{
    struct actor *child = create("shopping");

    cr_assert_eq(actor_kill(registry_actor(children_registry())), 0);
    cr_assert_eq(actor_reason(child)->code, REASON_KILLED);
    cr_assert_eq(children_ended_with("killed"), 0, "no terminate");
    cr_assert_null(look(NAME("shopping")));
    actor_unref(child);
}

static int create_and_kill(void *arg)
{
    struct actor *child;
    int rc = registry_create(registry_actor(children_registry()), NAME(arg), NULL, &child);

    if (rc == 0) {
        (void)actor_kill(child);
        actor_unref(child);
    }
    return rc;
}

REGISTRY_TEST(a_registry_killed_while_it_starts_a_child_leaks_nothing)
{
    struct actor *other = create("other");
    struct helper *creator;
    struct gate gate;

    gate_init(&gate);
    children_hold_start(&gate);
    creator = helper_start(create_and_kill, "shopping");
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(actor_kill(registry_actor(children_registry())), 0);
    cr_assert_not(actor_alive(other));
    actor_unref(other);
    gate_open(&gate);

    cr_assert_eq(helper_join(creator), 0);
    gate_deinit(&gate);
}

/* ---- memory ---- */

/* What the first use of this and that may cost beside: less than a byte a name. */
enum { FIRST = 1000, ALL = 100000, SLACK = 64 << 10 };

static void make_and_remove(int from, int to)
{
    char name[64];

    for (int i = from; i < to; i++) {
        snprintf(name, sizeof(name), "a name that nobody has ever had before, %d", i);
        kill_child(create(name));
        if (i % 1000 == 999)
            table_barrier();
    }
    (void)stats();
    table_barrier();
}

REGISTRY_TEST(names_made_and_removed_give_their_memory_back)
{
    int all = children_called_directly() ? ALL : ALL / 20;
    size_t before;
    size_t after;

    make_and_remove(0, FIRST);
    before = memory_in_use();
    make_and_remove(FIRST, all);
    after = memory_in_use();
    cr_assert_leq(after, before + before / 10 + SLACK, "%zu bytes, then %zu", before, after);
}

/* The table has grown for them, and may shrink later than they go. */
REGISTRY_TEST(names_that_were_there_at_once_give_their_memory_back)
{
    enum { MANY = 20000 };
    struct actor **children = calloc(MANY, sizeof(*children));
    int many = children_called_directly() ? MANY : MANY / 10;
    size_t before;
    size_t full;
    char name[16];

    make_and_remove(0, FIRST);
    before = memory_in_use();
    for (int i = 0; i < many; i++) {
        snprintf(name, sizeof(name), "%d", i);
        children[i] = create(name);
    }
    full = memory_in_use();
    for (int i = 0; i < many; i++)
        kill_child(children[i]);
    make_and_remove(0, FIRST);
    cr_assert_lt(memory_in_use() - before, (full - before) / 10);
    free(children);
}
