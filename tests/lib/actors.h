/*
 * What a test of actors needs: a runtime, probes (actors that do what the
 * test says and write down what happened), threads, gates, and messages and
 * arguments that are counted.
 *
 * actors_run() runs a body between runtime_init() and runtime_deinit(), with
 * the direct call on or off. Whatever the body started is ended by it, and
 * the test fails if an actor, a thread, a message or an argument is left
 * over, or if a probe wasn't destroyed and freed exactly once.
 *
 * A condition is waited for until ACTORS_PATIENCE_MS have passed, never
 * longer and never for a time.
 */
#ifndef KVFS_TESTS_LIB_ACTORS_H
#define KVFS_TESTS_LIB_ACTORS_H

#include "actor/actor.h"
#include "actor/link.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>

#define ACTORS_PATIENCE_MS 20000
#define PROBE_MONITORS 8

/* Two tests of one body: calls to prompt actors run by the caller, and queued. */
#define ACTOR_TEST(suite, sentence)                                                                          \
    static void sentence(void);                                                                              \
    Test(suite, sentence##_with_direct_calls)                                                                \
    {                                                                                                        \
        actors_run(sentence, true);                                                                          \
    }                                                                                                        \
    Test(suite, sentence##_with_queued_calls)                                                                \
    {                                                                                                        \
        actors_run(sentence, false);                                                                         \
    }                                                                                                        \
    static void sentence(void)

void actors_run(void (*body)(void), bool direct);
struct runtime *actors_runtime(void);

/* What must be true on any thread: cr_assert() is for the test's own. Ends the test's process if it isn't. */
#define must(truth) must_be((truth), #truth, __FILE__, __LINE__)
void must_be(bool truth, const char *words, const char *file, int line);

/* ---- probes ---- */

struct probe;

/* What a test has a probe do, inside of it. */
typedef int (*probe_task)(struct probe *self, void *arg);

struct probe_options {
    bool slow;       /* not prompt: its callbacks may wait */
    bool traps;      /* exits */
    struct probe *parent; /* linked with it from the start */
    probe_task init; /* non-zero: fails, with the error text "init" */
    probe_task terminate;
    probe_task destroy;
    probe_task down; /* in a DOWN, after it was written down */
    void *arg;       /* for each of them */
    const char *label;
};

struct journal;

struct probe {
    struct actor actor;
    struct probe_options options;
    struct journal *journal; /* outlives the probe */
    struct monitor monitors[PROBE_MONITORS];
    uint64_t refs[PROBE_MONITORS]; /* what actor_monitor() answered */
};

/* Started, and the test's until it has ended: the fixture ends it and lets it go. */
struct probe *probe_start(void);
struct probe *probe_start_slow(void);
struct probe *probe_start_with(const struct probe_options *options);
/* The same, and it may fail. */
int probe_try_start(const struct probe_options *options, struct probe **ret_probe, struct reason *ret_reason);

/* Gives the test's reference up early; the probe must have ended and isn't to be used any more. */
void probe_let_go(struct probe *probe);

/*
 * What happened to a probe, in order, as `call 1, cast 2, info 3, down 1 killed, exit killed, terminate normal, destroy`. The number
 * of a call, a cast or an info is its sender's, that of a DOWN its monitor's (from 1).
 */
const char *probe_story(struct probe *probe);
/* The same, once it has ended: neither stop nor kill promises that `destroy` has run. */
const char *probe_whole_story(struct probe *probe);
/* Writes a line into the story. [any thread] */
void probe_note(struct probe *probe, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* True as soon as the story contains `part`, false if it doesn't in time. */
bool probe_await(struct probe *probe, const char *part);
/* Until it has ended and was destroyed. */
bool probe_await_end(struct probe *probe);
/* Until it has a thread, or has none. */
bool probe_await_awake(struct probe *probe, bool awake);
/* Until that many messages wait in its mailbox. */
bool probe_await_mail(struct probe *probe, uint32_t count);
/* Until somebody's call or stop waits for a busy probe: as the only mail, or for its run lock. */
bool probe_await_caller(struct probe *probe);

/* A call with a number, answered with 0; a cast and an info with one. */
int probe_call(struct probe *probe, unsigned number);
int probe_call_for(struct probe *probe, unsigned number, int timeout_ms);
int probe_cast(struct probe *probe, unsigned number);
void probe_send(struct probe *probe, unsigned number);
/* Runs a task inside the probe: as a call, whose answer is the task's, or as a cast. */
int probe_do(struct probe *probe, probe_task task, void *arg);
int probe_do_for(struct probe *probe, probe_task task, void *arg, int timeout_ms);
void probe_do_later(struct probe *probe, probe_task task, void *arg);

/* `watcher` monitors `target`, by monitor `number` (from 1). */
void probe_monitor(struct probe *watcher, int number, struct probe *target);
void probe_monitor_actor(struct probe *watcher, int number, struct actor *target);
void probe_demonitor(struct probe *watcher, int number);

static inline void probe_link(struct probe *a, struct probe *b)
{
    must(actor_link(&a->actor, &b->actor) == 0);
}

static inline int probe_stop(struct probe *probe)
{
    return actor_stop(&probe->actor, REASON(NORMAL), ACTORS_PATIENCE_MS);
}

static inline int probe_kill(struct probe *probe)
{
    return actor_kill(&probe->actor);
}

static inline struct probe *probe_of(struct actor *actor)
{
    return message_container(actor, struct probe, actor);
}

/* ---- messages and arguments that are counted ---- */

/* A cast or an info with a number; its release is counted. */
struct message *counted_message(enum message_kind kind, unsigned number);
/* An argument for actor_call_owned(), and what releases it. */
void *counted_arg(void);
void counted_arg_release(void *arg);
/* Made and not yet released. */
int counted_messages_left(void);
int counted_args_left(void);

/* ---- threads and gates ---- */

/* A place where a callback waits until the test lets it go on. */
struct gate {
    struct lock lock;
    struct condition changed;
    int arrived; /* guarded by lock */
    int left;    /* guarded by lock */
    bool open;   /* guarded by lock */
};

void gate_init(struct gate *gate);
/* Waits until everybody who came has left. */
void gate_deinit(struct gate *gate);
/* [any thread] Says that it is here, and waits. */
void gate_pass(struct gate *gate);
void gate_open(struct gate *gate);
/* True if somebody has come. */
bool gate_reached(struct gate *gate);
/* Until `count` have come. */
bool gate_await(struct gate *gate, int count);
/* A task that passes the gate that `arg` is. */
int pass_gate(struct probe *self, void *arg);

struct helper;
/* Runs `run(arg)` on a thread; the helper is gone when it was joined. */
struct helper *helper_start(int (*run)(void *arg), void *arg);
/* For what mustn't go deep: 256 KiB. */
struct helper *helper_start_on_small_stack(int (*run)(void *arg), void *arg);
/* Its answer. The test fails if it hasn't ended in time. */
int helper_join(struct helper *helper);

#endif
