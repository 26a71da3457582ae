/*
 * What is put into a mailbox. A message is embedded in whatever its sender
 * allocated; the mailbox only links it.
 *
 * Every message ends exactly once: `release` is called after it was handled,
 * or instead of handling it when its actor has ended or is gone. A message
 * without `release` is embedded in memory of its receiver's (a monitor, a
 * timer): the runtime doesn't touch it once it is handed over. Queued calls
 * and stops have none either: they are answered, and counted (call.c).
 */
#ifndef KVFS_ACTOR_MESSAGE_H
#define KVFS_ACTOR_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <urcu/list.h>

enum message_kind {
    MESSAGE_CALL, /* the sender waits for a reply */
    MESSAGE_CAST, /* nobody waits */
    MESSAGE_INFO, /* everything else that an actor may know or not */
    MESSAGE_DOWN, /* an info: an actor that was monitored has ended */
    MESSAGE_EXIT, /* an info to who traps exits: an actor that was linked has ended, or somebody asks for the end */
    MESSAGE_STOP, /* the sender waits for the end */
};

struct message {
    struct cds_list_head link; /* guarded by the mailbox's actor */
    void (*release)(struct message *);
    unsigned tag;    /* what it means, between sender and receiver */
    uint8_t kind;    /* enum message_kind */
    bool queued;     /* guarded by the mailbox's actor */
};

/* `release` frees the message, or is NULL. */
static inline void message_init(struct message *message, enum message_kind kind, unsigned tag,
                                void (*release)(struct message *))
{
    *message = (struct message){.kind = (uint8_t)kind, .tag = tag, .release = release};
    CDS_INIT_LIST_HEAD(&message->link);
}

#define message_container(message, type, member) caa_container_of(message, type, member)

#endif
