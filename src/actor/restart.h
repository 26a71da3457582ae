/*
 * Whether an actor that has ended is started again: by policy, and how often
 * at most within how long. For whoever supervises: a supervisor, and a bucket
 * for its children.
 *
 * Starts nothing and reads no clock.
 *
 * Source: Erlang/OTP's supervisor: restart types, maximum restart intensity.
 */
#ifndef KVFS_ACTOR_RESTART_H
#define KVFS_ACTOR_RESTART_H

#include "actor/reason.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum restart_policy {
    RESTART_TEMPORARY, /* never */
    RESTART_TRANSIENT, /* after an abnormal end */
    RESTART_PERMANENT, /* always */
};

/* [any thread] `normal` and `shutdown`, with a text or without, are normal ends. */
bool restart_is_wanted(enum restart_policy policy, const struct reason *reason);

/* `temporary`, `transient`, `permanent`: as users see it. */
const char *restart_word(enum restart_policy policy);
/* False if it is no such word. */
bool restart_of_word(const char *text, size_t length, enum restart_policy *ret_policy);

/* The restarts that are allowed: up to `max_restarts` in any `period_ns`. */
struct restart_intensity {
    uint32_t max_restarts; /* 0: none */
    int64_t period_ns;
};

#define RESTART_INTENSITY_DEFAULT                                                                            \
    ((struct restart_intensity){.max_restarts = 3, .period_ns = INT64_C(5000000000)})

/* The last restarts; their times are in an array of the caller's, who guards both. All zero: there were none. */
struct restart_ring {
    uint32_t next; /* where the next time goes */
    uint32_t used;
};

/*
 * [never blocks] True if one more restart is allowed now, which is then remembered. `times` has `capacity` slots, at
 * least `max_restarts` of them; the intensity may be another each time.
 */
bool restart_count_in(struct restart_ring *ring, int64_t *times, uint32_t capacity,
                      const struct restart_intensity *intensity, int64_t now_ns);

#define RESTART_MAX_INTENSITY 3

/* A ring with its times, small enough to be part of every entry. All zero: there were none. */
struct restart_window {
    struct restart_ring ring;
    int64_t times[RESTART_MAX_INTENSITY];
};
static_assert(sizeof(struct restart_window) <= 32, "it is part of every bucket's entry");

/* The same, for at most RESTART_MAX_INTENSITY restarts. */
static inline bool restart_count(struct restart_window *window, const struct restart_intensity *intensity,
                                 int64_t now_ns)
{
    return restart_count_in(&window->ring, window->times, RESTART_MAX_INTENSITY, intensity, now_ns);
}

#endif
