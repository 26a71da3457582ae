#!/bin/bash
# A small C project is edited, built, run and installed in buckets.
#
# usage: build.sh uring|dev|nodirect [TEST...]
. "${0%/*}/lib.sh"

# a_project DIRECTORY      a program that prints `3 twice is 6`, of sources, a header, a library and a shared library
a_project() {
    mkdir -p "$1/src" "$1/lib"
    cat >"$1/Makefile" <<'END'
CFLAGS = -Wall -Werror -O1 -g -MMD -fPIC
.DELETE_ON_ERROR:
all: out/twice out/script
out/twice: out/main.o out/text.o out/libnumber.a out/libshared.so
	$(CC) -o $@ out/main.o out/text.o -Lout -lnumber -lshared -Wl,-rpath,'$$ORIGIN'
out/libnumber.a: out/number.o
	$(AR) rcs $@ $^
out/libshared.so: out/shared.o
	$(CC) -shared -o $@ $^
out/%.o: src/%.c | out
	$(CC) $(CFLAGS) -c -o $@ $<
out/%.o: lib/%.c | out
	$(CC) $(CFLAGS) -Ilib -c -o $@ $<
out/script: src/script.sh | out
	cp $< $@ && chmod +x $@
out:
	mkdir $@
clean:
	rm -rf out
-include $(wildcard out/*.d)
END
    cat >"$1/src/main.c" <<'END'
#include "../lib/number.h"
#include <stdio.h>
const char *text(void);
int shared(int number);
int main(void)
{
    printf("%d %s %d\n", NUMBER, text(), shared(number()));
    return 0;
}
END
    echo 'const char *text(void) { return "twice is"; }' >"$1/src/text.c"
    printf '#define NUMBER 3\nint number(void);\n' >"$1/lib/number.h"
    printf '#include "number.h"\nint number(void) { return NUMBER; }\n' >"$1/lib/number.c"
    echo 'int shared(int number) { return number * 2; }' >"$1/lib/shared.c"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\nexec "${0%%/*}/twice"\n' >"$1/src/script.sh"
}

test_make_builds_what_has_changed() {
    local project=$mnt/project
    a_project "$project"
    make -s -j 3 -C "$project"
    expect '3 twice is 6' "$project/out/twice"
    expect '3 twice is 6' "$project/out/script"
    fails make -q -C "$project" clean
    make -q -C "$project"
    drop_caches
    make -q -C "$project"
    expect '3 twice is 6' "$project/out/twice"

    touch "$project/src/text.c"
    make -C "$project" >"$work/made"
    expect '1 1' eval "echo \$(grep -c -- ' -c ' $work/made) \$(grep -c -- '-o out/text.o' $work/made)"
    sed -i 's/NUMBER 3/NUMBER 4/' "$project/lib/number.h"
    make -C "$project" >"$work/made"
    expect 2 grep -c -- ' -c ' "$work/made"
    expect '4 twice is 8' "$project/out/twice"
    echo 'this is no C' >>"$project/src/text.c"
    fails make -s -C "$project"
    fails make -q -C "$project"
    sed -i '$d' "$project/src/text.c"
    make -s -C "$project"
    expect '4 twice is 8' "$project/out/script"
    make -s -C "$project" clean
    expect $'Makefile\nlib\nsrc' ls -A "$project"
}

test_a_program_is_installed_run_and_replaced_while_it_runs() {
    local project=$mnt/project pid
    mkdir "$project" "$mnt/bin"
    cp "$(command -v sleep)" "$project/program"
    install -m 711 -o 12 -g 34 "$project/program" "$mnt/bin/program"
    install -D -m 644 -p "$project/program" "$mnt/usr/share/deep/program"
    install -d -m 1777 "$mnt/usr/tmp"
    expect '711 12 34' stat -c '%a %u %g' "$mnt/bin/program"
    expect 1777 stat -c %a "$mnt/usr/tmp"
    cmp "$project/program" "$mnt/usr/share/deep/program"
    strip -o "$mnt/bin/stripped" "$mnt/bin/program"
    chmod +x "$mnt/bin/stripped"
    "$mnt/bin/stripped" 0

    "$mnt/bin/program" 1000 &
    pid=$!
    eventually 10 runs $pid "$mnt/bin/program"
    refused 'Text file busy' eval "echo >>'$mnt/bin/program'"
    refused 'Text file busy' truncate -s 0 "$mnt/bin/program"
    drop_caches
    refused 'Text file busy' eval "echo >>'$mnt/bin/program'"
    # By another file.
    install "$project/program" "$mnt/bin/program"
    expect "$mnt/bin/program (deleted)" readlink /proc/$pid/exe
    cmp /proc/$pid/exe "$project/program"
    kill $pid
    wait $pid || true
    "$mnt/bin/program" 0
    chmod -x "$mnt/bin/program"
    refused 'Permission denied' "$mnt/bin/program" 0
}

runs() { [ "$(readlink "/proc/$1/exe")" = "$2" ]; }

test_the_compiler_keeps_its_temporary_files_in_a_bucket() {
    mkdir "$mnt/tmp" "$mnt/b"
    echo 'int main(void) { return 7; }' >"$mnt/b/seven.c"
    (cd "$mnt/b" && TMPDIR=$mnt/tmp gcc -g -save-temps -o seven seven.c)
    fails "$mnt/b/seven"
    expect 7 eval "$mnt/b/seven || echo \$?"
    expect '' ls -A "$mnt/tmp"
    (cd "$mnt/b" && TMPDIR=$mnt/tmp sort -S 20k --parallel=2 seven.s -o sorted)
    cmp "$mnt/b/sorted" <(sort "$mnt/b/seven.s")
    expect '' ls -A "$mnt/tmp"
}

run_tests "$@"
