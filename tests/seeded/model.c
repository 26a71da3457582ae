/*
 * The history is read once: each event finds what came before it, and what can
 * be said of it at once is checked. Then the other files of the model judge
 * what the whole of it shows.
 *
 * `a.end < b.begin` is the only order that the contract promises anything
 * about. What never ended has its end after everything.
 */
#include "seeded/model.h"

#include "seeded/model_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct model model;

void model_broken(const char *format, ...)
{
    char words[256];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    seeded_fail("event %d: %s", model.place, words);
}

/* ---- reading: operations ---- */

static void read_begin(const struct event *event)
{
    const struct operation *operation = &history.operations[event->operation];

    model.deed_count = event->operation + 1;
    model.deeds[event->operation] = (struct deed){
        .step = operation->step,
        .sender = operation->sender,
        .inside = operation->inside,
        .begin = model.place,
        .end = LATER,
        .entered = LATER,
        .left = LATER,
        .released = LATER,
        .taken_back = LATER,
        .taken_back_end = LATER,
    };
}

static void take_back_monitor(const struct deed *demonitor)
{
    int number = model.lives[demonitor->sender].monitors[demonitor->step->which];
    struct deed *monitor = number == NEVER ? NULL : &model.deeds[number];

    if (!monitor || monitor->taken_back != LATER)
        return;
    monitor->taken_back = demonitor->begin;
    monitor->taken_back_end = demonitor->end;
}

static bool has_told_all(const struct deed *deed)
{
    return (deed->step->kind == KILL && deed->result != ACTOR_E_KILLED) ||
           (deed->step->kind == STOP && deed->result == 0);
}

static void read_end(const struct event *event)
{
    struct deed *deed = &model.deeds[event->operation];
    struct life *to = &model.lives[deed->step->to];

    deed->end = model.place;
    deed->result = event->result;
    if (has_told_all(deed) && to->told == LATER)
        to->told = model.place;
    if (deed->step->kind == MONITOR)
        model.lives[deed->sender].monitors[deed->step->which] = event->operation;
    else if (deed->step->kind == DEMONITOR)
        take_back_monitor(deed);
    else if (deed->step->kind == START || deed->step->kind == START_LINK)
        to->failed = event->result != 0;
}

static void read_released(const struct event *event)
{
    struct deed *deed = &model.deeds[event->operation];

    require(deed->released == LATER, "#%d is released twice", event->operation);
    require(deed->entered == LATER || deed->left < model.place, "#%d is released while it is handled",
            event->operation);
    deed->released = model.place;
}

/* ---- reading: callbacks ---- */

static bool is_due(const struct deed *monitor, int when)
{
    const struct life *target = &model.lives[monitor->step->to];

    if (monitor->taken_back != LATER)
        return false;
    return (monitor->end < target->ended && target->told < when) ||
           (target->ended < monitor->begin && monitor->end < when);
}

/* Each DOWN that was in the mailbox before `when` has been handled. */
void model_require_downs(int watcher, int when)
{
    for (int i = 0; i < model.deed_count; i++) {
        const struct deed *deed = &model.deeds[i];

        if (deed->step->kind == MONITOR && deed->sender == watcher && is_due(deed, when))
            require(deed->entered < model.place, "what came later is handled before the DOWN of #%d", i);
    }
}

static void enter_message(const struct event *event, struct life *life)
{
    struct deed *deed = &model.deeds[event->operation];
    int *last = &life->last_begin[deed->sender];

    require(deed->step->to == event->player, "#%d went to the wrong player", event->operation);
    require(deed->entered == LATER, "#%d is handled twice", event->operation);
    require(deed->released == LATER, "#%d is handled after its release", event->operation);
    require(!doer_was_dead(deed, deed->begin), "#%d was sent by the dead", event->operation);
    require(*last < deed->begin, "#%d is handled out of order", event->operation);
    if (is_player(deed->sender))
        require(life->last_word[deed->sender] == LATER, "#%d comes after its sender's end", event->operation);
    model_require_downs(event->player, deed->begin);
    model_require_exits(event->player, deed->begin);
    *last = deed->begin;
    deed->entered = model.place;
}

/* What the target sent to the watcher was handled before. */
static void require_mail_of(int target, int watcher)
{
    for (int i = 0; i < model.deed_count; i++) {
        const struct deed *deed = &model.deeds[i];

        if (is_mail(deed) && deed->sender == target && deed->step->to == watcher &&
            deed->end < model.lives[target].ended)
            require(deed->entered < model.place, "the DOWN overtakes #%d", i);
    }
}

