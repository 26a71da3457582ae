#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

static enum log_level log_level = LOG_LEVEL_INFO;
static bool log_syslog;

void log_set_level(enum log_level level)
{
    log_level = level;
}

void log_to_syslog(const char *ident)
{
    openlog(ident, LOG_PID, LOG_DAEMON);
    log_syslog = true;
}

static int syslog_priority(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return LOG_ERR;
    case LOG_LEVEL_INFO:
        return LOG_INFO;
    case LOG_LEVEL_DEBUG:
        break;
    }
    return LOG_DEBUG;
}

void log_write(enum log_level level, const char *format, ...)
{
    char line[512];
    va_list args;
    int saved = errno;

    if (level > log_level)
        return;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);

    if (log_syslog)
        syslog(syslog_priority(level), "%s", line);
    else
        fprintf(stderr, "kvfs: %s\n", line);
    errno = saved;
}
