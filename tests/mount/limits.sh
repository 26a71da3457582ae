#!/bin/bash
# What a mount and a bucket may hold: size=, nr_inodes=, max_bytes and max_keys. What tmpfs has as well is made on a
# tmpfs of the same size, which proves what is expected.
#
# usage: limits.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"
# shellcheck disable=SC2034
mounts=by_hand
: "${WRITER:?tests/mount/writer.c}"

# --- both ------------------------------------------------------------------------------------------------------

unmount_tmpfs() { cd / && ! is_mounted "$work/tmpfs" || umount "$work/tmpfs"; }

# on_both OPTIONS FUNCTION      runs it in an empty directory of a tmpfs, and of a kvfs, that are mounted with these
on_both() {
    local directory
    mkdir -p "$work/tmpfs"
    mount -t tmpfs -o "$1" none "$work/tmpfs"
    trap unmount_tmpfs EXIT
    start_kvfs -o "$1"
    for directory in "$work/tmpfs/b" "$mnt/b"; do
        mkdir "$directory"
        cd "$directory"
        "$2" || { echo "    on $(stat -f -c %T .)"; return 1; }
    done
    cd /
}

# alike OPTIONS FUNCTION      what it prints in one such directory is what it prints in the other
alike() {
    printing=$2
    on_both "$1" print_one
    diff "$work/printed.tmpfs" "$work/printed.fuseblk"
}
print_one() { "$printing" >"$work/printed.$(stat -f -c %T .)" 2>&1; }

# has_free blocks|inodes COUNT      of those where it is; what was removed is free once the kernel has forgotten it
free_blocks() { stat -f -c %a .; }
free_inodes() { stat -f -c %d .; }
has_free() { [ "$("free_$1")" -eq "$2" ]; }

zeros() { head -c "$1" /dev/zero; }
writes() { zeros "$2" >"$1"; }

# --- what there is ---------------------------------------------------------------------------------------------

show_statfs() { stat -f -c 'block %s %S blocks %b %f %a inodes %c %d' .; }

test_df_shows_what_there_is_as_tmpfs() {
    local options
    for options in size=1m,nr_inodes=100 size=5000,nr_inodes=1k size=50%,nr_inodes=0x20 size=0,nr_inodes=0 \
        size=3G,nr_inodes=1M rw; do
        echo "$options"
        alike "$options" show_statfs
        umount "$mnt" "$work/tmpfs"
        kvfs_has_ended 0
    done
}

df_shows() {
    df --output=itotal,iused,iavail,size,used,avail . | tail -n 1
    writes a 1m
    mkdir d
    : >d/empty
    df --output=itotal,iused,iavail,size,used,avail,pcent . | tail -n 1
    du -s --apparent-size a
    truncate -s 256k a
    df --output=used,avail . | tail -n 1
}
test_df_counts_what_is_used_as_tmpfs() { alike size=4m,nr_inodes=50 df_shows; }

test_limits_that_are_no_number_are_refused() {
    local value
    for value in size= size=k size=% size=-1 size=12kb size=1.5m size=1kk size=x size=50%% 'size=99999999999g' nr_inodes= \
        nr_inodes=-1 nr_inodes=50% nr_inodes=x nr_inodes=1kb; do
        fails run_kvfs -o "$value" "$mnt"
        run_kvfs -o "$value" "$mnt" >"$work/out" 2>"$work/err" || true
        expect 1 sed -n '$=' "$work/err"
        grep -qF "kvfs: $value: not a number of " "$work/err"
    done
    fails is_mounted
}

# --- a full mount ----------------------------------------------------------------------------------------------

fill_by_writes() {
    "$WRITER" write a 0 $((512 << 10))
    "$WRITER" write b 0 $((1 << 20))
    stat -c '%n %s' a b
    cmp -n $((512 << 10)) a <(zeros 1m | tr '\0' w) && cmp -n $((512 << 10)) b <(zeros 1m | tr '\0' w)
    "$WRITER" write a 100 $((256 << 10))
    "$WRITER" write c 0 1
    "$WRITER" write a $((512 << 10)) 1
    stat -c '%n %s' a b c
}
test_a_write_fills_what_is_left_and_the_next_says_so() { alike size=1m fill_by_writes; }

