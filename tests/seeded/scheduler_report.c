/*
 * What is said of a run that fails: its seed, the latest steps, what each
 * thread does or waits for.
 */
#include "seeded/scheduler_internal.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TRACE_SHOWN 60

/* A sanitizer's: it ends the process in its own way. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void print_thread(const struct seeded_thread *thread)
{
    const struct seeded_object *object = thread->waits_for;

    fprintf(stderr, "  thread %d (%s) %s at %s:%d, %s", thread->number, thread->name,
            thread->state == RUNNABLE ? "can run"
            : thread->state == ENDED  ? "has ended"
                                      : "waits",
            thread->site.function, thread->site.line, thread->site.what);
    if (object)
        fprintf(stderr, ", for %s #%lu", object->name, (unsigned long)object->number);
    if (object && object->owner)
        fprintf(stderr, " of thread %d", object->owner->number);
    if (thread->state == WAITING && thread->deadline_ns != SEEDED_FOREVER)
        fprintf(stderr, ", until %ld ns", (long)thread->deadline_ns);
    fputc('\n', stderr);
}

static uint64_t steps_to_show(void)
{
    const char *given = getenv("KVFS_TRACE");
    uint64_t wanted = given ? strtoul(given, NULL, 0) : TRACE_SHOWN;
    uint64_t kept = scheduler.run.steps < TRACE_MAX ? scheduler.run.steps : TRACE_MAX;

    return wanted < kept ? wanted : kept;
}

static void print_trace(void)
{
    for (uint64_t i = scheduler.run.steps - steps_to_show(); i < scheduler.run.steps; i++) {
        const struct seeded_step *step = &scheduler.trace[i % TRACE_MAX];

        fprintf(stderr, "  %6lu  %*sthread %d  %s:%d  %s", (unsigned long)i, step->thread * 2, "",
                step->thread, step->site.function, step->site.line, step->site.what);
        if (step->object)
            fprintf(stderr, " #%lu", (unsigned long)step->object);
        fputc('\n', stderr);
    }
}

static void print_run(void)
{
    scheduler.failing = true;
    if (scheduler.silent)
        return;
    fprintf(stderr, "KVFS_SEED=%lu failed after %lu steps at %ld ns. Its latest (KVFS_TRACE=n shows n):\n",
            (unsigned long)scheduler.run.seed, (unsigned long)scheduler.run.steps,
            (long)scheduler.run.now_ns);
    print_trace();
    for (int i = 0; i < scheduler.run.used; i++) {
        if (scheduler.threads[i].state != FREE)
            print_thread(&scheduler.threads[i]);
    }
    if (scheduler.print_more)
        scheduler.print_more();
    fprintf(stderr, "KVFS_SEED=%lu runs it again\n", (unsigned long)scheduler.run.seed);
}

void seeded_fail(const char *format, ...)
{
    va_list args;

    if (!scheduler.failing)
        print_run();
    va_start(args, format);
    if (!scheduler.silent)
        vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

void seeded_die_silently(void)
{
    scheduler.silent = true;
}

void seeded_on_failure(void (*print)(void))
{
    scheduler.print_more = print;
}

static void on_death(void)
{
    if (!scheduler.failing && scheduler.current)
        print_run();
}

/* An assertion of the code under test, or a loop without a yield point. */
static void on_signal(int signal)
{
    on_death();
    if (signal == SIGALRM)
        abort();
}

static void handle(int signal)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND};
    struct sigaction before;

    /* A sanitizer that has its own says more. */
    if (sigaction(signal, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
        sigaction(signal, &action, NULL);
}

void seeded_catch_signals(void)
{
    handle(SIGABRT);
    handle(SIGSEGV);
    handle(SIGALRM);
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(on_death);
}
