/*
 * The files in a .kvfs directory, which is never listed but reached by its
 * path: a bucket's, and the root's.
 *
 * The kernel doesn't say when a file is opened and keeps its pages, so what a
 * file shows is made when it is looked up, under a fresh nodeid: `info`
 * is a snapshot, `monitor` a FIFO of its own for every reader. Both are looked
 * up anew by every open (no entry timeout) and freed when they are forgotten.
 * What is written acts on the write, line by line.
 *
 * What they are and who they are is here; what reading shows is in
 * control_show.c, what writing does in control_act.c.
 */
#include "fs/control.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOWN_NUMBER_SHIFT 56

/* One of a directory's files. */
struct control_file {
    const char *name;
    enum control_kind kind;
    mode_t mode;
    double entry_timeout;
};

/* Who may end a bucket is its owner, by `ctl` or by letting go of `hold`; what names there are is the mount's owner's. */
static const struct control_file bucket_files[] = {
    {"ctl", CONTROL_CTL, S_IFREG | 0200, 0},
    {"info", CONTROL_INFO, S_IFREG | 0444, 0},
    {"monitor", CONTROL_MONITOR, S_IFIFO | 0444, 0},
    {"hold", CONTROL_HOLD, S_IFIFO | 0400, 0},
    {"link", CONTROL_LINK, S_IFREG | 0644, 0},
    {"restart", CONTROL_RESTART, S_IFREG | 0644, 0},
    {"max_bytes", CONTROL_MAX_BYTES, S_IFREG | 0644, 0},
    {"max_keys", CONTROL_MAX_KEYS, S_IFREG | 0644, 0},
};

