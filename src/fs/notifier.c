/*
 * The one actor, and by it the one thread, that tells the kernel what is no
 * longer true.
 *
 * The kernel keeps what we told it for ever, so what ends by itself must be
 * taken back. Some of that needs locks that the kernel holds while a request
 * of ours is in flight (an entry's parent), so it may wait until we have
 * answered that request: this actor sends it, on its own thread, and nobody
 * calls this actor, which isn't prompt; who has something for it leaves it in
 * a list and sends an info.
 *
 * When a bucket has ended, in this order:
 *
 * 1. The attributes of its directory and the listing of its parent. From then
 *    on a walk through it asks us and gets ESTALE, retries by name, and finds
 *    ENOENT. (notifier_tell_gone: this needs none of those locks, so whoever
 *    promised that the bucket is gone sends it before its reply, too.)
 * 2. Attributes and pages of every value that the kernel still knows: an open
 *    file would go on reading cached pages.
 * 3. The entries below, and then the entry in the parent, which is another's
 *    task (leaver.c).
 *
 * ENOENT from 1 or 2 while we count lookups means that the reply that hands
 * the inode out is still on its way: it would be visible for ever if it
 * weren't told again, until it is found or forgotten. Then what the bucket
 * held is let go.
 *
 * What a client's rmdir has removed leaves nothing of 2 and 3, mostly: then the
 * thread that answers the rmdir does 1 itself, and wakes nobody for it.
 *
 * The parent is the one that it was in at its end. Of a bucket that was moved
 * to another one the kernel's listing goes: it says who `..` is.
 */
#include "actor/timer.h"
#include "base/clock.h"
#include "base/log.h"
#include "fs/fs_internal.h"
#include "fs/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_FIRST_NS (1 * CLOCK_NS_PER_MS)
#define RETRY_LAST_NS (1 * CLOCK_NS_PER_S)
#define JOBS_AT_ONCE 64 /* between two looks into the mailbox */

enum notifier_tag { NOTIFIER_JOBS, NOTIFIER_RETRY };

/* A bucket that wasn't found yet, to be told again. */
struct retry {
    struct timer timer;
    struct cds_list_head link;
    struct bucket *bucket;
    int64_t delay;
};

struct taken_name {
    struct cds_list_head link;
    uint64_t parent;
    size_t length; /* 0: no name, but what the directory lists */
    char name[];
};

struct notifier {
    struct actor actor;
    struct fs *fs;
    struct lock lock;
    struct cds_list_head ended; /* buckets, by bucket_link(); guarded by lock */
    struct cds_list_head names; /* guarded by lock */
    struct message jobs;        /* says that there are some; guarded by lock */
    bool said;                  /* guarded by lock: it is in the mailbox */
    struct cds_list_head retries; /* the actor's own */
};

/* One bucket being told about. */
struct telling {
    const struct fs *fs;
    struct bucket *bucket;
    bool again; /* something that is counted wasn't found */
    enum leave_by by;
};

static int inval_inode(const struct fs *fs, uint64_t number, off_t offset)
{
    stats_count_notification(fs->stats, NOTIFICATION_INVAL_INODE);
    return fuse_lowlevel_notify_inval_inode(fs->session, number, offset, 0);
}

static void inval_entry(const struct fs *fs, uint64_t parent, const char *name, size_t length)
{
    stats_count_notification(fs->stats, NOTIFICATION_INVAL_ENTRY);
    (void)fuse_lowlevel_notify_inval_entry(fs->session, parent, name, length);
}

static void notify_delete(const struct fs *fs, uint64_t parent, uint64_t number, const char *name, size_t length)
{
    stats_count_notification(fs->stats, NOTIFICATION_DELETE);
    (void)fuse_lowlevel_notify_delete(fs->session, parent, number, name, length);
}

static void tell_inode(struct telling *telling, struct inode *inode, off_t offset)
{
    int rc;

    if (!inode_is_known(inode))
        return;
    rc = inval_inode(telling->fs, inode->number, offset);
    if (rc == -ENOENT && inode_is_known(inode))
        telling->again = true;
}

static void tell_directory(struct telling *telling)
{
    tell_inode(telling, bucket_inode(telling->bucket), -1);
    (void)inval_inode(telling->fs, bucket_parent_number(telling->bucket), 0);
}

void notifier_tell_inode_gone(const struct fs *fs, struct inode *inode)
{
    if (inode_is_known(inode))
        (void)inval_inode(fs, inode->number, -1);
}

void notifier_tell_gone(struct fs *fs, struct bucket *bucket)
{
    struct telling telling = {.fs = fs, .bucket = bucket};

    tell_directory(&telling);
}

static void tell_value(void *context, const struct key *key, struct value *value)
{
    (void)key;
    tell_inode(context, value_inode(value), 0);
}

static void delete_entry(void *context, const struct key *key, struct value *value)
{
    const struct telling *telling = context;
    const struct inode *inode = value_inode(value);
    char copy[FS_NAME_MAX + 1];

    if (key && inode_is_known(inode))
        notify_delete(telling->fs, bucket_inode(telling->bucket)->number, inode->number,
                      name_terminate(key->name, key->length, copy), key->length);
}

