/*
 * Tests that must pass and tests that must fail: what test_runner.sh runs to see that the runners tell which is
 * which. The suite's name says what is expected.
 */
#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

static int steps;

static void step(void)
{
    steps++;
}

static void assert_nothing(void)
{
    cr_assert_fail("in init");
}

TestSuite(must_pass, .init = step);

Test(must_pass, an_empty_body)
{
}

Test(must_pass, init_of_suite_then_test_ran, .init = step)
{
    cr_assert_eq(steps, 2);
}

Test(must_pass, expected_signal, .signal = SIGABRT)
{
    abort();
}

Test(must_pass, expected_exit_code, .exit_code = 3)
{
    exit(3);
}

Test(must_fail, assertion)
{
    cr_assert_eq(1, 2, "%d isn't %d", 1, 2);
}

Test(must_fail, expectation)
{
    cr_expect(0);
}

Test(must_fail, new_style_assertion)
{
    cr_assert_str_eq("a", "b");
}

Test(must_fail, assertion_in_init, .init = assert_nothing)
{
}

Test(must_fail, crash)
{
    abort();
}

Test(must_fail, exit_code)
{
    exit(3);
}

Test(must_fail, missing_signal, .signal = SIGABRT)
{
}

Test(must_fail, timeout, .timeout = 0.2)
{
    for (;;)
        sched_yield();
}
