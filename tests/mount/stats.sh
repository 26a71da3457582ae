#!/bin/bash
# What the kernel asked, counted and timed.
#
# usage: stats.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# Of the test that runs.
stats=$mnt/.kvfs/stats

# value SERIES FILE      as it stands there; a series that isn't there yet is 0
value() { awk -v series="$1" '$1 == series { value = $2 } END { print value + 0 }' "$2"; }

# grown SERIES FROM TO      by how much
grown() { echo $(($(value "$1" "$3") - $(value "$1" "$2"))); }

# --- what a command sends --------------------------------------------------------------------------------------

# requests FILE      a line for each kind: name and number. What is forgotten or released when is the kernel's business.
requests() {
    awk -F '["} ]+' '/^kvfs_fuse_requests_total{/ && $2 !~ /forget|release/ { print $2, $3 }' "$1"
}

# asked_for COMMAND...      the requests that it sends, beyond those that reading `stats` does
asked_for() {
    cat "$stats" >"$work/before.0"
    cat "$stats" >"$work/before"
    "$@" >/dev/null
    cat "$stats" >"$work/after"
    paste -d ' ' <(requests "$work/before.0") <(requests "$work/before") <(requests "$work/after") |
        awk '{ n = $6 - $4 - ($4 - $2) } n != 0 { print $1, n }' | sort
}

# sends REQUESTS COMMAND...      with a number behind its words that it didn't have before: the machine may run out of
# memory for what the kernel remembers, and so it is tried again
sends() {
    local expected=$1 try
    shift
    for try in 1 2 3; do
        asked_for "$@" $try >"$work/asked"
        [ "$(paste -sd, "$work/asked")" != "$expected" ] || return 0
    done
    echo "expected '$expected' of '$*', got '$(paste -sd, "$work/asked")'"
    return 1
}

# The first of many things is asked only once.
warm_up() {
    mkdir -p "$mnt/b/sub"
    seq 100 >"$mnt/b/key"
    cat "$mnt/b/key" "$stats" >/dev/null
    list_it >/dev/null
    stat "$mnt/b/missing" 2>/dev/null || true
}

append_to() { printf x >&3; }
look_for() { [ ! -e "$mnt/b/missing$1" ]; }
look_again() { [ ! -e "$mnt/b/missing" ]; }
read_it() { cat "$mnt/b/key"; }
stat_it() { stat "$mnt/b/key"; }
# (ls -l would ask for access control lists, which the kernel doesn't keep.)
list_it() { stat "$mnt/b"/*; }
make_bucket() { mkdir "$mnt/b/bucket$1"; }
make_key() { printf x >"$mnt/b/new$1"; }
make_symlink() { ln -s target "$mnt/b/symlink$1"; }

few_inodes() { stat -f -c '%c %d' "$mnt" | awk '{ exit $1 - $2 > 10 }'; }

test_what_is_forgotten_comes_together_over_io_uring() {
    local forgets
    [ "$transport" = io_uring ] || skip "over /dev/fuse it comes among other requests"
    mkdir "$mnt/b"
    (cd "$mnt/b" && seq 3000 | xargs touch)
    cat "$stats" >"$work/before"
    (cd "$mnt/b" && seq 3000 | xargs rm)
    eventually 10 few_inodes
    forgets=$(($(grown 'kvfs_fuse_requests_total{operation="forget"}' "$work/before" "$stats") + \
        $(grown 'kvfs_fuse_requests_total{operation="batch_forget"}' "$work/before" "$stats")))
    if [ "$forgets" -gt 1500 ]; then
        echo "$forgets requests to forget 3000"
        return 1
    fi
}

test_what_is_read_in_order_is_read_far_ahead() {
    local mebibytes=8 reads
    [ "$(id -u)" -eq 0 ] || skip "only root may set how far"
    mkdir "$mnt/b"
    dd if=/dev/zero of="$mnt/b/large" bs=1M count=$mebibytes status=none
    dd of="$mnt/b/large" oflag=nocache conv=notrunc count=0 status=none
    cat "$stats" >"$work/before"
    dd if="$mnt/b/large" of=/dev/null bs=1M status=none
    reads=$(grown 'kvfs_fuse_requests_total{operation="read"}' "$work/before" "$stats")
    if [ "$reads" -gt $((2 * mebibytes)) ]; then
        echo "$reads READs for $mebibytes MiB"
        return 1
    fi
    [ "$(cat "/sys/class/bdi/$(mountpoint -d "$mnt")/read_ahead_kb")" -ge 1024 ]
}

# ring_cores PID      where the threads of rings may run, one a line
ring_cores() {
    local name
    for name in /proc/"$1"/task/*/comm; do
        ! grep -q '^fuse-ring-' "$name" || sed -n 's/^Cpus_allowed_list:\t//p' "${name%comm}status"
    done
}

