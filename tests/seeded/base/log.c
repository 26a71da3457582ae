/*
 * Says nothing: what the code under test complains of is what a seed did to it.
 */
#include "base/log.h"

void log_to_syslog(const char *ident)
{
    (void)ident;
}

void log_error(const char *format, ...)
{
    (void)format;
}
