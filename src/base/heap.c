#include "base/heap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define HEAP_CAPACITY_MIN 16

void heap_init(struct heap *heap, heap_order *before)
{
    *heap = (struct heap){.before = before};
}

void heap_deinit(struct heap *heap)
{
    assert(heap->count == 0);
    free(heap->items);
    heap->items = NULL;
    heap->capacity = 0;
}

static int resize(struct heap *heap, size_t capacity)
{
    struct heap_item **items = realloc(heap->items, capacity * sizeof(struct heap_item *));

    if (!items)
        return -ENOMEM;
    heap->items = items;
    heap->capacity = capacity;
    return 0;
}

static void put(struct heap *heap, size_t index, struct heap_item *item)
{
    heap->items[index] = item;
    item->place = index + 1;
}

static void rise(struct heap *heap, struct heap_item *item)
{
    size_t index = item->place - 1;

    while (index > 0) {
        size_t parent = (index - 1) / 2;

        if (!heap->before(item, heap->items[parent]))
            break;
        put(heap, index, heap->items[parent]);
        index = parent;
    }
    put(heap, index, item);
}

/* The child of `index` that comes first; not below `count` if it has none. */
static size_t first_child(const struct heap *heap, size_t index)
{
    size_t left = 2 * index + 1;
    size_t right = left + 1;

    if (right < heap->count && heap->before(heap->items[right], heap->items[left]))
        return right;
    return left;
}

static void sink(struct heap *heap, struct heap_item *item)
{
    size_t index = item->place - 1;
    size_t child = first_child(heap, index);

    while (child < heap->count && heap->before(heap->items[child], item)) {
        put(heap, index, heap->items[child]);
        index = child;
        child = first_child(heap, index);
    }
    put(heap, index, item);
}

int heap_add(struct heap *heap, struct heap_item *item)
{
    int rc;

    assert(!heap_contains(item));
    if (heap->count == heap->capacity) {
        rc = resize(heap, heap->capacity ? heap->capacity * 2 : HEAP_CAPACITY_MIN);
        if (rc < 0)
            return rc;
    }
    put(heap, heap->count++, item);
    rise(heap, item);
    return 0;
}

void heap_reorder(struct heap *heap, struct heap_item *item)
{
    assert(heap_contains(item) && heap->items[item->place - 1] == item);
    rise(heap, item);
    sink(heap, item);
}

void heap_remove(struct heap *heap, struct heap_item *item)
{
    struct heap_item *last;

    assert(heap_contains(item) && heap->items[item->place - 1] == item);
    last = heap->items[--heap->count];
    if (last != item) {
        put(heap, item->place - 1, last);
        heap_reorder(heap, last);
    }
    item->place = 0;

    /* Should shrinking fail, the larger array serves as well. */
    if (heap->capacity > HEAP_CAPACITY_MIN && heap->count <= heap->capacity / 4)
        (void)resize(heap, heap->capacity / 2);
}
