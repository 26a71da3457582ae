/*
 * A monitor tells one way: its watcher gets one DOWN with this monitor's
 * reference and the reason when its target ends. It contains the message it
 * will send, so that a death allocates nothing.
 *
 * Not a link: the watcher's own end tells nobody. But each half of a link, and
 * what makes a child share its parent's fate, is a monitor of another kind,
 * which sends an exit signal instead of a DOWN (link.h).
 */
#ifndef KVFS_ACTOR_MONITOR_H
#define KVFS_ACTOR_MONITOR_H

#include "actor/message.h"
#include "actor/reason.h"

struct actor;

enum monitor_kind {
    MONITOR_DOWN,      /* tells its watcher */
    MONITOR_FATE,      /* the target is the watcher's parent: its end ends the watcher */
    MONITOR_LINK,      /* half of a link */
    MONITOR_LINK_BACK, /* its other half */
};

/*
 * Memory of the watcher's, who must keep it until the DOWN was handled, the
 * monitor was taken back, or the watcher's `destroy` runs.
 */
struct monitor {
    struct message message;          /* the DOWN, or the EXIT */
    struct cds_list_head in_target;  /* guarded by the target's lock and the watcher's */
    struct cds_list_head in_watcher; /* likewise */
    struct actor *watcher;
    struct actor *target; /* holds a reference while active */
    uint64_t ref;         /* never given twice */
    uint8_t kind;         /* enum monitor_kind */
    bool from_parent;     /* of an exit signal: it ends its watcher, even one that traps exits */
    bool noproc;          /* the target had ended before it was watched */
    bool told_last;       /* behind the target's other monitors */
    bool active;          /* guarded by the watcher's lock: watching, or the message is in its mailbox */
    bool linked;          /* guarded by both locks: in the two lists */
};

/*
 * [any thread] [never blocks] Borrows `monitor`, which must not be active. The caller knows that watcher and target
 * are still there (it holds a reference, or is the watcher). A target that has ended answers with
 * DOWN `noproc`. Two monitors on one target are two references. From a watcher that was killed: nothing happens.
 */
uint64_t actor_monitor(struct actor *watcher, struct monitor *monitor, struct actor *target);
/*
 * [any thread] [never blocks] The same for who keeps a target's name: it is told behind all that don't, so that when it
 * forgets the name everybody knows.
 */
uint64_t actor_monitor_last(struct actor *watcher, struct monitor *monitor, struct actor *target);

/*
 * [watcher's callback] [never blocks] No DOWN of it will be seen, even if it is already in the mailbox (OTP's
 * demonitor with flush). May be repeated; the memory is the caller's again.
 */
void actor_demonitor(struct monitor *monitor);

/* While its DOWN is being handled: why the target ended. */
const struct reason *monitor_reason(const struct monitor *monitor);

static inline struct monitor *monitor_of_down(struct message *message)
{
    return message_container(message, struct monitor, message);
}

#endif
