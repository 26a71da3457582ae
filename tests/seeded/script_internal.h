/*
 * What the files of a scenario know of each other. player.c is what an actor
 * does; perform.c what an operation is; scenario.c who is on the stage, from
 * begin to end.
 */
#ifndef KVFS_TESTS_SEEDED_SCRIPT_INTERNAL_H
#define KVFS_TESTS_SEEDED_SCRIPT_INTERNAL_H

#include "seeded/script.h"

#include "base/clock.h"
#include "seeded/scheduler.h"

struct player {
    struct actor actor;
    const struct player_options *options;
    int number;
    bool seen_ended;
    bool follows;
    struct monitor fate;
    struct {
        struct monitor monitor;
        int operation; /* that made it; NEVER: it isn't in use */
    } monitors[MONITORS_MAX];
    struct timer timers[TIMERS_MAX];
    struct receive_timeout timeout;
    int timeouts; /* so many came */
};

/* What is sent: a message, or the argument of a call. */
struct order {
    struct message message;
    int operation;
};

/* On whose behalf this thread performs steps. */
struct role {
    int sender;
    struct player *self; /* NULL: a client */
    struct role *outer;
};

struct stage {
    const struct scenario *scenario;
    struct runtime runtime;
    struct timers *timers;
    struct player *players[PLAYERS_MAX]; /* that others know */
    struct player *watched[PLAYERS_MAX]; /* that the observer looks at */
    bool started[PLAYERS_MAX];
    int starting; /* starts that are under way */
    bool closing; /* nobody is started any more */
    int orders;
    int players_left;
    enum threads threads;
    struct cause causes[PLAYERS_MAX];
    struct lock lock; /* for those who sleep */
    struct condition never;
};

extern struct stage stage;

/* player.c */

/* Not started yet; the observer sees it from now on. */
struct player *player_create(int number);
/* One that was never started. */
void player_discard(struct player *player);
const struct actor_class *player_class(const struct player *player);
static inline struct player *player_of(struct actor *actor)
{
    return message_container(actor, struct player, actor);
}
/* Sees who has ended. Comes to no yield point. */
void players_observe(void);

struct order *order_create(enum message_kind kind, int operation);
void order_release(void *order);

/* perform.c */

void perform_all(const struct step *steps, struct role *role);
/* As what this player does inside a callback. */
void perform_inside(struct player *self, const struct step *steps);
static inline const struct step *step_of(int operation)
{
    return history.operations[operation].step;
}

#endif
