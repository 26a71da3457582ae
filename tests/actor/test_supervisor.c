#include "actor/link.h"
#include "base/clock.h"
#include "lib/wards.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

/* ---- supervisors of wards ---- */

#define WARDS_MAX 8

static int try_start(const struct supervisor_options *options, struct ward_plan *plans, size_t count,
                     struct supervisor **ret_supervisor, struct reason *ret_reason)
{
    struct child_spec specs[WARDS_MAX];

    for (size_t i = 0; i < count; i++)
        specs[i] = ward_spec(&plans[i]);
    return supervisor_start(actors_runtime(), "supervisor", options, specs, count, ret_supervisor,
                            ret_reason);
}

static struct supervisor *start_with(const struct supervisor_options *options, struct ward_plan *plans,
                                     size_t count)
{
    struct supervisor *supervisor;
    struct reason reason;

    cr_assert_eq(try_start(options, plans, count, &supervisor, &reason), 0);
    return supervisor;
}

static struct supervisor *start(enum supervisor_strategy strategy, struct ward_plan *plans, size_t count)
{
    return start_with(&(struct supervisor_options){.strategy = strategy}, plans, count);
}

static void finish(struct supervisor *supervisor)
{
    cr_assert_eq(supervisor_stop(supervisor, REASON(SHUTDOWN), ACTORS_PATIENCE_MS), 0);
    supervisor_unref(supervisor);
}

struct search {
    const char *id;
    bool found;
    struct supervisor_child child; /* with a reference on its actor */
};

static bool match(void *context, const struct supervisor_child *child)
{
    struct search *search = context;

    if (strcmp(child->id, search->id) != 0)
        return true;
    search->found = true;
    search->child = *child;
    if (child->actor)
        actor_ref(child->actor);
    return false;
}

/* As soon as what came before has been handled. */
static struct search search(struct supervisor *supervisor, const char *id)
{
    struct search search = {.id = id};

    cr_assert_eq(supervisor_visit(supervisor, match, &search), 0);
    return search;
}

/* A reference on the child's actor; NULL if it doesn't run. */
static struct actor *find(struct supervisor *supervisor, const char *id)
{
    return search(supervisor, id).child.actor;
}

static bool is_known(struct supervisor *supervisor, const char *id)
{
    struct search found = search(supervisor, id);

    actor_unref(found.child.actor);
    return found.found;
}

static bool is_running(struct supervisor *supervisor, const char *id)
{
    struct actor *actor = find(supervisor, id);
    bool is = actor && actor_alive(actor);

    actor_unref(actor);
    return is;
}

static uint64_t restarts_of(struct supervisor *supervisor, const char *id)
{
    struct search found = search(supervisor, id);

    actor_unref(found.child.actor);
    return found.child.restarts;
}

static bool append_id(void *context, const struct supervisor_child *child)
{
    strcat(context, child->id);
    return true;
}

/* The ids in their order, one letter each. */
static const char *ids(struct supervisor *supervisor)
{
    static char text[64];

    text[0] = '\0';
    cr_assert_eq(supervisor_visit(supervisor, append_id, text), 0);
    return text;
}

static void end(struct supervisor *supervisor, const char *id, struct reason reason)
{
    struct actor *actor = find(supervisor, id);

    cr_assert(actor, "%s doesn't run", id);
    ward_end(actor, reason);
    actor_unref(actor);
}

static struct reason sour(void)
{
    return reason_error("sour");
}

static int watch(struct probe *self, void *arg)
{
    self->refs[0] = actor_monitor(&self->actor, &self->monitors[0], arg);
    return 0;
}

static struct probe *watcher_of(struct actor *actor)
{
    struct probe *watcher = probe_start();

    cr_assert_eq(probe_do(watcher, watch, actor), 0);
    return watcher;
}

/* By itself, with `shutdown`. */
static void assert_ends(struct supervisor *supervisor)
{
    struct actor *actor = supervisor_actor(supervisor);

    cr_assert(probe_await(watcher_of(actor), "down 1"));
    cr_assert_eq(actor->reason.code, REASON_SHUTDOWN);
}

static const char *label_of(struct supervisor *supervisor)
{
    static char label[64];

    actor_label(supervisor_actor(supervisor), label, sizeof(label));
    return label;
}

/* ---- order ---- */

WARD_TEST(supervisor, starts_its_children_in_order_and_stops_them_in_reverse)
{
    struct ward_plan *plans = ward_plans("abc");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 3);

    cr_assert_str_eq(wards_story(), "start a, start b, start c");
    cr_assert_str_eq(ids(supervisor), "abc");
    finish(supervisor);
    cr_assert_str_eq(wards_story(),
                     "start a, start b, start c, end c shutdown, end b shutdown, end a shutdown");
}

WARD_TEST(supervisor, may_have_no_children)
{
    struct supervisor *supervisor = start_with(NULL, NULL, 0);

    cr_assert_str_eq(ids(supervisor), "");
    cr_assert_str_eq(label_of(supervisor), "supervisor");
    finish(supervisor);
}

WARD_TEST(supervisor, whose_child_cannot_start_stops_those_before_it_and_fails_with_the_reason)
{
    struct ward_plan *plans = ward_plans("abcd");
    struct supervisor *supervisor = NULL;
    struct reason reason;

    plans[2].failures = 1;
    cr_assert_eq(try_start(NULL, plans, 4, &supervisor, &reason), SUPERVISOR_E_START);
    cr_assert_null(supervisor);
    cr_assert_str_eq(reason.text, "init");
    reason_deinit(&reason);
    cr_assert_str_eq(wards_story(), "start a, start b, fail c, end b shutdown, end a shutdown");
    for (int i = 0; i < 4; i++)
        cr_assert_eq(plans[i].released, 1);
}

static int refuse_memory(struct actor *supervisor)
{
    (void)supervisor;
    return -ENOMEM;
}

WARD_TEST(supervisor, gives_a_reason_for_a_start_that_gave_none)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor;
    struct reason reason;

    plan->before = refuse_memory;
    cr_assert_eq(try_start(NULL, plan, 1, &supervisor, &reason), SUPERVISOR_E_START);
    cr_assert_eq(reason.code, REASON_ERROR);
    cr_assert_str_eq(reason.text, strerror(ENOMEM));
    reason_deinit(&reason);
}

WARD_TEST(supervisor, of_two_children_with_one_id_starts_neither)
{
    struct ward_plan *plans = ward_plans("abac");
    struct supervisor *supervisor = NULL;
    struct reason reason;

    cr_assert_eq(try_start(NULL, plans, 4, &supervisor, &reason), SUPERVISOR_E_EXISTS);
    cr_assert_null(supervisor);
    cr_assert_str_eq(wards_story(), "");
    for (int i = 0; i < 4; i++)
        cr_assert_eq(plans[i].released, 1);
}

