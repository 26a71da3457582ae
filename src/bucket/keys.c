/*
 * Which value a key means: the entries in the order in which they came, and,
 * once there are many, a set of them by name. A bucket of few keys has none,
 * which would cost more memory than they do; a short walk is as fast.
 */
#include "bucket/bucket_internal.h"

#include <stdlib.h>
#include <string.h>

#define KEYS_FEW 8

static uint64_t hash_key(const struct key *key)
{
    return table_hash_bytes(key->name, key->length);
}

static bool has_name(const struct entry *entry, const struct key *key)
{
    return entry->item.mark == key->length && memcmp(entry->name, key->name, key->length) == 0;
}

static unsigned long hash_entry(const void *entry, unsigned long seed)
{
    const struct key key = entry_key(entry);

    (void)seed;
    return hash_key(&key);
}

static bool entry_matches(const void *entry, const void *key)
{
    return has_name(entry, key);
}

struct entry *keys_next(const struct bucket *bucket, uint64_t *position, size_t *cursor)
{
    struct sequence_item *item = sequence_next(&bucket->order, *position, cursor, position);

    return item ? table_entry(item, struct entry, item) : NULL;
}

struct entry *keys_find(struct bucket *bucket, const struct key *key)
{
    uint64_t position = 0;
    size_t cursor = 0;
    struct entry *entry;

    if (set_exists(&bucket->keys))
        return set_find(&bucket->keys, hash_key(key), key);
    while ((entry = keys_next(bucket, &position, &cursor))) {
        if (has_name(entry, key))
            return entry;
    }
    return NULL;
}

struct entry *entry_create(const struct key *key, struct value *value)
{
    size_t size = sizeof(struct entry) + key->length;
    struct entry *entry = calloc(1, size > sizeof(struct nameless) ? size : sizeof(struct nameless));

    if (!entry)
        return NULL;
    assert(key->length <= BUCKET_NAME_MAX);
    entry->value = value;
    entry->item.mark = key->length & BUCKET_NAME_MAX;
    memcpy(entry->name, key->name, key->length);
    return entry;
}

void entry_destroy(struct entry *entry)
{
    free(entry);
}

static int add_to_set(struct bucket *bucket, struct entry *entry)
{
    return set_add(&bucket->keys, hash_entry(entry, 0), entry);
}

static int make_set(struct bucket *bucket)
{
    uint64_t position = 0;
    size_t cursor = 0;
    struct entry *entry;
    int rc = set_init(&bucket->keys, 2 * KEYS_FEW, hash_entry, entry_matches);

    while (rc == 0 && (entry = keys_next(bucket, &position, &cursor)))
        rc = add_to_set(bucket, entry);
    if (rc < 0)
        set_deinit(&bucket->keys);
    return rc;
}

int keys_insert(struct bucket *bucket, struct entry *entry)
{
    int rc = 0;

    if (!set_exists(&bucket->keys) && bucket->order.count >= KEYS_FEW)
        rc = make_set(bucket);
    if (rc == 0)
        rc = sequence_add(&bucket->order, &entry->item);
    if (rc < 0 || !set_exists(&bucket->keys))
        return rc;
    rc = add_to_set(bucket, entry);
    if (rc < 0)
        sequence_remove(&bucket->order, &entry->item);
    return rc;
}

void keys_remove(struct bucket *bucket, struct entry *entry)
{
    const struct key key = entry_key(entry);

    sequence_remove(&bucket->order, &entry->item);
    if (set_exists(&bucket->keys))
        set_remove(&bucket->keys, hash_key(&key), &key);
    value_lose_name(entry->value, entry);
}

void keys_dispose(struct bucket *bucket)
{
    uint64_t position = 0;
    size_t cursor = 0;
    struct entry *entry;

    set_deinit(&bucket->keys);
    while ((entry = keys_next(bucket, &position, &cursor))) {
        usage_lose_name(entry->value);
        sequence_remove(&bucket->order, &entry->item);
        value_lose_name(entry->value, entry);
    }
}
