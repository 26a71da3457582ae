#!/bin/bash
# Editors, who save each in a way of their own, and the shell's locks.
#
# usage: edit.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# vi FILE COMMAND...      each a line of ex mode, saved in the end
vi() {
    local file=$1
    shift
    printf '%s\n' "$@" 'wq!' | HOME=$work vim.tiny -N -u NONE -i NONE -es "$file"
}

# The same edits with and without a swap file, a backup, and one made by renaming or by copying.
test_vim_saves_in_each_of_its_ways() {
    local copy backup swap inode
    mkdir "$mnt/b"
    for swap in swapfile noswapfile; do
        for backup in 'nobackup nowritebackup' 'nobackup writebackup' 'backup writebackup'; do
            for copy in yes no auto; do
                printf 'one\ntwo\nthree\n' >"$mnt/b/v"
                chmod 640 "$mnt/b/v"
                chown 12:34 "$mnt/b/v"
                inode=$(stat -c %i "$mnt/b/v")
                vi "$mnt/b/v" "set $swap $backup backupcopy=$copy backupskip=" 'edit!' \
                    '%s/two/2/' 'write' '$a' 'last' '.' '1d'
                expect $'2\nthree\nlast' cat "$mnt/b/v"
                expect '640 12 34' stat -c '%a %u %g' "$mnt/b/v"
                [ "$copy" != yes ] || expect "$inode" stat -c %i "$mnt/b/v"
                case $backup in
                backup*)
                    expect $'one\n2\nthree' cat "$mnt/b/v~"
                    rm "$mnt/b/v~"
                    ;;
                esac
                expect v ls -A "$mnt/b"
            done
        done
    done
}

test_vim_edits_what_is_linked_and_what_is_new() {
    mkdir "$mnt/b"
    write one "$mnt/b/v"
    ln "$mnt/b/v" "$mnt/b/other"
    ln -s v "$mnt/b/link"
    vi "$mnt/b/v" '1s/one/two/'
    expect two cat "$mnt/b/other"
    vi "$mnt/b/link" '1s/two/three/'
    expect three cat "$mnt/b/v"
    expect v readlink "$mnt/b/link"
    vi "$mnt/b/new" a new .
    expect new cat "$mnt/b/new"
    expect $'link\nnew\nother\nv' ls -A "$mnt/b"
    seq 200000 >"$mnt/b/v"
    vi "$mnt/b/v" g/7/d
    cmp "$mnt/b/v" <(seq 200000 | grep -v 7)
    drop_caches
    cmp "$mnt/b/v" <(seq 200000 | grep -v 7)
}

test_vim_restores_what_a_killed_one_had_in_its_swap_file() {
    local pid
    mkdir "$mnt/b"
    seq 1000 >"$mnt/b/v"
    mkfifo "$work/commands"
    HOME=$work vim.tiny -N -u NONE -i NONE -es -c 'set swapfile' "$mnt/b/v" <"$work/commands" &
    pid=$!
    exec 8>"$work/commands"
    printf '%s\n' '%s/^5.*$/kept/' 'preserve' >&8
    eventually 10 grep -aq kept "$mnt/b/.v.swp"
    kill -KILL $pid
    wait $pid || true
    HOME=$work vim.tiny -N -u NONE -i NONE -es -r -c 'w! '"$mnt/b/restored" -c 'qa!' "$mnt/b/v" || true
    cmp "$mnt/b/restored" <(seq 1000 | sed 's/^5.*$/kept/')
    cmp "$mnt/b/v" <(seq 1000)
}

test_sed_edits_in_place() {
    local i
    mkdir "$mnt/b"
    for i in {1..20}; do
        seq "$i" $((i + 100)) >"$mnt/b/key$i"
    done
    chmod 604 "$mnt/b/key7"
    chown 12:34 "$mnt/b/key7"
    sed -i -e 's/1/one/g' -e '/5/d' "$mnt/b"/key*
    drop_caches
    for i in {1..20}; do
        cmp "$mnt/b/key$i" <(seq "$i" $((i + 100)) | sed -e 's/1/one/g' -e '/5/d')
    done
    expect '604 12 34' stat -c '%a %u %g' "$mnt/b/key7"
    sed -i.old 1d "$mnt/b/key1"
    cmp "$mnt/b/key1" <(sed 1d "$mnt/b/key1.old")
    ln -s key2 "$mnt/b/link"
    sed -i --follow-symlinks 1d "$mnt/b/link"
    expect key2 readlink "$mnt/b/link"
    expect 22 eval "ls -A $mnt/b | wc -l"
}

