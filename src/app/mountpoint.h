/*
 * The place to mount on: it must be there, and free of a dead mount of ours.
 */
#ifndef KVFS_APP_MOUNTPOINT_H
#define KVFS_APP_MOUNTPOINT_H

#include <limits.h>

/*
 * [before threads] [may block for seconds] Makes the path absolute, cleans up what a kvfs that was killed left mounted
 * there, and checks that it is a directory. 0, or -1 with a line on stderr.
 */
int mountpoint_prepare(const char *given, char ret_path[PATH_MAX]);

#endif
