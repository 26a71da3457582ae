#include "base/clock.h"
#include "base/lock.h"
#include "base/thread.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>

#define PATIENCE_NS (20 * CLOCK_NS_PER_S)
#define ROUNDS 20000

static struct lock lock;
static struct lock other;
static struct condition condition;
static int shared;

static void setup(void)
{
    lock_init(&lock);
    lock_init(&other);
    condition_init(&condition);
}

static void teardown(void)
{
    condition_deinit(&condition);
    lock_deinit(&other);
    lock_deinit(&lock);
}

TestSuite(lock, .init = setup, .fini = teardown);

static void run_beside(void *(*run)(void *), void (*here)(void))
{
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, run, NULL), 0);
    here();
    cr_assert_eq(pthread_join(thread, NULL), 0);
}

static void count_up(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        lock_acquire(&lock);
        shared++;
        lock_release(&lock);
    }
}

static void *count_up_by_deadline(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (!lock_acquire_until(&lock, clock_monotonic_ns() + PATIENCE_NS))
            return NULL;
        shared++;
        lock_release(&lock);
    }
    return arg;
}

Test(lock, one_at_a_time_holds_it)
{
    run_beside(count_up_by_deadline, count_up);
    cr_assert_eq(shared, 2 * ROUNDS);
}

/* Whether this thread holds it; `otherwise` where locks don't know. */
static bool held(bool otherwise)
{
#ifdef KVFS_LOCK_OWNER
    (void)otherwise;
    return lock_held(&lock);
#else
    return otherwise;
#endif
}

static void *look_at_held_lock(void *arg)
{
    shared = 0;
    if (!held(false))
        shared |= 1;
    if (!lock_try(&lock))
        shared |= 2;
    if (!lock_acquire_until(&lock, clock_monotonic_ns() + CLOCK_NS_PER_MS))
        shared |= 4;
    if (!lock_acquire_until(&lock, 0))
        shared |= 8;
    return arg;
}

static void do_nothing(void)
{
}

Test(lock, another_thread_neither_holds_nor_gets_it_before_its_deadline)
{
    lock_acquire(&lock);
    cr_assert(held(true));
    run_beside(look_at_held_lock, do_nothing);
    cr_assert(held(true));
    lock_release(&lock);
    cr_assert_not(held(false));
    cr_assert_eq(shared, 1 | 2 | 4 | 8);
}

static void take_both(struct lock *a, struct lock *b)
{
    for (int i = 0; i < ROUNDS; i++) {
        lock_acquire_both(a, b);
        shared++;
        lock_release_both(a, b);
    }
}

static void take_both_here(void)
{
    take_both(&lock, &other);
}

static void *take_both_there(void *arg)
{
    take_both(&other, &lock);
    return arg;
}

Test(lock, two_are_taken_in_one_order_whoever_names_which_first)
{
    run_beside(take_both_there, take_both_here);
    cr_assert_eq(shared, 2 * ROUNDS);
}

Test(lock, both_of_one_lock_is_one_lock)
{
    lock_acquire_both(&lock, &lock);
    cr_assert(held(true));
    lock_release_both(&lock, &lock);
    cr_assert_not(held(false));
}

static void *signal_soon(void *arg)
{
    lock_acquire(&lock);
    shared = 1;
    condition_signal(&condition);
    lock_release(&lock);
    return arg;
}

static void wait_for_signal(void)
{
    int64_t deadline = clock_monotonic_ns() + PATIENCE_NS;
    bool in_time = true;

    lock_acquire(&lock);
    while (shared == 0 && in_time)
        in_time = condition_wait_until(&condition, &lock, deadline);
    cr_assert(held(true));
    lock_release(&lock);
}

Test(lock, who_waits_for_a_condition_is_woken_and_holds_the_lock)
{
    run_beside(signal_soon, wait_for_signal);
    cr_assert_eq(shared, 1);
}

Test(lock, a_wait_ends_at_its_deadline_and_not_before)
{
    int64_t deadline = clock_monotonic_ns() + 5 * CLOCK_NS_PER_MS;

    lock_acquire(&lock);
    while (condition_wait_until(&condition, &lock, deadline))
        continue;
    lock_release(&lock);
    cr_assert_geq(clock_monotonic_ns(), deadline);
}

/* ---- by a clock that is held ---- */

#define HOUR_NS (3600 * CLOCK_NS_PER_S)
#define SLICES 20 /* of waits that end for no reason, which take longer in all than PASSED_NS */
#define PASSED_NS (5 * CLOCK_NS_PER_MS)

static int64_t held_deadline;
static int woken; /* guarded by lock, as the next is */
static bool gave_up;
static pid_t acquirer; /* guarded by other */

static void *wait_until_held_deadline(void *arg)
{
    lock_acquire(&lock);
    while (shared == 0 && !gave_up) {
        gave_up = !condition_wait_until(&condition, &lock, held_deadline);
        woken++;
    }
    lock_release(&lock);
    return arg;
}

/* Until whoever waits has looked at the clock often enough, whatever it made of it. */
static void let_real_time_pass(void)
{
    lock_acquire(&lock);
    while (woken < SLICES && !gave_up) {
        lock_release(&lock);
        sched_yield();
        lock_acquire(&lock);
    }
    lock_release(&lock);
}

static bool has_given_up(void)
{
    bool has;

    lock_acquire(&lock);
    has = gave_up;
    lock_release(&lock);
    return has;
}

