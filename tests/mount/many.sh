#!/bin/bash
# Very many buckets: none is refused, and the last are made as fast as the first.
#
# KVFS_RELEASE      a kvfs without sanitizers, which are slower with all that is there. Tested instead of KVFS.
# BUCKETS           buckets.c's executable
#
# usage: many.sh uring|dev|nodirect|any [TEST...]
. "${0%/*}/lib.sh"
KVFS=${KVFS_RELEASE:-$KVFS}
# shellcheck disable=SC2034
limit=180

if grep -q __asan_init "$KVFS"; then
    echo "1..0 # SKIP needs a kvfs without sanitizers, in KVFS_RELEASE"
    exit 0
fi

of_daemon() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$(cat "$daemon/pid")/status"; }

few_threads() { [ "$(of_daemon Threads)" -le 300 ]; }

# are_made COUNT DIRECTORY OTHER      of two mounts
are_made() {
    local first last beside before
    before=$(of_daemon VmRSS)
    "$BUCKETS" "$2" "$1" "$3" >"$work/times"
    { read -r _ first; read -r _ last; read -r _ beside; } <"$work/times"
    show "$1 buckets: $first ns a mkdir of the first thousand, $last of the last, $beside of a first thousand at the" \
        "same time; $(of_daemon Threads) threads, $((($(of_daemon VmRSS) - before) * 1024 / $1)) bytes a bucket"
    # The machine may have been faster at either time.
    [ "$last" -le $((first * 13 / 10)) ] || [ "$last" -le $((beside * 13 / 10)) ]
    expect "$1" eval "ls -f '$2' | grep -c bucket"
}

# other_mount      a second daemon, for $other
other_mount() {
    local this=$daemon mnt=$work/other
    mkdir "$mnt"
    start_kvfs
    other=$mnt
    daemon=$this
}

test_a_hundred_thousand_are_made_as_fast_as_the_first() {
    local other start i
    other_mount
    are_made 100000 "$mnt" "$other"
    # No more of them keep a thread than may.
    eventually 20 few_threads
    for i in 0 1 50000 99999; do
        write 3 "$mnt/bucket$i/milk"
        expect 3 cat "$mnt/bucket$i/milk"
    done
    start=$(now_ms)
    fusermount3 -u "$mnt"
    eventually 30 test -e "$daemon/status"
    show "they end in $(($(now_ms) - start)) ms"
}

test_as_many_are_made_in_a_bucket() {
    local other start
    other_mount
    mkdir "$mnt/a" "$other/a"
    are_made 100000 "$mnt/a" "$other/a"
    start=$(now_ms)
    echo stop >"$mnt/a/.kvfs/ctl"
    show "they are stopped in $(($(now_ms) - start)) ms"
    expect '' ls -A "$mnt"
}

run_tests "$@"
