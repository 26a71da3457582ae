#include "base/limit.h"

#include <criterion/criterion.h>
#include <pthread.h>

#define THREADS 8
#define ROUNDS 20000

Test(limit, gives_all_of_it_or_nothing)
{
    struct limit limit = {.max = 10};

    cr_assert(limit_take(&limit, 6));
    cr_assert_not(limit_take(&limit, 5));
    cr_assert_eq(limit_used(&limit), 6);
    cr_assert_eq(limit_room(&limit), 4);
    cr_assert(limit_take(&limit, 4));
    cr_assert_eq(limit_room(&limit), 0);
    cr_assert(limit_take(&limit, 0));
    cr_assert_not(limit_take(&limit, 1));
    limit_give(&limit, 10);
    cr_assert_eq(limit_used(&limit), 0);
}

Test(limit, of_zero_is_none_and_counts)
{
    struct limit limit = {0};

    cr_assert(limit_take(&limit, UINT64_C(1) << 60));
    cr_assert_eq(limit_used(&limit), UINT64_C(1) << 60);
    cr_assert_eq(limit_room(&limit), UINT64_MAX);
}

Test(limit, may_be_set_below_what_is_used)
{
    struct limit limit = {.max = 10};

    cr_assert(limit_take(&limit, 8));
    limit.max = 5;
    cr_assert_eq(limit_room(&limit), 0);
    cr_assert_not(limit_take(&limit, 1));
    cr_assert(limit_take(&limit, 0));
    limit_give(&limit, 4);
    cr_assert(limit_take(&limit, 1));
}

Test(limit, is_not_overrun_by_a_huge_amount)
{
    struct limit limit = {.max = 10};

    cr_assert(limit_take(&limit, 3));
    cr_assert_not(limit_take(&limit, UINT64_MAX));
    cr_assert_not(limit_take(&limit, UINT64_MAX - 2));
    cr_assert_eq(limit_used(&limit), 3);
}

static struct limit shared = {.max = 3 * THREADS / 2};

static void *take_and_give(void *arg)
{
    uint64_t most = 0;

    for (int i = 0; i < ROUNDS; i++) {
        uint64_t amount = (uint64_t)(i % 3) + 1;

        if (!limit_take(&shared, amount))
            continue;
        if (limit_used(&shared) > most)
            most = limit_used(&shared);
        limit_give(&shared, amount);
    }
    *(uint64_t *)arg = most;
    return NULL;
}

Test(limit, is_never_exceeded_by_many_at_once)
{
    pthread_t threads[THREADS];
    uint64_t most[THREADS];

    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, take_and_give, &most[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_leq(most[i], shared.max);
    }
    cr_assert_eq(limit_used(&shared), 0);
}
