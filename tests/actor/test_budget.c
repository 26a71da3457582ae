/* Who has a thread, for how long, and which. */
#include "lib/actors.h"

#include "base/clock.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOUR_NS (3600 * CLOCK_NS_PER_S)

static uint32_t read_threads(void)
{
    struct runtime *runtime = actors_runtime();
    uint32_t threads;

    lock_acquire(&runtime->lock);
    threads = runtime->threads;
    lock_release(&runtime->lock);
    return threads;
}

static uint32_t read_cached(void)
{
    struct runtime *runtime = actors_runtime();
    uint32_t cached;

    lock_acquire(&runtime->lock);
    cached = runtime->cached_count;
    lock_release(&runtime->lock);
    return cached;
}

static uint32_t read_idle(void)
{
    return atomic_load(&actors_runtime()->idle_count);
}

static uint32_t read_young(void)
{
    return atomic_load(&actors_runtime()->young_count);
}

static bool await_number(uint32_t (*read)(void), uint32_t wanted)
{
    int64_t deadline = clock_monotonic_ns() + ACTORS_PATIENCE_MS * CLOCK_NS_PER_MS;

    while (read() != wanted) {
        if (clock_monotonic_ns() > deadline)
            return false;
        sched_yield();
    }
    return true;
}

static bool is_awake(struct probe *probe)
{
    struct actor_stats stats;

    actor_get_stats(&probe->actor, &stats);
    return stats.awake;
}

struct seen {
    const struct actor *actor;
    pid_t number;
    bool working;
    int64_t working_ns;
    int threads;
};

static void look_at(void *context, const struct runtime_thread *thread)
{
    struct seen *seen = context;

    seen->threads++;
    if (thread->actor != seen->actor)
        return;
    seen->number = thread->number;
    seen->working = thread->working;
    seen->working_ns = thread->working_ns;
}

static struct seen look(const struct probe *probe)
{
    struct seen seen = {.actor = &probe->actor};

    runtime_visit_threads(actors_runtime(), look_at, &seen);
    return seen;
}

static int note_work(struct probe *self, void *arg)
{
    (void)arg;
    probe_note(self, "worked");
    return 0;
}

/* Gives it something to do, and waits until it has done it and its thread is idle. */
static void let_work(struct probe *probe)
{
    size_t before = strlen(probe_story(probe));
    struct seen seen;

    probe_do_later(probe, note_work, NULL);
    while (strlen(probe_story(probe)) == before)
        sched_yield();
    do {
        seen = look(probe);
    } while (seen.number == 0 || seen.working);
}

/* ---- who sleeps ---- */

ACTOR_TEST(budget, whoever_has_been_idle_longest_hibernates_when_there_are_too_many)
{
    struct probe *a = probe_start();
    struct probe *b = probe_start();
    struct probe *c = probe_start();
    struct probe *d = probe_start();

    actors_runtime()->max_awake = 2;
    let_work(a);
    let_work(b);
    cr_assert(is_awake(a) && is_awake(b));
    let_work(c);
    cr_assert(probe_await_awake(a, false));
    cr_assert(is_awake(b) && is_awake(c));
    let_work(b);
    let_work(d);
    cr_assert(probe_await_awake(c, false));
    cr_assert(is_awake(b) && is_awake(d));
}

ACTOR_TEST(budget, no_more_than_it_are_idle_after_any_rush)
{
    struct probe *probes[40];

    actors_runtime()->max_awake = 5;
    for (unsigned i = 0; i < 40; i++)
        probes[i] = probe_start();
    for (unsigned round = 0; round < 5; round++)
        for (unsigned i = 0; i < 40; i++)
            cr_assert_eq(probe_cast(probes[i], round), 0);
    for (unsigned i = 0; i < 40; i++)
        cr_assert(probe_await(probes[i], "cast 4"));
    cr_assert(await_number(read_idle, 5));
    while (read_threads() > 5 + RUNTIME_MAX_CACHED)
        sched_yield();
    cr_assert_eq(read_idle(), 5);
}

ACTOR_TEST(budget, an_actor_with_mail_gets_a_thread_beyond_it)
{
    struct gate gate;

    actors_runtime()->max_awake = 1;
    gate_init(&gate);
    for (int i = 0; i < 12; i++)
        probe_do_later(i % 2 ? probe_start() : probe_start_slow(), pass_gate, &gate);
    cr_assert(gate_await(&gate, 12), "all at once");
    gate_open(&gate);
    cr_assert(await_number(read_idle, 1));
    gate_deinit(&gate);
}

