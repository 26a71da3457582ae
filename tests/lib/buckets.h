/*
 * Buckets for a test, what they share, and a store that refuses and remembers.
 *
 * buckets_run() runs a body with an index, a store and a registry of buckets,
 * the direct call on or off. What the body leaves is ended after it; the test
 * fails if a bucket, a value or an inode is left over, or if a bucket's start
 * and then its end weren't told exactly once.
 */
#ifndef KVFS_TESTS_LIB_BUCKETS_H
#define KVFS_TESTS_LIB_BUCKETS_H

#include "bucket/bucket.h"
#include "lib/actors.h"
#include "registry/registry.h"

#include <string.h>

/* Two tests of one body. The first has the sentence alone for its name. */
#define BUCKET_TEST(suite, sentence)                                                                         \
    static void sentence(void);                                                                              \
    Test(suite, sentence)                                                                                    \
    {                                                                                                        \
        buckets_run(sentence, true);                                                                         \
    }                                                                                                        \
    Test(suite, sentence##_with_queued_calls)                                                                \
    {                                                                                                        \
        buckets_run(sentence, false);                                                                        \
    }                                                                                                        \
    static void sentence(void)

#define KEY(text) (&(const struct key){(text), strlen(text)})
#define NAME(text) (&(const struct child_name){(text), strlen(text)})

void buckets_run(void (*body)(void), bool direct);
bool buckets_called_directly(void);
struct bucket_environment *buckets_environment(void);
/* Its children are buckets; what registry_create() is given are their attributes. */
struct registry *buckets_registry(void);

/* A bucket that nobody registered; ended and let go by the fixture, if the test doesn't end it. */
struct bucket *bucket_new(const char *name);
/* The same in another one, or in the registry for NULL. */
struct bucket *bucket_in(struct bucket *parent, const char *name);
/* The actor of what bucket_in() was given. */
struct actor *buckets_parent(struct bucket *parent);
/* The bucket that the name means there, borrowed; NULL if there is none. */
struct bucket *bucket_called(struct bucket *parent, const char *name);
int bucket_stop(struct bucket *bucket);
/* With all that is below it. */
int bucket_stop_tree(struct bucket *bucket);
int bucket_kill(struct bucket *bucket);

/* A file's attributes, mode 0644. */
extern const struct change_attributes buckets_file;

/* ---- starts and ends ---- */

/*
 * What was told, in order, as `start a, start a/b, end a/b killed, start a/b again 1`; static. What bucket_new() starts
 * isn't told.
 */
const char *buckets_story(void);
/* From now on ended buckets are kept, as the test disposes of them. */
void buckets_keep_ended(void);
/* How often an end was told. */
int buckets_ended(void);
/* Until so many ends were told. */
bool buckets_await_ended(int count);
/* One of the ended ones that are kept, which the test disposes of; NULL if there is none. */
struct bucket *buckets_take_ended(void);

/* ---- shorthand, each asserts that it works ---- */

void put(struct bucket *bucket, const char *name, const char *text);
/* Static; NULL if there is no such key. */
const char *get(struct bucket *bucket, const char *name);
/* A reference on what the key means; it counts one lookup if `remember`. */
struct value *find_value(struct bucket *bucket, const char *name, enum bucket_remember remember);
struct value *add_value(struct bucket *bucket, const char *name, enum bucket_remember remember);
void value_unref(struct value *value);
struct attributes attributes_of(struct value *value);
struct attributes attributes_of_bucket(struct bucket *bucket);
bool same_attributes(const struct attributes *a, const struct attributes *b);
struct bucket_stats stats_of(struct bucket *bucket);
uint64_t inodes(void);

/* ---- the store ---- */

/* Refuses the change after the next `good` ones with `rc` (negative), and all that come then; 0: refuses none. */
void store_refuse(int good, int rc);
/* How many it kept. */
int store_kept(void);
/* The last one it was given, kept or not; its names and bytes are copies. */
const struct change *store_last(void);

#endif
