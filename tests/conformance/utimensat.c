#include "row.h"

static const row_item times[] = {
    {"1", "2"},
    {"0", "0"},
    {"100.000000001", "200.999999999"},
    {"1700000000.123456789", "1600000000.987654321"},
    {"2147483647", "2147483648"},
    {"4294967296", "4294967297.000000001"},
    {"-1", "-2"},
    {"-100.500000000", "-200.250000000"},
};

static const row_item types[] = {{"file"}, {"dir"}, {"fifo"}, {"socket"}, {"char"}, {"block"}};

/* Who may set what of a file of mode $b of alice's: user, mode, call, result. */
static const row_item callers[] = {
    {"the owner, now", "0444", "alice: utimens f null", "0"},
    {"the owner, both now", "0444", "alice: utimens f now now", "0"},
    {"the owner, some time", "0444", "alice: utimens f 1 2", "0"},
    {"the owner, nothing", "0000", "alice: utimens f omit omit", "0"},
    {"who may write, now", "0666", "nobody: utimens f null", "0"},
    {"who may write, both now", "0666", "nobody: utimens f now now", "0"},
    {"who may write, some time", "0666", "nobody: utimens f 1 2", "EPERM"},
    {"who may write, one now and one later", "0666", "nobody: utimens f now 2", "EPERM"},
    {"who may write, one now", "0666", "nobody: utimens f now omit", "EPERM"},
    {"who may write, another now", "0666", "nobody: utimens f omit now", "EPERM"},
    {"who may write, one", "0666", "nobody: utimens f omit 2", "EPERM"},
    {"who may read, now", "0644", "nobody: utimens f null", "EACCES"},
    {"who may read, both now", "0644", "nobody: utimens f now now", "EACCES"},
    {"who may read, some time", "0644", "nobody: utimens f 1 2", "EPERM"},
    {"who may nothing, nothing", "0000", "nobody: utimens f omit omit", "0"},
    {"root, now", "0000", "utimens f null", "0"},
    {"root, some time", "0000", "utimens f 1 2", "0"},
};

static const struct row rows[] = {
    {"sets $a and $b", "file f; utimens f $a $b; is f atime $a mtime $b", LIST(times)},
    {"sets $a and $b of a directory", "dir d; utimens d $a $b; is d atime $a mtime $b", LIST(times)},
    {"sets $a and $b of a symlink", "symlink none l; lutimens l $a $b; lstat l; is l mtime $b", LIST(times)},
    {"sets $a and $b of an open file", "file f; open f O_RDONLY; futimens 1 $a $b; is f atime $a mtime $b",
     LIST(times)},
    {"moves the ctime of a $a", "make $a f; utimens f 1 2; note f; utimens f 1 2; moved f c", LIST(types)},
    {"moves all to now, of a $a", "make $a f; note f; utimens f null; moved f amc", LIST(types)},
    {"moves both to now, of a $a", "make $a f; note f; utimens f now now; moved f amc", LIST(types)},
    {"moves only atime, of a $a", "make $a f; note f; utimens f now omit; moved f ac", LIST(types)},
    {"moves only mtime, of a $a", "make $a f; note f; utimens f omit now; moved f mc", LIST(types)},
    {"moves nothing, of a $a", "make $a f; note f; utimens f omit omit; moved f -", LIST(types)},
    {"sets only atime, of a $a", "make $a f; utimens f 1 2; utimens f 3 omit; is f atime 3 mtime 2", LIST(types)},
    {"sets only mtime, of a $a", "make $a f; utimens f 1 2; utimens f omit 4; is f atime 1 mtime 4", LIST(types)},
    {"$a: $d", "file f $b alice; $c = $d", LIST(callers)},
    {"$a, of a directory: $d", "dir f $b alice; $c = $d", LIST(callers)},
    {"$a, of a FIFO: $d", "make fifo f $b alice; $c = $d", LIST(callers)},
    {"what is refused moves nothing",
     "file f; note f; nobody: utimens f null = EACCES; nobody: utimens f 1 2 = EPERM; moved f -"},
    {"a nanosecond too many: EINVAL", "file f; note f; utimens f 1.1000000000 2 = EINVAL; moved f -"},
    {"a nanosecond too many for mtime: EINVAL", "file f; note f; utimens f 1 2.1000000000 = EINVAL; moved f -"},
    {"a second far away", "file f; utimens f 1 9223372036; is f mtime 9223372036"},
    {"follows a symlink", "file f; symlink f l; note f; utimens l 1 2; is f mtime 2"},
    {"of a symlink isn't its target's", "file f; symlink f l; note f; lutimens l 1 2; moved f -; is l mtime 2"},
    {"of nothing: EBADF", "futimens -1 1 2 = EBADF"},
    {"of a file opened to read by its owner",
     "file f 0444 nobody; nobody: open f O_RDONLY; nobody: futimens 1 1 2; is f mtime 2"},
    {"of a nameless file", "file f; open f O_RDONLY; unlink f; futimens 1 1 2; isfile 1 atime 1 mtime 2"},
    {"it is all names'", "file f; link f g; utimens g 1 2; is f atime 1 mtime 2"},
    {"is kept by chmod, chown, link and rename",
     "file f; utimens f 1 2; chmod f 0600; chown f 1 1; link f g; rename f h; unlink g; is h atime 1 mtime 2"},
    {"is kept by what happens to a directory's attributes",
     "dir d; utimens d 1 2; chmod d 0700; chown d 1 1; is d mtime 2"},
    {"is undone by a write", "file f; open f O_WRONLY; utimens f 1 2; note f; write 1 abc; moved f mc"},
    {"of a directory is undone by a new name", "dir d; utimens d 1 2; note d; file d/f; moved d mc"},
};

FAMILY(utimensat);
