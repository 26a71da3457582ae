#!/bin/bash
# Buckets that are started again: by which policy, how often, and what their users see of it.
#
# usage: restart.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# make POLICY DIRECTORY...
make() {
    local directory policy=$1
    shift
    for directory; do
        mkdir -p "$directory"
        echo "$policy" >"$directory/.kvfs/restart"
    done
}

inode_of() { stat -c %i "$1"; }

# --- the file --------------------------------------------------------------------------------------------------

test_a_bucket_is_temporary_unless_told() {
    local at
    mkdir -p "$mnt/b/nested"
    for at in "$mnt/b" "$mnt/b/nested"; do
        expect temporary cat "$at/.kvfs/restart"
        expect temporary info_of "$at" restart
        expect 0 info_of "$at" restarts
    done
}

test_each_policy_is_taken_and_shown() {
    local at policy
    mkdir -p "$mnt/b/nested"
    for at in "$mnt/b" "$mnt/b/nested"; do
        for policy in transient permanent temporary permanent; do
            echo $policy >"$at/.kvfs/restart"
            expect $policy cat "$at/.kvfs/restart"
            expect $policy info_of "$at" restart
        done
        echo '  transient ' >>"$at/.kvfs/restart"
        expect transient cat "$at/.kvfs/restart"
        printf 'permanent' >"$at/.kvfs/restart"
        expect permanent cat "$at/.kvfs/restart"
        printf '\npermanent\n\ntemporary\n' >"$at/.kvfs/restart"
        expect temporary cat "$at/.kvfs/restart"
    done
}

test_rubbish_is_refused_and_changes_nothing() {
    local word
    make transient "$mnt/b" "$mnt/b/nested"
    write 3 "$mnt/b/milk"
    for word in never Permanent permanen permanentt 'permanent temporary' 'permanent;' x '*' $'\xff' \
        "$(printf '%5000s' '' | tr ' ' x)"; do
        refused 'Invalid argument' write "$word" "$mnt/b/.kvfs/restart"
        refused 'Invalid argument' write "$word" "$mnt/b/nested/.kvfs/restart"
    done
    refused 'Invalid argument' cp /bin/true "$mnt/b/.kvfs/restart"
    # All lines of a write, or none.
    printf 'permanent\nnever\n' >"$work/lines"
    refused 'Invalid argument' cp "$work/lines" "$mnt/b/.kvfs/restart"
    : >"$mnt/b/.kvfs/restart"
    truncate -s 0 "$mnt/b/.kvfs/restart"
    expect transient cat "$mnt/b/.kvfs/restart"
    expect transient cat "$mnt/b/nested/.kvfs/restart"
    expect 3 cat "$mnt/b/milk"
}

# --- who comes back --------------------------------------------------------------------------------------------

# ends POLICY COMMAND...      what becomes of $b, and of its name, is looked at by the next one
ends() {
    local policy=$1
    shift
    make "$policy" "$b"
    write 3 "$b/milk"
    old=$(inode_of "$b")
    rm "$b/milk"
    "$@"
}

goes() {
    ends "$@"
    [ ! -e "$b" ]
    expect '' ls -A "${b%/*}"
    # Nobody remembers the old one.
    mkdir "$b"
    expect temporary cat "$b/.kvfs/restart"
    expect 0 info_of "$b" restarts
    rmdir "$b"
}

comes_back() {
    ends "$@"
    [ -d "$b" ]
    [ "$(inode_of "$b")" != "$old" ]
    refused 'File exists' mkdir "$b"
    expect "${b##*/}" ls -A "${b%/*}"
    expect "$1" cat "$b/.kvfs/restart"
    expect 1 info_of "$b" restarts
    rmdir "$b"
    [ ! -e "$b" ]
}

# policies      of bucket $b
policies() {
    local old
    goes temporary write kill "$b/.kvfs/ctl"
    goes temporary write stop "$b/.kvfs/ctl"
    goes temporary rmdir "$b"
    comes_back transient write kill "$b/.kvfs/ctl"
    goes transient write stop "$b/.kvfs/ctl"
    goes transient rmdir "$b"
    comes_back permanent write kill "$b/.kvfs/ctl"
    comes_back permanent write stop "$b/.kvfs/ctl"
    goes permanent rmdir "$b"
}

test_the_policy_decides_who_is_started_again() {
    local b=$mnt/b
    policies
}

