#include "base/amount.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 32 /* digits, and whatever comes behind them */

/* The power of 1024 that a suffix stands for; -1 if it is none. */
static int power_of(char suffix)
{
    static const char suffixes[] = "kKmMgGtTpPeE";
    const char *found = suffix != '\0' ? strchr(suffixes, suffix) : NULL;

    return found ? (int)(found - suffixes) / 2 + 1 : -1;
}

bool amount_parse(const char *text, size_t length, uint64_t *ret_amount, size_t *ret_used)
{
    char copy[NUMBER_MAX + 1] = "";
    unsigned long long amount;
    char *end;
    int power;

    memcpy(copy, text, length < NUMBER_MAX ? length : NUMBER_MAX);
    if (*copy < '0' || *copy > '9')
        return false;
    errno = 0;
    amount = strtoull(copy, &end, 0);
    power = power_of(*end);
    if (errno != 0 || (power > 0 && amount > UINT64_MAX >> (10 * power)))
        return false;
    *ret_amount = power > 0 ? (uint64_t)amount << (10 * power) : amount;
    *ret_used = (size_t)(end - copy) + (power > 0);
    return true;
}
