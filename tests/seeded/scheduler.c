/*
 * Whoever has the baton is `current`, and touches everything here without a
 * lock; passing the baton on is a semaphore's post, which orders all that came
 * before it. A thread that waits stands in `threads` with what it waits for;
 * to wake it is to make it runnable, and some later choice runs it.
 *
 * A seed also picks how it chooses, since bugs differ in what they need: at
 * random at each point, or rarely, or by priorities that change now and then
 * (Burckhardt et al., A Randomized Scheduler with Probabilistic Guarantees of
 * Finding Bugs), which keeps one thread waiting for long while others go far.
 * Time passes by a tick at each point, whose length is the seed's; it jumps to
 * the next deadline when nobody can run, and in some seeds at any point, as on
 * a machine that stood still.
 *
 * pthreads are kept from run to run, since making them would take most of the
 * time; they share one CPU, so that a switch wakes no other.
 */
#include "seeded/scheduler_internal.h"

#define STEPS_MAX 300000
#define STREAK_MAX 2000 /* then another has its turn, or who polls would poll for ever */

struct scheduler scheduler;

/* ---- numbers ---- */

uint64_t seeded_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* splitmix64 */
uint64_t seeded_next(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return seeded_mix(*state);
}

uint64_t seeded_below(uint64_t *state, uint64_t limit)
{
    return (seeded_next(state) >> 32) * limit >> 32;
}

static bool chance(unsigned odds)
{
    return odds > 0 && seeded_below(&scheduler.run.random, odds) == 0;
}

uint64_t seeded_random(uint64_t limit)
{
    return seeded_below(&scheduler.run.random_outside, limit);
}

uint64_t seeded_rank(const struct seeded_object *object)
{
    return seeded_mix(scheduler.run.seed + object->number * UINT64_C(0x9e3779b97f4a7c15));
}

bool seeded_fails_early(void)
{
    return scheduler.current && chance(scheduler.run.policy.early_odds);
}

void seeded_choose_policy(void)
{
    static const unsigned often[] = {1, 2, 4, 8, 16, 64};
    static const unsigned seldom[] = {8, 32, 128, 1024};
    static const unsigned jumps[] = {0, 0, 16, 128, 1024};
    static const unsigned early[] = {0, 0, 2, 8, 64};
    static const int64_t ticks_ns[] = {1, 100, 10000, 1000000};

    scheduler.run.policy = (struct seeded_policy){
        .by_priority = seeded_below(&scheduler.run.random, 3) == 0,
        .jump_odds = jumps[seeded_below(&scheduler.run.random, 5)],
        .early_odds = early[seeded_below(&scheduler.run.random, 5)],
        .tick_ns = ticks_ns[seeded_below(&scheduler.run.random, 4)],
    };
    scheduler.run.policy.switch_odds = scheduler.run.policy.by_priority
                                           ? seldom[seeded_below(&scheduler.run.random, 4)]
                                           : often[seeded_below(&scheduler.run.random, 6)];
}

/* ---- who is next ---- */

static void wake(struct seeded_thread *thread, bool in_time)
{
    thread->state = RUNNABLE;
    thread->waits_for = NULL;
    thread->in_time = in_time;
}

static void lower(struct seeded_thread *thread)
{
    thread->priority = --scheduler.run.lowest_priority;
}

static struct seeded_thread *choose_by_priority(void)
{
    struct seeded_thread *best = NULL;

    for (int i = 0; i < scheduler.run.used; i++) {
        if (scheduler.threads[i].state == RUNNABLE &&
            (!best || scheduler.threads[i].priority > best->priority))
            best = &scheduler.threads[i];
    }
    return best;
}

static int count_state(enum thread_state state, const struct seeded_object *object)
{
    int count = 0;

    for (int i = 0; i < scheduler.run.used; i++)
        count += scheduler.threads[i].state == state && scheduler.threads[i].waits_for == object;
    return count;
}

/* Any of those, each as likely; NULL if there is none. */
static struct seeded_thread *pick(enum thread_state state, const struct seeded_object *object)
{
    int count = count_state(state, object);
    uint64_t skip = count > 1 ? seeded_below(&scheduler.run.random, (uint64_t)count) : 0;

    for (int i = 0; i < scheduler.run.used && count > 0; i++) {
        if (scheduler.threads[i].state == state && scheduler.threads[i].waits_for == object && skip-- == 0)
            return &scheduler.threads[i];
    }
    return NULL;
}

static struct seeded_thread *choose(void)
{
    return scheduler.run.policy.by_priority ? choose_by_priority() : pick(RUNNABLE, NULL);
}

/* ---- time ---- */

static int64_t earliest_deadline(bool of_settling_too)
{
    int64_t earliest_ns = SEEDED_FOREVER;

    for (int i = 0; i < scheduler.run.used; i++) {
        bool counts = scheduler.threads[i].state == WAITING ||
                      (scheduler.threads[i].state == SETTLING && of_settling_too);

        if (counts && scheduler.threads[i].deadline_ns < earliest_ns)
            earliest_ns = scheduler.threads[i].deadline_ns;
    }
    return earliest_ns;
}

static void wake_overdue(void)
{
    for (int i = 0; i < scheduler.run.used; i++) {
        bool waits = scheduler.threads[i].state == WAITING || scheduler.threads[i].state == SETTLING;

        if (waits && scheduler.threads[i].deadline_ns <= scheduler.run.now_ns)
            wake(&scheduler.threads[i], false);
    }
    scheduler.run.earliest_ns = earliest_deadline(true);
}

