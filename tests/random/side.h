/*
 * One of the two sides: tmpfs, which is right, or kvfs. Operations work in a
 * fresh directory, `top`; what is compared begins one above, since a symbolic
 * link may lead there.
 */
#ifndef KVFS_TESTS_RANDOM_SIDE_H
#define KVFS_TESTS_RANDOM_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SIDE_SLOTS 4
#define SIDE_MAPS 2
#define SIDE_MAP_SIZE (1 << 20)
#define SIDE_BUFFER_SIZE (4 << 20)

struct side {
    const char *name;
    int base; /* the directory that we were given */
    int root;
    int top;
    char fresh[48]; /* root's name in base */
    int slots[SIDE_SLOTS]; /* descriptors, or -1 */
    unsigned char *maps[SIDE_MAPS]; /* SIDE_MAP_SIZE bytes of a file each, or NULL */
    int map_fds[SIDE_MAPS];         /* of that file, if it is mapped */
};

/* What came of an operation. */
struct outcome {
    int error; /* an errno, or 0 */
    int64_t value;
    size_t length; /* of bytes */
    unsigned char *bytes; /* SIDE_BUFFER_SIZE */
};

/* Ends the program if the directory can't be opened. */
void side_init(struct side *side, const char *name, const char *directory);
void side_deinit(struct side *side);
/* 0, or -1 and errno: the file system can't be used any more. */
int side_begin(struct side *side);
void side_end(struct side *side);
void side_close_slot(struct side *side, int64_t slot);
void side_unmap(struct side *side, int64_t map);
/* The number of the file that is mapped; 0 if none is. */
ino_t side_mapped(const struct side *side, int64_t map);
/* Whatever `name` in `directory` is, and all below it. 0, or -1 and errno. */
int remove_all(int directory, const char *name);

/* The name of an errno, or its number. */
const char *error_name(int error);

#endif
