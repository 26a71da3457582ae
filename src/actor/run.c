/*
 * Who may run a callback.
 *
 * Whoever holds an actor's run lock is the actor: a caller that lends its
 * thread, somebody who came to end it, or its own thread. So callbacks run
 * one at a time, and each sees what the one before it wrote.
 *
 * Order is kept because whoever takes the run lock first runs the mail that
 * was there before: a cast sent before a call is handled before it. Only as
 * much mail as there was is run, so that a caller can't be held up for ever.
 * A caller that lends its thread ends nobody: a stop waits in a mailbox only
 * where calls wait there too, for the actor's own thread.
 *
 * No wake-up is lost: mail wakes the actor's own thread whenever it arrives.
 * No end is lost: the ender sets ATTENTION_ENDED and then tries the run lock;
 * whoever holds it lets it go and then reads `attention`. Both use
 * read-modify-write on `attention`, so one of the two sees the other, and
 * `destroyed` makes it once.
 *
 * The actors whose callbacks a thread is in are a stack of frames: a call to
 * any of them would wait for itself and is refused.
 */
#include "actor/actor_internal.h"

#include <errno.h>

/* After so many casts the mailbox's count is put right. */
#define RUN_BATCH 64

static _Thread_local struct frame *current;

static void push_frame(struct frame *frame, struct actor *actor)
{
    *frame = (struct frame){.actor = actor, .outer = current, .saved_errno = errno};
    current = frame;
}

static void pop_frame(struct frame *frame)
{
    assert(current == frame);
    current = frame->outer;
    errno = frame->saved_errno;
}

struct actor *actor_self(void)
{
    return current ? current->actor : NULL;
}

struct frame *run_frame(void)
{
    return current;
}

void run_show_frame(struct frame *frame)
{
    lock_assert_held(&frame->actor->lock);
    frame->actor->frame = frame->running || frame->waiting ? frame : NULL;
}

bool run_is_inside(const struct actor *actor)
{
    for (struct frame *frame = current; frame; frame = frame->outer) {
        if (frame->actor == actor)
            return true;
    }
    return false;
}

bool run_is_prompt(void)
{
    const struct frame *frame = current;

    while (frame && !frame->actor->class->prompt)
        frame = frame->begins_turn ? NULL : frame->outer;
    return frame;
}

bool run_sender_is_dead(const struct frame *frame)
{
    return frame->outer && atomic_load(&frame->outer->actor->state) == ACTOR_ENDED;
}

bool run_try_enter(struct actor *actor, struct frame *frame)
{
    if (!lock_try(&actor->run))
        return false;
    push_frame(frame, actor);
    return true;
}

bool run_enter(struct actor *actor, struct frame *frame, int64_t deadline_ns)
{
    if (!lock_acquire_until(&actor->run, deadline_ns))
        return false;
    push_frame(frame, actor);
    return true;
}

void run_exit(struct frame *frame)
{
    struct actor *actor = frame->actor;

    pop_frame(frame);
    lock_release(&actor->run);
}

void run_leave(struct frame *frame)
{
    struct actor *actor = frame->actor;

    run_exit(frame);
    if (atomic_fetch_or(&actor->attention, 0) & ATTENTION_ENDED)
        actor_reap(actor);
}

static void run_queued_call(struct actor *actor, struct message *message)
{
    struct queued_call *call = queued_call_of(message);
    int result;

    result = actor->class->on_call(actor, message->tag, call->arg);

    lock_acquire(&actor->lock);
    current->running = NULL;
    run_show_frame(current);
    lock_release(&actor->lock);
    queued_call_answer(call, result);
}

static void run_cast(struct actor *actor, struct message *message)
{
    if (actor->class->on_cast)
        actor->class->on_cast(actor, message);
    if (message->release)
        message->release(message);
}

static void tell(struct actor *actor, struct message *message)
{
    if (!actor->class->on_info || !actor->class->on_info(actor, message))
        atomic_fetch_add(&actor->runtime->infos_dropped, 1);
}

static void run_info(struct actor *actor, struct message *message)
{
    void (*release)(struct message *) = message->release;

    tell(actor, message);
    if (release)
        release(message);
}

/* The monitor may be gone once its DOWN was handled; its target, whose reason it shows, not before. */
static void run_down(struct actor *actor, struct message *message)
{
    struct monitor_rest rest;

    lock_acquire(&actor->lock);
    rest = monitor_close(monitor_of_down(message));
    lock_release(&actor->lock);
    if (message->kind == MESSAGE_EXIT && monitor_of_down(message)->from_parent)
        actor_exit(actor, reason_copy(monitor_reason(monitor_of_down(message))));
    else
        tell(actor, message);
    monitor_let_go(rest);
}

static void run_stop(struct actor *actor, struct message *message)
{
    struct queued_call *call = queued_call_of(message);
    struct reason reason = call->reason;

    call->reason = REASON(NORMAL);
    actor_end(actor, reason);
    queued_call_answer(call, 0);
}

