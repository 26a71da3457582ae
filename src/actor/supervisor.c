/*
 * The supervisor's callbacks.
 *
 * `children` is in the order of their start: they are stopped from its end,
 * and a strategy restarts what lies behind one node of it. A child runs, or
 * doesn't, or waits in `retries` because its restart failed. The next attempt
 * is a message to oneself, so that calls and a stop get their turn in between;
 * it counts as a restart like the first.
 *
 * A child's end is known by its DOWN. Whoever stops a child takes its monitor
 * back first, so a DOWN that is handled is always an end that nobody asked the
 * supervisor for. The link is there for the other way only: the children of a
 * supervisor that is killed end with it, at whatever moment that is. The EXITs
 * that it brings are ignored, but the parent's.
 */
#include "actor/supervisor_internal.h"

#include "actor/actor_internal.h"
#include "actor/link.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 160

static struct supervisor *supervisor_of_self(struct actor *self)
{
    return message_container(self, struct supervisor, actor);
}

static struct supervised *child_at(struct cds_list_head *node)
{
    return caa_container_of(node, struct supervised, in_children);
}

/* ---- one child ---- */

struct supervised *supervised_create(const struct child_spec *spec)
{
    struct supervised *child = calloc(1, sizeof(*child));
    char *id = strdup(spec->id);

    if (!child || !id) {
        if (spec->release_arg)
            spec->release_arg(spec->arg);
        free(child);
        free(id);
        return NULL;
    }
    child->spec = *spec;
    child->spec.id = child->id = id;
    CDS_INIT_LIST_HEAD(&child->in_children);
    CDS_INIT_LIST_HEAD(&child->in_retries);
    return child;
}

void supervised_destroy(struct supervised *child)
{
    if (!child)
        return;
    if (child->spec.release_arg)
        child->spec.release_arg(child->spec.arg);
    actor_unref(child->actor);
    free(child->id);
    free(child);
}

struct supervised *supervisor_find(struct supervisor *supervisor, const char *id)
{
    struct supervised *child;

    cds_list_for_each_entry(child, &supervisor->children, in_children)
    {
        if (strcmp(child->id, id) == 0)
            return child;
    }
    return NULL;
}

static bool will_be_retried(struct supervised *child)
{
    return !cds_list_empty(&child->in_retries);
}

static void forget(struct supervised *child)
{
    cds_list_del(&child->in_retries);
    cds_list_del(&child->in_children);
    supervised_destroy(child);
}

static void forget_if_temporary(struct supervised *child)
{
    if (child->spec.policy == RESTART_TEMPORARY)
        forget(child);
}

/* As a link would tell it. */
static struct reason reason_of_end(struct actor *actor)
{
    struct reason reason;

    lock_acquire(&actor->lock);
    reason = actor->reason.code == REASON_NORMAL ? REASON(NOPROC) : reason_copy(&actor->reason);
    lock_release(&actor->lock);
    return reason;
}

int supervisor_tie(struct actor *actor, struct actor *parent)
{
    int rc = actor_link(actor, parent);

    if (atomic_load(&parent->state) == ACTOR_ENDED && actor_end_at_once(actor, reason_of_end(parent)))
        actor_reap(actor);
    return rc;
}

static bool stops_in_time(struct supervised *child)
{
    int rc;

    if (child->spec.shutdown_ms == SUPERVISOR_BRUTAL_KILL)
        return false;
    rc = actor_stop(child->actor, REASON(SHUTDOWN), child->spec.shutdown_ms);
    return rc == 0 || rc == ACTOR_E_NOPROC;
}

/* It doesn't run when this returns, and no DOWN of it will be seen. */
static void stop(struct supervised *child)
{
    cds_list_del_init(&child->in_retries);
    if (!child->actor)
        return;
    actor_demonitor(&child->monitor);
    if (!stops_in_time(child))
        (void)actor_kill(child->actor);
    actor_unref(child->actor);
    child->actor = NULL;
}

