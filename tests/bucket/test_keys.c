/*
 * Which value a key means: few keys and many, any bytes in a name, and the
 * whole against a simple model.
 */
#include "bucket/bucket_internal.h"
#include "lib/buckets.h"
#include "lib/memory.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 255

static void put_number(struct bucket *bucket, int number)
{
    char name[16];

    snprintf(name, sizeof(name), "key %d", number);
    put(bucket, name, name);
}

static bool has_number(struct bucket *bucket, int number)
{
    const char *text;
    char name[16];

    snprintf(name, sizeof(name), "key %d", number);
    text = get(bucket, name);
    return text && strcmp(text, name) == 0;
}

static void delete_number(struct bucket *bucket, int number)
{
    char name[16];

    snprintf(name, sizeof(name), "key %d", number);
    cr_assert_eq(bucket_delete(bucket, KEY(name)), 0);
}

/* An empty table costs more than a few keys do. */
BUCKET_TEST(keys, few_need_no_table)
{
    struct bucket *bucket = bucket_new("shopping");

    for (int i = 0; i < 8; i++) {
        put_number(bucket, i);
        cr_assert_not(set_exists(&bucket->keys));
    }
    for (int i = 0; i < 100; i++) {
        put(bucket, "key 0", "key 0");
        cr_assert_eq(bucket_rename(bucket, KEY("key 0"), KEY("key 1"), false), 0);
        put(bucket, "key 0", "key 0");
        put(bucket, "key 1", "key 1");
    }
    cr_assert_not(set_exists(&bucket->keys));
    for (int i = 0; i < 8; i++)
        cr_assert(has_number(bucket, i));
}

BUCKET_TEST(keys, all_are_found_while_they_become_many_and_few_again)
{
    const int many = 200;
    struct bucket *bucket = bucket_new("shopping");

    for (int i = 0; i < many; i++) {
        put_number(bucket, i);
        cr_assert(has_number(bucket, i / 2));
        cr_assert_not(has_number(bucket, i + 1));
    }
    cr_assert(set_exists(&bucket->keys));
    for (int i = 0; i < many; i++) {
        for (int j = i; j < many; j += 17)
            cr_assert(has_number(bucket, j));
        delete_number(bucket, i);
        cr_assert_not(has_number(bucket, i));
    }
    cr_assert_eq(stats_of(bucket).keys, 0);
    put_number(bucket, 0);
    cr_assert(has_number(bucket, 0));
}

static void names_differ(struct bucket *bucket, size_t count, const struct key *keys)
{
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(bucket_put(bucket, &keys[i], &i, sizeof(i)), 0);
    cr_assert_eq(stats_of(bucket).keys, count);
    for (size_t i = 0; i < count; i++) {
        size_t length;
        size_t got;

        cr_assert_eq(bucket_get(bucket, &keys[i], &got, sizeof(got), &length), 0);
        cr_assert_eq(got, i);
    }
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(bucket_delete(bucket, &keys[i]), 0);
}

BUCKET_TEST(keys, a_name_may_hold_any_bytes)
{
    struct bucket *bucket = bucket_new("shopping");
    struct key keys[258];
    char bytes[256];
    char longest[NAME_MAX_BYTES];

    memset(longest, 0xff, sizeof(longest));
    for (int i = 0; i < 256; i++) {
        bytes[i] = (char)i;
        keys[i] = (struct key){&bytes[i], 1};
    }
    keys[256] = (struct key){longest, NAME_MAX_BYTES};
    keys[257] = (struct key){longest, NAME_MAX_BYTES - 1};
    names_differ(bucket, 258, keys);
    names_differ(bucket, 7, keys);
    names_differ(bucket, 2, keys + 256);
}

BUCKET_TEST(keys, a_name_that_begins_like_another_is_another)
{
    static const char zeros[NAME_MAX_BYTES];
    struct bucket *bucket = bucket_new("shopping");
    struct key keys[NAME_MAX_BYTES + 1];

    for (size_t i = 0; i <= NAME_MAX_BYTES; i++)
        keys[i] = (struct key){zeros, i};
    names_differ(bucket, NAME_MAX_BYTES + 1, keys);
    names_differ(bucket, 5, keys);
}

