#!/bin/bash
# Buckets in buckets: what programs that walk trees see, and what is left when a part of one ends.
#
# LIST      list.c's executable
# KVFS_CHURN_SECONDS      how long five processes churn trees (default: 2)
#
# usage: tree.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"
seconds=${KVFS_CHURN_SECONDS:-2}
limit=$((seconds + 90))

# repeat TEXT TIMES
repeat() {
    local text
    printf -v text '%*s' "$2" ''
    echo "${text// /$1}"
}

# --- making and removing ---------------------------------------------------------------------------------------

test_a_bucket_holds_buckets_and_keys() {
    mkdir "$mnt/a"
    mkdir "$mnt/a/b"
    mkdir "$mnt/a/b/c"
    write 1 "$mnt/a/one"
    write 2 "$mnt/a/b/two"
    write 3 "$mnt/a/b/c/three"
    expect $'b\none' ls "$mnt/a"
    expect $'c\ntwo' ls "$mnt/a/b"
    expect three ls "$mnt/a/b/c"
    expect $'1\n2\n3' cat "$mnt/a/one" "$mnt/a/b/two" "$mnt/a/b/c/three"
    expect 1 info_of "$mnt/a" keys
    expect 1 info_of "$mnt/a" buckets
    expect 0 info_of "$mnt/a/b/c" buckets
    # A directory has a link in its parent, its own, and one in each directory in it.
    expect $'3\n3\n2' stat -c %h "$mnt/a" "$mnt/a/b" "$mnt/a/b/c"
    expect 3 stat -c %h "$mnt"
}

test_mkdir_p_makes_the_whole_way() {
    mkdir -p "$mnt/a/b/c/d/e"
    [ -d "$mnt/a/b/c/d/e" ]
    local inode
    inode=$(stat -c %i "$mnt/a/b/c")
    mkdir -p "$mnt/a/b/c/d/e" "$mnt/a/b/c/other"
    expect "$inode" stat -c %i "$mnt/a/b/c"
    expect $'d\nother' ls "$mnt/a/b/c"
    refused 'No such file' mkdir "$mnt/absent/b"
    [ ! -e "$mnt/absent" ]
}

test_rmdir_refuses_while_there_are_buckets_inside() {
    mkdir -p "$mnt/a/b/c"
    wait_on "$mnt/a/.kvfs/monitor" "$work/said"
    for round in 1 2; do
        refused 'Directory not empty' rmdir "$mnt/a"
        refused 'Directory not empty' rmdir "$mnt/a/b"
        drop_caches
    done
    [ -d "$mnt/a/b/c" ]
    are_waiting "${waiting[0]}"
    rmdir "$mnt/a/b/c"
    expect '' ls -A "$mnt/a/b"
    rmdir "$mnt/a/b"
    are_waiting "${waiting[0]}"
    rmdir "$mnt/a"
    expect '' ls -A "$mnt"
    wait "${waiting[0]}"
}

test_rmdir_p_removes_the_whole_way() {
    mkdir -p "$mnt/a/b/c"
    cd "$mnt"
    rmdir -p a/b/c
    expect '' ls -A
}

# plant DIRECTORY      a tree of 12 directories, itself included, and 12 files
plant() {
    local i
    mkdir -p "$1"/{x,y}/{1,2,3} "$1/empty/below/it"
    for i in "$1"/{x,y}/{1,2,3}; do
        echo "$i" >"$i/key"
        head -c 5000 /dev/zero >"$i/zeros"
    done
}

test_rm_r_removes_a_tree() {
    plant "$mnt/a"
    mkdir "$mnt/b"
    rm -r "$mnt/a"
    expect b ls -A "$mnt"
    plant "$mnt/a"
    rm -r "$mnt/a/x"
    expect $'empty\ny' ls "$mnt/a"
    rm -rf "$mnt/a" "$mnt/b"
    expect '' ls -A "$mnt"
}

