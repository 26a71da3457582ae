/*
 * What every call says of a path that leads nowhere, or where the caller may
 * not go.
 */
#include "row.h"

/* Calls on what is there: name, the call, what else must be there for it, the type of what it wants. The path is $q. */
static const row_item uses[] = {
    {"chmod", "chmod $q 0644", "", "file"},
    {"chown", "chown $q 0 0", "", "file"},
    {"lchown", "lchown $q 0 0", "", "file"},
    {"open", "open $q O_RDONLY", "", "file"},
    {"open to write", "open $q O_WRONLY", "", "file"},
    {"open to truncate", "open $q O_RDWR|O_TRUNC", "", "file"},
    {"open of a directory", "open $q O_RDONLY|O_DIRECTORY", "", "dir"},
    {"open of a path", "open $q O_PATH", "", "file"},
    {"truncate", "truncate $q 5", "", "file"},
    {"utimens", "utimens $q null", "", "file"},
    {"utimens to some time", "utimens $q 1 2", "", "file"},
    {"lutimens", "lutimens $q null", "", "file"},
    {"access", "access $q 0", "", "file"},
    {"stat", "stat $q", "", "file"},
    {"lstat", "lstat $q", "", "file"},
    {"statfs", "statfs $q", "", "file"},
    {"chdir", "chdir $q", "", "dir"},
    {"readlink", "readlink $q", "", "symlink"},
    {"unlink", "unlink $q", "", "file"},
    {"unlink of a symlink", "unlink $q", "", "symlink"},
    {"rmdir", "rmdir $q", "", "dir"},
    {"link from", "link $q new", "", "file"},
    {"rename from", "rename $q new", "", "file"},
    {"rename of a directory from", "rename $q new", "", "dir"},
};

/* Calls that make a name. */
static const row_item makes[] = {
    {"mkdir", "mkdir $q 0755", "", "dir"},
    {"mkfifo", "mkfifo $q 0644", "", "fifo"},
    {"mknod of a file", "mknod file $q 0644", "", "file"},
    {"mknod of a socket", "mknod socket $q 0644", "", "socket"},
    {"mknod of a character device", "mknod char $q 0644", "", "char"},
    {"mknod of a block device", "mknod block $q 0644", "", "block"},
    {"symlink", "symlink target $q", "", "symlink"},
    {"link to", "link other $q", "file other 0666", "file"},
    {"rename to", "rename other $q", "file other", "file"},
    {"rename of a directory to", "rename other $q", "dir other", "dir"},
    {"open with O_CREAT", "open $q O_RDWR|O_CREAT 0644", "", "file"},
    {"open with O_CREAT and O_EXCL", "open $q O_WRONLY|O_CREAT|O_EXCL 0644", "", "file"},
};

/* What is wrong: its name, the path, what leads there, the error. */
static const row_item wrongs[] = {
    {"a component is a file", "f/x", "file f", "ENOTDIR"},
    {"a component is a FIFO", "f/x", "make fifo f", "ENOTDIR"},
    {"a component is a socket", "f/x", "make socket f", "ENOTDIR"},
    {"a component is a device", "f/x", "make char f", "ENOTDIR"},
    {"a component is a symlink to a file", "l/x", "file f; symlink f l", "ENOTDIR"},
    {"a component after others is a file", "d/f/x/y", "dir d; file d/f", "ENOTDIR"},
    {"a component isn't there", "none/x", "", "ENOENT"},
    {"a component after others isn't there", "d/e/none/x", "dir d; dir d/e", "ENOENT"},
    {"a component is a dangling symlink", "l/x", "symlink none l", "ENOENT"},
    {"the path is empty", "''", "", "ENOENT"},
    {"the name has 256 bytes", "<256>", "", "ENAMETOOLONG"},
    {"the name in a directory has 256 bytes", "d/<256>", "dir d", "ENAMETOOLONG"},
    {"a component has 256 bytes", "<256>/x", "", "ENAMETOOLONG"},
    {"a component of 256 bytes is left again", "<256>/../x", "", "ENAMETOOLONG"},
    {"the path has 4096 bytes", "<4096/x>", "", "ENAMETOOLONG"},
    {"a component is a symlink to itself", "l/x", "symlink l l", "ELOOP"},
    {"two symlinks lead to each other", "l/x", "symlink m l; symlink l m", "ELOOP"},
    {"41 symlinks lead to a component", "l41/x", "dir d; chain 41 d", "ELOOP"},
    {"the path isn't the caller's memory", "BAD", "", "EFAULT"},
};

