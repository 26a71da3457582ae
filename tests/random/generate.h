#ifndef KVFS_TESTS_RANDOM_GENERATE_H
#define KVFS_TESTS_RANDOM_GENERATE_H

#include "play.h"

/* How a round is: which parts of the tables it uses more, and how often it compares. From its seed. */
struct mood {
    struct dice dice;
    unsigned compare_percent;
    unsigned user_percent; /* operations as somebody else than root */
};

void mood_init(struct mood *mood, uint64_t seed);
/* The next operation; what it is about depends on how tmpfs looks now. */
void operation_draw(struct mood *mood, const struct play *play, struct operation *ret_operation);
/* Compare now? */
bool comparison_draw(struct mood *mood, struct operation *ret_operation);

#endif
