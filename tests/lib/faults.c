#include "lib/faults.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <urcu/urcu-bp.h>

#include <urcu/rculfhash.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_reallocarray(void *block, size_t count, size_t size);
char *__real_strdup(const char *text);
void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
struct cds_lfht *__real__cds_lfht_new(unsigned long size, unsigned long min, unsigned long max, int flags,
                                      const struct cds_lfht_mm_type *mm,
                                      const struct rcu_flavor_struct *flavor, pthread_attr_t *attributes);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *arg),
                          void *arg);

static _Atomic int until; /* the refusal; 0: none is to come */
static _Atomic bool refused;
static _Atomic bool no_threads;
static _Atomic int threads_refused;
static _Thread_local int paused;

void faults_begin(int n)
{
    atomic_store(&refused, false);
    atomic_store(&until, n);
}

bool faults_hit(void)
{
    atomic_store(&until, 0);
    return atomic_load(&refused);
}

void faults_pause(void)
{
    paused++;
}

void faults_resume(void)
{
    paused--;
}

void faults_refuse_threads(bool refuse)
{
    atomic_store(&no_threads, refuse);
}

int faults_threads_refused(void)
{
    return atomic_load(&threads_refused);
}

/* Counts this request. True if it is the one. */
static bool refuse(void)
{
    int left = atomic_load(&until);

    if (paused > 0)
        return false;
    while (left > 0 && !atomic_compare_exchange_weak(&until, &left, left - 1))
        continue;
    if (left != 1)
        return false;
    atomic_store(&refused, true);
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return refuse() ? NULL : __real_realloc(block, size);
}

void *__wrap_reallocarray(void *block, size_t count, size_t size)
{
    return refuse() ? NULL : __real_reallocarray(block, count, size);
}

char *__wrap_strdup(const char *text)
{
    return refuse() ? NULL : __real_strdup(text);
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    return refuse() ? MAP_FAILED : __real_mmap(address, length, protection, flags, fd, offset);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *arg),
                          void *arg)
{
    bool none = paused == 0 && atomic_load(&no_threads);

    if (none)
        atomic_fetch_add(&threads_refused, 1);
    if (none || refuse())
        return EAGAIN;
    return __real_pthread_create(thread, attributes, run, arg);
}

struct cds_lfht *__wrap__cds_lfht_new(unsigned long size, unsigned long min, unsigned long max, int flags,
                                      const struct cds_lfht_mm_type *mm,
                                      const struct rcu_flavor_struct *flavor, pthread_attr_t *attributes)
{
    return refuse() ? NULL : __real__cds_lfht_new(size, min, max, flags, mm, flavor, attributes);
}
