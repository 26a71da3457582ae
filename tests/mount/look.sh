#!/bin/bash
# Looking inside: which actors there are, who has ended and why, and what happens as it happens.
#
# usage: look.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# Of the test that runs.
tree=$mnt/.kvfs/tree
dead=$mnt/.kvfs/dead
events=$mnt/.kvfs/events

# Of an actor, or of a thread that is still busy with one that has ended.
actor_line='^[0-9]+ [^ ]+ (alive|ending) [0-9]+ [0-9]+ (-|[0-9]+)$|^- [^ ]+ ended - - [0-9]+ working [0-9.]+$'

# line_of PATH      of a bucket in the tree, whose name is nobody else's
line_of() { awk -v name="${1##*/}" '$2 == name' "$tree"; }

# restarts_in_tree PATH, thread_in_tree PATH
restarts_in_tree() { line_of "$1" | cut -d' ' -f5; }
thread_in_tree() { line_of "$1" | cut -d' ' -f6; }

# --- tree ------------------------------------------------------------------------------------------------------

test_the_tree_has_a_line_for_each_bucket() {
    mkdir -p "$mnt"/a/{b/{c,d},e} "$mnt/f"
    write 3 "$mnt/a/milk"
    grep -q '^0 kvfs alive ' "$tree"
    says_only "$actor_line" "$tree"
    expect $'a\na/b\na/b/c\na/b/d\na/e\nf' tree_paths
    rm -r "$mnt/a/b"
    expect $'a\na/e\nf' tree_paths
    echo kill >"$mnt/a/.kvfs/ctl"
    expect f tree_paths
    rmdir "$mnt/f"
    expect '' tree_paths
    says_only "$actor_line" "$tree"
}

test_the_tree_tells_one_level_from_the_next() {
    local depth
    mkdir -p "$mnt/top/below/lowest"
    depth=$(line_of top | cut -d' ' -f1)
    expect $((depth + 1)) eval 'line_of below | cut -d" " -f1'
    expect $((depth + 2)) eval 'line_of lowest | cut -d" " -f1'
    [ "$depth" -ge 1 ]
    # Who supervises it.
    expect $((depth - 1)) eval 'line_of registry | cut -d" " -f1'
}

test_odd_names_keep_to_their_line() {
    mkdir -p "$mnt/two words/new
line/back\\slash" "$mnt/registry/kvfs" "$mnt/-"
    says_only "$actor_line" "$tree"
    expect $'-\nregistry\nregistry/kvfs\ntwo\\040words\ntwo\\040words/new\\012line\ntwo\\040words/new\\012line/back\\134slash' \
        eval 'tree_paths | sort'
}

test_the_tree_counts_restarts() {
    mkdir -p "$mnt/a/b"
    echo permanent >"$mnt/a/b/.kvfs/restart"
    expect 0 restarts_in_tree a/b
    echo kill >"$mnt/a/b/.kvfs/ctl"
    echo kill >"$mnt/a/b/.kvfs/ctl"
    expect 2 restarts_in_tree a/b
    expect 0 restarts_in_tree a
    expect 2 info_of "$mnt/a/b" restarts
}

# runs_in NAME      a thread of that name, which is the one in the tree
runs_in() {
    local thread
    thread=$(thread_in_tree "$1")
    [ "$(cat "/proc/$(cat "$daemon/pid")/task/$thread/comm")" = "$1" ]
}

test_the_tree_shows_who_is_awake() {
    mkdir -p "$mnt/above/sleeper"
    # Once it is not so young any more it has a thread for a while.
    eventually 5 runs_in sleeper
    eventually 5 runs_in above
    expect awake info_of "$mnt/above/sleeper" thread
}

test_the_tree_is_a_snapshot() {
    mkdir "$mnt/a"
    exec 3<"$tree"
    mkdir "$mnt/b"
    expect 0 eval 'grep -c "^[0-9]* b " <&3 || true'
    expect $'a\nb' tree_paths
    exec 3<"$tree"
    expect "$(stat -L -c %s /proc/self/fd/3)" eval 'wc -c <&3'
    cp "$tree" "$work/copy"
    grep -q '^[0-9]* b alive' "$work/copy"
    exec 3<&-
}

