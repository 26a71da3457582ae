/*
 * Many threads work with few buckets of the same names and end them. Nothing
 * may be left at the end, which the fixture sees, and every answer must be one
 * that a client can be given.
 */
#include "base/clock.h"
#include "lib/buckets.h"

#include <stdlib.h>

#define THREADS 4
#define RUN_NS (CLOCK_NS_PER_S)

static const char *const bucket_names[] = {"a", "b", "c"};
static const char *const key_names[] = {"k", "l", "m", "n", "o", "p", "q", "r", "s", "t"};

static _Atomic bool enough;

struct client {
    unsigned seed;
    int bad; /* the first answer that no client can be given */
};

static bool is_answer(int rc)
{
    return rc == 0 || actor_is_condition(rc) || rc == BUCKET_E_NOT_FOUND || rc == BUCKET_E_EXISTS ||
           rc == BUCKET_E_NOT_EMPTY;
}

static const struct key *some_key(struct client *client, struct key *key)
{
    const char *name = key_names[(size_t)rand_r(&client->seed) % (sizeof(key_names) / sizeof(*key_names))];

    *key = (struct key){name, strlen(name)};
    return key;
}

static bool remember_key(void *context, uint64_t position, const struct key *key, struct value *value,
                         const struct attributes *attributes)
{
    struct inode **last = context;

    (void)position;
    (void)key;
    (void)attributes;
    if (!*last) {
        inode_remember(value_inode(value));
        *last = inode_ref(value_inode(value));
    }
    return true;
}

static int list_and_forget(struct bucket *bucket)
{
    struct inode *inode = NULL;
    int rc = bucket_list(bucket, 0, remember_key, NULL, &inode);

    if (inode)
        inode_forget(inode, 1);
    inode_unref(inode);
    return rc;
}

/* Writes to a value that may have lost its name or its bucket. */
static int work_with_value(struct client *client, struct bucket *bucket)
{
    struct attributes attributes;
    struct value *value;
    struct found found;
    struct key key;
    char buffer[16];
    size_t length;
    int rc = bucket_lookup(bucket, some_key(client, &key), BUCKET_REMEMBER, &found, &attributes);

    if (rc != 0)
        return rc;
    value = found.value;
    if (rand_r(&client->seed) % 3 == 0)
        (void)bucket_delete(bucket, &key);
    rc = value_write(value, (uint64_t)rand_r(&client->seed) % 70000, "written", 7);
    if (rc == 0)
        rc = value_read(value, 0, buffer, sizeof(buffer), &length);
    inode_forget(value_inode(value), 1);
    value_unref(value);
    return rc;
}

static int add_and_forget(struct client *client, struct bucket *bucket)
{
    struct attributes attributes;
    struct value *value;
    struct key key;
    int rc = bucket_add(bucket, some_key(client, &key), &buckets_file, BUCKET_REMEMBER, &value, &attributes);

    if (rc == 0) {
        inode_forget(value_inode(value), 1);
        value_unref(value);
    }
    return rc;
}

static int work_with_bucket(struct client *client, struct bucket *bucket)
{
    struct bucket_stats stats;
    struct key other;
    struct key key;
    char buffer[16];
    size_t length;

    switch (rand_r(&client->seed) % 40) {
    case 0:
        return bucket_stop(bucket);
    case 1:
        return bucket_kill(bucket);
    case 2:
    case 3:
        return bucket_stop_if_empty(bucket);
    case 4:
    case 5:
        return list_and_forget(bucket);
    case 6:
        return bucket_get_stats(bucket, &stats);
    default:
        break;
    }
    switch (rand_r(&client->seed) % 6) {
    case 0:
        return bucket_get(bucket, some_key(client, &key), buffer, sizeof(buffer), &length);
    case 1:
        return bucket_delete(bucket, some_key(client, &key));
    case 2:
        return bucket_rename(bucket, some_key(client, &key), some_key(client, &other), false);
    case 3:
        return work_with_value(client, bucket);
    case 4:
        return add_and_forget(client, bucket);
    default:
        return bucket_put(bucket, some_key(client, &key), "value", 5);
    }
}

/* With a reference; NULL if another thread was faster. */
static struct bucket *some_bucket(struct client *client)
{
    const char *name =
        bucket_names[(size_t)rand_r(&client->seed) % (sizeof(bucket_names) / sizeof(*bucket_names))];
    struct actor *actor;

    if (registry_lookup(buckets_registry(), NAME(name), &actor) == 0)
        return bucket_of_actor(actor);
    if (registry_create(registry_actor(buckets_registry()), NAME(name), NULL, &actor) == 0)
        return bucket_of_actor(actor);
    return NULL;
}

static int run_client(void *arg)
{
    struct client *client = arg;
    int worked = 0;

    while (!atomic_load(&enough)) {
        struct bucket *bucket = some_bucket(client);

        if (!bucket)
            continue;
        for (int i = 0; i < 5; i++) {
            int rc = work_with_bucket(client, bucket);

            if (!is_answer(rc) && !client->bad)
                client->bad = rc;
            worked++;
        }
        actor_unref(bucket_actor(bucket));
    }
    return worked;
}

BUCKET_TEST(stress, leaves_nothing_behind)
{
    struct client clients[THREADS] = {{0}};
    struct helper *helpers[THREADS];
    struct timespec while_they_work = clock_to_timespec(RUN_NS);

    for (int i = 0; i < THREADS; i++) {
        clients[i].seed = (unsigned)i + 1;
        helpers[i] = helper_start(run_client, &clients[i]);
    }
    nanosleep(&while_they_work, NULL);
    atomic_store(&enough, true);
    for (int i = 0; i < THREADS; i++) {
        cr_expect_gt(helper_join(helpers[i]), 0);
        cr_expect_eq(clients[i].bad, 0, "a client was answered %d", clients[i].bad);
    }
}
