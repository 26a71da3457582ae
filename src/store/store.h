/*
 * The seam to where changes are kept so that they outlive a process. A bucket
 * gives every change to its store before it applies it; what the store
 * refuses doesn't happen.
 *
 * An engine is a struct store at the start of its own struct, and a table of
 * operations. It never sees a mailbox, an actor or a file.
 */
#ifndef KVFS_STORE_STORE_H
#define KVFS_STORE_STORE_H

#include "store/change.h"

struct store;

struct store_engine {
    const char *name;
    /* [actor] Keeps the change: 0, or a negative errno and nothing was kept. Borrows. */
    int (*write)(struct store *store, const struct change *change);
    void (*destroy)(struct store *store);
};

struct store {
    const struct store_engine *engine;
};

static inline int store_write(struct store *store, const struct change *change)
{
    return store->engine->write(store, change);
}

/* NULL is fine. */
static inline void store_destroy(struct store *store)
{
    if (store)
        store->engine->destroy(store);
}

/* Keeps nothing: what the buckets hold is all there is, and it goes with them. NULL without memory. */
struct store *store_memory_create(void);

#endif