BUCKET_TEST(keys, made_and_removed_give_their_memory_back)
{
    const int many = buckets_called_directly() ? 20000 : 5000;
    struct bucket *bucket = bucket_new("shopping");
    size_t before;
    size_t full;

    for (int i = 0; i < 100; i++)
        put_number(bucket, i);
    for (int i = 0; i < 100; i++)
        delete_number(bucket, i);
    table_barrier();
    before = memory_in_use();
    for (int i = 0; i < many; i++)
        put_number(bucket, i);
    full = memory_in_use();
    for (int i = 0; i < many; i++)
        delete_number(bucket, i);
    table_barrier();
    cr_assert_lt(memory_in_use(), before + (full - before) / 10);
}

/* ---- against a model ---- */

enum { NAMES = 24 };

struct model {
    char texts[NAMES][16]; /* empty: no such key */
};

static const char *name_of(int number)
{
    static const char *const names[NAMES] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l",
                                             "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x"};

    return names[number];
}

static bool model_has(const struct model *model, int number)
{
    return model->texts[number][0] != '\0';
}

static void do_put(struct bucket *bucket, struct model *model, int number, int text)
{
    snprintf(model->texts[number], sizeof(*model->texts), "%d", text);
    put(bucket, name_of(number), model->texts[number]);
}

static void do_delete(struct bucket *bucket, struct model *model, int number)
{
    int expected = model_has(model, number) ? 0 : BUCKET_E_NOT_FOUND;

    cr_assert_eq(bucket_delete(bucket, KEY(name_of(number))), expected);
    model->texts[number][0] = '\0';
}

static void do_rename(struct bucket *bucket, struct model *model, int from, int to, bool keep)
{
    int expected = 0;

    if (!model_has(model, from))
        expected = BUCKET_E_NOT_FOUND;
    else if (keep && model_has(model, to))
        expected = BUCKET_E_EXISTS;
    cr_assert_eq(bucket_rename(bucket, KEY(name_of(from)), KEY(name_of(to)), keep), expected);
    if (expected != 0 || from == to)
        return;
    strcpy(model->texts[to], model->texts[from]);
    model->texts[from][0] = '\0';
}

static bool count_key(void *context, uint64_t position, const struct key *key, struct value *value,
                      const struct attributes *attributes)
{
    int *seen = context;

    (void)position;
    (void)value;
    (void)attributes;
    seen[key->name[0] - 'a']++;
    return true;
}

static void compare(struct bucket *bucket, const struct model *model, unsigned seed, int step)
{
    struct bucket_stats expected = {0};
    int seen[NAMES] = {0};

    cr_assert_eq(bucket_list(bucket, 0, count_key, NULL, seen), 0);
    for (int i = 0; i < NAMES; i++) {
        const char *text = get(bucket, name_of(i));

        cr_assert_eq(seen[i], model_has(model, i), "seed %u, step %d", seed, step);
        cr_assert_eq(text != NULL, model_has(model, i), "seed %u, step %d", seed, step);
        cr_assert(!text || strcmp(text, model->texts[i]) == 0, "seed %u, step %d", seed, step);
        expected.keys += model_has(model, i);
        expected.bytes += strlen(model->texts[i]);
    }
    cr_assert_eq(stats_of(bucket).keys, expected.keys, "seed %u, step %d", seed, step);
    cr_assert_eq(stats_of(bucket).bytes, expected.bytes, "seed %u, step %d", seed, step);
}

/* Few of the names for some seeds, all of them for others. */
static void compare_with_model(unsigned seed)
{
    struct bucket *bucket = bucket_new("shopping");
    struct model model = {0};
    int names = seed % 2 ? 6 : NAMES;
    unsigned state = seed;

    for (int step = 0; step < 150; step++) {
        int number = rand_r(&state) % names;
        int other = rand_r(&state) % names;

        switch (rand_r(&state) % 6) {
        case 0:
        case 1:
        case 2:
            do_put(bucket, &model, number, rand_r(&state));
            break;
        case 3:
            do_delete(bucket, &model, number);
            break;
        case 4:
            do_rename(bucket, &model, number, other, rand_r(&state) % 2);
            break;
        case 5:
            compare(bucket, &model, seed, step);
            break;
        }
    }
    compare(bucket, &model, seed, -1);
    cr_assert_eq(bucket_kill(bucket), 0);
}

BUCKET_TEST(keys, behave_as_a_simple_map)
{
    unsigned seeds = buckets_called_directly() ? 60 : 10;

    for (unsigned seed = 1; seed <= seeds; seed++)
        compare_with_model(seed);
}
