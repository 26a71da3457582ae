/*
 * What must be true of a history, whoever ran when: the contract of actors as
 * a plain program that reads what happened, one event after another.
 *
 * What was under way at the same time may have happened in either order; what
 * ended before the other began may not.
 */
#ifndef KVFS_TESTS_SEEDED_MODEL_H
#define KVFS_TESTS_SEEDED_MODEL_H

#include "seeded/script.h"

/* Fails the seed if `history` breaks the contract. `causes`: why each player has ended. */
void model_check(const struct scenario *scenario, const struct cause *causes);

#endif
