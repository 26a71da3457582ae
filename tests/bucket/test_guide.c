/*
 * The guide's own tests, with a registry of real buckets.
 */
#include "lib/buckets.h"

#define GUIDE_TEST(sentence) BUCKET_TEST(registry, sentence)

static struct bucket *look(const char *name)
{
    struct actor *actor;
    int rc = registry_lookup(buckets_registry(), NAME(name), &actor);

    if (rc == 0)
        return bucket_of_actor(actor);
    cr_assert_eq(rc, REGISTRY_E_NOT_FOUND);
    return NULL;
}

static struct bucket *create(const char *name)
{
    struct actor *actor;

    cr_assert_eq(registry_create(registry_actor(buckets_registry()), NAME(name), NULL, &actor), 0);
    return bucket_of_actor(actor);
}

static void let_go(struct bucket *bucket)
{
    actor_unref(bucket_actor(bucket));
}

GUIDE_TEST(spawns_buckets)
{
    struct registry_stats stats;
    struct bucket *bucket;

    cr_assert_null(look("shopping"));

    cr_assert_eq(registry_create_cast(buckets_registry(), NAME("shopping")), 0);
    cr_assert_eq(registry_get_stats(buckets_registry(), &stats), 0); /* a call: the cast has been handled */
    bucket = look("shopping");
    cr_assert(bucket);

    put(bucket, "milk", "1");
    cr_assert_str_eq(get(bucket, "milk"), "1");
    let_go(bucket);
}

GUIDE_TEST(removes_buckets_on_exit)
{
    struct bucket *bucket = create("shopping");

    cr_assert_eq(bucket_stop(bucket), 0);
    cr_assert_null(look("shopping"));
    let_go(bucket);
}

GUIDE_TEST(removes_buckets_on_crash)
{
    struct bucket *bucket = create("shopping");

    cr_assert_eq(bucket_kill(bucket), 0);
    cr_assert_null(look("shopping"));
    let_go(bucket);
}

static int monitor_bucket(struct probe *self, void *arg)
{
    self->refs[0] = actor_monitor(&self->actor, &self->monitors[0], arg);
    return 0;
}

/* The probe asserts in its DOWN that the reference is the one that monitor gave. */
GUIDE_TEST(gets_a_down_with_the_reference_that_monitor_gave)
{
    struct bucket *bucket = create("shopping");
    struct probe *watcher = probe_start();

    cr_assert_eq(probe_do(watcher, monitor_bucket, bucket_actor(bucket)), 0);
    cr_assert_gt(watcher->refs[0], 0);
    cr_assert_eq(bucket_stop(bucket), 0);
    cr_assert(probe_await(watcher, "down 1 normal"));
    let_go(bucket);
}

GUIDE_TEST(nothing_for_who_does_not_monitor)
{
    struct bucket *bucket = create("shopping");
    struct probe *watcher = probe_start();

    cr_assert_eq(bucket_stop(bucket), 0);
    cr_assert_eq(probe_call(watcher, 1), 0);
    cr_assert_str_eq(probe_story(watcher), "call 1");
    let_go(bucket);
}

GUIDE_TEST(a_bucket_with_the_name_of_one_that_ended_is_a_new_one)
{
    struct bucket *old = create("shopping");
    struct bucket *new;

    put(old, "milk", "1");
    cr_assert_eq(bucket_stop(old), 0);
    new = create("shopping");
    cr_assert_null(get(new, "milk"));
    cr_assert_gt(bucket_inode(new)->number, bucket_inode(old)->number);
    let_go(old);
    let_go(new);
}

GUIDE_TEST(stopping_the_registry_stops_its_buckets)
{
    struct probe *watcher = probe_start();
    struct bucket *bucket = create("shopping");

    cr_assert_eq(probe_do(watcher, monitor_bucket, bucket_actor(bucket)), 0);
    (void)actor_stop(registry_actor(buckets_registry()), REASON(SHUTDOWN), ACTORS_PATIENCE_MS);
    cr_assert(probe_await(watcher, "down 1 shutdown"));
    cr_assert_not(actor_alive(bucket_actor(bucket)));
    let_go(bucket);
}
