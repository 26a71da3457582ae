/*
 * The only place where a bucket's state changes; where two buckets' do at once
 * is apply_move.c.
 *
 * Each kind of change gets the memory it needs, then gives the change to the
 * store, then makes it so: what comes after the store has said yes can't fail.
 */
#include "bucket/bucket_internal.h"

void bucket_note_names(struct bucket *bucket, int64_t time)
{
    bucket->changed = time > bucket->changed ? time : bucket->changed + 1;
    bucket->mtime = bucket->ctime = bucket->changed;
}

static void count_bytes(struct bucket *bucket, const struct value *value, uint64_t before)
{
    if (value->nlink > 0)
        bucket->bytes += value->bytes.size - before;
}

/* Room for its bytes, and they. Nobody sees it yet. */
static int fill(struct bucket *bucket, const struct change *change, struct value *value)
{
    struct claim claim;
    int rc = claim_write(&claim, bucket, value, 0, change->length);

    if (rc != 0)
        return rc;
    rc = bytes_reserve(&value->bytes, 0, change->length);
    if (rc == 0)
        bytes_write(&value->bytes, 0, change->bytes, change->length);
    claim_end(&claim);
    return rc;
}

static int create_value(struct bucket *bucket, const struct change *change, struct value **ret_value)
{
    const struct metadata directory = bucket_metadata(bucket);
    struct change_attributes attributes = change->attributes;
    struct xattrs *xattrs;
    struct value *value;
    int rc = metadata_inherit(&directory, &attributes, &xattrs);

    if (rc < 0)
        return rc;
    rc = value_create(bucket, &attributes, xattrs, change->time, &value);
    if (rc != 0)
        return rc;
    rc = fill(bucket, change, value);
    if (rc != 0) {
        inode_unref(&value->inode);
        return rc;
    }
    *ret_value = value;
    return 0;
}

/* An entry with that name, which has the value's reference. */
static int insert(struct bucket *bucket, const struct key *key, struct value *value, struct entry **ret_entry)
{
    struct entry *entry = entry_create(key, value);
    int rc;

    if (!entry)
        return -ENOMEM;
    rc = keys_insert(bucket, entry);
    if (rc < 0) {
        entry_destroy(entry);
        return rc;
    }
    *ret_entry = entry;
    return 0;
}

static int write_addition(struct bucket *bucket, const struct change *change, const struct value *value)
{
    struct change numbered = *change;

    numbered.ino = value->inode.number;
    return store_write(bucket->environment->store, &numbered);
}

static int apply_add(struct bucket *bucket, const struct change *change, struct value **ret_value)
{
    const struct key key = {change->name, change->name_length};
    struct entry *entry;
    struct value *value;
    int rc = usage_check_key(bucket);

    if (rc == 0)
        rc = create_value(bucket, change, &value);
    if (rc != 0)
        return rc;
    rc = insert(bucket, &key, value, &entry);
    if (rc < 0) {
        inode_unref(&value->inode);
        return rc;
    }
    rc = write_addition(bucket, change, value);
    if (rc < 0) {
        keys_remove(bucket, entry);
        return rc;
    }
    count_bytes(bucket, value, 0);
    bucket_note_names(bucket, change->time);
    *ret_value = value;
    return 0;
}

static int apply_add_nameless(struct bucket *bucket, const struct change *change, struct value **ret_value)
{
    struct nameless *nameless = malloc(sizeof(*nameless));
    struct value *value;
    int rc = nameless ? create_value(bucket, change, &value) : -ENOMEM;

    if (rc != 0)
        goto free_nameless;
    rc = write_addition(bucket, change, value);
    if (rc < 0)
        goto unref_value;
    value_begin_nameless(value, nameless);
    *ret_value = value;
    return 0;

unref_value:
    inode_unref(&value->inode);
free_nameless:
    free(nameless);
    return rc;
}

/* [the store has it] An entry's value is about to lose that name. */
void value_note_loss(struct bucket *bucket, struct value *value, int64_t time)
{
    if (value->nlink == 1)
        bucket->bytes -= value->bytes.size;
    usage_lose_name(value);
    value->ctime = time;
}

