/*
 * The thread of one's own. It is made for the first mail that nobody's call
 * has run yet, waits for more, and ends when the actor has, or when nothing
 * has come for `linger`: the actor hibernates. A direct call wakes no thread.
 * Mail that comes before `init` has succeeded waits until then, so that a
 * failed start leaves no thread behind that still looks at the actor.
 *
 * Each thread that ends joins the one that ended before it, so that none is
 * left over and nobody else has to wait; runtime_deinit() joins the last.
 */
#include "actor/actor_internal.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct actor_thread {
    struct condition wake; /* with the actor's lock */
};

static void join_predecessor(struct runtime *runtime)
{
    pthread_t predecessor;
    bool has_predecessor;

    lock_acquire(&runtime->lock);
    has_predecessor = runtime->has_ended_thread;
    predecessor = runtime->ended_thread;
    runtime->has_ended_thread = true;
    runtime->ended_thread = pthread_self();
    lock_release(&runtime->lock);

    if (has_predecessor)
        pthread_join(predecessor, NULL);

    lock_acquire(&runtime->lock);
    runtime->threads--;
    condition_broadcast(&runtime->thread_ended);
    lock_release(&runtime->lock);
}

/* Waits for something to do. False when the thread should end; it then isn't the actor's any more. */
static bool wait_for_work(struct actor *actor, struct actor_thread *thread)
{
    int64_t deadline = clock_monotonic_ns() + actor->runtime->linger_ns;
    bool in_time = true;
    bool work;

    lock_acquire(&actor->lock);
    while (!atomic_load(&actor->attention) && in_time)
        in_time = condition_wait_until(&thread->wake, &actor->lock, deadline);
    work = actor->state != ACTOR_ENDED && atomic_load(&actor->attention) != 0;
    if (!work)
        actor->thread = NULL;
    lock_release(&actor->lock);
    return work;
}

static void work(struct actor *actor)
{
    struct frame frame;

    (void)run_enter(actor, &frame, LOCK_FOREVER);
    if (actor_alive(actor))
        run_mail(actor, &actor->handled_by_thread);
    if (actor->state == ACTOR_ENDING)
        actor_end(actor, REASON(NORMAL));
    run_leave(&frame);
}

static void *thread_main(void *arg)
{
    struct actor *actor = arg;
    struct runtime *runtime = actor->runtime;
    struct actor_thread *thread = actor->thread;

    pthread_setname_np(pthread_self(), actor->label);
    while (wait_for_work(actor, thread))
        work(actor);

    condition_deinit(&thread->wake);
    free(thread);
    actor_unref(actor);
    join_predecessor(runtime);
    return NULL;
}

/* Signals are for the thread that waits for them. */
static int create_quiet_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
    sigset_t all;
    sigset_t before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static void count_threads(struct runtime *runtime, int difference)
{
    lock_acquire(&runtime->lock);
    runtime->threads += (uint32_t)difference;
    lock_release(&runtime->lock);
}

static int give_thread(struct actor *actor)
{
    struct actor_thread *thread = malloc(sizeof(*thread));
    pthread_t id;
    int rc;

    if (!thread)
        return ENOMEM;
    condition_init(&thread->wake);
    actor->thread = thread;
    actor_ref(actor);
    count_threads(actor->runtime, 1);

    rc = create_quiet_thread(&id, thread_main, actor);
    if (rc == 0)
        return 0;

    count_threads(actor->runtime, -1);
    actor->thread = NULL;
    condition_deinit(&thread->wake);
    free(thread);
    return rc;
}

void thread_wake(struct actor *actor)
{
    int rc;

    lock_assert_held(&actor->lock);
    if (actor->thread) {
        condition_signal(&actor->thread->wake);
        return;
    }
    if (actor->state == ACTOR_STARTING || actor->state == ACTOR_ENDED)
        return;

    rc = give_thread(actor);
    if (rc != 0) {
        refcount_sub(&actor->refs, 1);
        log_error("no thread for actor %s: %s; its mail waits for the next call or message", actor->label,
                  strerror(rc));
    }
}
