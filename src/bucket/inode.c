#include "bucket/inode.h"

int inode_index_init(struct inode_index *index)
{
    atomic_init(&index->next_number, INODE_ROOT + 1);
    atomic_init(&index->count, 0);
    return table_init(&index->table);
}

void inode_index_deinit(struct inode_index *index)
{
    assert(!table_exists(&index->table) || atomic_load(&index->count) == 0);
    table_deinit(&index->table);
}

static int number_matches(struct cds_lfht_node *node, const void *key)
{
    const uint64_t *number = key;

    table_see(node);
    return table_entry(node, struct inode, node)->number == *number;
}

void inode_init(struct inode *inode, struct inode_index *index, const struct inode_class *class)
{
    inode->class = class;
    inode->index = index;
    inode->number = atomic_fetch_add(&index->next_number, 1);
    atomic_init(&inode->lookups, 0);
    refcount_init(&inode->refs);
    atomic_fetch_add(&index->count, 1);
    table_add(&index->table, table_hash_number(inode->number), &inode->node);
}

struct inode *inode_find(struct inode_index *index, uint64_t number)
{
    struct cds_lfht_node *node;
    struct inode *inode = NULL;

    table_read_begin();
    node = table_find(&index->table, table_hash_number(number), number_matches, &number);
    if (node && refcount_try_add(&table_entry(node, struct inode, node)->refs))
        inode = table_entry(node, struct inode, node);
    table_read_end();
    return inode;
}

struct inode *inode_ref(struct inode *inode)
{
    refcount_add(&inode->refs, 1);
    return inode;
}

static void drop(struct inode *inode, uint64_t n)
{
    struct inode_index *index = inode->index;

    if (!refcount_sub(&inode->refs, n))
        return;
    table_remove(&index->table, &inode->node);
    atomic_fetch_sub(&index->count, 1);
    inode->class->let_go(inode);
}

void inode_unref(struct inode *inode)
{
    if (inode)
        drop(inode, 1);
}

void inode_remember(struct inode *inode)
{
    refcount_add(&inode->refs, 1);
    atomic_fetch_add(&inode->lookups, 1);
}

bool inode_try_remember(struct inode *inode)
{
    if (!refcount_try_add(&inode->refs))
        return false;
    atomic_fetch_add(&inode->lookups, 1);
    return true;
}

void inode_forget(struct inode *inode, uint64_t n)
{
    uint64_t before = atomic_fetch_sub(&inode->lookups, n);

    assert(before >= n);
    (void)before;
    drop(inode, n);
}

void inode_index_forget_all(struct inode_index *index)
{
    struct cds_lfht_iter iter;
    struct cds_lfht_node *node;

    table_read_begin();
    cds_lfht_for_each(index->table.lfht, &iter, node)
    {
        struct inode *inode = table_entry(node, struct inode, node);
        uint64_t lookups;

        table_see(node);
        lookups = atomic_load(&inode->lookups);
        if (lookups > 0)
            inode_forget(inode, lookups);
    }
    table_read_end();
}
