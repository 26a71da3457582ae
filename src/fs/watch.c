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
 * it, and everybody else sends it infos, which no limit refuses.
 *
 * The FIFO is counted as known before its watcher is made, or the helper could
 * come for it too early and give it up.
 */
#include "fs/fs_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum watch_tag { WATCH_ADDED, WATCH_REMOVED };

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
    if (watcher->added_once)
        return;
    watcher->added_once = watcher->watched = true;
    inode_ref(watcher->inode);
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
    reason_format(monitor_reason(&watcher->monitor), reason, sizeof(reason));
    length = snprintf(packet->line, sizeof(packet->line), "DOWN %llu %s %s\n",
                      (unsigned long long)watcher->monitor.ref, name, reason);
    packet->length = (uint32_t)length;
}

/* It may come before the watcher is known as added: the monitor is made first. */
static void on_down(const struct watch *watch, struct watcher *watcher)
{
    struct helper_packet packet = {.word = HELPER_WRITE, .ino = watcher->inode->number};

    on_added(watch, watcher);
    write_down(&packet, watcher);
    (void)helper_send(watch->socket, &packet);
    unwatch(watcher);
}

static bool watch_on_info(struct actor *self, struct message *message)
{
    const struct watch *watch = watch_of(self);

    if (message->kind == MESSAGE_DOWN)
        on_down(watch, table_entry(monitor_of_down(message), struct watcher, monitor));
    else if (message->tag == WATCH_ADDED)
        on_added(watch, message_container(message, struct watcher, added));
    else if (message->tag == WATCH_REMOVED)
        on_removed(watch, message_container(message, struct watcher, removed));
    else
        return false;
    return true;
}

static void watch_free(struct actor *self)
{
    free(watch_of(self));
}

static const struct actor_class watch_class = {
    .name = "watch",
    .on_info = watch_on_info,
    .free = watch_free,
};

int watch_start(struct fs *fs, struct watch **ret_watch)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    struct reason reason;

    if (!watch)
        return -ENOMEM;
    (void)actor_start(&watch->actor, &watch_class, &fs->runtime, NULL, &reason);
    watch->socket = fs->helper.socket;
    *ret_watch = watch;
    return 0;
}

void watch_add(struct watch *watch, struct watcher *watcher, struct inode *inode, struct bucket *bucket)
{
    watcher->inode = inode_ref(inode);
    message_init(&watcher->added, MESSAGE_INFO, WATCH_ADDED, release_added);
    message_init(&watcher->removed, MESSAGE_INFO, WATCH_REMOVED, release_removed);
    actor_monitor(&watch->actor, &watcher->monitor, bucket_actor(bucket));
    actor_send(&watch->actor, &watcher->added);
}

void watch_remove(struct watch *watch, struct watcher *watcher)
{
    if (atomic_exchange(&watcher->removing, true))
        return;
    inode_ref(watcher->inode);
    actor_send(&watch->actor, &watcher->removed);
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
