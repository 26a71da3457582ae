/*
 * What happened in a run, in the order in which it did: when each operation
 * began and ended and what it answered; when each callback began and ended;
 * when each actor ended, seen at the step at which it did; what was released.
 *
 * No other thread runs while an event is noted, so its place in the list is
 * its place in time.
 */
#ifndef KVFS_TESTS_SEEDED_EVENTS_H
#define KVFS_TESTS_SEEDED_EVENTS_H

#include "actor/reason.h"

#include <stdbool.h>
#include <stdint.h>

#define PLAYERS_MAX 8
#define CLIENTS_MAX 4 /* besides the main thread, which is client 0 */
#define OPERATIONS_MAX 256
#define EVENTS_MAX 2048
#define NEVER (-1)

enum event_kind {
    EVENT_BEGIN, /* an operation */
    EVENT_END,
    EVENT_ENTER, /* a callback */
    EVENT_LEAVE,
    EVENT_RELEASED, /* what an operation sent */
    EVENT_ENDED,    /* an actor; `result`: a callback may yet begin, since somebody was about to run it */
    EVENT_FREED,
    EVENT_SILENT,  /* a player begins to wait for a receive timeout */
    EVENT_SETTLED, /* the clients are through, and nobody has anything to do */
};

enum callback {
    IN_INIT,
    IN_CALL,
    IN_CAST,
    IN_INFO,
    IN_DOWN,
    IN_EXIT,
    IN_TIMER,
    IN_TIMEOUT,
    IN_TERMINATE,
    IN_DESTROY
};

/* A reason as a test sees it: each abnormal one names the operation that gave it. */
struct cause {
    enum reason_code code;
    int operation; /* NEVER: it names none */
};

struct step;

struct event {
    enum event_kind kind;
    int thread;
    int64_t now_ns;
    int player;
    int operation; /* or NEVER */
    int result;
    enum callback callback;
    struct cause cause;
};

/* Who operates: a player by its number, a client after all of them. */
struct operation {
    const struct step *step;
    int sender;
    unsigned inside; /* a bit for each player in a callback of which its thread was */
};

struct history {
    int count;
    struct event events[EVENTS_MAX];
    int operation_count;
    struct operation operations[OPERATIONS_MAX];
};

extern struct history history;

/* Adds one; thread and time are filled in. */
void event_add(struct event event);
/* The number of a new operation. */
int operation_add(const struct step *step, int sender, unsigned inside);
struct cause cause_of(const struct reason *reason);
static inline bool cause_is(struct cause a, struct cause b)
{
    return a.code == b.code && a.operation == b.operation;
}
void history_print(void);

#endif
