/*
 * What names mean: lookup, and everything that makes, moves or removes a
 * name.
 */
#include "fs/fs_internal.h"
#include "fs/stats.h"

#include <errno.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>

static void reply_entry(fuse_req_t req, int error, const struct fuse_entry_param *entry)
{
    if (error != 0)
        request_answer(req, error);
    else
        fuse_reply_entry(req, entry);
}

/* The kernel may remember that there is no such name: only we, or it, can make one. */
static void no_entry(struct fuse_entry_param *ret_entry)
{
    *ret_entry = (struct fuse_entry_param){.entry_timeout = FS_FOREVER};
}

/*
 * Hands a bucket out. Counted first and asked then: if it answers, it was alive when it was counted, and its end will
 * find it so; if it doesn't, the count is taken back and nobody was told. One that can't be counted has ended and was
 * disposed of.
 */
static int hand_out_bucket(struct bucket *bucket, enum fs_view view, struct fuse_entry_param *ret_entry)
{
    struct inode *inode = bucket_inode(bucket);
    struct attributes attributes;
    int rc;

    if (!inode_try_remember(inode))
        return fs_errno(ACTOR_E_NOPROC, view);
    rc = bucket_get_attributes(bucket, &attributes);
    if (rc != 0) {
        inode_forget(inode, 1);
        return fs_errno(rc, view);
    }
    entry_of(&attributes, ret_entry);
    return 0;
}

/* The same, and lets the caller's reference go. */
static int give_bucket(struct bucket *bucket, enum fs_view view, struct fuse_entry_param *ret_entry)
{
    int error = hand_out_bucket(bucket, view, ret_entry);

    actor_unref(bucket_actor(bucket));
    return error;
}

/*
 * What a name means. One that ends before it is handed out may be started again: whether the name is gone, which the
 * kernel will remember, only its supervisor knows.
 */
static int lookup_bucket(struct fs *fs, const char *name, pid_t pid, struct fuse_entry_param *ret_entry)
{
    const struct child_name child = child_of_name(name);
    struct actor *actor;
    uint64_t hidden;
    int error;
    int rc;

    if (strcmp(name, FS_CONTROL_NAME) == 0)
        return control_lookup_directory(fs, NULL, ret_entry);
    if (control_is_hidden_name(fs, name, pid, &hidden))
        return control_lookup_hidden(fs, hidden, ret_entry);
    do {
        rc = registry_lookup(fs->registry, &child, &actor);
        error = rc == 0 ? give_bucket(bucket_of_actor(actor), FS_BY_NAME, ret_entry) : fs_errno(rc, FS_BY_NAME);
    } while (rc == 0 && error == ENOENT);
    return error;
}

static int lookup_key(struct bucket *bucket, const struct key *key, struct fuse_entry_param *ret_entry,
                      bool *ret_again)
{
    struct attributes attributes;
    struct found found;
    int error;
    int rc = bucket_lookup(bucket, key, BUCKET_REMEMBER, &found, &attributes);

    *ret_again = false;
    if (rc != 0)
        return fs_errno(rc, FS_BY_INODE);
    if (found.bucket) {
        error = give_bucket(found.bucket, FS_BY_NAME, ret_entry);
        *ret_again = error == ENOENT;
        return error;
    }
    entry_of(&attributes, ret_entry);
    inode_unref(value_inode(found.value));
    return 0;
}

static int lookup_in_bucket(struct fs *fs, struct bucket *bucket, const char *name,
                            struct fuse_entry_param *ret_entry)
{
    const struct key key = key_of_name(name);
    bool again;
    int error;

    if (strcmp(name, FS_CONTROL_NAME) == 0)
        return control_lookup_directory(fs, bucket, ret_entry);
    do
        error = lookup_key(bucket, &key, ret_entry, &again);
    while (again);
    return error;
}

