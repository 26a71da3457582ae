/*
 * Which values each argument may have. The simpler ones come first.
 */
#ifndef KVFS_TESTS_RANDOM_ARGUMENT_WORDS_H
#define KVFS_TESTS_RANDOM_ARGUMENT_WORDS_H

#include "operation.h"

enum argument_class {
    CLASS_NUMBER, /* one of them */
    CLASS_OCTAL,
    CLASS_WORD,
    CLASS_FLAGS, /* any of them, each with its own chance */
    CLASS_PATH,
};

struct word {
    const char *text; /* NULL: a number's */
    int64_t value;
    unsigned weight; /* how often it is drawn, compared with the others; of a flag: percent */
};

struct argument_type {
    const char *name;
    enum argument_class class;
    const struct word *words;
    size_t count;
};

extern const struct argument_type argument_types[ARGUMENT_COUNT];

#endif
