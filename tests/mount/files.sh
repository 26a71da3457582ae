#!/bin/bash
# Real tools on keys.
#
# usage: files.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# --- tools -----------------------------------------------------------------------------------------------------

# source_tree      some files of many sizes in $work/tree
source_tree() {
    local i
    mkdir "$work/tree"
    for i in 0 1 10 511 512 4095 4096 4097 65536 200000 1100000; do
        head -c "$i" /dev/urandom >"$work/tree/of $i bytes"
    done
    chmod 600 "$work/tree/of 10 bytes"
    touch -d '2001-02-03 04:05:06.789012345' "$work/tree/of 512 bytes"
}

test_cp_copies_there_and_back() {
    source_tree
    cp -r "$work/tree" "$mnt/b"
    diff -r "$work/tree" "$mnt/b"
    drop_caches
    diff -r "$work/tree" "$mnt/b"
    cp -r "$mnt/b" "$work/back"
    diff -r "$work/tree" "$work/back"
}

test_cp_preserves_what_it_is_asked_to() {
    source_tree
    cp -r --preserve=mode,ownership,timestamps "$work/tree" "$mnt/b"
    drop_caches
    expect "$(cd "$work/tree" && find . -type f -printf '%p %m %U %G %s %T@\n' | sort)" \
        eval "cd $mnt/b && find . -type f -printf '%p %m %U %G %s %T@\n' | sort"
}

test_mv_renames_within_a_bucket() {
    mkdir "$mnt/b"
    write 3 "$mnt/b/milk"
    local inode
    inode=$(stat -c %i "$mnt/b/milk")
    mv "$mnt/b/milk" "$mnt/b/oat"
    expect 3 cat "$mnt/b/oat"
    expect "$inode" stat -c %i "$mnt/b/oat"
    expect oat ls "$mnt/b"
    fails stat "$mnt/b/milk"

    # Over another: one of the two names is left, with the mover's value.
    write a-longer-one "$mnt/b/soy"
    mv "$mnt/b/oat" "$mnt/b/soy"
    expect 3 cat "$mnt/b/soy"
    expect soy ls "$mnt/b"
    mv -n "$mnt/b/soy" "$mnt/b/milk"
    write 4 "$mnt/b/oat"
    mv -n "$mnt/b/oat" "$mnt/b/milk" || true
    expect 3 cat "$mnt/b/milk"
    expect 4 cat "$mnt/b/oat"
    expect $'milk\noat' ls "$mnt/b"
}

test_mv_moves_between_buckets() {
    local i
    mkdir "$mnt/a" "$mnt/b"
    head -c 100000 /dev/urandom >"$work/value"
    for i in {1..10}; do
        cp "$work/value" "$mnt/a/key$i"
    done
    chmod 640 "$mnt/a/key1"
    touch -d '2001-02-03 04:05:06' "$mnt/a/key1"
    mv "$mnt/a"/key* "$mnt/b"
    expect '' ls -A "$mnt/a"
    for i in {1..10}; do
        cmp "$work/value" "$mnt/b/key$i"
    done
    expect '640 2001-02-03' eval "stat -c '%a %.10y' $mnt/b/key1"
    mv "$mnt/b/key1" "$work/out"
    mv "$work/out" "$mnt/a/key1"
    cmp "$work/value" "$mnt/a/key1"
}

test_rm_removes_keys_and_buckets() {
    local i
    mkdir "$mnt/b" "$mnt/c"
    for i in {1..300}; do
        echo "$i" >"$mnt/b/$i"
    done
    rm "$mnt/b"/1*
    fails stat "$mnt/b/1"
    expect 189 eval "ls $mnt/b | wc -l"
    rm -r "$mnt/b"
    fails stat "$mnt/b"
    expect c ls "$mnt"
    rmdir "$mnt/c"
    expect '' ls -A "$mnt"
    rm -f "$mnt/b/1"
    refused 'No such file' rm "$mnt/b/1"
}

test_find_sees_what_is_there() {
    mkdir "$mnt/a" "$mnt/b"
    write 3 "$mnt/a/milk"
    write 12345 "$mnt/b/bread"
    expect $'a\na/milk\nb\nb/bread' eval "cd $mnt && find * | sort"
    expect 'b/bread' eval "cd $mnt && find * -type f -size +2c"
    expect "3" find "$mnt/a" -name milk -exec cat {} ';'
    touch -d '2001-02-03' "$mnt/a/milk"
    expect "$mnt/b/bread" find "$mnt" -type f -newer "$mnt/a/milk"
}

