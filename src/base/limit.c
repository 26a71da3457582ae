#include "base/limit.h"

#include <assert.h>

bool limit_take(struct limit *limit, uint64_t amount)
{
    uint64_t used = atomic_load(&limit->used);

    if (amount == 0)
        return true;
    do {
        if (limit->max > 0 && (used > limit->max || amount > limit->max - used))
            return false;
    } while (!atomic_compare_exchange_weak(&limit->used, &used, used + amount));
    return true;
}

void limit_give(struct limit *limit, uint64_t amount)
{
    uint64_t before;

    if (amount == 0)
        return;
    before = atomic_fetch_sub(&limit->used, amount);
    assert(before >= amount);
    (void)before;
}

uint64_t limit_used(const struct limit *limit)
{
    return atomic_load(&((struct limit *)limit)->used);
}

uint64_t limit_room(const struct limit *limit)
{
    uint64_t used = limit_used(limit);

    if (limit->max == 0)
        return UINT64_MAX;
    return used < limit->max ? limit->max - used : 0;
}
