#include "actor/runtime.h"

#include "actor/actor_internal.h"
#include "base/clock.h"

#include <assert.h>

int runtime_init(struct runtime *runtime)
{
    *runtime = (struct runtime){
        .direct = true,
        .linger_ns = RUNTIME_LINGER_NS,
        .young_ns = RUNTIME_YOUNG_NS,
        .max_awake = RUNTIME_MAX_AWAKE,
    };
    atomic_init(&runtime->next_ref, 1);
    lock_init(&runtime->lock);
    condition_init(&runtime->reserve_wake);
    condition_init(&runtime->thread_ended);
    CDS_INIT_LIST_HEAD(&runtime->idle);
    CDS_INIT_LIST_HEAD(&runtime->cached);
    CDS_INIT_LIST_HEAD(&runtime->workers);
    return thread_start(&runtime->reserve, "reserve", thread_reserve_main, runtime);
}

int runtime_deinit(struct runtime *runtime, int timeout_ms)
{
    int64_t deadline =
        timeout_ms < 0 ? LOCK_FOREVER : clock_monotonic_ns() + timeout_ms * CLOCK_NS_PER_MS;

    if (!thread_end_all(runtime, deadline))
        return RUNTIME_E_BUSY;
    assert(atomic_load(&runtime->actors) == 0);
    condition_deinit(&runtime->thread_ended);
    condition_deinit(&runtime->reserve_wake);
    lock_deinit(&runtime->lock);
    return 0;
}
