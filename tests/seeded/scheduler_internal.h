/*
 * What the scheduler's files know of each other. scheduler.c says who is next
 * and what time it is; scheduler_run.c begins and ends threads and runs;
 * scheduler_report.c says what went wrong.
 */
#ifndef KVFS_TESTS_SEEDED_SCHEDULER_INTERNAL_H
#define KVFS_TESTS_SEEDED_SCHEDULER_INTERNAL_H

#include "seeded/scheduler.h"

#include <pthread.h>
#include <semaphore.h>

#define THREADS_MAX 64
#define TRACE_MAX 4096

enum thread_state { FREE, RUNNABLE, WAITING, SETTLING, ENDED };

struct seeded_thread {
    enum thread_state state;
    int number; /* in the order of their starts, from 0 */
    char name[16];
    struct seeded_object end;
    const struct seeded_object *waits_for;
    int64_t deadline_ns;
    bool in_time;
    uint64_t priority;
    struct seeded_site site; /* its latest step */
    void *(*run)(void *arg);
    void *arg;
    sem_t baton;
    pthread_t pthread;
    bool has_pthread;
};

struct seeded_policy {
    bool by_priority;
    unsigned switch_odds; /* one in so many points; 0: never */
    unsigned jump_odds;
    unsigned early_odds;
    int64_t tick_ns;
};

struct seeded_step {
    int thread;
    struct seeded_site site;
    uint64_t object;
};

/* Of one run. */
struct seeded_run {
    uint64_t seed;
    uint64_t random; /* what the scheduler chooses by */
    uint64_t random_outside;
    struct seeded_policy policy;
    int64_t now_ns;
    int64_t earliest_ns; /* no deadline comes before it */
    uint64_t steps;
    unsigned streak;
    uint64_t hash;
    uint64_t objects;
    int started;
    int used; /* slots of `threads` that were ever taken */
    uint64_t lowest_priority;
    unsigned start_failures;
    void (*observer)(void);
};

struct scheduler {
    struct seeded_thread *current; /* who has the baton; NULL: no run */
    struct seeded_run run;
    struct seeded_thread threads[THREADS_MAX];
    struct seeded_step trace[TRACE_MAX];
    void (*print_more)(void);
    bool failing;
    bool silent;
};

extern struct scheduler scheduler;

/* Numbers of the seed. */
uint64_t seeded_mix(uint64_t x);
uint64_t seeded_next(uint64_t *state);
uint64_t seeded_below(uint64_t *state, uint64_t limit);
void seeded_choose_policy(void);

/* The current thread's next step, without a choice of who goes on. */
void seeded_take_step(const struct seeded_site *site, const struct seeded_object *object);
/* The current thread has ended: somebody else goes on. */
void seeded_hand_over_at_end(void);
void seeded_await_baton(struct seeded_thread *self);

/* From now on what ends the process is reported. */
void seeded_catch_signals(void);

#endif