test_tar_archives_and_restores() {
    source_tree
    cp -r --preserve=mode,timestamps "$work/tree" "$mnt/b"
    tar -C "$mnt" --format=posix -cf "$work/b.tar" b
    mkdir "$work/back"
    tar -C "$work/back" -xf "$work/b.tar"
    diff -r "$work/tree" "$work/back/b"

    rm -r "$mnt/b"
    tar -C "$mnt" -xf "$work/b.tar"
    diff -r "$work/tree" "$mnt/b"
    tar -C "$mnt" --compare -f "$work/b.tar"
    drop_caches
    tar -C "$mnt" --compare -f "$work/b.tar"
    expect '600' stat -c %a "$mnt/b/of 10 bytes"
    expect '2001-02-03 04:05:06.789012345' eval "stat -c %.29y '$mnt/b/of 512 bytes'"
}

test_text_tools_read_and_write() {
    mkdir "$mnt/b"
    seq 1000 >"$mnt/b/n"
    expect '1000 1000 3893' eval "wc <$mnt/b/n | xargs"
    expect $'1\n2' head -n 2 "$mnt/b/n"
    expect $'999\n1000' tail -n 2 "$mnt/b/n"
    expect 000 eval "tail -c 4 $mnt/b/n"
    expect 1000 eval "sort -rn $mnt/b/n | head -n 1"
    sort -rn -o "$mnt/b/n" "$mnt/b/n"
    expect 1000 head -n 1 "$mnt/b/n"
    sed -i 's/^1000$/one thousand/' "$mnt/b/n"
    expect 'one thousand' head -n 1 "$mnt/b/n"
    expect n ls -A "$mnt/b"
    expect 271 grep -c 1 "$mnt/b/n"
    cp "$mnt/b/n" "$work/n"
    expect '' diff "$mnt/b/n" "$work/n"
    echo more >>"$work/n"
    fails diff -q "$mnt/b/n" "$work/n"
    cat "$mnt/b/n" "$mnt/b/n" >"$mnt/b/twice"
    expect 2000 eval "wc -l <$mnt/b/twice"
    expect 1000 eval "paste $mnt/b/n $mnt/b/n | wc -l"
}

test_dd_reads_and_writes_anywhere() {
    mkdir "$mnt/b"
    head -c 100000 /dev/urandom >"$work/v"
    dd if="$work/v" of="$mnt/b/v" bs=1000 status=none
    cmp "$work/v" "$mnt/b/v"
    dd if="$mnt/b/v" of="$work/middle" bs=777 skip=11 count=13 status=none
    cmp <(tail -c +8548 "$work/v" | head -c 10101) "$work/middle"
    for file in "$work/v" "$mnt/b/v"; do
        printf patch | dd of="$file" bs=1 seek=54321 conv=notrunc status=none
    done
    cmp "$work/v" "$mnt/b/v"
    dd if="$work/v" of="$mnt/b/direct" bs=4096 oflag=direct conv=notrunc status=none iflag=fullblock || true
    dd if="$work/v" of="$mnt/b/synced" bs=4096 conv=fsync,fdatasync status=none
    cmp "$work/v" "$mnt/b/synced"
    drop_caches
    cmp "$work/v" "$mnt/b/v"
    cmp "$work/v" "$mnt/b/synced"
}

test_a_value_may_have_holes() {
    mkdir "$mnt/b"
    printf end | dd of="$mnt/b/v" bs=1 seek=1000000 status=none
    expect 1000003 stat -c %s "$mnt/b/v"
    expect 1000000 eval "head -c 1000000 $mnt/b/v | tr -cd '\\0' | wc -c"
    expect end tail -c 3 "$mnt/b/v"
    drop_caches
    expect 1000000 eval "head -c 1000000 $mnt/b/v | tr -cd '\\0' | wc -c"
    expect end tail -c 3 "$mnt/b/v"
    cp --sparse=always "$mnt/b/v" "$mnt/b/copy"
    cmp "$mnt/b/v" "$mnt/b/copy"
}

