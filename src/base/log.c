#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <syslog.h>

static bool log_syslog;

void log_to_syslog(const char *ident)
{
    openlog(ident, LOG_PID, LOG_DAEMON);
    log_syslog = true;
}

void log_error(const char *format, ...)
{
    char line[512];
    va_list args;
    int saved = errno;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);

    if (log_syslog)
        syslog(LOG_ERR, "%s", line);
    else
        fprintf(stderr, "kvfs: %s\n", line);
    errno = saved;
}
