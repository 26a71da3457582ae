/*
 * Which times each call moves, and of what.
 */
#include "row.h"

#define NO_ATIME "reading doesn't move the atime: the kernel reads from its own pages and asks nobody"

/* Name, what is there, the call, which times of d it moves. */
static const row_item of_directory[] = {
    {"a new file", "dir d", "file d/x", "mc"},
    {"a file opened with O_CREAT", "dir d", "open d/x O_WRONLY|O_CREAT 0644", "mc"},
    {"a file that was there, opened with O_CREAT", "dir d; file d/x", "open d/x O_WRONLY|O_CREAT 0644", "-"},
    {"a new directory", "dir d", "mkdir d/x 0755", "mc"},
    {"a new FIFO", "dir d", "mkfifo d/x 0644", "mc"},
    {"a new symlink", "dir d", "symlink x d/x", "mc"},
    {"a new name", "dir d; file d/x", "link d/x d/y", "mc"},
    {"a socket", "dir d", "bind d/x", "mc"},
    {"a removed file", "dir d; file d/x", "unlink d/x", "mc"},
    {"a removed directory", "dir d; dir d/x", "rmdir d/x", "mc"},
    {"a rename", "dir d; file d/x", "rename d/x d/y", "mc"},
    {"a rename of a directory", "dir d; dir d/x", "rename d/x d/y", "mc"},
    {"a rename over another", "dir d; file d/x; file d/y", "rename d/x d/y", "mc"},
    {"an exchange", "dir d; file d/x; file d/y", "rename d/x d/y exchange", "mc"},
    {"a rename to itself", "dir d; file d/x", "rename d/x d/x", "-"},
    {"a rename out", "dir d; file d/x", "rename d/x x", "mc"},
    {"a rename in", "dir d; file x", "rename x d/x", "mc"},
    {"a rename of a directory out", "dir d; dir d/x", "rename d/x x", "mc"},
    {"a rename of a directory in", "dir d; dir x", "rename x d/x", "mc"},
    {"a write to a file in it", "dir d; file d/x; open d/x O_WRONLY", "write 1 abc", "-"},
    {"a truncation in it", "dir d; put d/x abc", "truncate d/x 1", "-"},
    {"a chmod in it", "dir d; file d/x", "chmod d/x 0600", "-"},
    {"a chown in it", "dir d; file d/x", "chown d/x 1 2", "-"},
    {"utimens in it", "dir d; file d/x", "utimens d/x 1 2", "-"},
    {"a change in a directory in it", "dir d; dir d/e", "file d/e/x", "-"},
    {"its chmod", "dir d", "chmod d 0700", "c"},
    {"its chown", "dir d", "chown d 1 2", "c"},
    {"a stat", "dir d; file d/x", "stat d/x", "-"},
    {"a lookup that finds nothing", "dir d", "stat d/x = ENOENT", "-"},
    {"a mkdir that fails", "dir d; file d/x", "mkdir d/x 0755 = EEXIST", "-"},
    {"an unlink that fails", "dir d", "unlink d/x = ENOENT", "-"},
    {"a rmdir that fails", "dir d; dir d/x; file d/x/y", "rmdir d/x = ENOTEMPTY", "-"},
    {"a link that fails", "dir d; file d/x; file d/y", "link d/x d/y = EEXIST", "-"},
    {"a rename that fails", "dir d; file d/x; dir d/y", "rename d/x d/y = EISDIR", "-"},
};

/* Of f. */
static const row_item of_file[] = {
    {"a write", "put f abc; open f O_WRONLY", "write 1 xyz", "mc"},
    {"a write beyond the end", "put f abc; open f O_WRONLY", "write 1 xyz 1000", "mc"},
    {"a write of nothing", "put f abc; open f O_WRONLY", "write 1 ''", "-"},
    {"a write that appends", "put f abc; open f O_WRONLY|O_APPEND", "write 1 xyz", "mc"},
    {"a write through another name", "put f abc; link f g; open g O_WRONLY", "write 1 xyz", "mc"},
    {"truncate", "put f abc", "truncate f 1", "mc"},
    {"O_TRUNC", "put f abc", "open f O_WRONLY|O_TRUNC", "mc"},
    {"O_TRUNC of an empty file", "file f", "open f O_WRONLY|O_TRUNC", "mc"},
    {"open to write", "put f abc", "open f O_WRONLY", "-"},
    {"open", "put f abc", "open f O_RDONLY", "-"},
    {"chmod", "put f abc", "chmod f 0600", "c"},
    {"chown", "put f abc", "chown f 1 2", "c"},
    {"link", "put f abc", "link f g", "c"},
    {"unlink of another name", "put f abc; link f g", "unlink g", "c"},
    {"a rename of another name", "put f abc; link f g", "rename g h", "c"},
    {"a rename over another name", "put f abc; link f g; file h", "rename h g", "c"},
    {"a stat", "put f abc", "stat f", "-"},
    {"access", "put f abc", "access f 4", "-"},
    {"a seek", "put f abc; open f O_RDONLY", "lseek 1 0 end", "-"},
    {"a chmod that is refused", "put f abc", "nobody: chmod f 0600 = EPERM", "-"},
    {"a truncation that is refused", "put f abc", "nobody: truncate f 0 = EACCES", "-"},
    {"fsync", "put f abc; open f O_RDWR", "fsync 1", "-"},
};

/* Of f, that is called g then. */
static const row_item of_moved[] = {
    {"a rename of a file", "file f", "rename f g", "c"},
    {"a rename of a directory", "dir f", "rename f g", "c"},
    {"a rename of a symlink", "symlink x f", "rename f g", "c"},
    {"a rename of a FIFO", "make fifo f", "rename f g", "c"},
    {"a rename over another", "file f; file g", "rename f g", "c"},
    {"a rename over an empty directory", "dir f; dir g", "rename f g", "c"},
    {"an exchange", "file f; file g", "rename f g exchange", "c"},
    {"an exchange with a directory", "dir f; file g", "rename f g exchange", "c"},
};

static const struct row rows[] = {
    {"$a moves of its directory: $d", "$b; note d; $c; moved d $d", LIST(of_directory)},
    {"$a moves of the file: $d", "$b; note f; $c; moved f $d", LIST(of_file)},
    {"$a moves of what is renamed: $d", "$b; note f; $c; moved g $d f", LIST(of_moved)},
    {"a rename of a directory into another moves its ctime only",
     "dir a; dir b; dir a/f; note a/f; rename a/f b/g; moved b/g c a/f"},
    {"a rename of a file into another directory moves its ctime only",
     "dir a; dir b; file a/f; note a/f; rename a/f b/g; moved b/g c a/f"},
    {"a new file's are all now's", "dir d; note d; open d/x O_WRONLY|O_CREAT 0644; recent d/x amc d"},
    {"a read moves the atime", "put f abc; note f; open f O_RDONLY; read 1 3; moved f a",
     .steps_on_kvfs = "put f abc; note f; open f O_RDONLY; read 1 3; moved f -", .because = NO_ATIME},
    {"a listing moves the atime", "dir d; file d/x; note d; open d O_RDONLY; getdents 1; moved d a",
     .steps_on_kvfs = "dir d; file d/x; note d; open d O_RDONLY; getdents 1; moved d -", .because = NO_ATIME},
    {"a read through O_NOATIME moves nothing", "put f abc; note f; open f O_RDONLY|O_NOATIME; read 1 3; moved f -"},
    {"O_NOATIME isn't another's to ask: EPERM", "file f; nobody: open f O_RDONLY|O_NOATIME = EPERM"},
};

FAMILY(times);
