/*
 * The buckets below one that is about to end, for whoever promises that all of
 * them are gone: which they were isn't known any more when they have ended.
 *
 * One that comes while they are looked for may be missed: who makes it sees it
 * end by itself.
 */
#include "fs/fs_internal.h"

#include <stdlib.h>

/* Without memory for it, it is left to the notifier. Takes the reference. */
static void add(struct subtree *subtree, struct inode *inode)
{
    size_t capacity = subtree->capacity ? subtree->capacity * 2 : 16;
    struct inode **inodes;

    if (subtree->count == subtree->capacity) {
        inodes = realloc(subtree->inodes, capacity * sizeof(struct inode *));
        if (!inodes) {
            inode_unref(inode);
            return;
        }
        subtree->inodes = inodes;
        subtree->capacity = capacity;
    }
    subtree->inodes[subtree->count++] = inode;
}

static void add_children(struct subtree *subtree, struct fs *fs, struct bucket *bucket)
{
    struct child_status status;
    struct actor *child;
    struct inode *inode;
    uint64_t position = 0;

    while (registry_next(bucket_actor(bucket), &position, &child, &status) == 0 && child) {
        inode = inode_find(&fs->index, bucket_inode(bucket_of_actor(child))->number);
        if (inode)
            add(subtree, inode);
        actor_unref(child);
    }
}

void subtree_find(struct subtree *subtree, struct fs *fs, struct bucket *top)
{
    *subtree = (struct subtree){.count = 0};
    add_children(subtree, fs, top);
    for (size_t i = 0; i < subtree->count; i++)
        add_children(subtree, fs, bucket_of_inode(subtree->inodes[i]));
}

void subtree_tell_gone(struct subtree *subtree, struct fs *fs)
{
    for (size_t i = 0; i < subtree->count; i++) {
        notifier_tell_inode_gone(fs, subtree->inodes[i]);
        inode_unref(subtree->inodes[i]);
    }
    free(subtree->inodes);
}
