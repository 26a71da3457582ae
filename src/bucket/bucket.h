/*
 * A bucket: an actor that holds keys, and buckets, which it supervises. Seen
 * as a directory, its keys are the names of files and its values their bytes
 * and metadata; the buckets in it are directories.
 *
 * These are the client calls; what they mean is in server.c, so that the
 * server can change without its clients. Every call may also answer an
 * ACTOR_E_*: the bucket has ended, or didn't answer in time.
 */
#ifndef KVFS_BUCKET_BUCKET_H
#define KVFS_BUCKET_BUCKET_H

#include "actor/actor.h"
#include "base/limit.h"
#include "base/lock.h"
#include "bucket/inode.h"
#include "bucket/usage.h"
#include "registry/registry.h"
#include "store/change.h"
#include "store/store.h"

#include <sys/stat.h>

enum bucket_condition {
    BUCKET_E_NOT_FOUND = 96, /* no such key */
    BUCKET_E_EXISTS,
    BUCKET_E_NOT_EMPTY,
    BUCKET_E_TOO_LARGE, /* beyond the largest value */
    BUCKET_E_IS_BUCKET, /* the name is a bucket's */
    BUCKET_E_FULL,      /* the mount's limit is reached: of memory, or of inodes */
    BUCKET_E_QUOTA,     /* the bucket's own is */
    BUCKET_E_NO_DATA,   /* from there on */
    BUCKET_E_NO_XATTR,
    BUCKET_E_RANGE,          /* longer than the buffer */
    BUCKET_E_XATTRS_FULL,    /* beyond the extended attributes that one may have */
    BUCKET_E_BAD_ACL,
    BUCKET_E_NO_DEFAULT_ACL, /* only a directory has one */
    BUCKET_E_ASKS_GROUP,     /* nothing was done: is the file's group the caller's? To be told by a CHANGE_*_SGID */
    BUCKET_E_CANT_MOVE, /* it can't be one step for everybody: a value with other names stays in its bucket */
    BUCKET_E_NOT_BUCKET,   /* the name is a value's */
    BUCKET_E_BELOW_ITSELF, /* a bucket would get into itself */
    BUCKET_E_NOT_IN_ROOT,  /* a value would get into the root */
};

struct bucket;
struct key;
struct value;
struct xattrs;

/* What all buckets of a mount share. Outlives them. */
struct bucket_environment {
    struct runtime *runtime;
    struct inode_index *index;
    struct store *store;
    /* [supervisor] [never blocks] A bucket has been started, instead of `predecessor`, which has ended, or of none. May be NULL. */
    void (*on_start)(void *context, struct bucket *bucket, struct bucket *predecessor);
    /*
     * [any thread] [never blocks] The bucket has ended and no callback of it runs. Whoever is told calls
     * bucket_dispose() when it has done what must be done for what the bucket held. NULL: that is done at once.
     */
    void (*on_end)(void *context, struct bucket *bucket);
    /* [registry] [never blocks] metadata_inherit() from the root. NULL: nothing is inherited. */
    int (*inherit)(void *context, struct change_attributes *attributes, struct xattrs **ret_xattrs);
    /*
     * [mover, while nobody else moves] [never blocks] A bucket is now where it is; it was called `name` in `parent`, NULL for
     * the root. `replaced`, or NULL, has ended for it. May be NULL.
     */
    void (*on_move)(void *context, struct bucket *bucket, const struct bucket *parent, const struct key *name,
                    struct bucket *replaced);
    void *context;
    struct lock moving; /* whoever moves or renames a bucket holds it; order: before any actor's */
    struct limit pages;       /* of USAGE_PAGE bytes, behind all values; max is constant */
    struct limit inodes;      /* each value, each bucket, each further name of a value; max is constant */
    _Atomic uint64_t buckets; /* not yet freed */
};

/* [any thread, no bucket is used any more] [may block] Waits until every bucket has been freed. */
void bucket_environment_drain(struct bucket_environment *environment);

/* Of a value or a bucket, as stat shows them. Times in ns since 1970. */
struct attributes {
    uint64_t ino;
    mode_t mode;
    nlink_t nlink;
    uid_t uid;
    gid_t gid;
    dev_t rdev;
    uint64_t size;      /* bytes; of a bucket: keys and buckets */
    uint64_t allocated; /* bytes of memory behind it */
    int64_t atime;
    int64_t mtime;
    int64_t ctime;
};

struct bucket_stats {
    uint64_t keys;
    uint64_t bytes; /* of all values that have a name, holes included */
    uint64_t buckets;
    uint64_t bytes_held; /* what counts against max_bytes: of all values, the nameless too, without their holes */
    uint64_t max_bytes;  /* 0: no limit, like the next */
    uint64_t max_keys;
};

