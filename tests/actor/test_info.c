#include "lib/actors.h"

#include <stdlib.h>

ACTOR_TEST(info, is_handled_by_who_knows_it)
{
    struct probe *probe = probe_start();

    probe_send(probe, 1);
    cr_assert(probe_await(probe, "info 1"));
    cr_assert_eq(atomic_load(&actors_runtime()->infos_dropped), 0);
}

ACTOR_TEST(info, that_nobody_knows_is_dropped_and_counted_and_never_fatal)
{
    struct probe *probe = probe_start();

    probe_send(probe, 2);
    probe_send(probe, 4);
    probe_send(probe, 5);
    cr_assert(probe_await(probe, "info 5"));
    cr_assert_eq(atomic_load(&actors_runtime()->infos_dropped), 2);
    cr_assert(actor_alive(&probe->actor));
}

/* An actor that has no callback for anything. */
struct mute {
    struct actor actor;
};

static void mute_free(struct actor *actor)
{
    free(message_container(actor, struct mute, actor));
}

static const struct actor_class mute_class = {.name = "mute", .free = mute_free};

static struct mute *mute_start(void)
{
    struct mute *mute = calloc(1, sizeof(*mute));
    struct reason reason;

    cr_assert(mute);
    cr_assert_eq(actor_start(&mute->actor, &mute_class, actors_runtime(), NULL, &reason), 0);
    return mute;
}

ACTOR_TEST(info, and_cast_to_an_actor_without_callbacks_are_dropped)
{
    struct mute *mute = mute_start();

    actor_send(&mute->actor, counted_message(MESSAGE_INFO, 1));
    cr_assert_eq(actor_cast(&mute->actor, counted_message(MESSAGE_CAST, 1)), 0);
    cr_assert_eq(actor_stop(&mute->actor, REASON(NORMAL), ACTORS_PATIENCE_MS), 0);
    cr_assert_eq(counted_messages_left(), 0);
    cr_assert_eq(atomic_load(&actors_runtime()->infos_dropped), 1);
    actor_unref(&mute->actor);
}

ACTOR_TEST(info, to_an_actor_that_has_ended_is_dropped_and_freed)
{
    struct probe *probe = probe_start();

    cr_assert_eq(probe_kill(probe), 0);
    probe_send(probe, 1);
    cr_assert_eq(counted_messages_left(), 0);
    cr_assert_str_eq(probe_whole_story(probe), "destroy");
}
