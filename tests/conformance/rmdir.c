#include "row.h"

#define ENDED "rmdir ends the bucket, and what was open in a bucket that has ended says ESTALE"

static const row_item types[] = {{"file"}, {"dir"}, {"fifo"}, {"socket"}, {"char"}, {"block"}, {"symlink"}};

static const struct row rows[] = {
    {"removes it", "dir d; rmdir d; gone d; lists ."},
    {"with a slash", "dir d; rmdir d/; gone d"},
    {"takes a name off its directory",
     "dir d; dir d/e; dir d/f; is d nlink 4; rmdir d/e; is d nlink 3; rmdir d/f; is d nlink 2"},
    {"moves its directory's mtime and ctime", "dir d; dir d/e; note d; rmdir d/e; moved d mc"},
    {"with a $a in it: ENOTEMPTY", "dir d; make $a d/x; note d; rmdir d = ENOTEMPTY; moved d -; is d/x type $a",
     LIST(types)},
    {"after a $a in it has gone", "dir d; make $a d/x; rename d/x x; rmdir d; gone d", LIST(types)},
    {"of a $a that isn't one: ENOTDIR", "make $a x; rmdir x = ENOTDIR; is x type $a",
     .each = {(const row_item[]){{"file"}, {"fifo"}, {"socket"}, {"char"}, {"block"}, {"symlink"}}, 6}},
    {"of what isn't there any more: ENOENT", "dir d; rmdir d; note .; rmdir d = ENOENT; moved . -"},
    {"in a directory that can't be written to: EACCES",
     "dir d 0755; dir d/e 0777 nobody; note d; nobody: rmdir d/e = EACCES; moved d -"},
    {"in one that can't be searched: EACCES", "dir d 0666 nobody; dir d/e 0777 nobody; nobody: rmdir d/e = EACCES"},
    {"of root's in one's own", "dir d 0755 nobody; dir d/e 0700; nobody: rmdir d/e; gone d/e"},
    {"of an open directory", "dir d; open d O_RDONLY; rmdir d; gone d"},
    {"of the working directory by its name", "dir d; chdir d; rmdir ../d; gone ../d"},
    {"of the working directory by its dot: EINVAL", "dir d; chdir d; rmdir . = EINVAL"},
    {"nothing can be made in what was removed", "dir d; chdir d; rmdir ../d; open f O_WRONLY|O_CREAT 0644 = ENOENT"},
    {"nothing is found in what was removed", "dir d; chdir d; rmdir ../d; stat f = ENOENT"},
    {"through a symlink above", "dir d; dir d/e; symlink d l; rmdir l/e; gone d/e"},
    {"an open one has no names left", "dir d; open d O_RDONLY; rmdir d; isfile 1 nlink 0"},
    {"a working directory that was removed is one, without names", "dir d; chdir d; rmdir ../d; is . type dir nlink 0"},
    {"an open one can't be listed: ENOENT", "dir d; open d O_RDONLY; rmdir d; getdents 1 = ENOENT"},
    {"an open one can be changed", "dir d; open d O_RDONLY; rmdir d; fchmod 1 0700",
     .steps_on_kvfs = "dir d; open d O_RDONLY; rmdir d; fchmod 1 0700 = ESTALE", .because = ENDED},
    {"what was open in it and had lost its name can be changed",
     "dir d; file d/f; open d/f O_RDONLY; unlink d/f; rmdir d; fchmod 1 0600",
     .steps_on_kvfs = "dir d; file d/f; open d/f O_RDONLY; unlink d/f; rmdir d; fchmod 1 0600 = ESTALE",
     .because = ENDED},
};

FAMILY(rmdir);
