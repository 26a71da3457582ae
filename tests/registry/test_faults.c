/* Each allocation fails in turn: a name then means what it meant before, or nothing, and nothing is left over. */
#include "base/table.h"
#include "lib/children.h"
#include "lib/faults.h"
#include "registry/children.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* More than a set keeps without a table. */
#define SOME 12

static struct actor *root(void)
{
    return registry_actor(children_registry());
}

static bool is_answer(int rc, bool hit)
{
    return rc == 0 || (rc == -ENOMEM && hit);
}

static bool has(struct actor *owner, const struct child_name *name)
{
    struct actor *child;
    int rc = registry_find(owner, name, &child);

    cr_assert(rc == 0 || rc == REGISTRY_E_NOT_FOUND);
    if (rc == 0)
        actor_unref(child);
    return rc == 0;
}

Test(faults, a_registry_that_can_not_start_leaves_nothing)
{
    static const struct children_ops none;
    static struct runtime runtime;
    struct registry *registry;
    bool hit = true;
    int rc = -1;

    cr_assert_eq(runtime_init(&runtime), 0);
    for (int n = 1; hit; n++) {
        faults_begin(n);
        rc = registry_start(&runtime, &none, NULL, &registry);
        hit = faults_hit();
        cr_assert_eq(rc, hit ? -ENOMEM : 0);
    }
    cr_assert_eq(actor_kill(registry_actor(registry)), 0);
    registry_unref(registry);
    cr_assert_eq(runtime_deinit(&runtime, ACTORS_PATIENCE_MS), 0);
}

/* A reference on the child, which is there only once nothing has failed. */
static struct actor *create_against_faults(struct actor *owner, const struct child_name *name)
{
    struct actor *child = NULL;
    int rc = -1;

    for (int n = 1; rc != 0; n++) {
        bool hit;

        faults_begin(n);
        rc = registry_create(owner, name, NULL, &child);
        hit = faults_hit();
        cr_assert(is_answer(rc, hit));
        cr_assert_eq(has(owner, name), rc == 0);
        cr_assert_eq(child != NULL, rc == 0);
    }
    return child;
}

static void assert_children_are_created(struct actor *owner)
{
    for (int i = 0; i < SOME; i++) {
        char text[16];

        snprintf(text, sizeof(text), "%d", i);
        actor_unref(create_against_faults(owner, NAME(text)));
    }
    for (int i = 0; i < SOME; i++) {
        char text[16];

        snprintf(text, sizeof(text), "%d", i);
        cr_assert(has(owner, NAME(text)));
    }
}

CHILDREN_TEST(faults, a_child_is_created_or_not_in_the_root)
{
    assert_children_are_created(root());
    cr_assert_eq(stats().count, SOME);
    cr_assert_eq(children_started(), SOME);
}

CHILDREN_TEST(faults, a_child_is_created_or_not_below_another)
{
    struct actor *parent = create("parent");

    assert_children_are_created(parent);
    cr_assert_eq(children_started(), SOME + 1);
    actor_unref(parent);
}

CHILDREN_TEST(faults, a_cast_creates_or_does_not)
{
    bool hit = true;

    for (int n = 1; hit; n++) {
        bool was_there;
        int rc;

        faults_begin(n);
        rc = registry_create_cast(children_registry(), NAME("milk"));
        cr_assert(rc == 0 || rc == -ENOMEM);
        /* A call, behind the cast; its own request may be the one that fails. */
        while (registry_set_policy(root(), NAME("nobody"), NULL, RESTART_TEMPORARY) != REGISTRY_E_NOT_FOUND)
            continue;
        hit = faults_hit();
        was_there = has(root(), NAME("milk"));
        cr_assert(was_there || hit);
        if (was_there)
            cr_assert_eq(registry_remove(root(), NAME("milk")), 0);
    }
}

CHILDREN_TEST(faults, a_child_is_removed_or_not)
{
    bool hit = true;
    int rc;

    for (int n = 1; hit; n++) {
        if (!has(root(), NAME("milk")))
            actor_unref(create("milk"));
        faults_begin(n);
        rc = registry_remove(root(), NAME("milk"));
        hit = faults_hit();
        cr_assert(is_answer(rc, hit));
        cr_assert_eq(has(root(), NAME("milk")), rc != 0);
    }
}

static bool count(void *context, uint64_t position, const struct child_name *name, struct actor *child)
{
    (void)position;
    (void)name;
    (void)child;
    ++*(int *)context;
    return true;
}

CHILDREN_TEST(faults, what_is_asked_is_answered_or_not)
{
    struct actor *milk = create("milk");
    bool hit = true;

    for (int n = 1; hit; n++) {
        struct child_status status;
        uint64_t position = 0;
        struct actor *found;
        int listed = 0;
        int rc[3];

        faults_begin(n);
        rc[0] = registry_find(root(), NAME("milk"), &found);
        if (rc[0] == 0)
            actor_unref(found);
        rc[1] = registry_next(root(), &position, &found, &status);
        if (rc[1] == 0)
            actor_unref(found);
        rc[2] = registry_list(root(), 0, count, &listed);
        hit = faults_hit();
        for (int i = 0; i < 3; i++)
            cr_assert(is_answer(rc[i], hit));
        cr_assert_eq(listed, rc[2] == 0);
        cr_assert_eq(look(NAME("milk")), milk);
    }
    actor_unref(milk);
}

/* ---- restarts and ends ---- */

CHILDREN_TEST(faults, who_is_to_be_started_again_is_or_its_name_is_free)
{
    bool hit = true;

    for (int n = 1; hit; n++) {
        struct actor *milk = create("milk");
        struct actor *next = NULL;

        cr_assert_eq(registry_set_policy(root(), NAME("milk"), milk, RESTART_PERMANENT), 0);
        faults_begin(n);
        kill_child(milk);
        (void)registry_find(root(), NAME("milk"), &next);
        hit = faults_hit();
        cr_assert(next || hit);
        actor_unref(next);
        if (has(root(), NAME("milk")))
            cr_assert_eq(registry_remove(root(), NAME("milk")), 0);
    }
}

static struct actor *create_tree(void)
{
    struct actor *top = create("top");

    for (int i = 0; i < 3; i++) {
        char text[16];
        struct actor *middle;

        snprintf(text, sizeof(text), "middle %d", i);
        middle = create_below(top, text);
        for (int j = 0; j < 3; j++) {
            snprintf(text, sizeof(text), "leaf %d", j);
            actor_unref(create_below(middle, text));
        }
        actor_unref(middle);
    }
    return top;
}

CHILDREN_TEST(faults, a_tree_is_stopped_whatever_fails)
{
    bool hit = true;

    for (int n = 1; hit; n++) {
        int started = children_started();
        int ended = children_ended_with("shutdown");
        struct actor *top = create_tree();
        int rc;

        faults_begin(n);
        rc = registry_stop_tree(top, REASON(SHUTDOWN));
        hit = faults_hit();
        cr_assert(is_answer(rc, hit));
        /* One that can't be stopped for want of memory is killed: nothing is left that has been closed and lives. */
        cr_assert_not(actor_alive(top));
        if (!hit)
            cr_assert_eq(children_ended_with("shutdown") - ended, children_started() - started);
        actor_unref(top);
        cr_assert_not(has(root(), NAME("top")));
    }
}