test_truncate_shortens_and_lengthens() {
    mkdir "$mnt/b"
    printf 0123456789 >"$mnt/b/v"
    truncate -s 4 "$mnt/b/v"
    expect 0123 cat "$mnt/b/v"
    truncate -s 8 "$mnt/b/v"
    expect '30 31 32 33 00 00 00 00' eval "od -An -tx1 $mnt/b/v | xargs"
    drop_caches
    # What was cut off doesn't come back.
    expect '30 31 32 33 00 00 00 00' eval "od -An -tx1 $mnt/b/v | xargs"
    truncate -s 0 "$mnt/b/v"
    truncate -s 100000 "$mnt/b/v"
    expect 0 eval "tr -d '\\0' <$mnt/b/v | wc -c"
    truncate -s 100 "$mnt/b/new"
    expect 100 stat -c %s "$mnt/b/new"
}

test_fifty_megabytes_are_kept() {
    local sum
    mkdir "$mnt/b"
    head -c 52428800 /dev/urandom >"$work/large"
    sum=$(md5sum <"$work/large")
    cp "$work/large" "$mnt/b/large"
    expect "$sum" eval "md5sum <$mnt/b/large"
    drop_caches
    expect "$sum" eval "md5sum <$mnt/b/large"
    expect 52428800 stat -c %s "$mnt/b/large"
    rm "$mnt/b/large"
}

test_many_append_and_nothing_is_lost() {
    local i appenders=()
    mkdir "$mnt/b"
    for i in {1..8}; do
        (for ((n = 0; n < 200; n++)); do echo "$i $n" >>"$mnt/b/log"; done) &
        appenders+=($!)
    done
    wait "${appenders[@]}"
    expect 1600 eval "sort -u $mnt/b/log | wc -l"
    expect 1600 eval "wc -l <$mnt/b/log"
    for i in {1..8}; do
        sed -n "s/^$i //p" "$mnt/b/log" | sort -cn
    done
}

test_exactly_one_wins_an_exclusive_create() {
    local i round
    mkdir "$mnt/b"
    set -C
    for round in {1..20}; do
        for i in {1..8}; do
            { echo "$i" >"$mnt/b/lock$round"; } 2>/dev/null && echo "$i" >>"$work/won$round" &
        done
        wait
        expect 1 sed -n '$=' "$work/won$round"
        expect "$(cat "$work/won$round")" cat "$mnt/b/lock$round"
    done
}

test_an_unlinked_file_can_still_be_used() {
    mkdir "$mnt/b"
    write before "$mnt/b/v"
    exec 3<>"$mnt/b/v"
    rm "$mnt/b/v"
    write another "$mnt/b/v"
    echo after >&3
    drop_caches
    expect after cat /proc/self/fd/3
    expect another cat "$mnt/b/v"
}

test_a_script_in_a_bucket_runs() {
    mkdir "$mnt/b"
    printf '#!/bin/sh\necho "ran $1"\n' >"$mnt/b/script"
    refused 'Permission denied' "$mnt/b/script"
    chmod +x "$mnt/b/script"
    expect 'ran here' "$mnt/b/script" here
    install -m 755 /bin/true "$mnt/b/true"
    "$mnt/b/true"
}

test_locks_exclude() {
    mkdir "$mnt/b"
    : >"$mnt/b/lock"
    exec 3>"$mnt/b/lock" 4>"$mnt/b/lock"
    flock -n 3
    fails flock -n 4
    flock -u 3
    flock -n 4
}

# --- metadata --------------------------------------------------------------------------------------------------

test_touch_sets_the_times() {
    mkdir "$mnt/b"
    touch -d '2001-02-03 04:05:06.789012345' "$mnt/b/v"
    expect '2001-02-03 04:05:06.789012345' eval "stat -c %.29y $mnt/b/v"
    touch -a -d '2002-03-04 05:06:07' "$mnt/b/v"
    drop_caches
    expect '2002-03-04 05:06:07 2001-02-03 04:05:06' eval "stat -c '%.19x %.19y' $mnt/b/v"
    touch -d '1931-01-01' "$mnt/b/v"
    expect 1931-01-01 eval "stat -c %.10y $mnt/b/v"
    touch "$mnt/b/v"
    expect 1 eval "find $mnt/b -name v -mmin -1 | wc -l"
    touch -d '2003-04-05' "$mnt/b"
    drop_caches
    expect 2003-04-05 eval "stat -c %.10y $mnt/b"
    touch "$mnt"
}

