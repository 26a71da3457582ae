/*
 * What has to be known of who makes a request beyond the user and the group
 * that come with it.
 */
#include "fs/fs_internal.h"

#include <stdlib.h>

/* /proc tells them. Of a caller whom we can't see, as in another PID namespace, none. */
static bool has_group(fuse_req_t req, gid_t gid)
{
    int count = fuse_req_getgroups(req, 0, NULL);
    gid_t *groups = count > 0 ? calloc((size_t)count, sizeof(*groups)) : NULL;
    int got = groups ? fuse_req_getgroups(req, count, groups) : 0;
    bool found = false;

    for (int i = 0; i < got && i < count; i++)
        found = found || groups[i] == gid;
    free(groups);
    return found;
}

/* Root needs no group: CAP_FSETID is as good. */
unsigned caller_sgid(fuse_req_t req, gid_t gid)
{
    const struct fuse_ctx *context = fuse_req_ctx(req);

    if (context->uid == 0 || context->gid == gid || has_group(req, gid))
        return CHANGE_KEEP_SGID;
    return CHANGE_DROP_SGID;
}
