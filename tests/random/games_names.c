/*
 * Games about names.
 */
#include "games.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- lock: whoever makes the name, in whichever way, holds it until it removes it ------------------------------- */

enum { LOCK_FILE, LOCK_DIRECTORY, LOCK_SYMLINK, LOCK_LINK, LOCK_RENAME, LOCK_WAYS };

static int make_lock(const struct player *player, uint64_t way)
{
    int fd;

    switch (way) {
    case LOCK_DIRECTORY:
        return mkdirat(player->directory, "lock", 0755);
    case LOCK_SYMLINK:
        return symlinkat("nowhere", player->directory, "lock");
    case LOCK_LINK:
        return linkat(player->directory, game_name("key", (uint64_t)player->number), player->directory, "lock", 0);
    case LOCK_RENAME:
        return renameat2(player->directory, game_name("key", (uint64_t)player->number), player->directory, "lock",
                         RENAME_NOREPLACE);
    default:
        fd = openat(player->directory, "lock", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        return fd < 0 ? -1 : close(fd);
    }
}

bool step_of_lock(struct player *player)
{
    uint64_t way = dice_below(&player->dice, LOCK_WAYS);
    const char *key = game_name("key", (uint64_t)player->number);

    if ((way == LOCK_LINK || way == LOCK_RENAME) && !game_exists(player, key))
        game_make_file(player, key, "");
    if (make_lock(player, way) < 0)
        return GAME_ALLOWS(player, "making a lock", -1, EEXIST);
    if (atomic_fetch_add(&player->tallies->of[0], 1) != 0)
        return mismatch_say(&player->mismatch, "lock", "two have made the same name, one of them by way %d", (int)way);
    atomic_fetch_sub(&player->tallies->of[0], 1);
    return GAME_ALLOWS(player, "removing one's lock",
                       unlinkat(player->directory, "lock", way == LOCK_DIRECTORY ? AT_REMOVEDIR : 0), 0);
}

/* --- tokens: fewer than there are names, in two directories, and they change names -------------------------------- */

#define TOKENS 4
#define TOKEN_NAMES 8

static const char *token_name(uint64_t n)
{
    return game_name(n < TOKEN_NAMES / 2 ? "token" : "aside/token", n);
}

void prepare_tokens(struct player *player)
{
    if (mkdirat(player->directory, "aside", 0755) < 0)
        err(2, "aside");
    for (uint64_t i = 0; i < TOKENS; i++)
        game_make_file(player, token_name(i), (const char[]){(char)('A' + i), '\0'});
}

bool step_of_tokens(struct player *player)
{
    const char *from = token_name(dice_below(&player->dice, TOKEN_NAMES));
    const char *to = token_name(dice_below(&player->dice, TOKEN_NAMES));
    char text[8];

    if (dice_chance(&player->dice, 70))
        return GAME_ALLOWS(player, "renaming a token",
                           renameat2(player->directory, from, player->directory, to, RENAME_NOREPLACE), ENOENT, EEXIST);
    if (game_read(player, from, text, sizeof(text)) < 0)
        return GAME_ALLOWS(player, "reading a token", -1, ENOENT);
    return strlen(text) == 1 || mismatch_say(&player->mismatch, "token", "a token is '%s'", text);
}

/* Each of the texts A, B, ... is in one file. */
static bool check_letters(struct player *player, const char *(*name)(uint64_t n), uint64_t names, int letters)
{
    int seen[26] = {0};
    char text[8];

    for (uint64_t i = 0; i < names; i++) {
        if (game_read(player, name(i), text, sizeof(text)) == 1 && text[0] >= 'A' && text[0] <= 'Z')
            seen[text[0] - 'A']++;
    }
    for (int i = 0; i < letters; i++) {
        if (!game_expect(player, name(0), 1, seen[i]))
            return false;
    }
    return true;
}

bool check_tokens(struct player *player)
{
    return check_letters(player, token_name, TOKEN_NAMES, TOKENS);
}

/* --- exchange: all names have a file at any time ----------------------------------------------------------------- */

#define EXCHANGED 4

static const char *place_name(uint64_t n)
{
    return game_name(n % 2 ? "place" : "aside/place", n);
}

void prepare_exchange(struct player *player)
{
    for (uint64_t i = 0; i < EXCHANGED; i++)
        game_make_file(player, place_name(i), (const char[]){(char)('A' + i), '\0'});
}

bool step_of_exchange(struct player *player)
{
    const char *from = place_name(dice_below(&player->dice, EXCHANGED));
    const char *to = place_name(dice_below(&player->dice, EXCHANGED));
    char text[8];

    if (dice_chance(&player->dice, 50))
        return GAME_ALLOWS(player, "exchanging names",
                           renameat2(player->directory, from, player->directory, to, RENAME_EXCHANGE), 0);
    return GAME_ALLOWS(player, "opening what is exchanged", game_read(player, from, text, sizeof(text)), 0);
}

bool check_exchange(struct player *player)
{
    return check_letters(player, place_name, EXCHANGED, EXCHANGED);
}

/* --- links: how many there are is known -------------------------------------------------------------------------- */

#define LINKS 8

void prepare_links(struct player *player)
{
    game_make_file(player, "linked", "");
}

bool step_of_links(struct player *player)
{
    uint64_t i = dice_below(&player->dice, LINKS);
    bool make = dice_chance(&player->dice, 50);
    const char *name = game_name("link", i);
    int rc = make ? linkat(player->directory, "linked", player->directory, name, 0)
                  : unlinkat(player->directory, name, 0);

    if (rc == 0)
        game_count_up(player, i, make ? 1 : -1);
    return make ? GAME_ALLOWS(player, "linking", rc, EEXIST) : GAME_ALLOWS(player, "unlinking", rc, ENOENT);
}

bool check_links(struct player *player)
{
    struct stat stat = {.st_nlink = 0};
    int64_t sum = 1;

    for (uint64_t i = 0; i < LINKS; i++) {
        int64_t made = atomic_load(&player->tallies->of[i]);

        if (!game_expect(player, "a link", made, game_exists(player, game_name("link", i))))
            return false;
        sum += made;
    }
    (void)fstatat(player->directory, "linked", &stat, 0);
    return game_expect(player, "how many links there are", sum, (int64_t)stat.st_nlink);
}

/* --- trees: directories that are moved into each other ------------------------------------------------------------ */

#define TREES 4

static const char *tree_name(uint64_t n)
{
    return game_name("tree", n);
}

void prepare_trees(struct player *player)
{
    for (uint64_t i = 0; i < TREES; i++) {
        if (mkdirat(player->directory, tree_name(i), 0755) < 0)
            err(2, "%s", tree_name(i));
    }
}

/* One of them somewhere, in up to two others, which may be itself. `path` has 64 bytes. */
static const char *draw_tree(struct player *player, uint64_t tree, char *path)
{
    size_t length = 0;

    for (uint64_t depth = dice_below(&player->dice, 3); depth > 0; depth--)
        length += (size_t)snprintf(path + length, 64 - length, "%s/", tree_name(dice_below(&player->dice, TREES)));
    (void)snprintf(path + length, 64 - length, "%s", tree_name(tree));
    return path;
}

bool step_of_trees(struct player *player)
{
    uint64_t tree = dice_below(&player->dice, TREES);
    char from[64];
    char to[64];

    draw_tree(player, tree, from);
    draw_tree(player, tree, to);
    return GAME_ALLOWS(player, "moving a directory",
                       renameat2(player->directory, from, player->directory, to, RENAME_NOREPLACE), ENOENT, EEXIST,
                       EINVAL);
}

/* How often each is below a directory, which is closed. */
static void count_trees(int fd, int *counts)
{
    DIR *listing = fdopendir(fd);
    const struct dirent *entry;

    if (!listing)
        return;
    while ((entry = readdir(listing))) {
        int below;

        if (strncmp(entry->d_name, "tree.", 5) != 0)
            continue;
        counts[(entry->d_name[5] - '0') % TREES]++;
        below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (below >= 0)
            count_trees(below, counts);
    }
    closedir(listing);
}

bool check_trees(struct player *player)
{
    int counts[TREES] = {0};
    int fd = openat(player->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        count_trees(fd, counts);
    for (uint64_t i = 0; i < TREES; i++) {
        if (!game_expect(player, tree_name(i), 1, counts[i]))
            return false;
    }
    return true;
}

/* --- directories: a file in one keeps it -------------------------------------------------------------------------- */

#define DIRECTORIES 3

static const char *file_in(uint64_t directory)
{
    static char name[64];

    snprintf(name, sizeof(name), "%s/file", game_name("directory", directory));
    return name;
}

static bool make_file_in(struct player *player, uint64_t i)
{
    int fd = openat(player->directory, file_in(i), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (fd < 0)
        return GAME_ALLOWS(player, "making a file in a directory", -1, ENOENT, EEXIST);
    game_count_up(player, DIRECTORIES + i, 1);
    close(fd);
    return true;
}

static bool remove_file_in(struct player *player, uint64_t i)
{
    int rc = unlinkat(player->directory, file_in(i), 0);

    if (rc == 0)
        game_count_up(player, DIRECTORIES + i, -1);
    return GAME_ALLOWS(player, "removing a file in a directory", rc, ENOENT);
}

bool step_of_directories(struct player *player)
{
    uint64_t i = dice_below(&player->dice, DIRECTORIES);
    const char *name = game_name("directory", i);
    int rc;

    switch (dice_below(&player->dice, 4)) {
    case 0:
        rc = mkdirat(player->directory, name, 0755);
        game_count_up(player, i, rc == 0);
        return GAME_ALLOWS(player, "mkdir", rc, EEXIST);
    case 1:
        rc = unlinkat(player->directory, name, AT_REMOVEDIR);
        game_count_up(player, i, rc == 0 ? -1 : 0);
        return GAME_ALLOWS(player, "rmdir", rc, ENOENT, ENOTEMPTY);
    case 2:
        return make_file_in(player, i);
    default:
        return remove_file_in(player, i);
    }
}

bool check_directories(struct player *player)
{
    for (uint64_t i = 0; i < DIRECTORIES; i++) {
        int64_t made = atomic_load(&player->tallies->of[i]);
        int64_t with_file = atomic_load(&player->tallies->of[DIRECTORIES + i]);

        if (!game_expect(player, "a directory", made, game_exists(player, game_name("directory", i))) ||
            !game_expect(player, "a file in a directory", with_file, game_exists(player, file_in(i))))
            return false;
    }
    return true;
}

/* --- listing: what isn't touched is seen once --------------------------------------------------------------------- */

#define FIXED 30

void prepare_listing(struct player *player)
{
    for (uint64_t i = 0; i < FIXED; i++)
        game_make_file(player, game_name("fixed", i), "");
}

bool step_of_listing(struct player *player)
{
    int fd = openat(player->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    int seen = 0;

    if (!listing)
        return GAME_ALLOWS(player, "opening the directory", -1, 0);
    while ((entry = readdir(listing)))
        seen += strncmp(entry->d_name, "fixed.", 6) == 0;
    closedir(listing);
    return game_expect(player, "names in a listing", FIXED, seen);
}
