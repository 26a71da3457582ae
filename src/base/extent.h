/*
 * Memory for what is large: extents of EXTENT_SIZE bytes of zeros. Only the
 * pages of one that were written to cost memory, and what is cleared or
 * destroyed goes back to the system at once, whatever else is in use beside
 * it. That is what malloc() can't do: it keeps what lies between other things,
 * and clears all of what it reuses.
 *
 * Any thread may call these; nobody waits for long.
 */
#ifndef KVFS_BASE_EXTENT_H
#define KVFS_BASE_EXTENT_H

#include <stddef.h>
#include <stdint.h>

#define EXTENT_SIZE ((size_t)256 << 10)

#define EXTENTS_IN_ROW 8

/* Zeros, aligned to a page. NULL without memory. */
void *extent_create(void);
/*
 * EXTENTS_IN_ROW of them, one behind the other; the first, or NULL without memory, or while such pages are dear. They lie
 * on one huge page if the system has one: writing to them costs a fifth then, but all of their memory at once. Each is
 * destroyed by itself, and what they cost goes back with the last; sooner what is cleared.
 */
void *extent_create_row(void);
/* NULL is fine. */
void extent_destroy(void *extent);
/* `length` bytes at `offset`, both whole pages of 4 KiB, are zeros again and cost nothing. */
void extent_clear(void *extent, size_t offset, size_t length);
/* How many there are. */
uint64_t extent_count(void);

#endif
