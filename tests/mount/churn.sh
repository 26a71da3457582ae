#!/bin/bash
# Buckets of the same few names come and go, as fast as many processes can.
#
# KVFS_CHURN_SECONDS      how long the eight processes run (default: 15)
#
# usage: churn.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"
seconds=${KVFS_CHURN_SECONDS:-15}
# shellcheck disable=SC2034
limit=$((seconds + 90))

# The ways to end bucket b.
stop() { echo stop >"$mnt/b/.kvfs/ctl"; }
kill_it() { echo kill >"$mnt/b/.kvfs/ctl"; }
remove() { rmdir "$mnt/b"; }

# ends_and_begins TIMES COMMAND...      the name of a bucket is free as soon as that has ended it
ends_and_begins() {
    local i times=$1
    shift
    mkdir "$mnt/b"
    for ((i = 0; i < times; i++)); do
        "$@"
        mkdir "$mnt/b"
    done
    expect '' ls -A "$mnt/b"
    echo 3 >"$mnt/b/milk"
    expect 3 cat "$mnt/b/milk"
}

with_a_key() {
    echo 3 >"$mnt/b/milk"
    "$@"
}

with_users() {
    cd "$mnt/b"
    echo 3 >milk
    exec 3<milk 4>>milk
    "$@"
    # They stay until the next round.
}

with_readers() {
    cat "$mnt/b/.kvfs/monitor" >>"$work/said" &
    "$@"
}

test_mkdir_right_after_stop() { ends_and_begins 500 stop; }
test_mkdir_right_after_kill() { ends_and_begins 500 kill_it; }
test_mkdir_right_after_rmdir() { ends_and_begins 500 remove; }
test_mkdir_right_after_stop_with_a_key() { ends_and_begins 200 with_a_key stop; }
test_mkdir_right_after_kill_with_a_key() { ends_and_begins 200 with_a_key kill_it; }
test_mkdir_right_after_stop_with_users() { ends_and_begins 200 with_users stop; }
test_mkdir_right_after_kill_with_users() { ends_and_begins 200 with_users kill_it; }
test_mkdir_right_after_stop_with_a_coming_reader() { ends_and_begins 200 with_readers stop; }

test_mkdir_right_after_rmdir_with_a_working_directory() {
    with_directory() {
        cd "$mnt/b"
        "$@"
    }
    ends_and_begins 200 with_directory remove
}

# --- eight processes, ten names --------------------------------------------------------------------------------

# one_of WORD...      $REPLY
one_of() {
    local index=$((RANDOM % $# + 1))
    REPLY=${!index}
}

# within COMMAND...      hangs are told from failures, which are expected
within() {
    timeout --kill-after=5 20 "$@"
    case $? in
    124 | 137) echo "hangs: $*" >>"$work/hangs" ;;
    esac
}

# worker NUMBER
worker() {
    local bucket
    RANDOM=$1
    while [ "$EPOCHSECONDS" -lt "$end" ]; do
        bucket=$mnt/bucket$((RANDOM % 10))
        one_of mkdir mkdir mkdir stop stop kill rmdir rm write write read list info wait rename root
        case $REPLY in
        mkdir) within mkdir "$bucket" ;;
        stop | kill) echo "$REPLY" >"$bucket/.kvfs/ctl" ;;
        rmdir) within rmdir "$bucket" ;;
        rm) within rm -rf "$bucket" ;;
        write) echo "$RANDOM" >"$bucket/key$((RANDOM % 5))" ;;
        read) within cat "$bucket/key$((RANDOM % 5))" ;;
        list) within ls -l "$bucket" ;;
        info) within cat "$bucket/.kvfs/info" ;;
        # A reader that comes when a bucket ends is told, or finds nothing.
        wait) timeout --kill-after=10 0.1 cat "$bucket/.kvfs/monitor" || [ $? -ne 137 ] || echo "hangs: cat" >>"$work/hangs" ;;
        rename) within mv "$bucket/key1" "$bucket/key2" ;;
        root) within find "$mnt" ;;
        esac
        operations=$((operations + 1))
    done
    echo "$operations" >>"$work/operations"
}

# Gone for everyone, or working.
is_whole() {
    local bucket=$1
    # shellcheck disable=SC2010
    if ls "$mnt" | grep -qx "$bucket"; then
        stat "$mnt/$bucket"
        cat "$mnt/$bucket/.kvfs/info"
        echo 3 >"$mnt/$bucket/last"
        [ "$(cat "$mnt/$bucket/last")" = 3 ]
        ls -l "$mnt/$bucket"
    else
        fails stat "$mnt/$bucket"
        fails cat "$mnt/$bucket/.kvfs/info"
        fails cat "$mnt/$bucket/key1"
    fi
}

test_eight_processes_churn_ten_names() {
    local i end operations=0 descriptors
    mkdir "$mnt/bucket0"
    descriptors=$(ls "/proc/$(cat "$daemon/pid")/fd" | wc -l)
    end=$((EPOCHSECONDS + seconds))
    run_workers 8 $((seconds + 30))
    [ ! -e "$work/hangs" ] || { cat "$work/hangs"; return 1; }
    expect 8 sed -n '$=' "$work/operations"
    were_told_nothing_like Invalid

    for i in {0..9}; do
        is_whole "bucket$i"
    done
    drop_caches
    for i in {0..9}; do
        is_whole "bucket$i"
        [ ! -e "$mnt/bucket$i" ] || rm -r "$mnt/bucket$i"
        fails stat "$mnt/bucket$i"
        mkdir "$mnt/bucket$i"
        rmdir "$mnt/bucket$i"
    done
    expect '' ls -A "$mnt"
    eventually 10 eval "[ \$(ls /proc/$(cat "$daemon/pid")/fd | wc -l) -le $((descriptors + 2)) ]"
    echo "$(awk '{ n += $1 } END { print n }' "$work/operations") operations"
}

run_tests "$@"
