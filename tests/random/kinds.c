/*
 * The kinds of operations. A weight of 0 switches one off.
 */
#include "perform.h"

#include <string.h>

#define AS ARGUMENT_AS
#define PATH ARGUMENT_PATH
#define SLOT ARGUMENT_SLOT

/* clang-format off */
const struct kind kinds[] = {
    {"open", 30, WISH_ANY, perform_open, {AS, PATH, ARGUMENT_HOW, ARGUMENT_FLAGS, ARGUMENT_MODE, SLOT}},
    {"close", 4, WISH_ANY, perform_close, {SLOT}},
    {"mkdir", 14, WISH_MISSING, perform_mkdir, {AS, PATH, ARGUMENT_MODE}},
    {"rmdir", 5, WISH_EXISTING, perform_rmdir, {AS, PATH}},
    {"unlink", 8, WISH_EXISTING, perform_unlink, {AS, PATH}},
    {"remove_all", 1, WISH_EXISTING, perform_remove_all, {PATH}},
    {"rename", 14, WISH_EXISTING, perform_rename, {AS, PATH, ARGUMENT_TO, ARGUMENT_RENAME}},
    {"link", 8, WISH_EXISTING, perform_link, {AS, PATH, ARGUMENT_TO, ARGUMENT_FOLLOW}},
    {"link_fd", 2, WISH_MISSING, perform_link_fd, {SLOT, PATH}},
    {"symlink", 5, WISH_MISSING, perform_symlink, {AS, PATH, ARGUMENT_TARGET}},
    {"readlink", 2, WISH_EXISTING, perform_readlink, {AS, PATH}},
    {"mknod", 4, WISH_MISSING, perform_mknod, {AS, PATH, ARGUMENT_TYPE, ARGUMENT_MODE}},
    {"readdir", 5, WISH_EXISTING, perform_readdir, {AS, PATH}},

    {"read", 8, WISH_ANY, perform_read, {SLOT, ARGUMENT_LENGTH}},
    {"write", 12, WISH_ANY, perform_write, {AS, SLOT, ARGUMENT_LENGTH, ARGUMENT_FILL}},
    {"pread", 8, WISH_ANY, perform_pread, {SLOT, ARGUMENT_OFFSET, ARGUMENT_LENGTH}},
    {"pwrite", 14, WISH_ANY, perform_pwrite, {AS, SLOT, ARGUMENT_OFFSET, ARGUMENT_LENGTH, ARGUMENT_FILL}},
    {"lseek", 4, WISH_ANY, perform_lseek, {SLOT, ARGUMENT_WHENCE, ARGUMENT_OFFSET}},
    {"seek", 4, WISH_ANY, perform_seek_data, {SLOT, ARGUMENT_HOLES, ARGUMENT_OFFSET}},
    {"truncate", 5, WISH_EXISTING, perform_truncate, {AS, PATH, ARGUMENT_SIZE}},
    {"ftruncate", 6, WISH_ANY, perform_ftruncate, {AS, SLOT, ARGUMENT_SIZE}},
    {"fallocate", 10, WISH_ANY, perform_fallocate, {AS, SLOT, ARGUMENT_ALLOCATE, ARGUMENT_OFFSET, ARGUMENT_LENGTH}},
    {"copy", 6, WISH_ANY, perform_copy,
        {SLOT, ARGUMENT_OFFSET, ARGUMENT_TO_SLOT, ARGUMENT_TO_OFFSET, ARGUMENT_LENGTH}},
    {"fsync", 2, WISH_ANY, perform_fsync, {SLOT}},

    {"map", 5, WISH_ANY, perform_map, {SLOT, ARGUMENT_MAP}},
    {"unmap", 2, WISH_ANY, perform_unmap, {ARGUMENT_MAP}},
    {"load", 5, WISH_ANY, perform_load, {ARGUMENT_MAP, ARGUMENT_MAP_OFFSET, ARGUMENT_LENGTH}},
    {"store", 8, WISH_ANY, perform_store, {ARGUMENT_MAP, ARGUMENT_MAP_OFFSET, ARGUMENT_LENGTH, ARGUMENT_FILL}},
    {"msync", 3, WISH_ANY, perform_msync, {ARGUMENT_MAP}},

    {"chmod", 7, WISH_EXISTING, perform_chmod, {AS, PATH, ARGUMENT_MODE}},
    {"fchmod", 2, WISH_ANY, perform_fchmod, {AS, SLOT, ARGUMENT_MODE}},
    {"chown", 6, WISH_EXISTING, perform_chown, {AS, PATH, ARGUMENT_UID, ARGUMENT_GID, ARGUMENT_FOLLOW}},
    {"fchown", 2, WISH_ANY, perform_fchown, {AS, SLOT, ARGUMENT_UID, ARGUMENT_GID}},
    {"utimens", 6, WISH_EXISTING, perform_utimens, {AS, PATH, ARGUMENT_ATIME, ARGUMENT_MTIME, ARGUMENT_FOLLOW}},
    {"futimens", 2, WISH_ANY, perform_futimens, {AS, SLOT, ARGUMENT_ATIME, ARGUMENT_MTIME}},
    {"access", 4, WISH_EXISTING, perform_access, {AS, PATH, ARGUMENT_ACCESS}},
    {"stat", 4, WISH_ANY, perform_stat, {AS, PATH, ARGUMENT_FOLLOW}},
    {"umask", 1, WISH_ANY, perform_umask, {ARGUMENT_UMASK}},

    {"setxattr", 8, WISH_EXISTING, perform_setxattr,
        {AS, PATH, ARGUMENT_XATTR, ARGUMENT_XATTR_SIZE, ARGUMENT_FILL, ARGUMENT_XATTR_FLAGS, ARGUMENT_FOLLOW}},
    {"getxattr", 4, WISH_EXISTING, perform_getxattr, {AS, PATH, ARGUMENT_XATTR, ARGUMENT_XATTR_SIZE, ARGUMENT_FOLLOW}},
    {"listxattr", 3, WISH_EXISTING, perform_listxattr, {AS, PATH, ARGUMENT_XATTR_SIZE, ARGUMENT_FOLLOW}},
    {"removexattr", 3, WISH_EXISTING, perform_removexattr, {AS, PATH, ARGUMENT_XATTR, ARGUMENT_FOLLOW}},
    {"setacl", 4, WISH_EXISTING, perform_setacl, {AS, PATH, ARGUMENT_ACL}},

    {"forget_pages", 4, WISH_EXISTING, perform_forget_pages, {PATH}},
    {"drop_caches", 0, WISH_ANY, perform_drop_caches, {ARGUMENT_CACHES}},
    {KIND_COMPARE, 0, WISH_ANY, NULL, {ARGUMENT_WHAT}},
};
/* clang-format on */

const size_t kind_count = sizeof(kinds) / sizeof(kinds[0]);

const struct kind *kind_find(const char *name)
{
    for (size_t i = 0; i < kind_count; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}
