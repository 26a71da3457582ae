/*
 * Readers who wait: for a bucket's end (`cat .kvfs/monitor`), with a bucket in
 * their hand (`exec 9<.kvfs/hold`), or for news (`cat .kvfs/events`).
 *
 * One actor watches for all of them. Each FIFO that is looked up has a watcher,
 * and if it is a bucket's a monitor of its own, made before the lookup is
 * answered, so that its reader learns why the bucket ended even if that is at
 * once. The DOWN becomes a line that the helper gives to the reader; who holds
 * sees the end of the file. When the last who held a bucket has gone, this
 * actor ends the bucket.
 *
 * A watcher is part of its FIFO's inode and holds a reference on it while it
 * is watched; it stops being so, once, on the DOWN or when the helper says that
 * its reader has gone. What the kernel has forgotten, opened or not, is given
 * back by way of the helper, so that nothing overtakes the news that it was
 * open. All of it happens in the actor. The
 * actor isn't prompt: it may wait for the socket, so only its own thread runs
 * it, and everybody else sends it infos, which no limit refuses, or news,
 * which are casts: what is too much of them is lost, and said to be.
 *
 * The FIFO is counted as known before its watcher is made, or the helper could
 * come for it too early and give it up.
 */
#include "fs/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct watch {
    struct actor actor;
    struct fs *fs;
    struct cds_list_head streams; /* watchers that no bucket's end will end; the actor's own, like the next */
    _Atomic uint32_t readers;     /* of events: who has looked the file up may have it open before we hear of that */
    _Atomic uint64_t lost;        /* news that found the mailbox full */
};

/* A line for who reads events. */
struct news {
    struct message message;
    size_t length;
    char line[];
};

static struct watch *watch_of(struct actor *actor)
{
    return table_entry(actor, struct watch, actor);
}

static struct watcher *watcher_of(struct message *message)
{
    return message_container(message - message->tag, struct watcher, messages[0]);
}

static void release(struct message *message)
{
    inode_unref(&watcher_of(message)->control->inode);
}

/* With a reference for as long as it is under way. */
static void tell(struct watch *watch, struct watcher *watcher, enum watch_tag tag)
{
    inode_ref(&watcher->control->inode);
    message_init(&watcher->messages[tag], MESSAGE_INFO, tag, release);
    actor_send(&watch->actor, &watcher->messages[tag]);
}

static void release_news(struct message *message)
{
    free(message_container(message, struct news, message));
}

static enum helper_kind helper_kind_of(const struct control *control)
{
    switch (control->kind) {
    case CONTROL_HOLD:
        return HELPER_HOLD;
    case CONTROL_EVENTS:
        return HELPER_STREAM;
    default:
        return HELPER_LINE;
    }
}

/* False if there is no helper any more. */
static bool tell_helper(const struct watch *watch, enum helper_word word, const struct watcher *watcher)
{
    const struct helper_packet packet = {
        .word = word, .kind = helper_kind_of(watcher->control), .ino = watcher->control->inode.number};

    return helper_send(watch->fs->helper.socket, &packet) == 0;
}

static void on_added(struct watch *watch, struct watcher *watcher)
{
    if (watcher->added_once)
        return;
    watcher->added_once = watcher->watched = true;
    inode_ref(&watcher->control->inode);
    if (!watcher->control->bucket)
        cds_list_add_tail(&watcher->in_streams, &watch->streams);
    (void)tell_helper(watch, HELPER_OPEN, watcher);
}

static void on_opened(struct watcher *watcher)
{
    if (!watcher->watched || watcher->open || watcher->control->kind != CONTROL_HOLD)
        return;
    watcher->open = true;
    bucket_hold(watcher->control->bucket);
}

/* Nobody needs it any more: as if it had been stopped by hand. */
static void end_bucket(const struct watch *watch, struct bucket *bucket)
{
    (void)registry_stop_tree(bucket_actor(bucket), REASON(NORMAL));
    notifier_tell_gone(watch->fs, bucket);
}

static void close_watcher(struct watch *watch, struct watcher *watcher)
{
    if (watcher->control->kind == CONTROL_EVENTS)
        atomic_fetch_sub(&watch->readers, 1);
    if (!watcher->open)
        return;
    watcher->open = false;
    if (bucket_let_go(watcher->control->bucket) == 0)
        end_bucket(watch, watcher->control->bucket);
}

static void unwatch(struct watch *watch, struct watcher *watcher)
{
    watcher->watched = false;
    if (!watcher->control->bucket)
        cds_list_del(&watcher->in_streams);
    close_watcher(watch, watcher);
    inode_unref(&watcher->control->inode);
}

static void on_removed(struct watch *watch, struct watcher *watcher)
{
    if (!watcher->watched)
        return;
    actor_demonitor(&watcher->monitor);
    unwatch(watch, watcher);
}

static void on_forgotten(struct watch *watch, struct watcher *watcher)
{
    if (watcher->watched && !tell_helper(watch, HELPER_CLOSE, watcher))
        on_removed(watch, watcher);
}

static void write_down(struct helper_packet *packet, const struct watcher *watcher)
{
    char name[FS_NAME_MAX * 4 + 1];
    struct bucket_place place;
    char reason[512];
    int length;

    bucket_get_place(watcher->control->bucket, &place);
    path_escape(place.name, place.length, name);
    bucket_place_release(&place);
    reason_format(monitor_reason(&watcher->monitor), reason, sizeof(reason));
    length = snprintf(packet->line, sizeof(packet->line), "DOWN %llu %s %s\n",
                      (unsigned long long)watcher->monitor.ref, name, reason);
    packet->length = (uint32_t)length;
}