test_a_wide_tree_is_whole_while_others_change_it() {
    local i changer
    mkdir -p "$mnt/stays"
    (cd "$mnt/stays" && seq -f 'n%04.0f/below' 1 400 | xargs mkdir -p)
    # shellcheck disable=SC2016
    bash -c 'while :; do mkdir -p "$1/a/b/c/d" "$1/stays/other"; rm -r "$1/a" "$1/stays/other"; done' _ "$mnt" &
    changer=$!
    for i in {1..15}; do
        cat "$tree" >"$work/tree"
        says_only "$actor_line" "$work/tree"
        expect 400 grep -cE '^[0-9]+ n[0-9]{4} ' "$work/tree"
        expect 400 grep -c '^[0-9]* below ' "$work/tree"
    done
    kill $changer
}

# --- info ------------------------------------------------------------------------------------------------------

test_info_tells_of_all_that_a_bucket_has_to_do_with() {
    local name
    mkdir -p "$mnt/a/b" "$mnt/a/c" "$mnt/d"
    echo ../d >"$mnt/a/.kvfs/link"
    echo permanent >"$mnt/a/.kvfs/restart"
    exec 3<"$mnt/a/.kvfs/hold"
    eventually 5 eval "[ \$(info_of $mnt/a holders) -eq 1 ]"
    expect 2 info_of "$mnt/a" buckets
    expect 1 info_of "$mnt/a" links
    expect 0 info_of "$mnt/a" restarts
    expect permanent info_of "$mnt/a" restart
    expect alive info_of "$mnt/a" state
    for name in state thread mailbox handled_direct handled_by_thread keys bytes buckets links holders restart restarts \
        seconds held_bytes max_bytes max_keys; do
        expect 1 grep -cE "^$name [^ ]+$" "$mnt/a/.kvfs/info"
    done
    expect 16 sed -n '$=' "$mnt/a/.kvfs/info"
    exec 3<&-
}

# --- dead ------------------------------------------------------------------------------------------------------

test_the_dead_are_listed_with_time_reason_and_age() {
    local before after line
    expect '' cat "$dead"
    mkdir -p "$mnt/a/b" "$mnt/two words"
    # Its clock may be a tick behind.
    before=$(date -u -d '1 second ago' +%FT%T.%3NZ)
    echo kill >"$mnt/a/b/.kvfs/ctl"
    eventually 5 has_lines 1 "$dead"
    rmdir "$mnt/a"
    eventually 5 has_lines 2 "$dead"
    echo stop >"$mnt/two words/.kvfs/ctl"
    eventually 5 has_lines 3 "$dead"
    after=$(date -u +%FT%T.%3NZ)
    expect $'a/b killed 0\na normal 0\ntwo\\040words normal 0' cut -d' ' -f2-4 "$dead"
    says_only '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z [^ ]+ [^ ]+ [0-9]+ [0-9]+\.[0-9]{3}$' "$dead"
    while read -r line; do
        [[ ! ${line%% *} < $before && ! ${line%% *} > $after ]]
    done <"$dead"
    # The oldest comes first.
    expect '' eval "cut -d' ' -f1 '$dead' | sort -c 2>&1"
}

test_the_dead_are_counted_as_old_as_they_were() {
    mkdir "$mnt/a"
    eventually 5 eval "awk '\$1 == \"seconds\" { exit \$2 < 0.5 }' $mnt/a/.kvfs/info"
    echo kill >"$mnt/a/.kvfs/ctl"
    eventually 5 has_lines 1 "$dead"
    awk '{ exit !($5 >= 0.5 && $5 < 30) }' "$dead"
}

