#!/bin/bash
# Who may do what with a file, what belongs to it besides its bytes, and when what happened to it. Each test is made on
# a tmpfs as well, so that tmpfs proves what is expected.
#
# usage: metadata.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# alike FUNCTION      what it prints in one such directory is what it prints in the other
alike() {
    printing=$1
    on_both print_one
    diff "$work/printed.tmpfs" "$work/printed.fuseblk"
}
print_one() { "$printing" >"$work/printed.$(stat -f -c %T .)"; }

# as UID[:GID...] COMMAND...      a user of these groups, the first one's is the user's number if there is none
as() {
    local user=${1%%:*} groups=${1#"${1%%:*}"}
    shift
    groups=${groups#:}
    if [ -n "$groups" ]; then
        setpriv --reuid="$user" --regid="$user" --groups="$groups" "$@"
    else
        setpriv --reuid="$user" --regid="$user" --clear-groups "$@"
    fi
}

mode_of() { stat -c %a "$1"; }

# names_of FILE      its extended attributes
names_of() { getfattr -h -m - "$1" | sed '/^#/d;/^$/d' | sort | xargs; }

# --- extended attributes ---------------------------------------------------------------------------------------

keep_xattrs() {
    local file
    mkdir directory
    touch file
    for file in file directory; do
        setfattr -n user.colour -v white "$file"
        setfattr -n user.empty "$file"
        setfattr -n trusted.by -v me "$file"
        setfattr -n security.level -v low "$file"
        drop_caches
        expect white getfattr --only-values -n user.colour "$file"
        expect '' getfattr --only-values -n user.empty "$file"
        expect 'security.level trusted.by user.colour user.empty' names_of "$file"
        setfattr -n user.colour -v off-white "$file"
        setfattr -x user.empty "$file"
        expect off-white getfattr --only-values -n user.colour "$file"
        expect 'security.level trusted.by user.colour' names_of "$file"
        refused 'No such attribute' getfattr -n user.empty "$file"
        refused 'No such attribute' setfattr -x user.empty "$file"
    done
    mv file moved
    ln moved linked
    expect off-white getfattr --only-values -n user.colour linked
}
test_files_and_directories_keep_xattrs() { on_both keep_xattrs; }

refuse_names() {
    touch file
    refused 'Operation not supported' setfattr -n system.colour -v 1 file
    refused 'Operation not supported' setfattr -n colour -v 1 file
    refused 'Operation not supported' setfattr -n colour.of -v 1 file
    refused 'Operation not supported' getfattr -n system.colour file
    refused 'Invalid argument' setfattr -n user. -v 1 file
    expect '' names_of file
}
test_names_of_other_kinds_are_refused() { on_both refuse_names; }

# only_privileged FILE      the user's own names are for files and directories only
only_privileged() {
    refused 'Operation not permitted' setfattr -h -n user.colour -v 1 "$1"
    setfattr -h -n trusted.by -v me "$1"
    setfattr -h -n security.level -v low "$1"
    expect 'security.level trusted.by' names_of "$1"
}
keep_special() {
    mkfifo fifo
    ln -s nowhere symlink
    mknod device c 1 3
    only_privileged fifo
    only_privileged symlink
    only_privileged device
}
test_what_is_no_file_has_only_privileged_ones() { on_both keep_special; }

letters() { head -c "$1" /dev/zero | tr '\0' x; }
bound_xattrs() {
    touch file
    setfattr -n "user.$(letters 250)" -v 1 file
    refused 'Numerical result out of range' setfattr -n "user.$(letters 251)" -v 1 file
    setfattr -n user.large -v "$(letters 65536)" file
    expect 65536 eval 'getfattr --only-values -n user.large file | wc -c'
    refused 'Argument list too long' setfattr -n user.large -v "$(letters 65537)" file
    expect 65536 eval 'getfattr --only-values -n user.large file | wc -c'
}
test_names_and_values_are_as_long_as_linux_lets_them() { on_both bound_xattrs; }

use_flags() {
    python3 - <<'PYTHON'
import errno, os
def fails(number, call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        assert error.errno == number, error
    else:
        raise AssertionError(arguments)
open("file", "w").close()
fails(errno.ENODATA, os.setxattr, "file", "user.a", b"1", os.XATTR_REPLACE)
os.setxattr("file", "user.a", b"1", os.XATTR_CREATE)
fails(errno.EEXIST, os.setxattr, "file", "user.a", b"2", os.XATTR_CREATE)
os.setxattr("file", "user.a", b"2", os.XATTR_REPLACE)
assert os.getxattr("file", "user.a") == b"2"
with open("file") as unlinked:
    os.unlink("file")
    os.setxattr(unlinked.fileno(), "user.b", bytes(range(256)))
    assert os.getxattr(unlinked.fileno(), "user.b") == bytes(range(256))
    assert sorted(os.listxattr(unlinked.fileno())) == ["user.a", "user.b"]
PYTHON
}
test_flags_say_whether_one_must_be_there() { on_both use_flags; }

guard_xattrs() {
    touch file
    chown 1000 file
    setfattr -n trusted.by -v me file
    setfattr -n user.colour -v white file
    as 1000 setfattr -n user.mine -v 1 file
    refused 'Operation not permitted' as 1000 setfattr -n trusted.mine -v 1 file
    refused 'No such attribute' as 1000 getfattr -n trusted.by file
    expect 'user.colour user.mine' as 1000 bash -c "$(declare -f names_of); names_of file"
    refused 'Permission denied' as 1001 setfattr -n user.theirs -v 1 file
    expect white as 1001 getfattr --only-values -n user.colour file
    chmod 600 file
    refused 'Permission denied' as 1001 getfattr -n user.colour file
}
test_xattrs_are_guarded_as_the_file_is() { on_both guard_xattrs; }

test_the_root_and_control_files_have_theirs() {
    setfattr -n user.colour -v white "$mnt"
    setfattr -n user.empty "$mnt"
    drop_caches
    expect 'user.colour user.empty' names_of "$mnt"
    setfattr -x user.empty "$mnt"
    expect white getfattr --only-values -n user.colour "$mnt"
    mkdir "$mnt/b"
    expect '' names_of "$mnt/b"
    expect '' names_of "$mnt/b/.kvfs/ctl"
    refused 'Operation not permitted' setfattr -n user.colour -v 1 "$mnt/b/.kvfs/ctl"
}

# --- set-id bits and capabilities ------------------------------------------------------------------------------

# Each of these changes, made by each of these users, of files of each mode and group.
print_changes() {
    local mode group who change
    for mode in 6777 6767; do
        for group in 2000 3000; do
            for change in 'sh -c "echo a >>file"' 'truncate -s 5 file' 'truncate -s 0 file' 'cp /etc/hostname file' \
                'chown : file' 'chgrp 1000 file' 'chmod 2666 file' 'setfacl -m u:5:rw file' 'touch file'; do
                for who in '' 'as 1000' 'as 1000:2000'; do
                    install -o 1000 -g "$group" -m "$mode" /etc/hostname file
                    eval "$who $change" 2>/dev/null
                    echo "$mode of $group: $who $change: $? $(stat -c "%a %s" file)"
                done
            done
        done
    done
}
test_set_id_bits_go_when_others_change_a_file() { alike print_changes; }

drop_capabilities() {
    command -v setcap >/dev/null || skip "no setcap"
    cp /bin/true program
    setcap cap_net_raw+ep program
    expect 'program cap_net_raw=ep' getcap program
    cp program copy
    expect '' getcap copy
    cp --preserve=all program copy
    expect 'copy cap_net_raw=ep' getcap copy
    echo >>program
    expect '' getcap program
    chown 1000 copy
    expect '' getcap copy
}
test_capabilities_go_when_a_file_changes() { on_both drop_capabilities; }

# --- access control lists --------------------------------------------------------------------------------------

allow_by_list() {
    local i
    echo 3 >file
    chmod 600 file
    refused 'Permission denied' as 1001 cat file
    setfacl -m u:1001:r file
    expect 640 mode_of file
    expect 3 as 1001 cat file
    refused 'Permission denied' as 1001 sh -c 'echo 4 >file'
    refused 'Permission denied' as 1002 cat file
    setfacl -m g:2000:rw file
    as 1002:2000 sh -c 'echo 4 >>file'
    expect $'3\n4' as 1001 cat file
    chmod 600 file
    for i in 1001 1002:2000; do
        refused 'Permission denied' as "$i" cat file
    done
    chmod 640 file
    expect $'3\n4' as 1002:2000 cat file
    refused 'Permission denied' as 1002:2000 sh -c 'echo 4 >>file'
    setfacl -b file
    refused 'Permission denied' as 1001 cat file
    expect 600 mode_of file
}
test_a_list_says_who_may_what() { on_both allow_by_list; }

list_of() { getfacl -cpE "$1" | xargs; }
follow_modes() {
    touch file
    setfacl -m u:1001:rwx,g::r-x file
    expect 'user::rw- user:1001:rwx group::r-x mask::rwx other::r--' list_of file
    expect 'system.posix_acl_access' names_of file
    chmod 751 file
    expect 'user::rwx user:1001:rwx group::r-x mask::r-x other::--x' list_of file
    setfacl -x u:1001,m file
    expect '' names_of file
    expect 751 mode_of file
    setfacl -m u::rw,g::r,o::- file
    expect '' names_of file
    expect 640 mode_of file
    refused 'Operation not permitted' as 1001 setfacl -m u:1001:rwx file
    refused 'Only directories can have default ACLs' setfacl -d -m u:1001:r file
}
test_lists_and_modes_follow_each_other() { on_both follow_modes; }

inherit_lists() {
    mkdir directory
    setfacl -d -m u:1001:rwx,g::rx,o::- directory
    expect 755 mode_of directory
    umask 077
    touch directory/file
    mkdir directory/below
    mkfifo directory/fifo
    ln -s nowhere directory/symlink
    mkdir directory/below/it
    umask 022
    drop_caches
    expect 'user::rw- user:1001:rwx group::r-x mask::rw- other::---' list_of directory/file
    expect 660 mode_of directory/file
    expect 'user::rw- user:1001:rwx group::r-x mask::rw- other::---' list_of directory/fifo
    expect '' names_of directory/symlink
    expect 'user::rwx user:1001:rwx group::r-x mask::rwx other::---' eval 'getfacl -acpE directory/below/it | xargs'
    expect 'user::rwx user:1001:rwx group::r-x mask::rwx other::---' eval 'getfacl -dcpE directory/below/it | xargs'
    setfacl -k directory
    umask 027
    touch directory/other
    umask 022
    expect 640 mode_of directory/other
    expect '' names_of directory/other
}
test_what_is_made_inherits_the_default_list_instead_of_the_umask() { on_both inherit_lists; }

test_buckets_in_the_root_inherit_from_it() {
    chmod 2755 "$mnt"
    chgrp 2000 "$mnt"
    setfacl -d -m u:1001:rwx "$mnt"
    mkdir "$mnt/b"
    expect 'user::rwx user:1001:rwx group::r-x mask::rwx other::r-x' eval "getfacl -acpE '$mnt/b' | xargs"
    expect 2775 mode_of "$mnt/b"
    expect 2000 stat -c %g "$mnt/b"
}

test_a_bucket_that_is_restarted_keeps_its_list() {
    mkdir "$mnt/b"
    chmod 770 "$mnt/b"
    setfacl -m u:1001:rwx,g::- "$mnt/b"
    echo permanent >"$mnt/b/.kvfs/restart"
    local inode
    inode=$(stat -c %i "$mnt/b")
    echo kill >"$mnt/b/.kvfs/ctl"
    eventually 10 restarted "$inode"
    expect 'user::rwx user:1001:rwx group::--- mask::rwx other::---' list_of "$mnt/b"
}
restarted() { [ "$(stat -c %i "$mnt/b")" != "$1" ]; }

# --- owners and modes ------------------------------------------------------------------------------------------

print_modes() {
    local umask
    for umask in 000 022 027 077 777; do
        umask $umask
        touch "file$umask"
        mkdir "directory$umask"
        mkfifo "fifo$umask"
        umask 022
        stat -c '%n %a %u:%g' "file$umask" "directory$umask" "fifo$umask"
    done
    mkdir -m 2777 group
    chgrp 2000 group
    chmod g+s group
    as 1000 sh -c 'touch group/file; mkdir group/directory; ln -s nowhere group/symlink; mkfifo group/fifo'
    as 1000 install -m 2755 /etc/hostname group/installed
    as 1000:2000 install -m 2755 /etc/hostname group/installed-by-member
    stat -c '%n %a %u:%g' group/*
}
test_umask_and_set_gid_directories_are_as_on_tmpfs() { alike print_modes; }

guard_owners() {
    touch file
    chown 1000:1000 file
    refused 'Operation not permitted' as 1000 chown 1001 file
    refused 'Operation not permitted' as 1000 chgrp 3000 file
    refused 'Operation not permitted' as 1001 chgrp 1001 file
    refused 'Operation not permitted' as 1001 chmod 777 file
    as 1000:2000 chgrp 2000 file
    expect 1000:2000 stat -c %u:%g file
    as 1000 chmod 2775 file
    expect 775 mode_of file
    as 1000:2000 chmod 2775 file
    expect 2775 mode_of file
    chown 4294967294:4294967294 file
    expect 4294967294:4294967294 stat -c %u:%g file
}
test_only_root_gives_files_away() { on_both guard_owners; }

guard_sticky() {
    as 1000 touch file
    as 1000 mkdir directory
    refused 'Operation not permitted' as 1001 rm -f file
    refused 'Operation not permitted' as 1001 mv file other
    refused 'Operation not permitted' as 1001 rmdir directory
    as 1001 touch theirs
    refused 'Operation not permitted' as 1001 mv theirs file
    as 1000 mv file other
    as 1000 rm other
    as 1000 rmdir directory
    chmod 777 .
    as 1000 rm theirs
}
test_in_a_sticky_directory_each_removes_ones_own() { on_both guard_sticky; }

test_only_the_mounter_may_enter_where_others_are_not_allowed() {
    [ "$(id -u)" -eq 0 ] || skip "only root can be several users"
    mkdir "$mnt/b"
    expect b as 1000 ls "$mnt"
    mnt=$work/private
    mkdir "$mnt"
    start_kvfs -o no_allow_other
    refused 'Permission denied' as 1000 ls "$mnt"
    expect '' ls "$mnt"
}

# --- times -----------------------------------------------------------------------------------------------------

keep_times() {
    local time
    touch file
    mkdir directory
    for time in '1960-02-03 04:05:06.123456789' '1969-12-31 23:59:59.999999999' '1970-01-01 00:00:00.000000000' \
        '2038-01-19 03:14:08.000000001' '2200-01-01 00:00:00.987654321'; do
        for file in file directory; do
            TZ=UTC touch -d "$time" "$file"
            drop_caches
            expect "$time +0000 $time +0000" env TZ=UTC stat -c '%x %y' "$file"
        done
    done
    touch -d '2001-02-03 04:05:06' file
    touch -a -d '2002-02-03 04:05:06' file
    expect '2002-02-03 2001-02-03' stat -c '%.10x %.10y' file
    touch -m -d '2003-02-03 04:05:06' file
    expect '2002-02-03 2003-02-03' stat -c '%.10x %.10y' file
}
test_times_are_kept_to_the_nanosecond() { on_both keep_times; }

guard_times() {
    touch file
    chown 1000 file
    chmod 666 file
    touch -d '2001-02-03 04:05:06' file
    refused 'Operation not permitted' as 1001 touch -d '2002-02-03 04:05:06' file
    as 1001 touch file
    expect "$(date +%Y)" stat -c %.4y file
    chmod 644 file
    refused 'Permission denied' as 1001 touch file
}
test_others_who_may_write_set_the_present_time_only() { on_both guard_times; }

# Which of a file's and its directory's times each of these moves.
print_moved_times() {
    local change before
    for change in true 'cat file' 'echo b >>file' 'printf "" >>file' 'truncate -s 9 file' 'truncate -s 4 file' \
        ': >file' 'chmod 600 file' 'chown 1000 file' 'ln file linked' 'mv file other' 'rm file' \
        'setfattr -n user.a file' \
        'setfattr -x user.old file' 'setfacl -m u:5:r file' 'touch new' 'mkdir below/new' 'ls below' \
        'touch -a file' 'touch -m file' 'python3 -c "import os; os.truncate(\"file\", 4)"' 'cp -a file new' \
        'dd if=/dev/zero of=file conv=notrunc bs=1 count=1 status=none'; do
        rm -rf directory
        mkdir -p directory/below
        cd directory
        echo abc >file
        setfattr -n user.old file
        exec 5<file
        touch -d '2001-02-03 04:05:06' file below .
        before=$(changed)
        eventually 5 is_later
        eval "$change" >/dev/null
        echo "$change: $(moved "$before" "$(changed)")"
        cd ..
    done
}
# The clock that times are taken from has ticked since.
is_later() { touch ../clock && [ "$(stat -c %.9Z ../clock)" != "$(stat -c %.9Z .)" ]; }
# The times of the file that is open as 5, of its directory, and of another in that.
changed() { stat -L -c '%Y %Z %.9Z' /dev/fd/5 . below | awk '{ print ($1 > 1e9), $3 }'; }
moved() { paste <(echo "$1") <(echo "$2") | awk '{ printf "%s%s ", $3 ? "m" : "-", $2 == $4 ? "-" : "c" }'; }
test_mtime_and_ctime_move_as_on_tmpfs() { alike print_moved_times; }

# --- programs --------------------------------------------------------------------------------------------------

rich_tree() {
    mkdir -p "$1/sub"
    echo 3 >"$1/file"
    ln "$1/file" "$1/linked"
    ln -s file "$1/symlink"
    mkfifo "$1/fifo"
    mknod "$1/device" b 7 99
    chown -h 1000:2000 "$1/file" "$1/symlink" "$1/sub"
    chmod 6751 "$1/file"
    chmod 3775 "$1/sub"
    setfattr -n user.colour -v white "$1/file"
    setfattr -n user.colour -v black "$1/sub"
    setfattr -n trusted.by -v me "$1/sub"
    setfacl -m u:1001:rx "$1/sub"
    setfacl -d -m u:1002:rwx "$1/sub"
    touch "$1/sub/inherits"
    touch -h -d '1966-02-03 04:05:06.789012345' "$1/symlink" "$1/file" "$1/sub"
}
# All there is to tell of it; tar gives neither fifos nor devices their times back.
describe() {
    (
        cd "$1"
        find . -mindepth 1 \( -type p -o -type b \) -printf '%p %y %m %U:%G\n' \
            -o -mindepth 1 -printf '%p %y %m %U:%G %n %T@ %l\n' | sort
        find . | sort | while read -r file; do
            getfattr -h -d -m '^(user|trusted|security)' "$file"
            [ -L "$file" ] || getfacl -p "$file"
        done
    )
}
copy_richly() {
    rich_tree tree
    describe tree >"$work/described"
    cp -a tree copied
    mkdir untarred synced
    tar --xattrs --xattrs-include='*' --acls -cf "$work/tree.tar" -C tree .
    tar --xattrs --xattrs-include='*' --acls -xpf "$work/tree.tar" -C untarred
    drop_caches
    describe copied | diff "$work/described" -
    describe untarred | diff "$work/described" -
    if command -v rsync >/dev/null; then
        rsync -aHAX tree/ synced/
        describe synced | diff "$work/described" -
    fi
}
test_cp_tar_and_rsync_copy_all_of_it() { on_both copy_richly; }

# --- locks -----------------------------------------------------------------------------------------------------

lock_files() {
    touch file
    exec 8<file
    flock 8
    fails flock -n file true
    flock -u 8
    flock -s 8
    flock -n -s file true
    fails flock -n file true
    exec 8<&-
    flock -n file true
    python3 - <<'PYTHON'
import fcntl, os
held = open("file", "r+")
fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 5)
def works_elsewhere(start, length, kind=fcntl.LOCK_EX):
    child = os.fork()
    if child == 0:
        try:
            fcntl.lockf(open("file", "r+"), kind | fcntl.LOCK_NB, length, start)
        except BlockingIOError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0
assert works_elsewhere(0, 5) and works_elsewhere(15, 0)
assert not works_elsewhere(0, 6) and not works_elsewhere(14, 1, fcntl.LOCK_SH)
fcntl.lockf(held, fcntl.LOCK_SH, 10, 5)
assert works_elsewhere(0, 20, fcntl.LOCK_SH) and not works_elsewhere(0, 20)
held.close()
assert works_elsewhere(0, 0)
PYTHON
}
test_files_can_be_locked() { on_both lock_files; }

run_tests "$@"
