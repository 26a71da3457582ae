/*
 * The threads of actors.
 *
 * A worker is a thread that serves one actor at a time: it runs the actor's
 * mail, waits for more, and lets go when the actor has ended or hibernates.
 * Then it serves one that waits for a thread, or waits in the cache for
 * another, and ends when none comes.
 * A direct call wakes no thread.
 *
 * Who gets one. Mail wakes the actor's worker; an actor without one takes a
 * cached worker, or, `wanting`, is queued for the reserve thread, which makes
 * one. If the system has none to give, the reserve runs the actor's mail
 * itself, a turn at a time, and tries again. Where such a callback waits for
 * an answer, and it is the reserve's help that whoever is to give it needs, or
 * whom that one waits for, it helps there and then. Mail that comes before `init` has
 * succeeded waits until then, so that a failed start leaves no thread behind.
 *
 * Who sleeps. A worker that finds nothing to do stands in the list of the idle
 * until it is woken, its linger is over, or there are too many: who comes in
 * last sends the one that has stood longest to hibernate. It lets its actor go
 * only under the actor's lock and if there is still nothing to do, so that no
 * mail is left without a thread: mail that finds none asks for one.
 *
 * Locks: an actor's, then the runtime's, then a worker's.
 *
 * Each thread that ends joins the one that ended before it, so that none is
 * left over and nobody else has to wait; thread_end_all() joins the last.
 */
#include "actor/actor_internal.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* So many casts without a pause are a flood; a turn of fewer isn't worth it. */
#define FLOOD 64
#define FLOOD_NAP_NS 20000

/* A stack has an end. */
#define RESERVE_DEPTH_MAX 100

/* For how many actors this thread, the reserve, stands in, each inside of the one before. */
static _Thread_local int reserve_depth;

struct worker {
    struct runtime *runtime;
    struct cds_list_head in_workers; /* guarded by the runtime's lock, like the next five */
    struct cds_list_head waiting;    /* in `idle` or `cached`, or in neither */
    bool is_idle;
    bool is_cached;
    pid_t number;
    int64_t working_since; /* 0: it isn't */
    uint64_t flood;        /* its own: casts that it has run since it last had nothing to do */
    struct lock lock;
    struct condition wake;
    struct actor *actor;   /* guarded by lock: whom it serves, a reference; NULL: it is free */
    bool woken;            /* guarded by lock */
    bool evicted;          /* guarded by lock: there are too many idle ones */
    bool dismissed;        /* guarded by lock: it shall end */
};

static void signal_worker(struct worker *worker, bool *flag)
{
    lock_acquire(&worker->lock);
    *flag = true;
    condition_signal(&worker->wake);
    lock_release(&worker->lock);
}

/* ---- idle and cached ---- */

/* [runtime's lock] Out of whatever list it waits in. */
static void stop_waiting(struct runtime *runtime, struct worker *worker)
{
    if (!worker->is_idle && !worker->is_cached)
        return;
    cds_list_del(&worker->waiting);
    if (worker->is_idle)
        atomic_fetch_sub(&runtime->idle_count, 1);
    else
        runtime->cached_count--;
    worker->is_idle = worker->is_cached = false;
}

/* [runtime's lock] */
static void evict_oldest(struct runtime *runtime)
{
    struct worker *oldest = cds_list_first_entry(&runtime->idle, struct worker, waiting);

    stop_waiting(runtime, oldest);
    signal_worker(oldest, &oldest->evicted);
}

static void begin_idling(struct worker *worker)
{
    struct runtime *runtime = worker->runtime;

    lock_acquire(&runtime->lock);
    lock_acquire(&worker->lock);
    worker->evicted = false;
    lock_release(&worker->lock);
    worker->working_since = 0;
    worker->is_idle = true;
    cds_list_add_tail(&worker->waiting, &runtime->idle);
    if (atomic_fetch_add(&runtime->idle_count, 1) >= runtime->max_awake)
        evict_oldest(runtime);
    lock_release(&runtime->lock);
}

static void begin_working(struct worker *worker)
{
    struct runtime *runtime = worker->runtime;

    lock_acquire(&runtime->lock);
    stop_waiting(runtime, worker);
    worker->working_since = clock_monotonic_ns();
    lock_release(&runtime->lock);
}

