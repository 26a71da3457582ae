#include "app/options.h"

#include "actor/runtime.h"
#include "base/amount.h"
#include "base/clock.h"
#include "fs/fs.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <fuse_lowlevel.h>

#define LINGER_MAX_S 1e6 /* more than a week is for ever */

enum {
    KEY_FOREGROUND,
    KEY_DEBUG,
    KEY_HELP,
    KEY_VERSION,
    KEY_DIRECT,
    KEY_NO_DIRECT,
    KEY_URING,
    KEY_NO_URING,
    KEY_LINGER,
    KEY_MAX_AWAKE,
    KEY_ALLOW_OTHER,
    KEY_NO_ALLOW_OTHER,
    KEY_SIZE,
    KEY_NR_INODES,
    KEY_OPEN,
    KEY_NO_OPEN,
};

static const struct fuse_opt table[] = {
    FUSE_OPT_KEY("-f", KEY_FOREGROUND),
    FUSE_OPT_KEY("-d", KEY_DEBUG),
    FUSE_OPT_KEY("debug", KEY_DEBUG),
    FUSE_OPT_KEY("-h", KEY_HELP),
    FUSE_OPT_KEY("--help", KEY_HELP),
    FUSE_OPT_KEY("-V", KEY_VERSION),
    FUSE_OPT_KEY("--version", KEY_VERSION),
    FUSE_OPT_KEY("direct_call", KEY_DIRECT),
    FUSE_OPT_KEY("no_direct_call", KEY_NO_DIRECT),
    FUSE_OPT_KEY("io_uring", KEY_URING),
    FUSE_OPT_KEY("no_io_uring", KEY_NO_URING),
    FUSE_OPT_KEY("linger=", KEY_LINGER),
    FUSE_OPT_KEY("max_awake=", KEY_MAX_AWAKE),
    FUSE_OPT_KEY("allow_other", KEY_ALLOW_OTHER),
    FUSE_OPT_KEY("no_allow_other", KEY_NO_ALLOW_OTHER),
    FUSE_OPT_KEY("size=", KEY_SIZE),
    FUSE_OPT_KEY("nr_inodes=", KEY_NR_INODES),
    FUSE_OPT_KEY("open", KEY_OPEN),
    FUSE_OPT_KEY("no_open", KEY_NO_OPEN),
    FUSE_OPT_END,
};

/* `[SOURCE] MOUNTPOINT`: the first of two was the source. */
static int on_argument(struct options *options, const char *argument)
{
    if (options->source) {
        fprintf(stderr, "kvfs: too many arguments: %s\n", argument);
        return -1;
    }
    options->source = options->mountpoint;
    options->mountpoint = strdup(argument);
    return options->mountpoint ? 0 : -1;
}

static int refuse(const char *argument, const char *why)
{
    fprintf(stderr, "kvfs: %s: %s\n", argument, why);
    return -1;
}

/* `linger=SECONDS`, maybe with a fraction. */
static int set_linger(struct options *options, const char *argument)
{
    const char *text = strchr(argument, '=') + 1;
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end != '\0' || !(seconds >= 0 && seconds <= LINGER_MAX_S))
        return refuse(argument, "not a number of seconds");
    options->linger_ns = (int64_t)(seconds * CLOCK_NS_PER_S);
    return 0;
}

static int set_max_awake(struct options *options, const char *argument)
{
    const char *text = strchr(argument, '=') + 1;
    char *end;
    unsigned long count;

    errno = 0;
    count = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || count > UINT32_MAX)
        return refuse(argument, "not a number of threads");
    options->max_awake = (uint32_t)count;
    return 0;
}

/* In pages; 0 if the system doesn't say. */
static uint64_t memory_of_machine(void)
{
    struct sysinfo memory;

    return sysinfo(&memory) < 0 ? 0 : (uint64_t)memory.totalram * memory.mem_unit / FS_BLOCK_SIZE;
}

/* `size=AMOUNT` in bytes, or `size=N%` of the machine's memory; rounded up to pages, as in tmpfs. */
static int set_size(struct options *options, const char *argument)
{
    const char *text = strchr(argument, '=') + 1;
    uint64_t amount;
    size_t used;

    if (!amount_parse(text, strlen(text), &amount, &used))
        return refuse(argument, "not a number of bytes");
    if (strcmp(text + used, "%") == 0 && amount < UINT32_MAX)
        options->max_pages = (amount * memory_of_machine() + 99) / 100;
    else if (text[used] == '\0')
        options->max_pages = amount / FS_BLOCK_SIZE + (amount % FS_BLOCK_SIZE > 0);
    else
        return refuse(argument, "not a number of bytes");
    return 0;
}

static int set_nr_inodes(struct options *options, const char *argument)
{
    const char *text = strchr(argument, '=') + 1;
    uint64_t amount;
    size_t used;

    if (!amount_parse(text, strlen(text), &amount, &used) || text[used] != '\0')
        return refuse(argument, "not a number of inodes");
    options->max_inodes = amount;
    return 0;
}

