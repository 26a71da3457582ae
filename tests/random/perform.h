/*
 * What each kind of operation does, to one side. As a user: that of the
 * operation, if the program may become others.
 */
#ifndef KVFS_TESTS_RANDOM_PERFORM_H
#define KVFS_TESTS_RANDOM_PERFORM_H

#include "operation.h"
#include "side.h"

/* Clears `outcome` but for its buffer, and fills it. */
void operation_perform(struct side *side, const struct operation *operation, struct outcome *outcome);
/* The error of what returned a negative value, or the value. For perform functions. */
void outcome_set(struct outcome *outcome, int64_t rc);

/* perform_names.c */
perform_function perform_open;
perform_function perform_close;
perform_function perform_mkdir;
perform_function perform_rmdir;
perform_function perform_unlink;
perform_function perform_remove_all;
perform_function perform_rename;
perform_function perform_link;
perform_function perform_link_fd;
perform_function perform_symlink;
perform_function perform_readlink;
perform_function perform_mknod;
perform_function perform_readdir;

/* perform_data.c */
perform_function perform_read;
perform_function perform_write;
perform_function perform_pread;
perform_function perform_pwrite;
perform_function perform_lseek;
perform_function perform_seek_data;
perform_function perform_truncate;
perform_function perform_ftruncate;
perform_function perform_fallocate;
perform_function perform_copy;
perform_function perform_fsync;

/* perform_maps.c */
perform_function perform_map;
perform_function perform_unmap;
perform_function perform_load;
perform_function perform_store;
perform_function perform_msync;

/* perform_metadata.c */
perform_function perform_chmod;
perform_function perform_fchmod;
perform_function perform_chown;
perform_function perform_fchown;
perform_function perform_utimens;
perform_function perform_futimens;
perform_function perform_access;
perform_function perform_stat;
perform_function perform_umask;

/* perform_xattrs.c */
perform_function perform_setxattr;
perform_function perform_getxattr;
perform_function perform_listxattr;
perform_function perform_removexattr;
perform_function perform_setacl;

/* perform.c */
perform_function perform_drop_caches;
perform_function perform_forget_pages;

/* Bytes that differ by `fill` and position. */
void fill_bytes(unsigned char *bytes, size_t length, int64_t fill);

#endif
