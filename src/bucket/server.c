/*
 * A bucket's callbacks: what its clients' calls mean. Each checks, makes a
 * change record, and has it applied; none edits the state itself. What
 * concerns two buckets is no call: move.c.
 *
 * The end: when the bucket has ended and its last callback has returned, what
 * it held is left as it is and given to whoever must tell the kernel about it
 * (on_end), who then disposes of it.
 */
#include "base/clock.h"
#include "bucket/bucket_internal.h"

#include <stdlib.h>
#include <string.h>

/* Positions of buckets in a listing: greater than any key's. */
#define BUCKETS_BEHIND (UINT64_C(1) << 62)

/* Later than any change before, within a tick of the clock too, so that whoever looks at times sees each. */
int64_t bucket_next_time(struct bucket *bucket)
{
    int64_t now = clock_wall_ns();

    bucket->changed = now > bucket->changed ? now : bucket->changed + 1;
    return bucket->changed;
}

static struct change change_of(struct bucket *bucket, enum change_kind kind)
{
    return (struct change){.kind = kind, .bucket = bucket->inode.number, .time = bucket_next_time(bucket)};
}

static struct change change_of_key(struct bucket *bucket, enum change_kind kind, const struct key *key)
{
    struct change change = change_of(bucket, kind);

    change.name = key->name;
    change.name_length = key->length;
    return change;
}

static struct change change_of_value(struct bucket *bucket, enum change_kind kind, const struct value *value)
{
    struct change change = change_of(bucket, kind);

    change.ino = value->inode.number;
    return change;
}

static uint64_t count_buckets(const struct bucket *bucket)
{
    return bucket->children ? bucket->children->order.count : 0;
}

/* The living bucket of that name in it, borrowed; NULL if there is none. */
static struct bucket *find_bucket(struct bucket *bucket, const struct key *key)
{
    const struct child_name name = {key->name, key->length};
    struct actor *child = bucket->children ? children_find(bucket->children, &name) : NULL;

    return child ? bucket_of_actor(child) : NULL;
}

static void show_empty(const struct bucket *bucket, struct attributes *ret_attributes)
{
    *ret_attributes = (struct attributes){
        .ino = bucket->inode.number,
        .mode = bucket->mode,
        .uid = bucket->uid,
        .gid = bucket->gid,
        .atime = bucket->atime,
        .mtime = bucket->mtime,
        .ctime = bucket->ctime,
    };
}

static void bucket_show(const struct bucket *bucket, struct attributes *ret_attributes)
{
    uint64_t buckets = count_buckets(bucket);

    show_empty(bucket, ret_attributes);
    ret_attributes->nlink = (nlink_t)(2 + buckets);
    ret_attributes->size = bucket->order.count + buckets;
}

bool bucket_show_removed(const struct bucket *bucket, struct attributes *ret_attributes)
{
    if (!bucket_was_removed(bucket))
        return false;
    show_empty(bucket, ret_attributes);
    return true;
}

/* Hands a value out: counts the lookup here, where nothing else happens to the bucket meanwhile. */
static void hand_out(struct value *value, struct bucket_call *call)
{
    if (call->remember == BUCKET_REMEMBER)
        inode_remember(&value->inode);
    inode_ref(&value->inode);
    call->value = value;
    value_show(value, call->ret_attributes);
}

static int on_lookup(struct bucket *bucket, struct bucket_call *call)
{
    const struct entry *entry = keys_find(bucket, call->key);
    struct bucket *found = entry ? NULL : find_bucket(bucket, call->key);

    if (entry) {
        hand_out(entry->value, call);
        return 0;
    }
    if (!found)
        return BUCKET_E_NOT_FOUND;
    actor_ref(&found->actor);
    call->bucket = found;
    return 0;
}

static int add(struct bucket *bucket, const struct change *change, struct value **ret_value)
{
    return bucket->sealed ? BUCKET_E_NOT_FOUND : bucket_apply(bucket, change, ret_value);
}