/* What is below goes first: an entry whose directory still has some, because they are in use, would stay. */
static void delete_entries(struct telling *telling)
{
    uint64_t number = bucket_inode(telling->bucket)->number;

    inval_entry(telling->fs, number, FS_CONTROL_NAME, strlen(FS_CONTROL_NAME));
    bucket_visit_remains(telling->bucket, delete_entry, telling);
}

/* What must be told again is visible until then: its name goes all the same. */
static void tell_name(const struct notifier *notifier, struct telling *telling, const struct bucket_place *place)
{
    if (!leaver_name_is_left(telling->bucket, place))
        return;
    if (inode_is_known(bucket_inode(telling->bucket)))
        delete_entries(telling);
    if (telling->again)
        leaver_take_back(notifier->fs, telling->bucket, place);
    else
        telling->by = leaver_decide(notifier->fs, telling->bucket, place);
}

static void tell_end(const struct notifier *notifier, struct telling *telling)
{
    struct bucket *bucket = telling->bucket;
    struct bucket_place place;

    if (bucket_was_removed(bucket))
        tell_inode(telling, bucket_inode(bucket), -1);
    else
        tell_directory(telling);
    bucket_visit_remains(bucket, tell_value, telling);
    bucket_get_place(bucket, &place);
    tell_name(notifier, telling, &place);
    bucket_place_release(&place);
}

/* False if it must be told again. Else it isn't the caller's any more: what it held is let go. */
static bool tell(const struct notifier *notifier, struct bucket *bucket)
{
    struct telling telling = {.fs = notifier->fs, .bucket = bucket};

    tell_end(notifier, &telling);
    if (telling.again)
        return false;
    if (!bucket_was_removed(bucket))
        leaver_add(notifier->fs->leaver, bucket, telling.by);
    bucket_dispose(bucket);
    return true;
}

static void retry_free(struct retry *retry)
{
    cds_list_del(&retry->link);
    free(retry);
}

static void give_up(struct retry *retry)
{
    bucket_dispose(retry->bucket);
    retry_free(retry);
}

/* Without memory for the timer the directory may stay visible until the kernel forgets it, but nothing is lost. */
static void schedule(struct notifier *notifier, struct retry *retry)
{
    if (timer_start(notifier->fs->timers, &retry->timer, &notifier->actor, NOTIFIER_RETRY, retry->delay) == 0)
        return;
    log_error("no memory to tell the kernel again that a bucket has ended");
    give_up(retry);
}

static void retry_later(struct notifier *notifier, struct bucket *bucket)
{
    struct retry *retry = calloc(1, sizeof(*retry));

    if (!retry) {
        log_error("no memory to tell the kernel again that a bucket has ended");
        bucket_dispose(bucket);
        return;
    }
    retry->bucket = bucket;
    retry->delay = RETRY_FIRST_NS;
    cds_list_add_tail(&retry->link, &notifier->retries);
    schedule(notifier, retry);
}

static void on_bucket(struct notifier *notifier, struct bucket *bucket)
{
    if (!tell(notifier, bucket))
        retry_later(notifier, bucket);
}

static void on_retry(struct notifier *notifier, struct retry *retry)
{
    if (tell(notifier, retry->bucket)) {
        retry_free(retry);
        return;
    }
    retry->delay = retry->delay * 2 < RETRY_LAST_NS ? retry->delay * 2 : RETRY_LAST_NS;
    schedule(notifier, retry);
}

static void on_name(struct notifier *notifier, struct taken_name *taken)
{
    if (taken->length > 0)
        inval_entry(notifier->fs, taken->parent, taken->name, taken->length);
    else
        (void)inval_inode(notifier->fs, taken->parent, 0);
    free(taken);
}

/* [whoever guards the list] Takes its first; NULL if it is empty. */
static struct cds_list_head *take_first(struct cds_list_head *list)
{
    struct cds_list_head *first = list->next;

    if (cds_list_empty(list))
        return NULL;
    cds_list_del(first);
    return first;
}

/* [lock] Sees to it that the jobs are run. In nobody's name: it may be a bucket's last act that brings one. */
static void say_jobs(struct notifier *notifier)
{
    if (notifier->said)
        return;
    notifier->said = true;
    actor_send_for_nobody(&notifier->actor, &notifier->jobs);
}

/* The next of each; false if there is neither. */
static bool next_job(struct notifier *notifier, struct cds_list_head **ret_bucket, struct cds_list_head **ret_name)
{
    lock_acquire(&notifier->lock);
    *ret_bucket = take_first(&notifier->ended);
    *ret_name = take_first(&notifier->names);
    lock_release(&notifier->lock);
    return *ret_bucket || *ret_name;
}

static void run_job(struct notifier *notifier, struct cds_list_head *bucket, struct cds_list_head *name)
{
    if (name)
        on_name(notifier, cds_list_entry(name, struct taken_name, link));
    if (bucket)
        on_bucket(notifier, bucket_of_link(bucket));
}

