#include "base/clock.h"
#include "base/lock.h"

#include <criterion/criterion.h>

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

static void *look_at_held_lock(void *arg)
{
    shared = 0;
    if (!lock_held(&lock))
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
    cr_assert(lock_held(&lock));
    run_beside(look_at_held_lock, do_nothing);
    cr_assert(lock_held(&lock));
    lock_release(&lock);
    cr_assert_not(lock_held(&lock));
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
    cr_assert(lock_held(&lock));
    lock_release_both(&lock, &lock);
    cr_assert_not(lock_held(&lock));
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
    cr_assert(lock_held(&lock));
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