ACTOR_TEST(budget, of_none_lets_everybody_work_and_nobody_wait)
{
    struct probe *probe = probe_start_slow();

    actors_runtime()->max_awake = 0;
    for (unsigned i = 0; i < 100; i++)
        cr_assert_eq(probe_call(probe, i), 0);
    cr_assert(probe_await_awake(probe, false));
    cr_assert_eq(read_idle(), 0);
}

/* ---- the young ---- */

ACTOR_TEST(budget, a_young_actor_gets_a_thread_without_mail)
{
    actors_runtime()->young_ns = CLOCK_NS_PER_MS;
    cr_assert(probe_await_awake(probe_start(), true));
    cr_assert(probe_await_awake(probe_start_slow(), true));
}

ACTOR_TEST(budget, a_young_actor_gets_none_before_its_time)
{
    struct probe *young;

    actors_runtime()->young_ns = HOUR_NS;
    young = probe_start();
    let_work(probe_start());
    cr_assert_not(is_awake(young));
}

ACTOR_TEST(budget, a_young_actor_for_whom_there_is_no_room_is_not_noted)
{
    struct probe *idle = probe_start();
    struct probe *young;

    actors_runtime()->max_awake = 1;
    let_work(idle);
    actors_runtime()->young_ns = 0;
    young = probe_start();
    cr_assert_eq(read_young(), 0);
    cr_assert_not(is_awake(young));
    cr_assert(is_awake(idle));
}

/* Whoever was noted first is old enough from now on. */
static void let_grow_up(void)
{
    struct runtime *runtime = actors_runtime();

    lock_acquire(&runtime->lock);
    runtime->young[runtime->young_first].due_ns = 0;
    condition_signal(&runtime->reserve_wake);
    lock_release(&runtime->lock);
    cr_assert(await_number(read_young, 0));
}

/* Returns when the reserve thread has done what was asked of it before. */
static void await_reserve(struct gate *gate)
{
    gate_init(gate);
    probe_do_later(probe_start(), pass_gate, gate);
    cr_assert(gate_await(gate, 1));
}

ACTOR_TEST(budget, a_young_actor_sends_nobody_to_sleep)
{
    struct probe *other = probe_start();
    struct probe *young;
    struct gate gate;

    actors_runtime()->max_awake = 1;
    actors_runtime()->young_ns = HOUR_NS;
    young = probe_start();
    cr_assert_eq(read_young(), 1);
    actors_runtime()->young_ns = -1;
    let_work(other);
    let_grow_up();
    await_reserve(&gate);
    cr_assert_not(is_awake(young));
    cr_assert(is_awake(other));
    cr_assert_eq(probe_cast(young, 1), 0);
    cr_assert(probe_await(young, "cast 1"), "mail gets it one nevertheless");
    gate_open(&gate);
    gate_deinit(&gate);
}

ACTOR_TEST(budget, a_young_actor_that_has_ended_gets_none)
{
    struct probe *young;
    struct gate gate;

    actors_runtime()->young_ns = HOUR_NS;
    young = probe_start();
    cr_assert_eq(probe_kill(young), 0);
    actors_runtime()->young_ns = -1;
    let_grow_up();
    await_reserve(&gate);
    cr_assert_not(is_awake(young));
    gate_open(&gate);
    gate_deinit(&gate);
}

/* More than the ring has room for, and it turns. */
ACTOR_TEST(budget, many_young_actors_get_threads_as_far_as_there_is_room)
{
    struct probe *probes[RUNTIME_MAX_YOUNG + 10];

    actors_runtime()->young_ns = HOUR_NS;
    actors_runtime()->max_awake = 2 * RUNTIME_MAX_YOUNG;
    for (int i = 0; i < RUNTIME_MAX_YOUNG + 10; i++)
        probes[i] = probe_start();
    cr_assert_eq(read_young(), RUNTIME_MAX_YOUNG);
    cr_assert_eq(probe_kill(probes[0]), 0);
}

/* ---- the cache ---- */

