#!/bin/bash
# Buckets whose fates are joined: who goes with whom, and how one says so.
#
# usage: link.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# link DIRECTORY PATH, unlink DIRECTORY PATH
link() { write "$2" "$1/.kvfs/link"; }
unlink() { write "unlink $2" "$1/.kvfs/ctl"; }
links_of() { cat "$1/.kvfs/link"; }

kill_bucket() { write kill "$1/.kvfs/ctl"; }
stop_bucket() { write stop "$1/.kvfs/ctl"; }

# gone DIRECTORY...      soon. One that was taken along is taken back by the notifier, and nobody waits for that.
gone() {
    local directory
    for directory; do
        eventually 5 test ! -e "$directory"
    done
}

# --- who goes with whom ----------------------------------------------------------------------------------------

test_a_kill_takes_the_other_along() {
    local victim readers
    for victim in a b; do
        mkdir "$mnt/a" "$mnt/b" "$mnt/bystander"
        link "$mnt/a" ../b
        wait_on "$mnt/a/.kvfs/monitor" "$work/a"
        readers=("${waiting[@]}")
        wait_on "$mnt/b/.kvfs/monitor" "$work/b"
        kill_bucket "$mnt/$victim"
        wait "${readers[@]}" "${waiting[@]}"
        grep -qxE 'DOWN [^ ]+ a killed' "$work/a.1"
        grep -qxE 'DOWN [^ ]+ b killed' "$work/b.1"
        gone "$mnt/a" "$mnt/b"
        expect bystander ls "$mnt"
        rmdir "$mnt/bystander"
    done
}

test_a_normal_end_takes_nobody_along() {
    local how
    for how in stop_bucket rmdir; do
        mkdir "$mnt/a" "$mnt/b"
        link "$mnt/a" ../b
        wait_on "$mnt/b/.kvfs/monitor" "$work/b"
        $how "$mnt/a"
        expect b ls "$mnt"
        are_waiting "${waiting[0]}"
        expect '' links_of "$mnt/b"
        expect 0 info_of "$mnt/b" links
        # A new one of that name isn't linked.
        mkdir "$mnt/a"
        expect '' links_of "$mnt/a"
        kill_bucket "$mnt/a"
        are_waiting "${waiting[0]}"
        rmdir "$mnt/b"
    done
}

test_both_list_the_link() {
    mkdir "$mnt/a" "$mnt/b" "$mnt/c"
    expect '' links_of "$mnt/a"
    link "$mnt/a" ../b
    expect ../b links_of "$mnt/a"
    expect ../a links_of "$mnt/b"
    link "$mnt/c" ../a
    expect $'../b\n../c' eval "sort $mnt/a/.kvfs/link"
    expect ../a links_of "$mnt/c"
    expect 2 info_of "$mnt/a" links
    expect 1 info_of "$mnt/b" links
}

test_however_many_there_are_all_are_listed() {
    local i
    mkdir "$mnt/a" "$mnt"/b{100..299}
    for i in {100..299}; do
        link "$mnt/b$i" ../a
    done
    expect 200 info_of "$mnt/a" links
    expect 200 eval "sort -u $mnt/a/.kvfs/link | wc -l"
    expect 200 eval "wc -l <$mnt/a/.kvfs/link"
}

test_linking_twice_is_one_link() {
    mkdir "$mnt/a" "$mnt/b"
    link "$mnt/a" ../b
    link "$mnt/a" ../b
    link "$mnt/b" ../a
    link "$mnt/a" /b
    expect ../b links_of "$mnt/a"
    unlink "$mnt/b" ../a
    expect '' links_of "$mnt/a"
    expect '' links_of "$mnt/b"
    kill_bucket "$mnt/a"
    expect b ls "$mnt"
}

test_unlinked_they_end_alone() {
    mkdir "$mnt/a" "$mnt/b" "$mnt/c"
    link "$mnt/a" ../b
    link "$mnt/a" ../c
    unlink "$mnt/a" ../b
    # One that isn't linked needn't be parted.
    unlink "$mnt/a" ../b
    unlink "$mnt/b" ../c
    unlink "$mnt/b" .
    expect ../c links_of "$mnt/a"
    expect '' links_of "$mnt/b"
    kill_bucket "$mnt/a"
    gone "$mnt/c"
    expect b ls "$mnt"
}

