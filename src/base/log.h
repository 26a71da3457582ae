/*
 * What the daemon has to say: to stderr while it has one, else to syslog.
 */
#ifndef KVFS_BASE_LOG_H
#define KVFS_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* [before threads] Says lines up to `level`. */
void log_set_level(enum log_level level);
/* [before threads] From now on to syslog, for a daemon whose stderr is gone. */
void log_to_syslog(const char *ident);

/* [any thread] [may block] One line, without its newline. errno is kept. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
