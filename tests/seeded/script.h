/*
 * Scenarios as data: what each of several clients does to a few actors (the
 * players), and what these do to each other when they are told to.
 *
 *     static const struct scenario scenario = {
 *         .players = {{.slow = true}, {0}},
 *         .player_count = 2,
 *         .clients = {DO({CALL, .to = 0, .ms = 1, .inside = DO({CAST, .to = 1})}), DO({KILL, .to = 0})},
 *     };
 *
 * scenario_run() performs one under the seeded scheduler, from runtime_init()
 * to runtime_deinit(), and has the model check all that happened (model.h). The
 * seed picks what the scenario leaves open: direct or queued calls, how long
 * threads linger, how many may be awake, whether threads can be had.
 *
 * A step about a player that isn't there yet, or a monitor that is in use, is
 * left out.
 */
#ifndef KVFS_TESTS_SEEDED_SCRIPT_H
#define KVFS_TESTS_SEEDED_SCRIPT_H

#include "actor/actor.h"
#include "actor/link.h"
#include "actor/timer.h"
#include "seeded/events.h"

#define MONITORS_MAX 3
#define TIMERS_MAX 2

enum step_kind {
    STEPS_END,
    CALL, /* the receiver performs `inside`; waits `ms` at most */
    CAST,
    INFO,
    MONITOR,   /* [player] its monitor `which` */
    DEMONITOR, /* [player] its monitor `which` */
    LINK,      /* itself, or `other`, with `to` */
    UNLINK,
    TRAP,   /* [player] */
    UNTRAP, /* [player] */
    FOLLOW, /* [player] once: its parent is `to` */
    SIGNAL, /* an exit signal with `code` */
    STOP,   /* with `code`; waits `ms` at most */
    KILL,
    EXIT, /* [player] with `code` */
    START,
    START_LINK, /* [player] a child of itself */
    TIMER,      /* starts its timer `which`, or of a client that of `to`: for `ms` */
    CANCEL,     /* the same timer */
    SLEEP,      /* [client, slow player] `ms` */
    PAUSE,      /* lets others go on for a while */
};

#define NO_TIME (-1) /* in `ms`: doesn't wait at all */

struct step {
    enum step_kind kind;
    int to;    /* the player it is about */
    int other; /* LINK, UNLINK of a client: the other player */
    int which;
    int ms; /* 0: for ever */
    enum reason_code code;
    bool owned; /* CALL: gives the argument away, also to a prompt player */
    const struct step *inside;
};

#define DO(...) ((const struct step[]){__VA_ARGS__, {.kind = STEPS_END}})

struct player_options {
    bool slow;               /* not prompt: its callbacks may wait */
    bool late;               /* a step starts it */
    bool early;              /* others know it as soon as its `init` runs */
    bool fails;              /* its `init` does, at its end */
    bool traps;              /* exits, from `init` on */
    int timeout_ms;          /* it is told when it has had no mail for so long */
    const struct step *init; /* what it does in each of these */
    const struct step *down;
    const struct step *exit;
    const struct step *timer;
    const struct step *terminate;
    const struct step *destroy;
};

enum calls { CALLS_ANY, CALLS_DIRECT, CALLS_QUEUED };
/* ENOUGH, or now and then, or none after the clients' own. */
enum threads { THREADS_ANY, THREADS_ENOUGH, THREADS_SCARCE, THREADS_NONE };

struct scenario {
    struct player_options players[PLAYERS_MAX];
    int player_count;
    const struct step *setup;                /* by the main thread, before the others */
    const struct step *clients[CLIENTS_MAX]; /* each by a thread of its own */
    enum calls calls;
    int linger_ms; /* 0: the seed's choice */
    enum threads threads;
    bool steady; /* an hour passes only when nobody can run */
};

void scenario_run(const struct scenario *scenario);

/* What the one operation that performed `step` answered; NEVER if it wasn't begun. */
int result_of(const struct step *step);
/* When it ended, by the virtual clock. */
int64_t end_of(const struct step *step);
/* Why a player ended. */
struct cause cause_of_end(int player);
/* How many threads ran its callbacks, besides `init`. */
int threads_in(int player);
/* How often a player was in such a callback. */
int times_in(int player, enum callback callback);
/* What a call answers that was handled. */
#define REPLY_FIRST 1000
static inline bool is_reply(int result)
{
    return result >= REPLY_FIRST;
}
/* How long it may wait at least, in nanoseconds; LOCK_FOREVER: until it is answered. */
int64_t step_timeout_ns(const struct step *step, bool by_player);
void step_print(const struct step *step);

#endif
