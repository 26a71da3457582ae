/*
 * Listings. A listing is no object of ours: each request says behind which
 * offset it goes on, and an offset is the position of an entry, which is never
 * given again. So what is there throughout is seen exactly once, whatever
 * comes and goes, and however small the reader's buffer is.
 *
 * Offset 1 is `.`, 2 is `..`, position p is p + 2. With attributes
 * (readdirplus) each entry but the two counts one lookup, and only if it fits.
 */
#include "fs/fs_internal.h"

#include <errno.h>

#define OFFSET_DOTS 2

/* A reply being filled. */
struct listing {
    fuse_req_t req;
    char *buffer;
    size_t size;
    size_t used;
    bool plus;
};

/* Room for one more, or 0: the reply is full. */
static size_t room_for(const struct listing *listing, const char *name)
{
    size_t needed = listing->plus ? fuse_add_direntry_plus(listing->req, NULL, 0, name, NULL, 0)
                                  : fuse_add_direntry(listing->req, NULL, 0, name, NULL, 0);

    return needed <= listing->size - listing->used ? needed : 0;
}

/* There is room. `entry.ino` 0 tells the kernel the name and no inode. */
static void put(struct listing *listing, const char *name, const struct fuse_entry_param *entry, off_t offset)
{
    char *to = listing->buffer + listing->used;
    size_t left = listing->size - listing->used;

    listing->used += listing->plus ? fuse_add_direntry_plus(listing->req, to, left, name, entry, offset)
                                   : fuse_add_direntry(listing->req, to, left, name, &entry->attr, offset);
}

/* A name and its type only. False if the reply is full. */
static bool put_name(struct listing *listing, const char *name, uint64_t ino, mode_t mode, off_t offset)
{
    const struct fuse_entry_param entry = {.attr = {.st_ino = ino, .st_mode = mode}};

    if (room_for(listing, name) == 0)
        return false;
    put(listing, name, &entry, offset);
    return true;
}

/* Those of the two that are behind `offset`. False if the reply is full. */
static bool put_dots(struct listing *listing, uint64_t ino, uint64_t parent, off_t offset)
{
    if (offset < 1 && !put_name(listing, ".", ino, S_IFDIR, 1))
        return false;
    return offset >= OFFSET_DOTS || put_name(listing, "..", parent, S_IFDIR, OFFSET_DOTS);
}

static uint64_t position_of(off_t offset)
{
    return offset > OFFSET_DOTS ? (uint64_t)offset - OFFSET_DOTS : 0;
}

static off_t offset_of(uint64_t position)
{
    return (off_t)position + OFFSET_DOTS;
}

static bool visit_key(void *context, uint64_t position, const struct key *key, struct value *value,
                      const struct attributes *attributes)
{
    struct listing *listing = context;
    struct fuse_entry_param entry;
    char copy[FS_NAME_MAX + 1];
    const char *name = name_terminate(key->name, key->length, copy);

    if (room_for(listing, name) == 0)
        return false;
    entry_of(attributes, &entry);
    if (listing->plus)
        inode_remember(value_inode(value));
    put(listing, name, &entry, offset_of(position));
    return true;
}

/*
 * Counted before it is asked, as in a lookup. It was there when this listing came to it: of one that has ended meanwhile,
 * or doesn't say, the name is listed, which may mean the next one already.
 */
static bool visit_bucket(void *context, uint64_t position, const struct child_name *bytes, struct actor *child)
{
    struct listing *listing = context;
    struct inode *inode = bucket_inode(bucket_of_actor(child));
    struct attributes attributes;
    struct fuse_entry_param entry;
    char copy[FS_NAME_MAX + 1];
    const char *name = name_terminate(bytes->name, bytes->length, copy);

    if (listing->plus && room_for(listing, name) == 0)
        return false;
    if (!listing->plus || !inode_try_remember(inode))
        return put_name(listing, name, inode->number, S_IFDIR, offset_of(position));
    if (bucket_get_attributes(bucket_of_actor(child), &attributes) != 0) {
        inode_forget(inode, 1);
        return put_name(listing, name, inode->number, S_IFDIR, offset_of(position));
    }
    entry_of(&attributes, &entry);
    put(listing, name, &entry, offset_of(position));
    return true;
}

static void list_control(struct listing *listing, const struct inode *inode, off_t offset)
{
    size_t index = (size_t)position_of(offset);
    struct stat stat;
    const char *name;

    while ((name = control_name_at(inode, index, &stat))) {
        if (!put_name(listing, name, stat.st_ino, stat.st_mode, offset_of(index + 1)))
            return;
        index++;
    }
}

static uint64_t number_of(const struct node *node)
{
    return node->kind == NODE_ROOT ? FUSE_ROOT_ID : node->inode->number;
}

static uint64_t number_of_parent(const struct node *node)
{
    struct bucket *above = node->kind == NODE_CONTROL ? control_bucket(node->inode) : NULL;

    if (above)
        return bucket_inode(above)->number;
    return node->kind == NODE_BUCKET ? bucket_parent_number(bucket_of_inode(node->inode)) : FUSE_ROOT_ID;
}

static int list_node(struct fs *fs, const struct node *node, struct listing *listing, off_t offset)
{
    if (node->kind == NODE_VALUE || (node->kind == NODE_CONTROL && !control_is_directory(node->inode)))
        return ENOTDIR;
    if (!put_dots(listing, number_of(node), number_of_parent(node), offset))
        return 0;

    switch (node->kind) {
    case NODE_ROOT:
        return fs_errno(registry_list(registry_actor(fs->registry), position_of(offset), visit_bucket, listing), FS_BY_INODE);
    case NODE_BUCKET:
        return fs_errno(bucket_list(bucket_of_inode(node->inode), position_of(offset), visit_key, visit_bucket, listing),
                        FS_BY_INODE);
    case NODE_CONTROL:
        list_control(listing, node->inode, offset);
        return 0;
    case NODE_VALUE:
        break;
    }
    return ENOTDIR;
}

static void list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, bool plus)
{
    struct fs *fs = request_begin(req);
    struct listing listing = {.req = req, .buffer = transport_reply_buffer(req, size), .size = size, .plus = plus};
    struct node node;
    int error;

    if (!request_resolve(req, fs, ino, &node))
        return;
    error = listing.buffer ? list_node(fs, &node, &listing, offset) : ENOMEM;
    node_release(&node);
    if (error != 0)
        request_answer(req, error);
    else
        fuse_reply_buf(req, listing.buffer, listing.used);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info)
{
    (void)info;
    list(req, ino, size, offset, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info)
{
    (void)info;
    list(req, ino, size, offset, true);
}

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
    info->cache_readdir = 1;
    op_open(req, ino, info);
}

void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
    op_release(req, ino, info);
}

void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *info)
{
    op_fsync(req, ino, datasync, info);
}
