# Prints the tables of `bench fs --growth`, and writes them to `json`, of lines
#
#   grown WHAT COUNT COLUMN OPERATION NS      once a round; WHAT is keys or buckets, COUNT how many there were
#   failed WHAT COUNT COLUMN OPERATION WHY
#   missing COLUMN WHY
#
# Variables: rounds, files; transport; json, a file or nothing. After medians.awk.

$1 == "grown" {
    keep($2 SUBSEP $3 SUBSEP $4 SUBSEP $5, $6)
    note("what", $2)
    note($2, $3)
    note("operation", $5)
}
$1 == "failed" { failed[$2, $3, $4, $5] = 1 }

# Remembers each value of a kind once, in the order of their coming.
function note(kind, value) {
    if ((kind, value) in noted) return
    noted[kind, value] = 1
    values[kind, ++count_of[kind]] = value
}

function time_of(what, count, column, operation,    ns) {
    if ((what, count, column, operation) in failed) return ""
    ns = median(what SUBSEP count SUBSEP column SUBSEP operation)
    return ns == "" ? "" : ns / 1000
}

# At the most over at the fewest.
function growth(what, column, operation) {
    return ratio(time_of(what, values[what, count_of[what]], column, operation),
        time_of(what, values[what, 1], column, operation))
}

function verdict(factor) { return factor == "" ? "?" : factor <= 1.3 ? "yes" : "no" }

function print_row(what, operation,    i, factor) {
    printf "%-16s", operation
    for (i = 1; i <= count_of[what]; i++) show(" 10.2f", time_of(what, values[what, i], ours, operation))
    factor = growth(what, ours, operation)
    show(" 8.2f", factor)
    show(" 8.2f", growth(what, "tmpfs", operation))
    printf "  %-8s %s\n", 1.3, verdict(factor)
}

function print_table(what,    i) {
    printf "\nby %s in a bucket, %s, %d rounds of %d files; us\n%-16s", what, ours, rounds, files, "operation"
    for (i = 1; i <= count_of[what]; i++) printf " %10d", values[what, i]
    printf " %8s %8s  %-8s %s\n", "growth", "tmpfs's", "at most", "met"
    for (i = 1; i <= count_of["operation"]; i++) print_row(what, values["operation", i])
}

function json_row(what, operation,    i, separator, factor) {
    printf "{\"by\": \"%s\", \"operation\": \"%s\", \"median_us\": {", what, operation >json
    for (i = 1; i <= count_of[what]; i++) {
        printf "%s\"%d\": %s", separator, values[what, i], \
            json_number(time_of(what, values[what, i], ours, operation)) >json
        separator = ", "
    }
    factor = growth(what, ours, operation)
    printf "}, \"growth\": %s, \"growth_of_tmpfs\": %s, \"at_most\": 1.3, \"met\": \"%s\"}", json_number(factor), \
        json_number(growth(what, "tmpfs", operation)), verdict(factor) >json
}

function write_json(    w, i, separator) {
    printf "{\"rounds\": %d, \"files\": %d, \"transport\": \"%s\", \"operations\": [", rounds, files, transport >json
    for (w = 1; w <= count_of["what"]; w++) {
        for (i = 1; i <= count_of["operation"]; i++) {
            printf "%s\n", separator >json
            json_row(values["what", w], values["operation", i])
            separator = ","
        }
    }
    printf "]}\n" >json
    close(json)
}

END {
    ours = "kvfs-" transport
    for (w = 1; w <= count_of["what"]; w++) print_table(values["what", w])
    if (json != "") write_json()
}
