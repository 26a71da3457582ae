/*
 * Many threads move values and buckets among a few buckets, in all directions
 * and into each other, while others create, stop, kill, list and write. What
 * was there at first is there at the end, once.
 */
#include "base/clock.h"
#include "lib/buckets.h"

#include <stdio.h>
#include <stdlib.h>

#define HOMES 3  /* stay in the root */
#define ROVERS 4 /* buckets that are moved, also into each other */
#define VALUES 8
#define SECONDS 2

static struct bucket *homes[HOMES];
static struct bucket *rovers[ROVERS];
static struct value *values[VALUES];
static char names[VALUES + ROVERS][16];
static int64_t until;
static _Atomic int moved, exchanged, refused;

struct client {
    unsigned seed;
};

static unsigned any(struct client *client, unsigned limit)
{
    return (unsigned)rand_r(&client->seed) % limit;
}

static bool go_on(void)
{
    return clock_monotonic_ns() < until;
}

/* A place to be moved to: the root, a home or a rover. */
static struct bucket *some_place(struct client *client)
{
    unsigned which = any(client, HOMES + ROVERS + 1);

    if (which < HOMES)
        return homes[which];
    return which < HOMES + ROVERS ? rovers[which - HOMES] : NULL;
}

static int move(struct bucket *from, const char *name, struct bucket *to, const char *to_name, unsigned flags)
{
    const struct bucket_end ends[2] = {{buckets_parent(from), KEY(name)}, {buckets_parent(to), KEY(to_name)}};
    struct bucket_moved done;
    int rc = bucket_move(buckets_environment(), &ends[0], &ends[1], flags, &done);

    if (done.there)
        actor_unref(bucket_actor(done.there));
    if (done.back)
        actor_unref(bucket_actor(done.back));
    if (rc == 0)
        atomic_fetch_add(flags & BUCKET_MOVE_EXCHANGE ? &exchanged : &moved, 1);
    else
        atomic_fetch_add(&refused, 1);
    return rc;
}

static bool is_refusal(int rc)
{
    return rc == BUCKET_E_NOT_FOUND || rc == BUCKET_E_EXISTS || rc == BUCKET_E_BELOW_ITSELF ||
           rc == BUCKET_E_NOT_IN_ROOT || rc == BUCKET_E_NOT_EMPTY;
}

static const char *some_name(struct client *client)
{
    return names[any(client, VALUES + ROVERS)];
}

/* Nothing is replaced, so nothing may be lost. */
static int mover(void *arg)
{
    struct client *client = arg;

    while (go_on()) {
        struct bucket *from = some_place(client);
        struct bucket *to = some_place(client);
        const char *name = some_name(client);
        bool exchange = any(client, 4) == 0;
        int rc = move(from, name, to, exchange ? some_name(client) : name,
                      exchange ? BUCKET_MOVE_EXCHANGE : BUCKET_MOVE_KEEP_TARGET);

        must(rc == 0 || is_refusal(rc));
    }
    return 0;
}

static struct bucket *make_stranger(struct bucket *parent, const char *name)
{
    struct change_attributes attributes = {.mode = S_IFDIR | 0755};
    struct actor *actor;
    int rc = registry_create(buckets_parent(parent), NAME(name), &attributes, &actor);

    must(rc == 0 || rc == REGISTRY_E_EXISTS);
    return rc == 0 ? bucket_of_actor(actor) : NULL;
}

static void end_stranger(struct client *client, struct bucket *stranger)
{
    if (any(client, 2) == 0)
        (void)bucket_kill(stranger);
    else
        (void)bucket_stop_tree(stranger);
    must(!actor_alive(bucket_actor(stranger)));
}

/* Buckets that come, are moved by whoever likes to, and end. */
static int maker(void *arg)
{
    struct client *client = arg;
    char name[16];

    snprintf(name, sizeof(name), "x%u", client->seed % 2);
    while (go_on()) {
        struct bucket *parent = some_place(client);
        struct bucket *stranger = make_stranger(parent, name);

        if (!stranger)
            continue;
        if (any(client, 3) == 0)
            (void)bucket_set_policy(stranger, RESTART_TRANSIENT);
        (void)bucket_put(stranger, KEY("key"), "1", 1);
        end_stranger(client, stranger);
        actor_unref(bucket_actor(stranger));
    }
    return 0;
}

static int stranger_mover(void *arg)
{
    struct client *client = arg;

    while (go_on()) {
        const char *name = any(client, 2) ? "x0" : "x1";

        (void)move(some_place(client), name, some_place(client), any(client, 2) ? "x0" : "x1", 0);
    }
    return 0;
}

static bool see_key(void *context, uint64_t position, const struct key *key, struct value *value,
                    const struct attributes *attributes)
{
    uint64_t *last = context;

    (void)key;
    (void)value;
    (void)attributes;
    must(position > *last);
    *last = position;
    return true;
}

