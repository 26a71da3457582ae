# shellcheck shell=bash
# What the mount tests share. A script sources this, defines functions test_..., and ends with `run_tests "$@"`.
#
# usage of such a script: NAME.sh uring|dev|nodirect|open|any [TEST...]
#
# Each test has a directory of its own, $work, and, unless the script says mounts=by_hand, a fresh kvfs on $mnt. It
# runs under set -e in a process of its own with a deadline of $limit seconds. What it leaves running is killed, and
# has to be gone soon; the daemons it started are stopped, and have to end with status 0, leaving no process, no
# mount and no report of a sanitizer. What it prints is shown if it fails.
#
# In the environment KVFS is the daemon to test.
set -u
export LC_ALL=C
: "${KVFS:?the daemon to test}"

mounts=by_lib
limit=60

# Of one test.
work=${work-} mnt=${mnt-} daemon=${daemon-}
mode='' mode_options=()

# --- what a test may use ---------------------------------------------------------------------------------------

# expect TEXT COMMAND...      it succeeds and prints exactly that
expect() {
    local text=$1 printed
    shift
    printed=$("$@") || { echo "status $?: $*"; return 1; }
    [ "$printed" = "$text" ] || { echo "expected '$text' of '$*', got '$printed'"; return 1; }
}

# refused TEXT COMMAND...      it fails, and says that on stderr
refused() {
    local text=$1 said
    shift
    if said=$("$@" 2>&1 >/dev/null); then
        echo "expected '$text' of '$*', but it succeeded"
        return 1
    fi
    [[ $said == *"$text"* ]] || { echo "expected '$text' of '$*', got '$said'"; return 1; }
}

# fails COMMAND...
fails() {
    if "$@" >/dev/null 2>&1; then
        echo "expected to fail: $*"
        return 1
    fi
}

# says_only PATTERN FILE      every line of it matches
says_only() { ! grep -avE "$1" "$2"; }

# Redirections as commands, for those above.
write() { printf '%s\n' "$1" >"$2"; }
append() { printf '%s\n' "$1" >>"$2"; }

# eventually SECONDS COMMAND...      until it succeeds
eventually() {
    local deadline=$(($(now_ms) + $1 * 1000))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(now_ms)" -lt "$deadline" ] || { echo "not in time: $*"; return 1; }
        sleep 0.02
    done
}

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# skip REASON      ends the test
skip() {
    echo "$1" >"$work/skipped"
    exit 77
}

# The commands that PIDs run have ended: waits for that. To use with `eventually`.
have_ended() {
    local pid
    for pid; do
        [ ! -e "/proc/$pid" ] || [[ $(cat "/proc/$pid/stat" 2>/dev/null) == *") Z "* ]] || return 1
    done
}

# run_workers COUNT SECONDS      so many processes at once, each of them `worker NUMBER`, in which anything may fail. They
# have ended in that time; what they printed is in $work/output1 etc.
run_workers() {
    local i workers=()
    for ((i = 1; i <= $1; i++)); do
        (
            set +e
            trap - ERR
            worker "$i"
        ) >"$work/output$i" 2>&1 &
        workers+=($!)
    done
    eventually "$2" have_ended "${workers[@]}" || {
        # shellcheck disable=SC2009
        ps -eo pid=,stat=,wchan:30=,args= | grep -F "$mnt"
        return 1
    }
}

# were_told_nothing_like PATTERN      nor what never happens when others take a bucket away
were_told_nothing_like() {
    fails eval "cat $work/output* |
        grep -aE 'Input/output|not connected|not permitted|not implemented|Bad|Cannot allocate|$1'"
}

# show TEXT...      a line that is printed whether the test fails or not
show() { echo "$*" >>"$work/shown"; }

# What the kernel remembers of files goes, so that the daemon is asked.
drop_caches() { echo 3 >/proc/sys/vm/drop_caches; }

is_mounted() { grep -qF " ${1-$mnt} " /proc/self/mountinfo; }

