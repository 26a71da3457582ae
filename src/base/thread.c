#include "base/thread.h"

#include "base/clock.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void set_name(pthread_t id, const char *name)
{
    char cut[THREAD_NAME_MAX] = "";

    strncat(cut, name, THREAD_NAME_MAX - 1);
    (void)pthread_setname_np(id, cut);
}

/* The new thread takes its signal mask over from the one that makes it. */
int thread_start(struct thread *thread, const char *name, void *(*run)(void *arg), void *arg)
{
    sigset_t all;
    sigset_t before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&thread->id, NULL, run, arg);
    if (rc == 0)
        set_name(thread->id, name);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -rc;
}

struct thread thread_self(void)
{
    return (struct thread){pthread_self()};
}

void thread_join(struct thread *thread)
{
    pthread_join(thread->id, NULL);
}

void thread_nap(int64_t ns)
{
    const struct timespec time = {.tv_sec = ns / CLOCK_NS_PER_S, .tv_nsec = ns % CLOCK_NS_PER_S};

    (void)nanosleep(&time, NULL);
}

void thread_rename(const char *name)
{
    set_name(pthread_self(), name);
}

pid_t thread_number(void)
{
    return gettid();
}
