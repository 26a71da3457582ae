#include "fs_requests.h"

#include <err.h>
#include <stdio.h>
#include <string.h>

#define COUNTER "kvfs_fuse_requests_total{operation=\"%31[^\"]\"} %lf"

void fs_requests_read(const char *file, struct fs_requests *ret_requests)
{
    FILE *stream = fopen(file, "r");
    char line[512];

    if (!stream)
        err(1, "%s", file);
    ret_requests->count = 0;
    while (ret_requests->count < FS_KINDS_MAX && fgets(line, sizeof(line), stream)) {
        struct fs_kind *kind = &ret_requests->kinds[ret_requests->count];

        if (sscanf(line, COUNTER, kind->name, &kind->requests) == 2)
            ret_requests->count++;
    }
    fclose(stream);
    if (ret_requests->count == 0)
        errx(1, "%s counts no requests", file);
}

static double requests_of(const struct fs_requests *requests, const char *name)
{
    for (size_t i = 0; i < requests->count; i++) {
        if (strcmp(requests->kinds[i].name, name) == 0)
            return requests->kinds[i].requests;
    }
    return 0;
}

void fs_requests_subtract(struct fs_requests *later, const struct fs_requests *earlier)
{
    for (size_t i = 0; i < later->count; i++)
        later->kinds[i].requests -= requests_of(earlier, later->kinds[i].name);
}
