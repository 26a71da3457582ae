/*
 * What a table of the conformance suite is made of. A row is a case: steps in
 * a fresh directory, as a line of text (script.h says what they may be), with
 * the results that POSIX and Linux want. They are run on tmpfs, which proves
 * the row, and on kvfs.
 *
 * A row with lists stands for a case for each item, or for each pair of items
 * of both: then `$a` to `$e` in its text are the fields of the first one's
 * item, `$p` to `$t` those of the second's, and a field may name others.
 */
#ifndef KVFS_TESTS_CONFORMANCE_ROW_H
#define KVFS_TESTS_CONFORMANCE_ROW_H

#include <stddef.h>

#define ROW_FIELDS 5

typedef const char *row_item[ROW_FIELDS];

struct row_list {
    const row_item *items;
    size_t count;
};

#define LIST(array) {(array), sizeof(array) / sizeof((array)[0])}

struct row {
    const char *name;
    const char *steps;
    struct row_list each;
    struct row_list and_each;
    /* A known difference: the steps with what holds on kvfs instead, and why that is so. */
    const char *steps_on_kvfs;
    const char *because;
};

struct family {
    const char *name;
    const struct row *rows;
    size_t count;
};

#define FAMILY(called) \
    const struct family called##_family = {#called, rows, sizeof(rows) / sizeof(rows[0])}

#endif
