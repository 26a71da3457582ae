/*
 * Who is told that an actor ended, or goes along.
 *
 * A monitor stands in two lists, its target's and its watcher's, and may be
 * taken out from either side: by the target's end (it is told), by the
 * watcher's (it is cancelled), by demonitor. `linked` and the lists change
 * only while both actors' locks are held, in the order of their addresses; so
 * exactly one of the three wins. Whoever starts from one side finds the other
 * actor under its own lock, takes a reference on it, lets go, takes both and
 * looks again.
 *
 * `active` is true from monitor to the handling of the DOWN or to its being
 * taken back; while it is, the monitor holds a reference on its target: the
 * reason that a DOWN shows lives there. A DOWN goes to the watcher's mailbox
 * under the same locks, so that demonitor finds it linked or queued or handled.
 *
 * A half of a link differs in what it does when its target ends: it posts an
 * EXIT to a watcher that traps exits, ends any other if the reason isn't
 * `normal`, or does nothing. Who shall end is only noted here, in a list of
 * the doomed: a chain of links has no limit, a stack does.
 */
#include "actor/actor_internal.h"
#include "actor/link.h"

static const struct reason noproc = {.code = REASON_NOPROC};

static bool has_ended(const struct actor *actor)
{
    return atomic_load((_Atomic uint8_t *)&actor->state) == ACTOR_ENDED;
}

static bool is_of_link(const struct monitor *monitor)
{
    return monitor->kind == MONITOR_LINK || monitor->kind == MONITOR_LINK_BACK;
}

const struct reason *monitor_reason(const struct monitor *monitor)
{
    return monitor->noproc ? &noproc : &monitor->target->reason;
}

void monitor_init(struct monitor *monitor, enum monitor_kind kind, struct actor *watcher, struct actor *target)
{
    *monitor = (struct monitor){
        .kind = (uint8_t)kind, .from_parent = kind == MONITOR_FATE, .watcher = watcher, .target = target};
    message_init(&monitor->message, kind == MONITOR_DOWN ? MESSAGE_DOWN : MESSAGE_EXIT, 0, NULL);
}

/* [both locks] Before whom it stands among its target's: they are told in this order. */
static struct cds_list_head *place_in_target(const struct monitor *monitor)
{
    struct cds_list_head *all = &monitor->target->monitors;
    struct cds_list_head *place = all;

    while (!monitor->told_last && place->prev != all &&
           cds_list_entry(place->prev, struct monitor, in_target)->told_last)
        place = place->prev;
    return place;
}

void monitor_enlist(struct monitor *monitor)
{
    actor_ref(monitor->target);
    monitor->active = monitor->linked = true;
    cds_list_add_tail(&monitor->in_target, place_in_target(monitor));
    cds_list_add_tail(&monitor->in_watcher, &monitor->watcher->watching);
}

static void unlist(struct monitor *monitor)
{
    cds_list_del(&monitor->in_target);
    cds_list_del(&monitor->in_watcher);
    monitor->linked = false;
}

struct monitor_rest monitor_close(struct monitor *monitor)
{
    monitor->active = false;
    return (struct monitor_rest){monitor->target, is_of_link(monitor) ? monitor : NULL};
}

void monitor_let_go(struct monitor_rest rest)
{
    if (rest.half)
        link_half_done(rest.half);
    actor_unref(rest.target);
}

struct monitor_rest monitor_take_back(struct monitor *monitor)
{
    if (!monitor->active)
        return (struct monitor_rest){0};
    if (monitor->linked)
        unlist(monitor);
    else if (!mailbox_unlink(&monitor->watcher->mailbox, &monitor->message))
        return (struct monitor_rest){0}; /* it dooms its watcher, or is being handled: whoever does so closes it */
    return monitor_close(monitor);
}

static struct monitor_rest post(struct monitor *monitor)
{
    if (actor_post(monitor->watcher, &monitor->message) == 0)
        return (struct monitor_rest){0};
    return monitor_close(monitor);
}

struct monitor_rest monitor_deliver(struct monitor *monitor, struct cds_list_head *doomed)
{
    struct actor *watcher = monitor->watcher;

    if (monitor->kind == MONITOR_DOWN || watcher->traps)
        return post(monitor);
    if (has_ended(watcher) || monitor_reason(monitor)->code == REASON_NORMAL)
        return monitor_close(monitor);
    actor_ref(watcher);
    cds_list_add_tail(&monitor->in_target, doomed);
    return (struct monitor_rest){0};
}

/* A child knows why its parent has ended; `normal` would leave it without one. */
static bool is_reason_known(const struct monitor *monitor)
{
    return monitor->kind == MONITOR_FATE && monitor->target->reason.code != REASON_NORMAL;
}

/* [both locks] Begins to watch, or finds that there is nobody to watch. */
static struct monitor_rest begin(struct monitor *monitor, struct cds_list_head *doomed)
{
    if (has_ended(monitor->watcher))
        return (struct monitor_rest){0};
    if (!has_ended(monitor->target)) {
        monitor_enlist(monitor);
        return (struct monitor_rest){0};
    }
    actor_ref(monitor->target);
    monitor->active = true;
    monitor->noproc = !is_reason_known(monitor);
    return monitor_deliver(monitor, doomed);
}

