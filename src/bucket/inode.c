#include "bucket/bucket_internal.h"

#define INODE_NUMBER_MAX ((UINT64_C(1) << 62) - 1)

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

void inode_init(struct inode *inode, struct inode_index *index, enum inode_kind kind)
{
    inode->number = atomic_fetch_add(&index->next_number, 1) & INODE_NUMBER_MAX;
    inode->kind = kind;
    refcount_init(&inode->refs);
    atomic_fetch_add(&index->count, 1);
    table_add(&index->table, table_hash_number(inode->number), &inode->node);
}

void inode_leave(struct inode_index *index, struct inode *inode)
{
    table_remove(&index->table, &inode->node);
    atomic_fetch_sub(&index->count, 1);
}

struct inode *inode_find(struct inode_index *index, uint64_t number)
{
    struct cds_lfht_node *node;
    struct inode *inode = NULL;

    table_read_begin();
    node = table_find(&index->table, table_hash_number(number), number_matches, &number);
    if (node && refcount_try_add(&table_entry(node, struct inode, node)->refs, 1))
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
    if (!refcount_sub(&inode->refs, n))
        return;

    switch (inode->kind) {
    case INODE_BUCKET:
        bucket_let_go_of_inode(inode);
        return;
    case INODE_VALUE:
        value_let_go_of_inode(inode);
        return;
    case INODE_CONTROL:
        table_entry(inode, struct inode_control, inode)->let_go(inode);
        return;
    }
}

void inode_unref(struct inode *inode)
{
    if (inode)
        drop(inode, 1);
}

void inode_remember(struct inode *inode)
{
    refcount_add(&inode->refs, INODE_LOOKUP);
}

bool inode_try_remember(struct inode *inode)
{
    return refcount_try_add(&inode->refs, INODE_LOOKUP);
}

void inode_forget(struct inode *inode, uint64_t n)
{
    drop(inode, n * INODE_LOOKUP);
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
        lookups = inode_lookups(inode);
        if (lookups > 0)
            inode_forget(inode, lookups);
    }
    table_read_end();
}
