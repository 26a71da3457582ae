/*
 * What the processes have in common that work for the daemon in its own mount:
 * the helper and the remover.
 *
 * Forked before there is a session, a thread or an RCU table, a child holds
 * none of the daemon's descriptors but its end of a socket pair.
 */
#ifndef KVFS_FS_CHILD_H
#define KVFS_FS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* [child] `socket` is its end. */
typedef void child_main(void *state, int socket);

/*
 * [before threads] Forks a process called `name` that runs `main` and ends when it returns; it gets the signal `death`
 * when the daemon dies. `main` gets a copy of `*state`, and the caller the pid, which is nobody else's until
 * child_reap(), and the other end. 0, or a negative errno.
 */
int child_start(const char *name, int death, child_main *main, void *state, pid_t *ret_pid, int *ret_socket);
/*
 * [main thread] [may block] Waits until it has ended, for `timeout_ms` at most; then ends it and waits as long again.
 * False if the kernel holds it even so.
 */
bool child_reap(pid_t pid, int timeout_ms);

#endif
