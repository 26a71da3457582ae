/*
 * Operations on shared mappings, which stay across whatever else is done to
 * the file. Beyond its end there is a SIGBUS, which is an outcome, too.
 */
#include "perform.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAP_PAGE 4096

static sigjmp_buf beyond_end;

static void on_bus_error(int signal)
{
    (void)signal;
    siglongjmp(beyond_end, 1);
}

static void catch_bus_errors(void)
{
    struct sigaction action = {.sa_handler = on_bus_error};

    sigaction(SIGBUS, &action, NULL);
}

void perform_map(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const int64_t *values = operation->values;
    int fd = side->slots[values[ARGUMENT_SLOT]];
    void *map = mmap(NULL, SIDE_MAP_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    outcome_set(outcome, map == MAP_FAILED ? -1 : 0);
    if (map == MAP_FAILED)
        return;
    side_unmap(side, values[ARGUMENT_MAP]);
    side->maps[values[ARGUMENT_MAP]] = map;
    side->map_fds[values[ARGUMENT_MAP]] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

void perform_unmap(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    (void)outcome;
    side_unmap(side, operation->values[ARGUMENT_MAP]);
}

static size_t clip(int64_t length, int64_t left)
{
    return (size_t)(length < left ? length : left < 0 ? 0 : left);
}

static size_t length_in_map(const struct operation *operation)
{
    return clip(operation->values[ARGUMENT_LENGTH], SIDE_MAP_SIZE - operation->values[ARGUMENT_MAP_OFFSET]);
}

/* Nobody promises what becomes of bytes that are stored in the last page behind the end: those are left out. */
static size_t length_in_file(const struct side *side, const struct operation *operation)
{
    int64_t offset = operation->values[ARGUMENT_MAP_OFFSET];
    size_t length = length_in_map(operation);
    struct stat stat;

    if (fstat(side->map_fds[operation->values[ARGUMENT_MAP]], &stat) < 0)
        return 0;
    if (offset >= (stat.st_size + MAP_PAGE - 1) / MAP_PAGE * MAP_PAGE)
        return length;
    return clip((int64_t)length, stat.st_size - offset);
}

/* Byte by byte from the first, up to where a SIGBUS may end it. */
static void copy_bytes(volatile unsigned char *to, const volatile unsigned char *from, size_t length,
                       struct outcome *outcome)
{
    catch_bus_errors();
    if (sigsetjmp(beyond_end, 1) == 0) {
        for (size_t i = 0; i < length; i++)
            to[i] = from[i];
        outcome_set(outcome, 0);
        return;
    }
    errno = EFAULT;
    outcome_set(outcome, -1);
}

void perform_load(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const unsigned char *map = side->maps[operation->values[ARGUMENT_MAP]];
    size_t length = length_in_map(operation);

    if (!map)
        return;
    copy_bytes(outcome->bytes, map + operation->values[ARGUMENT_MAP_OFFSET], length, outcome);
    outcome->length = outcome->error == 0 ? length : 0;
}

void perform_store(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    unsigned char *map = side->maps[operation->values[ARGUMENT_MAP]];
    size_t length;

    if (!map)
        return;
    length = length_in_file(side, operation);
    fill_bytes(outcome->bytes, length, operation->values[ARGUMENT_FILL]);
    copy_bytes(map + operation->values[ARGUMENT_MAP_OFFSET], outcome->bytes, length, outcome);
}

void perform_msync(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    unsigned char *map = side->maps[operation->values[ARGUMENT_MAP]];

    if (map)
        outcome_set(outcome, msync(map, SIDE_MAP_SIZE, MS_SYNC));
}
