/*
 * mknod and mkfifo, and what FIFOs and sockets are for.
 */
#include "row.h"

static const row_item masks[] = {
    {"0000", "0777", "0777"}, {"0022", "0666", "0644"}, {"0077", "0666", "0600"}, {"0070", "0644", "0604"},
    {"0777", "0777", "0000"}, {"0000", "0000", "0000"}, {"0501", "0345", "0244"}, {"0000", "06777", "06777"},
    {"0022", "01777", "01755"}, {"0000", "0151", "0151"},
};

static const row_item types[] = {{"file"}, {"fifo"}, {"socket"}, {"char"}, {"block"}};
static const row_item ordinary[] = {{"file"}, {"fifo"}, {"socket"}};
static const row_item there[] = {{"file"}, {"dir"}, {"fifo"}, {"socket"}, {"char"}, {"block"}, {"symlink"}};

static const struct row rows[] = {
    {"a $p, umask $a, mode $b: $c", "umask $a; mknod $p x $b; is x type $p mode $c nlink 1 size 0", LIST(masks),
     LIST(types)},
    {"mkfifo, umask $a, mode $b: $c", "umask $a; mkfifo x $b; is x type fifo mode $c", LIST(masks)},
    {"a $a has its maker's ids", "nobody: mknod $a x 0644; is x uid nobody gid nobody", LIST(ordinary)},
    {"a $a has its maker's group, not the directory's",
     "dir d 0777 root staff; nobody: mknod $a d/x 0644; is d/x uid nobody gid nobody", LIST(ordinary)},
    {"a $a has the group of a set-gid directory",
     "dir d 02777 root staff; nobody: mknod $a d/x 0644; is d/x uid nobody gid staff mode 0644", LIST(ordinary)},
    {"root's $a has the group of a set-gid directory",
     "dir d 02777 nobody staff; mknod $a d/x 0644; is d/x uid root gid staff mode 0644", LIST(types)},
    {"set-gid of a $a goes where the maker isn't of the group",
     "umask 0; dir d 02777 root staff; nobody: mknod $a d/x 02775; is d/x gid staff mode 0775", LIST(ordinary)},
    {"set-gid of a $a stays where he is",
     "umask 0; dir d 02777 root staff; bob: mknod $a d/x 02775; is d/x gid staff mode 02775", LIST(ordinary)},
    {"the times of a $a are now's, and its directory's mtime and ctime",
     "dir d; note d; mknod $a d/x 0644; moved d mc; recent d/x amc d", LIST(types)},
    {"a $p over a $a: EEXIST", "make $a x; note .; mknod $p x 0644 = EEXIST; moved . -; is x type $a", LIST(there),
     LIST(types)},
    {"a $a in a directory that can't be written to: EACCES",
     "dir d 0755; note d; nobody: mknod $a d/x 0644 = EACCES; moved d -", LIST(ordinary)},
    {"of a directory: EPERM", "mknod dir x 0755 = EPERM; gone x"},
    {"of a symlink: EINVAL", "mknod symlink x 0755 = EINVAL; gone x"},
    {"of a type that isn't: EINVAL", "mknod 0170000 x 0755 = EINVAL; gone x"},
    {"without a type it is a file", "mknod 0 x 0644; is x type file"},
    {"in a working directory that was removed: ENOENT", "dir d; chdir d; rmdir ../d; mkfifo e 0755 = ENOENT"},
    {"what was removed can be made again as another",
     "make fifo x; unlink x; file x; unlink x; make socket x; is x type socket"},

    {"a FIFO without a reader: ENXIO", "mkfifo x 0644; open x O_WRONLY|O_NONBLOCK = ENXIO"},
    {"a FIFO without a writer opens at once", "mkfifo x 0644; open x O_RDONLY|O_NONBLOCK = 1; read 1 10 = 0"},
    {"a FIFO leads what is written to the reader",
     "mkfifo x 0644; open x O_RDONLY|O_NONBLOCK; open x O_WRONLY; write 2 hello = 5; read 1 3 = 3; read 1 10 = 2"},
    {"a FIFO that is open for both", "mkfifo x 0644; open x O_RDWR; write 1 hello = 5; read 1 10 = 5"},
    {"a FIFO with a writer and nothing in it: EAGAIN",
     "mkfifo x 0644; open x O_RDONLY|O_NONBLOCK; open x O_WRONLY; read 1 10 = EAGAIN"},
    {"a FIFO has no size", "mkfifo x 0644; open x O_RDWR; write 1 hello = 5; is x size 0"},
    {"a FIFO by its second name",
     "mkfifo x 0644; link x y; open x O_RDONLY|O_NONBLOCK; open y O_WRONLY; write 2 hello; read 1 10 = 5"},
    {"a FIFO after a rename",
     "mkfifo x 0644; open x O_RDONLY|O_NONBLOCK; rename x y; open y O_WRONLY|O_NONBLOCK; write 2 hello; "
     "read 1 10 = 5"},
    {"a FIFO that has lost its name", "mkfifo x 0644; open x O_RDWR; unlink x; write 1 hello; read 1 10 = 5"},
    {"a FIFO can't be sought: ESPIPE", "mkfifo x 0644; open x O_RDWR; lseek 1 0 set = ESPIPE"},
    {"a FIFO that nobody may read: EACCES", "make fifo x 0222; nobody: open x O_RDONLY|O_NONBLOCK = EACCES"},
    {"a FIFO that nobody may write: EACCES", "make fifo x 0444; nobody: open x O_RDWR = EACCES"},

    {"bind makes a socket", "umask 022; bind x; is x type socket mode 0755 nlink 1"},
    {"bind heeds the umask", "umask 077; bind x; is x type socket mode 0700"},
    {"bind has its maker's ids", "nobody: bind x; is x uid nobody gid nobody"},
    {"a socket is found by its name", "bind x; connect x = 2"},
    {"a socket is found by its second name", "bind x; link x y; connect y = 2"},
    {"a socket is found after a rename", "bind x; rename x y; connect y; connect x = ENOENT"},
    {"a socket that nobody listens on: ECONNREFUSED", "mknod socket x 0777; connect x = ECONNREFUSED"},
    {"a socket that was closed: ECONNREFUSED", "bind x; close 1; connect x = ECONNREFUSED; is x type socket"},
    {"a socket that nobody may write: EACCES", "bind x; chmod x 0700; nobody: connect x = EACCES"},
    {"a file is no socket: ECONNREFUSED", "file x; connect x = ECONNREFUSED"},
    {"bind to a $a: EADDRINUSE", "make $a x; bind x = EADDRINUSE; is x type $a", LIST(there)},
    {"bind where nobody may write: EACCES", "dir d 0755; nobody: bind d/x = EACCES; gone d/x"},
    {"bind where nothing is: ENOENT", "bind d/x = ENOENT"},
    {"a socket's name can be taken again when it was removed", "bind x; unlink x; bind x; connect x"},
    {"a socket opened: ENXIO", "bind x; open x O_RDWR = ENXIO"},

    {"/dev/null's numbers are a device", "mknod char x 0666 1 3; open x O_RDWR; write 1 hello = 5; read 1 10 = 0"},
    {"/dev/zero's numbers are a device", "mknod char x 0666 1 5; open x O_RDONLY; read 1 10 = 10"},
    {"/dev/full's numbers are a device: ENOSPC", "mknod char x 0666 1 7; open x O_RDWR; write 1 hello = ENOSPC"},
    {"a device that nobody may read: EACCES", "mknod char x 0222 1 5; nobody: open x O_RDONLY = EACCES"},
    {"a device of a number that is nobody's: ENXIO", "mknod char x 0666 4000 77; open x O_RDWR = ENXIO"},
};

FAMILY(mknod);
