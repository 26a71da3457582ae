#!/bin/bash
# What a user must not do, and the answer; what the command line refuses is in mounting.sh.
#
# usage: bad_input.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

test_a_file_at_the_root_is_refused() {
    local command
    write 3 "$work/file"
    mkdir "$mnt/b"
    write 3 "$mnt/b/milk"
    for command in "write 3 $mnt/new" "append 3 $mnt/new" "touch $mnt/new" "cp $work/file $mnt/new" "mkfifo $mnt/new" \
        "mknod $mnt/new p" "ln -s x $mnt/new" "mv $work/file $mnt/new" "mv $mnt/b/milk $mnt/new" "ln $mnt/b/milk $mnt/new" \
        "truncate -s 3 $mnt/new" "dd if=$work/file of=$mnt/new"; do
        # shellcheck disable=SC2086
        refused 'Operation not permitted' $command
        expect b ls -A "$mnt"
    done
    expect 3 cat "$work/file"
    expect 3 cat "$mnt/b/milk"
}

test_a_key_or_a_bucket_named_dot_kvfs_is_refused() {
    local before
    mkdir "$mnt/b"
    write 3 "$mnt/b/milk"
    before=$(stat -c '%F %a %u' "$mnt/b/.kvfs")
    # Where that name is found already, the kernel answers by itself.
    local answer='Operation not permitted|Is a directory|File exists|cannot overwrite'
    matches "$answer" write 3 "$mnt/b/.kvfs"
    matches "$answer" mkdir "$mnt/b/.kvfs"
    matches "$answer" mkdir "$mnt/.kvfs"
    matches "$answer" write 3 "$mnt/.kvfs"
    matches "$answer" mknod "$mnt/b/.kvfs" p
    matches "$answer" mv -T "$mnt/b/milk" "$mnt/b/.kvfs"
    matches 'Operation not permitted|Is a directory' mv "$mnt/b/.kvfs" "$mnt/b/other"
    matches 'Operation not permitted|Is a directory' rm -f "$mnt/b/.kvfs"
    refused 'Operation not permitted' rmdir "$mnt/b/.kvfs"
    expect milk ls -A "$mnt/b"
    expect b ls -A "$mnt"
    expect 3 cat "$mnt/b/milk"
    expect "$before" stat -c '%F %a %u' "$mnt/b/.kvfs"
    [ -e "$mnt/b/.kvfs/info" ]
}

# matches PATTERN COMMAND...      refused with what matches
matches() {
    local pattern=$1 said
    shift
    if said=$("$@" 2>&1); then
        echo "expected to be refused: $*"
        return 1
    fi
    [[ $said =~ $pattern ]] || { echo "expected '$pattern' of '$*', got '$said'"; return 1; }
}

test_nothing_can_be_made_or_removed_in_dot_kvfs() {
    local listing refusal='Operation not permitted|Permission denied'
    mkdir "$mnt/b"
    write 3 "$mnt/b/milk"
    listing=$(ls -A "$mnt/b/.kvfs")
    matches "$refusal" write 3 "$mnt/b/.kvfs/new"
    matches "$refusal" mkdir "$mnt/b/.kvfs/new"
    matches "$refusal" mv "$mnt/b/milk" "$mnt/b/.kvfs/"
    matches "$refusal" mv "$mnt/b/.kvfs/info" "$mnt/b/info"
    matches "$refusal" rm -f "$mnt/b/.kvfs/info"
    matches "$refusal" rm -f "$mnt/b/.kvfs/ctl"
    matches "$refusal" write 3 "$mnt/b/.kvfs/info"
    expect "$listing" ls -A "$mnt/b/.kvfs"
    expect 3 cat "$mnt/b/milk"
    [ -s "$mnt/b/.kvfs/info" ] && [ -p "$mnt/b/.kvfs/monitor" ]
}

test_mkdir_of_a_name_that_exists_leaves_the_bucket_untouched() {
    mkdir "$mnt/b"
    write 3 "$mnt/b/milk"
    wait_on "$mnt/b/.kvfs/monitor" "$work/said"
    local inode
    inode=$(stat -c %i "$mnt/b")
    for round in 1 2 3; do
        refused 'File exists' mkdir "$mnt/b"
        drop_caches
    done
    expect 3 cat "$mnt/b/milk"
    expect "$inode" stat -c %i "$mnt/b"
    are_waiting "${waiting[0]}"
}

