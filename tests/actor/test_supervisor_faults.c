/*
 * Each allocation of a supervisor's fails in turn: whoever asked is told, its
 * children are as they were, and nothing is left over.
 */
#include "actor/supervisor.h"
#include "base/clock.h"
#include "lib/actors.h"
#include "lib/faults.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int living;
static _Atomic int released;

static void child_free(struct actor *actor)
{
    atomic_fetch_sub(&living, 1);
    free(actor);
}

static const struct actor_class child_class = {.name = "child", .prompt = true, .free = child_free};

static int start_one(struct actor *supervisor, void *arg, struct actor **ret_child, struct reason *ret_reason)
{
    struct actor *child = malloc(sizeof(*child));

    (void)arg;
    if (!child)
        return -ENOMEM;
    atomic_fetch_add(&living, 1);
    *ret_child = child;
    return actor_start(child, &child_class, supervisor->runtime, NULL, ret_reason);
}

static void release(void *arg)
{
    (void)arg;
    atomic_fetch_add(&released, 1);
}

static struct child_spec spec(const char *id)
{
    return (struct child_spec){
        .id = id,
        .start = start_one,
        .release_arg = release,
        .policy = RESTART_PERMANENT,
        .shutdown_ms = ACTORS_PATIENCE_MS,
    };
}

static int try_start(struct supervisor **ret_supervisor)
{
    static const struct supervisor_options patient = {
        .intensity = {.max_restarts = 1000, .period_ns = CLOCK_NS_PER_S}};
    const struct child_spec specs[] = {spec("a"), spec("b")};
    struct reason reason;
    int rc;

    rc = supervisor_start(actors_runtime(), "supervisor", &patient, specs, 2, ret_supervisor, &reason);
    if (rc == SUPERVISOR_E_START) {
        cr_assert_eq(reason.code, REASON_ERROR);
        reason_deinit(&reason);
    }
    return rc;
}

static struct supervisor *start(void)
{
    struct supervisor *supervisor;

    atomic_store(&released, 0);
    cr_assert_eq(try_start(&supervisor), 0);
    return supervisor;
}

static bool await_living(int count)
{
    int64_t deadline = clock_monotonic_ns() + ACTORS_PATIENCE_MS * CLOCK_NS_PER_MS;

    while (atomic_load(&living) != count) {
        if (clock_monotonic_ns() > deadline)
            return false;
        sched_yield();
    }
    return true;
}

static void finish(struct supervisor *supervisor, int args)
{
    cr_assert_eq(supervisor_stop(supervisor, REASON(SHUTDOWN), ACTORS_PATIENCE_MS), 0);
    supervisor_unref(supervisor);
    cr_assert(await_living(0));
    cr_assert_eq(released, args);
}

ACTOR_TEST(supervisor_faults, starts_all_or_nothing)
{
    for (int n = 1, rc = 1; rc != 0; n++) {
        struct supervisor *supervisor = NULL;
        bool hit;

        atomic_store(&released, 0);
        faults_begin(n);
        rc = try_start(&supervisor);
        hit = faults_hit();
        cr_assert(rc == 0 || rc == -ENOMEM || rc == SUPERVISOR_E_START);
        cr_assert(hit || rc == 0);
        if (rc == 0) {
            finish(supervisor, 2);
            rc = hit ? 1 : 0;
            continue;
        }
        cr_assert_null(supervisor);
        cr_assert(await_living(0));
        cr_assert_eq(released, 2);
    }
}

static bool is_known(void *context, const struct supervisor_child *child)
{
    char *ids = context;

    strcat(ids, child->id);
    strcat(ids, child->actor ? "+" : "-");
    return true;
}

/* `a+b-`: a runs, b doesn't. */
static const char *look(struct supervisor *supervisor)
{
    static char ids[64];

    ids[0] = '\0';
    cr_assert_eq(supervisor_visit(supervisor, is_known, ids), 0);
    return ids;
}

static int ask(int (*request)(struct supervisor *), struct supervisor *supervisor, int n, bool *ret_hit)
{
    int rc;

    faults_begin(n);
    rc = request(supervisor);
    *ret_hit = faults_hit();
    cr_assert(*ret_hit || rc == 0);
    cr_assert(rc == 0 || rc == -ENOMEM || rc == SUPERVISOR_E_START);
    return rc;
}