test_a_chain_of_links_goes_whole() {
    local i
    mkdir "$mnt"/b{000..299} "$mnt/bystander"
    for i in {001..299}; do
        printf -v before '%03d' $((10#$i - 1))
        link "$mnt/b$i" "../b$before"
    done
    follow_events "$work/events"
    kill_bucket "$mnt/b150"
    gone "$mnt"/b{000..299}
    expect bystander ls "$mnt"
    eventually 5 eval "[ \$(sed -n '$=' $work/events) -eq 300 ]"
    expect 300 eval "sort -u $work/events | grep -cxE 'DOWN b[0-9]+ killed'"
}

test_a_circle_of_links_goes_whole() {
    mkdir -p "$mnt/a/b" "$mnt/c/d" "$mnt/bystander"
    link "$mnt/a" b
    link "$mnt/a/b" ../../c/d
    link "$mnt/c/d" ..
    link "$mnt/c" ../a
    follow_events "$work/events"
    kill_bucket "$mnt/c/d"
    gone "$mnt/a" "$mnt/c"
    expect bystander ls "$mnt"
    eventually 5 eval "[ \$(sed -n '$=' $work/events) -eq 4 ]"
    expect $'DOWN a killed\nDOWN a/b killed\nDOWN c killed\nDOWN c/d killed' sort "$work/events"
}

test_links_reach_across_the_tree() {
    mkdir -p "$mnt/a/b/c" "$mnt/x/y/z" "$mnt/x/other"
    link "$mnt/a/b/c" /x/y
    expect ../../../x/y links_of "$mnt/a/b/c"
    expect ../../a/b/c links_of "$mnt/x/y"
    # Killed with its parent, it takes its link along, and that what is below.
    kill_bucket "$mnt/a/b"
    gone "$mnt/x/y"
    expect '' ls -A "$mnt/a"
    expect other ls "$mnt/x"

    # Stopped with its parent, it doesn't.
    mkdir -p "$mnt/a/b/c" "$mnt/x/y/z"
    link "$mnt/a/b/c" /x/y
    stop_bucket "$mnt/a"
    expect $'other\ny' ls "$mnt/x"
    expect z ls "$mnt/x/y"
    expect '' links_of "$mnt/x/y"
}

test_a_parent_goes_with_a_child_that_it_is_linked_with() {
    mkdir -p "$mnt/a/b/c" "$mnt/a/other"
    link "$mnt/a/b" ..
    expect .. links_of "$mnt/a/b"
    expect b links_of "$mnt/a"
    kill_bucket "$mnt/a/b"
    gone "$mnt/a"
    mkdir -p "$mnt/a/b"
    link "$mnt/a/b" ..
    rmdir "$mnt/a/b"
    [ -d "$mnt/a" ]
}

test_what_is_restarted_is_linked_no_more() {
    local old
    mkdir "$mnt/a" "$mnt/b" "$mnt/c"
    echo permanent >"$mnt/a/.kvfs/restart"
    echo transient >"$mnt/b/.kvfs/restart"
    old=$(stat -c %i "$mnt/a" "$mnt/b")
    link "$mnt/a" ../b
    link "$mnt/b" ../c
    kill_bucket "$mnt/c"
    eventually 5 eval "[ '1 1' = \"\$(info_of $mnt/a restarts) \$(info_of $mnt/b restarts)\" ]"
    expect $'a\nb' ls "$mnt"
    [ "$(stat -c %i "$mnt/a" "$mnt/b")" != "$old" ]
    expect '' links_of "$mnt/a"
    expect '' links_of "$mnt/b"
    kill_bucket "$mnt/a"
    expect 2 info_of "$mnt/a" restarts
    expect 1 info_of "$mnt/b" restarts
}

test_the_daemons_end_is_everyones() {
    local readers
    mkdir "$mnt/a" "$mnt/b"
    link "$mnt/a" ../b
    wait_on "$mnt/a/.kvfs/monitor" "$work/a"
    readers=("${waiting[@]}")
    wait_on "$mnt/b/.kvfs/monitor" "$work/b"
    signal_kvfs TERM
    kvfs_has_ended 0
    wait "${readers[@]}" "${waiting[@]}"
    expect 2 eval "cat $work/[ab].1 | grep -cxE 'DOWN [^ ]+ [ab] shutdown'"
}

test_linking_and_killing_at_once_agree() {
    # Who is told that it is linked with one that was killed is gone, too.
    local i
    for i in {1..60}; do
        mkdir "$mnt/a" "$mnt/b"
        kill_bucket "$mnt/b" &
        if link "$mnt/a" ../b 2>>"$work/refused"; then
            wait $!
            gone "$mnt/a"
        else
            wait $!
            expect '' links_of "$mnt/a"
            rmdir "$mnt/a"
        fi
    done
    says_only 'No such file|Stale file handle' "$work/refused"
}

test_many_links_made_and_broken_at_once_agree() {
    local i j workers=()
    mkdir "$mnt"/b{0..9}
    for i in {0..9}; do
        (
            for j in {0..9} {0..9}; do
                link "$mnt/b$i" "/b$j"
                [ $(((i + j) % 3)) -ne 0 ] || unlink "$mnt/b$j" "/b$i"
            done
        ) &
        workers+=($!)
    done
    wait "${workers[@]}"
    # Each link is there for both.
    for i in {0..9}; do
        sed "s|../|$i |" "$mnt/b$i/.kvfs/link"
    done | sed 's/b//' | sort >"$work/one_way"
    awk '{ print $2, $1 }' "$work/one_way" | sort | cmp "$work/one_way" -
    expect '' eval "uniq -d $work/one_way"
    expect '' eval "awk '\$1 == \$2' $work/one_way"
    for i in {1..9}; do
        link "$mnt/b0" "../b$i"
    done
    kill_bucket "$mnt/b0"
    gone "$mnt"/b{0..9}
}

# --- paths -----------------------------------------------------------------------------------------------------

test_paths_go_up_and_down_and_from_the_root() {
    local path
    mkdir -p "$mnt/a/b/c" "$mnt/x/y"
    for path in c ./c .//c/ c/. ../b/c ../../a/b/c /a/b/c //a//b//c ../../../../a/b/c 'c/../../b/c' '  c' $'c\t'; do
        link "$mnt/a/b" "$path"
        expect c links_of "$mnt/a/b"
        expect .. links_of "$mnt/a/b/c"
        unlink "$mnt/a/b" "$path"
        expect '' links_of "$mnt/a/b/c"
    done
    for path in ../../x/y /x/y c/../../../x/y; do
        link "$mnt/a/b" "$path"
        expect ../../x/y links_of "$mnt/a/b"
        expect ../../a/b links_of "$mnt/x/y"
        unlink "$mnt/x/y" /a/b
    done
}

test_odd_names_are_written_in_octal() {
    local name escaped
    mkdir "$mnt/a"
    # shellcheck disable=SC1003
    while IFS= read -r -d '' name && IFS= read -r -d '' escaped; do
        mkdir -p "$mnt/a/$name/below" "$mnt/$name"
        write "$escaped/below" "$mnt/a/.kvfs/link"
        write "/$escaped" "$mnt/a/.kvfs/link"
        # As they are listed they can be given back.
        printf '%s\n' "../$escaped" "$escaped/below" | sort >"$work/expected"
        sort "$mnt/a/.kvfs/link" | cmp "$work/expected" -
        expect ../.. links_of "$mnt/a/$name/below"
        expect ../a links_of "$mnt/$name"
        while read -r escaped; do
            unlink "$mnt/a" "$escaped"
        done <"$work/expected"
        expect '' links_of "$mnt/a"
        rmdir "$mnt/a/$name/below" "$mnt/a/$name" "$mnt/$name"
    done < <(printf '%s\0' 'two words' 'two\040words' ' ' '\040' $'\t' '\011' $'new\nline\n' 'new\012line\012' \
        'back\slash' 'back\134slash' '\040' '\134040' '\\' '\134\134' $'\r' '\015' unlink unlink '...' '...' '*' '*' \
        $'\xff' $'\xff' '鍵' '鍵' "$(printf '%255s' '' | tr ' ' x)" "$(printf '%255s' '' | tr ' ' x)")
}

test_a_name_need_not_be_written_in_octal() {
    mkdir "$mnt/a" "$mnt/two words" "$mnt/back\\slash" "$mnt/\\9"
    link "$mnt/a" '../two words'
    expect '../two\040words' links_of "$mnt/a"
    unlink "$mnt/a" '../two words'
    link "$mnt/a" '../back\slash'
    expect '../back\134slash' links_of "$mnt/a"
    unlink "$mnt/a" '../back\slash'
    link "$mnt/a" '../\9'
    expect '../\1349' links_of "$mnt/a"
    link "$mnt/a" '../\164wo\040\167ords'
    expect $'../\\1349\n../two\\040words' eval "sort $mnt/a/.kvfs/link"
}

test_each_line_is_a_link() {
    mkdir "$mnt/a" "$mnt"/{1,2,3,4}
    printf '../1\n\n  ../2\n../3' >"$work/lines"
    cp "$work/lines" "$mnt/a/.kvfs/link"
    link "$mnt/a" ../4
    expect $'../1\n../2\n../3\n../4' eval "sort $mnt/a/.kvfs/link"
    printf 'unlink ../1\n unlink \t ../2 \n' >"$work/lines"
    cp "$work/lines" "$mnt/a/.kvfs/ctl"
    expect $'../3\n../4' eval "sort $mnt/a/.kvfs/link"
}

# --- what is refused -------------------------------------------------------------------------------------------

test_what_is_no_bucket_is_refused_and_changes_nothing() {
    local round
    mkdir -p "$mnt/a/b" "$mnt/c"
    write 3 "$mnt/a/milk"
    link "$mnt/a" ../c
    for round in link unlink; do
        refused 'No such file' $round "$mnt/a" missing
        refused 'No such file' $round "$mnt/a" ../missing/b
        refused 'No such file' $round "$mnt/a" b/missing/..
        refused 'Operation not permitted' $round "$mnt/a" /
        refused 'Not a directory' $round "$mnt/a" milk
        refused 'Not a directory' $round "$mnt/a" milk/b
        refused 'Operation not permitted' $round "$mnt/a" ..
        refused 'Operation not permitted' $round "$mnt/a" ../..
        refused 'Operation not permitted' $round "$mnt/a/b" ../../c/..
        refused 'No such file' $round "$mnt/a" .kvfs
        refused 'No such file' $round "$mnt/a" ../.kvfs
        refused 'No such file' $round "$mnt/a" 'b\000'
        refused 'File name too long' $round "$mnt/a" "$(printf '%256s' '' | tr ' ' x)"
        refused 'No such file' $round "$mnt/a" "$(printf '%3000s' '' | sed 's| |x/|g')"
    done
    # All lines of a write, or none.
    printf 'b\nmissing\n' >"$work/lines"
    refused 'No such file' cp "$work/lines" "$mnt/a/.kvfs/link"
    printf 'unlink ../c\nunlink missing\n' >"$work/lines"
    refused 'No such file' cp "$work/lines" "$mnt/a/.kvfs/ctl"
    for word in unlink 'unlink ' unlinkb 'link b' 'Unlink ../c' 'unlink:../c'; do
        refused 'Invalid argument' write "$word" "$mnt/a/.kvfs/ctl"
    done
    expect ../c links_of "$mnt/a"
    expect 3 cat "$mnt/a/milk"
    expect '' links_of "$mnt/a/b"
}

test_a_link_to_itself_is_none() {
    mkdir -p "$mnt/a/b"
    link "$mnt/a" .
    link "$mnt/a" ../a
    link "$mnt/a" b/..
    link "$mnt/a" ./
    expect '' links_of "$mnt/a"
    kill_bucket "$mnt/a"
    [ ! -e "$mnt/a" ]
}

test_emptying_link_means_nothing() {
    mkdir "$mnt/a" "$mnt/b"
    link "$mnt/a" ../b
    : >"$mnt/a/.kvfs/link"
    truncate -s 0 "$mnt/a/.kvfs/link"
    write '' "$mnt/a/.kvfs/link"
    expect ../b links_of "$mnt/a"
}

test_an_open_link_of_an_ended_bucket_is_stale() {
    mkdir "$mnt/a" "$mnt/b"
    exec 3>"$mnt/a/.kvfs/link"
    stop_bucket "$mnt/a"
    refused 'Stale file handle' eval 'echo ../b >&3'
    mkdir "$mnt/a"
    refused 'Stale file handle' eval 'echo ../b >&3'
    expect '' links_of "$mnt/b"
    exec 3>&-
}

run_tests "$@"
