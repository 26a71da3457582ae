/*
 * A bucket that has ended leaves its parent: one at a time, the leaver's.
 *
 * fuse_lowlevel_notify_delete() takes an entry out of the kernel, but whoever
 * watches the parent with inotify isn't told. By an rmdir he is. So the leaver
 * asks the remover process for one, and it is answered otherwise than a user's:
 *
 * - The name means the ended bucket, if it means nothing that is alive: the
 *   kernel may have lost the entry, because somebody walked to it meanwhile.
 * - So does that of a bucket above it that has ended, too, and shows attributes
 *   with which it can be walked through: what was in it leaves before it does.
 *   Both expire at once, so nobody else sees them.
 * - rmdir of this name, and of no other, is answered with success if nothing
 *   that is alive has it, and changes nothing here.
 *
 * So it never removes what is alive. The kernel holds the parent's lock from
 * when it finds the entry until it has deleted it, and within that time no
 * client makes or moves a name there. What gets a name without a client is
 * who is started again by the supervisor: then the name is taken, or will be
 * asked for afresh.
 *
 * The remover is known by its pid. What it was asked for and gave up too late
 * finds nobody leaving, and is refused.
 */
#include "fs/fs_internal.h"
#include "fs/stats.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define TRIES 3

void leaving_init(struct leaving *leaving)
{
    *leaving = (struct leaving){.place = NULL};
    lock_init(&leaving->lock);
}

void leaving_deinit(struct leaving *leaving)
{
    lock_deinit(&leaving->lock);
}

bool leaving_is_asked(const struct fs *fs, pid_t pid)
{
    return pid == fs->remover.pid;
}

static void set(struct leaving *leaving, struct bucket *bucket, const struct bucket_place *place)
{
    lock_acquire(&leaving->lock);
    leaving->bucket = bucket;
    leaving->place = place;
    lock_release(&leaving->lock);
}

/* In a bucket that the kernel doesn't know nobody can be watching. */
static bool parent_is_known(struct fs *fs, const struct bucket_place *place)
{
    struct inode *inode;
    bool known;

    if (place->parent_number == INODE_ROOT)
        return true;
    inode = inode_find(&fs->index, place->parent_number);
    known = inode && inode_is_known(inode);
    inode_unref(inode);
    return known;
}

/* False if it may be too long. */
static bool get_path(const struct bucket *bucket, char *path, size_t size)
{
    bucket_path(bucket, path, size);
    return strlen(path) + 1 + FS_NAME_MAX + 1 < size;
}

void leaving_expire(const struct fs *fs, const struct bucket_place *place)
{
    stats_count_notification(fs->stats, NOTIFICATION_INVAL_ENTRY);
    transport_expire_entry(fs->session, place->parent_number, place->name, place->length);
}

bool leaving_is_possible(struct fs *fs, const struct bucket *bucket, const struct bucket_place *place)
{
    char path[PATH_MAX];

    return !remover_is_stuck(&fs->remover) && parent_is_known(fs, place) && get_path(bucket, path, sizeof(path));
}

/*
 * The path anew each time: a directory above it may be moved. Others ask for the name, too, and the kernel may have our
 * answer that there is none.
 */
bool leaving_tell(struct fs *fs, struct bucket *bucket, const struct bucket_place *place)
{
    char path[PATH_MAX];
    int error = ENOENT;

    set(&fs->leaving, bucket, place);
    for (int i = 0; i < TRIES && error == ENOENT && get_path(bucket, path, sizeof(path)); i++) {
        leaving_expire(fs, place);
        error = remover_remove(&fs->remover, path);
    }
    set(&fs->leaving, NULL, NULL);
    return error == 0;
}

/* [lock] */
static bool is_leaving(const struct leaving *leaving, fuse_ino_t parent, const char *name)
{
    return leaving->place && leaving->place->parent_number == parent && strcmp(leaving->place->name, name) == 0;
}

/* Root's, as the remover is. */
void leaving_show(const struct inode *inode, struct stat *ret_stat)
{
    *ret_stat = (struct stat){.st_ino = inode->number, .st_mode = S_IFDIR | 0700, .st_nlink = 2};
}

/* [reader] */
static bool is_called(const struct bucket *bucket, fuse_ino_t parent, const char *name)
{
    const struct key *own = bucket_name(bucket);

    return bucket_parent_number(bucket) == parent && own->length == strlen(name) &&
           memcmp(own->name, name, own->length) == 0;
}

/* [lock, reader] Of those above it that have ended none that the kernel has forgotten: they have left. */
static struct inode *find_inode(const struct leaving *leaving, fuse_ino_t parent, const char *name)
{
    for (struct bucket *at = leaving->bucket; at && !actor_alive(bucket_actor(at)); at = bucket_parent(at)) {
        if (is_called(at, parent, name))
            return at == leaving->bucket || inode_is_known(bucket_inode(at)) ? bucket_inode(at) : NULL;
    }
    return NULL;
}

int leaving_lookup(struct fs *fs, fuse_ino_t parent, const char *name, struct fuse_entry_param *ret_entry)
{
    struct inode *inode;
    int error = ENOENT;

    lock_acquire(&fs->leaving.lock);
    table_read_begin();
    inode = find_inode(&fs->leaving, parent, name);
    if (inode && inode_try_remember(inode)) {
        *ret_entry = (struct fuse_entry_param){.ino = inode->number};
        leaving_show(inode, &ret_entry->attr);
        error = 0;
    }
    table_read_end();
    lock_release(&fs->leaving.lock);
    return error;
}

/* What it is in, with a reference; NULL if it isn't leaving. */
static struct actor *hold_supervisor(struct leaving *leaving, fuse_ino_t parent, const char *name)
{
    struct actor *supervisor = NULL;

    lock_acquire(&leaving->lock);
    if (is_leaving(leaving, parent, name))
        supervisor = actor_ref(leaving->place->supervisor);
    lock_release(&leaving->lock);
    return supervisor;
}

static int look_up(struct fs *fs, struct actor *supervisor, const char *name)
{
    const struct child_name child = child_of_name(name);
    const struct key key = key_of_name(name);
    struct attributes attributes;
    struct actor *actor;
    struct found found;
    int rc;

    if (registry_is(supervisor)) {
        rc = registry_lookup(fs->registry, &child, &actor);
        if (rc == 0)
            actor_unref(actor);
        return rc;
    }
    rc = bucket_lookup(bucket_of_actor(supervisor), &key, BUCKET_QUIETLY, &found, &attributes);
    if (rc != 0)
        return rc;
    if (found.bucket)
        actor_unref(bucket_actor(found.bucket));
    else
        inode_unref(value_inode(found.value));
    return 0;
}

int leaving_remove(struct fs *fs, fuse_ino_t parent, const char *name)
{
    struct actor *supervisor = hold_supervisor(&fs->leaving, parent, name);
    bool is_free;
    int rc;

    if (!supervisor)
        return EBUSY;
    rc = look_up(fs, supervisor, name);
    is_free = rc == REGISTRY_E_NOT_FOUND || rc == BUCKET_E_NOT_FOUND || actor_has_ended_by(rc);
    actor_unref(supervisor);
    return is_free ? 0 : EBUSY;
}
