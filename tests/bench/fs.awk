# Prints the tables of `bench fs`, and writes them to `json`, of two files: fs.bars, and lines
#
#   time CLIENTS COLUMN OPERATION NS        once a round; of a bare server, OPERATION is also `request`
#   failed CLIENTS COLUMN OPERATION WHY
#   sent OPERATION KIND REQUESTS            for each time that it was done
#   missing COLUMN WHY
#
# Variables: rounds, files, mebibytes; transport, which ratios are of; json, a file or nothing. After medians.awk.

/^#/ { next }

FNR == NR {
    operations[++operations_count] = $1
    floor[$1] = $2
    xattr[$1] = $3
    bar[$1, "tmpfs"] = $4
    bar[$1, "memfs_ll"] = $5
    bar[$1, "floor"] = $6
    next
}

$1 == "time" { keep($2 SUBSEP $3 SUBSEP $4, $5) }
$1 == "failed" { failed[$2, $3, $4] = 1 }
$1 == "sent" {
    if (!(($2, $3) in sent)) kinds[$2] = kinds[$2] " " $3
    sent[$2, $3] = $4
    counted = 1
}
$1 == "missing" { missing[++missing_count] = $2 }

# In microseconds; "" if there is none.
function time_of(clients, column, operation,    ns) {
    if ((clients, column, operation) in failed) return ""
    ns = median(clients SUBSEP column SUBSEP operation)
    return ns == "" ? "" : ns / 1000
}

# What the floor's requests take when nobody does anything for them. None carries a mebibyte.
function floor_of(clients, transport, operation) {
    if (floor[operation] == "-" || floor[operation] == 0 || operation ~ /^large-/) return ""
    return ratio((floor[operation] + xattr[operation]) * time_of(clients, "bare-" transport, "request"), 1)
}

# What is above its bar is added to `above`, what can't be said to `unknown`.
function judge(name, value, limit) {
    if (limit == "-") return
    if (value == "") unknown = unknown " " name
    else if (value > limit) above = above " " name
}

function bars_of(operation,    text, i, names) {
    split("tmpfs memfs_ll floor", names, " ")
    for (i = 1; i <= 3; i++)
        if (bar[operation, names[i]] != "-") text = text (text == "" ? "" : ", ") bar[operation, names[i]] " " names[i]
    return text == "" ? "-" : text
}

function verdict() {
    if (above != "") return "no:" above
    return unknown != "" ? "?" : "yes"
}

# Of one operation, into the global variables that are printed.
function compare(clients, operation,    i) {
    for (i = 1; i <= columns_count; i++)
        us[i] = time_of(clients, columns[i], operation)
    ours = time_of(clients, "kvfs-" transport, operation)
    over["tmpfs"] = ratio(ours, time_of(clients, "tmpfs", operation))
    over["memfs_ll"] = ratio(ours, time_of(clients, "memfs_ll-" transport, operation))
    over["bare"] = ratio(ours, time_of(clients, "bare-" transport, operation))
    over["floor"] = ratio(ours, floor_of(clients, transport, operation))
    over["dev"] = ratio(time_of(clients, "kvfs-dev_fuse", operation), time_of(clients, "memfs_ll-dev_fuse", operation))
    over["one"] = clients == 1 ? "" : ratio(time_of(1, "kvfs-" transport, operation), ours)
    above = unknown = ""
    judge("tmpfs", over["tmpfs"], bar[operation, "tmpfs"])
    judge("memfs_ll", over["memfs_ll"], bar[operation, "memfs_ll"])
    judge("floor", over["floor"], bar[operation, "floor"])
    judge("dev", over["dev"], 1)
    if (clients > 1) judge("one", -over["one"], -1.8)
}

function print_heading(clients,    i) {
    printf "\n%d client%s, %d rounds of %d files and %d MiB; us\n%-16s", clients, (clients > 1 ? "s" : ""), rounds, \
        files, mebibytes, "operation"
    for (i = 1; i <= columns_count; i++) printf " %17s", columns[i]
    printf " %8s %8s %8s %8s %8s %8s  %-28s %s\n", "x tmpfs", "x memfs", "x bare", "x floor", "dev", "x one", \
        "at most", "met"
}

