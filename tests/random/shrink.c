/*
 * Delta debugging: without halves, quarters, and so on down to single
 * operations; then with simpler arguments; and again, until nothing helps.
 */
#include "shrink.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct shrinking {
    struct list *list; /* the best so far */
    struct play *play;
    const char *what; /* the mismatch is about */
    time_t deadline;
};

static bool is_over(const struct shrinking *shrinking)
{
    return time(NULL) >= shrinking->deadline;
}

/* Takes `candidate` if it ends as it should, without what comes after the mismatch. Takes over its memory. */
static bool try(struct shrinking *shrinking, struct list *candidate)
{
    size_t played;

    if (play_list(shrinking->play, candidate, &played) || shrinking->play->mismatch.what != shrinking->what) {
        list_clear(candidate);
        return false;
    }
    candidate->count = played;
    list_clear(shrinking->list);
    *shrinking->list = *candidate;
    return true;
}

static bool try_without(struct shrinking *shrinking, size_t from, size_t count)
{
    struct list candidate = {.operations = NULL};

    for (size_t i = 0; i < shrinking->list->count; i++) {
        if (i < from || i >= from + count)
            list_add(&candidate, &shrinking->list->operations[i]);
    }
    return try(shrinking, &candidate);
}

/* Pieces of that size, from the end, where most is of use. */
static bool remove_pieces(struct shrinking *shrinking, size_t size)
{
    bool helped = false;

    for (size_t end = shrinking->list->count; end > 0 && !is_over(shrinking);) {
        size_t from = end > size ? end - size : 0;

        if (try_without(shrinking, from, end - from))
            helped = true;
        end = from < shrinking->list->count ? from : shrinking->list->count;
    }
    return helped;
}

static bool try_with(struct shrinking *shrinking, size_t index, enum argument argument, int64_t value)
{
    struct list candidate = {.operations = NULL};

    for (size_t i = 0; i < shrinking->list->count; i++)
        list_add(&candidate, &shrinking->list->operations[i]);
    candidate.operations[index].values[argument] = value;
    return try(shrinking, &candidate);
}

static bool simplify_argument(struct shrinking *shrinking, size_t index, enum argument argument)
{
    bool helped = false;
    int64_t simpler;

    for (size_t i = 0; index < shrinking->list->count && !is_over(shrinking); i++) {
        if (!argument_simpler(argument, shrinking->list->operations[index].values[argument], i, &simpler))
            break;
        if (try_with(shrinking, index, argument, simpler)) {
            helped = true;
            i = (size_t)-1;
        }
    }
    return helped;
}

static bool simplify(struct shrinking *shrinking)
{
    bool helped = false;

    for (size_t i = 0; i < shrinking->list->count; i++) {
        const struct kind *kind = shrinking->list->operations[i].kind;

        for (size_t j = 0; j < KIND_ARGUMENTS && kind->arguments[j] != ARGUMENT_NONE && i < shrinking->list->count; j++)
            helped |= simplify_argument(shrinking, i, kind->arguments[j]);
    }
    return helped;
}

/* Looks after each operation: where it can be seen early, the rest needn't be played. */
static void try_with_comparisons(struct shrinking *shrinking)
{
    const struct operation comparison = {.kind = kind_find(KIND_COMPARE)};
    struct list candidate = {.operations = NULL};

    for (size_t i = 0; i < shrinking->list->count; i++) {
        list_add(&candidate, &shrinking->list->operations[i]);
        list_add(&candidate, &comparison);
    }
    (void)try(shrinking, &candidate);
}

static bool try_again(struct shrinking *shrinking)
{
    return try_without(shrinking, 0, 0);
}

static bool is_about_time(const char *what)
{
    return strcmp(what + 1, "time") == 0;
}

bool list_shrink(struct list *list, struct play *play, int seconds)
{
    struct shrinking shrinking = {list, play, play->mismatch.what, time(NULL) + seconds};
    bool helped;

    play->patient = is_about_time(play->mismatch.what);
    if (!try_again(&shrinking) && !try_again(&shrinking))
        return false;
    try_with_comparisons(&shrinking);
    for (size_t size = list->count / 2; size > 1; size /= 2)
        (void)remove_pieces(&shrinking, size);
    do {
        helped = remove_pieces(&shrinking, 1);
        helped |= simplify(&shrinking);
    } while (helped && !is_over(&shrinking));
    /* For its mismatch. */
    (void)try_again(&shrinking);
    return true;
}
