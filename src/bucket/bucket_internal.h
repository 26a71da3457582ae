/*
 * What the files of this room share: a bucket's state, and the arguments of
 * its calls.
 */
#ifndef KVFS_BUCKET_BUCKET_INTERNAL_H
#define KVFS_BUCKET_BUCKET_INTERNAL_H

#include "base/lock.h"
#include "base/sequence.h"
#include "base/set.h"
#include "base/table.h"
#include "bucket/bucket.h"
#include "bucket/bytes.h"
#include "bucket/metadata.h"
#include "bucket/xattrs.h"
#include "registry/children.h"

#include <errno.h>

/* Guarded by the owner's run lock, or, after the owner's end, by whoever disposes of it. */
struct value {
    struct inode inode;
    _Atomic(struct bucket *) owner; /* a reference on its actor; written under the run locks of the old and the new */
    struct bytes bytes;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    uint32_t nlink : 31;
    uint32_t unnamed : 1; /* it has had no name yet */
    union {
        struct {
            int64_t atime;
            int64_t mtime;
            int64_t ctime; /* later with each change: it is the value's version, too */
        };
        struct table_deferred deferred; /* once the last reference has gone */
    };
    struct xattrs *xattrs;     /* NULL: none */
    struct nameless *nameless; /* NULL while it has a name, or nobody needs to find it */
};

/* One whose mode says that it is a device. */
struct device {
    struct value value;
    uint32_t rdev; /* as the kernel's requests have it */
};

/* A bucket's list of nameless ones. All guarded by its nameless_lock. */
struct nameless {
    struct cds_list_head link;
    struct value *value;
};

/* When its value loses its last name by it, the entry's memory becomes a struct nameless: so that needs none. */
struct entry {
    struct sequence_item item; /* its mark is the name's length */
    struct value *value;
    char name[];
};

/* Where a bucket is. Constant. */
struct place {
    struct table_deferred deferred;
    struct actor *supervisor; /* a reference on what it is in, or NULL */
    uint64_t number;          /* how many it had before this one */
    struct key name;
    char bytes[]; /* of the name, and a NUL */
};

/* Guarded by the run lock, except where said. */
struct bucket {
    struct actor actor;
    struct inode inode;
    struct bucket_environment *environment; /* constant */
    _Atomic(struct place *) place;          /* where it is: place.c says who may read it */
    struct monitor fate;                    /* its own, of the supervisor */
    struct children *children;              /* the buckets in it; NULL before there was one */
    struct set keys;                        /* only once it has had many */
    struct sequence order;
    uint64_t bytes; /* of all named values */
    struct limit bytes_held; /* of all values, without their holes; max is guarded as mode is */
    uint64_t max_keys;       /* guarded as mode is; 0: no limit */
    mode_t mode; /* this and the three below are written under nameless_lock, too, as a successor reads them */
    uid_t uid;
    gid_t gid;
    uint32_t restarts;     /* constant once it has started */
    struct xattrs *xattrs; /* NULL: none */
    union {
        struct {
            int64_t atime;
            int64_t mtime;
            int64_t ctime;
        };
        struct table_deferred deferred; /* once the inode's last reference has gone, after the end */
    };
    int64_t changed; /* the last change: times grow strictly with each, the mtime also for the kernel's listing cache */
    bool sealed;     /* is about to end: takes no more keys and buckets */
    bool removed;    /* it is sealed because it was empty */
    _Atomic bool counted;     /* as an inode of the mount */
    _Atomic bool told;        /* somebody has taken the news of its end */
    _Atomic uint32_t holders;
    struct lock nameless_lock;     /* short; order: after the run lock */
    struct cds_list_head nameless; /* values without a name that the kernel knew when they lost it */
    struct cds_list_head link;     /* whoever was told of the end */
};

enum bucket_tag {
    BUCKET_PUT,
    BUCKET_GET,
    BUCKET_DELETE,
    BUCKET_LOOKUP,
    BUCKET_ADD,
    BUCKET_ADD_NAMELESS,
    BUCKET_LINK,
    BUCKET_RENAME,
    BUCKET_GET_ATTRIBUTES,
    BUCKET_SET_ATTRIBUTES,
    BUCKET_GET_STATS,
    BUCKET_LIST,
    BUCKET_READ,
    BUCKET_WRITE,
    BUCKET_ALLOCATE,
    BUCKET_FIND_DATA,
    BUCKET_FIND_HOLE,
    BUCKET_SEAL,
    BUCKET_GET_XATTR,
    BUCKET_SET_XATTR,
    BUCKET_REMOVE_XATTR,
    BUCKET_LIST_XATTRS,
};

/* Added to the tag of a call about a value: BUCKET_E_NOT_MINE, and nothing was done, if it is another bucket's by now. */
#define BUCKET_OF_VALUE 512u
#define BUCKET_E_NOT_MINE 127