static int apply_remove(struct bucket *bucket, const struct change *change)
{
    struct key key = {change->name, change->name_length};
    struct entry *entry = keys_find(bucket, &key);
    int rc = store_write(bucket->environment->store, change);

    if (rc < 0)
        return rc;
    value_note_loss(bucket, entry->value, change->time);
    keys_remove(bucket, entry);
    bucket_note_names(bucket, change->time);
    return 0;
}

/*
 * The entry of the name that stays gets the value, and keeps its position: a listing sees it once. The other has what is
 * replaced, and loses it.
 */
static int replace(struct bucket *bucket, const struct change *change, struct entry *entry, struct entry *target)
{
    struct value *replaced = target->value;
    int rc = store_write(bucket->environment->store, change);

    if (rc < 0)
        return rc;
    target->value = entry->value;
    entry->value = replaced;
    value_note_loss(bucket, replaced, change->time);
    return 0;
}

static int add_name(struct bucket *bucket, const struct change *change, struct value *value, const struct key *key)
{
    struct entry *entry;
    int rc = insert(bucket, key, value, &entry);

    if (rc < 0)
        return rc;
    value_gain_name(value);
    rc = store_write(bucket->environment->store, change);
    if (rc < 0)
        keys_remove(bucket, entry);
    return rc;
}

static int apply_link(struct bucket *bucket, const struct change *change, struct value *value)
{
    const struct key key = {change->name, change->name_length};
    struct limit *inodes = &bucket->environment->inodes;
    uint64_t needed = value->nlink > 0;
    int rc = usage_check_key(bucket);

    if (rc != 0)
        return rc;
    if (!limit_take(inodes, needed))
        return BUCKET_E_FULL;
    rc = add_name(bucket, change, value, &key);
    if (rc < 0) {
        limit_give(inodes, needed);
        return rc;
    }
    if (value->unnamed)
        count_bytes(bucket, value, 0);
    value->unnamed = false;
    value->ctime = change->time;
    bucket_note_names(bucket, change->time);
    return 0;
}

/* The value gets its second name, instead of what is called so, and then loses its first. */
static int apply_rename(struct bucket *bucket, const struct change *change)
{
    struct key from = {change->name, change->name_length};
    struct key to = {change->to_name, change->to_name_length};
    struct entry *old = keys_find(bucket, &from);
    struct entry *target = keys_find(bucket, &to);
    struct value *value = old->value;
    int rc = target ? replace(bucket, change, old, target) : add_name(bucket, change, value, &to);

    if (rc < 0)
        return rc;
    keys_remove(bucket, old);
    value->ctime = change->time;
    bucket_note_names(bucket, change->time);
    return 0;
}

/* They aren't what they were. */
static void note_contents(struct bucket *bucket, struct value *value, uint64_t before, const struct change *change)
{
    const struct metadata metadata = value_metadata(value);

    count_bytes(bucket, value, before);
    value->mtime = change->time;
    metadata_set(&metadata, change);
}

static int apply_write(struct bucket *bucket, const struct change *change, struct value *value)
{
    uint64_t before = value->bytes.size;
    struct claim claim;
    int rc = claim_write(&claim, bucket, value, change->offset, change->length);

    if (rc != 0)
        return rc;
    rc = bytes_reserve(&value->bytes, change->offset, change->length);
    if (rc == 0)
        rc = store_write(bucket->environment->store, change);
    if (rc < 0)
        goto end_claim;
    bytes_write(&value->bytes, change->offset, change->bytes, change->length);
    if (change->set & CHANGE_SET_SIZE)
        bytes_truncate(&value->bytes, change->offset + change->length);
    note_contents(bucket, value, before, change);
end_claim:
    claim_end(&claim);
    return rc;
}

/* [run lock, nameless_lock] */
static void set_limits(struct bucket *bucket, const struct change *change)
{
    if (change->set & CHANGE_SET_MAX_BYTES)
        bucket->bytes_held.max = change->attributes.max_bytes;
    if (change->set & CHANGE_SET_MAX_KEYS)
        bucket->max_keys = change->attributes.max_keys;
}

/* Limits aren't what stat shows: they alone change no time. */
static int apply_set_bucket(struct bucket *bucket, const struct change *change)
{
    const struct metadata metadata = bucket_metadata(bucket);
    int rc = store_write(bucket->environment->store, change);

    if (rc < 0)
        return rc;
    lock_acquire(&bucket->nameless_lock);
    set_limits(bucket, change);
    if (change->set & ~(unsigned)CHANGE_SET_LIMITS)
        metadata_set(&metadata, change);
    lock_release(&bucket->nameless_lock);
    return 0;
}

