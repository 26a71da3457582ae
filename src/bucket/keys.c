/*
 * Which value a key means: the entries in the order in which they came, and,
 * once there are many, a table by name. A bucket of few keys has no table,
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

static struct key key_of(const struct entry *entry)
{
    return (struct key){entry->name, entry->length};
}

static bool has_name(const struct entry *entry, const struct key *key)
{
    return entry->length == key->length && memcmp(entry->name, key->name, key->length) == 0;
}

static int node_matches(struct cds_lfht_node *node, const void *key)
{
    table_see(node);
    return has_name(table_entry(node, struct entry, node), key);
}

static struct entry *find_in_table(struct bucket *bucket, const struct key *key)
{
    struct cds_lfht_node *node;

    table_read_begin();
    node = table_find(&bucket->keys, hash_key(key), node_matches, key);
    table_read_end();
    return node ? table_entry(node, struct entry, node) : NULL;
}

struct entry *keys_find(struct bucket *bucket, const struct key *key)
{
    uint64_t position = 0;
    size_t cursor = 0;
    struct entry *entry;

    if (table_exists(&bucket->keys))
        return find_in_table(bucket, key);
    while ((entry = sequence_next(&bucket->order, position, &cursor, &position))) {
        if (has_name(entry, key))
            return entry;
    }
    return NULL;
}

struct entry *entry_create(const struct key *key, struct value *value)
{
    struct entry *entry = calloc(1, sizeof(*entry) + key->length);

    if (!entry)
        return NULL;
    entry->value = value;
    entry->length = key->length;
    memcpy(entry->name, key->name, key->length);
    return entry;
}

void entry_destroy(struct entry *entry)
{
    free(entry);
}

static void add_to_table(struct bucket *bucket, struct entry *entry)
{
    struct key key = key_of(entry);

    table_add(&bucket->keys, hash_key(&key), &entry->node);
}

static int make_table(struct bucket *bucket)
{
    uint64_t position = 0;
    size_t cursor = 0;
    struct entry *entry;
    int rc = table_init(&bucket->keys);

    if (rc < 0)
        return rc;
    while ((entry = sequence_next(&bucket->order, position, &cursor, &position)))
        add_to_table(bucket, entry);
    return 0;
}

int keys_insert(struct bucket *bucket, struct entry *entry)
{
    int rc;

    if (!table_exists(&bucket->keys) && bucket->order.count >= KEYS_FEW) {
        rc = make_table(bucket);
        if (rc < 0)
            return rc;
    }
    rc = sequence_add(&bucket->order, entry, &entry->position);
    if (rc < 0)
        return rc;
    if (table_exists(&bucket->keys))
        add_to_table(bucket, entry);
    return 0;
}

static void release_entry(struct table_deferred *deferred)
{
    entry_destroy(table_entry(deferred, struct entry, deferred));
}

/* Takes the entry out of the table, where liburcu's resizing may still see it for a while. */
static void let_entry_go(struct bucket *bucket, struct entry *entry)
{
    value_lose_name(entry->value);
    if (!table_exists(&bucket->keys)) {
        entry_destroy(entry);
        return;
    }
    table_remove(&bucket->keys, &entry->node);
    table_defer(&entry->deferred, release_entry);
}

void keys_remove(struct bucket *bucket, struct entry *entry)
{
    sequence_remove(&bucket->order, entry->position);
    let_entry_go(bucket, entry);
}

void keys_dispose(struct bucket *bucket)
{
    uint64_t position = 0;
    size_t cursor = 0;
    struct entry *entry;

    while ((entry = sequence_next(&bucket->order, position, &cursor, &position))) {
        usage_lose_name(entry->value);
        let_entry_go(bucket, entry);
    }
    sequence_deinit(&bucket->order);
    table_deinit(&bucket->keys);
}
