#!/bin/bash
# Load that checks what it reads: fio, and stress-ng's stressors, whose verdict is to be what they say of tmpfs.
#
# usage: load.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# --- fio -------------------------------------------------------------------------------------------------------

# Each process writes all of a file in random order and reads it back; and then again what the daemon has.
test_fio_reads_what_it_wrote() {
    mkdir "$mnt/b"
    cd "$work"
    set -- --directory="$mnt/b" --output="$work/fio" --size=3m --rw=randwrite --randseed=7 \
        --verify=crc32c --verify_fatal=1 \
        --name=written --ioengine=psync --bs=4k --numjobs=2 \
        --name=odd --ioengine=psync --bs=3k --fsync=64 \
        --name=mapped --ioengine=mmap --bs=4k --numjobs=2 \
        --name=around_the_cache --ioengine=libaio --iodepth=8 --direct=1 --bs=16k \
        --name=over_itself --ioengine=psync --bs=8k --overwrite=1 \
        --name=by_vectors --ioengine=pvsync2 --bs=8k --fallocate=none
    fio --do_verify=1 "$@" || { cat "$work/fio"; return 1; }
    drop_caches
    fio --verify_only=1 "$@" || { cat "$work/fio"; return 1; }
    expect 8 eval "find '$mnt/b' -type f -size 3072k | wc -l"
}

# --- stress-ng -------------------------------------------------------------------------------------------------

# as_on_tmpfs TIMEOUT      the stressors on stdin, all at once, a line each: name, how many operations, and options
as_on_tmpfs() {
    local seconds=$1 name operations options stressors=() least=
    while read -r name operations options; do
        # shellcheck disable=SC2206
        stressors+=("--$name" 1 "--$name-ops" "$operations" $options)
        least+="$name $operations "
    done
    mount_tmpfs
    mkdir "$mnt/b"
    stress "$tmpfs" >"$work/on_tmpfs" &
    stress "$mnt/b" >"$work/here"
    wait $!
    diff "$work/on_tmpfs" "$work/here"
}

# stress DIRECTORY      what is wrong, which of the stressors got as far as they should, and what they left
stress() {
    local said status=0
    said=$(mktemp "$work/said.XXXXXX")
    stress-ng --temp-path "$1" --timeout "$seconds" --verify --metrics-brief "${stressors[@]}" >"$said" 2>&1 ||
        status=$?
    echo "status $status"
    # Without what differs from run to run: numbers, and the file system's name.
    sed -nE '/ (fail|error|warn): |skip|unexpected/ {
        s/^[^[]*\[[0-9]+\] //; s/filesystem type.*//; s,[^ ]*tmp-stress-ng[^ ]*,FILE,g; s/[0-9]+/N/g; p
    }' "$said" | sort -u
    awk -v least="$least" '
        BEGIN { n = split(least, words); for (i = 1; i < n; i += 2) needed[words[i]] = words[i + 1] }
        $2 == "metrc:" && $4 in needed && !seen[$4]++ { print $4, ($5 >= needed[$4] ? "done" : "not done") }
    ' "$said" | sort
    ls -A "$1"
}

test_stressors_of_names_find_no_fault() {
    as_on_tmpfs 30 <<'END'
access 20
chdir 1 --chdir-dirs 64
dentry 600 --dentries 200
dir 100 --dir-dirs 64
dirmany 300
filename 40
getdent 100
inotify 1
rename 100
mknod 40
touch 200
END
}

# By itself: it does nothing at all if others give inodes back between two of its looks at statfs, on tmpfs too.
test_stressor_of_depth_finds_no_fault() { as_on_tmpfs 30 <<<'dirdeep 100'; }

test_stressors_of_data_find_no_fault() {
    as_on_tmpfs 30 <<'END'
aio 200
copy-file 10 --copy-file-bytes 128m
fallocate 5 --fallocate-bytes 1m
hdd 200 --hdd-bytes 1m --hdd-opts wr-rnd,rd-rnd,fsync
iomix 200 --iomix-bytes 1m
mmap 2 --mmap-file --mmap-bytes 1m
msync 50
readahead 200 --readahead-bytes 1m
revio 100 --revio-bytes 1m
seek 100 --seek-size 1m
sendfile 50
splice 50
sync-file 5 --sync-file-bytes 1m
END
}

test_stressors_of_metadata_and_locks_find_no_fault() {
    as_on_tmpfs 30 <<'END'
chattr 2
chmod 10
chown 30
dnotify 20
dup 2
fanotify 50
fcntl 50
fiemap 2
file-ioctl 20
flock 1000
fstat 50
handle 100
lease 20
locka 300
lockf 300
lockofd 300
open 300
utime 100
verity 2
END
}

# These count rounds of thousands, or none.
test_stressors_that_run_for_a_second_find_no_fault() {
    as_on_tmpfs 1 <<'END'
fpunch 1000000
inode-flags 1000000
link 1000000
symlink 1000000
xattr 1000000
END
}

run_tests "$@"
