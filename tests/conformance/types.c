/*
 * Every call on every type of file.
 */
#include "row.h"

#define TYPES(FILE, DIR, FIFO, SOCKET, CHAR, BLOCK, SYMLINK) \
    {"file", FILE}, {"dir", DIR}, {"fifo", FIFO}, {"socket", SOCKET}, {"char", CHAR}, {"block", BLOCK}, \
    {"symlink", SYMLINK}

static const row_item types[] = {{"file"}, {"dir"}, {"fifo"}, {"socket"}, {"char"}, {"block"}, {"symlink"}};
static const row_item others[] = {
    {"file"}, {"dir"}, {"fifo"}, {"socket"}, {"char"}, {"block"}, {"symlink"}};

static const row_item things[] = {{"file"}, {"fifo"}, {"socket"}, {"char"}, {"block"}, {"symlink"}};
static const row_item other_things[] = {{"file"}, {"fifo"}, {"socket"}, {"char"}, {"block"}, {"symlink"}};
static const row_item followed[] = {{"file"}, {"dir"}, {"fifo"}, {"socket"}, {"char"}, {"block"}};

/* Makes what is there already. */
static const row_item makes[] = {
    {"mkdir", "mkdir x 0755"},
    {"mkfifo", "mkfifo x 0644"},
    {"mknod of a file", "mknod file x 0644"},
    {"mknod of a socket", "mknod socket x 0644"},
    {"mknod of a character device", "mknod char x 0644"},
    {"mknod of a block device", "mknod block x 0644"},
    {"symlink", "symlink target x"},
    {"link to", "link other x"},
    {"open with O_CREAT and O_EXCL", "open x O_RDWR|O_CREAT|O_EXCL 0644"},
    {"rename with noreplace", "rename other x noreplace"},
};

static const row_item as_component[] = {
    TYPES("ENOTDIR", "ENOENT", "ENOTDIR", "ENOTDIR", "ENOTDIR", "ENOTDIR", "ENOENT")};
static const row_item truncated[] = {TYPES("0", "EISDIR", "EINVAL", "EINVAL", "EINVAL", "EINVAL", "ENOENT")};
static const row_item opened[] = {TYPES("1", "1", "1", "ENXIO", "1", "ENXIO", "ENOENT")};
static const row_item opened_to_write[] = {TYPES("1", "EISDIR", "ENXIO", "ENXIO", "1", "ENXIO", "ENOENT")};
static const row_item opened_for_both[] = {TYPES("1", "EISDIR", "1", "ENXIO", "1", "ENXIO", "ENOENT")};
static const row_item opened_as_directory[] = {
    TYPES("ENOTDIR", "1", "ENOTDIR", "ENOTDIR", "ENOTDIR", "ENOTDIR", "ENOENT")};
static const row_item opened_as_path[] = {TYPES("1", "1", "1", "1", "1", "1", "1")};
static const row_item created[] = {TYPES("1", "EISDIR", "1", "ENXIO", "1", "ENXIO", "1")};
static const row_item linked[] = {TYPES("0", "EPERM", "0", "0", "0", "0", "0")};
static const row_item executed[] = {
    TYPES("ENOEXEC", "EACCES", "EACCES", "EACCES", "EACCES", "EACCES", "ENOENT")};
static const row_item devices[] = {
    {"char", "1 3", "1:3"},     {"char", "0 0", "0:0"},         {"char", "255 255", "255:255"},
    {"block", "8 1", "8:1"},    {"block", "259 1048", "259:1048"}, {"char", "4095 4095", "4095:4095"},
    {"char", "4000 1048575", "4000:1048575"},
};

