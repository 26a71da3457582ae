/*
 * Threads that do everything to a handful of actors at once, for a while. The seed is printed; KVFS_SEED sets it (it
 * fixes what each thread does, not how they interleave).
 *
 * What must hold is written where it is checked: one callback at a time, the order of each sender, one DOWN for each
 * reference that wasn't taken back and none for one that was, everything released.
 */
#include "lib/actors.h"

#include "base/clock.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WORKERS 4
#define SLOTS 5
#define WATCHES 4
#define RUN_NS (3 * CLOCK_NS_PER_S / 2)

enum { TAG_ORDERED, TAG_WATCH, TAG_UNWATCH, TAG_CALL_BELOW, TAG_EXIT, TAG_CAST_ON };

struct watch {
    struct monitor monitor;
    bool expected; /* a DOWN must come: watched, and not taken back */
};

struct member {
    struct actor actor;
    _Atomic int inside;            /* callbacks running: 0 or 1 */
    uint64_t seen[WORKERS];        /* the last number of each worker; guarded by being the actor */
    struct watch watches[WATCHES]; /* likewise */
    bool ended;                    /* likewise: terminate or destroy ran */
    int position;                  /* in slots: calls go to later ones only */
};

struct work {
    struct message message;
    int worker;
    uint64_t number;
    int which;
    struct member *other; /* referenced, or NULL */
    struct reason reason;
};

/* Where a member can be found; replaced when it was stopped. */
static struct {
    struct lock lock;
    struct member *member; /* guarded by lock; referenced */
} slots[SLOTS];

static _Atomic int works_left;
static _Atomic int members_left;
static _Atomic uint64_t downs;
static _Atomic uint64_t handled;
static int64_t end_ns;

static struct member *member_of(struct actor *actor)
{
    return message_container(actor, struct member, actor);
}

static void enter(struct member *self)
{
    actor_assert_self(&self->actor);
    must(atomic_fetch_add(&self->inside, 1) == 0);
    atomic_fetch_add_explicit(&handled, 1, memory_order_relaxed);
}

static void leave(struct member *self)
{
    must(atomic_fetch_sub(&self->inside, 1) == 1);
}

static void work_destroy(struct work *work)
{
    if (work->other)
        actor_unref(&work->other->actor);
    atomic_fetch_sub(&works_left, 1);
    free(work);
}

static void release_message(struct message *message)
{
    work_destroy(message_container(message, struct work, message));
}

static void release_arg(void *arg)
{
    work_destroy(arg);
}

static struct work *work_create(enum message_kind kind, unsigned tag)
{
    struct work *work = calloc(1, sizeof(*work));

    must(work);
    message_init(&work->message, kind, tag, release_message);
    atomic_fetch_add(&works_left, 1);
    return work;
}

/* ---- inside a member ---- */

/* Whatever a sender sent to this member comes in the order in which it was sent. */
static void check_order(struct member *self, const struct work *work)
{
    must(work->number > self->seen[work->worker]);
    self->seen[work->worker] = work->number;
}

static void watch(struct member *self, const struct work *work)
{
    struct watch *watch = &self->watches[work->which];

    if (watch->expected || !work->other)
        return;
    watch->expected = true;
    (void)actor_monitor(&self->actor, &watch->monitor, &work->other->actor);
}

static void unwatch(struct member *self, const struct work *work)
{
    actor_demonitor(&self->watches[work->which].monitor);
    self->watches[work->which].expected = false;
}

static void send_on(struct member *self, const struct work *work)
{
    struct work *next = work_create(MESSAGE_INFO, TAG_CAST_ON);

    (void)self;
    if (work->other)
        actor_send(&work->other->actor, &next->message);
    else
        work_destroy(next);
}

/* Calls go one way through the slots, so that there is no circle. */
static int call_below(struct member *self, struct work *work)
{
    struct work *below;
    int rc;

    if (!work->other || work->other->position <= self->position)
        return 0;
    below = work_create(MESSAGE_CALL, TAG_CAST_ON);
    rc = actor_call_owned(&work->other->actor, TAG_CAST_ON, below, release_arg, 1000);
    if (!actor_is_condition(rc))
        work_destroy(below);
    return 0;
}

