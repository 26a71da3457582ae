#!/bin/bash
# Very many keys in one bucket: each is listed once, and each of a million as fast as each of a hundred thousand.
#
# KVFS_RELEASE      a kvfs without sanitizers, which are slower with all that is there. Tested instead of KVFS.
# KVFS_KEYS         how many (default: 1000000)
# KEYS              keys.c's executable
# NAMES             names.c's
#
# usage: keys.sh uring|dev|nodirect|any [TEST...]
. "${0%/*}/lib.sh"
KVFS=${KVFS_RELEASE:-$KVFS}
count=${KVFS_KEYS:-1000000}
# shellcheck disable=SC2034
limit=240 mounts=by_hand

if grep -q __asan_init "$KVFS"; then
    echo "1..0 # SKIP needs a kvfs without sanitizers, in KVFS_RELEASE"
    exit 0
fi

# make_keys DIRECTORY COUNT      by two at once
make_keys() {
    mkdir "$1"
    "$KEYS" make "$1" 0 $(($2 / 2)) &
    "$KEYS" make "$1" $(($2 / 2)) $(($2 - $2 / 2))
    wait $!
}

# list_keys DIRECTORY COUNT      prints how long each took, at best. The kernel forgets a listing when a name is added.
list_keys() {
    local round
    for round in 1 2; do
        : >"$1/other$round"
        "$KEYS" list "$1" "$2"
    done | sort -n | head -n 1
}

test_each_key_of_a_million_is_listed_once() {
    local few many busy
    start_kvfs -o nr_inodes=0
    make_keys "$mnt/few" $((count / 10))
    few=$(list_keys "$mnt/few" $((count / 10)))
    make_keys "$mnt/many" "$count"
    many=$(list_keys "$mnt/many" "$count")
    show "$few ns a key of $((count / 10)), $many of $count"
    # If it were not O(n), it would be ten times as much.
    [ "$many" -le $((few * 3)) ]

    # Others come and go meanwhile.
    "$NAMES" keys "$mnt/many" 0 1000000000 &
    busy=$!
    "$KEYS" list "$mnt/many" "$count"
    kill -0 $busy
    kill $busy
}

run_tests "$@"