/* A key's name: bytes, not terminated, borrowed. */
struct key {
    const char *name;
    size_t length;
};

/* Whether an operation's result is about to be told to the kernel, and so counts one lookup. */
enum bucket_remember { BUCKET_QUIETLY, BUCKET_REMEMBER };

/*
 * [supervisor, or any thread for none] Starts a bucket called `name` below `supervisor`, a registry or a bucket, whose
 * fate it shares from then on; NULL for none: then it is in the root and nobody's. 0 and one reference on its actor;
 * BUCKET_E_FULL, or a negative errno.
 */
int bucket_start(struct bucket_environment *environment, struct actor *supervisor, const struct key *name,
                 const struct change_attributes *attributes, struct bucket **ret_bucket);
/*
 * For a root registry whose context is a struct bucket_environment: starts buckets. A predecessor's place is taken by an
 * empty bucket with its mode, owner, limits and extended attributes.
 */
extern const struct children_ops bucket_children_ops;

struct actor *bucket_actor(struct bucket *bucket);
struct bucket *bucket_of_actor(struct actor *actor);
struct inode *bucket_inode(struct bucket *bucket);
struct bucket *bucket_of_inode(struct inode *inode);
/*
 * Where it is: that may change while it lives. What these three answer is borrowed, and good within a read section
 * (table.h), or between bucket_stop_moves() and bucket_allow_moves(), or for who knows that nobody moves it.
 */
const struct key *bucket_name(const struct bucket *bucket);
/* The registry or the bucket that it is in; NULL for none. */
struct actor *bucket_supervisor(const struct bucket *bucket);
/* The bucket that it is in; NULL in the root. */
struct bucket *bucket_parent(const struct bucket *bucket);

/* For everybody else [any thread] [never blocks]: where it was at one moment. */
#define BUCKET_NAME_MAX 255 /* what is longer is cut here; a file's name is no longer */
struct bucket_place {
    struct actor *supervisor; /* a reference; NULL for none */
    uint64_t parent_number;   /* the inode number of the directory */
    uint64_t number;          /* how many it had before this one */
    size_t length;
    char name[BUCKET_NAME_MAX + 1];
};
void bucket_get_place(const struct bucket *bucket, struct bucket_place *ret_place);
void bucket_place_release(struct bucket_place *place);
/* True if it has been there all the time: one that was moved away and back hasn't. */
bool bucket_stayed_in_place(const struct bucket *bucket, const struct bucket_place *place);
/* The bucket that it is in, with a reference; NULL in the root. */
struct bucket *bucket_hold_parent(const struct bucket *bucket);
/* The inode number of the directory that it is in. */
uint64_t bucket_parent_number(const struct bucket *bucket);
/* How often it has been restarted: buckets that had its place before it. */
uint32_t bucket_restarts(const struct bucket *bucket);
/* `a/b/c`, from the root, as users see it; its beginning is left out if it is longer than `size`. */
void bucket_path(const struct bucket *bucket, char *buffer, size_t size);

struct inode *value_inode(struct value *value);
struct value *value_of_inode(struct inode *inode);
/* Borrowed: for who knows that nobody moves it. */
struct bucket *value_bucket(struct value *value);

/* The guide's calls [any thread] [may block]. */

/* Makes the key's value exactly these bytes; 0, BUCKET_E_FULL, BUCKET_E_QUOTA, or a negative errno. */
int bucket_put(struct bucket *bucket, const struct key *key, const void *bytes, size_t length);
/* Copies up to `size` bytes. 0, or BUCKET_E_NOT_FOUND. */
int bucket_get(struct bucket *bucket, const struct key *key, void *buffer, size_t size, size_t *ret_length);
/* 0, or BUCKET_E_NOT_FOUND. */
int bucket_delete(struct bucket *bucket, const struct key *key);

/* What files need beyond these [any thread] [may block]. */

/* What a name in a bucket means: one of the two, with a reference. */
struct found {
    struct value *value;
    struct bucket *bucket;
};
/* A bucket that is found isn't remembered, and its attributes aren't given. BUCKET_E_NOT_FOUND. */
int bucket_lookup(struct bucket *bucket, const struct key *key, enum bucket_remember remember,
                  struct found *ret_found, struct attributes *ret_attributes);
/* A new key with an empty value, and a reference on it. BUCKET_E_EXISTS, BUCKET_E_FULL, BUCKET_E_QUOTA. */
int bucket_add(struct bucket *bucket, const struct key *key, const struct change_attributes *attributes,
               enum bucket_remember remember, struct value **ret_value, struct attributes *ret_attributes);
