/*
 * Extended attributes. Who may do what with one of which name the kernel has
 * checked, and that neither name nor value is too long. Access control lists
 * come and go as two of them.
 */
#include "bucket/acl.h"
#include "fs/fs_internal.h"

#include <errno.h>
#include <string.h>

#define TRUSTED "trusted."

/* 0 for a name that one can have, or an errno as tmpfs has it. */
static int check_name(const char *name)
{
    static const char *const prefixes[] = {"user.", TRUSTED, "security."};

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t length = strlen(prefixes[i]);

        if (strncmp(name, prefixes[i], length) == 0)
            return name[length] == '\0' ? EINVAL : 0;
    }
    return strcmp(name, ACL_ACCESS) == 0 || strcmp(name, ACL_DEFAULT) == 0 ? 0 : EOPNOTSUPP;
}

static int get_xattr(struct fs *fs, const struct node *node, const char *name, void *buffer, size_t size,
                     size_t *ret_length)
{
    const struct key key = key_of_name(name);
    int error = check_name(name);

    if (error != 0)
        return error;
    switch (node->kind) {
    case NODE_ROOT:
        return fs_errno(root_get_xattr(&fs->root, &key, buffer, size, ret_length), FS_BY_INODE);
    case NODE_BUCKET:
    case NODE_VALUE:
        return fs_errno(bucket_get_xattr(node->inode, &key, buffer, size, ret_length), FS_BY_INODE);
    case NODE_CONTROL:
        break;
    }
    return ENODATA;
}

static int list_xattrs(struct fs *fs, const struct node *node, const char *hidden, void *buffer, size_t size,
                       size_t *ret_length)
{
    switch (node->kind) {
    case NODE_ROOT:
        return fs_errno(root_list_xattrs(&fs->root, hidden, buffer, size, ret_length), FS_BY_INODE);
    case NODE_BUCKET:
    case NODE_VALUE:
        return fs_errno(bucket_list_xattrs(node->inode, hidden, buffer, size, ret_length), FS_BY_INODE);
    case NODE_CONTROL:
        break;
    }
    *ret_length = 0;
    return 0;
}

/* Who gave no room wants to know how much it takes. */
static void reply(fuse_req_t req, int error, const void *buffer, size_t size, size_t length)
{
    if (error != 0)
        request_answer(req, error);
    else if (size == 0)
        fuse_reply_xattr(req, length);
    else
        fuse_reply_buf(req, buffer, length);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
    struct fs *fs = request_begin(req);
    void *buffer = transport_reply_buffer(req, size);
    size_t length = 0;
    struct node node;
    int error;

    if (!request_resolve(req, fs, ino, &node))
        return;
    error = buffer ? get_xattr(fs, &node, name, buffer, size, &length) : ENOMEM;
    node_release(&node);
    reply(req, error, buffer, size, length);
}

/* The trusted ones are shown to root only. */
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
    const char *hidden = fuse_req_ctx(req)->uid == 0 ? NULL : TRUSTED;
    struct fs *fs = request_begin(req);
    void *buffer = transport_reply_buffer(req, size);
    size_t length = 0;
    struct node node;
    int error;

    if (!request_resolve(req, fs, ino, &node))
        return;
    error = buffer ? list_xattrs(fs, &node, hidden, buffer, size, &length) : ENOMEM;
    node_release(&node);
    reply(req, error, buffer, size, length);
}

struct xattr_to_set {
    struct key name;
    const void *bytes;
    size_t size;
    int flags;
};

static int set_once(struct fs *fs, const struct node *node, const struct xattr_to_set *xattr, unsigned set)
{
    if (node->kind == NODE_ROOT)
        return root_set_xattr(&fs->root, &xattr->name, xattr->bytes, xattr->size, xattr->flags, set);
    return bucket_set_xattr(node->inode, &xattr->name, xattr->bytes, xattr->size, xattr->flags, set);
}

static int set_xattr(fuse_req_t req, struct fs *fs, const struct node *node, const struct xattr_to_set *xattr)
{
    struct attributes attributes;
    int error;
    int rc;

    if (node->kind == NODE_CONTROL)
        return EPERM;
    rc = set_once(fs, node, xattr, 0);
    if (rc != BUCKET_E_ASKS_GROUP)
        return fs_errno(rc, FS_BY_INODE);
    error = node_get_attributes(fs, node, &attributes);
    if (error != 0)
        return error;
    return fs_errno(set_once(fs, node, xattr, caller_sgid(req, attributes.gid)), FS_BY_INODE);
}

void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *bytes, size_t size, int flags)
{
    const struct xattr_to_set xattr = {key_of_name(name), bytes, size, flags};
    struct fs *fs = request_begin(req);
    int error = check_name(name);
    struct node node;

    if (!request_resolve(req, fs, ino, &node))
        return;
    if (error == 0)
        error = set_xattr(req, fs, &node, &xattr);
    node_release(&node);
    request_answer(req, error);
}

static int remove_xattr(struct fs *fs, const struct node *node, const char *name)
{
    const struct key key = key_of_name(name);
    int error = check_name(name);

    if (error != 0)
        return error;
    switch (node->kind) {
    case NODE_ROOT:
        return fs_errno(root_remove_xattr(&fs->root, &key), FS_BY_INODE);
    case NODE_BUCKET:
    case NODE_VALUE:
        return fs_errno(bucket_remove_xattr(node->inode, &key), FS_BY_INODE);
    case NODE_CONTROL:
        break;
    }
    return EPERM;
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
    struct fs *fs = request_begin(req);
    struct node node;
    int error;

    if (!request_resolve(req, fs, ino, &node))
        return;
    error = remove_xattr(fs, &node, name);
    node_release(&node);
    request_answer(req, error);
}
