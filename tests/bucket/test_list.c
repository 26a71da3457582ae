/*
 * Positions of a listing are stable: what is there throughout is seen exactly
 * once, whatever comes and goes, however small the batches.
 */
#include "lib/buckets.h"

#include <stdio.h>
#include <stdlib.h>

struct listing {
    char names[128][8];
    int count;
    int max; /* how many until it stops */
    uint64_t position;
};

static bool note_key(void *context, uint64_t position, const struct key *key, struct value *value,
                     const struct attributes *attributes)
{
    struct listing *listing = context;

    if (listing->count == listing->max)
        return false;
    cr_assert_gt(position, listing->position);
    cr_assert_eq(attributes->ino, value_inode(value)->number);
    snprintf(listing->names[listing->count++], sizeof(*listing->names), "%.*s", (int)key->length, key->name);
    listing->position = position;
    return true;
}

static void list(struct bucket *bucket, struct listing *listing, int max)
{
    listing->count = 0;
    listing->max = max;
    cr_assert_eq(bucket_list(bucket, listing->position, note_key, NULL, listing), 0);
}

BUCKET_TEST(list, an_empty_bucket_has_nothing_to_list)
{
    struct listing listing = {0};

    list(bucket_new("shopping"), &listing, 100);
    cr_assert_eq(listing.count, 0);
}

BUCKET_TEST(list, keys_come_in_the_order_in_which_they_came)
{
    static const char *const names[] = {"c", "a", "d", "b"};
    struct bucket *bucket = bucket_new("shopping");
    struct listing listing = {0};

    for (int i = 0; i < 4; i++)
        put(bucket, names[i], names[i]);
    put(bucket, "a", "again");
    list(bucket, &listing, 100);
    cr_assert_eq(listing.count, 4);
    for (int i = 0; i < 4; i++)
        cr_assert_str_eq(listing.names[i], names[i]);
}

BUCKET_TEST(list, shows_each_key_with_its_attributes)
{
    struct bucket *bucket = bucket_new("shopping");
    struct listing listing = {0};

    put(bucket, "milk", "1234");
    list(bucket, &listing, 100);
    cr_assert_eq(listing.count, 1);
    cr_assert_str_eq(listing.names[0], "milk");
}

BUCKET_TEST(list, small_batches_lose_nothing)
{
    struct bucket *bucket = bucket_new("shopping");
    char name[8];

    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "%d", i);
        put(bucket, name, name);
    }
    for (int batch = 1; batch <= 40; batch += 13) {
        struct listing listing = {0};
        int next = 0;

        do {
            list(bucket, &listing, batch);
            for (int i = 0; i < listing.count; i++)
                cr_assert_eq(atoi(listing.names[i]), next++);
        } while (listing.count > 0);
        cr_assert_eq(next, 100);
    }
}

BUCKET_TEST(list, goes_on_where_the_last_key_it_saw_was_removed)
{
    struct bucket *bucket = bucket_new("shopping");
    struct listing listing = {0};

    for (const char *name = "abcdefghij"; *name; name++)
        put(bucket, (const char[]){*name, '\0'}, "");
    list(bucket, &listing, 5);
    for (const char *name = "abcdef"; *name; name++)
        cr_assert_eq(bucket_delete(bucket, KEY(((const char[]){*name, '\0'}))), 0);
    list(bucket, &listing, 100);
    cr_assert_eq(listing.count, 4);
    cr_assert_str_eq(listing.names[0], "g");
}

/* The name was there all the time, and its old value never without it. */
BUCKET_TEST(list, a_key_that_is_replaced_is_not_seen_twice)
{
    struct bucket *bucket = bucket_new("shopping");
    struct listing listing = {0};
    int seen = 0;

    put(bucket, "a", "old");
    put(bucket, "b", "");
    for (int round = 0; round < 5; round++) {
        list(bucket, &listing, 1);
        for (int i = 0; i < listing.count; i++)
            seen += strcmp(listing.names[i], "a") == 0;
        put(bucket, "a.new", "new");
        cr_assert_eq(bucket_rename(bucket, KEY("a.new"), KEY("a"), false), 0);
    }
    cr_assert_eq(seen, 1, "seen %d times", seen);
    cr_assert_str_eq(get(bucket, "a"), "new");
}

BUCKET_TEST(list, a_key_that_is_replaced_before_it_was_seen_is_not_missed)
{
    struct bucket *bucket = bucket_new("shopping");
    struct listing listing = {0};
    int seen = 0;

    put(bucket, "a.new", "new");
    put(bucket, "b", "");
    put(bucket, "a", "old");
    list(bucket, &listing, 2);
    cr_assert_eq(bucket_rename(bucket, KEY("a.new"), KEY("a"), false), 0);
    list(bucket, &listing, 100);
    for (int i = 0; i < listing.count; i++)
        seen += strcmp(listing.names[i], "a") == 0;
    cr_assert_eq(seen, 1);
}

enum { STAYING = 20, COMING = 24 };

struct crowd {
    struct bucket *bucket;
    bool there[COMING];
    unsigned seed;
};

static int number_below(struct crowd *crowd, int limit)
{
    return rand_r(&crowd->seed) % limit;
}

static void toggle(struct crowd *crowd, int number)
{
    char name[8];

    snprintf(name, sizeof(name), "c%d", number);
    if (crowd->there[number])
        cr_assert_eq(bucket_delete(crowd->bucket, KEY(name)), 0);
    else
        put(crowd->bucket, name, "");
    crowd->there[number] = !crowd->there[number];
}

/* One of those who come and go takes the name of one who stays. */
static void replace(struct crowd *crowd)
{
    int number = number_below(crowd, COMING);
    char from[8];
    char to[8];

    if (!crowd->there[number])
        toggle(crowd, number);
    snprintf(from, sizeof(from), "c%d", number);
    snprintf(to, sizeof(to), "s%d", number_below(crowd, STAYING));
    cr_assert_eq(bucket_rename(crowd->bucket, KEY(from), KEY(to), false), 0);
    crowd->there[number] = false;
}

static void list_in_batches(struct crowd *crowd, int *seen)
{
    struct listing listing = {0};

    do {
        list(crowd->bucket, &listing, 1 + number_below(crowd, 4));
        for (int i = 0; i < listing.count; i++) {
            if (listing.names[i][0] == 's')
                seen[atoi(listing.names[i] + 1)]++;
        }
        for (int i = number_below(crowd, 4); i > 0; i--)
            toggle(crowd, number_below(crowd, COMING));
        if (number_below(crowd, 2))
            replace(crowd);
    } while (listing.count > 0);
}

BUCKET_TEST(list, what_stays_is_seen_exactly_once_while_others_come_and_go)
{
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct crowd crowd = {.bucket = bucket_new("crowd"), .seed = seed};
        int seen[STAYING] = {0};
        char name[8];

        for (int i = 0; i < STAYING; i++) {
            toggle(&crowd, i);
            snprintf(name, sizeof(name), "s%d", i);
            put(crowd.bucket, name, "");
        }
        list_in_batches(&crowd, seen);
        for (int i = 0; i < STAYING; i++)
            cr_assert_eq(seen[i], 1, "seed %u: s%d was seen %d times", seed, i, seen[i]);
    }
}