static int lookup(struct fs *fs, const struct node *parent, const char *name, pid_t pid,
                  struct fuse_entry_param *ret_entry)
{
    if (strlen(name) > FS_NAME_MAX)
        return ENAMETOOLONG;
    switch (parent->kind) {
    case NODE_ROOT:
        return lookup_bucket(fs, name, pid, ret_entry);
    case NODE_BUCKET:
        return lookup_in_bucket(fs, bucket_of_inode(parent->inode), name, ret_entry);
    case NODE_CONTROL:
        return control_lookup(fs, parent->inode, name, ret_entry);
    case NODE_VALUE:
        break;
    }
    return ENOTDIR;
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct fs *fs = request_begin(req);
    pid_t pid = fuse_req_ctx(req)->pid;
    struct fuse_entry_param entry;
    struct node node;
    int error;

    if (!request_resolve(req, fs, parent, &node))
        return;
    error = lookup(fs, &node, name, pid, &entry);
    if ((error == ENOENT || error == ESTALE) && leaving_is_asked(fs, pid))
        error = leaving_lookup(fs, parent, name, &entry);
    node_release(&node);
    if (error == ENOENT) {
        stats_count_error(fs->stats, ENOENT);
        no_entry(&entry);
        error = 0;
    }
    reply_entry(req, error, &entry);
}

static struct change_attributes new_attributes(fuse_req_t req, mode_t mode, dev_t rdev)
{
    const struct fuse_ctx *context = fuse_req_ctx(req);

    return (struct change_attributes){
        .mode = mode, .umask = context->umask, .uid = context->uid, .gid = context->gid, .rdev = rdev};
}

static int make_bucket(struct actor *registry, const char *name, struct change_attributes *attributes,
                       struct fuse_entry_param *ret_entry)
{
    const struct child_name child = child_of_name(name);
    struct actor *actor;
    int error = name_check(name);
    int rc;

    if (error != 0)
        return error;
    if (!registry)
        return EPERM;
    rc = registry_create(registry, &child, attributes, &actor);
    if (rc != 0)
        return fs_errno(rc, FS_BY_INODE);
    error = give_bucket(bucket_of_actor(actor), FS_BY_INODE, ret_entry);
    /* A mkdir that fails has made nothing. */
    if (error != 0)
        (void)registry_remove(registry, &child);
    return error;
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
    struct fs *fs = request_begin(req);
    struct change_attributes attributes = new_attributes(req, S_IFDIR | mode, 0);
    struct fuse_entry_param entry;
    struct node node;
    int error;

    if (!request_resolve(req, fs, parent, &node))
        return;
    error = make_bucket(node_registry(fs, &node), name, &attributes, &entry);
    node_release(&node);
    reply_entry(req, error, &entry);
}

static int remove_bucket(struct actor *registry, const char *name)
{
    const struct child_name child = child_of_name(name);

    if (!registry || strcmp(name, FS_CONTROL_NAME) == 0)
        return EPERM;
    return fs_errno(registry_remove(registry, &child), FS_BY_INODE);
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct fs *fs = request_begin(req);
    struct cds_list_head removed;
    struct node node;
    int error;

    if (!request_resolve(req, fs, parent, &node))
        return;
    notifier_collect_removed(&removed);
    if (leaving_is_asked(fs, fuse_req_ctx(req)->pid))
        error = leaving_remove(fs, parent, name);
    else
        error = remove_bucket(node_registry(fs, &node), name);
    notifier_see_off_removed(fs);
    node_release(&node);
    request_answer(req, error);
}

/* Only a bucket has values, and not by every name. 0, or an errno. */
static int value_name_check(const struct node *parent, const char *name)
{
    int error = name_check(name);

    return error == 0 && parent->kind != NODE_BUCKET ? EPERM : error;
}

/* What the bucket answered who made one, whose reference is let go. */
static int give_value(int rc, struct value *value, const struct attributes *attributes,
                      struct fuse_entry_param *ret_entry)
{
    if (rc != 0)
        return fs_errno(rc, FS_BY_INODE);
    entry_of(attributes, ret_entry);
    inode_unref(value_inode(value));
    return 0;
}

