/*
 * Each operation's answer and each player's end, held against all that
 * happened; and what must have come by the time that all was quiet.
 */
#include "base/clock.h"
#include "seeded/model_internal.h"

/* ---- answers ---- */

/* Who goes along is destroyed by the thread that still is whom it went with, which the dead may be told. */
static bool was_refused(const struct deed *deed)
{
    const struct player_options *players = model.scenario->players;
    bool inside = deed->inside & 1U << deed->step->to;

    return inside || doer_was_dead(deed, deed->begin) ||
           (is_player(deed->sender) && !players[deed->sender].slow && players[deed->step->to].slow);
}

static bool time_was_up(const struct deed *deed)
{
    int64_t timeout_ns = step_timeout_ns(deed->step, is_player(deed->sender));
    int64_t took_ns = history.events[deed->end].now_ns - history.events[deed->begin].now_ns;

    return timeout_ns != LOCK_FOREVER && took_ns >= timeout_ns;
}

static bool is_borrowed(const struct deed *deed)
{
    return !deed->step->owned && !model.scenario->players[deed->step->to].slow;
}

static bool condition_is(enum reason_code code, int result)
{
    struct reason reason = {.code = code};

    return actor_condition_of(&reason) == result;
}

/* The callee ended, and the answer is why. */
static bool is_its_end(const struct deed *deed)
{
    const struct life *to = &model.lives[deed->step->to];

    return to->ended < deed->end && to->ended > deed->begin && condition_is(to->cause.code, deed->result);
}

/* The callee was going to end, since it had asked for that or its parent had ended; the answer is why. */
static bool is_about_to_end(const struct deed *call)
{
    const struct life *to = &model.lives[call->step->to];

    for (int i = 0; i < model.deed_count; i++) {
        const struct deed *deed = &model.deeds[i];
        bool asks = deed->step->kind == EXIT && deed->sender == call->step->to;
        bool hangs = (deed->step->kind == START_LINK && deed->step->to == call->step->to) ||
                     (deed->step->kind == FOLLOW && deed->sender == call->step->to);

        if (deed->begin < call->end && ((asks && condition_is(deed->step->code, call->result)) ||
                                        (hangs && condition_is(to->terminate_cause.code, call->result))))
            return true;
    }
    return false;
}

/* It was being handled as the callee ended, and nobody waits for a callback that may never return. */
static bool was_abandoned(const struct deed *deed)
{
    return is_its_end(deed) && !is_borrowed(deed);
}

static bool call_is_right(const struct deed *deed, int number)
{
    const struct life *to = &model.lives[deed->step->to];

    switch (deed->result) {
    case ACTOR_E_DEADLOCK:
        return was_refused(deed);
    case ACTOR_E_TIMEOUT:
        return time_was_up(deed) && (deed->entered == LATER || !is_borrowed(deed));
    case ACTOR_E_NOPROC:
        return was_abandoned(deed) ||
               (deed->entered == LATER && (to->ended < deed->end || is_about_to_end(deed)));
    case ACTOR_E_KILLED:
        return was_abandoned(deed) || is_its_end(deed) || doer_was_dead(deed, deed->end) ||
               is_about_to_end(deed);
    case ACTOR_E_NORMAL:
    case ACTOR_E_SHUTDOWN:
    case ACTOR_E_ERROR:
        return deed->entered == LATER ? is_its_end(deed) || is_about_to_end(deed) : was_abandoned(deed);
    default:
        return deed->result == REPLY_FIRST + number && deed->left < deed->end;
    }
}

static bool stop_is_right(const struct deed *deed)
{
    const struct life *to = &model.lives[deed->step->to];

    switch (deed->result) {
    case 0:
        return deed->begin < to->ended && to->ended < deed->end;
    case ACTOR_E_DEADLOCK:
        return was_refused(deed);
    case ACTOR_E_TIMEOUT:
        return time_was_up(deed);
    case ACTOR_E_NOPROC:
        return to->ended < deed->end;
    case ACTOR_E_KILLED:
        return doer_was_dead(deed, deed->end);
    default:
        return false;
    }
}

static bool kill_is_right(const struct deed *deed)
{
    const struct life *to = &model.lives[deed->step->to];

    switch (deed->result) {
    case 0:
        return deed->begin < to->ended && to->ended < deed->end && to->cause.code == REASON_KILLED;
    case ACTOR_E_NOPROC:
        return to->ended < deed->end;
    case ACTOR_E_KILLED:
        return doer_was_dead(deed, deed->end);
    default:
        return false;
    }
}

/* Who comes when the other has long ended is told so; the dead are told nothing else. */
static void check_late_answer(const struct deed *deed, int number)
{
    bool asks = deed->step->kind == CALL || deed->step->kind == STOP || deed->step->kind == KILL;

    if (!asks || deed->end == LATER)
        return;
    if (doer_was_dead(deed, deed->begin))
        require(deed->result == ACTOR_E_KILLED || was_refused(deed), "#%d: the dead got an answer", number);
    else if (model.lives[deed->step->to].ended < deed->begin)
        require(deed->result == ACTOR_E_NOPROC || deed->result == ACTOR_E_KILLED ||
                    deed->result == ACTOR_E_TIMEOUT || was_refused(deed),
                "#%d: there was nobody to answer", number);
}