static int do_work(struct member *self, unsigned tag, struct work *work)
{
    int rc = 0;

    enter(self);
    must(!self->ended);
    if (tag != TAG_CAST_ON)
        check_order(self, work);
    switch (tag) {
    case TAG_WATCH:
        watch(self, work);
        break;
    case TAG_UNWATCH:
        unwatch(self, work);
        break;
    case TAG_CALL_BELOW:
        rc = call_below(self, work);
        break;
    case TAG_EXIT:
        actor_exit(&self->actor, reason_error("asked to"));
        break;
    default:
        send_on(self, work);
        break;
    }
    leave(self);
    return rc;
}

static int on_call(struct actor *actor, unsigned tag, void *arg)
{
    return do_work(member_of(actor), tag, arg);
}

static void on_cast(struct actor *actor, struct message *message)
{
    (void)do_work(member_of(actor), message->tag, message_container(message, struct work, message));
}

/* A DOWN comes for a reference that is watched, once. */
static void on_down(struct member *self, struct monitor *monitor)
{
    struct watch *watch = message_container(monitor, struct watch, monitor);
    char reason[64];

    enter(self);
    must(watch->expected);
    watch->expected = false;
    reason_format(monitor_reason(monitor), reason, sizeof(reason));
    must(atomic_load(&monitor->target->state) == ACTOR_ENDED);
    atomic_fetch_add(&downs, 1);
    leave(self);
}

static bool on_info(struct actor *actor, struct message *message)
{
    if (message->kind == MESSAGE_DOWN)
        on_down(member_of(actor), monitor_of_down(message));
    return true;
}

/* Before the end each reference that was not taken back has been told, or its target lives. */
static void check_watches(struct member *self)
{
    for (int i = 0; i < WATCHES; i++) {
        struct watch *watch = &self->watches[i];

        must(!watch->expected || watch->monitor.active);
    }
}

static void terminate(struct actor *actor, const struct reason *reason)
{
    struct member *self = member_of(actor);

    (void)reason;
    enter(self);
    /* Unless it was killed a moment ago: then its monitors are being cancelled. */
    lock_acquire(&actor->lock);
    if (actor->state == ACTOR_ENDING)
        check_watches(self);
    lock_release(&actor->lock);
    leave(self);
}

static void destroy(struct actor *actor)
{
    struct member *self = member_of(actor);

    enter(self);
    must(!self->ended);
    self->ended = true;
    for (int i = 0; i < WATCHES; i++)
        must(!self->watches[i].monitor.active && !self->watches[i].monitor.linked);
    leave(self);
}

static void free_member(struct actor *actor)
{
    must(member_of(actor)->ended);
    atomic_fetch_sub(&members_left, 1);
    free(member_of(actor));
}

#define MEMBER_CALLBACKS                                                                                     \
    .on_call = on_call, .on_cast = on_cast, .on_info = on_info, .terminate = terminate, .destroy = destroy,  \
    .free = free_member

static const struct actor_class prompt_class = {.name = "prompt", .prompt = true, MEMBER_CALLBACKS};
static const struct actor_class slow_class = {.name = "slow", MEMBER_CALLBACKS};

/* ---- the threads ---- */

static struct member *member_start(int position)
{
    struct member *member = calloc(1, sizeof(*member));
    struct reason reason;
    int rc;

    must(member);
    member->position = position;
    atomic_fetch_add(&members_left, 1);
    /* Slow ones first: a prompt one must not call them. */
    rc = actor_start(&member->actor, position < 2 ? &slow_class : &prompt_class, actors_runtime(), NULL,
                     &reason);
    must(rc == 0);
    return member;
}

static struct member *pick(unsigned *seed)
{
    int i = rand_r(seed) % SLOTS;
    struct member *member;

    lock_acquire(&slots[i].lock);
    member = slots[i].member;
    actor_ref(&member->actor);
    lock_release(&slots[i].lock);
    return member;
}

/* Puts a fresh one in the place of `member`, if nobody has. */
static void restart(struct member *member)
{
    int i = member->position;
    struct member *old = NULL;

    lock_acquire(&slots[i].lock);
    if (slots[i].member == member) {
        old = member;
        slots[i].member = member_start(i);
    }
    lock_release(&slots[i].lock);
    if (old)
        actor_unref(&old->actor);
}

struct worker {
    int index;
    unsigned seed;
    uint64_t number;
    struct helper *helper;
};

