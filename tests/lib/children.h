/*
 * A registry for a test, whose children are small actors that answer and
 * count, and are registries themselves. Not buckets: the registry knows none.
 *
 * children_run() runs a body with a registry, the direct call on or off. The
 * registry is stopped after the body; the test fails if a child is left over.
 */
#ifndef KVFS_TESTS_LIB_CHILDREN_H
#define KVFS_TESTS_LIB_CHILDREN_H

#include "lib/actors.h"
#include "registry/registry.h"

/* Two tests of one body. The first has the sentence alone for its name. */
#define CHILDREN_TEST(suite, sentence)                                                                       \
    static void sentence(void);                                                                              \
    Test(suite, sentence)                                                                                    \
    {                                                                                                        \
        children_run(sentence, true);                                                                        \
    }                                                                                                        \
    Test(suite, sentence##_with_queued_calls)                                                                \
    {                                                                                                        \
        children_run(sentence, false);                                                                       \
    }                                                                                                        \
    static void sentence(void)

void children_run(void (*body)(void), bool direct);
bool children_called_directly(void);

struct registry *children_registry(void);
/* Stops the registry, if the fixture's end is too late. */
void children_stop_registry(struct reason reason);

/* ---- shorthand, each asserts that it works ---- */

/* A reference on a new child of the registry, or of another child. */
struct actor *create(const char *name);
struct actor *create_below(struct actor *parent, const char *name);
/* What the name means in the registry, without a reference; NULL if there is none. */
struct actor *look(const struct child_name *name);
struct registry_stats stats(void);
/* These take the reference. */
void stop(struct actor *child);
void kill_child(struct actor *child);

/* ---- what start_child() does ---- */

/* From now on: fails with `rc`, or waits inside for a gate; 0 and NULL for neither. */
void children_refuse(int rc);
/* Fails the next `times` times. */
void children_refuse_next(int times);
void children_hold_start(struct gate *gate);
/* Where `terminate` of every child waits; NULL for nowhere. */
void children_hold_end(struct gate *gate);

/* What start_child() was last given besides the name. */
void *children_last_arg(void);
struct actor *children_last_predecessor(void);
/* How often it was called, and how often it worked. */
int children_tried(void);
int children_started(void);
/* Their memory was let go. */
int children_freed(void);
/* Who ended in an orderly way, with this reason (as users see it). */
int children_ended_with(const char *reason);
/* Their names, in the order in which they did, each with a space behind it; static. */
const char *children_order_of_ends(void);

/* The number of calls that the child has answered with this one; less than 0 for an ACTOR_E_*. */
int child_touch(struct actor *child);

#define NAME(text) (&(const struct child_name){(text), strlen(text)})

#endif
