#!/bin/bash
# Buckets that live as long as somebody holds them.
#
# usage: hold.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# holder DIRECTORY OUTPUT      a process that holds it until it is told to end, and says in OUTPUT when there is no more to
# hold. Its PID is in $holding when it holds.
holder() {
    wait_on "$1/.kvfs/hold" "$2"
    holding=${waiting[0]}
}

# ended_with REASON      so ended b, whose monitor tells $work/said.1
ended_with() {
    wait "$monitor"
    grep -qxE "DOWN [^ ]+ b $1" "$work/said.1"
    eventually 5 test ! -e "$mnt/b"
}

make_and_monitor() {
    mkdir -p "$mnt/b"
    wait_on "$mnt/b/.kvfs/monitor" "$work/said"
    monitor=${waiting[0]}
}

# still_there      b, and it isn't about to end: the daemon has heard of what happened before this
still_there() {
    mkdir "$mnt/other"
    holder "$mnt/other" "$work/other"
    kill "$holding"
    eventually 5 test ! -e "$mnt/other"
    are_waiting "$monitor"
    [ -d "$mnt/b" ]
}

# is_held DESCRIPTOR      by it: there is nothing to read, and it isn't over
is_held() {
    local status=0
    read -r -t 0.05 -u "$1" || status=$?
    [ $status -gt 128 ]
}

# --- who holds -------------------------------------------------------------------------------------------------

test_it_ends_when_its_holder_lets_go() {
    local monitor
    make_and_monitor
    exec 9<"$mnt/b/.kvfs/hold"
    write 3 "$mnt/b/milk"
    still_there
    exec 9<&-
    ended_with normal
    # The name is anyone's.
    mkdir "$mnt/b"
    expect '' ls -A "$mnt/b"
}

test_it_ends_with_the_last_of_its_holders() {
    local monitor
    make_and_monitor
    exec 7<"$mnt/b/.kvfs/hold" 8<"$mnt/b/.kvfs/hold" 9<"$mnt/b/.kvfs/hold"
    eventually 5 eval "[ \$(info_of $mnt/b holders) -eq 3 ]"
    exec 8<&-
    still_there
    exec 7<&-
    still_there
    exec 9<&-
    ended_with normal
}

test_an_inherited_descriptor_holds_too() {
    local monitor child
    make_and_monitor
    exec 9<"$mnt/b/.kvfs/hold"
    sleep 1000 &
    child=$!
    exec 8<&9 9<&-
    still_there
    exec 8<&-
    still_there
    kill $child
    ended_with normal
}

test_a_script_takes_its_bucket_along_however_it_ends() {
    local how monitor
    for how in 'exit 0' 'exit 3' 'set -e; false' 'kill -TERM $$' 'kill -KILL $$' 'exec true' 'kill -ABRT $$'; do
        make_and_monitor
        bash -c 'ulimit -c 0; exec 9<"$1"; echo 3 >"$2"; eval "$3"' _ "$mnt/b/.kvfs/hold" "$mnt/b/milk" "$how" \
            >"$work/discarded" 2>&1 || true
        ended_with normal
    done
}

test_it_ends_when_its_last_holder_is_killed() {
    local monitor holding first second
    make_and_monitor
    holder "$mnt/b" "$work/first"
    first=$holding
    holder "$mnt/b" "$work/second"
    second=$holding
    kill -KILL "$first"
    still_there
    kill -KILL "$second"
    ended_with normal
}

test_nobody_has_to_hold_it() {
    local monitor i
    make_and_monitor
    for i in {1..20}; do
        expect fifo stat -c %F "$mnt/b/.kvfs/hold"
        ls -l "$mnt/b/.kvfs" >"$work/listing"
        [ -r "$mnt/b/.kvfs/hold" ]
    done
    drop_caches
    expect 0 info_of "$mnt/b" holders
    still_there
}

test_info_counts_the_holders() {
    mkdir "$mnt/b"
    expect 0 info_of "$mnt/b" holders
    wait_on "$mnt/b/.kvfs/hold" "$work/held" 3
    eventually 5 eval "[ \$(info_of $mnt/b holders) -eq 3 ]"
    kill "${waiting[0]}"
    eventually 5 eval "[ \$(info_of $mnt/b holders) -eq 2 ]"
}