/* Where nobody may not go. */
static const row_item closed[] = {
    {"0700", "d/x", "dir d 0700"},
    {"0766", "d/x", "dir d 0766"},
    {"0676 of his own", "d/x", "dir d 0676 nobody"},
    {"0767 of his group", "d/x", "dir d 0767 root nobody"},
    {"0700 above another", "d/e/x", "dir d; dir d/e 0777; chmod d 0700"},
    {"0700 behind a symlink", "l/x", "dir d 0700; symlink d l"},
};

/* What can't be written to: calls on what is there, in d, and making ones. */
static const row_item writes[] = {
    {"chmod", "chmod d/x 0644", "file"},
    {"chown", "chown d/x 1 1", "file"},
    {"lchown", "lchown d/x 1 1", "symlink"},
    {"open to write", "open d/x O_WRONLY", "file"},
    {"open to read and write", "open d/x O_RDWR", "file"},
    {"open to truncate", "open d/x O_RDONLY|O_TRUNC", "file"},
    {"open with O_TMPFILE", "open d O_RDWR|O_TMPFILE 0600", "file"},
    {"truncate", "truncate d/x 5", "file"},
    {"utimens", "utimens d/x null", "file"},
    {"lutimens", "lutimens d/x 1 2", "symlink"},
    {"access to write", "access d/x 2", "file"},
    {"unlink", "unlink d/x", "file"},
    {"rmdir", "rmdir d/x", "dir"},
    {"link", "link d/x d/y", "file"},
    {"rename", "rename d/x d/y", "file"},
    {"rename of a directory", "rename d/x d/y", "dir"},
    {"mkdir", "mkdir d/y 0755", "file"},
    {"mkfifo", "mkfifo d/y 0644", "file"},
    {"mknod of a file", "mknod file d/y 0644", "file"},
    {"mknod of a device", "mknod char d/y 0644", "file"},
    {"mknod of a socket", "mknod socket d/y 0644", "file"},
    {"symlink", "symlink target d/y", "file"},
    {"open with O_CREAT", "open d/y O_WRONLY|O_CREAT 0644", "file"},
    {"bind", "bind d/y", "file"},
};

static const row_item reads[] = {
    {"open", "open d/x O_RDONLY", "file"},
    {"open with O_CREAT of what is there", "open d/x O_RDONLY|O_CREAT 0644", "file"},
    {"a FIFO opened to write", "open d/x O_RDWR", "fifo"},
    {"a device opened to write", "open d/x O_WRONLY", "char"},
    {"stat", "stat d/x", "file"},
    {"access to read", "access d/x 4", "file"},
    {"readlink", "readlink d/x", "symlink"},
    {"access to write to a FIFO", "access d/x 2", "fifo"},
};

/* Calls that follow a symlink at the end. */
static const row_item follows[] = {
    {"chmod", "chmod $q 0644"},
    {"chown", "chown $q 0 0"},
    {"open", "open $q O_RDONLY"},
    {"open to write", "open $q O_WRONLY"},
    {"open with O_CREAT", "open $q O_WRONLY|O_CREAT 0644"},
    {"truncate", "truncate $q 0"},
    {"utimens", "utimens $q null"},
    {"access", "access $q 0"},
    {"stat", "stat $q"},
    {"statfs", "statfs $q"},
    {"chdir", "chdir $q"},
    {"link that follows from", "link $q new follow"},
};