static const struct row rows[] = {
    {"a new $a is what it should be", "make $a x; is x type $a uid root gid root; lists . x", LIST(types)},
    {"a new $a has its maker's ids", "nobody: $b; is x type $a uid nobody gid nobody",
     .each = {(const row_item[]){{"file", "mknod file x 0644"},
                                  {"dir", "mkdir x 0755"},
                                  {"fifo", "mkfifo x 0644"},
                                  {"socket", "mknod socket x 0644"},
                                  {"symlink", "symlink target x"},
                                  {"file", "open x O_WRONLY|O_CREAT 0644"}},
              6}},
    {"$a over a $p: EEXIST", "file other; make $p x; note x; $b = EEXIST; moved x -; is x type $p", LIST(makes),
     LIST(types)},
    {"unlink of a $a removes it", "make $a x; unlink x; gone x; lists .", LIST(things)},
    {"unlink of a directory: EISDIR", "dir x; unlink x = EISDIR; is x type dir"},
    {"rmdir of a $a: ENOTDIR", "make $a x; rmdir x = ENOTDIR; is x type $a", LIST(things)},
    {"rename of a $a moves it, and only that", "make $a x; link x same; rename x y; gone x; same y same", LIST(things)},
    {"rename of a $a into another directory", "dir a; dir b; make $a a/x; rename a/x b/y; gone a/x; is b/y type $a",
     LIST(types)},
    {"rename of a $a to itself does nothing", "make $a x; note x; rename x x; moved x -; is x type $a", LIST(types)},
    {"rename of a $a over a $p", "make $a x; make $p y; rename x y; gone x; is y type $a; lists . y", LIST(things),
     LIST(other_things)},
    {"rename of a $a over a directory: EISDIR", "make $a x; dir y; rename x y = EISDIR; is x type $a; is y type dir",
     LIST(things)},
    {"rename of a directory over a $a: ENOTDIR", "dir x; make $a y; rename x y = ENOTDIR; is x type dir; is y type $a",
     LIST(things)},
    {"rename with exchange of a $a and a $p", "make $a x; make $p y; rename x y exchange; is x type $p; is y type $a",
     LIST(types), LIST(others)},
    {"chmod of a $a", "make $a x 0644; note x; chmod x 0751; is x type $a mode 0751; moved x c", LIST(followed)},
    {"fchmod of an open $a", "make $a x 0644; open x O_RDONLY|O_NONBLOCK; fchmod 1 0750; is x mode 0750",
     .each = {(const row_item[]){{"file"}, {"dir"}, {"fifo"}, {"char"}}, 4}},
    {"chmod of a symlink is its target's", "make $a x 0644; symlink x l; chmod l 0751; is x mode 0751; is l mode 0777",
     LIST(followed)},
    {"chown of a $a", "make $a x; note x; chown x 12 34; is x uid 12 gid 34; moved x c", LIST(followed)},
    {"chown of a symlink to a $a", "make $a x; symlink x l; chown l 12 34; is x uid 12 gid 34; is l uid 0 gid 0",
     LIST(followed)},
    {"lchown of a $a", "make $a x; note x; lchown x 12 34; is x uid 12 gid 34; moved x c", LIST(types)},
    {"utimens of a $a", "make $a x; note x; utimens x 100 200.000000300; is x atime 100 mtime 200.000000300",
     LIST(followed)},
    {"lutimens of a $a", "make $a x; lutimens x 100.5 200; is x mtime 200", LIST(types)},
    {"a $a as a component: $b", "make $a x; stat x/y = $b", LIST(as_component)},
    {"truncate of a $a: $b", "make $a x; truncate x 5 = $b", LIST(truncated)},
    {"open of a $a: $b", "make $a x; open x O_RDONLY|O_NONBLOCK = $b", LIST(opened)},
    {"open of a $a to write: $b", "make $a x; open x O_WRONLY|O_NONBLOCK = $b", LIST(opened_to_write)},
    {"open of a $a to read and write: $b", "make $a x; open x O_RDWR|O_NONBLOCK = $b", LIST(opened_for_both)},
    {"open of a $a as a directory: $b", "make $a x; open x O_RDONLY|O_DIRECTORY = $b", LIST(opened_as_directory)},
    {"open of a $a as a path: $b", "make $a x; open x O_PATH|O_NOFOLLOW = $b", LIST(opened_as_path)},
    {"open of a $a with O_CREAT: $b", "make $a x; open x O_RDWR|O_NONBLOCK|O_CREAT 0644 = $b", LIST(created)},
    {"readlink of a $a: EINVAL", "make $a x; readlink x = EINVAL", LIST(followed)},
    {"link of a $a: $b", "make $a x; link x y = $b", LIST(linked)},
    {"link of a $a is one more name of it", "make $a x; note x; link x y; same x y; is y nlink 2; moved x c",
     LIST(things)},
    {"exec of a $a: $b", "make $a x 0755; exec x = $b", LIST(executed)},
    {"statfs of a $a", "make $a x; statfs x", LIST(followed)},
    {"a $a device has the numbers $b", "mknod $a x 0644 $b; is x type $a rdev $c", LIST(devices)},
    {"mknod of a $a by nobody: EPERM", "nobody: mknod $a x 0644 = EPERM; gone x",
     .each = {(const row_item[]){{"char"}, {"block"}}, 2}},
    {"a $a survives the loss of a name", "make $a x; link x y; unlink x; is y type $a nlink 1", LIST(things)},
    {"a symlink to a $a leads to it", "make $a x 0700; symlink x l; stat l; access l 4", LIST(followed)},
};

FAMILY(types);