static struct work *make_work(struct worker *worker, enum message_kind kind, unsigned tag)
{
    struct work *work = work_create(kind, tag);

    work->worker = worker->index;
    work->number = ++worker->number;
    work->which = rand_r(&worker->seed) % WATCHES;
    if (rand_r(&worker->seed) % 2)
        work->other = pick(&worker->seed);
    return work;
}

static void call(struct worker *worker, struct member *member, unsigned tag)
{
    struct work *work = make_work(worker, MESSAGE_CALL, tag);
    int timeout_ms = rand_r(&worker->seed) % 4 ? 1000 : 0;
    int rc;

    if (member->actor.class->prompt && rand_r(&worker->seed) % 2) {
        (void)actor_call(&member->actor, tag, work, timeout_ms);
        work_destroy(work);
        return;
    }
    rc = actor_call_owned(&member->actor, tag, work, release_arg, timeout_ms);
    if (!actor_is_condition(rc))
        work_destroy(work);
}

static void cast(struct worker *worker, struct member *member, unsigned tag)
{
    struct work *work = make_work(worker, MESSAGE_CAST, tag);

    (void)actor_cast(&member->actor, &work->message);
}

static void end(struct worker *worker, struct member *member)
{
    int timeout_ms = rand_r(&worker->seed) % 2 ? 1000 : 0;

    switch (rand_r(&worker->seed) % 4) {
    case 0:
        (void)actor_stop(&member->actor, reason_error("stopped"), timeout_ms);
        break;
    case 1:
        (void)actor_kill(&member->actor);
        break;
    case 2:
        call(worker, member, TAG_EXIT);
        break;
    default:
        cast(worker, member, TAG_EXIT);
        break;
    }
}

static void act(struct worker *worker, struct member *member)
{
    static const unsigned tags[] = {TAG_ORDERED, TAG_WATCH, TAG_WATCH, TAG_UNWATCH, TAG_CALL_BELOW};
    int choice = rand_r(&worker->seed) % 32;
    unsigned tag = tags[choice % 5];

    if (choice == 0)
        end(worker, member);
    else if (choice < 16)
        call(worker, member, tag);
    else
        cast(worker, member, tag);
    if (!actor_alive(&member->actor))
        restart(member);
}

static int run_worker(void *arg)
{
    struct worker *worker = arg;

    while (clock_monotonic_ns() < end_ns) {
        struct member *member = pick(&worker->seed);

        act(worker, member);
        actor_unref(&member->actor);
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

static void await_nothing_left(void)
{
    int64_t deadline = clock_monotonic_ns() + ACTORS_PATIENCE_MS * CLOCK_NS_PER_MS;

    while ((atomic_load(&members_left) || atomic_load(&works_left)) && clock_monotonic_ns() < deadline)
        sched_yield();
    cr_assert_eq(atomic_load(&members_left), 0);
    cr_assert_eq(atomic_load(&works_left), 0);
}

static void run_crowd(void)
{
    struct worker workers[WORKERS];
    unsigned seed = choose_seed();

    end_ns = clock_monotonic_ns() + RUN_NS;
    actors_runtime()->linger_ns = CLOCK_NS_PER_MS / 4;
    for (int i = 0; i < SLOTS; i++) {
        lock_init(&slots[i].lock);
        slots[i].member = member_start(i);
    }
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.index = i, .seed = seed + (unsigned)i};
        workers[i].helper = helper_start(run_worker, &workers[i]);
    }
    for (int i = 0; i < WORKERS; i++)
        cr_assert_eq(helper_join(workers[i].helper), 0);
    for (int i = 0; i < SLOTS; i++) {
        (void)actor_kill(&slots[i].member->actor);
        actor_unref(&slots[i].member->actor);
        lock_deinit(&slots[i].lock);
    }
}

ACTOR_TEST(stress, a_crowd_that_calls_casts_watches_stops_kills_and_restarts_leaves_nothing_behind)
{
    run_crowd();
    await_nothing_left();
    fprintf(stderr, "%lu handled, %lu told\n", (unsigned long)atomic_load(&handled),
            (unsigned long)atomic_load(&downs));
    cr_assert_gt(atomic_load(&handled), 1000);
    cr_assert_gt(atomic_load(&downs), 10);
}