test_the_dead_tell_their_restarts() {
    mkdir "$mnt/a"
    echo permanent >"$mnt/a/.kvfs/restart"
    echo kill >"$mnt/a/.kvfs/ctl"
    echo stop >"$mnt/a/.kvfs/ctl"
    echo kill >"$mnt/a/.kvfs/ctl"
    echo kill >"$mnt/a/.kvfs/ctl"
    [ ! -e "$mnt/a" ]
    eventually 5 has_lines 4 "$dead"
    expect $'a killed 0\na normal 1\na killed 2\na killed 3' cut -d' ' -f2-4 "$dead"
}

test_the_last_thousand_dead_are_kept() {
    (cd "$mnt" && seq -f b%04.0f 1 1250 | xargs mkdir && seq -f b%04.0f 1 1250 | xargs rmdir)
    has_lines 1000 "$dead"
    # With threads of their own some may be overtaken.
    [ "$mode" = nodirect ] || expect "$(seq -f b%04.0f 251 1250)" eval "cut -d' ' -f2 '$dead'"
    mkdir "$mnt/last"
    echo kill >"$mnt/last/.kvfs/ctl"
    eventually 5 grep -q ' last killed ' "$dead"
    has_lines 1000 "$dead"
    [ "$mode" = nodirect ] || expect b0252 eval "head -n 1 '$dead' | cut -d' ' -f2"
}

test_what_is_too_long_is_cut_at_its_beginning() {
    local name i
    # A blank is four bytes when it is written.
    printf -v name '%200s' ''
    name=x${name}x
    follow_events "$work/events"
    cd "$mnt"
    for i in {1..7}; do
        mkdir "$i$name"
        cd "$i$name"
    done
    cd "$mnt"
    echo stop >"1$name/.kvfs/ctl"
    eventually 5 has_lines 14 "$work/events"
    # With plain blanks again.
    sed -i 's|\\040|_|g' "$work/events"
    sed 's|\\040|_|g' "$dead" >"$work/dead"
    name='x_{200}x'
    expect 7 grep -cE "^START ([1-7]$name/)*[1-7]$name$" "$work/events"
    expect 7 grep -cE "^DOWN ([1-7]$name/)*[1-7]$name normal$" "$work/events"
    expect 7 grep -cE "Z ([1-7]$name/)*[1-7]$name normal 0 [0-9.]+$" "$work/dead"
    grep -qxE "DOWN 1$name normal" "$work/events"
}

# --- events ----------------------------------------------------------------------------------------------------

test_events_come_as_they_happen() {
    exec 5<"$events"
    # says LINE      is the next
    says() {
        local line
        read -r -t 10 -u 5 line
        expect "$1" echo "$line"
    }
    mkdir -p "$mnt/a/b" "$mnt/two words"
    says 'START a'
    says 'START a/b'
    says 'START two\040words'
    echo kill >"$mnt/a/b/.kvfs/ctl"
    says 'DOWN a/b killed'
    mkdir "$mnt/a/b"
    says 'START a/b'
    echo permanent >"$mnt/a/b/.kvfs/restart"
    echo kill >"$mnt/a/b/.kvfs/ctl"
    says 'DOWN a/b killed'
    says 'RESTART a/b 1'
    echo stop >"$mnt/a/.kvfs/ctl"
    head -n 2 <&5 >"$work/ends"
    happened 'DOWN a/b normal' 'DOWN a normal' "$work/ends"
    rmdir "$mnt/two words"
    says 'DOWN two\040words normal'
    local status=0
    read -r -t 0.1 -u 5 || status=$?
    [ $status -gt 128 ]
    exec 5<&-
}

test_events_come_from_the_moment_of_the_open() {
    local i line
    for i in {1..100}; do
        mkdir "$mnt/a"
        exec 5<"$events"
        echo kill >"$mnt/a/.kvfs/ctl"
        read -r -t 10 -u 5 line
        expect 'DOWN a killed' echo "$line"
        exec 5<&-
    done
}

test_every_reader_is_told() {
    local i
    wait_on "$events" "$work/said" 40
    mkdir -p "$mnt/a/b"
    echo stop >"$mnt/a/.kvfs/ctl"
    for i in {1..40}; do
        happened 'START a' 'START a/b' 'DOWN a/b normal' 'DOWN a normal' "$work/said.$i"
    done
}