test_each_is_listed_once_by_whoever_walks_the_tree() {
    plant "$mnt/a"
    for round in 1 2; do
        expect 12 eval "find $mnt/a -type d | sort -u | wc -l"
        expect 24 eval "find $mnt/a | wc -l"
        expect 24 eval "du -a $mnt/a | wc -l"
        expect 12 eval "ls -1R $mnt/a | grep -c ':$'"
        expect 6 eval "ls -R $mnt/a | grep -c '^key$'"
        expect 3 eval "find $mnt/a/empty -type d -empty -o -path '*/empty*' -type d | wc -l"
        expect "$mnt/a/empty/below/it" find "$mnt/a" -type d -empty
        drop_caches
    done
    [ "$(du -s --apparent-size -b "$mnt/a" | cut -f1)" -ge 30000 ]
}

test_trees_are_copied() {
    local from
    plant "$work/outside"
    touch -d '2020-02-02 02:02:02' "$work/outside/x/1/key" "$work/outside/empty/below"
    chmod 750 "$work/outside/y"
    chown 12:34 "$work/outside/y/2"
    chmod 640 "$work/outside/y/2/key"
    cp -a "$work/outside" "$mnt/in"
    cp -a "$mnt/in" "$mnt/again"
    mkdir "$mnt/deep"
    cp -a "$mnt/again" "$mnt/deep/down"
    cp -a "$mnt/deep/down" "$work/back"
    for from in "$mnt/in" "$mnt/again" "$mnt/deep/down" "$work/back"; do
        diff -r "$work/outside" "$from"
        expect "$(cd "$work/outside" && find . -printf '%p %y %m %U %G %T@\n' | sort)" \
            eval "cd $from && find . -printf '%p %y %m %U %G %T@\n' | sort"
    done
}

test_tar_packs_and_unpacks_trees() {
    plant "$mnt/a"
    mkdir "$mnt/copy"
    tar -C "$mnt/a" -cf - . | tar -C "$mnt/copy" -xf -
    diff -r "$mnt/a" "$mnt/copy"
    expect 0 eval "tar -C $mnt -cf - a | tar -tf - | grep -c kvfs || true"
}

test_a_bucket_in_a_bucket_is_moved_by_copying() {
    mkdir -p "$mnt/a/b/c" "$mnt/other"
    write 3 "$mnt/a/b/c/milk"
    mv "$mnt/a/b" "$mnt/a/new"
    expect 3 cat "$mnt/a/new/c/milk"
    [ ! -e "$mnt/a/b" ]
    mv "$mnt/a/new" "$mnt/other/"
    expect 3 cat "$mnt/other/new/c/milk"
    expect '' ls -A "$mnt/a"
    mv "$mnt/other/new/c/milk" "$mnt/a/milk"
    expect 3 cat "$mnt/a/milk"
    expect '' ls -A "$mnt/other/new/c"
}

# --- names -----------------------------------------------------------------------------------------------------

test_a_name_is_a_keys_or_a_buckets() {
    mkdir -p "$mnt/a/bucket" "$mnt/a/full/child"
    write 3 "$mnt/a/key"
    for round in 1 2; do
        refused 'File exists' mkdir "$mnt/a/key"
        refused 'File exists' mkdir "$mnt/a/bucket"
        refused 'File exists' mkfifo "$mnt/a/bucket"
        refused 'Is a directory' write 4 "$mnt/a/bucket"
        refused 'Not a directory' mkdir "$mnt/a/key/below"
        refused 'Not a directory' rmdir "$mnt/a/key"
        refused 'Is a directory' rm "$mnt/a/bucket"
        refused 'cannot overwrite directory' mv -T "$mnt/a/key" "$mnt/a/bucket"
        refused 'cannot overwrite non-directory' mv -T "$mnt/a/bucket" "$mnt/a/key"
        expect $'bucket\nfull\nkey' ls "$mnt/a"
        expect 3 cat "$mnt/a/key"
        drop_caches
    done
    # Once it is gone the name is anyone's.
    rm "$mnt/a/key"
    mkdir "$mnt/a/key"
    rmdir "$mnt/a/bucket"
    write 5 "$mnt/a/bucket"
    expect 5 cat "$mnt/a/bucket"
    echo kill >"$mnt/a/key/.kvfs/ctl"
    # To create a file the kernel asks nobody about a directory that it knows. The notifier takes it back.
    eventually 5 write 6 "$mnt/a/key"
    expect 6 cat "$mnt/a/key"
}