/* A new value without a name, which bucket_link_value() may give it once, and a reference on it. As bucket_add(). */
int bucket_add_nameless(struct bucket *bucket, const struct change_attributes *attributes,
                        enum bucket_remember remember, struct value **ret_value, struct attributes *ret_attributes);
/* A new key with a symbolic link: its value's bytes are `target`. As bucket_add(). */
int bucket_add_symlink(struct bucket *bucket, const struct key *key, const char *target, size_t length,
                       const struct change_attributes *attributes, enum bucket_remember remember,
                       struct value **ret_value, struct attributes *ret_attributes);
/*
 * One more name for a value. BUCKET_E_EXISTS, BUCKET_E_FULL, BUCKET_E_QUOTA; BUCKET_E_CANT_MOVE if it is another bucket's; BUCKET_E_NOT_FOUND if it has
 * lost its last one.
 */
int bucket_link_value(struct bucket *bucket, const struct key *key, struct value *value,
                      enum bucket_remember remember, struct attributes *ret_attributes);
/*
 * Replaces what is called `to`, unless `keep_target`: then BUCKET_E_EXISTS. BUCKET_E_NOT_FOUND; BUCKET_E_IS_BUCKET if `to`
 * is one, BUCKET_E_CANT_MOVE if `from` is: see bucket_move().
 */
int bucket_rename(struct bucket *bucket, const struct key *from, const struct key *to, bool keep_target);

/* A name: what it is in is the actor of a bucket or of the root registry. */
struct bucket_end {
    struct actor *registry;
    const struct key *key;
};

enum bucket_move_flag {
    BUCKET_MOVE_KEEP_TARGET = 1,
    BUCKET_MOVE_EXCHANGE = 2,
};

/* The buckets that were moved to another parent, with a reference; NULL: none. */
struct bucket_moved {
    struct bucket *there;
    struct bucket *back; /* of an exchange */
};

/*
 * [any thread, in no callback] [may block] Gives what is called `from` the name `to`, within a bucket, between two, or
 * between one and the root, in one step for everybody; what is called `to` is replaced, or exchanged for it. A value
 * replaces a value, a bucket one that is empty, which ends with `normal`. A moved bucket stays what it is: its actor,
 * inode, monitors, links, holders, policy and restarts; its supervisor is another. A bucket that is just being started
 * again is waited for and then moved. 0; BUCKET_E_NOT_FOUND, BUCKET_E_EXISTS, BUCKET_E_NOT_EMPTY, BUCKET_E_IS_BUCKET,
 * BUCKET_E_NOT_BUCKET, BUCKET_E_BELOW_ITSELF, BUCKET_E_NOT_IN_ROOT, BUCKET_E_CANT_MOVE, a negative errno, or an
 * ACTOR_E_*, if one of the parents has ended: and nothing was moved.
 */
int bucket_move(struct bucket_environment *environment, const struct bucket_end *from, const struct bucket_end *to,
                unsigned flags, struct bucket_moved *ret_moved);
/* Between the two nobody moves a bucket. [any thread, in no callback, no lock] [may block] */
void bucket_stop_moves(struct bucket_environment *environment);
void bucket_allow_moves(struct bucket_environment *environment);
int bucket_get_attributes(struct bucket *bucket, struct attributes *ret_attributes);
/* The `set` ones (CHANGE_SET_*, no size). A limit may be less than what is there: nothing goes, and nothing more comes. */
int bucket_set_attributes(struct bucket *bucket, unsigned set, const struct change_attributes *attributes,
                          struct attributes *ret_attributes);
int bucket_get_stats(struct bucket *bucket, struct bucket_stats *ret_stats);

/* [actor] One key of a listing, all borrowed. False to stop before it. */
typedef bool bucket_visit(void *context, uint64_t position, const struct key *key, struct value *value,
                          const struct attributes *attributes);
/*
 * Every key behind `position` (0 for all), in the order in which they came, and then likewise every bucket: their
 * positions are all greater.
 */
int bucket_list(struct bucket *bucket, uint64_t position, bucket_visit *visit, registry_visit *visit_bucket,
                void *context);

int value_read(struct value *value, uint64_t offset, void *buffer, size_t size, size_t *ret_length);
/*
 * All or nothing: 0, BUCKET_E_TOO_LARGE, BUCKET_E_FULL, BUCKET_E_QUOTA, or a negative errno. `set` is CHANGE_DROP_SET_ID
 * or 0, and after a BUCKET_E_ASKS_GROUP CHANGE_KEEP_SGID or CHANGE_DROP_SGID as well.
 */
