#include "lib/actors.h"

#include "base/clock.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORY_MAX 4096
#define SMALL_STACK (256 << 10)

enum { TAG_NUMBER, TAG_TASK };

struct journal {
    struct journal *next;
    struct probe *probe; /* the test's reference, or NULL */
    bool started;
    struct lock lock;
    struct condition changed;
    char story[STORY_MAX];    /* guarded by lock */
    char snapshot[STORY_MAX]; /* the test's own */
    int destroyed;            /* guarded by lock */
    int freed;                /* guarded by lock */
};

struct counted {
    struct message message;
    probe_task task; /* NULL: a number */
    void *arg;
};

static struct runtime runtime;
static struct journal *journals;
static _Atomic int messages_left;
static _Atomic int args_left;

struct runtime *actors_runtime(void)
{
    return &runtime;
}

void must_be(bool truth, const char *words, const char *file, int line)
{
    if (truth)
        return;
    fprintf(stderr, "%s:%d: must be true: %s\n", file, line, words);
    abort();
}

static int64_t patience(void)
{
    return clock_monotonic_ns() + ACTORS_PATIENCE_MS * CLOCK_NS_PER_MS;
}

/* ---- journal ---- */

static struct journal *journal_create(void)
{
    struct journal *journal = calloc(1, sizeof(*journal));

    must(journal);
    lock_init(&journal->lock);
    condition_init(&journal->changed);
    journal->next = journals;
    journals = journal;
    return journal;
}

static void journal_destroy(struct journal *journal)
{
    condition_deinit(&journal->changed);
    lock_deinit(&journal->lock);
    free(journal);
}

static void append(struct journal *journal, const char *format, va_list args)
{
    size_t used = strlen(journal->story);

    if (used > 0 && used + 2 < STORY_MAX)
        used += (size_t)snprintf(journal->story + used, STORY_MAX - used, ", ");
    vsnprintf(journal->story + used, STORY_MAX - used, format, args);
    condition_broadcast(&journal->changed);
}

void probe_note(struct probe *probe, const char *format, ...)
{
    struct journal *journal = probe->journal;
    va_list args;

    va_start(args, format);
    lock_acquire(&journal->lock);
    append(journal, format, args);
    lock_release(&journal->lock);
    va_end(args);
}

const char *probe_story(struct probe *probe)
{
    struct journal *journal = probe->journal;

    lock_acquire(&journal->lock);
    memcpy(journal->snapshot, journal->story, STORY_MAX);
    lock_release(&journal->lock);
    return journal->snapshot;
}

bool probe_await(struct probe *probe, const char *part)
{
    struct journal *journal = probe->journal;
    int64_t deadline = patience();
    bool in_time = true;
    bool found;

    lock_acquire(&journal->lock);
    while (!(found = strstr(journal->story, part) != NULL) && in_time)
        in_time = condition_wait_until(&journal->changed, &journal->lock, deadline);
    lock_release(&journal->lock);
    return found;
}

static bool await_count(struct journal *journal, const int *count)
{
    int64_t deadline = patience();
    bool in_time = true;
    bool reached;

    lock_acquire(&journal->lock);
    while (!(reached = *count > 0) && in_time)
        in_time = condition_wait_until(&journal->changed, &journal->lock, deadline);
    lock_release(&journal->lock);
    return reached;
}

bool probe_await_end(struct probe *probe)
{
    return await_count(probe->journal, &probe->journal->destroyed);
}

const char *probe_whole_story(struct probe *probe)
{
    cr_assert(probe_await_end(probe));
    return probe_story(probe);
}

/* For what nobody signals: looks again and again, and lets others run in between. */
static bool await_stats(struct probe *probe, bool (*good)(const struct actor_stats *, uint32_t),
                        uint32_t wanted)
{
    int64_t deadline = patience();
    struct actor_stats stats;

    do {
        actor_get_stats(&probe->actor, &stats);
        if (good(&stats, wanted))
            return true;
        sched_yield();
    } while (clock_monotonic_ns() < deadline);
    return false;
}

static bool is_awake(const struct actor_stats *stats, uint32_t wanted)
{
    return stats->awake == (wanted != 0);
}

static bool has_mail(const struct actor_stats *stats, uint32_t wanted)
{
    return stats->mailbox == wanted;
}

bool probe_await_awake(struct probe *probe, bool awake)
{
    return await_stats(probe, is_awake, awake);
}

bool probe_await_mail(struct probe *probe, uint32_t count)
{
    return await_stats(probe, has_mail, count);
}

/* glibc's mutex says so itself: 0 is free, 1 is locked, and 2 is locked and waited for. */
static bool await_run_lock_wanted(struct probe *probe)
{
    const volatile int *state = &probe->actor.run.mutex.__data.__lock;
    int64_t deadline = clock_monotonic_ns() + ACTORS_PATIENCE_MS * CLOCK_NS_PER_MS;

    do {
        if (*state == 2)
            return true;
        sched_yield();
    } while (clock_monotonic_ns() < deadline);
    return false;
}

