#!/bin/bash
# The bytes of files: holes, space, mappings, flags of open, copies. Each test is made on a tmpfs as well, so that tmpfs
# proves what is expected.
#
# DATA      data.c's executable
#
# usage: data.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# --- by system calls -------------------------------------------------------------------------------------------

test_data_and_holes_are_found() { on_both "$DATA" find_data_and_holes; }
test_files_are_cut_and_grow() { on_both "$DATA" cut_and_grow; }
test_a_file_may_be_as_large_as_an_offset() { on_both "$DATA" be_as_large_as_an_offset; }
test_space_is_allocated() { on_both "$DATA" allocate; }
test_holes_are_punched() { on_both "$DATA" punch; }
test_ranges_are_zeroed() { on_both "$DATA" zero; }
test_what_cant_be_allocated_is_refused() { on_both "$DATA" refuse_what_cant_be_allocated; }
test_what_changes_has_new_times() { on_both "$DATA" have_new_times; }
test_a_mapping_is_shared() { on_both "$DATA" share_a_mapping; }
test_a_file_changes_below_its_mapping() { on_both "$DATA" change_below_a_mapping; }
test_many_append_and_no_line_is_lost() { on_both "$DATA" append_from_many; }
test_each_of_many_reads_what_it_wrote_beside_the_others() { on_both "$DATA" write_parts_from_many; }
test_direct_and_cached_are_mixed() { on_both "$DATA" mix_direct_and_cached; }
test_what_is_written_is_synced() { on_both "$DATA" sync_what_is_written; }
test_a_write_ends_at_the_limit_of_its_process() { on_both "$DATA" write_up_to_the_limit_of_a_process; }
test_ranges_are_copied_within_a_bucket() { on_both "$DATA" copy_ranges_within_a_directory; }
test_ranges_are_copied_between_buckets() { on_both "$DATA" copy_ranges_between_directories; }
test_sparse_ranges_are_copied() { on_both "$DATA" copy_what_is_sparse; }

# --- by tools --------------------------------------------------------------------------------------------------

# kilobytes FILE      that it takes
kilobytes() { du -k "$1" | cut -f1; }

# A file of 10 MiB with a page of data at its beginning and another in it.
sparse_file() {
    truncate -s 10M "$1"
    printf begin | dd of="$1" conv=notrunc status=none
    printf middle | dd of="$1" bs=1 seek=5000000 conv=notrunc status=none
}

keep_holes() {
    sparse_file f
    expect 8 kilobytes f
    expect 10485760 stat -c %s f
    cp f copy
    cmp f copy
    expect 8 kilobytes copy
    cp --sparse=never f whole
    cmp f whole
    expect 10240 kilobytes whole
    cp --sparse=always whole sparse
    cmp f sparse
    expect 8 kilobytes sparse
    mkdir there
    tar -cSf - f whole | tar -xSf - -C there
    cmp f there/f
    expect 8 kilobytes there/f
    [ "$(tar -cSf - f | wc -c)" -le 20480 ]
    drop_caches
    cmp f there/f
    expect 8 kilobytes f
    fallocate --dig-holes whole
    cmp f whole
    expect 8 kilobytes whole
}
test_tools_keep_holes() { on_both keep_holes; }

use_fallocate() {
    fallocate -l 1M f
    expect '1048576 1024' eval 'echo $(stat -c %s f) $(kilobytes f)'
    fallocate -n -o 1M -l 1M f
    expect '1048576 2048' eval 'echo $(stat -c %s f) $(kilobytes f)'
    yes | head -c 1M | dd of=f conv=notrunc status=none
    fallocate -p -o 100K -l 800K f
    expect '1048576 1248' eval 'echo $(stat -c %s f) $(kilobytes f)'
    expect 819200 eval "tail -c +102401 f | head -c 800K | tr -cd '\\0' | wc -c"
    drop_caches
    expect 819200 eval "tr -cd '\\0' <f | wc -c"
    truncate -s 1M f
    expect 224 kilobytes f
    refused 'not supported' fallocate -c -o 0 -l 4K f
    refused 'not supported' fallocate -i -o 0 -l 4K f
    : >f
    expect 0 kilobytes f
}
test_fallocate_does_what_it_says() { on_both use_fallocate; }

take_what_they_hold() {
    local size
    for size in 0 1 4096 4097 65536 65537 262145 1000000; do
        head -c "$size" /dev/zero >"f$size"
        expect $(((size + 4095) / 4096 * 4)) kilobytes "f$size"
    done
    expect 1340 eval 'du -ck f* | tail -n 1 | cut -f1'
    drop_caches
    expect 1340 eval 'du -ck f* | tail -n 1 | cut -f1'
    ln -s f65536 short
    ln -s "$(printf %0128d 0)" long
    expect '0 8' eval 'echo $(stat -c %b short long)'
    printf x >>f65536
    expect 68 kilobytes f65536
    truncate -s 7E huge
    expect '8070450532247928832 0' stat -c '%s %b' huge
    printf x >>huge
    expect '8070450532247928833 8' stat -c '%s %b' huge
    rm huge
}
test_files_take_what_they_hold() { on_both take_what_they_hold; }

be_beyond_four_gigabytes() {
    local sum
    head -c 3000000 /dev/urandom >random
    sum=$(md5sum <random)
    dd if=random of=f bs=1000000 seek=5000 conv=notrunc status=none
    expect 5003000000 stat -c %s f
    expect "$sum" eval 'tail -c 3000000 f | md5sum'
    drop_caches
    expect "$sum" eval 'tail -c +5000000001 f | md5sum'
    expect 2932 kilobytes f
    truncate -s 5001000000 f
    cmp <(tail -c 1000000 f) <(head -c 1000000 random)
}
test_a_file_may_be_beyond_four_gigabytes() { on_both be_beyond_four_gigabytes; }

# --- ends ------------------------------------------------------------------------------------------------------

inodes_in_use() { stat -f -c '%c %d' "$mnt" | awk '{ print $1 - $2 }'; }
are_in_use() { [ "$(inodes_in_use)" -eq "$1" ]; }

test_ten_thousand_nameless_files_end_with_their_bucket() {
    local before holder
    mkdir "$mnt/b"
    before=$(inodes_in_use)
    mkfifo "$work/go"
    (cd "$mnt/b" && exec "$DATA" hold_many_open) <"$work/go" >"$work/said" &
    holder=$!
    exec 3>"$work/go"
    eventually 40 grep -q open "$work/said"
    [ "$(inodes_in_use)" -ge $((before + 10000)) ]
    echo stop >"$mnt/b/.kvfs/ctl"
    [ ! -e "$mnt/b" ]
    mkdir "$mnt/b"
    write 3 "$mnt/b/milk"
    echo >&3
    wait "$holder"
    expect '0 readable, 10000 stale' tail -n 1 "$work/said"
    rm "$mnt/b/milk"
    eventually 20 are_in_use "$before"
}

run_tests "$@"
