#include "actor/runtime.h"

#include <assert.h>

void runtime_init(struct runtime *runtime)
{
    *runtime = (struct runtime){.direct = true, .linger_ns = RUNTIME_LINGER_NS};
    atomic_init(&runtime->next_ref, 1);
    lock_init(&runtime->lock);
    condition_init(&runtime->thread_ended);
}

void runtime_deinit(struct runtime *runtime)
{
    lock_acquire(&runtime->lock);
    while (runtime->threads > 0)
        (void)condition_wait_until(&runtime->thread_ended, &runtime->lock, LOCK_FOREVER);
    lock_release(&runtime->lock);
    if (runtime->has_ended_thread)
        pthread_join(runtime->ended_thread, NULL);
    runtime->has_ended_thread = false;

    assert(atomic_load(&runtime->actors) == 0);
    condition_deinit(&runtime->thread_ended);
    lock_deinit(&runtime->lock);
}
