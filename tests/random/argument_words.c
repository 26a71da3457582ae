#include "argument_words.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NUMBER(value) {NULL, value, 1}
#define OFTEN(value) {NULL, value, 4}
#define SECOND INT64_C(1000000000)
#define GIB (INT64_C(1) << 30)

static const struct word users[] = {{"root", 0, 12}, {"one", 1001, 3}, {"two", 1002, 3}};

static const struct word targets[] = {
    {"a", 0, 3}, {"b", 1, 3}, {"c", 2, 3}, {"a/b", 3, 2}, {"../a", 4, 2}, {"../b/c", 5, 1}, {".", 6, 1},
    {"nowhere", 7, 1},
};

static const struct word slots[] = {NUMBER(0), NUMBER(1), NUMBER(2), NUMBER(3)};
static const struct word maps[] = {NUMBER(0), NUMBER(1)};
static const struct word hows[] = {{"rw", O_RDWR, 6}, {"r", O_RDONLY, 3}, {"w", O_WRONLY, 2}, {"path", O_PATH, 1}};

static const struct word open_flags[] = {
    {"create", O_CREAT, 70},      {"exclusive", O_EXCL, 8}, {"truncate", O_TRUNC, 12},
    {"append", O_APPEND, 15},     {"nofollow", O_NOFOLLOW, 10}, {"tmpfile", O_TMPFILE, 3},
    {"directory", O_DIRECTORY, 4}, {"noatime", O_NOATIME, 4},   {"direct", O_DIRECT, 6},
    {"sync", O_SYNC, 4},
};

static const struct word modes[] = {
    {NULL, 0777, 6}, {NULL, 0644, 6},  {NULL, 0600, 3},  {NULL, 0755, 4},  {NULL, 0, 1},     {NULL, 0444, 1},
    {NULL, 0711, 1}, {NULL, 01777, 2}, {NULL, 02775, 2}, {NULL, 04755, 2}, {NULL, 06777, 1}, {NULL, 02745, 1},
};

static const struct word types[] = {
    {"fifo", S_IFIFO, 3}, {"socket", S_IFSOCK, 2}, {"char", S_IFCHR, 1}, {"file", S_IFREG, 1}, {"block", S_IFBLK, 1},
};

static const struct word rename_flags[] = {{"noreplace", RENAME_NOREPLACE, 15}, {"exchange", RENAME_EXCHANGE, 15}};

#define OFFSETS_IN_REACH                                                                                             \
    OFTEN(0), OFTEN(1), NUMBER(511), NUMBER(4095), OFTEN(4096), NUMBER(4097), NUMBER(8192), NUMBER(65535),            \
        OFTEN(65536), NUMBER(65537), NUMBER(131072), NUMBER(262143), NUMBER(262144), NUMBER(262145),                  \
        NUMBER(1 << 20), NUMBER((3 << 20) + 17)

static const struct word offsets[] = {
    OFFSETS_IN_REACH, NUMBER(2 * GIB - 1), NUMBER(4 * GIB - 1), NUMBER(4 * GIB + 4097), NUMBER(-1),
};

static const struct word map_offsets[] = {OFFSETS_IN_REACH};

static const struct word sizes[] = {
    OFFSETS_IN_REACH, NUMBER(4 * GIB), NUMBER(5 * GIB + 1), NUMBER(-1),
};

static const struct word lengths[] = {
    {NULL, 1, 6},     {NULL, 0, 1},     {NULL, 2, 3},     {NULL, 511, 3},    {NULL, 4095, 3},   {NULL, 4096, 6},
    {NULL, 4097, 3},  {NULL, 8192, 3},  {NULL, 65535, 2}, {NULL, 65536, 3},  {NULL, 65537, 2},  {NULL, 131072, 2},
    {NULL, 262143, 1}, {NULL, 262144, 1}, {NULL, 262145, 1}, {NULL, (1 << 20) + 1, 1}, {NULL, 3 << 20, 1},
};

static const struct word fills[] = {NUMBER(1), NUMBER(2), NUMBER(3), NUMBER(4), NUMBER(5), NUMBER(0)};
static const struct word whences[] = {{"set", SEEK_SET, 3}, {"end", SEEK_END, 2}, {"cur", SEEK_CUR, 1}};
static const struct word holes[] = {{"data", SEEK_DATA, 1}, {"hole", SEEK_HOLE, 1}};

static const struct word allocations[] = {
    {"plain", 0, 4},
    {"keep", FALLOC_FL_KEEP_SIZE, 3},
    {"punch", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5},
    {"zero", FALLOC_FL_ZERO_RANGE, 2},
    {"zero+keep", FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 1},
    {"collapse", FALLOC_FL_COLLAPSE_RANGE, 1},
    {"insert", FALLOC_FL_INSERT_RANGE, 1},
};

static const struct word ids[] = {NUMBER(-1), OFTEN(0), OFTEN(1001), OFTEN(1002), NUMBER(1003)};

/* Of nanoseconds; the words stand for what utimensat(2) has for them. */
static const struct word times[] = {
    {"now", -1, 6},
    {"omit", -2, 4},
    NUMBER(0),
    NUMBER(1),
    NUMBER(999999999),
    NUMBER(1000000000 * SECOND + 1),
    NUMBER(INT64_C(2147483648) * SECOND),
    NUMBER(INT64_C(4294967297) * SECOND + 500),
    NUMBER(-5 * SECOND),
    NUMBER(-5 * SECOND + 1),
};

