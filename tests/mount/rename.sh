#!/bin/bash
# Renaming and moving: values and buckets, within a bucket, between two, and into the root and out of it.
#
# MOVE      move.c's executable
#
# usage: rename.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"
limit=60

number_of() { stat -c %i "$1"; }

# --- values ----------------------------------------------------------------------------------------------------

test_a_value_is_moved_to_another_bucket() {
    local inode
    mkdir -p "$mnt/a" "$mnt/b/c"
    write 3 "$mnt/a/milk"
    inode=$(number_of "$mnt/a/milk")
    exec 3>>"$mnt/a/milk"
    "$MOVE" "$mnt/a/milk" "$mnt/b/c/oat"
    expect '' ls -A "$mnt/a"
    expect oat ls -A "$mnt/b/c"
    expect "$inode" number_of "$mnt/b/c/oat"
    echo 4 >&3
    expect $'3\n4' cat "$mnt/b/c/oat"
    # Who has it open still has it when the bucket that it was in is gone.
    echo kill >"$mnt/a/.kvfs/ctl"
    echo 5 >&3
    exec 3>&-
    drop_caches
    expect $'3\n4\n5' cat "$mnt/b/c/oat"
    expect 6 info_of "$mnt/b/c" bytes
    mv "$mnt/b/c/oat" "$mnt/b/milk"
    expect "$inode" number_of "$mnt/b/milk"
    echo kill >"$mnt/b/.kvfs/ctl"
    [ ! -e "$mnt/b" ]
}

test_a_value_that_ends_with_its_new_bucket_is_stale() {
    mkdir "$mnt/a" "$mnt/b"
    write 3 "$mnt/a/milk"
    exec 3<"$mnt/a/milk"
    "$MOVE" "$mnt/a/milk" "$mnt/b/milk"
    expect 3 cat "$mnt/b/milk"
    echo kill >"$mnt/b/.kvfs/ctl"
    eventually 5 refused 'Stale file handle' eval 'cat <&3'
    expect '' ls -A "$mnt/a"
}

test_a_value_replaces_a_value_elsewhere() {
    mkdir "$mnt/a" "$mnt/b"
    write new "$mnt/a/milk"
    write older "$mnt/b/milk"
    exec 3<"$mnt/b/milk"
    "$MOVE" "$mnt/a/milk" "$mnt/b/milk"
    expect new cat "$mnt/b/milk"
    expect older eval 'cat <&3'
    expect 0 stat -L -c %h /proc/self/fd/3
    exec 3<&-
    drop_caches
    expect new cat "$mnt/b/milk"
    refused 'File exists' eval "touch $mnt/a/milk; $MOVE noreplace $mnt/a/milk $mnt/b/milk"
    expect new cat "$mnt/b/milk"
}

test_hard_links_keep_a_value_in_its_bucket() {
    mkdir "$mnt/a" "$mnt/b"
    write 3 "$mnt/a/milk"
    ln "$mnt/a/milk" "$mnt/a/twin"
    refused 'cross-device' "$MOVE" "$mnt/a/milk" "$mnt/b/milk"
    refused 'cross-device' ln "$mnt/a/milk" "$mnt/b/milk"
    "$MOVE" "$mnt/a/milk" "$mnt/a/twin"
    expect $'milk\ntwin' ls "$mnt/a"
    # mv does what it does between file systems.
    mv "$mnt/a/milk" "$mnt/b/milk"
    expect 3 cat "$mnt/b/milk"
    "$MOVE" "$mnt/a/twin" "$mnt/b/twin"
    expect $'milk\ntwin' ls "$mnt/b"
}

test_everything_but_directories_is_moved() {
    mkdir "$mnt/a" "$mnt/b"
    ln -s target "$mnt/a/link"
    mkfifo "$mnt/a/fifo"
    mv "$mnt/a/link" "$mnt/a/fifo" "$mnt/b"
    expect target readlink "$mnt/b/link"
    [ -p "$mnt/b/fifo" ]
    expect '' ls -A "$mnt/a"
}

