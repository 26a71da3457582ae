#include "row.h"

static const row_item ids[] = {
    {"1", "2"}, {"65534", "65534"}, {"0", "65535"}, {"100000", "200000"}, {"2147483647", "2147483648"},
    {"4294967294", "4294967294"},
};

/* What the owner, bob, may do with his groups, and what not: new user, new group, result, and the group there is. */
static const row_item by_owner[] = {
    {"nothing", "-1", "-1", "0", "bob"},
    {"the same", "bob", "bob", "0", "bob"},
    {"his own group", "-1", "bob", "0", "bob"},
    {"another group of his", "-1", "alice", "0", "alice"},
    {"a third group of his", "bob", "staff", "0", "staff"},
    {"a group that isn't his", "-1", "nobody", "EPERM", "bob"},
    {"root's group", "bob", "root", "EPERM", "bob"},
    {"another user", "nobody", "-1", "EPERM", "bob"},
    {"another user and group", "nobody", "nobody", "EPERM", "bob"},
    {"root", "root", "-1", "EPERM", "bob"},
    {"another user and his group", "alice", "alice", "EPERM", "bob"},
};

/* And those who aren't. */
static const row_item by_others[] = {
    {"nothing of another's", "-1", "-1", "0"},
    {"the group", "-1", "nobody", "EPERM"},
    {"the group it has", "-1", "alice", "EPERM"},
    {"the user it has", "alice", "-1", "EPERM"},
    {"to himself", "nobody", "-1", "EPERM"},
    {"to himself and his group", "nobody", "nobody", "EPERM"},
};

static const row_item types[] = {{"file"}, {"dir"}, {"fifo"}, {"socket"}, {"char"}, {"block"}, {"symlink"}};
static const row_item set_ids[] = {
    {"04755", "0755"}, {"02755", "0755"}, {"06755", "0755"}, {"06711", "0711"}, {"06555", "0555"},
    {"02745", "02745"}, {"06745", "02745"}, {"06700", "02700"}, {"04644", "0644"}, {"01755", "01755"},
    {"07777", "01777"},
};

static const struct row rows[] = {
    {"root sets $a:$b", "file f; chown f $a $b; is f uid $a gid $b", LIST(ids)},
    {"root sets $a:$b of a directory", "dir f; chown f $a $b; is f uid $a gid $b", LIST(ids)},
    {"root sets $a:$b of a symlink", "symlink none f; lchown f $a $b; is f uid $a gid $b", LIST(ids)},
    {"root sets $a:$b through an open file", "file f; open f O_RDONLY; fchown 1 $a $b; is f uid $a gid $b",
     LIST(ids)},
    {"root sets only the user", "file f 0644 1 2; chown f 3 -1; is f uid 3 gid 2"},
    {"root sets only the group", "file f 0644 1 2; chown f -1 3; is f uid 1 gid 3"},
    {"root sets nothing", "file f 0644 1 2; chown f -1 -1; is f uid 1 gid 2"},
    {"the owner sets $a: $d", "file f 0644 bob bob; bob: chown f $b $c = $d; is f uid bob gid $e", LIST(by_owner)},
    {"the owner sets $a of a directory: $d", "dir f 0755 bob bob; bob: chown f $b $c = $d; is f uid bob gid $e",
     LIST(by_owner)},
    {"the owner sets $a of a symlink: $d", "make symlink f 0 bob bob; bob: lchown f $b $c = $d; is f uid bob gid $e",
     LIST(by_owner)},
    {"the owner sets $a through an open file: $d",
     "file f 0644 bob bob; bob: open f O_RDWR; bob: fchown 1 $b $c = $d; is f uid bob gid $e", LIST(by_owner)},
    {"another sets $a: $d", "file f 0666 alice alice; nobody: chown f $b $c = $d; is f uid alice gid alice",
     LIST(by_others)},
    {"another sets $a of a $p: $d",
     "make $p f 0666 alice alice; nobody: lchown f $b $c = $d; is f uid alice gid alice", LIST(by_others),
     LIST(types)},
    {"another who is in the group sets $a: $d", "file f 0666 alice alice; bob: chown f $b $c = $d; is f gid alice",
     LIST(by_others)},
    {"a change moves the ctime only, of a $a", "make $a f; note f; lchown f 1 2; moved f c", LIST(types)},
    {"the same ids move the ctime, too, of a $a", "make $a f 0644 1 2; note f; lchown f 1 2; moved f c", LIST(types)},
    {"what is refused moves nothing, of a $a", "make $a f; note f; nobody: lchown f nobody nobody = EPERM; moved f -",
     LIST(types)},
    {"root's clears set-ids: $a", "file f $a nobody nobody; chown f 1 2; is f mode $b", LIST(set_ids)},
    {"the owner's clears set-ids: $a", "file f $a bob bob; bob: chown f -1 alice; is f mode $b gid alice",
     .each = {set_ids, 5}},
    {"the owner's, through an open file, clears set-ids: $a",
     "file f $a bob bob; bob: open f O_RDONLY; bob: fchown 1 -1 alice; is f mode $b", .each = {set_ids, 5}},
    {"root's through an open file clears set-ids: $a",
     "file f $a bob bob; open f O_RDONLY; fchown 1 1 2; is f mode $b", LIST(set_ids)},
    {"a directory keeps its set-ids", "dir d 06755; chown d 1 2; is d mode 06755"},
    {"a directory keeps its set-ids when its owner changes the group",
     "dir d 06755 bob bob; bob: chown d -1 alice; is d mode 06755"},
    {"changing nothing clears set-ids by the owner, too", "file f 06755 bob bob; bob: chown f -1 -1; is f mode 0755"},
    {"a file without execution keeps set-gid", "file f 02644 bob bob; chown f 1 2; is f mode 02644"},
    {"it is all names'", "file f; link f g; chown g 1 2; is f uid 1 gid 2"},
    {"of a file that isn't open: EBADF", "fchown -1 0 0 = EBADF"},
    {"through a file opened as a path: EBADF", "file f; open f O_PATH; fchown 1 1 1 = EBADF"},
    {"of a nameless open file", "file f; open f O_RDONLY; unlink f; fchown 1 1 2; isfile 1 uid 1 gid 2 nlink 0"},
    {"the new owner may, the old may not",
     "file f 0600 nobody; chown f alice -1; nobody: open f O_RDONLY = EACCES; alice: open f O_RDONLY"},
    {"the new group may",
     "file f 0040 root root; alice: open f O_RDONLY = EACCES; chown f -1 alice; alice: open f O_RDONLY; "
     "bob: open f O_RDONLY"},
};

FAMILY(chown);
