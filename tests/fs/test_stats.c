#include "fs/stats.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define EACH 20000

static struct stats *stats;

static void begin(void)
{
    stats = stats_create();
    cr_assert(stats);
}

static void finish(void)
{
    stats_destroy(stats);
}

TestSuite(stats, .init = begin, .fini = finish, .timeout = 60);

static void answer(enum operation operation, int64_t ns)
{
    struct stats_request request;

    stats_begin(stats, operation, &request);
    clock_turn(ns);
    stats_end(&request);
}

static void *answer_many(void *unused)
{
    struct stats_request request;

    (void)unused;
    for (int i = 0; i < EACH; i++) {
        stats_begin(stats, OPERATION_WRITE, &request);
        stats_count_written(stats, 3);
        stats_count_error(stats, ENOSPC);
        stats_end(&request);
        stats_count(stats, OPERATION_FORGET);
    }
    return NULL;
}

static uint64_t all_durations(enum operation operation)
{
    struct stats_durations durations;

    stats_get_durations(stats, operation, &durations);
    return durations.count;
}

Test(stats, begins_with_nothing)
{
    for (enum operation i = 0; i < OPERATION_COUNT; i++)
        cr_assert_eq(stats_requests(stats, i), 0);
    cr_assert_eq(stats_read(stats), 0);
    cr_assert_eq(stats_written(stats), 0);
    cr_assert_eq(all_durations(OPERATION_LOOKUP), 0);
}

Test(stats, adds_up_what_threads_count_at_once)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, answer_many, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(stats_requests(stats, OPERATION_WRITE), THREADS * EACH);
    cr_assert_eq(stats_requests(stats, OPERATION_FORGET), THREADS * EACH);
    cr_assert_eq(stats_errors(stats, OPERATION_WRITE, ENOSPC), THREADS * EACH);
    cr_assert_eq(stats_written(stats), 3 * THREADS * EACH);
    cr_assert_eq(all_durations(OPERATION_WRITE), THREADS * EACH);
    cr_assert_eq(all_durations(OPERATION_FORGET), 0);
}

static void *answer_one(void *unused)
{
    struct stats_request request;

    (void)unused;
    stats_begin(stats, OPERATION_READ, &request);
    stats_count_read(stats, 5);
    stats_end(&request);
    return NULL;
}

Test(stats, keeps_what_a_thread_counted_that_has_ended)
{
    for (uint64_t i = 1; i <= 200; i++) {
        pthread_t thread;

        cr_assert_eq(pthread_create(&thread, NULL, answer_one, NULL), 0);
        pthread_join(thread, NULL);
        cr_assert_eq(stats_requests(stats, OPERATION_READ), i);
        cr_assert_eq(stats_read(stats), 5 * i);
    }
}

Test(stats, never_goes_back_while_threads_come_and_go)
{
    pthread_t threads[THREADS];
    uint64_t seen = 0;

    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < THREADS; i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, answer_one, NULL), 0);
        for (int i = 0; i < 100; i++) {
            uint64_t now = stats_requests(stats, OPERATION_READ);

            cr_assert_geq(now, seen);
            seen = now;
        }
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
    }
    cr_assert_eq(stats_requests(stats, OPERATION_READ), 20 * THREADS);
}

Test(stats, counts_a_request_before_it_is_answered)
{
    struct stats_request request;

    stats_begin(stats, OPERATION_MKDIR, &request);
    cr_assert_eq(stats_requests(stats, OPERATION_MKDIR), 1);
    cr_assert_eq(all_durations(OPERATION_MKDIR), 0);
    stats_end(&request);
    cr_assert_eq(stats_requests(stats, OPERATION_MKDIR), 1);
    cr_assert_eq(all_durations(OPERATION_MKDIR), 1);
}

Test(stats, counts_an_error_for_the_request_that_its_thread_is_at)
{
    struct stats_request request;

    stats_begin(stats, OPERATION_LOOKUP, &request);
    stats_count_error(stats, ENOENT);
    stats_end(&request);
    stats_begin(stats, OPERATION_RMDIR, &request);
    stats_count_error(stats, ENOTEMPTY);
    stats_end(&request);
    stats_begin(stats, OPERATION_RMDIR, &request);
    stats_count_error(stats, 0);
    stats_end(&request);
    cr_assert_eq(stats_errors(stats, OPERATION_LOOKUP, ENOENT), 1);
    cr_assert_eq(stats_errors(stats, OPERATION_RMDIR, ENOTEMPTY), 1);
    cr_assert_eq(stats_errors(stats, OPERATION_RMDIR, ENOENT), 0);
    cr_assert_eq(stats_errors(stats, OPERATION_RMDIR, 0), 0);
}

