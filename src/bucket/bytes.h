/*
 * The bytes of a value: a small block that grows, or, beyond that, extents of
 * which those never written are holes. Reading past what was written gives
 * zeros. Not safe for two threads: the value's bucket guards it.
 */
#ifndef KVFS_BUCKET_BYTES_H
#define KVFS_BUCKET_BYTES_H

#include <stddef.h>
#include <stdint.h>

#define BYTES_BLOCK_MAX (UINT64_C(64) << 10)   /* the largest small block */
#define BYTES_EXTENT_SIZE (UINT64_C(256) << 10)
#define BYTES_SIZE_MAX (UINT64_C(1) << 40) /* 1 TiB */

enum bytes_shape { BYTES_BLOCK, BYTES_EXTENTS };

struct bytes {
    uint64_t size;
    uint64_t allocated; /* bytes of memory behind it, as st_blocks shows them */
    enum bytes_shape shape;
    uint32_t capacity; /* of the block in bytes, or of the extents in number */
    union {
        unsigned char *block;
        unsigned char **extents; /* NULL: a hole */
    } u;
};

/* A zeroed struct bytes is empty and needs no init. */
void bytes_deinit(struct bytes *bytes);

/* Makes room for `length` bytes at `offset`, so that bytes_write() can't fail. 0, -ENOMEM, -EFBIG; the contents stay. */
int bytes_reserve(struct bytes *bytes, uint64_t offset, size_t length);
/* By how much `allocated` grows at most when room is made for a write, and for a size, that isn't too large. */
uint64_t bytes_growth(const struct bytes *bytes, uint64_t offset, size_t length);
uint64_t bytes_growth_of_size(const struct bytes *bytes, uint64_t size);
/* Room must have been made. */
void bytes_write(struct bytes *bytes, uint64_t offset, const void *data, size_t length);
/* Copies what there is, up to `length`; the number of bytes. */
size_t bytes_read(const struct bytes *bytes, uint64_t offset, void *buffer, size_t length);
/* Makes room for a size, as bytes_reserve() does for a write. */
int bytes_reserve_size(struct bytes *bytes, uint64_t size);
/* Room must have been made if it grows. Cut bytes are gone: growing again shows zeros. */
void bytes_truncate(struct bytes *bytes, uint64_t size);

#endif