static int on_add(struct bucket *bucket, struct bucket_call *call)
{
    struct change change = change_of_key(bucket, CHANGE_ADD, call->key);
    struct value *value;
    int rc;

    if (keys_find(bucket, call->key) || find_bucket(bucket, call->key))
        return BUCKET_E_EXISTS;
    change.attributes = *call->attributes;
    change.bytes = call->bytes;
    change.length = call->length;
    rc = add(bucket, &change, &value);
    if (rc == 0)
        hand_out(value, call);
    return rc;
}

/* The reference that a name would have is dropped when the caller has one. */
static int on_add_nameless(struct bucket *bucket, struct bucket_call *call)
{
    struct change change = change_of(bucket, CHANGE_ADD_NAMELESS);
    struct value *value;
    int rc;

    change.attributes = *call->attributes;
    rc = add(bucket, &change, &value);
    if (rc != 0)
        return rc;
    hand_out(value, call);
    inode_unref(&value->inode);
    return 0;
}

static int on_link(struct bucket *bucket, struct bucket_call *call)
{
    struct change change = change_of_key(bucket, CHANGE_LINK, call->key);
    struct value *value = call->value;
    int rc;

    if (keys_find(bucket, call->key) || find_bucket(bucket, call->key))
        return BUCKET_E_EXISTS;
    if (value_owner(value) != bucket)
        return BUCKET_E_CANT_MOVE;
    if ((value->nlink == 0 && !value->unnamed) || bucket->sealed)
        return BUCKET_E_NOT_FOUND;
    change.ino = value->inode.number;
    rc = bucket_apply(bucket, &change, &value);
    if (rc != 0)
        return rc;
    if (call->remember == BUCKET_REMEMBER)
        inode_remember(&value->inode);
    value_show(value, call->ret_attributes);
    return 0;
}

static int on_delete(struct bucket *bucket, const struct bucket_call *call)
{
    struct change change = change_of_key(bucket, CHANGE_REMOVE, call->key);

    if (!keys_find(bucket, call->key))
        return find_bucket(bucket, call->key) ? BUCKET_E_IS_BUCKET : BUCKET_E_NOT_FOUND;
    return bucket_apply(bucket, &change, NULL);
}

static int on_rename(struct bucket *bucket, const struct bucket_call *call)
{
    struct change change = change_of_key(bucket, CHANGE_RENAME, call->key);
    const struct entry *from = keys_find(bucket, call->key);
    const struct entry *to = keys_find(bucket, call->to);

    const struct bucket *in_the_way = to ? NULL : find_bucket(bucket, call->to);

    if (!from)
        return find_bucket(bucket, call->key) ? BUCKET_E_CANT_MOVE : BUCKET_E_NOT_FOUND;
    if ((to || in_the_way) && call->keep_target)
        return BUCKET_E_EXISTS;
    if (in_the_way)
        return BUCKET_E_IS_BUCKET;
    if (to && to->value == from->value)
        return 0;
    change.to_name = call->to->name;
    change.to_name_length = call->to->length;
    return bucket_apply(bucket, &change, NULL);
}

static bool is_limit(int rc)
{
    return rc == BUCKET_E_FULL || rc == BUCKET_E_QUOTA;
}

/* Of some as many as fit. While others fill the mount, too, what fitted a moment ago may be too much now. */
static int on_write(struct bucket *bucket, struct bucket_call *call)
{
    struct change change = change_of_value(bucket, CHANGE_WRITE, call->value);
    const struct metadata metadata = value_metadata(call->value);
    int rc = metadata_check_drop(&metadata, call->set);

    if (rc != 0)
        return rc;
    change.set = call->set;
    change.offset = call->offset;
    change.bytes = call->bytes;
    change.length = call->length;
    rc = bucket_apply(bucket, &change, &call->value);
    while (call->some && is_limit(rc)) {
        change.length = claim_fitting(bucket, call->value, change.offset, change.length);
        if (change.length == 0)
            break;
        rc = bucket_apply(bucket, &change, &call->value);
    }
    call->length = change.length;
    return rc;
}

