/*
 * What the command line says.
 */
#ifndef KVFS_APP_OPTIONS_H
#define KVFS_APP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <fuse_opt.h>

struct options {
    char *source;     /* NULL: not given */
    char *mountpoint; /* as given; NULL: not given */
    bool foreground;
    bool help;
    bool version;
    bool direct;
    bool io_uring;
    bool no_open; /* files are opened without asking where the kernel can */
    bool allow_other; /* all users may use it: so if root mounts */
    int64_t linger_ns;  /* how long an idle bucket keeps its thread */
    uint32_t max_awake; /* how many idle buckets may */
    uint64_t max_pages;  /* of FS_BLOCK_SIZE bytes; 0: no limit, like the next */
    uint64_t max_inodes;
    struct fuse_args args; /* what is left, for libfuse */
};

/* 0, or -1 with a line on stderr. Options that are nobody's are left to libfuse to refuse. */
int options_parse(int argc, char **argv, struct options *ret_options);
void options_deinit(struct options *options);
/* Adds to `args` what every mount of kvfs has. 0, or -1 without memory. */
int options_add_ours(struct options *options);

void options_print_help(const char *program);
void options_print_version(void);

#endif
