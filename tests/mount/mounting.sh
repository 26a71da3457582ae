#!/bin/bash
# How kvfs starts and ends: the command line, and each way to unmount.
#
# usage: mounting.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"
# shellcheck disable=SC2034
mounts=by_hand

# --- what is refused -------------------------------------------------------------------------------------------

# complains PATTERN COMMAND...      kvfs fails with one line on stderr, which matches, and nothing is left of it
complains() {
    local pattern=$1 status=0 before
    before=$(kvfs_processes)
    shift
    "$@" >"$work/out" 2>"$work/err" || status=$?
    if [ $status -eq 0 ] || [ $status -ge 124 ] || [ -s "$work/out" ] || [ "$(wc -l <"$work/err")" -ne 1 ] ||
        ! grep -qE "^kvfs: .*($pattern)" "$work/err"; then
        echo "expected one line with '$pattern' of '$*', got status $status"
        cat "$work/out" "$work/err"
        return 1
    fi
    eventually 5 eval '[ "$(kvfs_processes)" = "$before" ]'
}

test_a_mountpoint_that_is_not_there_is_refused() {
    for option in -f ''; do
        # shellcheck disable=SC2086
        complains "$work/absent.*(No such|no such|not exist)" run_kvfs $option "$work/absent"
        # shellcheck disable=SC2086
        complains "(No such|no such|not exist)" run_kvfs $option "$work/absent/too"
    done
    [ ! -e "$work/absent" ]
}

test_a_mountpoint_that_is_not_a_directory_is_refused() {
    : >"$work/file"
    for option in -f ''; do
        # shellcheck disable=SC2086
        complains "$work/file.*[Nn]ot a directory" run_kvfs $option "$work/file"
    done
    complains "[Nn]ot a directory" run_kvfs "$work/file/below"
}

test_an_unknown_option_is_refused() {
    complains bogus run_kvfs --bogus "$mnt"
    complains bogus run_kvfs -f -o bogus "$mnt"
    complains bogus run_kvfs -o bogus=3,no_direct_call "$mnt"
    complains '.' run_kvfs -Q "$mnt"
    fails is_mounted
}

test_a_thread_budget_that_is_no_number_is_refused() {
    local value
    for value in x -1 '' nan inf 1e400 0.5s; do
        complains "linger=$value" run_kvfs -o "linger=$value" "$mnt"
    done
    for value in x -1 '' 1.5 99999999999 ' 1'; do
        complains "max_awake=$value" run_kvfs -f -o "max_awake=$value" "$mnt"
    done
    complains linger run_kvfs -o linger "$mnt"
    complains max_awake run_kvfs -o max_awake "$mnt"
    fails is_mounted
}

test_a_wrong_number_of_arguments_is_refused() {
    complains '[Mm]ountpoint|MOUNTPOINT|usage' run_kvfs
    complains '[Mm]ountpoint|MOUNTPOINT|usage' run_kvfs -f
    complains '.' run_kvfs one two "$mnt"
    complains '.' run_kvfs ''
    fails is_mounted
}

test_without_dev_fuse_nothing_is_mounted() {
    # Only this private mount namespace sees the emptied /dev.
    kvfs_command
    for option in -f -s; do
        # shellcheck disable=SC2016
        # shellcheck disable=SC2016
    complains 'fuse' timeout 30 unshare -m --propagation private bash -c '
            mount -t tmpfs none /dev
            mknod /dev/null c 1 3; mknod /dev/urandom c 1 9; mknod /dev/zero c 1 5
            "$@"' _ "${kvfs_command[@]}" ${option%-s} "$mnt" </dev/null
    done
    # shellcheck disable=SC2016
    complains 'fuse' timeout 30 unshare -m --propagation private bash -c '
        mount --bind /dev/null /dev/fuse
        "$@"' _ "${kvfs_command[@]}" -f "$mnt"
}

# as_nobody COMMAND...      who may open /dev/fuse, but has no fusermount3 to mount with. All that in a private mount
# namespace, with a directory below $work as nobody's own.
as_nobody() {
    # shellcheck disable=SC2016
    timeout 30 unshare -m --propagation private bash -c '
        mknod -m 666 "$work/fuse" c 10 229
        mount --bind "$work/fuse" /dev/fuse
        for program in /usr/bin/fusermount3 /usr/local/bin/fusermount3 /bin/fusermount3; do
            [ ! -e $program ] || mount --bind /dev/null $program
        done
        exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' _ "$@"
}