static const row_item loops[] = {
    {"a symlink to itself", "l", "symlink l l"},
    {"two symlinks to each other", "l", "symlink m l; symlink l m"},
    {"41 symlinks", "l41", "file f; chain 41 f"},
};

/* And those that don't. */
static const row_item doesnt_follow[] = {
    {"lchown", "lchown l 0 0"},
    {"lutimens", "lutimens l null"},
    {"lstat", "lstat l"},
    {"readlink", "readlink l"},
    {"link", "link l new"},
    {"rename", "rename l new"},
    {"unlink", "unlink l"},
    {"open of a path with O_NOFOLLOW", "open l O_PATH|O_NOFOLLOW"},
};

/* A slash at the end of what isn't a directory. */
static const row_item slashed[] = {
    {"chmod", "chmod $q/ 0644"},
    {"chown", "chown $q/ 0 0"},
    {"lchown", "lchown $q/ 0 0"},
    {"open", "open $q/ O_RDONLY"},
    {"open to write", "open $q/ O_WRONLY"},
    {"truncate", "truncate $q/ 0"},
    {"utimens", "utimens $q/ null"},
    {"lutimens", "lutimens $q/ null"},
    {"access", "access $q/ 0"},
    {"stat", "stat $q/"},
    {"lstat", "lstat $q/"},
    {"statfs", "statfs $q/"},
    {"chdir", "chdir $q/"},
    {"readlink", "readlink $q/"},
    {"unlink", "unlink $q/"},
    {"rmdir", "rmdir $q/"},
    {"link from", "link $q/ new"},
    {"rename from", "rename $q/ new"},
};

static const row_item not_directories[] = {
    {"a file", "f", "file f"},
    {"a FIFO", "f", "make fifo f"},
    {"a symlink to a file", "l", "file f; symlink f l"},
};

/* And of a name that isn't there: call, and what it gives. */
static const row_item makes_slashed[] = {
    {"mkdir", "mkdir new/ 0755", "0"},
    {"mkfifo", "mkfifo new/ 0644", "ENOENT"},
    {"mknod of a file", "mknod file new/ 0644", "ENOENT"},
    {"mknod of a device", "mknod char new/ 0644", "ENOENT"},
    {"symlink", "symlink target new/", "ENOENT"},
    {"link to", "link f new/", "ENOENT"},
    {"rename of a file to", "rename f new/", "ENOTDIR"},
    {"rename of a directory to", "rename d new/", "0"},
    {"open with O_CREAT", "open new/ O_WRONLY|O_CREAT 0644", "EISDIR"},
};

/* Where no name can be made or removed: the calls, and what they say of `.` and `..` at the end. */
static const row_item dots[] = {
    {"mkdir of .", "mkdir d/. 0755", "EEXIST"},
    {"mkdir of ..", "mkdir d/.. 0755", "EEXIST"},
    {"mkfifo of .", "mkfifo d/. 0644", "EEXIST"},
    {"mknod of ..", "mknod file d/.. 0644", "EEXIST"},
    {"symlink to .", "symlink target d/.", "EEXIST"},
    {"link to ..", "link f d/..", "EEXIST"},
    {"rmdir of .", "rmdir d/.", "EINVAL"},
    {"rmdir of ..", "rmdir d/e/..", "ENOTEMPTY"},
    {"rmdir of .. of an empty one", "rmdir d/e/g/..", "ENOTEMPTY"},
    {"unlink of .", "unlink d/.", "EISDIR"},
    {"unlink of ..", "unlink d/..", "EISDIR"},
    {"rename from .", "rename d/. new", "EBUSY"},
    {"rename from ..", "rename d/.. new", "EBUSY"},
    {"rename to .", "rename f d/.", "EBUSY"},
    {"rename to ..", "rename d/e d/..", "EBUSY"},
    {"open with O_CREAT of .", "open d/. O_WRONLY|O_CREAT 0644", "EISDIR"},
    {"open with O_CREAT and O_EXCL of ..", "open d/.. O_RDONLY|O_CREAT|O_EXCL 0644", "EEXIST"},
};