/* Waits to be woken. False if it is time to sleep. */
static bool idle(struct worker *worker)
{
    int64_t deadline = clock_monotonic_ns() + worker->runtime->linger_ns;
    bool in_time = true;
    bool stay;

    worker->flood = 0;
    begin_idling(worker);
    lock_acquire(&worker->lock);
    while (!worker->woken && !worker->evicted && in_time)
        in_time = condition_wait_until(&worker->wake, &worker->lock, deadline);
    stay = in_time && !worker->evicted;
    worker->woken = worker->evicted = false;
    lock_release(&worker->lock);
    begin_working(worker);
    return stay;
}

/* ---- serving an actor ---- */

uint32_t thread_work(struct actor *actor)
{
    struct frame frame;
    uint32_t casts = 0;

    (void)run_enter(actor, &frame, LOCK_FOREVER);
    frame.begins_turn = true;
    if (actor_alive(actor))
        casts = run_mail(actor, &actor->handled_by_thread);
    if (actor->state == ACTOR_ENDING)
        actor_end(actor, REASON(NORMAL));
    run_leave(&frame);
    return casts;
}

static bool has_work(struct actor *actor)
{
    return actor->state != ACTOR_ENDED && atomic_load(&actor->attention) != 0;
}

/* True if there is something to do. Else, if `let_go` or it has ended, the thread isn't the actor's any more. */
static bool look_for_work(struct actor *actor, bool let_go, bool *ret_mine)
{
    bool work;

    lock_acquire(&actor->lock);
    work = has_work(actor);
    *ret_mine = work || (!let_go && actor->state != ACTOR_ENDED);
    if (!*ret_mine)
        actor->worker = NULL;
    lock_release(&actor->lock);
    return work;
}

/* Waits for something to do. False when the actor has hibernated or ended. */
static bool wait_for_work(struct worker *worker, struct actor *actor)
{
    bool stay = true;
    bool mine;
    bool work;

    while (!(work = look_for_work(actor, !stay, &mine)) && mine)
        stay = idle(worker);
    return work;
}

/*
 * In a flood of casts it looks into the mailbox less often: to take them a few at a time, as they come, costs their
 * sender more than to send them. Nobody waits for a cast, and a direct call runs by itself what was sent before it.
 */
static void moderate(struct worker *worker, uint32_t casts)
{
    worker->flood = casts > 0 ? worker->flood + casts : 0;
    if (worker->flood >= FLOOD && casts < FLOOD) {
        worker->flood = 0;
        thread_nap(FLOOD_NAP_NS);
    }
}

/* Looked at first, and then asked: what it is called after that is said again. */
static void put_label_on(struct actor *actor)
{
    char label[THREAD_NAME_MAX];

    atomic_fetch_and(&actor->attention, (uint8_t)~ATTENTION_LABEL);
    actor_label(actor, label, sizeof(label));
    thread_rename(label);
}

static void serve(struct worker *worker, struct actor *actor)
{
    put_label_on(actor);
    begin_working(worker);
    while (wait_for_work(worker, actor)) {
        if (atomic_load(&actor->attention) & ATTENTION_LABEL)
            put_label_on(actor);
        moderate(worker, thread_work(actor));
    }
}

/* ---- the cache ---- */

/* [actor's lock] */
static void employ(struct worker *worker, struct actor *actor)
{
    actor->worker = worker;
    actor_ref(actor);
    lock_acquire(&worker->lock);
    worker->actor = actor;
    condition_signal(&worker->wake);
    lock_release(&worker->lock);
}

/* [runtime's lock] With the queue's reference. */
static struct actor *take_wanting(struct runtime *runtime)
{
    struct actor *actor = runtime->wanting_first;

    if (!actor)
        return NULL;
    runtime->wanting_first = actor->next_wanting;
    if (!runtime->wanting_first)
        runtime->wanting_last = NULL;
    return actor;
}

/* [no lock] Gives it to who still wants it, or back. */
static void give(struct worker *worker, struct actor *actor)
{
    bool wanted;

    lock_acquire(&actor->lock);
    wanted = actor->wanting && actor->state != ACTOR_ENDED;
    if (actor->wanting) {
        actor->wanting = false;
        actor->worker = NULL;
    }
    if (wanted)
        employ(worker, actor);
    lock_release(&actor->lock);
    if (!wanted)
        signal_worker(worker, &worker->dismissed);
}

/* [no lock] One that has ended by now is not worth a thread. */
static bool wants_no_more(struct actor *actor)
{
    bool ended;

    lock_acquire(&actor->lock);
    ended = actor->state == ACTOR_ENDED;
    if (ended) {
        actor->wanting = false;
        actor->worker = NULL;
    }
    lock_release(&actor->lock);
    return ended;
}

