#!/bin/bash
# The conformance suite (tests/conformance), on tmpfs and on kvfs.
#
# usage: conformance.sh uring|dev|nodirect [TEST...]
#
# In the environment CONFORMANCE is the suite's runner. FAMILIES may name some of its tables, or with a - in front those
# that are left out; without it all are run.
. "${0%/*}/lib.sh"

# shellcheck disable=SC2034
mounts=by_hand

# Both let every user in, and set-ids and devices work.
mount_both() {
    start_kvfs -o allow_other,dev,suid
    mkdir "$work/tmpfs"
    mount -t tmpfs -o mode=755 conformance "$work/tmpfs"
    mkdir -m 755 "$mnt/rows" "$work/tmpfs/rows"
}

test_every_row_holds_on_tmpfs_and_here() {
    local status=0
    mount_both
    # shellcheck disable=SC2086
    "$CONFORMANCE" "$work/tmpfs/rows" "$mnt/rows" ${FAMILIES-} >"$work/rows" || status=$?
    umount "$work/tmpfs"
    grep -A 2 '^not ok' "$work/rows" || true
    sed -n '/^# family /,$s/^# //p' "$work/rows" >>"$work/shown"
    expect 0 echo "$status"
}

run_tests "$@"
