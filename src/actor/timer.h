/*
 * A timer sends its receiver an info when its time has come. It contains the
 * message it will send, so that firing allocates nothing. Time is
 * clock_monotonic_ns(), so a test that holds the clock turns the timers too.
 *
 * Not a callback: nothing of the receiver's runs on the timers' thread.
 * Not repeated: the receiver starts it again when the info comes.
 *
 * Source: Erlang/OTP's erlang:send_after/3 and cancel_timer/1; for the receive
 * timeout gen_server's `{reply, Reply, State, Timeout}`.
 */
#ifndef KVFS_ACTOR_TIMER_H
#define KVFS_ACTOR_TIMER_H

#include "actor/message.h"
#include "base/heap.h"

#include <stdbool.h>
#include <stdint.h>

struct actor;
struct runtime;
struct timers;

/*
 * Memory of the receiver's, zeroed before the first start. Nobody touches it once timer_cancel() has returned, or once
 * it has fired and its info is handled. A receiver cancels its timers before it lets their memory go, in `destroy` at
 * the latest, and in an `init` that fails. It is first started by its receiver, or before that can end, unless its
 * memory goes with the receiver's `free`. One timer is for one receiver and one `struct timers`.
 */
struct timer {
    struct message message;        /* the info; its `tag` changes under the timers' lock */
    struct heap_item item;         /* guarded by the timers' lock, like the rest */
    struct timers *_Atomic timers; /* NULL: never started */
    struct actor *to;              /* holds a reference while it is armed */
    int64_t deadline_ns;
    uint64_t number; /* among equal deadlines the lower fires first */
};

/* [any thread] Starts their thread. `runtime` is borrowed. 0, or a negative errno. */
int timers_start(struct runtime *runtime, struct timers **ret_timers);
/*
 * [any thread, once] [may block] No timer fires any more when it returns; those that were armed are let go. Infos that
 * are in a mailbox stay there.
 */
void timers_stop(struct timers *timers);
/* Stopped, and nobody will start or cancel a timer of it any more. NULL is fine. */
void timers_destroy(struct timers *timers);

/*
 * [any thread] [never blocks] One info with `tag` comes to `to` after `delay_ns` (>= 0), behind the mail that is there
 * then. The caller knows that `to` is still there. A timer that is armed, or whose info hasn't been handled yet, is
 * moved: it fires once, at the new time. To an actor that has ended, or when the timers were stopped, nothing happens.
 * Only from the receiver may a timer get another tag. 0, or -ENOMEM and nothing changed.
 */
int timer_start(struct timers *timers, struct timer *timer, struct actor *to, unsigned tag, int64_t delay_ns);

/*
 * [any thread] [never blocks] No info of it will be seen that hasn't been, even if it is already in the mailbox. (From
 * another thread than the receiver's it may be being handled right now.) The caller knows that the receiver is still
 * there. True if it was armed or in the mailbox. May be repeated.
 */
bool timer_cancel(struct timer *timer);

/* The timer whose info this is. */
static inline struct timer *timer_of_info(struct message *message)
{
    return message_container(message, struct timer, message);
}

/* Memory of the receiver's, like the timer in it, and only touched by its own callbacks. */
struct receive_timeout {
    struct timer timer;
    bool started;
};

/*
 * [self's callback, as the last thing it does] [never blocks] An info with `tag` comes if no other mail does for
 * `delay_ns`. For this to be true every callback begins with receive_timeout_touch(). 0, or -ENOMEM.
 */
int receive_timeout_start(struct receive_timeout *timeout, struct timers *timers, struct actor *self,
                          unsigned tag, int64_t delay_ns);

/*
 * [receiver's callback, `destroy` too, as the first thing it does] [never blocks] There is mail: takes the timeout back,
 * also from the mailbox. Costs nothing while none is started.
 */
void receive_timeout_touch(struct receive_timeout *timeout);

#endif
