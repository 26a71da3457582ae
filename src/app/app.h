/*
 * The daemon: options, the order in which its parts start, and its end.
 */
#ifndef KVFS_APP_APP_H
#define KVFS_APP_APP_H

/* The whole life; what main() returns. */
int app_run(int argc, char **argv);

#endif