Test(stats, a_bound_belongs_to_the_bucket_below_it)
{
    struct stats_durations durations;

    clock_hold();
    for (size_t i = 0; i < STATS_BOUNDS; i++) {
        answer(OPERATION_GETATTR, stats_bounds_ns[i]);
        answer(OPERATION_GETATTR, stats_bounds_ns[i] + 1);
    }
    clock_let_go();
    stats_get_durations(stats, OPERATION_GETATTR, &durations);
    cr_assert_eq(durations.counts[0], 1);
    for (size_t i = 1; i < STATS_BOUNDS; i++)
        cr_assert_eq(durations.counts[i], 2);
    cr_assert_eq(durations.counts[STATS_BOUNDS], 1);
    cr_assert_eq(durations.count, 2 * STATS_BOUNDS);
}

Test(stats, the_bounds_go_from_a_microsecond_to_a_second)
{
    cr_assert_eq(stats_bounds_ns[0], 1000);
    cr_assert_eq(stats_bounds_ns[STATS_BOUNDS - 1], CLOCK_NS_PER_S);
    for (size_t i = 1; i < STATS_BOUNDS; i++)
        cr_assert_gt(stats_bounds_ns[i], stats_bounds_ns[i - 1]);
}

/* ---- the text ---- */

static char *text;
static size_t text_length;

static void show(void)
{
    FILE *to = open_memstream(&text, &text_length);

    stats_show(stats, to);
    fclose(to);
}

static void forget_text(void)
{
    free(text);
}

TestSuite(stats_show, .init = begin, .fini = finish, .timeout = 60);

static bool has(const char *lines)
{
    return strstr(text, lines) != NULL;
}

Test(stats_show, has_every_request_from_the_beginning)
{
    static const char beginning[] = "# HELP kvfs_fuse_requests_total ";

    show();
    cr_assert_eq(strncmp(text, beginning, strlen(beginning)), 0);
    cr_assert(has("\n# TYPE kvfs_fuse_requests_total counter\n"
                  "kvfs_fuse_requests_total{operation=\"init\"} 0\n"));
    cr_assert(has("\nkvfs_fuse_requests_total{operation=\"batch_forget\"} 0\n"));
    cr_assert(has("\nkvfs_fuse_requests_total{operation=\"rename2\"} 0\n"));
    cr_assert_not(has("(null)"));
    forget_text();
}

Test(stats_show, has_cumulative_buckets_in_seconds)
{
    clock_hold();
    answer(OPERATION_MKDIR, 1500);
    answer(OPERATION_MKDIR, 900);
    answer(OPERATION_MKDIR, 3 * CLOCK_NS_PER_S);
    clock_let_go();
    show();
    cr_assert(has("# TYPE kvfs_fuse_request_duration_seconds histogram\n"
                  "kvfs_fuse_request_duration_seconds_bucket{operation=\"mkdir\",le=\"1e-06\"} 1\n"
                  "kvfs_fuse_request_duration_seconds_bucket{operation=\"mkdir\",le=\"2e-06\"} 2\n"
                  "kvfs_fuse_request_duration_seconds_bucket{operation=\"mkdir\",le=\"5e-06\"} 2\n"));
    cr_assert(has("kvfs_fuse_request_duration_seconds_bucket{operation=\"mkdir\",le=\"1\"} 2\n"
                  "kvfs_fuse_request_duration_seconds_bucket{operation=\"mkdir\",le=\"+Inf\"} 3\n"
                  "kvfs_fuse_request_duration_seconds_sum{operation=\"mkdir\"} 3.000002400\n"
                  "kvfs_fuse_request_duration_seconds_count{operation=\"mkdir\"} 3\n"));
    cr_assert_not(has("duration_seconds_count{operation=\"rmdir\"}"));
    forget_text();
}

Test(stats_show, names_errors_bytes_and_notifications)
{
    struct stats_request request;

    stats_begin(stats, OPERATION_LOOKUP, &request);
    stats_count_error(stats, ENOENT);
    stats_end(&request);
    stats_count_read(stats, 7);
    stats_count_written(stats, 8);
    stats_count_notification(stats, NOTIFICATION_DELETE);
    show();
    cr_assert(has("# TYPE kvfs_fuse_errors_total counter\n"
                  "kvfs_fuse_errors_total{operation=\"lookup\",errno=\"ENOENT\"} 1\n#"));
    cr_assert(has("\nkvfs_fuse_read_bytes_total 7\n"));
    cr_assert(has("\nkvfs_fuse_written_bytes_total 8\n"));
    cr_assert(has("# TYPE kvfs_fuse_notifications_total counter\n"
                  "kvfs_fuse_notifications_total{kind=\"delete\"} 1\n"
                  "kvfs_fuse_notifications_total{kind=\"inval_entry\"} 0\n"));
    forget_text();
}

Test(stats_show, knows_a_name_for_each_errno_that_it_counts)
{
    struct stats_request request;

    stats_begin(stats, OPERATION_OPEN, &request);
    for (int error = 1; error <= STATS_ERRNO_END; error++)
        stats_count_error(stats, error);
    stats_end(&request);
    show();
    cr_assert(has("errno=\"EPERM\"") && has("errno=\"EHWPOISON\""));
    cr_assert_not(has("(null)"));
    forget_text();
}
