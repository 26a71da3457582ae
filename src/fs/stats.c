#include "fs/stats.h"

#include "base/atomic.h"
#include "base/clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#define CACHE_LINE 64

/* As few as tell a cached answer from one that had to wait. */
const int64_t stats_bounds_ns[STATS_BOUNDS] = {
    1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000, 10000000, 100000000, 1000000000,
};

/* Written by one thread only, read by any: so neither needs more than a plain load and store. */
typedef _Atomic uint64_t counter;

/* Of an operation. */
struct tally {
    counter requests;
    counter durations[STATS_BOUNDS + 1];
    counter sum_ns;
};

/* What one thread counts. Kept until the end, by one thread after the other. */
struct stats_slot {
    struct stats_slot *next; /* constant once it is in the list */
    _Atomic bool taken;
    char apart[CACHE_LINE];
    enum operation now; /* the thread's own: what it is at */
    counter read;
    counter written;
    struct tally tallies[OPERATION_COUNT];
    counter errors[OPERATION_COUNT][STATS_ERRNO_END];
};

struct stats {
    pthread_key_t key; /* each thread's slot */
    _Atomic(struct stats_slot *) slots; /* only grows */
    _Atomic uint64_t notifications[NOTIFICATION_COUNT]; /* of all threads: each costs a system call anyway */
};

static void add(counter *to, uint64_t n)
{
    atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + n, memory_order_relaxed);
}

static uint64_t read_counter(const counter *from)
{
    return atomic_load_explicit((counter *)from, memory_order_relaxed);
}

/* ---- slots ---- */

/* The thread ends. */
static void leave_slot(void *slot)
{
    atomic_store(&((struct stats_slot *)slot)->taken, false);
}

/* One that a thread has left, or NULL. */
static struct stats_slot *take_left_slot(struct stats *stats)
{
    for (struct stats_slot *slot = atomic_load(&stats->slots); slot; slot = slot->next) {
        if (!atomic_exchange(&slot->taken, true))
            return slot;
    }
    return NULL;
}

/* NULL without memory. */
static struct stats_slot *add_slot(struct stats *stats)
{
    struct stats_slot *slot = calloc(1, sizeof(*slot));

    if (!slot)
        return NULL;
    slot->taken = true;
    slot->next = atomic_load(&stats->slots);
    while (!atomic_compare_exchange_weak(&stats->slots, &slot->next, slot))
        continue;
    return slot;
}

static struct stats_slot *take_slot(struct stats *stats)
{
    struct stats_slot *slot = take_left_slot(stats);

    if (!slot)
        slot = add_slot(stats);
    if (!slot || pthread_setspecific(stats->key, slot) == 0)
        return slot;
    leave_slot(slot);
    return NULL;
}

/* This thread's, or NULL without memory. */
static struct stats_slot *own_slot(struct stats *stats)
{
    struct stats_slot *slot = pthread_getspecific(stats->key);

    return slot ? slot : take_slot(stats);
}

/* ---- life ---- */

struct stats *stats_create(void)
{
    struct stats *stats = calloc(1, sizeof(*stats));

    if (!stats || pthread_key_create(&stats->key, leave_slot) == 0)
        return stats;
    free(stats);
    return NULL;
}

void stats_destroy(struct stats *stats)
{
    struct stats_slot *slot = stats ? stats->slots : NULL;

    if (stats)
        pthread_key_delete(stats->key);
    while (slot) {
        struct stats_slot *next = slot->next;

        free(slot);
        slot = next;
    }
    free(stats);
}

/* ---- counting ---- */

void stats_begin(struct stats *stats, enum operation operation, struct stats_request *ret_request)
{
    struct stats_slot *slot = own_slot(stats);

    *ret_request = (struct stats_request){.slot = slot, .operation = operation};
    if (!slot)
        return;
    slot->now = operation;
    add(&slot->tallies[operation].requests, 1);
    ret_request->began = clock_monotonic_ns();
}

/* Most are among the first. */
static size_t bound_of(int64_t ns)
{
    size_t i = 0;

    while (i < STATS_BOUNDS && ns > stats_bounds_ns[i])
        i++;
    return i;
}

void stats_end(const struct stats_request *request)
{
    struct tally *tally;
    int64_t ns;

    if (!request->slot)
        return;
    ns = clock_monotonic_ns() - request->began;
    tally = &request->slot->tallies[request->operation];
    add(&tally->durations[bound_of(ns)], 1);
    add(&tally->sum_ns, (uint64_t)ns);
}

void stats_count(struct stats *stats, enum operation operation)
{
    struct stats_slot *slot = own_slot(stats);

    if (slot)
        add(&slot->tallies[operation].requests, 1);
}

void stats_count_error(struct stats *stats, int error)
{
    struct stats_slot *slot = own_slot(stats);

    if (slot && error > 0 && error < STATS_ERRNO_END)
        add(&slot->errors[slot->now][error], 1);
}

void stats_count_read(struct stats *stats, size_t size)
{
    struct stats_slot *slot = own_slot(stats);

    if (slot)
        add(&slot->read, size);
}

void stats_count_written(struct stats *stats, size_t size)
{
    struct stats_slot *slot = own_slot(stats);

    if (slot)
        add(&slot->written, size);
}

void stats_count_notification(struct stats *stats, enum notification notification)
{
    atomic_fetch_add(&stats->notifications[notification], 1);
}

/* ---- adding up ---- */

/* Of all slots the counter that is at `offset` in each. */
static uint64_t sum(const struct stats *stats, size_t offset)
{
    const struct stats_slot *slot = atomic_load(&((struct stats *)stats)->slots);
    uint64_t total = 0;

    for (; slot; slot = slot->next)
        total += read_counter((const counter *)((const char *)slot + offset));
    return total;
}

uint64_t stats_requests(const struct stats *stats, enum operation operation)
{
    return sum(stats, offsetof(struct stats_slot, tallies[operation].requests));
}

uint64_t stats_errors(const struct stats *stats, enum operation operation, int error)
{
    return sum(stats, offsetof(struct stats_slot, errors[operation][error]));
}

uint64_t stats_read(const struct stats *stats)
{
    return sum(stats, offsetof(struct stats_slot, read));
}

uint64_t stats_written(const struct stats *stats)
{
    return sum(stats, offsetof(struct stats_slot, written));
}

uint64_t stats_notifications(const struct stats *stats, enum notification notification)
{
    return read_counter(&stats->notifications[notification]);
}

void stats_get_durations(const struct stats *stats, enum operation operation, struct stats_durations *ret_durations)
{
    size_t offset = offsetof(struct stats_slot, tallies[operation].durations);

    ret_durations->count = 0;
    for (size_t i = 0; i <= STATS_BOUNDS; i++) {
        ret_durations->counts[i] = sum(stats, offset + i * sizeof(counter));
        ret_durations->count += ret_durations->counts[i];
    }
    ret_durations->sum_ns = sum(stats, offsetof(struct stats_slot, tallies[operation].sum_ns));
}
