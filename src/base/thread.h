/*
 * A thread with a name, which `ps -T` shows, and with every signal blocked:
 * signals are for the thread that waits for them.
 */
#ifndef KVFS_BASE_THREAD_H
#define KVFS_BASE_THREAD_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#define THREAD_NAME_MAX 16 /* bytes, NUL included: what pthread_setname_np(3) takes */

struct thread {
    pthread_t id;
};

/* [any thread] `name` is copied and cut. 0, or a negative errno and there is none. Each is joined once. */
int thread_start(struct thread *thread, const char *name, void *(*run)(void *arg), void *arg);
/* The calling thread. */
struct thread thread_self(void);
/* [any thread] [may block] Waits until it has ended. */
void thread_join(struct thread *thread);
/* [any thread] [may block] About so long, by real time. */
void thread_nap(int64_t ns);
/* [any thread] Gives the calling thread another name, cut. */
void thread_rename(const char *name);
/* [any thread] The calling thread's number, as `ps -T` shows it. */
pid_t thread_number(void);

#endif
