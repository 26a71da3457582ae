#include "rounds.h"
#include "generate.h"
#include "shrink.h"

#include <string.h>
#include <time.h>

#define SHRINK_SECONDS 40
/* Of a list that can't be shrunk. */
#define MOST_LINES 40
/* Of a hundred rounds, so many end by asking everything anew. */
#define DROP_PERCENT 3

/* False and a mismatch. */
static bool play_and_add(struct play *play, struct list *list, const struct operation *operation)
{
    list_add(list, operation);
    return play_one(play, operation);
}

static bool play_drawn(struct play *play, struct list *list, struct mood *mood)
{
    struct operation operation;

    operation_draw(mood, play, &operation);
    if (!play_and_add(play, list, &operation))
        return false;
    return !comparison_draw(mood, &operation) || play_and_add(play, list, &operation);
}

static bool play_finish(struct play *play, struct list *list, struct mood *mood)
{
    const struct operation comparison = {kind_find(KIND_COMPARE), {[ARGUMENT_WHAT] = COMPARE_CONTENTS}};
    const struct operation drop = {kind_find("drop_caches"), {[ARGUMENT_CACHES] = 3}};

    if (!play_and_add(play, list, &comparison))
        return false;
    return !dice_chance(&mood->dice, DROP_PERCENT) ||
           (play_and_add(play, list, &drop) && play_and_add(play, list, &comparison));
}

bool round_run(struct round *round, struct play *play)
{
    struct mood mood;
    bool same = play_begin(play);

    mood_init(&mood, round->seed);
    for (size_t i = 0; same && i < round->operations; i++)
        same = play_drawn(play, &round->list, &mood);
    if (same)
        same = play_finish(play, &round->list, &mood);
    play_end(play);
    if (same)
        list_clear(&round->list);
    return same;
}

static void tell_mismatch(const struct round *round, const struct mismatch *mismatch)
{
    printf("# seed %lu, operation %zu: %s\n", (unsigned long)round->seed, round->list.count, mismatch->text);
    if (round->list.count > 0) {
        printf("# ");
        operation_print(&round->list.operations[round->list.count - 1], stdout);
    }
}

/* What is left are the last `count`. */
static void forget_first(struct list *list, size_t count)
{
    size_t first = list->count > count ? list->count - count : 0;

    memmove(list->operations, list->operations + first, (list->count - first) * sizeof(*list->operations));
    list->count -= first;
}

void round_tell(struct round *round, struct play *play)
{
    time_t began = time(NULL);

    tell_mismatch(round, &play->mismatch);
    if (list_shrink(&round->list, play, SHRINK_SECONDS)) {
        printf("# The shortest list found in %ld s, for --replay, ends with %s:\n", (long)(time(NULL) - began),
               play->mismatch.text);
    } else {
        printf("# Played again it doesn't come. The list ended with:\n");
        forget_first(&round->list, MOST_LINES);
    }
    list_print(&round->list, stdout);
    list_clear(&round->list);
}
