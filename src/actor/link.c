/*
 * A link is two monitors of a kind of their own, one each way, in one heap
 * object that goes with the second of them. Both are put into the lists, and
 * taken out, under both actors' locks (monitor.c), so that a link is there for
 * both or for none; only the end of one side breaks them one by one: the half
 * that watches it is told, the half by which it watched is cancelled.
 */
#include "actor/link.h"

#include "actor/actor_internal.h"

#include <errno.h>
#include <stdlib.h>

struct link {
    struct monitor half; /* a watches b */
    struct monitor back; /* b watches a */
    struct refcount refs; /* one a half */
    bool from_start;      /* both lived when it was begun: who has ended meanwhile is told of for its own reason */
};

/* An EXIT that somebody sent. */
struct exit_signal {
    struct message message;
    struct reason reason;
};

static struct link *link_create(struct actor *a, struct actor *b)
{
    struct link *link = malloc(sizeof(*link));

    if (!link)
        return NULL;
    refcount_init(&link->refs);
    refcount_add(&link->refs, 1);
    link->from_start = false;
    monitor_init(&link->half, MONITOR_LINK, a, b);
    monitor_init(&link->back, MONITOR_LINK_BACK, b, a);
    return link;
}

static void drop(struct link *link, uint64_t n)
{
    if (refcount_sub(&link->refs, n))
        free(link);
}

void link_half_done(struct monitor *half)
{
    drop(half->kind == MONITOR_LINK ? message_container(half, struct link, half)
                                    : message_container(half, struct link, back),
         1);
}

static struct monitor *other_half(struct monitor *half)
{
    return half->kind == MONITOR_LINK ? &message_container(half, struct link, half)->back
                                      : &message_container(half, struct link, back)->half;
}

static bool is_half(const struct monitor *monitor)
{
    return monitor->kind == MONITOR_LINK || monitor->kind == MONITOR_LINK_BACK;
}

static struct monitor *half_at(struct cds_list_head *position, const struct actor *target)
{
    struct monitor *monitor = cds_list_entry(position, struct monitor, in_watcher);

    return is_half(monitor) && monitor->target == target ? monitor : NULL;
}

/* [both locks] The half by which `a` watches `b`. Found from either side: one of them may have very many links. */
static struct monitor *find_half(struct actor *a, struct actor *b)
{
    struct cds_list_head *of_a = a->watching.next;
    struct cds_list_head *of_b = b->watching.next;
    struct monitor *half;

    while (of_a != &a->watching && of_b != &b->watching) {
        if ((half = half_at(of_a, b)))
            return half;
        if ((half = half_at(of_b, a)))
            return other_half(half);
        of_a = of_a->next;
        of_b = of_b->next;
    }
    return NULL;
}

/* [both locks] The EXIT of `from` that waits in the mailbox of `to`. */
static struct monitor *find_exit(struct actor *to, const struct actor *from)
{
    struct message *message;

    cds_list_for_each_entry(message, &to->mailbox.messages, link)
    {
        struct monitor *monitor = monitor_of_down(message);

        if (message->kind == MESSAGE_EXIT && !message->release && is_half(monitor) && monitor->target == from)
            return monitor;
    }
    return NULL;
}

static bool has_ended(struct actor *actor)
{
    return atomic_load(&actor->state) == ACTOR_ENDED;
}

/* [both locks] One of the two has ended: the half of the other is told so. The number of halves that are over. */
static uint64_t link_to_the_dead(struct link *link, struct monitor_rest *ret_rest, struct cds_list_head *doomed)
{
    struct monitor *half = has_ended(link->half.watcher) ? &link->back : &link->half;

    if (has_ended(half->watcher))
        return 2;
    actor_ref(half->target);
    half->active = true;
    half->noproc = !link->from_start;
    *ret_rest = monitor_deliver(half, doomed);
    return 1;
}

/* [both locks] The same for two that live: linked once. A child may have linked itself with its parent in its init. */
static uint64_t link_the_living(struct link *link)
{
    struct monitor *found = find_half(link->half.watcher, link->half.target);

    if (found) {
        found->from_parent |= link->half.from_parent;
        return 2;
    }
    monitor_enlist(&link->half);
    monitor_enlist(&link->back);
    return 0;
}

/* [both locks] Nothing for an actor that was killed, unless it has started a child, which must not outlive it. */
static uint64_t join(struct link *link, struct monitor_rest *ret_rest, struct cds_list_head *doomed)
{
    if (actor_self_is_dead() && !link->half.from_parent)
        return 2;
    if (has_ended(link->half.watcher) || has_ended(link->half.target))
        return link_to_the_dead(link, ret_rest, doomed);
    return link_the_living(link);
}

