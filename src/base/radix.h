/*
 * Items by number, for numbers that are far apart: its memory grows with the
 * items, not with the numbers. A tree of nodes of RADIX_SLOTS, as high as the
 * largest number needs. Finding the next item behind a hole costs what finding
 * any costs.
 *
 * Not safe for two threads: its owner guards it. It never looks at an item.
 */
#ifndef KVFS_BASE_RADIX_H
#define KVFS_BASE_RADIX_H

#include <stdint.h>

#define RADIX_SLOTS 64
#define RADIX_NUMBER_MAX ((UINT64_C(1) << 60) - 1)

struct radix_node;

/* Zeroed it is empty and needs no init. Empty it has no memory and needs no deinit. */
struct radix {
    struct radix_node *root;
};

/* Nothing must have that number yet; `item` isn't NULL. 0, or -ENOMEM and nothing changed. */
int radix_insert(struct radix *radix, uint64_t number, void *item);
/* NULL if nothing has that number. */
void *radix_find(const struct radix *radix, uint64_t number);
/* The first item whose number is `*number` or greater, which it is then; NULL if there is none. */
void *radix_next(const struct radix *radix, uint64_t *number);
/* Takes it out. NULL if nothing has that number. Never fails. */
void *radix_remove(struct radix *radix, uint64_t number);

#endif
