/*
 * The bytes of a value: a small block that grows, or, beyond that, extents.
 * Where nothing was written there are holes, which read as zeros. A value has
 * pages as a file of tmpfs has them: those that were written to, and those
 * that were allocated, which are zeros until somebody writes; they may lie
 * behind the end. Memory grows with the pages, never with the size.
 *
 * Not safe for two threads: the value's bucket guards it.
 */
#ifndef KVFS_BUCKET_BYTES_H
#define KVFS_BUCKET_BYTES_H

#include "base/extent.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BYTES_PAGE_SIZE (UINT64_C(4) << 10)
#define BYTES_BLOCK_MAX (UINT64_C(64) << 10) /* the largest small block */
#define BYTES_EXTENT_SIZE ((uint64_t)EXTENT_SIZE)
#define BYTES_SIZE_MAX ((uint64_t)INT64_MAX) /* what an off_t can say */

struct bytes_pages; /* a block, or extents */

struct bytes {
    uint64_t size;
    struct bytes_pages *pages; /* NULL: none */
};

/* A zeroed struct bytes is empty and needs no init. */
void bytes_deinit(struct bytes *bytes);

/* How many bytes its pages are: what st_blocks shows. */
uint64_t bytes_allocated(const struct bytes *bytes);
/*
 * By how much that will grow when `length` bytes at `offset` are written, or allocated: their pages that it
 * hasn't yet. Nothing else lets it grow: a truncation never does. The range ends at BYTES_SIZE_MAX at most.
 */
uint64_t bytes_cost(const struct bytes *bytes, uint64_t offset, uint64_t length);

/* Makes room for `length` bytes at `offset`: bytes_write() can't fail then. 0, -ENOMEM, -EFBIG; the contents stay. */
int bytes_reserve(struct bytes *bytes, uint64_t offset, size_t length);
/* Room must have been made. */
void bytes_write(struct bytes *bytes, uint64_t offset, const void *data, size_t length);
/* Copies what there is, up to `length`; the number of bytes. */
size_t bytes_read(const struct bytes *bytes, uint64_t offset, void *buffer, size_t length);

/* `size` is BYTES_SIZE_MAX at most. Cut bytes are gone: growing again shows zeros. Never fails. */
void bytes_truncate(struct bytes *bytes, uint64_t size);

/* Makes room for bytes_allocate(), as bytes_reserve() does for a write. */
int bytes_reserve_pages(struct bytes *bytes, uint64_t offset, uint64_t length);
/*
 * The pages of that range are there, if only as zeros; the size and what is read stay. Room must have been made. As in
 * tmpfs, what is allocated twice is no hole any more.
 */
void bytes_allocate(struct bytes *bytes, uint64_t offset, uint64_t length);
/* The range reads as zeros; its whole pages are holes, and stay allocated. Never fails. */
void bytes_zero(struct bytes *bytes, uint64_t offset, uint64_t length);
/* The same, but its whole pages are there no more. Never fails. */
void bytes_punch(struct bytes *bytes, uint64_t offset, uint64_t length);

/* As SEEK_DATA and SEEK_HOLE: the first byte of that kind from `offset` on; the end is a hole. False if none is. */
bool bytes_find_data(const struct bytes *bytes, uint64_t offset, uint64_t *ret_offset);
bool bytes_find_hole(const struct bytes *bytes, uint64_t offset, uint64_t *ret_offset);

#endif