test_the_policy_decides_in_a_bucket_too() {
    local b=$mnt/above/b
    mkdir "$mnt/above"
    policies
    [ -d "$mnt/above" ]
}

test_rm_r_removes_a_permanent_one_for_good() {
    make permanent "$mnt/a" "$mnt/a/b" "$mnt/a/b/c"
    write 3 "$mnt/a/b/c/milk"
    rm -r "$mnt/a"
    expect '' ls -A "$mnt"
    mkdir -p "$mnt/a/b/c"
    expect temporary cat "$mnt/a/b/c/.kvfs/restart"
}

test_it_is_empty_with_the_mode_and_owner_that_it_had() {
    local at old
    make permanent "$mnt/b" "$mnt/a/b"
    for at in "$mnt/b" "$mnt/a/b"; do
        mkdir -p "$at/child/grandchild"
        write 3 "$at/milk"
        chown 12:34 "$at"
        chmod 1750 "$at"
        old=$(inode_of "$at")
        echo kill >"$at/.kvfs/ctl"
        expect '' ls -A "$at"
        [ ! -e "$at/milk" ] && [ ! -e "$at/child" ] && [ ! -e "$at/child/grandchild" ]
        expect '1750 12:34 2' stat -c '%a %u:%g %h' "$at"
        [ "$(inode_of "$at")" != "$old" ]
        write 4 "$at/milk"
        expect 4 cat "$at/milk"
        mkdir "$at/child"
        drop_caches
        expect $'child\nmilk' ls "$at"
        expect '1750 12:34 3' stat -c '%a %u:%g %h' "$at"
    done
}

test_who_was_in_the_old_one_is_not_in_the_new() {
    make permanent "$mnt/b"
    write 3 "$mnt/b/milk"
    cd "$mnt/b"
    # shellcheck disable=SC2094
    exec 3<milk 4>>milk 5>.kvfs/ctl 6>.kvfs/restart
    echo kill >"$mnt/b/.kvfs/ctl"
    for round in 1 2; do
        refused 'Stale file handle' ls .
        refused 'Stale file handle' write 3 new
        refused 'Stale file handle' mkdir new
        refused 'Stale file handle' eval 'cat <&3'
        refused 'Stale file handle' eval 'echo 4 >&4'
        refused 'Stale file handle' eval 'echo kill >&5'
        refused 'Stale file handle' eval 'echo temporary >&6'
        expect '' ls -A "$mnt/b"
        drop_caches
    done
    expect permanent cat "$mnt/b/.kvfs/restart"
    expect 1 info_of "$mnt/b" restarts
    cd "$mnt/b"
    write 5 milk
    expect 5 cat "$mnt/b/milk"
    cd /
    exec 3<&- 4>&- 5>&- 6>&-
}

test_each_monitor_sees_the_end_of_its_own() {
    local round reasons=(killed normal killed)
    follow_events "$work/events"
    make permanent "$mnt/b"
    for round in 0 1 2; do
        wait_on "$mnt/b/.kvfs/monitor" "$work/said$round" 2
        case ${reasons[round]} in
        killed) echo kill >"$mnt/b/.kvfs/ctl" ;;
        normal) echo stop >"$mnt/b/.kvfs/ctl" ;;
        esac
        wait "${waiting[@]}"
        expect 2 eval "cat $work/said$round.[12] | grep -cxE 'DOWN [^ ]+ b ${reasons[round]}'"
        expect $((round + 1)) info_of "$mnt/b" restarts
    done
    expect 6 eval "cat $work/said?.[12] | cut -d' ' -f2 | sort -u | wc -l"
    rmdir "$mnt/b"
    eventually 5 eval "[ \$(sed -n '$=' $work/events) -eq 8 ]"
    expect $'START b\nDOWN b killed\nRESTART b 1\nDOWN b normal\nRESTART b 2\nDOWN b killed\nRESTART b 3\nDOWN b normal' \
        cat "$work/events"
    expect $'b killed 0\nb normal 1\nb killed 2\nb normal 3' eval "cut -d' ' -f2-4 $mnt/.kvfs/dead"
}

# --- and for how long ------------------------------------------------------------------------------------------

# kill_it_often DIRECTORY      three times: the next time is too often
kill_it_often() {
    local i
    for i in 1 2 3; do
        echo kill >"$1/.kvfs/ctl"
        expect $i info_of "$1" restarts
    done
}