bool probe_await_caller(struct probe *probe)
{
    if (runtime.direct && probe->actor.class->prompt)
        return await_run_lock_wanted(probe);
    return probe_await_mail(probe, 1);
}

/* ---- what a probe does ---- */

static int do_option(struct probe *self, probe_task task)
{
    actor_assert_self(&self->actor);
    return task ? task(self, self->options.arg) : 0;
}

static int on_init(struct actor *actor, void *arg, struct reason *ret_reason)
{
    (void)arg;
    if (probe_of(actor)->options.traps)
        actor_trap_exits(actor, true);
    if (do_option(probe_of(actor), probe_of(actor)->options.init) == 0)
        return 0;
    *ret_reason = reason_error("init");
    return 1;
}

/* The argument of a call is a struct counted that the caller borrows or gives. */
static int on_call(struct actor *actor, unsigned tag, void *arg)
{
    struct probe *self = probe_of(actor);
    struct counted *counted = arg;

    actor_assert_self(actor);
    if (tag == TAG_TASK)
        return counted->task(self, counted->arg);
    probe_note(self, "call %u", counted->message.tag);
    return 0;
}

static void on_cast(struct actor *actor, struct message *message)
{
    struct probe *self = probe_of(actor);
    struct counted *counted = message_container(message, struct counted, message);

    actor_assert_self(actor);
    if (counted->task)
        (void)counted->task(self, counted->arg);
    else
        probe_note(self, "cast %u", message->tag);
}

static void on_down(struct probe *self, struct monitor *monitor)
{
    char reason[64];

    for (int i = 0; i < PROBE_MONITORS; i++) {
        if (monitor != &self->monitors[i])
            continue;
        must(monitor->ref == self->refs[i]);
        reason_format(monitor_reason(monitor), reason, sizeof(reason));
        probe_note(self, "down %d %s", i + 1, reason);
        (void)do_option(self, self->options.down);
        return;
    }
    must(!"a DOWN of a monitor that isn't ours");
}

static void on_exit_message(struct probe *self, const struct message *message)
{
    char reason[64];

    reason_format(exit_reason(message), reason, sizeof(reason));
    probe_note(self, "exit %s", reason);
}

/* Knows odd numbers. */
static bool on_info(struct actor *actor, struct message *message)
{
    struct probe *self = probe_of(actor);

    actor_assert_self(actor);
    if (message->kind == MESSAGE_DOWN) {
        on_down(self, monitor_of_down(message));
        return true;
    }
    if (message->kind == MESSAGE_EXIT) {
        on_exit_message(self, message);
        return true;
    }
    if (message->tag % 2 == 0)
        return false;
    probe_note(self, "info %u", message->tag);
    return true;
}

static void on_terminate(struct actor *actor, const struct reason *reason)
{
    struct probe *self = probe_of(actor);
    char words[64];

    reason_format(reason, words, sizeof(words));
    (void)do_option(self, self->options.terminate);
    probe_note(self, "terminate %s", words);
}

static void count_event(struct journal *journal, int *count)
{
    lock_acquire(&journal->lock);
    (*count)++;
    condition_broadcast(&journal->changed);
    lock_release(&journal->lock);
}

static void on_destroy(struct actor *actor)
{
    struct probe *self = probe_of(actor);

    (void)do_option(self, self->options.destroy);
    probe_note(self, "destroy");
    count_event(self->journal, &self->journal->destroyed);
}

static void on_free(struct actor *actor)
{
    struct probe *self = probe_of(actor);

    count_event(self->journal, &self->journal->freed);
    free(self);
}

static void label_of(const struct actor *actor, char *buffer, size_t size)
{
    const struct probe *probe = message_container(actor, const struct probe, actor);

    (void)snprintf(buffer, size, "%s", probe->options.label ? probe->options.label : "probe");
}

#define PROBE_CALLBACKS                                                                                      \
    .label = label_of, .init = on_init, .on_call = on_call, .on_cast = on_cast, .on_info = on_info, .terminate = on_terminate,  \
    .destroy = on_destroy, .free = on_free

static const struct actor_class prompt_class = {.name = "probe", .prompt = true, PROBE_CALLBACKS};
static const struct actor_class slow_class = {.name = "slow probe", PROBE_CALLBACKS};

