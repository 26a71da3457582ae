/*
 * Which bytes a name may have.
 */
#include "row.h"

static const row_item names[] = {
    {"one byte", "n"},
    {"a blank's neighbours", "!\"&'()*+,-"},
    {"a backslash", "a\\b"},
    {"a leading dash", "-rf"},
    {"a leading dot", ".hidden"},
    {"three dots", "..."},
    {"dots and more", "..x"},
    {"a colon and a tilde", "~:x"},
    {"control characters", "\x01\x02\x1b\x7f"},
    {"a tab", "a\tb"},
    {"UTF-8", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"decomposed UTF-8", "a\xcc\x88"},
    {"a byte that is no UTF-8", "\xff"},
    {"the beginning of UTF-8", "a\xe2\x82"},
    {"overlong UTF-8", "\xc0\xaf"},
    {"a surrogate in UTF-8", "\xed\xa0\x80"},
    {"every high byte", "\x80\x81\x8f\x90\x9f\xa0\xaf\xb0\xbf\xc0\xcf\xd0\xdf\xe0\xef\xf0\xfe"},
    {"254 bytes", "<254>"},
    {"255 bytes", "<255>"},
    {"255 bytes that are no UTF-8", "\xff<253>\xff"},
    {"the control directory's and more", ".kvfs2"},
    {"the control directory's without its dot", "kvfs"},
    {"the beginning of the control directory's", ".kvf"},
};

static const row_item makes[] = {
    {"mkdir", "mkdir $q 0755", "dir"},
    {"open with O_CREAT", "open $q O_WRONLY|O_CREAT 0644", "file"},
    {"mkfifo", "mkfifo $q 0644", "fifo"},
    {"symlink", "symlink $q $q", "symlink"},
    {"rename to", "file f; rename f $q", "file"},
};

#define RESERVED "the name .kvfs is reserved: the directory of each bucket's control files"

static const struct row rows[] = {
    {"$a: a name with $p", "$b; is $q type $c; lists . $q", LIST(makes), LIST(names)},
    {"unlink of a name with $a", "file $b; unlink $b; gone $b; lists .", LIST(names)},
    {"rmdir of a name with $a", "dir $b; rmdir $b; gone $b; lists .", LIST(names)},
    {"a symlink's target with $a", "symlink $b l; points l $b", LIST(names)},
    {"names differ by the case of a letter", "file a; file A; differ a A; lists . A a"},
    {"names differ by how UTF-8 is composed", "file \xc3\xa4; file a\xcc\x88; differ \xc3\xa4 a\xcc\x88"},
    {"slashes in a row are one", "dir d; file d/f; same d///f d/f; same .//d//./f d/f"},
    {"a . is the directory itself", "dir d; same d d/.; same . d/.."},
    {"mkdir of .kvfs", "mkdir .kvfs 0755", .steps_on_kvfs = "mkdir .kvfs 0755 = EEXIST", .because = RESERVED},
    {"open with O_CREAT of .kvfs", "open .kvfs O_WRONLY|O_CREAT 0644",
     .steps_on_kvfs = "open .kvfs O_WRONLY|O_CREAT 0644 = EISDIR", .because = RESERVED},
    {"rename to .kvfs", "file f; rename f .kvfs", .steps_on_kvfs = "file f; rename f .kvfs = EISDIR; is f type file",
     .because = RESERVED},
    {"rmdir of .kvfs", "rmdir .kvfs = ENOENT", .steps_on_kvfs = "rmdir .kvfs = EPERM", .because = RESERVED},
};

FAMILY(names);
