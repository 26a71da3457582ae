/*
 * The life of an actor.
 *
 *     STARTING --init ran--> ALIVE --stop, exit--> ENDING --terminate ran--> ENDED
 *         |                    |                      |                        ^
 *         +----init failed-----+--------kill----------+------------------------+
 *
 * The state is written under `lock`; whoever moves it to ENDED is the ender,
 * and there is one. The ender closes the mailbox, tells every monitor, cancels
 * the actor's own monitors, answers or drops the mail that was left, and only
 * then sets ATTENTION_ENDED, which lets `destroy` run: by the ender, or by
 * whoever still runs a callback when that returns (run.c).
 *
 * An ordinary end holds the run lock from `terminate` to the telling. A kill
 * doesn't take it: it can't wait for a callback that may never return.
 *
 * References: the starter's, the runtime's (until destroyed), the thread's,
 * and those of monitors and of everybody who holds a pointer.
 */
#include "actor/actor_internal.h"
#include "base/clock.h"

#include <string.h>

static void actor_init(struct actor *actor, const struct actor_class *class, struct runtime *runtime,
                       const char *label)
{
    memset(actor, 0, sizeof(*actor));
    actor->class = class;
    actor->runtime = runtime;
    refcount_init(&actor->refs);
    lock_init(&actor->run);
    lock_init(&actor->lock);
    mailbox_init(&actor->mailbox, MAILBOX_LIMIT);
    CDS_INIT_LIST_HEAD(&actor->monitors);
    CDS_INIT_LIST_HEAD(&actor->watching);
    actor->started_ns = clock_monotonic_ns();
    strncpy(actor->label, label, ACTOR_LABEL_MAX - 1);
}

static void move_to(struct actor *actor, enum actor_state state)
{
    static const bool allowed[][ACTOR_ENDED + 1] = {
        [ACTOR_STARTING] = {[ACTOR_ALIVE] = true, [ACTOR_ENDED] = true},
        [ACTOR_ALIVE] = {[ACTOR_ENDING] = true, [ACTOR_ENDED] = true},
        [ACTOR_ENDING] = {[ACTOR_ENDED] = true},
        [ACTOR_ENDED] = {[ACTOR_ENDED] = false},
    };

    lock_assert_held(&actor->lock);
    assert(allowed[actor->state][state]);
    (void)allowed;
    atomic_store(&actor->state, state);
}

/* Takes one message that will never be handled. A DOWN's memory is its watcher's again at once: only its target is kept. */
static struct message *take_leftover(struct actor *actor, struct actor **ret_target)
{
    struct message *message;

    *ret_target = NULL;
    lock_acquire(&actor->lock);
    message = mailbox_take(&actor->mailbox);
    if (message && message->kind == MESSAGE_DOWN) {
        struct monitor *monitor = monitor_of_down(message);

        monitor->active = false;
        *ret_target = monitor->target;
    }
    lock_release(&actor->lock);
    return message;
}

static void discard_mail(struct actor *actor)
{
    struct message *message;
    struct actor *target;

    while ((message = take_leftover(actor, &target))) {
        if (target)
            actor_unref(target);
        else
            message_discard(actor, message);
    }
}

/* [actor's lock] Who waits inside a callback of this actor waits no more. */
static void wake_waiting(struct actor *actor)
{
    struct queued_call *call = actor->waiting;

    if (!call)
        return;
    lock_acquire(&call->lock);
    call->killed = true;
    condition_signal(&call->answered);
    lock_release(&call->lock);
}

/* [actor's lock] Who waits for a callback that may never return has its answer now. */
static void abandon_running(struct actor *actor)
{
    struct queued_call *call = actor->running;

    if (call && call->release_arg)
        queued_call_abandon(call, ACTOR_E_KILLED);
}

/*
 * Moves to ENDED and tells everybody. Takes `reason`. False if somebody else did, who may still be telling: helps, so
 * that everybody was told on return.
 */
static bool conclude(struct actor *actor, struct reason reason)
{
    lock_acquire(&actor->lock);
    if (actor->state == ACTOR_ENDED) {
        lock_release(&actor->lock);
        reason_deinit(&reason);
        monitor_tell_all(actor);
        return false;
    }
    move_to(actor, ACTOR_ENDED);
    reason_deinit(&actor->reason);
    actor->reason = reason;
    mailbox_close(&actor->mailbox);
    wake_waiting(actor);
    abandon_running(actor);
    lock_release(&actor->lock);

    monitor_tell_all(actor);
    monitor_cancel_all(actor);
    discard_mail(actor);

    lock_acquire(&actor->lock);
    atomic_fetch_or(&actor->attention, ATTENTION_ENDED);
    if (actor->thread)
        thread_wake(actor);
    lock_release(&actor->lock);
    return true;
}

/* [run lock] Runs `init` and says how it went. */
static int run_init(struct actor *actor, void *arg, struct reason *ret_reason)
{
    int rc = actor->class->init ? actor->class->init(actor, arg, ret_reason) : 0;

    if (rc != 0) {
        actor->destroyed = true;
        (void)conclude(actor, reason_copy(ret_reason));
        return ACTOR_E_INIT;
    }

    atomic_fetch_add(&actor->runtime->actors, 1);
    actor_ref(actor);
    lock_acquire(&actor->lock);
    if (actor->state == ACTOR_STARTING)
        move_to(actor, ACTOR_ALIVE);
    if (atomic_load(&actor->attention) & ATTENTION_MAIL)
        thread_wake(actor);
    lock_release(&actor->lock);
    return 0;
}

