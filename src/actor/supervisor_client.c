/*
 * What others call of a supervisor. Each call carries its own arguments and
 * results on the heap: a caller that is killed while it waits leaves them to
 * the supervisor.
 */
#include "actor/supervisor_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- starting ---- */

static void release_nothing(struct message *message)
{
    (void)message;
}

static struct supervisor *create(const char *name, const struct supervisor_options *options)
{
    struct supervisor *supervisor = calloc(1, sizeof(*supervisor));

    if (!supervisor)
        return NULL;
    supervisor->strategy = options ? options->strategy : SUPERVISOR_ONE_FOR_ONE;
    supervisor->intensity =
        options && options->intensity.period_ns > 0 ? options->intensity : RESTART_INTENSITY_DEFAULT;
    CDS_INIT_LIST_HEAD(&supervisor->children);
    CDS_INIT_LIST_HEAD(&supervisor->retries);
    supervisor->parent = actor_self();
    message_init(&supervisor->retry, MESSAGE_INFO, 0, release_nothing);
    supervisor->name = strdup(name);
    supervisor->restart_times = calloc((size_t)supervisor->intensity.max_restarts + 1, sizeof(int64_t));
    return supervisor;
}

/* One that never was an actor. */
static void discard(struct supervisor *supervisor)
{
    if (!supervisor)
        return;
    supervisor_class.destroy(&supervisor->actor);
    supervisor_class.free(&supervisor->actor);
}

/* Takes the argument in any case. */
static int add(struct supervisor *supervisor, const struct child_spec *spec)
{
    struct supervised *child = supervised_create(spec);

    if (!supervisor || !child) {
        supervised_destroy(child);
        return -ENOMEM;
    }
    if (supervisor_find(supervisor, spec->id)) {
        supervised_destroy(child);
        return SUPERVISOR_E_EXISTS;
    }
    cds_list_add_tail(&child->in_children, &supervisor->children);
    return 0;
}

/* Every argument is taken, also behind a spec that is refused. */
static int add_all(struct supervisor *supervisor, const struct child_spec *specs, size_t count)
{
    int rc = supervisor && supervisor->name && supervisor->restart_times ? 0 : -ENOMEM;

    for (size_t i = 0; i < count; i++) {
        int added = add(supervisor, &specs[i]);

        rc = rc == 0 ? added : rc;
    }
    return rc;
}

/* The one that has just started, or not. Takes it if not. */
static int see_how_it_went(struct supervisor *supervisor, struct reason *ret_reason)
{
    int rc = 0;

    if (!supervisor->started) {
        *ret_reason = supervisor->start_reason;
        supervisor->start_reason = REASON(NORMAL);
        rc = SUPERVISOR_E_START;
    } else if (actor_self()) {
        rc = supervisor_tie(&supervisor->actor, actor_self());
        if (rc < 0 && actor_stop(&supervisor->actor, REASON(SHUTDOWN), ACTOR_FOREVER) < 0)
            (void)actor_kill(&supervisor->actor);
    }
    if (rc != 0)
        supervisor_unref(supervisor);
    return rc;
}

int supervisor_start(struct runtime *runtime, const char *name, const struct supervisor_options *options,
                     const struct child_spec *specs, size_t count, struct supervisor **ret_supervisor,
                     struct reason *ret_reason)
{
    struct supervisor *supervisor = create(name, options);
    int rc = add_all(supervisor, specs, count);
    struct reason unused;

    if (rc != 0) {
        discard(supervisor);
        return rc;
    }
    (void)actor_start(&supervisor->actor, &supervisor_class, runtime, NULL, &unused);
    rc = see_how_it_went(supervisor, ret_reason);
    if (rc == 0)
        *ret_supervisor = supervisor;
    return rc;
}

struct actor *supervisor_actor(struct supervisor *supervisor)
{
    return &supervisor->actor;
}

struct supervisor *supervisor_of(struct actor *actor)
{
    return actor->class == &supervisor_class ? message_container(actor, struct supervisor, actor) : NULL;
}