test_a_reader_that_is_killed_leaves_the_others() {
    local round
    wait_on "$events" "$work/killed" 10
    local killed=("${waiting[@]}")
    wait_on "$events" "$work/said" 2
    mkdir "$mnt/a"
    kill -KILL "${killed[@]:0:5}"
    mkdir "$mnt/b"
    kill -KILL "${killed[@]:5}"
    mkdir "$mnt/c"
    for round in 1 2; do
        eventually 5 has_lines 3 "$work/said.$round"
        expect $'START a\nSTART b\nSTART c' cat "$work/said.$round"
    done
    # And one that comes later is told of what comes later.
    follow_events "$work/late"
    rmdir "$mnt/a"
    eventually 5 has_lines 1 "$work/late"
    expect 'DOWN a normal' cat "$work/late"
}

# much FIRST LAST      makes and ends so many buckets of long names
much() {
    local name
    printf -v name '%150s' ''
    seq -f "${name// /x}%.0f" "$1" "$2" >"$work/much"
    (cd "$mnt" && xargs mkdir <"$work/much" && xargs rmdir <"$work/much")
}

# accounts_for COUNT FILE      each of the events is in it or is said to be lost
accounts_for() { [ "$(awk '$1 == "LOST" { n += $2; next } { n++ } END { print n + 0 }' "$2")" -eq "$1" ]; }

test_a_slow_reader_is_told_what_it_lost() {
    local slow fast i
    follow_events "$work/fast"
    fast=$follower
    follow_events "$work/slow"
    slow=$follower
    kill -STOP "$slow"
    for i in {1..10}; do
        # Less than there is room for in a pipe.
        much $((i * 100 - 99)) $((i * 100))
        # Nobody waits for the slow one.
        eventually 10 has_lines $((i * 200)) "$work/fast"
    done
    says_only '^(START|DOWN) x+[0-9]+( normal)?$' "$work/fast"
    kill -CONT "$slow"
    eventually 10 accounts_for 2000 "$work/slow"
    grep -qxE 'LOST [0-9]+' "$work/slow"
    says_only '^LOST [0-9]+$|^(START|DOWN) x+[0-9]+( normal)?$' "$work/slow"
    # What came is in order, and from now on it is told everything again.
    grep -v LOST "$work/slow" >"$work/came"
    expect '' eval "awk 'NR == FNR { at[\$0] = NR; next } at[\$0] <= last { print } { last = at[\$0] }' $work/fast $work/came"
    mkdir "$mnt/a"
    rmdir "$mnt/a"
    eventually 5 eval "[ \"\$(tail -n 2 $work/slow)\" = $'START a\nDOWN a normal' ]"
    are_waiting "$slow" "$fast"
}

test_a_reader_that_never_reads_holds_nobody_up() {
    exec 5<"$events" 6<"$events"
    much 1 1000
    write 3 "$mnt/x" 2>/dev/null || true
    mkdir "$mnt/a"
    write 3 "$mnt/a/milk"
    expect 3 cat "$mnt/a/milk"
    # Once it reads it is told.
    timeout 10 sed '/LOST/q' <&5 >"$work/said"
    expect 1 grep -cxE 'LOST [0-9]+' "$work/said"
    exec 5<&- 6<&-
}

test_a_line_that_was_read_in_part_is_read_whole() {
    local first rest
    exec 5<"$events"
    mkdir "$mnt/abc"
    IFS= read -r -N 4 -t 5 -u 5 first
    mkdir "$mnt/d"
    IFS= read -r -t 5 -u 5 rest
    expect 'START abc' echo "$first$rest"
    read -r -t 5 -u 5 rest
    expect 'START d' echo "$rest"
    exec 5<&-
}

test_events_that_were_only_looked_at_hinder_nobody() {
    local i
    for i in {1..50}; do
        expect fifo stat -c %F "$events"
        ls -l "$mnt/.kvfs" >"$work/listing"
    done
    mkdir "$mnt/a"
    follow_events "$work/events"
    rmdir "$mnt/a"
    eventually 5 has_lines 1 "$work/events"
    expect 'DOWN a normal' cat "$work/events"
}

