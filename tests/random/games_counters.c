/*
 * Counters in one file, each counted up in its own way, so that none loses a
 * step.
 */
#include "games.h"

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BY_FLOCK, BY_FCNTL, BY_OWNER, BY_MAP, WAYS };

static const char *const files[WAYS] = {"counter.flock", "counter.fcntl", "counter.owner", "counter.map"};

void prepare_counters(struct player *player)
{
    static const char zero[] = "00000000";

    for (int way = 0; way < WAYS; way++) {
        int fd;

        game_make_file(player, files[way], zero);
        fd = openat(player->directory, files[way], O_WRONLY | O_CLOEXEC);
        if (fd < 0 || ftruncate(fd, 0) < 0 || ftruncate(fd, sizeof(int64_t)) < 0)
            err(2, "%s", files[way]);
        close(fd);
    }
}

static int count_with_read_and_write(int fd)
{
    int64_t count;

    if (pread(fd, &count, sizeof(count), 0) != sizeof(count))
        return -1;
    count++;
    return pwrite(fd, &count, sizeof(count), 0) == sizeof(count) ? 0 : -1;
}

static int count_by_flock(int fd)
{
    return flock(fd, LOCK_EX) == 0 ? count_with_read_and_write(fd) : -1;
}

static int count_by_fcntl(int fd, int command)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 3};

    return fcntl(fd, command, &lock) == 0 ? count_with_read_and_write(fd) : -1;
}

static int count_by_map(int fd)
{
    _Atomic int64_t *map = mmap(NULL, sizeof(*map), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (map == MAP_FAILED)
        return -1;
    atomic_fetch_add(map, 1);
    return munmap(map, sizeof(*map));
}

/* Closing it lets the lock go. */
bool step_of_counters(struct player *player)
{
    uint64_t way = dice_below(&player->dice, WAYS);
    int fd = openat(player->directory, files[way], O_RDWR | O_CLOEXEC);
    int rc = -1;

    if (fd >= 0 && way == BY_MAP)
        rc = count_by_map(fd);
    else if (fd >= 0)
        rc = way == BY_FLOCK ? count_by_flock(fd) : count_by_fcntl(fd, way == BY_OWNER ? F_OFD_SETLKW : F_SETLKW);
    if (fd >= 0)
        close(fd);
    if (rc == 0)
        game_count_up(player, way, 1);
    return GAME_ALLOWS(player, files[way], rc, 0);
}

bool check_counters(struct player *player)
{
    for (int way = 0; way < WAYS; way++) {
        int fd = openat(player->directory, files[way], O_RDONLY | O_CLOEXEC);
        int64_t count = -1;

        if (fd >= 0) {
            (void)!pread(fd, &count, sizeof(count), 0);
            close(fd);
        }
        if (!game_expect(player, files[way], atomic_load(&player->tallies->of[way]), count))
            return false;
    }
    return true;
}
