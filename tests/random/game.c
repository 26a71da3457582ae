#include "game.h"
#include "side.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void game_make_file(const struct player *player, const char *name, const char *text)
{
    int fd = openat(player->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    ssize_t length = (ssize_t)__builtin_strlen(text);

    if (fd < 0 || write(fd, text, (size_t)length) != length)
        err(2, "%s", name);
    close(fd);
}

bool game_allows(struct player *player, const char *what, int64_t rc, const int *errors)
{
    int error = errno;

    if (rc >= 0)
        return true;
    for (; *errors != 0; errors++) {
        if (error == *errors)
            return true;
    }
    return mismatch_say(&player->mismatch, what, "%s: %s", what, error_name(error));
}

long game_read(const struct player *player, const char *name, char *text, size_t size)
{
    int fd = openat(player->directory, name, O_RDONLY | O_CLOEXEC);
    ssize_t length;

    if (fd < 0)
        return -1;
    length = read(fd, text, size - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    return length;
}

bool game_exists(const struct player *player, const char *name)
{
    struct stat stat;

    return fstatat(player->directory, name, &stat, AT_SYMLINK_NOFOLLOW) == 0;
}

const char *game_name(const char *kind, uint64_t n)
{
    static char names[8][64];
    static unsigned next;
    char *name = names[next++ % 8];

    snprintf(name, sizeof(names[0]), "%s.%u", kind, (unsigned)n);
    return name;
}

void game_count_up(const struct player *player, size_t index, int64_t by)
{
    atomic_fetch_add(&player->tallies->of[index], by);
}

bool game_expect(struct player *player, const char *what, int64_t expected, int64_t found)
{
    return expected == found ||
           mismatch_say(&player->mismatch, what, "%s: %ld expected, %ld found", what, (long)expected, (long)found);
}
