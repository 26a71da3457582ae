/*
 * A link joins two fates: when one side ends abnormally the other ends too, at
 * once and for the same reason; `normal` takes nobody along. Who traps exits
 * gets an EXIT message instead, for every reason, and lives on; only its
 * parent's EXIT ends it all the same, in an orderly way.
 *
 * Not a monitor: it tells both ways, and only who traps exits hears of it.
 *
 * Source: Erlang/OTP's reference manual, Processes: links and exit signals.
 */
#ifndef KVFS_ACTOR_LINK_H
#define KVFS_ACTOR_LINK_H

#include "actor/actor.h"

/*
 * [any thread] [never blocks] Links the two; the caller knows that both are still there. Linking twice is one link. If
 * one has ended, the other gets its exit signal: `noproc`. From an actor that was killed: nothing happens. 0, or
 * -ENOMEM and nothing has changed.
 */
int actor_link(struct actor *a, struct actor *b);
/* [any thread] [never blocks] Undoes it: no EXIT of the one will be seen by the other, even if it is in its mailbox. */
void actor_unlink(struct actor *a, struct actor *b);

/*
 * [any thread] [never blocks] The child shares its parent's fate, one way: an abnormal end of the parent ends it for the
 * same reason. If it has ended already so does the child, with `noproc` if that was normal. A child that traps exits
 * ends in an orderly way, and at its parent's normal end too. `fate` is memory of the child's, for as long as the
 * child's own.
 */
void actor_follow(struct actor *child, struct monitor *fate, struct actor *parent);

/*
 * [any thread] [never blocks] Undoes it: the child follows nobody, and `fate` may be used again. False if it is too late:
 * one of the two has ended.
 */
bool actor_unfollow(struct monitor *fate);

/*
 * [any thread] [may block: init] actor_start(), and the two are linked when it returns; the parent's EXIT ends the child
 * even if that traps exits. -ENOMEM, and nothing was started. A failed `init` leaves no EXIT behind.
 */
int actor_start_link(struct actor *parent, struct actor *actor, const struct actor_class *class,
                     struct runtime *runtime, void *arg, struct reason *ret_reason);

/* [actor] From now on exit signals come as EXIT messages, to on_info. */
void actor_trap_exits(struct actor *self, bool traps);

/*
 * [any thread] [never blocks] An exit signal: who traps exits gets an EXIT, from nobody; else `normal` is ignored and
 * any other reason ends it at once. Takes `reason`. For `killed` see actor_kill(). 0, or -ENOMEM (only for an EXIT).
 */
int actor_signal_exit(struct actor *actor, struct reason reason);

/* While an EXIT is being handled: why, and who ended, borrowed; NULL if it came from actor_signal_exit(). */
const struct reason *exit_reason(const struct message *message);
struct actor *exit_from(const struct message *message);

/* [any thread] [never blocks] Whom it is linked with: a reference each, up to `max`. How many there are. */
size_t actor_get_links(struct actor *actor, struct actor **ret_others, size_t max);

#endif
