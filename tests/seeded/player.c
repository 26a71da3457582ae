/*
 * An actor of a scenario: its callbacks note that they began, perform what
 * they were told to, and note that they ended.
 *
 * The moment at which an actor ends is seen by an observer that looks at each
 * step of the scheduler, before anybody else can run.
 */
#include "seeded/script_internal.h"

#include <stdlib.h>

#define TAG_TIMEOUT 100
#define TIMEOUTS_MAX 5 /* or the silence would never end */

static void await_silence(struct player *self)
{
    if (!self->options->timeout_ms || self->timeouts > TIMEOUTS_MAX)
        return;
    event_add((struct event){.kind = EVENT_SILENT, .player = self->number, .operation = NEVER});
    must(receive_timeout_start(&self->timeout, stage.timers, &self->actor, TAG_TIMEOUT,
                               self->options->timeout_ms * CLOCK_NS_PER_MS) == 0);
}

/* A callback, from its begin to its end. */
static void play(struct player *self, struct event event, const struct step *steps)
{
    event.kind = EVENT_ENTER;
    event.player = self->number;
    event_add(event);
    receive_timeout_touch(&self->timeout);
    perform_inside(self, steps);
    if (event.callback != IN_DESTROY)
        await_silence(self);
    event.kind = EVENT_LEAVE;
    event_add(event);
}

void players_observe(void)
{
    for (int i = 0; i < stage.scenario->player_count; i++) {
        struct player *player = stage.watched[i];
        const struct seeded_thread *runner;

        if (!player || player->seen_ended || player->actor.state != ACTOR_ENDED)
            continue;
        player->seen_ended = true;
        runner = player->actor.run.object.owner;
        event_add((struct event){.kind = EVENT_ENDED,
                                 .player = i,
                                 .operation = NEVER,
                                 .result = runner && runner != seeded_self()});
    }
}

/* ---- orders ---- */

void order_release(void *arg)
{
    struct order *order = arg;

    event_add((struct event){.kind = EVENT_RELEASED, .operation = order->operation});
    stage.orders--;
    free(order);
}

static void release_message(struct message *message)
{
    must(!message->queued);
    order_release(message_container(message, struct order, message));
}

struct order *order_create(enum message_kind kind, int operation)
{
    struct order *order = calloc(1, sizeof(*order));

    must(order);
    message_init(&order->message, kind, 0, release_message);
    order->operation = operation;
    stage.orders++;
    return order;
}

/* ---- callbacks ---- */

static void cancel_timers(struct player *self)
{
    for (int i = 0; i < TIMERS_MAX; i++)
        (void)timer_cancel(&self->timers[i]);
    (void)timer_cancel(&self->timeout.timer);
}

static int on_init(struct actor *actor, void *arg, struct reason *ret_reason)
{
    struct player *self = player_of(actor);

    (void)arg;
    if (self->options->traps)
        actor_trap_exits(actor, true);
    if (self->options->early)
        stage.players[self->number] = self;
    play(self, (struct event){.callback = IN_INIT, .operation = NEVER}, self->options->init);
    if (!self->options->fails)
        return 0;
    cancel_timers(self);
    *ret_reason = reason_error("init");
    return 1;
}

static int on_call(struct actor *actor, unsigned tag, void *arg)
{
    int operation = ((struct order *)arg)->operation;

    (void)tag;
    play(player_of(actor), (struct event){.callback = IN_CALL, .operation = operation},
         step_of(operation)->inside);
    return REPLY_FIRST + operation;
}

static void handle(struct actor *actor, struct message *message, enum callback callback)
{
    int operation = message_container(message, struct order, message)->operation;

    play(player_of(actor), (struct event){.callback = callback, .operation = operation},
         step_of(operation)->inside);
}

static void on_cast(struct actor *actor, struct message *message)
{
    handle(actor, message, IN_CAST);
}

static void on_down(struct player *self, struct monitor *monitor)
{
    int which = 0;
    int operation;

    while (monitor != &self->monitors[which].monitor)
        must(++which < MONITORS_MAX);
    operation = self->monitors[which].operation;
    must(operation != NEVER);
    self->monitors[which].operation = NEVER;
    play(self,
         (struct event){
             .callback = IN_DOWN, .operation = operation, .cause = cause_of(monitor_reason(monitor))},
         self->options->down);
}

static void on_exit_message(struct player *self, struct message *message)
{
    struct actor *from = exit_from(message);

    play(self,
         (struct event){.callback = IN_EXIT,
                        .operation = NEVER,
                        .cause = cause_of(exit_reason(message)),
                        .result = from ? player_of(from)->number : NEVER},
         self->options->exit);
}

/* A timer's number is its place in the player, the tag says nothing new. */
static void on_timer(struct player *self, struct message *message)
{
    int which = (int)(timer_of_info(message) - self->timers);

    if (message->tag == TAG_TIMEOUT && ++self->timeouts)
        play(self, (struct event){.callback = IN_TIMEOUT, .operation = NEVER}, NULL);
    else
        play(self, (struct event){.callback = IN_TIMER, .operation = NEVER, .result = which},
             self->options->timer);
}

static bool on_info(struct actor *actor, struct message *message)
{
    if (message->kind == MESSAGE_INFO && !message->release)
        on_timer(player_of(actor), message);
    else if (message->kind == MESSAGE_DOWN)
        on_down(player_of(actor), monitor_of_down(message));
    else if (message->kind == MESSAGE_EXIT)
        on_exit_message(player_of(actor), message);
    else
        handle(actor, message, IN_INFO);
    return true;
}

static void on_terminate(struct actor *actor, const struct reason *reason)
{
    struct player *self = player_of(actor);

    play(self, (struct event){.callback = IN_TERMINATE, .operation = NEVER, .cause = cause_of(reason)},
         self->options->terminate);
}

/* From here on its memory is its own again. */
static void require_nothing_under_way(const struct player *self)
{
    for (int i = 0; i < MONITORS_MAX; i++)
        must(!self->monitors[i].monitor.active && !self->monitors[i].monitor.linked);
    must(!self->fate.linked);
}

static void on_destroy(struct actor *actor)
{
    struct player *self = player_of(actor);

    require_nothing_under_way(self);
    play(self, (struct event){.callback = IN_DESTROY, .operation = NEVER}, self->options->destroy);
    cancel_timers(self);
}

static void forget(struct player *player)
{
    stage.watched[player->number] = stage.players[player->number] = NULL;
    stage.players_left--;
    free(player);
}

static void on_free(struct actor *actor)
{
    event_add((struct event){.kind = EVENT_FREED, .player = player_of(actor)->number, .operation = NEVER});
    forget(player_of(actor));
}

#define CALLBACKS                                                                                            \
    .init = on_init, .on_call = on_call, .on_cast = on_cast, .on_info = on_info, .terminate = on_terminate,  \
    .destroy = on_destroy, .free = on_free

static const struct actor_class prompt_class = {.name = "prompt", .prompt = true, CALLBACKS};
static const struct actor_class slow_class = {.name = "slow", CALLBACKS};

const struct actor_class *player_class(const struct player *player)
{
    return player->options->slow ? &slow_class : &prompt_class;
}

struct player *player_create(int number)
{
    struct player *player = calloc(1, sizeof(*player));

    must(player);
    player->options = &stage.scenario->players[number];
    player->number = number;
    for (int i = 0; i < MONITORS_MAX; i++)
        player->monitors[i].operation = NEVER;
    stage.watched[number] = player;
    stage.started[number] = true;
    stage.players_left++;
    return player;
}

void player_discard(struct player *player)
{
    forget(player);
}