static void watch(struct monitor *monitor)
{
    struct actor *watcher = monitor->watcher;
    struct actor *target = monitor->target;
    struct monitor_rest rest;
    CDS_LIST_HEAD(doomed);

    lock_acquire_both(&watcher->lock, &target->lock);
    rest = begin(monitor, &doomed);
    lock_release_both(&watcher->lock, &target->lock);
    monitor_let_go(rest);
    actor_end_doomed(&doomed);
}

static uint64_t monitor_begin(struct actor *watcher, struct monitor *monitor, struct actor *target, bool told_last)
{
    uint64_t ref = atomic_fetch_add(&watcher->runtime->next_ref, 1);

    monitor_init(monitor, MONITOR_DOWN, watcher, target);
    monitor->ref = ref;
    monitor->told_last = told_last;
    watch(monitor);
    return ref;
}

uint64_t actor_monitor(struct actor *watcher, struct monitor *monitor, struct actor *target)
{
    return monitor_begin(watcher, monitor, target, false);
}

uint64_t actor_monitor_last(struct actor *watcher, struct monitor *monitor, struct actor *target)
{
    return monitor_begin(watcher, monitor, target, true);
}

void actor_follow(struct actor *child, struct monitor *fate, struct actor *parent)
{
    monitor_init(fate, MONITOR_FATE, child, parent);
    watch(fate);
}

/* True if it was there to be taken back. */
static bool take_back(struct monitor *monitor)
{
    struct actor *watcher = monitor->watcher;
    struct actor *target = NULL;
    struct monitor_rest rest;

    lock_acquire(&watcher->lock);
    if (monitor->active)
        target = actor_ref(monitor->target);
    lock_release(&watcher->lock);
    if (!target)
        return false;

    lock_acquire_both(&watcher->lock, &target->lock);
    rest = monitor_take_back(monitor);
    lock_release_both(&watcher->lock, &target->lock);
    monitor_let_go(rest);
    actor_unref(target);
    return rest.target;
}

void actor_demonitor(struct monitor *monitor)
{
    if (monitor->watcher)
        (void)take_back(monitor);
}

bool actor_unfollow(struct monitor *fate)
{
    return take_back(fate);
}

/* A watcher is alive while a monitor of it is linked, and can't go before it has unlinked it. */
static struct actor *next_watcher(struct actor *target)
{
    struct actor *watcher = NULL;

    lock_acquire(&target->lock);
    if (!cds_list_empty(&target->monitors))
        watcher = actor_ref(cds_list_first_entry(&target->monitors, struct monitor, in_target)->watcher);
    lock_release(&target->lock);
    return watcher;
}

/* [both locks] The first one, unless somebody else was faster. */
static struct monitor_rest tell_first(struct actor *target, const struct actor *watcher, struct cds_list_head *doomed)
{
    struct monitor *monitor;

    if (cds_list_empty(&target->monitors))
        return (struct monitor_rest){0};
    monitor = cds_list_first_entry(&target->monitors, struct monitor, in_target);
    if (monitor->watcher != watcher)
        return (struct monitor_rest){0};
    unlist(monitor);
    return monitor_deliver(monitor, doomed);
}

void monitor_tell_all(struct actor *target, struct cds_list_head *doomed)
{
    struct actor *watcher;

    while ((watcher = next_watcher(target))) {
        struct monitor_rest rest;

        lock_acquire_both(&watcher->lock, &target->lock);
        rest = tell_first(target, watcher, doomed);
        lock_release_both(&watcher->lock, &target->lock);
        monitor_let_go(rest);
        actor_unref(watcher);
    }
}

static struct actor *next_target(struct actor *watcher)
{
    struct actor *target = NULL;

    lock_acquire(&watcher->lock);
    if (!cds_list_empty(&watcher->watching))
        target = actor_ref(cds_list_first_entry(&watcher->watching, struct monitor, in_watcher)->target);
    lock_release(&watcher->lock);
    return target;
}

static struct monitor_rest cancel_first(struct actor *watcher, const struct actor *target)
{
    struct monitor *monitor;

    if (cds_list_empty(&watcher->watching))
        return (struct monitor_rest){0};
    monitor = cds_list_first_entry(&watcher->watching, struct monitor, in_watcher);
    return monitor->target == target ? monitor_take_back(monitor) : (struct monitor_rest){0};
}

void monitor_cancel_all(struct actor *watcher)
{
    struct actor *target;

    while ((target = next_target(watcher))) {
        struct monitor_rest rest;

        lock_acquire_both(&watcher->lock, &target->lock);
        rest = cancel_first(watcher, target);
        lock_release_both(&watcher->lock, &target->lock);
        monitor_let_go(rest);
        actor_unref(target);
    }
}
