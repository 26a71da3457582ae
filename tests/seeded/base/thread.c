#include "base/thread.h"

int thread_start(struct thread *thread, const char *name, void *(*run)(void *arg), void *arg)
{
    return seeded_thread_start(&thread->seeded, name, run, arg);
}

struct thread thread_self(void)
{
    return (struct thread){seeded_self()};
}

void thread_join(struct thread *thread)
{
    seeded_thread_join(thread->seeded);
}

void thread_rename(const char *name)
{
    seeded_thread_rename(name);
}

pid_t thread_number(void)
{
    return seeded_number_of(seeded_self());
}
