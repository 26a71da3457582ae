#!/bin/bash
# git's repositories and work trees in buckets.
#
# usage: git.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# git is as it comes, whoever runs it.
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=somebody GIT_AUTHOR_EMAIL=somebody@example.org
export GIT_COMMITTER_NAME=somebody GIT_COMMITTER_EMAIL=somebody@example.org
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

# Without the housekeeping that git does behind one's back, unless a test asks for it.
git() { command git -c init.defaultBranch=main -c gc.auto=0 -c advice.detachedHead=false "$@"; }

# commits COUNT      for fast-import: of three files each in directories that come back, onto main
commits() {
    awk -v count="$1" 'BEGIN {
        for (i = 1; i <= count; i++) {
            print "commit refs/heads/main"
            print "committer somebody <somebody@example.org> " 1000000000 + i " +0000"
            message = "Change " i "\n"
            print "data " length(message) "\n" message
            for (j = 0; j < 3; j++) {
                text = ""
                for (k = 0; k <= i % 40; k++) text = text "line " k " of change " i "\n"
                print "M 100644 inline directory" (i + j) % 7 "/below" j "/file" (i * 3 + j) % 50
                print "data " length(text) "\n" text
            }
        }
        print "done"
    }'
}

# repository DIRECTORY COUNT      of that many commits, checked out
repository() {
    git init -q "$1"
    commits "$2" | git -C "$1" fast-import --quiet --done
    git -C "$1" reset -q --hard
}

is_sound() {
    git -C "$1" fsck --full --strict --no-progress
    expect '' git -C "$1" status --porcelain
}

test_a_thousand_commits_are_kept() {
    local i repo=$mnt/repo
    repository "$repo" 990
    for i in {1..9}; do
        echo "by hand $i" >"$repo/by hand"
        echo "$i" >"$repo/directory$((i % 7))/new$i"
        [ "$i" -le 7 ] || git -C "$repo" rm -q "directory$((i % 7))/new$((i - 7))"
        git -C "$repo" add -A
        git -C "$repo" commit -q -m "By hand $i"
    done
    # A bucket with all below it.
    git -C "$repo" mv directory3 moved
    git -C "$repo" commit -q -m 'Move a directory'
    expect 1000 git -C "$repo" rev-list --count HEAD
    is_sound "$repo"

    git -C "$repo" gc -q --prune=now
    expect 'count: 0' eval "git -C '$repo' count-objects -v | grep ^count:"
    drop_caches
    is_sound "$repo"
    expect 1000 git -C "$repo" rev-list --count HEAD
    [ "$(git -C "$repo" log --oneline -- 'by hand' | wc -l)" -eq 9 ]
    git -C "$repo" grep -q 'by hand 9'
}

test_a_clone_into_a_bucket_and_out_again_is_the_same() {
    repository "$work/from" 100
    # As a local one, which would link, as over a network, and with the repository outside of the work tree.
    git clone -q "$work/from" "$mnt/local"
    git clone -q "file://$work/from" "$mnt/far"
    git clone -q --separate-git-dir "$mnt/git" "$work/from" "$work/separate"
    git clone -q --bare "$mnt/local" "$mnt/bare.git"
    drop_caches
    git clone -q "$mnt/far" "$work/back"
    git clone -q "file://$mnt/bare.git" "$mnt/again"
    for clone in "$mnt/local" "$mnt/far" "$work/separate" "$work/back" "$mnt/again"; do
        diff -r --exclude .git "$work/from" "$clone"
        is_sound "$clone"
        expect "$(git -C "$work/from" rev-parse main)" git -C "$clone" rev-parse main
    done
}

test_branches_are_merged_rebased_and_stashed() {
    local repo=$mnt/repo
    repository "$repo" 20
    cd "$repo"
    git switch -q -c side
    echo side >side
    git add side
    git commit -q -m Side
    git switch -q main
    [ ! -e side ]
    echo main >main
    git add main
    git commit -q -m Main
    git merge -q --no-edit side
    expect side cat side
    git switch -q -c rebased side
    echo more >>side
    git commit -q -a -m More
    git rebase -q main
    expect $'side\nmore' cat side
    expect main cat main

    echo unfinished >>main
    git stash -q
    expect main cat main
    git stash pop -q
    expect $'main\nunfinished' cat main
    git checkout -q -- main
    git tag -a -m 'A tag' one
    git worktree add -q "$mnt/other" side
    expect side cat "$mnt/other/side"
    git -C "$mnt/other" commit -q --allow-empty -m 'From the other'
    git worktree remove "$mnt/other"
    git switch -q main
    git branch -q -D rebased
    git reflog expire --expire=now --all
    git gc -q --prune=now
    drop_caches
    is_sound "$repo"
}

test_a_push_arrives_in_a_bucket() {
    repository "$work/from" 50
    git init -q --bare "$mnt/bare.git"
    git -C "$work/from" remote add bucket "$mnt/bare.git"
    # Loose objects and a pack.
    git -C "$work/from" push -q bucket main~3:refs/heads/main
    git -C "$work/from" push -q bucket main
    git -C "$mnt/bare.git" config receive.unpackLimit 1
    git -C "$work/from" push -q bucket main~20:refs/heads/older
    echo more >>"$work/from/more"
    git -C "$work/from" add more
    git -C "$work/from" commit -q -m More
    git -C "$work/from" push -q bucket main
    expect "$(git -C "$work/from" rev-parse main)" git -C "$mnt/bare.git" rev-parse main
    git -C "$mnt/bare.git" fsck --full --strict --no-progress
}

run_tests "$@"
