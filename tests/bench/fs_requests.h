/*
 * How many requests kvfs has had from the kernel, of which kind: its own
 * `.kvfs/stats`, less what reading that costs.
 */
#pragma once

#include <stddef.h>

enum { FS_KINDS_MAX = 64, FS_KIND_MAX = 32 };

struct fs_requests {
    size_t count;
    struct fs_kind {
        char name[FS_KIND_MAX];
        double requests;
    } kinds[FS_KINDS_MAX];
};

/* Exits if the file can't be read. */
void fs_requests_read(const char *file, struct fs_requests *ret_requests);

/* What there was between two of these, less a third: `later` loses what is in the others. */
void fs_requests_subtract(struct fs_requests *later, const struct fs_requests *earlier);
