#!/bin/bash
# What inotify tells of changes by others, and of buckets that end by themselves.
#
# usage: inotify.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# look_on FILE DIRECTORY...      from now on what happens in them goes into FILE, a line each
look_on() {
    local file=$1
    shift
    inotifywait --monitor --format '%f %e' --event create,modify,attrib,move,delete,delete_self --outfile "$file" \
        "$@" 2>"$file.err" &
    eventually 20 grep -q 'Watches established' "$file.err"
}

# told LINE... FILE      these lines are in it, in this order, and no other
told() {
    local file=${*: -1}
    local lines=("${@:1:$#-1}")
    eventually 10 has_lines ${#lines[@]} "$file"
    expect "$(printf '%s\n' "${lines[@]}")" cat "$file"
}

changes() {
    write 3 "$1/milk"
    chmod 600 "$1/milk"
    mv "$1/milk" "$1/oat"
    mkdir "$1/below"
    rmdir "$1/below"
    rm "$1/oat"
}

test_changes_in_a_bucket_are_told_as_in_tmpfs() {
    [ "$(id -u)" -eq 0 ] || skip "only root can mount a tmpfs"
    mount_tmpfs
    mkdir "$mnt/b" "$tmpfs/b"
    look_on "$work/told" "$mnt/b"
    look_on "$work/told.tmpfs" "$tmpfs/b"
    changes "$mnt/b"
    changes "$tmpfs/b"
    eventually 10 grep -q '^oat DELETE' "$work/told"
    eventually 10 grep -q '^oat DELETE' "$work/told.tmpfs"
    expect "$(cat "$work/told.tmpfs")" cat "$work/told"
}

test_who_looks_on_a_bucket_is_told_when_it_ends_by_itself() {
    local end
    for end in stop kill; do
        mkdir "$mnt/b"
        look_on "$work/told.$end" "$mnt/b"
        echo $end >"$mnt/b/.kvfs/ctl"
        told ' DELETE_SELF' "$work/told.$end"
        mkdir "$mnt/b"
        rmdir "$mnt/b"
    done
}

test_who_looks_on_the_buckets_in_one_is_told_when_all_end() {
    mkdir -p "$mnt/a/b" "$mnt/a/c"
    look_on "$work/told" "$mnt/a/b" "$mnt/a/c"
    echo stop >"$mnt/a/.kvfs/ctl"
    told ' DELETE_SELF' ' DELETE_SELF' "$work/told"
}

test_a_bucket_that_is_started_again_is_another() {
    mkdir "$mnt/b"
    echo permanent >"$mnt/b/.kvfs/restart"
    look_on "$work/told" "$mnt/b"
    echo kill >"$mnt/b/.kvfs/ctl"
    told ' DELETE_SELF' "$work/told"
    write 3 "$mnt/b/milk"
    expect 3 cat "$mnt/b/milk"
    told ' DELETE_SELF' "$work/told"
}

test_who_looks_on_the_directory_of_a_bucket_is_told_when_it_ends_by_itself() {
    local in end
    mkdir "$mnt/a"
    for in in . a; do
        for end in stop kill; do
            mkdir "$mnt/$in/b"
            look_on "$work/told.$in.$end" "$mnt/$in"
            echo $end >"$mnt/$in/b/.kvfs/ctl"
            told 'b DELETE,ISDIR' "$work/told.$in.$end"
        done
    done
}

test_who_looks_on_its_directory_is_told_of_a_bucket_that_its_last_holder_let_go() {
    mkdir "$mnt/b"
    look_on "$work/told" "$mnt"
    exec 9<"$mnt/b/.kvfs/hold"
    exec 9<&-
    told 'b DELETE,ISDIR' "$work/told"
}

test_who_looks_on_its_directory_is_told_of_a_bucket_that_its_supervisor_gives_up() {
    mkdir "$mnt/b"
    echo permanent >"$mnt/b/.kvfs/restart"
    look_on "$work/told" "$mnt"
    while echo kill >"$mnt/b/.kvfs/ctl"; do :; done 2>"$work/err"
    told 'b DELETE,ISDIR' "$work/told"
}

test_who_looks_on_a_tree_is_told_of_each_bucket_when_all_end() {
    mkdir -p "$mnt/a/b" "$mnt/a/c/d"
    look_on "$work/told" "$mnt"
    look_on "$work/told.a" "$mnt/a"
    look_on "$work/told.c" "$mnt/a/c"
    echo stop >"$mnt/a/.kvfs/ctl"
    told 'a DELETE,ISDIR' "$work/told"
    told 'd DELETE,ISDIR' ' DELETE_SELF' "$work/told.c"
    eventually 10 has_lines 3 "$work/told.a"
    expect 'c DELETE,ISDIR' grep -a '^c' "$work/told.a"
    expect 'b DELETE,ISDIR' grep -a '^b' "$work/told.a"
    expect ' DELETE_SELF' tail -n 1 "$work/told.a"
}

test_who_looks_is_told_of_odd_names() {
    local name
    printf -v name '%0255d' 0
    for name in "$name" $'\xff\xfe' '-a b\040'; do
        mkdir "$mnt/a" "$mnt/a/$name"
        look_on "$work/told.${name:0:5}" "$mnt/a"
        echo stop >"$mnt/a/$name/.kvfs/ctl"
        told "$name DELETE,ISDIR" "$work/told.${name:0:5}"
        rmdir "$mnt/a"
    done
}

# Its directory can't be told of it: the path is too long for a system call.
test_who_looks_on_a_bucket_far_below_is_told_when_it_ends() {
    local name i
    printf -v name '%0250d' 0
    cd "$mnt"
    for i in {1..20}; do
        mkdir "$name"
        cd "$name"
    done
    mkdir b
    look_on "$work/told" b
    echo stop >b/.kvfs/ctl
    told ' DELETE_SELF' "$work/told"
    cd "$work"
}

test_who_looks_is_told_of_a_bucket_that_others_ask_for_when_it_has_ended() {
    local i
    look_on "$work/told" "$mnt"
    for i in {1..20}; do
        mkdir "$mnt/b"
        echo stop >"$mnt/b/.kvfs/ctl"
        [ ! -e "$mnt/b" ]
        eventually 10 has_lines $((i * 2)) "$work/told"
    done
    expect "$(for i in {1..20}; do printf 'b CREATE,ISDIR\nb DELETE,ISDIR\n'; done)" cat "$work/told"
}

# taken_again DIRECTORY END      a bucket in it ends, and its name is at once another's, who lives
taken_again() {
    local i
    for i in {1..25}; do
        mkdir "$1/b"
        write milk "$1/b/milk"
        echo "$2" >"$1/b/.kvfs/ctl"
        mkdir "$1/b"
        write "$i" "$1/b/oat"
        expect oat ls "$1/b"
        expect "$i" cat "$1/b/oat"
        rm "$1/b/oat"
        rmdir "$1/b"
    done
}

# shellcheck disable=SC2031
test_a_name_that_another_bucket_takes_at_once_is_that_ones() {
    local pids=() i
    mkdir -p "$mnt/a/c"
    look_on "$work/told" "$mnt" "$mnt/a" "$mnt/a/c"
    taken_again "$mnt" stop >"$work/said.1" &
    pids+=($!)
    taken_again "$mnt/a" kill >"$work/said.2" &
    pids+=($!)
    taken_again "$mnt/a/c" stop >"$work/said.3" &
    pids+=($!)
    for i in 0 1 2; do
        wait "${pids[i]}" || { cat "$work/said.$((i + 1))"; return 1; }
    done
    expect 'a
a/c' tree_paths
    expect 'a
a/c' find "$mnt" -mindepth 1 -printf '%P\n'
}

test_a_name_that_a_file_takes_at_once_is_that_ones() {
    local i
    mkdir "$mnt/a"
    look_on "$work/told" "$mnt/a"
    for i in {1..50}; do
        mkdir "$mnt/a/b"
        write "$i" "$mnt/a/f"
        echo stop >"$mnt/a/b/.kvfs/ctl"
        # A directory is never replaced by a file, so the kernel must know by now.
        eventually 10 mv -T "$mnt/a/f" "$mnt/a/b"
        expect b ls "$mnt/a"
        expect "$i" cat "$mnt/a/b"
        rm "$mnt/a/b"
    done
}

test_a_name_that_is_moved_to_at_once_is_the_moved_ones() {
    local i
    look_on "$work/told" "$mnt"
    for i in {1..50}; do
        mkdir "$mnt/b" "$mnt/c"
        write "$i" "$mnt/c/milk"
        echo stop >"$mnt/b/.kvfs/ctl"
        mv -T "$mnt/c" "$mnt/b"
        expect "$i" cat "$mnt/b/milk"
        expect b ls "$mnt"
        expect b tree_paths
        rm "$mnt/b/milk"
        rmdir "$mnt/b"
    done
}

test_rmdir_of_a_bucket_that_has_just_ended_finds_none() {
    for _ in {1..20}; do
        mkdir "$mnt/b"
        echo stop >"$mnt/b/.kvfs/ctl"
        refused 'No such file or directory' rmdir "$mnt/b"
    done
}

test_what_hides_the_mount_is_left_alone() {
    [ "$(id -u)" -eq 0 ] || skip "only root can mount a tmpfs"
    mkdir "$mnt/b"
    look_on "$work/told" "$mnt/b"
    exec 9>"$mnt/b/.kvfs/ctl"
    mount -t tmpfs kvfs-test "$mnt"
    trap 'umount "$mnt"' EXIT
    mkdir "$mnt/b"
    echo stop >&9
    exec 9>&-
    told ' DELETE_SELF' "$work/told"
    expect b ls "$mnt"
}

# remover      its pid
remover() { pgrep -P "$(cat "$daemon/pid")" -x kvfs-remover; }

test_without_the_remover_who_looks_on_a_bucket_is_still_told() {
    mkdir "$mnt/b"
    look_on "$work/told" "$mnt/b"
    kill -s KILL "$(remover)"
    echo stop >"$mnt/b/.kvfs/ctl"
    told ' DELETE_SELF' "$work/told"
}

# The test ends with the mount.
test_a_remover_that_is_stuck_holds_nobody_up() {
    kill -s STOP "$(remover)"
    for _ in 1 2 3; do
        mkdir "$mnt/b"
        echo stop >"$mnt/b/.kvfs/ctl"
        [ ! -e "$mnt/b" ]
    done
    mkdir "$mnt/b"
    write 3 "$mnt/b/milk"
    expect b ls "$mnt"
}

# Who works in a mount keeps it busy.
test_the_mount_can_be_unmounted_as_soon_as_buckets_have_ended() {
    mkdir "$mnt/a"
    mkdir "$mnt/a/"{1..100}
    echo stop >"$mnt/a/.kvfs/ctl"
    umount "$mnt"
    kvfs_has_ended 0
}

run_tests "$@"
