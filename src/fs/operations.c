/*
 * The operations that the session is given, each counted.
 *
 * What the kernel might ask and nothing here needs is ENOSYS: it goes on
 * without, and mostly doesn't ask again.
 */
#include "fs/counted.h"

#include <errno.h>

static void refuse(fuse_req_t req)
{
    (void)request_begin(req);
    request_answer(req, ENOSYS);
}

/* No write waits for the file to be closed. */
static void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
    (void)ino;
    (void)info;
    refuse(req);
}

static void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned command, void *argument, struct fuse_file_info *info,
                     unsigned flags, const void *in, size_t in_size, size_t out_size)
{
    (void)ino;
    (void)command;
    (void)argument;
    (void)info;
    (void)flags;
    (void)in;
    (void)in_size;
    (void)out_size;
    refuse(req);
}

/* A file can always be read and written. */
static void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info, struct fuse_pollhandle *handle)
{
    (void)ino;
    (void)info;
    if (handle)
        fuse_pollhandle_destroy(handle);
    refuse(req);
}

COUNTED(lookup, OPERATION_LOOKUP, (fuse_req_t req, fuse_ino_t parent, const char *name), (req, parent, name))
COUNTED(getattr, OPERATION_GETATTR, (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info), (req, ino, info))
COUNTED(setattr, OPERATION_SETATTR,
        (fuse_req_t req, fuse_ino_t ino, struct stat *stat, int to_set, struct fuse_file_info *info),
        (req, ino, stat, to_set, info))
COUNTED(readlink, OPERATION_READLINK, (fuse_req_t req, fuse_ino_t ino), (req, ino))
COUNTED(symlink, OPERATION_SYMLINK,
        (fuse_req_t req, const char *target, fuse_ino_t parent, const char *name), (req, target, parent, name))
COUNTED(mknod, OPERATION_MKNOD,
        (fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev), (req, parent, name, mode, rdev))
COUNTED(mkdir, OPERATION_MKDIR,
        (fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode), (req, parent, name, mode))
COUNTED(unlink, OPERATION_UNLINK, (fuse_req_t req, fuse_ino_t parent, const char *name), (req, parent, name))
COUNTED(rmdir, OPERATION_RMDIR, (fuse_req_t req, fuse_ino_t parent, const char *name), (req, parent, name))
COUNTED(rename, flags ? OPERATION_RENAME2 : OPERATION_RENAME,
        (fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to_parent, const char *to_name,
         unsigned flags),
        (req, parent, name, to_parent, to_name, flags))
COUNTED(link, OPERATION_LINK,
        (fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name), (req, ino, parent, name))
COUNTED(open, OPERATION_OPEN, (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info), (req, ino, info))
COUNTED(read, OPERATION_READ,
        (fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info),
        (req, ino, size, offset, info))
COUNTED(write, OPERATION_WRITE,
        (fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset, struct fuse_file_info *info),
        (req, ino, bytes, size, offset, info))
COUNTED(statfs, OPERATION_STATFS, (fuse_req_t req, fuse_ino_t ino), (req, ino))
COUNTED(release, OPERATION_RELEASE, (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info), (req, ino, info))
COUNTED(fsync, OPERATION_FSYNC,
        (fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *info), (req, ino, datasync, info))
COUNTED(setxattr, OPERATION_SETXATTR,
        (fuse_req_t req, fuse_ino_t ino, const char *name, const char *bytes, size_t size, int flags),
        (req, ino, name, bytes, size, flags))
COUNTED(getxattr, OPERATION_GETXATTR,
        (fuse_req_t req, fuse_ino_t ino, const char *name, size_t size), (req, ino, name, size))
COUNTED(listxattr, OPERATION_LISTXATTR, (fuse_req_t req, fuse_ino_t ino, size_t size), (req, ino, size))
COUNTED(removexattr, OPERATION_REMOVEXATTR, (fuse_req_t req, fuse_ino_t ino, const char *name), (req, ino, name))
COUNTED(flush, OPERATION_FLUSH, (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info), (req, ino, info))
COUNTED(opendir, OPERATION_OPENDIR, (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info), (req, ino, info))
COUNTED(readdir, OPERATION_READDIR,
        (fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info),
        (req, ino, size, offset, info))
COUNTED(readdirplus, OPERATION_READDIRPLUS,
        (fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info),
        (req, ino, size, offset, info))
COUNTED(releasedir, OPERATION_RELEASEDIR,
        (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info), (req, ino, info))
COUNTED(fsyncdir, OPERATION_FSYNCDIR,
        (fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *info), (req, ino, datasync, info))
COUNTED(create, OPERATION_CREATE,
        (fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *info),
        (req, parent, name, mode, info))
COUNTED(fallocate, OPERATION_FALLOCATE,
        (fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length, struct fuse_file_info *info),
        (req, ino, mode, offset, length, info))
COUNTED(lseek, OPERATION_LSEEK,
        (fuse_req_t req, fuse_ino_t ino, off_t offset, int whence, struct fuse_file_info *info),
        (req, ino, offset, whence, info))
COUNTED(copy_file_range, OPERATION_COPY_FILE_RANGE,
        (fuse_req_t req, fuse_ino_t from_ino, off_t from, struct fuse_file_info *from_info, fuse_ino_t to_ino,
         off_t to, struct fuse_file_info *to_info, size_t size, int flags),
        (req, from_ino, from, from_info, to_ino, to, to_info, size, flags))
COUNTED(ioctl, OPERATION_IOCTL,
        (fuse_req_t req, fuse_ino_t ino, unsigned command, void *argument, struct fuse_file_info *info, unsigned flags,
         const void *in, size_t in_size, size_t out_size),
        (req, ino, command, argument, info, flags, in, in_size, out_size))
COUNTED(poll, OPERATION_POLL,
        (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info, struct fuse_pollhandle *handle),
        (req, ino, info, handle))

static void counted_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
    struct fs *fs = fuse_req_userdata(req);

    stats_count(fs->stats, OPERATION_FORGET);
    op_forget(req, ino, n);
}

static void counted_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
    struct fs *fs = fuse_req_userdata(req);

    stats_count(fs->stats, OPERATION_BATCH_FORGET);
    op_forget_multi(req, count, forgets);
}

void operations_get(struct fuse_lowlevel_ops *ret_operations)
{
    *ret_operations = (struct fuse_lowlevel_ops){
        .forget = counted_forget,
        .forget_multi = counted_forget_multi,
        .lookup = counted_lookup,
        .getattr = counted_getattr,
        .setattr = counted_setattr,
        .readlink = counted_readlink,
        .symlink = counted_symlink,
        .mknod = counted_mknod,
        .mkdir = counted_mkdir,
        .unlink = counted_unlink,
        .rmdir = counted_rmdir,
        .rename = counted_rename,
        .link = counted_link,
        .open = counted_open,
        .read = counted_read,
        .write = counted_write,
        .statfs = counted_statfs,
        .release = counted_release,
        .fsync = counted_fsync,
        .setxattr = counted_setxattr,
        .getxattr = counted_getxattr,
        .listxattr = counted_listxattr,
        .removexattr = counted_removexattr,
        .flush = counted_flush,
        .opendir = counted_opendir,
        .readdir = counted_readdir,
        .readdirplus = counted_readdirplus,
        .releasedir = counted_releasedir,
        .fsyncdir = counted_fsyncdir,
        .create = counted_create,
        .fallocate = counted_fallocate,
        .lseek = counted_lseek,
        .copy_file_range = counted_copy_file_range,
        .ioctl = counted_ioctl,
        .poll = counted_poll,
    };
    transport_add_operations(ret_operations);
}
