/*
 * What the files of this room share.
 *
 * The rules of this room, each of which cost somebody a hung mount:
 *
 * - A request is answered by the FUSE thread that received it, after it let
 *   every run lock go. A FUSE thread waits for nothing but run locks and
 *   prompt callbacks.
 * - Only the notifier sends what needs locks that the kernel may hold while a
 *   request of ours is in flight (an entry's parent). What needs none, the
 *   attributes of an inode and the listing of a directory, may be sent before
 *   the reply of an operation that promises "gone when I return".
 * - No thread here opens a path in our own mount: the helper does.
 * - Lookups are counted before the reply that hands an inode out, and while
 *   its bucket is known to be alive, so that the end of the bucket, when it
 *   comes, finds the inode counted.
 */
#ifndef KVFS_FS_FS_INTERNAL_H
#define KVFS_FS_FS_INTERNAL_H

#include "bucket/bucket.h"
#include "bucket/metadata.h"
#include "fs/fs.h"
#include "registry/registry.h"

#include <stdio.h>

#include <fuse_lowlevel.h>

#define FS_NAME_MAX 255
#define FS_CONTROL_NAME ".kvfs"

/* Longer than anything lives: the kernel may keep it until it is taken back. */
#define FS_FOREVER 1e10

struct control;
struct journal;
struct leaver;
struct provider;
struct notifier;
struct stats;
struct timers;
struct watch;

/* The root directory's own attributes; what changes with its names is the registry's. */
struct root {
    struct lock lock;
    mode_t mode; /* guarded by lock, like the rest */
    uid_t uid;
    gid_t gid;
    int64_t atime;
    int64_t ctime;
    int64_t mtime;            /* as a user set it */
    int64_t mtime_set_at;     /* the registry's change after which that was; -1: never */
    struct xattrs *xattrs;
};

/* The bucket of which the remover is to take leave; see leaving.c. */
struct leaving {
    struct lock lock;
    struct bucket *bucket; /* borrowed from the leaver, like the next; guarded by lock; NULL: none */
    const struct bucket_place *place;
};

struct fs {
    struct fs_options options;
    struct helper helper;
    struct remover remover;
    struct leaving leaving;
    struct runtime runtime;
    struct inode_index index;
    struct bucket_environment environment;
    struct actor *supervisor;  /* of the parts (parts.c), borrowed: app/ lets it go when the session has ended */
    struct actor *timers_part; /* a reference */
    struct registry *registry;
    struct root root;
    struct timers *timers;
    struct leaver *leaver;
    struct provider *provider;
    struct notifier *notifier;
    struct watch *watch;
    struct journal *journal;
    struct stats *stats;
    int64_t started; /* in ns since 1970 */
    struct fuse_session *session;
    pthread_t session_thread;
    bool session_started;
    int ended_fd;
    bool no_open;    /* the kernel does without open, opendir and create: set in init, before any other request */
    _Atomic bool helper_gone; /* nobody can be told any more that a bucket has ended */
    _Atomic bool ready;
    _Atomic bool over_io_uring;
    _Atomic bool has_quotas; /* a bucket was given a limit once */
};

/* errno.c: the one table from conditions to errno. */

enum fs_view { FS_BY_NAME, FS_BY_INODE }; /* an ended bucket is ENOENT to who names it, ESTALE to who holds it */
int fs_errno(int rc, enum fs_view view);

/* request.c: what a nodeid means, and the rhythm of every operation. */

enum node_kind { NODE_ROOT, NODE_BUCKET, NODE_VALUE, NODE_CONTROL };

/* What a nodeid means, held for the time of the request. */
struct node {
    enum node_kind kind;
    struct inode *inode; /* a reference; NULL for the root */
};

/* The first thing that every operation does. */
struct fs *request_begin(fuse_req_t req);
/* The same of one that reads so many bytes. */
struct fs *request_begin_read(fuse_req_t req, size_t size);
/* Its answer where that is 0 or an errno and nothing else. */
void request_answer(fuse_req_t req, int error);
/* False if there is no such inode: then the request has been answered with ESTALE. */
bool request_resolve(fuse_req_t req, struct fs *fs, fuse_ino_t ino, struct node *ret_node);
void node_release(struct node *node);
/* Where the buckets in it are registered, borrowed; NULL if there can be none. */
struct actor *node_registry(struct fs *fs, const struct node *node);

