#include "row.h"

static const row_item targets[] = {
    {"a name", "x"},
    {"a path", "../a/./b//c"},
    {"an absolute path", "/none/such"},
    {"bytes that are no UTF-8", "\xff\xfe/\x80"},
    {"255 bytes", "<255>"},
    {"256 bytes", "<256>"},
    {"4095 bytes", "<4095>"},
    {"a path of 4095 bytes", "<4095/x>"},
    {"itself", "l"},
    {".", "."},
    {"a slash", "/"},
};

static const row_item types[] = {{"file"}, {"dir"}, {"fifo"}, {"socket"}, {"char"}, {"block"}, {"symlink"}};

static const struct row rows[] = {
    {"to $a", "symlink $b l; points l $b; is l type symlink mode 0777 nlink 1", LIST(targets)},
    {"its size is its target's length", "symlink 12345 l; is l size 5"},
    {"of 4095 bytes has that size", "symlink <4095> l; is l size 4095"},
    {"to 4096 bytes: ENAMETOOLONG", "symlink <4096> l = ENAMETOOLONG; gone l"},
    {"to nothing: ENOENT", "symlink '' l = ENOENT; gone l"},
    {"to an address that isn't the caller's: EFAULT", "symlink BAD l = EFAULT"},
    {"over a $a: EEXIST", "make $a x; note .; symlink target x = EEXIST; moved . -; is x type $a", LIST(types)},
    {"the umask means nothing", "umask 0777; symlink x l; is l mode 0777"},
    {"has its maker's ids", "nobody: symlink x l; is l uid nobody gid nobody"},
    {"has the group of a set-gid directory",
     "dir d 02777 root staff; nobody: symlink x d/l; is d/l uid nobody gid staff mode 0777"},
    {"its times are now's, and its directory's mtime and ctime",
     "dir d; note d; symlink x d/l; moved d mc; recent d/l amc d"},
    {"leads to a file", "put f abc; symlink f l; holds l abc"},
    {"leads from where it is", "dir d; put d/f abc; symlink f d/l; holds d/l abc"},
    {"leads upwards", "dir d; put f abc; symlink ../f d/l; holds d/l abc"},
    {"leads through directories", "dir d; dir d/e; put d/e/f abc; symlink d/e l; holds l/f abc; same l/.. d"},
    {"to a symlink to a file", "put f abc; symlink f l; symlink l m; holds m abc"},
    {"can be moved, and leads elsewhere then",
     "dir d; put f abc; put d/f def; symlink f l; holds l abc; rename l d/l; holds d/l def"},
    {"that dangles: ENOENT", "symlink none l; stat l = ENOENT; open l O_RDONLY = ENOENT; is l type symlink"},
    {"that dangles, opened with O_CREAT, makes its target",
     "symlink f l; open l O_WRONLY|O_CREAT 0644; write 1 abc; holds f abc; is l type symlink"},
    {"into a directory that isn't there, opened with O_CREAT: ENOENT",
     "symlink none/f l; open l O_WRONLY|O_CREAT 0644 = ENOENT"},
    {"its target may come later", "symlink f l; stat l = ENOENT; put f abc; holds l abc"},
    {"in a directory that can't be written to: EACCES", "dir d 0755; nobody: symlink x d/l = EACCES; gone d/l"},
    {"in a working directory that was removed: ENOENT", "dir d; chdir d; rmdir ../d; symlink x l = ENOENT"},
    {"anybody reads another's", "make symlink l 0 alice; nobody: readlink l = 7"},
    {"read into less is cut", "symlink <4095> l; readlink l = 4095"},
    {"is removed, not its target", "file f; symlink f l; unlink l; gone l; is f nlink 1"},
    {"to a directory isn't one to rmdir: ENOTDIR", "dir d; symlink d l; rmdir l = ENOTDIR; is d type dir"},
    {"to a directory, with a slash, isn't one to rmdir: ENOTDIR",
     "dir d; symlink d l; rmdir l/ = ENOTDIR; is d type dir"},
    {"another can take its place", "symlink x l; unlink l; symlink yy l; points l yy; is l size 2"},
    {"is replaced by a rename", "symlink x l; symlink yy m; rename m l; points l yy; gone m"},
    {"has times of its own", "file f; symlink f l; note f; lutimens l 100 200; is l mtime 200; moved f -"},
};

FAMILY(symlink);
