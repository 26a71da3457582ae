/*
 * Wards: children for the supervisors of tests. They do what their plan says
 * and write down, in one story for all of them, who started and how it ended:
 *
 *     start a, start b, end b shutdown, end a killed
 *
 * wards_run() is actors_run() that also fails the test if a ward wasn't freed.
 */
#ifndef KVFS_TESTS_LIB_WARDS_H
#define KVFS_TESTS_LIB_WARDS_H

#include "actor/supervisor.h"
#include "lib/actors.h"

/* Two tests of one body, as ACTOR_TEST(). */
#define WARD_TEST(suite, sentence)                                                                           \
    static void sentence(void);                                                                              \
    Test(suite, sentence##_with_direct_calls)                                                                \
    {                                                                                                        \
        wards_run(sentence, true);                                                                           \
    }                                                                                                        \
    Test(suite, sentence##_with_queued_calls)                                                                \
    {                                                                                                        \
        wards_run(sentence, false);                                                                          \
    }                                                                                                        \
    static void sentence(void)

void wards_run(void (*body)(void), bool direct);

/* ---- plans ---- */

/* What a ward does. There until wards_run() returns; what isn't atomic is written before its supervisor may look. */
struct ward_plan {
    char name[2]; /* its id and what the story calls it */
    enum restart_policy policy;
    int shutdown_ms;
    bool slow;                               /* not prompt */
    bool traps;                              /* exits; it is started linked */
    _Atomic int failures;                    /* that many starts fail, with the error text "init" */
    _Atomic int deaths;                      /* that many starts succeed, but when they return it has ended */
    struct reason death;                     /* for this reason; copied */
    int (*before)(struct actor *supervisor); /* runs first in its start; an answer but 0 fails it */
    struct gate *init_gate;                  /* where its init waits */
    struct gate *end_gate;                   /* where its terminate waits */
    _Atomic int released;                    /* how often its spec's argument was let go */
};

/* A plan for each letter, as its name: the wards are permanent, prompt, and stopped with patience. */
struct ward_plan *ward_plans(const char *names);
struct child_spec ward_spec(struct ward_plan *plan);

/* A supervisor as a child: its wards, or branches below it. */
struct branch_plan {
    const char *name;
    enum restart_policy policy;
    struct supervisor_options options;
    const struct child_spec *specs;
    size_t count;
};

struct child_spec branch_spec(struct branch_plan *plan);

/* ---- what happened ---- */

/* Writes a line. [any thread] */
void wards_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *wards_story(void);
/* True as soon as the story contains `part`, false if it doesn't in time. */
bool wards_await(const char *part);
/* From now on a new story. */
void wards_forget_story(void);

/* ---- what a test does to them ---- */

/* Ends it for this reason, which it takes; `killed` kills it. Its supervisor's DOWN is in the mailbox on return. */
void ward_end(struct actor *ward, struct reason reason);
/* Holds the ward in a callback until the gate is opened. */
void ward_hold(struct actor *ward, struct gate *gate);
/* The plan that it follows. */
struct ward_plan *ward_plan_of(struct actor *ward);

#endif
