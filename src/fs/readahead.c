#include "fs/readahead.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static void raise_setting(FILE *setting)
{
    int now;

    if (fscanf(setting, "%d", &now) != 1 || now >= READAHEAD_KIB)
        return;
    rewind(setting);
    fprintf(setting, "%d\n", READAHEAD_KIB);
}

void readahead_raise(int fd)
{
    char path[64];
    struct stat stat;
    FILE *setting;

    if (fstat(fd, &stat) < 0)
        return;
    snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", major(stat.st_dev), minor(stat.st_dev));
    setting = fopen(path, "r+e");
    if (!setting)
        return;
    raise_setting(setting);
    fclose(setting);
}