test_times_change_as_on_tmpfs() {
    local place before
    mkdir "$work/tmpfs"
    mount -t tmpfs none "$work/tmpfs" || skip 'no tmpfs'
    for place in "$mnt/t" "$work/tmpfs/t"; do
        mkdir -p "$place/a/c" "$place/b/d"
        write 3 "$place/a/milk"
        write 4 "$place/b/milk"
        touch -d '2020-02-02 02:02:02 UTC' "$place"/{a,b,a/c,b/d,a/milk,b/milk}
        before=$(stat -c %.Z "$place/a/c")
        exec 3<"$place/b/milk"
        "$MOVE" "$place/a/milk" "$place/b/milk"
        for file in "$place"/{a,b,a/c,b/d,b/milk} /proc/self/fd/3; do
            stat -L -c '%h %Y' "$file" | sed 's/ 1580608922/ then/; s/ [0-9]*$/ now/'
        done
        "$MOVE" exchange "$place/a/c" "$place/b/d"
        "$MOVE" "$place/a/c" "$place/b/e"
        for file in "$place" "$place"/{a,b,b/d,b/e}; do
            stat -L -c '%h %Y' "$file" | sed 's/ 1580608922/ then/; s/ [0-9]*$/ now/'
        done
        [[ $(stat -c %.Z "$place/b/d") > $before ]]
        exec 3<&-
    done >"$work/said"
    umount "$work/tmpfs"
    sed -n '1,11p' "$work/said" >"$work/here"
    sed -n '12,22p' "$work/said" | cmp "$work/here" -
}

# --- buckets ---------------------------------------------------------------------------------------------------

test_a_bucket_is_moved_with_all_that_is_in_it() {
    local inode
    mkdir -p "$mnt/a/b/c/d" "$mnt/x"
    write 3 "$mnt/a/b/c/milk"
    inode=$(number_of "$mnt/a/b")
    mv "$mnt/a/b" "$mnt/x/y"
    expect $'.\n./x\n./x/y\n./x/y/c\n./x/y/c/d\n./x/y/c/milk' eval "(cd $mnt && find . -path ./a -prune -o -print | sort)"
    expect '' ls -A "$mnt/a"
    expect "$inode" number_of "$mnt/x/y"
    expect 3 cat "$mnt/x/y/c/milk"
    expect '2 3' echo "$(stat -c %h "$mnt/a") $(stat -c %h "$mnt/x")"
    expect $'a\nx\nx/y\nx/y/c\nx/y/c/d' eval 'tree_paths | sort'
    mv "$mnt/x/y" "$mnt"
    mv "$mnt/y" "$mnt/z"
    expect 3 cat "$mnt/z/c/milk"
    mv "$mnt/z" "$mnt/a"
    expect 3 cat "$mnt/a/z/c/milk"
    drop_caches
    expect 3 cat "$mnt/a/z/c/milk"
    expect $'a\na/z\na/z/c\na/z/c/d\nx' eval 'tree_paths | sort'
    expect "$inode" number_of "$mnt/a/z"
}

parent_listed_in() { ls -ai "$1" | awk '$2 == ".." { print $1 }'; }

test_dot_dot_is_where_it_is_now() {
    mkdir -p "$mnt/a/b/c" "$mnt/x"
    expect "$(number_of "$mnt/a")" parent_listed_in "$mnt/a/b"
    cd "$mnt/a/b"
    mv "$mnt/a/b" "$mnt/x/y"
    expect "$(number_of "$mnt/x")" number_of ..
    expect "$mnt/x/y" /bin/pwd
    eventually 5 expect "$(number_of "$mnt/x")" parent_listed_in .
    touch here
    [ -e "$mnt/x/y/here" ]
    mv "$mnt/x" "$mnt/a/x"
    expect "$mnt/a/x/y" /bin/pwd
    cd -P ..
    expect "$mnt/a/x" /bin/pwd
    cd -P ../..
    expect "$mnt" /bin/pwd
    mv a/x/y .
    eventually 5 expect "$(number_of "$mnt")" parent_listed_in y
    drop_caches
    expect "$(number_of "$mnt")" parent_listed_in y
}

test_a_bucket_is_not_moved_into_itself() {
    mkdir -p "$mnt/a/b/c" "$mnt/x"
    refused 'Invalid argument' "$MOVE" "$mnt/a" "$mnt/a/b/new"
    refused 'Invalid argument' "$MOVE" "$mnt/a" "$mnt/a/b/c"
    refused 'Invalid argument' "$MOVE" exchange "$mnt/a/b/c" "$mnt/a"
    refused 'Directory not empty' "$MOVE" "$mnt/a/b/c" "$mnt/a"
    refused 'to a subdirectory of itself' mv "$mnt/a" "$mnt/a/b/c"
    expect $'a\na/b\na/b/c\nx' eval 'tree_paths | sort'
}

