/*
 * What is said of the first difference between the two sides.
 */
#ifndef KVFS_TESTS_RANDOM_MISMATCH_H
#define KVFS_TESTS_RANDOM_MISMATCH_H

#include <stdbool.h>
#include <stdio.h>

struct mismatch {
    const char *what; /* a literal: the field, or so; NULL: there is none */
    char text[2048];
};

/* Says it; false, so that whoever finds it can return it. What follows `about` is as for printf(3). */
#define mismatch_say(mismatch, about, ...)                                                                           \
    ((mismatch)->what = (about), snprintf((mismatch)->text, sizeof((mismatch)->text), __VA_ARGS__), false)

#endif
