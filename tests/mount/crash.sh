#!/bin/bash
# The daemon is killed: what its users see, and what the next one finds.
#
# usage: crash.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"
# shellcheck disable=SC2034
mounts=by_hand

# kill_kvfs      it, its threads and its helper are gone soon
kill_kvfs() {
    signal_kvfs KILL
    kvfs_has_ended 137
}

# Users see at once that nobody answers, but for what the kernel has cached.
is_broken() {
    refused 'Transport endpoint is not connected' ls "$mnt/new"
    refused 'Transport endpoint is not connected' mkdir "$mnt/new"
}

# The next one cleans up and mounts.
can_be_mounted_again() {
    start_kvfs
    expect 1 grep -cF " $mnt " /proc/self/mountinfo
    expect '' ls -A "$mnt"
    mkdir "$mnt/b"
    write 3 "$mnt/b/milk"
    expect 3 cat "$mnt/b/milk"
    write stop "$mnt/b/.kvfs/ctl"
    [ ! -e "$mnt/b" ]
}

# Nobody of these hangs: they end, and none is in a sleep that no signal ends.
end_soon() {
    eventually 5 have_ended "$@" || {
        ps -o pid=,stat=,wchan:30=,args= -p "$(IFS=, && echo "$*")"
        return 1
    }
}

test_waiting_readers_end_at_once() {
    start_kvfs
    mkdir "$mnt/b"
    wait_on "$mnt/b/.kvfs/monitor" "$work/said" 50
    signal_kvfs KILL
    end_soon "${waiting[@]}"
    expect '' eval "cat $work/said.[0-9]*"
    # EOF, or that.
    fails eval "cat $work/said.err.* | grep -v 'Transport endpoint is not connected'"
    kvfs_has_ended 137
    is_broken
    can_be_mounted_again
}

test_an_idle_daemon_can_be_killed() {
    for round in 1 2 3; do
        start_kvfs
        mkdir "$mnt/b"
        kill_kvfs
        is_broken
    done
    can_be_mounted_again
}

test_files_and_working_directories_are_let_go() {
    start_kvfs
    mkdir "$mnt/b"
    write 3 "$mnt/b/milk"
    cd "$mnt/b"
    exec 3<"$mnt/b/milk" 4>>"$mnt/b/milk"
    kill_kvfs
    refused 'Transport endpoint is not connected' stat .
    refused 'Transport endpoint is not connected' eval 'echo 4 >&4'
    # They are still held when the next one comes.
    can_be_mounted_again
    fails stat .
    fails eval 'echo 4 >&4'
    mkdir "$mnt/b"
    expect '' ls -A "$mnt/b"
    cd /
    exec 3<&- 4>&-
}

# churn      users of every kind, until the daemon is gone. Their pids are in $busy.
churn() {
    local i
    busy=()
    for i in {1..6}; do
        (while is_mounted && ls "$mnt"; do
            mkdir "$mnt/b$((i / 2))" "$mnt/own$i"
            { echo 3 >"$mnt/b$((i / 2))/milk"; cat "$mnt/b$((i / 2))/milk"; }
            cp /bin/true "$mnt/own$i/true"
            ls -l "$mnt/own$i"
            find "$mnt"
            { echo stop >"$mnt/b$((i / 2))/.kvfs/ctl"; }
            rm -r "$mnt/own$i"
        done) >"$work/discarded" 2>&1 &
        busy+=($!)
    done
}

test_killed_during_churn_nobody_hangs() {
    local round busy readers
    for round in {1..6}; do
        start_kvfs
        mkdir "$mnt/watched"
        wait_on "$mnt/watched/.kvfs/monitor" "$work/said" 20
        readers=("${waiting[@]}")
        churn
        sleep "0.$((round * 13 % 7 + 2))"
        signal_kvfs KILL
        end_soon "${readers[@]}" "${busy[@]}"
        kvfs_has_ended 137
        is_broken
    done
    can_be_mounted_again
}

test_the_next_one_comes_while_the_users_are_still_there() {
    local round busy
    for round in {1..4}; do
        start_kvfs
        churn
        sleep 0.3
        signal_kvfs KILL
        start_kvfs
        eventually 10 grep -q 137 "$work"/daemon.*/status
        expect 1 grep -cF " $mnt " /proc/self/mountinfo
        # Some of them go on, now with the new one.
        mkdir "$mnt/mine"
        write 3 "$mnt/mine/milk"
        expect 3 cat "$mnt/mine/milk"
        kill "${busy[@]}" 2>/dev/null || true
        end_soon "${busy[@]}"
        judge_killed
        fusermount3 -u "$mnt"
        kvfs_has_ended 0
    done
}

# The daemons that this test killed.
judge_killed() {
    local status
    for status in "$work"/daemon.*/status; do
        if [ "$(cat "$status")" = 137 ]; then
            touch "${status%status}judged"
        fi
    done
}

test_in_the_background_the_next_one_comes_too() {
    local pid
    run_kvfs "$mnt" 2>"$work/err"
    mkdir "$mnt/b"
    wait_on "$mnt/b/.kvfs/monitor" "$work/said" 5
    # The helper may have ended by itself by then.
    for pid in $(kvfs_processes); do
        kill -s KILL "$pid" 2>/dev/null || true
    done
    end_soon "${waiting[@]}"
    eventually 5 no_kvfs_process
    # Who asks in the moment of the death is told that the connection was aborted.
    eventually 5 refused 'Transport endpoint is not connected' ls "$mnt"
    is_broken
    run_kvfs "$mnt" 2>"$work/err"
    expect '' ls -A "$mnt"
    mkdir "$mnt/b"
    fusermount3 -u "$mnt"
    eventually 10 no_kvfs_process
}

test_a_killed_helper_is_no_hang() {
    local pid
    start_kvfs
    mkdir "$mnt/b"
    wait_on "$mnt/b/.kvfs/monitor" "$work/said" 5
    for pid in $(kvfs_processes); do
        [ "$pid" = "$(cat "$daemon/pid")" ] || kill -s KILL "$pid"
    done
    end_soon "${waiting[@]}"
    # Whether the daemon goes on without it or ends, nobody waits.
    timeout 5 ls "$mnt" >"$work/listing" 2>&1 || [ $? -ne 124 ]
    timeout 5 mkdir "$mnt/c" >"$work/listing" 2>&1 || [ $? -ne 124 ]
    signal_kvfs TERM 2>/dev/null || true
    eventually 30 test -e "$daemon/status"
    touch "$daemon/judged"
    eventually 5 no_kvfs_process
    if is_mounted; then
        can_be_mounted_again
    fi
}

run_tests "$@"
