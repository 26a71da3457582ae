/*
 * A scheduler that a seed decides. The threads are real, and one at a time
 * has the baton; at each yield point the seed says who has it next, and when
 * time passes. The same seed gives the same interleaving.
 *
 * tests/seeded/base/ has a second implementation of base's locks, conditions,
 * threads, atomics and clock, which makes each of their operations a yield
 * point. Whoever includes them from here runs under this scheduler.
 *
 * It sees sequentially consistent interleavings only: what a weaker memory
 * order or a data race may do is ThreadSanitizer's to find. Between two yield
 * points nobody else runs, so a plain access is as good as a locked one here.
 */
#ifndef KVFS_TESTS_SEEDED_SCHEDULER_H
#define KVFS_TESTS_SEEDED_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A deadline that never comes. */
#define SEEDED_FOREVER INT64_MAX

/* Where a yield point stands in the code. */
struct seeded_site {
    const char *what;
    const char *function;
    int line;
};

#define SEEDED_HERE(what) (&(const struct seeded_site){(what), __func__, __LINE__})

struct seeded_thread;

/* What threads wait for: a lock, a condition, a thread's end. */
struct seeded_object {
    uint64_t number; /* in the order of creation, from 1; 0: not there */
    const char *name;
    struct seeded_thread *owner; /* of a lock */
    bool may_wake_early;         /* a condition wakes for no reason now and then */
};

/* ---- a run ---- */

/* The calling thread becomes the first of a run. */
void seeded_begin(uint64_t seed);
/* [first thread] Every other thread has ended and was joined. What the interleaving was, as a number. */
uint64_t seeded_end(void);
uint64_t seeded_steps(void);
bool seeded_running(void);
/* Lets the pthreads go that were kept for the next run. */
void seeded_shutdown(void);

/* Each start of a thread fails with this chance (of 100) from now on. */
void seeded_fail_thread_starts(unsigned percent);
/* From now on time jumps only when nobody can run. */
void seeded_steady_time(void);
/* Called when a run fails, to say more. */
void seeded_on_failure(void (*print)(void));
/* Called at each yield point, before anybody else can run; it must not come to one itself. NULL for none. */
void seeded_observe(void (*observer)(void));
/* Of the seed's own numbers, apart from the scheduler's: below `limit`. */
uint64_t seeded_random(uint64_t limit);

/* What fails from now on says nothing: it is meant to. */
void seeded_die_silently(void);
/* Prints the seed, the reason, what each thread does and the latest steps; aborts. */
void seeded_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
#define must(truth) ((truth) ? (void)0 : seeded_fail("%s:%d: must be true: %s", __FILE__, __LINE__, #truth))

/* ---- for base's second implementation ---- */

struct seeded_thread *seeded_self(void);
int seeded_number_of(const struct seeded_thread *thread);
int64_t seeded_now(void);
/* The same numbers in another order for each seed: as good as an address, and the same in each run. */
uint64_t seeded_rank(const struct seeded_object *object);
/* True now and then: what may fail for no reason does. */
bool seeded_fails_early(void);

void seeded_object_init(struct seeded_object *object, const char *name);
/* Nobody owns it or waits for it. */
void seeded_object_deinit(struct seeded_object *object);

/* Anybody may run before this returns. */
void seeded_yield(const struct seeded_site *site, const struct seeded_object *object);
/* Until it is woken, or time is up: then false. */
bool seeded_block(const struct seeded_site *site, const struct seeded_object *object, int64_t deadline_ns);
void seeded_wake_all(const struct seeded_object *object);
void seeded_wake_one(const struct seeded_object *object);
/* Until nobody else can run, and no deadline within `patience_ns` is waited for. */
void seeded_settle(int64_t patience_ns);

/* 0, or a negative errno. `*ret_thread` is written when the new thread may already run. */
int seeded_thread_start(struct seeded_thread **ret_thread, const char *name, void *(*run)(void *arg),
                        void *arg);
void seeded_thread_join(struct seeded_thread *thread);
void seeded_thread_rename(const char *name);

#endif
