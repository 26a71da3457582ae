/*
 * A restart is one too many if `max_restarts` others lie within the period
 * before it, so only that many times are kept, in a ring: the oldest of the
 * last `max_restarts` decides. As in OTP, one that is exactly a period ago
 * still counts.
 */
#include "actor/restart.h"

#include <string.h>

static const char *const words[] = {
    [RESTART_TEMPORARY] = "temporary",
    [RESTART_TRANSIENT] = "transient",
    [RESTART_PERMANENT] = "permanent",
};

bool restart_is_wanted(enum restart_policy policy, const struct reason *reason)
{
    switch (policy) {
    case RESTART_TEMPORARY:
        return false;
    case RESTART_TRANSIENT:
        return reason->code != REASON_NORMAL && reason->code != REASON_SHUTDOWN;
    case RESTART_PERMANENT:
        break;
    }
    return true;
}

const char *restart_word(enum restart_policy policy)
{
    return words[policy];
}

bool restart_of_word(const char *text, size_t length, enum restart_policy *ret_policy)
{
    for (unsigned policy = RESTART_TEMPORARY; policy <= RESTART_PERMANENT; policy++) {
        if (strlen(words[policy]) != length || memcmp(words[policy], text, length) != 0)
            continue;
        *ret_policy = policy;
        return true;
    }
    return false;
}

/* The time of the `nth` last restart, from 1. */
static int64_t nth_last(const struct restart_ring *ring, const int64_t *times, uint32_t capacity,
                        uint32_t nth)
{
    return times[ring->next >= nth ? ring->next - nth : capacity - (nth - ring->next)];
}

static void remember(struct restart_ring *ring, int64_t *times, uint32_t capacity, int64_t now_ns)
{
    times[ring->next] = now_ns;
    ring->next = ring->next + 1 < capacity ? ring->next + 1 : 0;
    if (ring->used < capacity)
        ring->used++;
}

bool restart_count_in(struct restart_ring *ring, int64_t *times, uint32_t capacity,
                      const struct restart_intensity *intensity, int64_t now_ns)
{
    uint32_t max = intensity->max_restarts;

    assert(max <= capacity);
    if (max == 0)
        return false;
    if (ring->used >= max && now_ns - nth_last(ring, times, capacity, max) <= intensity->period_ns)
        return false;
    remember(ring, times, capacity, now_ns);
    return true;
}
