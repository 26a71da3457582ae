#include "lib/supervised.h"

#include "base/clock.h"

#include <stdlib.h>

/* The test's reference on what it started. */
struct hold {
    struct hold *next;
    struct actor *actor;
};

static void (*test_body)(void);
static struct supervisor *supervisor;
static struct hold *holds;

struct supervisor *test_supervisor(void)
{
    return supervisor;
}

static void hold(struct actor *actor)
{
    struct hold *hold = malloc(sizeof(*hold));

    must(hold);
    *hold = (struct hold){.next = holds, .actor = actor};
    holds = hold;
}

static void let_go(void)
{
    while (holds) {
        struct hold *hold = holds;

        holds = hold->next;
        actor_unref(hold->actor);
        free(hold);
    }
}

static const char *words_of(const struct reason *reason)
{
    static char words[128];

    reason_format(reason, words, sizeof(words));
    return words;
}

struct actor *start_supervised(const struct child_spec *spec)
{
    struct reason reason = REASON(NORMAL);
    struct actor *actor;
    int rc = supervisor_start_child(supervisor, spec, &actor, &reason);

    cr_assert_eq(rc, 0, "%s can't be started: %d %s", spec->id, rc, words_of(&reason));
    hold(actor);
    return actor;
}

int stop_supervised(const char *id)
{
    int rc = supervisor_stop_child(supervisor, id);

    /* A temporary child is forgotten already. */
    if (rc == 0)
        (void)supervisor_delete_child(supervisor, id);
    return rc;
}

static void with_supervisor(void)
{
    static const struct supervisor_options options = {
        .intensity = {.max_restarts = 10000, .period_ns = CLOCK_NS_PER_S},
    };
    struct reason reason;

    cr_assert_eq(supervisor_start(actors_runtime(), "test", &options, NULL, 0, &supervisor, &reason), 0);
    test_body();
    cr_expect_eq(supervisor_stop(supervisor, REASON(SHUTDOWN), ACTOR_FOREVER), 0,
                 "the test's supervisor has ended");
    supervisor_unref(supervisor);
    supervisor = NULL;
    let_go();
}

void supervised_run(void (*body)(void), bool direct, void (*around)(void (*body)(void), bool direct))
{
    test_body = body;
    if (around)
        around(with_supervisor, direct);
    else
        actors_run(with_supervisor, direct);
}