static struct reason reason_of_failure(int rc, struct reason reason)
{
    if (reason.code != REASON_NORMAL)
        return reason;
    reason_deinit(&reason);
    return reason_error(rc < 0 ? strerror(-rc) : "it didn't start");
}

/* SUPERVISOR_E_START, and why, if a child that doesn't run can't be started. Who was killed starts nobody. */
static int start(struct supervisor *supervisor, struct supervised *child, struct reason *ret_reason)
{
    struct reason reason = REASON(NORMAL);
    int rc;

    if (actor_self_is_dead()) {
        *ret_reason = REASON(KILLED);
        return SUPERVISOR_E_START;
    }
    rc = child->spec.start(&supervisor->actor, child->spec.arg, &child->actor, &reason);

    if (rc == 0) {
        actor_monitor(&supervisor->actor, &child->monitor, child->actor);
        rc = supervisor_tie(child->actor, &supervisor->actor);
        if (rc == 0) {
            child->starts++;
            return 0;
        }
        stop(child);
    }
    *ret_reason = reason_of_failure(rc, reason);
    return SUPERVISOR_E_START;
}

/* ---- those behind a node of the list ---- */

/* Starts them in order. The one that can't be started, and why; NULL if all could. */
static struct supervised *start_behind(struct supervisor *supervisor, struct cds_list_head *before,
                                       struct reason *ret_reason)
{
    for (struct cds_list_head *node = before->next; node != &supervisor->children; node = node->next) {
        if (start(supervisor, child_at(node), ret_reason) != 0)
            return child_at(node);
    }
    return NULL;
}

/* Stops them in reverse order. Temporary ones are forgotten. */
static void stop_behind(struct supervisor *supervisor, struct cds_list_head *before)
{
    struct cds_list_head *node = supervisor->children.prev;

    while (node != before) {
        struct supervised *child = child_at(node);

        node = node->prev;
        stop(child);
        forget_if_temporary(child);
    }
}

/* ---- restarting ---- */

static void post_retry(struct supervisor *supervisor)
{
    if (supervisor->retry_posted || cds_list_empty(&supervisor->retries))
        return;
    supervisor->retry_posted = true;
    actor_send(&supervisor->actor, &supervisor->retry);
}

static void retry_later(struct supervisor *supervisor, struct supervised *child, struct reason reason)
{
    char words[WORDS_MAX];

    if (actor_self_is_dead()) {
        reason_deinit(&reason);
        return;
    }
    reason_format(&reason, words, sizeof(words));
    reason_deinit(&reason);
    log_error("supervisor %s can't restart %s: %s", supervisor->name, child->id, words);
    cds_list_add_tail(&child->in_retries, &supervisor->retries);
    post_retry(supervisor);
}

static void restart_one(struct supervisor *supervisor, struct supervised *child)
{
    struct reason reason;

    if (start(supervisor, child, &reason) != 0)
        retry_later(supervisor, child, reason);
}

/* As in OTP those behind `before` that weren't running are started as well. */
static void restart_behind(struct supervisor *supervisor, struct cds_list_head *before)
{
    struct supervised *child;
    struct reason reason;

    stop_behind(supervisor, before);
    child = start_behind(supervisor, before, &reason);
    if (child)
        retry_later(supervisor, child, reason);
}

/* `terminate` stops the others. */
static void give_up(struct supervisor *supervisor, const struct supervised *child)
{
    log_error("supervisor %s gives up on %s: more than %u restarts in %.3g s", supervisor->name, child->id,
              supervisor->intensity.max_restarts,
              (double)supervisor->intensity.period_ns / (double)CLOCK_NS_PER_S);
    actor_exit(&supervisor->actor, REASON(SHUTDOWN));
}