WARD_TEST(supervisor, keeps_copies_of_its_name_and_of_ids)
{
    char name[] = "kitchen";
    char id[] = "milk";
    struct ward_plan *plan = ward_plans("a");
    struct child_spec spec = ward_spec(plan);
    struct supervisor *supervisor;
    struct reason reason;

    spec.id = id;
    cr_assert_eq(supervisor_start(actors_runtime(), name, NULL, &spec, 1, &supervisor, &reason), 0);
    memset(name, 'x', strlen(name));
    memset(id, 'x', strlen(id));
    cr_assert(is_running(supervisor, "milk"));
    cr_assert_str_eq(label_of(supervisor), "kitchen");
    finish(supervisor);
    cr_assert_eq(plan->released, 1);
}

/* ---- policies ---- */

static struct reason shutdown_with_text(void)
{
    struct reason reason = reason_error("the shop closes");

    reason.code = REASON_SHUTDOWN;
    return reason;
}

/* Each reason that an actor may end with. */
static struct reason reason_number(int i)
{
    switch (i) {
    case 0:
        return REASON(NORMAL);
    case 1:
        return REASON(SHUTDOWN);
    case 2:
        return shutdown_with_text();
    case 3:
        return REASON(KILLED);
    case 4:
        return REASON(NOPROC);
    case 5:
        return REASON(NOCONNECTION);
    default:
        return sour();
    }
}

#define REASONS 7
#define NORMAL_REASONS 3

static struct supervisor *start_patient(struct ward_plan *plans, size_t count)
{
    return start_with(
        &(struct supervisor_options){.intensity = {.max_restarts = 100, .period_ns = CLOCK_NS_PER_S}}, plans,
        count);
}

WARD_TEST(supervisor, restarts_a_permanent_child_after_every_end)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor = start_patient(plan, 1);

    for (int i = 0; i < REASONS; i++) {
        end(supervisor, "a", reason_number(i));
        cr_assert(is_running(supervisor, "a"));
        cr_assert_eq(restarts_of(supervisor, "a"), (uint64_t)i + 1);
    }
    cr_assert_eq(plan->released, 0);
    finish(supervisor);
}

WARD_TEST(supervisor, restarts_a_transient_child_after_an_abnormal_end)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor;

    plan->policy = RESTART_TRANSIENT;
    supervisor = start_patient(plan, 1);
    for (int i = NORMAL_REASONS; i < REASONS; i++) {
        end(supervisor, "a", reason_number(i));
        cr_assert(is_running(supervisor, "a"));
    }
    finish(supervisor);
}

WARD_TEST(supervisor, keeps_a_transient_child_that_ended_normally_without_restarting_it)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor;
    struct reason reason;

    plan->policy = RESTART_TRANSIENT;
    supervisor = start_patient(plan, 1);
    for (int i = 0; i < NORMAL_REASONS; i++) {
        end(supervisor, "a", reason_number(i));
        cr_assert(is_known(supervisor, "a"));
        cr_assert_not(is_running(supervisor, "a"));
        cr_assert_eq(supervisor_restart_child(supervisor, "a", NULL, &reason), 0);
    }
    finish(supervisor);
}

WARD_TEST(supervisor, forgets_a_temporary_child_after_every_end)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor = start_patient(NULL, 0);
    struct child_spec spec;
    struct reason reason;

    plan->policy = RESTART_TEMPORARY;
    spec = ward_spec(plan);
    for (int i = 0; i < REASONS; i++) {
        cr_assert_eq(supervisor_start_child(supervisor, &spec, NULL, &reason), 0);
        cr_assert(is_running(supervisor, "a"));
        end(supervisor, "a", reason_number(i));
        cr_assert_not(is_known(supervisor, "a"));
        cr_assert_eq(plan->released, i + 1);
    }
    finish(supervisor);
}

/* ---- strategies ---- */

WARD_TEST(supervisor, one_for_one_restarts_that_one)
{
    struct ward_plan *plans = ward_plans("abc");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 3);

    wards_forget_story();
    end(supervisor, "b", sour());
    cr_assert_str_eq(ids(supervisor), "abc");
    cr_assert_str_eq(wards_story(), "end b error: sour, start b");
    finish(supervisor);
}

WARD_TEST(supervisor, one_for_all_stops_the_others_in_reverse_and_starts_all_in_order)
{
    struct ward_plan *plans = ward_plans("abc");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ALL, plans, 3);

    wards_forget_story();
    end(supervisor, "b", sour());
    cr_assert_str_eq(ids(supervisor), "abc");
    cr_assert_str_eq(wards_story(),
                     "end b error: sour, end c shutdown, end a shutdown, start a, start b, start c");
    cr_assert_eq(restarts_of(supervisor, "c"), 1);
    finish(supervisor);
}

WARD_TEST(supervisor, rest_for_one_stops_those_behind_in_reverse_and_starts_them_in_order)
{
    struct ward_plan *plans = ward_plans("abcd");
    struct supervisor *supervisor = start(SUPERVISOR_REST_FOR_ONE, plans, 4);

    wards_forget_story();
    end(supervisor, "b", sour());
    cr_assert_str_eq(ids(supervisor), "abcd");
    cr_assert_str_eq(wards_story(),
                     "end b error: sour, end d shutdown, end c shutdown, start b, start c, start d");
    cr_assert_eq(restarts_of(supervisor, "a"), 0);
    finish(supervisor);
}

static void assert_no_strategy_acts_after_a_normal_end(enum supervisor_strategy strategy)
{
    struct ward_plan *plans = ward_plans("abc");
    struct supervisor *supervisor;

    plans[1].policy = RESTART_TRANSIENT;
    supervisor = start(strategy, plans, 3);
    wards_forget_story();
    end(supervisor, "b", REASON(NORMAL));
    cr_assert_str_eq(ids(supervisor), "abc");
    cr_assert_str_eq(wards_story(), "end b normal");
    finish(supervisor);
}

WARD_TEST(supervisor, leaves_the_others_alone_where_nothing_is_restarted)
{
    assert_no_strategy_acts_after_a_normal_end(SUPERVISOR_ONE_FOR_ONE);
    assert_no_strategy_acts_after_a_normal_end(SUPERVISOR_ONE_FOR_ALL);
    assert_no_strategy_acts_after_a_normal_end(SUPERVISOR_REST_FOR_ONE);
}

WARD_TEST(supervisor, one_for_all_starts_also_who_had_ended_and_forgets_temporary_ones)
{
    struct ward_plan *plans = ward_plans("abc");
    struct supervisor *supervisor;

    plans[0].policy = RESTART_TEMPORARY;
    plans[1].policy = RESTART_TRANSIENT;
    supervisor = start(SUPERVISOR_ONE_FOR_ALL, plans, 3);
    end(supervisor, "b", REASON(NORMAL));
    wards_forget_story();
    end(supervisor, "c", sour());
    cr_assert_str_eq(ids(supervisor), "bc");
    cr_assert_str_eq(wards_story(), "end c error: sour, end a shutdown, start b, start c");
    finish(supervisor);
}

