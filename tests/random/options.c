#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <sys/random.h>

static uint64_t random_seed(void)
{
    uint32_t seed = 1;

    (void)!getrandom(&seed, sizeof(seed), 0);
    return seed;
}

static void set(struct options *options, int option)
{
    switch (option) {
    case 's':
        options->seconds = atol(optarg);
        break;
    case 'S':
        options->seed = strtoull(optarg, NULL, 0);
        break;
    case 'o':
        options->operations = strtoul(optarg, NULL, 0);
        break;
    case 'p':
        options->processes = atoi(optarg);
        break;
    default:
        options->replay = optarg;
    }
}

bool options_parse(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"seconds", required_argument, NULL, 's'},   {"seed", required_argument, NULL, 'S'},
        {"operations", required_argument, NULL, 'o'}, {"processes", required_argument, NULL, 'p'},
        {"replay", required_argument, NULL, 'r'},    {NULL, 0, NULL, 0},
    };
    int option;

    *options = (struct options){.seconds = 30, .seed = random_seed(), .operations = 300};
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == '?')
            return false;
        set(options, option);
    }
    if (argc - optind != 2)
        return false;
    options->tmpfs = argv[optind];
    options->kvfs = argv[optind + 1];
    return true;
}
