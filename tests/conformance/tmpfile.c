/*
 * O_TMPFILE: a file without a name, that may get one.
 */
#include "row.h"

static const row_item masks[] = {
    {"0000", "0777", "0777"}, {"0022", "0666", "0644"}, {"0077", "0666", "0600"}, {"0777", "0777", "0000"},
};

static const struct row rows[] = {
    {"is a file without a name",
     "dir d; open d O_RDWR|O_TMPFILE 0600; isfile 1 type file nlink 0 size 0 mode 0600; lists d"},
    {"in the working directory", "open . O_RDWR|O_TMPFILE 0600; isfile 1 nlink 0; lists ."},
    {"umask $a, mode $b: $c", "umask $a; open . O_RDWR|O_TMPFILE $b; isfile 1 mode $c", LIST(masks)},
    {"can be written and read",
     "open . O_RDWR|O_TMPFILE 0600; write 1 hello; isfile 1 size 5; lseek 1 0 set; read 1 10 = 5"},
    {"opened to write", "open . O_WRONLY|O_TMPFILE 0600; write 1 hello; isfile 1 size 5; read 1 10 = EBADF"},
    {"opened to read: EINVAL", "open . O_RDONLY|O_TMPFILE 0600 = EINVAL"},
    {"with O_CREAT: EINVAL", "open . O_RDWR|O_TMPFILE|O_CREAT 0600 = EINVAL"},
    {"can be truncated", "open . O_RDWR|O_TMPFILE 0600; write 1 hello; ftruncate 1 2; isfile 1 size 2"},
    {"its mode, owner and times can be set",
     "open . O_RDWR|O_TMPFILE 0600; fchmod 1 0640; fchown 1 1 2; futimens 1 3 4; "
     "isfile 1 mode 0640 uid 1 gid 2 mtime 4"},
    {"has its maker's ids", "nobody: open . O_RDWR|O_TMPFILE 0600; isfile 1 uid nobody gid nobody"},
    {"has the group of a set-gid directory",
     "dir d 02777 root staff; nobody: open d O_RDWR|O_TMPFILE 0600; isfile 1 uid nobody gid staff"},
    {"whatever its mode, it can be used", "nobody: open . O_RDWR|O_TMPFILE 0; nobody: write 1 abc = 3"},
    {"gets a name",
     "dir d; open d O_RDWR|O_TMPFILE 0644; write 1 hello; flink 1 d/f; is d/f nlink 1 size 5 mode 0644; "
     "holds d/f hello; lists d f"},
    {"goes on under its name",
     "open . O_RDWR|O_TMPFILE 0644; flink 1 f; write 1 hello; holds f hello; isfile 1 nlink 1"},
    {"gets two", "open . O_RDWR|O_TMPFILE 0644; flink 1 f; flink 1 g; same f g; is f nlink 2"},
    {"lasts by its name", "open . O_RDWR|O_TMPFILE 0644; write 1 hello; flink 1 f; close 1; holds f hello"},
    {"moves the directory's times when it gets its name",
     "dir d; open d O_RDWR|O_TMPFILE 0644; note d; flink 1 d/f; moved d mc"},
    {"a name that is there: EEXIST", "file f; open . O_RDWR|O_TMPFILE 0644; flink 1 f = EEXIST; isfile 1 nlink 0"},
    {"with O_EXCL it gets none: ENOENT", "open . O_RDWR|O_TMPFILE|O_EXCL 0644; flink 1 f = ENOENT"},
    {"loses its name again, and gets no other: ENOENT",
     "open . O_RDWR|O_TMPFILE 0644; flink 1 f; unlink f; isfile 1 nlink 0; flink 1 g = ENOENT"},
    {"in a directory that isn't there: ENOENT", "open none O_RDWR|O_TMPFILE 0600 = ENOENT"},
    {"in a file: ENOTDIR", "file f; open f O_RDWR|O_TMPFILE 0600 = ENOTDIR"},
    {"in a directory that can't be written to: EACCES", "dir d 0755; nobody: open d O_RDWR|O_TMPFILE 0600 = EACCES"},
    {"the directory can be removed", "dir d; open d O_RDWR|O_TMPFILE 0600; rmdir d; gone d"},
};

FAMILY(tmpfile);
