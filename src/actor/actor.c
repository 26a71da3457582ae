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
 * An end may doom others that share its fate, and they still others. They are
 * ended one after another from a list, never from within each other; only when
 * all have ended are they destroyed, the last first: a child is doomed by its
 * parent, so what is below goes before what it hangs from.
 *
 * References: the starter's, the runtime's (until destroyed), the thread's or
 * that of the queue of those that want one, that of the ring of the young, and
 * those of monitors and of everybody who holds a pointer.
 */
#include "actor/actor_internal.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

static void actor_init(struct actor *actor, const struct actor_class *class, struct runtime *runtime)
{
    memset(actor, 0, sizeof(*actor));
    actor->class = class;
    actor->runtime = runtime;
    atomic_init(&actor->refs, 1);
    lock_init(&actor->run);
    lock_init(&actor->lock);
    mailbox_init(&actor->mailbox, MAILBOX_LIMIT);
    CDS_INIT_LIST_HEAD(&actor->monitors);
    CDS_INIT_LIST_HEAD(&actor->watching);
    actor->started_ns = clock_monotonic_ns();
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
    atomic_store(&actor->state, (uint8_t)state);
}

/* Takes one message that will never be handled. The memory of a DOWN or a timer's info is its receiver's again at once. */
static struct message *take_leftover(struct actor *actor, struct monitor_rest *ret_rest)
{
    struct message *message;

    *ret_rest = (struct monitor_rest){0};
    lock_acquire(&actor->lock);
    do
        message = mailbox_take(&actor->mailbox);
    while (message && message->kind == MESSAGE_INFO && !message->release);
    if (message && monitor_sends(message))
        *ret_rest = monitor_close(monitor_of_down(message));
    lock_release(&actor->lock);
    return message;
}

static void discard_mail(struct actor *actor)
{
    struct monitor_rest rest;
    struct message *message;

    while ((message = take_leftover(actor, &rest))) {
        if (rest.target)
            monitor_let_go(rest);
        else
            message_discard(actor, message);
    }
}

/* [actor's lock] Who waits inside a callback of this actor waits no more. */
static void wake_waiting(struct actor *actor)
{
    struct queued_call *call = actor->frame ? actor->frame->waiting : NULL;

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
    struct queued_call *call = actor->frame ? actor->frame->running : NULL;

    if (call && call->release_arg)
        queued_call_abandon(call, actor_condition_of(&actor->reason));
}

/* Moves to ENDED. Takes `reason`. False if somebody else did. */
static bool become_ended(struct actor *actor, struct reason reason)
{
    bool mine;

    lock_acquire(&actor->lock);
    mine = actor->state != ACTOR_ENDED;
    if (mine) {
        move_to(actor, ACTOR_ENDED);
        reason_deinit(&actor->reason);
        actor->reason = reason;
        mailbox_close(&actor->mailbox);
        wake_waiting(actor);
        abandon_running(actor);
    }
    lock_release(&actor->lock);
    if (!mine)
        reason_deinit(&reason);
    return mine;
}

static void allow_destroying(struct actor *actor)
{
    lock_acquire(&actor->lock);
    atomic_fetch_or(&actor->attention, ATTENTION_ENDED);
    thread_wake(actor);
    lock_release(&actor->lock);
}

/*
 * Moves to ENDED and tells everybody. Takes `reason`. False if somebody else did, who may still be telling: helps, so
 * that everybody was told on return.
 */
static bool conclude(struct actor *actor, struct reason reason, struct cds_list_head *doomed)
{
    bool mine = become_ended(actor, reason);

    monitor_tell_all(actor, doomed);
    if (!mine)
        return false;
    monitor_cancel_all(actor);
    discard_mail(actor);
    allow_destroying(actor);
    return true;
}

void actor_help_telling(struct actor *actor)
{
    CDS_LIST_HEAD(doomed);

    monitor_tell_all(actor, &doomed);
    actor_end_doomed(&doomed);
}

static struct monitor *first_doomed(struct cds_list_head *doomed)
{
    return cds_list_empty(doomed) ? NULL : cds_list_first_entry(doomed, struct monitor, in_target);
}

/* [no lock] What a doom held: its watcher, whose memory it may be, goes last. */
static void let_doom_go(struct monitor *monitor)
{
    struct actor *watcher = monitor->watcher;
    struct monitor_rest rest;

    lock_acquire(&watcher->lock);
    rest = monitor_close(monitor);
    lock_release(&watcher->lock);
    monitor_let_go(rest);
    actor_unref(watcher);
}

void actor_end_doomed(struct cds_list_head *doomed)
{
    CDS_LIST_HEAD(ended);
    struct monitor *monitor;

    while ((monitor = first_doomed(doomed))) {
        cds_list_move(&monitor->in_target, &ended);
        (void)conclude(monitor->watcher, reason_copy(monitor_reason(monitor)), doomed);
    }
    while ((monitor = first_doomed(&ended))) {
        cds_list_del(&monitor->in_target);
        actor_reap(monitor->watcher);
        let_doom_go(monitor);
    }
}

