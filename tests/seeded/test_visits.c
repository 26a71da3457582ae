/*
 * Being several actors at once: visitors in all directions, against calls,
 * against a kill and against a stop. What they carry between houses is
 * neither lost nor doubled, and nobody else is in a house meanwhile.
 */
#include "actor/visit.h"
#include "base/clock.h"
#include "base/thread.h"
#include "seeded/seeds.h"

#include <stdlib.h>

#define HOUSES 3
#define THINGS 3 /* in each house at first */

/* Asked something it asks the house below it, if there is one. */
struct house {
    struct actor actor;
    struct house *below;
    bool occupied; /* somebody is in it: plain, so that two would be seen */
    int things;
    int terminated;
    int destroyed;
};

static struct runtime runtime;
static struct house *houses[HOUSES];
static struct lock moving;
static int things_gone; /* with houses that were destroyed */
static int houses_left;

static struct house *house_of(struct actor *actor)
{
    return message_container(actor, struct house, actor);
}

static void enter(struct house *house)
{
    must(!house->occupied && !house->destroyed);
    house->occupied = true;
    seeded_yield(SEEDED_HERE("in a house"), NULL);
}

static void leave(struct house *house)
{
    must(house->occupied && !house->destroyed);
    house->occupied = false;
}

static int on_call(struct actor *actor, unsigned tag, void *arg)
{
    struct house *house = house_of(actor);

    (void)arg;
    enter(house);
    if (house->below)
        (void)actor_call(&house->below->actor, tag, NULL, ACTOR_FOREVER);
    leave(house);
    return 0;
}

static void on_cast(struct actor *actor, struct message *message)
{
    (void)message;
    enter(house_of(actor));
    leave(house_of(actor));
}

static void terminate(struct actor *actor, const struct reason *reason)
{
    (void)reason;
    enter(house_of(actor));
    house_of(actor)->terminated++;
    leave(house_of(actor));
}

static void destroy(struct actor *actor)
{
    struct house *house = house_of(actor);

    must(!house->occupied && house->destroyed == 0);
    house->destroyed++;
    things_gone += house->things;
}

static void let_go(struct actor *actor)
{
    must(house_of(actor)->destroyed == 1);
    houses_left--;
    free(house_of(actor));
}

static const struct actor_class house_class = {
    .name = "house",
    .prompt = true,
    .on_call = on_call,
    .on_cast = on_cast,
    .terminate = terminate,
    .destroy = destroy,
    .free = let_go,
};

static void build(void)
{
    struct reason reason;

    must(runtime_init(&runtime) == 0);
    runtime.direct = seeded_random(2) == 0;
    runtime.linger_ns = CLOCK_NS_PER_MS;
    runtime.young_ns = seeded_random(2) == 0 ? -1 : CLOCK_NS_PER_MS;
    lock_init(&moving);
    things_gone = 0;
    for (int i = 0; i < HOUSES; i++) {
        houses[i] = calloc(1, sizeof(*houses[i]));
        must(houses[i]);
        houses[i]->things = THINGS;
        must(actor_start(&houses[i]->actor, &house_class, &runtime, NULL, &reason) == 0);
        houses_left++;
    }
}

static void tear_down(void)
{
    int things = 0;

    for (int i = 0; i < HOUSES; i++) {
        (void)actor_stop(&houses[i]->actor, REASON(SHUTDOWN), ACTOR_FOREVER);
        things += houses[i]->things;
    }
    must(things == HOUSES * THINGS);
    for (int i = 0; i < HOUSES; i++)
        actor_unref(&houses[i]->actor);
    must(runtime_deinit(&runtime, -1) == 0);
    must(houses_left == 0 && things_gone == HOUSES * THINGS);
    lock_deinit(&moving);
}

/* ---- what threads do ---- */

/* Who carries a thing from one house to another, which may be entered first. */
struct carrier {
    int from;
    int to;
    bool to_first;
    int times;
    int carried;
    int refusal;
};

static void carry_thing(struct carrier *carrier)
{
    struct house *from = houses[carrier->from];
    struct house *to = houses[carrier->to];

    enter(from);
    enter(to);
    from->things--;
    seeded_yield(SEEDED_HERE("between two houses"), NULL);
    to->things++;
    leave(from);
    leave(to);
    carrier->carried++;
}

static int visit_both(struct actor_visit *visit, const struct carrier *carrier)
{
    int first = carrier->to_first ? carrier->to : carrier->from;
    int second = carrier->to_first ? carrier->from : carrier->to;
    int rc = actor_visit_enter(visit, &houses[first]->actor);

    return rc == 0 ? actor_visit_enter(visit, &houses[second]->actor) : rc;
}

