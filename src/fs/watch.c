/*
 * Readers who wait for a bucket's end: `cat .kvfs/monitor`.
 *
 * One actor watches for all of them. Each FIFO that is looked up has a watcher
 * with a monitor of its own, made before the lookup is answered, so that its
 * reader learns why the bucket ended even if that is at once. The DOWN becomes
 * a line that the helper gives to the reader.
 *
 * A watcher is part of its FIFO's inode and holds a reference on it while it
 * is watched; it stops being so, once, on the DOWN, when its reader goes, or
 * when the kernel forgets it unopened. All three happen in the actor. The
 * actor isn't prompt: it may wait for the socket, so only its own thread runs
 * it, and everybody else sends it casts.
 */
#include "fs/fs_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum watch_tag { WATCH_ADD, WATCH_REMOVE };

struct watch {
    struct actor actor;
    int socket;
};

static struct watch *watch_of(struct actor *actor)
{
    return table_entry(actor, struct watch, actor);
}

static void release_added(struct message *message)
{
    inode_unref(message_container(message, struct watcher, added)->inode);
}

static void release_removed(struct message *message)
{
    inode_unref(message_container(message, struct watcher, removed)->inode);
}

static void tell_helper(const struct watch *watch, enum helper_word word, const struct watcher *watcher)
{
    const struct helper_packet packet = {.word = word, .ino = watcher->inode->number};

    (void)helper_send(watch->socket, &packet);
}

static void on_added(const struct watch *watch, struct watcher *watcher)
{
    inode_ref(watcher->inode);
    watcher->watched = true;
    tell_helper(watch, HELPER_OPEN, watcher);
}

static void unwatch(struct watcher *watcher)
{
    watcher->watched = false;
    inode_unref(watcher->inode);
}

static void on_removed(const struct watch *watch, struct watcher *watcher)
{
    if (!watcher->watched)
        return;
    actor_demonitor(&watcher->monitor);
    tell_helper(watch, HELPER_CLOSE, watcher);
    unwatch(watcher);
}

static void watch_on_cast(struct actor *self, struct message *message)
{
    const struct watch *watch = watch_of(self);

    switch ((enum watch_tag)message->tag) {
    case WATCH_ADD:
        on_added(watch, message_container(message, struct watcher, added));
        return;
    case WATCH_REMOVE:
        on_removed(watch, message_container(message, struct watcher, removed));
        return;
    }
}

/* As in /proc/mounts: what would break the line into other words is given as an octal number. */
static size_t escape_name(const struct key *name, char *to)
{
    size_t length = 0;

    for (size_t i = 0; i < name->length; i++) {
        unsigned char c = (unsigned char)name->name[i];

        if (strchr(" \t\n\\", c))
            length += (size_t)sprintf(to + length, "\\%03o", c);
        else
            to[length++] = (char)c;
    }
    to[length] = '\0';
    return length;
}

static void write_down(struct helper_packet *packet, const struct watcher *watcher)
{
    char name[FS_NAME_MAX * 4 + 1];
    char reason[512];
    int length;

    escape_name(bucket_name(bucket_of_actor(watcher->monitor.target)), name);
    reason_format(watcher->monitor.reason, reason, sizeof(reason));
    length = snprintf(packet->line, sizeof(packet->line), "DOWN %llu %s %s\n",
                      (unsigned long long)watcher->monitor.ref, name, reason);
    packet->length = (uint32_t)length;
}

static bool watch_on_info(struct actor *self, struct message *message)
{
    struct helper_packet packet = {.word = HELPER_WRITE};
    struct watcher *watcher;

    if (message->kind != MESSAGE_DOWN)
        return false;
    watcher = table_entry(monitor_of_down(message), struct watcher, monitor);
    packet.ino = watcher->inode->number;
    write_down(&packet, watcher);
    (void)helper_send(watch_of(self)->socket, &packet);
    unwatch(watcher);
    return true;
}

static void watch_free(struct actor *self)
{
    free(watch_of(self));
}

static const struct actor_class watch_class = {
    .name = "watch",
    .on_cast = watch_on_cast,
    .on_info = watch_on_info,
    .free = watch_free,
};

int watch_start(struct fs *fs, struct watch **ret_watch)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    struct reason reason;

    if (!watch)
        return -ENOMEM;
    (void)actor_start(&watch->actor, &watch_class, &fs->runtime, "watch", NULL, &reason);
    watch->socket = fs->helper.socket;
    *ret_watch = watch;
    return 0;
}

int watch_add(struct watch *watch, struct watcher *watcher, struct inode *inode, struct bucket *bucket)
{
    watcher->inode = inode_ref(inode);
    message_init(&watcher->added, MESSAGE_CAST, WATCH_ADD, release_added);
    message_init(&watcher->removed, MESSAGE_CAST, WATCH_REMOVE, release_removed);
    if (actor_cast(&watch->actor, &watcher->added) != 0)
        return EAGAIN;
    /* Behind the cast, so that the DOWN is too. */
    actor_monitor(&watch->actor, &watcher->monitor, bucket_actor(bucket));
    return 0;
}

void watch_remove(struct watch *watch, struct watcher *watcher)
{
    if (atomic_exchange(&watcher->removing, true))
        return;
    inode_ref(watcher->inode);
    (void)actor_cast(&watch->actor, &watcher->removed);
}

void watch_stop(struct watch *watch)
{
    (void)actor_stop(&watch->actor, REASON(SHUTDOWN), ACTOR_FOREVER);
}

void watch_unref(struct watch *watch)
{
    if (watch)
        actor_unref(&watch->actor);
}