/* 0, or ENAMETOOLONG, or EPERM for the name that control files have. */
int name_check(const char *name);
static inline struct key key_of_name(const char *name)
{
    return (struct key){name, __builtin_strlen(name)};
}

static inline struct child_name child_of_name(const char *name)
{
    return (struct child_name){name, __builtin_strlen(name)};
}

/* libfuse wants names that end with a NUL. `copy` has FS_NAME_MAX + 1 bytes. Returns it. */
const char *name_terminate(const char *name, size_t length, char *copy);

/* attributes.c */

void attributes_to_stat(const struct attributes *attributes, struct stat *ret_stat);
void entry_of(const struct attributes *attributes, struct fuse_entry_param *ret_entry);
/* 0, or an errno. */
int node_get_attributes(struct fs *fs, const struct node *node, struct attributes *ret_attributes);

/* root.c: the root's own [any thread] */

void root_init(struct root *root);
void root_deinit(struct root *root);
/* 0, or an errno. */
int root_get_attributes(struct fs *fs, struct attributes *ret_attributes);
int root_set_attributes(struct fs *fs, unsigned set, const struct change_attributes *to,
                        struct attributes *ret_attributes);
/* As bucket_get_xattr() and so on; conditions. */
int root_get_xattr(struct root *root, const struct key *name, void *buffer, size_t size, size_t *ret_length);
int root_set_xattr(struct root *root, const struct key *name, const void *bytes, size_t length, int flags,
                   unsigned set);
int root_remove_xattr(struct root *root, const struct key *name);
int root_list_xattrs(struct root *root, const char *hidden, void *buffer, size_t size, size_t *ret_length);
/* For bucket_environment.inherit. */
int root_inherit(void *context, struct change_attributes *attributes, struct xattrs **ret_xattrs);

/* caller.c: who makes a request */

/*
 * [fuse worker] The answer to BUCKET_E_ASKS_GROUP about a file of group `gid`: CHANGE_KEEP_SGID if that is one of the
 * caller's groups, else CHANGE_DROP_SGID.
 */
unsigned caller_sgid(fuse_req_t req, gid_t gid);

/* The operations, one file a family. */
void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n);
void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *info);
void op_tmpfile(fuse_req_t req, fuse_ino_t parent, mode_t mode, struct fuse_file_info *info);
void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to_parent, const char *to_name,
               unsigned flags);
void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void op_readlink(fuse_req_t req, fuse_ino_t ino);
void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name);
void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info);
void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *stat, int to_set, struct fuse_file_info *info);
void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *bytes, size_t size, int flags);
void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void op_statfs(fuse_req_t req, fuse_ino_t ino);
void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
              struct fuse_file_info *info);
void op_copy_file_range(fuse_req_t req, fuse_ino_t from_ino, off_t from, struct fuse_file_info *from_info,
                        fuse_ino_t to_ino, off_t to, struct fuse_file_info *to_info, size_t size, int flags);
void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length, struct fuse_file_info *info);
void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence, struct fuse_file_info *info);
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *info);
void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info);
void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info);
void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info);
void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info);
void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *info);

/* operations.c: what the session is given; but for init. */
void operations_get(struct fuse_lowlevel_ops *ret_operations);

/* control.c: the files in the .kvfs directory of a bucket, or of the root: then `bucket` is NULL. */

/* 0 and the entry, counted; or an errno. */
int control_lookup_directory(struct fs *fs, struct bucket *bucket, struct fuse_entry_param *ret_entry);
int control_lookup(struct fs *fs, struct inode *directory, const char *name, struct fuse_entry_param *ret_entry);
/* The helper comes for a FIFO by its hidden name at the root. */
bool control_is_hidden_name(const struct fs *fs, const char *name, pid_t pid, uint64_t *ret_ino);
int control_lookup_hidden(struct fs *fs, uint64_t ino, struct fuse_entry_param *ret_entry);
void control_show(const struct inode *inode, struct attributes *ret_attributes);
bool control_is_directory(const struct inode *inode);
/* The bucket whose control file it is, borrowed; NULL for the root's. */
struct bucket *control_bucket(const struct inode *inode);
/* The file at `index` in a control directory's listing, its number and type; NULL behind the last. */
const char *control_name_at(const struct inode *directory, size_t index, struct stat *ret_stat);
/* 0 and up to `size` bytes, or an errno. */
int control_read(struct inode *inode, uint64_t offset, void *buffer, size_t size, size_t *ret_length);
/* `uid` is who writes. 0, or an errno. */
int control_write(struct inode *inode, const char *bytes, size_t size, uid_t uid);
/* The kernel has forgotten `n` lookups. */
void control_forget(struct fs *fs, struct inode *inode, uint64_t n);

