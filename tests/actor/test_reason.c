#include "actor/actor.h"

#include <criterion/criterion.h>

static char words[64];

static const char *format(struct reason reason)
{
    reason_format(&reason, words, sizeof(words));
    reason_deinit(&reason);
    return words;
}

Test(reason, is_a_word_that_users_know)
{
    cr_assert_str_eq(format(REASON(NORMAL)), "normal");
    cr_assert_str_eq(format(REASON(SHUTDOWN)), "shutdown");
    cr_assert_str_eq(format(REASON(KILLED)), "killed");
    cr_assert_str_eq(format(REASON(NOPROC)), "noproc");
    cr_assert_str_eq(format(REASON(NOCONNECTION)), "noconnection");
}

Test(reason, an_error_has_a_text_on_one_line)
{
    cr_assert_str_eq(format(reason_error("no\nmilk\r")), "error: no milk ");
}

Test(reason, is_cut_to_the_buffer)
{
    struct reason reason = reason_error("milk");
    char buffer[8];

    reason_format(&reason, buffer, sizeof(buffer));
    cr_assert_str_eq(buffer, "error: ");
    reason_deinit(&reason);
}

Test(reason, a_copy_outlives_the_original)
{
    struct reason reason = reason_error("milk");
    struct reason copy = reason_copy(&reason);

    reason_deinit(&reason);
    reason_deinit(&reason);
    cr_assert_str_eq(format(copy), "error: milk");
}

Test(reason, each_is_a_condition_for_who_waited)
{
    static const enum actor_condition conditions[] = {
        [REASON_NORMAL] = ACTOR_E_NORMAL,      [REASON_SHUTDOWN] = ACTOR_E_SHUTDOWN,
        [REASON_KILLED] = ACTOR_E_KILLED,      [REASON_NOPROC] = ACTOR_E_NOPROC,
        [REASON_NOCONNECTION] = ACTOR_E_ERROR, [REASON_ERROR] = ACTOR_E_ERROR,
    };

    for (unsigned code = REASON_NORMAL; code <= REASON_ERROR; code++) {
        struct reason reason = {.code = code};

        cr_assert_eq(actor_condition_of(&reason), (int)conditions[code]);
        cr_assert(actor_is_condition(actor_condition_of(&reason)));
    }
    cr_assert_not(actor_is_condition(0));
    cr_assert_not(actor_is_condition(-1));
}
