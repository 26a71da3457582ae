/*
 * What an operation is, done on behalf of a client or from inside a player.
 * Its begin and its end are noted, with nothing in between that isn't its own.
 */
#include "seeded/script_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* The callback that this thread is in. */
static _Thread_local struct role *current_role;

static unsigned players_inside(const struct role *role)
{
    unsigned inside = 0;

    for (; role; role = role->outer)
        inside |= role->self ? 1U << role->self->number : 0;
    return inside;
}

static int begin(const struct step *step, const struct role *role)
{
    int operation = operation_add(step, role->sender, players_inside(role));

    event_add((struct event){.kind = EVENT_BEGIN, .player = role->sender, .operation = operation});
    return operation;
}

static void end(int operation, int result)
{
    event_add((struct event){.kind = EVENT_END, .operation = operation, .result = result});
}

/* Where threads can't be had, who waits inside a callback may keep the only one from whom it waits for. */
static int timeout_ms(const struct step *step, bool by_player)
{
    if (step->ms == 0)
        return stage.threads != THREADS_ENOUGH && by_player ? 100 : ACTOR_FOREVER;
    return step->ms == NO_TIME ? 0 : step->ms;
}

int64_t step_timeout_ns(const struct step *step, bool by_player)
{
    int ms = timeout_ms(step, by_player);

    return ms == ACTOR_FOREVER ? LOCK_FOREVER : ms * CLOCK_NS_PER_MS;
}

/* An abnormal reason says which operation it is from; see cause_of(). */
static struct reason make_reason(enum reason_code code, int operation)
{
    struct reason reason;
    char text[16];

    snprintf(text, sizeof(text), "%d", operation);
    if (code == REASON_NORMAL)
        return REASON(NORMAL);
    reason = reason_error(text);
    reason.code = code;
    return reason;
}

static int perform_call(const struct step *step, const struct role *role, struct player *to, int operation)
{
    bool owned = step->owned || to->options->slow;
    struct order *order = order_create(MESSAGE_CALL, operation);
    int wait_ms = timeout_ms(step, role->self);
    int rc;

    if (owned)
        rc = actor_call_owned(&to->actor, 0, order, order_release, wait_ms);
    else
        rc = actor_call(&to->actor, 0, order, wait_ms);
    if (!owned || !actor_is_condition(rc))
        order_release(order);
    return rc;
}

static int perform_start(const struct step *step, const struct role *role)
{
    struct player *player = player_create(step->to);
    struct reason reason;
    int rc;

    stage.starting++;
    if (step->kind == START_LINK)
        rc = actor_start_link(&role->self->actor, &player->actor, player_class(player), &stage.runtime, NULL,
                              &reason);
    else
        rc = actor_start(&player->actor, player_class(player), &stage.runtime, NULL, &reason);
    stage.starting--;
    if (rc == 0) {
        stage.players[step->to] = player;
        return 0;
    }
    reason_deinit(&reason);
    player_discard(player);
    return rc;
}

static int perform_monitor(const struct step *step, struct player *self, struct player *to, int operation)
{
    if (step->kind == DEMONITOR) {
        actor_demonitor(&self->monitors[step->which].monitor);
        self->monitors[step->which].operation = NEVER;
        return 0;
    }
    self->monitors[step->which].operation = operation;
    (void)actor_monitor(&self->actor, &self->monitors[step->which].monitor, &to->actor);
    return 0;
}

static int perform_link(const struct step *step, const struct role *role, struct player *to,
                        struct player *other)
{
    if (role->self)
        other = role->self;
    if (step->kind == LINK)
        return actor_link(&other->actor, &to->actor);
    actor_unlink(&other->actor, &to->actor);
    return 0;
}

static int perform_timer(const struct step *step, struct player *to)
{
    struct timer *timer = &to->timers[step->which];

    if (step->kind == CANCEL)
        return timer_cancel(timer);
    return timer_start(stage.timers, timer, &to->actor, 0, step->ms * CLOCK_NS_PER_MS);
}

static void pause_a_while(void)
{
    for (uint64_t points = seeded_random(150); points > 0; points--)
        seeded_yield(SEEDED_HERE("pause"), NULL);
}

static void sleep_for(int ms)
{
    int64_t deadline = clock_monotonic_ns() + ms * CLOCK_NS_PER_MS;

    lock_acquire(&stage.lock);
    while (condition_wait_until(&stage.never, &stage.lock, deadline))
        ;
    lock_release(&stage.lock);
}

