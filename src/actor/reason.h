/*
 * Why an actor ended. `normal` and `shutdown` are ordinary ends; `killed`,
 * `noproc` and `noconnection` are the runtime's own words; an error carries a
 * text that says what went wrong. `shutdown` may carry one too.
 */
#ifndef KVFS_ACTOR_REASON_H
#define KVFS_ACTOR_REASON_H

#include <stddef.h>

enum reason_code {
    REASON_NORMAL,
    REASON_SHUTDOWN,
    REASON_KILLED,
    REASON_NOPROC,
    REASON_NOCONNECTION,
    REASON_ERROR,
};

struct reason {
    enum reason_code code;
    char *text; /* heap, owned; NULL for none */
};

#define REASON(word) ((struct reason){.code = REASON_##word})

/* An error with a text, copied; without its text if there is no memory for it. */
struct reason reason_error(const char *text);
struct reason reason_copy(const struct reason *reason);
void reason_deinit(struct reason *reason);

/* `normal`, `killed`, `error: TEXT`, ... cut to `size`; as users see it. Line breaks in a text become spaces. */
void reason_format(const struct reason *reason, char *buffer, size_t size);

#endif
