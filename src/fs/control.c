/*
 * The files in a bucket's .kvfs directory, which is never listed but reached
 * by its path.
 *
 * The kernel doesn't say when a file is opened and keeps its pages, so what a
 * file shows is made when it is looked up, under a fresh nodeid: `info`
 * is a snapshot, `monitor` a FIFO of its own for every reader. Both are looked
 * up anew by every open (no entry timeout) and freed when they are forgotten.
 * `ctl` acts on the write, line by line.
 */
#include "base/clock.h"
#include "fs/fs_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INFO_SIZE 512
#define SHOWN_NUMBER_SHIFT 56

enum control_kind { CONTROL_DIRECTORY, CONTROL_CTL, CONTROL_INFO, CONTROL_MONITOR };

struct control {
    struct inode inode;
    enum control_kind kind;
    struct fs *fs;
    struct bucket *bucket; /* a reference on its actor */
    uid_t uid;
    gid_t gid;
    int64_t time;
    size_t length; /* of `text` */
    char *text;    /* what a reader sees, frozen */
    struct watcher watcher;
};

static const struct control_file {
    const char *name;
    enum control_kind kind;
    mode_t mode;
    double entry_timeout;
} files[] = {
    {"ctl", CONTROL_CTL, S_IFREG | 0200, FS_FOREVER},
    {"info", CONTROL_INFO, S_IFREG | 0444, 0},
    {"monitor", CONTROL_MONITOR, S_IFIFO | 0444, 0},
};

#define FILES_COUNT (sizeof(files) / sizeof(files[0]))

static struct control *control_of(const struct inode *inode)
{
    assert(inode->kind == INODE_CONTROL);
    return (struct control *)table_entry(inode, struct control, inode);
}

static const struct control_file *file_named(const char *name)
{
    for (size_t i = 0; i < FILES_COUNT; i++) {
        if (strcmp(files[i].name, name) == 0)
            return &files[i];
    }
    return NULL;
}

/*
 * What stat shows is the same at every lookup, or cp and find would take a file for one that was replaced under their
 * hands; only the nodeid is fresh. Far above every inode number.
 */
static uint64_t shown_number(struct bucket *bucket, enum control_kind kind)
{
    return ((uint64_t)kind + 1) << SHOWN_NUMBER_SHIFT | bucket_inode(bucket)->number;
}

static mode_t mode_of(enum control_kind kind)
{
    for (size_t i = 0; i < FILES_COUNT; i++) {
        if (files[i].kind == kind)
            return files[i].mode;
    }
    return S_IFDIR | 0555;
}

const char *control_name_at(const struct inode *directory, size_t index, struct stat *ret_stat)
{
    if (index >= FILES_COUNT)
        return NULL;
    *ret_stat = (struct stat){
        .st_ino = shown_number(control_of(directory)->bucket, files[index].kind),
        .st_mode = files[index].mode,
    };
    return files[index].name;
}

static void release(struct inode *inode)
{
    struct control *control = control_of(inode);

    actor_unref(bucket_actor(control->bucket));
    free(control->text);
    free(control);
}

static struct control *control_create(struct fs *fs, struct bucket *bucket, enum control_kind kind,
                                      const struct attributes *of_bucket)
{
    struct control *control = calloc(1, sizeof(*control));

    if (!control)
        return NULL;
    control->kind = kind;
    control->fs = fs;
    control->bucket = bucket;
    control->uid = of_bucket->uid;
    control->gid = of_bucket->gid;
    control->time = clock_wall_ns();
    actor_ref(bucket_actor(bucket));
    inode_init(&control->inode, &fs->index, INODE_CONTROL, release);
    return control;
}

static const char *state_word(enum actor_state state)
{
    static const char *const words[] = {
        [ACTOR_STARTING] = "starting",
        [ACTOR_ALIVE] = "alive",
        [ACTOR_ENDING] = "ending",
        [ACTOR_ENDED] = "ended",
    };

    return words[state];
}