/* transport_uring.c or transport_dev.c */

/* [init] What the connection should be like with this libfuse. */
void transport_init(struct fuse_conn_info *connection);
/* What a write, or a change of attributes, takes from its file as the kernel says: CHANGE_DROP_SET_ID or 0. */
unsigned transport_write_drops(fuse_req_t req, const struct fuse_file_info *info);
unsigned transport_change_drops(fuse_req_t req, int to_set);
/* Operations that not every libfuse knows. */
void transport_add_operations(struct fuse_lowlevel_ops *operations);
/* Asks libfuse for the transport. 0, or -ENOMEM. */
int transport_add_options(struct fuse_args *args, bool io_uring);
/* [notifier] The kernel asks again what the name means. It keeps the entry, if it means the same. */
void transport_expire_entry(struct fuse_session *session, uint64_t parent, const char *name, size_t length);
bool transport_is_io_uring(fuse_req_t req);
/* Where a reply of `size` bytes is made: the ring's own buffer, or one of this thread's. NULL without memory. */
void *transport_reply_buffer(fuse_req_t req, size_t size);

/* notifier.c: the one actor that tells the kernel what is no longer true. */

/* Needs the timers. 0, or a negative errno. */
int notifier_start(struct fs *fs, struct notifier **ret_notifier);
/* Borrowed. */
struct actor *notifier_actor(struct notifier *notifier);
/* [any thread] [never blocks] For bucket_environment.on_end. */
void notifier_on_end(void *context, struct bucket *bucket);
/* [any thread] [never blocks] Takes the name of an entry back, which nobody needs any more. Copies it. */
void notifier_take_back_name(struct notifier *notifier, uint64_t parent, const char *name);
/* [any thread] [never blocks] Takes back what a directory lists, which has got another parent. */
void notifier_take_back_listing(struct notifier *notifier, uint64_t directory);
/*
 * [FUSE thread] From here on buckets that end in this thread, because they are removed, are put into `list` if they leave
 * nothing, and their end needn't be told by the notifier; and what is told instead, before the reply, with no lock held.
 */
void notifier_collect_removed(struct cds_list_head *list);
void notifier_see_off_removed(struct fs *fs);
/* [any thread] What a walk must find before an operation returns that promises that the bucket is gone. */
void notifier_tell_gone(struct fs *fs, struct bucket *bucket);
/* [any thread] The same for what is in it, whose way leads through it. */
void notifier_tell_inode_gone(const struct fs *fs, struct inode *inode);
/* [main thread, no bucket any more] Disposes of what it wasn't to tell. NULL is fine. */
void notifier_unref(struct notifier *notifier);

/* subtree.c: the buckets below one */

struct subtree {
    struct inode **inodes; /* with references */
    size_t count;
    size_t capacity;
};

/* [any thread, no lock] [may block for run locks] What is below it now. To be told gone in any case. */
void subtree_find(struct subtree *subtree, struct fs *fs, struct bucket *top);
/* [any thread, no lock] They have ended, or most of them: the kernel asks for each again. Lets all go. */
void subtree_tell_gone(struct subtree *subtree, struct fs *fs);

/* provider.c: the one actor that keeps memory ready for values that grow. */

/* Needs the timers. 0, or a negative errno. */
int provider_start(struct fs *fs, struct provider **ret_provider);
/* Borrowed. */
struct actor *provider_actor(struct provider *provider);
/* [main thread, no bucket any more] NULL is fine. */
void provider_unref(struct provider *provider);

/* leaver.c: the one actor by which the names of ended buckets leave the kernel. */

enum leave_by { LEAVE_TAKEN_BACK, LEAVE_BY_RMDIR };

/* 0, or a negative errno. */
int leaver_start(struct fs *fs, struct leaver **ret_leaver);
/* Borrowed. */
struct actor *leaver_actor(struct leaver *leaver);
/* [notifier, leaver] False if an ended bucket's name isn't its own any more. */
bool leaver_name_is_left(const struct bucket *bucket, const struct bucket_place *place);
/* [notifier, leaver] [may block: the parent's lock] The entry goes, and nobody is told. */
void leaver_take_back(const struct fs *fs, struct bucket *bucket, const struct bucket_place *place);
/* [notifier] [may block: the parent's lock] How a bucket whose name is left is to leave. */
enum leave_by leaver_decide(struct fs *fs, const struct bucket *bucket, const struct bucket_place *place);
/* [notifier] [never blocks, but without memory] It leaves, after those that were added before it. */
void leaver_add(struct leaver *leaver, struct bucket *bucket, enum leave_by by);
/* [main thread, the notifier has ended] Lets those go that were to leave. NULL is fine. */
void leaver_unref(struct leaver *leaver);

