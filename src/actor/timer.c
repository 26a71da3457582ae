/*
 * Who is woken when.
 *
 * A timer is in one of three places: in the heap (armed), in its receiver's
 * mailbox (fired), or nowhere. It changes its place only under the timers'
 * lock, but for leaving the mailbox, which is the receiver's; and it goes from
 * the heap to the mailbox under both locks. So whoever has the timers' lock
 * finds a timer where it is, and one that it finds nowhere has been handled, is
 * being handled, or was dropped because its receiver has ended.
 *
 * While armed it holds a reference on its receiver, which is given back under
 * the timers' lock too: who has cancelled, or found nothing to cancel, knows
 * that the timers' thread doesn't look at the receiver any more. That it is the
 * last one is rare (a receiver that ended without cancelling); its `free` then
 * runs under this lock, so no `free` starts or cancels a timer.
 *
 * An actor that has ended arms no timer. An end comes before its `destroy`,
 * and a timer_cancel() there after every timer_start() that came before the
 * end: from then on none is armed.
 *
 * What a handler may read of its info (its kind, its tag) isn't written while
 * it may be being handled: a timer is described when it is started for the
 * first time, and its tag is only written if it is another.
 *
 * Lock order: the timers' lock, then an actor's.
 */
#include "actor/timer.h"

#include "actor/actor_internal.h"
#include "base/clock.h"
#include "base/thread.h"

#include <errno.h>
#include <stdlib.h>

struct timers {
    struct runtime *runtime;
    struct thread thread;
    struct lock lock;
    struct condition changed; /* there is another first, or it is time to stop */
    struct heap heap;         /* guarded by lock, like the rest */
    uint64_t next_number;
    bool stopping;
};

static struct timer *timer_of(const struct heap_item *item)
{
    return caa_container_of(item, struct timer, item);
}

static bool fires_before(const struct heap_item *a, const struct heap_item *b)
{
    const struct timer *x = timer_of(a);
    const struct timer *y = timer_of(b);

    return x->deadline_ns != y->deadline_ns ? x->deadline_ns < y->deadline_ns : x->number < y->number;
}

/* [timers' lock] */
static struct timer *first_timer(const struct timers *timers)
{
    struct heap_item *item = heap_first(&timers->heap);

    return item ? timer_of(item) : NULL;
}

/* [timers' lock] Takes the reference on its receiver over, and says who that is. */
static struct actor *disarm(struct timers *timers, struct timer *timer)
{
    heap_remove(&timers->heap, &timer->item);
    return timer->to;
}

/* [timers' lock] Once it is posted the timer is its receiver's. To an actor that has ended it is dropped. */
static void fire(struct timers *timers, struct timer *timer)
{
    struct actor *to = disarm(timers, timer);

    lock_acquire(&to->lock);
    (void)actor_post(to, &timer->message);
    lock_release(&to->lock);
    actor_unref(to);
}

static void *run(void *arg)
{
    struct timers *timers = arg;

    lock_acquire(&timers->lock);
    while (!timers->stopping) {
        struct timer *first = first_timer(timers);

        if (first && first->deadline_ns <= clock_monotonic_ns())
            fire(timers, first);
        else
            (void)condition_wait_until(&timers->changed, &timers->lock,
                                       first ? first->deadline_ns : LOCK_FOREVER);
    }
    lock_release(&timers->lock);
    return NULL;
}

int timers_start(struct runtime *runtime, struct timers **ret_timers)
{
    struct timers *timers = calloc(1, sizeof(*timers));
    int rc;

    if (!timers)
        return -ENOMEM;
    timers->runtime = runtime;
    lock_init(&timers->lock);
    condition_init(&timers->changed);
    heap_init(&timers->heap, fires_before);

    rc = thread_start(&timers->thread, "timers", run, timers);
    if (rc < 0) {
        timers_destroy(timers);
        return rc;
    }
    *ret_timers = timers;
    return 0;
}

