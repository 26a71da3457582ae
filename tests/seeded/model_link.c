/*
 * Who goes along when another ends, and who hears of it.
 *
 * Operations on the same two players that overlap may have taken effect in
 * either order, and an exit signal arrives at some time after the end that
 * sent it. So `may` asks whether any order explains what was seen, `must`
 * whether every order demands it.
 */
#include "base/lock.h"
#include "seeded/model_internal.h"

/* Whom the operation is about, besides `to`. */
static int other_of(const struct deed *deed)
{
    return is_player(deed->sender) ? deed->sender : deed->step->other;
}

static bool is_between(const struct deed *deed, int a, int b)
{
    int other = other_of(deed);

    return (deed->step->to == a && other == b) || (deed->step->to == b && other == a);
}

/* Does the end of `from` concern `player` by it? */
static bool links(const struct deed *deed, int player, int from)
{
    bool starts = deed->step->kind == START_LINK && deed->result == 0;

    if (deed->step->kind == FOLLOW)
        return deed->sender == player && deed->step->to == from;
    return (deed->step->kind == LINK || starts) && player != from && is_between(deed, player, from);
}

static bool unlinks(const struct deed *deed, int a, int b)
{
    return deed->step->kind == UNLINK && a != b && is_between(deed, a, b);
}

static bool is_child(const struct deed *link, int player)
{
    return (link->step->kind == START_LINK && link->step->to == player) || link->step->kind == FOLLOW;
}

/* Did it trap exits from `from` to `to`, for certain? */
static bool trapped(int player, int from, int to, bool wanted)
{
    bool traps = model.scenario->players[player].traps;

    for (int i = 0; i < model.deed_count; i++) {
        const struct deed *deed = &model.deeds[i];
        bool changes = deed->sender == player && (deed->step->kind == TRAP || deed->step->kind == UNTRAP);

        if (!changes || deed->begin > to)
            continue;
        if (deed->end < from)
            traps = deed->step->kind == TRAP;
        else if ((deed->step->kind == TRAP) != wanted)
            return false;
    }
    return traps == wanted;
}

/* The link was over before `when`, for certain. */
static bool was_undone(const struct deed *link, int a, int b, int when)
{
    if (link->step->kind == FOLLOW)
        return false;
    for (int i = 0; i < model.deed_count; i++) {
        const struct deed *deed = &model.deeds[i];

        if (unlinks(deed, a, b) && !doer_was_dead(deed, deed->end) && deed->begin > link->end &&
            deed->end < when)
            return true;
    }
    return false;
}

/* Somebody tried to undo it before `when`. */
static bool may_be_undone(const struct deed *link, int a, int b, int when)
{
    if (link->step->kind == FOLLOW)
        return false;
    for (int i = 0; i < model.deed_count; i++) {
        if (unlinks(&model.deeds[i], a, b) && model.deeds[i].begin < when)
            return true;
    }
    return false;
}

/* ---- what was seen ---- */

/* Who follows the dead ends for their reason, and with `noproc` if that was normal. */
static bool explains_following(const struct life *parent, bool noproc)
{
    return !noproc || parent->cause.code == REASON_NORMAL;
}

/* The link may have been there as `from` ended, or been made too late. */
static bool explains(const struct deed *link, int player, int from, bool noproc)
{
    const struct life *life = &model.lives[from];

    if (!links(link, player, from) || link->begin > model.place)
        return false;
    if (link->step->kind == FOLLOW && life->ended < link->end)
        return explains_following(life, noproc);
    if (noproc)
        return life->ended < link->end;
    return link->begin < life->ended && !was_undone(link, player, from, life->ended);
}

static int count_explanations(int player, int from, bool noproc)
{
    int count = 0;

    for (int i = 0; i < model.deed_count; i++)
        count += explains(&model.deeds[i], player, from, noproc);
    return count;
}

/* Nobody may have linked the two after that. */
static bool stays_undone(const struct deed *unlink, int a, int b)
{
    for (int i = 0; i < model.deed_count; i++) {
        if (links(&model.deeds[i], a, b) && model.deeds[i].end > unlink->begin)
            return false;
    }
    return true;
}

/* It unlinked by itself: then it can't have been about to handle an EXIT. */
static bool is_unlinked(int player, int from)
{
    for (int i = 0; i < model.deed_count; i++) {
        const struct deed *deed = &model.deeds[i];

        if (unlinks(deed, player, from) && deed->sender == player && deed->end < model.place &&
            stays_undone(deed, player, from))
            return true;
    }
    return false;
}

static void enter_signal(const struct event *event)
{
    struct deed *signal;

    for (int i = 0; i < model.deed_count; i++) {
        signal = &model.deeds[i];
        if (signal->step->kind != SIGNAL || signal->step->to != event->player || signal->entered != LATER ||
            signal->step->code != event->cause.code)
            continue;
        if (event->cause.operation == i || event->cause.code == REASON_NORMAL) {
            signal->entered = model.place;
            return;
        }
    }
    model_broken("player %d has an EXIT that nobody sent", event->player);
}

