/*
 * How mail is sent, and how long one waits for an answer.
 *
 * A call to a prompt actor is run by the caller's own thread (run.c), unless
 * the runtime's direct call is off. Any other call is queued: a heap object
 * held by the waiter and by whoever answers, so that either may go first. A
 * waiter whose time is up takes the message out of the mailbox; if that comes
 * too late, because the callback has begun, it waits for a prompt actor (whose
 * callback has promised to return) and otherwise marks the call abandoned, and
 * the answerer lets the argument go. A result is settled once, by who answers
 * or by who abandons, and with it whose the argument is.
 *
 * Who is killed while waiting is woken through its actor's frame, `waiting`;
 * who waits for an actor that is killed while running a call, through
 * `running`.
 * What an actor sends is pushed under its own lock too, so that a kill and the
 * DOWN it tells come either after it or instead of it.
 * Lock order: an actor's `lock` (two in the order of their addresses), then a
 * queued call's.
 */
#include "actor/actor_internal.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

static int64_t deadline_in(int timeout_ms)
{
    return timeout_ms < 0 ? LOCK_FOREVER : clock_monotonic_ns() + timeout_ms * CLOCK_NS_PER_MS;
}

static bool calls_directly(const struct actor *actor)
{
    return actor->runtime->direct && actor->class->prompt;
}

int actor_post(struct actor *actor, struct message *message)
{
    bool was_empty = mailbox_is_empty(&actor->mailbox);
    int rc = mailbox_push(&actor->mailbox, message);

    lock_assert_held(&actor->lock);
    if (rc == 0 && was_empty) {
        atomic_fetch_or(&actor->attention, ATTENTION_MAIL);
        thread_wake(actor);
    }
    return rc;
}

/* Under the sender's lock too if that is an actor: after its end, of which others have been told, it sends nothing. */
int actor_push(struct actor *actor, struct message *message)
{
    struct actor *sender = actor_self() ? actor_self() : actor;
    int rc = MAILBOX_E_CLOSED;

    lock_acquire_both(&sender->lock, &actor->lock);
    if (sender->state != ACTOR_ENDED)
        rc = actor_post(actor, message);
    lock_release_both(&sender->lock, &actor->lock);
    return rc;
}

static struct queued_call *queued_call_create(struct actor *callee, enum message_kind kind, unsigned tag, void *arg,
                                              void (*release_arg)(void *arg))
{
    struct queued_call *call = calloc(1, sizeof(*call));

    if (!call)
        return NULL;
    message_init(&call->message, kind, tag, NULL);
    call->callee = callee;
    call->arg = arg;
    call->release_arg = release_arg;
    refcount_init(&call->refs);
    lock_init(&call->lock);
    condition_init(&call->answered);
    return call;
}

void queued_call_unref(struct queued_call *call)
{
    if (!refcount_sub(&call->refs, 1))
        return;
    reason_deinit(&call->reason);
    condition_deinit(&call->answered);
    lock_deinit(&call->lock);
    free(call);
}

void queued_call_answer(struct queued_call *call, int result)
{
    bool abandoned;

    lock_acquire(&call->lock);
    abandoned = call->abandoned;
    if (!call->done) {
        call->done = true;
        call->result = result;
        condition_signal(&call->answered);
    }
    lock_release(&call->lock);

    if (abandoned && call->release_arg)
        call->release_arg(call->arg);
    queued_call_unref(call);
}

void queued_call_abandon(struct queued_call *call, int result)
{
    lock_acquire(&call->lock);
    if (!call->done) {
        call->done = true;
        call->abandoned = true;
        call->result = result;
        condition_signal(&call->answered);
    }
    lock_release(&call->lock);
}

void message_discard(struct actor *actor, struct message *message)
{
    switch ((enum message_kind)message->kind) {
    case MESSAGE_CALL:
        queued_call_answer(queued_call_of(message), actor_condition_of(&actor->reason));
        return;
    case MESSAGE_STOP:
        queued_call_answer(queued_call_of(message), 0);
        return;
    case MESSAGE_CAST:
    case MESSAGE_INFO:
    case MESSAGE_DOWN:
    case MESSAGE_EXIT:
        if (message->release)
            message->release(message);
        return;
    }
}

/* While this thread waits inside a callback, killing that callback's actor must wake it. */
static void set_waiting(struct queued_call *call, bool waits)
{
    struct frame *frame = run_frame();
    struct actor *self = frame ? frame->actor : NULL;

    if (!self)
        return;
    lock_acquire(&self->lock);
    frame->waiting = waits ? call : NULL;
    run_show_frame(frame);
    if (waits && self->state == ACTOR_ENDED) {
        lock_acquire(&call->lock);
        call->killed = true;
        lock_release(&call->lock);
    }
    lock_release(&self->lock);
}