bound_rings() { ring_cores "$1" | sort -u | wc -l; }

test_a_ring_thread_roams_while_it_reads_ahead() {
    local pid
    [ "$transport" = io_uring ] || skip "over /dev/fuse no thread is bound to a core"
    [ "$(nproc)" -gt 1 ] || skip "there is one core"
    pid=$(cat "$daemon/pid")
    mkdir "$mnt/b"
    dd if=/dev/zero of="$mnt/b/large" bs=1M count=16 status=none
    dd of="$mnt/b/large" oflag=nocache conv=notrunc count=0 status=none
    expect "$(nproc --all)" bound_rings "$pid"
    # Not up to the end, where the kernel asks for the size.
    taskset -c 0 dd if="$mnt/b/large" of=/dev/null bs=1M count=12 status=none
    ring_cores "$pid" >"$work/cores"
    grep -qx "$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$pid/status")" "$work/cores"
    # The next request that isn't a long READ binds it again.
    taskset -c 0 test ! -e "$mnt/b/missing"
    expect "$(nproc --all)" bound_rings "$pid"
}

# request_threads PID      those of libfuse that answer
request_threads() {
    local name
    for name in /proc/"$1"/task/*/comm; do
        ! grep -qE '^fuse' "$name" || basename "${name%/comm}"
    done
}

is_traced() { ! grep -q '^TracerPid:.0$' "/proc/$1/status"; }

lookups_getattrs_reads_and_writes() {
    for i in {1..20}; do
        test ! -e "$mnt/b/missing$1.$i"
        stat --cached=never "$mnt/b/key" >/dev/null
        printf x | dd of="$mnt/b/key" conv=notrunc status=none
        dd of="$mnt/b/key" oflag=nocache conv=notrunc count=0 status=none
        dd if="$mnt/b/key" of=/dev/null count=1 status=none
    done
}

test_an_answer_takes_no_system_call_but_its_reply() {
    opens_are_not_sent
    [ "$mode" != nodirect ] || skip "another thread is woken"
    local i thread threads=() crowd=()
    warm_up
    # By many, so that libfuse has all the threads that it starts.
    for i in {0..11}; do
        lookups_getattrs_reads_and_writes "0.$i" &
        crowd+=($!)
    done
    wait "${crowd[@]}"
    for thread in $(request_threads "$(cat "$daemon/pid")"); do
        threads+=(-p "$thread")
    done
    strace -qq -o "$work/calls" "${threads[@]}" 2>"$work/strace" &
    eventually 5 is_traced "${threads[1]}" || skip "strace can't: $(cat "$work/strace")"
    lookups_getattrs_reads_and_writes 1
    kill $!
    wait $! || true
    sed -E 's/^[0-9]+ +//; s/\(.*//; s/^<\.\.\. ([a-z_0-9]+) resumed.*/\1/' "$work/calls" | sort | uniq -c >"$work/kinds"
    # What a thread does once, like making room for the first reply of a size, is less than one for each of a kind.
    awk '$2 ~ /^(io_uring_enter|read|readv|splice|writev)$/ { replies += $1; next } { others += $1 }
        END { exit !(replies >= 80 && others < 20) }' "$work/kinds" || { cat "$work/kinds"; return 1; }
}

