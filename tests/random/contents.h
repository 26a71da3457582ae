#ifndef KVFS_TESTS_RANDOM_CONTENTS_H
#define KVFS_TESTS_RANDOM_CONTENTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Compares the bytes of two files of that size, open for reading: all that the first says is data, and of long holes
 * the edges and the places where something is likely to be. False, and the offset of the first byte that differs.
 */
bool contents_agree(int first, int second, int64_t size, int64_t *ret_offset);

#endif