int probe_try_start(const struct probe_options *options, struct probe **ret_probe, struct reason *ret_reason)
{
    struct probe *probe = calloc(1, sizeof(*probe));
    const struct actor_class *class;
    int rc;

    must(probe);
    probe->options = *options;
    probe->journal = journal_create();
    class = options->slow ? &slow_class : &prompt_class;
    rc = options->parent ? actor_start_link(&options->parent->actor, &probe->actor, class, &runtime, NULL, ret_reason)
                         : actor_start(&probe->actor, class, &runtime, NULL, ret_reason);
    if (rc != 0) {
        free(probe);
        return rc;
    }
    probe->journal->probe = probe;
    probe->journal->started = true;
    *ret_probe = probe;
    return 0;
}

struct probe *probe_start_with(const struct probe_options *options)
{
    struct reason reason;
    struct probe *probe;

    cr_assert_eq(probe_try_start(options, &probe, &reason), 0);
    return probe;
}

void probe_let_go(struct probe *probe)
{
    cr_assert(probe_await_end(probe));
    probe->journal->probe = NULL;
    actor_unref(&probe->actor);
}

struct probe *probe_start(void)
{
    return probe_start_with(&(struct probe_options){0});
}

struct probe *probe_start_slow(void)
{
    return probe_start_with(&(struct probe_options){.slow = true});
}

/* ---- mail ---- */

static void release_message(struct message *message)
{
    must(!message->queued);
    atomic_fetch_sub(&messages_left, 1);
    free(message_container(message, struct counted, message));
}

static struct counted *counted_create(enum message_kind kind, unsigned number, probe_task task, void *arg)
{
    struct counted *counted = calloc(1, sizeof(*counted));

    must(counted);
    message_init(&counted->message, kind, number, release_message);
    counted->task = task;
    counted->arg = arg;
    return counted;
}

struct message *counted_message(enum message_kind kind, unsigned number)
{
    atomic_fetch_add(&messages_left, 1);
    return &counted_create(kind, number, NULL, NULL)->message;
}

void *counted_arg(void)
{
    atomic_fetch_add(&args_left, 1);
    return counted_create(MESSAGE_CALL, 0, NULL, NULL);
}

void counted_arg_release(void *arg)
{
    atomic_fetch_sub(&args_left, 1);
    free(arg);
}

int counted_messages_left(void)
{
    return atomic_load(&messages_left);
}

int counted_args_left(void)
{
    return atomic_load(&args_left);
}

static int call_with(struct probe *probe, unsigned tag, struct counted *arg, int timeout_ms)
{
    int rc;

    atomic_fetch_add(&args_left, 1);
    rc = probe->options.slow ? actor_call_owned(&probe->actor, tag, arg, counted_arg_release, timeout_ms)
                             : actor_call(&probe->actor, tag, arg, timeout_ms);
    if (!probe->options.slow || !actor_is_condition(rc))
        counted_arg_release(arg);
    return rc;
}

int probe_call_for(struct probe *probe, unsigned number, int timeout_ms)
{
    return call_with(probe, TAG_NUMBER, counted_create(MESSAGE_CALL, number, NULL, NULL), timeout_ms);
}

int probe_call(struct probe *probe, unsigned number)
{
    return probe_call_for(probe, number, ACTORS_PATIENCE_MS);
}

int probe_do_for(struct probe *probe, probe_task task, void *arg, int timeout_ms)
{
    return call_with(probe, TAG_TASK, counted_create(MESSAGE_CALL, 0, task, arg), timeout_ms);
}

int probe_do(struct probe *probe, probe_task task, void *arg)
{
    return probe_do_for(probe, task, arg, ACTORS_PATIENCE_MS);
}

int probe_cast(struct probe *probe, unsigned number)
{
    return actor_cast(&probe->actor, counted_message(MESSAGE_CAST, number));
}

void probe_send(struct probe *probe, unsigned number)
{
    actor_send(&probe->actor, counted_message(MESSAGE_INFO, number));
}

void probe_do_later(struct probe *probe, probe_task task, void *arg)
{
    atomic_fetch_add(&messages_left, 1);
    (void)actor_cast(&probe->actor, &counted_create(MESSAGE_CAST, 0, task, arg)->message);
}

struct watching {
    int number;
    struct actor *target;
};

static int monitor_task(struct probe *self, void *arg)
{
    struct watching *watching = arg;
    int i = watching->number - 1;

    self->refs[i] = actor_monitor(&self->actor, &self->monitors[i], watching->target);
    return 0;
}

static int demonitor_task(struct probe *self, void *arg)
{
    actor_demonitor(&self->monitors[((struct watching *)arg)->number - 1]);
    return 0;
}

void probe_monitor_actor(struct probe *watcher, int number, struct actor *target)
{
    struct watching watching = {number, target};

    cr_assert_eq(probe_do(watcher, monitor_task, &watching), 0);
}

void probe_monitor(struct probe *watcher, int number, struct probe *target)
{
    probe_monitor_actor(watcher, number, &target->actor);
}

void probe_demonitor(struct probe *watcher, int number)
{
    struct watching watching = {number, NULL};

    cr_assert_eq(probe_do(watcher, demonitor_task, &watching), 0);
}