/* Who holds gets no line, only the end of the file. */
static void tell_down(const struct watch *watch, const struct watcher *watcher)
{
    struct helper_packet packet = {.word = HELPER_WRITE, .ino = watcher->control->inode.number};

    if (watcher->control->kind == CONTROL_MONITOR)
        write_down(&packet, watcher);
    (void)helper_send(watch->fs->helper.socket, &packet);
}

/* It may come before the watcher is known as added: the monitor is made first. */
static void on_down(struct watch *watch, struct watcher *watcher)
{
    on_added(watch, watcher);
    tell_down(watch, watcher);
    unwatch(watch, watcher);
}

static bool watch_on_info(struct actor *self, struct message *message)
{
    struct watch *watch = watch_of(self);

    if (message->kind == MESSAGE_DOWN)
        on_down(watch, table_entry(monitor_of_down(message), struct watcher, monitor));
    else if (message->tag == WATCH_ADDED)
        on_added(watch, watcher_of(message));
    else if (message->tag == WATCH_OPENED)
        on_opened(watcher_of(message));
    else if (message->tag == WATCH_FORGOTTEN)
        on_forgotten(watch, watcher_of(message));
    else if (message->tag == WATCH_REMOVED)
        on_removed(watch, watcher_of(message));
    else
        return false;
    return true;
}

static void send_event(const struct watch *watch, const char *line, size_t length)
{
    struct helper_packet packet = {.word = HELPER_EVENT, .length = (uint32_t)length};

    memcpy(packet.line, line, length);
    (void)helper_send(watch->fs->helper.socket, &packet);
}

static void watch_on_cast(struct actor *self, struct message *message)
{
    const struct news *news = message_container(message, struct news, message);
    struct watch *watch = watch_of(self);
    uint64_t lost = atomic_exchange(&watch->lost, 0);
    char line[64];

    if (!watch_has_readers(watch))
        return;
    if (lost > 0)
        send_event(watch, line, (size_t)snprintf(line, sizeof(line), "LOST %llu\n", (unsigned long long)lost));
    send_event(watch, news->line, news->length);
}

static void watch_terminate(struct actor *self, const struct reason *reason)
{
    struct watch *watch = watch_of(self);

    (void)reason;
    while (!cds_list_empty(&watch->streams))
        unwatch(watch, cds_list_first_entry(&watch->streams, struct watcher, in_streams));
}

static void watch_free(struct actor *self)
{
    free(watch_of(self));
}

static const struct actor_class watch_class = {
    .name = "watch",
    .on_cast = watch_on_cast,
    .on_info = watch_on_info,
    .terminate = watch_terminate,
    .free = watch_free,
};

int watch_start(struct fs *fs, struct watch **ret_watch)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    struct reason reason;

    if (!watch)
        return -ENOMEM;
    watch->fs = fs;
    CDS_INIT_LIST_HEAD(&watch->streams);
    (void)actor_start(&watch->actor, &watch_class, &fs->runtime, NULL, &reason);
    *ret_watch = watch;
    return 0;
}

struct actor *watch_actor(struct watch *watch)
{
    return &watch->actor;
}

void watch_add(struct watch *watch, struct watcher *watcher, struct control *control)
{
    watcher->control = control;
    if (control->kind == CONTROL_EVENTS)
        atomic_fetch_add(&watch->readers, 1);
    if (control->bucket)
        actor_monitor(&watch->actor, &watcher->monitor, bucket_actor(control->bucket));
    tell(watch, watcher, WATCH_ADDED);
}

/* Said once for each FIFO, by the helper. */
void watch_open(struct watch *watch, struct watcher *watcher)
{
    tell(watch, watcher, WATCH_OPENED);
}

void watch_forget(struct watch *watch, struct watcher *watcher)
{
    if (!atomic_exchange(&watcher->forgetting, true))
        tell(watch, watcher, WATCH_FORGOTTEN);
}

void watch_remove(struct watch *watch, struct watcher *watcher)
{
    if (!atomic_exchange(&watcher->removing, true))
        tell(watch, watcher, WATCH_REMOVED);
}

bool watch_has_readers(const struct watch *watch)
{
    return atomic_load((_Atomic uint32_t *)&watch->readers) > 0;
}

static struct news *news_create(const char *format, va_list arguments)
{
    char line[HELPER_LINE_MAX];
    size_t length = (size_t)vsnprintf(line, sizeof(line), format, arguments);
    struct news *news;

    if (length >= sizeof(line)) {
        length = sizeof(line) - 1;
        line[length - 1] = '\n';
    }
    news = malloc(sizeof(*news) + length);
    if (!news)
        return NULL;
    message_init(&news->message, MESSAGE_CAST, 0, release_news);
    news->length = length;
    memcpy(news->line, line, length);
    return news;
}

void watch_tell(struct watch *watch, const char *format, ...)
{
    struct news *news;
    va_list arguments;

    if (!watch_has_readers(watch))
        return;
    va_start(arguments, format);
    news = news_create(format, arguments);
    va_end(arguments);
    if (!news || actor_cast_for_nobody(&watch->actor, &news->message) != 0)
        atomic_fetch_add(&watch->lost, 1);
}

void watch_unref(struct watch *watch)
{
    if (watch)
        actor_unref(&watch->actor);
}
