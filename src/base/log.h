/*
 * What the daemon has to say: to stderr while it has one, else to syslog.
 */
#ifndef KVFS_BASE_LOG_H
#define KVFS_BASE_LOG_H

/* [before threads] From now on to syslog, for a daemon whose stderr is gone. */
void log_to_syslog(const char *ident);

/* [any thread] [may block] One line, without its newline. errno is kept. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
