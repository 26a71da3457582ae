/*
 * Threads of the seeded scheduler: base/thread.h's contract.
 */
#ifndef KVFS_BASE_THREAD_H
#define KVFS_BASE_THREAD_H

#include "seeded/scheduler.h"

#include <sys/types.h>

#define THREAD_NAME_MAX 16

struct thread {
    struct seeded_thread *seeded;
};

int thread_start(struct thread *thread, const char *name, void *(*run)(void *arg), void *arg);
struct thread thread_self(void);
void thread_join(struct thread *thread);
void thread_rename(const char *name);
pid_t thread_number(void);
#define thread_nap(ns) ((void)(ns), seeded_yield(SEEDED_HERE("nap"), NULL))

#endif
