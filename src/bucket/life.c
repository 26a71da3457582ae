/*
 * A bucket's start, and what becomes of what it held after its end. Where it
 * is meanwhile is in place.c.
 *
 * Its memory is held by references on its actor: the registry's, the
 * runtime's, one of each value that says whose it is, and one of its inode,
 * which the kernel may know for long after the end.
 */
#include "actor/link.h"
#include "base/clock.h"
#include "bucket/bucket_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void release(struct table_deferred *deferred)
{
    actor_unref(&table_entry(deferred, struct bucket, deferred)->actor);
}

void bucket_let_go_of_inode(struct inode *inode)
{
    struct bucket *bucket = bucket_of_inode(inode);

    inode_leave(bucket->environment->index, inode);
    if (atomic_exchange(&bucket->counted, false))
        limit_give(&bucket->environment->inodes, 1);
    table_defer(&bucket->deferred, release);
}

static struct bucket *create(struct bucket_environment *environment, struct actor *supervisor,
                             const struct key *name, const struct change_attributes *attributes)
{
    struct bucket *bucket = calloc(1, sizeof(*bucket));
    struct place *place = place_create(supervisor, name);

    if (!bucket || !place) {
        free(bucket);
        place_destroy(place);
        return NULL;
    }
    bucket->environment = environment;
    atomic_fetch_add(&environment->buckets, 1);
    atomic_init(&bucket->place, place);
    bucket->mode = attributes->mode;
    bucket->uid = attributes->uid;
    bucket->gid = attributes->gid;
    bucket->bytes_held.max = attributes->max_bytes;
    bucket->max_keys = attributes->max_keys;
    bucket->changed = clock_wall_ns();
    bucket->atime = bucket->mtime = bucket->ctime = bucket->changed;
    sequence_init(&bucket->order, 1);
    lock_init(&bucket->nameless_lock);
    CDS_INIT_LIST_HEAD(&bucket->nameless);
    CDS_INIT_LIST_HEAD(&bucket->link);
    return bucket;
}

/* In the count of inodes one that is started again has the place of the one before it, so that no limit prevents it. */
static bool take_inode(struct bucket_environment *environment, struct bucket *predecessor)
{
    if (predecessor && atomic_exchange(&predecessor->counted, false))
        return true;
    return limit_take(&environment->inodes, 1);
}

/* Started, with one reference; nobody knows it yet. */
static int start(struct bucket_environment *environment, struct actor *supervisor, const struct key *name,
                 const struct change_attributes *attributes, struct bucket *predecessor, struct bucket **ret_bucket)
{
    struct bucket *bucket;
    struct reason reason;

    if (!take_inode(environment, predecessor))
        return BUCKET_E_FULL;
    bucket = create(environment, supervisor, name, attributes);
    if (!bucket) {
        limit_give(&environment->inodes, 1);
        return -ENOMEM;
    }
    atomic_init(&bucket->counted, true);
    /* The inode's own reference ends in bucket_dispose(), so it is there before anybody can end the bucket. */
    inode_init(&bucket->inode, environment->index, INODE_BUCKET);
    (void)actor_start(&bucket->actor, &bucket_class, environment->runtime, NULL, &reason);
    actor_ref(&bucket->actor);
    *ret_bucket = bucket;
    return 0;
}

int bucket_start(struct bucket_environment *environment, struct actor *supervisor, const struct key *name,
                 const struct change_attributes *attributes, struct bucket **ret_bucket)
{
    int rc = start(environment, supervisor, name, attributes, NULL, ret_bucket);

    if (rc == 0 && supervisor)
        actor_follow(&(*ret_bucket)->actor, &(*ret_bucket)->fate, supervisor);
    return rc;
}

/* It follows last: a supervisor that has ended ends it at once, and that is told. */
int bucket_start_in_place(struct bucket_environment *environment, struct actor *supervisor, const struct key *name,
                          const struct change_attributes *attributes, struct xattrs *xattrs,
                          struct bucket *predecessor, struct bucket **ret_bucket)
{
    struct bucket *bucket;
    int rc = start(environment, supervisor, name, attributes, predecessor, &bucket);

    if (rc != 0) {
        xattrs_destroy(xattrs);
        return rc;
    }
    bucket->xattrs = xattrs;
    bucket->restarts = predecessor ? predecessor->restarts + 1 : 0;
    if (environment->on_start)
        environment->on_start(environment->context, bucket, predecessor);
    actor_follow(&bucket->actor, &bucket->fate, supervisor);
    *ret_bucket = bucket;
    return 0;
}

