/*
 * Plays a list of operations on both sides, from fresh directories on.
 */
#ifndef KVFS_TESTS_RANDOM_PLAY_H
#define KVFS_TESTS_RANDOM_PLAY_H

#include "compare.h"
#include "operation.h"

enum { TMPFS, KVFS, SIDES };

struct list {
    struct operation *operations;
    size_t count;
    size_t capacity;
};

struct play {
    struct side sides[SIDES];
    struct outcome outcomes[SIDES];
    struct views views;
    struct mapped mapped;
    struct mismatch mismatch; /* of the last that was played */
    bool patient; /* the clock has ticked after each comparison, so that times tell as much as they can */
};

void list_add(struct list *list, const struct operation *operation);
void list_clear(struct list *list);
void list_print(const struct list *list, FILE *to);

void play_init(struct play *play, const char *tmpfs, const char *kvfs);
void play_deinit(struct play *play);
/* False if kvfs doesn't work any more; the mismatch says so. */
bool play_begin(struct play *play);
/* False and a mismatch. */
bool play_one(struct play *play, const struct operation *operation);
void play_end(struct play *play);
/* All of it, with a comparison at the end. False, a mismatch, and how many operations were played. */
bool play_list(struct play *play, const struct list *list, size_t *ret_played);

#endif