static void turn_and_see_it_give_up(void)
{
    let_real_time_pass();
    cr_assert_not(has_given_up());
    clock_turn(PASSED_NS - 1);
    lock_acquire(&lock);
    woken = 0;
    lock_release(&lock);
    let_real_time_pass();
    cr_assert_not(has_given_up());
    clock_turn(1);
}

Test(lock, a_wait_by_a_held_clock_ends_when_that_is_turned_to_its_deadline_and_not_before)
{
    clock_hold();
    held_deadline = clock_monotonic_ns() + PASSED_NS;
    run_beside(wait_until_held_deadline, turn_and_see_it_give_up);
    cr_assert(gave_up);
    clock_let_go();
}

static void turn_an_hour(void)
{
    let_real_time_pass();
    clock_turn(HOUR_NS);
}

Test(lock, a_wait_by_a_held_clock_ends_long_before_the_systems_clock_says_so)
{
    time_t before = time(NULL);

    clock_hold();
    held_deadline = clock_monotonic_ns() + HOUR_NS;
    run_beside(wait_until_held_deadline, turn_an_hour);
    cr_assert(gave_up);
    cr_assert_lt(time(NULL), before + 60);
    clock_let_go();
}

static void signal_after_a_while(void)
{
    let_real_time_pass();
    (void)signal_soon(NULL);
}

Test(lock, who_waits_by_a_held_clock_is_woken_all_the_same)
{
    clock_hold();
    held_deadline = clock_monotonic_ns() + 1;
    run_beside(wait_until_held_deadline, signal_after_a_while);
    cr_assert_not(gave_up);
    clock_let_go();
}

static void let_go_and_see_it_give_up(void)
{
    let_real_time_pass();
    cr_assert_not(has_given_up());
    clock_let_go();
}

Test(lock, a_wait_goes_on_by_the_systems_clock_when_that_runs_again)
{
    clock_hold();
    clock_turn(HOUR_NS);
    held_deadline = clock_monotonic_ns() + PASSED_NS;
    run_beside(wait_until_held_deadline, let_go_and_see_it_give_up);
    cr_assert(gave_up);
    cr_assert_geq(clock_monotonic_ns(), held_deadline);
}

Test(lock, a_wait_that_begins_when_the_clock_was_let_go_ends_at_its_deadline_too)
{
    time_t before = time(NULL);

    clock_hold();
    clock_turn(HOUR_NS);
    clock_let_go();
    held_deadline = clock_monotonic_ns() + PASSED_NS;
    run_beside(wait_until_held_deadline, do_nothing);
    cr_assert(gave_up);
    cr_assert_geq(clock_monotonic_ns(), held_deadline);
    cr_assert_lt(time(NULL), before + 60);
}

static void *acquire_until_held_deadline(void *arg)
{
    lock_acquire(&other);
    acquirer = thread_number();
    condition_signal(&condition);
    lock_release(&other);

    gave_up = !lock_acquire_until(&lock, held_deadline);
    if (!gave_up)
        lock_release(&lock);
    return arg;
}

/* How often it has gone to sleep; ULONG_MAX if it isn't there any more. */
static unsigned long count_sleeps(pid_t thread)
{
    unsigned long sleeps = ULONG_MAX;
    char line[128];
    FILE *file;

    snprintf(line, sizeof(line), "/proc/self/task/%d/status", thread);
    file = fopen(line, "r");
    while (file && fgets(line, sizeof(line), file))
        (void)sscanf(line, "voluntary_ctxt_switches: %lu", &sleeps);
    if (file)
        fclose(file);
    return sleeps;
}

/* Until it has looked at the clock several times, or has ended. */
static void await_acquirer(void)
{
    unsigned long before;

    lock_acquire(&other);
    while (acquirer == 0)
        (void)condition_wait_until(&condition, &other, LOCK_FOREVER);
    lock_release(&other);

    before = count_sleeps(acquirer);
    while (before != ULONG_MAX && count_sleeps(acquirer) < before + SLICES)
        sched_yield();
}

static void turn_an_hour_when_it_acquires(void)
{
    await_acquirer();
    clock_turn(HOUR_NS);
}

Test(lock, who_wants_a_held_lock_by_a_held_clock_gives_up_when_that_is_turned_to_its_deadline)
{
    time_t before = time(NULL);

    clock_hold();
    held_deadline = clock_monotonic_ns() + HOUR_NS;
    lock_acquire(&lock);
    run_beside(acquire_until_held_deadline, turn_an_hour_when_it_acquires);
    lock_release(&lock);
    cr_assert(gave_up);
    cr_assert_lt(time(NULL), before + 60);
    clock_let_go();
}

static void release_when_it_acquires(void)
{
    await_acquirer();
    lock_release(&lock);
}

Test(lock, who_wants_a_held_lock_by_a_held_clock_gets_it_however_long_that_takes)
{
    clock_hold();
    held_deadline = clock_monotonic_ns() + 1;
    lock_acquire(&lock);
    run_beside(acquire_until_held_deadline, release_when_it_acquires);
    cr_assert_not(gave_up);
    clock_let_go();
}

Test(lock, a_held_clock_gives_no_time_that_was_already_over)
{
    clock_hold();
    held_deadline = clock_monotonic_ns();
    lock_acquire(&lock);
    run_beside(acquire_until_held_deadline, do_nothing);
    lock_release(&lock);
    cr_assert(gave_up);
    clock_let_go();
}
