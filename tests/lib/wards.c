#include "lib/wards.h"

#include "actor/link.h"
#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORY_MAX 8192

struct ward {
    struct actor actor;
    struct ward_plan *plan;
    bool terminated;
};

struct plans {
    struct plans *next;
    struct ward_plan plans[];
};

struct hold {
    struct message message;
    struct gate *gate;
};

static struct lock lock;
static struct condition changed;
static char story[STORY_MAX];    /* guarded by lock */
static char snapshot[STORY_MAX]; /* the test's own */
static struct plans *plans;
static int living; /* guarded by lock: started and not yet freed */
static void (*test_body)(void);

/* ---- the story ---- */

void wards_note(const char *format, ...)
{
    va_list args;
    size_t used;

    va_start(args, format);
    lock_acquire(&lock);
    used = strlen(story);
    if (used > 0 && used + 2 < STORY_MAX)
        used += (size_t)snprintf(story + used, STORY_MAX - used, ", ");
    vsnprintf(story + used, STORY_MAX - used, format, args);
    condition_broadcast(&changed);
    lock_release(&lock);
    va_end(args);
}

const char *wards_story(void)
{
    lock_acquire(&lock);
    memcpy(snapshot, story, STORY_MAX);
    lock_release(&lock);
    return snapshot;
}

static int64_t patience(void)
{
    return clock_monotonic_ns() + ACTORS_PATIENCE_MS * CLOCK_NS_PER_MS;
}

bool wards_await(const char *part)
{
    int64_t deadline = patience();
    bool in_time = true;
    bool found;

    lock_acquire(&lock);
    while (!(found = strstr(story, part) != NULL) && in_time)
        in_time = condition_wait_until(&changed, &lock, deadline);
    lock_release(&lock);
    return found;
}

void wards_forget_story(void)
{
    lock_acquire(&lock);
    story[0] = '\0';
    lock_release(&lock);
}

/* ---- a ward ---- */

static struct ward *ward_of(struct actor *actor)
{
    return message_container(actor, struct ward, actor);
}

struct ward_plan *ward_plan_of(struct actor *actor)
{
    return ward_of(actor)->plan;
}

/* True that often as the number says. */
static bool is_due(_Atomic int *number)
{
    int left = atomic_load(number);

    while (left > 0) {
        if (atomic_compare_exchange_weak(number, &left, left - 1))
            return true;
    }
    return false;
}

static void note_end(struct ward *ward, const struct reason *reason)
{
    char words[64];

    reason_format(reason, words, sizeof(words));
    wards_note("end %s %s", ward->plan->name, words);
}

static int on_init(struct actor *actor, void *arg, struct reason *ret_reason)
{
    struct ward_plan *plan = ward_of(actor)->plan;

    (void)arg;
    if (plan->init_gate)
        gate_pass(plan->init_gate);
    if (is_due(&plan->failures)) {
        wards_note("fail %s", plan->name);
        *ret_reason = reason_error("init");
        return 1;
    }
    if (plan->traps)
        actor_trap_exits(actor, true);
    wards_note("start %s", plan->name);
    return 0;
}

static void on_cast(struct actor *actor, struct message *message)
{
    (void)actor;
    gate_pass(message_container(message, struct hold, message)->gate);
}

static void on_terminate(struct actor *actor, const struct reason *reason)
{
    struct ward *ward = ward_of(actor);

    ward->terminated = true;
    note_end(ward, reason);
    if (ward->plan->end_gate)
        gate_pass(ward->plan->end_gate);
}

static void on_destroy(struct actor *actor)
{
    struct ward *ward = ward_of(actor);

    if (!ward->terminated)
        note_end(ward, &actor->reason);
}

static void count_living(int difference)
{
    lock_acquire(&lock);
    living += difference;
    condition_broadcast(&changed);
    lock_release(&lock);
}

static void on_free(struct actor *actor)
{
    free(ward_of(actor));
    count_living(-1);
}

#define WARD_CALLBACKS                                                                                       \
    .init = on_init, .on_cast = on_cast, .terminate = on_terminate, .destroy = on_destroy, .free = on_free

static const struct actor_class prompt_class = {.name = "ward", .prompt = true, WARD_CALLBACKS};
static const struct actor_class slow_class = {.name = "slow ward", WARD_CALLBACKS};

static struct ward *ward_create(struct ward_plan *plan)
{
    struct ward *ward = calloc(1, sizeof(*ward));

