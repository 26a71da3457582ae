/* Many that are linked, children that follow their parents, and links that are made and undone while their actors end. */
#include "lib/actors.h"

#include "base/clock.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MANY 20000
#define SMALL_STACK (256 * 1024)
#define THREADS 4

/* An actor that does nothing. */
struct bead {
    struct actor actor;
    struct monitor fate;
    int number;
    int destroyed_as; /* of all, from 1; guarded by being the actor */
};

static struct bead *beads[MANY];
static _Atomic int destroyed;
static _Atomic int freed;

static struct bead *bead_of(struct actor *actor)
{
    return message_container(actor, struct bead, actor);
}

static void bead_destroy(struct actor *self)
{
    must(bead_of(self)->destroyed_as == 0);
    bead_of(self)->destroyed_as = atomic_fetch_add(&destroyed, 1) + 1;
}

static void bead_free(struct actor *self)
{
    must(bead_of(self)->destroyed_as > 0);
    free(bead_of(self));
    atomic_fetch_add(&freed, 1);
}

static const struct actor_class bead_class = {
    .name = "bead", .prompt = true, .destroy = bead_destroy, .free = bead_free};

/* With a parent, or NULL. */
static struct bead *bead_start(int number, struct bead *parent)
{
    struct bead *bead = calloc(1, sizeof(*bead));
    struct reason reason;
    int rc;

    must(bead);
    bead->number = number;
    rc = parent ? actor_start_link(&parent->actor, &bead->actor, &bead_class, actors_runtime(), NULL, &reason)
                : actor_start(&bead->actor, &bead_class, actors_runtime(), NULL, &reason);
    must(rc == 0);
    return bead;
}

static void start_beads(int count)
{
    for (int i = 0; i < count; i++)
        beads[i] = bead_start(i, NULL);
}

static void link_beads(int a, int b)
{
    cr_assert_eq(actor_link(&beads[a]->actor, &beads[b]->actor), 0);
}

static void watch_bead(struct probe *watcher, int number, int bead)
{
    watcher->refs[number - 1] =
        actor_monitor(&watcher->actor, &watcher->monitors[number - 1], &beads[bead]->actor);
}

static void let_beads_go(int count)
{
    for (int i = 0; i < count; i++)
        actor_unref(&beads[i]->actor);
}

static bool await_number(_Atomic int *number, int wanted)
{
    int64_t deadline = clock_monotonic_ns() + ACTORS_PATIENCE_MS * CLOCK_NS_PER_MS;

    while (atomic_load(number) < wanted && clock_monotonic_ns() < deadline)
        sched_yield();
    return atomic_load(number) == wanted;
}

static void assert_all_have_ended(int count)
{
    cr_assert(await_number(&destroyed, count));
    let_beads_go(count);
    cr_assert(await_number(&freed, count));
}

static void *kill_given(void *arg)
{
    struct bead *bead = arg;

    must(actor_kill(&bead->actor) == 0);
    return NULL;
}

static void *stop_given(void *arg)
{
    struct bead *bead = arg;

    must(actor_stop(&bead->actor, reason_error("sour"), ACTORS_PATIENCE_MS) == 0);
    return NULL;
}

