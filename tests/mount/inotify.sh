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

run_tests "$@"
