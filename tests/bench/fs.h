/*
 * What fs.c measures: the operations, in the order in which a client does
 * them to what is in a directory of its own. Knows nothing of time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct fs_name {
    char text[24];
};

/* How much there is, and how much is done to it. */
struct fs_amounts {
    long files;     /* that an operation is done to; 1 or more */
    long keys;      /* in the directory before it starts, as many as files or more */
    long buckets;   /* in the directory, likewise */
    long mebibytes; /* of the large file; 0: what needs one is left out */
};

struct fs_client {
    int dir;
    int large; /* the large file, or -1 */
    struct fs_amounts amounts;
    struct fs_name *kept, *made, *moved, *saved, *missing, *nested; /* `files` of each */
    char *buffer;
    long listed; /* entries, by the last listing */
};

/* What one step is done to, and so how many there are. */
enum fs_unit { FS_FILE, FS_LISTING, FS_MEBIBYTE, FS_PAGE };

struct fs_operation {
    const char *name;
    enum fs_unit unit;
    bool repeatable; /* finds the same each time */
    /* Before it is measured: once, and then as often as the step. Either may be NULL. */
    bool (*begin)(struct fs_client *client);
    bool (*prepare)(struct fs_client *client, long i);
    /* Number i of it. As the others: false with errno, if that failed. */
    bool (*step)(struct fs_client *client, long i);
};

extern const struct fs_operation fs_operations[];
extern const size_t fs_operations_count;

/* Opens the directory and fills it. False with errno. */
bool fs_client_init(struct fs_client *client, const char *directory, const struct fs_amounts *amounts);

/* How many steps it has. 0: not with these amounts. */
long fs_operation_steps(const struct fs_operation *operation, const struct fs_amounts *amounts);
