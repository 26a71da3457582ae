#include "lib/buckets.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX (1 << 20)
#define STORY_MAX 4096
#define NUMBERS_MAX (1 << 22)

struct test_store {
    struct store store;
    struct lock lock;
    int good; /* guarded by lock, as all below: how many it still keeps */
    int refusal;
    int kept;
    struct change last;
    char name[NAME_MAX];
    char to_name[NAME_MAX];
    char bytes[64];
};

const struct change_attributes buckets_file = {.mode = S_IFREG | 0644, .uid = 1000, .gid = 1001};

static struct bucket_environment environment;
static struct inode_index inode_index;
static struct registry *registry;
static struct bucket **started;
static int started_count;
static void (*test_body)(void);

static struct lock ends_lock;
static struct condition ends_changed;
static struct cds_list_head kept_ends; /* guarded by ends_lock, as all below */
static bool keep_ends;
static int ends;
static char story[STORY_MAX];
static _Atomic int starts;
static _Atomic unsigned char *told; /* by a bucket's number: what was told of it */
enum { NOTHING, STARTED, ENDED };

/* ---- the store ---- */

static struct test_store *test_store(void)
{
    return (struct test_store *)environment.store;
}

static void copy_part(char *to, size_t size, const void *from, size_t length)
{
    if (from)
        memcpy(to, from, length < size ? length : size);
}

static void remember_change(struct test_store *store, const struct change *change)
{
    store->last = *change;
    copy_part(store->name, sizeof(store->name), change->name, change->name_length);
    copy_part(store->to_name, sizeof(store->to_name), change->to_name, change->to_name_length);
    copy_part(store->bytes, sizeof(store->bytes), change->bytes, change->length);
    store->last.name = store->name;
    store->last.to_name = store->to_name;
    store->last.bytes = store->bytes;
}

static int keep_or_refuse(struct store *base, const struct change *change)
{
    struct test_store *store = (struct test_store *)base;
    int rc = 0;

    lock_acquire(&store->lock);
    remember_change(store, change);
    if (store->refusal && store->good-- <= 0)
        rc = store->refusal;
    else
        store->kept++;
    lock_release(&store->lock);
    return rc;
}

static void destroy_store(struct store *base)
{
    lock_deinit(&((struct test_store *)base)->lock);
    free(base);
}

static const struct store_engine test_engine = {"test", keep_or_refuse, destroy_store};

static struct store *create_store(void)
{
    struct test_store *store = calloc(1, sizeof(*store));

    cr_assert(store);
    lock_init(&store->lock);
    store->store.engine = &test_engine;
    return &store->store;
}

void store_refuse(int good, int rc)
{
    lock_acquire(&test_store()->lock);
    test_store()->good = good;
    test_store()->refusal = rc;
    lock_release(&test_store()->lock);
}

int store_kept(void)
{
    int kept;

    lock_acquire(&test_store()->lock);
    kept = test_store()->kept;
    lock_release(&test_store()->lock);
    return kept;
}

const struct change *store_last(void)
{
    return &test_store()->last;
}

/* ---- starts and ends ---- */

/* Its start comes first, and each comes once. */
static void note_told(struct bucket *bucket, unsigned char what)
{
    uint64_t number = bucket_inode(bucket)->number;

    must(number < NUMBERS_MAX);
    must(atomic_exchange(&told[number], what) == what - 1);
}

/* [ends_lock] */
static void tell(struct bucket *bucket, const char *what, const char *how)
{
    size_t used = strlen(story);
    char path[256];

    bucket_path(bucket, path, sizeof(path));
    snprintf(story + used, STORY_MAX - used, "%s%s %s%s", used > 0 ? ", " : "", what, path, how);
}

static void on_start(void *context, struct bucket *bucket, struct bucket *predecessor)
{
    char how[32] = "";

    (void)context;
    must(bucket_restarts(bucket) == (predecessor ? bucket_restarts(predecessor) + 1 : 0));
    note_told(bucket, STARTED);
    atomic_fetch_add(&starts, 1);
    if (predecessor)
        snprintf(how, sizeof(how), " again %u", bucket_restarts(bucket));
    lock_acquire(&ends_lock);
    tell(bucket, "start", how);
    lock_release(&ends_lock);
}

static void tell_end(struct bucket *bucket)
{
    char words[64] = " ";

    reason_format(actor_reason(bucket_actor(bucket)), words + 1, sizeof(words) - 1);
    tell(bucket, "end", words);
}