test_a_holder_reads_nothing() {
    mkdir "$mnt/b"
    exec 9<"$mnt/b/.kvfs/hold"
    is_held 9
    refused 'Permission denied' setpriv --reuid 65534 --clear-groups bash -c "echo 3 >'$mnt/b/.kvfs/hold'"
    write 3 "$mnt/b/milk"
    expect 3 cat "$mnt/b/milk"
}

test_nobody_may_write_to_a_holder() {
    [ "$(id -u)" -eq 0 ] || skip "whoever mounts may, and nobody else gets there"
    mkdir "$mnt/b"
    exec 9<"$mnt/b/.kvfs/hold"
    eventually 5 eval "[ \$(info_of $mnt/b holders) -eq 1 ]"
    expect 400 stat -L -c %a /proc/self/fd/9
    refused 'Permission denied' setpriv --reuid 65534 --clear-groups bash -c 'echo 3 >/proc/self/fd/9'
    is_held 9
}

test_many_hold_one() {
    local monitor holders
    make_and_monitor
    wait_on "$mnt/b/.kvfs/hold" "$work/held" 200
    eventually 10 eval "[ \$(info_of $mnt/b holders) -eq 200 ]"
    holders=("${waiting[@]}")
    kill -KILL "${holders[@]:0:199}"
    eventually 10 eval "[ \$(info_of $mnt/b holders) -eq 1 ]"
    still_there
    kill -KILL "${holders[199]}"
    ended_with normal
}

# --- ends of other kinds ---------------------------------------------------------------------------------------

test_holders_see_the_end() {
    local how
    for how in 'write stop' 'write kill' rmdir; do
        mkdir "$mnt/b"
        wait_on "$mnt/b/.kvfs/hold" "$work/held" 3
        case $how in
        rmdir) rmdir "$mnt/b" ;;
        *) $how "$mnt/b/.kvfs/ctl" ;;
        esac
        wait "${waiting[@]}"
        expect '' cat "$work"/held.[123]
        [ ! -e "$mnt/b" ]
        # The new one is another, whom they don't hold.
        mkdir "$mnt/b"
        expect 0 info_of "$mnt/b" holders
        rmdir "$mnt/b"
    done
}

test_who_lets_go_after_the_end_ends_nobody_else() {
    local monitor
    mkdir "$mnt/b"
    exec 9<"$mnt/b/.kvfs/hold"
    echo stop >"$mnt/b/.kvfs/ctl"
    make_and_monitor
    exec 9<&-
    still_there
}

test_the_daemons_end_is_seen() {
    mkdir -p "$mnt/b" "$mnt/a/c"
    wait_on "$mnt/b/.kvfs/hold" "$work/held" 2
    holding=("${waiting[@]}")
    wait_on "$mnt/a/c/.kvfs/hold" "$work/nested"
    signal_kvfs TERM
    kvfs_has_ended 0
    wait "${holding[@]}" "${waiting[@]}"
}

test_the_daemons_crash_is_seen() {
    local holding
    mkdir -p "$mnt/b" "$mnt/a/c"
    wait_on "$mnt/b/.kvfs/hold" "$work/held" 2
    holding=("${waiting[@]}")
    wait_on "$mnt/a/c/.kvfs/hold" "$work/nested"
    signal_kvfs KILL
    eventually 10 have_ended "${holding[@]}" "${waiting[@]}"
    kvfs_has_ended 137
    expect '' cat "$work"/held.[12] "$work/nested.1"
    refused 'Transport endpoint is not connected' ls "$mnt"
    # Without anyone who would clean up.
    umount -l "$mnt"
}

test_coming_and_ending_at_once_nobody_waits_for_ever() {
    local i comers
    for i in {1..40}; do
        mkdir "$mnt/b"
        comers=()
        timeout 20 cat "$mnt/b/.kvfs/hold" >"$work/discarded" 2>>"$work/refused.1" &
        comers+=($!)
        timeout 20 cat "$mnt/b/.kvfs/hold" >"$work/discarded" 2>>"$work/refused.2" &
        comers+=($!)
        [ $((i % 2)) -eq 0 ] || stat "$mnt/b/.kvfs/ctl" >"$work/discarded"
        echo stop >"$mnt/b/.kvfs/ctl"
        eventually 10 have_ended "${comers[@]}"
        [ ! -e "$mnt/b" ]
    done
    says_only 'No such file|Stale file handle' "$work/refused.1"
    says_only 'No such file|Stale file handle' "$work/refused.2"
}