# nobodys_kvfs      sets kvfs_command to what nobody can reach
nobodys_kvfs() {
    cp "$KVFS" "$work/kvfs"
    kvfs_command
    kvfs_command[-1 - ${#mode_options[@]}]=$work/kvfs
    chmod 777 "$work"
}

test_without_the_right_to_mount_nothing_is_mounted() {
    nobodys_kvfs
    chown 65534:65534 "$mnt"
    for option in -f -s; do
        # shellcheck disable=SC2086
        complains '[Pp]ermi|not allowed|fusermount3' as_nobody "${kvfs_command[@]}" ${option%-s} "$mnt"
        rm "$work/fuse"
    done
    fails is_mounted
}

test_a_live_mount_is_not_mounted_again() {
    start_kvfs
    mkdir "$mnt/b"
    complains "$mnt.*(already|busy|mounted)" run_kvfs -f "$mnt"
    complains "$mnt.*(already|busy|mounted)" run_kvfs "$mnt"
    expect 1 grep -cF " $mnt " /proc/self/mountinfo
    expect b ls "$mnt"
}

# --- how it starts ---------------------------------------------------------------------------------------------

test_help_and_version_are_printed() {
    run_kvfs --version >"$work/version"
    expect 1 sed -n '$=' "$work/version"
    grep -qE '^kvfs [0-9]+\.[0-9]+\.[0-9]+( |$)' "$work/version"
    expect "$(cat "$work/version")" run_kvfs -V
    run_kvfs --help >"$work/help"
    grep -q '^usage: .*kvfs[^ ]* \[options\] \[SOURCE\] MOUNTPOINT' "$work/help"
    expect "$(cat "$work/help")" run_kvfs -h
    for option in -f -d -o --help --version no_io_uring no_direct_call; do
        grep -q -e "$option" "$work/help"
    done
}

# in_background      kvfs goes there; its daemon's pid is in $pid
in_background() {
    run_kvfs "$mnt" </dev/null >"$work/out" 2>"$work/err"
    is_mounted
    pid=$(oldest_kvfs)
}

# The helper process is the daemon's child.
oldest_kvfs() {
    local pid parents
    parents=$(kvfs_processes)
    for pid in $parents; do
        grep -qxF "$(awk '{ print $4 }' "/proc/$pid/stat")" <<<"$parents" || echo "$pid"
    done
}

test_in_the_background_it_works_once_the_command_returns() {
    local pid
    for _ in {1..5}; do
        in_background
        mkdir "$mnt/b"
        write 3 "$mnt/b/milk"
        expect 3 cat "$mnt/b/milk"
        [ -z "$transport" ] || grep -q "^kvfs: mounted on $mnt over $transport$" "$work/err" "$work/out"
        # It holds neither a terminal nor a directory.
        expect / readlink "/proc/$pid/cwd"
        for fd in 0 1 2; do
            [[ $(readlink "/proc/$pid/fd/$fd") == /dev/null ]]
        done
        [ "$(ps -o sid= -p "$pid")" -ne "$(ps -o sid= -p $$)" ]
        fusermount3 -u "$mnt"
        eventually 10 no_kvfs_process
    done
}

test_in_the_background_it_lets_go_of_pipes() {
    local said
    said=$(run_kvfs "$mnt" 2>&1)
    [ -z "$transport" ] || [ "$said" = "kvfs: mounted on $mnt over $transport" ]
    fusermount3 -u "$mnt"
    eventually 10 no_kvfs_process
}

test_in_the_background_it_ends_on_sigterm() {
    local pid
    in_background
    mkdir "$mnt/b"
    wait_on "$mnt/b/.kvfs/monitor" "$work/said" 3
    kill "$pid"
    wait "${waiting[@]}"
    eventually 10 no_kvfs_process
    fails is_mounted
    expect 3 eval "cat $work/said.[0-9] | grep -cxE 'DOWN [^ ]+ b shutdown'"
}

# Whether the kernel shares its cores by session here: in no control group, so far as can be seen, autogroups do.
cores_go_by_session() {
    grep -qx 1 /proc/sys/kernel/sched_autogroup_enabled && [[ $(readlink /proc/self/ns/cgroup) == *:"[4026531835]" ]] &&
        grep -qE '^[0-9]+:([^:]*,)?cpu(,[^:]*)?:/$|^0::/$' /proc/self/cgroup &&
        ! grep -qE '^[0-9]+:([^:]*,)?cpu(,[^:]*)?:/.' /proc/self/cgroup
}

# policies PID      by which its threads are scheduled, each once, as sched.h numbers them: 0 SCHED_OTHER, 5 SCHED_IDLE
policies() { sed 's/.*) //' /proc/"$1"/task/*/stat | awk '{ print $39 }' | sort -u; }

test_in_the_background_it_steps_aside_for_its_clients_over_io_uring() {
    local pid expected=0
    in_background
    ! grep -q "over io_uring$" "$work/err" "$work/out" || ! cores_go_by_session || expected=5
    mkdir "$mnt/b"
    expect "$expected" policies "$pid"
    # In the foreground others may be in its session, who would starve it.
    fusermount3 -u "$mnt"
    eventually 10 no_kvfs_process
    start_kvfs
    mkdir "$mnt/b"
    expect 0 policies "$(cat "$daemon/pid")"
    fusermount3 -u "$mnt"
    kvfs_has_ended 0
}

test_a_mountpoint_may_be_relative() {
    cd "$work"
    run_kvfs mnt 2>"$work/err"
    mkdir "$mnt/b"
    fusermount3 -u mnt
    eventually 10 no_kvfs_process
}

test_a_source_is_shown_as_the_mounts_source() {
    mkdir "$work/other name"
    run_kvfs my-source "$work/other name" 2>"$work/err"
    expect 'my-source fuse.kvfs' eval "findmnt -n -o SOURCE,FSTYPE '$work/other name' | xargs"
    mkdir "$work/other name/b"
    fusermount3 -u "$work/other name"
    eventually 10 no_kvfs_process
}

test_mount_mounts_it() {
    # With -t fuse.kvfs it would look for kvfs in a PATH of its own only; the arguments are the same.
    local options=rw
    [ ${#mode_options[@]} -eq 0 ] || options=${mode_options[1]}
    kvfs_command
    mkdir "$work/bin"
    printf '#!/bin/sh\nexec %s "$@"\n' "$(printf '%q ' "${kvfs_command[@]:0:${#kvfs_command[@]} - ${#mode_options[@]}}")" >"$work/bin/kvfs"
    chmod +x "$work/bin/kvfs"
    timeout 30 mount -t fuse -o "$options,noatime" "$work/bin/kvfs#tank" "$mnt" 2>"$work/err"
    expect 'tank fuse.kvfs' eval "findmnt -n -o SOURCE,FSTYPE $mnt | xargs"
    findmnt -n -o OPTIONS "$mnt" | grep -q noatime
    mkdir "$mnt/b"
    umount "$mnt"
    eventually 10 no_kvfs_process
}

test_without_the_kernels_io_uring_it_falls_back() {
    [ "$mode" = uring ] || skip "for io_uring only"
    echo N >$uring_switch
    transport=/dev/fuse start_kvfs
    echo Y >$uring_switch
    mkdir "$mnt/b"
    write 3 "$mnt/b/milk"
    expect 3 cat "$mnt/b/milk"
    expect Y cat $uring_switch
}

test_mounts_are_independent() {
    local first second
    start_kvfs
    first=$mnt
    mkdir "$work/second"
    mnt=$work/second
    start_kvfs
    second=$mnt
    mkdir "$first/a" "$second/b"
    expect a ls "$first"
    expect b ls "$second"
    fusermount3 -u "$second"
    eventually 30 test -e "$daemon/status"
    expect a ls "$first"
}

# --- how it ends -----------------------------------------------------------------------------------------------

# with_state      buckets, keys, readers in $waiting
with_state() {
    local i
    start_kvfs
    mkdir "$mnt/a" "$mnt/b" "$mnt/c"
    for i in {1..50}; do
        echo "$i" >"$mnt/a/$i"
    done
    head -c 5000000 /dev/urandom >"$mnt/b/large"
    cat "$mnt/b/large" >"$work/discarded"
    ls -lR "$mnt" >"$work/listing"
}

ends_on() {
    with_state
    wait_on "$mnt/a/.kvfs/monitor" "$work/a" 5
    local readers=("${waiting[@]}")
    wait_on "$mnt/c/.kvfs/monitor" "$work/c" 5
    signal_kvfs "$1"
    wait "${readers[@]}" "${waiting[@]}"
    expect 5 eval "cat $work/a.[0-9] | grep -cxE 'DOWN [^ ]+ a shutdown'"
    expect 5 eval "cat $work/c.[0-9] | grep -cxE 'DOWN [^ ]+ c shutdown'"
    expect '' eval "cat $work/[ac].err.*"
    kvfs_has_ended 0
    fails is_mounted
}

test_sigterm_stops_every_bucket_with_shutdown() { ends_on TERM; }
test_sigint_stops_every_bucket_with_shutdown() { ends_on INT; }
test_sighup_stops_every_bucket_with_shutdown() { ends_on HUP; }

test_fusermount_ends_it() {
    with_state
    fusermount3 -u "$mnt"
    kvfs_has_ended 0
    expect '' ls -A "$mnt"
}

test_umount_ends_it() {
    with_state
    umount "$mnt"
    kvfs_has_ended 0
}

test_unmounting_while_a_reader_waits_is_busy() {
    with_state
    wait_on "$mnt/a/.kvfs/monitor" "$work/a"
    refused 'busy' fusermount3 -u "$mnt"
    refused 'busy' umount "$mnt"
    write 3 "$mnt/a/milk"
    are_waiting "${waiting[0]}"
    write stop "$mnt/a/.kvfs/ctl"
    wait "${waiting[0]}"
    grep -qxE 'DOWN [^ ]+ a normal' "$work/a.1"
    eventually 5 fusermount3 -u "$mnt"
    kvfs_has_ended 0
}

test_sigterm_detaches_what_is_in_use() {
    with_state
    cd "$mnt/a"
    exec 3<"$mnt/b/large" 4>>"$mnt/a/1"
    signal_kvfs TERM
    kvfs_has_ended 0
    fails is_mounted
    fails ls .
    fails eval 'echo 3 >&4'
    expect '' ls -A "$mnt"
    cd /
}

test_a_lazy_unmount_ends_it_with_its_last_user() {
    with_state
    exec 3<"$mnt/a/1"
    umount -l "$mnt"
    expect 1 cat /proc/self/fd/3
    [ ! -e "$daemon/status" ]
    exec 3<&-
    kvfs_has_ended 0
}

test_a_forced_unmount_ends_it() {
    with_state
    wait_on "$mnt/a/.kvfs/monitor" "$work/a" 5
    umount -f "$mnt" 2>"$work/err" || umount -l "$mnt"
    eventually 10 have_ended "${waiting[@]}"
    eventually 20 test -e "$daemon/status"
    eventually 5 no_kvfs_process
    touch "$daemon/judged"
}

test_sigterm_during_churn_ends_it() {
    local i busy=()
    start_kvfs
    for i in 1 2 3 4; do
        (while is_mounted; do
            timeout 10 mkdir "$mnt/b$i" "$mnt/common"
            { echo 3 >"$mnt/b$i/milk"; cat "$mnt/b$i/milk"; echo stop >"$mnt/b$i/.kvfs/ctl"; echo kill >"$mnt/common/.kvfs/ctl"; }
        done) >"$work/discarded" 2>&1 &
        busy+=($!)
    done
    sleep 1
    signal_kvfs TERM
    kvfs_has_ended 0
    eventually 20 have_ended "${busy[@]}"
    fails is_mounted
}

test_a_signal_at_any_moment_of_the_start_leaves_nothing() {
    local delay
    for delay in 0 0.005 0.01 0.02 0.03 0.05 0.08 0.12; do
        launch_kvfs
        sleep $delay
        signal_kvfs TERM 2>/dev/null || true
        eventually 30 test -e "$daemon/status"
        # Before it has its handlers, a signal just ends it.
        [[ $(cat "$daemon/status") =~ ^(0|1|143)$ ]]
        touch "$daemon/judged"
        eventually 5 no_kvfs_process
        fails is_mounted
    done
}

run_tests "$@"
