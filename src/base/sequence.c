#include "base/sequence.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define SEQUENCE_CAPACITY_MIN 8
#define SEQUENCE_LARGE 8192

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
    struct sequence_slot *slots;

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
        if (sequence->slots[from].item)
            sequence->slots[to++] = sequence->slots[from];
    }
    sequence->used = to;
}

/* Index of the first slot whose position is greater than `position`. */
static size_t index_behind(const struct sequence *sequence, uint64_t position)
{
    size_t low = 0;
    size_t high = sequence->used;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (sequence->slots[middle].position <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct sequence_slot *find_slot(struct sequence *sequence, uint64_t position)
{
    size_t index = index_behind(sequence, position);

    assert(index > 0);
    assert(sequence->slots[index - 1].position == position && sequence->slots[index - 1].item);
    return &sequence->slots[index - 1];
}

int sequence_add(struct sequence *sequence, void *item, uint64_t *ret_position)
{
    int rc;

    if (sequence->used == sequence->capacity) {
        rc = resize(sequence, next_capacity(sequence));
        if (rc < 0)
            return rc;
    }

    sequence->slots[sequence->used++] = (struct sequence_slot){sequence->next_position, item};
    sequence->count++;
    *ret_position = sequence->next_position++;
    return 0;
}

void sequence_remove(struct sequence *sequence, uint64_t position)
{
    find_slot(sequence, position)->item = NULL;
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

void sequence_replace(struct sequence *sequence, uint64_t position, void *item)
{
    find_slot(sequence, position)->item = item;
}

void *sequence_next(const struct sequence *sequence, uint64_t position, size_t *cursor, uint64_t *ret_position)
{
    size_t index = *cursor;

    /* The cursor is a hint: good when the slot before it is not behind the position and its own is. */
    if (index > sequence->used || (index > 0 && sequence->slots[index - 1].position > position) ||
        (index < sequence->used && sequence->slots[index].position <= position))
        index = index_behind(sequence, position);

    while (index < sequence->used && !sequence->slots[index].item)
        index++;
    if (index == sequence->used)
        return NULL;
    *cursor = index + 1;
    *ret_position = sequence->slots[index].position;
    return sequence->slots[index].item;
}
