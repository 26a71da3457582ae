/*
 * Many processes at once. Each plays rounds of its own, which have to go as if
 * it were alone; and between them games, which all play in one directory and
 * whose outcome is known whoever comes first.
 */
#ifndef KVFS_TESTS_RANDOM_CROWD_H
#define KVFS_TESTS_RANDOM_CROWD_H

#include "options.h"

/* The games also on tmpfs alone, as a proof of them. True if everything was as it has to be. */
bool crowd_run(const struct options *options);

#endif