test_one_of_many_mkdirs_of_a_name_succeeds() {
    local round i
    for round in {1..20}; do
        for i in {1..8}; do
            mkdir "$mnt/b$round" 2>>"$work/refused" && echo "$i" >>"$work/made$round" &
        done
        wait
        expect 1 sed -n '$=' "$work/made$round"
    done
    # Counted by match: two of them may complain in one line, since mkdir writes it in parts.
    expect 140 eval "grep -o 'File exists' '$work/refused' | wc -l"
}

test_rmdir_with_keys_inside_loses_nothing() {
    mkdir "$mnt/b"
    write 3 "$mnt/b/milk"
    wait_on "$mnt/b/.kvfs/monitor" "$work/said"
    refused 'Directory not empty' rmdir "$mnt/b"
    drop_caches
    refused 'Directory not empty' rmdir "$mnt/b"
    expect 3 cat "$mnt/b/milk"
    are_waiting "${waiting[0]}"
    rm "$mnt/b/milk"
    rmdir "$mnt/b"
}

test_rmdir_and_create_at_once_agree() {
    # Either the key is in a bucket that is there, or both are not.
    local i
    for i in {1..100}; do
        mkdir "$mnt/b"
        write "$i" "$mnt/b/milk" 2>>"$work/writes" &
        if rmdir "$mnt/b" 2>>"$work/rmdirs"; then
            wait $! || true
            [ ! -e "$mnt/b" ]
        else
            wait $!
            expect "$i" cat "$mnt/b/milk"
            rm -r "$mnt/b"
        fi
    done
}

test_a_name_of_256_bytes_is_refused() {
    local name wide
    name=$(printf '%256s' '' | tr ' ' x)
    wide=$(printf '%86s' '' | sed 's/ /鍵/g')
    mkdir "$mnt/b"
    write 3 "$mnt/b/milk"
    for name in "$name" "$wide"; do
        refused 'File name too long' mkdir "$mnt/$name"
        refused 'File name too long' write 3 "$mnt/b/$name"
        refused 'File name too long' cat "$mnt/b/$name"
        refused 'File name too long' ls "$mnt/$name"
        refused 'File name too long' mv "$mnt/b/milk" "$mnt/b/$name"
        refused 'File name too long' rmdir "$mnt/$name"
    done
    expect milk ls -A "$mnt/b"
    expect b ls -A "$mnt"
    name=${name:0:255}
    mkdir "$mnt/$name"
    write 3 "$mnt/$name/$name"
    expect 3 cat "$mnt/$name/$name"
}

test_an_unknown_word_in_ctl_changes_nothing() {
    local word
    mkdir "$mnt/b"
    write 3 "$mnt/b/milk"
    wait_on "$mnt/b/.kvfs/monitor" "$work/said"
    for word in dance stopp sto STOP 'stop it' 'kill -9' x 'stop;kill' $'\xff' "$(printf '%5000s' '' | tr ' ' x)"; do
        refused 'Invalid argument' write "$word" "$mnt/b/.kvfs/ctl"
    done
    refused 'Invalid argument' cp /bin/true "$mnt/b/.kvfs/ctl"
    refused 'Invalid argument' eval "head -c 100000 /dev/zero >$mnt/b/.kvfs/ctl"
    expect 3 cat "$mnt/b/milk"
    expect milk ls -A "$mnt/b"
    are_waiting "${waiting[0]}"

    # It still takes a word that it knows.
    write stop "$mnt/b/.kvfs/ctl"
    [ ! -e "$mnt/b" ]
}

test_emptying_ctl_means_nothing() {
    mkdir "$mnt/b"
    : >"$mnt/b/.kvfs/ctl"
    truncate -s 0 "$mnt/b/.kvfs/ctl"
    expect '' cat "$mnt/b/.kvfs/ctl"
    [ -d "$mnt/b" ]
}

# --- in a bucket that ends -------------------------------------------------------------------------------------