int value_write(struct value *value, uint64_t offset, const void *bytes, size_t length, unsigned set);
/* The same, but with too little room for all as many of the first bytes as there is room for: 0 and how many. */
int value_write_some(struct value *value, uint64_t offset, const void *bytes, size_t length, unsigned set,
                     size_t *ret_written);
/*
 * As fallocate(2): `kind` is CHANGE_ALLOCATE, CHANGE_ZERO or CHANGE_PUNCH. With CHANGE_SET_SIZE in `set` the value ends
 * there at least. All or nothing, as a write.
 */
int value_allocate(struct value *value, enum change_kind kind, uint64_t offset, uint64_t length, unsigned set);
/* The first byte of data, or of a hole, from `offset` on; the end is a hole. BUCKET_E_NO_DATA if there is none. */
int value_find_data(struct value *value, uint64_t offset, uint64_t *ret_offset);
int value_find_hole(struct value *value, uint64_t offset, uint64_t *ret_offset);
int value_get_attributes(struct value *value, struct attributes *ret_attributes);
int value_set_attributes(struct value *value, unsigned set, const struct change_attributes *attributes,
                         struct attributes *ret_attributes);

/*
 * Extended attributes of what an inode is, a value or a bucket [any thread] [may block]. `name` is whole, as in
 * `user.colour`. Reading: BUCKET_E_NO_XATTR; BUCKET_E_RANGE if it is longer than `size`, but size 0 asks for the
 * length only.
 */
int bucket_get_xattr(struct inode *inode, const struct key *name, void *buffer, size_t size, size_t *ret_length);
/*
 * `flags` are setxattr(2)'s: BUCKET_E_EXISTS, BUCKET_E_NO_XATTR. An access control list and the mode follow each other:
 * BUCKET_E_BAD_ACL, BUCKET_E_NO_DEFAULT_ACL, and BUCKET_E_ASKS_GROUP with a `set` that doesn't say.
 */
int bucket_set_xattr(struct inode *inode, const struct key *name, const void *bytes, size_t length, int flags,
                     unsigned set);
/* BUCKET_E_NO_XATTR. */
int bucket_remove_xattr(struct inode *inode, const struct key *name);
/* The names, each with a NUL behind it, without those that begin with `hidden`, if it isn't NULL. */
int bucket_list_xattrs(struct inode *inode, const char *hidden, void *buffer, size_t size, size_t *ret_length);

/*
 * [any thread] [may block] Ends the bucket with `normal` if it holds neither key nor bucket: 0, or BUCKET_E_NOT_EMPTY and
 * nothing changed. Its supervisor is asked with registry_remove().
 */
int bucket_stop_if_empty(struct bucket *bucket);

/* [any thread] [may block] What its supervisor knows of it. REGISTRY_E_NOT_FOUND if it has ended. */
int bucket_set_policy(struct bucket *bucket, enum restart_policy policy);
int bucket_get_status(struct bucket *bucket, struct child_status *ret_status);

/*
 * [any thread] [never blocks] How many hold it: whoever lets go as the last ends it. For those who need to know; a bucket
 * does nothing about it.
 */
void bucket_hold(struct bucket *bucket);
/* How many are left. */
uint32_t bucket_let_go(struct bucket *bucket);
uint32_t bucket_holders(const struct bucket *bucket);

/* After the end [any thread]: true for the first who asks, who tells others. */
bool bucket_take_news(struct bucket *bucket);

/* After the end [any thread]: true if it ended because it was empty, and whoever ended it knows that the name is gone. */
bool bucket_was_removed(const struct bucket *bucket);

/* After the end [any thread]: true if its supervisor has started another in its place. */
bool bucket_has_successor(const struct bucket *bucket);

/*
 * After the end [any thread]: what a removed one is for who still has it open; the caller has a reference on its inode.
 * False if it ended otherwise.
 */
bool bucket_show_removed(const struct bucket *bucket, struct attributes *ret_attributes);

/* After the end [any thread, one]: what the bucket still holds, for whoever was told by on_end. */

/* [may block for the nameless ones' lock] Every value that the kernel may know; `key` is NULL for a nameless one. */
typedef void bucket_remains_visit(void *context, const struct key *key, struct value *value);
void bucket_visit_remains(struct bucket *bucket, bucket_remains_visit *visit, void *context);
/* Whether there is more than the bucket itself. If not, nothing of it waits or takes long. */
bool bucket_has_remains(const struct bucket *bucket);
/* Lets everything go that the bucket held; the bucket itself goes with its last reference. */
void bucket_dispose(struct bucket *bucket);

/* What a context that was told by on_end may link the bucket with, until it disposes of it. */
struct cds_list_head *bucket_link(struct bucket *bucket);
struct bucket *bucket_of_link(struct cds_list_head *link);

#endif