static void dispatch(struct actor *actor, struct message *message)
{
    if (monitor_sends(message)) {
        run_down(actor, message);
        return;
    }
    switch ((enum message_kind)message->kind) {
    case MESSAGE_CALL:
        run_queued_call(actor, message);
        return;
    case MESSAGE_CAST:
        run_cast(actor, message);
        return;
    case MESSAGE_INFO:
    case MESSAGE_DOWN:
    case MESSAGE_EXIT:
        run_info(actor, message);
        return;
    case MESSAGE_STOP:
        run_stop(actor, message);
        return;
    }
}

/* [actor's lock] */
static void note_if_empty(struct actor *actor)
{
    if (mailbox_is_empty(&actor->mailbox))
        atomic_fetch_and(&actor->attention, (uint8_t)~ATTENTION_MAIL);
}

/* [actor's lock] The oldest message; none any more once the actor has ended. */
static struct message *take_locked(struct actor *actor)
{
    struct message *message = actor->state != ACTOR_ENDED ? mailbox_take(&actor->mailbox) : NULL;

    if (message && message->kind == MESSAGE_CALL) {
        current->running = queued_call_of(message);
        run_show_frame(current);
    }
    note_if_empty(actor);
    return message;
}

static struct message *take_message(struct actor *actor)
{
    struct message *message;

    lock_acquire(&actor->lock);
    message = take_locked(actor);
    lock_release(&actor->lock);
    return message;
}

/* How much mail there is. If that is casts only they are taken at once: nobody takes a cast back. */
static uint32_t look_into_mailbox(struct actor *actor, struct cds_list_head *casts)
{
    uint32_t count;

    lock_acquire(&actor->lock);
    count = actor->mailbox.count;
    if (actor->state != ACTOR_ENDED)
        (void)mailbox_take_casts(&actor->mailbox, casts);
    note_if_empty(actor);
    lock_release(&actor->lock);
    return count;
}

static void begin_casts(struct actor *actor, uint32_t count, _Atomic uint64_t *handled)
{
    lock_acquire(&actor->lock);
    mailbox_uncount(&actor->mailbox, count);
    lock_release(&actor->lock);
    run_count(handled, count);
}

/* The rest is dropped once the actor is ending, as what is still in the mailbox will be. */
static void run_casts(struct actor *actor, struct cds_list_head *casts, uint32_t count, _Atomic uint64_t *handled)
{
    struct message *message;
    struct message *next;
    uint32_t begun = 0;

    cds_list_for_each_entry_safe(message, next, casts, link)
    {
        if (begun % RUN_BATCH == 0)
            begin_casts(actor, count - begun < RUN_BATCH ? count - begun : RUN_BATCH, handled);
        begun++;
        message->queued = false;
        if (actor_alive(actor))
            run_cast(actor, message);
        else
            message_discard(actor, message);
    }
}

static void run_one_by_one(struct actor *actor, uint32_t count, _Atomic uint64_t *handled)
{
    struct message *message;

    for (; count > 0 && actor_alive(actor) && (message = take_message(actor)); count--) {
        /* Counted first: who has its reply finds itself counted. */
        run_count(handled, 1);
        dispatch(actor, message);
    }
}

uint32_t run_mail(struct actor *actor, _Atomic uint64_t *handled)
{
    CDS_LIST_HEAD(casts);
    uint32_t count;

    lock_assert_held(&actor->run);
    if (!(atomic_load(&actor->attention) & ATTENTION_MAIL))
        return 0;

    count = look_into_mailbox(actor, &casts);
    if (cds_list_empty(&casts)) {
        run_one_by_one(actor, count, handled);
        return 0;
    }
    run_casts(actor, &casts, count, handled);
    return count;
}

/* The oldest message if it is no stop; else NULL, and what the stop's reason is as a condition. */
static struct message *take_unless_stop(struct actor *actor, int *ret_condition)
{
    struct message *message = NULL;
    struct message *first;

    lock_acquire(&actor->lock);
    first = mailbox_first(&actor->mailbox);
    if (first && first->kind == MESSAGE_STOP)
        *ret_condition = actor_condition_of(&queued_call_of(first)->reason);
    else
        message = take_locked(actor);
    lock_release(&actor->lock);
    return message;
}

/* Like run_one_by_one(). A stop that came after we began to look isn't before us. */
int run_mail_before_stop(struct actor *actor, _Atomic uint64_t *handled)
{
    struct message *message;
    int condition = 0;
    uint32_t count;

    lock_assert_held(&actor->run);
    lock_acquire(&actor->lock);
    count = actor->mailbox.count;
    lock_release(&actor->lock);

    for (; count > 0 && actor_alive(actor) && (message = take_unless_stop(actor, &condition)); count--) {
        run_count(handled, 1);
        dispatch(actor, message);
    }
    return condition;
}