void timers_stop(struct timers *timers)
{
    struct timer *timer;

    lock_acquire(&timers->lock);
    assert(!timers->stopping);
    timers->stopping = true;
    condition_signal(&timers->changed);
    while ((timer = first_timer(timers)))
        actor_unref(disarm(timers, timer));
    lock_release(&timers->lock);
    thread_join(&timers->thread);
}

void timers_destroy(struct timers *timers)
{
    if (!timers)
        return;
    heap_deinit(&timers->heap);
    condition_deinit(&timers->changed);
    lock_deinit(&timers->lock);
    free(timers);
}

/* [timers' lock] True if its info was in its receiver's mailbox. */
static bool take_from_mailbox(struct timer *timer)
{
    struct actor *to = timer->to;
    bool unlinked;

    lock_acquire(&to->lock);
    unlinked = mailbox_unlink(&to->mailbox, &timer->message);
    lock_release(&to->lock);
    return unlinked;
}

/* [timers' lock] Says what it is, once. */
static void describe(struct timers *timers, struct timer *timer, struct actor *to, unsigned tag)
{
    if (!timer->to) {
        message_init(&timer->message, MESSAGE_INFO, tag, NULL);
        timer->to = to;
        atomic_store(&timer->timers, timers);
    }
    assert(timer->to == to && timer->timers == timers);
}

/* A time that never comes if it is too far away to be told. */
static int64_t deadline_in(int64_t delay_ns)
{
    int64_t now = clock_monotonic_ns();

    return delay_ns < LOCK_FOREVER - now ? now + delay_ns : LOCK_FOREVER;
}

/* [timers' lock] Into the heap, or to its new place in it. */
static int enqueue(struct timers *timers, struct timer *timer, int64_t delay_ns)
{
    timer->deadline_ns = deadline_in(delay_ns);
    timer->number = timers->next_number++;
    if (heap_contains(&timer->item)) {
        heap_reorder(&timers->heap, &timer->item);
        return 0;
    }
    return heap_add(&timers->heap, &timer->item);
}

/* [timers' lock] */
static int arm(struct timers *timers, struct timer *timer, unsigned tag, int64_t delay_ns)
{
    bool was_armed = heap_contains(&timer->item);
    int rc = enqueue(timers, timer, delay_ns);

    if (rc < 0)
        return rc;
    if (!was_armed) {
        actor_ref(timer->to);
        (void)take_from_mailbox(timer);
    }
    if (timer->message.tag != tag)
        timer->message.tag = tag;
    if (first_timer(timers) == timer)
        condition_signal(&timers->changed);
    return 0;
}

int timer_start(struct timers *timers, struct timer *timer, struct actor *to, unsigned tag, int64_t delay_ns)
{
    int rc = 0;

    assert(delay_ns >= 0 && to->runtime == timers->runtime);
    lock_acquire(&timers->lock);
    if (!timers->stopping && to->state != ACTOR_ENDED) {
        describe(timers, timer, to, tag);
        rc = arm(timers, timer, tag, delay_ns);
    }
    lock_release(&timers->lock);
    return rc;
}

bool timer_cancel(struct timer *timer)
{
    struct timers *timers = atomic_load(&timer->timers);
    bool found = true;

    if (!timers)
        return false;
    lock_acquire(&timers->lock);
    if (heap_contains(&timer->item))
        actor_unref(disarm(timers, timer));
    else
        found = take_from_mailbox(timer);
    lock_release(&timers->lock);
    return found;
}

int receive_timeout_start(struct receive_timeout *timeout, struct timers *timers, struct actor *self,
                          unsigned tag, int64_t delay_ns)
{
    int rc;

    actor_assert_self(self);
    rc = timer_start(timers, &timeout->timer, self, tag, delay_ns);
    timeout->started = timeout->started || rc == 0;
    return rc;
}

void receive_timeout_touch(struct receive_timeout *timeout)
{
    if (!timeout->started)
        return;
    timeout->started = false;
    (void)timer_cancel(&timeout->timer);
}
