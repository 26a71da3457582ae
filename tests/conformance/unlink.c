#include "row.h"

static const row_item types[] = {{"file"}, {"fifo"}, {"socket"}, {"char"}, {"block"}, {"symlink"}};

static const struct row rows[] = {
    {"removes a $a", "make $a x; unlink x; gone x; lists .", LIST(types)},
    {"moves the directory's mtime and ctime, of a $a", "dir d; make $a d/x; note d; unlink d/x; moved d mc",
     LIST(types)},
    {"moves the ctime of a $a that has another name",
     "make $a x; link x y; note y; unlink x; moved y c; is y nlink 1", LIST(types)},
    {"of a $a that isn't there any more: ENOENT", "make $a x; unlink x; note .; unlink x = ENOENT; moved . -",
     LIST(types)},
    {"by nobody in his directory, of root's $a", "dir d 0755 nobody; make $a d/x 0600; nobody: unlink d/x; gone d/x",
     LIST(types)},
    {"in a directory that can't be written to, of one's own $a: EACCES",
     "dir d 0755; make $a d/x 0666 nobody; note d; nobody: unlink d/x = EACCES; moved d -; is d/x type $a",
     LIST(types)},
    {"in one that can't be searched: EACCES", "dir d 0666 nobody; file d/x 0666 nobody; nobody: unlink d/x = EACCES"},
    {"in one that only the group may write to", "dir d 0070 root alice; file d/x; bob: unlink d/x; gone d/x"},
    {"of a directory: EISDIR", "dir d; unlink d = EISDIR; is d type dir"},
    {"of a directory by nobody: EISDIR", "dir d 0777 nobody; nobody: unlink d = EISDIR"},
    {"of a symlink to a directory", "dir d; symlink d l; unlink l; gone l; is d type dir"},
    {"of a symlink to a directory, with a slash: ENOTDIR",
     "dir d; symlink d l; unlink l/ = ENOTDIR; is l type symlink"},
    {"an open file can still be read",
     "put f abc; open f O_RDONLY; unlink f; read 1 10 = 3; isfile 1 nlink 0 size 3"},
    {"an open file can still be written",
     "file f; open f O_RDWR; unlink f; write 1 abcd; isfile 1 size 4; lseek 1 0 set; read 1 10 = 4"},
    {"an open file can still be truncated",
     "put f abc; open f O_RDWR; unlink f; ftruncate 1 1; isfile 1 size 1; ftruncate 1 10; isfile 1 size 10"},
    {"an open file can still change its mode and owner",
     "file f; open f O_RDWR; unlink f; fchmod 1 0600; fchown 1 1 2; isfile 1 mode 0600 uid 1 gid 2"},
    {"an open file can still change its times",
     "file f; open f O_RDWR; unlink f; futimens 1 100 200; isfile 1 mtime 200"},
    {"moves the ctime of an open file",
     "file f; open f O_RDONLY; note f; link f g; unlink f; unlink g; isfile 1 nlink 0"},
    {"a file of the same name is another",
     "put f abc; open f O_RDONLY; unlink f; put f defgh; read 1 10 = 3; holds f defgh; isfile 1 nlink 0; "
     "is f nlink 1"},
    {"an open directory's names go", "dir d; file d/f; open d O_RDONLY; unlink d/f; lists d"},
    {"of every name of three",
     "file f; link f g; link f h; unlink g; is f nlink 2; unlink f; is h nlink 1; unlink h; lists ."},
    {"of a file that runs", "program p; spawn p; unlink p; gone p"},
};

FAMILY(unlink);
