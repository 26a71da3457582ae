#include "seeded/events.h"

#include "seeded/scheduler.h"
#include "seeded/script.h"

#include <stdio.h>
#include <stdlib.h>

struct history history;

void event_add(struct event event)
{
    must(history.count < EVENTS_MAX);
    event.thread = seeded_number_of(seeded_self());
    event.now_ns = seeded_now();
    history.events[history.count++] = event;
}

int operation_add(const struct step *step, int sender, unsigned inside)
{
    must(history.operation_count < OPERATIONS_MAX);
    history.operations[history.operation_count] = (struct operation){step, sender, inside};
    return history.operation_count++;
}

/* What player_reason() of script.c made. */
struct cause cause_of(const struct reason *reason)
{
    return (struct cause){reason->code, reason->text ? atoi(reason->text) : NEVER};
}

static const char *word_of(enum reason_code code)
{
    static const char *const words[] = {"normal", "shutdown", "killed", "noproc", "noconnection", "error"};

    return words[code];
}

static void print_sender(int sender)
{
    if (sender < PLAYERS_MAX)
        fprintf(stderr, "player %d", sender);
    else
        fprintf(stderr, "client %d", sender - PLAYERS_MAX);
}

static void print_cause(struct cause cause)
{
    fprintf(stderr, " %s", word_of(cause.code));
    if (cause.operation != NEVER)
        fprintf(stderr, " of #%d", cause.operation);
}

static void print_operation(int number)
{
    const struct operation *operation = &history.operations[number];

    print_sender(operation->sender);
    fprintf(stderr, ": #%d ", number);
    step_print(operation->step);
}

static bool tells_cause(enum callback callback)
{
    return callback == IN_DOWN || callback == IN_EXIT || callback == IN_TERMINATE;
}

static void print_callback(const struct event *event)
{
    static const char *const names[] = {"init", "call",  "cast",    "info",      "DOWN",
                                        "EXIT", "timer", "timeout", "terminate", "destroy"};

    fprintf(stderr, "  player %d %s %s", event->player, event->kind == EVENT_ENTER ? "begins" : "has done",
            names[event->callback]);
    if (event->operation != NEVER)
        fprintf(stderr, " #%d", event->operation);
    if (event->callback == IN_TIMER)
        fprintf(stderr, " %d", event->result);
    if (tells_cause(event->callback) && event->kind == EVENT_ENTER)
        print_cause(event->cause);
    if (event->callback == IN_EXIT && event->kind == EVENT_ENTER)
        fprintf(stderr, " from %d", event->result);
}

static void print_event(const struct event *event)
{
    switch (event->kind) {
    case EVENT_BEGIN:
        print_operation(event->operation);
        return;
    case EVENT_END:
        print_operation(event->operation);
        fprintf(stderr, " = %d", event->result);
        return;
    case EVENT_ENTER:
    case EVENT_LEAVE:
        print_callback(event);
        return;
    case EVENT_RELEASED:
        fprintf(stderr, "  #%d was released", event->operation);
        return;
    case EVENT_ENDED:
        fprintf(stderr, "  player %d HAS ENDED", event->player);
        return;
    case EVENT_FREED:
        fprintf(stderr, "  player %d was freed", event->player);
        return;
    case EVENT_SILENT:
        fprintf(stderr, "  player %d waits for silence", event->player);
        return;
    case EVENT_SETTLED:
        fprintf(stderr, "  settled");
        return;
    }
}

void history_print(void)
{
    fprintf(stderr, "What happened:\n");
    for (int i = 0; i < history.count; i++) {
        fprintf(stderr, "  %4d %12ld ns thread %d  ", i, (long)history.events[i].now_ns,
                history.events[i].thread);
        print_event(&history.events[i]);
        fputc('\n', stderr);
    }
}
