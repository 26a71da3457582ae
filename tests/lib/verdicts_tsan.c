/* What only tiny_runner.c and ThreadSanitizer see; part of verdicts.c's tests. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

static int shared;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *unguarded(void *arg)
{
    shared++;
    return arg;
}

static void *guarded(void *arg)
{
    pthread_mutex_lock(&mutex);
    shared++;
    pthread_mutex_unlock(&mutex);
    return arg;
}

static void *assert_nothing(void *arg)
{
    cr_assert_fail("on another thread");
    return arg;
}

static void assert_in_fini(void)
{
    cr_assert_fail("in fini");
}

static void run_twice(void *(*fn)(void *))
{
    pthread_t a, b;

    cr_assert(pthread_create(&a, NULL, fn, NULL) == 0);
    cr_assert(pthread_create(&b, NULL, fn, NULL) == 0);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
}

Test(must_pass, no_race)
{
    run_twice(guarded);
    cr_assert_eq(shared, 2);
}

Test(must_fail, race)
{
    run_twice(unguarded);
}

Test(must_fail, race_before_an_expected_signal, .signal = SIGABRT)
{
    run_twice(unguarded);
    abort();
}

Test(must_fail, assertion_on_another_thread)
{
    run_twice(assert_nothing);
}

Test(must_fail, assertion_in_fini, .fini = assert_in_fini)
{
}
