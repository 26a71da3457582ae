/*
 * An actor's mail, in the order in which it came. It has a count, a limit for
 * casts, and can be closed. No lock of its own: its actor's lock guards it.
 *
 * The limit refuses casts only. A call or a stop holds its sender up, which is
 * the backpressure: there are never more of them than threads that wait. An
 * info (a DOWN, an EXIT, a timer) must not be lost, and is bounded by what was
 * set up to send it.
 *
 * Casts alone can be taken all at once, which touches none of them: they stay
 * counted until they are begun, so that the count and the limit are true.
 */
#ifndef KVFS_ACTOR_MAILBOX_H
#define KVFS_ACTOR_MAILBOX_H

#include "actor/message.h"

#include <stddef.h>

#define MAILBOX_LIMIT 100000
#define MAILBOX_LIMIT_MAX ((1 << 30) - 1)

enum mailbox_condition {
    MAILBOX_E_CLOSED = 1, /* the actor has ended */
    MAILBOX_E_FULL,       /* a cast past the limit */
};

struct mailbox {
    struct cds_list_head messages;
    uint32_t count;
    uint32_t limit : 30;
    uint32_t closed : 1;
    uint32_t only_casts : 1; /* what is linked, if anything */
};

void mailbox_init(struct mailbox *mailbox, uint32_t limit);
/* Of casts that wait; at most MAILBOX_LIMIT_MAX. */
void mailbox_set_limit(struct mailbox *mailbox, uint32_t limit);
/* Must be empty. */
void mailbox_deinit(struct mailbox *mailbox);

/* Takes the message when it returns 0; else MAILBOX_E_CLOSED, MAILBOX_E_FULL, and the message is still the caller's. */
int mailbox_push(struct mailbox *mailbox, struct message *message);
/* The oldest message, borrowed; NULL if there is none. */
struct message *mailbox_first(const struct mailbox *mailbox);
/* The oldest message, to the caller; NULL if there is none. */
struct message *mailbox_take(struct mailbox *mailbox);
/* True if there is nothing to take. */
bool mailbox_is_empty(const struct mailbox *mailbox);
/* All that is there, if that is casts only, to the end of `list`; how many. Whoever calls takes them off the count. */
uint32_t mailbox_take_casts(struct mailbox *mailbox, struct cds_list_head *list);
/* So many of those that were taken together have been begun, or dropped. */
void mailbox_uncount(struct mailbox *mailbox, uint32_t count);
/* Takes one message out of the middle, if it is still there. True if it was. */
bool mailbox_unlink(struct mailbox *mailbox, struct message *message);
/* Refuses new mail from now on. What is there stays. */
void mailbox_close(struct mailbox *mailbox);

#endif
