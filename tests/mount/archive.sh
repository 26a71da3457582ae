#!/bin/bash
# tar, rsync and cp bring a tree with everything that a file may have from tmpfs into a bucket and back.
#
# usage: archive.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# a_tree DIRECTORY      with what a file may be and have
a_tree() {
    local i
    mkdir -p "$1/deep/er/still" "$1/empty" "$1/odd names"
    for i in 0 1 511 4095 4096 4097 131073 1100000; do
        head -c "$i" /dev/urandom >"$1/of $i bytes"
    done
    for i in {1..60}; do
        echo "$i" >"$1/deep/er/number $i"
    done
    # shellcheck disable=SC1083
    touch "$1/odd names/"{$'new\nline','*',\\,$'\xff\xfe',"$(printf %0255d 7)"}
    write deep "$1/deep/er/still/here"

    ln "$1/of 4097 bytes" "$1/linked"
    ln "$1/of 4097 bytes" "$1/linked again"
    ln "$1/deep/er/number 1" "$1/deep/er/linked"
    ln -s 'of 1 bytes' "$1/symlink"
    ln -s ../nowhere "$1/deep/dangling"
    ln -s "$(printf %0600d 7)" "$1/deep/long"
    mkfifo -m 620 "$1/fifo"
    mknod -m 640 "$1/null" c 1 3
    mknod "$1/block" b 7 200
    holes "$1/sparse"

    chmod 0000 "$1/of 0 bytes"
    chmod 0751 "$1/deep/er"
    chmod 0600 "$1/of 511 bytes"
    chmod 0777 "$1/odd names"
    chown 12:34 "$1/of 4096 bytes" "$1/deep/er"
    chown -h 4000000000:65533 "$1/symlink"
    chown 56:0 "$1/fifo" "$1/empty"
    attributes "$1"
    touch -d '1965-01-02 03:04:05.000000001' "$1/of 1 bytes"
    touch -d '2001-02-03 04:05:06.789012345' "$1/linked"
    touch -d '2100-01-01 00:00:00.999999999' "$1/fifo"
    touch -h -d '2002-03-04 05:06:07.123456789' "$1/symlink"
    touch -d '2003-04-05 06:07:08.987654321' "$1/deep/er" "$1/empty" "$1"
}

# attributes DIRECTORY      of each kind, on files, directories and symlinks
attributes() {
    setfattr -n user.colour -v white "$1/of 1 bytes"
    setfattr -n user.empty "$1/of 1 bytes"
    setfattr -n "user.größe $(printf %0200d 7)" -v "0x00ff0a$(printf %02000d 7)" "$1/of 4096 bytes"
    setfattr -n user.large -v "$(head -c 20000 /dev/zero | tr '\0' x)" "$1/of 1100000 bytes"
    setfattr -n user.of_a_directory -v 'a b' "$1/deep"
    setfattr -n trusted.key -v secret "$1/linked" "$1/deep/er"
    setfattr -h -n trusted.of_a_symlink -v 3 "$1/symlink"
    setcap cap_net_raw+ep "$1/of 511 bytes"
    setfacl -m u:1234:rw,g:5678:r,u:56:-,m::rx "$1/linked" "$1/of 131073 bytes"
    setfacl -m u:1234:rwx,d:u:1234:rx,d:g:5678:rwx,d:m::rx "$1/odd names"
}

# holes FILE      one at its beginning, in its middle and at its end
holes() {
    printf middle | dd of="$1" bs=1 seek=1000000 status=none
    printf more | dd of="$1" bs=1 seek=3000000 conv=notrunc status=none
    truncate -s 5000000 "$1"
}

# describe DIRECTORY      everything that a copy must keep, a line or more a file
describe() {
    (
        cd "$1" || exit
        # A directory's size is the file system's business.
        find . -type d -printf '%P %y %m %U:%G %T@ %n\0' -o -printf '%P %y %m %U:%G %T@ %n %s %l\0' | sort -z |
            tr '\0' '\n'
        find . -type f -print0 | sort -z | xargs -0 md5sum
        find . -print0 | sort -z | xargs -0 getfattr -h -d -m - -e hex
        find . ! -type l -print0 | sort -z | xargs -0 getfacl -n
        find . \( -type c -o -type b \) -exec stat -c '%n %t:%T' {} + | sort
        # Which names are one file.
        find . -type f -links +1 -printf '%i %P\n' | sort | awk '
            $1 != inode { if (inode) print names; inode = $1; names = "" }
            { $1 = ""; names = names $0 }
            END { print names }' | sort
    )
}