/* [no lock] What actor_init() made; the memory stays. */
static void actor_deinit(struct actor *actor)
{
    mailbox_deinit(&actor->mailbox);
    reason_deinit(&actor->reason);
    lock_deinit(&actor->lock);
    lock_deinit(&actor->run);
}

/* Nobody else may have a reference: an `init` that fails hasn't given its actor away. */
static void leave_nothing(struct actor *actor)
{
    bool last = refcount_sub(&actor->refs, 1);

    assert(last);
    (void)last;
    actor_deinit(actor);
}

int actor_start(struct actor *actor, const struct actor_class *class, struct runtime *runtime, const char *label,
                void *arg, struct reason *ret_reason)
{
    struct frame frame;
    int rc;

    actor_init(actor, class, runtime, label);
    *ret_reason = REASON(NORMAL);
    (void)run_enter(actor, &frame, LOCK_FOREVER);
    rc = run_init(actor, arg, ret_reason);
    run_leave(&frame);
    if (rc != 0)
        leave_nothing(actor);
    return rc;
}

struct actor *actor_ref(struct actor *actor)
{
    refcount_add(&actor->refs, 1);
    return actor;
}

void actor_unref(struct actor *actor)
{
    if (!actor || !refcount_sub(&actor->refs, 1))
        return;
    assert(actor->state == ACTOR_ENDED);
    actor_deinit(actor);
    actor->class->free(actor);
}

void actor_reap(struct actor *actor)
{
    struct frame frame;
    bool mine;

    if (!run_try_enter(actor, &frame))
        return;
    mine = !actor->destroyed;
    actor->destroyed = true;
    if (mine && actor->class->destroy)
        actor->class->destroy(actor);
    run_exit(&frame);

    if (!mine)
        return;
    atomic_fetch_sub(&actor->runtime->actors, 1);
    actor_unref(actor);
}

/* The reason for this end: what a callback asked for with actor_exit(), else the ender's. */
static struct reason begin_end(struct actor *actor, struct reason reason)
{
    lock_acquire(&actor->lock);
    if (actor->state == ACTOR_ENDING) {
        reason_deinit(&reason);
        reason = actor->reason;
    } else if (actor->state != ACTOR_ENDED) {
        move_to(actor, ACTOR_ENDING);
    }
    if (actor->state == ACTOR_ENDING)
        actor->reason = (struct reason){.code = reason.code};
    lock_release(&actor->lock);
    return reason;
}

void actor_end(struct actor *actor, struct reason reason)
{
    lock_assert_held(&actor->run);
    reason = begin_end(actor, reason);
    if (actor->state == ACTOR_ENDING && actor->class->terminate)
        actor->class->terminate(actor, &reason);
    (void)conclude(actor, reason);
}

int actor_kill(struct actor *actor)
{
    if (actor_self_is_dead())
        return ACTOR_E_KILLED;
    if (!conclude(actor, REASON(KILLED)))
        return ACTOR_E_NOPROC;
    actor_reap(actor);
    return 0;
}

void actor_exit(struct actor *self, struct reason reason)
{
    actor_assert_self(self);
    lock_acquire(&self->lock);
    assert(self->state != ACTOR_STARTING);
    if (self->state == ACTOR_ALIVE) {
        move_to(self, ACTOR_ENDING);
        self->reason = reason;
        reason = REASON(NORMAL);
        atomic_fetch_or(&self->attention, ATTENTION_EXIT);
        thread_wake(self);
    }
    lock_release(&self->lock);
    reason_deinit(&reason);
}

bool actor_self_is_dead(void)
{
    const struct actor *self = actor_self();

    return self && atomic_load(&((struct actor *)self)->state) == ACTOR_ENDED;
}

void actor_get_stats(struct actor *actor, struct actor_stats *ret_stats)
{
    lock_acquire(&actor->lock);
    *ret_stats = (struct actor_stats){
        .state = actor->state,
        .awake = actor->thread != NULL,
        .mailbox = actor->mailbox.count,
        .handled_direct = atomic_load_explicit(&actor->handled_direct, memory_order_relaxed),
        .handled_by_thread = atomic_load_explicit(&actor->handled_by_thread, memory_order_relaxed),
        .alive_ns = clock_monotonic_ns() - actor->started_ns,
    };
    lock_release(&actor->lock);
}

int actor_condition_of(const struct reason *reason)
{
    switch (reason->code) {
    case REASON_NORMAL:
        return ACTOR_E_NORMAL;
    case REASON_SHUTDOWN:
        return ACTOR_E_SHUTDOWN;
    case REASON_KILLED:
        return ACTOR_E_KILLED;
    case REASON_NOPROC:
        return ACTOR_E_NOPROC;
    case REASON_NOCONNECTION:
    case REASON_ERROR:
        break;
    }
    return ACTOR_E_ERROR;
}
