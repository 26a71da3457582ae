/*
 * What counts against the limits: of the mount, pages of memory behind values,
 * and inodes (each value, each bucket, and each further name of a value); of
 * a bucket, the bytes of its values, without their holes but with what was
 * allocated behind them, and its keys.
 *
 * A value counts from its creation until its last reference goes, named or
 * not. A change that may need more claims it first, is then made, and at its
 * end what the value didn't take of it is given back, whether the change
 * happened or not: so no limit is ever exceeded, and what is counted is always
 * what is there.
 */
#ifndef KVFS_BUCKET_USAGE_H
#define KVFS_BUCKET_USAGE_H

#include <stddef.h>
#include <stdint.h>

#define USAGE_PAGE 4096 /* as the kernel's tmpfs counts on this machine */

struct bucket;
struct change;
struct value;

/* What a value counts for. */
struct usage {
    uint64_t pages; /* of the mount */
    uint64_t bytes; /* of its bucket */
};

struct claim {
    struct bucket *bucket;
    const struct value *value;
    struct usage held; /* what is counted for it meanwhile */
};

/*
 * All of these: [run lock of the value's bucket]. What one answers is 0, or
 * BUCKET_E_TOO_LARGE, BUCKET_E_FULL or BUCKET_E_QUOTA, and then nothing is claimed.
 */

/* What writing `length` bytes at `offset` of the value may need. */
int claim_write(struct claim *claim, struct bucket *bucket, const struct value *value, uint64_t offset, size_t length);
/* The same for a CHANGE_ALLOCATE, CHANGE_ZERO or CHANGE_PUNCH. */
int claim_allocation(struct claim *claim, struct bucket *bucket, const struct value *value,
                     const struct change *change);
/* The same for giving it a size. */
int claim_size(struct claim *claim, struct bucket *bucket, const struct value *value, uint64_t size);
/* The change has been made, or not. */
void claim_end(struct claim *claim);
/* How many of the first of those bytes could be written now: less than `length`, which couldn't. */
size_t claim_fitting(struct bucket *bucket, const struct value *value, uint64_t offset, size_t length);

/* One more key. 0, or BUCKET_E_QUOTA. */
int usage_check_key(const struct bucket *bucket);

/*
 * [both run locks] The value is about to go from one bucket to another: what it counts for there, and, once it is there,
 * here no more. 0 and how much, or BUCKET_E_QUOTA.
 */
int usage_claim_move(struct bucket *to, const struct value *value, uint64_t *ret_held);
void usage_end_move(struct bucket *bucket, uint64_t held);

/* One of its names is about to go: each but the last counted as an inode. */
void usage_lose_name(const struct value *value);

/* [last reference] The value goes with all that it counts for. */
void usage_end(struct value *value);

#endif