/* Somebody who waits for a thread, with a reference; else NULL, and whether it is in the cache. */
static struct actor *find_work(struct worker *worker, bool *ret_cached)
{
    struct runtime *runtime = worker->runtime;
    struct actor *wanting;
    bool room;

    lock_acquire(&runtime->lock);
    worker->working_since = 0;
    wanting = take_wanting(runtime);
    room = !wanting && runtime->cached_count < RUNTIME_MAX_CACHED && !runtime->stopping;
    if (room) {
        worker->is_cached = true;
        runtime->cached_count++;
        cds_list_add(&worker->waiting, &runtime->cached);
    }
    lock_release(&runtime->lock);
    *ret_cached = room;
    return wanting;
}

/* False if there are enough, or it is the end. */
static bool enter_cache(struct worker *worker)
{
    struct actor *wanting;
    bool cached;

    while ((wanting = find_work(worker, &cached)) && wants_no_more(wanting))
        actor_unref(wanting);
    if (!wanting)
        return cached;
    give(worker, wanting);
    actor_unref(wanting);
    return true;
}

/* [worker's lock] */
static void wait_for_actor(struct worker *worker)
{
    int64_t deadline = clock_monotonic_ns() + worker->runtime->linger_ns;
    bool in_time = true;

    while (!worker->actor && !worker->dismissed && in_time)
        in_time = condition_wait_until(&worker->wake, &worker->lock, deadline);
    worker->woken = worker->evicted = false;
}

/* Whoever takes a worker out of the cache gives it an actor, or dismisses it, at once. */
static bool left_cache(struct worker *worker)
{
    struct runtime *runtime = worker->runtime;
    bool by_itself;

    lock_acquire(&runtime->lock);
    by_itself = worker->is_cached;
    stop_waiting(runtime, worker);
    lock_release(&runtime->lock);
    return by_itself;
}

/* The next actor to serve; NULL if none came. */
static struct actor *next_actor(struct worker *worker)
{
    struct actor *actor;

    lock_acquire(&worker->lock);
    wait_for_actor(worker);
    lock_release(&worker->lock);
    if (left_cache(worker))
        return NULL;

    lock_acquire(&worker->lock);
    while (!worker->actor && !worker->dismissed)
        (void)condition_wait_until(&worker->wake, &worker->lock, LOCK_FOREVER);
    actor = worker->actor;
    lock_release(&worker->lock);
    return actor;
}

static void forget_actor(struct worker *worker)
{
    struct actor *actor = worker->actor;

    lock_acquire(&worker->runtime->lock);
    lock_acquire(&worker->lock);
    worker->actor = NULL;
    lock_release(&worker->lock);
    lock_release(&worker->runtime->lock);
    thread_rename("spare");
    actor_unref(actor);
}

/* [runtime's lock] A worker from the cache for the caller to use; NULL if there is none. */
static struct worker *take_cached(struct runtime *runtime)
{
    struct worker *worker;

    if (cds_list_empty(&runtime->cached))
        return NULL;
    worker = cds_list_first_entry(&runtime->cached, struct worker, waiting);
    stop_waiting(runtime, worker);
    return worker;
}

/* ---- a worker's life ---- */

static void join_predecessor(struct runtime *runtime, struct worker *worker)
{
    struct thread predecessor;
    bool has_predecessor;

    lock_acquire(&runtime->lock);
    has_predecessor = runtime->has_ended_thread;
    predecessor = runtime->ended_thread;
    runtime->has_ended_thread = true;
    runtime->ended_thread = thread_self();
    cds_list_del(&worker->in_workers);
    lock_release(&runtime->lock);

    if (has_predecessor)
        thread_join(&predecessor);
}

static void worker_free(struct worker *worker)
{
    condition_deinit(&worker->wake);
    lock_deinit(&worker->lock);
    free(worker);
}

/* The last thing that a thread does with the runtime. */
static void uncount(struct runtime *runtime)
{
    lock_acquire(&runtime->lock);
    runtime->threads--;
    condition_broadcast(&runtime->thread_ended);
    lock_release(&runtime->lock);
}

