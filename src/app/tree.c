/*
 * The supervisor gives up when any part ends, since none can be started again
 * on its own. A small actor, the guard, monitors the supervisor and tells the
 * main thread, which waits for descriptors.
 */
#include "app/tree.h"

#include "actor/supervisor.h"
#include "base/log.h"
#include "fs/fs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TREE_PERIOD_NS (INT64_C(5) * 1000 * 1000 * 1000)

struct guard {
    struct actor actor;
    struct monitor monitor;
    int ended_fd; /* the tree's */
};

struct tree {
    struct supervisor *supervisor;
    struct guard *guard;
    int ended_fd;
};

static struct guard *guard_of(struct actor *actor)
{
    return message_container(actor, struct guard, actor);
}

static bool guard_on_info(struct actor *self, struct message *message)
{
    if (message->kind != MESSAGE_DOWN)
        return false;
    (void)eventfd_write(guard_of(self)->ended_fd, 1);
    return true;
}

static void guard_free(struct actor *self)
{
    free(guard_of(self));
}

static const struct actor_class guard_class = {
    .name = "guard", .prompt = true, .on_info = guard_on_info, .free = guard_free};

static int start_guard(struct tree *tree, struct runtime *runtime)
{
    struct guard *guard = calloc(1, sizeof(*guard));
    struct reason reason;

    if (!guard)
        return -ENOMEM;
    guard->ended_fd = tree->ended_fd;
    (void)actor_start(&guard->actor, &guard_class, runtime, NULL, &reason);
    actor_monitor(&guard->actor, &guard->monitor, supervisor_actor(tree->supervisor));
    tree->guard = guard;
    return 0;
}

static int start_supervisor(struct tree *tree, struct fs *fs)
{
    static const struct supervisor_options options = {
        .strategy = SUPERVISOR_ONE_FOR_ALL, .intensity = {.max_restarts = 0, .period_ns = TREE_PERIOD_NS}};
    struct child_spec parts[FS_PARTS];
    char words[256];
    struct reason reason = REASON(NORMAL);
    int rc;

    fs_get_parts(fs, parts);
    rc = supervisor_start(fs_runtime(fs), "kvfs", &options, parts, FS_PARTS, &tree->supervisor, &reason);
    if (rc != 0) {
        reason_format(&reason, words, sizeof(words));
        log_error("a part of the daemon can't start: %s", words);
    }
    reason_deinit(&reason);
    return rc > 0 ? -EIO : rc;
}

int tree_start(struct fs *fs, struct tree **ret_tree)
{
    struct tree *tree = calloc(1, sizeof(*tree));
    int rc = -ENOMEM;

    if (!tree)
        return rc;
    tree->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rc = tree->ended_fd < 0 ? -errno : start_supervisor(tree, fs);
    if (rc == 0)
        rc = start_guard(tree, fs_runtime(fs));
    if (rc < 0) {
        tree_stop(tree);
        tree_destroy(tree);
        return rc;
    }
    *ret_tree = tree;
    return 0;
}

int tree_ended_fd(const struct tree *tree)
{
    return tree->ended_fd;
}

/* No memory leaves nothing running. Takes `reason`. */
static void stop_or_kill(struct actor *actor, struct reason reason)
{
    if (actor_stop(actor, reason, ACTOR_FOREVER) < 0)
        (void)actor_kill(actor);
}

void tree_stop(struct tree *tree)
{
    if (tree && tree->guard)
        stop_or_kill(&tree->guard->actor, REASON(NORMAL));
    if (tree && tree->supervisor)
        stop_or_kill(supervisor_actor(tree->supervisor), REASON(SHUTDOWN));
}

void tree_destroy(struct tree *tree)
{
    if (!tree)
        return;
    if (tree->guard)
        actor_unref(&tree->guard->actor);
    supervisor_unref(tree->supervisor);
    if (tree->ended_fd >= 0)
        close(tree->ended_fd);
    free(tree);
}