static int make_value(const struct node *parent, const char *name, const struct change_attributes *attributes,
                      struct fuse_entry_param *ret_entry)
{
    const struct key key = key_of_name(name);
    struct attributes shown;
    struct value *value = NULL;
    int error = value_name_check(parent, name);
    int rc;

    if (error != 0)
        return error;
    rc = bucket_add(bucket_of_inode(parent->inode), &key, attributes, BUCKET_REMEMBER, &value, &shown);
    return give_value(rc, value, &shown, ret_entry);
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
    struct fs *fs = request_begin(req);
    const struct change_attributes attributes = new_attributes(req, mode, rdev);
    struct fuse_entry_param entry;
    struct node node;
    int error;

    if (!request_resolve(req, fs, parent, &node))
        return;
    error = make_value(&node, name, &attributes, &entry);
    node_release(&node);
    reply_entry(req, error, &entry);
}

/* Pages that are there stay, as with op_open(). */
static void reply_opened(fuse_req_t req, int error, const struct fuse_entry_param *entry, struct fuse_file_info *info)
{
    info->keep_cache = 1;
    if (error != 0)
        request_answer(req, error);
    else
        fuse_reply_create(req, entry, info);
}

/* Where the kernel opens without asking, it shall make the name by mknod first. */
void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *info)
{
    struct fs *fs = request_begin(req);
    const struct change_attributes attributes = new_attributes(req, S_IFREG | mode, 0);
    struct fuse_entry_param entry;
    struct node node;
    int error;

    if (fs->no_open) {
        request_answer(req, ENOSYS);
        return;
    }
    if (!request_resolve(req, fs, parent, &node))
        return;
    error = make_value(&node, name, &attributes, &entry);
    node_release(&node);
    reply_opened(req, error, &entry, info);
}

static int make_nameless(const struct node *parent, const struct change_attributes *attributes,
                         struct fuse_entry_param *ret_entry)
{
    struct attributes shown;
    struct value *value = NULL;
    int rc;

    if (parent->kind != NODE_BUCKET)
        return EPERM;
    rc = bucket_add_nameless(bucket_of_inode(parent->inode), attributes, BUCKET_REMEMBER, &value, &shown);
    return give_value(rc, value, &shown, ret_entry);
}

/* The kernel opens it at once, and gives it a name by link if somebody wants one. */
void op_tmpfile(fuse_req_t req, fuse_ino_t parent, mode_t mode, struct fuse_file_info *info)
{
    struct fs *fs = request_begin(req);
    const struct change_attributes attributes = new_attributes(req, mode, 0);
    struct fuse_entry_param entry;
    struct node node;
    int error;

    if (!request_resolve(req, fs, parent, &node))
        return;
    error = make_nameless(&node, &attributes, &entry);
    node_release(&node);
    reply_opened(req, error, &entry, info);
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct fs *fs = request_begin(req);
    struct key key = key_of_name(name);
    struct node node;
    int error = EPERM;

    if (!request_resolve(req, fs, parent, &node))
        return;
    if (node.kind == NODE_BUCKET)
        error = fs_errno(bucket_delete(bucket_of_inode(node.inode), &key), FS_BY_INODE);
    node_release(&node);
    request_answer(req, error);
}

/* A bucket's listing says who `..` is. */
static void tell_of_parent(struct fs *fs, struct bucket *moved)
{
    if (!moved)
        return;
    notifier_take_back_listing(fs->notifier, bucket_inode(moved)->number);
    actor_unref(bucket_actor(moved));
}

static int move(struct fs *fs, struct actor *from, const char *name, struct actor *to, const char *to_name,
                unsigned flags)
{
    const struct key key = key_of_name(name);
    const struct key to_key = key_of_name(to_name);
    unsigned how = (flags & RENAME_NOREPLACE ? BUCKET_MOVE_KEEP_TARGET : 0) |
                   (flags & RENAME_EXCHANGE ? BUCKET_MOVE_EXCHANGE : 0);
    struct bucket_moved moved;
    int rc = bucket_move(&fs->environment, &(struct bucket_end){from, &key}, &(struct bucket_end){to, &to_key}, how,
                         &moved);

    if (rc != 0)
        return fs_errno(rc, FS_BY_INODE);
    tell_of_parent(fs, moved.there);
    tell_of_parent(fs, moved.back);
    return 0;
}

