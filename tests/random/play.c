#include "play.h"
#include "perform.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

void list_add(struct list *list, const struct operation *operation)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity * 2 + 256;
        list->operations = reallocarray(list->operations, list->capacity, sizeof(*list->operations));
        if (!list->operations)
            err(2, "no memory");
    }
    list->operations[list->count++] = *operation;
}

void list_clear(struct list *list)
{
    free(list->operations);
    *list = (struct list){.operations = NULL};
}

void list_print(const struct list *list, FILE *to)
{
    for (size_t i = 0; i < list->count; i++)
        operation_print(&list->operations[i], to);
}

void play_init(struct play *play, const char *tmpfs, const char *kvfs)
{
    *play = (struct play){.mismatch.what = NULL};
    side_init(&play->sides[TMPFS], "tmpfs", tmpfs);
    side_init(&play->sides[KVFS], "kvfs", kvfs);
    for (int i = 0; i < SIDES; i++) {
        play->outcomes[i].bytes = malloc(SIDE_BUFFER_SIZE);
        if (!play->outcomes[i].bytes)
            err(2, "no memory");
    }
}

void play_deinit(struct play *play)
{
    for (int i = 0; i < SIDES; i++) {
        side_deinit(&play->sides[i]);
        free(play->outcomes[i].bytes);
    }
}

bool play_begin(struct play *play)
{
    play->mismatch.what = NULL;
    play->mapped = (struct mapped){.touched.count = 0};
    umask(022);
    for (int i = 0; i < SIDES; i++) {
        if (side_begin(&play->sides[i]) < 0)
            return mismatch_say(&play->mismatch, "begin", "%s has no fresh directory: %s", play->sides[i].name,
                                error_name(errno));
    }
    return true;
}

void play_end(struct play *play)
{
    umask(022);
    views_clear(&play->views);
    for (int i = 0; i < SIDES; i++)
        side_end(&play->sides[i]);
}

/* The coarse one, that file systems use. */
static void wait_for_tick(void)
{
    const struct timespec moment = {.tv_nsec = 500000};
    struct timespec before;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &before);
    do {
        nanosleep(&moment, NULL);
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
    } while (now.tv_nsec == before.tv_nsec);
}

static bool compare(struct play *play, int64_t what)
{
    bool same = views_compare(&play->views, play->sides, &play->mapped, (enum compare_what)what, &play->mismatch);

    if (play->patient)
        wait_for_tick();
    return same;
}

/* kvfs first, because what it refuses rightly isn't done on tmpfs. */
static bool perform(struct play *play, const struct operation *operation)
{
    struct side *tmpfs = &play->sides[TMPFS];

    operation_perform(&play->sides[KVFS], operation, &play->outcomes[KVFS]);
    if (difference_in_outcome(operation, &play->outcomes[KVFS], tmpfs))
        return true;
    operation_perform(tmpfs, operation, &play->outcomes[TMPFS]);
    difference_note(&play->mapped, operation, tmpfs);
    difference_close_ended(operation, tmpfs, &play->sides[KVFS]);
    return outcomes_compare(play->outcomes, &play->mismatch);
}

bool play_one(struct play *play, const struct operation *operation)
{
    bool move_times;
    bool same;

    if (!operation->kind->perform)
        return compare(play, operation->values[ARGUMENT_WHAT]);
    if (difference_leaves_out(operation, &play->sides[TMPFS], &play->mapped))
        return true;
    move_times = difference_in_times(operation, &play->sides[TMPFS]);
    same = perform(play, operation);
    for (int i = 0; i < SIDES && move_times; i++)
        difference_move_times(operation, &play->sides[i]);
    return same;
}

bool play_list(struct play *play, const struct list *list, size_t *ret_played)
{
    size_t played = 0;
    bool same = play_begin(play);

    while (same && played < list->count)
        same = play_one(play, &list->operations[played++]);
    if (same)
        same = compare(play, COMPARE_CONTENTS);
    play_end(play);
    *ret_played = played;
    return same;
}