static void jump_to(int64_t deadline_ns)
{
    if (deadline_ns == SEEDED_FOREVER)
        return;
    if (deadline_ns > scheduler.run.now_ns)
        scheduler.run.now_ns = deadline_ns;
    wake_overdue();
}

/* Nobody can run. */
static struct seeded_thread *choose_after_waiting(void)
{
    jump_to(earliest_deadline(true));
    if (!choose())
        seeded_fail("deadlock: nobody can run, and no deadline will come");
    return choose();
}

/* ---- steps ---- */

static void record(const struct seeded_site *site, uint64_t object)
{
    scheduler.current->site = *site;
    scheduler.trace[scheduler.run.steps % TRACE_MAX] =
        (struct seeded_step){scheduler.current->number, *site, object};
    scheduler.run.hash = seeded_mix(scheduler.run.hash ^ ((uint64_t)scheduler.current->number << 48) ^
                                    ((uint64_t)site->line << 32) ^ object);
    if (++scheduler.run.steps > STEPS_MAX)
        seeded_fail("livelock: it doesn't end");
}

static void wake_somebody_early(void)
{
    struct seeded_thread *thread =
        &scheduler.threads[seeded_below(&scheduler.run.random, (uint64_t)scheduler.run.used)];

    if (thread->state == WAITING && thread->waits_for && thread->waits_for->may_wake_early)
        wake(thread, true);
}

void seeded_take_step(const struct seeded_site *site, const struct seeded_object *object)
{
    if (scheduler.run.observer)
        scheduler.run.observer();
    if (object && object->number == 0)
        seeded_fail("%s:%d: %s: it isn't initialised, or not any more", site->function, site->line,
                    site->what);
    record(site, object ? object->number : 0);
    scheduler.run.now_ns += scheduler.run.policy.tick_ns;
    if (scheduler.run.now_ns >= scheduler.run.earliest_ns)
        wake_overdue();
    if (chance(scheduler.run.policy.jump_odds))
        jump_to(earliest_deadline(false));
    if (chance(scheduler.run.policy.early_odds))
        wake_somebody_early();
}

static void hand_over(struct seeded_thread *next)
{
    scheduler.current = next;
    scheduler.run.streak = 0;
    sem_post(&next->baton);
}

void seeded_await_baton(struct seeded_thread *self)
{
    while (sem_wait(&self->baton) != 0)
        ;
}

void seeded_hand_over_at_end(void)
{
    struct seeded_thread *next = choose();

    hand_over(next ? next : choose_after_waiting());
}

static void switch_to(struct seeded_thread *next)
{
    struct seeded_thread *self = scheduler.current;

    if (next == self)
        return;
    hand_over(next);
    seeded_await_baton(self);
}

static bool is_time_to_switch(void)
{
    if (++scheduler.run.streak < STREAK_MAX)
        return chance(scheduler.run.policy.switch_odds);
    scheduler.run.streak = 0;
    return true;
}

void seeded_yield(const struct seeded_site *site, const struct seeded_object *object)
{
    bool switches;

    if (!scheduler.current || scheduler.failing)
        return;
    seeded_take_step(site, object);
    switches = is_time_to_switch();
    if (scheduler.run.policy.by_priority && switches)
        lower(scheduler.current);
    if (scheduler.run.policy.by_priority || switches)
        switch_to(choose());
}

/* The scheduler.current thread can't run. */
static void pass_on(struct seeded_thread *self)
{
    struct seeded_thread *next = choose();

    switch_to(next ? next : choose_after_waiting());
    self->deadline_ns = SEEDED_FOREVER;
}

static void stand_still(enum thread_state state, int64_t deadline_ns)
{
    scheduler.current->state = state;
    scheduler.current->deadline_ns = deadline_ns;
    if (deadline_ns < scheduler.run.earliest_ns)
        scheduler.run.earliest_ns = deadline_ns;
    pass_on(scheduler.current);
}

bool seeded_block(const struct seeded_site *site, const struct seeded_object *object, int64_t deadline_ns)
{
    struct seeded_thread *self = scheduler.current;

    seeded_take_step(site, object);
    if (deadline_ns <= scheduler.run.now_ns) {
        switch_to(choose());
        return false;
    }
    self->waits_for = object;
    stand_still(WAITING, deadline_ns);
    return self->in_time;
}

void seeded_settle(int64_t patience_ns)
{
    seeded_take_step(SEEDED_HERE("settle"), NULL);
    stand_still(SETTLING, scheduler.run.now_ns + patience_ns);
}

void seeded_wake_all(const struct seeded_object *object)
{
    for (int i = 0; i < scheduler.run.used; i++) {
        if (scheduler.threads[i].state == WAITING && scheduler.threads[i].waits_for == object)
            wake(&scheduler.threads[i], true);
    }
}

void seeded_wake_one(const struct seeded_object *object)
{
    struct seeded_thread *thread = pick(WAITING, object);

    if (thread)
        wake(thread, true);
}

/* ---- objects ---- */

void seeded_object_init(struct seeded_object *object, const char *name)
{
    *object = (struct seeded_object){.number = ++scheduler.run.objects, .name = name};
}

void seeded_object_deinit(struct seeded_object *object)
{
    if (object->owner || count_state(WAITING, object) > 0)
        seeded_fail("%s #%lu goes while it is in use", object->name, (unsigned long)object->number);
    object->number = 0;
}
