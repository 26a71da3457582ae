#!/bin/bash
# Which buckets have a thread of their own, and for how long: -o linger and -o max_awake.
#
# usage: threads.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"
# shellcheck disable=SC2034
mounts=by_hand

# awake, awake_are LEAST MOST      how many buckets are, which are all called b and a number
awake() { awk '$2 ~ /^b[0-9]+$/ && $6 != "-" { n++ } END { print n + 0 }' "$mnt/.kvfs/tree"; }
awake_are() { [ "$(awake)" -ge "$1" ] && [ "$(awake)" -le "$2" ]; }

# threads, threads_are LEAST MOST      of the daemon, as ps -T shows them: those that are called b and a number.
threads() { cat "/proc/$(cat "$daemon/pid")"/task/*/comm 2>/dev/null | grep -cxE 'b[0-9]+' || true; }
threads_are() { [ "$(threads)" -ge "$1" ] && [ "$(threads)" -le "$2" ]; }

# To look at the tree wakes everyone in it who isn't called directly.
not_woken() { [ "$mode" != nodirect ] || skip "looking wakes them"; }

test_a_bucket_sleeps_when_it_has_idled_so_long() {
    not_woken
    start_kvfs -o linger=0.5
    mkdir -p "$mnt"/b{1..20}/b21
    # Each gets its thread when it is no longer young.
    eventually 10 awake_are 1 40
    eventually 10 awake_are 0 0
    eventually 10 threads_are 0 0
    expect hibernated info_of "$mnt/b7" thread
    # It is there all the same.
    write 3 "$mnt/b7/b21/milk"
    expect 3 cat "$mnt/b7/b21/milk"
    wait_on "$mnt/b7/b21/.kvfs/monitor" "$work/said"
    echo stop >"$mnt/b7/.kvfs/ctl"
    wait "${waiting[0]}"
    grep -qxE 'DOWN [^ ]+ b21 normal' "$work/said.1"
}

test_no_more_are_awake_than_may() {
    not_woken
    local i
    start_kvfs -o linger=1000,max_awake=15
    mkdir "$mnt"/b{1..40}
    # The daemon's own parts count, too.
    eventually 10 awake_are 1 15
    for i in {1..40}; do
        write "$i" "$mnt/b$i/key"
    done
    eventually 10 awake_are 1 15
    eventually 10 threads_are 1 15
    expect 40 eval "cat $mnt/b*/key | sort -un | wc -l"
    for i in {1..40}; do
        echo kill >"$mnt/b$i/.kvfs/ctl"
    done
    expect '' ls -A "$mnt"
}

test_nobody_need_be_awake() {
    not_woken
    start_kvfs -o max_awake=0
    mkdir -p "$mnt"/b{1..20}/b21
    follow_events "$work/events"
    eventually 10 threads_are 0 0
    exec 9<"$mnt/b3/.kvfs/hold"
    echo permanent >"$mnt/b4/.kvfs/restart"
    echo kill >"$mnt/b4/.kvfs/ctl"
    exec 9<&-
    eventually 5 test ! -e "$mnt/b3"
    eventually 5 grep -qx 'DOWN b3 normal' "$work/events"
    grep -qx 'RESTART b4 1' "$work/events"
    expect 0 awake
    threads_are 0 0
}

test_hundreds_are_awake_unless_told() {
    not_woken
    start_kvfs
    mkdir "$mnt"/b{1..400}
    eventually 10 awake_are 200 256
    threads_are 200 256
}

# --- no thread to be had ---------------------------------------------------------------------------------------

# limit_threads      of the daemon, to those that it has; allow_threads undoes it
limit_threads() {
    local above
    above=$(findmnt -rn -o TARGET -t cgroup -O pids | head -n 1)
    above=${above:-/sys/fs/cgroup}
    limits=$above/kvfs-test-$$
    mkdir "$limits" 2>/dev/null || skip "no cgroup to limit threads with"
    # shellcheck disable=SC2064
    trap "cat '$limits/cgroup.procs' >'$above/cgroup.procs'; rmdir '$limits'" EXIT
    [ -e "$limits/pids.max" ] || skip "no cgroup to limit threads with"
    cat "$daemon/pid" >"$limits/cgroup.procs"
    cat "$limits/pids.current" >"$limits/pids.max"
}

allow_threads() { echo max >"$limits/pids.max"; }

test_without_a_thread_to_be_had_all_goes_on() {
    local i limits follower
    start_kvfs
    mkdir "$mnt/first"
    follow_events "$work/events"
    limit_threads
    mkdir -p "$mnt"/b{1..30}/b31
    for i in {1..30}; do
        write "$i" "$mnt/b$i/key"
        write "$i" "$mnt/b$i/b31/key"
    done
    expect 30 eval "cat $mnt/b*/key $mnt/b*/b31/key | sort -un | wc -l"
    wait_on "$mnt/b1/b31/.kvfs/monitor" "$work/said"
    echo permanent >"$mnt/b2/.kvfs/restart"
    echo ../b3 >"$mnt/b2/.kvfs/link"
    echo kill >"$mnt/b3/.kvfs/ctl"
    eventually 5 eval "[ \$(info_of $mnt/b2 restarts) -eq 1 ]"
    echo stop >"$mnt/b1/.kvfs/ctl"
    [ ! -e "$mnt/b1" ]
    wait "${waiting[0]}"
    grep -qxE 'DOWN [^ ]+ b31 normal' "$work/said.1"
    exec 9<"$mnt/b4/.kvfs/hold"
    exec 9<&-
    eventually 5 test ! -e "$mnt/b4"
    eventually 10 grep -qx 'DOWN b4 normal' "$work/events"
    # When there are some again, whoever wants one gets it.
    allow_threads
    mkdir "$mnt"/b{51..60}
    eventually 15 threads_are 1 256
    rm -r "$mnt"/b*
    kill "$follower"
    expect first ls "$mnt"
    eventually 5 fusermount3 -u "$mnt"
    kvfs_has_ended 0
}

test_without_a_thread_to_be_had_it_ends() {
    local limits
    start_kvfs
    mkdir -p "$mnt"/b{1..30}/b31
    wait_on "$mnt/b7/b31/.kvfs/monitor" "$work/said"
    limit_threads
    mkdir "$mnt"/b{1..30}/b32
    signal_kvfs TERM
    kvfs_has_ended 0
    wait "${waiting[0]}"
    grep -qxE 'DOWN [^ ]+ b31 shutdown' "$work/said.1"
}

# switches NAME...      how often the daemon's threads of these names have gone to sleep
switches() {
    local thread
    for thread in "/proc/$(cat "$daemon/pid")"/task/*; do
        ! grep -qxF "$(printf '%s\n' "$@")" "$thread/comm" || cat "$thread/status"
    done | awk '$1 == "voluntary_ctxt_switches:" { n += $2 } END { print n + 0 }'
}

test_what_is_removed_wakes_no_thread() {
    not_woken
    local i before after
    start_kvfs
    mkdir "$mnt/b1"
    # It has its own thread by then.
    eventually 5 awake_are 1 1
    before=$(switches b1 notifier leaver)
    for i in {1..300}; do
        mkdir "$mnt/b1/sub"
        rmdir "$mnt/b1/sub"
    done
    after=$(switches b1 notifier leaver)
    if [ $((after - before)) -gt 50 ]; then
        echo "$((after - before)) wake-ups for 300 buckets removed"
        return 1
    fi
}

run_tests "$@"