static bool may_restart(struct supervisor *supervisor)
{
    return restart_count_in(&supervisor->restarts, supervisor->restart_times,
                            supervisor->intensity.max_restarts, &supervisor->intensity, clock_monotonic_ns());
}

static void restart(struct supervisor *supervisor, struct supervised *child)
{
    if (!may_restart(supervisor)) {
        give_up(supervisor, child);
        return;
    }
    switch (supervisor->strategy) {
    case SUPERVISOR_ONE_FOR_ONE:
        restart_one(supervisor, child);
        return;
    case SUPERVISOR_ONE_FOR_ALL:
        restart_behind(supervisor, &supervisor->children);
        return;
    case SUPERVISOR_REST_FOR_ONE:
        restart_behind(supervisor, child->in_children.prev);
        return;
    }
}

/* Its own reason counts, even where the DOWN says `noproc` because it had ended before it was monitored. */
static void on_down(struct supervisor *supervisor, struct monitor *monitor)
{
    struct supervised *child = message_container(monitor, struct supervised, monitor);
    struct actor *actor = child->actor;
    bool is_wanted = restart_is_wanted(child->spec.policy, &actor->reason);

    child->actor = NULL;
    actor_unref(actor);
    if (is_wanted)
        restart(supervisor, child);
    else
        forget_if_temporary(child);
}

static void on_retry(struct supervisor *supervisor)
{
    struct supervised *child;

    supervisor->retry_posted = false;
    if (cds_list_empty(&supervisor->retries))
        return;
    child = cds_list_first_entry(&supervisor->retries, struct supervised, in_retries);
    cds_list_del_init(&child->in_retries);
    restart(supervisor, child);
    post_retry(supervisor);
}

static void on_exit_signal(struct supervisor *supervisor, const struct message *message)
{
    if (supervisor->parent && exit_from(message) == supervisor->parent)
        actor_exit(&supervisor->actor, reason_copy(exit_reason(message)));
}

static bool supervisor_on_info(struct actor *self, struct message *message)
{
    struct supervisor *supervisor = supervisor_of_self(self);

    if (message->kind == MESSAGE_DOWN)
        on_down(supervisor, monitor_of_down(message));
    else if (message->kind == MESSAGE_EXIT)
        on_exit_signal(supervisor, message);
    else if (message == &supervisor->retry)
        on_retry(supervisor);
    else
        return false;
    return true;
}

/* ---- calls ---- */

static int on_start_child(struct supervisor *supervisor, struct supervisor_call *call)
{
    struct supervised *child = call->added;
    int rc;

    if (supervisor_find(supervisor, child->id))
        return SUPERVISOR_E_EXISTS;
    rc = start(supervisor, child, &call->reason);
    if (rc != 0)
        return rc;
    cds_list_add_tail(&child->in_children, &supervisor->children);
    call->added = NULL;
    call->child = actor_ref(child->actor);
    return 0;
}

static int on_stop_child(struct supervised *child)
{
    stop(child);
    forget_if_temporary(child);
    return 0;
}

static int on_restart_child(struct supervisor *supervisor, struct supervised *child,
                            struct supervisor_call *call)
{
    int rc;

    if (child->actor || will_be_retried(child))
        return SUPERVISOR_E_RUNNING;
    rc = start(supervisor, child, &call->reason);
    if (rc == 0)
        call->child = actor_ref(child->actor);
    return rc;
}

static int on_delete_child(struct supervised *child)
{
    if (child->actor || will_be_retried(child))
        return SUPERVISOR_E_RUNNING;
    forget(child);
    return 0;
}

static size_t count_children(struct supervisor *supervisor)
{
    struct supervised *child;
    size_t count = 0;

    cds_list_for_each_entry(child, &supervisor->children, in_children)
    {
        count++;
    }
    return count;
}

