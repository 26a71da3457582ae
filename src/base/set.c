/*
 * What is removed from the library's set leaves a mark behind, by which
 * searches go on. It doesn't clear them and doesn't shrink, so the objects
 * move to a fresh one when there are half as many marks as objects: O(1) a
 * removal in the long run.
 */
#include "base/set.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define MODE (CK_HS_MODE_SPMC | CK_HS_MODE_OBJECT)
#define MARKS_MIN 16

/* ---- the library's memory ---- */

/* Zeroed, since the library counts its marks from what it finds there (0.7.1). */
static void *allocate(size_t size)
{
    return calloc(1, size);
}

static void release(void *memory, size_t size, bool defer)
{
    (void)size;
    (void)defer;
    free(memory);
}

static struct ck_malloc allocator = {.malloc = allocate, .free = release};

/* ---- the set ---- */

/* Half of it stays free. */
static bool init(struct ck_hs *hs, size_t count, set_hash *hash, set_match *match)
{
    return ck_hs_init(hs, MODE, hash, match, &allocator, 2 * count, 0);
}

int set_init(struct set *set, size_t count, set_hash *hash, set_match *match)
{
    struct ck_hs *hs = malloc(sizeof(*hs));

    if (!hs || !init(hs, count, hash, match)) {
        free(hs);
        return -ENOMEM;
    }
    set->hs = hs;
    return 0;
}

void set_deinit(struct set *set)
{
    if (!set->hs)
        return;
    ck_hs_destroy(set->hs);
    free(set->hs);
    set->hs = NULL;
}

void *set_find(const struct set *set, uint64_t hash, const void *key)
{
    return ck_hs_get(set->hs, hash, key);
}

int set_add(struct set *set, uint64_t hash, void *object)
{
    return ck_hs_put_unique(set->hs, hash, object) ? 0 : -ENOMEM;
}

/* Should there be no memory for it, the old one serves as well. */
static void refresh(struct ck_hs *hs, size_t count)
{
    ck_hs_iterator_t iterator = CK_HS_ITERATOR_INITIALIZER;
    struct ck_hs fresh;
    void *object;

    if (!init(&fresh, count, hs->hf, hs->compare))
        return;
    while (ck_hs_next(hs, &iterator, &object)) {
        if (!ck_hs_put_unique(&fresh, ck_hs_hash(&fresh, object), object)) {
            ck_hs_destroy(&fresh);
            return;
        }
    }
    ck_hs_destroy(hs);
    *hs = fresh;
}

void set_remove(struct set *set, uint64_t hash, const void *key)
{
    struct ck_hs_stat stat;
    void *object = ck_hs_remove(set->hs, hash, key);

    assert(object);
    (void)object;
    ck_hs_stat(set->hs, &stat);
    if (stat.tombstones >= MARKS_MIN && stat.tombstones >= stat.n_entries / 2)
        refresh(set->hs, stat.n_entries);
}
