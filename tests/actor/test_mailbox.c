#include "actor/mailbox.h"

#include <criterion/criterion.h>

static struct mailbox mailbox;
static struct message messages[4];

static void setup(void)
{
    mailbox_init(&mailbox, 2);
    for (unsigned i = 0; i < 4; i++)
        message_init(&messages[i], MESSAGE_CAST, i, NULL);
}

static void teardown(void)
{
    mailbox_deinit(&mailbox);
}

TestSuite(mailbox, .init = setup, .fini = teardown);

static void take_all(void)
{
    while (mailbox_take(&mailbox))
        continue;
}

Test(mailbox, gives_messages_in_the_order_in_which_they_came)
{
    cr_assert_eq(mailbox_push(&mailbox, &messages[1]), 0);
    cr_assert_eq(mailbox_push(&mailbox, &messages[0]), 0);
    cr_assert_eq(mailbox_take(&mailbox), &messages[1]);
    cr_assert_eq(mailbox_take(&mailbox), &messages[0]);
    cr_assert_null(mailbox_take(&mailbox));
}

Test(mailbox, counts_what_is_in_it)
{
    cr_assert_eq(mailbox.count, 0);
    cr_assert_eq(mailbox_push(&mailbox, &messages[0]), 0);
    cr_assert_eq(mailbox_push(&mailbox, &messages[1]), 0);
    cr_assert_eq(mailbox.count, 2);
    take_all();
    cr_assert_eq(mailbox.count, 0);
}

Test(mailbox, refuses_a_cast_past_its_limit_and_takes_one_again_later)
{
    cr_assert_eq(mailbox_push(&mailbox, &messages[0]), 0);
    cr_assert_eq(mailbox_push(&mailbox, &messages[1]), 0);
    cr_assert_eq(mailbox_push(&mailbox, &messages[2]), MAILBOX_E_FULL);
    cr_assert_eq(mailbox.count, 2);
    cr_assert_not(messages[2].queued);
    cr_assert_eq(mailbox_take(&mailbox), &messages[0]);
    cr_assert_eq(mailbox_push(&mailbox, &messages[2]), 0);
    take_all();
}

Test(mailbox, never_refuses_an_info_a_down_a_call_or_a_stop_for_its_limit)
{
    static const enum message_kind kinds[] = {MESSAGE_INFO, MESSAGE_DOWN, MESSAGE_CALL, MESSAGE_STOP};

    mailbox.limit = 0;
    for (unsigned i = 0; i < 4; i++) {
        message_init(&messages[i], kinds[i], i, NULL);
        cr_assert_eq(mailbox_push(&mailbox, &messages[i]), 0);
    }
    cr_assert_eq(mailbox.count, 4);
    take_all();
}

Test(mailbox, takes_one_message_out_of_the_middle)
{
    mailbox.limit = 3;
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(mailbox_push(&mailbox, &messages[i]), 0);
    cr_assert(mailbox_unlink(&mailbox, &messages[1]));
    cr_assert_eq(mailbox.count, 2);
    cr_assert_eq(mailbox_take(&mailbox), &messages[0]);
    cr_assert_eq(mailbox_take(&mailbox), &messages[2]);
}

Test(mailbox, does_not_take_out_what_is_not_in_it)
{
    cr_assert_not(mailbox_unlink(&mailbox, &messages[0]));
    cr_assert_eq(mailbox_push(&mailbox, &messages[0]), 0);
    cr_assert_eq(mailbox_take(&mailbox), &messages[0]);
    cr_assert_not(mailbox_unlink(&mailbox, &messages[0]));
    cr_assert_eq(mailbox.count, 0);
}

static struct message *first_of(struct cds_list_head *list)
{
    return cds_list_first_entry(list, struct message, link);
}

Test(mailbox, gives_casts_all_at_once_and_counts_them_until_it_is_told)
{
    CDS_LIST_HEAD(casts);

    cr_assert_eq(mailbox_push(&mailbox, &messages[0]), 0);
    cr_assert_eq(mailbox_push(&mailbox, &messages[1]), 0);
    cr_assert_eq(mailbox_take_casts(&mailbox, &casts), 2);
    cr_assert(mailbox_is_empty(&mailbox));
    cr_assert_eq(first_of(&casts), &messages[0]);
    cr_assert_eq(first_of(&messages[0].link), &messages[1]);
    cr_assert_eq(mailbox_push(&mailbox, &messages[2]), MAILBOX_E_FULL);
    mailbox_uncount(&mailbox, 1);
    cr_assert_eq(mailbox_push(&mailbox, &messages[2]), 0);
    cr_assert_eq(mailbox.count, 2);
    mailbox_uncount(&mailbox, 1);
    take_all();
    cr_assert_eq(mailbox_take_casts(&mailbox, &casts), 0);
}

Test(mailbox, gives_casts_one_by_one_while_there_is_anything_else)
{
    CDS_LIST_HEAD(casts);

    for (unsigned other = 0; other < 2; other++) {
        for (unsigned i = 0; i < 2; i++) {
            message_init(&messages[i], i == other ? MESSAGE_INFO : MESSAGE_CAST, i, NULL);
            cr_assert_eq(mailbox_push(&mailbox, &messages[i]), 0);
        }
        cr_assert_eq(mailbox_take_casts(&mailbox, &casts), 0);
        cr_assert(cds_list_empty(&casts));
        take_all();
    }
    message_init(&messages[0], MESSAGE_CAST, 0, NULL);
    cr_assert_eq(mailbox_push(&mailbox, &messages[0]), 0);
    cr_assert_eq(mailbox_take_casts(&mailbox, &casts), 1);
    mailbox_uncount(&mailbox, 1);
}

Test(mailbox, a_closed_one_refuses_every_kind_and_keeps_what_it_has)
{
    cr_assert_eq(mailbox_push(&mailbox, &messages[0]), 0);
    mailbox_close(&mailbox);
    for (unsigned kind = MESSAGE_CALL; kind <= MESSAGE_STOP; kind++) {
        message_init(&messages[1], kind, 1, NULL);
        cr_assert_eq(mailbox_push(&mailbox, &messages[1]), MAILBOX_E_CLOSED);
    }
    cr_assert_eq(mailbox_take(&mailbox), &messages[0]);
    cr_assert_null(mailbox_take(&mailbox));
}
