/*
 * A bucket as its clients see it: each call packs its arguments, asks, and
 * unpacks the answer.
 */
#include "bucket/bucket_internal.h"

static int ask(struct bucket *bucket, unsigned tag, void *call)
{
    return actor_call(&bucket->actor, tag, call, ACTOR_CALL_TIMEOUT_MS);
}

/* True if the value was moved away from who has just answered, or could answer no more. */
static bool was_missed(struct value *value, const struct bucket *asked, int rc)
{
    return rc == BUCKET_E_NOT_MINE || (actor_has_ended_by(rc) && value_owner(value) != asked);
}

/* Asks whose it is, and again if it has moved before that one was asked. */
static int ask_owner(struct value *value, enum bucket_tag tag, struct bucket_call *call)
{
    bool missed;
    int rc;

    call->value = value;
    do {
        struct bucket *owner = value_hold_owner(value);

        rc = ask(owner, tag | BUCKET_OF_VALUE, call);
        missed = was_missed(value, owner, rc);
        actor_unref(&owner->actor);
    } while (missed);
    return rc;
}

int bucket_put(struct bucket *bucket, const struct key *key, const void *bytes, size_t length)
{
    struct bucket_call call = {.key = key, .bytes = bytes, .length = length};

    return ask(bucket, BUCKET_PUT, &call);
}

int bucket_get(struct bucket *bucket, const struct key *key, void *buffer, size_t size, size_t *ret_length)
{
    struct bucket_call call = {.key = key, .buffer = buffer, .length = size};
    int rc = ask(bucket, BUCKET_GET, &call);

    if (rc == 0)
        *ret_length = call.length;
    return rc;
}

int bucket_delete(struct bucket *bucket, const struct key *key)
{
    struct bucket_call call = {.key = key};

    return ask(bucket, BUCKET_DELETE, &call);
}

int bucket_lookup(struct bucket *bucket, const struct key *key, enum bucket_remember remember,
                  struct found *ret_found, struct attributes *ret_attributes)
{
    struct bucket_call call = {.key = key, .remember = remember, .ret_attributes = ret_attributes};
    int rc = ask(bucket, BUCKET_LOOKUP, &call);

    if (rc == 0)
        *ret_found = (struct found){call.value, call.bucket};
    return rc;
}

int bucket_add(struct bucket *bucket, const struct key *key, const struct change_attributes *attributes,
               enum bucket_remember remember, struct value **ret_value, struct attributes *ret_attributes)
{
    struct bucket_call call = {
        .key = key, .attributes = attributes, .remember = remember, .ret_attributes = ret_attributes};
    int rc = ask(bucket, BUCKET_ADD, &call);

    if (rc == 0)
        *ret_value = call.value;
    return rc;
}

int bucket_add_nameless(struct bucket *bucket, const struct change_attributes *attributes,
                        enum bucket_remember remember, struct value **ret_value, struct attributes *ret_attributes)
{
    struct bucket_call call = {.attributes = attributes, .remember = remember, .ret_attributes = ret_attributes};
    int rc = ask(bucket, BUCKET_ADD_NAMELESS, &call);

    if (rc == 0)
        *ret_value = call.value;
    return rc;
}

int bucket_add_symlink(struct bucket *bucket, const struct key *key, const char *target, size_t length,
                       const struct change_attributes *attributes, enum bucket_remember remember,
                       struct value **ret_value, struct attributes *ret_attributes)
{
    struct bucket_call call = {.key = key,
                               .bytes = target,
                               .length = length,
                               .attributes = attributes,
                               .remember = remember,
                               .ret_attributes = ret_attributes};
    int rc = ask(bucket, BUCKET_ADD, &call);

    if (rc == 0)
        *ret_value = call.value;
    return rc;
}

int bucket_link_value(struct bucket *bucket, const struct key *key, struct value *value,
                      enum bucket_remember remember, struct attributes *ret_attributes)
{
    struct bucket_call call = {
        .key = key, .value = value, .remember = remember, .ret_attributes = ret_attributes};

    return ask(bucket, BUCKET_LINK, &call);
}

int bucket_rename(struct bucket *bucket, const struct key *from, const struct key *to, bool keep_target)
{
    struct bucket_call call = {.key = from, .to = to, .keep_target = keep_target};

    return ask(bucket, BUCKET_RENAME, &call);
}

int bucket_get_attributes(struct bucket *bucket, struct attributes *ret_attributes)
{
    struct bucket_call call = {.ret_attributes = ret_attributes};

    return ask(bucket, BUCKET_GET_ATTRIBUTES, &call);
}

int bucket_set_attributes(struct bucket *bucket, unsigned set, const struct change_attributes *attributes,
                          struct attributes *ret_attributes)
{
    struct bucket_call call = {.set = set, .attributes = attributes, .ret_attributes = ret_attributes};

    return ask(bucket, BUCKET_SET_ATTRIBUTES, &call);
}

int bucket_get_stats(struct bucket *bucket, struct bucket_stats *ret_stats)
{
    return ask(bucket, BUCKET_GET_STATS, ret_stats);
}

int bucket_list(struct bucket *bucket, uint64_t position, bucket_visit *visit, registry_visit *visit_bucket,
                void *context)
{
    struct bucket_list_call call = {position, visit, visit_bucket, context};

    return ask(bucket, BUCKET_LIST, &call);
}

int value_read(struct value *value, uint64_t offset, void *buffer, size_t size, size_t *ret_length)
{
    struct bucket_call call = {.offset = offset, .buffer = buffer, .length = size};
    int rc = ask_owner(value, BUCKET_READ, &call);

    if (rc == 0)
        *ret_length = call.length;
    return rc;
}

