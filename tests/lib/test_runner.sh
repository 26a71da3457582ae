#!/bin/sh
# Runs tests of which some must fail, and says as TAP whether the runner saw each of them right.
#
# usage: test_runner.sh PROGRAM [ARG...]
set -u

"$@" 2>/dev/null </dev/null |
awk '
    $1 == "not" { verdict = "must_fail" }
    $1 == "ok" { verdict = "must_pass" }
    $1 == "not" || $1 == "ok" {
        match($0, /must_[a-z]+::[a-z_]+/)
        name = substr($0, RSTART, RLENGTH)
        printf "%s %d - %s\n", index(name, verdict "::") == 1 ? "ok" : "not ok", ++n, name
        seen[name]
    }
    END {
        # Of each kind one by name, so that a run that lost its tests does not pass.
        printf "%s %d - tests of both kinds ran\n",
            ("must_pass::an_empty_body" in seen && "must_fail::assertion" in seen) ? "ok" : "not ok", ++n
        printf "1..%d\n", n
    }'