test_changes_move_the_times() {
    mkdir "$mnt/b"
    touch -d 2001-01-01 "$mnt/b/v"
    touch -d 2001-01-01 "$mnt/b"
    write 3 "$mnt/b/v"
    expect 1 eval "find $mnt/b/v -newermt 2002-01-01 | wc -l"
    expect 2001-01-01 eval "stat -c %.10y $mnt/b"
    write 3 "$mnt/b/other"
    expect 1 eval "find $mnt/b -maxdepth 0 -newermt 2002-01-01 | wc -l"
    touch -d 2001-01-01 "$mnt/b"
    rm "$mnt/b/other"
    expect 1 eval "find $mnt/b -maxdepth 0 -newermt 2002-01-01 | wc -l"
}

test_chmod_and_chown_last() {
    mkdir "$mnt/b"
    (umask 027 && write 3 "$mnt/b/v" && mkdir "$mnt/c")
    expect '640 0 0' stat -c '%a %u %g' "$mnt/b/v"
    expect '750 0 0' stat -c '%a %u %g' "$mnt/c"
    chmod 4701 "$mnt/b/v"
    chmod 700 "$mnt/b"
    chown 12:34 "$mnt/b/v"
    chown 56:78 "$mnt/c"
    drop_caches
    expect '701 12 34' stat -c '%a %u %g' "$mnt/b/v"
    expect '700' stat -c '%a' "$mnt/b"
    expect '56 78' stat -c '%u %g' "$mnt/c"
    chmod 4711 "$mnt/b/v"
    expect 4711 stat -c %a "$mnt/b/v"
}

test_du_and_df_answer() {
    mkdir "$mnt/b"
    head -c 1000000 /dev/urandom >"$mnt/b/v"
    expect 1000000 eval "du -b $mnt/b/v | cut -f1"
    [ "$(du -k "$mnt/b/v" | cut -f1)" -ge 900 ]
    du -s "$mnt"
    df "$mnt" | grep -q " $mnt\$"
    df -i "$mnt/b"
    stat -f "$mnt/b/v"
    expect fuse.kvfs findmnt -n -o FSTYPE "$mnt"
}

test_a_hard_link_is_one_more_name() {
    mkdir "$mnt/b"
    write 3 "$mnt/b/v"
    ln "$mnt/b/v" "$mnt/b/w"
    expect "$(stat -c %i "$mnt/b/v")" stat -c %i "$mnt/b/w"
    expect 2 stat -c %h "$mnt/b/v"
    append 4 "$mnt/b/w"
    expect $'3\n4' cat "$mnt/b/v"
    refused 'File exists' ln "$mnt/b/v" "$mnt/b/w"
    rm "$mnt/b/v"
    expect $'3\n4' cat "$mnt/b/w"
    expect 1 stat -c %h "$mnt/b/w"
    expect w ls -A "$mnt/b"
    expect 'bytes 4' grep '^bytes ' "$mnt/b/.kvfs/info"
    rm "$mnt/b/w"
    expect 'bytes 0' grep '^bytes ' "$mnt/b/.kvfs/info"
}

test_a_hard_link_into_another_bucket_is_refused() {
    mkdir -p "$mnt/b/c" "$mnt/d"
    write 3 "$mnt/b/v"
    refused 'Invalid cross-device link' ln "$mnt/b/v" "$mnt/d/v"
    refused 'Invalid cross-device link' ln "$mnt/b/v" "$mnt/b/c/v"
    refused 'hard link not allowed for directory' ln "$mnt/d" "$mnt/b/d"
    expect 1 stat -c %h "$mnt/b/v"
}

test_a_symlink_is_followed_and_read() {
    mkdir -p "$mnt/b/c"
    write 3 "$mnt/b/v"
    ln -s v "$mnt/b/link"
    ln -s c "$mnt/b/directory"
    ln -s nowhere "$mnt/b/dangling"
    expect v readlink "$mnt/b/link"
    expect 3 cat "$mnt/b/link"
    append 4 "$mnt/b/link"
    expect $'3\n4' cat "$mnt/b/v"
    expect lrwxrwxrwx stat -c %A "$mnt/b/link"
    write 5 "$mnt/b/directory/v"
    expect 5 cat "$mnt/b/c/v"
    refused 'No such file' cat "$mnt/b/dangling"
    mv "$mnt/b/link" "$mnt/b/moved"
    expect v readlink "$mnt/b/moved"
    cp -a "$mnt/b" "$work/copy"
    expect nowhere readlink "$work/copy/dangling"
    rm "$mnt/b/moved" "$mnt/b/dangling" "$mnt/b/directory"
    expect $'c\nv' ls -A "$mnt/b"
    ln -s "$(printf %04095d 7)" "$mnt/b/long"
    expect 4096 sh -c "readlink '$mnt/b/long' | wc -c"
}