static bool see_bucket(void *context, uint64_t position, const struct child_name *name, struct actor *child)
{
    uint64_t *last = context;

    (void)name;
    (void)child;
    must(position > *last);
    *last = position;
    return true;
}

static void look_around(struct client *client)
{
    struct bucket *bucket = rovers[any(client, ROVERS)];
    struct child_status status;
    struct bucket_place place;
    uint64_t last = 0;
    char path[256];

    must(bucket_list(bucket, 0, see_key, see_bucket, &last) == 0);
    must(bucket_get_status(bucket, &status) == 0);
    bucket_path(bucket, path, sizeof(path));
    must(strlen(path) > 0);
    bucket_get_place(bucket, &place);
    must(place.supervisor);
    bucket_place_release(&place);
}

/* The value is there whoever has it; what is written by nobody else stays. */
static int writer(void *arg)
{
    struct client *client = arg;
    char text = '0';
    char read;
    size_t length;

    while (go_on()) {
        struct value *value = values[client->seed % VALUES];

        text = text == '9' ? '0' : (char)(text + 1);
        must(value_write(value, 0, &text, 1, 0) == 0);
        must(value_read(value, 0, &read, 1, &length) == 0);
        must(length == 1 && read == text);
        look_around(&(struct client){client->seed + (unsigned)text});
    }
    return 0;
}

/* ---- what is left ---- */

static int found[VALUES + ROVERS];

static void note(const struct inode *inode)
{
    for (int i = 0; i < VALUES; i++)
        found[i] += value_inode(values[i]) == inode;
    for (int i = 0; i < ROVERS; i++)
        found[VALUES + i] += bucket_inode(rovers[i]) == inode;
}

static bool note_key(void *context, uint64_t position, const struct key *key, struct value *value,
                     const struct attributes *attributes)
{
    (void)context;
    (void)position;
    (void)key;
    must(attributes->nlink == 1);
    note(value_inode(value));
    return true;
}

static bool note_bucket(void *context, uint64_t position, const struct child_name *name, struct actor *child)
{
    (void)context;
    (void)position;
    (void)name;
    note(bucket_inode(bucket_of_actor(child)));
    return true;
}

static void note_all_in(struct bucket *bucket)
{
    struct bucket_stats stats = stats_of(bucket);

    cr_assert_eq(bucket_list(bucket, 0, note_key, note_bucket, NULL), 0);
    cr_assert_eq(stats.bytes, stats.keys);
}

static void expect_everything_once(void)
{
    for (int i = 0; i < HOMES; i++)
        note_all_in(homes[i]);
    for (int i = 0; i < ROVERS; i++)
        note_all_in(rovers[i]);
    cr_assert_eq(registry_list(registry_actor(buckets_registry()), 0, note_bucket, NULL), 0);
    for (int i = 0; i < VALUES + ROVERS; i++)
        cr_assert_eq(found[i], 1, "%s was found %d times", names[i], found[i]);
    for (int i = 0; i < VALUES; i++)
        value_unref(values[i]);
}

static void make_everything(void)
{
    char name[16];

    for (int i = 0; i < HOMES; i++) {
        snprintf(name, sizeof(name), "home%d", i);
        homes[i] = bucket_in(NULL, name);
    }
    for (int i = 0; i < VALUES; i++) {
        snprintf(names[i], sizeof(names[i]), "value%d", i);
        put(homes[i % HOMES], names[i], "0");
        values[i] = find_value(homes[i % HOMES], names[i], BUCKET_QUIETLY);
    }
    for (int i = 0; i < ROVERS; i++) {
        snprintf(names[VALUES + i], sizeof(names[i]), "rover%d", i);
        rovers[i] = bucket_in(NULL, names[VALUES + i]);
    }
}

BUCKET_TEST(move_load, loses_and_doubles_nothing)
{
    int (*const roles[])(void *) = {mover, mover, mover, maker, maker, stranger_mover, writer, writer};
    struct client clients[sizeof(roles) / sizeof(*roles)];
    struct helper *helpers[sizeof(roles) / sizeof(*roles)];

    make_everything();
    until = clock_monotonic_ns() + SECONDS * CLOCK_NS_PER_S;
    for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
        clients[i].seed = (unsigned)i + 1;
        helpers[i] = helper_start(roles[i], &clients[i]);
    }
    for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
        cr_assert_eq(helper_join(helpers[i]), 0);
    expect_everything_once();
    cr_assert(atomic_load(&moved) > 50 && atomic_load(&exchanged) > 10 && atomic_load(&refused) > 0,
              "only %d moves and %d exchanges", atomic_load(&moved), atomic_load(&exchanged));
}