static void carry(struct carrier *carrier)
{
    struct actor_visit visit;
    int rc;

    lock_acquire(&moving);
    actor_visit_begin(&visit, ACTOR_FOREVER);
    rc = visit_both(&visit, carrier);
    if (rc == 0 && actor_visit_is_alive(&visit))
        carry_thing(carrier);
    else
        carrier->refusal = rc != 0 ? rc : ACTOR_E_KILLED;
    actor_visit_end(&visit);
    lock_release(&moving);
    must(!actor_self());
}

static void *carrier_main(void *arg)
{
    struct carrier *carrier = arg;

    for (int i = 0; i < carrier->times; i++)
        carry(carrier);
    return NULL;
}

static void release_message(struct message *message)
{
    free(message);
}

static void *caller_main(void *arg)
{
    struct house *house = arg;
    struct message *message = malloc(sizeof(*message));

    must(message);
    message_init(message, MESSAGE_CAST, 0, release_message);
    (void)actor_cast(&house->actor, message);
    (void)actor_call(&house->actor, 0, NULL, ACTOR_FOREVER);
    return NULL;
}

static void *killer_main(void *arg)
{
    (void)actor_kill(&((struct house *)arg)->actor);
    return NULL;
}

static void *stopper_main(void *arg)
{
    (void)actor_stop(&((struct house *)arg)->actor, REASON(NORMAL), ACTOR_FOREVER);
    return NULL;
}

struct part {
    void *(*run)(void *arg);
    void *arg;
};

static void run_all(const struct part *parts, int count)
{
    struct thread threads[6];

    for (int i = 0; i < count; i++)
        must(thread_start(&threads[i], "part", parts[i].run, parts[i].arg) == 0);
    for (int i = 0; i < count; i++)
        thread_join(&threads[i]);
}

/* ---- the races ---- */

SEEDED_TEST(visits, in_opposite_directions_lose_nothing_and_meet_nobody, 2000, NULL)
{
    struct carrier there = {.from = 0, .to = 1, .times = 2};
    struct carrier back = {.from = 1, .to = 0, .to_first = true, .times = 2};
    struct carrier against = {.from = 2, .to = 0, .times = 1};

    build();
    run_all((struct part[]){{carrier_main, &there},
                            {carrier_main, &back},
                            {carrier_main, &against},
                            {caller_main, houses[0]},
                            {caller_main, houses[1]}},
            5);
    must(there.carried == 2 && back.carried == 2 && against.carried == 1);
    must(houses[0]->things == THINGS + 1 && houses[1]->things == THINGS);
    tear_down();
}

/* One house asks the one below it; the visitor enters that after it, and one that neither of them asks in between. */
SEEDED_TEST(visits, and_calls_down_the_tree_never_wait_for_each_other_in_a_circle, 2000, NULL)
{
    struct carrier down = {.from = 0, .to = 1, .times = 1};
    struct carrier up = {.from = 1, .to = 0, .to_first = true, .times = 1};
    struct carrier across = {.from = 2, .to = 1, .to_first = true, .times = 1};

    build();
    houses[0]->below = houses[1];
    run_all((struct part[]){{carrier_main, &down},
                            {carrier_main, &up},
                            {carrier_main, &across},
                            {caller_main, houses[0]},
                            {caller_main, houses[0]},
                            {caller_main, houses[2]}},
            6);
    must(down.carried == 1 && up.carried == 1 && across.carried == 1);
    tear_down();
}

SEEDED_TEST(visits, against_a_kill_carry_a_thing_or_leave_it, 3000, "carried", "refused")
{
    struct carrier carrier = {.from = 0, .to = 1, .times = 1};
    struct house *victim = NULL;
    int before;

    build();
    victim = houses[seeded_random(2)];
    before = victim->things;
    run_all((struct part[]){{carrier_main, &carrier}, {killer_main, victim}, {caller_main, victim}}, 3);
    must(carrier.carried == 1 || carrier.refusal == ACTOR_E_KILLED);
    must(carrier.carried == 1 || victim->things == before);
    must(victim->terminated == 0);
    seeds_outcome(carrier.carried ? "carried" : "refused");
    tear_down();
}

SEEDED_TEST(visits, against_a_stop_carry_a_thing_or_leave_it, 3000, "carried", "refused")
{
    struct carrier carrier = {.from = 0, .to = 1, .times = 1};
    struct house *victim;

    build();
    victim = houses[seeded_random(2)];
    run_all((struct part[]){{carrier_main, &carrier}, {stopper_main, victim}, {caller_main, victim}}, 3);
    must(carrier.carried == 1 || carrier.refusal == ACTOR_E_NORMAL);
    must(victim->terminated == 1);
    seeds_outcome(carrier.carried ? "carried" : "refused");
    tear_down();
}