test_one_of_many_who_make_a_name_succeeds() {
    local i makers
    mkdir "$mnt/a"
    for i in {1..25}; do
        makers=()
        (set -C; echo key >"$mnt/a/$i") 2>/dev/null && echo key >>"$work/made$i" &
        makers+=($!)
        mkdir "$mnt/a/$i" 2>/dev/null && echo bucket >>"$work/made$i" &
        makers+=($!)
        mkdir "$mnt/a/$i" 2>/dev/null && echo bucket >>"$work/made$i" &
        makers+=($!)
        wait "${makers[@]}" || true
        expect 1 sed -n '$=' "$work/made$i"
        if [ "$(cat "$work/made$i")" = key ]; then
            [ -f "$mnt/a/$i" ]
        else
            [ -d "$mnt/a/$i" ]
        fi
    done
}

test_names_of_nested_buckets_may_be_odd_and_long() {
    local name
    mkdir "$mnt/a"
    for name in ' ' $'new\nline' 'back\slash' "$(repeat x 255)" $'\xff\xfe' '-rf' '.hidden' '...' "$(repeat 鍵 85)"; do
        mkdir -p "$mnt/a/$name/$name"
        write 3 "$mnt/a/$name/$name/key"
        expect 3 cat "$mnt/a/$name/$name/key"
        echo stop >"$mnt/a/$name/.kvfs/ctl"
        [ ! -e "$mnt/a/$name" ]
    done
    refused 'File name too long' mkdir "$mnt/a/$(repeat x 256)"
    refused 'Operation not permitted' mkdir -p "$mnt/a/.kvfs/b"
    expect '' ls -A "$mnt/a"
}