static void on_end(void *context, struct bucket *bucket)
{
    bool keep;

    (void)context;
    note_told(bucket, ENDED);
    lock_acquire(&ends_lock);
    tell_end(bucket);
    keep = keep_ends;
    if (keep)
        cds_list_add_tail(bucket_link(bucket), &kept_ends);
    lock_release(&ends_lock);
    if (!keep)
        bucket_dispose(bucket);

    lock_acquire(&ends_lock);
    ends++;
    condition_broadcast(&ends_changed);
    lock_release(&ends_lock);
}

static void on_move(void *context, struct bucket *bucket, const struct bucket *parent, const struct key *name,
                    struct bucket *replaced)
{
    size_t used;
    char from[256] = "";
    char how[512];

    (void)context;
    must(!replaced || actor_reason(bucket_actor(replaced)));
    if (parent)
        bucket_path(parent, from, sizeof(from));
    used = (size_t)snprintf(how, sizeof(how), " from %s%s", from, parent ? "/" : "");
    memcpy(how + used, name->name, name->length);
    how[used + name->length] = '\0';
    lock_acquire(&ends_lock);
    tell(bucket, "move", how);
    lock_release(&ends_lock);
}

const char *buckets_story(void)
{
    static char snapshot[STORY_MAX];

    lock_acquire(&ends_lock);
    memcpy(snapshot, story, STORY_MAX);
    lock_release(&ends_lock);
    return snapshot;
}

void buckets_keep_ended(void)
{
    lock_acquire(&ends_lock);
    keep_ends = true;
    lock_release(&ends_lock);
}

int buckets_ended(void)
{
    int count;

    lock_acquire(&ends_lock);
    count = ends;
    lock_release(&ends_lock);
    return count;
}

bool buckets_await_ended(int count)
{
    int64_t deadline = clock_monotonic_ns() + ACTORS_PATIENCE_MS * CLOCK_NS_PER_MS;
    bool in_time = true;
    bool reached;

    lock_acquire(&ends_lock);
    while (!(reached = ends >= count) && in_time)
        in_time = condition_wait_until(&ends_changed, &ends_lock, deadline);
    lock_release(&ends_lock);
    return reached;
}

struct bucket *buckets_take_ended(void)
{
    struct bucket *bucket = NULL;

    lock_acquire(&ends_lock);
    if (!cds_list_empty(&kept_ends)) {
        struct cds_list_head *link = kept_ends.next;

        cds_list_del(link);
        bucket = bucket_of_link(link);
    }
    lock_release(&ends_lock);
    return bucket;
}

/* ---- the fixture ---- */

static void setup(void)
{
    lock_init(&ends_lock);
    condition_init(&ends_changed);
    CDS_INIT_LIST_HEAD(&kept_ends);
    told = calloc(NUMBERS_MAX, sizeof(*told));
    cr_assert(told);
    cr_assert_eq(inode_index_init(&inode_index), 0);
    environment = (struct bucket_environment){
        .runtime = actors_runtime(), .index = &inode_index, .store = create_store(), .on_start = on_start,
        .on_end = on_end, .on_move = on_move};
    lock_init(&environment.moving);
    cr_assert_eq(registry_start(actors_runtime(), &bucket_children_ops, &environment, &registry), 0);
}

static void end_buckets(void)
{
    struct bucket *bucket;

    (void)actor_stop(registry_actor(registry), REASON(SHUTDOWN), ACTORS_PATIENCE_MS);
    for (int i = 0; i < started_count; i++) {
        (void)actor_kill(bucket_actor(started[i]));
        actor_unref(bucket_actor(started[i]));
    }
    free(started);
    cr_expect(buckets_await_ended(atomic_load(&starts)), "a bucket's end was not told");
    while ((bucket = buckets_take_ended()))
        bucket_dispose(bucket);
}

static void with_buckets(void)
{
    setup();
    test_body();
    end_buckets();
}

void buckets_run(void (*body)(void), bool direct)
{
    test_body = body;
    actors_run(with_buckets, direct);
    bucket_environment_drain(&environment);
    registry_unref(registry);
    cr_expect_eq(ends, atomic_load(&starts), "ends were told more than once");
    free((void *)told);
    cr_assert_eq(inodes(), 0, "inodes are left over");
    cr_assert_eq(limit_used(&environment.pages), 0, "pages are still counted");
    cr_assert_eq(limit_used(&environment.inodes), 0, "inodes are still counted");
    inode_index_deinit(&inode_index);
    store_destroy(environment.store);
    lock_deinit(&environment.moving);
    condition_deinit(&ends_changed);
    lock_deinit(&ends_lock);
}

