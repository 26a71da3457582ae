/*
 * A bucket's callbacks: what its clients' calls mean. Each checks, makes a
 * change record, and has it applied; none edits the state itself.
 *
 * The end: when the bucket has ended and its last callback has returned, what
 * it held is left as it is and given to whoever must tell the kernel about it
 * (on_end), who then disposes of it.
 */
#include "base/clock.h"
#include "bucket/bucket_internal.h"

#include <stdlib.h>
#include <string.h>

static struct change change_of(const struct bucket *bucket, enum change_kind kind)
{
    return (struct change){.kind = kind, .bucket = bucket->inode.number, .time = clock_wall_ns()};
}

static struct change change_of_key(const struct bucket *bucket, enum change_kind kind, const struct key *key)
{
    struct change change = change_of(bucket, kind);

    change.name = key->name;
    change.name_length = key->length;
    return change;
}

static struct change change_of_value(const struct bucket *bucket, enum change_kind kind, const struct value *value)
{
    struct change change = change_of(bucket, kind);

    change.ino = value->inode.number;
    return change;
}

static void bucket_show(const struct bucket *bucket, struct attributes *ret_attributes)
{
    *ret_attributes = (struct attributes){
        .ino = bucket->inode.number,
        .mode = bucket->mode,
        .nlink = 2,
        .uid = bucket->uid,
        .gid = bucket->gid,
        .size = bucket->order.count,
        .atime = bucket->atime,
        .mtime = bucket->mtime,
        .ctime = bucket->ctime,
    };
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

    if (!entry)
        return BUCKET_E_NOT_FOUND;
    hand_out(entry->value, call);
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

    if (keys_find(bucket, call->key))
        return BUCKET_E_EXISTS;
    change.attributes = *call->attributes;
    rc = add(bucket, &change, &value);
    if (rc == 0)
        hand_out(value, call);
    return rc;
}

static int on_delete(struct bucket *bucket, const struct bucket_call *call)
{
    struct change change = change_of_key(bucket, CHANGE_REMOVE, call->key);

    if (!keys_find(bucket, call->key))
        return BUCKET_E_NOT_FOUND;
    return bucket_apply(bucket, &change, NULL);
}

static int on_rename(struct bucket *bucket, const struct bucket_call *call)
{
    struct change change = change_of_key(bucket, CHANGE_RENAME, call->key);
    const struct entry *from = keys_find(bucket, call->key);
    const struct entry *to = keys_find(bucket, call->to);

    if (!from)
        return BUCKET_E_NOT_FOUND;
    if (to && call->keep_target)
        return BUCKET_E_EXISTS;
    if (to == from)
        return 0;
    change.to_name = call->to->name;
    change.to_name_length = call->to->length;
    return bucket_apply(bucket, &change, NULL);
}

static int on_write(struct bucket *bucket, struct bucket_call *call)
{
    struct change change = change_of_value(bucket, CHANGE_WRITE, call->value);

    change.offset = call->offset;
    change.bytes = call->bytes;
    change.length = call->length;
    return bucket_apply(bucket, &change, &call->value);
}

static int put_new(struct bucket *bucket, const struct bucket_call *call)
{
    struct change change = change_of_key(bucket, CHANGE_ADD, call->key);
    struct value *value;

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

static int on_set_attributes(struct bucket *bucket, struct bucket_call *call)
{
    struct change change = change_of(bucket, CHANGE_SET);
    int rc;

    change.ino = call->value ? call->value->inode.number : bucket->inode.number;
    change.set = call->set;
    change.attributes = *call->attributes;
    rc = bucket_apply(bucket, &change, call->value ? &call->value : NULL);
    return rc == 0 ? on_get_attributes(bucket, call) : rc;
}

static int on_get_stats(const struct bucket *bucket, struct bucket_stats *stats)
{
    *stats = (struct bucket_stats){.keys = bucket->order.count, .bytes = bucket->bytes};
    return 0;
}

static int on_list(struct bucket *bucket, const struct bucket_list_call *call)
{
    uint64_t position = call->position;
    const struct entry *entry;
    size_t cursor = 0;

    while ((entry = sequence_next(&bucket->order, position, &cursor, &position))) {
        struct key key = {entry->name, entry->length};
        struct attributes attributes;

        value_show(entry->value, &attributes);
        if (!call->visit(call->context, position, &key, entry->value, &attributes))
            break;
    }
    return 0;
}

static int on_seal(struct bucket *bucket)
{
    if (bucket->order.count > 0)
        return BUCKET_E_NOT_EMPTY;
    bucket->sealed = true;
    return 0;
}

static int bucket_on_call(struct actor *self, unsigned tag, void *arg)
{
    struct bucket *bucket = bucket_of_actor(self);
    struct bucket_call *call = arg;

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
    case BUCKET_SEAL:
        return on_seal(bucket);
    }
    return -EINVAL;
}

static const char *bucket_label(const struct actor *self)
{
    return table_entry(self, struct bucket, actor)->name.name;
}

static void bucket_destroy(struct actor *self)
{
    struct bucket *bucket = bucket_of_actor(self);
    const struct bucket_environment *environment = bucket->environment;

    if (environment->on_end)
        environment->on_end(environment->context, bucket);
    else
        bucket_dispose(bucket);
}

static void bucket_free(struct actor *self)
{
    struct bucket *bucket = bucket_of_actor(self);

    lock_deinit(&bucket->nameless_lock);
    free((char *)bucket->name.name);
    free(bucket);
}

const struct actor_class bucket_class = {
    .name = "bucket",
    .label = bucket_label,
    .prompt = true,
    .on_call = bucket_on_call,
    .destroy = bucket_destroy,
    .free = bucket_free,
};