static void introduce(struct worker *worker)
{
    lock_acquire(&worker->runtime->lock);
    worker->number = thread_number();
    lock_release(&worker->runtime->lock);
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    struct runtime *runtime = worker->runtime;
    struct actor *actor;

    introduce(worker);
    while ((actor = next_actor(worker))) {
        serve(worker, actor);
        forget_actor(worker);
        if (!enter_cache(worker))
            break;
    }
    join_predecessor(runtime, worker);
    worker_free(worker);
    uncount(runtime);
    return NULL;
}

static void enroll(struct runtime *runtime, struct worker *worker)
{
    lock_acquire(&runtime->lock);
    runtime->threads++;
    cds_list_add_tail(&worker->in_workers, &runtime->workers);
    lock_release(&runtime->lock);
}

static void strike_out(struct runtime *runtime, struct worker *worker)
{
    lock_acquire(&runtime->lock);
    runtime->threads--;
    cds_list_del(&worker->in_workers);
    lock_release(&runtime->lock);
}

/* [reserve] A worker that waits for the caller to give it an actor. 0, or a negative errno. */
static int worker_create(struct runtime *runtime, struct worker **ret_worker)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    struct thread thread;
    int rc;

    if (!worker)
        return -ENOMEM;
    worker->runtime = runtime;
    lock_init(&worker->lock);
    condition_init(&worker->wake);
    enroll(runtime, worker);
    rc = thread_start(&thread, "spare", worker_main, worker);
    if (rc < 0) {
        strike_out(runtime, worker);
        worker_free(worker);
        return rc;
    }
    *ret_worker = worker;
    return 0;
}

/* ---- waking ---- */

/* [actor's lock] */
static void want(struct actor *actor)
{
    struct runtime *runtime = actor->runtime;

    actor->wanting = true;
    actor->next_wanting = NULL;
    actor_ref(actor);
    if (runtime->wanting_last)
        runtime->wanting_last->next_wanting = actor;
    else
        runtime->wanting_first = actor;
    runtime->wanting_last = actor;
    condition_signal(&runtime->reserve_wake);
}

/* [actor's lock] From the cache, or by way of the reserve. */
static void get_worker(struct actor *actor)
{
    struct runtime *runtime = actor->runtime;
    struct worker *worker;

    lock_acquire(&runtime->lock);
    worker = take_cached(runtime);
    if (!worker)
        want(actor);
    lock_release(&runtime->lock);
    if (worker)
        employ(worker, actor);
}

void thread_wake(struct actor *actor)
{
    lock_assert_held(&actor->lock);
    if (actor->wanting)
        return;
    if (actor->worker)
        signal_worker(actor->worker, &actor->worker->woken);
    else if (actor->state != ACTOR_STARTING && actor->state != ACTOR_ENDED)
        get_worker(actor);
}

/* Who has no thread will call it rightly when it has. */
void actor_relabel(struct actor *actor)
{
    lock_acquire(&actor->lock);
    if (!actor->wanting && actor->worker && actor->state != ACTOR_ENDED) {
        atomic_fetch_or(&actor->attention, ATTENTION_LABEL);
        thread_wake(actor);
    }
    lock_release(&actor->lock);
}

/* ---- the reserve ---- */

/* [reserve] NULL: for nobody. Whom it stood in for before. */
static struct actor *note_stand_in(struct runtime *runtime, struct actor *actor)
{
    struct actor *before;

    lock_acquire(&runtime->lock);
    before = runtime->stands_in_for;
    runtime->stands_in_for = actor;
    runtime->stands_in_since = clock_monotonic_ns();
    lock_release(&runtime->lock);
    return before;
}

/* No thread to be had: a turn on this one. True if it is to be tried again. */
static bool stand_in(struct actor *actor)
{
    struct actor *before;
    bool again;

    before = note_stand_in(actor->runtime, actor);
    reserve_depth++;
    (void)thread_work(actor);
    reserve_depth--;
    (void)note_stand_in(actor->runtime, before);
    lock_acquire(&actor->lock);
    again = has_work(actor);
    if (!again) {
        actor->wanting = false;
        actor->worker = NULL;
    }
    lock_release(&actor->lock);
    return again;
}

static void requeue(struct actor *actor)
{
    lock_acquire(&actor->lock);
    lock_acquire(&actor->runtime->lock);
    want(actor);
    lock_release(&actor->runtime->lock);
    lock_release(&actor->lock);
}

/* [reserve] Said once, not for every turn. */
static void note_drought(struct runtime *runtime, int rc)
{
    if (!runtime->drought)
        log_error("no thread for an actor: %s; the reserve thread runs their mail", strerror(-rc));
    runtime->drought = true;
}