static int on_allocate(struct bucket *bucket, struct bucket_call *call)
{
    struct change change = change_of_value(bucket, call->kind, call->value);

    change.set = call->set;
    change.offset = call->offset;
    change.length = call->length;
    return bucket_apply(bucket, &change, &call->value);
}

static int on_find_data(struct bucket_call *call)
{
    return bytes_find_data(&call->value->bytes, call->offset, &call->offset) ? 0 : BUCKET_E_NO_DATA;
}

static int on_find_hole(struct bucket_call *call)
{
    return bytes_find_hole(&call->value->bytes, call->offset, &call->offset) ? 0 : BUCKET_E_NO_DATA;
}

static int put_new(struct bucket *bucket, const struct bucket_call *call)
{
    struct change change = change_of_key(bucket, CHANGE_ADD, call->key);
    struct value *value;

    if (find_bucket(bucket, call->key))
        return BUCKET_E_IS_BUCKET;
    change.attributes = (struct change_attributes){.mode = S_IFREG | 0644, .uid = bucket->uid, .gid = bucket->gid};
    change.bytes = call->bytes;
    change.length = call->length;
    return add(bucket, &change, &value);
}

/* One change, so that what was there is there until what comes is. */
static int on_put(struct bucket *bucket, const struct bucket_call *call)
{
    const struct entry *entry = keys_find(bucket, call->key);
    struct change change;
    struct value *value;

    if (!entry)
        return put_new(bucket, call);
    value = entry->value;
    change = change_of_value(bucket, CHANGE_WRITE, value);
    change.set = CHANGE_SET_SIZE;
    change.bytes = call->bytes;
    change.length = call->length;
    return bucket_apply(bucket, &change, &value);
}

static int on_get(struct bucket *bucket, struct bucket_call *call)
{
    const struct entry *entry = keys_find(bucket, call->key);

    if (!entry)
        return BUCKET_E_NOT_FOUND;
    call->length = bytes_read(&entry->value->bytes, 0, call->buffer, call->length);
    return 0;
}

static int on_read(struct bucket_call *call)
{
    call->length = bytes_read(&call->value->bytes, call->offset, call->buffer, call->length);
    return 0;
}

static int on_get_attributes(struct bucket *bucket, const struct bucket_call *call)
{
    if (call->value)
        value_show(call->value, call->ret_attributes);
    else
        bucket_show(bucket, call->ret_attributes);
    return 0;
}

/* What a call is about: a value, or the bucket itself. */
static struct metadata metadata_of(struct bucket *bucket, const struct bucket_call *call)
{
    return call->value ? value_metadata(call->value) : bucket_metadata(bucket);
}

static struct change change_of_either(struct bucket *bucket, enum change_kind kind,
                                      const struct bucket_call *call)
{
    struct change change = change_of(bucket, kind);

    change.ino = call->value ? call->value->inode.number : bucket->inode.number;
    change.set = call->set;
    return change;
}

static int apply_to_either(struct bucket *bucket, const struct change *change, struct bucket_call *call)
{
    return bucket_apply(bucket, change, call->value ? &call->value : NULL);
}

static int on_set_attributes(struct bucket *bucket, struct bucket_call *call)
{
    struct change change = change_of_either(bucket, CHANGE_SET, call);
    const struct metadata metadata = metadata_of(bucket, call);
    int rc = metadata_check_drop(&metadata, call->set);

    if (rc != 0)
        return rc;
    change.attributes = *call->attributes;
    rc = apply_to_either(bucket, &change, call);
    return rc == 0 ? on_get_attributes(bucket, call) : rc;
}

