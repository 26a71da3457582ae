#include "crowd.h"
#include "game.h"
#include "rounds.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The games are also played on tmpfs, for so much of the time. */
#define PROOF_PERCENT 15
/* Between two rounds of its own a player takes so many steps in games. */
#define STEPS 300
#define ROUND_OPERATIONS 60
#define GAMES_MAX 32

/* What all players share. */
struct crowd {
    _Atomic bool failed; /* whoever finds something first tells it, and the others stop */
    _Atomic uint64_t steps;
    _Atomic uint64_t rounds;
    struct tallies tallies[GAMES_MAX];
};

static struct crowd *crowd_create(void)
{
    struct crowd *crowd = mmap(NULL, sizeof(*crowd), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (crowd == MAP_FAILED)
        err(2, "no memory");
    return crowd;
}

/* True for the first who has something to tell. */
static bool is_first(struct crowd *crowd)
{
    return !atomic_exchange(&crowd->failed, true);
}

static bool with_game(struct crowd *crowd, struct player *player, size_t game, bool (*function)(struct player *player))
{
    player->tallies = &crowd->tallies[game];
    if (function(player))
        return true;
    if (is_first(crowd))
        printf("# %s: %s\n", games[game].name, player->mismatch.text);
    return false;
}

static void prepare_games(struct crowd *crowd, struct player *player)
{
    for (size_t i = 0; i < game_count; i++) {
        player->tallies = &crowd->tallies[i];
        if (games[i].on)
            games[i].prepare(player);
    }
}

static bool check_games(struct crowd *crowd, struct player *player)
{
    for (size_t i = 0; i < game_count; i++) {
        if (games[i].on && !with_game(crowd, player, i, games[i].check))
            return false;
    }
    return true;
}

static bool take_steps(struct crowd *crowd, struct player *player)
{
    for (int i = 0; i < STEPS && !atomic_load(&crowd->failed); i++) {
        size_t game = dice_below(&player->dice, game_count);

        if (!games[game].on)
            continue;
        if (!with_game(crowd, player, game, games[game].step))
            return false;
        atomic_fetch_add(&crowd->steps, 1);
    }
    return true;
}

static bool play_round(struct crowd *crowd, struct play *play, uint64_t seed)
{
    struct round round = {.seed = seed, .operations = ROUND_OPERATIONS};

    if (round_run(&round, play)) {
        atomic_fetch_add(&crowd->rounds, 1);
        return true;
    }
    if (is_first(crowd))
        round_tell(&round, play);
    return false;
}

/* One process. Without `play` it has no rounds of its own. */
static bool be_player(struct crowd *crowd, struct player *player, struct play *play, uint64_t seed, time_t deadline)
{
    bool good = true;

    player->dice.state = seed;
    while (good && time(NULL) < deadline && !atomic_load(&crowd->failed)) {
        good = take_steps(crowd, player);
        if (good && play)
            good = play_round(crowd, play, dice_roll(&player->dice) >> 32);
    }
    return good;
}

static pid_t start_player(const struct options *options, struct crowd *crowd, const struct player *like, int number,
                          bool with_rounds, time_t deadline)
{
    struct player player = *like;
    struct play play;
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    player.number = number;
    if (with_rounds)
        play_init(&play, options->tmpfs, options->kvfs);
    _exit(be_player(crowd, &player, with_rounds ? &play : NULL, options->seed + (uint64_t)number, deadline) ? 0 : 1);
}

static bool run_players(const struct options *options, struct crowd *crowd, const struct player *like,
                        bool with_rounds, long seconds)
{
    time_t deadline = time(NULL) + (seconds > 0 ? seconds : 1);
    bool good = true;
    int status;

    fflush(stdout);
    for (int i = 0; i < options->processes; i++) {
        if (start_player(options, crowd, like, i, with_rounds, deadline) < 0)
            err(2, "fork");
    }
    for (int i = 0; i < options->processes; i++) {
        if (wait(&status) < 0 || status != 0)
            good = false;
        if (WIFSIGNALED(status))
            printf("# a player died by signal %d\n", WTERMSIG(status));
    }
    return good;
}

/* A fresh directory for the games, and everything in it afterwards. */
static bool run_on(const struct options *options, const char *name, const char *directory, bool with_rounds,
                   long seconds)
{
    struct crowd *crowd = crowd_create();
    struct player player = {.number = -1};
    struct side side;
    bool good;

    side_init(&side, name, directory);
    if (side_begin(&side) < 0)
        err(2, "%s", directory);
    player.directory = side.top;
    prepare_games(crowd, &player);
    good = run_players(options, crowd, &player, with_rounds, seconds) && check_games(crowd, &player);
    if (good)
        printf("# %d processes on %s: %lu steps in games, %lu rounds: as it has to be\n", options->processes, name,
               (unsigned long)atomic_load(&crowd->steps), (unsigned long)atomic_load(&crowd->rounds));
    side_end(&side);
    side_deinit(&side);
    munmap(crowd, sizeof(*crowd));
    return good;
}

bool crowd_run(const struct options *options)
{
    long proof = options->seconds * PROOF_PERCENT / 100;

    return run_on(options, "tmpfs", options->tmpfs, false, proof) &&
           run_on(options, "kvfs", options->kvfs, true, options->seconds - proof);
}