static void check_deed(const struct deed *deed, int number)
{
    bool sends = deed->step->kind == CALL || is_mail(deed);

    require(deed->end != LATER, "#%d didn't return", number);
    if (sends)
        require(deed->released != LATER, "#%d wasn't released", number);
    if (deed->step->kind == CALL)
        require(call_is_right(deed, number), "#%d: a wrong answer to a call", number);
    else if (deed->step->kind == STOP)
        require(stop_is_right(deed), "#%d: a wrong answer to a stop", number);
    else if (deed->step->kind == KILL)
        require(kill_is_right(deed), "#%d: a wrong answer to a kill", number);
    check_late_answer(deed, number);
}

void model_check_answers(void)
{
    for (int i = 0; i < model.deed_count; i++)
        check_deed(&model.deeds[i], i);
}

/* ---- ends ---- */

static bool gives(const struct deed *deed, int number, struct cause cause)
{
    if (deed->step->code == REASON_NORMAL)
        return cause.code == REASON_NORMAL;
    return cause.operation == number && cause.code == deed->step->code;
}

static bool is_orderly_end(const struct deed *deed, int number, int player)
{
    const struct life *life = &model.lives[player];
    bool asks = (deed->step->kind == STOP && deed->step->to == player) ||
                (deed->step->kind == EXIT && deed->sender == player);

    return asks && deed->begin < life->ended && gives(deed, number, life->cause);
}

static bool is_sudden_end(const struct deed *deed, int number, int player)
{
    const struct life *life = &model.lives[player];

    if (deed->step->to != player || deed->begin > life->ended)
        return false;
    if (deed->step->kind == KILL)
        return deed->result == 0;
    return deed->step->kind == SIGNAL && gives(deed, number, life->cause);
}

/* The operation that ended it in this way; NEVER: none did. */
static int find_end(int player, bool (*ends)(const struct deed *, int, int))
{
    for (int i = 0; i < model.deed_count; i++) {
        if (ends(&model.deeds[i], i, player))
            return i;
    }
    return NEVER;
}

static int count_kills(int player)
{
    int count = 0;

    for (int i = 0; i < model.deed_count; i++) {
        const struct deed *deed = &model.deeds[i];

        count += deed->step->kind == KILL && deed->step->to == player && deed->result == 0;
    }
    return count;
}

/* What was in the mailbox before the stop came was handled before the end. */
static void check_mail_before(int player, int stop)
{
    const struct life *life = &model.lives[player];
    int begin = model.deeds[stop].begin;

    model.place = life->terminating;
    for (int i = 0; i < model.deed_count; i++) {
        const struct deed *deed = &model.deeds[i];

        if (is_mail(deed) && deed->step->to == player && deed->end < begin && !doer_was_dead(deed, deed->end))
            require(deed->entered < life->terminating, "the stop #%d overtook #%d", stop, i);
    }
    model_require_downs(player, begin);
    model_require_exits(player, begin);
}

static void check_orderly_end(int player, int orderly)
{
    const struct life *life = &model.lives[player];

    require(life->terminated < life->ended, "player %d ended without terminate", player);
    require(cause_is(life->terminate_cause, life->cause), "player %d was told another reason", player);
    if (model.deeds[orderly].step->kind == STOP && life->cause.operation != NEVER)
        check_mail_before(player, orderly);
}

static void check_end(int player)
{
    const struct life *life = &model.lives[player];
    int orderly = find_end(player, is_orderly_end);
    int sudden = find_end(player, is_sudden_end);

    model.place = life->ended;
    require(count_kills(player) <= 1, "player %d was killed twice", player);
    if (orderly != NEVER)
        check_orderly_end(player, orderly);
    else
        require(sudden != NEVER || model_went_along(player), "player %d had no reason to end", player);
}

static void check_life(int player)
{
    const struct life *life = &model.lives[player];

    if (!life->used || life->failed)
        return;
    require(life->ended != LATER, "player %d never ended", player);
    require(life->destroyed != LATER, "player %d wasn't destroyed", player);
    require(life->freed != LATER, "player %d wasn't freed", player);
    check_end(player);
}

void model_check_ends(void)
{
    for (int i = 0; i < PLAYERS_MAX; i++)
        check_life(i);
}

/* ---- when all was quiet ---- */

static bool lived(int player)
{
    return model.lives[player].ended > model.settled;
}

static void check_settled_deed(const struct deed *deed, int number)
{
    if (deed->end > model.settled || doer_was_dead(deed, deed->end))
        return;
    if (is_mail(deed) && lived(deed->step->to) && deed->result == 0)
        require(deed->entered < model.settled, "#%d was never handled", number);
    if (deed->step->kind == MONITOR && lived(deed->sender) && !lived(deed->step->to) &&
        deed->taken_back == LATER)
        require(deed->entered < model.settled, "#%d never got its DOWN", number);
}

void model_check_settled(void)
{
    if (model.settled == LATER)
        return;
    model.place = model.settled;
    for (int i = 0; i < model.deed_count; i++)
        check_settled_deed(&model.deeds[i], i);
    model_check_links();
    model_check_timers();
}
