#include "games.h"

static void prepare_nothing(struct player *player)
{
    (void)player;
}

static bool check_nothing(struct player *player)
{
    (void)player;
    return true;
}

const struct game games[] = {
    {"a name that several make has one winner", true, prepare_nothing, step_of_lock, check_nothing},
    {"a file that is renamed is neither lost nor doubled", true, prepare_tokens, step_of_tokens, check_tokens},
    {"names that are exchanged are always there", true, prepare_exchange, step_of_exchange, check_exchange},
    {"links are counted", true, prepare_links, step_of_links, check_links},
    {"directories that are moved into each other all stay", true, prepare_trees, step_of_trees, check_trees},
    {"a directory goes only when it is empty", true, prepare_nothing, step_of_directories, check_directories},
    {"what is there throughout is listed once", true, prepare_listing, step_of_listing, check_nothing},
    {"each line that is appended is there once", true, prepare_log, step_of_log, check_log},
    {"who reads a file that is replaced sees one of them whole", true, prepare_replace, step_of_replace, check_nothing},
    {"a file that has lost its name keeps its bytes", true, prepare_nothing, step_of_unlinked, check_nothing},
    {"neighbours in one page don't touch each other", true, prepare_pages, step_of_pages, check_nothing},
    {"counters under locks, and mapped ones, are exact", true, prepare_counters, step_of_counters, check_counters},
};

const size_t game_count = sizeof(games) / sizeof(games[0]);