static int on_get_xattr(struct bucket *bucket, struct bucket_call *call)
{
    const struct metadata metadata = metadata_of(bucket, call);

    return metadata_get_xattr(&metadata, call->key, call->buffer, call->length, &call->length);
}

static int on_list_xattrs(struct bucket *bucket, struct bucket_call *call)
{
    const struct metadata metadata = metadata_of(bucket, call);

    return metadata_list_xattrs(&metadata, call->hidden, call->buffer, call->length, &call->length);
}

static int on_change_xattr(struct bucket *bucket, enum change_kind kind, struct bucket_call *call)
{
    struct change change = change_of_either(bucket, kind, call);
    const struct metadata metadata = metadata_of(bucket, call);
    int rc;

    change.name = call->key->name;
    change.name_length = call->key->length;
    change.bytes = call->bytes;
    change.length = call->length;
    rc = metadata_plan_xattr(&metadata, call->flags, &change);
    return rc == 0 ? apply_to_either(bucket, &change, call) : rc;
}

static int on_get_stats(const struct bucket *bucket, struct bucket_stats *stats)
{
    *stats = (struct bucket_stats){
        .keys = bucket->order.count,
        .bytes = bucket->bytes,
        .buckets = count_buckets(bucket),
        .bytes_held = limit_used(&bucket->bytes_held),
        .max_bytes = bucket->bytes_held.max,
        .max_keys = bucket->max_keys,
    };
    return 0;
}

/* False if the visitor had enough. */
static bool list_keys(struct bucket *bucket, const struct bucket_list_call *call)
{
    uint64_t position = call->position;
    const struct entry *entry;
    size_t cursor = 0;

    while ((entry = keys_next(bucket, &position, &cursor))) {
        const struct key key = entry_key(entry);
        struct attributes attributes;

        value_show(entry->value, &attributes);
        if (!call->visit(call->context, position, &key, entry->value, &attributes))
            return false;
    }
    return true;
}

/* Moves the positions of buckets behind those of all keys. */
static bool visit_moved(void *context, uint64_t position, const struct child_name *name, struct actor *child)
{
    const struct bucket_list_call *call = context;

    return call->visit_bucket(call->context, BUCKETS_BEHIND + position, name, child);
}

static int list_buckets(struct bucket *bucket, struct bucket_list_call *call)
{
    uint64_t position = call->position > BUCKETS_BEHIND ? call->position - BUCKETS_BEHIND : 0;

    struct children_call list = {.position = position, .visit = visit_moved, .context = call};

    return bucket->children ? children_on_call(bucket->children, CHILDREN_LIST, &list) : 0;
}

static int on_list(struct bucket *bucket, struct bucket_list_call *call)
{
    if (call->position < BUCKETS_BEHIND && !list_keys(bucket, call))
        return 0;
    return list_buckets(bucket, call);
}

bool bucket_is_empty(const struct bucket *bucket)
{
    return bucket->order.count == 0 && count_buckets(bucket) == 0;
}

static int on_seal(struct bucket *bucket)
{
    if (!bucket_is_empty(bucket))
        return BUCKET_E_NOT_EMPTY;
    bucket->sealed = bucket->removed = true;
    bucket->ctime = bucket_next_time(bucket);
    return 0;
}

/* ---- the buckets in it ---- */

static void note_children(struct actor *self)
{
    struct bucket *bucket = bucket_of_actor(self);

    bucket_note_names(bucket, bucket_next_time(bucket));
}

/* Who starts buckets is a bucket, or a root registry. */
static struct bucket_environment *environment_of(struct actor *owner)
{
    return registry_is(owner) ? registry_context(owner) : bucket_of_actor(owner)->environment;
}

