/*
 * What apply.c is for one bucket's state, for that of two: a move or an
 * exchange of names, within a bucket, between two, or between one and the root.
 *
 * Each thing that goes somewhere *arrives* at a name, of which there are two in
 * an exchange. What can fail comes first: the memory of each arrival, and that
 * a bucket no longer shares its old parent's fate, which only one of the two
 * sides can win if that parent is just being killed. Then the store is asked.
 * Then nothing fails: everything arrives, and only then leaves what it had, so
 * that a reader of the root's table finds it somewhere all the time, and a
 * value keeps a name.
 *
 * Who arrives where something of its own kind is takes that one's place in the
 * listing; anywhere else it comes last. So a name that stays is listed once,
 * unless it was a bucket's and is a value's now.
 */
#include "actor/link.h"
#include "base/clock.h"
#include "bucket/move.h"

#include <stdlib.h>

/* The reference that a value had on its bucket, until no reader can find it there. */
struct farewell {
    struct table_deferred deferred;
    struct actor *owner;
};

struct arrival {
    struct move_side *at;
    struct move_side *what; /* a value or a bucket */
    struct entry *entry;    /* of a value: where it will be; the one that is there, or a new one */
    struct farewell *farewell; /* of a value that changes its bucket */
    uint64_t held;             /* what it counts for there */
    struct children_entry *child; /* of a bucket */
    struct place *place;
    bool has_left; /* of a bucket: it doesn't follow its parent any more */
};

static bool changes_owner(const struct arrival *arrival)
{
    return arrival->at->owner != arrival->what->owner;
}

static struct child_name name_at(const struct move_side *side)
{
    return (struct child_name){side->key->name, side->key->length};
}

static struct children *children_at(const struct move_side *side)
{
    return side->bucket ? side->bucket->children : registry_children(side->owner);
}

/* ---- what can fail ---- */

static int make_entry(struct arrival *arrival, struct value *value)
{
    struct entry *entry;
    int rc;

    if (arrival->at->entry) {
        arrival->entry = arrival->at->entry;
        return 0;
    }
    entry = entry_create(arrival->at->key, value);
    if (!entry)
        return -ENOMEM;
    rc = keys_insert(arrival->at->bucket, entry);
    if (rc < 0) {
        entry_destroy(entry);
        return rc;
    }
    value_gain_name(value);
    arrival->entry = entry;
    return 0;
}

/* Its new bucket has room for it, and its old one can be left. */
static int prepare_owners(struct arrival *arrival, const struct value *value)
{
    int rc = arrival->at->entry ? 0 : usage_check_key(arrival->at->bucket);

    if (rc == 0)
        rc = usage_claim_move(arrival->at->bucket, value, &arrival->held);
    if (rc != 0)
        return rc;
    arrival->farewell = malloc(sizeof(*arrival->farewell));
    return arrival->farewell ? 0 : -ENOMEM;
}

/* It has one more name from here on, unless it will take another's. */
static int prepare_value(struct arrival *arrival)
{
    struct value *value = arrival->what->entry->value;
    int rc = changes_owner(arrival) ? prepare_owners(arrival, value) : 0;

    return rc == 0 ? make_entry(arrival, value) : rc;
}

static int prepare_bucket(struct arrival *arrival)
{
    const struct child_name name = name_at(arrival->at);
    struct bucket *bucket = arrival->what->found;

    if (arrival->at->bucket && bucket_make_children(arrival->at->bucket) < 0)
        return -ENOMEM;
    arrival->place = place_create(arrival->at->owner, arrival->at->key);
    if (arrival->place)
        arrival->child = children_prepare(children_at(arrival->at), &name, arrival->what->child, arrival->at->child);
    if (!arrival->child)
        return -ENOMEM;
    if (!changes_owner(arrival))
        return 0;
    arrival->has_left = actor_unfollow(&bucket->fate);
    return arrival->has_left ? 0 : MOVE_E_AGAIN;
}

static int prepare(struct arrival *arrival)
{
    return arrival->what->entry ? prepare_value(arrival) : prepare_bucket(arrival);
}

static void cancel(struct arrival *arrival)
{
    if (arrival->entry && !arrival->at->entry)
        keys_remove(arrival->at->bucket, arrival->entry);
    free(arrival->farewell);
    if (arrival->held > 0)
        usage_end_move(arrival->at->bucket, arrival->held);
    if (arrival->child)
        children_cancel(children_at(arrival->at), arrival->child, arrival->at->child);
    place_destroy(arrival->place);
    if (arrival->has_left)
        actor_follow(&arrival->what->found->actor, &arrival->what->found->fate, arrival->what->owner);
}

/* ---- what can't ---- */

static void release_farewell(struct table_deferred *deferred)
{
    struct farewell *farewell = table_entry(deferred, struct farewell, deferred);

    actor_unref(farewell->owner);
    free(farewell);
}

