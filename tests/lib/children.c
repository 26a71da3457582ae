#include "lib/children.h"

#include "actor/link.h"
#include "base/table.h"
#include "registry/children.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REASON_MAX 64
#define TAG_TOUCH 1

struct child {
    struct actor actor;
    struct monitor fate;
    int touched; /* guarded by its run lock */
};

static struct registry *registry;
static void (*test_body)(void);
static int refusal;
static struct gate *_Atomic start_gate;
static struct gate *_Atomic end_gate;
static void *last_arg;
static _Atomic int started;
static _Atomic int freed;

static pthread_mutex_t reasons_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char words[REASON_MAX];
    int count;
} reasons[8]; /* guarded by reasons_mutex */

static struct child *child_of(struct actor *actor)
{
    return message_container(actor, struct child, actor);
}

static int on_call(struct actor *actor, unsigned tag, void *arg)
{
    if (tag != TAG_TOUCH)
        return REGISTRY_E_NOT_FOUND;
    *(int *)arg = ++child_of(actor)->touched;
    return 0;
}

static void count_reason(const char *words)
{
    size_t i = 0;

    pthread_mutex_lock(&reasons_mutex);
    while (reasons[i].count > 0 && strcmp(reasons[i].words, words) != 0)
        i++;
    strcpy(reasons[i].words, words);
    reasons[i].count++;
    pthread_mutex_unlock(&reasons_mutex);
}

static void on_terminate(struct actor *actor, const struct reason *reason)
{
    struct gate *gate = atomic_load(&end_gate);
    char words[REASON_MAX];

    (void)actor;
    reason_format(reason, words, sizeof(words));
    count_reason(words);
    if (gate)
        gate_pass(gate);
}

static void on_free(struct actor *actor)
{
    free(child_of(actor));
    atomic_fetch_add(&freed, 1);
}

static const struct actor_class child_class = {
    .name = "child", .prompt = true, .on_call = on_call, .terminate = on_terminate, .free = on_free};

static int start_child(struct actor *owner, const struct child_name *name, void *arg, struct actor *predecessor,
                       struct actor **ret_child)
{
    struct gate *gate = atomic_load(&start_gate);
    struct child *child;
    struct reason reason;

    (void)name;
    (void)predecessor;
    last_arg = arg;
    if (gate)
        gate_pass(gate);
    if (refusal)
        return refusal;
    child = calloc(1, sizeof(*child));
    if (!child)
        return -ENOMEM;
    (void)actor_start(&child->actor, &child_class, actors_runtime(), NULL, &reason);
    actor_follow(&child->actor, &child->fate, owner);
    atomic_fetch_add(&started, 1);
    *ret_child = &child->actor;
    return 0;
}

static int stop_child(struct actor *child)
{
    return actor_stop(child, REASON(NORMAL), ACTOR_FOREVER);
}

static const struct children_ops children_ops = {
    .start = start_child, .stop_if_empty = stop_child, .changed = registry_note_change};

static void with_registry(void)
{
    cr_assert_eq(registry_start(actors_runtime(), &children_ops, NULL, &registry), 0);
    test_body();
    children_stop_registry(REASON(SHUTDOWN));
}

void children_run(void (*body)(void), bool direct)
{
    test_body = body;
    actors_run(with_registry, direct);
    table_barrier();
    cr_expect_eq(children_freed(), children_started(), "children are left over");
}

bool children_called_directly(void)
{
    return actors_runtime()->direct;
}

struct registry *children_registry(void)
{
    return registry;
}

void children_stop_registry(struct reason reason)
{
    if (registry)
        (void)actor_stop(registry_actor(registry), reason, ACTOR_FOREVER);
    else
        reason_deinit(&reason);
    registry_unref(registry);
    registry = NULL;
}

void children_refuse(int rc)
{
    refusal = rc;
}

void children_hold_start(struct gate *gate)
{
    atomic_store(&start_gate, gate);
}

void children_hold_end(struct gate *gate)
{
    atomic_store(&end_gate, gate);
}

void *children_last_arg(void)
{
    return last_arg;
}

int children_started(void)
{
    return atomic_load(&started);
}

int children_freed(void)
{
    return atomic_load(&freed);
}

int children_ended_with(const char *reason)
{
    int count = 0;

    pthread_mutex_lock(&reasons_mutex);
    for (size_t i = 0; reasons[i].count > 0; i++) {
        if (strcmp(reasons[i].words, reason) == 0)
            count = reasons[i].count;
    }
    pthread_mutex_unlock(&reasons_mutex);
    return count;
}

int child_touch(struct actor *child)
{
    int touched;
    int rc = actor_call(child, TAG_TOUCH, &touched, ACTORS_PATIENCE_MS);

    return rc == 0 ? touched : -rc;
}