WARD_TEST(supervisor, rest_for_one_of_the_first_is_all)
{
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor = start(SUPERVISOR_REST_FOR_ONE, plans, 2);

    wards_forget_story();
    end(supervisor, "a", sour());
    cr_assert_str_eq(ids(supervisor), "ab");
    cr_assert_str_eq(wards_story(), "end a error: sour, end b shutdown, start a, start b");
    finish(supervisor);
}

WARD_TEST(supervisor, one_for_all_counts_children_that_end_together_as_one_restart)
{
    struct ward_plan *plans = ward_plans("abc");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ALL, plans, 3);
    struct actor *a = find(supervisor, "a");
    struct actor *b = find(supervisor, "b");
    struct gate gate;

    gate_init(&gate);
    plans[2].end_gate = &gate;
    ward_end(a, REASON(KILLED));
    cr_assert(gate_await(&gate, 1));
    ward_end(b, REASON(KILLED));
    plans[2].end_gate = NULL;
    gate_open(&gate);
    cr_assert_eq(restarts_of(supervisor, "a"), 1);
    cr_assert_eq(restarts_of(supervisor, "b"), 1);
    finish(supervisor);
    actor_unref(a);
    actor_unref(b);
    gate_deinit(&gate);
}

/* ---- intensity ---- */

WARD_TEST(supervisor, past_its_intensity_stops_what_is_left_in_reverse_and_ends_with_shutdown)
{
    struct ward_plan *plans = ward_plans("abc");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 3);
    struct probe *watcher = watcher_of(supervisor_actor(supervisor));

    for (int i = 0; i < 3; i++)
        end(supervisor, "b", sour());
    cr_assert(is_running(supervisor, "b"));
    wards_forget_story();
    end(supervisor, "b", sour());
    cr_assert(probe_await(watcher, "down 1"));
    cr_assert_str_eq(probe_story(watcher), "down 1 shutdown");
    cr_assert_str_eq(wards_story(), "end b error: sour, end c shutdown, end a shutdown");
    cr_assert_eq(supervisor_stop(supervisor, REASON(NORMAL), ACTORS_PATIENCE_MS), ACTOR_E_NOPROC);
    supervisor_unref(supervisor);
}

WARD_TEST(supervisor, counts_the_restarts_of_all_its_children_together)
{
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 2);

    end(supervisor, "a", sour());
    end(supervisor, "b", sour());
    end(supervisor, "a", sour());
    cr_assert(is_running(supervisor, "a"));
    end(supervisor, "b", sour());
    assert_ends(supervisor);
    supervisor_unref(supervisor);
}

WARD_TEST(supervisor, with_a_maximum_of_none_gives_up_at_the_first)
{
    struct supervisor_options options = {.intensity = {.max_restarts = 0, .period_ns = CLOCK_NS_PER_S}};
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor = start_with(&options, plan, 1);

    end(supervisor, "a", sour());
    assert_ends(supervisor);
    cr_assert_str_eq(wards_story(), "start a, end a error: sour");
    supervisor_unref(supervisor);
}

WARD_TEST(supervisor, does_not_count_ends_after_which_nobody_is_restarted)
{
    struct supervisor_options options = {.intensity = {.max_restarts = 0, .period_ns = CLOCK_NS_PER_S}};
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor;

    plans[0].policy = RESTART_TEMPORARY;
    plans[1].policy = RESTART_TRANSIENT;
    supervisor = start_with(&options, plans, 2);
    end(supervisor, "a", sour());
    end(supervisor, "b", REASON(NORMAL));
    cr_assert_str_eq(ids(supervisor), "b");
    finish(supervisor);
}

WARD_TEST(supervisor, whose_restarts_are_a_period_apart_goes_on_for_ever)
{
    struct supervisor_options options = {.intensity = {.max_restarts = 1, .period_ns = 1}};
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor = start_with(&options, plan, 1);

    for (int i = 0; i < 20; i++)
        end(supervisor, "a", sour());
    cr_assert_eq(restarts_of(supervisor, "a"), 20);
    finish(supervisor);
}

/* Three restarts, and a fourth that much later. */
static struct supervisor *restart_again_after(int64_t ns)
{
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, ward_plans("a"), 1);

    clock_hold();
    for (int i = 0; i < 3; i++)
        end(supervisor, "a", sour());
    cr_assert(is_running(supervisor, "a"));
    clock_turn(ns);
    end(supervisor, "a", sour());
    return supervisor;
}

WARD_TEST(supervisor, counts_what_was_restarted_a_period_ago)
{
    struct supervisor *supervisor = restart_again_after(5 * CLOCK_NS_PER_S);

    assert_ends(supervisor);
    supervisor_unref(supervisor);
    clock_let_go();
}

WARD_TEST(supervisor, does_not_count_what_was_restarted_before_that)
{
    struct supervisor *supervisor = restart_again_after(5 * CLOCK_NS_PER_S + 1);

    cr_assert(is_running(supervisor, "a"));
    finish(supervisor);
    clock_let_go();
}

/* ---- restarts that fail ---- */

WARD_TEST(supervisor, tries_a_restart_that_failed_again)
{
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 2);

    plans[0].failures = 2;
    end(supervisor, "a", sour());
    cr_assert(wards_await("end a error: sour, fail a, fail a, start a"));
    cr_assert(is_running(supervisor, "a"));
    cr_assert_eq(restarts_of(supervisor, "a"), 1);
    finish(supervisor);
}

WARD_TEST(supervisor, counts_each_attempt_of_a_restart)
{
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 2);

    plans[0].failures = 1000;
    end(supervisor, "a", sour());
    assert_ends(supervisor);
    cr_assert_str_eq(wards_story(),
                     "start a, start b, end a error: sour, fail a, fail a, fail a, end b shutdown");
    supervisor_unref(supervisor);
}

WARD_TEST(supervisor, whose_children_fail_to_restart_gives_each_its_turn)
{
    struct ward_plan *plans = ward_plans("abc");
    struct supervisor *supervisor = start_patient(plans, 3);
    struct actor *b = find(supervisor, "b");
    struct gate gate;

    gate_init(&gate);
    plans[0].init_gate = &gate;
    plans[0].failures = plans[1].failures = 3;
    end(supervisor, "a", sour());
    cr_assert(gate_await(&gate, 1));
    ward_end(b, sour());
    gate_open(&gate);
    cr_assert(
        wards_await("end b error: sour, fail a, fail b, fail a, fail b, fail a, fail b, start a, start b"));
    finish(supervisor);
    actor_unref(b);
    gate_deinit(&gate);
}

