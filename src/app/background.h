/*
 * Going to the background, but only once the mount works: the process that
 * was started waits until its child says how it went.
 */
#ifndef KVFS_APP_BACKGROUND_H
#define KVFS_APP_BACKGROUND_H

#include <stdbool.h>

/*
 * [before threads] Returns in the child only, in a session of its own; the parent says what the child reported, and
 * exits 0 if that was good. -1 with a line on stderr if there can be no child.
 */
int background_start(int *ret_report);

/* Says how it went, and leaves the terminal: the parent ends. */
void background_report(int report, bool good, const char *line);

#endif