# Each `cat` of PIDs has got past its open() of a FIFO, a monitor or the like: the other end is there.
are_waiting() {
    local descriptors=("${@/#//proc/}")
    [ "$(readlink "${descriptors[@]/%//fd/3}" 2>/dev/null | grep -cE '/\.kvfs/(monitor|events|hold)')" -eq $# ]
}

# wait_on FILE OUTPUT [COUNT]      starts that many cats of a FIFO, OUTPUT.1 etc. get what they print. Their PIDs are in
# $waiting when all of them wait.
wait_on() {
    local i
    waiting=()
    for ((i = 1; i <= ${3-1}; i++)); do
        env --default-signal=INT,QUIT cat "$1" >"$2.$i" 2>"$2.err.$i" 3<&- &
        waiting+=($!)
    done
    eventually 30 are_waiting "${waiting[@]}"
}

# follow_events OUTPUT      from now on they go into that file; the PID is in $follower
# shellcheck disable=SC2034
follow_events() {
    wait_on "$mnt/.kvfs/events" "$1"
    follower=${waiting[0]}
    ln "$1.1" "$1"
}

# has_lines COUNT FILE
has_lines() { [ "$(wc -l <"$2")" -eq "$1" ]; }

# happened LINE... FILE      these are the lines of it. Where each bucket tells of its end by a thread of its own, in any order.
happened() {
    local file=${*: -1}
    local lines=("${@:1:$#-1}")
    eventually 10 has_lines ${#lines[@]} "$file"
    if [ "$mode" = nodirect ]; then
        expect "$(printf '%s\n' "${lines[@]}" | sort)" sort "$file"
    else
        expect "$(printf '%s\n' "${lines[@]}")" cat "$file"
    fi
}

# info_of DIRECTORY NAME      a number or a word of its info
info_of() { awk -v name="$2" '$1 == name { print $2 }' "$1/.kvfs/info"; }

# tree_paths      of every bucket, as `tree` has them
tree_paths() {
    awk '!below && $2 == "registry" { below = $1; next }
        below && $1 != "-" && $1 <= below { exit }
        below && $1 != "-" {
            names[$1] = $2
            path = names[below + 1]
            for (i = below + 2; i <= $1; i++) path = path "/" names[i]
            print path
        }' "$mnt/.kvfs/tree"
}

# --- beside tmpfs ----------------------------------------------------------------------------------------------

# mount_tmpfs      on $tmpfs, until the test ends
mount_tmpfs() {
    tmpfs=$work/tmpfs
    mkdir "$tmpfs"
    mount -t tmpfs -o mode=755 kvfs-test "$tmpfs"
    trap 'umount -l "$tmpfs"' EXIT
}

# same_in DIRECTORY OTHER COMMAND...      it prints the same to both streams and ends with the same status in each
same_in() {
    local one=$1 other=$2
    shift 2
    told_in "$one" "$@" >"$work/told.one"
    told_in "$other" "$@" >"$work/told.other"
    diff "$work/told.one" "$work/told.other" || { echo "differs: $*"; return 1; }
}

told_in() {
    (
        cd "$1" || exit
        shift
        "$@" 2>&1 && echo "status 0" || echo "status $?"
    )
}

unmount_tmpfs() {
    cd /
    umount "$work/tmpfs"
}

# on_both COMMAND...      runs it in an empty directory on tmpfs, and then in a bucket; everyone may write there
on_both() {
    local directory
    [ "$(id -u)" -eq 0 ] || skip "only root can mount a tmpfs, and be several users"
    mkdir "$work/tmpfs"
    mount -t tmpfs none "$work/tmpfs"
    trap unmount_tmpfs EXIT
    umask 022
    for directory in "$work/tmpfs/b" "$mnt/b"; do
        mkdir -m 1777 "$directory"
        cd "$directory"
        "$@" || { echo "    on $(stat -f -c %T .)"; return 1; }
    done
}

# --- daemons ---------------------------------------------------------------------------------------------------

# kvfs_command      sets the array of that name: the daemon, as the mode and the sanitizers need it. A shell lets its
# background commands ignore SIGINT.
kvfs_command() {
    local sanitizers=log_path=$work/sanitizer:print_stacktrace=1
    # shellcheck disable=SC2054
    kvfs_command=(env --default-signal=INT,QUIT,TERM "KVFS_TEST=$work"
        "ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}$sanitizers"
        "UBSAN_OPTIONS=${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}$sanitizers"
        "LSAN_OPTIONS=${LSAN_OPTIONS:+$LSAN_OPTIONS:}$sanitizers"
        "$KVFS" "${mode_options[@]}")
}

# run_kvfs ARGUMENT...      and waits for it
run_kvfs() {
    kvfs_command
    timeout --foreground 30 "${kvfs_command[@]}" "$@"
}

# shellcheck disable=SC2120
# start_kvfs [ARGUMENT...]      one in the foreground, in the background, mounted on $mnt when this returns. $daemon is a
# directory with its mountpoint, pid, log, and, when it has ended, status.
start_kvfs() {
    launch_kvfs "$@"
    eventually 30 daemon_is_up_or_ended
    if [ -e "$daemon/status" ]; then
        echo "kvfs ended with status $(cat "$daemon/status"): $(cat "$daemon/log")"
        return 1
    fi
    if ! grep -qE "^kvfs: mounted on $mnt over ${transport:-.*}$" "$daemon/log"; then
        echo "expected to be mounted over $transport: $(cat "$daemon/log")"
        return 1
    fi
}

# The same without waiting for anything but its pid.
launch_kvfs() {
    daemon=$(mktemp -d "$work/daemon.XXXXXX")
    echo "$mnt" >"$daemon/mountpoint"
    kvfs_command
    # shellcheck disable=SC2016
    setsid bash -c '
        daemon=$1
        shift
        "$@" >"$daemon/log" 2>&1 </dev/null &
        echo $! >"$daemon/pid.new"
        mv "$daemon/pid.new" "$daemon/pid"
        wait $!
        echo $? >"$daemon/status.new"
        mv "$daemon/status.new" "$daemon/status"
    ' _ "$daemon" "${kvfs_command[@]}" -f "$@" "$mnt" >/dev/null 2>&1 &
    eventually 10 test -e "$daemon/pid"
}

daemon_is_up_or_ended() { [ -e "$daemon/status" ] || grep -q '^kvfs: mounted on ' "$daemon/log"; }

# signal_kvfs SIGNAL
signal_kvfs() { kill -s "$1" "$(cat "$daemon/pid")"; }

# kvfs_has_ended STATUS      soon, with that status, and no process of it is left
kvfs_has_ended() {
    eventually 30 test -e "$daemon/status"
    expect "$1" cat "$daemon/status"
    eventually 5 no_kvfs_process
    # Those who started this one know what status they asked for.
    touch "$daemon/judged"
}

# kvfs_processes      the pids of the daemons of this test, and of their helpers: they run $KVFS and have $work in their
# environment
kvfs_processes() {
    local process
    for process in /proc/[0-9]*; do
        if [ "$process/exe" -ef "$KVFS" ] && grep -qzxF "KVFS_TEST=$work" "$process/environ" 2>/dev/null; then
            echo "${process#/proc/}"
        fi
    done
}

no_kvfs_process() { [ -z "$(kvfs_processes)" ]; }

# --- the runner ------------------------------------------------------------------------------------------------

uring_switch=/sys/module/fuse/parameters/enable_uring
# How that was, for whoever puts it back: several scripts may run at once, and each that needs it locks this file.
uring_note=/run/kvfs-test.enable_uring

# run_tests MODE [TEST...]
run_tests() {
    mode=${1-}
    shift
    case $mode in
    uring) mode_options=() transport=io_uring ;;
    dev) mode_options=(-o no_io_uring) transport=/dev/fuse ;;
    nodirect) mode_options=(-o no_direct_call) transport= ;;
    open) mode_options=(-o open) transport= ;;
    any) mode_options=() transport= ;;
    *)
        echo "usage: ${0##*/} uring|dev|nodirect|open|any [TEST...]" >&2
        exit 2
        ;;
    esac

    if [ "${1-}" = --run ]; then
        run_body "$2"
        exit
    fi

    # The order is the file's.
    if [ $# -eq 0 ]; then
        mapfile -t tests < <(sed -n 's/^\(test_[a-z0-9_]*\)() .*/\1/p' "$0")
        set -- "${tests[@]}"
    fi
    root=$(mktemp -d /tmp/kvfs-test.XXXXXX)
    chmod 755 "$root"
    switched=
    trap clean_up EXIT
    trap 'trap "" INT TERM HUP; exit 1' INT TERM HUP
    if ! use_transport; then
        exit 0
    fi

    local number=0
    echo "1..$#"
    for name; do
        number=$((number + 1))
        run_test "$name" "$number"
    done
}