test_a_bucket_replaces_an_empty_one() {
    mkdir -p "$mnt/a/b" "$mnt/x/b" "$mnt/full"
    write 3 "$mnt/a/b/milk"
    write 3 "$mnt/full/milk"
    follow_events "$work/events"
    wait_on "$mnt/x/b/.kvfs/monitor" "$work/said"
    "$MOVE" "$mnt/a/b" "$mnt/x/b"
    wait "${waiting[0]}"
    grep -qxE 'DOWN [^ ]+ b normal' "$work/said.1"
    eventually 10 has_lines 2 "$work/events"
    expect $'DOWN x/b normal\nMOVE a/b x/b' cat "$work/events"
    expect 3 cat "$mnt/x/b/milk"
    refused 'Directory not empty' "$MOVE" "$mnt/x/b" "$mnt/full"
    refused 'Not a directory' "$MOVE" "$mnt/x/b" "$mnt/full/milk"
    refused 'Is a directory' "$MOVE" "$mnt/full/milk" "$mnt/x/b"
    refused 'File exists' "$MOVE" noreplace "$mnt/x/b" "$mnt/a"
    "$MOVE" "$mnt/x/b" "$mnt/a"
    expect 3 cat "$mnt/a/milk"
    expect $'a\nfull\nx' ls "$mnt"
    drop_caches
    expect $'a\nfull\nx' ls "$mnt"
    expect 3 cat "$mnt/a/milk"
}

test_two_are_exchanged() {
    mkdir -p "$mnt/a/b/below" "$mnt/x/y"
    write 3 "$mnt/a/milk"
    write 4 "$mnt/x/oat"
    "$MOVE" exchange "$mnt/a/milk" "$mnt/x/oat"
    expect '4 3' echo "$(cat "$mnt/a/milk") $(cat "$mnt/x/oat")"
    "$MOVE" exchange "$mnt/a/b" "$mnt/x/y"
    [ -d "$mnt/x/y/below" ] && [ ! -e "$mnt/a/b/below" ]
    "$MOVE" exchange "$mnt/a/milk" "$mnt/x/y"
    expect 4 cat "$mnt/x/y"
    [ -d "$mnt/a/milk/below" ]
    "$MOVE" exchange "$mnt/a" "$mnt/x"
    [ -d "$mnt/x/milk/below" ]
    drop_caches
    [ -d "$mnt/x/milk/below" ]
    expect 4 cat "$mnt/a/y"
    refused 'No such file' "$MOVE" exchange "$mnt/a/y" "$mnt/x/nothing"
    refused 'Operation not permitted' "$MOVE" exchange "$mnt/a/y" "$mnt/x"
    refused 'Operation not permitted' "$MOVE" exchange "$mnt/x" "$mnt/a/y"
    expect $'a\na/oat\na/y\nx\nx/b\nx/milk\nx/milk/below' eval "(cd $mnt && find * | sort)"
}

test_what_is_no_rename_is_refused() {
    local long
    mkdir -p "$mnt/a" "$mnt/b"
    write 3 "$mnt/a/milk"
    printf -v long '%256s' ''
    refused 'File name too long' "$MOVE" "$mnt/a/milk" "$mnt/b/${long// /x}"
    refused 'Operation not permitted' "$MOVE" "$mnt/a" "$mnt/b/.kvfs"
    refused 'Operation not permitted' "$MOVE" exchange "$mnt/a/milk" "$mnt/b/.kvfs"
    refused 'Operation not permitted' "$MOVE" "$mnt/a/.kvfs" "$mnt/b/kvfs"
    refused 'Operation not permitted' "$MOVE" "$mnt/a/milk" "$mnt/milk"
    refused 'Operation not permitted' "$MOVE" "$mnt/a/milk" "$mnt/b/.kvfs/milk"
    refused 'Invalid argument' "$MOVE" whiteout "$mnt/a/milk" "$mnt/b/milk"
    refused 'Invalid argument' "$MOVE" exchange noreplace "$mnt/a/milk" "$mnt/b"
    refused 'No such file' "$MOVE" "$mnt/a/nothing" "$mnt/b/nothing"
    expect 3 cat "$mnt/a/milk"
}

# --- lives -----------------------------------------------------------------------------------------------------

