/*
 * Operations on extended attributes, and ACLs, which are some of them. The
 * path is given with its side's directory, which such calls don't take.
 */
#include "perform.h"

#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* False if the working directory can't be changed: then the outcome says so. */
static bool enter(const struct side *side, const struct operation *operation, char *path, struct outcome *outcome)
{
    argument_path(operation->values[ARGUMENT_PATH], path);
    outcome_set(outcome, fchdir(side->top));
    return outcome->error == 0;
}

static bool follows(const struct operation *operation)
{
    return operation->values[ARGUMENT_FOLLOW] == 0;
}

void perform_setxattr(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const int64_t *values = operation->values;
    const char *name = argument_xattr_name(values[ARGUMENT_XATTR]);
    size_t size = (size_t)values[ARGUMENT_XATTR_SIZE];
    int flags = (int)values[ARGUMENT_XATTR_FLAGS];
    char path[PATH_TEXT_MAX];

    if (!enter(side, operation, path, outcome))
        return;
    fill_bytes(outcome->bytes, size, values[ARGUMENT_FILL]);
    outcome_set(outcome, (follows(operation) ? setxattr : lsetxattr)(path, name, outcome->bytes, size, flags));
}

void perform_getxattr(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const char *name = argument_xattr_name(operation->values[ARGUMENT_XATTR]);
    size_t size = (size_t)operation->values[ARGUMENT_XATTR_SIZE];
    char path[PATH_TEXT_MAX];
    ssize_t length;

    if (!enter(side, operation, path, outcome))
        return;
    length = (follows(operation) ? getxattr : lgetxattr)(path, name, outcome->bytes, size);
    outcome_set(outcome, length);
    outcome->length = length > 0 && size > 0 ? (size_t)length : 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Their order is nobody's business. */
static void sort_names(char *names, size_t length)
{
    char copy[4096];
    const char *sorted[64];
    size_t count = 0;

    if (length > sizeof(copy))
        return;
    memcpy(copy, names, length);
    for (size_t at = 0; at < length && count < 64; at += strlen(copy + at) + 1)
        sorted[count++] = copy + at;
    qsort(sorted, count, sizeof(*sorted), by_name);
    for (size_t i = 0; i < count; i++)
        names = stpcpy(names, sorted[i]) + 1;
}

void perform_listxattr(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    size_t size = (size_t)operation->values[ARGUMENT_XATTR_SIZE];
    char path[PATH_TEXT_MAX];
    ssize_t length;

    if (!enter(side, operation, path, outcome))
        return;
    length = (follows(operation) ? listxattr : llistxattr)(path, (char *)outcome->bytes, size);
    outcome_set(outcome, length);
    outcome->length = length > 0 && size > 0 ? (size_t)length : 0;
    sort_names((char *)outcome->bytes, outcome->length);
}

void perform_removexattr(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const char *name = argument_xattr_name(operation->values[ARGUMENT_XATTR]);
    char path[PATH_TEXT_MAX];

    if (enter(side, operation, path, outcome))
        outcome_set(outcome, (follows(operation) ? removexattr : lremovexattr)(path, name));
}

#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"

struct acl {
    struct posix_acl_xattr_header header;
    struct posix_acl_xattr_entry entries[5];
};

/* As the table of arguments has them. */
static const struct {
    const char *name;
    size_t entries;
    struct acl acl;
} acls[] = {
    {ACCESS, 5, {{2}, {{1, 7, ~0u}, {2, 5, 1001}, {4, 4, ~0u}, {0x10, 5, ~0u}, {0x20, 0, ~0u}}}},
    {ACCESS, 5, {{2}, {{1, 6, ~0u}, {2, 7, 1002}, {4, 7, ~0u}, {0x10, 4, ~0u}, {0x20, 4, ~0u}}}},
    {DEFAULT, 5, {{2}, {{1, 7, ~0u}, {4, 5, ~0u}, {8, 6, 1003}, {0x10, 7, ~0u}, {0x20, 1, ~0u}}}},
    {ACCESS, 3, {{2}, {{1, 6, ~0u}, {4, 4, ~0u}, {0x20, 0, ~0u}}}},
    {ACCESS, 2, {{2}, {{1, 6, ~0u}, {0x20, 0, ~0u}}}},
};

void perform_setacl(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    size_t i = (size_t)operation->values[ARGUMENT_ACL] % (sizeof(acls) / sizeof(acls[0]));
    size_t size = sizeof(struct posix_acl_xattr_header) + acls[i].entries * sizeof(struct posix_acl_xattr_entry);
    char path[PATH_TEXT_MAX];

    if (enter(side, operation, path, outcome))
        outcome_set(outcome, setxattr(path, acls[i].name, &acls[i].acl, size, 0));
}
