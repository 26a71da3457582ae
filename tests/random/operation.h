/*
 * An operation: what is done to both sides alike, as plain data. It can be
 * drawn, written as a line, read from one, and made simpler.
 *
 * A kind of operation has a name, a list of arguments and a function that
 * performs it on one side; all of them are in one table (kinds.c). What values
 * an argument may have is in another (arguments.c).
 */
#ifndef KVFS_TESTS_RANDOM_OPERATION_H
#define KVFS_TESTS_RANDOM_OPERATION_H

#include "dice.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct outcome;
struct side;

enum argument {
    ARGUMENT_NONE,
    ARGUMENT_AS,
    ARGUMENT_PATH,
    ARGUMENT_TO,
    ARGUMENT_TARGET,
    ARGUMENT_SLOT,
    ARGUMENT_TO_SLOT,
    ARGUMENT_MAP,
    ARGUMENT_HOW,
    ARGUMENT_FLAGS,
    ARGUMENT_MODE,
    ARGUMENT_TYPE,
    ARGUMENT_RENAME,
    ARGUMENT_OFFSET,
    ARGUMENT_TO_OFFSET,
    ARGUMENT_MAP_OFFSET,
    ARGUMENT_SIZE,
    ARGUMENT_LENGTH,
    ARGUMENT_FILL,
    ARGUMENT_WHENCE,
    ARGUMENT_HOLES,
    ARGUMENT_ALLOCATE,
    ARGUMENT_UID,
    ARGUMENT_GID,
    ARGUMENT_ATIME,
    ARGUMENT_MTIME,
    ARGUMENT_FOLLOW,
    ARGUMENT_XATTR,
    ARGUMENT_XATTR_SIZE,
    ARGUMENT_XATTR_FLAGS,
    ARGUMENT_ACL,
    ARGUMENT_ACCESS,
    ARGUMENT_UMASK,
    ARGUMENT_CACHES,
    ARGUMENT_WHAT,
    ARGUMENT_COUNT,
};

#define KIND_ARGUMENTS 7

enum wish { WISH_ANY, WISH_EXISTING, WISH_MISSING };

struct operation;
typedef void perform_function(struct side *side, const struct operation *operation, struct outcome *outcome);

struct kind {
    const char *name;
    unsigned weight; /* how often it is drawn; 0: never, it is only for replays */
    enum wish wish;  /* what its path should be, mostly */
    perform_function *perform;
    enum argument arguments[KIND_ARGUMENTS]; /* up to the first ARGUMENT_NONE */
};

/* Of values only those are used that are arguments of the kind; the others are 0. */
struct operation {
    const struct kind *kind;
    int64_t values[ARGUMENT_COUNT];
};

/*
 * The kind of operation that compares both sides. It is one of the list, so that a shorter list, played again, is
 * looked at as often and no more.
 */
#define KIND_COMPARE "compare"

/* What its ARGUMENT_WHAT can be. */
enum compare_what {
    COMPARE_CHANGED,  /* and contents of what has changed since */
    COMPARE_CONTENTS, /* and all contents */
};

/* kinds.c */
extern const struct kind kinds[];
extern const size_t kind_count;
/* Borrowed; NULL if there is none. */
const struct kind *kind_find(const char *name);

/* arguments.c */
#define PATH_TEXT_MAX 32
/* `text` has PATH_TEXT_MAX bytes. Returns it. */
const char *argument_path(int64_t value, char *text);
/* The target of a symbolic link. */
const char *argument_target(int64_t value);
const char *argument_xattr_name(int64_t value);
int64_t argument_draw(enum argument argument, struct dice *dice);
/* The value that comes `index`th among those simpler than `value`; false if there is none. */
bool argument_simpler(enum argument argument, int64_t value, size_t index, int64_t *ret_value);
void argument_print(enum argument argument, int64_t value, FILE *to);
/* False if it isn't one. `text` is torn to pieces. */
bool argument_parse(enum argument argument, char *text, int64_t *ret_value);
/* Offsets that are drawn. */
const int64_t *argument_offsets(size_t *ret_count);

/* lines.c */
void operation_print(const struct operation *operation, FILE *to);
/* False if the line isn't one. It is torn to pieces. */
bool operation_parse(char *line, struct operation *ret_operation);
#endif