static void provide(struct runtime *runtime, struct actor *actor)
{
    struct worker *worker;
    int rc;

    if (wants_no_more(actor)) {
        actor_unref(actor);
        return;
    }
    rc = worker_create(runtime, &worker);
    if (rc == 0) {
        runtime->drought = false;
        give(worker, actor);
    } else {
        note_drought(runtime, rc);
        if (stand_in(actor))
            requeue(actor);
    }
    actor_unref(actor);
}

bool thread_is_reserve(void)
{
    return reserve_depth > 0;
}

/* [runtime's lock] Out of the queue, with its reference; false if it isn't there. */
static bool take_this(struct runtime *runtime, struct actor *actor)
{
    struct actor **place = &runtime->wanting_first;
    struct actor *before = NULL;

    while (*place && *place != actor) {
        before = *place;
        place = &before->next_wanting;
    }
    if (!*place)
        return false;
    *place = actor->next_wanting;
    if (runtime->wanting_last == actor)
        runtime->wanting_last = before;
    return true;
}

/* Takes the caller's reference. If it wants a thread the queue's is returned, else one on whom it waits for. */
static struct actor *look_at_need(struct actor *actor, bool *ret_wanting)
{
    struct runtime *runtime = actor->runtime;
    struct actor *next = NULL;

    lock_acquire(&actor->lock);
    *ret_wanting = actor->wanting;
    if (actor->wanting) {
        lock_acquire(&runtime->lock);
        next = take_this(runtime, actor) ? actor : NULL;
        lock_release(&runtime->lock);
    } else if (actor->frame && actor->frame->waiting) {
        next = actor_ref(actor->frame->waiting->callee);
    }
    lock_release(&actor->lock);
    actor_unref(actor);
    return next;
}

bool thread_help(struct actor *actor)
{
    struct actor *needed = actor_ref(actor);
    bool wanting = false;

    for (int steps = 0; needed && !wanting && steps < RESERVE_DEPTH_MAX; steps++)
        needed = look_at_need(needed, &wanting);
    if (needed && wanting && reserve_depth < RESERVE_DEPTH_MAX) {
        provide(needed->runtime, needed);
        return true;
    }
    if (needed && wanting)
        requeue(needed);
    actor_unref(needed);
    return false;
}

/* [runtime's lock] One that has become old enough, with a reference; NULL if none has. */
static struct actor *take_young(struct runtime *runtime)
{
    uint32_t count = atomic_load(&runtime->young_count);
    struct young *young = &runtime->young[runtime->young_first];

    if (count == 0 || (!runtime->stopping && young->due_ns > clock_monotonic_ns()))
        return NULL;
    runtime->young_first = (runtime->young_first + 1) % RUNTIME_MAX_YOUNG;
    atomic_store(&runtime->young_count, count - 1);
    return young->actor;
}

/* Only if that sends nobody else to sleep. */
static void wake_for_its_age(struct actor *actor)
{
    lock_acquire(&actor->lock);
    if (actor->state == ACTOR_ALIVE && !actor->wanting && !actor->worker &&
        atomic_load(&actor->runtime->idle_count) < actor->runtime->max_awake)
        get_worker(actor);
    lock_release(&actor->lock);
    actor_unref(actor);
}

/* [runtime's lock] */
static int64_t next_due(struct runtime *runtime)
{
    return atomic_load(&runtime->young_count) > 0 ? runtime->young[runtime->young_first].due_ns : LOCK_FOREVER;
}

/* Waits for somebody to see to. False when there is nobody left at the end. */
static bool next_job(struct runtime *runtime, struct actor **ret_wanting, struct actor **ret_young)
{
    bool go_on;

    lock_acquire(&runtime->lock);
    for (;;) {
        *ret_wanting = take_wanting(runtime);
        *ret_young = take_young(runtime);
        go_on = *ret_wanting || *ret_young;
        if (go_on || runtime->stopping)
            break;
        (void)condition_wait_until(&runtime->reserve_wake, &runtime->lock, next_due(runtime));
    }
    lock_release(&runtime->lock);
    return go_on;
}

void *thread_reserve_main(void *arg)
{
    struct runtime *runtime = arg;
    struct actor *wanting;
    struct actor *young;

    lock_acquire(&runtime->lock);
    runtime->reserve_number = thread_number();
    lock_release(&runtime->lock);
    while (next_job(runtime, &wanting, &young)) {
        if (wanting)
            provide(runtime, wanting);
        if (young)
            wake_for_its_age(young);
    }
    lock_acquire(&runtime->lock);
    runtime->reserve_ended = true;
    condition_broadcast(&runtime->thread_ended);
    lock_release(&runtime->lock);
    return NULL;
}