# is_same DIRECTORY OTHER
is_same() {
    describe "$1" >"$work/one"
    describe "$2" >"$work/other"
    diff "$work/one" "$work/other"
}

by_tar() {
    tar -C "$1" --format=posix --sparse --acls --xattrs -cf - . |
        tar -C "$2" --same-owner --same-permissions --acls --xattrs --xattrs-include='*' -xf -
}
by_rsync() { keep --sparse "$1/" "$2/"; }
by_cp() { cp -a "$1/." "$2"; }

# there_and_back COPY      a directory at a time, with all caches dropped on the way
there_and_back() {
    mount_tmpfs
    mkdir "$tmpfs/from" "$tmpfs/back" "$mnt/b"
    a_tree "$tmpfs/from"
    "$1" "$tmpfs/from" "$mnt/b"
    is_same "$tmpfs/from" "$mnt/b"
    drop_caches
    is_same "$tmpfs/from" "$mnt/b"
    "$1" "$mnt/b" "$tmpfs/back"
    is_same "$tmpfs/from" "$tmpfs/back"
    mkdir "$mnt/within"
    "$1" "$mnt/b" "$mnt/within"
    is_same "$tmpfs/from" "$mnt/within"
}

test_tar_keeps_everything() { there_and_back by_tar; }
test_cp_keeps_everything() { there_and_back by_cp; }
test_rsync_keeps_everything() { there_and_back by_rsync; }

# Of nanoseconds, too.
keep() { rsync -aHAX --modify-window=-1 "$@"; }

test_rsync_finds_nothing_to_do_the_second_time() {
    mount_tmpfs
    mkdir "$tmpfs/from" "$mnt/b"
    a_tree "$tmpfs/from"
    keep "$tmpfs/from/" "$mnt/b/"
    drop_caches
    expect '' keep --itemize-changes --checksum "$tmpfs/from/" "$mnt/b/"
    expect '' keep --itemize-changes "$mnt/b/" "$tmpfs/from/"
    # And what there is to do is done: by patching in place, by a new file, and by removing.
    write more "$tmpfs/from/of 1 bytes"
    printf patch | dd of="$tmpfs/from/of 1100000 bytes" bs=1 seek=600000 conv=notrunc status=none
    rm -r "$tmpfs/from/deep" "$tmpfs/from/linked"
    mkdir "$tmpfs/from/new"
    write 3 "$tmpfs/from/new/milk"
    keep --inplace --no-whole-file --delete "$tmpfs/from/" "$mnt/b/"
    is_same "$tmpfs/from" "$mnt/b"
    write 4 "$tmpfs/from/new/milk"
    keep --delete --backup --backup-dir="$mnt/old" --delay-updates --partial-dir=.partial "$tmpfs/from/" "$mnt/b/"
    is_same "$tmpfs/from" "$mnt/b"
    expect 3 cat "$mnt/old/new/milk"
}

test_tar_updates_and_compares() {
    mount_tmpfs
    mkdir "$tmpfs/from" "$mnt/b"
    a_tree "$tmpfs/from"
    tar -C "$tmpfs" --format=posix -cf "$mnt/b/archive" from
    expect '' tar -C "$tmpfs" --compare -f "$mnt/b/archive"
    tar -C "$mnt/b" -xpf "$mnt/b/archive"
    expect '' tar -C "$mnt/b" --compare -f "$mnt/b/archive"
    drop_caches
    expect '' tar -C "$mnt/b" --compare -f "$mnt/b/archive"
    write changed "$mnt/b/from/of 1 bytes"
    tar -C "$mnt/b" --update --format=posix -f "$mnt/b/archive" from
    tar -C "$mnt/b" --delete -f "$mnt/b/archive" from/deep
    rm -r "$mnt/b/from"
    tar -C "$mnt/b" -xpf "$mnt/b/archive"
    expect changed cat "$mnt/b/from/of 1 bytes"
    [ ! -e "$mnt/b/from/deep" ]
    # Of what is there already.
    tar -C "$mnt/b" -xpf "$mnt/b/archive" --recursive-unlink
    expect changed cat "$mnt/b/from/of 1 bytes"
}

run_tests "$@"
