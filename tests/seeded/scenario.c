/*
 * A scenario from runtime_init() to runtime_deinit(): who starts the players,
 * runs the clients, ends everybody and finds nothing left.
 */
#include "seeded/script_internal.h"

#include "base/thread.h"
#include "seeded/model.h"

#define SETTLING_NS (INT64_C(3600) * CLOCK_NS_PER_S)

struct stage stage;

struct client {
    struct thread thread;
    int number;
};

static void *client_main(void *arg)
{
    const struct client *client = arg;
    struct role role = {.sender = PLAYERS_MAX + client->number};

    perform_all(stage.scenario->clients[client->number - 1], &role);
    return NULL;
}

static void run_clients(void)
{
    struct client clients[CLIENTS_MAX];
    int count = 0;

    for (; count < CLIENTS_MAX && stage.scenario->clients[count]; count++) {
        clients[count].number = count + 1;
        must(thread_start(&clients[count].thread, "client", client_main, &clients[count]) == 0);
    }
    seeded_fail_thread_starts(stage.threads == THREADS_NONE ? 100 : stage.threads == THREADS_SCARCE ? 40 : 0);
    for (int i = 0; i < count; i++)
        thread_join(&clients[i].thread);
}

/* The same of each player, or of each that doesn't come later. */
static void list(struct step *steps, struct step model, bool late_too)
{
    for (int i = 0; i < stage.scenario->player_count; i++) {
        model.to = i;
        if (late_too || !stage.scenario->players[i].late)
            *steps++ = model;
    }
    *steps = (struct step){.kind = STEPS_END};
}

static void start_players(struct role *role)
{
    static struct step starts[PLAYERS_MAX + 1];

    list(starts, (struct step){.kind = START}, false);
    perform_all(starts, role);
}

/* Some seeds end everybody while there is still something to do. */
static void settle(void)
{
    if (seeded_random(4) == 0)
        return;
    seeded_settle(SETTLING_NS);
    event_add((struct event){.kind = EVENT_SETTLED, .operation = NEVER});
}

static void end_players(struct role *role)
{
    static struct step stops[PLAYERS_MAX + 1];

    stage.closing = true;
    while (stage.starting > 0)
        seeded_settle(SETTLING_NS);
    list(stops, (struct step){.kind = STOP, .code = REASON_SHUTDOWN}, true);
    perform_all(stops, role);
}

/* Why each has ended; its reason is constant from then on. */
static void let_players_go(void)
{
    for (int i = 0; i < stage.scenario->player_count; i++) {
        struct player *player = stage.players[i];

        stage.causes[i] = (struct cause){.operation = NEVER};
        if (!player)
            continue;
        stage.causes[i] = cause_of(&player->actor.reason);
        stage.players[i] = NULL;
        actor_unref(&player->actor);
    }
}

static void choose_runtime(void)
{
    static const int64_t lingers_ns[] = {CLOCK_NS_PER_MS / 2, 10 * CLOCK_NS_PER_MS, 10 * CLOCK_NS_PER_S};
    static const int64_t youths_ns[] = {-1, CLOCK_NS_PER_MS, 100 * CLOCK_NS_PER_MS};
    static const uint32_t awake[] = {0, 1, 2, 256};
    static const enum threads threads[8] = {THREADS_SCARCE, THREADS_NONE,   THREADS_ENOUGH, THREADS_ENOUGH,
                                            THREADS_ENOUGH, THREADS_ENOUGH, THREADS_ENOUGH, THREADS_ENOUGH};
    struct runtime *runtime = &stage.runtime;
    enum calls calls = stage.scenario->calls;

    runtime->direct = calls == CALLS_ANY ? seeded_random(2) == 0 : calls == CALLS_DIRECT;
    runtime->linger_ns = lingers_ns[seeded_random(3)];
    if (stage.scenario->linger_ms)
        runtime->linger_ns = stage.scenario->linger_ms * CLOCK_NS_PER_MS;
    runtime->young_ns = youths_ns[seeded_random(3)];
    runtime->max_awake = awake[seeded_random(4)];
    stage.threads = stage.scenario->threads;
    if (stage.threads == THREADS_ANY)
        stage.threads = threads[seeded_random(8)];
}

static void stage_open(const struct scenario *scenario)
{
    stage = (struct stage){.scenario = scenario};
    history.count = history.operation_count = 0;
    lock_init(&stage.lock);
    condition_init(&stage.never);
    must(runtime_init(&stage.runtime) == 0);
    must(timers_start(&stage.runtime, &stage.timers) == 0);
    choose_runtime();
    if (scenario->steady)
        seeded_steady_time();
    seeded_observe(players_observe);
    seeded_on_failure(history_print);
}

static void stage_close(void)
{
    must(runtime_deinit(&stage.runtime, -1) == 0);
    timers_destroy(stage.timers);
    seeded_observe(NULL);
    must(stage.players_left == 0);
    must(stage.orders == 0);
    condition_deinit(&stage.never);
    lock_deinit(&stage.lock);
}

void scenario_run(const struct scenario *scenario)
{
    struct role role = {.sender = PLAYERS_MAX};

    stage_open(scenario);
    start_players(&role);
    perform_all(scenario->setup, &role);
    run_clients();
    settle();
    if (seeded_random(2)) {
        end_players(&role);
        timers_stop(stage.timers);
    } else {
        timers_stop(stage.timers);
        end_players(&role);
    }
    let_players_go();
    stage_close();
    model_check(scenario, stage.causes);
}

/* ---- what came out ---- */

/* The end of the one operation that performed it; NULL: it wasn't begun. */
static const struct event *find_end(const struct step *step)
{
    for (int i = 0; i < history.count; i++) {
        const struct event *event = &history.events[i];

        if (event->kind == EVENT_END && step_of(event->operation) == step)
            return event;
    }
    return NULL;
}

int result_of(const struct step *step)
{
    return find_end(step) ? find_end(step)->result : NEVER;
}

int64_t end_of(const struct step *step)
{
    return find_end(step) ? find_end(step)->now_ns : LOCK_FOREVER;
}

struct cause cause_of_end(int player)
{
    return stage.causes[player];
}

int threads_in(int player)
{
    uint64_t seen = 0;

    for (int i = 0; i < history.count; i++) {
        const struct event *event = &history.events[i];

        if (event->kind == EVENT_ENTER && event->player == player && event->callback != IN_INIT)
            seen |= UINT64_C(1) << (event->thread % 64);
    }
    return __builtin_popcountll(seen);
}

int times_in(int player, enum callback callback)
{
    int times = 0;

    for (int i = 0; i < history.count; i++) {
        const struct event *event = &history.events[i];

        times += event->kind == EVENT_ENTER && event->player == player && event->callback == callback;
    }
    return times;
}
