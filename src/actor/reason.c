#include "actor/reason.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {
    [REASON_NORMAL] = "normal", [REASON_SHUTDOWN] = "shutdown",         [REASON_KILLED] = "killed",
    [REASON_NOPROC] = "noproc", [REASON_NOCONNECTION] = "noconnection", [REASON_ERROR] = "error",
};

struct reason reason_error(const char *text)
{
    return (struct reason){.code = REASON_ERROR, .text = strdup(text)};
}

struct reason reason_copy(const struct reason *reason)
{
    return (struct reason){.code = reason->code, .text = reason->text ? strdup(reason->text) : NULL};
}

void reason_deinit(struct reason *reason)
{
    free(reason->text);
    reason->text = NULL;
}

void reason_format(const struct reason *reason, char *buffer, size_t size)
{
    if (reason->text)
        snprintf(buffer, size, "%s: %s", words[reason->code], reason->text);
    else
        snprintf(buffer, size, "%s", words[reason->code]);

    for (char *c = buffer; *c; c++) {
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    }
}