WARD_TEST(supervisor, one_for_all_starts_over_when_one_of_them_fails)
{
    struct ward_plan *plans = ward_plans("abc");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ALL, plans, 3);

    wards_forget_story();
    plans[1].failures = 1;
    end(supervisor, "c", sour());
    cr_assert(wards_await("start c"));
    cr_assert_str_eq(ids(supervisor), "abc");
    cr_assert_str_eq(wards_story(), "end c error: sour, end b shutdown, end a shutdown, start a, fail b, "
                                    "end a shutdown, start a, start b, start c");
    finish(supervisor);
}

WARD_TEST(supervisor, rest_for_one_goes_on_from_the_one_that_failed)
{
    struct ward_plan *plans = ward_plans("abc");
    struct supervisor *supervisor = start(SUPERVISOR_REST_FOR_ONE, plans, 3);

    wards_forget_story();
    plans[1].failures = 1;
    end(supervisor, "a", sour());
    cr_assert(wards_await("start c"));
    cr_assert_str_eq(ids(supervisor), "abc");
    cr_assert_str_eq(wards_story(),
                     "end a error: sour, end c shutdown, end b shutdown, start a, fail b, start b, start c");
    finish(supervisor);
}

static uint32_t mail_of(struct actor *actor)
{
    struct actor_stats stats;

    actor_get_stats(actor, &stats);
    return stats.mailbox;
}

static bool await_mail(struct actor *actor, uint32_t count)
{
    int64_t deadline = clock_monotonic_ns() + ACTORS_PATIENCE_MS * CLOCK_NS_PER_MS;

    while (mail_of(actor) != count) {
        if (clock_monotonic_ns() > deadline)
            return false;
        sched_yield();
    }
    return true;
}

static int stop_supervisor(void *supervisor)
{
    return supervisor_stop(supervisor, REASON(SHUTDOWN), ACTOR_FOREVER);
}

/* What `ask` answers when it comes while `a`, the only one, is being restarted, which fails. Ends the supervisor. */
static int ask_between_attempts(int (*ask)(void *supervisor))
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plan, 1);
    struct helper *asker;
    struct gate gate;
    uint32_t mail;
    int answer;

    gate_init(&gate);
    wards_forget_story();
    plan->init_gate = &gate;
    plan->failures = 1;
    end(supervisor, "a", sour());
    cr_assert(gate_await(&gate, 1));
    mail = mail_of(supervisor_actor(supervisor));
    asker = helper_start(ask, supervisor);
    cr_assert(await_mail(supervisor_actor(supervisor), mail + 1));
    gate_open(&gate);
    answer = helper_join(asker);
    (void)stop_supervisor(supervisor);
    supervisor_unref(supervisor);
    gate_deinit(&gate);
    return answer;
}

static int restart_a(void *supervisor)
{
    struct reason reason;

    return supervisor_restart_child(supervisor, "a", NULL, &reason);
}

static int delete_a(void *supervisor)
{
    return supervisor_delete_child(supervisor, "a");
}

static int a_is_known_but_not_running(void *supervisor)
{
    struct search a = search(supervisor, "a");

    actor_unref(a.child.actor);
    return a.found && !a.child.actor;
}

WARD_TEST(supervisor, answers_calls_between_two_attempts_of_a_restart)
{
    cr_assert_eq(ask_between_attempts(restart_a), SUPERVISOR_E_RUNNING);
    cr_assert_eq(ask_between_attempts(delete_a), SUPERVISOR_E_RUNNING);
    cr_assert(ask_between_attempts(a_is_known_but_not_running));
}

static int stop_a_and_look(void *supervisor)
{
    must(supervisor_stop_child(supervisor, "a") == 0);
    must(a_is_known_but_not_running(supervisor));
    return supervisor_delete_child(supervisor, "a");
}

WARD_TEST(supervisor, does_not_try_again_what_was_stopped)
{
    cr_assert_eq(ask_between_attempts(stop_a_and_look), 0);
    cr_assert_str_eq(wards_story(), "end a error: sour, fail a");
}

WARD_TEST(supervisor, is_stopped_between_two_attempts_of_a_restart)
{
    cr_assert_eq(ask_between_attempts(stop_supervisor), 0);
    cr_assert_str_eq(wards_story(), "end a error: sour, fail a");
}

/* ---- shutdown ---- */

static void assert_is_killed_when_its_time_is_up(bool slow)
{
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor;
    struct actor *actor;
    struct gate gate;

    gate_init(&gate);
    wards_forget_story();
    plans[0].slow = slow;
    plans[0].shutdown_ms = 1;
    supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 2);
    actor = find(supervisor, "a");
    ward_hold(actor, &gate);
    finish(supervisor);
    cr_assert_str_eq(wards_story(), "start a, start b, end b shutdown");
    cr_assert_eq(actor->state, ACTOR_ENDED);
    gate_open(&gate);
    cr_assert(wards_await("end a killed"));
    actor_unref(actor);
    gate_deinit(&gate);
}

WARD_TEST(supervisor, kills_a_child_whose_callback_does_not_return_in_time)
{
    assert_is_killed_when_its_time_is_up(false);
    assert_is_killed_when_its_time_is_up(true);
}

WARD_TEST(supervisor, gives_a_child_its_time_and_no_more)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor;
    struct helper *stopper;
    struct actor *actor;
    struct gate gate;

    gate_init(&gate);
    plan->slow = true;
    plan->shutdown_ms = SUPERVISOR_SHUTDOWN_MS;
    supervisor = start(SUPERVISOR_ONE_FOR_ONE, plan, 1);
    actor = find(supervisor, "a");
    ward_hold(actor, &gate);
    clock_hold();
    stopper = helper_start(stop_supervisor, supervisor);
    cr_assert(await_mail(actor, 1));
    clock_turn(SUPERVISOR_SHUTDOWN_MS * CLOCK_NS_PER_MS - 1);
    cr_assert(actor_alive(actor));
    clock_turn(1);
    cr_assert_eq(helper_join(stopper), 0);
    cr_assert_eq(actor->reason.code, REASON_KILLED);
    clock_let_go();
    gate_open(&gate);
    actor_unref(actor);
    supervisor_unref(supervisor);
    gate_deinit(&gate);
}

WARD_TEST(supervisor, kills_a_child_whose_terminate_does_not_return_in_time)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor;
    struct actor *actor;
    struct gate gate;

    gate_init(&gate);
    plan->slow = true;
    plan->shutdown_ms = 20;
    plan->end_gate = &gate;
    supervisor = start(SUPERVISOR_ONE_FOR_ONE, plan, 1);
    actor = find(supervisor, "a");
    finish(supervisor);
    cr_assert_eq(actor->state, ACTOR_ENDED);
    cr_assert_eq(actor->reason.code, REASON_KILLED);
    gate_open(&gate);
    actor_unref(actor);
    gate_deinit(&gate);
}

WARD_TEST(supervisor, brutally_kills_a_child_that_asks_for_it)
{
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor;

    plans[1].shutdown_ms = SUPERVISOR_BRUTAL_KILL;
    supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 2);
    finish(supervisor);
    cr_assert_str_eq(wards_story(), "start a, start b, end b killed, end a shutdown");
}

