/*
 * Who is told that an actor ended.
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
 */
#include "actor/actor_internal.h"

static const struct reason noproc = {.code = REASON_NOPROC};

static bool has_ended(struct actor *actor)
{
    return actor->state == ACTOR_ENDED;
}

static void unlink_both(struct monitor *monitor)
{
    cds_list_del(&monitor->in_target);
    cds_list_del(&monitor->in_watcher);
    monitor->linked = false;
}

/* [watcher's lock] True if the DOWN is in the watcher's mailbox. */
static bool post_down(struct monitor *monitor, const struct reason *reason)
{
    struct actor *watcher = monitor->watcher;

    monitor->reason = reason;
    if (mailbox_push(&watcher->mailbox, &monitor->message) != 0) {
        monitor->active = false;
        return false;
    }
    atomic_fetch_or(&watcher->attention, ATTENTION_MAIL);
    thread_wake(watcher);
    return true;
}

uint64_t actor_monitor(struct actor *watcher, struct monitor *monitor, struct actor *target)
{
    uint64_t ref = atomic_fetch_add(&watcher->runtime->next_ref, 1);
    bool holds_target = true;

    *monitor = (struct monitor){.watcher = watcher, .target = target, .ref = ref};
    message_init(&monitor->message, MESSAGE_DOWN, 0, NULL);
    actor_ref(target);

    lock_acquire_both(&watcher->lock, &target->lock);
    if (has_ended(watcher)) {
        holds_target = false;
    } else if (has_ended(target)) {
        monitor->active = true;
        holds_target = post_down(monitor, &noproc);
    } else {
        monitor->active = monitor->linked = true;
        cds_list_add_tail(&monitor->in_target, &target->monitors);
        cds_list_add_tail(&monitor->in_watcher, &watcher->watching);
    }
    lock_release_both(&watcher->lock, &target->lock);

    if (!holds_target)
        actor_unref(target);
    return ref;
}

/* [watcher's lock, the target's too if it is linked] True if the caller now has the target's reference. */
static bool take_back(struct monitor *monitor)
{
    if (!monitor->active)
        return false;
    if (monitor->linked)
        unlink_both(monitor);
    else
        (void)mailbox_unlink(&monitor->watcher->mailbox, &monitor->message);
    monitor->active = false;
    return true;
}

void actor_demonitor(struct monitor *monitor)
{
    struct actor *watcher = monitor->watcher;
    struct actor *target = NULL;
    bool mine;

    if (!watcher)
        return;
    lock_acquire(&watcher->lock);
    if (monitor->active)
        target = actor_ref(monitor->target);
    lock_release(&watcher->lock);
    if (!target)
        return;

    lock_acquire_both(&watcher->lock, &target->lock);
    mine = take_back(monitor);
    lock_release_both(&watcher->lock, &target->lock);
    if (mine)
        actor_unref(target);
    actor_unref(target);
}

struct actor *monitor_consume(struct monitor *monitor)
{
    struct actor *watcher = monitor->watcher;

    lock_acquire(&watcher->lock);
    monitor->active = false;
    lock_release(&watcher->lock);
    return monitor->target;
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

void monitor_tell_all(struct actor *target)
{
    struct actor *watcher;

    while ((watcher = next_watcher(target))) {
        bool told = true;

        lock_acquire_both(&watcher->lock, &target->lock);
        if (!cds_list_empty(&target->monitors)) {
            struct monitor *monitor = cds_list_first_entry(&target->monitors, struct monitor, in_target);

            if (monitor->watcher == watcher) {
                unlink_both(monitor);
                told = post_down(monitor, &target->reason);
            }
        }
        lock_release_both(&watcher->lock, &target->lock);
        if (!told)
            actor_unref(target);
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

void monitor_cancel_all(struct actor *watcher)
{
    struct actor *target;

    while ((target = next_target(watcher))) {
        bool mine = false;

        lock_acquire_both(&watcher->lock, &target->lock);
        if (!cds_list_empty(&watcher->watching)) {
            struct monitor *monitor = cds_list_first_entry(&watcher->watching, struct monitor, in_watcher);

            if (monitor->target == target)
                mine = take_back(monitor);
        }
        lock_release_both(&watcher->lock, &target->lock);
        if (mine)
            actor_unref(target);
        actor_unref(target);
    }
}