/* [call's lock] On the reserve thread, which helps where it can, and looks again now and then. */
static bool wait_helping(struct queued_call *call, int64_t deadline)
{
    int64_t soon;
    bool helped;

    lock_release(&call->lock);
    helped = thread_help(call->callee);
    lock_acquire(&call->lock);
    soon = clock_monotonic_ns() + CLOCK_NS_PER_MS;
    if (!helped && !call->done && !call->killed)
        (void)condition_wait_until(&call->answered, &call->lock, soon < deadline ? soon : deadline);
    return clock_monotonic_ns() < deadline;
}

/* [call's lock] For an answer, or for less. False if the time is up. */
static bool wait_for_change(struct queued_call *call, int64_t deadline)
{
    return thread_is_reserve() ? wait_helping(call, deadline)
                               : condition_wait_until(&call->answered, &call->lock, deadline);
}

/* True if it was answered, false if the time was up or the waiter was killed. */
static bool wait_for_answer(struct queued_call *call, int64_t deadline)
{
    bool in_time = true;
    bool done;

    set_waiting(call, true);
    lock_acquire(&call->lock);
    while (!call->done && !call->killed && in_time)
        in_time = wait_for_change(call, deadline);
    done = call->done;
    lock_release(&call->lock);
    set_waiting(call, false);
    return done;
}

static void wait_for_prompt_answer(struct queued_call *call)
{
    lock_acquire(&call->lock);
    while (!call->done)
        (void)wait_for_change(call, LOCK_FOREVER);
    lock_release(&call->lock);
}

/* The time was up: takes the call back. If it is being run it is marked abandoned, unless it was answered after all. */
static void withdraw(struct queued_call *call)
{
    struct actor *callee = call->callee;
    int result = call->killed ? ACTOR_E_KILLED : ACTOR_E_TIMEOUT;
    bool unlinked;

    lock_acquire(&callee->lock);
    unlinked = mailbox_unlink(&callee->mailbox, &call->message);
    lock_release(&callee->lock);
    if (unlinked) {
        call->result = result;
        queued_call_unref(call);
        return;
    }

    if (call->message.kind == MESSAGE_CALL && !call->release_arg)
        wait_for_prompt_answer(call);
    else
        queued_call_abandon(call, result);
}

/* Sends and waits. Drops the caller's hold. An abandoned argument is let go by whoever answers, any other here. */
static int queued_call_run(struct queued_call *call, int64_t deadline)
{
    void (*release_arg)(void *arg) = call->release_arg;
    void *arg = call->arg;
    bool arg_is_mine;
    int result;

    refcount_add(&call->refs, 1);
    if (actor_push(call->callee, &call->message) != 0) {
        call->result = actor_self_is_dead() ? ACTOR_E_KILLED : ACTOR_E_NOPROC;
        queued_call_unref(call);
    } else if (!wait_for_answer(call, deadline)) {
        withdraw(call);
    }

    lock_acquire(&call->lock);
    result = call->result;
    arg_is_mine = !call->abandoned;
    lock_release(&call->lock);
    queued_call_unref(call);
    if (actor_is_condition(result) && arg_is_mine && release_arg)
        release_arg(arg);
    return result;
}

static int call_queued(struct actor *actor, unsigned tag, void *arg, void (*release)(void *arg), int64_t deadline)
{
    struct queued_call *call = queued_call_create(actor, MESSAGE_CALL, tag, arg, release);

    if (!call)
        return -ENOMEM;
    return queued_call_run(call, deadline);
}

static int condition_of_ended(struct actor *actor)
{
    int condition;

    lock_acquire(&actor->lock);
    condition = actor_condition_of(&actor->reason);
    lock_release(&actor->lock);
    return condition;
}

/* The clock is read only if there is something to wait for. */
static bool enter(struct actor *actor, struct frame *frame, int timeout_ms)
{
    return run_try_enter(actor, frame) || run_enter(actor, frame, deadline_in(timeout_ms));
}

static bool has_ended(struct actor *actor)
{
    return atomic_load(&actor->state) == ACTOR_ENDED;
}