# The kernel has io_uring for FUSE only where root switched it on.
use_transport() {
    [ "$mode" != dev ] || return 0
    if [ -w $uring_switch ] && { exec {switched}>>$uring_note; } 2>/dev/null; then
        switch_uring_on
        return 0
    fi
    [ "$mode" != uring ] || { echo "1..0 # SKIP this kernel has no io_uring for FUSE"; return 1; }
}

# The first of those who run at once notes how it was, the last puts it back.
switch_uring_on() {
    ! flock -n "$switched" || cat $uring_switch >$uring_note
    flock -s "$switched"
    echo Y >$uring_switch
}

switch_uring_back() { ! flock -n "$switched" || cat $uring_note >$uring_switch; }

clean_up() {
    trap '' INT TERM HUP
    [ -z "${group-}" ] || kill -KILL -- "-$group" 2>/dev/null
    [ -z "$work" ] || settle >/dev/null 2>&1
    [ -z "$switched" ] || switch_uring_back
    rm -rf --one-file-system "$root"
}

# In a process of its own.
run_body() {
    set -eE -o pipefail
    trap 'told "$BASH_COMMAND" >&2' ERR
    "$1"
}

told() {
    local i
    echo "failed: $1"
    for ((i = 1; i < ${#FUNCNAME[@]} - 3; i++)); do
        echo "    in ${FUNCNAME[i]}, ${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}"
    done
}

run_test() {
    local name=$1 number=$2 verdict=ok status=0 said
    work=$root/$name
    mnt=$work/mnt
    daemon=
    said=$work/said
    mkdir -p "$mnt"
    [ -z "$switched" ] || echo Y >$uring_switch
    {
        [ $mounts = by_hand ] || start_kvfs || verdict="not ok"
        if [ "$verdict" = ok ]; then
            export work mnt daemon
            timeout --kill-after=5 "$limit" bash "$0" "$mode" --run "$name" </dev/null &
            group=$!
            wait "$group" || status=$?
            case $status in
            0 | 77) ;;
            124 | 137) verdict="not ok" && echo "took longer than $limit s" ;;
            *) verdict="not ok" ;;
            esac
            end_group || verdict="not ok"
        fi
        settle || verdict="not ok"
    } >"$said" 2>&1

    name=${name#test_}
    name=${name//_/ }
    if [ "$verdict" = ok ] && [ "$status" -eq 77 ]; then
        name="$name # SKIP $(cat "$work/skipped")"
    fi
    echo "$verdict $number - $name"
    [ ! -e "$work/shown" ] || sed 's/^/# /' "$work/shown"
    if [ "$verdict" != ok ]; then
        head -c 8000 "$said" | tr -c '[:print:]\n' '?' | head -n 60 | sed 's/^/# /'
        for log in "$work"/daemon.*/log; do
            [ -e "$log" ] && tail -n 8 "$log" | sed 's/^/# daemon: /'
        done
    fi
    work=
}

# What the test left running goes.
end_group() {
    kill -KILL -- "-$group" 2>/dev/null
    eventually 10 group_has_ended || {
        echo "can't be killed:"
        ps -eo pgid=,pid=,stat=,wchan:30=,args= | awk -v group="$group" '$1 == group'
        group=
        return 1
    }
    group=
}

group_has_ended() { ps -eo pgid=,stat= | awk -v group="$group" '$1 == group && $2 !~ /^Z/ { exit 1 }'; }

# Ends the daemons of the test, and says how that went.
settle() {
    local bad=0 pid mountpoint report
    for daemon in "$work"/daemon.*; do
        [ -d "$daemon" ] && [ ! -e "$daemon/judged" ] || continue
        if [ ! -e "$daemon/status" ]; then
            mountpoint=$(cat "$daemon/mountpoint")
            is_mounted "$mountpoint" || signal_kvfs TERM
            eventually 5 unmounted "$mountpoint" || bad=1
        fi
        if ! eventually 30 test -e "$daemon/status"; then
            bad=1
            ps -L -o pid=,tid=,stat=,wchan:30=,comm= -p "$(cat "$daemon/pid")"
        elif [ "$(cat "$daemon/status")" != 0 ]; then
            bad=1
            echo "the daemon's status is $(cat "$daemon/status")"
        fi
    done

    if ! eventually 5 no_kvfs_process; then
        bad=1
        for pid in $(kvfs_processes); do
            kill -KILL "$pid"
        done
    fi
    while mountpoint=$(findmnt -rn -o TARGET | grep -F -m 1 "$work/"); do
        bad=1
        echo "still mounted: $mountpoint"
        printf -v mountpoint %b "$mountpoint"
        timeout 10 umount -f "$mountpoint"
        timeout 10 umount -l "$mountpoint" || break
    done
    for report in "$work"/sanitizer.*; do
        [ -s "$report" ] && bad=1 && head -n 60 "$report"
    done
    return $bad
}

unmounted() { ! is_mounted "$1" || timeout 10 fusermount3 -u "$1"; }
