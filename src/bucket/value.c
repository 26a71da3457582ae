/*
 * A value's life. It is found by its inode number from its creation until its
 * last reference goes: its name, or the kernel's last lookup, or whoever works
 * with it. A value that loses its name while the kernel knows it is kept in
 * its bucket's list of nameless ones, so that the kernel can be told when the
 * bucket ends; it takes itself out when it goes. There one that begins without
 * a name is from the beginning, until it gets its first.
 *
 * It belongs to one bucket at a time. Who has a value and not its bucket's run
 * lock knows only whose it was a moment ago: it asks that one, which refuses
 * if the value has moved meanwhile (client.c).
 */
#include "bucket/bucket_internal.h"

#include <stdlib.h>

#define SHORT_SYMLINK_MAX 127 /* bytes of its target */

/* Its owner's list has it from here on, and so it has the record. */
static void join_nameless(struct value *value, struct nameless *nameless)
{
    struct bucket *owner = value_owner(value);

    nameless->value = value;
    lock_acquire(&owner->nameless_lock);
    cds_list_add_tail(&nameless->link, &owner->nameless);
    lock_release(&owner->nameless_lock);
    value->nameless = nameless;
}

static void leave_nameless(struct value *value)
{
    struct bucket *owner = value_owner(value);

    if (!value->nameless)
        return;
    lock_acquire(&owner->nameless_lock);
    cds_list_del(&value->nameless->link);
    lock_release(&owner->nameless_lock);
    free(value->nameless);
    value->nameless = NULL;
}

static void release(struct table_deferred *deferred)
{
    struct value *value = table_entry(deferred, struct value, deferred);
    struct bucket *owner = value_owner(value);

    leave_nameless(value);
    free(value);
    actor_unref(&owner->actor);
}

/* What it counted for is free at once. */
void value_let_go_of_inode(struct inode *inode)
{
    struct value *value = value_of_inode(inode);

    inode_leave(value_owner(value)->environment->index, inode);
    usage_end(value);
    bytes_deinit(&value->bytes);
    xattrs_destroy(value->xattrs);
    table_defer(&value->deferred, release);
}

static bool is_device(mode_t mode)
{
    return S_ISBLK(mode) || S_ISCHR(mode);
}

static struct device *device_of(const struct value *value)
{
    return (struct device *)table_entry(value, struct device, value);
}

/* Zeroed, and counted as an inode. 0, -ENOMEM, or BUCKET_E_FULL. */
static int allocate(struct bucket *owner, mode_t mode, struct value **ret_value)
{
    struct limit *inodes = &owner->environment->inodes;
    struct value *value;

    if (!limit_take(inodes, 1))
        return BUCKET_E_FULL;
    value = calloc(1, is_device(mode) ? sizeof(struct device) : sizeof(*value));
    if (!value) {
        limit_give(inodes, 1);
        return -ENOMEM;
    }
    *ret_value = value;
    return 0;
}

int value_create(struct bucket *owner, const struct change_attributes *attributes, struct xattrs *xattrs, int64_t time,
                 struct value **ret_value)
{
    struct value *value;
    int rc = allocate(owner, attributes->mode, &value);

    if (rc != 0) {
        xattrs_destroy(xattrs);
        return rc;
    }
    atomic_init(&value->owner, owner);
    value->mode = attributes->mode;
    value->uid = attributes->uid;
    value->gid = attributes->gid;
    if (is_device(value->mode))
        device_of(value)->rdev = (uint32_t)attributes->rdev;
    value->xattrs = xattrs;
    value->nlink = 1;
    value->atime = value->mtime = value->ctime = time;
    actor_ref(&owner->actor);
    inode_init(&value->inode, owner->environment->index, INODE_VALUE);
    *ret_value = value;
    return 0;
}

void value_begin_nameless(struct value *value, struct nameless *nameless)
{
    value->nlink = 0;
    value->unnamed = true;
    join_nameless(value, nameless);
}

void value_gain_name(struct value *value)
{
    if (value->nlink == 0) {
        inode_ref(&value->inode);
        leave_nameless(value);
    }
    value->nlink++;
}

/* One whose first name comes to nothing is as it was before. */
void value_lose_name(struct value *value, struct entry *entry)
{
    value->nlink--;
    if (value->nlink == 0 && (value->unnamed || inode_is_known(&value->inode)))
        join_nameless(value, (struct nameless *)(void *)entry);
    else
        entry_destroy(entry);
    if (value->nlink == 0)
        inode_unref(&value->inode);
}

struct metadata value_metadata(struct value *value)
{
    return (struct metadata){&value->mode,  &value->uid,   &value->gid,   &value->atime,
                             &value->mtime, &value->ctime, &value->xattrs};
}

uint64_t value_allocated(const struct value *value, uint64_t allocated, uint64_t size)
{
    return S_ISLNK(value->mode) && size <= SHORT_SYMLINK_MAX ? 0 : allocated;
}

void value_show(const struct value *value, struct attributes *ret_attributes)
{
    *ret_attributes = (struct attributes){
        .ino = value->inode.number,
        .mode = value->mode,
        .nlink = value->nlink,
        .uid = value->uid,
        .gid = value->gid,
        .rdev = is_device(value->mode) ? device_of(value)->rdev : 0,
        .size = value->bytes.size,
        .allocated = value_allocated(value, bytes_allocated(&value->bytes), value->bytes.size),
        .atime = value->atime,
        .mtime = value->mtime,
        .ctime = value->ctime,
    };
}

struct inode *value_inode(struct value *value)
{
    return &value->inode;
}

struct value *value_of_inode(struct inode *inode)
{
    assert(inode_kind(inode) == INODE_VALUE);
    return table_entry(inode, struct value, inode);
}

struct bucket *value_bucket(struct value *value)
{
    return value_owner(value);
}

/* What it belonged to before a move is let go of when no reader is left who may have found it here. */
struct bucket *value_hold_owner(struct value *value)
{
    struct bucket *owner;

    table_read_begin();
    owner = value_owner(value);
    actor_ref(&owner->actor);
    table_read_end();
    return owner;
}
