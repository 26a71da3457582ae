/*
 * liburcu orders its memory accesses with inline assembly, which
 * ThreadSanitizer can't see. The annotations below tell it the three orders
 * that RCU promises: what was written before an object was published is seen
 * by who finds it; what a reader did happens before the release of what it
 * might have seen; and what was done before a deferral happens before its
 * release.
 */
#include "base/table.h"

#include "base/annotate.h"
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define TABLE_BUCKETS_MIN 4
#define TABLE_GROW_MIN 64

static uint64_t hash_seed;
static pthread_once_t hash_seed_once = PTHREAD_ONCE_INIT;

#ifdef KVFS_TSAN
static char readers_left; /* what every reader did before it left */
#endif

/* The thread that runs what is deferred is made now: liburcu aborts if there is none to be had when it is wanted. */
int table_init(struct table *table)
{
    struct cds_lfht *lfht = cds_lfht_new_flavor(TABLE_BUCKETS_MIN, TABLE_BUCKETS_MIN, 0,
                                                CDS_LFHT_AUTO_RESIZE | CDS_LFHT_ACCOUNTING, &urcu_bp_flavor,
                                                NULL);

    if (!lfht)
        return -ENOMEM;
    (void)urcu_bp_get_default_call_rcu_data();
    table->lfht = lfht;
    atomic_init(&table->count, 0);
    return 0;
}

void table_deinit(struct table *table)
{
    int rc;

    if (!table->lfht)
        return;
    rc = cds_lfht_destroy(table->lfht, NULL);
    assert(rc == 0);
    (void)rc;
    table->lfht = NULL;
}

void table_read_begin(void)
{
    urcu_bp_read_lock();
}

void table_read_end(void)
{
#ifdef KVFS_TSAN
    annotate_release(&readers_left);
#endif
    urcu_bp_read_unlock();
}

struct cds_lfht_node *table_find(struct table *table, uint64_t hash, table_match match, const void *key)
{
    struct cds_lfht_iter iter;

    cds_lfht_lookup(table->lfht, hash, match, key, &iter);
    return cds_lfht_iter_get_node(&iter);
}

/*
 * rculfhash grows lazily, on a thread of its own, and can lose that for good: __cds_lfht_resize_lazy_launch() sets
 * resize_initiated after it has queued the work, and if the work is done by then the flag stays (0.13 to 0.15.6). So
 * growing is done here, whenever the count doubles.
 */
static void grow(struct table *table, uint64_t count)
{
    if (count >= TABLE_GROW_MIN && (count & (count - 1)) == 0)
        cds_lfht_resize(table->lfht, count);
}

void table_add(struct table *table, uint64_t hash, struct cds_lfht_node *node)
{
    cds_lfht_node_init(node);
    annotate_release(node);
    urcu_bp_read_lock();
    cds_lfht_add(table->lfht, hash, node);
    urcu_bp_read_unlock();
    grow(table, atomic_fetch_add(&table->count, 1) + 1);
}

void table_remove(struct table *table, struct cds_lfht_node *node)
{
    int rc;

    urcu_bp_read_lock();
    rc = cds_lfht_del(table->lfht, node);
    urcu_bp_read_unlock();
    atomic_fetch_sub(&table->count, 1);
    assert(rc == 0);
    (void)rc;
}

struct cds_lfht_node *table_first(struct table *table)
{
    struct cds_lfht_iter iter;
    struct cds_lfht_node *node;

    cds_lfht_first(table->lfht, &iter);
    node = cds_lfht_iter_get_node(&iter);
    if (node)
        table_see(node);
    return node;
}

static void release_deferred(struct rcu_head *head)
{
    struct table_deferred *deferred = table_entry(head, struct table_deferred, head);

#ifdef KVFS_TSAN
    annotate_acquire(&readers_left);
#endif
    annotate_acquire(deferred);
    deferred->release(deferred);
    memory_note_release();
}

void table_defer(struct table_deferred *deferred, void (*release)(struct table_deferred *))
{
    deferred->release = release;
    annotate_release(deferred);
    urcu_bp_call_rcu(&deferred->head, release_deferred);
}

void table_barrier(void)
{
    urcu_bp_barrier();
}

static void choose_seed(void)
{
    if (getrandom(&hash_seed, sizeof(hash_seed), 0) != sizeof(hash_seed))
        hash_seed = (uint64_t)(uintptr_t)&hash_seed;
}

uint64_t table_hash_bytes(const void *bytes, size_t length)
{
    pthread_once(&hash_seed_once, choose_seed);
    return XXH3_64bits_withSeed(bytes, length, hash_seed);
}

uint64_t table_hash_number(uint64_t number)
{
    return XXH3_64bits(&number, sizeof(number));
}
