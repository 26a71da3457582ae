/*
 * A move, between the file that decides about it (move.c) and the one that
 * does it (apply_move.c).
 */
#ifndef KVFS_BUCKET_MOVE_H
#define KVFS_BUCKET_MOVE_H

#include "actor/visit.h"
#include "bucket/bucket_internal.h"

/* One of its two names, and what it means: a value, a bucket, or nothing. */
struct move_side {
    struct actor *owner;    /* what the name is in: a bucket's actor or the root registry's */
    struct bucket *bucket;  /* that bucket; NULL: the root */
    const struct key *key;
    struct entry *entry;          /* of the value that is called so */
    struct children_entry *child; /* of the bucket */
    struct bucket *found;         /* that bucket, a reference */
};

struct move {
    struct bucket_environment *environment;
    struct move_side from;
    struct move_side to;
    bool keep_target;
    bool exchange;
};

/*
 * [inside both owners and the buckets found] The only way in which state of two buckets changes: gives the change to the
 * store, then makes it so. 0; MOVE_E_AGAIN if one of them has ended; or a negative errno: and nothing has changed. The
 * caller has checked that it is legal.
 */
int bucket_apply_move(struct move *move, const struct actor_visit *visit);

enum { MOVE_E_AGAIN = 126 }; /* in this room only */

#endif