    must(ward);
    ward->plan = plan;
    return ward;
}

static int start_actor(struct ward *ward, struct actor *supervisor, struct reason *ret_reason)
{
    const struct actor_class *class = ward->plan->slow ? &slow_class : &prompt_class;

    if (ward->plan->traps)
        return actor_start_link(supervisor, &ward->actor, class, actors_runtime(), NULL, ret_reason);
    return actor_start(&ward->actor, class, actors_runtime(), NULL, ret_reason);
}

void ward_end(struct actor *ward, struct reason reason)
{
    if (reason.code == REASON_KILLED)
        must(actor_kill(ward) == 0);
    else
        must(actor_stop(ward, reason, ACTORS_PATIENCE_MS) == 0);
}

static int start_ward(struct actor *supervisor, void *arg, struct actor **ret_child,
                      struct reason *ret_reason)
{
    struct ward_plan *plan = arg;
    struct ward *ward;
    int rc;

    actor_assert_self(supervisor);
    rc = plan->before ? plan->before(supervisor) : 0;
    if (rc != 0)
        return rc;
    ward = ward_create(plan);
    rc = start_actor(ward, supervisor, ret_reason);
    if (rc != 0) {
        free(ward);
        return rc;
    }
    count_living(1);
    if (is_due(&plan->deaths))
        ward_end(&ward->actor, reason_copy(&plan->death));
    *ret_child = &ward->actor;
    return 0;
}

static void release_plan(void *arg)
{
    atomic_fetch_add(&((struct ward_plan *)arg)->released, 1);
}

struct ward_plan *ward_plans(const char *names)
{
    struct plans *new = calloc(1, sizeof(*new) + strlen(names) * sizeof(new->plans[0]));

    must(new);
    for (size_t i = 0; names[i]; i++) {
        new->plans[i].name[0] = names[i];
        new->plans[i].policy = RESTART_PERMANENT;
        new->plans[i].shutdown_ms = ACTORS_PATIENCE_MS;
    }
    new->next = plans;
    plans = new;
    return new->plans;
}

static void free_plans(void)
{
    while (plans) {
        struct plans *next = plans->next;

        free(plans);
        plans = next;
    }
}

struct child_spec ward_spec(struct ward_plan *plan)
{
    return (struct child_spec){
        .id = plan->name,
        .start = start_ward,
        .arg = plan,
        .release_arg = release_plan,
        .policy = plan->policy,
        .shutdown_ms = plan->shutdown_ms,
    };
}

static void release_hold(struct message *message)
{
    free(message_container(message, struct hold, message));
}

void ward_hold(struct actor *ward, struct gate *gate)
{
    struct hold *hold = calloc(1, sizeof(*hold));

    must(hold);
    message_init(&hold->message, MESSAGE_CAST, 0, release_hold);
    hold->gate = gate;
    must(actor_cast(ward, &hold->message) == 0);
    cr_assert(gate_await(gate, 1));
}

/* ---- branches ---- */

static int start_branch(struct actor *supervisor, void *arg, struct actor **ret_child,
                        struct reason *ret_reason)
{
    struct branch_plan *plan = arg;
    struct supervisor *branch;
    int rc = supervisor_start(supervisor->runtime, plan->name, &plan->options, plan->specs, plan->count,
                              &branch, ret_reason);

    if (rc == 0)
        *ret_child = supervisor_actor(branch);
    return rc;
}

struct child_spec branch_spec(struct branch_plan *plan)
{
    return (struct child_spec){
        .id = plan->name,
        .start = start_branch,
        .arg = plan,
        .policy = plan->policy,
        .shutdown_ms = ACTOR_FOREVER,
    };
}

/* ---- the fixture ---- */

static bool await_nobody(void)
{
    int64_t deadline = patience();
    bool in_time = true;
    bool nobody;

    lock_acquire(&lock);
    while (!(nobody = living == 0) && in_time)
        in_time = condition_wait_until(&changed, &lock, deadline);
    lock_release(&lock);
    return nobody;
}

/* Those whose supervisor was killed may still be ending. */
static void body_and_end(void)
{
    test_body();
    cr_expect(await_nobody(), "a ward or a reference on one is left over");
}

void wards_run(void (*body)(void), bool direct)
{
    lock_init(&lock);
    condition_init(&changed);
    test_body = body;
    actors_run(body_and_end, direct);
    free_plans();
    condition_deinit(&changed);
    lock_deinit(&lock);
}