# ended_by COMMAND...      what is left of bucket b for those who are in it when the command ends it
ended_by() {
    mkdir "$mnt/b"
    write 3 "$mnt/b/milk"
    head -c 100000 /dev/zero >"$mnt/b/large"
    exec 3<"$mnt/b/milk" 4>>"$mnt/b/milk" 5<>"$mnt/b/large"
    cat "$mnt/b/milk" "$mnt/b/large" >"$work/discarded"
    cd "$mnt/b"
    "$@"
    [ ! -e "$mnt/b" ]

    for round in 1 2; do
        refused 'Stale file handle' stat .
        refused 'Stale file handle' ls .
        refused 'Stale file handle' write 3 new
        refused 'Stale file handle' cat milk
        refused 'Stale file handle' mkdir new
        refused 'Stale file handle' rm -f milk
        refused 'Stale file handle' eval 'echo 4 >&4'
        refused 'Stale file handle' eval 'echo 4 >&5'
        refused 'Stale file handle' eval 'cat <&3'
        # Within pages that the kernel has, it asks nobody. The notifier takes them back, and nobody waits for that.
        eventually 5 refused 'Stale file handle' eval 'dd bs=10 count=1 <&5'
        refused 'Stale file handle' eval 'cat <&5'
        refused 'Stale file handle' truncate -s 0 /proc/self/fd/5

        # A new bucket of that name has nothing to do with the old one.
        [ "$round" = 2 ] || mkdir "$mnt/b"
        expect '' ls -A "$mnt/b"
        write "new $round" "$mnt/b/milk"
        expect "new $round" cat "$mnt/b/milk"
        rm "$mnt/b/milk"
    done
    write stop "$mnt/b/.kvfs/ctl"
    cd /
    exec 3<&- 4>&- 5<&-
}

test_an_open_file_in_a_stopped_bucket_is_stale() { ended_by write stop "$mnt/b/.kvfs/ctl"; }
test_an_open_file_in_a_killed_bucket_is_stale() { ended_by write kill "$mnt/b/.kvfs/ctl"; }

test_a_working_directory_in_a_removed_bucket_is_stale() {
    mkdir "$mnt/b"
    cd "$mnt/b"
    rmdir "$mnt/b"
    [ ! -e "$mnt/b" ]
    # Linux itself says that a directory that was removed has no entries.
    matches 'Stale file handle|No such file' write 3 new
    mkdir "$mnt/b"
    matches 'Stale file handle|No such file' write 3 new
    expect '' ls -A "$mnt/b"
}

test_a_working_directory_in_dot_kvfs_of_a_stopped_bucket_is_stale() {
    mkdir "$mnt/b"
    cd "$mnt/b/.kvfs"
    echo stop >ctl
    matches 'Stale file handle|No such file' cat info
    matches 'Stale file handle|No such file' cat monitor
    matches 'Stale file handle|No such file' write stop ctl
    mkdir "$mnt/b"
    [ -s "$mnt/b/.kvfs/info" ]
}

test_an_open_ctl_of_a_stopped_bucket_is_stale() {
    mkdir "$mnt/b"
    exec 3>"$mnt/b/.kvfs/ctl"
    echo stop >"$mnt/b/.kvfs/ctl"
    refused 'Stale file handle' eval 'echo stop >&3'
    mkdir "$mnt/b"
    refused 'Stale file handle' eval 'echo stop >&3'
    [ -d "$mnt/b" ]
}

test_a_stopped_bucket_takes_a_reader_of_its_files_with_it() {
    # tail -f has it open and asks for its size again and again.
    mkdir "$mnt/b"
    seq 10 >"$mnt/b/log"
    tail -f ---disable-inotify -s 0.1 "$mnt/b/log" >"$work/tail" 2>&1 &
    local tail=$!
    eventually 5 grep -qx 10 "$work/tail"
    seq 11 20 >>"$mnt/b/log"
    eventually 5 grep -qx 20 "$work/tail"
    write stop "$mnt/b/.kvfs/ctl"
    eventually 5 grep -qE 'Stale file handle|No such file' "$work/tail"
    kill $tail 2>/dev/null || true
}

run_tests "$@"
