/*
 * How far the kernel reads ahead of who reads in order: a mebibyte, as many
 * bytes as it takes for a READ at most, and so an eighth of the READs of its
 * default. The setting is the mount's own (sysfs, class bdi), and only root may
 * raise it.
 */
#ifndef KVFS_FS_READAHEAD_H
#define KVFS_FS_READAHEAD_H

/* 256 and 512 were slower by a tenth, and 2048. What is mapped is read by so much for each fault. */
#define READAHEAD_KIB 1024

/*
 * [not in the daemon: asks the mount] [may block] Raises it for the mount that the descriptor is in, unless somebody has
 * set more, or this process may not.
 */
void readahead_raise(int fd);

#endif