WARD_TEST(supervisor, waits_for_ever_for_a_child_that_asks_for_it)
{
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor;
    struct helper *stopper;
    struct gate gate;

    gate_init(&gate);
    plans[1].slow = true;
    plans[1].shutdown_ms = ACTOR_FOREVER;
    plans[1].end_gate = &gate;
    supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 2);
    stopper = helper_start(stop_supervisor, supervisor);
    cr_assert(gate_await(&gate, 1));
    cr_assert_str_eq(wards_story(), "start a, start b, end b shutdown");
    gate_open(&gate);
    cr_assert_eq(helper_join(stopper), 0);
    cr_assert_str_eq(wards_story(), "start a, start b, end b shutdown, end a shutdown");
    supervisor_unref(supervisor);
    gate_deinit(&gate);
}

/* ---- calls ---- */

WARD_TEST(supervisor, starts_one_more_child_behind_the_others)
{
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 1);
    struct child_spec spec = ward_spec(&plans[1]);
    struct actor *found;
    struct actor *child;
    struct reason reason;

    cr_assert_eq(supervisor_start_child(supervisor, &spec, &child, &reason), 0);
    found = find(supervisor, "b");
    cr_assert_eq(child, found);
    cr_assert_str_eq(ids(supervisor), "ab");
    actor_unref(child);
    actor_unref(found);
    finish(supervisor);
    cr_assert_str_eq(wards_story(), "start a, start b, end b shutdown, end a shutdown");
    cr_assert_eq(plans[1].released, 1);
}

WARD_TEST(supervisor, restarts_a_child_that_was_started_later_like_the_others)
{
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ALL, plans, 1);
    struct child_spec spec = ward_spec(&plans[1]);
    struct reason reason;

    cr_assert_eq(supervisor_start_child(supervisor, &spec, NULL, &reason), 0);
    wards_forget_story();
    end(supervisor, "b", sour());
    cr_assert_str_eq(ids(supervisor), "ab");
    cr_assert_str_eq(wards_story(), "end b error: sour, end a shutdown, start a, start b");
    finish(supervisor);
}

WARD_TEST(supervisor, refuses_a_child_whose_id_is_taken)
{
    struct ward_plan *plans = ward_plans("aa");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 1);
    struct child_spec spec = ward_spec(&plans[1]);
    struct actor *child = NULL;
    struct reason reason;

    cr_assert_eq(supervisor_start_child(supervisor, &spec, &child, &reason), SUPERVISOR_E_EXISTS);
    cr_assert_eq(supervisor_stop_child(supervisor, "a"), 0);
    cr_assert_eq(supervisor_start_child(supervisor, &spec, &child, &reason), SUPERVISOR_E_EXISTS);
    cr_assert_null(child);
    cr_assert_eq(plans[1].released, 2);
    finish(supervisor);
}

WARD_TEST(supervisor, does_not_keep_a_child_that_cannot_start)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, NULL, 0);
    struct child_spec spec = ward_spec(plan);
    struct actor *child = NULL;
    struct reason reason;

    plan->failures = 1;
    cr_assert_eq(supervisor_start_child(supervisor, &spec, &child, &reason), SUPERVISOR_E_START);
    cr_assert_null(child);
    cr_assert_str_eq(reason.text, "init");
    reason_deinit(&reason);
    cr_assert_not(is_known(supervisor, "a"));
    cr_assert_eq(plan->released, 1);
    finish(supervisor);
}

WARD_TEST(supervisor, stops_and_keeps_a_child_until_it_is_restarted_or_deleted)
{
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 2);
    struct actor *child;
    struct reason reason;

    cr_assert_eq(supervisor_delete_child(supervisor, "a"), SUPERVISOR_E_RUNNING);
    cr_assert_eq(supervisor_restart_child(supervisor, "a", &child, &reason), SUPERVISOR_E_RUNNING);
    cr_assert_eq(supervisor_stop_child(supervisor, "a"), 0);
    cr_assert_eq(supervisor_stop_child(supervisor, "a"), 0);
    cr_assert_str_eq(ids(supervisor), "ab");
    cr_assert_eq(supervisor_restart_child(supervisor, "a", &child, &reason), 0);
    cr_assert(actor_alive(child));
    actor_unref(child);
    cr_assert_eq(supervisor_stop_child(supervisor, "a"), 0);
    cr_assert_eq(supervisor_delete_child(supervisor, "a"), 0);
    cr_assert_str_eq(ids(supervisor), "b");
    cr_assert_eq(plans[0].released, 1);
    cr_assert_str_eq(wards_story(), "start a, start b, end a shutdown, start a, end a shutdown");
    finish(supervisor);
}

WARD_TEST(supervisor, forgets_a_temporary_child_that_is_stopped)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor;

    plan->policy = RESTART_TEMPORARY;
    supervisor = start(SUPERVISOR_ONE_FOR_ONE, plan, 1);
    cr_assert_eq(supervisor_stop_child(supervisor, "a"), 0);
    cr_assert_not(is_known(supervisor, "a"));
    finish(supervisor);
}

WARD_TEST(supervisor, knows_no_child_of_another_id)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plan, 1);
    struct actor *child;
    struct reason reason;

    cr_assert_eq(supervisor_stop_child(supervisor, "b"), SUPERVISOR_E_NOT_FOUND);
    cr_assert_eq(supervisor_restart_child(supervisor, "b", &child, &reason), SUPERVISOR_E_NOT_FOUND);
    cr_assert_eq(supervisor_delete_child(supervisor, ""), SUPERVISOR_E_NOT_FOUND);
    finish(supervisor);
}

WARD_TEST(supervisor, whose_child_cannot_be_restarted_by_hand_leaves_it_as_it_is)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plan, 1);
    struct reason reason;

    cr_assert_eq(supervisor_stop_child(supervisor, "a"), 0);
    plan->failures = 1;
    cr_assert_eq(supervisor_restart_child(supervisor, "a", NULL, &reason), SUPERVISOR_E_START);
    cr_assert_str_eq(reason.text, "init");
    reason_deinit(&reason);
    cr_assert(is_known(supervisor, "a"));
    cr_assert_not(is_running(supervisor, "a"));
    cr_assert_eq(supervisor_restart_child(supervisor, "a", NULL, &reason), 0);
    finish(supervisor);
}

WARD_TEST(supervisor, shows_each_child_with_its_policy_and_its_restarts)
{
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor;
    struct search a, b;

    plans[1].policy = RESTART_TRANSIENT;
    supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 2);
    end(supervisor, "a", sour());
    end(supervisor, "a", sour());
    end(supervisor, "b", REASON(NORMAL));
    a = search(supervisor, "a");
    b = search(supervisor, "b");
    cr_assert(actor_alive(a.child.actor));
    cr_assert_eq(a.child.policy, RESTART_PERMANENT);
    cr_assert_eq(a.child.restarts, 2);
    cr_assert_null(b.child.actor);
    cr_assert_eq(b.child.policy, RESTART_TRANSIENT);
    cr_assert_eq(b.child.restarts, 0);
    actor_unref(a.child.actor);
    finish(supervisor);
}

