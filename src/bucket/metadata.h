/*
 * What a value, a bucket and the root have in common: whose it is, who may do
 * what with it, when what was done, and its extended attributes; and what a
 * change of one of these means for the others.
 *
 * A struct metadata is a view: it says where these are kept. Whoever guards
 * them there holds their lock for each call.
 */
#ifndef KVFS_BUCKET_METADATA_H
#define KVFS_BUCKET_METADATA_H

#include "bucket/bucket.h"
#include "bucket/xattrs.h"
#include "store/change.h"

struct metadata {
    mode_t *mode;
    uid_t *uid;
    gid_t *gid;
    int64_t *atime;
    int64_t *mtime;
    int64_t *ctime;
    struct xattrs **xattrs;
};

/* [never blocks] Does what the change's `set` says, but for the size; sets the ctime in any case. */
void metadata_set(const struct metadata *metadata, const struct change *change);
/*
 * [never blocks] 0; or BUCKET_E_ASKS_GROUP: what `set` drops depends on whether the file's group is one of the
 * caller's, so it has to have CHANGE_KEEP_SGID if it is, or else CHANGE_DROP_SGID.
 */
int metadata_check_drop(const struct metadata *metadata, unsigned set);

/* BUCKET_E_NO_XATTR; BUCKET_E_RANGE if it is longer than `size`, but size 0 asks for the length only. */
int metadata_get_xattr(const struct metadata *metadata, const struct key *name, void *buffer, size_t size,
                       size_t *ret_length);
int metadata_list_xattrs(const struct metadata *metadata, const char *hidden, void *buffer, size_t size,
                         size_t *ret_length);

/*
 * [never blocks] Makes a legal change of a CHANGE_SET_XATTR or CHANGE_REMOVE_XATTR that has its name and bytes.
 * `flags` are setxattr(2)'s. BUCKET_E_EXISTS, BUCKET_E_NO_XATTR, BUCKET_E_BAD_ACL, BUCKET_E_NO_DEFAULT_ACL, and
 * BUCKET_E_ASKS_GROUP as for metadata_check_drop().
 */
int metadata_plan_xattr(const struct metadata *metadata, int flags, struct change *change);
/* [never blocks] What metadata_set_xattr() needs. 0, -ENOMEM, or BUCKET_E_XATTRS_FULL. */
int metadata_reserve_xattr(const struct metadata *metadata, const struct change *change, struct xattrs **ret_reserved);
/* [never blocks] Does the change; takes what was reserved for it. */
void metadata_set_xattr(const struct metadata *metadata, const struct change *change, struct xattrs *reserved);

/*
 * [never blocks] What is made in `directory` as its creator wants it: becomes what its directory makes of it. The umask
 * counts if the directory has no default ACL, and is 0 after that. 0 or -ENOMEM.
 */
int metadata_inherit(const struct metadata *directory, struct change_attributes *attributes,
                     struct xattrs **ret_xattrs);

#endif