test_coming_and_letting_go_at_once_agree() {
    # Either who comes holds it, or it is over, and said to be.
    local i comer
    for i in {1..30}; do
        mkdir "$mnt/b"
        exec 8<"$mnt/b/.kvfs/hold"
        (
            exec 8<&-
            ! exec 9<"$mnt/b/.kvfs/hold" || ! is_held 9 || [ -d "$mnt/b" ]
        ) 2>>"$work/refused" &
        comer=$!
        [ $((i % 3)) -eq 0 ] || stat "$mnt/b/.kvfs/ctl" >"$work/discarded"
        [ $((i % 3)) -ne 1 ] || stat "$mnt/b/.kvfs/ctl" >"$work/discarded"
        exec 8<&-
        wait $comer
        eventually 5 test ! -e "$mnt/b"
    done
    says_only 'No such file|Stale file handle' "$work/refused"
}

# --- with all the rest -----------------------------------------------------------------------------------------

test_what_is_below_goes_first() {
    mkdir -p "$mnt/a/b/c" "$mnt/a/d"
    follow_events "$work/events"
    exec 9<"$mnt/a/.kvfs/hold"
    exec 9<&-
    eventually 5 test ! -e "$mnt/a"
    happened 'DOWN a/b/c normal' 'DOWN a/b normal' 'DOWN a/d normal' 'DOWN a normal' "$work/events"
}

test_a_nested_one_is_held_too() {
    mkdir -p "$mnt/a/b/c"
    exec 8<"$mnt/a/b/.kvfs/hold" 9<"$mnt/a/b/c/.kvfs/hold"
    exec 9<&-
    eventually 5 test ! -e "$mnt/a/b/c"
    [ -d "$mnt/a/b" ]
    exec 8<&-
    eventually 5 test ! -e "$mnt/a/b"
    expect '' ls -A "$mnt/a"
}

test_the_policy_decides_what_comes_after() {
    mkdir "$mnt/b"
    echo permanent >"$mnt/b/.kvfs/restart"
    write 3 "$mnt/b/milk"
    exec 9<"$mnt/b/.kvfs/hold"
    exec 9<&-
    eventually 5 eval "[ \$(info_of $mnt/b restarts) -eq 1 ]"
    expect '' ls -A "$mnt/b"
    expect 0 info_of "$mnt/b" holders

    echo transient >"$mnt/b/.kvfs/restart"
    exec 9<"$mnt/b/.kvfs/hold"
    exec 9<&-
    eventually 5 test ! -e "$mnt/b"
}

test_a_link_is_left_alone_by_a_normal_end() {
    mkdir "$mnt/b" "$mnt/other"
    echo ../other >"$mnt/b/.kvfs/link"
    exec 9<"$mnt/b/.kvfs/hold"
    exec 9<&-
    eventually 5 test ! -e "$mnt/b"
    expect other ls "$mnt"
    expect '' cat "$mnt/other/.kvfs/link"
}

test_a_lock_is_held_by_one_at_a_time() {
    # mkdir is the lock, and it never outlives who has it.
    local i workers=()
    : >"$work/count"
    for i in {1..6}; do
        bash -c '
            for i in {1..10}; do
                until mkdir "$1/lock" 2>/dev/null; do :; done
                exec 9<"$1/lock/.kvfs/hold" || exit 1
                n=$(cat "$2")
                echo $((n + 1)) >"$2"
                exec 9<&-
            done' _ "$mnt" "$work/count" &
        workers+=($!)
    done
    wait "${workers[@]}"
    expect 60 cat "$work/count"
    eventually 5 test ! -e "$mnt/lock"
}

test_unmounting_works_when_all_have_let_go() {
    local i
    for i in {1..20}; do
        mkdir -p "$mnt/a$i/b"
        exec 8<"$mnt/a$i/.kvfs/hold" 9<"$mnt/a$i/b/.kvfs/hold"
        exec 8<&- 9<&-
    done
    eventually 5 fusermount3 -u "$mnt"
    kvfs_has_ended 0
}

run_tests "$@"
