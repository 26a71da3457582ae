/*
 * The actor by which the names of ended buckets leave the kernel, one after the
 * other: what was in a bucket comes from the notifier, and so leaves, before it
 * does.
 *
 * A name leaves by an rmdir (leaving.c), so that whoever watches the directory
 * with inotify is told. That takes about ten times as long as taking the entry
 * back, which is all that is done where so many wait that it would last, or
 * where an rmdir can't be made. It may have to wait for a lock that a client
 * holds, too: hence an actor, and a thread, of its own, for which the notifier
 * doesn't wait.
 */
#include "fs/fs_internal.h"
#include "fs/stats.h"

#include <errno.h>
#include <stdlib.h>

#define BY_RMDIR_MAX 1000 /* who may wait for it */
#define LEAVERS_AT_ONCE 16 /* between two looks into the mailbox */

/* What it held is gone. */
struct leave {
    struct cds_list_head link;
    struct bucket *bucket; /* a reference on its inode */
    enum leave_by by;
};

struct leaver {
    struct actor actor;
    struct fs *fs;
    struct lock lock;
    struct cds_list_head leaves; /* guarded by lock, like the rest */
    size_t count;
    struct message jobs; /* says that there are some */
    bool said;           /* it is in the mailbox */
};

static struct leaver *leaver_of(struct actor *actor)
{
    return table_entry(actor, struct leaver, actor);
}

/* True if the name means another bucket that the kernel knows: then its entry isn't ours any more. */
static bool name_was_taken_again(const struct bucket_place *place)
{
    const struct child_name name = {place->name, place->length};
    struct actor *actor;
    bool known;

    if (registry_find(place->supervisor, &name, &actor) != 0)
        return false;
    known = inode_is_known(bucket_inode(bucket_of_actor(actor)));
    actor_unref(actor);
    return known;
}

/*
 * A directory that was removed by rmdir, or replaced by a move, is gone for the kernel, entry and all, when it has our
 * answer. One that has ended isn't moved any more.
 */
bool leaver_name_is_left(const struct bucket *bucket, const struct bucket_place *place)
{
    return !bucket_was_removed(bucket) && !name_was_taken_again(place);
}

/* The kernel takes the entry out before it looks whose it is, so it is asked first whose the name is. */
void leaver_take_back(const struct fs *fs, struct bucket *bucket, const struct bucket_place *place)
{
    const struct inode *inode = bucket_inode(bucket);

    if (!inode_is_known(inode) || !leaver_name_is_left(bucket, place))
        return;
    stats_count_notification(fs->stats, NOTIFICATION_DELETE);
    (void)fuse_lowlevel_notify_delete(fs->session, place->parent_number, inode->number, place->name, place->length);
}

static bool is_long(struct leaver *leaver)
{
    bool is_long;

    lock_acquire(&leaver->lock);
    is_long = leaver->count >= BY_RMDIR_MAX;
    lock_release(&leaver->lock);
    return is_long;
}

/*
 * One that was started again hasn't left its directory; its supervisor, who was asked whose the name is, knows. From
 * when it is to leave by rmdir the kernel asks what the name means, so that it is free at once; it may lose the entry
 * by that.
 */
enum leave_by leaver_decide(struct fs *fs, const struct bucket *bucket, const struct bucket_place *place)
{
    if (is_long(fs->leaver) || bucket_has_successor(bucket) || !leaving_is_possible(fs, bucket, place))
        return LEAVE_TAKEN_BACK;
    leaving_expire(fs, place);
    return LEAVE_BY_RMDIR;
}

static void leave(struct fs *fs, struct bucket *bucket, enum leave_by by)
{
    struct bucket_place place;

    bucket_get_place(bucket, &place);
    if (leaver_name_is_left(bucket, &place) && (by != LEAVE_BY_RMDIR || !leaving_tell(fs, bucket, &place)))
        leaver_take_back(fs, bucket, &place);
    bucket_place_release(&place);
}

/* NULL if there is none. */
static struct leave *take_next(struct leaver *leaver)
{
    struct leave *next = NULL;

    lock_acquire(&leaver->lock);
    if (!cds_list_empty(&leaver->leaves)) {
        next = cds_list_first_entry(&leaver->leaves, struct leave, link);
        cds_list_del(&next->link);
        leaver->count--;
    }
    lock_release(&leaver->lock);
    return next;
}

static void leave_free(struct leave *leave)
{
    inode_unref(bucket_inode(leave->bucket));
    free(leave);
}

/* [lock] In nobody's name: whoever brings one doesn't wait. */
static void say_jobs(struct leaver *leaver)
{
    if (leaver->said || cds_list_empty(&leaver->leaves))
        return;
    leaver->said = true;
    actor_send_for_nobody(&leaver->actor, &leaver->jobs);
}

/* The rest comes behind other mail: a stop needn't wait for all. */
static bool leaver_on_info(struct actor *self, struct message *message)
{
    struct leaver *leaver = leaver_of(self);
    struct leave *next;

    (void)message;
    remover_listen(&leaver->fs->remover);
    for (int i = 0; i < LEAVERS_AT_ONCE && (next = take_next(leaver)); i++) {
        leave(leaver->fs, next->bucket, next->by);
        leave_free(next);
    }
    lock_acquire(&leaver->lock);
    leaver->said = false;
    say_jobs(leaver);
    lock_release(&leaver->lock);
    return true;
}

static void leaver_free(struct actor *self)
{
    struct leaver *leaver = leaver_of(self);

    lock_deinit(&leaver->lock);
    free(leaver);
}

static const struct actor_class leaver_class = {.name = "leaver", .on_info = leaver_on_info, .free = leaver_free};

/* It is the leaver's own. */
static void keep(struct message *message)
{
    (void)message;
}

int leaver_start(struct fs *fs, struct leaver **ret_leaver)
{
    struct leaver *leaver = calloc(1, sizeof(*leaver));
    struct reason reason;

    if (!leaver)
        return -ENOMEM;
    leaver->fs = fs;
    lock_init(&leaver->lock);
    message_init(&leaver->jobs, MESSAGE_INFO, 0, keep);
    CDS_INIT_LIST_HEAD(&leaver->leaves);
    (void)actor_start(&leaver->actor, &leaver_class, &fs->runtime, NULL, &reason);
    *ret_leaver = leaver;
    return 0;
}

struct actor *leaver_actor(struct leaver *leaver)
{
    return &leaver->actor;
}

/* Without memory its entry is taken back at once. */
void leaver_add(struct leaver *leaver, struct bucket *bucket, enum leave_by by)
{
    struct leave *added = malloc(sizeof(*added));

    if (!added) {
        leave(leaver->fs, bucket, LEAVE_TAKEN_BACK);
        return;
    }
    inode_ref(bucket_inode(bucket));
    added->bucket = bucket;
    added->by = by;
    lock_acquire(&leaver->lock);
    cds_list_add_tail(&added->link, &leaver->leaves);
    leaver->count++;
    say_jobs(leaver);
    lock_release(&leaver->lock);
}

void leaver_unref(struct leaver *leaver)
{
    struct leave *left;

    if (!leaver)
        return;
    while ((left = take_next(leaver)))
        leave_free(left);
    actor_unref(&leaver->actor);
}