test_who_monitors_a_moved_bucket_is_told_its_new_name() {
    mkdir -p "$mnt/a/b" "$mnt/x"
    wait_on "$mnt/a/b/.kvfs/monitor" "$work/said"
    mv "$mnt/a/b" "$mnt/x/it is y"
    are_waiting "${waiting[0]}"
    echo kill >"$mnt/x/it is y/.kvfs/ctl"
    wait "${waiting[0]}"
    grep -qxE 'DOWN [^ ]+ it\\040is\\040y killed' "$work/said.1"
    expect '' ls -A "$mnt/x"
    expect '' ls -A "$mnt/a"
    grep -q ' x/it\\040is\\040y killed ' "$mnt/.kvfs/dead"
}

test_who_ends_is_the_new_parents() {
    mkdir -p "$mnt/a/b/c" "$mnt/x/y"
    mv "$mnt/a/b" "$mnt/x/y/b"
    echo kill >"$mnt/a/.kvfs/ctl"
    [ -d "$mnt/x/y/b/c" ]
    mkdir "$mnt/a"
    mv "$mnt/x/y" "$mnt/a"
    echo stop >"$mnt/x/.kvfs/ctl"
    [ -d "$mnt/a/y/b/c" ]
    cd "$mnt/a/y/b/c"
    echo stop >"$mnt/a/.kvfs/ctl"
    [ ! -e "$mnt/a" ]
    refused 'Stale file handle' ls .
    expect '' ls -A "$mnt"
}

test_a_permanent_bucket_is_restarted_where_it_is() {
    mkdir -p "$mnt/a/b" "$mnt/x"
    echo permanent >"$mnt/a/b/.kvfs/restart"
    follow_events "$work/events"
    mv "$mnt/a/b" "$mnt/x/y"
    expect permanent cat "$mnt/x/y/.kvfs/restart"
    write 3 "$mnt/x/y/milk"
    echo kill >"$mnt/x/y/.kvfs/ctl"
    expect '' ls -A "$mnt/x/y"
    expect '1 permanent' echo "$(info_of "$mnt/x/y" restarts) $(cat "$mnt/x/y/.kvfs/restart")"
    expect '' ls -A "$mnt/a"
    happened 'MOVE a/b x/y' 'DOWN x/y killed' 'RESTART x/y 1' "$work/events"
    mv "$mnt/x/y" "$mnt/y"
    echo kill >"$mnt/y/.kvfs/ctl"
    expect 2 info_of "$mnt/y" restarts
    rmdir "$mnt/y"
    [ ! -e "$mnt/y" ]
}

test_links_and_holds_go_along() {
    local holder
    mkdir -p "$mnt/a/b" "$mnt/x" "$mnt/friend"
    echo ../../friend >"$mnt/a/b/.kvfs/link"
    exec 3<"$mnt/a/b/.kvfs/hold"
    eventually 5 expect 1 info_of "$mnt/a/b" holders
    mv "$mnt/a/b" "$mnt/b"
    expect ../friend cat "$mnt/b/.kvfs/link"
    expect ../b cat "$mnt/friend/.kvfs/link"
    expect 1 info_of "$mnt/b" holders
    exec 3<&-
    eventually 5 test ! -e "$mnt/b"
    mkdir "$mnt/a/b"
    echo ../../friend >"$mnt/a/b/.kvfs/link"
    mv "$mnt/a/b" "$mnt/x/b"
    echo kill >"$mnt/friend/.kvfs/ctl"
    [ ! -e "$mnt/x/b" ]
}