WARD_TEST(supervisor, that_has_ended_answers_so)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, NULL, 0);
    struct child_spec spec = ward_spec(plan);
    struct reason reason;

    cr_assert_eq(supervisor_stop(supervisor, REASON(SHUTDOWN), ACTORS_PATIENCE_MS), 0);
    cr_assert_eq(supervisor_start_child(supervisor, &spec, NULL, &reason), ACTOR_E_NOPROC);
    cr_assert_eq(plan->released, 1);
    cr_assert_eq(supervisor_stop_child(supervisor, "a"), ACTOR_E_NOPROC);
    cr_assert_eq(supervisor_visit(supervisor, append_id, NULL), ACTOR_E_NOPROC);
    supervisor_unref(supervisor);
}

static int stop_child_a(struct probe *self, void *arg)
{
    (void)self;
    return supervisor_stop_child(arg, "a");
}

WARD_TEST(supervisor, cannot_be_called_by_a_prompt_actor)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plan, 1);

    cr_assert_eq(probe_do(probe_start(), stop_child_a, supervisor), ACTOR_E_DEADLOCK);
    cr_assert(is_running(supervisor, "a"));
    finish(supervisor);
}

static int ask(struct actor *actor)
{
    must(supervisor_stop_child(supervisor_of(actor), "a") == ACTOR_E_DEADLOCK);
    must(supervisor_visit(supervisor_of(actor), append_id, NULL) == ACTOR_E_DEADLOCK);
    return 0;
}

WARD_TEST(supervisor, refuses_what_a_child_asks_of_it_while_it_is_being_started)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor;

    plan->before = ask;
    supervisor = start(SUPERVISOR_ONE_FOR_ONE, plan, 1);
    end(supervisor, "a", sour());
    cr_assert(is_running(supervisor, "a"));
    finish(supervisor);
}

struct errand {
    struct supervisor *supervisor;
    struct child_spec spec;
};

static int start_given_child(struct probe *self, void *arg)
{
    struct errand *errand = arg;
    struct actor *child;
    struct reason reason;

    (void)self;
    return supervisor_start_child(errand->supervisor, &errand->spec, &child, &reason);
}

WARD_TEST(supervisor, goes_on_with_what_a_caller_asked_who_was_killed_meanwhile)
{
    struct ward_plan *plan = ward_plans("a");
    struct errand errand = {.supervisor = start(SUPERVISOR_ONE_FOR_ONE, NULL, 0), .spec = ward_spec(plan)};
    struct probe *caller = probe_start_slow();
    struct gate gate;

    gate_init(&gate);
    plan->init_gate = &gate;
    probe_do_later(caller, start_given_child, &errand);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(probe_kill(caller), 0);
    cr_assert(probe_await_end(caller));
    gate_open(&gate);
    cr_assert(is_running(errand.supervisor, "a"));
    finish(errand.supervisor);
    gate_deinit(&gate);
}

/* ---- a child that ends while it is being started ---- */

WARD_TEST(supervisor, restarts_a_child_that_ended_before_it_was_monitored)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor;

    plan->deaths = 2;
    plan->death = REASON(KILLED);
    supervisor = start(SUPERVISOR_ONE_FOR_ONE, plan, 1);
    cr_assert(wards_await("start a, end a killed, start a, end a killed, start a"));
    cr_assert(is_running(supervisor, "a"));
    finish(supervisor);
}

WARD_TEST(supervisor, whose_child_always_ends_while_it_is_being_started_gives_up)
{
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor;

    plans[1].deaths = 1000;
    plans[1].death = REASON(KILLED);
    supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 2);
    assert_ends(supervisor);
    cr_assert_eq(plans[1].deaths, 1000 - 4);
    supervisor_unref(supervisor);
}

WARD_TEST(supervisor, goes_by_the_reason_of_a_child_that_ended_before_it_was_monitored)
{
    struct ward_plan *plans = ward_plans("abc");
    struct supervisor *supervisor;

    for (int i = 0; i < 3; i++)
        plans[i].deaths = 1;
    plans[0].policy = plans[1].policy = RESTART_TRANSIENT;
    plans[0].death = REASON(NORMAL);
    plans[1].death = sour();
    plans[2].policy = RESTART_TEMPORARY;
    supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 3);
    cr_assert_str_eq(ids(supervisor), "ab");
    cr_assert_not(is_running(supervisor, "a"));
    cr_assert(is_running(supervisor, "b"));
    finish(supervisor);
    reason_deinit(&plans[1].death);
}

/* ---- trees ---- */

/* top: a, left (b, c), d */
struct tree {
    struct ward_plan *plans; /* a, b, c, d */
    struct child_spec below[2];
    struct branch_plan left;
    struct child_spec specs[3];
};

static void plant(struct tree *tree)
{
    tree->plans = ward_plans("abcd");
    tree->below[0] = ward_spec(&tree->plans[1]);
    tree->below[1] = ward_spec(&tree->plans[2]);
    tree->left =
        (struct branch_plan){.name = "left", .policy = RESTART_PERMANENT, .specs = tree->below, .count = 2};
    tree->specs[0] = ward_spec(&tree->plans[0]);
    tree->specs[1] = branch_spec(&tree->left);
    tree->specs[2] = ward_spec(&tree->plans[3]);
}

static struct supervisor *start_tree(struct tree *tree)
{
    struct supervisor *supervisor;
    struct reason reason;

    cr_assert_eq(supervisor_start(actors_runtime(), "top", NULL, tree->specs, 3, &supervisor, &reason), 0);
    return supervisor;
}

/* The branch, with a reference. */
static struct supervisor *find_left(struct supervisor *top)
{
    struct supervisor *left = supervisor_of(find(top, "left"));

    cr_assert(left);
    return left;
}

WARD_TEST(supervisor, may_be_the_child_of_another)
{
    struct tree tree;
    struct supervisor *top;
    struct supervisor *left;
    struct actor *a;

    plant(&tree);
    top = start_tree(&tree);
    left = find_left(top);
    a = find(top, "a");
    cr_assert_str_eq(ids(left), "bc");
    cr_assert_null(supervisor_of(a));
    supervisor_unref(left);
    actor_unref(a);
    finish(top);
    cr_assert_str_eq(wards_story(), "start a, start b, start c, start d, end d shutdown, end c shutdown, "
                                    "end b shutdown, end a shutdown");
}

WARD_TEST(supervisor, that_cannot_start_in_the_middle_of_a_tree_ends_the_tree)
{
    struct supervisor *top = NULL;
    struct reason reason;
    struct tree tree;

    plant(&tree);
    tree.plans[2].failures = 1;
    cr_assert_eq(supervisor_start(actors_runtime(), "top", NULL, tree.specs, 3, &top, &reason),
                 SUPERVISOR_E_START);
    cr_assert_null(top);
    cr_assert_str_eq(reason.text, "init");
    reason_deinit(&reason);
    cr_assert_str_eq(wards_story(), "start a, start b, fail c, end b shutdown, end a shutdown");
}

