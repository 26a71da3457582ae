/*
 * A change: everything that a bucket's state can be told to become, as plain
 * data. It names things by number and name, never by address, so that it can
 * be written down, sent, and applied again. A move concerns two buckets, or one
 * and the root, and is one change.
 */
#ifndef KVFS_STORE_CHANGE_H
#define KVFS_STORE_CHANGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum change_kind {
    CHANGE_ADD,      /* a new value `ino` called `name`, of `length` `bytes`, `attributes`, and what it inherits */
    CHANGE_ADD_NAMELESS, /* a new value `ino` that has no name, with `attributes` and what it inherits */
    CHANGE_LINK,     /* `name` is one more name of value `ino` */
    CHANGE_REMOVE,   /* the entry `name` */
    CHANGE_RENAME,   /* the entry `name` is now called `to_name`, instead of what was called so */
    CHANGE_WRITE,    /* `length` `bytes` at `offset` of value `ino`, which ends there if `set` has CHANGE_SET_SIZE */
    CHANGE_ALLOCATE, /* value `ino` gets pages for `length` bytes at `offset`, and ends there at least with CHANGE_SET_SIZE */
    CHANGE_ZERO,     /* the same, and these bytes are zeros */
    CHANGE_PUNCH,    /* `length` bytes at `offset` of value `ino` are zeros, and a hole */
    CHANGE_SET,      /* the `set` ones of `attributes`, of value `ino`, or of the bucket if `ino` is its own */
    CHANGE_SET_XATTR, /* the extended attribute `name` of the same has `length` `bytes`; `set` as with CHANGE_SET */
    CHANGE_REMOVE_XATTR, /* it has none of that `name`; `set` as with CHANGE_SET */
    CHANGE_MOVE,     /* the entry `name`, `ino`, is now called `to_name` in `to_bucket`, instead of `to_ino`, if any */
    CHANGE_EXCHANGE, /* the entry `name`, `ino`, and `to_name` in `to_bucket`, `to_ino`, now mean each the other's */
};

enum change_set {
    CHANGE_SET_MODE = 1,
    CHANGE_SET_UID = 2,
    CHANGE_SET_GID = 4,
    CHANGE_SET_SIZE = 8,
    CHANGE_SET_ATIME = 16,
    CHANGE_SET_MTIME = 32,
    CHANGE_SET_CTIME = 64,
    /* A file's set-user-ID bit goes, its set-group-ID bit if the group may execute it, and its security.capability. */
    CHANGE_DROP_SET_ID = 128,
    CHANGE_DROP_SGID = 256, /* The set-group-ID bit goes in any case. */
    CHANGE_KEEP_SGID = 512, /* It has been found that it needn't. */
    CHANGE_SET_ATIME_NOW = 1024, /* to the time of the change */
    CHANGE_SET_MTIME_NOW = 2048,
    CHANGE_SET_MAX_BYTES = 4096, /* a bucket's, like the next */
    CHANGE_SET_MAX_KEYS = 8192,
    CHANGE_SET_LIMITS = CHANGE_SET_MAX_BYTES | CHANGE_SET_MAX_KEYS,
};

struct change_attributes {
    mode_t mode;
    mode_t umask; /* of CHANGE_ADD: what its creator takes off the mode, unless the bucket has a default ACL */
    uid_t uid;
    gid_t gid;
    dev_t rdev;
    uint64_t size; /* bytes */
    int64_t atime; /* ns since 1970 */
    int64_t mtime;
    int64_t ctime;
    uint64_t max_bytes; /* 0: no limit, like the next */
    uint64_t max_keys;
};

/* A name is not terminated. Everything is borrowed for as long as the change is being applied. */
struct change {
    enum change_kind kind;
    uint64_t bucket; /* inode number; of a move it may be the root's */
    uint64_t ino;
    uint64_t to_bucket;
    uint64_t to_ino;
    int64_t time; /* when: ns since 1970 */
    const char *name;
    size_t name_length;
    const char *to_name;
    size_t to_name_length;
    uint64_t offset;
    const void *bytes;
    size_t length;
    unsigned set; /* CHANGE_SET_* */
    struct change_attributes attributes;
};

#endif