static int start_c(struct supervisor *supervisor)
{
    const struct child_spec c = spec("c");
    struct reason reason;
    int rc = supervisor_start_child(supervisor, &c, NULL, &reason);

    if (rc == SUPERVISOR_E_START)
        reason_deinit(&reason);
    return rc;
}

ACTOR_TEST(supervisor_faults, starts_one_more_child_or_is_as_it_was)
{
    bool hit = true;

    for (int n = 1; hit; n++) {
        struct supervisor *supervisor = start();
        int rc = ask(start_c, supervisor, n, &hit);

        cr_assert_eq(released, rc == 0 ? 0 : 1);
        cr_assert_str_eq(look(supervisor), rc == 0 ? "a+b+c+" : "a+b+");
        finish(supervisor, 3);
    }
}

static int restart_b(struct supervisor *supervisor)
{
    struct reason reason;
    int rc = supervisor_restart_child(supervisor, "b", NULL, &reason);

    if (rc == SUPERVISOR_E_START)
        reason_deinit(&reason);
    return rc;
}

ACTOR_TEST(supervisor_faults, starts_a_child_again_or_is_as_it_was)
{
    bool hit = true;

    for (int n = 1; hit; n++) {
        struct supervisor *supervisor = start();
        int rc;

        cr_assert_eq(supervisor_stop_child(supervisor, "b"), 0);
        rc = ask(restart_b, supervisor, n, &hit);
        cr_assert_str_eq(look(supervisor), rc == 0 ? "a+b+" : "a+b-");
        finish(supervisor, 2);
    }
}

static int stop_b(struct supervisor *supervisor)
{
    return supervisor_stop_child(supervisor, "b");
}

/* Without memory for the asking it is killed. */
ACTOR_TEST(supervisor_faults, stops_a_child_or_is_as_it_was)
{
    bool hit = true;

    for (int n = 1; hit; n++) {
        struct supervisor *supervisor = start();
        int rc = ask(stop_b, supervisor, n, &hit);

        cr_assert_str_eq(look(supervisor), rc == 0 ? "a+b-" : "a+b+");
        finish(supervisor, 2);
    }
}

static int look_without_looking(struct supervisor *supervisor)
{
    char ids[64] = "";

    return supervisor_visit(supervisor, is_known, ids);
}

ACTOR_TEST(supervisor_faults, shows_all_or_nothing)
{
    struct supervisor *supervisor = start();
    bool hit = true;

    for (int n = 1; hit; n++)
        (void)ask(look_without_looking, supervisor, n, &hit);
    finish(supervisor, 2);
}

struct search {
    const char *id;
    struct actor *actor;
};

static bool match(void *context, const struct supervisor_child *child)
{
    struct search *search = context;

    if (strcmp(child->id, search->id) == 0)
        search->actor = actor_ref(child->actor);
    return true;
}

/* What is refused to the asking is asked again. */
static bool await_look(struct supervisor *supervisor, const char *wanted)
{
    int64_t deadline = clock_monotonic_ns() + ACTORS_PATIENCE_MS * CLOCK_NS_PER_MS;
    char ids[64];
    int rc;

    do {
        ids[0] = '\0';
        rc = supervisor_visit(supervisor, is_known, ids);
    } while ((rc != 0 || strcmp(ids, wanted) != 0) && clock_monotonic_ns() < deadline);
    return rc == 0 && strcmp(ids, wanted) == 0;
}

ACTOR_TEST(supervisor_faults, restarts_a_child_as_soon_as_there_is_memory)
{
    bool hit = true;

    for (int n = 1; hit; n++) {
        struct supervisor *supervisor = start();
        struct search b = {.id = "b"};

        cr_assert_eq(supervisor_visit(supervisor, match, &b), 0);
        faults_begin(n);
        cr_assert_eq(actor_kill(b.actor), 0);
        cr_assert(await_look(supervisor, "a+b+"));
        hit = faults_hit();
        actor_unref(b.actor);
        finish(supervisor, 2);
    }
}
