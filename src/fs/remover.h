/*
 * A small process that removes directories in our own mount whose buckets have
 * ended: what the kernel then tells, it tells as of any rmdir, and so whoever
 * watches the parent with inotify learns of it, too.
 *
 * A process of its own, and not the helper: it may have to wait for the lock
 * of the parent, which a client holds. It can work for root only. The daemon knows its requests by its
 * pid, and lets it remove nothing that is alive (leaving.c).
 */
#ifndef KVFS_FS_REMOVER_H
#define KVFS_FS_REMOVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct remover {
    pid_t pid;
    int socket;
    uint64_t asked; /* the caller's of remover_remove(), like the next */
    uint64_t answered;
    _Atomic bool is_late;
};

/* [before threads] Forks it for a mount that will be at `mountpoint`, absolute. 0, or a negative errno. */
int remover_start(const char *mountpoint, struct remover *ret_remover);
/* [main thread] The session answers: from now on it can be asked. */
void remover_begin(struct remover *remover);
/* [any thread] [never blocks] True if it has ended, or was still busy with what it was asked for last. */
bool remover_is_stuck(const struct remover *remover);
/*
 * [one thread] [may block for 2 s] Has the directory at `path`, seen from the mount's root, removed. 0; an errno,
 * whatever rmdir answered; or a negative errno if it wasn't done, or not in time: then it may still be, and until then
 * nothing else is.
 */
int remover_remove(struct remover *remover, const char *path);
/* [the same thread] [never blocks] Hears an answer that is late. */
void remover_listen(struct remover *remover);
/* [main thread, nobody asks any more] [never blocks] It ends. */
void remover_end(struct remover *remover);
/* [main thread, the session has ended] [may block] Waits for that. */
void remover_reap(struct remover *remover);

#endif
