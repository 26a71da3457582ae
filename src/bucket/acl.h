/*
 * The arithmetic of POSIX access control lists, as acl(5) and Linux have it,
 * on lists as they are kept in xattrs (<linux/posix_acl_xattr.h>). The kernel
 * asks for the list and decides by it; what is here keeps a list and a mode
 * in step.
 */
#ifndef KVFS_BUCKET_ACL_H
#define KVFS_BUCKET_ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

/* Whether these bytes are a list that can be kept: the functions below want one. */
bool acl_is_valid(const void *acl, size_t length);
/* The permission bits, 0777, that a file with this list shows. */
mode_t acl_mode(const void *acl, size_t length);
/* Whether a list of that length says no more than those bits do, so that there is no need to keep it. */
bool acl_is_minimal(size_t length);
/* A file with this list gets the permission bits of `mode`: the list allows what they do. */
void acl_change_mode(void *acl, size_t length, mode_t mode);
/* A file is made with `mode` and its directory's default list: both then allow what both did. Returns the mode. */
mode_t acl_create(void *acl, size_t length, mode_t mode);

#endif