test_past_the_intensity_the_directory_goes() {
    local how b
    for how in kill stop; do
        for b in "$mnt/b" "$mnt/above/b"; do
            make permanent "$b"
            mkdir "$b/child"
            kill_it_often "$b"
            mkdir "$b/child"
            wait_on "$b/.kvfs/monitor" "$work/said"
            echo $how >"$b/.kvfs/ctl"
            [ ! -e "$b" ] && [ ! -e "$b/child" ]
            expect 0 eval "ls -A ${b%/*} | grep -cx b || true"
            wait "${waiting[0]}"
            # The name is free, and the past is forgotten.
            mkdir "$b"
            expect temporary cat "$b/.kvfs/restart"
            echo permanent >"$b/.kvfs/restart"
            kill_it_often "$b"
            rmdir "$b"
        done
    done
    [ -d "$mnt/above" ]
}

test_giving_up_on_one_leaves_the_others() {
    local inodes
    make permanent "$mnt/a" "$mnt/a/bad" "$mnt/a/good" "$mnt/a/good/child" "$mnt/sibling"
    write 3 "$mnt/a/good/milk"
    inodes=$(stat -c %i "$mnt/a" "$mnt/a/good" "$mnt/a/good/child" "$mnt/sibling")
    wait_on "$mnt/a/.kvfs/monitor" "$work/said"
    kill_it_often "$mnt/a/bad"
    mkdir -p "$mnt/a/bad/b/c"
    echo kill >"$mnt/a/bad/.kvfs/ctl"
    [ ! -e "$mnt/a/bad" ]
    expect good ls "$mnt/a"
    expect "$inodes" stat -c %i "$mnt/a" "$mnt/a/good" "$mnt/a/good/child" "$mnt/sibling"
    are_waiting "${waiting[0]}"
    # Each has been counted by itself.
    expect 0 info_of "$mnt/a/good" restarts
    kill_it_often "$mnt/a/good"
    kill_it_often "$mnt/a"
    kill_it_often "$mnt/sibling"
    expect $'a\nsibling' ls "$mnt"
}

test_one_restart_leaves_those_above_and_beside() {
    local inodes
    mkdir -p "$mnt/a/b/c" "$mnt/a/b/d"
    make permanent "$mnt/a/b/c"
    inodes=$(stat -c %i "$mnt/a" "$mnt/a/b" "$mnt/a/b/d")
    echo kill >"$mnt/a/b/c/.kvfs/ctl"
    expect "$inodes" stat -c %i "$mnt/a" "$mnt/a/b" "$mnt/a/b/d"
    expect $'c\nd' ls "$mnt/a/b"
    expect 2 info_of "$mnt/a/b" buckets
}

test_a_parents_end_is_the_end_of_permanent_children() {
    local how
    follow_events "$work/events"
    for how in stop kill; do
        mkdir -p "$mnt/a"
        make permanent "$mnt/a/b" "$mnt/a/b/c"
        echo $how >"$mnt/a/.kvfs/ctl"
        [ ! -e "$mnt/a" ] && [ ! -e "$mnt/a/b" ] && [ ! -e "$mnt/a/b/c" ]
        mkdir "$mnt/a"
        expect '' ls -A "$mnt/a"
    done
    # One that comes back has none.
    make permanent "$mnt/a" "$mnt/a/b" "$mnt/a/b/c"
    for how in stop kill; do
        echo $how >"$mnt/a/.kvfs/ctl"
        expect '' ls -A "$mnt/a"
        make permanent "$mnt/a/b" "$mnt/a/b/c"
    done
    expect 2 info_of "$mnt/a" restarts
    eventually 5 grep -qx 'START a/b/c' <(tail -n 1 "$work/events")
    says_only '^(START|DOWN) |^RESTART a [12]$' "$work/events"
}

test_unmounting_starts_nobody_again() {
    make permanent "$mnt/a" "$mnt/a/b" "$mnt/a/b/c" "$mnt/d"
    fusermount3 -u "$mnt"
    kvfs_has_ended 0
}

