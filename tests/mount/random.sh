#!/bin/bash
# The same random operations on a tmpfs and in a bucket, compared after each, by one process and by several; see
# tests/random/random.c.
#
# KVFS_RANDOM_SECONDS      how long each test runs (default: 20, which is two minutes over the three modes)
# KVFS_RANDOM_SEED         repeats the one that was shown
#
# usage: random.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"
: "${RANDOM_EXE:?what compares them}"
seconds=${KVFS_RANDOM_SECONDS:-20}
seed=${KVFS_RANDOM_SEED:-$SRANDOM}
# shellcheck disable=SC2034
limit=$((seconds + 150))

unmount_tmpfs() { cd / && ! is_mounted "$work/tmpfs" || umount "$work/tmpfs"; }

# goes_as_on_tmpfs [OPTION...]
goes_as_on_tmpfs() {
    [ "$(id -u)" -eq 0 ] || skip "only root can mount a tmpfs"
    mkdir "$work/tmpfs" "$mnt/b"
    # Reads move no atime in either.
    mount -t tmpfs -o noatime,nosuid,nodev none "$work/tmpfs"
    trap unmount_tmpfs EXIT
    show "seed $seed"
    "$RANDOM_EXE" "$work/tmpfs" "$mnt/b" --seconds "$seconds" --seed "$seed" "$@" >"$work/outcome" || {
        cat "$work/outcome"
        return 1
    }
    show "$(sed 's/^# //' "$work/outcome")"
    expect '' ls -A "$mnt/b"
}

test_random_operations() { goes_as_on_tmpfs; }
test_random_operations_of_several_processes() { goes_as_on_tmpfs --processes 4; }

run_tests "$@"
