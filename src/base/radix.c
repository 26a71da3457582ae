/*
 * Each node has its level: 0 for those whose slots are items; the slots of one
 * at level n are nodes of level n - 1, which stand for RADIX_SLOTS ^ n numbers
 * each. The root's level is never lowered while there is an item.
 */
#include "base/radix.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#define BITS 6

union slot {
    struct radix_node *node;
    void *item;
};

struct radix_node {
    uint64_t used; /* a bit for each slot */
    unsigned level;
    union slot slots[RADIX_SLOTS];
};

static unsigned shift_of(const struct radix_node *node)
{
    return BITS * node->level;
}

static unsigned slot_of(const struct radix_node *node, uint64_t number)
{
    return (number >> shift_of(node)) % RADIX_SLOTS;
}

static bool uses(const struct radix_node *node, unsigned slot)
{
    return node->used >> slot & 1;
}

static bool reaches(const struct radix_node *node, uint64_t number)
{
    return number >> shift_of(node) >> BITS == 0;
}

static struct radix_node *create_node(unsigned level)
{
    struct radix_node *node = calloc(1, sizeof(*node));

    if (node)
        node->level = level;
    return node;
}

static void use(struct radix_node *node, unsigned slot, union slot what)
{
    node->slots[slot] = what;
    node->used |= UINT64_C(1) << slot;
}

/* Takes the item out, if there is one, and frees the nodes on the way to it that are empty. */
static void *take(struct radix_node **place, uint64_t number)
{
    struct radix_node *node = *place;
    unsigned slot = slot_of(node, number);
    void *item = NULL;
    bool emptied = false;

    if (uses(node, slot) && node->level == 0) {
        item = node->slots[slot].item;
        emptied = true;
    } else if (uses(node, slot)) {
        item = take(&node->slots[slot].node, number);
        emptied = !node->slots[slot].node;
    }
    if (emptied)
        node->used &= ~(UINT64_C(1) << slot);
    if (node->used == 0) {
        free(node);
        *place = NULL;
    }
    return item;
}

/* A root that reaches the number. */
static int grow(struct radix *radix, uint64_t number)
{
    unsigned level = 0;

    while (number >> BITS * level >> BITS != 0)
        level++;
    if (!radix->root)
        radix->root = create_node(level);
    while (radix->root && radix->root->level < level) {
        struct radix_node *root = create_node(radix->root->level + 1);

        if (!root)
            return -ENOMEM;
        use(root, 0, (union slot){.node = radix->root});
        radix->root = root;
    }
    return radix->root ? 0 : -ENOMEM;
}

static int insert(struct radix_node *node, uint64_t number, void *item)
{
    while (node->level > 0) {
        unsigned slot = slot_of(node, number);

        if (!uses(node, slot)) {
            struct radix_node *below = create_node(node->level - 1);

            if (!below)
                return -ENOMEM;
            use(node, slot, (union slot){.node = below});
        }
        node = node->slots[slot].node;
    }
    assert(!uses(node, slot_of(node, number)));
    use(node, slot_of(node, number), (union slot){.item = item});
    return 0;
}

int radix_insert(struct radix *radix, uint64_t number, void *item)
{
    int rc;

    assert(number <= RADIX_NUMBER_MAX && item);
    rc = grow(radix, number);
    if (rc < 0)
        return rc;
    rc = insert(radix->root, number, item);
    if (rc < 0)
        (void)take(&radix->root, number);
    return rc;
}

void *radix_find(const struct radix *radix, uint64_t number)
{
    const struct radix_node *node = radix->root;

    if (!node || !reaches(node, number))
        return NULL;
    while (uses(node, slot_of(node, number))) {
        union slot slot = node->slots[slot_of(node, number)];

        if (node->level == 0)
            return slot.item;
        node = slot.node;
    }
    return NULL;
}

static void *next(const struct radix_node *node, uint64_t *number)
{
    uint64_t from = *number;
    unsigned first = slot_of(node, from);

    for (uint64_t left = node->used >> first << first; left; left &= left - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(left);
        void *item = node->slots[slot].item;

        if (slot != first)
            *number = (from >> shift_of(node) >> BITS << BITS | slot) << shift_of(node);
        if (node->level > 0)
            item = next(node->slots[slot].node, number);
        if (item)
            return item;
    }
    return NULL;
}

void *radix_next(const struct radix *radix, uint64_t *number)
{
    uint64_t from = *number;
    void *item = radix->root && reaches(radix->root, from) ? next(radix->root, &from) : NULL;

    if (item)
        *number = from;
    return item;
}

void *radix_remove(struct radix *radix, uint64_t number)
{
    return radix->root && reaches(radix->root, number) ? take(&radix->root, number) : NULL;
}