test_an_awake_bucket_has_its_new_name_for_its_thread() {
    mkdir -p "$mnt/a/old" "$mnt/x"
    eventually 10 eval "[ \"\$(info_of $mnt/a/old thread)\" = awake ]"
    eventually 5 eval "grep -qx old /proc/$(cat "$daemon/pid")/task/*/comm"
    mv "$mnt/a/old" "$mnt/x/new"
    eventually 5 eval "grep -qx new /proc/$(cat "$daemon/pid")/task/*/comm"
    fails grep -qx old /proc/"$(cat "$daemon/pid")"/task/*/comm
    expect 1 grep -c ' new alive ' "$mnt/.kvfs/tree"
}

test_events_tell_of_moves() {
    follow_events "$work/events"
    mkdir "$mnt/a" "$mnt/x"
    mkdir "$mnt/a/b b"
    touch "$mnt/a/milk"
    mv "$mnt/a/b b" "$mnt/c d"
    mv "$mnt/a/milk" "$mnt/x"
    "$MOVE" exchange "$mnt/c d" "$mnt/x"
    mv "$mnt/x" "$mnt/a/x"
    eventually 10 has_lines 7 "$work/events"
    expect 'START a
START x
START a/b\040b
MOVE a/b\040b c\040d
MOVE c\040d x
MOVE x c\040d
MOVE x a/x' cat "$work/events"
}

# --- many at once ----------------------------------------------------------------------------------------------

test_moves_in_all_directions_lose_nothing() {
    local i name movers=()
    mkdir -p "$mnt"/{a/b/c,d/e,f}
    for i in 1 2 3; do
        write "$i" "$mnt/a/value$i"
        mkdir -p "$mnt/a/bucket$i/below"
        write "$i" "$mnt/a/bucket$i/below/key"
    done
    for i in 1 2 3; do
        "$MOVE" between 1 value$i "$mnt/a" "$mnt/d/e" "$mnt/a/b/c" "$mnt/f" &
        movers+=($!)
        "$MOVE" between 1 bucket$i "$mnt/a" "$mnt/a/b/c" "$mnt/d" "$mnt" &
        movers+=($!)
    done
    while kill -0 "${movers[@]}" 2>/dev/null; do
        find "$mnt" >"$work/found" 2>/dev/null || true
        mkdir "$mnt/f/other"
        echo kill >"$mnt/f/other/.kvfs/ctl"
    done
    for i in "${movers[@]}"; do
        wait "$i"
    done
    for round in 1 2; do
        for i in 1 2 3; do
            expect 1 eval "find $mnt -name value$i | wc -l"
            expect "$i" cat "$(find "$mnt" -name value$i)"
            expect 1 eval "find $mnt -name bucket$i | wc -l"
            expect "$i" cat "$(find "$mnt" -name bucket$i)/below/key"
        done
        expect "$(cd "$mnt" && find . -mindepth 1 -type d -printf '%P\n' | sort)" eval 'tree_paths | sort'
        drop_caches
    done
}

# worker NUMBER      whatever users may do at once with buckets that are moved
worker() {
    local here there
    RANDOM=$(($1 + BASHPID))
    while [ "$(now_ms)" -lt "$end" ]; do
        here=$mnt/t$((RANDOM % 2))/$((RANDOM % 3))
        there=$mnt/t$((RANDOM % 2))/$((RANDOM % 3))
        case $((RANDOM % 10)) in
        0 | 1) mkdir -p "$here/$((RANDOM % 2))"; echo "$RANDOM" >"$here/key" ;;
        2) "$MOVE" "$here" "$there" ;;
        3) "$MOVE" "$here/0" "$there/1/0" ;;
        4) "$MOVE" exchange "$here" "$there/$((RANDOM % 2))" ;;
        5) "$MOVE" "$here/key" "$there/key" ;;
        6) echo kill >"$here/.kvfs/ctl" ;;
        7) echo stop >"$here/.kvfs/ctl" ;;
        8) echo permanent >"$here/.kvfs/restart"; timeout -s KILL 0.05 cat "$there/.kvfs/monitor" ;;
        9) ls -lR "$mnt"; cat "$mnt/.kvfs/tree" "$here/.kvfs/info" ;;
        esac
    done
}

# What `find` sees is what the supervisors know, and each can be looked into.
is_consistent() {
    local path
    (cd "$mnt" && find . -mindepth 1 -type d -printf '%P\n' | sort) >"$work/found"
    tree_paths | sort | cmp "$work/found" -
    while read -r path; do
        [ "$(info_of "$mnt/$path" state)" = alive ]
        expect "$(info_of "$mnt/$path" buckets)" eval "find '$mnt/$path' -mindepth 1 -maxdepth 1 -type d | wc -l"
        expect "$(stat -c %i "$mnt/$path/..")" parent_listed_in "$mnt/$path"
    done <"$work/found"
}

test_moves_and_ends_at_once_agree() {
    local end
    mkdir "$mnt/t0" "$mnt/t1"
    end=$(($(now_ms) + 2000))
    run_workers 4 30
    were_told_nothing_like 'timed out'
    drop_caches
    eventually 5 is_consistent
    rm -rf "$mnt/t0" "$mnt/t1"
    expect '' ls -A "$mnt"
}

run_tests "$@"