/* How many EXITs with this reason it may have: one for the end, and one for each link that came too late. */
static int count_allowed(int player, int from, struct cause cause)
{
    int allowed = 0;

    if (cause_is(cause, model.lives[from].cause))
        allowed += count_explanations(player, from, false) > 0;
    if (cause.code == REASON_NOPROC)
        allowed += count_explanations(player, from, true);
    return allowed;
}

static void enter_exit_from(const struct event *event, int from)
{
    struct life *life = &model.lives[event->player];
    int *seen = event->cause.code == REASON_NOPROC ? &life->noproc_exits[from] : &life->exits[from];

    require(model.lives[from].ended < model.place, "an EXIT before the end");
    require(++*seen <= count_allowed(event->player, from, event->cause),
            "player %d has an EXIT of %d too many", event->player, from);
    require(!is_unlinked(event->player, from), "player %d has an EXIT of %d after unlink", event->player,
            from);
    if (life->last_word[from] == LATER)
        life->last_word[from] = model.place;
}

void model_enter_exit(const struct event *event)
{
    require(!trapped(event->player, NEVER, model.place, false), "player %d never trapped exits",
            event->player);
    if (event->result == NEVER)
        enter_signal(event);
    else
        enter_exit_from(event, event->result);
}

/* ---- what had to be seen ---- */

/* The link was there as `from` ended, or was made after that, and nobody undid it. */
static bool must_tell(const struct deed *link, int player, int from, int when)
{
    const struct life *other = &model.lives[from];

    if (!links(link, player, from) || link->end >= when || doer_was_dead(link, link->end))
        return false;
    if (may_be_undone(link, player, from, when))
        return false;
    return link->end < other->ended || other->ended < link->begin;
}

static bool was_told_before(const struct deed *link, int from, int when)
{
    const struct life *other = &model.lives[from];

    return (link->end < other->ended && other->told < when) ||
           (other->ended < link->begin && link->end < when);
}

void model_require_exits(int player, int when)
{
    if (!trapped(player, NEVER, model.place, true))
        return;
    for (int i = 0; i < model.deed_count; i++) {
        const struct deed *link = &model.deeds[i];
        int from = link->step->to == player ? other_of(link) : link->step->to;

        if (!must_tell(link, player, from, model.place) || is_child(link, player))
            continue;
        if (was_told_before(link, from, when))
            require(model.lives[player].last_word[from] < model.place,
                    "what came later is handled before the EXIT of %d", from);
    }
}

/* ---- who went along ---- */

static bool may_take_along(const struct deed *link, int player, int from)
{
    const struct life *life = &model.lives[player];
    const struct life *other = &model.lives[from];
    bool same = cause_is(life->cause, other->cause) && explains(link, player, from, false);
    bool noproc = life->cause.code == REASON_NOPROC && explains(link, player, from, true);

    if (other->ended > life->ended || (!same && !noproc))
        return false;
    if (is_child(link, player))
        return life->cause.code != REASON_NORMAL || life->terminated < life->ended;
    return life->cause.code != REASON_NORMAL && !trapped(player, other->ended, life->ended, true);
}

bool model_went_along(int player)
{
    for (int i = 0; i < model.deed_count; i++) {
        const struct deed *link = &model.deeds[i];
        int from = link->step->to == player ? other_of(link) : link->step->to;

        if (is_player(from) && may_take_along(link, player, from))
            return true;
    }
    return false;
}

/* ---- when all was quiet ---- */

static void check_survivor(const struct deed *link, int player, int from)
{
    const struct life *other = &model.lives[from];
    bool late = other->ended < link->begin;
    bool takes_along = late || other->cause.code != REASON_NORMAL;

    if (other->ended > model.settled || !must_tell(link, player, from, model.settled))
        return;
    if (is_child(link, player))
        require(!takes_along, "player %d outlived its parent %d", player, from);
    else if (trapped(player, NEVER, model.settled, true))
        require(model.lives[player].last_word[from] < model.settled, "player %d never got the EXIT of %d",
                player, from);
    else if (trapped(player, other->ended, model.settled, false))
        require(!takes_along, "player %d outlived %d, with which it was linked", player, from);
}

void model_check_links(void)
{
    for (int i = 0; i < model.deed_count; i++) {
        const struct deed *link = &model.deeds[i];
        int a = link->step->to;
        int b = other_of(link);

        if (!is_player(b) || a == b)
            continue;
        if (model.lives[a].ended > model.settled)
            check_survivor(link, a, b);
        if (model.lives[b].ended > model.settled)
            check_survivor(link, b, a);
    }
}
