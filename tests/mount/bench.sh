#!/bin/bash
# scripts/bench fs, with next to nothing to do: is each row there, is it JSON, does it say what is missing and do the
# rest? What it measures here means nothing.
#
# BENCH_BUILD      the build directory whose programs it runs
#
# usage: bench.sh uring|dev [TEST...]
. "${0%/*}/lib.sh"
# shellcheck disable=SC2034
mounts=by_hand
: "${BENCH_BUILD:?a build directory}"
bench=${0%/*}/../../scripts/bench
bars=${0%/*}/../bench/fs.bars

# privately COMMAND...      in a mount namespace of its own. There everybody may open /dev/fuse, and in mode dev the
# kernel's io_uring for FUSE looks as if it were off.
privately() {
    # shellcheck disable=SC2016
    unshare -m --propagation private bash -c '
        [ -e "$work/fuse" ] || mknod -m 666 "$work/fuse" c 10 229
        mount --bind "$work/fuse" /dev/fuse
        if [ "$1" = dev ] && [ -e "$2" ]; then
            echo N >"$work/switch"
            mount --bind "$work/switch" "$2"
        fi
        exec "${@:3}"' _ "$mode" "$uring_switch" "$@"
}

# run_bench ARGUMENT...      what it prints is in $work/table, what it complains about in $work/complaints. Another kvfs
# stands in for memfs_ll.
run_bench() {
    [ "$(id -u)" -eq 0 ] || skip "only root has mount namespaces"
    kvfs_command
    privately env "${kvfs_command[@]:2:4}" "TMPDIR=$work" "BENCH_BUILD=$BENCH_BUILD" \
        "BENCH_MEMFS=${memfs-$BENCH_BUILD/src/kvfs}" "${as[@]}" "$bench" fs --files 10 --mebibytes 1 "$@" 1 \
        >"$work/table" 2>"$work/complaints" || { cat "$work/complaints"; return 1; }
}
as=()

operations() { awk '!/^#/ { print $1 }' "$bars"; }

# has_rows COUNT COLUMNS      so many of each operation, each with so many numbers in a row behind its name
has_rows() {
    local operation
    for operation in $(operations); do
        expect "$1" grep -cE "^$operation( +[0-9]+\.[0-9]+){$2} " "$work/table"
    done
}

# complains_of LINE...      and of nothing else, but that without io_uring its columns are missing
complains_of() {
    [ "$mode" != dev ] || set -- 'is off .*: the column io_uring is missing' "$@"
    local line
    for line; do
        grep -qE "^bench: .*$line" "$work/complaints" || { echo "not told: $line"; return 1; }
    done
    has_lines $# "$work/complaints" || { cat "$work/complaints"; return 1; }
}

is_json() { python3 -m json.tool "$1" >/dev/null; }

# What a transport doesn't have, isn't there: in mode dev tmpfs, memfs_ll, kvfs, bare.
test_each_operation_has_a_row_for_one_client_and_for_two() {
    run_bench --json "$work/json"
    complains_of
    if [ "$mode" = uring ]; then
        has_rows 2 7
    else
        expect 2 grep -cE '^hot-stat +[0-9.]+ +- +- +- +[0-9.]+ +[0-9.]+ +[0-9.]+ ' "$work/table"
    fi
    expect 1 grep -cE '^hot-stat +0 +0\.00 +0\.00 $' "$work/table"
    expect 1 grep -cE '^append +1 +1\.00 +0\.00  write 1\.00$' "$work/table"
    is_json "$work/json"
    expect 2 grep -c '"operation": "hot-stat", "median_us": {"tmpfs": [0-9]' "$work/json"
    expect 1 grep -cF '"operation": "append", "floor": 1, "xattr": 0, "sent": 1.0000}' "$work/json"
}

test_growth_has_a_column_for_each_size() {
    run_bench --growth --keys "10 20 30" --buckets "1 5" --json "$work/json"
    complains_of
    expect 2 grep -cE '^hot-stat( +[0-9]+\.[0-9]+){4} ' "$work/table"
    expect 1 grep -cE '^operation +10 +20 +30 ' "$work/table"
    expect 1 grep -cE '^operation +1 +5 ' "$work/table"
    is_json "$work/json"
    expect 1 grep -c '"operation": "list", "median_us": {"1": [0-9.]*, "5": [0-9.]*}' "$work/json"
}

test_without_memfs_ll_the_rest_is_measured() {
    memfs=$work/none run_bench --json "$work/json"
    complains_of 'there is no .*/none: the column memfs_ll is missing'
    expect 2 grep -cE '^hot-stat +[0-9.]+ +-( +([0-9.]+|-)){2} +- +[0-9.]+ +[0-9.]+ ' "$work/table"
    is_json "$work/json"
    grep -q '"missing": \[.*"memfs_ll"\]' "$work/json"
}

test_what_fails_is_told_and_the_rest_is_measured() {
    local name
    mkdir "$work/broken"
    # shellcheck disable=SC2016 # it is the bench's $work
    printf '#!/bin/sh\nexec "%s" -o ro "%s/mnt"\n' "$BENCH_BUILD/tests/bench/bare" '$work' >"$work/broken/deaf"
    ln -s /bin/false "$work/broken/dead"
    chmod +x "$work/broken/deaf"
    for name in dead deaf; do
        memfs=$work/broken/$name run_bench --json "$work/json"
        grep -q '^bench: .*memfs_ll-dev_fuse: .*failed' "$work/complaints"
        expect 2 grep -cE '^hot-stat +[0-9.]+ +-( +([0-9.]+|-)){2} +- +[0-9.]+ +[0-9.]+ ' "$work/table"
        is_json "$work/json"
    done
}

test_whoever_is_not_root_has_no_tmpfs() {
    as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    "${as[@]}" test -x "$BENCH_BUILD/src/kvfs" -a -x "$bench" || skip "nobody can't reach $BENCH_BUILD"
    chmod 777 "$work"
    run_bench
    complains_of 'only root can mount one: the column tmpfs is missing'
    expect 2 grep -cE '^hot-stat +-( +([0-9.]+|-)){3}( +[0-9.]+){3} ' "$work/table"
}

run_tests "$@"