test_each_request_is_counted_once() {
    warm_up
    sends getattr\ 1,lookup\ 1,mkdir\ 1 make_bucket
    sends getattr\ 1,lookup\ 1,symlink\ 1 make_symlink
    sends lookup\ 1 look_for
    exec 3>>"$mnt/b/key"
    printf x >&3
    sends write\ 1 append_to
    exec 3>&-
}

opens_are_not_sent() { [ "$mode" != open ] || skip "here they are"; }

test_a_file_is_made_without_being_opened() {
    opens_are_not_sent
    warm_up
    make_key 0
    asked_for make_key 4 >"$work/asked"
    grep -qx 'mknod 1' "$work/asked"
    grep -qx 'write 1' "$work/asked"
    fails grep -E '^(create|open|release|flush) ' "$work/asked"
}

test_what_the_kernel_remembers_sends_nothing() {
    opens_are_not_sent
    warm_up
    cat "$mnt/b/key" >/dev/null
    list_it >/dev/null
    sends '' read_it
    sends '' stat_it
    sends '' look_again
    list_it >/dev/null
    sends '' list_it
}

test_both_kinds_of_rename_are_told_apart() {
    warm_up
    touch "$mnt/b/one"
    asked_for "$MOVE" "$mnt/b/one" "$mnt/b/two" >"$work/asked"
    expect 'rename 1' grep rename "$work/asked"
    asked_for "$MOVE" noreplace "$mnt/b/two" "$mnt/b/three" >"$work/asked"
    expect 'rename2 1' grep rename "$work/asked"
}

# The same on a mount that is told of each open.
test_opening_is_the_only_request_more() {
    mnt=$work/other stats=$work/other/.kvfs/stats
    mkdir "$mnt"
    start_kvfs -o open
    warm_up
    cat "$mnt/b/key" >/dev/null
    list_it >/dev/null
    sends open\ 1 read_it
    sends '' stat_it
    sends opendir\ 1 list_it
    make_key 0
    asked_for make_key 4 >"$work/asked"
    expect $'create 1\ngetattr 1\nlookup 1\nwrite 1' grep -v xattr "$work/asked"
    cat "$stats" >"$work/stats"
    fails grep -E 'errors_total{operation="(open|opendir|create|release)' "$work/stats"
    eventually 5 eval "cat '$stats' >$work/stats; grep -q 'requests_total{operation=\"releasedir\"} [1-9]' $work/stats"
    [ "$(value 'kvfs_fuse_requests_total{operation="release"}' "$work/stats")" -gt 0 ]
}

test_errors_are_counted_by_errno() {
    local empty='kvfs_fuse_errors_total{operation="rmdir",errno="ENOTEMPTY"}'
    local missing='kvfs_fuse_errors_total{operation="lookup",errno="ENOENT"}'
    warm_up
    cat "$stats" >"$work/before"
    fails rmdir "$mnt/b"
    fails stat "$mnt/b/missing1"
    fails stat "$mnt/b/missing2"
    fails stat "$mnt/b/missing2"
    cat "$stats" >"$work/after"
    expect 1 grown "$empty" "$work/before" "$work/after"
    expect 2 grown "$missing" "$work/before" "$work/after"
}

test_bytes_are_counted() {
    local read=kvfs_fuse_read_bytes_total written=kvfs_fuse_written_bytes_total own
    warm_up
    cat "$stats" >"$work/before"
    head -c 100000 /dev/urandom >"$mnt/b/key"
    cat "$stats" >"$work/between"
    expect 100000 grown $written "$work/before" "$work/between"
    # What it shows is read afterwards.
    own=$(wc -c <"$work/before")
    expect "$own" grown $read "$work/before" "$work/between"
    drop_caches
    cat "$mnt/b/key" >/dev/null
    cat "$stats" >"$work/after"
    own=$(wc -c <"$work/between")
    expect $((own + 100000)) grown $read "$work/between" "$work/after"
    expect 0 grown $written "$work/between" "$work/after"
}