static void establish(struct link *link)
{
    struct actor *a = link->half.watcher;
    struct actor *b = link->half.target;
    struct monitor_rest rest = {0};
    CDS_LIST_HEAD(doomed);
    uint64_t over;

    lock_acquire_both(&a->lock, &b->lock);
    over = join(link, &rest, &doomed);
    lock_release_both(&a->lock, &b->lock);
    monitor_let_go(rest);
    if (over > 0)
        drop(link, over);
    actor_end_doomed(&doomed);
}

int actor_link(struct actor *a, struct actor *b)
{
    struct link *link;

    if (a == b)
        return 0;
    link = link_create(a, b);
    if (!link)
        return -ENOMEM;
    establish(link);
    return 0;
}

/* [both locks] Takes back one link, or an EXIT of one. False if there is none left. */
static bool take_one_back(struct actor *a, struct actor *b, struct monitor_rest rests[2])
{
    struct monitor *half = find_half(a, b);

    if (half) {
        rests[0] = monitor_take_back(half);
        rests[1] = monitor_take_back(other_half(half));
        return true;
    }
    half = find_exit(a, b);
    if (!half)
        half = find_exit(b, a);
    if (half)
        rests[0] = monitor_take_back(half);
    return half != NULL;
}

/* More than one: of several links to the dead, each has left an EXIT. */
void actor_unlink(struct actor *a, struct actor *b)
{
    bool more = a != b && !actor_self_is_dead();

    while (more) {
        struct monitor_rest rests[2] = {{0}, {0}};

        lock_acquire_both(&a->lock, &b->lock);
        more = take_one_back(a, b, rests);
        lock_release_both(&a->lock, &b->lock);
        monitor_let_go(rests[0]);
        monitor_let_go(rests[1]);
    }
}

/* The link is allocated first: what can fail comes before what can't be undone. */
int actor_start_link(struct actor *parent, struct actor *actor, const struct actor_class *class,
                     struct runtime *runtime, void *arg, struct reason *ret_reason)
{
    struct link *link = link_create(actor, parent);
    int rc;

    if (!link)
        return -ENOMEM;
    link->half.from_parent = true;
    link->from_start = !has_ended(parent);
    rc = actor_start(actor, class, runtime, arg, ret_reason);
    if (rc == 0)
        establish(link);
    else
        drop(link, 2);
    return rc;
}

void actor_trap_exits(struct actor *self, bool traps)
{
    actor_assert_self(self);
    lock_acquire(&self->lock);
    self->traps = traps;
    lock_release(&self->lock);
}

static void release_signal(struct message *message)
{
    struct exit_signal *signal = message_container(message, struct exit_signal, message);

    reason_deinit(&signal->reason);
    free(signal);
}

static int post_signal(struct actor *actor, struct reason reason)
{
    struct exit_signal *signal = malloc(sizeof(*signal));
    int rc;

    if (!signal) {
        reason_deinit(&reason);
        return -ENOMEM;
    }
    message_init(&signal->message, MESSAGE_EXIT, 0, release_signal);
    signal->reason = reason;
    rc = actor_push(actor, &signal->message);
    if (rc != 0)
        release_signal(&signal->message);
    return 0;
}

static bool traps_exits(struct actor *actor)
{
    bool traps;

    lock_acquire(&actor->lock);
    traps = actor->traps;
    lock_release(&actor->lock);
    return traps;
}

int actor_signal_exit(struct actor *actor, struct reason reason)
{
    if (!actor_self_is_dead()) {
        if (traps_exits(actor))
            return post_signal(actor, reason);
        if (reason.code != REASON_NORMAL) {
            if (actor_end_at_once(actor, reason))
                actor_reap(actor);
            return 0;
        }
    }
    reason_deinit(&reason);
    return 0;
}

const struct reason *exit_reason(const struct message *message)
{
    if (message->release)
        return &message_container(message, struct exit_signal, message)->reason;
    return monitor_reason(message_container(message, struct monitor, message));
}

struct actor *exit_from(const struct message *message)
{
    return message->release ? NULL : message_container(message, struct monitor, message)->target;
}

size_t actor_get_links(struct actor *actor, struct actor **ret_others, size_t max)
{
    struct monitor *monitor;
    size_t count = 0;

    lock_acquire(&actor->lock);
    cds_list_for_each_entry(monitor, &actor->watching, in_watcher)
    {
        if (!is_half(monitor))
            continue;
        if (count < max)
            ret_others[count] = actor_ref(monitor->target);
        count++;
    }
    lock_release(&actor->lock);
    return count;
}