static int note_thread(struct probe *self, void *arg)
{
    char name[16];

    *(pid_t *)arg = gettid();
    pthread_getname_np(pthread_self(), name, sizeof(name));
    probe_note(self, "%s", name);
    return 0;
}

static struct probe *start_labelled(const char *label)
{
    return probe_start_with(&(struct probe_options){.slow = true, .label = label});
}

static void read_name(pid_t thread, char name[32])
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/self/task/%d/comm", thread);
    file = fopen(path, "r");
    cr_assert(file);
    cr_assert(fgets(name, 32, file));
    fclose(file);
}

ACTOR_TEST(budget, the_thread_of_one_that_ended_serves_another_under_its_name)
{
    struct probe *milk = start_labelled("milk");
    struct probe *eggs = start_labelled("eggs");
    pid_t first, second;
    char name[32];

    cr_assert_eq(probe_do(milk, note_thread, &first), 0);
    cr_assert_eq(probe_stop(milk), 0);
    cr_assert(await_number(read_cached, 1));
    read_name(first, name);
    cr_assert_str_eq(name, "spare\n");
    cr_assert_eq(probe_do(eggs, note_thread, &second), 0);
    cr_assert_eq(first, second);
    cr_assert_str_eq(probe_whole_story(milk), "milk, terminate normal, destroy");
    cr_assert_str_eq(probe_story(eggs), "eggs");
    cr_assert_eq(read_threads(), 1);
}

ACTOR_TEST(budget, the_thread_of_one_that_hibernates_serves_another)
{
    struct probe *milk = start_labelled("milk");
    struct probe *eggs = start_labelled("eggs");
    pid_t first, second;

    actors_runtime()->max_awake = 0;
    cr_assert_eq(probe_do(milk, note_thread, &first), 0);
    cr_assert(await_number(read_cached, 1));
    cr_assert_eq(probe_do(eggs, note_thread, &second), 0);
    cr_assert_eq(first, second);
    cr_assert(await_number(read_cached, 1));
    cr_assert_eq(probe_do(milk, note_thread, &second), 0);
    cr_assert_eq(first, second);
    cr_assert_str_eq(probe_story(milk), "milk, milk");
}

ACTOR_TEST(budget, the_cache_has_an_end)
{
    struct gate gate;

    gate_init(&gate);
    actors_runtime()->max_awake = 0;
    for (int i = 0; i < RUNTIME_MAX_CACHED + 10; i++)
        probe_do_later(probe_start(), pass_gate, &gate);
    cr_assert(gate_await(&gate, RUNTIME_MAX_CACHED + 10));
    gate_open(&gate);
    cr_assert(await_number(read_threads, RUNTIME_MAX_CACHED));
    cr_assert(await_number(read_cached, RUNTIME_MAX_CACHED));
    gate_deinit(&gate);
}

ACTOR_TEST(budget, a_thread_that_nobody_needs_ends_after_linger)
{
    actors_runtime()->linger_ns = CLOCK_NS_PER_MS;
    for (int i = 0; i < 5; i++)
        cr_assert_eq(probe_call(probe_start_slow(), 1), 0);
    cr_assert(await_number(read_threads, 0));
    cr_assert_eq(read_cached(), 0);
    cr_assert_eq(read_idle(), 0);
}

/* ---- the many ---- */

static void sleeper_free(struct actor *self)
{
    free(self);
}

static const struct actor_class sleeper_class = {.name = "sleeper", .prompt = true, .free = sleeper_free};

