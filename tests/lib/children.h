/*
 * A registry for a test, whose children are small actors that answer and
 * count. Not buckets: the registry knows none.
 *
 * children_run() runs a body with a registry, the direct call on or off. The
 * registry is stopped after the body; the test fails if a child is left over.
 */
#ifndef KVFS_TESTS_LIB_CHILDREN_H
#define KVFS_TESTS_LIB_CHILDREN_H

#include "lib/actors.h"
#include "registry/registry.h"

/* Two tests of one body. The first has the sentence alone for its name. */
#define REGISTRY_TEST(sentence)                                                                              \
    static void sentence(void);                                                                              \
    Test(registry, sentence)                                                                                 \
    {                                                                                                        \
        children_run(sentence, true);                                                                        \
    }                                                                                                        \
    Test(registry, sentence##_with_queued_calls)                                                             \
    {                                                                                                        \
        children_run(sentence, false);                                                                       \
    }                                                                                                        \
    static void sentence(void)

void children_run(void (*body)(void), bool direct);
bool children_called_directly(void);

struct registry *children_registry(void);
/* Stops the registry, if the fixture's end is too late. */
void children_stop_registry(struct reason reason);

/* What start_child() does from now on: fails with `rc`, or waits inside for a gate; 0 and NULL for neither. */
void children_refuse(int rc);
void children_hold_start(struct gate *gate);
/* Where `terminate` of every child waits; NULL for nowhere. */
void children_hold_end(struct gate *gate);

/* What start_child() was last given besides the name. */
void *children_last_arg(void);
int children_started(void);
/* Their memory was let go. */
int children_freed(void);
/* Who ended in an orderly way, with this reason (as users see it). */
int children_ended_with(const char *reason);

/* The number of calls that the child has answered with this one; less than 0 for an ACTOR_E_*. */
int child_touch(struct actor *child);

#define NAME(text) (&(const struct child_name){(text), strlen(text)})

#endif
