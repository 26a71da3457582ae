#include "base/memory.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>

#define RELEASES_A_ROUND 16384

/* mimalloc's, where it is linked. */
void mi_collect(bool force) __attribute__((weak));

static _Atomic unsigned released;
static _Thread_local unsigned round_given;

void memory_note_release(void)
{
    unsigned count = atomic_fetch_add_explicit(&released, 1, memory_order_relaxed) + 1;

    if (!mi_collect && count % RELEASES_A_ROUND == 0)
        (void)malloc_trim(0);
    memory_give_back();
}

void memory_give_back(void)
{
    unsigned round = atomic_load_explicit(&released, memory_order_relaxed) / RELEASES_A_ROUND;

    if (!mi_collect || round == round_given)
        return;
    round_given = round;
    mi_collect(true);
}
