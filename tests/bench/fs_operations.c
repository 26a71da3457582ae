#include "fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALL = 100, PAGE = 4096, MEBIBYTE = 1 << 20, PAGES_PER_MEBIBYTE = MEBIBYTE / PAGE };
/* Random pages for each file of a batch. */
enum { PAGES_PER_FILE = 4 };
/* Any prime that is larger than a file has pages: a walk that meets each page once, none near the one before. */
#define PAGE_STRIDE 2654435761u

/* ---- files ---- */

static bool write_file(const struct fs_client *client, const struct fs_name *name, int flags)
{
    int fd = openat(client->dir, name->text, O_WRONLY | flags, 0644);
    bool done;

    if (fd < 0)
        return false;
    done = write(fd, client->buffer, SMALL) == SMALL;
    return close(fd) == 0 && done;
}

static bool create(struct fs_client *client, long i)
{
    return write_file(client, &client->made[i], O_CREAT | O_EXCL);
}

static bool overwrite(struct fs_client *client, long i)
{
    return write_file(client, &client->kept[i], O_TRUNC);
}

static bool append(struct fs_client *client, long i)
{
    return write_file(client, &client->kept[i], O_APPEND);
}

static bool read_file(struct fs_client *client, long i)
{
    int fd = openat(client->dir, client->kept[i].text, O_RDONLY);
    bool done;

    if (fd < 0)
        return false;
    done = read(fd, client->buffer, PAGE) >= SMALL;
    return close(fd) == 0 && done;
}

static bool stat_file(struct fs_client *client, long i)
{
    struct stat attributes;

    return fstatat(client->dir, client->kept[i].text, &attributes, 0) == 0;
}

static bool stat_missing(struct fs_client *client, long i)
{
    struct stat attributes;

    return fstatat(client->dir, client->missing[i].text, &attributes, 0) != 0 && errno == ENOENT;
}

/* As if another had written it: the kernel knows its attributes, but none of its pages. */
static bool drop_pages(struct fs_client *client, long i)
{
    int fd = openat(client->dir, client->kept[i].text, O_RDONLY);
    bool done;

    if (fd < 0)
        return false;
    done = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0;
    return close(fd) == 0 && done && stat_file(client, i);
}

static bool rename_file(struct fs_client *client, long i)
{
    return renameat(client->dir, client->kept[i].text, client->dir, client->moved[i].text) == 0;
}

/* As editors save. */
static bool replace_file(struct fs_client *client, long i)
{
    return write_file(client, &client->saved[i], O_CREAT | O_EXCL) &&
           renameat(client->dir, client->saved[i].text, client->dir, client->moved[i].text) == 0;
}

static bool unlink_file(struct fs_client *client, long i)
{
    return unlinkat(client->dir, client->moved[i].text, 0) == 0;
}

static bool make_bucket(struct fs_client *client, long i)
{
    return mkdirat(client->dir, client->nested[i].text, 0755) == 0;
}

static bool remove_bucket(struct fs_client *client, long i)
{
    return unlinkat(client->dir, client->nested[i].text, AT_REMOVEDIR) == 0;
}

/* ---- the directory ---- */

static bool stat_entries(struct fs_client *client, int fd, const char *entries, ssize_t size)
{
    const struct dirent64 *entry;
    struct stat attributes;

    for (ssize_t at = 0; at < size; at += entry->d_reclen) {
        entry = (const struct dirent64 *)(entries + at);
        if (fstatat(fd, entry->d_name, &attributes, AT_SYMLINK_NOFOLLOW) != 0)
            return false;
        client->listed++;
    }
    return true;
}

static bool list(struct fs_client *client, long i)
{
    _Alignas(struct dirent64) char entries[32 * 1024];
    int fd = openat(client->dir, ".", O_RDONLY | O_DIRECTORY);
    ssize_t size;
    bool done = fd >= 0;

    (void)i;
    client->listed = 0;
    while (done && (size = getdents64(fd, entries, sizeof(entries))) != 0)
        done = size > 0 && stat_entries(client, fd, entries, size);
    if (fd >= 0)
        close(fd);
    return done;
}

/* ---- the large file ---- */

static bool open_large(struct fs_client *client)
{
    if (client->large < 0)
        client->large = openat(client->dir, "large", O_RDWR | O_CREAT, 0644);
    return client->large >= 0;
}

static bool drop_large(struct fs_client *client)
{
    return posix_fadvise(client->large, 0, 0, POSIX_FADV_DONTNEED) == 0;
}

static bool write_mebibyte(struct fs_client *client, long i)
{
    return pwrite(client->large, client->buffer, MEBIBYTE, (off_t)i * MEBIBYTE) == MEBIBYTE;
}

static bool read_mebibyte(struct fs_client *client, long i)
{
    return pread(client->large, client->buffer, MEBIBYTE, (off_t)i * MEBIBYTE) == MEBIBYTE;
}