test_dot_dot_is_the_parent() {
    local pair
    mkdir -p "$mnt/a/b/c"
    for pair in a/b/c:a/b a/b:a a: a/b/c/../..: a/.kvfs:a .kvfs:; do
        expect "$(stat -c %i "$mnt/${pair#*:}")" stat -c %i "$mnt/${pair%%:*}/.."
        expect "$(stat -c %i "$mnt/${pair#*:}")" eval "ls -ai1 $mnt/${pair%%:*} | awk '\$2 == \"..\" { print \$1 }'"
    done
    cd "$mnt/a/b/c"
    cd -P ..
    expect "$mnt/a/b" pwd -P
    expect c ls
    cd -P ../..
    expect "$mnt" pwd -P
    cd "$mnt/a/b/c"
    drop_caches
    expect "$mnt/a/b/c" realpath .
    expect b ls ../..
}

test_nested_control_files_are_there_and_not_listed() {
    mkdir -p "$mnt/a/b"
    expect '' find "$mnt" -name '.kvfs*'
    expect $'.\n..\nb' ls -a "$mnt/a"
    expect $'.\n..' ls -a "$mnt/a/b"
    expect $'ctl\nhold\ninfo\nlink\nmax_bytes\nmax_keys\nmonitor\nrestart' ls "$mnt/a/b/.kvfs"
    expect $'dead\nevents\nstats\ntree' ls "$mnt/.kvfs"
    expect 0 info_of "$mnt/a/b" keys
    refused 'No such file' cat "$mnt/a/b/.kvfs/tree"
    refused 'No such file' cat "$mnt/.kvfs/info"
    fails eval "echo stop >$mnt/.kvfs/ctl"
}

test_attributes_of_nested_buckets_are_their_own() {
    mkdir -m 750 "$mnt/a"
    (umask 027 && mkdir -p "$mnt/a/b/c")
    chmod 700 "$mnt/a/b/c"
    chown 12:34 "$mnt/a/b/c"
    touch -d '2020-02-02 02:02:02 UTC' "$mnt/a/b"
    for round in 1 2; do
        expect '750 0:0' stat -c '%a %u:%g' "$mnt/a"
        expect '750 0:0 1580608922' stat -c '%a %u:%g %Y' "$mnt/a/b"
        expect '700 12:34' stat -c '%a %u:%g' "$mnt/a/b/c"
        drop_caches
    done
}

test_a_parents_mtime_grows_with_each_change() {
    local last='' now change
    mkdir "$mnt/a"
    for change in "mkdir $mnt/a/b" "mkdir $mnt/a/c" "rmdir $mnt/a/c" "write kill $mnt/a/b/.kvfs/ctl" "mkdir $mnt/a/b" \
        "write stop $mnt/a/b/.kvfs/ctl" "write 3 $mnt/a/b"; do
        last=$(stat -c %.Y "$mnt/a")
        $change
        now=$(stat -c %.Y "$mnt/a")
        [[ $now > $last ]] || { echo "$change: $last, then $now"; return 1; }
    done
}

# --- ends ------------------------------------------------------------------------------------------------------

# watch_three      whoever waits for the ends of a, a/b, a/b/c, and events
watch_three() {
    follow_events "$work/events"
    mkdir -p "$mnt/a/b/c" "$mnt/bystander/b/c"
    wait_on "$mnt/bystander/b/.kvfs/monitor" "$work/bystander"
    bystander=${waiting[0]}
    wait_on "$mnt/a/.kvfs/monitor" "$work/a"
    readers=("${waiting[@]}")
    wait_on "$mnt/a/b/.kvfs/monitor" "$work/b"
    readers+=("${waiting[@]}")
    wait_on "$mnt/a/b/c/.kvfs/monitor" "$work/c"
    readers+=("${waiting[@]}")
}

# three_were_told REASON      each of them, once
three_were_told() {
    local name
    wait "${readers[@]}"
    for name in a b c; do
        expect 1 sed -n '$=' "$work/$name.1"
        grep -qxE "DOWN [^ ]+ $name $1" "$work/$name.1"
    done
    expect 3 eval "cut -d' ' -f2 $work/[abc].1 | sort -u | wc -l"
    are_waiting "$bystander"
    [ -d "$mnt/bystander/b/c" ]
}

test_stop_ends_the_leaves_first_and_tells_each() {
    local readers bystander
    watch_three
    echo stop >"$mnt/a/.kvfs/ctl"
    three_were_told normal
    eventually 5 eval "[ \$(grep -c DOWN $work/events) -eq 3 ]"
    grep DOWN "$work/events" >"$work/ends"
    happened 'DOWN a/b/c normal' 'DOWN a/b normal' 'DOWN a normal' "$work/ends"
    cut -d' ' -f2,3 "$mnt/.kvfs/dead" >"$work/dead"
    happened 'a/b/c normal' 'a/b normal' 'a normal' "$work/dead"
}

test_kill_takes_the_subtree_along() {
    local readers bystander
    watch_three
    echo kill >"$mnt/a/.kvfs/ctl"
    [ ! -e "$mnt/a" ]
    three_were_told killed
    eventually 5 eval "[ \$(grep -c DOWN $work/events) -eq 3 ]"
    expect $'DOWN a killed\nDOWN a/b killed\nDOWN a/b/c killed' eval "grep DOWN $work/events | sort"
}

test_the_end_of_a_child_leaves_its_parent() {
    local how inode
    mkdir -p "$mnt/a/b/c"
    write 3 "$mnt/a/milk"
    inode=$(stat -c %i "$mnt/a")
    wait_on "$mnt/a/.kvfs/monitor" "$work/said"
    for how in kill stop; do
        expect $'b\nmilk' ls "$mnt/a"
        echo $how >"$mnt/a/b/.kvfs/ctl"
        expect milk ls "$mnt/a"
        [ ! -e "$mnt/a/b" ] && [ ! -e "$mnt/a/b/c" ]
        expect 0 info_of "$mnt/a" buckets
        mkdir "$mnt/a/b"
        expect '' ls -A "$mnt/a/b"
        mkdir "$mnt/a/b/c"
    done
    expect "$inode" stat -c %i "$mnt/a"
    are_waiting "${waiting[0]}"
}

# subtree_ended_by HOW      when that returns, nothing of a tree of twelve buckets is left for anyone
subtree_ended_by() {
    local paths path
    plant "$mnt/a"
    mapfile -t paths < <(find "$mnt/a")
    expect 24 echo "${#paths[@]}"
    exec 3<"$mnt/a/x/1/key" 4>>"$mnt/a/y/3/key" 5<>"$mnt/a/x/2/zeros"
    cat "$mnt/a/x/2/zeros" >"$work/discarded"
    cd "$mnt/a/empty/below"
    echo "$1" >"$mnt/a/.kvfs/ctl"

    for path in "${paths[@]}"; do
        [ ! -e "$path" ] || { echo "$path is still there"; return 1; }
    done
    expect '' ls -A "$mnt"
    for round in 1 2; do
        refused 'Stale file handle' stat .
        refused 'Stale file handle' ls .
        refused 'Stale file handle' ls it
        refused 'Stale file handle' mkdir new
        refused 'Stale file handle' write 3 new
        refused 'Stale file handle' eval 'cat <&3'
        refused 'Stale file handle' eval 'echo 4 >&4'
        # Within pages that the kernel has, it asks nobody. The notifier takes them back.
        eventually 5 refused 'Stale file handle' eval 'dd bs=10 count=1 <&5'
        [ $round = 2 ] || mkdir "$mnt/a"
        expect '' ls -A "$mnt/a"
        [ ! -e "$mnt/a/x" ] && [ ! -e "$mnt/a/empty" ]
        mkdir -p "$mnt/a/empty/below"
        expect '' ls -A "$mnt/a/empty/below"
        rm -r "$mnt/a/empty"
    done
    cd /
    exec 3<&- 4>&- 5<&-
}

test_the_whole_subtree_is_gone_when_stop_returns() { subtree_ended_by stop; }
test_the_whole_subtree_is_gone_when_kill_returns() { subtree_ended_by kill; }

test_stop_is_never_seen_to_leave_something() {
    local i
    for ((i = 0; i < 60; i++)); do
        mkdir -p "$mnt/a/b/c" "$mnt/a/d"
        echo "$i" >"$mnt/a/b/c/key"
        expect "$i" cat "$mnt/a/b/c/key"
        echo stop >"$mnt/a/.kvfs/ctl"
        [ ! -e "$mnt/a/b/c/key" ] && [ ! -e "$mnt/a/d" ] && [ ! -e "$mnt/a/b/c" ] && [ ! -e "$mnt/a/b" ] && [ ! -e "$mnt/a" ]
        set -- "$mnt"/*
        [ "$*" = "$mnt/*" ]
    done
}

test_mkdir_in_a_tree_that_is_being_stopped_agrees() {
    # Either it comes too late and is refused, or what it made has ended, too. (What exists may end before mkdir -p enters it.)
    local i
    for i in {1..40}; do
        mkdir -p "$mnt/a/b"
        mkdir -p "$mnt/a/b/1/2/3/4/5/6/7/8" 2>>"$work/refused" &
        echo stop >"$mnt/a/.kvfs/ctl"
        wait $! || true
        # The other one may have made `a` anew.
        if [ -e "$mnt/a" ]; then
            echo stop >"$mnt/a/.kvfs/ctl"
        fi
        [ ! -e "$mnt/a" ]
        expect '' ls -A "$mnt"
    done
    says_only 'Stale file handle|No such file|File exists' "$work/refused"
}

test_rmdir_and_mkdir_at_once_agree() {
    local i
    for i in {1..60}; do
        mkdir -p "$mnt/a/b"
        mkdir "$mnt/a/b/c" 2>>"$work/mkdirs" &
        if rmdir "$mnt/a/b" 2>>"$work/rmdirs"; then
            fails wait $!
            [ ! -e "$mnt/a/b" ]
        else
            wait $!
            [ -d "$mnt/a/b/c" ]
            rm -r "$mnt/a/b"
        fi
    done
}

test_unmounting_ends_trees() {
    plant "$mnt/a"
    plant "$mnt/b"
    fusermount3 -u "$mnt"
    kvfs_has_ended 0
}

test_a_signal_ends_trees_with_shutdown() {
    local readers bystander follower
    watch_three
    signal_kvfs TERM
    kvfs_has_ended 0
    wait "${readers[@]}" "$bystander" "$follower"
    cat "$work"/[abc].1 "$work/bystander.1" >"$work/all"
    expect 4 grep -cxE 'DOWN [^ ]+ [abc] shutdown' "$work/all"
}

# --- deep and wide ---------------------------------------------------------------------------------------------

# Within the longest argument that a program may have.
depth=2000

# dig      a chain of buckets called d in the working directory
dig() { mkdir -p "$(repeat d/ $depth)"; }

test_a_deep_chain_is_walked_and_stopped() {
    cd "$mnt"
    dig
    expect $depth eval 'find d | wc -l'
    expect $depth eval "grep -cE '^[0-9]+ d alive' .kvfs/tree"
    expect 1 info_of d buckets
    echo stop >d/.kvfs/ctl
    expect '' ls -A
    expect 0 eval "grep -cE '^[0-9]+ d alive' .kvfs/tree || true"
    # The last of them is the top.
    eventually 5 grep -q ' d normal ' .kvfs/dead
    [ "$mode" = nodirect ] || tail -n 1 .kvfs/dead | grep -q ' d normal '
    mkdir d
    expect '' ls -A d
}

test_a_deep_chain_is_removed() {
    cd "$mnt"
    dig
    rm -r d
    expect '' ls -A
}

test_a_deep_chain_is_killed() {
    cd "$mnt"
    dig
    wait_on "$mnt/$(repeat d/ 1000).kvfs/monitor" "$work/said"
    echo kill >d/.kvfs/ctl
    expect '' ls -A
    wait "${waiting[0]}"
    grep -qxE 'DOWN [^ ]+ d killed' "$work/said.1"
    dig
    # In the middle.
    echo kill >"$(repeat d/ 1200).kvfs/ctl"
    expect 1199 eval 'find d | wc -l'
    echo kill >d/.kvfs/ctl
    expect '' ls -A
}

test_a_deep_chain_is_entered_step_by_step() {
    local i
    cd "$mnt"
    for ((i = 0; i < 150; i++)); do
        mkdir d
        cd -P d
    done
    echo 3 >milk
    expect 3 cat milk
    cd "$mnt"
    echo stop >d/.kvfs/ctl
    [ ! -e d ]
}

test_a_deep_chain_is_unmounted() {
    (cd "$mnt" && dig)
    fusermount3 -u "$mnt"
    kvfs_has_ended 0
}

test_a_deep_chain_ends_with_the_daemon() {
    (cd "$mnt" && dig)
    signal_kvfs TERM
    kvfs_has_ended 0
}

# many DIRECTORY FIRST LAST      buckets with those numbers in it
many() { (cd "$1" && seq -f b%05.0f "$2" "$3" | xargs mkdir); }

test_two_thousand_are_listed_once_each() {
    local size
    mkdir -p "$mnt/a/b"
    many "$mnt/a/b" 1 2000
    seq 1 20 | sed "s|^|$mnt/a/b/key|" | xargs touch
    { seq -f b%05.0f 1 2000; seq -f key%.0f 1 20; echo .; echo ..; } | sort >"$work/expected"
    for size in 40 100 1000 4096 32768; do
        "$LIST" "$mnt/a/b" $size | sort >"$work/listed"
        cmp "$work/expected" "$work/listed"
        # The next is asked of the daemon again.
        [ $size -gt 1000 ] || drop_caches
    done
    # shellcheck disable=SC2012
    ls -a "$mnt/a/b" | sort | cmp "$work/expected" -
    expect 2000 eval "ls -l $mnt/a/b | grep -c ^d"
    expect 2002 stat -c %h "$mnt/a/b"
    expect 2000 info_of "$mnt/a/b" buckets
    echo stop >"$mnt/a/.kvfs/ctl"
    expect '' ls -A "$mnt"
}

test_what_stays_is_listed_once_whatever_comes_and_goes() {
    local size lister
    mkdir -p "$mnt/a/b"
    many "$mnt/a/b" 1 600
    mkfifo "$work/go"
    for size in 40 500 4096; do
        "$LIST" "$mnt/a/b" $size "$work/go" >"$work/listed" &
        lister=$!
        exec 3>"$work/go"
        # It has read its first buffer.
        (cd "$mnt/a/b" && seq -f b%05.0f 101 200 | xargs rmdir)
        echo kill >"$mnt/a/b/b00050/.kvfs/ctl"
        many "$mnt/a/b" 601 700
        drop_caches
        exec 3>&-
        wait $lister
        expect '' eval "sort $work/listed | uniq -d"
        seq -f b%05.0f 1 600 | grep -vE 'b00050|b001(0[1-9]|[1-9].)|b00200' >"$work/stayed"
        expect '' eval "sort $work/listed | comm -13 - $work/stayed"
        (cd "$mnt/a/b" && seq -f b%05.0f 601 700 | xargs rmdir)
        many "$mnt/a/b" 101 200
        mkdir "$mnt/a/b/b00050"
    done
}

# --- churn -----------------------------------------------------------------------------------------------------

# worker NUMBER
worker() {
    local top at
    RANDOM=$(($1 + BASHPID))
    while [ "$(now_ms)" -lt "$end" ]; do
        top=$mnt/t$((RANDOM % 3))
        at=$top/$((RANDOM % 2))
        case $((RANDOM % 14)) in
        0 | 1 | 2) mkdir -p "$at/$((RANDOM % 2))/$((RANDOM % 2))/$((RANDOM % 2))" ;;
        3) rm -rf "$at" ;;
        4) rm -rf "$top" ;;
        5) echo kill >"$at/.kvfs/ctl" ;;
        6) echo stop >"$at/.kvfs/ctl" ;;
        7) echo stop >"$top/.kvfs/ctl"; echo "$RANDOM" >"$at/key" ;;
        8) ls -lR "$top"; cat "$mnt/.kvfs/tree" "$mnt/.kvfs/dead" ;;
        9) echo permanent >"$at/.kvfs/restart" ;;
        10) echo transient >"$at/$((RANDOM % 2))/.kvfs/restart" ;;
        11) echo "../$((RANDOM % 2))" >"$at/.kvfs/link"; echo "/t$((RANDOM % 3))/0" >"$at/.kvfs/link" ;;
        12) : <"$at/.kvfs/hold" ;;
        13) timeout -s KILL 0.05 cat "$at/.kvfs/monitor" "$mnt/.kvfs/events" ;;
        esac
        operations=$((operations + 1))
    done
    echo "$operations" >>"$work/operations"
}

# What `ls` shows is what `stat` finds, and what the supervisors know.
is_consistent() {
    local path
    # shellcheck disable=SC2012
    (cd "$mnt" && ls -R1 . | sed -n 's|^\./\(.*\):$|\1|p' | sort) >"$work/listed"
    (cd "$mnt" && find . -mindepth 1 -type d -printf '%P\n' | sort) | cmp "$work/listed" -
    tree_paths | sort | cmp "$work/listed" -
    while read -r path; do
        stat -c %i "$mnt/$path" >/dev/null
        [ "$(info_of "$mnt/$path" state)" = alive ]
        expect "$(info_of "$mnt/$path" buckets)" eval "find '$mnt/$path' -mindepth 1 -maxdepth 1 -type d | wc -l"
    done <"$work/listed"
}

# What was let go of before this has ended.
all_holds_are_over() {
    mkdir "$mnt/held"
    : <"$mnt/held/.kvfs/hold"
    eventually 10 test ! -e "$mnt/held"
}

test_trees_come_and_go() {
    local end operations=0
    # What goes on is as random as the seeds and the machine are.
    end=$(($(now_ms) + seconds * 1000))
    run_workers 5 $((seconds + 30))
    expect 5 sed -n '$=' "$work/operations"
    were_told_nothing_like Invalid

    all_holds_are_over
    is_consistent
    drop_caches
    is_consistent
    rm -rf "$mnt"/t*
    expect '' ls -A "$mnt"
    mkdir -p "$mnt"/t{0,1,2}/{0,1}/{0,1}
    is_consistent
}

run_tests "$@"
