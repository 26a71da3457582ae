#include "base/sequence.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define SEQUENCE_CAPACITY_MIN 8
#define SEQUENCE_LARGE 8192
#define SEQUENCE_POSITION_MAX ((UINT64_C(1) << 56) - 1)

/* ---- a slot ---- */

static uintptr_t slot_of(const struct sequence_item *item)
{
    return (uintptr_t)item;
}

static uintptr_t gap_at(uint64_t position)
{
    return position << 1 | 1;
}

static struct sequence_item *item_in(uintptr_t slot)
{
    return slot & 1 ? NULL : (struct sequence_item *)slot;
}

static uint64_t position_of(uintptr_t slot)
{
    const struct sequence_item *item = item_in(slot);

    return item ? item->position : slot >> 1;
}

/* ---- all of them ---- */

void sequence_init(struct sequence *sequence, uint64_t first_position)
{
    *sequence = (struct sequence){.next_position = first_position};
}

void sequence_deinit(struct sequence *sequence)
{
    free(sequence->slots);
    sequence->slots = NULL;
    sequence->used = sequence->capacity = sequence->count = 0;
}

static int resize(struct sequence *sequence, size_t capacity)
{
    uintptr_t *slots;

    if (capacity > UINT32_MAX)
        return -ENOMEM;
    slots = realloc(sequence->slots, capacity * sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    sequence->slots = slots;
    sequence->capacity = (uint32_t)capacity;
    return 0;
}

/* By a quarter once it is large: where memory is moved by its pages that copies little, and it wastes less. */
static size_t next_capacity(const struct sequence *sequence)
{
    size_t capacity = sequence->capacity;

    return capacity < SEQUENCE_LARGE ? capacity * 2 + (capacity == 0) * SEQUENCE_CAPACITY_MIN : capacity + capacity / 4;
}

static void close_gaps(struct sequence *sequence)
{
    uint32_t to = 0;

    for (uint32_t from = 0; from < sequence->used; from++) {
        if (item_in(sequence->slots[from]))
            sequence->slots[to++] = sequence->slots[from];
    }
    sequence->used = to;
}

static uint64_t position_at(const struct sequence *sequence, size_t index)
{
    return position_of(sequence->slots[index]);
}

/*
 * Index of the first slot whose position is greater than `position`. As positions grow by one at least, it is as far from
 * either end as the positions are, at most; and just as far while no gap has been closed.
 */
static size_t index_behind(const struct sequence *sequence, uint64_t position)
{
    uint64_t first;
    uint64_t last;
    size_t low;
    size_t high;

    if (sequence->used == 0 || position < (first = position_at(sequence, 0)))
        return 0;
    last = position_at(sequence, sequence->used - 1);
    if (position >= last)
        return sequence->used;
    low = last - position < sequence->used ? sequence->used - (size_t)(last - position) : 0;
    high = position - first < sequence->used ? (size_t)(position - first) + 1 : sequence->used;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (position_at(sequence, middle) <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uintptr_t *find_slot(struct sequence *sequence, uint64_t position)
{
    size_t index = index_behind(sequence, position);

    assert(index > 0);
    assert(position_at(sequence, index - 1) == position && item_in(sequence->slots[index - 1]));
    return &sequence->slots[index - 1];
}

int sequence_add(struct sequence *sequence, struct sequence_item *item)
{
    int rc;

    if (sequence->used == sequence->capacity) {
        rc = resize(sequence, next_capacity(sequence));
        if (rc < 0)
            return rc;
    }

    item->position = sequence->next_position++ & SEQUENCE_POSITION_MAX;
    sequence->slots[sequence->used++] = slot_of(item);
    sequence->count++;
    return 0;
}

void sequence_remove(struct sequence *sequence, const struct sequence_item *item)
{
    *find_slot(sequence, item->position) = gap_at(item->position);
    sequence->count--;

    if (sequence->count == 0) {
        sequence_deinit(sequence);
        return;
    }
    if (sequence->used < SEQUENCE_CAPACITY_MIN || sequence->count > sequence->used / 2)
        return;
    close_gaps(sequence);
    /* Should shrinking fail, the larger array serves as well. */
    if (sequence->used <= sequence->capacity / 4)
        (void)resize(sequence, (size_t)sequence->used * 2);
}

void sequence_replace(struct sequence *sequence, struct sequence_item *item)
{
    *find_slot(sequence, item->position) = slot_of(item);
}

struct sequence_item *sequence_next(const struct sequence *sequence, uint64_t position, size_t *cursor,
                                    uint64_t *ret_position)
{
    size_t index = *cursor;

    /* The cursor is a hint: good when the slot before it is not behind the position and its own is. */
    if (index > sequence->used || (index > 0 && position_at(sequence, index - 1) > position) ||
        (index < sequence->used && position_at(sequence, index) <= position))
        index = index_behind(sequence, position);

    while (index < sequence->used && !item_in(sequence->slots[index]))
        index++;
    if (index == sequence->used)
        return NULL;
    *cursor = index + 1;
    *ret_position = position_at(sequence, index);
    return item_in(sequence->slots[index]);
}
