/*
 * Buckets named by paths, in what users write into control files: relative to
 * the bucket whose file it is, or, with a slash in front, to the root.
 *
 * As in /proc/mounts, a byte that would break a line into other words is
 * written as a backslash and three octal digits, and read so.
 */
#include "fs/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_octal(const char *text, size_t length)
{
    return length >= 4 && text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' && text[2] <= '7' &&
           text[3] >= '0' && text[3] <= '7';
}

static size_t unescape(const char *text, size_t length, char *to)
{
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        if (is_octal(text + i, length - i)) {
            to[used++] = (char)((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
            i += 3;
        } else {
            to[used++] = text[i];
        }
    }
    return used;
}

size_t path_escape(const char *text, size_t length, char *to)
{
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        if (strchr(" \t\r\n\\", text[i]) || text[i] == '\0')
            used += (size_t)sprintf(to + used, "\\%03o", (unsigned char)text[i]);
        else
            to[used++] = text[i];
    }
    to[used] = '\0';
    return used;
}

static struct bucket *hold(struct bucket *bucket)
{
    if (bucket)
        actor_ref(bucket_actor(bucket));
    return bucket;
}

static void let_go(struct bucket *bucket)
{
    if (bucket)
        actor_unref(bucket_actor(bucket));
}

static int down(struct fs *fs, struct bucket *from, const struct key *key, struct bucket **ret_bucket)
{
    const struct child_name name = {key->name, key->length};
    struct attributes attributes;
    struct actor *actor;
    struct found found;
    int rc;

    if (!from) {
        rc = registry_lookup(fs->registry, &name, &actor);
        if (rc == 0)
            *ret_bucket = bucket_of_actor(actor);
        return fs_errno(rc, FS_BY_NAME);
    }
    rc = bucket_lookup(from, key, BUCKET_QUIETLY, &found, &attributes);
    if (rc != 0)
        return fs_errno(rc, FS_BY_NAME);
    if (!found.bucket) {
        inode_unref(value_inode(found.value));
        return ENOTDIR;
    }
    *ret_bucket = found.bucket;
    return 0;
}

/* Moves `*bucket` by one component, reference and all; NULL is the root. 0, or an errno. */
static int move(struct fs *fs, struct bucket **bucket, const struct key *component)
{
    struct bucket *next = NULL;
    int error = 0;

    if (component->length == 0 || (component->length == 1 && component->name[0] == '.'))
        return 0;
    if (component->length > FS_NAME_MAX)
        return ENAMETOOLONG;
    if (component->length == 2 && memcmp(component->name, "..", 2) == 0)
        next = *bucket ? bucket_hold_parent(*bucket) : NULL;
    else
        error = down(fs, *bucket, component, &next);
    if (error != 0)
        return error;
    let_go(*bucket);
    *bucket = next;
    return 0;
}

static int walk(struct fs *fs, struct bucket **bucket, const char *path, size_t length)
{
    int error = 0;

    while (length > 0 && error == 0) {
        const char *slash = memchr(path, '/', length);
        const struct key component = {path, slash ? (size_t)(slash - path) : length};
        size_t step = component.length + (slash ? 1 : 0);

        error = move(fs, bucket, &component);
        path += step;
        length -= step;
    }
    return error;
}

int path_resolve(struct fs *fs, struct bucket *bucket, const char *path, size_t length, struct bucket **ret_bucket)
{
    char *plain = malloc(length + 1);
    struct bucket *at;
    size_t used;
    int error;

    if (!plain)
        return ENOMEM;
    used = unescape(path, length, plain);
    at = hold(used > 0 && plain[0] == '/' ? NULL : bucket);
    error = used > 0 ? walk(fs, &at, plain, used) : ENOENT;
    free(plain);
    if (error == 0 && !at)
        error = EPERM;
    if (error != 0) {
        let_go(at);
        return error;
    }
    *ret_bucket = at;
    return 0;
}

static size_t depth_of(const struct bucket *bucket)
{
    size_t depth = 0;

    for (; bucket; bucket = bucket_parent(bucket))
        depth++;
    return depth;
}

/* Where the ways to the two part; NULL: in the root. */
static const struct bucket *common(const struct bucket *a, const struct bucket *b)
{
    size_t depth_a = depth_of(a);
    size_t depth_b = depth_of(b);

    for (; depth_a > depth_b; depth_a--)
        a = bucket_parent(a);
    for (; depth_b > depth_a; depth_b--)
        b = bucket_parent(b);
    while (a != b) {
        a = bucket_parent(a);
        b = bucket_parent(b);
    }
    return a;
}

static size_t length_below(const struct bucket *top, const struct bucket *bucket)
{
    size_t length = 0;

    for (; bucket != top; bucket = bucket_parent(bucket))
        length += bucket_name(bucket)->length * 4 + 1;
    return length;
}

/* Writes the names from `top`, left out, to `bucket` in front of `end`, the last first. Returns where it begins. */
static char *write_below(char *end, const struct bucket *top, const struct bucket *bucket)
{
    char name[FS_NAME_MAX * 4 + 1];

    for (const struct bucket *at = bucket; at != top; at = bucket_parent(at)) {
        size_t length = path_escape(bucket_name(at)->name, bucket_name(at)->length, name);

        if (at != bucket)
            *--end = '/';
        end -= length;
        memcpy(end, name, length);
    }
    return end;
}

static char *write_up(char *end, size_t steps, bool more)
{
    for (size_t i = 0; i < steps; i++) {
        if (more || i > 0)
            *--end = '/';
        *--end = '.';
        *--end = '.';
    }
    return end;
}

/* [nobody moves] */
static char *write_between(const struct bucket *from, const struct bucket *to)
{
    const struct bucket *top = common(from, to);
    size_t up = depth_of(from) - depth_of(top);
    size_t size = 3 * up + length_below(top, to) + 2;
    char *path = malloc(size);
    char *start;

    if (!path)
        return NULL;
    start = path + size - 1;
    *start = '\0';
    start = write_up(write_below(start, top, to), up, to != top);
    if (*start == '\0')
        *--start = '.';
    memmove(path, start, (size_t)(path + size - start));
    return path;
}

char *path_between(struct fs *fs, const struct bucket *from, const struct bucket *to)
{
    char *path;

    bucket_stop_moves(&fs->environment);
    path = write_between(from, to);
    bucket_allow_moves(&fs->environment);
    return path;
}