static unsigned count_threads_of_process(void)
{
    DIR *directory = opendir("/proc/self/task");
    unsigned count = 0;

    cr_assert(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

ACTOR_TEST(budget, a_hundred_thousand_that_hibernate_use_no_thread)
{
    const int count = 100000;
    struct actor **sleepers = calloc((size_t)count, sizeof(*sleepers));
    unsigned threads = count_threads_of_process();
    struct reason reason;

    must(sleepers);
    for (int i = 0; i < count; i++) {
        sleepers[i] = malloc(sizeof(**sleepers));
        must(sleepers[i]);
        cr_assert_eq(actor_start(sleepers[i], &sleeper_class, actors_runtime(), NULL, &reason), 0);
    }
    cr_assert_eq(count_threads_of_process(), threads);
    cr_assert_eq(read_threads(), 0);
    cr_assert_leq(sizeof(struct actor), 256);
    for (int i = 0; i < count; i++) {
        cr_assert_eq(actor_kill(sleepers[i]), 0);
        actor_unref(sleepers[i]);
    }
    cr_assert_eq(read_threads(), 0);
    free(sleepers);
}

/* ---- a callback that never returns ---- */

struct stuck {
    struct gate gate;
    pid_t thread;
};

static int get_stuck(struct probe *self, void *arg)
{
    struct stuck *stuck = arg;

    (void)self;
    stuck->thread = gettid();
    gate_pass(&stuck->gate);
    return 0;
}

static void assert_seen_working(const struct probe *probe, const struct stuck *stuck)
{
    struct seen first = look(probe);
    struct seen second;

    cr_assert(first.working);
    cr_assert_eq(first.number, stuck->thread);
    do {
        second = look(probe);
    } while (second.working_ns <= first.working_ns);
    cr_assert_eq(second.number, stuck->thread);
}

ACTOR_TEST(budget, a_callback_that_never_returns_holds_up_its_actor_only)
{
    struct probe *watcher = probe_start();
    struct probe *probe = probe_start_slow();
    struct probe *other = probe_start_slow();
    struct stuck stuck;

    gate_init(&stuck.gate);
    probe_monitor(watcher, 1, probe);
    probe_do_later(probe, get_stuck, &stuck);
    cr_assert(gate_await(&stuck.gate, 1));
    cr_assert_eq(probe_call_for(probe, 1, 20), ACTOR_E_TIMEOUT);
    cr_assert_eq(actor_stop(&probe->actor, REASON(NORMAL), 20), ACTOR_E_TIMEOUT);
    cr_assert_eq(probe_call(other, 1), 0);
    assert_seen_working(probe, &stuck);

    cr_assert_eq(probe_kill(probe), 0);
    cr_assert(probe_await(watcher, "down 1 killed"));
    cr_assert_eq(probe_call(probe, 2), ACTOR_E_NOPROC);
    assert_seen_working(probe, &stuck);
    gate_open(&stuck.gate);
    cr_assert_str_eq(probe_whole_story(probe), "destroy");
    gate_deinit(&stuck.gate);
}

ACTOR_TEST(budget, who_is_idle_is_seen_as_not_working)
{
    struct probe *probe = probe_start_slow();
    pid_t thread;

    cr_assert_eq(look(probe).threads, 0);
    cr_assert_eq(probe_do(probe, note_thread, &thread), 0);
    cr_assert(await_number(read_idle, 1));
    cr_assert_eq(look(probe).number, thread);
    cr_assert_not(look(probe).working);
    cr_assert_eq(look(probe).threads, 1);
    cr_assert_eq(probe_stop(probe), 0);
    cr_assert(await_number(read_cached, 1));
    cr_assert_eq(look(probe).threads, 0, "a spare thread is nobody's");
}

/* ---- the end of a runtime ---- */

static struct gate stuck_gate;

static bool stuck_on_info(struct actor *self, struct message *message)
{
    (void)self;
    (void)message;
    gate_pass(&stuck_gate);
    return true;
}

static const struct actor_class stuck_class = {
    .name = "stuck", .on_info = stuck_on_info, .free = sleeper_free};

Test(budget, a_runtime_is_busy_until_the_last_callback_has_returned)
{
    static struct runtime runtime;
    struct actor *actor = malloc(sizeof(*actor));
    struct reason reason;

    must(actor);
    gate_init(&stuck_gate);
    cr_assert_eq(runtime_init(&runtime), 0);
    cr_assert_eq(actor_start(actor, &stuck_class, &runtime, NULL, &reason), 0);
    actor_send(actor, counted_message(MESSAGE_INFO, 1));
    cr_assert(gate_await(&stuck_gate, 1));
    cr_assert_eq(actor_kill(actor), 0);
    actor_unref(actor);
    cr_assert_eq(runtime_deinit(&runtime, 20), RUNTIME_E_BUSY);
    cr_assert_eq(runtime_deinit(&runtime, 0), RUNTIME_E_BUSY);
    gate_open(&stuck_gate);
    cr_assert_eq(runtime_deinit(&runtime, ACTORS_PATIENCE_MS), 0);
    cr_assert_eq(counted_messages_left(), 0);
    gate_deinit(&stuck_gate);
}
