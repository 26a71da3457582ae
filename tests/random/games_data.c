/*
 * Games about bytes.
 */
#include "games.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- log: lines of all players ------------------------------------------------------------------------------------ */

void prepare_log(struct player *player)
{
    game_make_file(player, "log", "");
}

bool step_of_log(struct player *player)
{
    int64_t number = atomic_load(&player->tallies->of[player->number]);
    int padding = 1 + (int)dice_below(&player->dice, 150);
    int fd = openat(player->directory, "log", O_WRONLY | O_APPEND | O_CLOEXEC);
    char line[256];
    int length = snprintf(line, sizeof(line), "%d %ld %0*d\n", player->number, (long)number, padding, 0);
    ssize_t rc = fd < 0 ? -1 : write(fd, line, (size_t)length);

    if (!GAME_ALLOWS(player, "appending", rc, 0))
        return false;
    close(fd);
    game_count_up(player, (size_t)player->number, 1);
    return game_expect(player, "bytes appended", length, rc);
}

/* Of each player the lines are there in its order. */
static bool check_line(struct player *player, const char *line, int64_t *next)
{
    unsigned number;
    long count;

    if (sscanf(line, "%u %ld 0", &number, &count) != 2 || number >= GAME_TALLIES)
        return mismatch_say(&player->mismatch, "log", "no line of anybody's: %.100s", line);
    return game_expect(player, "the next line of a player", next[number]++, count);
}

bool check_log(struct player *player)
{
    int fd = openat(player->directory, "log", O_RDONLY | O_CLOEXEC);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
    int64_t next[GAME_TALLIES] = {0};
    bool good = file != NULL;
    char line[256];

    while (good && fgets(line, sizeof(line), file))
        good = check_line(player, line, next);
    for (size_t i = 0; good && i < GAME_TALLIES; i++)
        good = game_expect(player, "lines of a player", atomic_load(&player->tallies->of[i]), next[i]);
    if (file)
        fclose(file);
    return good;
}

/* --- replace: all bytes of a file are the same letter, and its first tell its length ----------------------------- */

#define REPLACED_MAX 20000

static int write_whole(int fd, char letter, int length)
{
    char text[REPLACED_MAX + 1];

    memset(text, letter, (size_t)length);
    (void)snprintf(text, sizeof(text), "%08d", length);
    text[8] = letter;
    return fd >= 0 && write(fd, text, (size_t)length) == length ? 0 : -1;
}

void prepare_replace(struct player *player)
{
    game_make_file(player, "current", "00000016aaaaaaaa");
}

static bool is_whole(const char *text, long length)
{
    char told[9];
    long i = 8;

    (void)snprintf(told, sizeof(told), "%.8s", text);
    if (length <= 8 || atol(told) != length)
        return false;
    while (i < length && text[i] == text[8])
        i++;
    return i == length;
}

static bool replace(struct player *player)
{
    const char *name = game_name("next", (uint64_t)player->number);
    int fd = openat(player->directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int length = 16 + (int)dice_below(&player->dice, REPLACED_MAX - 16);
    int rc = write_whole(fd, (char)('a' + dice_below(&player->dice, 26)), length);

    if (fd >= 0)
        close(fd);
    if (rc == 0)
        rc = renameat(player->directory, name, player->directory, "current");
    return GAME_ALLOWS(player, "replacing a file", rc, 0);
}

bool step_of_replace(struct player *player)
{
    char text[REPLACED_MAX + 1];
    long length;

    if (dice_chance(&player->dice, 40))
        return replace(player);
    length = game_read(player, "current", text, sizeof(text));
    if (length < 0)
        return GAME_ALLOWS(player, "opening what is replaced", -1, 0);
    return is_whole(text, length) ||
           mismatch_say(&player->mismatch, "replace", "%ld bytes aren't one of the files: %.20s", length, text);
}

/* --- unlinked: anybody takes the name away ------------------------------------------------------------------------ */

static bool use_and_unlink(struct player *player, int fd, const char *name)
{
    char text[64];
    char found[64] = "";
    struct stat stat;
    int length = snprintf(text, sizeof(text), "%d %lu", player->number, (unsigned long)dice_roll(&player->dice));

    if (pwrite(fd, text, (size_t)length, 5000) != length)
        return GAME_ALLOWS(player, "writing to a new file", -1, 0);
    if (!GAME_ALLOWS(player, "unlinking a new file", unlinkat(player->directory, name, 0), ENOENT))
        return false;
    if (pread(fd, found, sizeof(found) - 1, 5000) != length || strcmp(text, found) != 0)
        return mismatch_say(&player->mismatch, "unlinked", "'%s' was written, '%s' is there", text, found);
    return GAME_ALLOWS(player, "fstat of an unlinked file", fstat(fd, &stat), 0) &&
           game_expect(player, "size of an unlinked file", 5000 + length, stat.st_size);
}

bool step_of_unlinked(struct player *player)
{
    const char *name = game_name("brief", dice_below(&player->dice, 2));
    int fd = openat(player->directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    bool good;

    if (fd < 0)
        return GAME_ALLOWS(player, "creating a file", -1, EEXIST) &&
               GAME_ALLOWS(player, "unlinking another's file", unlinkat(player->directory, name, 0), ENOENT);
    good = use_and_unlink(player, fd, name);
    close(fd);
    return good;
}

/* --- pages: each player has a part of a file, with no page to itself --------------------------------------------- */

#define PART 1500

void prepare_pages(struct player *player)
{
    game_make_file(player, "pages", "");
}

bool step_of_pages(struct player *player)
{
    int fd = openat(player->directory, "pages", O_RDWR | O_CLOEXEC);
    off_t offset = (off_t)player->number * PART;
    char text[PART];
    char found[PART];
    ssize_t rc;

    memset(text, (int)dice_below(&player->dice, 256), sizeof(text));
    rc = fd < 0 ? -1 : pwrite(fd, text, sizeof(text), offset);
    if (rc >= 0 && dice_chance(&player->dice, 10))
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    if (rc >= 0)
        rc = pread(fd, found, sizeof(found), offset);
    if (fd >= 0)
        close(fd);
    if (!GAME_ALLOWS(player, "reading and writing a part", rc, 0) ||
        !game_expect(player, "bytes of a part", PART, rc))
        return false;
    return memcmp(text, found, sizeof(text)) == 0 ||
           mismatch_say(&player->mismatch, "pages", "a part isn't what its player wrote last");
}