static void enter_down(const struct event *event, struct life *life)
{
    struct deed *monitor = &model.deeds[event->operation];
    int number = monitor->step->to;
    const struct life *target = &model.lives[number];

    require(monitor->entered == LATER, "#%d has a second DOWN", event->operation);
    require(monitor->taken_back_end == LATER, "#%d was taken back, and has a DOWN", event->operation);
    require(target->ended < model.place, "#%d has a DOWN before the end", event->operation);
    if (target->ended < monitor->begin)
        require(event->cause.code == REASON_NOPROC, "#%d came too late for a reason", event->operation);
    else if (event->cause.code != REASON_NOPROC || monitor->end < target->ended)
        require(cause_is(event->cause, target->cause), "#%d tells another reason", event->operation);
    require_mail_of(number, event->player);
    monitor->entered = model.place;
    if (life->last_word[number] == LATER)
        life->last_word[number] = model.place;
}

static void enter_terminate(const struct event *event, struct life *life)
{
    require(life->terminating == LATER, "a second terminate");
    life->terminating = model.place;
    life->terminate_cause = event->cause;
}

static void enter_destroy(struct life *life)
{
    require(life->ended < model.place, "destroy before the end");
    require(life->destroyed == LATER, "a second destroy");
    life->destroyed = model.place;
}

/* Who was about to run a callback as the actor ended may do so; it is as if it had begun before. */
static void enter_after_end(const struct event *event, struct life *life)
{
    if (life->ended == LATER || event->callback == IN_DESTROY)
        return;
    require(life->may_enter, "player %d has a callback after its end", event->player);
    life->may_enter = false;
}

static void enter_callback(const struct event *event, struct life *life)
{
    switch (event->callback) {
    case IN_INIT:
        return;
    case IN_CALL:
    case IN_CAST:
    case IN_INFO:
        enter_message(event, life);
        return;
    case IN_DOWN:
        enter_down(event, life);
        return;
    case IN_EXIT:
        model_enter_exit(event);
        return;
    case IN_TIMER:
    case IN_TIMEOUT:
        model_enter_timer(event);
        return;
    case IN_TERMINATE:
        enter_terminate(event, life);
        return;
    case IN_DESTROY:
        enter_destroy(life);
        return;
    }
}

static void read_enter(const struct event *event)
{
    struct life *life = &model.lives[event->player];

    life->used = true;
    require(life->inside == LATER, "player %d is in two callbacks at once", event->player);
    require(life->destroyed == LATER, "player %d has a callback after destroy", event->player);
    enter_after_end(event, life);
    enter_callback(event, life);
    life->inside = model.place;
}

static void read_leave(const struct event *event)
{
    struct life *life = &model.lives[event->player];

    life->inside = LATER;
    if (event->callback <= IN_INFO && event->operation != NEVER)
        model.deeds[event->operation].left = model.place;
    if (event->callback == IN_TERMINATE)
        life->terminated = model.place;
}

static void read_ended(const struct event *event)
{
    struct life *life = &model.lives[event->player];

    life->ended = model.place;
    life->may_enter = event->result && life->inside == LATER;
}

static void read_freed(const struct event *event)
{
    struct life *life = &model.lives[event->player];

    require(life->freed == LATER, "player %d is freed twice", event->player);
    require(life->destroyed < model.place && life->inside == LATER, "player %d is freed too early",
            event->player);
    life->freed = model.place;
}

static void read_event(const struct event *event)
{
    switch (event->kind) {
    case EVENT_BEGIN:
        read_begin(event);
        return;
    case EVENT_END:
        read_end(event);
        return;
    case EVENT_ENTER:
        read_enter(event);
        return;
    case EVENT_LEAVE:
        read_leave(event);
        return;
    case EVENT_RELEASED:
        read_released(event);
        return;
    case EVENT_ENDED:
        read_ended(event);
        return;
    case EVENT_FREED:
        read_freed(event);
        return;
    case EVENT_SILENT:
        model.lives[event->player].silent = model.place;
        return;
    case EVENT_SETTLED:
        model.settled = model.place;
        return;
    }
}

/* ---- all of it ---- */

static void forget(struct life *life, struct cause cause)
{
    *life = (struct life){
        .cause = cause,
        .ended = LATER,
        .inside = LATER,
        .terminating = LATER,
        .terminated = LATER,
        .destroyed = LATER,
        .freed = LATER,
        .told = LATER,
    };
    for (int i = 0; i < SENDERS_MAX; i++)
        life->last_begin[i] = NEVER;
    for (int i = 0; i < PLAYERS_MAX; i++)
        life->last_word[i] = LATER;
    for (int i = 0; i < MONITORS_MAX; i++)
        life->monitors[i] = NEVER;
    for (int i = 0; i < TIMERS_MAX; i++)
        life->last_fired[i] = NEVER;
    life->silent = NEVER;
}

void model_check(const struct scenario *scenario, const struct cause *causes)
{
    model.scenario = scenario;
    model.deed_count = 0;
    model.settled = LATER;
    for (int i = 0; i < PLAYERS_MAX; i++)
        forget(&model.lives[i], causes[i]);
    for (model.place = 0; model.place < history.count; model.place++)
        read_event(&history.events[model.place]);
    model_check_answers();
    model_check_ends();
    model_check_settled();
}
