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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXTENT_SIZE ((size_t)256 << 10)

#define EXTENTS_IN_ROW 8
#define EXTENT_READY_ROWS 4 /* kept ready, at most */

/* Zeros, aligned to a page. NULL without memory. */
void *extent_create(void);
/*
 * EXTENTS_IN_ROW of them, one behind the other; the first, or NULL without memory, or while no row is ready and huge pages
 * are dear. They cost all of their memory at once, but writing to them is cheap: on one huge page if the system has one,
 * which costs a fifth of what its small ones do, or on pages that somebody made before. Each is destroyed by itself, and
 * what they cost goes back with the last; sooner what is cleared.
 */
void *extent_create_row(void);
/* NULL is fine. */
void extent_destroy(void *extent);
/* `length` bytes at `offset`, both whole pages of 4 KiB, are zeros again and cost nothing. */
void extent_clear(void *extent, size_t offset, size_t length);
/* How many there are, without those that are ready. */
uint64_t extent_count(void);

/*
 * From now on rows are kept ready, and `on_few(context)` is called by who takes one while few are left, on his thread: for
 * another to call extent_make_ready() until it says false. NULL: no more from now on, though a call may be under way.
 */
void extent_keep_ready(void (*on_few)(void *context), void *context);
/* [one thread at a time] [takes up to some milliseconds] Makes a row ready. False if that is enough. */
bool extent_make_ready(void);
/* Gives back those that are ready. */
void extent_drop_ready(void);

#endif
