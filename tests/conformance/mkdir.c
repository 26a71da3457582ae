#include "row.h"

/* umask, mode, what it becomes. */
static const row_item masks[] = {
    {"0000", "0777", "0777"}, {"0022", "0777", "0755"}, {"0077", "0777", "0700"}, {"0070", "0755", "0705"},
    {"0777", "0777", "0000"}, {"0000", "0000", "0000"}, {"0501", "0345", "0244"}, {"0000", "01777", "01777"},
    {"0022", "01777", "01755"}, {"0000", "0151", "0151"},
};

static const row_item types[] = {{"file"}, {"dir"}, {"fifo"}, {"socket"}, {"char"}, {"symlink"}};

static const struct row rows[] = {
    {"umask $a, mode $b: $c", "umask $a; mkdir d $b; is d type dir mode $c", LIST(masks)},
    {"set-ids are ignored", "umask 0; mkdir d 06777; is d mode 0777"},
    {"has its maker's ids", "nobody: mkdir d 0755; is d uid nobody gid nobody"},
    {"has its maker's group, not the directory's",
     "dir d 0777 root staff; nobody: mkdir d/e 0755; is d/e uid nobody gid nobody"},
    {"has the group of a set-gid directory, and its bit",
     "dir d 02777 root staff; nobody: mkdir d/e 0755; is d/e uid nobody gid staff mode 02755"},
    {"set-gid goes on to those below",
     "dir d 02777 root staff; nobody: mkdir d/e 0755; nobody: mkdir d/e/f 0700; is d/e/f gid staff mode 02700"},
    {"root's, too, has the group of a set-gid directory",
     "dir d 02755 nobody staff; mkdir d/e 0755; is d/e uid root gid staff mode 02755"},
    {"has two names, and its directory one more",
     "dir d; mkdir d/e 0755; is d/e nlink 2; is d nlink 3; mkdir d/f 0755; is d nlink 4"},
    {"is empty", "mkdir d 0755; lists d"},
    {"is listed", "dir d; mkdir d/e 0755; mkdir d/f 0755; lists d e f"},
    {"its times are now's, and its directory's mtime and ctime",
     "dir d; note d; mkdir d/e 0755; moved d mc; recent d/e amc d"},
    {"its .. is where it is", "dir d; mkdir d/e 0755; same d/e/.. d"},
    {"over a $a: EEXIST", "make $a x; note .; mkdir x 0755 = EEXIST; moved . -; is x type $a", LIST(types)},
    {"in a directory that can't be written to: EACCES",
     "dir d 0755; note d; nobody: mkdir d/e 0755 = EACCES; moved d -"},
    {"in one that can't be searched: EACCES", "dir d 0666 nobody; nobody: mkdir d/e 0755 = EACCES"},
    {"in one's own", "dir d 0700 nobody; nobody: mkdir d/e 0755; is d/e uid nobody"},
    {"in a group's", "dir d 0070 root alice; bob: mkdir d/e 0755; is d/e uid bob gid bob"},
    {"in one that isn't the group's, though others may: EACCES",
     "dir d 0707 root alice; bob: mkdir d/e 0755 = EACCES"},
    {"in a working directory that was removed: ENOENT", "dir d; chdir d; rmdir ../d; mkdir e 0755 = ENOENT"},
    {"what was removed can be made again", "dir d; note d; rmdir d; mkdir d 0700; is d mode 0700 nlink 2; lists d"},
    {"twenty deep",
     "mkdir a 0755; mkdir a/a 0755; mkdir a/a/a 0755; mkdir a/a/a/a 0755; mkdir a/a/a/a/a 0755; "
     "is a/a/a/a/a type dir; same a/a/a/a/a/../../../../.. ."},
    {"through a symlink to a directory", "dir d; symlink d l; mkdir l/e 0755; is d/e type dir"},
    {"to a dangling symlink: EEXIST", "symlink none l; mkdir l 0755 = EEXIST; gone none"},
    {"to a dangling symlink with a slash: EEXIST", "symlink none l; mkdir l/ 0755 = EEXIST; gone none"},
};

FAMILY(mkdir);
