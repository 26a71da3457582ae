/*
 * Who may remove and rename in a sticky directory: the file's owner, the
 * directory's, and root.
 */
#include "row.h"

/* Who, the directory's owner, the file's, the caller, and what it gives. */
static const row_item callers[] = {
    {"root", "alice", "bob", "root", "0"},
    {"the owner of both", "nobody", "nobody", "nobody", "0"},
    {"the directory's owner", "nobody", "alice", "nobody", "0"},
    {"the file's owner", "alice", "nobody", "nobody", "0"},
    {"somebody else", "alice", "alice", "nobody", "EPERM"},
    {"a stranger to two owners", "alice", "root", "nobody", "EPERM"},
    {"a member of the owner's group", "alice", "alice", "bob", "EPERM"},
};

static const row_item types[] = {{"file"}, {"fifo"}, {"socket"}, {"char"}, {"block"}, {"symlink"}, {"dir"}};
static const row_item things[] = {{"file"}, {"fifo"}, {"socket"}, {"char"}, {"block"}, {"symlink"}};

#define STICKY "dir d 01777 $b"

static const struct row rows[] = {
    {"unlink of a $p by $a: $e", STICKY "; make $p d/x 0666 $c; $d: unlink d/x = $e", LIST(callers), LIST(things)},
    {"rmdir by $a: $e", STICKY "; dir d/x 0777 $c; $d: rmdir d/x = $e", LIST(callers)},
    {"rename of a $p within by $a: $e", STICKY "; make $p d/x 0777 $c; $d: rename d/x d/y = $e", LIST(callers),
     LIST(types)},
    {"rename of a $p out by $a: $e", STICKY "; dir e 0777; make $p d/x 0777 $c; $d: rename d/x e/x = $e",
     LIST(callers), LIST(types)},
    {"rename over a $p by $a: $e",
     STICKY "; file f 0666 $d; dir e 0777; make $p d/x 0666 $c; rename f e/f; $d: rename e/f d/x = $e", LIST(callers),
     LIST(things)},
    {"rename of a directory over one by $a: $e",
     STICKY "; dir e 0777; dir e/f 0777 $d; dir d/x 0777 $c; $d: rename e/f d/x = $e", LIST(callers)},
    {"exchange with one by $a: $e",
     STICKY "; dir e 0777; file e/f 0666 $d; file d/x 0666 $c; $d: rename e/f d/x exchange = $e", LIST(callers)},
    {"the sticky bit of a file means nothing: $a", "dir d 0777 $b; file d/x 01666 $c; $d: unlink d/x = 0",
     LIST(callers)},
    {"without the bit anyone may: $a", "dir d 0777 $b; file d/x 0666 $c; $d: unlink d/x = 0", LIST(callers)},
    {"what is new may be made by $a", STICKY "; file d/x 0666 $c; $d: mkdir d/y 0755; $d: mkfifo d/z 0644",
     LIST(callers)},
    {"a sticky directory that can't be written to: EACCES",
     "dir d 01755; file d/x 0666 nobody; nobody: unlink d/x = EACCES"},
    {"taking the bit away lets others in",
     "dir d 01777; file d/x; nobody: unlink d/x = EPERM; chmod d 0777; nobody: unlink d/x"},
    {"setting the bit keeps others out", "dir d 0777; file d/x; chmod d 01777; nobody: unlink d/x = EPERM"},
    {"giving the file away gives the right away",
     "dir d 01777; file d/x 0666 nobody; chown d/x alice -1; nobody: unlink d/x = EPERM; alice: unlink d/x"},
    {"mkdir with the bit sets it", "umask 0; mkdir d 01777; is d mode 01777"},
    {"a directory in a sticky one isn't", "dir d 01777; mkdir d/e 0755; is d/e mode 0755"},
};

FAMILY(sticky);
