/*
 * Many threads work with few buckets of the same names and end them, and with
 * a tree of them. Nothing may be left at the end, which the fixture sees, and
 * every answer must be one that a client can be given.
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
           rc == BUCKET_E_NOT_EMPTY || rc == BUCKET_E_IS_BUCKET || rc == BUCKET_E_CANT_MOVE ||
           rc == REGISTRY_E_NOT_FOUND;
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

static bool pass_bucket(void *context, uint64_t position, const struct child_name *name, struct actor *child)
{
    (void)context;
    (void)position;
    (void)name;
    (void)child;
    return true;
}

static int list_and_forget(struct bucket *bucket)
{
    struct inode *inode = NULL;
    int rc = bucket_list(bucket, 0, remember_key, pass_bucket, &inode);

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
    rc = value_write(value, (uint64_t)rand_r(&client->seed) % 70000, "written", 7, 0);
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

static const char *some_bucket_name(struct client *client)
{
    return bucket_names[(size_t)rand_r(&client->seed) % (sizeof(bucket_names) / sizeof(*bucket_names))];
}

/* With a reference; NULL if another thread was faster. */
static struct bucket *some_bucket(struct client *client)
{
    const char *name = some_bucket_name(client);
    struct actor *actor;

    if (registry_lookup(buckets_registry(), NAME(name), &actor) == 0)
        return bucket_of_actor(actor);
    if (registry_create(registry_actor(buckets_registry()), NAME(name), NULL, &actor) == 0)
        return bucket_of_actor(actor);
    return NULL;
}

typedef int work(struct client *client, struct bucket *bucket);

static int work_with(struct client *client, struct bucket *(*some)(struct client *client), work *work)
{
    int worked = 0;

    while (!atomic_load(&enough)) {
        struct bucket *bucket = some(client);

        if (!bucket)
            continue;
        for (int i = 0; i < 5; i++) {
            int rc = work(client, bucket);

            if (!is_answer(rc) && !client->bad)
                client->bad = rc;
            worked++;
        }
        actor_unref(bucket_actor(bucket));
    }
    return worked;
}

static int run_client(void *client)
{
    return work_with(client, some_bucket, work_with_bucket);
}

static void let_them_work(int (*run)(void *client))
{
    struct client clients[THREADS] = {{0}};
    struct helper *helpers[THREADS];
    struct timespec while_they_work = clock_to_timespec(RUN_NS);

    for (int i = 0; i < THREADS; i++) {
        clients[i].seed = (unsigned)i + 1;
        helpers[i] = helper_start(run, &clients[i]);
    }
    nanosleep(&while_they_work, NULL);
    atomic_store(&enough, true);
    for (int i = 0; i < THREADS; i++) {
        cr_expect_gt(helper_join(helpers[i]), 0);
        cr_expect_eq(clients[i].bad, 0, "a client was answered %d", clients[i].bad);
    }
}

BUCKET_TEST(stress, leaves_nothing_behind)
{
    let_them_work(run_client);
}

/* ---- a tree ---- */

/* As a path is walked: down by the same few names, made where they are missing, ended at any depth. */
static struct bucket *some_bucket_below(struct client *client)
{
    struct bucket *bucket = some_bucket(client);

    for (int depth = rand_r(&client->seed) % 4; bucket && depth > 0; depth--) {
        const char *name = some_bucket_name(client);
        struct actor *below = NULL;

        if (registry_find(bucket_actor(bucket), NAME(name), &below) != 0)
            (void)registry_create(bucket_actor(bucket), NAME(name), NULL, &below);
        actor_unref(bucket_actor(bucket));
        bucket = below ? bucket_of_actor(below) : NULL;
    }
    return bucket;
}

static bool look_at_bucket(void *context, uint64_t position, const struct child_name *name, struct actor *child)
{
    const struct key *key = bucket_name(bucket_of_actor(child));

    must(position > *(uint64_t *)context);
    must(key->length == name->length && memcmp(key->name, name->name, key->length) == 0);
    *(uint64_t *)context = position;
    return true;
}

static bool look_at_key(void *context, uint64_t position, const struct key *key, struct value *value,
                        const struct attributes *attributes)
{
    (void)key;
    must(position > *(uint64_t *)context);
    must(attributes->ino == value_inode(value)->number);
    *(uint64_t *)context = position;
    return true;
}

static int look_up(struct client *client, struct bucket *bucket)
{
    const char *name = some_bucket_name(client);
    struct attributes attributes;
    struct found found;
    int rc = bucket_lookup(bucket, KEY(name), BUCKET_QUIETLY, &found, &attributes);

    if (rc != 0)
        return rc;
    if (found.bucket) {
        rc = bucket_get_attributes(found.bucket, &attributes);
        actor_unref(bucket_actor(found.bucket));
    } else {
        value_unref(found.value);
    }
    return rc;
}

static int set_some_policy(struct client *client, struct bucket *bucket)
{
    const struct key *key = bucket_name(bucket);
    const struct child_name name = {key->name, key->length};
    enum restart_policy policy = (enum restart_policy)(rand_r(&client->seed) % 3);

    return registry_set_policy(bucket_supervisor(bucket), &name, bucket_actor(bucket), policy);
}

static int set_some_mode(struct client *client, struct bucket *bucket)
{
    const struct change_attributes to = {.mode = (mode_t)rand_r(&client->seed) & 0777};
    struct attributes attributes;

    return bucket_set_attributes(bucket, CHANGE_SET_MODE, &to, &attributes);
}

static int work_with_tree(struct client *client, struct bucket *bucket)
{
    uint64_t position = 0;
    char path[16];

    switch (rand_r(&client->seed) % 24) {
    case 0:
        return registry_stop_tree(bucket_actor(bucket), REASON(SHUTDOWN));
    case 1:
        return bucket_stop(bucket);
    case 2:
        return bucket_kill(bucket);
    case 3:
    case 4:
        return registry_remove(bucket_supervisor(bucket), NAME(some_bucket_name(client)));
    case 5:
    case 6:
        return bucket_list(bucket, 0, look_at_key, look_at_bucket, &position);
    case 7:
    case 8:
    case 9:
        return set_some_policy(client, bucket);
    case 10:
        return set_some_mode(client, bucket);
    case 11:
    case 12:
    case 13:
    case 14:
        return look_up(client, bucket);
    case 15:
        /* A key in the way of a bucket. */
        return bucket_put(bucket, KEY(some_bucket_name(client)), "value", 5);
    case 16:
        return bucket_delete(bucket, KEY(some_bucket_name(client)));
    case 17:
        bucket_path(bucket, path, sizeof(path));
        return 0;
    default:
        return work_with_bucket(client, bucket);
    }
}

static int run_client_in_tree(void *client)
{
    return work_with(client, some_bucket_below, work_with_tree);
}

BUCKET_TEST(stress, a_tree_leaves_nothing_behind)
{
    let_them_work(run_client_in_tree);
}
