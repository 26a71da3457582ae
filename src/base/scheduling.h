/*
 * How the kernel places the threads of a daemon beside the processes that
 * wait for them.
 *
 * Who waits for an answer is woken by the thread that answers, which for that
 * moment still runs. So the kernel looks for an idle core and moves the one
 * who waited there, and waking an idle core costs more than everything else
 * about the request. A core on which only threads of SCHED_IDLE run counts as
 * idle to it: then the client stays where it was, the thread steps aside, and
 * both share a core's caches. (Between tasks of one group it keeps a sleeper
 * in its queue and needs no such help; but a daemon is in a session of its
 * own, and with autogroups each session is a group.)
 *
 * Whom SCHED_IDLE would starve is a thread with others in its group, next to
 * any that computes. In an autogroup it has only the daemon's own beside it:
 * between groups the kernel shares the cores by group, whatever the policies
 * within. So a daemon steps aside exactly if its group is an autogroup.
 *
 * A thread that is bound to one core, to be near those who wait for it, makes
 * them wait if what they asked for is work that could be done beside theirs.
 * Then it may roam.
 */
#ifndef KVFS_BASE_SCHEDULING_H
#define KVFS_BASE_SCHEDULING_H

#include <stdbool.h>

/*
 * [any thread] Whether the kernel's autogroups are switched on and no cgroup's share of the processors overrides them:
 * what `root`/proc and `root`/sys say (cgroups(7), sched(7)); `root` is "" but in tests. No if they don't say.
 */
bool scheduling_by_session(const char *root);

/*
 * [any thread] If this process leads a session, and sessions are what cores are shared by: every thread that it has,
 * and so each that one of these starts later, goes to SCHED_IDLE. Whether it did. An unprivileged process can't go back.
 */
bool scheduling_step_aside(void);

/*
 * [any thread] The calling thread, if it is bound to some cores, may run on any that this process's main thread may use;
 * and again only where it was bound to. Each does nothing the second time.
 */
void scheduling_roam(void);
void scheduling_stay(void);

#endif
