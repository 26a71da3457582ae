#include "row.h"

/* Both ways to do it: what must be before, and the call on f. */
static const row_item ways[] = {
    {"truncate", "note f", "truncate f"},
    {"ftruncate", "open f O_RDWR", "ftruncate 1"},
    {"ftruncate of a file opened to write", "open f O_WRONLY", "ftruncate 1"},
};

static const row_item sizes[] = {
    {"0"}, {"1"}, {"3"}, {"4095"}, {"4096"}, {"4097"}, {"65536"}, {"1234567"}, {"4294967297"},
    {"1099511627777"}, {"9223372036854775807"}};
static const row_item set_ids[] = {
    {"04755", "0755"}, {"02755", "0755"}, {"06755", "0755"}, {"06711", "0711"}, {"02644", "02644"}};

static const struct row rows[] = {
    {"$a to $p", "put f hello; $b; $c $p; is f size $p", LIST(ways), LIST(sizes)},
    {"$a keeps what stays", "put f hello; $b; $c 3; holds f hel", LIST(ways)},
    {"$a brings nothing back", "put f hello; $b; $c 1; $c 5; is f size 5; zeroed f 1 5", LIST(ways)},
    {"$a of less moves mtime and ctime", "put f hello; $b; note f; $c 3; moved f mc", LIST(ways)},
    {"$a of more moves mtime and ctime", "put f hello; $b; note f; $c 3000; moved f mc", LIST(ways)},
    {"ftruncate to the same size moves mtime and ctime",
     "put f hello; open f O_RDWR; note f; ftruncate 1 5; moved f mc"},
    {"truncate to the same size moves mtime and ctime", "put f hello; note f; truncate f 5; moved f mc"},
    {"$a to less than nothing: EINVAL", "put f hello; $b; note f; $c -1 = EINVAL; moved f -; holds f hello",
     LIST(ways)},
    {"truncate to as little as can be said: EINVAL",
     "put f hello; truncate f -9223372036854775808 = EINVAL; holds f hello"},
    {"$a to the limit of the process", "put f hello; $b; limit_size 100; $c 100; is f size 100", LIST(ways)},
    {"$a beyond the limit of the process: EFBIG", "put f hello; $b; limit_size 100; $c 101 = EFBIG; is f size 5",
     LIST(ways)},
    {"$a to less, of what is beyond the limit of the process", "put f hello; $b; limit_size 1; $c 1; is f size 1",
     LIST(ways)},
    {"of a file that may not be written: EACCES",
     "file f 0444 nobody; note f; nobody: truncate f 5 = EACCES; moved f -"},
    {"of a file that may only be written", "file f 0200 nobody; nobody: truncate f 5; is f size 5"},
    {"by another: EACCES", "file f 0644; nobody: truncate f 5 = EACCES; is f size 0"},
    {"by root, whatever the mode", "file f 0 nobody; truncate f 5; is f size 5"},
    {"ftruncate of a file opened to read: EINVAL", "file f; open f O_RDONLY; ftruncate 1 5 = EINVAL"},
    {"ftruncate of a directory: EINVAL", "dir d; open d O_RDONLY; ftruncate 1 5 = EINVAL"},
    {"ftruncate of a FIFO: EINVAL", "mkfifo f 0644; open f O_RDWR; ftruncate 1 5 = EINVAL"},
    {"ftruncate of a file opened as a path: EBADF", "file f; open f O_PATH; ftruncate 1 5 = EBADF"},
    {"ftruncate of nothing: EBADF", "ftruncate -1 5 = EBADF"},
    {"ftruncate needs no right but that of the open",
     "file f 0600 nobody; nobody: open f O_RDWR; chmod f 0; nobody: ftruncate 1 5; is f size 5"},
    {"ftruncate of a nameless file", "put f hello; open f O_RDWR; unlink f; ftruncate 1 3; isfile 1 size 3"},
    {"truncate of a program that runs: ETXTBSY", "program p; spawn p; truncate p 5 = ETXTBSY"},
    {"truncate through a symlink", "put f hello; symlink f l; truncate l 2; holds f he; is l size 1"},
    {"root's truncate clears set-ids as tmpfs has it, of a stranger's: $a",
     "put f hello; chown f nobody nobody; chmod f $a; nobody: truncate f 1; is f mode $b", LIST(set_ids)},
    {"the owner's ftruncate clears set-ids: $a",
     "put f hello; chown f nobody nobody; chmod f $a; nobody: open f O_WRONLY; nobody: ftruncate 1 1; is f mode $b",
     .each = {set_ids, 3}},
    {"open with O_TRUNC clears set-ids: $a",
     "put f hello; chown f nobody nobody; chmod f $a; nobody: open f O_WRONLY|O_TRUNC; is f size 0 mode $b",
     .each = {set_ids, 3}},
    {"root's keeps set-ids: $a", "put f hello; chmod f $a; truncate f 1; is f mode $a", LIST(set_ids)},
};

FAMILY(truncate);