static int write_info(struct control *control)
{
    struct actor_stats actor;
    struct bucket_stats stats;
    int rc = bucket_get_stats(control->bucket, &stats);

    if (rc != 0)
        return fs_errno(rc, FS_BY_INODE);
    actor_get_stats(bucket_actor(control->bucket), &actor);
    control->text = malloc(INFO_SIZE);
    if (!control->text)
        return ENOMEM;
    control->length = (size_t)snprintf(control->text, INFO_SIZE,
                                       "state %s\n"
                                       "thread %s\n"
                                       "mailbox %u\n"
                                       "handled_direct %llu\n"
                                       "handled_by_thread %llu\n"
                                       "keys %llu\n"
                                       "bytes %llu\n"
                                       "seconds %.3f\n",
                                       state_word(actor.state), actor.awake ? "awake" : "hibernated", actor.mailbox,
                                       (unsigned long long)actor.handled_direct,
                                       (unsigned long long)actor.handled_by_thread, (unsigned long long)stats.keys,
                                       (unsigned long long)stats.bytes, (double)actor.alive_ns / CLOCK_NS_PER_S);
    return 0;
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

static int lookup(struct fs *fs, struct bucket *bucket, enum control_kind kind, double entry_timeout,
                  struct fuse_entry_param *ret_entry)
{
    struct attributes of_bucket;
    struct control *control;
    int rc = bucket_get_attributes(bucket, &of_bucket);
    int error = 0;

    if (rc != 0)
        return fs_errno(rc, FS_BY_INODE);
    if (kind == CONTROL_MONITOR && atomic_load(&fs->helper_gone))
        return EIO;
    control = control_create(fs, bucket, kind, &of_bucket);
    if (!control)
        return ENOMEM;
    if (kind == CONTROL_INFO)
        error = write_info(control);
    if (error == 0)
        hand_out(control, entry_timeout, ret_entry);
    if (kind == CONTROL_MONITOR)
        watch_add(fs->watch, &control->watcher, &control->inode, bucket);
    inode_unref(&control->inode);
    return error;
}

int control_lookup_directory(struct fs *fs, struct bucket *bucket, struct fuse_entry_param *ret_entry)
{
    return lookup(fs, bucket, CONTROL_DIRECTORY, FS_FOREVER, ret_entry);
}

int control_lookup(struct fs *fs, struct inode *directory, const char *name, struct fuse_entry_param *ret_entry)
{
    const struct control_file *file = file_named(name);
    const struct control *control = control_of(directory);

    if (control->kind != CONTROL_DIRECTORY)
        return ENOTDIR;
    if (!file)
        return ENOENT;
    return lookup(fs, control->bucket, file->kind, file->entry_timeout, ret_entry);
}

bool control_is_hidden_name(const struct fs *fs, const char *name, uint64_t *ret_ino)
{
    char expected[NAME_MAX + 1];
    const char *dash = strrchr(name, '-');
    char *end;

    if (strncmp(name, FS_CONTROL_NAME "-", strlen(FS_CONTROL_NAME "-")) != 0 || !dash)
        return false;
    *ret_ino = strtoull(dash + 1, &end, 10);
    helper_hidden_name(fs->helper.token, *ret_ino, expected);
    return strcmp(name, expected) == 0;
}

/* The name is taken back at once: its entry would keep the kernel from forgetting the FIFO. */
int control_lookup_hidden(struct fs *fs, uint64_t ino, struct fuse_entry_param *ret_entry)
{
    struct inode *inode = inode_find(&fs->index, ino);
    char name[NAME_MAX + 1];

    if (!inode || inode->kind != INODE_CONTROL || !control_watcher(inode) || !inode_is_known(inode)) {
        inode_unref(inode);
        return ENOENT;
    }
    hand_out(control_of(inode), 0, ret_entry);
    helper_hidden_name(fs->helper.token, ino, name);
    notifier_take_back_name(fs->notifier, name);
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
    struct control *control = inode->kind == INODE_CONTROL ? control_of(inode) : NULL;

    return control && control->kind == CONTROL_MONITOR ? &control->watcher : NULL;
}

void control_show(const struct inode *inode, struct attributes *ret_attributes)
{
    const struct control *control = control_of(inode);

    *ret_attributes = (struct attributes){
        .ino = shown_number(control->bucket, control->kind),
        .mode = mode_of(control->kind),
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

enum ctl_word { CTL_NOTHING, CTL_STOP, CTL_KILL, CTL_UNKNOWN };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static enum ctl_word word_of(const char *line, size_t length)
{
    while (length > 0 && is_blank(line[length - 1]))
        length--;
    while (length > 0 && is_blank(*line)) {
        line++;
        length--;
    }
    if (length == 0)
        return CTL_NOTHING;
    if (length == strlen("stop") && memcmp(line, "stop", length) == 0)
        return CTL_STOP;
    if (length == strlen("kill") && memcmp(line, "kill", length) == 0)
        return CTL_KILL;
    return CTL_UNKNOWN;
}

/* Gone for everybody when this returns: the kernel is told before the write is answered. */
static int end_bucket(struct fs *fs, struct bucket *bucket, enum ctl_word word)
{
    int rc = word == CTL_STOP ? actor_stop(bucket_actor(bucket), REASON(NORMAL), ACTOR_FOREVER)
                              : actor_kill(bucket_actor(bucket));

    if (rc != 0 && rc != ACTOR_E_NOPROC)
        return fs_errno(rc, FS_BY_INODE);
    notifier_tell_gone(fs, bucket);
    return 0;
}

typedef int visit_word(struct control *control, enum ctl_word word);

static int visit_words(struct control *control, const char *bytes, size_t size, visit_word *visit)
{
    while (size > 0) {
        const char *end = memchr(bytes, '\n', size);
        size_t length = end ? (size_t)(end - bytes) : size;
        int error = visit(control, word_of(bytes, length));

        if (error != 0)
            return error;
        if (end)
            length++;
        bytes += length;
        size -= length;
    }
    return 0;
}

static int check_word(struct control *control, enum ctl_word word)
{
    (void)control;
    return word == CTL_UNKNOWN ? EINVAL : 0;
}

static int do_word(struct control *control, enum ctl_word word)
{
    return word == CTL_NOTHING ? 0 : end_bucket(control->fs, control->bucket, word);
}

/* All lines are checked before the first is done: an unknown word changes nothing. */
int control_write(struct inode *inode, const char *bytes, size_t size)
{
    struct control *control = control_of(inode);
    int error;

    if (control->kind != CONTROL_CTL)
        return EPERM;
    if (!actor_alive(bucket_actor(control->bucket)))
        return ESTALE;
    error = visit_words(control, bytes, size, check_word);
    return error != 0 ? error : visit_words(control, bytes, size, do_word);
}

void control_forget(struct fs *fs, struct inode *inode, uint64_t n)
{
    struct watcher *watcher = control_watcher(inode);

    inode_forget(inode, n);
    if (watcher && !inode_is_known(inode))
        watch_remove(fs->watch, watcher);
}
