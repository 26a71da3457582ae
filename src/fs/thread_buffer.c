#include "fs/thread_buffer.h"

#include <pthread.h>
#include <stdlib.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static _Thread_local size_t capacity;

static void make_key(void)
{
    (void)pthread_key_create(&key, free);
}

void *thread_buffer(size_t size)
{
    void *buffer;

    pthread_once(&once, make_key);
    buffer = pthread_getspecific(key);
    if (buffer && size <= capacity)
        return buffer;

    free(buffer);
    buffer = malloc(size);
    capacity = buffer ? size : 0;
    if (pthread_setspecific(key, buffer) != 0) {
        free(buffer);
        return NULL;
    }
    return buffer;
}
