/*
 * Extended attributes: named blobs that a value, a bucket or the root has
 * beside its other attributes. All of one inode's are one block of memory, and
 * most inodes have none: NULL. What a name means isn't known here.
 *
 * Not safe for two threads: whoever has them guards them.
 */
#ifndef KVFS_BUCKET_XATTRS_H
#define KVFS_BUCKET_XATTRS_H

#include <stdbool.h>
#include <stddef.h>

#define XATTRS_NAMES_MAX ((size_t)64 << 10) /* bytes of a list of all names: Linux shows no longer one */
#define XATTRS_SIZE_MAX ((size_t)1 << 20)   /* bytes of all names and values */

struct xattrs;

/* All borrowed; neither is terminated. */
struct xattr {
    const char *name;
    size_t name_length;
    const void *value;
    size_t length;
};

/* [never blocks] The value of that name, to be read or changed in place; NULL if there is none. */
void *xattrs_find(const struct xattrs *xattrs, const char *name, size_t name_length, size_t *ret_length);
/*
 * [never blocks] Those of `xattrs`, which stay as they are, with one more, or with another value for its name.
 * 0, -ENOMEM, or -ENOSPC if they would be too many.
 */
int xattrs_with(const struct xattrs *xattrs, const struct xattr *xattr, struct xattrs **ret_xattrs);
/* [never blocks] 0 or -ENOMEM; the copy of NULL is NULL. */
int xattrs_copy(const struct xattrs *xattrs, struct xattrs **ret_xattrs);
/* [never blocks] Takes that one away. False if there is none. */
bool xattrs_remove(struct xattrs **xattrs, const char *name, size_t name_length);
/*
 * [never blocks] The names that don't begin with `hidden`, if it isn't NULL, each with a NUL behind it, into `buffer`
 * as far as there is room. The bytes that all of them take.
 */
size_t xattrs_list(const struct xattrs *xattrs, const char *hidden, char *buffer, size_t size);
/* NULL is fine. */
void xattrs_destroy(struct xattrs *xattrs);

#endif