/* So small that an end which goes deeper with each actor is seen. */
static void on_small_stack(void *(*run)(void *arg), void *arg)
{
    pthread_attr_t attributes;
    pthread_t thread;

    cr_assert_eq(pthread_attr_init(&attributes), 0);
    cr_assert_eq(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
    cr_assert_eq(pthread_create(&thread, &attributes, run, arg), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}

/* ---- chains, circles and stars ---- */

static void assert_chain_ends(int first, void *(*end)(void *arg), const char *story)
{
    struct probe *watcher = probe_start();

    start_beads(MANY);
    for (int i = 1; i < MANY; i++)
        link_beads(i - 1, i);
    watch_bead(watcher, 1, MANY / 2);
    on_small_stack(end, beads[first]);
    cr_assert(probe_await(watcher, "down 1"));
    cr_assert_str_eq(probe_story(watcher), story);
    assert_all_have_ended(MANY);
}

ACTOR_TEST(fate, a_long_chain_ends_without_going_deeper)
{
    assert_chain_ends(0, kill_given, "down 1 killed");
}

ACTOR_TEST(fate, a_long_chain_ends_from_its_other_end_with_the_text_of_the_reason)
{
    assert_chain_ends(MANY - 1, stop_given, "down 1 error: sour");
}

ACTOR_TEST(fate, a_long_line_of_parents_ends_with_the_first_and_the_last_is_destroyed_first)
{
    beads[0] = bead_start(0, NULL);
    for (int i = 1; i < MANY; i++)
        beads[i] = bead_start(i, beads[i - 1]);
    on_small_stack(kill_given, beads[0]);
    cr_assert(await_number(&destroyed, MANY));
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(beads[i]->destroyed_as, MANY - i);
    assert_all_have_ended(MANY);
}

ACTOR_TEST(fate, a_monitor_anywhere_along_a_chain_sees_the_reason)
{
    struct probe *watcher = probe_start();

    start_beads(6);
    for (int i = 1; i < 6; i++)
        link_beads(i - 1, i);
    for (int i = 0; i < 6; i++)
        watch_bead(watcher, i + 1, i);
    (void)stop_given(beads[3]);
    for (int i = 1; i <= 6; i++) {
        char line[32];

        snprintf(line, sizeof(line), "down %d error: sour", i);
        cr_assert(probe_await(watcher, line));
    }
    assert_all_have_ended(6);
}

ACTOR_TEST(fate, a_circle_ends_once)
{
    struct probe *watcher = probe_start();
    const int count = 100;

    start_beads(count);
    for (int i = 0; i < count; i++)
        link_beads(i, (i + 1) % count);
    watch_bead(watcher, 1, 70);
    (void)kill_given(beads[7]);
    cr_assert(probe_await(watcher, "down 1 killed"));
    assert_all_have_ended(count);
}

static void assert_star_ends(int first)
{
    const int count = 1000;

    start_beads(count);
    for (int i = 1; i < count; i++)
        link_beads(i % 2 ? 0 : i, i % 2 ? i : 0);
    (void)kill_given(beads[first]);
    assert_all_have_ended(count);
}

ACTOR_TEST(fate, a_star_ends_with_its_centre)
{
    assert_star_ends(0);
}

ACTOR_TEST(fate, a_star_ends_with_any_of_its_points)
{
    assert_star_ends(500);
}

ACTOR_TEST(fate, of_all_that_know_each_other_ends_once)
{
    const int count = 40;

    start_beads(count);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            link_beads(i, j);
    (void)kill_given(beads[0]);
    assert_all_have_ended(count);
}

ACTOR_TEST(fate, each_of_many_that_end_normally_leaves_the_centre_alone)
{
    struct probe *centre = probe_start_with(&(struct probe_options){.slow = true});
    const int count = 1000;

    start_beads(count);
    for (int i = 0; i < count; i++)
        cr_assert_eq(actor_link(&centre->actor, &beads[i]->actor), 0);
    cr_assert_eq(actor_get_links(&centre->actor, NULL, 0), (size_t)count);
    for (int i = 0; i < count; i++)
        cr_assert_eq(actor_stop(&beads[i]->actor, REASON(NORMAL), ACTORS_PATIENCE_MS), 0);
    cr_assert_eq(actor_get_links(&centre->actor, NULL, 0), 0);
    cr_assert_eq(probe_call(centre, 1), 0);
    assert_all_have_ended(count);
}

/* ---- following a parent ---- */

static void start_followers(int count)
{
    start_beads(count);
    for (int i = 1; i < count; i++)
        actor_follow(&beads[i]->actor, &beads[i]->fate, &beads[i - 1]->actor);
}

ACTOR_TEST(fate, who_follows_ends_with_its_parent_for_the_same_reason)
{
    struct probe *watcher = probe_start();

    start_followers(MANY);
    watch_bead(watcher, 1, MANY - 1);
    on_small_stack(stop_given, beads[0]);
    cr_assert(probe_await(watcher, "down 1 error: sour"));
    assert_all_have_ended(MANY);
}

ACTOR_TEST(fate, a_parent_does_not_end_with_who_follows_it)
{
    start_followers(3);
    (void)kill_given(beads[1]);
    cr_assert(await_number(&destroyed, 2));
    cr_assert(actor_alive(&beads[0]->actor));
    cr_assert(cds_list_empty(&beads[0]->actor.monitors));
    (void)kill_given(beads[0]);
    assert_all_have_ended(3);
}

ACTOR_TEST(fate, a_parents_normal_end_leaves_who_follows_it_alone)
{
    start_followers(2);
    cr_assert_eq(actor_stop(&beads[0]->actor, REASON(NORMAL), ACTORS_PATIENCE_MS), 0);
    cr_assert(actor_alive(&beads[1]->actor));
    (void)kill_given(beads[1]);
    assert_all_have_ended(2);
}

/* Its memory is a probe's own, for as long as the probe's. */
static void follow(struct probe *child, struct probe *parent)
{
    actor_follow(&child->actor, &child->monitors[0], &parent->actor);
}

ACTOR_TEST(fate, who_traps_and_follows_ends_with_terminate_for_every_reason)
{
    struct probe *parents[] = {probe_start(), probe_start(), probe_start()};
    struct probe *children[3];

    for (int i = 0; i < 3; i++) {
        children[i] = probe_start_with(&(struct probe_options){.traps = true});
        follow(children[i], parents[i]);
    }
    cr_assert_eq(probe_stop(parents[0]), 0);
    cr_assert_eq(actor_stop(&parents[1]->actor, reason_error("sour"), ACTORS_PATIENCE_MS), 0);
    cr_assert_eq(probe_kill(parents[2]), 0);
    cr_assert_str_eq(probe_whole_story(children[0]), "terminate normal, destroy");
    cr_assert_str_eq(probe_whole_story(children[1]), "terminate error: sour, destroy");
    cr_assert_str_eq(probe_whole_story(children[2]), "terminate killed, destroy");
}

ACTOR_TEST(fate, who_follows_the_dead_ends_with_noproc)
{
    struct probe *dead = probe_start();
    struct probe *child = probe_start();
    struct probe *trapping = probe_start_with(&(struct probe_options){.traps = true});
    struct probe *watcher = probe_start();

    cr_assert_eq(probe_stop(dead), 0);
    probe_monitor(watcher, 1, child);
    follow(child, dead);
    follow(trapping, dead);
    cr_assert(probe_await(watcher, "down 1 noproc"));
    cr_assert_str_eq(probe_whole_story(child), "destroy");
    cr_assert_str_eq(probe_whole_story(trapping), "terminate noproc, destroy");
}

ACTOR_TEST(fate, who_follows_one_that_was_killed_ends_with_killed)
{
    struct probe *dead = probe_start();
    struct probe *child = probe_start();
    struct probe *watcher = probe_start();

    cr_assert_eq(probe_kill(dead), 0);
    probe_monitor(watcher, 1, child);
    follow(child, dead);
    cr_assert(probe_await(watcher, "down 1 killed"));
}

ACTOR_TEST(fate, who_no_longer_follows_lives_on)
{
    struct probe *parent = probe_start();
    struct probe *child = probe_start();

    follow(child, parent);
    actor_demonitor(&child->monitors[0]);
    cr_assert_eq(probe_kill(parent), 0);
    cr_assert_eq(probe_call(child, 1), 0);
}

/* ---- at once ---- */

static int kill_some(void *arg)
{
    for (int i = *(const int *)arg; i < 200; i += THREADS)
        (void)actor_kill(&beads[i]->actor);
    return 0;
}

static void kill_by_many(void)
{
    struct helper *helpers[THREADS];
    int first[THREADS];

    for (int i = 0; i < THREADS; i++) {
        first[i] = i * 50 / THREADS;
        helpers[i] = helper_start(kill_some, &first[i]);
    }
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(helper_join(helpers[i]), 0);
}

ACTOR_TEST(fate, a_chain_that_many_end_at_once_ends_once)
{
    struct probe *watcher = probe_start();

    start_beads(200);
    for (int i = 1; i < 200; i++)
        link_beads(i - 1, i);
    watch_bead(watcher, 1, 100);
    kill_by_many();
    cr_assert(probe_await(watcher, "down 1"));
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "down 1 killed, call 1");
    assert_all_have_ended(200);
}

struct pair {
    struct probe *a;
    struct probe *b;
    struct gate gate;
};

static int stop_first(void *arg)
{
    struct pair *pair = arg;

    gate_pass(&pair->gate);
    (void)actor_stop(&pair->a->actor, reason_error("first"), ACTORS_PATIENCE_MS);
    return 0;
}

static int stop_second(void *arg)
{
    struct pair *pair = arg;

    gate_pass(&pair->gate);
    (void)actor_stop(&pair->b->actor, reason_error("second"), ACTORS_PATIENCE_MS);
    return 0;
}

static bool is_one_of(const char *story, const char *first, const char *second)
{
    return strcmp(story, first) == 0 || strcmp(story, second) == 0;
}

ACTOR_TEST(fate, two_that_are_linked_may_end_at_once_and_are_told_of_once)
{
    for (int i = 0; i < 100; i++) {
        struct pair pair = {.a = probe_start(), .b = probe_start()};
        struct probe *watcher = probe_start();
        struct helper *helpers[2];

        gate_init(&pair.gate);
        probe_link(pair.a, pair.b);
        probe_monitor(watcher, 1, pair.a);
        helpers[0] = helper_start(stop_first, &pair);
        helpers[1] = helper_start(stop_second, &pair);
        gate_open(&pair.gate);
        cr_assert_eq(helper_join(helpers[0]), 0);
        cr_assert_eq(helper_join(helpers[1]), 0);
        cr_assert_eq(probe_call(watcher, 1), 0);
        cr_assert(
            is_one_of(probe_story(watcher), "down 1 error: first, call 1", "down 1 error: second, call 1"));
        cr_assert(probe_await_end(pair.a));
        cr_assert(probe_await_end(pair.b));
        gate_deinit(&pair.gate);
    }
}

struct tying {
    struct probe *other;
    _Atomic int rounds;
};

static int tie_until_killed(struct probe *self, void *arg)
{
    struct tying *tying = arg;

    while (actor_alive(&self->actor)) {
        must(actor_link(&self->actor, &tying->other->actor) == 0);
        actor_unlink(&self->actor, &tying->other->actor);
        atomic_fetch_add(&tying->rounds, 1);
    }
    return 0;
}

ACTOR_TEST(fate, who_is_killed_while_it_links_was_linked_or_not)
{
    for (int i = 0; i < 200; i++) {
        struct tying tying = {.other = probe_start_with(&(struct probe_options){.traps = true})};
        struct probe *probe = probe_start_slow();

        probe_do_later(probe, tie_until_killed, &tying);
        while (atomic_load(&tying.rounds) < 5)
            sched_yield();
        cr_assert_eq(probe_kill(probe), 0);
        cr_assert(probe_await_end(probe));
        cr_assert_eq(probe_call(tying.other, 1), 0);
        cr_assert(is_one_of(probe_story(tying.other), "exit killed, call 1", "call 1"), "%s",
                  probe_story(tying.other));
    }
}

/* ---- a crowd ---- */

#define CROWD 8
#define RUN_NS CLOCK_NS_PER_S

/* Where a member can be found; replaced when it has ended. Odd ones trap exits. */
static struct {
    struct lock lock;
    struct member *member; /* guarded by lock; a reference */
} slots[CROWD];

struct member {
    struct actor actor;
    bool destroyed; /* guarded by being the actor */
};

static _Atomic int members_left;
static _Atomic int exits;
static _Atomic int ends;
static int64_t end_ns;

static struct member *member_of(struct actor *actor)
{
    return message_container(actor, struct member, actor);
}

static int member_init(struct actor *self, void *arg, struct reason *ret_reason)
{
    (void)ret_reason;
    actor_trap_exits(self, *(const int *)arg % 2);
    return 0;
}

/* Others write beside it, under the lock. */
static bool member_traps(struct actor *self)
{
    bool traps;

    lock_acquire(&self->lock);
    traps = self->traps;
    lock_release(&self->lock);
    return traps;
}

static bool member_on_info(struct actor *self, struct message *message)
{
    const struct actor *from = exit_from(message);
    char words[32];

    must(message->kind == MESSAGE_EXIT && member_traps(self));
    must(!from || atomic_load((_Atomic uint8_t *)&from->state) == ACTOR_ENDED);
    reason_format(exit_reason(message), words, sizeof(words));
    must(strlen(words) > 0);
    atomic_fetch_add(&exits, 1);
    return true;
}

static void member_destroy(struct actor *self)
{
    must(!member_of(self)->destroyed);
    must(cds_list_empty(&self->monitors) && cds_list_empty(&self->watching));
    member_of(self)->destroyed = true;
    atomic_fetch_add(&ends, 1);
}

static void member_free(struct actor *self)
{
    must(member_of(self)->destroyed);
    free(member_of(self));
    atomic_fetch_sub(&members_left, 1);
}

static const struct actor_class member_class = {.name = "member",
                                                .prompt = true,
                                                .init = member_init,
                                                .on_info = member_on_info,
                                                .destroy = member_destroy,
                                                .free = member_free};

/* With a parent, or NULL. */
static struct member *member_start(int slot, struct member *parent)
{
    struct member *member = calloc(1, sizeof(*member));
    struct reason reason;

    must(member);
    atomic_fetch_add(&members_left, 1);
    must((parent ? actor_start_link(&parent->actor, &member->actor, &member_class, actors_runtime(), &slot,
                                    &reason)
                 : actor_start(&member->actor, &member_class, actors_runtime(), &slot, &reason)) == 0);
    return member;
}

static struct member *pick(unsigned *seed, int *ret_slot)
{
    struct member *member;

    *ret_slot = rand_r(seed) % CROWD;
    lock_acquire(&slots[*ret_slot].lock);
    member = slots[*ret_slot].member;
    actor_ref(&member->actor);
    lock_release(&slots[*ret_slot].lock);
    return member;
}

/* Puts a fresh one, a child of `parent` or of nobody, in the place of one that has ended. */
static void replace(int slot, struct member *member, struct member *parent)
{
    struct member *fresh = member_start(slot, parent);
    bool mine;

    lock_acquire(&slots[slot].lock);
    mine = slots[slot].member == member;
    if (mine)
        slots[slot].member = fresh;
    lock_release(&slots[slot].lock);
    if (!mine)
        (void)actor_kill(&fresh->actor);
    actor_unref(mine ? &member->actor : &fresh->actor);
}

static void end_somehow(unsigned *seed, struct member *member)
{
    switch (rand_r(seed) % 4) {
    case 0:
        (void)actor_stop(&member->actor, reason_error("stopped"), 1000);
        break;
    case 1:
        (void)actor_stop(&member->actor, REASON(NORMAL), 1000);
        break;
    case 2:
        (void)actor_signal_exit(&member->actor, reason_error("signalled"));
        break;
    default:
        (void)actor_kill(&member->actor);
        break;
    }
}

static void act(unsigned *seed, struct member *a, struct member *b)
{
    int choice = rand_r(seed) % 64;

    if (choice < 3)
        end_somehow(seed, a);
    else if (choice < 30)
        must(actor_link(&a->actor, &b->actor) == 0);
    else if (choice < 60)
        actor_unlink(&a->actor, &b->actor);
    else
        (void)actor_get_links(&a->actor, NULL, 0);
}

static int run_worker(void *arg)
{
    unsigned seed = *(const unsigned *)arg;

    while (clock_monotonic_ns() < end_ns) {
        int slot_a, slot_b;
        struct member *a = pick(&seed, &slot_a);
        struct member *b = pick(&seed, &slot_b);

        act(&seed, a, b);
        if (!actor_alive(&a->actor))
            replace(slot_a, a, rand_r(&seed) % 2 && b != a ? b : NULL);
        actor_unref(&a->actor);
        actor_unref(&b->actor);
    }
    return 0;
}

static unsigned choose_seed(void)
{
    const char *given = getenv("KVFS_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 0) : (unsigned)time(NULL);

    fprintf(stderr, "KVFS_SEED=%u\n", seed);
    return seed;
}

static void end_crowd(void)
{
    for (int i = 0; i < CROWD; i++) {
        (void)actor_kill(&slots[i].member->actor);
        actor_unref(&slots[i].member->actor);
        lock_deinit(&slots[i].lock);
    }
}

static bool await_members_gone(void)
{
    int64_t deadline = clock_monotonic_ns() + ACTORS_PATIENCE_MS * CLOCK_NS_PER_MS;

    while (atomic_load(&members_left) > 0 && clock_monotonic_ns() < deadline)
        sched_yield();
    return atomic_load(&members_left) == 0;
}

ACTOR_TEST(fate, a_crowd_that_links_unlinks_and_ends_leaves_nothing_behind)
{
    struct helper *helpers[THREADS];
    unsigned seeds[THREADS];
    unsigned seed = choose_seed();

    end_ns = clock_monotonic_ns() + RUN_NS;
    actors_runtime()->linger_ns = CLOCK_NS_PER_MS / 4;
    for (int i = 0; i < CROWD; i++) {
        lock_init(&slots[i].lock);
        slots[i].member = member_start(i, NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        seeds[i] = seed + (unsigned)i;
        helpers[i] = helper_start(run_worker, &seeds[i]);
    }
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(helper_join(helpers[i]), 0);
    end_crowd();
    cr_assert(await_members_gone());
    fprintf(stderr, "%d ended, %d EXITs\n", atomic_load(&ends), atomic_load(&exits));
    cr_assert_gt(atomic_load(&ends), 100);
    cr_assert_gt(atomic_load(&exits), 10);
}