function print_row(clients, operation,    i) {
    compare(clients, operation)
    printf "%-16s", operation
    for (i = 1; i <= columns_count; i++) {
        if ((clients, columns[i], operation) in failed) printf " %17s", "failed"
        else show(" 17.2f", us[i])
    }
    show(" 8.2f", over["tmpfs"]); show(" 8.2f", over["memfs_ll"]); show(" 8.2f", over["bare"])
    show(" 8.2f", over["floor"]); show(" 8.2f", over["dev"]); show(" 8.2f", over["one"])
    printf "  %-28s %s\n", bars_of(operation), verdict()
}

function json_row(clients, operation,    i, separator) {
    compare(clients, operation)
    printf "{\"clients\": %d, \"operation\": \"%s\", \"median_us\": {", clients, operation >json
    for (i = 1; i <= columns_count; i++) {
        printf "%s\"%s\": %s", separator, columns[i], json_number(us[i]) >json
        separator = ", "
    }
    printf "}, \"ratios\": {\"tmpfs\": %s, \"memfs_ll\": %s, \"bare\": %s, \"floor\": %s, \"memfs_ll_dev_fuse\": %s", \
        json_number(over["tmpfs"]), json_number(over["memfs_ll"]), json_number(over["bare"]), \
        json_number(over["floor"]), json_number(over["dev"]) >json
    printf ", \"throughput_of_one\": %s}, \"at_most\": \"%s\", \"met\": \"%s\"}", json_number(over["one"]), \
        bars_of(operation), verdict() >json
}

# ---- requests ----

# Into the global variables that are printed.
function count_requests(operation,    i, names, count) {
    total = 0
    list = ""
    count = split(kinds[operation], names, " ")
    for (i = 1; i <= count; i++) {
        if (names[i] ~ /forget/ || sent[operation, names[i]] < 0.005) continue
        total += sent[operation, names[i]]
        list = list sprintf(" %s %.2f", names[i], sent[operation, names[i]])
    }
    beyond = floor[operation] == "-" ? "" : total - floor[operation] - xattr[operation]
    if (beyond > -0.005 && beyond < 0) beyond = 0
}

function print_requests(    i, operation) {
    printf "\n%-16s %8s %8s %8s  %s\n", "requests", \
        "floor", "sent", "beyond", "FORGETs left out, which nobody waits for"
    for (i = 1; i <= operations_count; i++) {
        operation = operations[i]
        if (!(operation in kinds)) continue
        count_requests(operation)
        printf "%-16s %8s %8.2f", operation, floor[operation] (xattr[operation] ? "+" xattr[operation] : ""), total
        show(" 8.2f", beyond)
        printf " %s\n", list
    }
}

function json_requests(    i, operation, separator) {
    printf "],\n\"requests\": [" >json
    for (i = 1; i <= operations_count; i++) {
        operation = operations[i]
        if (!(operation in kinds)) continue
        count_requests(operation)
        printf "%s\n{\"operation\": \"%s\", \"floor\": %s, \"xattr\": %d, \"sent\": %.4f}", separator, operation, \
            floor[operation] == "-" ? "null" : floor[operation], xattr[operation], total >json
        separator = ","
    }
}

function write_json(    clients, i, separator) {
    printf "{\"rounds\": %d, \"files\": %d, \"mebibytes\": %d, \"transport\": \"%s\", \"missing\": [", \
        rounds, files, mebibytes, transport >json
    for (i = 1; i <= missing_count; i++) printf "%s\"%s\"", (i > 1 ? ", " : ""), missing[i] >json
    printf "],\n\"operations\": [" >json
    for (clients = 1; clients <= 2; clients++) {
        for (i = 1; i <= operations_count; i++) {
            printf "%s\n", separator >json
            json_row(clients, operations[i])
            separator = ","
        }
    }
    json_requests()
    printf "]}\n" >json
    close(json)
}

END {
    columns_count = split("tmpfs memfs_ll-io_uring kvfs-io_uring bare-io_uring memfs_ll-dev_fuse kvfs-dev_fuse bare-dev_fuse", \
        columns, " ")
    for (clients = 1; clients <= 2; clients++) {
        print_heading(clients)
        for (i = 1; i <= operations_count; i++) print_row(clients, operations[i])
        printf "bare request, io_uring and /dev/fuse:"
        show(" 8.2f", time_of(clients, "bare-io_uring", "request"))
        show(" 8.2f", time_of(clients, "bare-dev_fuse", "request"))
        printf "\n"
    }
    if (counted) print_requests()
    if (json != "") write_json()
}
