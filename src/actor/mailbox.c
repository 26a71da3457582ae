#include "actor/mailbox.h"

#include <assert.h>

void mailbox_init(struct mailbox *mailbox, uint32_t limit)
{
    CDS_INIT_LIST_HEAD(&mailbox->messages);
    mailbox->count = 0;
    mailbox->closed = false;
    mailbox_set_limit(mailbox, limit);
}

void mailbox_set_limit(struct mailbox *mailbox, uint32_t limit)
{
    mailbox->limit = limit < MAILBOX_LIMIT_MAX ? limit : MAILBOX_LIMIT_MAX;
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

    mailbox->only_casts = message->kind == MESSAGE_CAST && (mailbox->only_casts || mailbox_is_empty(mailbox));
    cds_list_add_tail(&message->link, &mailbox->messages);
    message->queued = true;
    mailbox->count++;
    return 0;
}

struct message *mailbox_first(const struct mailbox *mailbox)
{
    return mailbox_is_empty(mailbox) ? NULL : cds_list_first_entry(&mailbox->messages, struct message, link);
}

struct message *mailbox_take(struct mailbox *mailbox)
{
    struct message *message = mailbox_first(mailbox);

    if (message)
        (void)mailbox_unlink(mailbox, message);
    return message;
}

bool mailbox_is_empty(const struct mailbox *mailbox)
{
    return mailbox->messages.next == &mailbox->messages;
}

uint32_t mailbox_take_casts(struct mailbox *mailbox, struct cds_list_head *list)
{
    if (mailbox_is_empty(mailbox) || !mailbox->only_casts)
        return 0;
    cds_list_splice(&mailbox->messages, list->prev);
    CDS_INIT_LIST_HEAD(&mailbox->messages);
    return mailbox->count;
}

void mailbox_uncount(struct mailbox *mailbox, uint32_t count)
{
    assert(count <= mailbox->count);
    mailbox->count -= count;
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