int value_write(struct value *value, uint64_t offset, const void *bytes, size_t length, unsigned set)
{
    struct bucket_call call = {.offset = offset, .bytes = bytes, .length = length, .set = set};

    return ask_owner(value, BUCKET_WRITE, &call);
}

int value_write_some(struct value *value, uint64_t offset, const void *bytes, size_t length, unsigned set,
                     size_t *ret_written)
{
    struct bucket_call call = {.offset = offset, .bytes = bytes, .length = length, .set = set, .some = true};
    int rc = ask_owner(value, BUCKET_WRITE, &call);

    if (rc == 0)
        *ret_written = call.length;
    return rc;
}

int value_allocate(struct value *value, enum change_kind kind, uint64_t offset, uint64_t length, unsigned set)
{
    struct bucket_call call = {.kind = kind, .offset = offset, .length = length, .set = set};

    return ask_owner(value, BUCKET_ALLOCATE, &call);
}

static int find(struct value *value, enum bucket_tag tag, uint64_t offset, uint64_t *ret_offset)
{
    struct bucket_call call = {.offset = offset};
    int rc = ask_owner(value, tag, &call);

    if (rc == 0)
        *ret_offset = call.offset;
    return rc;
}

int value_find_data(struct value *value, uint64_t offset, uint64_t *ret_offset)
{
    return find(value, BUCKET_FIND_DATA, offset, ret_offset);
}

int value_find_hole(struct value *value, uint64_t offset, uint64_t *ret_offset)
{
    return find(value, BUCKET_FIND_HOLE, offset, ret_offset);
}

int value_get_attributes(struct value *value, struct attributes *ret_attributes)
{
    struct bucket_call call = {.ret_attributes = ret_attributes};

    return ask_owner(value, BUCKET_GET_ATTRIBUTES, &call);
}

int value_set_attributes(struct value *value, unsigned set, const struct change_attributes *attributes,
                         struct attributes *ret_attributes)
{
    struct bucket_call call = {.set = set, .attributes = attributes, .ret_attributes = ret_attributes};

    return ask_owner(value, BUCKET_SET_ATTRIBUTES, &call);
}

static int ask_either(struct inode *inode, enum bucket_tag tag, struct bucket_call *call)
{
    if (inode_kind(inode) == INODE_BUCKET)
        return ask(bucket_of_inode(inode), tag, call);
    return ask_owner(value_of_inode(inode), tag, call);
}

int bucket_get_xattr(struct inode *inode, const struct key *name, void *buffer, size_t size, size_t *ret_length)
{
    struct bucket_call call = {.key = name, .buffer = buffer, .length = size};
    int rc = ask_either(inode, BUCKET_GET_XATTR, &call);

    if (rc == 0)
        *ret_length = call.length;
    return rc;
}

int bucket_set_xattr(struct inode *inode, const struct key *name, const void *bytes, size_t length, int flags,
                     unsigned set)
{
    struct bucket_call call = {.key = name, .bytes = bytes, .length = length, .flags = flags, .set = set};

    return ask_either(inode, BUCKET_SET_XATTR, &call);
}

int bucket_remove_xattr(struct inode *inode, const struct key *name)
{
    struct bucket_call call = {.key = name};

    return ask_either(inode, BUCKET_REMOVE_XATTR, &call);
}

int bucket_list_xattrs(struct inode *inode, const char *hidden, void *buffer, size_t size, size_t *ret_length)
{
    struct bucket_call call = {.hidden = hidden, .buffer = buffer, .length = size};
    int rc = ask_either(inode, BUCKET_LIST_XATTRS, &call);

    if (rc == 0)
        *ret_length = call.length;
    return rc;
}

/* Two steps: once sealed it takes no key, so it is still empty when it stops. */
int bucket_stop_if_empty(struct bucket *bucket)
{
    int rc = ask(bucket, BUCKET_SEAL, NULL);

    if (rc != 0)
        return rc;
    rc = actor_stop(&bucket->actor, REASON(NORMAL), ACTOR_FOREVER);
    return rc < 0 ? actor_kill(&bucket->actor) : rc;
}

/* Asks whoever supervises it, and again if it was anywhere else meanwhile. */
static int ask_supervisor(struct bucket *bucket, int (*ask_for)(const struct bucket_place *place, struct bucket *bucket,
                                                                void *arg),
                          void *arg)
{
    struct bucket_place place;
    bool missed;
    int rc;

    do {
        bucket_get_place(bucket, &place);
        rc = place.supervisor ? ask_for(&place, bucket, arg) : REGISTRY_E_NOT_FOUND;
        missed = rc != 0 && !bucket_stayed_in_place(bucket, &place);
        bucket_place_release(&place);
    } while (missed);
    return rc;
}

static int set_policy(const struct bucket_place *place, struct bucket *bucket, void *policy)
{
    const struct child_name name = {place->name, place->length};

    return registry_set_policy(place->supervisor, &name, &bucket->actor, *(const enum restart_policy *)policy);
}

static int get_status(const struct bucket_place *place, struct bucket *bucket, void *ret_status)
{
    const struct child_name name = {place->name, place->length};

    return registry_get_status(place->supervisor, &name, &bucket->actor, ret_status);
}

int bucket_set_policy(struct bucket *bucket, enum restart_policy policy)
{
    return ask_supervisor(bucket, set_policy, &policy);
}

int bucket_get_status(struct bucket *bucket, struct child_status *ret_status)
{
    return ask_supervisor(bucket, get_status, ret_status);
}