bool buckets_called_directly(void)
{
    return actors_runtime()->direct;
}

struct bucket_environment *buckets_environment(void)
{
    return &environment;
}

struct registry *buckets_registry(void)
{
    return registry;
}

static const struct change_attributes directory = {.mode = S_IFDIR | 0755, .uid = 1000, .gid = 1001};

/* Takes the reference. */
static struct bucket *keep_until_the_end(struct bucket *bucket)
{
    started = reallocarray(started, (size_t)started_count + 1, sizeof(struct bucket *));
    cr_assert(started);
    started[started_count++] = bucket;
    return bucket;
}

struct bucket *bucket_new(const char *name)
{
    struct bucket *bucket;

    cr_assert_eq(bucket_start(&environment, NULL, KEY(name), &directory, &bucket), 0);
    note_told(bucket, STARTED);
    atomic_fetch_add(&starts, 1);
    return keep_until_the_end(bucket);
}

struct actor *buckets_parent(struct bucket *parent)
{
    return parent ? bucket_actor(parent) : registry_actor(registry);
}

struct bucket *bucket_in(struct bucket *parent, const char *name)
{
    struct change_attributes attributes = directory;
    struct actor *actor;

    cr_assert_eq(registry_create(buckets_parent(parent), NAME(name), &attributes, &actor), 0);
    return keep_until_the_end(bucket_of_actor(actor));
}

struct bucket *bucket_called(struct bucket *parent, const char *name)
{
    struct actor *actor;
    int rc = registry_find(buckets_parent(parent), NAME(name), &actor);

    if (rc != 0) {
        cr_assert_eq(rc, REGISTRY_E_NOT_FOUND);
        return NULL;
    }
    actor_unref(actor);
    return bucket_of_actor(actor);
}

int bucket_stop(struct bucket *bucket)
{
    return actor_stop(bucket_actor(bucket), REASON(NORMAL), ACTORS_PATIENCE_MS);
}

int bucket_stop_tree(struct bucket *bucket)
{
    return registry_stop_tree(bucket_actor(bucket), REASON(NORMAL));
}

int bucket_kill(struct bucket *bucket)
{
    return actor_kill(bucket_actor(bucket));
}

/* ---- shorthand ---- */

void put(struct bucket *bucket, const char *name, const char *text)
{
    cr_assert_eq(bucket_put(bucket, KEY(name), text, strlen(text)), 0);
}

const char *get(struct bucket *bucket, const char *name)
{
    static char text[TEXT_MAX];
    size_t length = 0;
    int rc = bucket_get(bucket, KEY(name), text, sizeof(text) - 1, &length);

    if (rc == BUCKET_E_NOT_FOUND)
        return NULL;
    cr_assert_eq(rc, 0);
    text[length] = '\0';
    return text;
}

struct value *find_value(struct bucket *bucket, const char *name, enum bucket_remember remember)
{
    struct attributes attributes;
    struct found found;

    cr_assert_eq(bucket_lookup(bucket, KEY(name), remember, &found, &attributes), 0);
    cr_assert_eq(attributes.ino, value_inode(found.value)->number);
    return found.value;
}

struct value *add_value(struct bucket *bucket, const char *name, enum bucket_remember remember)
{
    struct attributes attributes;
    struct value *value;

    cr_assert_eq(bucket_add(bucket, KEY(name), &buckets_file, remember, &value, &attributes), 0);
    cr_assert_eq(attributes.ino, value_inode(value)->number);
    return value;
}

void value_unref(struct value *value)
{
    inode_unref(value_inode(value));
}

struct attributes attributes_of(struct value *value)
{
    struct attributes attributes;

    cr_assert_eq(value_get_attributes(value, &attributes), 0);
    return attributes;
}

struct attributes attributes_of_bucket(struct bucket *bucket)
{
    struct attributes attributes;

    cr_assert_eq(bucket_get_attributes(bucket, &attributes), 0);
    return attributes;
}

bool same_attributes(const struct attributes *a, const struct attributes *b)
{
    return a->ino == b->ino && a->mode == b->mode && a->nlink == b->nlink && a->uid == b->uid &&
           a->gid == b->gid && a->rdev == b->rdev && a->size == b->size && a->allocated == b->allocated &&
           a->atime == b->atime && a->mtime == b->mtime && a->ctime == b->ctime;
}

struct bucket_stats stats_of(struct bucket *bucket)
{
    struct bucket_stats stats;

    cr_assert_eq(bucket_get_stats(bucket, &stats), 0);
    return stats;
}

uint64_t inodes(void)
{
    return atomic_load(&inode_index.count);
}