/* Lends the caller's thread. Who finds it alive, and then waits while it ends, is told how it did, as if queued. */
static int call_directly(struct actor *actor, unsigned tag, void *arg, int timeout_ms)
{
    bool was_there = !has_ended(actor);
    struct frame frame;
    int result;

    if (!enter(actor, &frame, timeout_ms))
        return ACTOR_E_TIMEOUT;

    (void)run_mail(actor, &actor->handled_direct);
    if (run_sender_is_dead(&frame)) {
        result = ACTOR_E_KILLED;
    } else if (!actor_alive(actor)) {
        result = was_there ? condition_of_ended(actor) : ACTOR_E_NOPROC;
    } else {
        result = actor->class->on_call(actor, tag, arg);
        run_count(&actor->handled_direct, 1);
    }
    run_leave(&frame);
    return result;
}

/* Who waits for itself, or is prompt and waits for one that isn't, might wait for ever. */
static int refuse_to_wait(const struct actor *actor)
{
    if (run_is_inside(actor) || (!actor->class->prompt && run_is_prompt()))
        return ACTOR_E_DEADLOCK;
    return actor_self_is_dead() ? ACTOR_E_KILLED : 0;
}

int actor_call(struct actor *actor, unsigned tag, void *arg, int timeout_ms)
{
    int refused = refuse_to_wait(actor);

    assert(actor->class->prompt);
    if (refused != 0)
        return refused;
    if (calls_directly(actor))
        return call_directly(actor, tag, arg, timeout_ms);
    return call_queued(actor, tag, arg, NULL, deadline_in(timeout_ms));
}

int actor_call_owned(struct actor *actor, unsigned tag, void *arg, void (*release)(void *arg), int timeout_ms)
{
    int result = refuse_to_wait(actor);

    assert(release);
    if (result == 0 && !calls_directly(actor))
        return call_queued(actor, tag, arg, release, deadline_in(timeout_ms));
    if (result == 0)
        result = call_directly(actor, tag, arg, timeout_ms);
    if (actor_is_condition(result))
        release(arg);
    return result;
}

static int answer_cast(struct message *message, int rc)
{
    if (rc != 0)
        message->release(message);
    return rc == MAILBOX_E_FULL ? rc : 0;
}

int actor_cast(struct actor *actor, struct message *message)
{
    assert(message->kind == MESSAGE_CAST && message->release);
    return answer_cast(message, actor_push(actor, message));
}

static int push_for_nobody(struct actor *actor, struct message *message)
{
    int rc;

    lock_acquire(&actor->lock);
    rc = actor_post(actor, message);
    lock_release(&actor->lock);
    return rc;
}

int actor_cast_for_nobody(struct actor *actor, struct message *message)
{
    assert(message->kind == MESSAGE_CAST && message->release);
    return answer_cast(message, push_for_nobody(actor, message));
}

void actor_send_for_nobody(struct actor *actor, struct message *message)
{
    assert(message->kind == MESSAGE_INFO && message->release);
    if (push_for_nobody(actor, message) != 0)
        message->release(message);
}

void actor_send(struct actor *actor, struct message *message)
{
    assert(message->kind == MESSAGE_INFO && message->release);
    if (actor_push(actor, message) != 0)
        message->release(message);
}

static int stop_queued(struct actor *actor, struct reason reason, int64_t deadline)
{
    struct queued_call *call = queued_call_create(actor, MESSAGE_STOP, 0, NULL, NULL);

    if (!call) {
        reason_deinit(&reason);
        return -ENOMEM;
    }
    call->reason = reason;
    return queued_call_run(call, deadline);
}

/* Ends the actor on this thread, or helps who ended it meanwhile to tell everybody. Takes `reason`. */
static int stop_directly(struct actor *actor, struct reason reason, int timeout_ms)
{
    bool was_there = !has_ended(actor);
    struct frame frame;
    int result = 0;

    if (!enter(actor, &frame, timeout_ms)) {
        reason_deinit(&reason);
        return ACTOR_E_TIMEOUT;
    }
    (void)run_mail(actor, &actor->handled_direct);
    if (run_sender_is_dead(&frame))
        result = ACTOR_E_KILLED;
    else if (!was_there)
        result = ACTOR_E_NOPROC;

    if (result == 0)
        actor_end(actor, reason);
    else
        reason_deinit(&reason);
    run_leave(&frame);
    return result;
}

int actor_stop(struct actor *actor, struct reason reason, int timeout_ms)
{
    int result = refuse_to_wait(actor);

    if (result != 0) {
        reason_deinit(&reason);
        return result;
    }
    result = calls_directly(actor) ? stop_directly(actor, reason, timeout_ms)
                                   : stop_queued(actor, reason, deadline_in(timeout_ms));
    if (result == ACTOR_E_NOPROC && has_ended(actor))
        actor_help_telling(actor);
    return result;
}
