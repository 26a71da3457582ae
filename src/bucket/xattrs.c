/*
 * One after the other: a head, the name, the value, and again, in the order in
 * which they came, and without a gap. There are few, and a search is a walk.
 */
#include "bucket/xattrs.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct xattrs {
    uint32_t size; /* of what follows */
    unsigned char bytes[];
};

struct head {
    uint32_t name_length;
    uint32_t length;
};

/* One in the block. */
struct place {
    size_t offset; /* of its head */
    struct head head;
};

static size_t size_of(const struct xattrs *xattrs)
{
    return xattrs ? xattrs->size : 0;
}

static const char *name_of(const struct xattrs *xattrs, const struct place *place)
{
    return (const char *)xattrs->bytes + place->offset + sizeof(struct head);
}

static size_t end_of(const struct place *place)
{
    return place->offset + sizeof(struct head) + place->head.name_length + place->head.length;
}

/* The one at an offset; false behind the last. */
static bool look(const struct xattrs *xattrs, size_t offset, struct place *ret_place)
{
    if (offset >= size_of(xattrs))
        return false;
    ret_place->offset = offset;
    memcpy(&ret_place->head, xattrs->bytes + offset, sizeof(struct head));
    return true;
}

static bool find(const struct xattrs *xattrs, const char *name, size_t name_length, struct place *ret_place)
{
    struct place place;

    for (size_t at = 0; look(xattrs, at, &place); at = end_of(&place)) {
        if (place.head.name_length == name_length && memcmp(name_of(xattrs, &place), name, name_length) == 0) {
            *ret_place = place;
            return true;
        }
    }
    return false;
}

void *xattrs_find(const struct xattrs *xattrs, const char *name, size_t name_length, size_t *ret_length)
{
    struct place place;

    if (!find(xattrs, name, name_length, &place))
        return NULL;
    *ret_length = place.head.length;
    return (char *)name_of(xattrs, &place) + name_length;
}

/* Returns the end of what it wrote. */
static unsigned char *append(unsigned char *to, const void *bytes, size_t length)
{
    if (length > 0)
        memcpy(to, bytes, length);
    return to + length;
}

static unsigned char *append_xattr(unsigned char *to, const struct xattr *xattr)
{
    const struct head head = {(uint32_t)xattr->name_length, (uint32_t)xattr->length};

    to = append(to, &head, sizeof(head));
    to = append(to, xattr->name, xattr->name_length);
    return append(to, xattr->value, xattr->length);
}

static bool is_room(const struct xattrs *xattrs, size_t cut, const struct xattr *xattr)
{
    size_t names = xattrs_list(xattrs, NULL, NULL, 0) + (cut > 0 ? 0 : xattr->name_length + 1);
    size_t size = size_of(xattrs) - cut + sizeof(struct head) + xattr->name_length;

    return names <= XATTRS_NAMES_MAX && size <= XATTRS_SIZE_MAX && xattr->length <= XATTRS_SIZE_MAX - size;
}

/* What has the name already is cut out, and the new one is in its place. */
int xattrs_with(const struct xattrs *xattrs, const struct xattr *xattr, struct xattrs **ret_xattrs)
{
    const unsigned char *bytes = xattrs ? xattrs->bytes : NULL;
    size_t size = size_of(xattrs);
    struct place old;
    bool replaces = find(xattrs, xattr->name, xattr->name_length, &old);
    size_t before = replaces ? old.offset : size;
    size_t behind = replaces ? end_of(&old) : size;
    unsigned char *end;
    struct xattrs *new;

    if (!is_room(xattrs, behind - before, xattr))
        return -ENOSPC;
    size += sizeof(struct head) + xattr->name_length + xattr->length - (behind - before);
    new = malloc(sizeof(*new) + size);
    if (!new)
        return -ENOMEM;
    new->size = (uint32_t)size;
    end = append(new->bytes, bytes, before);
    end = append_xattr(end, xattr);
    append(end, bytes ? bytes + behind : NULL, size_of(xattrs) - behind);
    *ret_xattrs = new;
    return 0;
}

int xattrs_copy(const struct xattrs *xattrs, struct xattrs **ret_xattrs)
{
    struct xattrs *copy = NULL;

    if (xattrs) {
        copy = malloc(sizeof(*copy) + xattrs->size);
        if (!copy)
            return -ENOMEM;
        memcpy(copy, xattrs, sizeof(*copy) + xattrs->size);
    }
    *ret_xattrs = copy;
    return 0;
}

/* Gives the room back that is left over, if it can be had. */
static struct xattrs *shrink(struct xattrs *xattrs)
{
    struct xattrs *smaller = realloc(xattrs, sizeof(*xattrs) + xattrs->size);

    return smaller ? smaller : xattrs;
}

bool xattrs_remove(struct xattrs **xattrs, const char *name, size_t name_length)
{
    struct xattrs *all = *xattrs;
    struct place place;
    size_t end;

    if (!find(all, name, name_length, &place))
        return false;
    end = end_of(&place);
    memmove(all->bytes + place.offset, all->bytes + end, all->size - end);
    all->size -= (uint32_t)(end - place.offset);
    if (all->size > 0) {
        *xattrs = shrink(all);
        return true;
    }
    free(all);
    *xattrs = NULL;
    return true;
}

static bool begins_with(const char *name, size_t length, const char *prefix)
{
    return prefix && length >= strlen(prefix) && memcmp(name, prefix, strlen(prefix)) == 0;
}

size_t xattrs_list(const struct xattrs *xattrs, const char *hidden, char *buffer, size_t size)
{
    size_t length = 0;
    struct place place;

    for (size_t at = 0; look(xattrs, at, &place); at = end_of(&place)) {
        const char *name = name_of(xattrs, &place);
        size_t name_length = place.head.name_length;

        if (begins_with(name, name_length, hidden))
            continue;
        if (length + name_length < size) {
            memcpy(buffer + length, name, name_length);
            buffer[length + name_length] = '\0';
        }
        length += name_length + 1;
    }
    return length;
}

void xattrs_destroy(struct xattrs *xattrs)
{
    free(xattrs);
}