/* 0: taken; 1: for libfuse; -1: an error. */
static int on_option(void *data, const char *argument, int key, struct fuse_args *args)
{
    struct options *options = data;

    (void)args;
    switch (key) {
    case FUSE_OPT_KEY_NONOPT:
        return on_argument(options, argument);
    case KEY_DEBUG:
        options->foreground = true;
        return 1;
    case KEY_FOREGROUND:
        options->foreground = true;
        return 0;
    case KEY_HELP:
        options->help = true;
        return 0;
    case KEY_VERSION:
        options->version = true;
        return 0;
    case KEY_DIRECT:
    case KEY_NO_DIRECT:
        options->direct = key == KEY_DIRECT;
        return 0;
    case KEY_URING:
    case KEY_NO_URING:
        options->io_uring = key == KEY_URING;
        return 0;
    case KEY_ALLOW_OTHER:
    case KEY_NO_ALLOW_OTHER:
        options->allow_other = key == KEY_ALLOW_OTHER;
        return 0;
    case KEY_OPEN:
    case KEY_NO_OPEN:
        options->no_open = key == KEY_NO_OPEN;
        return 0;
    case KEY_LINGER:
        return set_linger(options, argument);
    case KEY_MAX_AWAKE:
        return set_max_awake(options, argument);
    case KEY_SIZE:
        return set_size(options, argument);
    case KEY_NR_INODES:
        return set_nr_inodes(options, argument);
    default:
        return 1;
    }
}

int options_parse(int argc, char **argv, struct options *ret_options)
{
    *ret_options = (struct options){
        .direct = true,
        .io_uring = true,
        .no_open = true,
        .allow_other = geteuid() == 0,
        .linger_ns = RUNTIME_LINGER_NS,
        .max_awake = RUNTIME_MAX_AWAKE,
        .max_pages = memory_of_machine() / 2,
        .max_inodes = memory_of_machine() / 2,
        .args = FUSE_ARGS_INIT(argc, argv),
    };
    if (fuse_opt_parse(&ret_options->args, ret_options, table, on_option) < 0) {
        options_deinit(ret_options);
        return -1;
    }
    if (!ret_options->mountpoint && !ret_options->help && !ret_options->version) {
        fprintf(stderr, "kvfs: no mountpoint given (see kvfs --help)\n");
        options_deinit(ret_options);
        return -1;
    }
    return 0;
}

void options_deinit(struct options *options)
{
    free(options->source);
    free(options->mountpoint);
    options->source = options->mountpoint = NULL;
    fuse_opt_free_args(&options->args);
}

/* Without default_permissions the kernel, which never asks us about opens, would let everybody in. */
int options_add_ours(struct options *options)
{
    const char *common = options->allow_other ? "default_permissions,subtype=kvfs,allow_other"
                                              : "default_permissions,subtype=kvfs";
    const char *source = options->source ? options->source : "kvfs";
    char *list = NULL;
    char *name = NULL;
    int rc = -1;

    if (asprintf(&name, "fsname=%s", source) < 0)
        return -1;
    if (fuse_opt_add_opt(&list, common) == 0 &&
        fuse_opt_add_opt_escaped(&list, name) == 0 && fuse_opt_add_arg(&options->args, "-o") == 0 &&
        fuse_opt_add_arg(&options->args, list) == 0)
        rc = 0;
    free(name);
    free(list);
    return rc;
}

void options_print_help(const char *program)
{
    printf("usage: %s [options] [SOURCE] MOUNTPOINT\n"
           "\n"
           "Mounts a file system whose directories are live processes.\n"
           "\n"
           "    -h, --help             show this and end\n"
           "    -V, --version          show the version and end\n"
           "    -f                     stay in the foreground\n"
           "    -d, -o debug           the same, and show every request\n"
           "    -o no_io_uring         use /dev/fuse even where the kernel offers io_uring\n"
           "    -o no_allow_other      only for whoever mounts, which is so unless root does (allow_other)\n"
           "    -o open                have the kernel tell of each open, even where it can do without\n"
           "    -o no_direct_call      have each bucket's own thread run its calls\n"
           "    -o linger=SECONDS      how long an idle bucket keeps its thread (10)\n"
           "    -o max_awake=N         how many idle buckets may keep theirs (256)\n"
           "    -o size=BYTES          how much memory values may take, 0 for any; also 512k, 3g, 50%% (half of memory)\n"
           "    -o nr_inodes=N         how many buckets and files there may be, 0 for any (one for two pages of memory)\n"
           "    -o OPTION[,OPTION...]  mount options, and those of libfuse:\n",
           program);
    fuse_lowlevel_help();
}

void options_print_version(void)
{
    printf("kvfs %s (libfuse %s)\n", KVFS_VERSION, fuse_pkgversion());
}