test_permissions_are_checked() {
    # By the kernel, also for a file that it opens without asking.
    fusermount3 -u "$mnt"
    kvfs_has_ended 0
    start_kvfs -o allow_other
    mkdir "$mnt/b"
    write secret "$mnt/b/secret"
    write public "$mnt/b/public"
    chmod 600 "$mnt/b/secret"
    local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    for round in 1 2; do
        expect public "${nobody[@]}" cat "$mnt/b/public"
        refused 'Permission denied' "${nobody[@]}" cat "$mnt/b/secret"
        refused 'Permission denied' "${nobody[@]}" tee -a "$mnt/b/public"
        refused 'Permission denied' "${nobody[@]}" touch "$mnt/b/new"
        refused 'Permission denied' "${nobody[@]}" mkdir "$mnt/new"
        refused 'Permission denied' "${nobody[@]}" rm -f "$mnt/b/public"
        refused 'Operation not permitted' "${nobody[@]}" chmod 777 "$mnt/b/secret"
        refused 'Permission denied' "${nobody[@]}" bash -c 'echo stop >$1' _ "$mnt/b/.kvfs/ctl"
        refused 'Permission denied' "${nobody[@]}" cat "$mnt/b/.kvfs/hold"
        refused 'Permission denied' "${nobody[@]}" bash -c 'echo permanent >$1' _ "$mnt/b/.kvfs/restart"
        refused 'Permission denied' "${nobody[@]}" cat "$mnt/.kvfs/tree"
        [ -d "$mnt/b" ]
        chmod 600 "$mnt/b/secret"
    done
    # A link would let the owner of one bucket end another's.
    mkdir "$mnt/mine"
    chown 65534:65534 "$mnt/mine"
    refused 'Operation not permitted' "${nobody[@]}" bash -c 'echo ../b >$1' _ "$mnt/mine/.kvfs/link"
    "${nobody[@]}" bash -c 'echo kill >$1' _ "$mnt/mine/.kvfs/ctl"
    [ ! -e "$mnt/mine" ] && [ -d "$mnt/b" ]
    chmod 777 "$mnt/b"
    "${nobody[@]}" bash -c 'echo mine >$1' _ "$mnt/b/mine"
    expect 65534:65534 stat -c %u:%g "$mnt/b/mine"
}

# --- a long value overwritten by a short one -------------------------------------------------------------------

long() {
    head -c "$1" /dev/zero | tr '\0' x >"$mnt/b/v"
    # Whether or not the kernel has it cached must not matter.
    case $2 in
    cached) cat "$mnt/b/v" >"$work/discarded" ;;
    uncached) drop_caches ;;
    esac
}

# overwrites NAME COMMAND...      leaves exactly `short` of a long value
overwrites() {
    local length cache
    for length in 2000 300000; do
        for cache in written cached uncached; do
            long $length $cache
            "$@"
            expect short cat "$mnt/b/v"
            expect 6 stat -c %s "$mnt/b/v"
        done
        drop_caches
        expect short cat "$mnt/b/v"
        expect 6 stat -c %s "$mnt/b/v"
    done
    expect v ls -A "$mnt/b"
}

overwriting() {
    mkdir "$mnt/b"
    echo short >"$work/short"
}

