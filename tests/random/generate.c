#include "generate.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* More looks than that, and something is removed. */
#define CROWDED 100

void mood_init(struct mood *mood, uint64_t seed)
{
    static const unsigned compare_percents[] = {100, 100, 30, 3};
    static const unsigned user_percents[] = {0, 30, 30, 100};

    mood->dice.state = seed;
    mood->compare_percent = compare_percents[dice_below(&mood->dice, 4)];
    mood->user_percent = user_percents[dice_below(&mood->dice, 4)];
}

static const struct kind *draw_kind(struct dice *dice)
{
    uint64_t sum = 0;
    uint64_t drawn;
    size_t i = 0;

    for (size_t j = 0; j < kind_count; j++)
        sum += kinds[j].weight;
    drawn = dice_below(dice, sum);
    while (drawn >= kinds[i].weight)
        drawn -= kinds[i++].weight;
    return &kinds[i];
}

static bool path_exists(const struct side *side, int64_t value)
{
    char path[PATH_TEXT_MAX];
    struct stat stat;

    return fstatat(side->top, argument_path(value, path), &stat, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A few throws for one that is as wished; what can't be must be tried, too. */
static int64_t draw_path(enum wish wish, const struct side *tmpfs, struct dice *dice)
{
    int64_t path = argument_draw(ARGUMENT_PATH, dice);

    for (int i = 0; i < 4 && wish != WISH_ANY && path_exists(tmpfs, path) != (wish == WISH_EXISTING); i++)
        path = argument_draw(ARGUMENT_PATH, dice);
    return path;
}

static int64_t draw_slot(const struct side *tmpfs, struct dice *dice)
{
    int64_t slot = argument_draw(ARGUMENT_SLOT, dice);

    for (int i = 0; i < 3 && tmpfs->slots[slot] < 0 && dice_chance(dice, 60); i++)
        slot = argument_draw(ARGUMENT_SLOT, dice);
    return slot;
}

/* Sometimes it is about where the file ends. */
static int64_t draw_offset(enum argument argument, const struct side *tmpfs, int64_t slot, struct dice *dice)
{
    int64_t offset = argument_draw(argument, dice);
    struct stat stat;

    if (!dice_chance(dice, 20) || fstat(tmpfs->slots[slot], &stat) < 0 || !S_ISREG(stat.st_mode))
        return offset;
    offset = stat.st_size - 1 + (int64_t)dice_below(dice, 3);
    return offset < 0 ? 0 : offset;
}

static int64_t draw_user(const struct mood *mood, struct dice *dice)
{
    return dice_chance(dice, mood->user_percent) ? argument_draw(ARGUMENT_AS, dice) : 0;
}

static int64_t draw_argument(enum argument argument, struct mood *mood, const struct play *play,
                             const struct operation *operation)
{
    const struct side *tmpfs = &play->sides[TMPFS];
    struct dice *dice = &mood->dice;

    switch (argument) {
    case ARGUMENT_AS:
        return draw_user(mood, dice);
    case ARGUMENT_PATH:
        return draw_path(operation->kind->wish, tmpfs, dice);
    case ARGUMENT_SLOT:
    case ARGUMENT_TO_SLOT:
        return draw_slot(tmpfs, dice);
    case ARGUMENT_OFFSET:
    case ARGUMENT_SIZE:
        return draw_offset(argument, tmpfs, operation->values[ARGUMENT_SLOT], dice);
    default:
        return argument_draw(argument, dice);
    }
}

static void draw_arguments(struct operation *operation, struct mood *mood, const struct play *play)
{
    const struct kind *kind = operation->kind;

    for (size_t i = 0; i < KIND_ARGUMENTS && kind->arguments[i] != ARGUMENT_NONE; i++)
        operation->values[kind->arguments[i]] = draw_argument(kind->arguments[i], mood, play, operation);
}

void operation_draw(struct mood *mood, const struct play *play, struct operation *ret_operation)
{
    bool crowded = play->views.now[TMPFS].count > CROWDED;

    *ret_operation = (struct operation){
        .kind = crowded && dice_chance(&mood->dice, 20) ? kind_find("remove_all") : draw_kind(&mood->dice),
    };
    draw_arguments(ret_operation, mood, play);
}

bool comparison_draw(struct mood *mood, struct operation *ret_operation)
{
    if (!dice_chance(&mood->dice, mood->compare_percent))
        return false;
    *ret_operation = (struct operation){.kind = kind_find(KIND_COMPARE)};
    ret_operation->values[ARGUMENT_WHAT] = argument_draw(ARGUMENT_WHAT, &mood->dice);
    return true;
}
