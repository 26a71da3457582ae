/*
 * The scheduler itself: what it must find, it finds; what it found, it finds
 * again.
 */
#include "seeded/seeds.h"

#include "base/atomic.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>

static struct lock a;
static struct lock b;
static struct condition changed;
static _Atomic int shared;
static bool flag;

static void begin_locks(void)
{
    lock_init(&a);
    lock_init(&b);
    condition_init(&changed);
    atomic_init(&shared, 0);
    flag = false;
}

static void end_locks(void)
{
    condition_deinit(&changed);
    lock_deinit(&b);
    lock_deinit(&a);
}

/* Runs two bodies at once. */
static void race(void *(*one)(void *), void *(*other)(void *))
{
    struct thread threads[2];

    must(thread_start(&threads[0], "one", one, NULL) == 0);
    must(thread_start(&threads[1], "other", other, NULL) == 0);
    thread_join(&threads[0]);
    thread_join(&threads[1]);
}

/* ---- finds ---- */

static void *add_in_two_steps(void *arg)
{
    atomic_store(&shared, atomic_load(&shared) + 1);
    return arg;
}

SEEDED_TEST(scheduler, finds_a_lost_update, 500, "lost", "kept")
{
    begin_locks();
    race(add_in_two_steps, add_in_two_steps);
    seeds_outcome(atomic_load(&shared) == 1 ? "lost" : "kept");
    end_locks();
}

static void *add_under_lock(void *arg)
{
    lock_acquire(&a);
    (void)add_in_two_steps(arg);
    lock_release(&a);
    return arg;
}

SEEDED_TEST(scheduler, loses_no_update_under_a_lock, 500, "kept")
{
    begin_locks();
    race(add_under_lock, add_under_lock);
    must(atomic_load(&shared) == 2);
    seeds_outcome("kept");
    end_locks();
}

static void *take_a_then_b(void *arg)
{
    lock_acquire(&a);
    lock_acquire(&b);
    lock_release_both(&a, &b);
    return arg;
}

static void *take_b_then_a(void *arg)
{
    lock_acquire(&b);
    lock_acquire(&a);
    lock_release_both(&a, &b);
    return arg;
}

static void cross_locks(void)
{
    begin_locks();
    race(take_a_then_b, take_b_then_a);
    end_locks();
}

Test(scheduler, finds_a_deadlock, .signal = SIGABRT)
{
    seeds_die(cross_locks, 500);
}

static void *take_both(void *arg)
{
    lock_acquire_both(&a, &b);
    lock_release_both(&b, &a);
    return arg;
}

SEEDED_TEST(scheduler, takes_two_locks_in_one_order, 500, NULL)
{
    begin_locks();
    race(take_both, take_both);
    end_locks();
}

static void *poll_flag(void *arg)
{
    while (!atomic_load(&shared))
        ;
    return arg;
}

static void wait_for_nobody(void)
{
    begin_locks();
    race(poll_flag, poll_flag);
}

Test(scheduler, finds_a_livelock, .signal = SIGABRT)
{
    seeds_die(wait_for_nobody, 1);
}

static void *set_shared(void *arg)
{
    atomic_store(&shared, 1);
    return arg;
}

SEEDED_TEST(scheduler, lets_everybody_on_while_somebody_polls, 500, NULL)
{
    begin_locks();
    race(poll_flag, set_shared);
    end_locks();
}

/* Tells outside the lock that guards what is told. */
static void *tell_too_early(void *arg)
{
    condition_signal(&changed);
    lock_acquire(&a);
    flag = true;
    lock_release(&a);
    return arg;
}

static void *tell(void *arg)
{
    lock_acquire(&a);
    flag = true;
    condition_signal(&changed);
    lock_release(&a);
    return arg;
}

static void *await_flag(void *arg)
{
    lock_acquire(&a);
    while (!flag)
        (void)condition_wait_until(&changed, &a, LOCK_FOREVER);
    lock_release(&a);
    return arg;
}

static void lose_a_wakeup(void)
{
    begin_locks();
    race(tell_too_early, await_flag);
    end_locks();
}

Test(scheduler, finds_a_lost_wakeup, .signal = SIGABRT)
{
    seeds_die(lose_a_wakeup, 500);
}

SEEDED_TEST(scheduler, loses_no_wakeup_that_is_told_under_the_lock, 500, NULL)
{
    begin_locks();
    race(tell, await_flag);
    end_locks();
}