test_overwriting_by_echo() { overwriting; overwrites write short "$mnt/b/v"; }
test_overwriting_by_cat() { overwriting; overwrites eval "cat $work/short >$mnt/b/v"; }
test_overwriting_by_cp() { overwriting; overwrites cp "$work/short" "$mnt/b/v"; }
test_overwriting_by_cp_within() {
    overwriting
    mkdir "$mnt/c"
    cp "$work/short" "$mnt/c/short"
    overwrites cp "$mnt/c/short" "$mnt/b/v"
}
test_overwriting_by_mv() { overwriting; overwrites eval "cp $work/short $mnt/b/new; mv -f $mnt/b/new $mnt/b/v"; }
test_overwriting_by_mv_from_outside() { overwriting; overwrites eval "cp $work/short $work/new; mv -f $work/new $mnt/b/v"; }
test_overwriting_by_tee() { overwriting; overwrites eval "tee $mnt/b/v <$work/short >$work/discarded"; }
test_overwriting_by_dd() { overwriting; overwrites dd if="$work/short" of="$mnt/b/v" status=none; }
test_overwriting_by_install() { overwriting; overwrites install -m 644 "$work/short" "$mnt/b/v"; }
test_overwriting_by_sed_in_place() { overwriting; overwrites sed -i 's/^x*$/short/;$a\' "$mnt/b/v"; }
test_overwriting_by_truncate() { overwriting; overwrites eval "truncate -s 0 $mnt/b/v; echo short >>$mnt/b/v"; }
test_overwriting_by_truncate_after() { overwriting; overwrites eval "echo short 1<>$mnt/b/v; truncate -s 6 $mnt/b/v"; }
test_overwriting_by_colon() { overwriting; overwrites eval ": >$mnt/b/v; echo short >>$mnt/b/v"; }
test_overwriting_by_exec() { overwriting; overwrites eval "exec 3>$mnt/b/v; echo short >&3; exec 3>&-"; }
test_overwriting_by_sort() { overwriting; overwrites sort -o "$mnt/b/v" "$work/short"; }
test_overwriting_by_removing() { overwriting; overwrites eval "rm $mnt/b/v; echo short >$mnt/b/v"; }
test_overwriting_by_tar() {
    overwriting
    mkdir "$work/from"
    cp "$work/short" "$work/from/v"
    overwrites eval "tar -C $work/from -c v | tar -C $mnt/b -x --overwrite"
}

test_overwriting_while_others_read() {
    overwriting
    long 300000 cached
    exec 3<"$mnt/b/v"
    head -c 10 <&3 >"$work/discarded"
    write short "$mnt/b/v"
    expect 6 stat -L -c %s /proc/self/fd/3
    expect '' cat <&3
    expect short cat "$mnt/b/v"
}

test_overwriting_without_truncation_keeps_the_tail() {
    overwriting
    long 2000 cached
    dd if="$work/short" of="$mnt/b/v" conv=notrunc status=none
    expect 2000 stat -c %s "$mnt/b/v"
    expect $'short\nxxxx' head -c 10 "$mnt/b/v"
    echo tiny 1<>"$mnt/b/v"
    expect $'tiny\n\nxxxx' head -c 10 "$mnt/b/v"
    drop_caches
    expect $'tiny\n\nxxxx' head -c 10 "$mnt/b/v"
    expect 2000 stat -c %s "$mnt/b/v"
}

# --- names -----------------------------------------------------------------------------------------------------

# lists_as_given DIRECTORY      each of the array `names`, made there by $make
lists_as_given() {
    local name
    for name in "${names[@]}"; do
        "$make" "$1/$name"
    done
    for name in "${names[@]}"; do
        [ -e "$1/$name" ] || { printf 'absent: %q\n' "$name"; return 1; }
    done
    printf '%s\0' "${names[@]}" | sort -z >"$work/given"
    (cd "$1" && find . -mindepth 1 -maxdepth 1 -printf '%P\0') | sort -z >"$work/listed"
    cmp "$work/given" "$work/listed"
    drop_caches
    (cd "$1" && find . -mindepth 1 -maxdepth 1 -printf '%P\0') | sort -z >"$work/listed"
    cmp "$work/given" "$work/listed"
    for name in "${names[@]}"; do
        "$remove" "$1/$name"
        [ ! -e "$1/$name" ]
    done
    expect '' ls -A "$1"
}

odd_names() {
    local i char
    names=($'new\nline' ' ' '  two  ' '-rf' '--help' '...' '..a' '*' '?' '[a-z]' "'" '"' '\' '\n' '$HOME' '`id`' '~' '#'
        'a b' 'größe' 'ключ' '鍵' '🔑' $'\xff\xfe' $'\xc3' $'\xed\xa0\x80' $'a\xc0\xafb' $'\t' $'\r' $'\x7f' '.kvf' '.kvfs2' 'KVFS'
        "$(printf '%255s' '' | tr ' ' x)" "$(printf '%85s' '' | sed 's/ /鍵/g')")
    for i in {1..255}; do
        printf -v char "\\x$(printf %02x "$i")"
        case $char in
        / | .) ;;
        *) names+=("n$char" "${char}n" "n${char}n") ;;
        esac
    done
    # Each once.
    mapfile -d '' -t names < <(printf '%s\0' "${names[@]}" | sort -zu)
}

