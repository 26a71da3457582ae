#include "store/store.h"

#include <stdlib.h>

static int memory_write(struct store *store, const struct change *change)
{
    (void)store;
    (void)change;
    return 0;
}

static void memory_destroy(struct store *store)
{
    free(store);
}

static const struct store_engine memory_engine = {
    .name = "memory",
    .write = memory_write,
    .destroy = memory_destroy,
};

struct store *store_memory_create(void)
{
    struct store *store = malloc(sizeof(*store));

    if (store)
        store->engine = &memory_engine;
    return store;
}
