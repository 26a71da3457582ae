/*
 * posix_fallocate, and fallocate without a flag.
 */
#include "row.h"

static const row_item ways[] = {
    {"posix_fallocate", "posix_fallocate 1"},
    {"fallocate", "fallocate 1 0"},
};

static const row_item ranges[] = {
    {"0", "1", "5"},         {"0", "5", "5"},      {"0", "6", "6"},           {"0", "4096", "4096"},
    {"4096", "1", "4097"},   {"3", "100", "103"},  {"100000", "23456", "123456"}, {"0", "1000000", "1000000"},
    {"5", "1", "6"},
};

static const struct row rows[] = {
    {"$a of $q bytes at $p of 5 gives $r", "put f hello; open f O_RDWR; $b $p $q; is f size $r", LIST(ways),
     LIST(ranges)},
    {"$a keeps what is there", "put f hello; open f O_RDWR; $b 0 5; holds f hello", LIST(ways)},
    {"$a of more moves mtime and ctime", "put f hello; open f O_RDWR; note f; $b 0 100; moved f mc", LIST(ways)},
    {"$a of what is there moves ctime and mtime", "put f hello; open f O_RDWR; note f; $b 0 5; moved f mc",
     LIST(ways)},
    {"$a of nothing: EINVAL", "put f hello; open f O_RDWR; $b 0 0 = EINVAL; is f size 5", LIST(ways)},
    {"$a of less than nothing: EINVAL", "put f hello; open f O_RDWR; $b 0 -1 = EINVAL", LIST(ways)},
    {"$a before the beginning: EINVAL", "put f hello; open f O_RDWR; $b -1 1 = EINVAL", LIST(ways)},
    {"$a beyond the largest file: EFBIG", "put f hello; open f O_RDWR; $b 9223372036854775807 1 = EFBIG; is f size 5",
     LIST(ways)},
    {"$a beyond the process's limit: EFBIG",
     "put f hello; open f O_RDWR; limit_size 100; $b 0 101 = EFBIG; is f size 5", LIST(ways)},
    {"$a of a file opened to read: EBADF", "put f hello; open f O_RDONLY; $b 0 10 = EBADF; is f size 5", LIST(ways)},
    {"$a of a directory: EBADF", "dir f; open f O_RDONLY; $b 0 10 = EBADF", LIST(ways)},
    {"$a of a FIFO: ESPIPE", "mkfifo f 0644; open f O_RDWR; $b 0 10 = ESPIPE", LIST(ways)},
    {"$a of a device: ENODEV", "make char f; open f O_RDWR; $b 0 10 = ENODEV", LIST(ways)},
    {"$a of a file opened as a path: EBADF", "file f; open f O_PATH; $b 0 10 = EBADF", LIST(ways)},
    {"$a of a nameless file", "put f hello; open f O_RDWR; unlink f; $b 0 10; isfile 1 size 10", LIST(ways)},
    {"$a needs no right but that of the open",
     "file f 0600 nobody; nobody: open f O_RDWR; chmod f 0; nobody: $b 0 10; is f size 10", LIST(ways)},
    {"posix_fallocate of nothing that is open: EBADF", "posix_fallocate -1 0 10 = EBADF"},
    {"fallocate of nothing that is open: EBADF", "fallocate -1 0 0 10 = EBADF"},
    {"fallocate that keeps the size",
     "put f hello; open f O_RDWR; fallocate 1 keep 0 10000; is f size 5; holds f hello"},
    {"fallocate that punches a hole", "put f hello; open f O_RDWR; fallocate 1 keep|punch 1 100; is f size 5"},
    {"fallocate that punches without keeping the size: EOPNOTSUPP",
     "put f hello; open f O_RDWR; fallocate 1 punch 1 3 = EOPNOTSUPP"},
    {"fallocate that punches and zeroes: EOPNOTSUPP",
     "put f hello; open f O_RDWR; fallocate 1 keep|punch|zero 1 3 = EOPNOTSUPP"},
    {"fallocate that collapses: EOPNOTSUPP",
     "put f hello; open f O_RDWR; fallocate 1 collapse 0 4096 = EOPNOTSUPP; holds f hello"},
    {"fallocate with a flag that nobody knows: EOPNOTSUPP",
     "put f hello; open f O_RDWR; fallocate 1 0x1000 0 10 = EOPNOTSUPP"},
    {"fallocate clears set-ids",
     "put f hello; chown f nobody nobody; chmod f 06755; nobody: open f O_RDWR; nobody: fallocate 1 0 0 100; "
     "is f mode 0755"},
};

FAMILY(fallocate);
