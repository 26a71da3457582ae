/*
 * Items in the order in which they came, each with a position that is never
 * given again. A reader who remembers a position goes on behind it, whatever
 * was added and removed meanwhile: this is what makes a directory listing
 * complete, without repeats, and O(n) in all.
 *
 * A sorted array with gaps: adding is amortised O(1), removing and finding a
 * position O(log n) at worst, and O(1) while few are removed. It costs eight
 * bytes an item, since the position is in the item. Not a map by name, and not
 * safe for two threads: its owner's lock guards it.
 */
#ifndef KVFS_BASE_SEQUENCE_H
#define KVFS_BASE_SEQUENCE_H

#include <stddef.h>
#include <stdint.h>

/* What an object begins with, or contains, to be in a sequence. */
struct sequence_item {
    uint64_t position : 56; /* for the sequence only; a thousand a microsecond would take two years to use them up */
    uint64_t mark : 8;      /* for the object's own use */
};

struct sequence {
    uintptr_t *slots; /* ascending positions: an item's address, or the position of what is gone, doubled and odd */
    uint64_t next_position;
    uint32_t used; /* slots, gaps included */
    uint32_t capacity;
    uint32_t count; /* items */
};

/* `first_position` > 0: what the first item gets. Allocates nothing. */
void sequence_init(struct sequence *sequence, uint64_t first_position);
/* Borrowed items are not touched. May be repeated. */
void sequence_deinit(struct sequence *sequence);

/* Gives `item` its position, and borrows it until it is removed. 0, or -ENOMEM and nothing changed. */
int sequence_add(struct sequence *sequence, struct sequence_item *item);
/* `item` must be in it. */
void sequence_remove(struct sequence *sequence, const struct sequence_item *item);
/* Puts `item` at the position it says, which holds another. */
void sequence_replace(struct sequence *sequence, struct sequence_item *item);

/* The first item behind `position`, or NULL; its index is kept in `cursor` (start with 0) so that a walk is O(1) a step. */
struct sequence_item *sequence_next(const struct sequence *sequence, uint64_t position, size_t *cursor,
                                    uint64_t *ret_position);

#endif
