/*
 * Identity: what everything has that the kernel may know.
 *
 * An inode number is given once, for life, and never again while the daemon
 * runs; it is also the FUSE nodeid. One concurrent index leads from the number
 * to the object. References and what the kernel counts:
 *
 * - an object has one reference from what names it (a bucket's entry, or the
 *   life of the bucket itself), one for each lookup that the kernel was told
 *   of, and those of whoever works with it;
 * - inode_remember() counts one lookup, before the reply that hands it out;
 *   inode_forget() takes N back;
 * - with the last reference it leaves the index and is released, after the
 *   last reader who may have seen it there has left.
 *
 * So a value that was unlinked while the kernel knows it lives on, nameless,
 * until it is forgotten, and nobody has to look for it.
 */
#ifndef KVFS_BUCKET_INODE_H
#define KVFS_BUCKET_INODE_H

#include "base/refcount.h"
#include "base/table.h"

#include <stdbool.h>
#include <stdint.h>

#define INODE_ROOT 1 /* FUSE_ROOT_ID: never given to an inode here */

enum inode_kind { INODE_BUCKET, INODE_VALUE, INODE_CONTROL };

struct inode_index {
    struct table table;
    _Atomic uint64_t next_number;
    _Atomic uint64_t count;
};

struct inode {
    struct cds_lfht_node node;
    uint64_t number : 62;
    enum inode_kind kind : 2;
    struct refcount refs; /* of which a lookup that the kernel hasn't forgotten is INODE_LOOKUP: nobody counts to either end */
};
#define INODE_LOOKUP (UINT64_C(1) << 24)

/*
 * [any thread] The last reference went, but a reader who found it may still look at the inode: takes it out of its index
 * with inode_leave(), and has the object freed when no reader does any more, by table_defer(). Everything else in the
 * object is its own again. A bucket's and a value's are known here.
 */
typedef void inode_let_go(struct inode *inode);

/* What is neither a bucket nor a value. */
struct inode_control {
    struct inode inode;
    inode_let_go *let_go;
};

/* 0, or -ENOMEM. */
int inode_index_init(struct inode_index *index);
/* [may block] Must be empty. */
void inode_index_deinit(struct inode_index *index);

/* [any thread] Gives a number and one reference, and can be found from now on. */
void inode_init(struct inode *inode, struct inode_index *index, enum inode_kind kind);
void inode_leave(struct inode_index *index, struct inode *inode);
static inline enum inode_kind inode_kind(const struct inode *inode)
{
    return inode->kind;
}

/* [any thread] [never blocks] A reference on what has that number; NULL if nothing has. */
struct inode *inode_find(struct inode_index *index, uint64_t number);
struct inode *inode_ref(struct inode *inode);
/* NULL is fine. */
void inode_unref(struct inode *inode);

/* [any thread] The kernel is about to be told of it once. The caller has a reference. */
void inode_remember(struct inode *inode);
/*
 * [any thread] The same for who has no reference, but knows that the memory is there: false if its last one has gone, and
 * nothing is counted.
 */
bool inode_try_remember(struct inode *inode);
/* [any thread] The kernel takes `n` of its lookups back. The caller has a reference. */
void inode_forget(struct inode *inode, uint64_t n);
/* [any thread] Those that the kernel hasn't forgotten. */
static inline uint64_t inode_lookups(const struct inode *inode)
{
    return atomic_load(&((struct inode *)inode)->refs.count) / INODE_LOOKUP;
}
static inline bool inode_is_known(const struct inode *inode)
{
    return inode_lookups(inode) > 0;
}

/* [no other thread] The connection is gone: forgets all that the kernel knew. */
void inode_index_forget_all(struct inode_index *index);

#endif