int supervisor_stop(struct supervisor *supervisor, struct reason reason, int timeout_ms)
{
    return actor_stop(&supervisor->actor, reason, timeout_ms);
}

void supervisor_unref(struct supervisor *supervisor)
{
    if (supervisor)
        actor_unref(&supervisor->actor);
}

/* ---- calls ---- */

static void release_snapshot(struct supervisor_call *call)
{
    for (size_t i = 0; i < call->count; i++) {
        free((char *)call->snapshot[i].id);
        actor_unref(call->snapshot[i].actor);
    }
    free(call->snapshot);
}

static void release(void *arg)
{
    struct supervisor_call *call = arg;

    release_snapshot(call);
    supervised_destroy(call->added);
    actor_unref(call->child);
    reason_deinit(&call->reason);
    free(call->id);
    free(call);
}

static struct supervisor_call *call_create(void)
{
    return calloc(1, sizeof(struct supervisor_call));
}

static struct supervisor_call *call_about(const char *id)
{
    struct supervisor_call *call = call_create();

    if (!call)
        return NULL;
    call->id = strdup(id);
    if (call->id)
        return call;
    release(call);
    return NULL;
}

/* Calls. The call is the caller's again unless that answers an ACTOR_E_*. */
static int call_supervisor(struct supervisor *supervisor, enum supervisor_tag tag,
                           struct supervisor_call *call)
{
    if (!call)
        return -ENOMEM;
    return actor_call_owned(&supervisor->actor, tag, call, release, ACTOR_FOREVER);
}

/* Takes the call's results, and the call. */
static int finish(int rc, struct supervisor_call *call, struct actor **ret_child, struct reason *ret_reason)
{
    if (!call || actor_is_condition(rc))
        return rc;
    if (rc == 0 && ret_child) {
        *ret_child = call->child;
        call->child = NULL;
    }
    if (rc == SUPERVISOR_E_START) {
        *ret_reason = call->reason;
        call->reason = REASON(NORMAL);
    }
    release(call);
    return rc;
}

static int call_about_child(struct supervisor *supervisor, enum supervisor_tag tag, const char *id,
                            struct actor **ret_child, struct reason *ret_reason)
{
    struct supervisor_call *call = call_about(id);

    return finish(call_supervisor(supervisor, tag, call), call, ret_child, ret_reason);
}

int supervisor_start_child(struct supervisor *supervisor, const struct child_spec *spec,
                           struct actor **ret_child, struct reason *ret_reason)
{
    struct supervised *child = supervised_create(spec);
    struct supervisor_call *call = child ? call_create() : NULL;

    if (call)
        call->added = child;
    else
        supervised_destroy(child);
    return finish(call_supervisor(supervisor, SUPERVISOR_START_CHILD, call), call, ret_child, ret_reason);
}

int supervisor_stop_child(struct supervisor *supervisor, const char *id)
{
    return call_about_child(supervisor, SUPERVISOR_STOP_CHILD, id, NULL, NULL);
}

int supervisor_restart_child(struct supervisor *supervisor, const char *id, struct actor **ret_child,
                             struct reason *ret_reason)
{
    return call_about_child(supervisor, SUPERVISOR_RESTART_CHILD, id, ret_child, ret_reason);
}

int supervisor_delete_child(struct supervisor *supervisor, const char *id)
{
    return call_about_child(supervisor, SUPERVISOR_DELETE_CHILD, id, NULL, NULL);
}

int supervisor_visit(struct supervisor *supervisor, supervisor_visit_child *visit, void *context)
{
    struct supervisor_call *call = call_create();
    int rc = call_supervisor(supervisor, SUPERVISOR_LIST, call);

    for (size_t i = 0; rc == 0 && i < call->count; i++) {
        if (!visit(context, &call->snapshot[i]))
            break;
    }
    return finish(rc, call, NULL, NULL);
}