test_perl_and_patch_edit_in_place() {
    mkdir -p "$mnt/b/c"
    seq 100 >"$mnt/b/one"
    seq 200 >"$mnt/b/c/two"
    cp -a "$mnt/b" "$work/changed"
    sed -i 's/^7$/seven/' "$work/changed/one"
    sed -i '/8/d' "$work/changed/c/two"
    cp -a "$mnt/b" "$work/b"
    (cd "$work" && diff -ru b changed >"$work/patch") || true
    patch -s -b -d "$mnt/b" -p 1 <"$work/patch"
    diff -r --exclude '*.orig' "$mnt/b" "$work/changed"
    cmp "$mnt/b/one.orig" <(seq 100)
    patch -s -R -d "$mnt/b" -p 1 <"$work/patch"
    cmp "$mnt/b/one" <(seq 100)
    perl -i.bak -pe 's/9/nine/g' "$mnt/b/one" "$mnt/b/c/two"
    cmp "$mnt/b/c/two" <(seq 200 | sed s/9/nine/g)
}

# As Emacs does: a lock that is a dangling symlink, an auto-save file, a backup that is a link, and a new file in place.
test_a_save_by_rename_is_seen_whole_by_readers() {
    local i reader seen
    mkdir "$mnt/b"
    seq 3000 >"$mnt/b/v"
    (
        while [ ! -e "$work/stop" ]; do
            wc -l <"$mnt/b/v"
        done >"$work/seen" 2>&1
    ) &
    reader=$!
    for i in {1..20}; do
        ln -s "somebody@host.$i" "$mnt/b/.#v"
        seq 3000 | sort -R >"$mnt/b/#v#"
        cp -p "$mnt/b/#v#" "$mnt/b/new"
        ln -f "$mnt/b/v" "$mnt/b/v~"
        mv -f "$mnt/b/new" "$mnt/b/v"
        rm "$mnt/b/#v#" "$mnt/b/.#v"
    done
    touch "$work/stop"
    wait $reader
    seen=$(sort -u "$work/seen")
    expect 3000 echo "$seen"
    expect $'v\nv~' ls -A "$mnt/b"
}

# --- locks -----------------------------------------------------------------------------------------------------

test_flock_lets_one_shell_in_at_a_time() {
    local i pids=()
    mkdir "$mnt/b"
    write 0 "$mnt/b/count"
    for i in {1..8}; do
        (
            for _ in {1..25}; do
                exec 9>>"$mnt/b/lock"
                flock 9
                echo $(($(cat "$mnt/b/count") + 1)) >"$mnt/b/count"
                exec 9>&-
            done
        ) &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i"
    done
    expect 200 cat "$mnt/b/count"
}

test_flock_is_shared_refused_timed_and_given_back_by_the_dead() {
    local lock=$mnt/b/lock holder
    mkdir "$mnt/b"
    exec 5<>"$lock" 6<>"$lock"
    flock -s 5
    flock -n -s 6
    fails flock -n -x 6
    fails flock -n -x "$lock" true
    flock -n -s "$lock" true
    flock -u 5
    flock -n -x 6
    fails flock -w 0.2 "$lock" true
    # Of a directory, too, and of a file with no name any more.
    exec 7<"$mnt/b"
    flock -n 7
    fails flock -n "$mnt/b" true
    exec 7<&-
    flock -n "$mnt/b" true
    rm "$lock"
    fails flock -n -s 5
    exec 5>&- 6>&-

    # shellcheck disable=SC2016
    flock "$lock" bash -c 'echo $$ >$1; exec sleep 1000' _ "$work/child" &
    holder=$!
    eventually 10 test -s "$work/child"
    fails flock -n "$lock" true
    # The child that inherited it holds it still.
    kill -KILL $holder
    wait $holder || true
    fails flock -n "$lock" true
    kill -KILL "$(cat "$work/child")"
    flock -w 10 "$lock" true
}

run_tests "$@"
