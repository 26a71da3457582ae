#!/bin/bash
# Names from users aren't kept for good: after very many, the daemon is as large as after the first thousand. Nor are
# the bytes of large values.
#
# KVFS_RELEASE      a kvfs without sanitizers, which keep what was freed. Tested instead of KVFS.
# KVFS_NAMES        how many (default: 100000)
# NAMES             names.c's executable
#
# usage: memory.sh uring|dev|nodirect|any [TEST...]
. "${0%/*}/lib.sh"
KVFS=${KVFS_RELEASE:-$KVFS}
count=${KVFS_NAMES:-100000}
# shellcheck disable=SC2034
limit=$((count / 1000 + 60))

if grep -q __asan_init "$KVFS"; then
    echo "1..0 # SKIP needs a kvfs without sanitizers, in KVFS_RELEASE"
    exit 0
fi

resident_kb() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$(cat "$daemon/pid")/status"; }
at_most_kb() { [ "$(resident_kb)" -le "$1" ]; }

# comes_back DIRECTORY KIND
comes_back() {
    local i start makers=()
    # By many, so that threads start now.
    for i in {0..9}; do
        "$NAMES" "$2" "$1" $((1000000000 + i * 100)) 100 &
        makers+=($!)
    done
    wait "${makers[@]}"
    sleep 1
    start=$(resident_kb)
    "$NAMES" "$2" "$1" 0 "$count"
    # Forgets and the notifier's work are still under way. Ten bytes a name are less than any name that was kept.
    eventually 20 at_most_kb $((start + count * 10 / 1024)) || {
        echo "$start kB after 1000, $(resident_kb) kB after $count more"
        return 1
    }
}

test_memory_of_buckets_comes_back() {
    comes_back "$mnt" dirs
    expect '' ls -A "$mnt"
}

test_memory_of_keys_comes_back() {
    mkdir "$mnt/b"
    comes_back "$mnt/b" keys
    expect '' ls -A "$mnt/b"
}

test_memory_of_large_values_comes_back() {
    local start
    mkdir "$mnt/b"
    head -c 8M /dev/zero >"$mnt/b/large"
    rm "$mnt/b/large"
    sleep 2
    start=$(resident_kb)
    head -c 100M /dev/zero >"$mnt/b/large"
    [ "$(resident_kb)" -ge $((start + 90 * 1024)) ]
    rm "$mnt/b/large"
    # What is kept ready for others that grow goes soon after the last did.
    eventually 10 at_most_kb $((start + 1024)) || {
        echo "$start kB before, $(resident_kb) kB after"
        return 1
    }
}

run_tests "$@"
