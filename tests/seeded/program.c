#include "seeded/program.h"

#include "seeded/scheduler.h"

#include <string.h>

#define STEPS_MAX 512
#define DEPTH_MAX 2

static struct scenario program;
static struct step steps[STEPS_MAX];
static int step_count;
static bool with_links;

/* Who performs the steps that are being made. */
struct maker {
    int player; /* NEVER: a client */
    int depth;
};

static struct step *make_steps(const struct maker *maker, int count);

static int below(int limit)
{
    return (int)seeded_random((uint64_t)limit);
}

static bool one_in(int odds)
{
    return below(odds) == 0;
}

static bool is_slow(int player)
{
    return program.players[player].slow;
}

/* ---- one step ---- */

static const struct step *make_inside(const struct step *step, const struct maker *maker)
{
    const struct maker inner = {.player = step->to, .depth = maker->depth + 1};

    if (maker->depth >= DEPTH_MAX || one_in(2))
        return NULL;
    return make_steps(&inner, 1 + below(2));
}

/* A callback waits for a time, or a circle of them would wait for ever. */
static int make_timeout(const struct maker *maker)
{
    static const int times_ms[] = {NO_TIME, 1, 3, 20};

    if (maker->player == NEVER && one_in(2))
        return 0;
    return times_ms[below(4)];
}

static enum reason_code make_code(void)
{
    static const enum reason_code codes[] = {REASON_NORMAL, REASON_SHUTDOWN, REASON_ERROR, REASON_ERROR};

    return codes[below(4)];
}

static enum step_kind kind_of_client(void)
{
    static const enum step_kind plain[] = {CALL, CALL, CALL,  CAST,  CAST,  CAST,  INFO,
                                           KILL, STOP, START, SLEEP, PAUSE, TIMER, CANCEL};
    static const enum step_kind linking[] = {CALL, CALL,  CAST, CAST, CAST,   KILL,
                                             STOP, START, LINK, LINK, UNLINK, SIGNAL};

    return with_links ? linking[below(12)] : plain[below(14)];
}

static enum step_kind kind_of_player(void)
{
    static const enum step_kind plain[] = {CALL, CAST, CAST, INFO,  MONITOR, MONITOR, MONITOR, DEMONITOR,
                                           KILL, STOP, EXIT, SLEEP, TIMER,   TIMER,   CANCEL};
    static const enum step_kind linking[] = {CALL, CAST,   CAST,   MONITOR, LINK, LINK, LINK,       UNLINK,
                                             TRAP, UNTRAP, SIGNAL, EXIT,    KILL, STOP, START_LINK, FOLLOW};

    return with_links ? linking[below(16)] : plain[below(15)];
}

/* What the step's kind leaves open. */
static void fill(struct step *step, const struct maker *maker)
{
    step->to = below(program.player_count);
    step->other = below(program.player_count);
    step->which = step->kind == MONITOR || step->kind == DEMONITOR ? below(MONITORS_MAX) : 0;
    step->code = make_code();
    step->owned = one_in(3);
    if (step->kind == CALL || step->kind == STOP)
        step->ms = make_timeout(maker);
    if (step->kind == CALL || step->kind == CAST || step->kind == INFO)
        step->inside = make_inside(step, maker);
    if (step->kind == TIMER || step->kind == CANCEL)
        step->which = below(TIMERS_MAX);
    if (step->kind == SLEEP || step->kind == TIMER)
        step->ms = 1 + below(4);
}

/* Only who may wait sleeps. */
static enum step_kind make_kind(const struct maker *maker)
{
    enum step_kind kind = maker->player == NEVER ? kind_of_client() : kind_of_player();

    return kind == SLEEP && maker->player != NEVER && !is_slow(maker->player) ? CAST : kind;
}

static struct step *make_steps(const struct maker *maker, int count)
{
    struct step *made = &steps[step_count];

    must(step_count + count < STEPS_MAX);
    step_count += count + 1;
    for (int i = 0; i < count; i++) {
        made[i] = (struct step){.kind = make_kind(maker)};
        fill(&made[i], maker);
    }
    made[count] = (struct step){.kind = STEPS_END};
    return made;
}

/* ---- all of them ---- */

static const struct step *maybe_steps(int player)
{
    const struct maker maker = {.player = player, .depth = DEPTH_MAX};

    return one_in(4) ? make_steps(&maker, 1) : NULL;
}

static void make_players(void)
{
    program.player_count = 2 + below(3);
    for (int i = 0; i < program.player_count; i++)
        program.players[i] =
            (struct player_options){.slow = one_in(2), .late = one_in(4), .traps = one_in(3)};
    for (int i = 0; i < program.player_count; i++) {
        program.players[i].down = maybe_steps(i);
        program.players[i].timer = maybe_steps(i);
        program.players[i].timeout_ms = one_in(6) ? 3 : 0;
        program.players[i].exit = maybe_steps(i);
        program.players[i].terminate = maybe_steps(i);
        program.players[i].destroy = maybe_steps(i);
    }
}

const struct scenario *program_make(bool links)
{
    const struct maker client = {.player = NEVER};

    memset(&program, 0, sizeof(program));
    step_count = 0;
    with_links = links;
    make_players();
    for (int i = 0; i < 2 + below(2); i++)
        program.clients[i] = make_steps(&client, 2 + below(5));
    return &program;
}