/* What one that has ended had and its successor gets; a callback of it may still run. */
static int get_left(struct bucket *predecessor, struct change_attributes *ret_left, struct xattrs **ret_xattrs)
{
    int rc;

    lock_acquire(&predecessor->nameless_lock);
    *ret_left = (struct change_attributes){
        .mode = predecessor->mode,
        .uid = predecessor->uid,
        .gid = predecessor->gid,
        .max_bytes = predecessor->bytes_held.max,
        .max_keys = predecessor->max_keys,
    };
    rc = xattrs_copy(predecessor->xattrs, ret_xattrs);
    lock_release(&predecessor->nameless_lock);
    return rc;
}

/* What the one that it is made in makes of what its maker wants. */
static int inherit(struct actor *owner, struct change_attributes *attributes, struct xattrs **ret_xattrs)
{
    const struct bucket_environment *environment = environment_of(owner);
    struct metadata directory;

    if (registry_is(owner))
        return environment->inherit ? environment->inherit(environment->context, attributes, ret_xattrs) : 0;
    directory = bucket_metadata(bucket_of_actor(owner));
    return metadata_inherit(&directory, attributes, ret_xattrs);
}

static int start_bucket(struct actor *owner, const struct child_name *name, void *arg, struct actor *predecessor,
                        struct actor **ret_child)
{
    struct change_attributes attributes = arg ? *(const struct change_attributes *)arg
                                              : (struct change_attributes){.mode = S_IFDIR | 0755};
    struct bucket *before = predecessor ? bucket_of_actor(predecessor) : NULL;
    const struct key key = {name->name, name->length};
    struct xattrs *xattrs = NULL;
    struct bucket *bucket;
    int rc = before ? get_left(before, &attributes, &xattrs) : inherit(owner, &attributes, &xattrs);

    if (rc == 0)
        rc = bucket_start_in_place(environment_of(owner), owner, &key, &attributes, xattrs, before, &bucket);
    if (rc == 0)
        *ret_child = &bucket->actor;
    return rc;
}

static int stop_if_empty(struct actor *child)
{
    return bucket_stop_if_empty(bucket_of_actor(child));
}

const struct children_ops bucket_children_ops = {
    .start = start_bucket, .stop_if_empty = stop_if_empty, .changed = registry_note_change};

static const struct children_ops own_children_ops = {
    .start = start_bucket, .stop_if_empty = stop_if_empty, .changed = note_children};

int bucket_make_children(struct bucket *bucket)
{
    struct children *children;

    if (bucket->children)
        return 0;
    children = malloc(sizeof(*children));
    if (!children)
        return -ENOMEM;
    (void)children_init(children, &bucket->actor, &own_children_ops, false);
    bucket->children = children;
    return 0;
}

/* What every registry understands. */
static int on_children_call(struct bucket *bucket, unsigned tag, struct children_call *call)
{
    const struct key key = {call->name.name, call->name.length};

    if (tag == CHILDREN_CLOSE)
        bucket->sealed = true;
    if (tag == CHILDREN_CREATE) {
        if (bucket->sealed)
            return BUCKET_E_NOT_FOUND;
        if (keys_find(bucket, &key))
            return REGISTRY_E_EXISTS;
        if (bucket_make_children(bucket) < 0)
            return -ENOMEM;
    }
    if (bucket->children)
        return children_on_call(bucket->children, tag, call);
    return tag == CHILDREN_LIST || tag == CHILDREN_NEXT || tag == CHILDREN_CLOSE ? 0 : REGISTRY_E_NOT_FOUND;
}