test_what_has_been_answered_was_timed() {
    local operation
    local duration=kvfs_fuse_request_duration_seconds
    warm_up
    mkdir "$mnt/b"/{1..50}
    rmdir "$mnt/b"/{1..50}
    eventually 5 eval "cat '$stats' >$work/stats &&
        [ \"\$(value '${duration}_count{operation=\"rmdir\"}' $work/stats)\" -eq 50 ]"
    for operation in mkdir rmdir write; do
        expect "$(value "kvfs_fuse_requests_total{operation=\"$operation\"}" "$work/stats")" \
            value "${duration}_count{operation=\"$operation\"}" "$work/stats"
    done
    awk '$1 ~ /_sum{operation="mkdir"}/ { exit !($2 > 0 && $2 < 60) }' "$work/stats"
    fails grep -E '_count{operation="(batch_)?forget"}' "$work/stats"
}

test_what_the_kernel_is_told_is_counted() {
    local told='kvfs_fuse_notifications_total{kind="delete"}'
    warm_up
    cat "$stats" >"$work/before"
    echo stop >"$mnt/b/.kvfs/ctl"
    eventually 5 eval "cat '$stats' >$work/after && [ \$(grown '$told' $work/before $work/after) -ge 1 ]"
    [ "$(grown 'kvfs_fuse_notifications_total{kind="inval_inode"}' "$work/before" "$work/after")" -ge 2 ]
}

# --- the text --------------------------------------------------------------------------------------------------

# is_valid FILE      as the text format wants it: each metric together, its HELP and TYPE before it; each series once;
# counters that end in _total; buckets that grow up to +Inf, which is the count
is_valid() {
    awk '
        function bad(why) { print FILENAME ":" FNR ": " why ": " $0; failed = 1 }
        # Its metric, without what a histogram has behind its name.
        function metric_of(name) {
            if (type[name] == "") sub(/_(bucket|sum|count)$/, "", name)
            return name
        }
        function end_of_buckets() { if (below != "") bad("no +Inf before this"); below = "" }
        /^# HELP / {
            if (helped[$3]++) bad("a second HELP")
            if (NF < 4) bad("no help")
            metric = $3
            next
        }
        /^# TYPE / {
            if ($3 != metric) bad("a TYPE without its HELP")
            if (type[$3] != "" || $4 !~ /^(counter|gauge|histogram)$/ || NF != 4) bad("not a TYPE")
            if (($4 == "counter") != ($3 ~ /_total$/)) bad("not a name for a counter")
            type[$3] = $4
            next
        }
        !/^[a-z_]+({[a-z_]+="[^"\\]*"(,[a-z_]+="[^"\\]*")*})? [+]?(Inf|[0-9]+(\.[0-9]+)?)$/ {
            bad("not a sample")
            next
        }
        {
            name = $1
            sub(/{.*/, "", name)
            if (metric_of(name) != metric) bad("not with its metric")
            if (seen[$1]++) bad("a second time")
        }
        name ~ /_bucket$/ {
            series = bound = $1
            sub(/.*le="/, "", bound)
            sub(/".*/, "", bound)
            sub(/,le=.*/, "}", series)
            if (below != "" && (series != last || $2 + 0 < count + 0 || (bound != "+Inf" && bound + 0 <= below + 0)))
                bad("not the next bucket")
            last = series
            count = $2
            below = bound == "+Inf" ? "" : bound
            next
        }
        { end_of_buckets() }
        name ~ /_count$/ && $2 != count { bad("not what is in its buckets") }
        END {
            end_of_buckets()
            for (name in helped) if (type[name] == "") { print name ": no TYPE"; failed = 1 }
            exit failed || NR == 0
        }' "$1" || return 1
    expect '' tail -c 1 "$1"
}

# has_grown FROM TO      nothing that only grows has become less
has_grown() {
    awk '
        $1 !~ /_(total|bucket|sum|count)({|$)/ { next }
        NR == FNR { before[$1] = $2; next }
        $1 in before && $2 + 0 < before[$1] + 0 { print $1, before[$1], $2; failed = 1 }
        { there[$1] = 1 }
        END {
            for (series in before) if (!(series in there)) { print series, "has gone"; failed = 1 }
            exit failed
        }' "$1" "$2"
}

test_the_text_is_what_prometheus_reads() {
    cat "$stats" >"$work/first"
    is_valid "$work/first"
    warm_up
    echo kill >"$mnt/b/.kvfs/ctl"
    fails rmdir "$mnt/b"
    cat "$stats" >"$work/second"
    is_valid "$work/second"
    has_grown "$work/first" "$work/second"
    # It is no checker that finds nothing.
    sed 's/_count{operation="lookup"} /&1/' "$work/second" >"$work/wrong"
    fails is_valid "$work/wrong"
    sed '/le="+Inf"/d' "$work/second" >"$work/wrong"
    fails is_valid "$work/wrong"
    cat "$work/second" "$work/second" >"$work/wrong"
    fails is_valid "$work/wrong"
    fails has_grown "$work/second" "$work/first"
}

test_it_tells_what_there_is() {
    local transport_line=${transport:-.*}
    grep -qE "^kvfs_info\{version=\"[^\"]+\",transport=\"$transport_line\"\} 1$" "$stats"
    expect 0 value kvfs_buckets "$stats"
    expect 1 value kvfs_inodes "$stats"
    mkdir -p "$mnt/a/b" "$mnt/c"
    head -c 10000 /dev/zero >"$mnt/a/key"
    ln "$mnt/a/key" "$mnt/a/other"
    cat "$stats" >"$work/stats"
    expect 3 value kvfs_buckets "$work/stats"
    expect 6 value kvfs_inodes "$work/stats"
    expect 12288 value kvfs_held_bytes "$work/stats"
    expect "$(stat -f -c %c "$mnt")" value kvfs_max_inodes "$work/stats"
    [ "$(value kvfs_actors "$work/stats")" -gt 3 ]
    [ "$(value kvfs_actors_awake "$work/stats")" -le "$(value kvfs_actors "$work/stats")" ]
    awk -v now="$(date +%s)" '$1 == "kvfs_start_time_seconds" { exit !($2 <= now + 1 && $2 > now - 600) }' "$work/stats"
}

test_it_is_a_snapshot() {
    local series='kvfs_fuse_requests_total{operation="mkdir"}'
    exec 3<"$stats"
    mkdir "$mnt/a"
    expect "$(stat -L -c %s /proc/self/fd/3)" eval "tee $work/old <&3 | wc -c"
    exec 3<&-
    is_valid "$work/old"
    expect 0 value "$series" "$work/old"
    expect 1 value "$series" "$stats"
    cp "$stats" "$work/copy"
    is_valid "$work/copy"
    refused 'not permitted' append 3 "$stats"
}

# A reader that keeps what it read, and compares it with what it read before.
read_often() {
    local i
    cat "$stats" >"$work/reader$1.0"
    for i in {1..25}; do
        cat "$stats" >"$work/reader$1.$((i % 2))"
        is_valid "$work/reader$1.$((i % 2))"
        has_grown "$work/reader$1.$(((i + 1) % 2))" "$work/reader$1.$((i % 2))"
    done
}

test_many_read_it_while_others_work() {
    local i readers=() workers=()
    warm_up
    for i in 1 2; do
        # shellcheck disable=SC2016
        bash -c 'while :; do mkdir "$1"; echo 3 >"$1/key"; cat "$1/key" >/dev/null; rm -r "$1"; done' \
            _ "$mnt/b/work$i" &
        workers+=($!)
    done
    for i in {1..8}; do
        read_often "$i" >"$work/reader$i" 2>&1 &
        readers+=($!)
    done
    for i in {1..8}; do
        wait "${readers[i - 1]}" || { cat "$work/reader$i"; return 1; }
    done
    kill "${workers[@]}"
}

run_tests "$@"
