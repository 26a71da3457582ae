# What the tables of `bench fs` share.

# Keeps one more of the numbers of `key`.
function keep(key, number) { samples[key, ++sampled[key]] = number }

# Of those kept; "" if there are none.
function median(key,    count, i, j, number, sorted) {
    count = sampled[key]
    for (i = 1; i <= count; i++) {
        number = samples[key, i]
        for (j = i - 1; j > 0 && sorted[j] > number; j--)
            sorted[j + 1] = sorted[j]
        sorted[j + 1] = number
    }
    if (count == 0)
        return ""
    return count % 2 ? sorted[(count + 1) / 2] : (sorted[count / 2] + sorted[count / 2 + 1]) / 2
}

function ratio(number, other) { return number == "" || other == "" || other == 0 ? "" : number / other }

# As wide as `format` says, which is that of a number; a `-` if there is none.
function show(format, number,    width) {
    width = format
    sub(/\..*/, "", width)
    if (number == "") printf "%" width "s", "-"
    else printf "%" format, number
}

function json_number(number) { return number == "" ? "null" : sprintf("%.6g", number) }
