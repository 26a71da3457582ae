/*
 * Threads and runs. A pthread belongs to a slot, and serves one thread of a
 * run after another, also in later runs.
 */
#include "seeded/scheduler_internal.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#define SECONDS_MAX 60

/* ---- threads ---- */

struct seeded_thread *seeded_self(void)
{
    return scheduler.current;
}

int seeded_number_of(const struct seeded_thread *thread)
{
    return thread->number;
}

int64_t seeded_now(void)
{
    return scheduler.run.now_ns;
}

static struct seeded_thread *take_slot(void)
{
    for (int i = 0; i < THREADS_MAX; i++) {
        if (scheduler.threads[i].state != FREE)
            continue;
        if (i >= scheduler.run.used)
            scheduler.run.used = i + 1;
        return &scheduler.threads[i];
    }
    seeded_fail("more than %d threads at once", THREADS_MAX);
}

static struct seeded_thread *add_thread(const char *name)
{
    struct seeded_thread *thread = take_slot();

    thread->state = RUNNABLE;
    thread->number = scheduler.run.started++;
    thread->priority = (UINT64_C(1) << 32) + (seeded_next(&scheduler.run.random) >> 32);
    thread->site = (struct seeded_site){"start", "thread", 0};
    thread->deadline_ns = SEEDED_FOREVER;
    seeded_object_init(&thread->end, "the end of a thread");
    strncpy(thread->name, name, sizeof(thread->name) - 1);
    return thread;
}

static void end_thread(struct seeded_thread *self)
{
    seeded_take_step(SEEDED_HERE("end"), NULL);
    self->state = ENDED;
    seeded_wake_all(&self->end);
    seeded_hand_over_at_end();
}

/* One pthread a slot, for each thread that takes it. */
static void *serve(void *arg)
{
    struct seeded_thread *self = arg;

    for (;;) {
        seeded_await_baton(self);
        if (!self->run)
            return NULL;
        (void)self->run(self->arg);
        end_thread(self);
    }
}

static void provide_pthread(struct seeded_thread *thread)
{
    if (thread->has_pthread)
        return;
    if (sem_init(&thread->baton, 0, 0) != 0 || pthread_create(&thread->pthread, NULL, serve, thread) != 0)
        seeded_fail("no pthread");
    thread->has_pthread = true;
}

int seeded_thread_start(struct seeded_thread **ret_thread, const char *name, void *(*entry)(void *arg),
                        void *arg)
{
    struct seeded_thread *thread;

    seeded_yield(SEEDED_HERE("start a thread"), NULL);
    if (seeded_below(&scheduler.run.random, 100) < scheduler.run.start_failures)
        return -EAGAIN;
    thread = add_thread(name);
    thread->run = entry;
    thread->arg = arg;
    provide_pthread(thread);
    seeded_yield(SEEDED_HERE("started"), NULL);
    *ret_thread = thread;
    return 0;
}

void seeded_thread_join(struct seeded_thread *thread)
{
    seeded_yield(SEEDED_HERE("join"), &thread->end);
    if (thread == scheduler.current)
        seeded_fail("a thread joins itself");
    while (thread->state != ENDED)
        (void)seeded_block(SEEDED_HERE("join"), &thread->end, SEEDED_FOREVER);
    seeded_object_deinit(&thread->end);
    thread->state = FREE;
}

void seeded_thread_rename(const char *name)
{
    memset(scheduler.current->name, 0, sizeof(scheduler.current->name));
    strncpy(scheduler.current->name, name, sizeof(scheduler.current->name) - 1);
}

void seeded_fail_thread_starts(unsigned percent)
{
    scheduler.run.start_failures = percent;
}

void seeded_steady_time(void)
{
    scheduler.run.policy.jump_odds = 0;
}

void seeded_observe(void (*observer)(void))
{
    scheduler.run.observer = observer;
}

/* ---- runs ---- */

static void share_one_cpu(void)
{
    cpu_set_t one;
    int cpu = sched_getcpu();

    CPU_ZERO(&one);
    CPU_SET(cpu < 0 ? 0 : cpu, &one);
    (void)sched_setaffinity(0, sizeof(one), &one);
}

static void prepare_process(void)
{
    static bool prepared;

    if (prepared)
        return;
    prepared = true;
    sem_init(&scheduler.threads[0].baton, 0, 0);
    scheduler.threads[0].has_pthread = true;
    share_one_cpu();
    seeded_catch_signals();
}

uint64_t seeded_steps(void)
{
    return scheduler.run.steps;
}

bool seeded_running(void)
{
    return scheduler.current != NULL;
}

void seeded_begin(uint64_t seed)
{
    prepare_process();
    memset(&scheduler.run, 0, sizeof(scheduler.run));
    scheduler.run.seed = seed;
    scheduler.run.random = seeded_mix(seed);
    scheduler.run.random_outside = seeded_mix(~seed);
    scheduler.run.earliest_ns = SEEDED_FOREVER;
    scheduler.run.lowest_priority = UINT64_C(1) << 32;
    scheduler.run.now_ns = 1;
    seeded_choose_policy();
    alarm(SECONDS_MAX);
    scheduler.current = add_thread("main");
}

uint64_t seeded_end(void)
{
    for (int i = 1; i < scheduler.run.used; i++) {
        if (scheduler.threads[i].state != FREE)
            seeded_fail("thread %d (%s) was never joined", scheduler.threads[i].number,
                        scheduler.threads[i].name);
    }
    scheduler.threads[0].state = FREE;
    scheduler.current = NULL;
    alarm(0);
    return scheduler.run.hash;
}

void seeded_shutdown(void)
{
    for (int i = 1; i < THREADS_MAX && scheduler.threads[i].has_pthread; i++) {
        scheduler.threads[i].run = NULL;
        sem_post(&scheduler.threads[i].baton);
        pthread_join(scheduler.threads[i].pthread, NULL);
        sem_destroy(&scheduler.threads[i].baton);
        scheduler.threads[i].has_pthread = false;
    }
}