static int rename_entry(struct fs *fs, const struct node *parent, const char *name, const struct node *to_parent,
                        const char *to_name, unsigned flags)
{
    struct actor *from = node_registry(fs, parent);
    struct actor *to = node_registry(fs, to_parent);
    int error = name_check(name);

    if (error == 0)
        error = name_check(to_name);
    if (error != 0)
        return error;
    if ((flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE)) || flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return EINVAL;
    return from && to ? move(fs, from, name, to, to_name, flags) : EPERM;
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to_parent, const char *to_name,
               unsigned flags)
{
    struct fs *fs = request_begin(req);
    struct node node;
    struct node to;
    int error;

    if (!request_resolve(req, fs, parent, &node))
        return;
    if (request_resolve(req, fs, to_parent, &to)) {
        error = rename_entry(fs, &node, name, &to, to_name, flags);
        node_release(&to);
        request_answer(req, error);
    }
    node_release(&node);
}

static int make_symlink(const struct node *parent, const char *name, const char *target,
                        const struct change_attributes *attributes, struct fuse_entry_param *ret_entry)
{
    const struct key key = key_of_name(name);
    struct attributes shown;
    struct value *value = NULL;
    int error = value_name_check(parent, name);
    int rc;

    if (error != 0)
        return error;
    rc = bucket_add_symlink(bucket_of_inode(parent->inode), &key, target, strlen(target), attributes, BUCKET_REMEMBER,
                            &value, &shown);
    return give_value(rc, value, &shown, ret_entry);
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
    struct fs *fs = request_begin(req);
    const struct change_attributes attributes = new_attributes(req, S_IFLNK | 0777, 0);
    struct fuse_entry_param entry;
    struct node node;
    int error;

    if (!request_resolve(req, fs, parent, &node))
        return;
    error = make_symlink(&node, name, target, &attributes, &entry);
    node_release(&node);
    reply_entry(req, error, &entry);
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
    struct fs *fs = request_begin(req);
    char target[PATH_MAX];
    size_t length = 0;
    struct node node;
    int error = EINVAL;

    if (!request_resolve(req, fs, ino, &node))
        return;
    if (node.kind == NODE_VALUE)
        error = fs_errno(value_read(value_of_inode(node.inode), 0, target, sizeof(target) - 1, &length), FS_BY_INODE);
    node_release(&node);
    target[length] = '\0';
    if (error != 0)
        request_answer(req, error);
    else
        fuse_reply_readlink(req, target);
}

static int link_value(const struct node *node, const struct node *parent, const char *name,
                      struct fuse_entry_param *ret_entry)
{
    const struct key key = key_of_name(name);
    struct attributes shown;
    int error = value_name_check(parent, name);
    int rc;

    if (error != 0)
        return error;
    if (node->kind != NODE_VALUE)
        return EPERM;
    rc = bucket_link_value(bucket_of_inode(parent->inode), &key, value_of_inode(node->inode), BUCKET_REMEMBER, &shown);
    if (rc != 0)
        return fs_errno(rc, FS_BY_INODE);
    entry_of(&shown, ret_entry);
    return 0;
}

/* Between buckets it can't be one step for everybody: EXDEV. */
void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
    struct fs *fs = request_begin(req);
    struct fuse_entry_param entry;
    struct node node;
    struct node to;
    int error;

    if (!request_resolve(req, fs, ino, &node))
        return;
    if (request_resolve(req, fs, parent, &to)) {
        error = link_value(&node, &to, name, &entry);
        node_release(&to);
        reply_entry(req, error, &entry);
    }
    node_release(&node);
}