static const struct control_file root_files[] = {
    {"tree", CONTROL_TREE, S_IFREG | 0400, 0},
    {"dead", CONTROL_DEAD, S_IFREG | 0400, 0},
    {"events", CONTROL_EVENTS, S_IFIFO | 0400, 0},
    {"stats", CONTROL_STATS, S_IFREG | 0444, 0},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct control_file *file_at(const struct bucket *bucket, size_t index)
{
    if (bucket)
        return index < COUNT(bucket_files) ? &bucket_files[index] : NULL;
    return index < COUNT(root_files) ? &root_files[index] : NULL;
}

static const struct control_file *file_named(const struct bucket *bucket, const char *name)
{
    const struct control_file *file;

    for (size_t i = 0; (file = file_at(bucket, i)); i++) {
        if (strcmp(file->name, name) == 0)
            return file;
    }
    return NULL;
}

const char *control_name(const struct control *control)
{
    const struct control_file *file = NULL;

    for (size_t i = 0; (file = file_at(control->bucket, i)) && file->kind != control->kind; i++)
        continue;
    return file ? file->name : FS_CONTROL_NAME;
}

/*
 * What stat shows is the same at every lookup, or cp and find would take a file for one that was replaced under their
 * hands; only the nodeid is fresh. Far above every inode number.
 */
static uint64_t shown_number(struct bucket *bucket, enum control_kind kind)
{
    return ((uint64_t)kind + 1) << SHOWN_NUMBER_SHIFT | (bucket ? bucket_inode(bucket)->number : INODE_ROOT);
}

const char *control_name_at(const struct inode *directory, size_t index, struct stat *ret_stat)
{
    struct bucket *bucket = control_of(directory)->bucket;
    const struct control_file *file = file_at(bucket, index);

    if (!file)
        return NULL;
    *ret_stat = (struct stat){.st_ino = shown_number(bucket, file->kind), .st_mode = file->mode};
    return file->name;
}

static void release(struct table_deferred *deferred)
{
    struct control *control = table_entry(deferred, struct control, deferred);

    if (control->bucket)
        actor_unref(bucket_actor(control->bucket));
    free(control->text);
    free(control);
}

static void let_go(struct inode *inode)
{
    struct control *control = control_of(inode);

    inode_leave(&control->fs->index, inode);
    table_defer(&control->deferred, release);
}

static struct control *control_create(struct fs *fs, struct bucket *bucket, enum control_kind kind, mode_t mode,
                                      const struct attributes *of_directory)
{
    struct control *control = calloc(1, sizeof(*control));

    if (!control)
        return NULL;
    control->kind = kind;
    control->mode = mode;
    control->fs = fs;
    control->bucket = bucket;
    control->uid = of_directory->uid;
    control->gid = of_directory->gid;
    control->time = clock_wall_ns();
    if (bucket)
        actor_ref(bucket_actor(bucket));
    control->as_control.let_go = let_go;
    inode_init(&control->inode, &fs->index, INODE_CONTROL);
    return control;
}

static void hand_out(struct control *control, double entry_timeout, struct fuse_entry_param *ret_entry)
{
    struct attributes attributes;

    control_show(&control->inode, &attributes);
    entry_of(&attributes, ret_entry);
    ret_entry->ino = control->inode.number;
    ret_entry->entry_timeout = entry_timeout;
    inode_remember(&control->inode);
}

/* A FIFO is counted before it is watched, or the helper could come for it too early. */
static void hand_out_and_watch(struct control *control, const struct control_file *file,
                               struct fuse_entry_param *ret_entry)
{
    hand_out(control, file->entry_timeout, ret_entry);
    if (S_ISFIFO(file->mode))
        watch_add(control->fs->watch, &control->watcher, control);
}

static int get_attributes(struct fs *fs, struct bucket *bucket, struct attributes *ret_attributes)
{
    if (!bucket)
        return root_get_attributes(fs, ret_attributes);
    return fs_errno(bucket_get_attributes(bucket, ret_attributes), FS_BY_INODE);
}

static int lookup(struct fs *fs, struct bucket *bucket, uint64_t directory, const struct control_file *file,
                  struct fuse_entry_param *ret_entry)
{
    struct attributes of_directory;
    struct control *control;
    int error = get_attributes(fs, bucket, &of_directory);

    if (error != 0)
        return error;
    if (S_ISFIFO(file->mode) && atomic_load(&fs->helper_gone))
        return EIO;
    control = control_create(fs, bucket, file->kind, file->mode, &of_directory);
    if (!control)
        return ENOMEM;
    control->directory = directory;
    error = control_write_text(control);
    if (error == 0)
        hand_out_and_watch(control, file, ret_entry);
    inode_unref(&control->inode);
    return error;
}

int control_lookup_directory(struct fs *fs, struct bucket *bucket, struct fuse_entry_param *ret_entry)
{
    static const struct control_file directory = {FS_CONTROL_NAME, CONTROL_DIRECTORY, S_IFDIR | 0555, FS_FOREVER};

    return lookup(fs, bucket, 0, &directory, ret_entry);
}

int control_lookup(struct fs *fs, struct inode *directory, const char *name, struct fuse_entry_param *ret_entry)
{
    const struct control *control = control_of(directory);
    const struct control_file *file = file_named(control->bucket, name);

    if (control->kind != CONTROL_DIRECTORY)
        return ENOTDIR;
    if (!file)
        return ENOENT;
    return lookup(fs, control->bucket, directory->number, file, ret_entry);
}

/* It is seen by who watches the root with inotify, so it means something to the helper only. */
bool control_is_hidden_name(const struct fs *fs, const char *name, pid_t pid, uint64_t *ret_ino)
{
    char expected[NAME_MAX + 1];
    const char *dash = strrchr(name, '-');
    char *end;

    if (strncmp(name, FS_CONTROL_NAME "-", strlen(FS_CONTROL_NAME "-")) != 0 || !dash)
        return false;
    *ret_ino = strtoull(dash + 1, &end, 10);
    helper_hidden_name(fs->helper.token, *ret_ino, expected);
    return strcmp(name, expected) == 0 && pid == fs->helper.pid;
}

/*
 * The name is taken back at once, and so is the FIFO's own: their entries would keep the kernel from forgetting it, who
 * has it open or is about to doesn't need them. The helper writes into it, whoever it belongs to; root's may, and
 * leaves the mode alone, which the kernel now has for everybody.
 */
int control_lookup_hidden(struct fs *fs, uint64_t ino, struct fuse_entry_param *ret_entry)
{
    struct inode *inode = inode_find(&fs->index, ino);
    struct control *control;
    char name[NAME_MAX + 1];

    if (!inode || inode_kind(inode) != INODE_CONTROL || !control_watcher(inode) || !inode_is_known(inode)) {
        inode_unref(inode);
        return ENOENT;
    }
    control = control_of(inode);
    hand_out(control, 0, ret_entry);
    if (geteuid() != 0)
        ret_entry->attr.st_mode |= 0222;
    helper_hidden_name(fs->helper.token, ino, name);
    notifier_take_back_name(fs->notifier, INODE_ROOT, name);
    notifier_take_back_name(fs->notifier, control->directory, control_name(control));
    inode_unref(inode);
    return 0;
}

bool control_is_directory(const struct inode *inode)
{
    return control_of(inode)->kind == CONTROL_DIRECTORY;
}

struct bucket *control_bucket(const struct inode *inode)
{
    return control_of(inode)->bucket;
}

struct watcher *control_watcher(struct inode *inode)
{
    struct control *control = inode_kind(inode) == INODE_CONTROL ? control_of(inode) : NULL;

    return control && S_ISFIFO(control->mode) ? &control->watcher : NULL;
}

void control_show(const struct inode *inode, struct attributes *ret_attributes)
{
    const struct control *control = control_of(inode);

    *ret_attributes = (struct attributes){
        .ino = shown_number(control->bucket, control->kind),
        .mode = control->mode,
        .nlink = control->kind == CONTROL_DIRECTORY ? 2 : 1,
        .uid = control->uid,
        .gid = control->gid,
        .size = control->length,
        .atime = control->time,
        .mtime = control->time,
        .ctime = control->time,
    };
}

int control_read(struct inode *inode, uint64_t offset, void *buffer, size_t size, size_t *ret_length)
{
    const struct control *control = control_of(inode);

    if (control->kind == CONTROL_DIRECTORY)
        return EISDIR;
    *ret_length = 0;
    if (offset >= control->length)
        return 0;
    if (size > control->length - offset)
        size = control->length - (size_t)offset;
    memcpy(buffer, control->text + offset, size);
    *ret_length = size;
    return 0;
}

void control_forget(struct fs *fs, struct inode *inode, uint64_t n)
{
    struct watcher *watcher = control_watcher(inode);

    inode_forget(inode, n);
    if (watcher && !inode_is_known(inode))
        watch_forget(fs->watch, watcher);
}
