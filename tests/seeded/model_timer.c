/*
 * When timers fire: once for each start at most, not before their time, not
 * after they were taken back; and they do fire if they are left alone.
 */
#include "base/clock.h"
#include "seeded/model_internal.h"

static bool is_of(const struct deed *deed, enum step_kind kind, int player, int which)
{
    int whose = is_player(deed->sender) ? deed->sender : deed->step->to;

    return deed->step->kind == kind && whose == player && deed->step->which == which;
}

static int count_starts(int player, int which)
{
    int count = 0;

    for (int i = 0; i < model.deed_count; i++)
        count += is_of(&model.deeds[i], TIMER, player, which) && model.deeds[i].begin < model.place;
    return count;
}

static int64_t time_at(int place)
{
    return history.events[place].now_ns;
}

/* Some start of it has come to its time. */
static bool is_time(int player, int which)
{
    for (int i = 0; i < model.deed_count; i++) {
        const struct deed *deed = &model.deeds[i];

        if (is_of(deed, TIMER, player, which) && deed->begin < model.place &&
            time_at(deed->begin) + deed->step->ms * CLOCK_NS_PER_MS <= time_at(model.place))
            return true;
    }
    return false;
}

/* Nobody may have started it after that. */
static bool stays_cancelled(const struct deed *cancel, int player, int which)
{
    for (int i = 0; i < model.deed_count; i++) {
        if (is_of(&model.deeds[i], TIMER, player, which) && model.deeds[i].end > cancel->begin)
            return false;
    }
    return true;
}

/* By the receiver itself: another can't know whether the info is being handled. */
static bool is_taken_back(int player, int which)
{
    for (int i = 0; i < model.deed_count; i++) {
        const struct deed *deed = &model.deeds[i];

        if (is_of(deed, CANCEL, player, which) && deed->sender == player && deed->end < model.place &&
            stays_cancelled(deed, player, which))
            return true;
    }
    return false;
}

/* Since its last callback asked for it there was none. */
static void enter_timeout(const struct event *event)
{
    const struct life *life = &model.lives[event->player];
    int64_t delay_ns = model.scenario->players[event->player].timeout_ms * CLOCK_NS_PER_MS;

    require(life->silent != NEVER, "player %d has a timeout that it didn't ask for", event->player);
    require(event->now_ns - time_at(life->silent) >= delay_ns, "player %d had mail, and has a timeout",
            event->player);
}

void model_enter_timer(const struct event *event)
{
    struct life *life = &model.lives[event->player];
    int which = event->result;

    if (event->callback == IN_TIMEOUT) {
        enter_timeout(event);
        return;
    }
    require(++life->fired[which] <= count_starts(event->player, which), "timer %d fires too often", which);
    require(is_time(event->player, which), "timer %d fires too early", which);
    require(!is_taken_back(event->player, which), "timer %d fires after it was taken back", which);
    life->last_fired[which] = model.place;
}

/* ---- when all was quiet ---- */

static bool may_be_cancelled(const struct deed *start, int player, int which)
{
    for (int i = 0; i < model.deed_count; i++) {
        if (is_of(&model.deeds[i], CANCEL, player, which) && model.deeds[i].end > start->begin)
            return true;
    }
    return false;
}

static void check_start(const struct deed *start, int player, int which)
{
    if (start->end > model.settled || doer_was_dead(start, start->end) ||
        may_be_cancelled(start, player, which))
        return;
    require(model.lives[player].last_fired[which] > start->begin, "timer %d of player %d never fired", which,
            player);
}

void model_check_timers(void)
{
    for (int i = 0; i < model.deed_count; i++) {
        const struct deed *deed = &model.deeds[i];
        int player = is_player(deed->sender) ? deed->sender : deed->step->to;

        if (deed->step->kind == TIMER && model.lives[player].ended > model.settled)
            check_start(deed, player, deed->step->which);
    }
}
