#include "actor/restart.h"
#include "base/clock.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct restart_intensity usual = {.max_restarts = 3, .period_ns = 5 * CLOCK_NS_PER_S};

static bool is_wanted(enum restart_policy policy, struct reason reason)
{
    bool wanted = restart_is_wanted(policy, &reason);

    reason_deinit(&reason);
    return wanted;
}

static struct reason shutdown_with_text(void)
{
    struct reason reason = reason_error("the shop closes");

    reason.code = REASON_SHUTDOWN;
    return reason;
}

Test(restart, a_temporary_actor_is_never_wanted_again)
{
    for (unsigned code = REASON_NORMAL; code <= REASON_ERROR; code++)
        cr_expect_not(is_wanted(RESTART_TEMPORARY, (struct reason){.code = code}));
}

Test(restart, a_permanent_actor_is_always_wanted_again)
{
    for (unsigned code = REASON_NORMAL; code <= REASON_ERROR; code++)
        cr_expect(is_wanted(RESTART_PERMANENT, (struct reason){.code = code}));
}

Test(restart, a_transient_actor_is_wanted_again_after_an_abnormal_end)
{
    cr_expect(is_wanted(RESTART_TRANSIENT, REASON(KILLED)));
    cr_expect(is_wanted(RESTART_TRANSIENT, REASON(NOPROC)));
    cr_expect(is_wanted(RESTART_TRANSIENT, REASON(NOCONNECTION)));
    cr_expect(is_wanted(RESTART_TRANSIENT, reason_error("sour")));
}

Test(restart, normal_and_shutdown_with_or_without_a_text_are_normal_for_transient)
{
    cr_expect_not(is_wanted(RESTART_TRANSIENT, REASON(NORMAL)));
    cr_expect_not(is_wanted(RESTART_TRANSIENT, REASON(SHUTDOWN)));
    cr_expect_not(is_wanted(RESTART_TRANSIENT, shutdown_with_text()));
}

Test(restart, each_policy_has_a_word_and_each_word_its_policy)
{
    static const char *const words[] = {"temporary", "transient", "permanent"};

    for (unsigned i = RESTART_TEMPORARY; i <= RESTART_PERMANENT; i++) {
        enum restart_policy policy;

        cr_assert_str_eq(restart_word(i), words[i]);
        cr_assert(restart_of_word(words[i], strlen(words[i]), &policy));
        cr_assert_eq(policy, i);
    }
}

static bool is_word(const char *text, size_t length)
{
    enum restart_policy policy = RESTART_TRANSIENT;
    bool is = restart_of_word(text, length, &policy);

    cr_expect(is || policy == RESTART_TRANSIENT, "touched without a result");
    return is;
}

Test(restart, only_the_whole_word_is_the_policy)
{
    cr_expect(is_word("permanent\n", 9));
    cr_expect_not(is_word("permanent\n", 10));
    cr_expect_not(is_word("permanen", 8));
    cr_expect_not(is_word("Permanent", 9));
    cr_expect_not(is_word("transient\0", 10));
    cr_expect_not(is_word("", 0));
}

static int64_t seconds(double s)
{
    return (int64_t)(s * (double)CLOCK_NS_PER_S);
}

Test(restart, up_to_the_maximum_are_allowed_at_once)
{
    struct restart_window window = {0};

    cr_expect(restart_count(&window, &usual, 0));
    cr_expect(restart_count(&window, &usual, 0));
    cr_expect(restart_count(&window, &usual, 0));
    cr_expect_not(restart_count(&window, &usual, 0));
}

Test(restart, by_default_three_in_five_seconds)
{
    cr_expect_eq(RESTART_INTENSITY_DEFAULT.max_restarts, usual.max_restarts);
    cr_expect_eq(RESTART_INTENSITY_DEFAULT.period_ns, usual.period_ns);
}

Test(restart, one_that_is_a_period_ago_counts_and_an_older_one_does_not)
{
    struct restart_window window = {0};

    for (int i = 0; i < 3; i++)
        cr_assert(restart_count(&window, &usual, seconds(1)));
    cr_expect_not(restart_count(&window, &usual, seconds(6)));
    cr_expect(restart_count(&window, &usual, seconds(6) + 1));
}

Test(restart, the_period_slides)
{
    struct restart_window window = {0};

    cr_expect(restart_count(&window, &usual, seconds(10)));
    cr_expect(restart_count(&window, &usual, seconds(13)));
    cr_expect(restart_count(&window, &usual, seconds(14)));
    cr_expect(restart_count(&window, &usual, seconds(15.1)), "10 is forgotten");
    cr_expect_not(restart_count(&window, &usual, seconds(17.9)), "13, 14 and 15.1 are not");
    cr_expect(restart_count(&window, &usual, seconds(18.1)), "13 is forgotten");
    cr_expect_not(restart_count(&window, &usual, seconds(18.2)));
}

Test(restart, slow_restarts_go_on_for_ever)
{
    struct restart_window window = {0};

    for (int i = 0; i < 1000; i++)
        cr_assert(restart_count(&window, &usual, seconds(1.7) * i));
}

Test(restart, a_refused_one_is_not_remembered)
{
    struct restart_window window = {0};

    for (int i = 0; i < 3; i++)
        cr_assert(restart_count(&window, &usual, 0));
    for (int i = 0; i < 10; i++)
        cr_assert_not(restart_count(&window, &usual, seconds(4)));
    cr_expect(restart_count(&window, &usual, seconds(5.1)));
}

Test(restart, a_maximum_of_none_allows_none)
{
    struct restart_intensity none = {.max_restarts = 0, .period_ns = seconds(5)};
    struct restart_window window = {0};

    cr_expect_not(restart_count(&window, &none, 0));
    cr_expect_not(restart_count_in(&window.ring, NULL, 0, &none, 0));
}

Test(restart, the_intensity_may_change_between_two)
{
    struct restart_intensity one = {.max_restarts = 1, .period_ns = seconds(5)};
    struct restart_intensity two = {.max_restarts = 2, .period_ns = seconds(5)};
    struct restart_window window = {0};

    cr_expect(restart_count(&window, &one, 0));
    cr_expect_not(restart_count(&window, &one, 1));
    cr_expect(restart_count(&window, &two, 2));
    cr_expect_not(restart_count(&window, &two, 3));
    cr_expect(restart_count(&window, &usual, 4));
    cr_expect_not(restart_count(&window, &usual, 5));
    cr_expect(restart_count(&window, &two, seconds(5) + 3), "2 and 4 are the last two, and 2 is forgotten");
    cr_expect_not(restart_count(&window, &one, seconds(5) + 4));
}

Test(restart, any_maximum_fits_an_array_of_the_callers)
{
    enum { MAX = 1000 };
    struct restart_intensity many = {.max_restarts = MAX, .period_ns = MAX};
    struct restart_ring ring = {0};
    int64_t times[MAX];

    for (int i = 0; i < MAX; i++)
        cr_assert(restart_count_in(&ring, times, MAX, &many, i));
    cr_expect_not(restart_count_in(&ring, times, MAX, &many, MAX));
    for (int i = 1; i <= MAX; i++)
        cr_assert(restart_count_in(&ring, times, MAX, &many, MAX + i));
    cr_expect_not(restart_count_in(&ring, times, MAX, &many, 2 * MAX + 1));
}
