#include "fs/fs_internal.h"

#include <errno.h>

static const struct {
    int condition;
    int by_name;
    int by_inode;
} table[] = {
    {ACTOR_E_TIMEOUT, ETIMEDOUT, ETIMEDOUT},
    {ACTOR_E_NOPROC, ENOENT, ESTALE},
    {ACTOR_E_NORMAL, ENOENT, ESTALE},
    {ACTOR_E_SHUTDOWN, ENOENT, ESTALE},
    {ACTOR_E_KILLED, ENOENT, ESTALE},
    {ACTOR_E_ERROR, ENOENT, ESTALE},
    {ACTOR_E_DEADLOCK, EDEADLK, EDEADLK},
    {ACTOR_E_INIT, EIO, EIO},
    {REGISTRY_E_NOT_FOUND, ENOENT, ENOENT},
    {REGISTRY_E_EXISTS, EEXIST, EEXIST},
    {REGISTRY_E_START, EIO, EIO},
    {BUCKET_E_NOT_FOUND, ENOENT, ENOENT},
    {BUCKET_E_EXISTS, EEXIST, EEXIST},
    {BUCKET_E_NOT_EMPTY, ENOTEMPTY, ENOTEMPTY},
    {BUCKET_E_TOO_LARGE, EFBIG, EFBIG},
    {BUCKET_E_FULL, ENOSPC, ENOSPC},
    {BUCKET_E_QUOTA, EDQUOT, EDQUOT},
    {BUCKET_E_IS_BUCKET, EISDIR, EISDIR},
    {BUCKET_E_CANT_MOVE, EXDEV, EXDEV},
    {BUCKET_E_NO_DATA, ENXIO, ENXIO},
    {BUCKET_E_NO_XATTR, ENODATA, ENODATA},
    {BUCKET_E_RANGE, ERANGE, ERANGE},
    {BUCKET_E_XATTRS_FULL, ENOSPC, ENOSPC},
    {BUCKET_E_BAD_ACL, EINVAL, EINVAL},
    {BUCKET_E_NO_DEFAULT_ACL, EACCES, EACCES},
    {BUCKET_E_NOT_BUCKET, ENOTDIR, ENOTDIR},
    {BUCKET_E_BELOW_ITSELF, EINVAL, EINVAL},
    {BUCKET_E_NOT_IN_ROOT, EPERM, EPERM},
};

int fs_errno(int rc, enum fs_view view)
{
    if (rc <= 0)
        return -rc;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].condition == rc)
            return view == FS_BY_NAME ? table[i].by_name : table[i].by_inode;
    }
    return EIO;
}
