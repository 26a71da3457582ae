/*
 * A binary heap: items of which the first by some order is at hand, as a timer
 * queue needs it. Each item knows its place, so that any of them can be taken
 * out or be moved, not only the first, in O(log n).
 *
 * Not a sorted list: of items of which none is before the other any may come
 * first. Not safe for two threads: its owner's lock guards it, and the items.
 */
#ifndef KVFS_BASE_HEAP_H
#define KVFS_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Embedded in what is to be ordered; zeroed before it is added for the first time. */
struct heap_item {
    size_t place; /* from 1; 0: in no heap */
};

/* True if `a` must come before `b`. A strict order: nothing is before itself. */
typedef bool heap_order(const struct heap_item *a, const struct heap_item *b);

struct heap {
    struct heap_item **items;
    size_t count;
    size_t capacity;
    heap_order *before;
};

/* Allocates nothing. */
void heap_init(struct heap *heap, heap_order *before);
/* Must be empty. May be repeated. */
void heap_deinit(struct heap *heap);

/* Borrows `item`, which is in no heap, until it is removed. 0, or -ENOMEM and nothing changed. */
int heap_add(struct heap *heap, struct heap_item *item);
/* `item` must be in this heap. Never fails. */
void heap_remove(struct heap *heap, struct heap_item *item);
/* What orders `item`, which must be in this heap, has changed: finds its new place. Never fails. */
void heap_reorder(struct heap *heap, struct heap_item *item);

/* The item that no other is before, borrowed; NULL if there is none. O(1). */
static inline struct heap_item *heap_first(const struct heap *heap)
{
    return heap->count > 0 ? heap->items[0] : NULL;
}

static inline bool heap_contains(const struct heap_item *item)
{
    return item->place != 0;
}

#endif