void thread_note_young(struct actor *actor)
{
    struct runtime *runtime = actor->runtime;
    uint32_t count = atomic_load(&runtime->young_count);

    if (runtime->young_ns < 0 || count >= RUNTIME_MAX_YOUNG ||
        count + atomic_load(&runtime->idle_count) >= runtime->max_awake)
        return;
    lock_acquire(&runtime->lock);
    count = atomic_load(&runtime->young_count);
    if (count < RUNTIME_MAX_YOUNG && !runtime->stopping) {
        runtime->young[(runtime->young_first + count) % RUNTIME_MAX_YOUNG] =
            (struct young){actor_ref(actor), clock_monotonic_ns() + runtime->young_ns};
        atomic_store(&runtime->young_count, count + 1);
        if (count == 0)
            condition_signal(&runtime->reserve_wake);
    }
    lock_release(&runtime->lock);
}

/* ---- the end ---- */

static void dismiss_cached(struct runtime *runtime)
{
    struct worker *worker;

    lock_acquire(&runtime->lock);
    while ((worker = take_cached(runtime)))
        signal_worker(worker, &worker->dismissed);
    lock_release(&runtime->lock);
}

/* False if it doesn't end in time: it may be running mail itself. */
static bool stop_reserve(struct runtime *runtime, int64_t deadline_ns)
{
    bool in_time = true;
    bool to_join;
    bool ended;

    lock_acquire(&runtime->lock);
    runtime->stopping = true;
    condition_signal(&runtime->reserve_wake);
    while (!runtime->reserve_ended && in_time)
        in_time = condition_wait_until(&runtime->thread_ended, &runtime->lock, deadline_ns);
    ended = runtime->reserve_ended;
    to_join = ended && !runtime->reserve_joined;
    runtime->reserve_joined = ended;
    lock_release(&runtime->lock);
    if (to_join)
        thread_join(&runtime->reserve);
    return ended;
}

static bool await_threads(struct runtime *runtime, int64_t deadline_ns)
{
    bool in_time = true;
    bool all;

    lock_acquire(&runtime->lock);
    while (runtime->threads > 0 && in_time)
        in_time = condition_wait_until(&runtime->thread_ended, &runtime->lock, deadline_ns);
    all = runtime->threads == 0;
    lock_release(&runtime->lock);
    return all;
}

bool thread_end_all(struct runtime *runtime, int64_t deadline_ns)
{
    if (!stop_reserve(runtime, deadline_ns))
        return false;
    dismiss_cached(runtime);
    if (!await_threads(runtime, deadline_ns))
        return false;
    if (runtime->has_ended_thread)
        thread_join(&runtime->ended_thread);
    runtime->has_ended_thread = false;
    return true;
}

/* ---- what is seen of them ---- */

pid_t thread_number_of(struct actor *actor)
{
    pid_t number;

    lock_assert_held(&actor->lock);
    if (actor->wanting || !actor->worker)
        return 0;
    lock_acquire(&actor->runtime->lock);
    number = actor->worker->number;
    lock_release(&actor->runtime->lock);
    return number;
}

/* [runtime's lock] Whom it serves stays while the lock is held. */
static struct actor *actor_of(struct worker *worker)
{
    struct actor *actor;

    lock_acquire(&worker->lock);
    actor = worker->actor;
    lock_release(&worker->lock);
    return actor;
}

void runtime_visit_threads(struct runtime *runtime, runtime_visit_thread *visit, void *context)
{
    int64_t now = clock_monotonic_ns();
    struct worker *worker;

    lock_acquire(&runtime->lock);
    cds_list_for_each_entry(worker, &runtime->workers, in_workers)
    {
        const struct runtime_thread thread = {
            .actor = actor_of(worker),
            .number = worker->number,
            .working = worker->working_since > 0,
            .working_ns = worker->working_since > 0 ? now - worker->working_since : 0,
        };

        if (thread.actor)
            visit(context, &thread);
    }
    if (runtime->stands_in_for) {
        visit(context, &(struct runtime_thread){.actor = runtime->stands_in_for,
                                                .number = runtime->reserve_number,
                                                .working = true,
                                                .working_ns = now - runtime->stands_in_since});
    }
    lock_release(&runtime->lock);
}
