/*
 * The order of things.
 *
 * Everything that forks comes before anything that has threads: first the
 * child in the background, then the helper and the remover. Then the mount, then the parts
 * with threads, which a supervisor starts. Once the mount has answered its first request, which the
 * helper makes, the parent is told over which transport, and ends.
 *
 * The main thread then waits: for a signal, for the session's end (somebody
 * unmounted), for the helper, for a part that ends by itself.
 */
#include "app/app.h"

#include "app/background.h"
#include "app/mountpoint.h"
#include "app/options.h"
#include "app/tree.h"
#include "base/log.h"
#include "fs/fs.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NO_REPORT (-1)
#define DEVICE "/dev/fuse"
#define DEVICE_MAJOR 10 /* the kernel's list of devices: misc */
#define DEVICE_MINOR 229
#define HELPER_END_MS 1000

struct app {
    struct options options;
    char mountpoint[PATH_MAX];
    int report; /* to the parent in the foreground; NO_REPORT once it is told, or if there is none */
    int signals;
    struct helper helper;
    struct remover remover;
    struct fs *fs;
    struct tree *tree;
};

/* To whoever started us, once. */
static void report(struct app *app, bool good, const char *line)
{
    if (app->report == NO_REPORT) {
        fprintf(stderr, "%s\n", line);
        return;
    }
    background_report(app->report, good, line);
    app->report = NO_REPORT;
    log_to_syslog("kvfs");
}

static int fail(struct app *app, const char *what, const char *why)
{
    char line[PATH_MAX + 1024];

    snprintf(line, sizeof(line), "kvfs: %s: %s", what, why);
    report(app, false, line);
    return -1;
}

/* They are for the main thread, which reads them; a writer to a reader that went gets an error instead of a signal. */
static int take_signals(struct app *app)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    app->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return app->signals < 0 ? fail(app, "signalfd", strerror(errno)) : 0;
}

static int check_device(void)
{
    struct stat device;
    const char *why = NULL;

    if (stat(DEVICE, &device) < 0)
        why = strerror(errno);
    else if (!S_ISCHR(device.st_mode) || device.st_rdev != makedev(DEVICE_MAJOR, DEVICE_MINOR))
        why = "not the FUSE device";
    if (!why)
        return 0;
    fprintf(stderr, "kvfs: " DEVICE ": %s (is the kernel's fuse module loaded?)\n", why);
    return -1;
}

static void end_children(struct app *app)
{
    remover_end(&app->remover);
    remover_reap(&app->remover);
    helper_reap(&app->helper, HELPER_END_MS);
}

/* What may wait for an answer of our own mount. */
static int start_children(struct app *app)
{
    int rc = helper_start(app->mountpoint, &app->helper);

    if (rc < 0)
        return rc;
    rc = remover_start(app->mountpoint, &app->remover);
    if (rc < 0)
        helper_reap(&app->helper, HELPER_END_MS);
    return rc;
}

static int mount_it(struct app *app)
{
    const struct fs_options options = {
        .mountpoint = app->mountpoint,
        .direct = app->options.direct,
        .io_uring = app->options.io_uring,
        .no_open = app->options.no_open,
        .linger_ns = app->options.linger_ns,
        .max_awake = app->options.max_awake,
        .max_pages = app->options.max_pages,
        .max_inodes = app->options.max_inodes,
    };
    char why[512] = "";

    if (fs_create(&options, &app->options.args, &app->helper, &app->remover, why, sizeof(why), &app->fs) == 0)
        return 0;
    end_children(app);
    return fail(app, app->mountpoint, *why ? why : "can't mount");
}

static void shut_down(struct app *app)
{
    tree_stop(app->tree);
    fs_end_readers(app->fs);
    fs_stop(app->fs);
    tree_destroy(app->tree);
    fs_destroy(app->fs);
}

static int start(struct app *app)
{
    int rc = start_children(app);

    if (rc < 0)
        return fail(app, "helper process", strerror(-rc));
    if (mount_it(app) < 0)
        return -1;
    rc = fs_prepare(app->fs);
    if (rc == 0)
        rc = tree_start(app->fs, &app->tree);
    if (rc == 0)
        rc = fs_start(app->fs);
    if (rc < 0) {
        shut_down(app);
        return fail(app, app->mountpoint, strerror(-rc));
    }
    return 0;
}

static void report_ready(struct app *app)
{
    char line[PATH_MAX + 64];

    snprintf(line, sizeof(line), "kvfs: mounted on %s over %s", app->mountpoint, fs_transport(app->fs));
    report(app, true, line);
}

/* Until a signal, or until somebody unmounted: NULL; or why it ended otherwise. */
static const char *serve(struct app *app)
{
    struct pollfd fds[] = {
        {.fd = app->signals, .events = POLLIN},
        {.fd = fs_ended_fd(app->fs), .events = POLLIN},
        {.fd = fs_helper_fd(app->fs), .events = POLLIN},
        {.fd = tree_ended_fd(app->tree), .events = POLLIN},
    };
    bool ready = false;

    for (;;) {
        if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0 && errno != EINTR)
            return strerror(errno);
        if (fds[2].revents && !fs_hear_helper(app->fs)) {
            log_error("the helper process has ended: nobody can wait on a monitor any more");
            fds[2].fd = -1;
        }
        if (!ready && fs_is_ready(app->fs)) {
            ready = true;
            report_ready(app);
        }
        if (fds[3].revents)
            return "a part of the daemon has ended by itself";
        if (fds[0].revents || fds[1].revents)
            return ready ? NULL : "the kernel ended the session before it began";
    }
}

static int run_mounted(struct app *app)
{
    const char *why;

    if (start(app) < 0)
        return -1;
    why = serve(app);
    shut_down(app);
    if (!why)
        return 0;
    if (app->report != NO_REPORT)
        return fail(app, app->mountpoint, why);
    log_error("%s: %s", app->mountpoint, why);
    return -1;
}

static int run(struct app *app)
{
    if (options_add_ours(&app->options) < 0)
        return fail(app, "options", strerror(ENOMEM));
    if (mountpoint_prepare(app->options.mountpoint, app->mountpoint) < 0 || check_device() < 0)
        return -1;
    if (!app->options.foreground && background_start(&app->report) < 0)
        return -1;
    if (take_signals(app) < 0)
        return -1;
    return run_mounted(app);
}

/*
 * One arena for all threads, so that what one of them frees is used again by another, and given back. Measured with two
 * clients that make and remove keys: as fast as glibc's eight, and after 100,000 names half the growth.
 */
static void share_memory(void)
{
    (void)mallopt(M_ARENA_MAX, 1);
}

int app_run(int argc, char **argv)
{
    struct app app = {.report = NO_REPORT, .signals = -1};
    int rc = 0;

    share_memory();
    if (options_parse(argc, argv, &app.options) < 0)
        return EXIT_FAILURE;
    if (app.options.help)
        options_print_help(argv[0]);
    else if (app.options.version)
        options_print_version();
    else
        rc = run(&app);
    options_deinit(&app.options);
    if (app.signals >= 0)
        close(app.signals);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
