#include "contents.h"
#include "operation.h"

#include <string.h>
#include <unistd.h>

#define PIECE (1 << 18)
/* Holes up to that are read. */
#define SHORT_HOLE (1 << 20)
#define EDGE (1 << 17)
#define SURROUNDINGS 4096

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Zeroes stand for what can't be read. */
static void read_piece(int fd, unsigned char *bytes, size_t length, int64_t offset)
{
    ssize_t got = pread(fd, bytes, length, offset);

    memset(bytes + (got > 0 ? got : 0), 0, length - (size_t)(got > 0 ? got : 0));
}

static bool pieces_agree(int first, int second, int64_t offset, size_t length, int64_t *ret_offset)
{
    static unsigned char bytes[2][PIECE];
    size_t i = 0;

    read_piece(first, bytes[0], length, offset);
    read_piece(second, bytes[1], length, offset);
    if (memcmp(bytes[0], bytes[1], length) == 0)
        return true;
    while (bytes[0][i] == bytes[1][i])
        i++;
    *ret_offset = offset + (int64_t)i;
    return false;
}

static bool range_agrees(int first, int second, int64_t from, int64_t to, int64_t *ret_offset)
{
    for (int64_t at = from; at < to; at += PIECE) {
        if (!pieces_agree(first, second, at, (size_t)smaller(PIECE, to - at), ret_offset))
            return false;
    }
    return true;
}

static bool hole_agrees(int first, int second, int64_t from, int64_t to, int64_t *ret_offset)
{
    size_t count;
    const int64_t *offsets = argument_offsets(&count);

    if (to - from <= SHORT_HOLE)
        return range_agrees(first, second, from, to, ret_offset);
    if (!range_agrees(first, second, from, from + EDGE, ret_offset) ||
        !range_agrees(first, second, to - EDGE, to, ret_offset))
        return false;
    for (size_t i = 0; i < count; i++) {
        int64_t begin = larger(from, offsets[i] - SURROUNDINGS);
        int64_t end = smaller(to, offsets[i] + SURROUNDINGS);

        if (!range_agrees(first, second, begin, end, ret_offset))
            return false;
    }
    return true;
}

bool contents_agree(int first, int second, int64_t size, int64_t *ret_offset)
{
    int64_t at = 0;

    while (at < size) {
        int64_t data = lseek(first, at, SEEK_DATA);
        int64_t end;

        if (data < 0 || data > size)
            data = size;
        if (!hole_agrees(first, second, at, data, ret_offset))
            return false;
        end = data < size ? lseek(first, data, SEEK_HOLE) : size;
        if (end < 0 || end > size)
            end = size;
        if (!range_agrees(first, second, data, end, ret_offset))
            return false;
        at = end;
    }
    return true;
}