/* A bucket goes with the last of what it held, after that one's grace period, and whatever it was in at once with it. */
void bucket_environment_drain(struct bucket_environment *environment)
{
    uint64_t before;

    do {
        before = atomic_load(&environment->buckets);
        table_barrier();
    } while (atomic_load(&environment->buckets) < before);
}

struct actor *bucket_actor(struct bucket *bucket)
{
    return &bucket->actor;
}

struct bucket *bucket_of_actor(struct actor *actor)
{
    return table_entry(actor, struct bucket, actor);
}

struct inode *bucket_inode(struct bucket *bucket)
{
    return &bucket->inode;
}

struct metadata bucket_metadata(struct bucket *bucket)
{
    return (struct metadata){&bucket->mode,  &bucket->uid,   &bucket->gid,   &bucket->atime,
                             &bucket->mtime, &bucket->ctime, &bucket->xattrs};
}

struct bucket *bucket_of_inode(struct inode *inode)
{
    assert(inode_kind(inode) == INODE_BUCKET);
    return table_entry(inode, struct bucket, inode);
}

uint32_t bucket_restarts(const struct bucket *bucket)
{
    return bucket->restarts;
}

struct cds_list_head *bucket_link(struct bucket *bucket)
{
    return &bucket->link;
}

struct bucket *bucket_of_link(struct cds_list_head *link)
{
    return cds_list_entry(link, struct bucket, link);
}

void bucket_hold(struct bucket *bucket)
{
    atomic_fetch_add(&bucket->holders, 1);
}

uint32_t bucket_let_go(struct bucket *bucket)
{
    return atomic_fetch_sub(&bucket->holders, 1) - 1;
}

uint32_t bucket_holders(const struct bucket *bucket)
{
    return atomic_load((_Atomic uint32_t *)&bucket->holders);
}

bool bucket_take_news(struct bucket *bucket)
{
    return !atomic_exchange(&bucket->told, true);
}

bool bucket_was_removed(const struct bucket *bucket)
{
    return bucket->removed && bucket->actor.reason.code == REASON_NORMAL;
}

bool bucket_has_successor(const struct bucket *bucket)
{
    return !atomic_load(&((struct bucket *)bucket)->counted);
}

static void visit_named(struct bucket *bucket, bucket_remains_visit *visit, void *context)
{
    uint64_t position = 0;
    size_t cursor = 0;
    const struct entry *entry;

    while ((entry = keys_next(bucket, &position, &cursor))) {
        const struct key key = entry_key(entry);

        visit(context, &key, entry->value);
    }
}

/* The next nameless value, with a reference, put aside so that it isn't found again. */
static struct value *next_nameless(struct bucket *bucket, struct cds_list_head *seen)
{
    struct value *found = NULL;

    lock_acquire(&bucket->nameless_lock);
    while (!found && !cds_list_empty(&bucket->nameless)) {
        struct nameless *nameless = cds_list_first_entry(&bucket->nameless, struct nameless, link);

        cds_list_move(&nameless->link, seen);
        if (refcount_try_add(&nameless->value->inode.refs, 1))
            found = nameless->value;
    }
    lock_release(&bucket->nameless_lock);
    return found;
}

void bucket_visit_remains(struct bucket *bucket, bucket_remains_visit *visit, void *context)
{
    CDS_LIST_HEAD(seen);
    struct value *value;

    visit_named(bucket, visit, context);
    while ((value = next_nameless(bucket, &seen))) {
        visit(context, NULL, value);
        inode_unref(&value->inode);
    }
    lock_acquire(&bucket->nameless_lock);
    cds_list_splice(&seen, &bucket->nameless);
    lock_release(&bucket->nameless_lock);
}

bool bucket_has_remains(const struct bucket *bucket)
{
    struct bucket *ended = (struct bucket *)bucket;
    bool has_nameless;

    lock_acquire(&ended->nameless_lock);
    has_nameless = !cds_list_empty(&ended->nameless);
    lock_release(&ended->nameless_lock);
    return has_nameless || bucket->order.count > 0 || bucket->children;
}

void bucket_dispose(struct bucket *bucket)
{
    keys_dispose(bucket);
    if (bucket->children) {
        children_deinit(bucket->children);
        free(bucket->children);
        bucket->children = NULL;
    }
    inode_unref(&bucket->inode);
}