test_a_waiting_reader_can_be_interrupted() {
    local signal
    for signal in INT TERM KILL; do
        wait_on "$events" "$work/said" 5
        kill -s $signal "${waiting[@]}"
        eventually 5 have_ended "${waiting[@]}"
        mkdir "$mnt/$signal"
    done
    expect $'INT\nKILL\nTERM' ls "$mnt"
}

test_the_daemons_end_is_the_last_event() {
    wait_on "$events" "$work/said" 3
    mkdir -p "$mnt/a/b"
    signal_kvfs TERM
    kvfs_has_ended 0
    wait "${waiting[@]}"
    local i
    for i in 1 2 3; do
        # With threads of their own buckets may be so late that nobody listens any more.
        if [ "$mode" = nodirect ]; then
            says_only '^START a(/b)?$|^DOWN a(/b)? shutdown$' "$work/said.$i"
        else
            expect $'START a\nSTART a/b\nDOWN a/b shutdown\nDOWN a shutdown' cat "$work/said.$i"
        fi
    done
}

test_the_daemons_crash_ends_the_events() {
    wait_on "$events" "$work/said" 3
    mkdir "$mnt/a"
    eventually 5 has_lines 1 "$work/said.3"
    signal_kvfs KILL
    eventually 10 have_ended "${waiting[@]}"
    kvfs_has_ended 137
    umount -l "$mnt"
}

test_many_readers_come_and_go_while_much_happens() {
    local i comers=()
    follow_events "$work/events"
    for i in {1..8}; do
        # shellcheck disable=SC2016
        bash -c 'for i in {1..12}; do timeout -s KILL 0.0$((RANDOM % 9 + 1)) cat "$1" || true; done' _ "$events" \
            >"$work/discarded$i" 2>/dev/null &
        comers+=($!)
    done
    for i in {1..6}; do
        (cd "$mnt" && mkdir -p a/{1..20}/b)
        echo stop >"$mnt/a/.kvfs/ctl"
    done
    wait "${comers[@]}"
    eventually 5 accounts_for 492 "$work/events"
}

# --- the files -------------------------------------------------------------------------------------------------

test_the_roots_files_cannot_be_written() {
    local file
    mkdir "$mnt/a"
    for file in tree dead; do
        fails write 3 "$mnt/.kvfs/$file"
        fails rm -f "$mnt/.kvfs/$file"
        # Who may see them is the mount's owner.
        expect 'regular file 400' eval "stat -c '%F %a' $mnt/.kvfs/$file | sed 's/ empty//'"
    done
    # Its numbers name nobody.
    fails write 3 "$mnt/.kvfs/stats"
    fails rm -f "$mnt/.kvfs/stats"
    expect 'regular file 444' stat -c '%F %a' "$mnt/.kvfs/stats"
    fails mkdir "$mnt/.kvfs/new"
    fails write 3 "$mnt/.kvfs/new"
    fails rmdir "$mnt/.kvfs"
    expect fifo stat -c %F "$events"
    [ -d "$mnt/a" ]
    expect a tree_paths
}

test_unmounting_works_after_all_of_it() {
    mkdir -p "$mnt/a/b" "$mnt/c"
    follow_events "$work/events"
    echo ../../c >"$mnt/a/b/.kvfs/link"
    echo permanent >"$mnt/c/.kvfs/restart"
    exec 5<"$mnt/a/.kvfs/hold"
    cat "$tree" "$dead" "$mnt/c/.kvfs/info" >"$work/discarded"
    echo kill >"$mnt/a/b/.kvfs/ctl"
    eventually 5 grep -qx 'RESTART c 1' "$work/events"
    refused busy fusermount3 -u "$mnt"
    kill "$follower"
    exec 5<&-
    eventually 5 test ! -e "$mnt/a"
    eventually 5 fusermount3 -u "$mnt"
    kvfs_has_ended 0
}

run_tests "$@"
