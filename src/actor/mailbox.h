/*
 * An actor's mail, in the order in which it came. It has a count, a limit for
 * casts, and can be closed. No lock of its own: its actor's lock guards it.
 *
 * The limit refuses casts only. A call or a stop holds its sender up, which is
 * the backpressure: there are never more of them than threads that wait. An
 * info (a DOWN, an EXIT, a timer) must not be lost, and is bounded by what was
 * set up to send it.
 */
#ifndef KVFS_ACTOR_MAILBOX_H
#define KVFS_ACTOR_MAILBOX_H

#include "actor/message.h"

#include <stddef.h>

#define MAILBOX_LIMIT 100000

enum mailbox_condition {
    MAILBOX_E_CLOSED = 1, /* the actor has ended */
    MAILBOX_E_FULL,       /* a cast past the limit */
};

struct mailbox {
    struct cds_list_head messages;
    uint32_t count;
    uint32_t limit : 31;
    uint32_t closed : 1;
};

void mailbox_init(struct mailbox *mailbox, uint32_t limit);
/* Must be empty. */
void mailbox_deinit(struct mailbox *mailbox);

/* Takes the message when it returns 0; else MAILBOX_E_CLOSED, MAILBOX_E_FULL, and the message is still the caller's. */
int mailbox_push(struct mailbox *mailbox, struct message *message);
/* The oldest message, to the caller; NULL if there is none. */
struct message *mailbox_take(struct mailbox *mailbox);
/* True if the oldest message is of that kind. */
bool mailbox_first_is(const struct mailbox *mailbox, enum message_kind kind);
/* Takes one message out of the middle, if it is still there. True if it was. */
bool mailbox_unlink(struct mailbox *mailbox, struct message *message);
/* Refuses new mail from now on. What is there stays. */
void mailbox_close(struct mailbox *mailbox);

#endif
