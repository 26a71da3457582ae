#!/bin/bash
# sqlite's databases in buckets, with their journals, locks and shared memory.
#
# usage: sqlite.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

accounts=50 balance=100

# sql DATABASE STATEMENT...      waits for whoever has it locked, and prints each line at once
sql() {
    local database=$1
    shift
    stdbuf -oL sqlite3 -batch -bail -cmd '.timeout 30000' "$database" "$@"
}

# a_bank DATABASE JOURNAL
a_bank() {
    expect "$2" sql "$1" "pragma journal_mode = $2" '
        create table account (id integer primary key, money integer not null);
        create table done (writer integer, n integer, filler blob, primary key (writer, n));
        create index by_filler on done (filler);' \
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < $accounts)
        insert into account select i, $balance from n"
}

# transfers JOURNAL WRITER FROM TO      statements that print each number whose transaction was committed
transfers() {
    # Each connection says how it wants to write its journal, but for WAL, which is the file's.
    [ "$1" = wal ] || echo "pragma journal_mode = $1;"
    awk -v writer="$2" -v from="$3" -v to="$4" -v accounts=$accounts 'BEGIN {
        for (i = from; i <= to; i++) {
            print "begin immediate;"
            print "update account set money = money - 1 where id = 1 + abs(random()) % " accounts ";"
            print "update account set money = money + 1 where id = " 1 + i % accounts ";"
            print "insert into done values (" writer ", " i ", randomblob(300));"
            print "commit;"
            print "select " i ";"
        }
    }'
}

# is_sound DATABASE      no page is broken and no money lost
is_sound() {
    expect ok sql "$1" 'pragma integrity_check'
    expect $((accounts * balance)) sql "$1" 'select sum(money) from account'
}

# has_all DATABASE WRITER FILE      whatever transfers printed there
has_all() {
    local missing
    sql "$1" "select n from done where writer = $2" | sort >"$work/in_database"
    missing=$(sed '/^[0-9][0-9]*$/!d' "$3" | sort | comm -23 - "$work/in_database")
    [ -z "$missing" ] || { echo "lost of writer $2: $missing"; return 1; }
}

# concurrent JOURNAL      three write at once, a fourth reads
concurrent() {
    local db=$mnt/b/db writer pids=()
    mkdir "$mnt/b"
    a_bank "$db" "$1"
    for writer in 1 2 3; do
        sql "$db" >"$work/done.$writer" < <(transfers "$1" $writer 1 40) &
        pids+=($!)
    done
    for _ in {1..5}; do
        expect $((accounts * balance)) sql "$db" 'select sum(money) from account'
    done
    for writer in "${pids[@]}"; do
        wait "$writer"
    done
    for _ in cached dropped; do
        is_sound "$db"
        expect 120 sql "$db" 'select count(*) from done'
        drop_caches
    done
}

# killed JOURNAL      two write, and are killed again and again in the middle of it
killed() {
    local db=$mnt/b/db writer from pids
    mkdir "$mnt/b"
    a_bank "$db" "$1"
    for from in 1 5001 10001 15001 20001; do
        pids=()
        for writer in 1 2; do
            transfers "$1" $writer $from $((from + 4999)) >"$work/todo.$writer"
        done
        for writer in 1 2; do
            stdbuf -oL sqlite3 -batch -bail -cmd '.timeout 30000' "$db" <"$work/todo.$writer" >"$work/done.$writer" &
            pids+=($!)
        done
        eventually 30 some_are_done
        kill -KILL "${pids[@]}"
        wait "${pids[@]}" || true
        [ $from -ne 5001 ] || drop_caches
        # Who comes next finds a hot journal, or a log with half a transaction, and mends it.
        is_sound "$db"
        has_all "$db" 1 "$work/done.1"
        has_all "$db" 2 "$work/done.2"
    done
}

# One of the two may starve as long as the other doesn't stop.
some_are_done() { [ "$(cat "$work/done.1" "$work/done.2" | grep -cxE '[0-9]+')" -ge 20 ]; }

test_writers_at_once_lose_nothing_with_a_deleted_journal() { concurrent delete; }
test_writers_at_once_lose_nothing_with_a_truncated_journal() { concurrent truncate; }
test_writers_at_once_lose_nothing_with_a_write_ahead_log() { concurrent wal; }
test_killed_writers_leave_a_sound_database_with_a_deleted_journal() { killed delete; }
test_killed_writers_leave_a_sound_database_with_a_kept_journal() { killed persist; }
test_killed_writers_leave_a_sound_database_with_a_write_ahead_log() { killed wal; }

test_a_locked_database_is_refused_to_others_until_its_holder_is_killed() {
    local db=$mnt/b/db holder
    mkdir "$mnt/b"
    a_bank "$db" delete
    mkfifo "$work/commands"
    sqlite3 -batch "$db" <"$work/commands" >"$work/holder" &
    holder=$!
    exec 8>"$work/commands"
    echo "begin exclusive; update account set money = 0; select 'locked';" >&8
    eventually 10 grep -qx locked "$work/holder"
    refused 'database is locked' sqlite3 -batch "$db" 'select * from account'
    refused 'database is locked' sqlite3 -batch "$db" 'delete from account'
    kill -KILL $holder
    wait $holder || true
    is_sound "$db"
}

test_a_database_is_copied_vacuumed_and_mapped() {
    local db=$mnt/b/db
    mkdir "$mnt/b" "$mnt/c"
    a_bank "$db" wal
    sql "$db" < <(transfers wal 1 1 300) >"$work/done.1"
    sql "$db" .dump >"$work/dump"
    sql "$db" ".backup $mnt/c/backup" "vacuum into '$mnt/c/vacuumed'"
    sql "$mnt/c/restored" ".read $work/dump"
    sql "$db" 'delete from done where n % 3 <> 0' 'pragma wal_checkpoint(truncate)' vacuum
    drop_caches
    is_sound "$db"
    expect 100 sql "$db" 'select count(*) from done'
    for copy in backup vacuumed restored; do
        is_sound "$mnt/c/$copy"
        expect $'1048576\n300' sql "$mnt/c/$copy" 'pragma mmap_size = 1048576' \
            'select count(*) from done where length(filler) = 300'
        cmp "$work/dump" <(sql "$mnt/c/$copy" .dump)
    done
    cp "$mnt/c/vacuumed" "$work/out"
    is_sound "$work/out"
}

run_tests "$@"
