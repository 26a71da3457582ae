/*
 * A visit is a stack of frames like that of nested calls, and holds the run
 * locks of them all. They are let go before anybody is destroyed: a `destroy`
 * runs inside its own actor only.
 */
#include "actor/visit.h"

#include "actor/actor_internal.h"
#include "base/clock.h"

void actor_visit_begin(struct actor_visit *visit, int timeout_ms)
{
    visit->count = 0;
    visit->deadline_ns = timeout_ms < 0 ? LOCK_FOREVER : clock_monotonic_ns() + timeout_ms * CLOCK_NS_PER_MS;
}

/* Only what this visit has entered may be on the thread's stack. */
static bool is_inside_callback(const struct actor_visit *visit)
{
    return run_frame() != (visit->count > 0 ? &visit->frames[visit->count - 1] : NULL);
}

/* 0, or the condition of who has ended, or is about to. */
static int condition_of(struct actor *actor)
{
    int condition = 0;

    lock_acquire(&actor->lock);
    if (!actor_alive(actor))
        condition = actor_condition_of(&actor->reason);
    lock_release(&actor->lock);
    return condition;
}

int actor_visit_enter(struct actor_visit *visit, struct actor *actor)
{
    struct frame *frame = &visit->frames[visit->count];
    int condition;

    assert(visit->count < ACTOR_VISIT_MAX && actor->class->prompt);
    if (is_inside_callback(visit) || run_is_inside(actor))
        return ACTOR_E_DEADLOCK;
    if (!run_enter(actor, frame, visit->deadline_ns))
        return ACTOR_E_TIMEOUT;

    condition = run_mail_before_stop(actor, &actor->handled_direct);
    if (condition == 0)
        condition = condition_of(actor);
    if (condition != 0)
        run_leave(frame);
    else
        visit->count++;
    return condition;
}

bool actor_visit_is_alive(const struct actor_visit *visit)
{
    for (size_t i = 0; i < visit->count; i++) {
        if (!actor_alive(visit->frames[i].actor))
            return false;
    }
    return true;
}

void actor_visit_end(struct actor_visit *visit)
{
    size_t count = visit->count;

    for (size_t i = count; i > 0; i--)
        run_exit(&visit->frames[i - 1]);
    visit->count = 0;
    for (size_t i = count; i > 0; i--)
        actor_reap(visit->frames[i - 1].actor);
}