/* Claims a size, has the store keep it, and cuts or lengthens the value. */
static int resize(struct bucket *bucket, const struct change *change, struct value *value)
{
    uint64_t before = value->bytes.size;
    struct claim claim;
    int rc = claim_size(&claim, bucket, value, change->attributes.size);

    if (rc != 0)
        return rc;
    rc = store_write(bucket->environment->store, change);
    if (rc == 0) {
        bytes_truncate(&value->bytes, change->attributes.size);
        count_bytes(bucket, value, before);
        value->mtime = change->time;
    }
    claim_end(&claim);
    return rc;
}

static int apply_set_value(struct bucket *bucket, const struct change *change, struct value *value)
{
    const struct metadata metadata = value_metadata(value);
    int rc = change->set & CHANGE_SET_SIZE ? resize(bucket, change, value)
                                           : store_write(bucket->environment->store, change);

    if (rc != 0)
        return rc;
    metadata_set(&metadata, change);
    return 0;
}

/* A bucket's under the lock under which its successor reads them. */
static int apply_xattr(struct bucket *bucket, const struct change *change, struct value *value)
{
    const struct metadata metadata = value ? value_metadata(value) : bucket_metadata(bucket);
    struct xattrs *reserved;
    int rc = metadata_reserve_xattr(&metadata, change, &reserved);

    if (rc != 0)
        return rc;
    rc = store_write(bucket->environment->store, change);
    if (rc < 0) {
        xattrs_destroy(reserved);
        return rc;
    }
    if (!value)
        lock_acquire(&bucket->nameless_lock);
    metadata_set_xattr(&metadata, change, reserved);
    if (!value)
        lock_release(&bucket->nameless_lock);
    return 0;
}

/* Pages that were there and are zeroed are holes, as new ones are. */
static void change_pages(struct bytes *bytes, const struct change *change)
{
    uint64_t end = change->offset + change->length;

    if (change->kind == CHANGE_PUNCH)
        bytes_punch(bytes, change->offset, change->length);
    else
        bytes_allocate(bytes, change->offset, change->length);
    if (change->kind == CHANGE_ZERO)
        bytes_zero(bytes, change->offset, change->length);
    if (change->set & CHANGE_SET_SIZE && end > bytes->size)
        bytes_truncate(bytes, end);
}

static int apply_allocate(struct bucket *bucket, const struct change *change, struct value *value)
{
    uint64_t before = value->bytes.size;
    struct claim claim;
    int rc = claim_allocation(&claim, bucket, value, change);

    if (rc != 0)
        return rc;
    if (change->kind != CHANGE_PUNCH)
        rc = bytes_reserve_pages(&value->bytes, change->offset, change->length);
    if (rc == 0)
        rc = store_write(bucket->environment->store, change);
    if (rc < 0)
        goto end_claim;
    change_pages(&value->bytes, change);
    note_contents(bucket, value, before, change);
end_claim:
    claim_end(&claim);
    return rc;
}

int bucket_apply(struct bucket *bucket, const struct change *change, struct value **value)
{
    lock_assert_held(&bucket->actor.run);
    switch (change->kind) {
    case CHANGE_ADD:
        return apply_add(bucket, change, value);
    case CHANGE_ADD_NAMELESS:
        return apply_add_nameless(bucket, change, value);
    case CHANGE_LINK:
        return apply_link(bucket, change, *value);
    case CHANGE_REMOVE:
        return apply_remove(bucket, change);
    case CHANGE_RENAME:
        return apply_rename(bucket, change);
    case CHANGE_WRITE:
        return apply_write(bucket, change, *value);
    case CHANGE_ALLOCATE:
    case CHANGE_ZERO:
    case CHANGE_PUNCH:
        return apply_allocate(bucket, change, *value);
    case CHANGE_SET:
        return value ? apply_set_value(bucket, change, *value) : apply_set_bucket(bucket, change);
    case CHANGE_SET_XATTR:
    case CHANGE_REMOVE_XATTR:
        return apply_xattr(bucket, change, value ? *value : NULL);
    case CHANGE_MOVE:
    case CHANGE_EXCHANGE:
        break; /* two buckets': bucket_apply_move() */
    }
    return -EINVAL;
}