static int perform(const struct step *step, const struct role *role, struct player *to, struct player *other,
                   int operation)
{
    switch (step->kind) {
    case CALL:
        return perform_call(step, role, to, operation);
    case CAST:
        return actor_cast(&to->actor, &order_create(MESSAGE_CAST, operation)->message);
    case INFO:
        actor_send(&to->actor, &order_create(MESSAGE_INFO, operation)->message);
        return 0;
    case MONITOR:
    case DEMONITOR:
        return perform_monitor(step, role->self, to, operation);
    case LINK:
    case UNLINK:
        return perform_link(step, role, to, other);
    case TRAP:
    case UNTRAP:
        actor_trap_exits(&role->self->actor, step->kind == TRAP);
        return 0;
    case FOLLOW:
        role->self->follows = true;
        actor_follow(&role->self->actor, &role->self->fate, &to->actor);
        return 0;
    case SIGNAL:
        return actor_signal_exit(&to->actor, make_reason(step->code, operation));
    case STOP:
        return actor_stop(&to->actor, make_reason(step->code, operation), timeout_ms(step, role->self));
    case KILL:
        return actor_kill(&to->actor);
    case EXIT:
        actor_exit(&role->self->actor, make_reason(step->code, operation));
        return 0;
    case START:
    case START_LINK:
        return perform_start(step, role);
    case TIMER:
    case CANCEL:
        return perform_timer(step, role->self ? role->self : to);
    case SLEEP:
        sleep_for(step->ms);
        return 0;
    case PAUSE:
        pause_a_while();
        return 0;
    case STEPS_END:
        break;
    }
    return 0;
}

/* Is what it is about there, and free? What players do when they are told of an end could go on for ever. */
static bool is_possible(const struct step *step, const struct role *role)
{
    if (role->self && history.operation_count > OPERATIONS_MAX / 2)
        return false;
    switch (step->kind) {
    case START:
    case START_LINK:
        return !stage.started[step->to] && !stage.closing;
    case MONITOR:
        return stage.players[step->to] && role->self->monitors[step->which].operation == NEVER;
    case LINK:
    case UNLINK:
        return stage.players[step->to] && (role->self || stage.players[step->other]);
    case FOLLOW:
        return stage.players[step->to] && stage.players[step->to] != role->self && !role->self->follows;
    case DEMONITOR:
    case TRAP:
    case UNTRAP:
    case EXIT:
    case SLEEP:
    case PAUSE:
        return true;
    case TIMER:
    case CANCEL:
        return role->self || stage.players[step->to];
    default:
        return stage.players[step->to] != NULL;
    }
}

/* A reference for as long as it is used; taken without a yield point, as from a table whose lock is held. */
static struct player *hold(int number)
{
    struct player *player = stage.players[number];

    if (player)
        __atomic_fetch_add((uint32_t *)&player->actor.refs, 1, __ATOMIC_SEQ_CST);
    return player;
}

static void let_go(struct player *player)
{
    if (player)
        actor_unref(&player->actor);
}

static void perform_one(const struct step *step, const struct role *role)
{
    bool needs_other = step->kind == LINK || step->kind == UNLINK;
    struct player *to = hold(step->to);
    struct player *other = needs_other ? hold(step->other) : NULL;
    int operation = begin(step, role);

    end(operation, perform(step, role, to, other, operation));
    let_go(other);
    let_go(to);
}

void perform_all(const struct step *steps, struct role *role)
{
    for (; steps && steps->kind != STEPS_END; steps++) {
        if (is_possible(steps, role))
            perform_one(steps, role);
    }
}

void perform_inside(struct player *self, const struct step *steps)
{
    struct role role = {.sender = self->number, .self = self, .outer = current_role};

    actor_assert_self(&self->actor);
    current_role = &role;
    perform_all(steps, &role);
    current_role = role.outer;
}

void step_print(const struct step *step)
{
    static const char *const names[] = {
        [CALL] = "call",           [CAST] = "cast",     [INFO] = "info",     [MONITOR] = "monitor",
        [DEMONITOR] = "demonitor", [LINK] = "link",     [UNLINK] = "unlink", [TRAP] = "trap",
        [UNTRAP] = "untrap",       [FOLLOW] = "follow", [SIGNAL] = "signal", [STOP] = "stop",
        [KILL] = "kill",           [EXIT] = "exit",     [START] = "start",   [START_LINK] = "start_link",
        [TIMER] = "timer",         [CANCEL] = "cancel", [SLEEP] = "sleep",   [PAUSE] = "pause",
    };

    fprintf(stderr, "%s %d", names[step->kind], step->to);
    if (step->ms)
        fprintf(stderr, ", %d ms", step->ms);
    if (step->which)
        fprintf(stderr, ", number %d", step->which);
    if (step->kind == LINK || step->kind == UNLINK)
        fprintf(stderr, ", or %d", step->other);
}
