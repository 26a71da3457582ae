/*
 * The one place around every operation: what the session is given instead of
 * `op_name` is `counted_name`, which has it counted and timed. A request is
 * answered before its operation returns, so that is when it ends; and what
 * the thread has freed may be given back, since nobody waits for it.
 */
#ifndef KVFS_FS_COUNTED_H
#define KVFS_FS_COUNTED_H

#include "base/memory.h"
#include "fs/fs_internal.h"
#include "fs/stats.h"

/* The first parameter is `fuse_req_t req`, which is gone once it is answered. */
#define COUNTED(name, operation, parameters, arguments)                                                                \
    static void counted_##name parameters                                                                              \
    {                                                                                                                  \
        struct fs *fs = fuse_req_userdata(req);                                                                        \
        struct stats_request request;                                                                                  \
                                                                                                                       \
        stats_begin(fs->stats, operation, &request);                                                                   \
        op_##name arguments;                                                                                           \
        stats_end(&request);                                                                                           \
        memory_give_back();                                                                                           \
    }

#endif
