#include "actor/mailbox.h"

#include <assert.h>

void mailbox_init(struct mailbox *mailbox, uint32_t limit)
{
    CDS_INIT_LIST_HEAD(&mailbox->messages);
    mailbox->count = 0;
    mailbox->limit = limit & INT32_MAX;
    mailbox->closed = false;
}

void mailbox_deinit(struct mailbox *mailbox)
{
    assert(mailbox->count == 0);
    (void)mailbox;
}

int mailbox_push(struct mailbox *mailbox, struct message *message)
{
    assert(!message->queued);
    if (mailbox->closed)
        return MAILBOX_E_CLOSED;
    if (message->kind == MESSAGE_CAST && mailbox->count >= mailbox->limit)
        return MAILBOX_E_FULL;

    cds_list_add_tail(&message->link, &mailbox->messages);
    message->queued = true;
    mailbox->count++;
    return 0;
}

struct message *mailbox_take(struct mailbox *mailbox)
{
    struct message *message;

    if (cds_list_empty(&mailbox->messages))
        return NULL;
    message = cds_list_first_entry(&mailbox->messages, struct message, link);
    (void)mailbox_unlink(mailbox, message);
    return message;
}

bool mailbox_first_is(const struct mailbox *mailbox, enum message_kind kind)
{
    return mailbox->count > 0 && cds_list_first_entry(&mailbox->messages, struct message, link)->kind == kind;
}

bool mailbox_unlink(struct mailbox *mailbox, struct message *message)
{
    if (!message->queued)
        return false;
    cds_list_del(&message->link);
    message->queued = false;
    mailbox->count--;
    return true;
}

void mailbox_close(struct mailbox *mailbox)
{
    mailbox->closed = true;
}