fill_page_by_page() {
    local size
    for size in 0 1 4095 4096 4097 65535 65536 65537 100000; do
        writes "f$size" $size
        df --output=used,iused . | tail -n 1
    done
    ln -s target s
    stat -f -c %a .
    "$WRITER" write a 4000 $((300 << 10))
    "$WRITER" write a $((800 << 10)) 5000
    "$WRITER" write b 100 $((1 << 20))
    stat -c '%n %s %b' f* a b
    rm f4097
    eventually 5 has_free blocks 2
    "$WRITER" write c 4090 $((64 << 10))
    stat -c '%n %s %b' c
    truncate -s 4090 c
    "$WRITER" write d 0 $((64 << 10))
    stat -c '%n %s %b' d
    rm ./*
    eventually 5 has_free blocks 256
}
test_pages_are_counted_as_on_tmpfs() { alike size=1m fill_page_by_page; }

allocate() {
    fallocate -l 600k a
    free_blocks
    fallocate -l 600k b 2>&1 | sed 's/.*: //'
    stat -c '%s %b' a b
    free_blocks
    fallocate -n -l 800k a
    free_blocks
    fallocate -p -o 100k -l 100k a
    free_blocks
    "$WRITER" write a 0 $((1 << 20))
    "$WRITER" write b 0 $((1 << 20))
    fallocate -l 1 c 2>&1 | sed 's/.*: //'
    stat -c '%s %b' a b c
    truncate -s 600k a
    free_blocks
}
test_what_is_allocated_counts_as_on_tmpfs() { alike size=1m allocate; }

fill_by_requests() {
    "$WRITER" write a 0 $((16 << 20))
    stat -c '%s' a
    rm a
    eventually 5 has_free blocks 1536
    "$WRITER" write a 10 $((16 << 20))
    stat -c '%s' a
}
test_a_write_that_the_kernel_splits_fills_what_is_left() { alike size=6m fill_by_requests; }

fill_by_direct_writes() {
    "$WRITER" write a 0 $((512 << 10))
    "$WRITER" direct b 0 $((8 << 20))
    stat -c '%s' b
    rm b
    eventually 5 has_free blocks 128
    "$WRITER" direct b 0 $((512 << 10))
    "$WRITER" direct b 0 $((512 << 10))
    "$WRITER" direct b $((512 << 10)) 4096
    stat -c '%s' b
}
test_a_direct_write_fills_what_is_left() { alike size=1m fill_by_direct_writes; }

fill_by_programs() {
    local command
    writes small 256k
    for command in 'dd if=/dev/zero of=a bs=64k count=100 status=none' 'cp /dev/stdin a' 'cat >a'; do
        refused 'No space left on device' eval "zeros 5m | bash -c '$command'"
        expect $((2048 - 256))k eval 'echo $(($(stat -c %s a) >> 10))k'
        expect 0 free_blocks
        rm a
        eventually 5 has_free blocks $((512 - 64))
    done
    cmp small <(zeros 256k)
}
test_programs_say_that_there_is_no_space_left() { on_both size=2m fill_by_programs; }

when_full() {
    writes a 512k
    writes b 512k
    expect 0 free_blocks
    fails writes c 1
    # All but more bytes is as ever.
    echo x | dd of=a bs=1 seek=1000 conv=notrunc status=none
    cmp -n 100 b <(zeros 100)
    chmod 600 a
    mv a d
    ln d e
    touch f
    mkdir g
    rmdir g
    truncate -s 1g f
    expect $'b\nc\nd\ne\nf' ls
    fails eval 'echo 3 >f'
    rm d
    expect 0 free_blocks
    truncate -s 256k e
    expect 64 free_blocks
    writes g 256k
    fails writes h 1
    rm ./*
    eventually 5 has_free blocks 256
    writes a 1m
}
test_all_but_more_bytes_works_when_it_is_full() { on_both size=1m when_full; }

use_holes() {
    truncate -s 10g a
    expect 256 free_blocks
    "$WRITER" write a $((5 << 30)) $((1 << 20))
    "$WRITER" write a $((5 << 30)) $((1 << 20))
    "$WRITER" write a 0 100
    "$WRITER" write a $(((6 << 30) - 50)) 100
    truncate -s 20g a
    stat -c %s a
    truncate -s 5g a
    expect 256 free_blocks
}
test_holes_cost_nothing() { alike size=1m use_holes; }

remove_open_file() {
    exec 3<>a
    zeros 1m >&3
    rm a
    expect 0 free_blocks
    fails writes b 1
    # It is still read and written.
    expect $((1 << 20)) eval 'wc -c </proc/self/fd/3'
    echo 3 >/proc/self/fd/3
    expect 3 cat /proc/self/fd/3
    exec 3>&-
    rm -f b
    eventually 5 has_free blocks 256
}
test_a_removed_file_counts_until_it_is_closed() { on_both size=1m remove_open_file; }

test_an_mmapped_page_without_room_is_an_error_of_msync() {
    start_kvfs -o size=1m
    mkdir "$mnt/b"
    cd "$mnt/b"
    # tmpfs has SIGBUS for the first page that it has no room for; here the kernel writes pages later.
    expect $'ENOSPC\n0' "$WRITER" map a 0 $((2 << 20))
    expect $((2 << 20)) stat -c %s a
    expect 0 free_blocks
    [ "$(id -u)" -ne 0 ] || drop_caches
    # What there was room for is there.
    expect $((1 << 20)) eval "tr -d '\0' <a | wc -c"
    truncate -s 0 a
    expect $'0\n0' "$WRITER" map a 0 $((1 << 20))
}

test_many_writers_fill_it_and_no_more() {
    local i writers=()
    start_kvfs -o size=4m
    mkdir "$mnt/b" "$mnt/c"
    cd "$mnt/b"
    for i in {1..8}; do
        dd if=/dev/zero of="../b/f$i" bs=48k count=20 status=none 2>"$work/err.b$i" &
        writers+=($!)
        dd if=/dev/zero of="../c/f$i" bs=16k count=60 status=none 2>"$work/err.c$i" &
        writers+=($!)
    done
    wait "${writers[@]}" || true
    expect 0 free_blocks
    expect $((4 << 10)) eval "du -sc ../b ../c | awk 'END { print \$1 }'"
    grep -q 'No space left on device' "$work"/err.*
    says_only 'No space left on device' <(cat "$work"/err.*)
    cmp -n "$(stat -c %s f1)" f1 /dev/zero
    rm ../b/* ../c/*
    eventually 5 has_free blocks 1024
}

test_what_a_killed_bucket_held_is_free() {
    start_kvfs -o size=1m,nr_inodes=10
    mkdir -p "$mnt/b/c" "$mnt/d"
    writes "$mnt/b/c/a" 512k
    writes "$mnt/b/a" 512k
    cd "$mnt/d"
    fails writes a 1
    echo kill >"$mnt/b/.kvfs/ctl"
    eventually 5 has_free blocks 256
    eventually 10 has_free inodes 7
    writes a 1m
}

test_no_inode_is_kept_of_a_bucket_that_was_ended_by_its_ctl() {
    local i
    start_kvfs -o nr_inodes=200
    cd "$mnt"
    for i in {1..40}; do
        mkdir "k$i" "s$i"
        echo kill >"k$i/.kvfs/ctl"
        echo stop >"s$i/.kvfs/ctl"
    done
    eventually 5 has_free inodes 199
}

# --- inodes ----------------------------------------------------------------------------------------------------

use_inodes() {
    local i
    free_inodes
    for i in {1..20}; do
        touch "f$i" || break
    done
    ls
    free_inodes
    mkdir d
    ln -s x s
    ln f1 l
    mkfifo p
    : >n
    mv f1 g1
    mv f2 g1
    echo 3 >f3
    cat f3
    ls
    free_inodes
    ln f3 l
    ln f3 l2
    free_inodes
    rm f3
    cat l
    mkdir d
    rmdir d
}
show_inodes() { use_inodes 2>&1 | sed 's/‘[^’]*’/NAME/g'; }
test_inodes_run_out_as_on_tmpfs() { alike nr_inodes=12 show_inodes; }

all_inodes_come_back() {
    local i
    for i in 1 2 3; do
        touch {1..7}
        mkdir d
        fails touch d/8
        fails mkdir d/8
        rm {1..7}
        eventually 5 has_free inodes 7
        rmdir d
        eventually 5 has_free inodes 8
    done
}
test_an_inode_is_free_when_its_name_has_gone() { on_both nr_inodes=10 all_inodes_come_back; }

test_a_bucket_is_started_again_when_every_inode_is_used() {
    start_kvfs -o nr_inodes=4
    mkdir "$mnt/a"
    echo permanent >"$mnt/a/.kvfs/restart"
    touch "$mnt/a/1" "$mnt/a/2"
    fails mkdir "$mnt/b"
    echo kill >"$mnt/a/.kvfs/ctl"
    eventually 5 test -d "$mnt/a"
    expect '' ls "$mnt/a"
    expect 1 info_of "$mnt/a" restarts
}

# --- a bucket's own limits -------------------------------------------------------------------------------------

test_a_buckets_limits_are_read_and_written() {
    start_kvfs
    mkdir "$mnt/b"
    cd "$mnt/b/.kvfs"
    for file in max_bytes max_keys; do
        expect none cat $file
        expect none info_of .. $file
        echo 100 >$file
        expect 100 cat $file
        expect 100 info_of .. $file
        echo 3k >$file
        expect 3072 cat $file
        printf '2M' >$file
        expect 2097152 cat $file
        for word in '' x -1 '1 2' 1.5 3kb 50% nones 99999999999999999999; do
            [ -z "$word" ] || fails write "$word" $file
            expect 2097152 cat $file
        done
        echo none >$file
        expect none cat $file
        echo 7 >$file
        echo 0 >$file
        expect none cat $file
        expect 644 stat -c %a $file
    done
    expect 0 info_of .. held_bytes
}

test_a_buckets_limits_are_set_by_its_owner() {
    [ "$(id -u)" -eq 0 ] || skip "only root can be several users"
    start_kvfs
    mkdir "$mnt/b"
    chown 1000 "$mnt/b"
    refused 'Permission denied' setpriv --reuid=1001 --clear-groups bash -c "echo 3 >$mnt/b/.kvfs/max_keys"
    setpriv --reuid=1000 --clear-groups bash -c "echo 3 >$mnt/b/.kvfs/max_keys"
    expect 3 setpriv --reuid=1001 --clear-groups cat "$mnt/b/.kvfs/max_keys"
    echo 4 >"$mnt/b/.kvfs/max_keys"
    expect 4 cat "$mnt/b/.kvfs/max_keys"
}

test_a_bucket_takes_so_many_bytes() {
    start_kvfs
    mkdir -p "$mnt/b/c"
    cd "$mnt/b"
    echo 100k >.kvfs/max_bytes
    expect $'102400\nEDQUOT' "$WRITER" write a 0 $((1 << 20))
    expect 102400 stat -c %s a
    expect 102400 info_of . held_bytes
    cmp a <(zeros 100k | tr '\0' w)
    refused 'Disk quota exceeded' write 3 b
    refused 'Disk quota exceeded' cp a b
    refused 'Disk quota exceeded' ln -s target s
    touch empty
    truncate -s 1g empty
    expect $'100' "$WRITER" write a 50 100
    refused 'Disk quota exceeded' fallocate -l 100k b
    refused 'Disk quota exceeded' fallocate -n -l 100k b
    # Not what is in it, nor anybody else.
    writes c/a 1m
    rm a empty
    eventually 5 eval '[ "$(info_of . held_bytes)" -eq 0 ]'
    writes b 100k
    rm b
    eventually 5 eval '[ "$(info_of . held_bytes)" -eq 0 ]'
    expect $'EDQUOT\n0' "$WRITER" map m 0 $((1 << 20))
    echo none >.kvfs/max_bytes
    expect $'0\n0' "$WRITER" map m 0 $((1 << 20))
}

test_a_removed_file_counts_for_its_bucket_until_it_is_closed() {
    start_kvfs
    mkdir "$mnt/b"
    cd "$mnt/b"
    echo 10k >.kvfs/max_bytes
    exec 3>a
    zeros 10k >&3
    rm a
    refused 'Disk quota exceeded' write 3 b
    exec 3>&-
    eventually 5 write 3 b
}

test_a_bucket_takes_so_many_keys() {
    start_kvfs
    mkdir "$mnt/b"
    cd "$mnt/b"
    echo 3 >.kvfs/max_keys
    touch 1 2
    ln 1 3
    for command in 'touch 4' 'ln 1 4' 'ln -s 1 4' 'mkfifo 4'; do
        refused 'Disk quota exceeded' $command
    done
    mkdir c d
    touch c/{1..10}
    mv 3 4
    echo 3 >1
    mv -f 2 4
    touch 5
    expect $'1\n4\n5\nc\nd' ls
    rm 1
    touch 6
}

test_a_file_that_is_moved_counts_where_it_goes() {
    start_kvfs
    mkdir "$mnt/b" "$mnt/c"
    cd "$mnt"
    writes b/a 10k
    writes b/b 10k
    echo 15k >c/.kvfs/max_bytes
    mv b/a c/a
    expect 10240 info_of b held_bytes
    expect 10240 info_of c held_bytes
    refused 'Disk quota exceeded' mv b/b c/b
    cmp b/b <(zeros 10k)
    echo none >c/.kvfs/max_bytes
    echo 1 >c/.kvfs/max_keys
    refused 'Disk quota exceeded' mv b/b c/b
    mv b/b c/a
    mkdir b/d
    mv b/d c/d
    eventually 5 eval '[ "$(info_of c held_bytes)" -eq 10240 ]'
    expect 0 info_of b held_bytes
}

test_a_limit_below_what_is_there_refuses_more_and_loses_nothing() {
    start_kvfs
    mkdir "$mnt/b"
    cd "$mnt/b"
    writes a 100k
    touch b c
    echo 10k >.kvfs/max_bytes
    echo 1 >.kvfs/max_keys
    expect 102400 eval 'wc -c <a'
    refused 'Disk quota exceeded' append 3 a
    refused 'Disk quota exceeded' touch d
    echo 3 | dd of=a conv=notrunc status=none
    truncate -s 10k a
    refused 'Disk quota exceeded' append 3 a
    truncate -s 9k a
    append 3 a
    rm b c
    refused 'Disk quota exceeded' touch d
    rm a
    touch d
}

test_a_bucket_that_is_started_again_keeps_its_limits() {
    start_kvfs
    mkdir "$mnt/b"
    echo permanent >"$mnt/b/.kvfs/restart"
    echo 5 >"$mnt/b/.kvfs/max_bytes"
    echo 1 >"$mnt/b/.kvfs/max_keys"
    echo 3 >"$mnt/b/a"
    echo kill >"$mnt/b/.kvfs/ctl"
    expect 5 cat "$mnt/b/.kvfs/max_bytes"
    expect 1 cat "$mnt/b/.kvfs/max_keys"
    echo 4 >"$mnt/b/a"
    refused 'Disk quota exceeded' touch "$mnt/b/b"
    refused 'Disk quota exceeded' write 12345 "$mnt/b/a"
}

run_tests "$@"
