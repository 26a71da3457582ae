/*
 * Games that many processes play in one directory. Each is a few files, steps
 * that any player may take at any time, and something that has to be true of
 * the outcome whoever was first.
 */
#ifndef KVFS_TESTS_RANDOM_GAME_H
#define KVFS_TESTS_RANDOM_GAME_H

#include "dice.h"
#include "mismatch.h"

#include <stdatomic.h>

#define GAME_TALLIES 64

/* Of one game, in memory that all players share: what succeeded, as the game counts it. */
struct tallies {
    _Atomic int64_t of[GAME_TALLIES];
};

struct player {
    int number;
    int directory; /* where the games are played */
    struct dice dice;
    struct tallies *tallies; /* of the game that is being played */
    struct mismatch mismatch;
};

struct game {
    const char *name;
    bool on; /* it is played */
    /* By one, before. */
    void (*prepare)(struct player *player);
    /* By everybody. False and a mismatch if something was seen that can't be. */
    bool (*step)(struct player *player);
    /* By one, afterwards; the same. */
    bool (*check)(struct player *player);
};

/* games.c */
extern const struct game games[];
extern const size_t game_count;

/* game.c: what they share. */

/* Creates it with that text; ends the program if it can't. */
void game_make_file(const struct player *player, const char *name, const char *text);
/* True if a call succeeded, or failed with one of the errors, a list that ends with 0; else false and a mismatch. */
bool game_allows(struct player *player, const char *what, int64_t rc, const int *errors);
#define GAME_ALLOWS(player, what, rc, ...) game_allows(player, what, rc, (const int[]){__VA_ARGS__, 0})
/* Up to `size` - 1 bytes as a text. -1 and errno, or its length. */
long game_read(const struct player *player, const char *name, char *text, size_t size);
bool game_exists(const struct player *player, const char *name);
/* Name number `n` of a kind. Static. */
const char *game_name(const char *kind, uint64_t n);
void game_count_up(const struct player *player, size_t index, int64_t by);
/* False and a mismatch unless they are the same. */
bool game_expect(struct player *player, const char *what, int64_t expected, int64_t found);

#endif
