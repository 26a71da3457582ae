/*
 * The steps and checks of the games, for their table in games.c.
 */
#ifndef KVFS_TESTS_RANDOM_GAMES_H
#define KVFS_TESTS_RANDOM_GAMES_H

#include "game.h"

/* games_names.c */
bool step_of_lock(struct player *player);
void prepare_tokens(struct player *player);
bool step_of_tokens(struct player *player);
bool check_tokens(struct player *player);
void prepare_exchange(struct player *player);
bool step_of_exchange(struct player *player);
bool check_exchange(struct player *player);
void prepare_links(struct player *player);
bool step_of_links(struct player *player);
bool check_links(struct player *player);
void prepare_trees(struct player *player);
bool step_of_trees(struct player *player);
bool check_trees(struct player *player);
bool step_of_directories(struct player *player);
bool check_directories(struct player *player);
void prepare_listing(struct player *player);
bool step_of_listing(struct player *player);

/* games_data.c */
void prepare_log(struct player *player);
bool step_of_log(struct player *player);
bool check_log(struct player *player);
void prepare_replace(struct player *player);
bool step_of_replace(struct player *player);
bool step_of_unlinked(struct player *player);
void prepare_pages(struct player *player);
bool step_of_pages(struct player *player);

/* games_counters.c */
void prepare_counters(struct player *player);
bool step_of_counters(struct player *player);
bool check_counters(struct player *player);

#endif
