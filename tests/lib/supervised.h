/*
 * The guide's start_supervised!: what a test starts by this runs under the
 * test's own supervisor, and is stopped in reverse order when the test is
 * over. The test fails if a child can't start, and if anything is left over
 * then: an actor that a child started and forgot, a thread, a message.
 *
 * The test's supervisor is one_for_one and hardly ever gives up.
 */
#ifndef KVFS_TESTS_LIB_SUPERVISED_H
#define KVFS_TESTS_LIB_SUPERVISED_H

#include "actor/supervisor.h"
#include "lib/actors.h"

/* Two tests of one body, as ACTOR_TEST(). */
#define SUPERVISED_TEST(suite, sentence)                                                                     \
    static void sentence(void);                                                                              \
    Test(suite, sentence##_with_direct_calls)                                                                \
    {                                                                                                        \
        supervised_run(sentence, true, NULL);                                                                \
    }                                                                                                        \
    Test(suite, sentence##_with_queued_calls)                                                                \
    {                                                                                                        \
        supervised_run(sentence, false, NULL);                                                               \
    }                                                                                                        \
    static void sentence(void)

/*
 * Runs the body with a supervisor, inside actors_run(). Where another fixture has more to check, like wards_run(), that
 * is given as `around` and runs in place of actors_run(), which it calls; NULL for none.
 */
void supervised_run(void (*body)(void), bool direct, void (*around)(void (*body)(void), bool direct));

/* Borrowed: the first actor of this child, there until the test is over, also if it has ended or was restarted. */
struct actor *start_supervised(const struct child_spec *spec);
/* Stops and forgets it, so that its id is free. 0, or SUPERVISOR_E_NOT_FOUND. */
int stop_supervised(const char *id);

/* The test's supervisor, borrowed. */
struct supervisor *test_supervisor(void);

#endif