static const struct row rows[] = {
    {"$a: $p: $s", "$c; $r; $b = $s", LIST(uses), LIST(wrongs)},
    {"$a: $p: $s", "$c; $r; $b = $s", LIST(makes), LIST(wrongs)},
    {"$a: nobody may not search $p: EACCES", "$c; umask 0; $r; make $d $q 0666 nobody; nobody: $b = EACCES",
     LIST(uses), LIST(closed)},
    {"$a: nobody may not search $p: EACCES", "$c; umask 0; $r; nobody: $b = EACCES; gone $q", LIST(makes),
     LIST(closed)},
    {"$a: what isn't there: ENOENT", "$b = ENOENT", LIST(uses), .and_each = {(const row_item[]){{"", "none"}}, 1}},
    {"$a: a name of 255 bytes", "$c; make $d $q; $b", LIST(uses), .and_each = {(const row_item[]){{"", "<255>"}}, 1}},
    {"$a: a path of 4095 bytes", "$c; make $d x; $b", LIST(uses),
     .and_each = {(const row_item[]){{"", "<4095/x>"}}, 1}},
    {"$a: through 40 symlinks", "$c; chain 40 .; make $d x; $b", LIST(uses),
     .and_each = {(const row_item[]){{"", "l40/x"}}, 1}},
    {"$a: a name of 255 bytes", "$c; $b; is $q type $d", LIST(makes),
     .and_each = {(const row_item[]){{"", "<255>"}}, 1}},
    {"$a: a path of 4095 bytes", "$c; $b; is x type $d", LIST(makes),
     .and_each = {(const row_item[]){{"", "<4095/x>"}}, 1}},
    {"$a: through 40 symlinks", "$c; chain 40 .; $b; is x type $d", LIST(makes),
     .and_each = {(const row_item[]){{"", "l40/x"}}, 1}},
    {"$a: a directory that nobody may not write to: EACCES", "$c; dir d; nobody: $b = EACCES; gone d/x", LIST(makes),
     .and_each = {(const row_item[]){{"", "d/x"}}, 1}},
    {"$a: a read-only mount: EROFS", "dir d; make $c d/x; readonly d; $b = EROFS", LIST(writes)},
    {"$a: a read-only mount is no hindrance", "dir d; make $c d/x; readonly d; $b", LIST(reads)},
    {"link out of a read-only mount: EXDEV", "dir d; file d/x; readonly d; link d/x new = EXDEV"},
    {"rename out of a read-only mount: EXDEV", "dir d; file d/x; readonly d; rename d/x new = EXDEV"},
    {"rename into a mount: EXDEV", "dir d; file x; readonly d; rename x d/x = EXDEV"},
    {"rmdir of a mountpoint: EBUSY", "dir d; readonly d; rmdir d = EBUSY"},
    {"rename of a mountpoint: EBUSY", "dir d; readonly d; rename d e = EBUSY"},
    {"rename over a mountpoint: EBUSY", "dir d; dir e; readonly d; rename e d = EBUSY"},
    {"$a: $p: ELOOP", "$r; $b = ELOOP", LIST(follows), LIST(loops)},
    {"$a: a symlink to itself is no hindrance", "symlink l l; $b", LIST(doesnt_follow)},
    {"open of $a with O_NOFOLLOW: ELOOP", "$c; open $b O_RDONLY|O_NOFOLLOW = ELOOP", LIST(loops)},
    {"open of $a with O_CREAT and O_EXCL: EEXIST", "$c; open $b O_RDWR|O_CREAT|O_EXCL 0644 = EEXIST", LIST(loops)},
    {"$a: $p with a slash behind it: ENOTDIR", "$r; $b = ENOTDIR", LIST(slashed), LIST(not_directories)},
    {"$a: a new name with a slash behind it gives $c", "file f; dir d; $b = $c", LIST(makes_slashed)},
    {"$a gives $c", "dir d; dir d/e; dir d/e/g; file f; $b = $c", LIST(dots)},
};

FAMILY(paths);
