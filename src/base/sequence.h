/*
 * Items in the order in which they came, each with a position that is never
 * given again. A reader who remembers a position goes on behind it, whatever
 * was added and removed meanwhile: this is what makes a directory listing
 * complete, without repeats, and O(n) in all.
 *
 * A sorted array with gaps: adding is amortised O(1), removing and finding a
 * position O(log n). Not a map by name, and not safe for two threads: its
 * owner's lock guards it.
 */
#ifndef KVFS_BASE_SEQUENCE_H
#define KVFS_BASE_SEQUENCE_H

#include <stddef.h>
#include <stdint.h>

struct sequence_slot {
    uint64_t position;
    void *item; /* NULL: a gap */
};

struct sequence {
    struct sequence_slot *slots; /* ascending positions */
    uint64_t next_position;
    uint32_t used; /* slots, gaps included */
    uint32_t capacity;
    uint32_t count; /* items */
};

/* `first_position` > 0: what the first item gets. Allocates nothing. */
void sequence_init(struct sequence *sequence, uint64_t first_position);
/* Borrowed items are not touched. May be repeated. */
void sequence_deinit(struct sequence *sequence);

/* Borrows `item` until it is removed. 0, or -ENOMEM and nothing changed. */
int sequence_add(struct sequence *sequence, void *item, uint64_t *ret_position);
/* `position` must hold an item. */
void sequence_remove(struct sequence *sequence, uint64_t position);
/* Puts another item at a position that holds one. */
void sequence_replace(struct sequence *sequence, uint64_t position, void *item);

/* The first item behind `position`, or NULL; its index is kept in `cursor` (start with 0) so that a walk is O(1) a step. */
void *sequence_next(const struct sequence *sequence, uint64_t position, size_t *cursor, uint64_t *ret_position);

#endif