/* Who comes to the old owner meanwhile finds that it isn't his any more, and asks again. */
static void change_owner(struct value *value, struct bucket *owner, struct farewell *farewell, uint64_t held)
{
    struct bucket *old = value_owner(value);

    old->bytes -= value->bytes.size;
    owner->bytes += value->bytes.size;
    usage_end_move(old, held);
    farewell->owner = &old->actor;
    actor_ref(&owner->actor);
    atomic_store(&value->owner, owner);
    table_defer(&farewell->deferred, release_farewell);
}

static void arrive_value(const struct arrival *arrival, struct value *value, int64_t time)
{
    arrival->entry->value = value;
    if (changes_owner(arrival))
        change_owner(value, arrival->at->bucket, arrival->farewell, arrival->held);
    value->ctime = time;
}

/* The new parent monitors it, and is what it is in, before the old one forgets it. */
static void arrive_bucket(const struct arrival *arrival, int64_t time)
{
    struct bucket *bucket = arrival->what->found;

    children_admit(children_at(arrival->at), arrival->child, arrival->at->child);
    place_change(bucket, arrival->place);
    bucket->ctime = bucket->changed = time;
    if (arrival->has_left)
        actor_follow(&bucket->actor, &bucket->fate, arrival->at->owner);
}

/* What was called so isn't any more; `replaced`: something of its kind is. */
static void leave(const struct move_side *side, bool replaced)
{
    if (side->child)
        children_forget(children_at(side), side->child, replaced);
    else if (side->entry && !replaced)
        keys_remove(side->bucket, side->entry);
}

static struct value *value_at(const struct move_side *side)
{
    return side->entry ? side->entry->value : NULL;
}

/* Nothing comes back for it: it is no more what it was called. */
static void replace(const struct move_side *side, int64_t time)
{
    if (side->entry) {
        value_note_loss(side->bucket, side->entry->value, time);
    } else if (side->found) {
        side->found->sealed = side->found->removed = true;
        side->found->ctime = time;
    }
}

static void note_names(const struct move_side *side, int64_t time)
{
    if (side->bucket)
        bucket_note_names(side->bucket, time);
    else
        registry_note_change(side->owner);
}

static bool are_alike(const struct move_side *a, const struct move_side *b)
{
    return (a->entry && b->entry) || (a->child && b->child);
}

static void arrive(const struct arrival *arrival, struct value *value, int64_t time)
{
    if (value)
        arrive_value(arrival, value, time);
    else
        arrive_bucket(arrival, time);
}

static void commit(struct move *move, const struct arrival arrivals[2], int64_t time)
{
    struct value *from = value_at(&move->from);
    struct value *to = value_at(&move->to);
    bool alike = are_alike(&move->from, &move->to);

    if (!move->exchange)
        replace(&move->to, time);
    arrive(&arrivals[0], from, time);
    if (move->exchange)
        arrive(&arrivals[1], to, time);
    else if (from && to)
        move->from.entry->value = to;
    leave(&move->from, move->exchange && alike);
    leave(&move->to, alike);
    note_names(&move->from, time);
    if (move->to.owner != move->from.owner)
        note_names(&move->to, time);
}

/* ---- the change ---- */

static uint64_t number_of_owner(const struct move_side *side)
{
    return side->bucket ? side->bucket->inode.number : INODE_ROOT;
}

static uint64_t number_of(const struct move_side *side)
{
    if (side->entry)
        return side->entry->value->inode.number;
    return side->found ? side->found->inode.number : 0;
}

/* Later than any change before of whoever is concerned. */
static int64_t next_time(const struct move *move)
{
    struct bucket *const concerned[] = {move->from.bucket, move->to.bucket, move->from.found, move->to.found};
    int64_t time = clock_wall_ns();

    for (size_t i = 0; i < sizeof(concerned) / sizeof(*concerned); i++) {
        int64_t next = concerned[i] ? bucket_next_time(concerned[i]) : time;

        time = next > time ? next : time;
    }
    return time;
}

static struct change change_of(const struct move *move)
{
    return (struct change){
        .kind = move->exchange ? CHANGE_EXCHANGE : CHANGE_MOVE,
        .bucket = number_of_owner(&move->from),
        .ino = number_of(&move->from),
        .to_bucket = number_of_owner(&move->to),
        .to_ino = number_of(&move->to),
        .time = next_time(move),
        .name = move->from.key->name,
        .name_length = move->from.key->length,
        .to_name = move->to.key->name,
        .to_name_length = move->to.key->length,
    };
}

int bucket_apply_move(struct move *move, const struct actor_visit *visit)
{
    const struct change change = change_of(move);
    struct arrival arrivals[2] = {{.at = &move->to, .what = &move->from}, {.at = &move->from, .what = &move->to}};
    int rc = prepare(&arrivals[0]);

    if (rc == 0 && move->exchange)
        rc = prepare(&arrivals[1]);
    if (rc == 0 && !actor_visit_is_alive(visit))
        rc = MOVE_E_AGAIN;
    if (rc == 0)
        rc = store_write(move->environment->store, &change);
    if (rc != 0) {
        cancel(&arrivals[1]);
        cancel(&arrivals[0]);
        return rc;
    }
    commit(move, arrivals, change.time);
    return 0;
}
