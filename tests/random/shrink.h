#ifndef KVFS_TESTS_RANDOM_SHRINK_H
#define KVFS_TESTS_RANDOM_SHRINK_H

#include "play.h"

/*
 * Makes a list that ends with a mismatch shorter and simpler, as long as it ends with one about the same, for `seconds`
 * at most. False if the list, played again, has none: then it is as it was.
 */
bool list_shrink(struct list *list, struct play *play, int seconds);

#endif
