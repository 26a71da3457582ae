/*
 * Operations on bytes, through descriptors that stay open.
 */
#include "perform.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int fd_of(const struct side *side, const struct operation *operation)
{
    return side->slots[operation->values[ARGUMENT_SLOT]];
}

static void outcome_set_read(struct outcome *outcome, ssize_t length)
{
    outcome_set(outcome, length);
    outcome->length = length > 0 ? (size_t)length : 0;
}

void perform_read(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    outcome_set_read(outcome, read(fd_of(side, operation), outcome->bytes, (size_t)operation->values[ARGUMENT_LENGTH]));
}

void perform_pread(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const int64_t *values = operation->values;
    size_t length = (size_t)values[ARGUMENT_LENGTH];

    outcome_set_read(outcome, pread(fd_of(side, operation), outcome->bytes, length, values[ARGUMENT_OFFSET]));
}

void perform_write(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    size_t length = (size_t)operation->values[ARGUMENT_LENGTH];

    fill_bytes(outcome->bytes, length, operation->values[ARGUMENT_FILL]);
    outcome_set(outcome, write(fd_of(side, operation), outcome->bytes, length));
}

void perform_pwrite(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const int64_t *values = operation->values;
    size_t length = (size_t)values[ARGUMENT_LENGTH];

    fill_bytes(outcome->bytes, length, values[ARGUMENT_FILL]);
    outcome_set(outcome, pwrite(fd_of(side, operation), outcome->bytes, length, values[ARGUMENT_OFFSET]));
}

void perform_lseek(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const int64_t *values = operation->values;

    outcome_set(outcome, lseek(fd_of(side, operation), values[ARGUMENT_OFFSET], (int)values[ARGUMENT_WHENCE]));
}

void perform_seek_data(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const int64_t *values = operation->values;

    outcome_set(outcome, lseek(fd_of(side, operation), values[ARGUMENT_OFFSET], (int)values[ARGUMENT_HOLES]));
}

/* truncateat() doesn't exist: by its working directory, which nothing else uses. */
void perform_truncate(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    char path[PATH_TEXT_MAX];

    outcome_set(outcome, fchdir(side->top));
    if (outcome->error != 0)
        return;
    argument_path(operation->values[ARGUMENT_PATH], path);
    outcome_set(outcome, truncate(path, operation->values[ARGUMENT_SIZE]));
}

void perform_ftruncate(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    outcome_set(outcome, ftruncate(fd_of(side, operation), operation->values[ARGUMENT_SIZE]));
}

/* tmpfs zeroes no range: there it is punched and allocated anew, which is the same. */
static int allocate(int fd, int mode, int64_t offset, int64_t length)
{
    int rc = fallocate(fd, mode, offset, length);

    if (rc == 0 || errno != EOPNOTSUPP || !(mode & FALLOC_FL_ZERO_RANGE))
        return rc;
    rc = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
    return rc < 0 ? rc : fallocate(fd, mode & ~FALLOC_FL_ZERO_RANGE, offset, length);
}

void perform_fallocate(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const int64_t *values = operation->values;

    outcome_set(outcome, allocate(fd_of(side, operation), (int)values[ARGUMENT_ALLOCATE], values[ARGUMENT_OFFSET],
                                  values[ARGUMENT_LENGTH]));
}

/* It may copy less than it is asked to; so this asks again, until there is no more. */
static int64_t copy(int from_fd, off_t from, int to_fd, off_t to, size_t length)
{
    size_t copied = 0;
    ssize_t part;

    do {
        part = copy_file_range(from_fd, &from, to_fd, &to, length - copied, 0);
        copied += part > 0 ? (size_t)part : 0;
    } while (part > 0 && copied < length);
    return part < 0 && copied == 0 ? -1 : (int64_t)copied;
}

void perform_copy(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    const int64_t *values = operation->values;
    int from = fd_of(side, operation);
    int to = side->slots[values[ARGUMENT_TO_SLOT]];

    outcome_set(outcome, copy(from, values[ARGUMENT_OFFSET], to, values[ARGUMENT_TO_OFFSET],
                              (size_t)values[ARGUMENT_LENGTH]));
}

void perform_fsync(struct side *side, const struct operation *operation, struct outcome *outcome)
{
    outcome_set(outcome, fsync(fd_of(side, operation)));
}
