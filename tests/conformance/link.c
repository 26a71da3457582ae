#include "row.h"

#define ONE_BUCKET "a value belongs to exactly one bucket: a link into another is EXDEV"

static const row_item types[] = {{"file"}, {"fifo"}, {"socket"}, {"char"}, {"block"}, {"symlink"}};

static const struct row rows[] = {
    {"a $a has two names", "make $a x; link x y; same x y; is x nlink 2 type $a; is y nlink 2; lists . x y",
     LIST(types)},
    {"a $a loses one of them", "make $a x; link x y; unlink x; gone x; is y nlink 1 type $a", LIST(types)},
    {"moves the ctime of a $a, and the directory's times",
     "make $a x; note x; note .; link x y; moved x c; moved . mc", LIST(types)},
    {"into another directory, of a $a", "dir a; dir b; make $a a/x; link a/x b/x; same a/x b/x; is b/x nlink 2",
     LIST(types), .steps_on_kvfs = "dir a; dir b; make $a a/x; link a/x b/x = EXDEV; gone b/x; is a/x nlink 1",
     .because = ONE_BUCKET},
    {"into a directory below", "dir d; file x; link x d/x; same x d/x",
     .steps_on_kvfs = "dir d; file x; link x d/x = EXDEV; gone d/x", .because = ONE_BUCKET},
    {"into the directory above", "dir d; file d/x; link d/x x; same x d/x",
     .steps_on_kvfs = "dir d; file d/x; link d/x x = EXDEV; gone x", .because = ONE_BUCKET},
    {"what is written by one name is read by the other",
     "put x abc; link x y; put y defg; holds x defg; is x size 4"},
    {"mode, owner and times are both's",
     "file x; link x y; chmod x 0600; chown y 1 2; utimens x 3 4; is y mode 0600 uid 1 gid 2 mtime 4; is x uid 1"},
    {"a hundred names", "file x; many 100 x; is x nlink 101; same x x100; unlink x; is x50 nlink 100"},
    {"to a name that is there: EEXIST", "file x; file y; note x; link x y = EEXIST; differ x y; moved x -"},
    {"to itself: EEXIST", "file x; link x x = EEXIST; is x nlink 1"},
    {"to a directory that is there: EEXIST", "file x; dir d; link x d = EEXIST"},
    {"to a dangling symlink: EEXIST", "file x; symlink none l; link x l = EEXIST; gone none"},
    {"of what isn't there: ENOENT", "link x y = ENOENT"},
    {"of a directory: EPERM", "dir d; link d e = EPERM; gone e; is d nlink 2"},
    {"of a directory by nobody: EPERM", "dir d 0755 nobody; nobody: link d e = EPERM"},
    {"of a symlink is the symlink's", "file x; symlink x l; link l m; same l m; points m x; is x nlink 1"},
    {"that follows is the target's", "file x; symlink x l; link l m follow; same x m; is l nlink 1"},
    {"that follows a dangling symlink: ENOENT", "symlink none l; link l m follow = ENOENT"},
    {"with flags that nobody knows: EINVAL", "file x; link x y 4 = EINVAL"},
    {"a directory that can't be written to: EACCES",
     "dir d 0755; file d/x 0666 nobody; nobody: link d/x d/y = EACCES"},
    {"a source in a directory that can't be searched: EACCES",
     "dir d 0700; file d/x 0666 nobody; nobody: link d/x y = EACCES"},
    {"of one's own file", "dir d 0777; file d/x 0600 nobody; nobody: link d/x d/y; is d/y nlink 2 uid nobody"},
    {"of a file whose names are gone: ENOENT", "file x; open x O_RDONLY; unlink x; flink 1 y = ENOENT"},
    {"of an open file", "file x; open x O_RDONLY; flink 1 y; same x y; is x nlink 2"},
    {"a removed name may be taken again", "file x; link x y; unlink y; link x y; is x nlink 2"},
    {"after a rename there are as many", "file x; link x y; rename y z; is x nlink 2; same x z; gone y"},
    {"a rename over one of two names", "file x; link x y; file z; rename z y; is x nlink 1; differ x y"},
};

FAMILY(link);
