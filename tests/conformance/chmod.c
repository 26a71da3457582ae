#include "row.h"

static const row_item modes[] = {
    {"0000"}, {"0001"}, {"0111"}, {"0222"}, {"0444"}, {"0644"}, {"0751"},
    {"0777"}, {"01777"}, {"02755"}, {"04755"}, {"06711"}, {"07777"},
};

/* Who may not. */
static const row_item strangers[] = {
    {"a stranger", "0777", "alice", "alice", "nobody"},
    {"a member of the group", "0777", "alice", "alice", "bob"},
    {"a stranger to root's", "0777", "root", "root", "nobody"},
    {"one whose group it is", "0777", "root", "nobody", "nobody"},
};

static const row_item types[] = {{"file"}, {"dir"}, {"fifo"}, {"socket"}, {"char"}, {"block"}};

static const struct row rows[] = {
    {"root sets $a", "file f; chmod f $a; is f mode $a type file", LIST(modes)},
    {"root sets $a of a directory", "dir d; chmod d $a; is d mode $a type dir", LIST(modes)},
    {"the owner sets $a of a directory", "dir d 0755 nobody; nobody: chmod d $a; is d mode $a", LIST(modes)},
    {"the owner sets $a", "file f 0644 nobody; nobody: chmod f $a; is f mode $a", 
     .each = {modes, 8}},
    {"the owner sets $a through an open file",
     "file f 0644 nobody; nobody: open f O_RDONLY; nobody: fchmod 1 $a; is f mode $a", LIST(modes)},
    {"$a: EPERM", "file f $b $c $d; note f; $e: chmod f 0600 = EPERM; is f mode $b; moved f -", LIST(strangers)},
    {"$a, of a $p: EPERM", "make $p f $b $c $d; $e: chmod f 0600 = EPERM; is f mode $b", LIST(strangers),
     LIST(types)},
    {"$a, through an open file: EPERM",
     "file f $b $c $d; $e: open f O_RDONLY; $e: fchmod 1 0600 = EPERM; is f mode $b", LIST(strangers)},
    {"$a, through an open directory: EPERM",
     "dir f $b $c $d; $e: open f O_RDONLY; $e: fchmod 1 0600 = EPERM; is f mode $b", LIST(strangers)},
    {"a change moves the ctime only", "make $a f 0644; note f; chmod f 0600; moved f c", LIST(types)},
    {"the same mode moves the ctime, too", "make $a f 0644; note f; chmod f 0644; moved f c", LIST(types)},
    {"fchmod moves the ctime only", "file f 0644; open f O_RDONLY; note f; fchmod 1 0600; moved f c"},
    {"it is all names'", "file f 0644; link f g; chmod g 0600; is f mode 0600"},
    {"an open file keeps what it may do", "put f abc; nobody: open f O_RDONLY; chmod f 0; nobody: read 1 3 = 3"},
    {"and one that is opened later can't", "put f abc; chmod f 0; nobody: open f O_RDONLY = EACCES"},
    {"after it others can",
     "put f abc; chmod f 0600; nobody: open f O_RDONLY = EACCES; chmod f 0604; nobody: open f O_RDONLY"},
    {"set-gid goes when the owner isn't of the group",
     "file f 0644 nobody root; nobody: chmod f 02755; is f mode 0755"},
    {"set-gid stays when he is", "file f 0644 bob alice; bob: chmod f 02755; is f mode 02755"},
    {"set-gid stays for root", "file f 0644 nobody alice; chmod f 02755; is f mode 02755"},
    {"set-gid of a directory goes when the owner isn't of the group",
     "dir d 0755 nobody root; nobody: chmod d 02755; is d mode 0755"},
    {"set-gid of a directory stays when he is", "dir d 0755 bob staff; bob: chmod d 02775; is d mode 02775"},
    {"set-uid stays without set-gid", "file f 0644 nobody root; nobody: chmod f 06755; is f mode 04755"},
    {"the sticky bit of a file is set by its owner", "file f 0644 nobody; nobody: chmod f 01644; is f mode 01644"},
    {"of a file that isn't open: EBADF", "fchmod -1 0644 = EBADF"},
    {"through a file opened as a path: EBADF", "file f; open f O_PATH; fchmod 1 0600 = EBADF"},
    {"bits beyond the mode are ignored", "file f; chmod f 0170644; is f mode 0644 type file"},
    {"of a nameless open file", "file f 0644; open f O_RDONLY; unlink f; fchmod 1 0600; isfile 1 mode 0600 nlink 0"},
    {"a directory's mode decides at once",
     "dir d 0755; file d/f; nobody: stat d/f; chmod d 0700; nobody: stat d/f = EACCES; chmod d 0711; "
     "nobody: stat d/f"},
    {"of the working directory", "dir d 0755; chdir d; chmod . 0700; is . mode 0700"},
    {"of ..", "dir d 0755; dir d/e; chdir d/e; chmod .. 0700; is .. mode 0700"},
};

FAMILY(chmod);
