/*
 * The daemon's own supervision tree: one supervisor, called `kvfs`, over the
 * parts of the mount, and under the registry all buckets.
 */
#ifndef KVFS_APP_TREE_H
#define KVFS_APP_TREE_H

struct fs;
struct tree;

/* [main thread, after fs_prepare()] [may block] Starts every part. 0, or a negative errno and none is left. */
int tree_start(struct fs *fs, struct tree **ret_tree);
/* [main thread] Readable when a part has ended by itself, and with it all. */
int tree_ended_fd(const struct tree *tree);
/* [main thread] [may block] Ends every bucket and every part, the last started first. NULL is fine. */
void tree_stop(struct tree *tree);
/* [main thread] Stopped. NULL is fine. */
void tree_destroy(struct tree *tree);

#endif