make_key() { echo "$1" >"$1"; }
remove_key() { rm -- "$1"; }
make_bucket() { mkdir -- "$1"; }
remove_bucket() { rmdir -- "$1"; }

test_a_key_may_have_any_name() {
    local names make=make_key remove=remove_key
    odd_names
    mkdir "$mnt/b"
    lists_as_given "$mnt/b"
}

test_a_bucket_may_have_any_name() {
    local names make=make_bucket remove=remove_bucket
    odd_names
    lists_as_given "$mnt"
}

test_a_monitor_says_any_name_in_one_line() {
    local name n=0 lines
    for name in $'new\nline' 'two words' $'\xff' '"' '\'; do
        n=$((n + 1))
        mkdir "$mnt/$name"
        wait_on "$mnt/$name/.kvfs/monitor" "$work/said$n"
        echo stop >"$mnt/$name/.kvfs/ctl"
        wait "${waiting[0]}"
        lines=$(wc -l <"$work/said$n.1")
        [ "$lines" -eq 1 ] || { cat "$work/said$n.1"; return 1; }
        grep -qaE '^DOWN [^ ]+ .* normal$' "$work/said$n.1"
    done
}

# --- listings --------------------------------------------------------------------------------------------------

# keys FROM TO      in bucket b
keys() {
    local i
    for ((i = $1; i <= $2; i++)); do
        : >"$mnt/b/key$i"
    done
}

test_a_listing_has_each_of_five_thousand_keys_once() {
    mkdir "$mnt/b"
    keys 1 5000
    seq -f 'key%.0f' 5000 | sort >"$work/expected"
    for round in 1 2; do
        cmp "$work/expected" <(ls -f "$mnt/b" | grep -vxE '\.\.?' | sort)
        cmp "$work/expected" <(ls "$mnt/b" | sort)
        expect 5000 eval "ls -l $mnt/b | grep -c ' key'"
        cmp "$work/expected" <(find "$mnt/b" -type f -printf '%f\n' | sort)
        drop_caches
    done
    rm -r "$mnt/b"
}

test_deleting_while_listing_deletes_all() {
    mkdir "$mnt/b"
    keys 1 1500
    find "$mnt/b" -type f -delete
    expect '' ls -A "$mnt/b"
    keys 1 1500
    ls -fU "$mnt/b" | grep key | while read -r key; do rm "$mnt/b/$key"; done
    expect '' ls -A "$mnt/b"
    keys 1 300
    find "$mnt/b" -type f -exec rm {} ';'
    expect '' ls -A "$mnt/b"
    rmdir "$mnt/b"
}

test_a_listing_has_each_key_once_while_others_come_and_go() {
    local round busy
    mkdir "$mnt/b"
    keys 1 1000
    seq -f 'key%.0f' 1000 | sort >"$work/expected"
    (while :; do
        for i in {1..200}; do : >"$mnt/b/other$i"; done
        rm "$mnt/b"/other*
    done) &
    busy=$!
    for round in {1..30}; do
        find "$mnt/b" -name 'key*' -printf '%f\n' | sort >"$work/listed"
        cmp "$work/expected" "$work/listed"
        [ $((round % 10)) -ne 0 ] || drop_caches
    done
    kill $busy
    wait $busy || true
}

test_the_root_lists_each_of_many_buckets_once() {
    local i
    for i in {1..500}; do
        echo "$mnt/bucket$i"
    done >"$work/expected"
    xargs mkdir <"$work/expected"
    cmp <(sort "$work/expected") <(find "$mnt" -mindepth 1 | sort)
    expect 500 eval "ls -l $mnt | grep -c bucket"
    rmdir "$mnt"/bucket*[05]
    expect 400 eval "ls $mnt | wc -l"
    xargs rmdir --ignore-fail-on-non-empty < <(find "$mnt" -mindepth 1)
    expect '' ls -A "$mnt"
}

run_tests "$@"
