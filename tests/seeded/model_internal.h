/*
 * What the files of the model know of each other. model.c reads the history
 * and judges what is handled when; model_end.c judges answers and ends;
 * model_link.c who goes along; model_timer.c what fires.
 */
#ifndef KVFS_TESTS_SEEDED_MODEL_INTERNAL_H
#define KVFS_TESTS_SEEDED_MODEL_INTERNAL_H

#include "seeded/model.h"

#include <limits.h>

#define SENDERS_MAX (PLAYERS_MAX + CLIENTS_MAX + 1)
#define LATER INT_MAX

/* An operation. Places in the history; LATER: it hasn't happened. */
struct deed {
    const struct step *step;
    int sender;
    unsigned inside;
    int begin;
    int end;
    int result;
    int entered; /* handled; of a monitor: its DOWN; of a signal: its EXIT */
    int left;
    int released;
    int taken_back; /* of a monitor: where demonitor began */
    int taken_back_end;
};

struct life {
    bool used;
    bool failed; /* its init */
    int ended;
    struct cause cause;
    bool may_enter; /* a callback that was about to begin as it ended */
    int inside;     /* the callback that runs: where it began; LATER: none */
    int terminating;
    int terminated;
    struct cause terminate_cause;
    int destroyed;
    int freed;
    int told; /* from then on somebody knows that every DOWN and EXIT of it is in its mailbox */
    int last_begin[SENDERS_MAX]; /* of what was handled, by sender */
    int last_word[PLAYERS_MAX];  /* the first DOWN or EXIT of that player */
    int exits[PLAYERS_MAX];      /* EXITs of that player with its reason */
    int noproc_exits[PLAYERS_MAX];
    int monitors[MONITORS_MAX]; /* the operation that used each last; NEVER: none did */
    int fired[TIMERS_MAX];      /* how often */
    int last_fired[TIMERS_MAX]; /* NEVER: it hasn't */
    int silent;                 /* where it last began to wait for a receive timeout; NEVER: it hasn't */
};

struct model {
    const struct scenario *scenario;
    struct deed deeds[OPERATIONS_MAX];
    int deed_count;
    struct life lives[PLAYERS_MAX];
    int settled;
    int place; /* of the event that is being read */
};

extern struct model model;

void model_broken(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
#define require(truth, ...) ((truth) ? (void)0 : model_broken(__VA_ARGS__))

static inline bool is_player(int sender)
{
    return sender < PLAYERS_MAX;
}

/* Had who did it ended before `when`? */
static inline bool doer_was_dead(const struct deed *deed, int when)
{
    return is_player(deed->sender) && model.lives[deed->sender].ended < when;
}

static inline bool is_mail(const struct deed *deed)
{
    return deed->step->kind == CAST || deed->step->kind == INFO;
}

/* Each DOWN that was in the mailbox before `when` has been handled. */
void model_require_downs(int watcher, int when);
/* Nobody is told what isn't so. */
void model_check_answers(void);
/* Everybody ended for a reason, in the right way. */
void model_check_ends(void);
/* Nothing is missing. */
void model_check_settled(void);

/* A timer's info, or that of a receive timeout, begins to be handled. */
void model_enter_timer(const struct event *event);
/* Each timer that was left alone has fired. */
void model_check_timers(void);
/* An EXIT message begins to be handled. */
void model_enter_exit(const struct event *event);
/* Each EXIT that was in the mailbox before `when` has been handled. */
void model_require_exits(int player, int when);
/* May this player have ended as it did because of another's end? */
bool model_went_along(int player);
/* Who must have gone along by the time that all was quiet, has; who must have heard, has. */
void model_check_links(void);

#endif