bool actor_end_at_once(struct actor *actor, struct reason reason)
{
    CDS_LIST_HEAD(doomed);
    bool mine = conclude(actor, reason, &doomed);

    actor_end_doomed(&doomed);
    return mine;
}

/* [run lock] Runs `init` and says how it went. */
static int run_init(struct actor *actor, void *arg, struct reason *ret_reason)
{
    int rc = actor->class->init ? actor->class->init(actor, arg, ret_reason) : 0;

    if (rc != 0) {
        actor->destroyed = true;
        (void)actor_end_at_once(actor, reason_copy(ret_reason));
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

/* Whoever has ended it is through with it, and nobody else has a reference. */
static bool is_left_alone(struct actor *actor)
{
    return atomic_load(&actor->attention) & ATTENTION_ENDED && atomic_load(&actor->refs) == 1;
}

/* Looks now and then: who lets a reference go, maybe the last thing it does with the memory, can't say so. */
static void await_left_alone(struct actor *actor)
{
    struct condition never;
    struct lock lock;

    lock_init(&lock);
    condition_init(&never);
    lock_acquire(&lock);
    while (!is_left_alone(actor))
        (void)condition_wait_until(&never, &lock, clock_monotonic_ns() + CLOCK_NS_PER_MS);
    lock_release(&lock);
    condition_deinit(&never);
    lock_deinit(&lock);
}

/*
 * An `init` that fails hasn't given its actor away; but of whom it watched, or was linked with, one may have ended, and
 * whoever tells that, or ends the actor along with it, holds a reference for a moment.
 */
static void leave_nothing(struct actor *actor)
{
    if (!is_left_alone(actor))
        await_left_alone(actor);
    actor_deinit(actor);
}

int actor_start(struct actor *actor, const struct actor_class *class, struct runtime *runtime, void *arg,
                struct reason *ret_reason)
{
    struct frame frame;
    int rc;

    actor_init(actor, class, runtime);
    *ret_reason = REASON(NORMAL);
    (void)run_enter(actor, &frame, LOCK_FOREVER);
    rc = run_init(actor, arg, ret_reason);
    run_leave(&frame);
    if (rc != 0)
        leave_nothing(actor);
    else
        thread_note_young(actor);
    return rc;
}

struct actor *actor_ref(struct actor *actor)
{
    uint32_t before = atomic_fetch_add_explicit(&actor->refs, 1, memory_order_relaxed);

    assert(before > 0 && before < UINT32_MAX);
    (void)before;
    return actor;
}

void actor_unref(struct actor *actor)
{
    if (!actor || atomic_fetch_sub(&actor->refs, 1) != 1)
        return;
    assert(actor->state == ACTOR_ENDED);
    actor_deinit(actor);
    actor->class->free(actor);
}

void actor_reap(struct actor *actor)
{
    struct frame frame;
    bool mine;

    /* Whom two end at once may still be telling and cancelling, on the ender's thread. */
    if (!(atomic_load(&actor->attention) & ATTENTION_ENDED) || !run_try_enter(actor, &frame))
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
    (void)actor_end_at_once(actor, reason);
}

int actor_kill(struct actor *actor)
{
    if (actor_self_is_dead())
        return ACTOR_E_KILLED;
    if (!actor_end_at_once(actor, REASON(KILLED)))
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

const struct reason *actor_reason(struct actor *actor)
{
    bool ended;

    lock_acquire(&actor->lock);
    ended = actor->state == ACTOR_ENDED;
    lock_release(&actor->lock);
    return ended ? &actor->reason : NULL;
}

void actor_limit_mailbox(struct actor *self, uint32_t limit)
{
    actor_assert_self(self);
    lock_acquire(&self->lock);
    mailbox_set_limit(&self->mailbox, limit);
    lock_release(&self->lock);
}

bool actor_self_is_dead(void)
{
    const struct actor *self = actor_self();

    return self && atomic_load((_Atomic uint8_t *)&self->state) == ACTOR_ENDED;
}

void actor_get_stats(struct actor *actor, struct actor_stats *ret_stats)
{
    lock_acquire(&actor->lock);
    *ret_stats = (struct actor_stats){
        .state = actor->state,
        .awake = !actor->wanting && actor->worker,
        .thread = thread_number_of(actor),
        .mailbox = actor->mailbox.count,
        .handled_direct = atomic_load_explicit(&actor->handled_direct, memory_order_relaxed),
        .handled_by_thread = atomic_load_explicit(&actor->handled_by_thread, memory_order_relaxed),
        .alive_ns = clock_monotonic_ns() - actor->started_ns,
    };
    lock_release(&actor->lock);
}

void actor_label(const struct actor *actor, char *buffer, size_t size)
{
    if (actor->class->label)
        actor->class->label(actor, buffer, size);
    else
        (void)snprintf(buffer, size, "%s", actor->class->name);
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
