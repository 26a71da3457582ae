/*
 * How far the kernel reads ahead of who reads in order: as many bytes as it
 * takes for a READ at most, and so a quarter of the READs of its default. The
 * setting is the mount's own (sysfs, class bdi), and only root may raise it.
 */
#ifndef KVFS_FS_READAHEAD_H
#define KVFS_FS_READAHEAD_H

#define READAHEAD_KIB 512 /* 256 gained half as much, 1024 no more; what is mapped is read by so much for each fault */

/*
 * [not in the daemon: asks the mount] [may block] Raises it for the mount that the descriptor is in, unless somebody has
 * set more, or this process may not.
 */
void readahead_raise(int fd);

#endif