WARD_TEST(supervisor, that_gave_up_is_restarted_by_its_own_supervisor)
{
    struct tree tree;
    struct supervisor *top;
    struct supervisor *left;

    plant(&tree);
    tree.left.options.intensity = (struct restart_intensity){.max_restarts = 0, .period_ns = 1};
    top = start_tree(&tree);
    left = find_left(top);
    wards_forget_story();
    end(left, "b", sour());
    cr_assert(wards_await("start c"));
    cr_assert_str_eq(ids(top), "aleftd");
    cr_assert_str_eq(wards_story(), "end b error: sour, end c shutdown, start b, start c");
    cr_assert_eq(restarts_of(top, "left"), 1);
    supervisor_unref(left);
    finish(top);
}

static void end_b_below(struct supervisor *top)
{
    struct supervisor *left = find_left(top);

    end(left, "b", sour());
    supervisor_unref(left);
}

WARD_TEST(supervisor, that_gives_up_at_every_level_ends_the_tree)
{
    struct tree tree;
    struct supervisor *top;

    plant(&tree);
    tree.left.options.intensity = (struct restart_intensity){.max_restarts = 0, .period_ns = 1};
    top = start_tree(&tree);
    for (int i = 0; i < 3; i++) {
        wards_forget_story();
        end_b_below(top);
        cr_assert(wards_await("start c"));
    }
    end_b_below(top);
    assert_ends(top);
    supervisor_unref(top);
}

/* ---- a supervisor that is killed ---- */

WARD_TEST(supervisor, that_is_killed_takes_its_children_along)
{
    struct ward_plan *plans = ward_plans("abc");
    struct supervisor *supervisor;
    struct actor *b;

    plans[1].slow = true;
    plans[2].traps = true;
    supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 3);
    b = find(supervisor, "b");
    cr_assert_eq(actor_kill(supervisor_actor(supervisor)), 0);
    cr_assert(wards_await("end a killed"));
    cr_assert(wards_await("end b killed"));
    cr_assert(wards_await("end c killed"));
    cr_assert_eq(b->reason.code, REASON_KILLED);
    actor_unref(b);
    supervisor_unref(supervisor);
}

WARD_TEST(supervisor, that_is_killed_takes_the_tree_below_it_along)
{
    struct supervisor *top;
    struct tree tree;

    plant(&tree);
    top = start_tree(&tree);
    cr_assert_eq(actor_kill(supervisor_actor(top)), 0);
    cr_assert(wards_await("end a killed"));
    cr_assert(wards_await("end c shutdown, end b shutdown"),
              "a supervisor whose parent ends still ends in order");
    cr_assert(wards_await("end d killed"));
    supervisor_unref(top);
}

WARD_TEST(supervisor, that_is_killed_takes_restarted_and_later_children_along)
{
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 1);
    struct child_spec spec = ward_spec(&plans[1]);
    struct reason reason;

    cr_assert_eq(supervisor_start_child(supervisor, &spec, NULL, &reason), 0);
    end(supervisor, "a", sour());
    cr_assert(is_running(supervisor, "a"));
    cr_assert_eq(actor_kill(supervisor_actor(supervisor)), 0);
    cr_assert(wards_await("end a killed"));
    cr_assert(wards_await("end b killed"));
    supervisor_unref(supervisor);
}

/* The supervisor of one ward is killed while it restarts that. */
static void kill_while_restarting(struct ward_plan *plan, int failures)
{
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plan, 1);
    struct gate gate;

    gate_init(&gate);
    plan->init_gate = &gate;
    plan->failures = failures;
    end(supervisor, "a", sour());
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(actor_kill(supervisor_actor(supervisor)), 0);
    gate_open(&gate);
    gate_deinit(&gate);
    supervisor_unref(supervisor);
}

WARD_TEST(supervisor, that_is_killed_takes_the_child_along_that_it_is_starting)
{
    struct ward_plan *plan = ward_plans("a");

    kill_while_restarting(plan, 0);
    cr_assert(wards_await("start a, end a error: sour, start a, end a killed"));
}

WARD_TEST(supervisor, that_is_killed_takes_the_child_along_that_it_is_starting_linked)
{
    struct ward_plan *plan = ward_plans("a");

    plan->traps = true;
    kill_while_restarting(plan, 0);
    cr_assert(wards_await("start a, end a error: sour, start a, end a"));
}

WARD_TEST(supervisor, that_is_killed_while_a_restart_fails_leaves_nothing)
{
    struct ward_plan *plan = ward_plans("a");

    kill_while_restarting(plan, 1000);
    cr_assert(wards_await("start a, end a error: sour, fail a"));
}

static bool await_release(struct ward_plan *plan)
{
    int64_t deadline = clock_monotonic_ns() + ACTORS_PATIENCE_MS * CLOCK_NS_PER_MS;

    while (plan->released == 0 && clock_monotonic_ns() < deadline)
        sched_yield();
    return plan->released == 1;
}

WARD_TEST(supervisor, that_is_killed_starts_nobody_any_more)
{
    struct ward_plan *plans = ward_plans("ab");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ALL, plans, 2);
    struct gate gate;

    gate_init(&gate);
    wards_forget_story();
    plans[0].init_gate = &gate;
    end(supervisor, "b", sour());
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(actor_kill(supervisor_actor(supervisor)), 0);
    gate_open(&gate);
    cr_assert(await_release(&plans[1]));
    cr_assert(wards_await("end a killed"));
    cr_assert_str_eq(wards_story(), "end b error: sour, end a shutdown, start a, end a killed");
    supervisor_unref(supervisor);
    gate_deinit(&gate);
}

WARD_TEST(supervisor, that_is_killed_while_it_stops_its_children_takes_the_others_along)
{
    struct ward_plan *plans = ward_plans("abc");
    struct supervisor *supervisor;
    struct helper *stopper;
    struct gate gate;

    gate_init(&gate);
    plans[1].slow = true;
    plans[1].end_gate = &gate;
    supervisor = start(SUPERVISOR_ONE_FOR_ONE, plans, 3);
    stopper = helper_start(stop_supervisor, supervisor);
    cr_assert(gate_await(&gate, 1));
    cr_assert_eq(actor_kill(supervisor_actor(supervisor)), 0);
    cr_assert_eq(helper_join(stopper), 0);
    cr_assert(wards_await("end a killed"));
    gate_open(&gate);
    supervisor_unref(supervisor);
    gate_deinit(&gate);
}

/* ---- a supervisor whose parent is another actor ---- */

