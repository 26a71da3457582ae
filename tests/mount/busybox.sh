#!/bin/bash
# busybox's tools do and say in a bucket what they do and say on tmpfs.
#
# usage: busybox.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# both COMMAND...      by busybox's shell in $tmpfs and in a bucket
both() { same_in "$tmpfs" "$mnt/b" busybox sh -c "$*"; }

# Two directories of the same name and contents
two_directories() {
    mount_tmpfs
    mkdir "$mnt/b"
    both 'mkdir -p tree/deep/er "two words"; echo 3 >tree/milk; seq 5000 >tree/deep/numbers; : >tree/deep/er/empty
        ln -s ../milk tree/deep/link; ln -s nowhere tree/dangling; ln tree/milk tree/oat
        chmod 751 tree/deep; chmod 604 tree/milk; chown 12:34 tree/deep/numbers
        touch -d "2001-02-03 04:05:06" tree/milk tree/deep/numbers; mkfifo tree/fifo; mknod tree/null c 1 3'
}

# are_alike      by tools that aren't busybox's
are_alike() {
    diff <(described "$tmpfs") <(described "$mnt/b")
}

described() {
    (cd "$1" && find . -printf '%P %y %m %U:%G %n %l\n' | sort && find . -type f -print0 | sort -z | xargs -0r md5sum)
}

test_ls_stat_and_find_list_the_same() {
    two_directories
    both 'ls -1; ls -1a tree; ls -1RF .; ls -1dp tree/*'
    both 'cd tree; stat -c "%n %F %a %u %g %s %h" milk oat deep/numbers dangling fifo null | sort'
    both 'stat -c "%n %y" tree/milk tree/deep/numbers'
    both 'find . | sort; find . -type f -size +1k; find . -name "*k" -type l
        find tree -newer tree/milk -type f | sort'
    both 'find . -perm -001 -type d | sort; find . -links +1 -type f | sort; find . -type f -exec md5sum {} + | sort'
    both 'find . -depth -mindepth 2 | sort; find . -path "*/deep/*" -prune -o -print | sort; find . -user 12'
    both 'readlink tree/deep/link; realpath tree/deep/../dangling | sed s,.*/tree,tree,; test -L tree/dangling
        test -e tree/dangling'
    both 'cat tree/nothing; ls nothing; rmdir tree; mkdir tree; cd tree/milk; readlink tree/milk; : >tree/deep'
    drop_caches
    both 'ls -1RF .; du -a tree/deep/er | wc -l'
    are_alike
}

test_cp_ln_touch_and_rm_do_the_same() {
    two_directories
    both 'cp tree/milk new; cp -a tree copy; cp -r tree/deep deep2; cp -l new linked; cp -s new symlinked
        cat copy/milk'
    both 'cp -f new tree/deep/numbers; cp new tree; cp -u tree/milk new; cp -i </dev/null new tree/milk; cp tree x'
    both 'cp tree/deep tree/milk; cp nothing new; cp -P tree/dangling d2; cp -L tree/deep/link d3; cat d3'
    are_alike
    both 'ln new new; ln -s new new; ln -sf milk tree/dangling; ln new hard; ln -f new hard; ln -sfn deep2 deep3
        ln tree t'
    both 'touch a "b c" d/e; touch -c nothing; touch -r tree/milk a; touch -d "2002-03-04 05:06:07" new
        stat -c %y a new; test a -ot new'
    both 'install -d i/j; install -m 750 tree/milk i/j/k; stat -c %a i/j/k; truncate -s 3000 i/j/k; stat -c %s i/j/k
        made=$(mktemp -d ./XXXXXX) && rmdir "$made" && echo made'
    are_alike
    both 'rm tree; rm nothing; rm -f nothing; rm -r copy deep2 deep3; rmdir -p i/j; rm -rf i; unlink hard
        rm "b c" a; ls -1A'
    both 'rm -rf tree "two words"; rm -rf ./* ; ls -1A'
    are_alike
}

test_sed_dd_and_the_text_tools_do_the_same() {
    two_directories
    both 'sed -i s/1/one/g tree/deep/numbers; md5sum tree/deep/numbers; sed -i -n 7p tree/deep/numbers tree/milk
        cat tree/milk tree/deep/numbers'
    both 'seq 3000 >n; sed -n "\$p" n; tail -n 2 n; tail -c 7 n; head -c 7 n; wc n; sort -rn n -o n; head -n 2 n
        uniq -c n | tail -n 1; split -l 700 n; ls -1'
    both 'dd if=n of=m bs=1000 count=3 skip=2 seek=5 2>&1 | head -n 2; md5sum m
        dd if=n of=m bs=7 seek=11 conv=notrunc 2>/dev/null; md5sum m'
    both 'dd if=/dev/zero of=z bs=4096 count=100 conv=fsync 2>/dev/null; md5sum z
        dd if=z bs=1M iflag=skip_bytes skip=409590 2>/dev/null | wc -c'
    both 'awk "{ s += \$1 } END { print s }" n; grep -c 7 n; grep -rl 2999 . | sort; cmp n m; diff n xaa | wc -l
        patch -h 2>/dev/null; tee t <n | wc -l'
    both 'gzip -k n; gunzip -c n.gz | cmp - n; rm n.gz; bzip2 m; bunzip2 m.bz2; cat <n >>m; md5sum m; shred -n 1 -z -u z
        ls -1; (echo a; cat) <t >u; wc -l u; flock t echo locked'
    drop_caches
    both 'md5sum n m t u x*; fsync n; sync'
    are_alike
}

test_tar_and_cpio_pack_the_same() {
    two_directories
    both 'tar -cf a.tar tree; mkdir out; tar -xpf a.tar -C out; tar -tf a.tar | sort; cat out/tree/oat
        stat -c "%a %u:%g %y" out/tree/milk out/tree/deep/numbers'
    both 'cd tree; find . -depth | cpio -o -H newc >../a.cpio; mkdir ../out2; cd ../out2; cpio -idm <../a.cpio
        find . | sort; stat -c %a milk'
    rm "$tmpfs"/a.* "$mnt/b"/a.*
    drop_caches
    are_alike
}

test_mv_does_the_same() {
    two_directories
    both 'cd tree; mv milk soy; mv -f soy oat; ls -1; mv nothing x; mv deep/numbers deep/n; mv -n deep/n deep/link
        ls -1 deep; mv fifo f; mv dangling d; readlink d; mv oat oat'
    # Only what has no other name is moved to another bucket in one piece.
    both 'rm tree/oat; mv tree/soy .; mv tree/deep/er .; mv tree moved; mv moved/deep er; ls -1R; mv er er/x
        mv soy er; mv er/soy moved
        mv "two words" er; mkdir full; echo 3 >full/er; mv er full; mv full/er er; mv -T er full; ls -1R'
    are_alike
}

run_tests "$@"