/* The rest comes behind other mail: a stop needn't wait for all. */
static void on_jobs(struct notifier *notifier)
{
    struct cds_list_head *bucket;
    struct cds_list_head *name;

    for (int i = 0; i < JOBS_AT_ONCE && next_job(notifier, &bucket, &name); i++)
        run_job(notifier, bucket, name);
    lock_acquire(&notifier->lock);
    notifier->said = false;
    if (!cds_list_empty(&notifier->ended) || !cds_list_empty(&notifier->names))
        say_jobs(notifier);
    lock_release(&notifier->lock);
}

static struct notifier *notifier_of(struct actor *actor)
{
    return table_entry(actor, struct notifier, actor);
}

static bool notifier_on_info(struct actor *self, struct message *message)
{
    if (message->tag == NOTIFIER_RETRY)
        on_retry(notifier_of(self), table_entry(timer_of_info(message), struct retry, timer));
    else
        on_jobs(notifier_of(self));
    return true;
}

/* What is left is disposed of with the notifier: the mount is going. */
static void notifier_on_destroy(struct actor *self)
{
    struct notifier *notifier = notifier_of(self);

    while (!cds_list_empty(&notifier->retries)) {
        struct retry *retry = cds_list_first_entry(&notifier->retries, struct retry, link);

        (void)timer_cancel(&retry->timer);
        give_up(retry);
    }
}

static void notifier_free(struct actor *self)
{
    struct notifier *notifier = notifier_of(self);

    lock_deinit(&notifier->lock);
    free(notifier);
}

static const struct actor_class notifier_class = {
    .name = "notifier",
    .on_info = notifier_on_info,
    .destroy = notifier_on_destroy,
    .free = notifier_free,
};

/* It is the notifier's own. */
static void keep(struct message *message)
{
    (void)message;
}

int notifier_start(struct fs *fs, struct notifier **ret_notifier)
{
    struct notifier *notifier = calloc(1, sizeof(*notifier));
    struct reason reason;

    if (!notifier)
        return -ENOMEM;
    notifier->fs = fs;
    lock_init(&notifier->lock);
    message_init(&notifier->jobs, MESSAGE_INFO, NOTIFIER_JOBS, keep);
    CDS_INIT_LIST_HEAD(&notifier->ended);
    CDS_INIT_LIST_HEAD(&notifier->names);
    CDS_INIT_LIST_HEAD(&notifier->retries);
    (void)actor_start(&notifier->actor, &notifier_class, &fs->runtime, NULL, &reason);
    *ret_notifier = notifier;
    return 0;
}

struct actor *notifier_actor(struct notifier *notifier)
{
    return &notifier->actor;
}

static void add(struct notifier *notifier, struct cds_list_head *link, struct cds_list_head *list)
{
    lock_acquire(&notifier->lock);
    cds_list_add_tail(link, list);
    say_jobs(notifier);
    lock_release(&notifier->lock);
}

/* By the request that this thread answers; NULL in any other thread. */
static _Thread_local struct cds_list_head *removed;

/* Once it has stopped nobody needs to be told: the mount is going. */
void notifier_on_end(void *context, struct bucket *bucket)
{
    struct fs *fs = context;

    if (removed && bucket_was_removed(bucket) && !bucket_has_remains(bucket))
        cds_list_add_tail(bucket_link(bucket), removed);
    else
        add(fs->notifier, bucket_link(bucket), &fs->notifier->ended);
}

void notifier_collect_removed(struct cds_list_head *list)
{
    CDS_INIT_LIST_HEAD(list);
    removed = list;
}

void notifier_see_off_removed(struct fs *fs)
{
    struct cds_list_head *list = removed;
    struct cds_list_head *link;

    removed = NULL;
    while ((link = take_first(list))) {
        struct telling telling = {.fs = fs, .bucket = bucket_of_link(link)};

        tell_inode(&telling, bucket_inode(telling.bucket), -1);
        if (telling.again)
            add(fs->notifier, link, &fs->notifier->ended);
        else
            bucket_dispose(telling.bucket);
    }
}

void notifier_take_back_name(struct notifier *notifier, uint64_t parent, const char *name)
{
    size_t length = strlen(name);
    struct taken_name *taken = malloc(sizeof(*taken) + length + 1);

    if (!taken)
        return;
    taken->parent = parent;
    taken->length = length;
    memcpy(taken->name, name, length + 1);
    add(notifier, &taken->link, &notifier->names);
}

void notifier_take_back_listing(struct notifier *notifier, uint64_t directory)
{
    notifier_take_back_name(notifier, directory, "");
}

void notifier_unref(struct notifier *notifier)
{
    struct cds_list_head *link;

    if (!notifier)
        return;
    while ((link = take_first(&notifier->ended)))
        bucket_dispose(bucket_of_link(link));
    while ((link = take_first(&notifier->names)))
        free(cds_list_entry(link, struct taken_name, link));
    actor_unref(&notifier->actor);
}
