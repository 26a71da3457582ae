/*
 * What is only seen with leak_check.c and under AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer;
 * part of verdicts.c's tests.
 */
#include <criterion/criterion.h>
#include <limits.h>
#include <stdlib.h>

static void *volatile last;
static volatile int one = 1;

static void forget(void)
{
    last = NULL;
}

static void release(void)
{
    free(last);
    forget();
}

static void assert_in_fini(void)
{
    cr_assert_fail("in fini");
}

Test(must_pass, freed_in_fini, .fini = release)
{
    last = malloc(100);
}

Test(must_fail, leak)
{
    last = malloc(100);
    forget();
}

Test(must_fail, leak_by_fini, .fini = forget)
{
    last = malloc(100);
}

Test(must_fail, use_after_free)
{
    char *volatile block = malloc(1);

    free(block);
    cr_assert(block[0] || one);
}

Test(must_fail, undefined_behaviour)
{
    cr_assert_neq(INT_MAX + one, 7);
}

Test(must_fail, assertion_in_fini, .fini = assert_in_fini)
{
}
