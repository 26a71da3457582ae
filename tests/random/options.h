#ifndef KVFS_TESTS_RANDOM_OPTIONS_H
#define KVFS_TESTS_RANDOM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    const char *tmpfs;
    const char *kvfs;
    const char *replay; /* NULL: none */
    long seconds;
    uint64_t seed;
    size_t operations;
    int processes; /* 0: this one */
};

/* False if that isn't how it is used. */
bool options_parse(struct options *options, int argc, char **argv);

#endif