static bool take_picture(const struct supervised *child, struct supervisor_child *ret_picture)
{
    char *id = strdup(child->id);

    if (!id)
        return false;
    *ret_picture = (struct supervisor_child){
        .id = id,
        .actor = child->actor ? actor_ref(child->actor) : NULL,
        .restarts = child->starts > 0 ? child->starts - 1 : 0,
        .policy = child->spec.policy,
    };
    return true;
}

static int on_list(struct supervisor *supervisor, struct supervisor_call *call)
{
    size_t count = count_children(supervisor);
    struct supervised *child;

    call->snapshot = count > 0 ? calloc(count, sizeof(*call->snapshot)) : NULL;
    if (count > 0 && !call->snapshot)
        return -ENOMEM;
    cds_list_for_each_entry(child, &supervisor->children, in_children)
    {
        if (!take_picture(child, &call->snapshot[call->count]))
            return -ENOMEM;
        call->count++;
    }
    return 0;
}

static int on_call_about(struct supervisor *supervisor, enum supervisor_tag tag, struct supervisor_call *call)
{
    struct supervised *child = supervisor_find(supervisor, call->id);

    if (!child)
        return SUPERVISOR_E_NOT_FOUND;
    if (tag == SUPERVISOR_STOP_CHILD)
        return on_stop_child(child);
    if (tag == SUPERVISOR_DELETE_CHILD)
        return on_delete_child(child);
    return on_restart_child(supervisor, child, call);
}

static int supervisor_on_call(struct actor *self, unsigned tag, void *arg)
{
    struct supervisor *supervisor = supervisor_of_self(self);

    switch ((enum supervisor_tag)tag) {
    case SUPERVISOR_START_CHILD:
        return on_start_child(supervisor, arg);
    case SUPERVISOR_LIST:
        return on_list(supervisor, arg);
    case SUPERVISOR_STOP_CHILD:
    case SUPERVISOR_RESTART_CHILD:
    case SUPERVISOR_DELETE_CHILD:
        break;
    }
    return on_call_about(supervisor, tag, arg);
}

/* ---- life ---- */

/*
 * If a child can't be started it ends itself instead of failing: somebody who ended a child meanwhile may still be
 * telling it, and hold a reference. Whoever starts it learns of that from `started`.
 */
static int supervisor_init(struct actor *self, void *arg, struct reason *ret_reason)
{
    struct supervisor *supervisor = supervisor_of_self(self);

    (void)arg;
    (void)ret_reason;
    actor_trap_exits(self, true);
    supervisor->started = !start_behind(supervisor, &supervisor->children, &supervisor->start_reason);
    if (supervisor->started)
        return 0;
    stop_behind(supervisor, &supervisor->children);
    (void)actor_kill(self);
    return 0;
}

static void forget_all(struct supervisor *supervisor)
{
    while (!cds_list_empty(&supervisor->children))
        forget(child_at(supervisor->children.next));
}

static void supervisor_terminate(struct actor *self, const struct reason *reason)
{
    (void)reason;
    stop_behind(supervisor_of_self(self), &supervisor_of_self(self)->children);
    forget_all(supervisor_of_self(self));
}

/* Who was killed ran no `terminate`; the links end its children. */
static void supervisor_destroy(struct actor *self)
{
    forget_all(supervisor_of_self(self));
}

static void supervisor_free(struct actor *self)
{
    struct supervisor *supervisor = supervisor_of_self(self);

    reason_deinit(&supervisor->start_reason);
    free(supervisor->restart_times);
    free(supervisor->name);
    free(supervisor);
}

static void supervisor_label(const struct actor *self, char *buffer, size_t size)
{
    (void)snprintf(buffer, size, "%s", message_container(self, const struct supervisor, actor)->name);
}

const struct actor_class supervisor_class = {
    .name = "supervisor",
    .label = supervisor_label,
    .init = supervisor_init,
    .on_call = supervisor_on_call,
    .on_info = supervisor_on_info,
    .terminate = supervisor_terminate,
    .destroy = supervisor_destroy,
    .free = supervisor_free,
};
