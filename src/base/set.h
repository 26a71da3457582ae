/*
 * A set of objects by a key that each contains: Concurrency Kit's hash set,
 * used by one thread at a time. Where many read what one changes, it is
 * table.h; this one costs half the memory, and what is taken out may be freed
 * at once.
 *
 * Not safe for two threads: its owner's lock guards it.
 */
#ifndef KVFS_BASE_SET_H
#define KVFS_BASE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ck_hs.h>

/* The hash of an object's key. `seed` is always 0. */
typedef ck_hs_hash_cb_t set_hash;
/* Whether `object` is what the key means. */
typedef ck_hs_compare_cb_t set_match;

/* Zeroed, it is none. */
struct set {
    struct ck_hs *hs;
};

/* With room for `count` objects; it grows and shrinks by itself. 0, or -ENOMEM. */
int set_init(struct set *set, size_t count, set_hash *hash, set_match *match);
/* Borrowed objects are not touched. May be repeated, and on a zeroed set. */
void set_deinit(struct set *set);
static inline bool set_exists(const struct set *set)
{
    return set->hs != NULL;
}

/* Borrows; NULL if there is none. `hash` is the one of the object that the key means. */
void *set_find(const struct set *set, uint64_t hash, const void *key);
/* Borrows `object`, whose key isn't in the set, until it is removed. 0, or -ENOMEM and nothing changed. */
int set_add(struct set *set, uint64_t hash, void *object);
/* What the key means must be in the set. Never fails. */
void set_remove(struct set *set, uint64_t hash, const void *key);

#endif
