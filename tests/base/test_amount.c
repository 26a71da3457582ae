#include "base/amount.h"

#include <criterion/criterion.h>
#include <string.h>

static void assert_amount(const char *text, uint64_t expected, const char *rest)
{
    uint64_t amount = 0;
    size_t used = 0;

    cr_assert(amount_parse(text, strlen(text), &amount, &used), "%s", text);
    cr_assert_eq(amount, expected, "%s", text);
    cr_assert_str_eq(text + used, rest);
}

static void assert_none(const char *text)
{
    uint64_t amount = 7;
    size_t used = 7;

    cr_assert_not(amount_parse(text, strlen(text), &amount, &used), "%s", text);
    cr_assert_eq(amount, 7);
    cr_assert_eq(used, 7);
}

Test(amount, is_a_number_with_or_without_a_suffix)
{
    assert_amount("0", 0, "");
    assert_amount("64", 64, "");
    assert_amount("3k", 3 << 10, "");
    assert_amount("3K", 3 << 10, "");
    assert_amount("3m", 3 << 20, "");
    assert_amount("3G", UINT64_C(3) << 30, "");
    assert_amount("3t", UINT64_C(3) << 40, "");
    assert_amount("3p", UINT64_C(3) << 50, "");
    assert_amount("3e", UINT64_C(3) << 60, "");
    assert_amount("18446744073709551615", UINT64_MAX, "");
}

Test(amount, may_be_octal_or_hexadecimal_as_in_the_kernel)
{
    assert_amount("0x40k", 64 << 10, "");
    assert_amount("010", 8, "");
}

Test(amount, leaves_what_is_behind_it)
{
    assert_amount("50%", 50, "%");
    assert_amount("12kb", 12 << 10, "b");
    assert_amount("1.5m", 1, ".5m");
    assert_amount("1 k", 1, " k");
}

Test(amount, ends_with_its_text)
{
    uint64_t amount;
    size_t used;

    cr_assert(amount_parse("123k", 2, &amount, &used));
    cr_assert_eq(amount, 12);
    cr_assert_eq(used, 2);
    cr_assert_not(amount_parse("1", 0, &amount, &used));
}

Test(amount, without_a_digit_or_too_large_is_none)
{
    assert_none("");
    assert_none("k");
    assert_none("%");
    assert_none("-1");
    assert_none("+1");
    assert_none(" 1");
    assert_none("18446744073709551616");
    assert_none("16e");
    assert_none("99999999999999999999999999999999999999");
}