static const struct word follows[] = {{"yes", 0, 2}, {"no", AT_SYMLINK_NOFOLLOW, 1}};

static const struct word xattrs[] = {
    {"user.a", 0, 4}, {"user.b", 1, 3}, {"trusted.a", 2, 2}, {"security.a", 3, 1}, {"user.", 4, 1}, {"unknown.a", 5, 1},
};

static const struct word xattr_sizes[] = {
    NUMBER(1), OFTEN(5), NUMBER(0), NUMBER(100), NUMBER(4096), NUMBER(65536), NUMBER(65537),
};
static const struct word xattr_flags[] = {{"create", XATTR_CREATE, 15}, {"replace", XATTR_REPLACE, 15}};

static const struct word acls[] = {
    {"access", 0, 2}, {"access+mask", 1, 3}, {"default", 2, 3}, {"minimal", 3, 2}, {"broken", 4, 1},
};

static const struct word accesses[] = {{"read", R_OK, 50}, {"write", W_OK, 50}, {"execute", X_OK, 30}};
static const struct word umasks[] = {{NULL, 022, 3}, {NULL, 0, 3}, {NULL, 077, 1}, {NULL, 0277, 1}};
static const struct word caches[] = {{"names", 2, 3}, {"all", 3, 1}};
static const struct word whats[] = {{"changed", COMPARE_CHANGED, 8}, {"contents", COMPARE_CONTENTS, 1}};

#define WORDS(list) list, sizeof(list) / sizeof((list)[0])

const struct argument_type argument_types[ARGUMENT_COUNT] = {
    [ARGUMENT_AS] = {"as", CLASS_WORD, WORDS(users)},
    [ARGUMENT_PATH] = {"path", CLASS_PATH, NULL, 0},
    [ARGUMENT_TO] = {"to", CLASS_PATH, NULL, 0},
    [ARGUMENT_TARGET] = {"target", CLASS_WORD, WORDS(targets)},
    [ARGUMENT_SLOT] = {"fd", CLASS_NUMBER, WORDS(slots)},
    [ARGUMENT_TO_SLOT] = {"to_fd", CLASS_NUMBER, WORDS(slots)},
    [ARGUMENT_MAP] = {"map", CLASS_NUMBER, WORDS(maps)},
    [ARGUMENT_HOW] = {"how", CLASS_WORD, WORDS(hows)},
    [ARGUMENT_FLAGS] = {"flags", CLASS_FLAGS, WORDS(open_flags)},
    [ARGUMENT_MODE] = {"mode", CLASS_OCTAL, WORDS(modes)},
    [ARGUMENT_TYPE] = {"type", CLASS_WORD, WORDS(types)},
    [ARGUMENT_RENAME] = {"flags", CLASS_FLAGS, WORDS(rename_flags)},
    [ARGUMENT_OFFSET] = {"offset", CLASS_NUMBER, WORDS(offsets)},
    [ARGUMENT_TO_OFFSET] = {"to_offset", CLASS_NUMBER, WORDS(offsets)},
    [ARGUMENT_MAP_OFFSET] = {"at", CLASS_NUMBER, WORDS(map_offsets)},
    [ARGUMENT_SIZE] = {"size", CLASS_NUMBER, WORDS(sizes)},
    [ARGUMENT_LENGTH] = {"length", CLASS_NUMBER, WORDS(lengths)},
    [ARGUMENT_FILL] = {"fill", CLASS_NUMBER, WORDS(fills)},
    [ARGUMENT_WHENCE] = {"whence", CLASS_WORD, WORDS(whences)},
    [ARGUMENT_HOLES] = {"next", CLASS_WORD, WORDS(holes)},
    [ARGUMENT_ALLOCATE] = {"mode", CLASS_WORD, WORDS(allocations)},
    [ARGUMENT_UID] = {"uid", CLASS_NUMBER, WORDS(ids)},
    [ARGUMENT_GID] = {"gid", CLASS_NUMBER, WORDS(ids)},
    [ARGUMENT_ATIME] = {"atime", CLASS_WORD, WORDS(times)},
    [ARGUMENT_MTIME] = {"mtime", CLASS_WORD, WORDS(times)},
    [ARGUMENT_FOLLOW] = {"follow", CLASS_WORD, WORDS(follows)},
    [ARGUMENT_XATTR] = {"name", CLASS_WORD, WORDS(xattrs)},
    [ARGUMENT_XATTR_SIZE] = {"size", CLASS_NUMBER, WORDS(xattr_sizes)},
    [ARGUMENT_XATTR_FLAGS] = {"flags", CLASS_FLAGS, WORDS(xattr_flags)},
    [ARGUMENT_ACL] = {"acl", CLASS_WORD, WORDS(acls)},
    [ARGUMENT_ACCESS] = {"access", CLASS_FLAGS, WORDS(accesses)},
    [ARGUMENT_UMASK] = {"mask", CLASS_OCTAL, WORDS(umasks)},
    [ARGUMENT_CACHES] = {"what", CLASS_WORD, WORDS(caches)},
    [ARGUMENT_WHAT] = {"what", CLASS_WORD, WORDS(whats)},
};
