#include "lib/children.h"

#include "actor/link.h"
#include "base/table.h"
#include "registry/children.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON_MAX 64
#define NAME_SHOWN_MAX 16
#define ORDER_MAX 1024
#define TAG_TOUCH 1

struct child {
    struct actor actor;
    struct monitor fate;
    struct children children;
    char name[NAME_SHOWN_MAX];
    int touched; /* guarded by its run lock */
};

static struct registry *registry;
static void (*test_body)(void);
static _Atomic int refusal;
static _Atomic int refusals_left;
static struct gate *_Atomic start_gate;
static struct gate *_Atomic end_gate;
static void *_Atomic last_arg;
static struct actor *_Atomic last_predecessor;
static _Atomic int tried;
static _Atomic int started;
static _Atomic int freed;

static pthread_mutex_t ends_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char words[REASON_MAX];
    int count;
} reasons[8]; /* guarded by ends_mutex */
static char order_of_ends[ORDER_MAX]; /* likewise */

static struct child *child_of(struct actor *actor)
{
    return message_container(actor, struct child, actor);
}

static int on_call(struct actor *actor, unsigned tag, void *arg)
{
    if (tag != TAG_TOUCH)
        return children_on_call(&child_of(actor)->children, tag, arg);
    *(int *)arg = ++child_of(actor)->touched;
    return 0;
}

static bool on_info(struct actor *actor, struct message *message)
{
    must(message->kind == MESSAGE_DOWN);
    children_on_down(&child_of(actor)->children, message);
    return true;
}

static void write_end_down(const char *name, const char *words)
{
    size_t used;
    size_t i = 0;

    pthread_mutex_lock(&ends_mutex);
    while (reasons[i].count > 0 && strcmp(reasons[i].words, words) != 0)
        i++;
    strcpy(reasons[i].words, words);
    reasons[i].count++;
    used = strlen(order_of_ends);
    snprintf(order_of_ends + used, ORDER_MAX - used, "%s ", name);
    pthread_mutex_unlock(&ends_mutex);
}

static void on_terminate(struct actor *actor, const struct reason *reason)
{
    struct gate *gate = atomic_load(&end_gate);
    char words[REASON_MAX];

    children_stop_all(&child_of(actor)->children, reason);
    reason_format(reason, words, sizeof(words));
    write_end_down(child_of(actor)->name, words);
    if (gate)
        gate_pass(gate);
}

static void on_destroy(struct actor *actor)
{
    children_clear(&child_of(actor)->children);
}

static void on_free(struct actor *actor)
{
    children_deinit(&child_of(actor)->children);
    free(child_of(actor));
    atomic_fetch_add(&freed, 1);
}

static const struct actor_class child_class = {.name = "child",
                                              .prompt = true,
                                              .on_call = on_call,
                                              .on_info = on_info,
                                              .terminate = on_terminate,
                                              .destroy = on_destroy,
                                              .free = on_free};

static const struct children_ops children_ops;

/* True for one of those that are to be refused. */
static bool take_refusal(void)
{
    int left = atomic_load(&refusals_left);

    while (left > 0 && !atomic_compare_exchange_weak(&refusals_left, &left, left - 1))
        continue;
    return left > 0;
}

static int start_child(struct actor *owner, const struct child_name *name, void *arg, struct actor *predecessor,
                       struct actor **ret_child)
{
    struct gate *gate = atomic_load(&start_gate);
    struct child *child;
    struct reason reason;

    atomic_fetch_add(&tried, 1);
    atomic_store(&last_arg, arg);
    atomic_store(&last_predecessor, predecessor);
    if (gate)
        gate_pass(gate);
    if (atomic_load(&refusal))
        return atomic_load(&refusal);
    if (take_refusal())
        return ACTOR_E_INIT;
    child = calloc(1, sizeof(*child));
    if (!child)
        return -ENOMEM;
    snprintf(child->name, sizeof(child->name), "%.*s", (int)name->length, name->name);
    (void)children_init(&child->children, &child->actor, &children_ops, false);
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

static void note_change(struct actor *owner)
{
    if (registry_is(owner))
        registry_note_change(owner);
}

static const struct children_ops children_ops = {
    .start = start_child, .stop_if_empty = stop_child, .changed = note_change};

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
    atomic_store(&refusal, rc);
}

void children_refuse_next(int times)
{
    atomic_store(&refusals_left, times);
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
    return atomic_load(&last_arg);
}

struct actor *children_last_predecessor(void)
{
    return atomic_load(&last_predecessor);
}

int children_tried(void)
{
    return atomic_load(&tried);
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

    pthread_mutex_lock(&ends_mutex);
    for (size_t i = 0; reasons[i].count > 0; i++) {
        if (strcmp(reasons[i].words, reason) == 0)
            count = reasons[i].count;
    }
    pthread_mutex_unlock(&ends_mutex);
    return count;
}

const char *children_order_of_ends(void)
{
    static char order[ORDER_MAX];

    pthread_mutex_lock(&ends_mutex);
    strcpy(order, order_of_ends);
    pthread_mutex_unlock(&ends_mutex);
    return order;
}

/* ---- shorthand ---- */

struct actor *create_below(struct actor *parent, const char *name)
{
    struct actor *child;

    cr_assert_eq(registry_create(parent, NAME(name), NULL, &child), 0);
    return child;
}

struct actor *create(const char *name)
{
    return create_below(registry_actor(registry), name);
}

struct actor *look(const struct child_name *name)
{
    struct actor *child;
    int rc = registry_lookup(registry, name, &child);

    if (rc != 0) {
        cr_assert_eq(rc, REGISTRY_E_NOT_FOUND);
        return NULL;
    }
    actor_unref(child);
    return child;
}

struct registry_stats stats(void)
{
    struct registry_stats now;

    cr_assert_eq(registry_get_stats(registry, &now), 0);
    return now;
}

void stop(struct actor *child)
{
    cr_assert_eq(actor_stop(child, REASON(NORMAL), ACTORS_PATIENCE_MS), 0);
    actor_unref(child);
}

void kill_child(struct actor *child)
{
    cr_assert_eq(actor_kill(child), 0);
    actor_unref(child);
}

int child_touch(struct actor *child)
{
    int touched;
    int rc = actor_call(child, TAG_TOUCH, &touched, ACTORS_PATIENCE_MS);

    return rc == 0 ? touched : -rc;
}