/* ---- gates ---- */

void gate_init(struct gate *gate)
{
    *gate = (struct gate){0};
    lock_init(&gate->lock);
    condition_init(&gate->changed);
}

void gate_deinit(struct gate *gate)
{
    lock_acquire(&gate->lock);
    while (gate->left < gate->arrived)
        (void)condition_wait_until(&gate->changed, &gate->lock, LOCK_FOREVER);
    lock_release(&gate->lock);
    condition_deinit(&gate->changed);
    lock_deinit(&gate->lock);
}

void gate_pass(struct gate *gate)
{
    lock_acquire(&gate->lock);
    gate->arrived++;
    condition_broadcast(&gate->changed);
    while (!gate->open)
        (void)condition_wait_until(&gate->changed, &gate->lock, LOCK_FOREVER);
    gate->left++;
    condition_broadcast(&gate->changed);
    lock_release(&gate->lock);
}

bool gate_reached(struct gate *gate)
{
    bool reached;

    lock_acquire(&gate->lock);
    reached = gate->arrived > 0;
    lock_release(&gate->lock);
    return reached;
}

void gate_open(struct gate *gate)
{
    lock_acquire(&gate->lock);
    gate->open = true;
    condition_broadcast(&gate->changed);
    lock_release(&gate->lock);
}

bool gate_await(struct gate *gate, int count)
{
    int64_t deadline = patience();
    bool in_time = true;
    bool reached;

    lock_acquire(&gate->lock);
    while (!(reached = gate->arrived >= count) && in_time)
        in_time = condition_wait_until(&gate->changed, &gate->lock, deadline);
    lock_release(&gate->lock);
    return reached;
}

int pass_gate(struct probe *self, void *arg)
{
    (void)self;
    gate_pass(arg);
    return 0;
}

/* ---- threads ---- */

struct helper {
    pthread_t thread;
    int (*run)(void *arg);
    void *arg;
    int result;
};

static void *helper_main(void *arg)
{
    struct helper *helper = arg;

    helper->result = helper->run(helper->arg);
    return NULL;
}

static struct helper *start_with(const pthread_attr_t *attributes, int (*run)(void *arg), void *arg)
{
    struct helper *helper = calloc(1, sizeof(*helper));

    must(helper);
    helper->run = run;
    helper->arg = arg;
    cr_assert_eq(pthread_create(&helper->thread, attributes, helper_main, helper), 0);
    return helper;
}

struct helper *helper_start(int (*run)(void *arg), void *arg)
{
    return start_with(NULL, run, arg);
}

struct helper *helper_start_on_small_stack(int (*run)(void *arg), void *arg)
{
    pthread_attr_t attributes;
    struct helper *helper;

    cr_assert_eq(pthread_attr_init(&attributes), 0);
    cr_assert_eq(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
    helper = start_with(&attributes, run, arg);
    pthread_attr_destroy(&attributes);
    return helper;
}

int helper_join(struct helper *helper)
{
    struct timespec deadline;
    int result;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += ACTORS_PATIENCE_MS / 1000;
    cr_assert_eq(pthread_timedjoin_np(helper->thread, NULL, &deadline), 0, "a thread hangs");
    result = helper->result;
    free(helper);
    return result;
}

/* ---- the fixture ---- */

/* Ends what the test left alive, as who started it must. */
static void end_probes(void)
{
    for (struct journal *journal = journals; journal; journal = journal->next) {
        if (journal->probe)
            (void)actor_kill(&journal->probe->actor);
    }
    for (struct journal *journal = journals; journal; journal = journal->next) {
        if (!journal->probe)
            continue;
        cr_assert(await_count(journal, &journal->destroyed), "an actor is left over");
        actor_unref(&journal->probe->actor);
    }
}

static void check_journals(void)
{
    while (journals) {
        struct journal *journal = journals;

        journals = journal->next;
        lock_acquire(&journal->lock);
        cr_expect_eq(journal->destroyed, journal->started ? 1 : 0);
        cr_expect_eq(journal->freed, journal->started ? 1 : 0, "a reference on an actor is left over");
        lock_release(&journal->lock);
        journal_destroy(journal);
    }
}

void actors_run(void (*body)(void), bool direct)
{
    cr_assert_eq(runtime_init(&runtime), 0);
    runtime.direct = direct;
    runtime.young_ns = -1;
    body();
    end_probes();
    cr_expect_eq(runtime_deinit(&runtime, ACTORS_PATIENCE_MS), 0, "a thread is left over");
    cr_expect_eq(atomic_load(&runtime.actors), 0);
    cr_expect_eq(runtime.threads, 0);
    check_journals();
    cr_expect_eq(counted_messages_left(), 0, "messages are left over");
    cr_expect_eq(counted_args_left(), 0, "arguments are left over");
}