/* One shape for the calls that name a key or a value; each uses what it needs. */
struct bucket_call {
    const struct key *key;
    const struct key *to;
    struct value *value; /* also out, with a reference */
    struct bucket *bucket; /* out, with a reference */
    uint64_t offset; /* also out */
    void *buffer;
    const void *bytes;
    size_t length; /* also out */
    unsigned set;
    enum change_kind kind;
    int flags;          /* setxattr(2)'s */
    const char *hidden; /* what names that aren't listed begin with */
    const struct change_attributes *attributes;
    enum bucket_remember remember;
    bool keep_target;
    bool some; /* as many bytes as there is room for */
    struct attributes *ret_attributes;
};

struct bucket_list_call {
    uint64_t position;
    bucket_visit *visit;
    registry_visit *visit_bucket;
    void *context;
};

extern const struct actor_class bucket_class;

/* life.c */

/*
 * [supervisor] bucket_start() in the place of `predecessor`, or of none, and told to the environment. Takes `xattrs` in
 * any case.
 */
int bucket_start_in_place(struct bucket_environment *environment, struct actor *supervisor, const struct key *name,
                          const struct change_attributes *attributes, struct xattrs *xattrs,
                          struct bucket *predecessor, struct bucket **ret_bucket);
struct metadata bucket_metadata(struct bucket *bucket);
/* [any thread] The last reference went. A successor has taken its place in the count, or it is free now. */
inode_let_go bucket_let_go_of_inode;

/* place.c */

/* NULL without memory. */
struct place *place_create(struct actor *supervisor, const struct key *name);
/* One that no bucket has any more, or none ever had. NULL is fine. */
void place_destroy(struct place *place);
/* [both registries, moving] Takes the new one. */
void place_change(struct bucket *bucket, struct place *place);
void place_label(const struct bucket *bucket, char *buffer, size_t size);

/* server.c */

/* [run lock] For its next change. */
int64_t bucket_next_time(struct bucket *bucket);
/* [run lock] Makes it able to hold buckets. 0, or -ENOMEM. */
int bucket_make_children(struct bucket *bucket);
/* [run lock] */
bool bucket_is_empty(const struct bucket *bucket);

/* keys.c: which value a key means. [run lock] */

/* Borrows; NULL if there is none. */
struct entry *keys_find(struct bucket *bucket, const struct key *key);
/* The first behind `*position`, borrowed; NULL if there is none. As sequence_next(). */
struct entry *keys_next(const struct bucket *bucket, uint64_t *position, size_t *cursor);
static inline struct key entry_key(const struct entry *entry)
{
    return (struct key){entry->name, entry->item.mark};
}
/* An entry that isn't in the bucket yet, for `value`, whose reference it takes. NULL without memory. */
struct entry *entry_create(const struct key *key, struct value *value);
void entry_destroy(struct entry *entry);
/* 0, or -ENOMEM and nothing changed. */
int keys_insert(struct bucket *bucket, struct entry *entry);
/* Takes the entry out and frees it; its value loses a name. */
void keys_remove(struct bucket *bucket, struct entry *entry);
/* After the end: lets all of them go. */
void keys_dispose(struct bucket *bucket);

/* value.c */

/* One reference and one name. 0, -ENOMEM, or BUCKET_E_FULL. Takes `xattrs` in any case. */
int value_create(struct bucket *owner, const struct change_attributes *attributes, struct xattrs *xattrs, int64_t time,
                 struct value **ret_value);
/* [run lock] What is new begins without the name: its reference is the caller's. Takes `nameless`. */
void value_begin_nameless(struct value *value, struct nameless *nameless);
/* [run lock] One more name; all of them have one reference. */
void value_gain_name(struct value *value);
/*
 * [run lock, or disposing] It has lost the name that `entry` was for, with the last one the reference, and is remembered
 * while the kernel knows it. Takes the entry.
 */
void value_lose_name(struct value *value, struct entry *entry);
/* [any thread] The last reference went. */
inode_let_go value_let_go_of_inode;
struct metadata value_metadata(struct value *value);
/* What is shown and counted of the `allocated` bytes of its pages: as in tmpfs none of a symlink whose target is short. */
uint64_t value_allocated(const struct value *value, uint64_t allocated, uint64_t size);
void value_show(const struct value *value, struct attributes *ret_attributes);
/* [its run lock, or disposing] Whose it is. */
static inline struct bucket *value_owner(const struct value *value)
{
    return atomic_load(&((struct value *)value)->owner);
}
/* [any thread] Whose it was a moment ago, with a reference on its actor. */
struct bucket *value_hold_owner(struct value *value);

/* apply.c: the only way in which state changes. [run lock] */

/*
 * Gives the change to the store, then makes it so. For what concerns a value, `*value` is it; for CHANGE_ADD it is out,
 * borrowed, and for CHANGE_ADD_NAMELESS with a reference. 0, or a condition or negative errno, and nothing has changed. The caller has checked that it is legal.
 */
int bucket_apply(struct bucket *bucket, const struct change *change, struct value **value);
/* [the store has it] An entry's value is about to lose that name. */
void value_note_loss(struct bucket *bucket, struct value *value, int64_t time);
/* The names changed: mtime grows strictly, by which the kernel's listing cache sees it. */
void bucket_note_names(struct bucket *bucket, int64_t time);

#endif
