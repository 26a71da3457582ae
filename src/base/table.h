/*
 * A concurrent hash table, liburcu's rculfhash: readers take no lock, writers
 * don't wait for each other. It is the part that ETS plays in the guide.
 *
 * Readers stay between table_read_begin() and table_read_end(), take a
 * reference on what they found, and leave; they never wait in between. What
 * was taken out of a table is freed with table_defer(), after the last reader
 * who may have seen it has left.
 *
 * The urcu-bp flavour: threads need no registration, so the FUSE library's
 * may read too. No table and no table_defer() before the daemon has forked:
 * both may start threads of liburcu's.
 */
#ifndef KVFS_BASE_TABLE_H
#define KVFS_BASE_TABLE_H

#include "base/annotate.h"
#include "base/atomic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <urcu/urcu-bp.h>

#include <urcu/rculfhash.h>

struct table {
    struct cds_lfht *lfht;
    _Atomic uint64_t count; /* nodes */
};

/* What frees an object once no reader can see it. Embedded in the object. */
struct table_deferred {
    struct rcu_head head;
    void (*release)(struct table_deferred *);
};

/* Says whether `node` is what the key means; begins with table_see(node). */
typedef cds_lfht_match_fct table_match;

/* [any thread] Grows and shrinks by itself. 0, or -ENOMEM. */
int table_init(struct table *table);
/* [any thread] [may block] Must be empty; waits for readers. May be repeated, and on a zeroed table. */
void table_deinit(struct table *table);
static inline bool table_exists(const struct table *table)
{
    return table->lfht != NULL;
}

void table_read_begin(void);
void table_read_end(void);

/* [reader] What was written before `node` was added is seen from here on (for ThreadSanitizer). */
static inline void table_see(struct cds_lfht_node *node)
{
    annotate_acquire(node);
}

/* [reader] Borrows; NULL if there is none. */
struct cds_lfht_node *table_find(struct table *table, uint64_t hash, table_match match, const void *key);
/* [any thread] Adds `node`, whose key isn't in the table (the caller's own lock says so). */
void table_add(struct table *table, uint64_t hash, struct cds_lfht_node *node);
/* [any thread] Takes `node` out, once; readers may see it until they leave. */
void table_remove(struct table *table, struct cds_lfht_node *node);

/* [reader] Any node, or NULL when empty; for taking a table down. */
struct cds_lfht_node *table_first(struct table *table);

/* [any thread] [never blocks] Calls `release(deferred)` on liburcu's thread after all present readers have left. */
void table_defer(struct table_deferred *deferred, void (*release)(struct table_deferred *));
/* [any thread, outside read sections] [may block] Returns when everything deferred so far has been released. */
void table_barrier(void);

/* A hash of bytes that users chose: seeded at random for each process, so that nobody can prepare collisions. */
uint64_t table_hash_bytes(const void *bytes, size_t length);
uint64_t table_hash_number(uint64_t number);

#define table_entry(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

#endif