static int bucket_on_call(struct actor *self, unsigned tag, void *arg)
{
    struct bucket *bucket = bucket_of_actor(self);
    struct bucket_call *call = arg;

    if (tag & BUCKET_OF_VALUE) {
        if (value_owner(call->value) != bucket)
            return BUCKET_E_NOT_MINE;
        tag &= ~BUCKET_OF_VALUE;
    }
    switch ((enum bucket_tag)tag) {
    case BUCKET_PUT:
        return on_put(bucket, call);
    case BUCKET_GET:
        return on_get(bucket, call);
    case BUCKET_DELETE:
        return on_delete(bucket, call);
    case BUCKET_LOOKUP:
        return on_lookup(bucket, call);
    case BUCKET_ADD:
        return on_add(bucket, call);
    case BUCKET_ADD_NAMELESS:
        return on_add_nameless(bucket, call);
    case BUCKET_LINK:
        return on_link(bucket, call);
    case BUCKET_RENAME:
        return on_rename(bucket, call);
    case BUCKET_GET_ATTRIBUTES:
        return on_get_attributes(bucket, call);
    case BUCKET_SET_ATTRIBUTES:
        return on_set_attributes(bucket, call);
    case BUCKET_GET_STATS:
        return on_get_stats(bucket, arg);
    case BUCKET_LIST:
        return on_list(bucket, arg);
    case BUCKET_READ:
        return on_read(call);
    case BUCKET_WRITE:
        return on_write(bucket, call);
    case BUCKET_ALLOCATE:
        return on_allocate(bucket, call);
    case BUCKET_FIND_DATA:
        return on_find_data(call);
    case BUCKET_FIND_HOLE:
        return on_find_hole(call);
    case BUCKET_SEAL:
        return on_seal(bucket);
    case BUCKET_GET_XATTR:
        return on_get_xattr(bucket, call);
    case BUCKET_SET_XATTR:
        return on_change_xattr(bucket, CHANGE_SET_XATTR, call);
    case BUCKET_REMOVE_XATTR:
        return on_change_xattr(bucket, CHANGE_REMOVE_XATTR, call);
    case BUCKET_LIST_XATTRS:
        return on_list_xattrs(bucket, call);
    }
    return on_children_call(bucket, tag, arg);
}

static bool bucket_on_info(struct actor *self, struct message *message)
{
    if (message->kind != MESSAGE_DOWN)
        return false;
    children_on_down(bucket_of_actor(self)->children, message);
    return true;
}

static void bucket_terminate(struct actor *self, const struct reason *reason)
{
    struct bucket *bucket = bucket_of_actor(self);

    if (bucket->children)
        children_stop_all(bucket->children, reason);
}

static void bucket_label(const struct actor *self, char *buffer, size_t size)
{
    place_label(table_entry(self, const struct bucket, actor), buffer, size);
}

static void bucket_destroy(struct actor *self)
{
    struct bucket *bucket = bucket_of_actor(self);
    const struct bucket_environment *environment = bucket->environment;

    if (bucket->children)
        children_clear(bucket->children);
    if (environment->on_end)
        environment->on_end(environment->context, bucket);
    else
        bucket_dispose(bucket);
}

static void release_bucket(struct bucket *bucket)
{
    struct bucket_environment *environment = bucket->environment;

    assert(limit_used(&bucket->bytes_held) == 0);
    place_destroy(atomic_load(&bucket->place));
    lock_deinit(&bucket->nameless_lock);
    xattrs_destroy(bucket->xattrs);
    free(bucket);
    atomic_fetch_sub(&environment->buckets, 1);
}

/* Not one within the other: the last bucket of a deep tree lets all those above it go. */
static void bucket_free(struct actor *self)
{
    static _Thread_local struct bucket **above; /* where the one that a bucket lets go waits until that is freed */
    struct bucket *bucket = bucket_of_actor(self);
    struct bucket *next;

    if (above) {
        *above = bucket;
        return;
    }
    above = &next;
    for (; bucket; bucket = next) {
        next = NULL;
        release_bucket(bucket);
    }
    above = NULL;
}

const struct actor_class bucket_class = {
    .name = "bucket",
    .label = bucket_label,
    .prompt = true,
    .on_call = bucket_on_call,
    .on_info = bucket_on_info,
    .terminate = bucket_terminate,
    .destroy = bucket_destroy,
    .free = bucket_free,
};

