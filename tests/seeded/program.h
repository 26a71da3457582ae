/*
 * A random scenario from the seed: a few players, several clients, and what
 * each of them does, all of it chosen before anything runs.
 */
#ifndef KVFS_TESTS_SEEDED_PROGRAM_H
#define KVFS_TESTS_SEEDED_PROGRAM_H

#include "seeded/script.h"

/* [in a run] Valid until the next. `with_links`: also links, traps and exit signals. */
const struct scenario *program_make(bool with_links);

#endif