static int start_branch_here(struct probe *self, void *arg)
{
    struct tree *tree = arg;
    struct reason reason;
    struct supervisor *supervisor;

    (void)self;
    must(supervisor_start(actors_runtime(), "top", NULL, tree->specs, 3, &supervisor, &reason) == 0);
    supervisor_unref(supervisor);
    return 0;
}

static struct probe *start_parent_of(struct tree *tree)
{
    struct probe *parent = probe_start_slow();

    plant(tree);
    cr_assert_eq(probe_do(parent, start_branch_here, tree), 0);
    return parent;
}

#define TREE_ENDS "end d shutdown, end c shutdown, end b shutdown, end a shutdown"

WARD_TEST(supervisor, ends_in_order_when_the_actor_that_started_it_is_killed)
{
    struct tree tree;
    struct probe *parent = start_parent_of(&tree);

    cr_assert_eq(probe_kill(parent), 0);
    cr_assert(wards_await(TREE_ENDS));
}

WARD_TEST(supervisor, ends_in_order_when_the_actor_that_started_it_ends_normally)
{
    struct tree tree;
    struct probe *parent = start_parent_of(&tree);

    cr_assert_eq(probe_stop(parent), 0);
    cr_assert(wards_await(TREE_ENDS));
}

static int fail_to_start_here(struct probe *self, void *arg)
{
    struct tree *tree = arg;
    struct reason reason;
    struct supervisor *supervisor;
    int rc = supervisor_start(actors_runtime(), "top", NULL, tree->specs, 3, &supervisor, &reason);

    (void)self;
    if (rc == SUPERVISOR_E_START)
        reason_deinit(&reason);
    return rc;
}

WARD_TEST(supervisor, that_cannot_start_leaves_the_actor_alone_that_started_it)
{
    struct probe *parent = probe_start_slow();
    struct tree tree;

    plant(&tree);
    tree.plans[3].failures = 1;
    cr_assert_eq(probe_do(parent, fail_to_start_here, &tree), SUPERVISOR_E_START);
    cr_assert_eq(probe_call(parent, 1), 0);
    cr_assert_str_eq(probe_story(parent), "call 1");
}

/* The parent ends, by the end of one it is linked with, while the last ward of the tree is being started. */
static void end_parent_meanwhile(struct reason reason)
{
    struct probe *parent = probe_start_slow();
    struct probe *other = probe_start();
    struct tree tree;
    struct gate gate;

    plant(&tree);
    gate_init(&gate);
    probe_link(parent, other);
    tree.plans[3].init_gate = &gate;
    probe_do_later(parent, start_branch_here, &tree);
    cr_assert(gate_await(&gate, 1));
    ward_end(&other->actor, reason);
    gate_open(&gate);
    cr_assert(probe_await_end(parent));
    gate_deinit(&gate);
}

WARD_TEST(supervisor, ends_when_the_actor_that_starts_it_is_killed_meanwhile)
{
    end_parent_meanwhile(REASON(KILLED));
    cr_assert(wards_await("end a killed"));
    cr_assert(wards_await("end d killed"));
    cr_assert(wards_await("end c shutdown, end b shutdown"));
}

WARD_TEST(supervisor, ends_for_the_reason_of_the_actor_that_starts_it)
{
    end_parent_meanwhile(sour());
    cr_assert(wards_await("end a error: sour"));
    cr_assert(wards_await("end d error: sour"));
    cr_assert(wards_await("end c shutdown, end b shutdown"));
}

/* ---- what else it may get ---- */

WARD_TEST(supervisor, ignores_exit_signals_of_others)
{
    struct ward_plan *plan = ward_plans("a");
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, plan, 1);
    struct probe *other = probe_start();

    cr_assert_eq(actor_link(&other->actor, supervisor_actor(supervisor)), 0);
    cr_assert_eq(probe_kill(other), 0);
    cr_assert_eq(actor_signal_exit(supervisor_actor(supervisor), REASON(SHUTDOWN)), 0);
    cr_assert(is_running(supervisor, "a"));
    cr_assert_eq(restarts_of(supervisor, "a"), 0);
    finish(supervisor);
}

WARD_TEST(supervisor, drops_and_counts_infos_that_it_does_not_know)
{
    struct supervisor *supervisor = start(SUPERVISOR_ONE_FOR_ONE, NULL, 0);

    actor_send(supervisor_actor(supervisor), counted_message(MESSAGE_INFO, 0));
    cr_assert_eq(actor_cast(supervisor_actor(supervisor), counted_message(MESSAGE_CAST, 0)), 0);
    cr_assert_str_eq(ids(supervisor), "");
    cr_assert_eq(atomic_load(&actors_runtime()->infos_dropped), 1);
    finish(supervisor);
}

/* ---- all at once ---- */

struct storm {
    struct supervisor *supervisor;
    const char *id;
    int rounds;
};

static int kill_again_and_again(void *arg)
{
    struct storm *storm = arg;

    for (int i = 0; i < storm->rounds; i++) {
        struct actor *actor = find(storm->supervisor, storm->id);

        if (actor)
            (void)actor_kill(actor);
        actor_unref(actor);
    }
    return 0;
}

static int stop_and_start_again(void *arg)
{
    struct storm *storm = arg;
    struct reason reason;
    int rc;

    for (int i = 0; i < storm->rounds; i++) {
        must(supervisor_stop_child(storm->supervisor, storm->id) == 0);
        rc = supervisor_restart_child(storm->supervisor, storm->id, NULL, &reason);
        must(rc == 0 || rc == SUPERVISOR_E_RUNNING);
    }
    return 0;
}

static void assert_weathers_a_storm(enum supervisor_strategy strategy)
{
    struct supervisor_options options = {.strategy = strategy,
                                         .intensity = {.max_restarts = 100000, .period_ns = CLOCK_NS_PER_S}};
    struct ward_plan *plans = ward_plans("abcd");
    struct supervisor *supervisor;
    struct helper *helpers[4];
    struct storm storms[4];

    plans[1].slow = true;
    plans[2].shutdown_ms = SUPERVISOR_BRUTAL_KILL;
    supervisor = start_with(&options, plans, 4);
    for (int i = 0; i < 4; i++) {
        storms[i] = (struct storm){.supervisor = supervisor, .id = plans[i].name, .rounds = 100};
        helpers[i] = helper_start(i == 3 ? stop_and_start_again : kill_again_and_again, &storms[i]);
    }
    for (int i = 0; i < 4; i++)
        cr_assert_eq(helper_join(helpers[i]), 0);
    for (int i = 0; i < 3; i++)
        cr_assert(is_running(supervisor, plans[i].name));
    finish(supervisor);
}

WARD_TEST(supervisor, keeps_its_children_running_whoever_kills_them)
{
    assert_weathers_a_storm(SUPERVISOR_ONE_FOR_ONE);
    assert_weathers_a_storm(SUPERVISOR_ONE_FOR_ALL);
    assert_weathers_a_storm(SUPERVISOR_REST_FOR_ONE);
}