/* Takes it for granted that a wait that was in time was told. */
static void *await_without_looking_again(void *arg)
{
    lock_acquire(&a);
    if (!flag)
        (void)condition_wait_until(&changed, &a, LOCK_FOREVER);
    seeds_outcome(flag ? "told" : "for no reason");
    lock_release(&a);
    return arg;
}

SEEDED_TEST(scheduler, wakes_a_condition_for_no_reason, 2000, "told", "for no reason")
{
    begin_locks();
    race(tell, await_without_looking_again);
    end_locks();
}

static void *await_one_ms(void *arg)
{
    int64_t deadline = clock_monotonic_ns() + CLOCK_NS_PER_MS;
    bool in_time = true;

    lock_acquire(&a);
    while (!flag && in_time)
        in_time = condition_wait_until(&changed, &a, deadline);
    must(in_time || clock_monotonic_ns() >= deadline);
    seeds_outcome(flag ? "told" : "too late");
    lock_release(&a);
    return arg;
}

SEEDED_TEST(scheduler, lets_time_run_out_while_others_can_run, 500, "told", "too late")
{
    begin_locks();
    race(tell, await_one_ms);
    end_locks();
}

static void *hold_for_a_day(void *arg)
{
    int64_t deadline = clock_monotonic_ns() + 24 * 3600 * CLOCK_NS_PER_S;

    lock_acquire(&a);
    while (condition_wait_until(&changed, &b, deadline))
        ;
    lock_release_both(&a, &b);
    return arg;
}

static void *take_within_a_ms(void *arg)
{
    bool taken = lock_acquire_until(&a, clock_monotonic_ns() + CLOCK_NS_PER_MS);

    seeds_outcome(taken ? "taken" : "too late");
    if (taken)
        lock_release(&a);
    return arg;
}

static void *hold_b_for_a_day(void *arg)
{
    lock_acquire(&b);
    return hold_for_a_day(arg);
}

SEEDED_TEST(scheduler, lets_a_day_pass_when_nobody_can_run, 500, "taken", "too late")
{
    int64_t began;

    begin_locks();
    began = clock_monotonic_ns();
    race(hold_b_for_a_day, take_within_a_ms);
    must(clock_monotonic_ns() - began >= 24 * 3600 * CLOCK_NS_PER_S);
    end_locks();
}

/* ---- insists ---- */

static void leave_a_thread(void)
{
    struct thread thread;

    begin_locks();
    must(thread_start(&thread, "left", set_shared, NULL) == 0);
}

Test(scheduler, misses_a_thread_that_nobody_joined, .signal = SIGABRT)
{
    seeds_die(leave_a_thread, 1);
}

static void use_what_is_gone(void)
{
    begin_locks();
    end_locks();
    lock_acquire(&a);
}

Test(scheduler, knows_a_lock_that_is_gone, .signal = SIGABRT)
{
    seeds_die(use_what_is_gone, 1);
}

static void release_what_is_not_held(void)
{
    begin_locks();
    lock_release(&a);
}

Test(scheduler, knows_who_holds_a_lock, .signal = SIGABRT)
{
    seeds_die(release_what_is_not_held, 1);
}

SEEDED_TEST(scheduler, fails_to_start_a_thread_when_asked_to, 500, "started", "failed")
{
    struct thread thread;
    int rc;

    begin_locks();
    seeded_fail_thread_starts(30);
    rc = thread_start(&thread, "maybe", set_shared, NULL);
    seeds_outcome(rc == 0 ? "started" : "failed");
    must(rc == 0 || rc == -EAGAIN);
    if (rc == 0)
        thread_join(&thread);
    end_locks();
}

/* ---- repeats ---- */

static uint64_t run_race(uint64_t seed)
{
    seeded_begin(seed);
    begin_locks();
    race(add_under_lock, take_both);
    end_locks();
    return seeded_end();
}

Test(scheduler, goes_the_same_way_for_the_same_seed_and_others_for_others)
{
    uint64_t before = 0;
    int others = 0;

    for (uint64_t seed = 1; seed <= 200; seed++) {
        uint64_t hash = run_race(seed);

        cr_assert_eq(run_race(seed), hash);
        others += hash != before;
        before = hash;
    }
    cr_assert_gt(others, 100);
    seeded_shutdown();
}