static off_t random_page(const struct fs_client *client, long i)
{
    uint64_t pages = (uint64_t)client->amounts.mebibytes * PAGES_PER_MEBIBYTE;

    return (off_t)((uint64_t)i * PAGE_STRIDE % pages * PAGE);
}

static bool write_page(struct fs_client *client, long i)
{
    return pwrite(client->large, client->buffer, PAGE, random_page(client, i)) == PAGE;
}

static bool read_page(struct fs_client *client, long i)
{
    return pread(client->large, client->buffer, PAGE, random_page(client, i)) == PAGE;
}

/* ---- the table ---- */

const struct fs_operation fs_operations[] = {
    {"create", .step = create},
    {"missing", .step = stat_missing},
    {"missing-again", .repeatable = true, .prepare = stat_missing, .step = stat_missing},
    {"overwrite", .step = overwrite},
    {"append", .step = append},
    {"read-own-write", .step = read_file},
    {"first-read", .prepare = drop_pages, .step = read_file},
    {"hot-read", .repeatable = true, .prepare = read_file, .step = read_file},
    {"hot-stat", .repeatable = true, .prepare = stat_file, .step = stat_file},
    {"list", FS_LISTING, .step = list},
    {"list-again", FS_LISTING, .repeatable = true, .prepare = list, .step = list},
    {"rename", .step = rename_file},
    {"replace", .step = replace_file},
    {"unlink", .step = unlink_file},
    {"mkdir", .step = make_bucket},
    {"rmdir", .step = remove_bucket},
    {"large-write", FS_MEBIBYTE, .begin = open_large, .step = write_mebibyte},
    {"large-rewrite", FS_MEBIBYTE, .step = write_mebibyte},
    {"large-read-hot", FS_MEBIBYTE, .repeatable = true, .prepare = read_mebibyte, .step = read_mebibyte},
    {"large-read-cold", FS_MEBIBYTE, .begin = drop_large, .step = read_mebibyte},
    {"random-write", FS_PAGE, .step = write_page},
    {"random-read", FS_PAGE, .begin = drop_large, .step = read_page},
};

const size_t fs_operations_count = sizeof(fs_operations) / sizeof(fs_operations[0]);

long fs_operation_steps(const struct fs_operation *operation, const struct fs_amounts *amounts)
{
    long pages = amounts->mebibytes * PAGES_PER_MEBIBYTE;

    switch (operation->unit) {
    case FS_LISTING:
        return 1;
    case FS_MEBIBYTE:
        return amounts->mebibytes;
    case FS_PAGE:
        return pages < PAGES_PER_FILE * amounts->files ? pages : PAGES_PER_FILE * amounts->files;
    default:
        return amounts->files;
    }
}

/* ---- before all of them ---- */

/* `count` names of a letter and a number, each `stride` after the last. */
static struct fs_name *name_all(char letter, long count, long stride)
{
    struct fs_name *names = calloc((size_t)count, sizeof(*names));

    for (long i = 0; names && i < count; i++)
        snprintf(names[i].text, sizeof(names[i].text), "%c%ld", letter, i * stride);
    return names;
}

/* Empty ones; those that are worked with, spread among them, get their bytes. */
static bool fill_keys(struct fs_client *client)
{
    char name[32];
    int fd;

    for (long i = 0; i < client->amounts.keys; i++) {
        snprintf(name, sizeof(name), "k%ld", i);
        fd = openat(client->dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
        if (fd < 0 || close(fd) != 0)
            return false;
    }
    for (long i = 0; i < client->amounts.files; i++) {
        if (!overwrite(client, i))
            return false;
    }
    return true;
}

static bool fill_buckets(struct fs_client *client)
{
    char name[32];

    for (long i = 0; i < client->amounts.buckets; i++) {
        snprintf(name, sizeof(name), "b%ld", i);
        if (mkdirat(client->dir, name, 0755) != 0)
            return false;
    }
    return true;
}

bool fs_client_init(struct fs_client *client, const char *directory, const struct fs_amounts *amounts)
{
    *client = (struct fs_client){
        .dir = open(directory, O_RDONLY | O_DIRECTORY),
        .large = -1,
        .amounts = *amounts,
        .kept = name_all('k', amounts->files, amounts->keys / amounts->files),
        .made = name_all('n', amounts->files, 1),
        .moved = name_all('r', amounts->files, 1),
        .saved = name_all('s', amounts->files, 1),
        .missing = name_all('m', amounts->files, 1),
        .nested = name_all('d', amounts->files, 1),
        .buffer = malloc(MEBIBYTE),
    };
    if (client->dir < 0 || !client->kept || !client->made || !client->moved || !client->saved ||
        !client->missing || !client->nested || !client->buffer)
        return false;
    memset(client->buffer, 'x', MEBIBYTE);
    return fill_buckets(client) && fill_keys(client);
}