/* leaving.c: an ended bucket's entry is removed as by rmdir. */

void leaving_init(struct leaving *leaving);
void leaving_deinit(struct leaving *leaving);
/* [notifier, leaver] [may block: the parent's lock] The kernel asks again what the name means. */
void leaving_expire(const struct fs *fs, const struct bucket_place *place);
/* [notifier] [never blocks] False if the next would answer false. */
bool leaving_is_possible(struct fs *fs, const struct bucket *bucket, const struct bucket_place *place);
/*
 * [leaver] [may block for some seconds: the parent's lock] Who watches the directory that `bucket` was in is told that
 * it is gone. False if that can't be: its entry is left, then. It isn't moved or disposed of meanwhile.
 */
bool leaving_tell(struct fs *fs, struct bucket *bucket, const struct bucket_place *place);
/* [fuse worker] True for what the remover asks; then the next three answer where otherwise there would be an error. */
bool leaving_is_asked(const struct fs *fs, pid_t pid);
/* 0 and the entry, counted, or an errno. */
int leaving_lookup(struct fs *fs, fuse_ino_t parent, const char *name, struct fuse_entry_param *ret_entry);
/* Of a bucket that has ended. */
void leaving_show(const struct inode *inode, struct stat *ret_stat);
/* 0, or an errno. */
int leaving_remove(struct fs *fs, fuse_ino_t parent, const char *name);

/* journal.c: what has happened to buckets. */

/* NULL without memory. */
struct journal *journal_create(void);
/* NULL is fine. */
void journal_destroy(struct journal *journal);
/* [any thread] The last ends, the oldest first, one line each. */
void journal_show_dead(struct journal *journal, FILE *to);
/* For bucket_environment.on_start, on_end and on_move. */
void journal_on_start(void *context, struct bucket *bucket, struct bucket *predecessor);
void journal_on_end(void *context, struct bucket *bucket);
void journal_on_move(void *context, struct bucket *bucket, const struct bucket *parent, const struct key *name,
                     struct bucket *replaced);

/* path.c */

/* As in /proc/mounts: what would break the line into other words becomes an octal number. `to` has room for four each. */
size_t path_escape(const char *text, size_t length, char *to);

/* watch.c: readers who wait for a bucket's end, hold it, or read events. */

/* What is told of a watcher, once each. */
enum watch_tag { WATCH_ADDED, WATCH_OPENED, WATCH_FORGOTTEN, WATCH_REMOVED, WATCH_TAGS };

struct watcher {
    struct message messages[WATCH_TAGS];
    struct monitor monitor;
    struct cds_list_head in_streams; /* the watch actor's, like the three flags */
    struct control *control; /* the FIFO: a reference on its inode while it is watched, and for each message under way */
    bool added_once;
    bool watched;
    bool open;
    _Atomic bool forgetting;
    _Atomic bool removing;
};

/* 0, or a negative errno. */
int watch_start(struct fs *fs, struct watch **ret_watch);
/* Borrowed. */
struct actor *watch_actor(struct watch *watch);
/* [any thread] [never blocks] `watcher` is part of `control`, a FIFO that is being looked up and is counted already. */
void watch_add(struct watch *watch, struct watcher *watcher, struct control *control);
/* [main thread] [never blocks] The helper has opened it: it has a reader. */
void watch_open(struct watch *watch, struct watcher *watcher);
/* [any thread] [never blocks] The kernel doesn't know it any more. May be repeated. */
void watch_forget(struct watch *watch, struct watcher *watcher);
/* [main thread] [never blocks] The helper says that its reader went, or that it is closed. May be repeated. */
void watch_remove(struct watch *watch, struct watcher *watcher);
/* [any thread] [never blocks] True if somebody may be reading events. */
bool watch_has_readers(const struct watch *watch);
/* [any thread] [never blocks] A line for them, its end included. */
void watch_tell(struct watch *watch, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* NULL is fine. */
void watch_unref(struct watch *watch);
/* The watcher of a FIFO's inode; NULL if it is another. */
struct watcher *control_watcher(struct inode *inode);

#endif