test_the_daemons_end_starts_nobody_again() {
    local name readers=()
    make permanent "$mnt/a" "$mnt/a/b" "$mnt/a/b/c" "$mnt/d"
    for name in a a/b a/b/c d; do
        wait_on "$mnt/$name/.kvfs/monitor" "$work/said${name//\//_}"
        readers+=("${waiting[@]}")
    done
    signal_kvfs TERM
    kvfs_has_ended 0
    wait "${readers[@]}"
    expect 4 eval "cat $work/said*.1 | grep -cxE 'DOWN [^ ]+ [abcd] shutdown'"
}

# --- while others look -----------------------------------------------------------------------------------------

# killer DIRECTORY      three rounds: every bucket in it is killed as often as is allowed
killer() {
    local round bucket
    for round in 1 2 3; do
        for bucket in "$1"/*; do
            echo kill >"$bucket/.kvfs/ctl"
        done
    done
}

# looker OUTPUT COMMAND...      again and again, until there is $work/done
looker() {
    local output=$1
    shift
    while [ ! -e "$work/done" ]; do
        "$@" >>"$output" 2>>"$output.err" || true
    done
}

# names_stay DIRECTORY      of thirty permanent buckets, each of which is killed three times
names_stay() {
    local i lookers=()
    for i in {10..39}; do
        make permanent "$1/b$i"
        rm -rf "${1:?}/absent$i"
    done
    looker "$work/stat" stat -c %n "$1"/b{10..39} &
    lookers+=($!)
    looker "$work/mkdir" mkdir "$1"/b{10..39} &
    lookers+=($!)
    # shellcheck disable=SC2016
    looker "$work/ls" bash -c 'ls "$1" | wc -l' _ "$1" &
    lookers+=($!)
    eventually 10 eval "[ -s $work/stat ] && [ -s $work/mkdir.err ] && [ -s $work/ls ]"
    killer "$1"
    touch "$work/done"
    wait "${lookers[@]}"

    says_only 'Stale file handle' "$work/stat.err"
    says_only 'File exists' "$work/mkdir.err"
    expect '' cat "$work/mkdir" "$work/ls.err"
    expect 30 sort -u "$work/ls"
    for i in {10..39}; do
        expect 3 info_of "$1/b$i" restarts
        expect '' ls -A "$1/b$i"
    done
    drop_caches
    expect 30 eval "ls $1 | wc -l"
}

test_a_name_never_vanishes_while_it_is_killed() { names_stay "$mnt"; }

test_a_nested_name_never_vanishes_while_it_is_killed() {
    mkdir "$mnt/a"
    names_stay "$mnt/a"
}

test_rmdir_and_kill_at_once_agree() {
    # Either it was removed for good, or rmdir says that it wasn't and it is there.
    local i
    for i in {1..40}; do
        make permanent "$mnt/a/b"
        echo kill >"$mnt/a/b/.kvfs/ctl" 2>>"$work/kills" &
        if rmdir "$mnt/a/b" 2>>"$work/rmdirs"; then
            wait $! || true
            [ ! -e "$mnt/a/b" ]
            expect '' ls -A "$mnt/a"
        else
            wait $!
            [ -d "$mnt/a/b" ]
            expect permanent cat "$mnt/a/b/.kvfs/restart"
            rmdir "$mnt/a/b"
        fi
    done
    says_only 'No such file|Stale file handle' "$work/rmdirs"
    says_only 'No such file|Stale file handle' "$work/kills"
}

test_what_was_missing_is_found_when_it_is_there() {
    local at
    mkdir "$mnt/a"
    for at in "$mnt/x" "$mnt/a/x"; do
        for round in 1 2 3; do
            [ ! -e "$at" ] && [ ! -e "$at" ]
            make permanent "$at"
            [ -d "$at" ] && [ ! -e "$at/key" ] && [ ! -e "$at/b" ]
            echo kill >"$at/.kvfs/ctl"
            [ -d "$at" ] && [ ! -e "$at/key" ] && [ ! -e "$at/b" ]
            mkdir "$at/b"
            write 3 "$at/key"
            [ -d "$at/b" ] && [ -e "$at/key" ]
            echo stop >"$at/.kvfs/ctl"
            [ -d "$at" ] && [ ! -e "$at/key" ] && [ ! -e "$at/b" ]
            rmdir "$at"
        done
        # And when it was given up.
        make permanent "$at"
        kill_it_often "$at"
        echo kill >"$at/.kvfs/ctl"
        [ ! -e "$at" ] && [ ! -e "$at" ]
        mkdir "$at"
        [ -d "$at" ]
    done
}

run_tests "$@"
