#include "compare.h"
#include "contents.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- outcomes -------------------------------------------------------------------------------------------------- */

/* Its bytes too, up to where they aren't a text. */
static void say_outcome(const struct outcome *outcome, char *text, size_t size)
{
    size_t used;

    if (outcome->error != 0) {
        snprintf(text, size, "%s", error_name(outcome->error));
        return;
    }
    used = (size_t)snprintf(text, size, "%ld ", (long)outcome->value);
    for (size_t i = 0; i < outcome->length && used < size - 1; i++) {
        char byte = outcome->bytes[i] == '\n' ? ';' : (char)outcome->bytes[i];

        if (!isprint((unsigned char)byte))
            break;
        text[used++] = byte;
        text[used] = '\0';
    }
}

static size_t first_difference(const struct outcome *outcomes)
{
    size_t i = 0;

    while (i < outcomes[0].length && i < outcomes[1].length && outcomes[0].bytes[i] == outcomes[1].bytes[i])
        i++;
    return i;
}

bool outcomes_compare(const struct outcome *outcomes, struct mismatch *mismatch)
{
    char texts[2][256];
    size_t at = first_difference(outcomes);

    if (outcomes[0].error == outcomes[1].error && outcomes[0].value == outcomes[1].value &&
        outcomes[0].length == outcomes[1].length && at == outcomes[0].length)
        return true;
    say_outcome(&outcomes[0], texts[0], sizeof(texts[0]));
    say_outcome(&outcomes[1], texts[1], sizeof(texts[1]));
    return mismatch_say(mismatch, "result", "result: tmpfs %s, kvfs %s; %zu bytes are the same", texts[0], texts[1],
                        at);
}

/* --- fields ---------------------------------------------------------------------------------------------------- */

static const char *const field_names[FIELD_COUNT] = {
    "mode", "uid", "gid", "rdev", "nlink", "size", "blocks", "atime", "mtime", "ctime",
};

static uint64_t field_of(const struct statx *stat, enum field field)
{
    switch (field) {
    case FIELD_MODE:
        return stat->stx_mode;
    case FIELD_UID:
        return stat->stx_uid;
    case FIELD_GID:
        return stat->stx_gid;
    case FIELD_RDEV:
        return (uint64_t)stat->stx_rdev_major << 32 | stat->stx_rdev_minor;
    case FIELD_NLINK:
        return stat->stx_nlink;
    case FIELD_SIZE:
        return stat->stx_size;
    default:
        return stat->stx_blocks;
    }
}

static bool fields_agree(const struct look *tmpfs, const struct look *kvfs, const struct mapped *mapped,
                         struct mismatch *mismatch)
{
    for (enum field field = FIELD_MODE; field <= FIELD_BLOCKS; field++) {
        uint64_t values[] = {field_of(&tmpfs->stat, field), field_of(&kvfs->stat, field)};

        if (values[0] == values[1] || difference_in_field(field, tmpfs, mapped))
            continue;
        return mismatch_say(mismatch, field_names[field], field == FIELD_MODE ? "%s of %s: tmpfs %lo, kvfs %lo"
                                                                              : "%s of %s: tmpfs %lu, kvfs %lu",
                            field_names[field], tmpfs->path, values[0], values[1]);
    }
    return true;
}

/* --- times ----------------------------------------------------------------------------------------------------- */

/* Those that were given are all long ago or far ahead. */
#define RECENT_SECONDS 100000

static const struct statx_timestamp *time_of(const struct look *look, enum field field)
{
    switch (field) {
    case FIELD_ATIME:
        return &look->stat.stx_atime;
    case FIELD_MTIME:
        return &look->stat.stx_mtime;
    default:
        return &look->stat.stx_ctime;
    }
}

static bool is_recent(const struct statx_timestamp *at)
{
    return llabs(at->tv_sec - time(NULL)) < RECENT_SECONDS;
}

static bool is_same(const struct statx_timestamp *a, const struct statx_timestamp *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool has_moved(const struct views *views, int side, const struct look *look, enum field field)
{
    return !is_same(time_of(look, field), time_of(&views->before[side].looks[look->before], field));
}

/*
 * tmpfs takes a directory's times from the entry's, so that within a tick of the clock they may stay although something
 * has happened.
 */
static bool may_hide(const struct views *views, const struct statx_timestamp *at)
{
    const struct timespec *since = &views->taken_before;

    return at->tv_sec > since->tv_sec || (at->tv_sec == since->tv_sec && at->tv_nsec >= since->tv_nsec);
}

/* One that was given is the same. Of one that a clock gave it is known whether it is another than it was. */
static bool time_agrees(const struct views *views, const struct look *tmpfs, const struct look *kvfs, enum field field)
{
    const struct statx_timestamp *times[] = {time_of(tmpfs, field), time_of(kvfs, field)};

    if (!is_recent(times[0]) || !is_recent(times[1]))
        return is_same(times[0], times[1]);
    if (tmpfs->before < 0 || has_moved(views, 0, tmpfs, field) == has_moved(views, 1, kvfs, field))
        return true;
    return !has_moved(views, 0, tmpfs, field) && may_hide(views, times[0]);
}

static bool times_agree(const struct views *views, const struct look *tmpfs, const struct look *kvfs,
                        const struct mapped *mapped, struct mismatch *mismatch)
{
    for (enum field field = FIELD_ATIME; field < FIELD_COUNT; field++) {
        const struct statx_timestamp *times[] = {time_of(tmpfs, field), time_of(kvfs, field)};
        bool known = tmpfs->before >= 0;

        if (time_agrees(views, tmpfs, kvfs, field) || difference_in_field(field, tmpfs, mapped))
            continue;
        return mismatch_say(mismatch, field_names[field], "%s of %s: tmpfs %ld.%09u%s, kvfs %ld.%09u%s",
                            field_names[field], tmpfs->path, (long)times[0]->tv_sec, times[0]->tv_nsec,
                            known && has_moved(views, 0, tmpfs, field) ? " (has moved)" : "", (long)times[1]->tv_sec,
                            times[1]->tv_nsec, known && has_moved(views, 1, kvfs, field) ? " (has moved)" : "");
    }
    return true;
}

/* --- all of it ------------------------------------------------------------------------------------------------- */

static bool bytes_agree(const struct look *tmpfs, const struct look *kvfs, const struct side *sides,
                        struct mismatch *mismatch)
{
    int fds[] = {look_open(tmpfs, &sides[0]), look_open(kvfs, &sides[1])};
    int64_t offset = 0;
    bool agree = fds[0] < 0 || fds[1] < 0 || contents_agree(fds[0], fds[1], (int64_t)tmpfs->stat.stx_size, &offset);

    for (int i = 0; i < 2; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    if ((fds[0] < 0) != (fds[1] < 0))
        return mismatch_say(mismatch, "open", "only one side lets %s be opened", tmpfs->path);
    if (!agree)
        return mismatch_say(mismatch, "bytes", "bytes of %s (size %lu) differ from offset %ld on", tmpfs->path,
                            (unsigned long)tmpfs->stat.stx_size, (long)offset);
    return true;
}

/* The first look in the view with the same number. */
static int first_of(const struct view *view, const struct look *look)
{
    int i = 0;

    while (view->looks[i].stat.stx_ino != look->stat.stx_ino)
        i++;
    return i;
}

static bool rest_agrees(const struct views *views, const struct look *tmpfs, const struct look *kvfs,
                        struct mismatch *mismatch)
{
    if (strcmp(tmpfs->target, kvfs->target) != 0)
        return mismatch_say(mismatch, "target", "target of %s: tmpfs %s, kvfs %s", tmpfs->path, tmpfs->target,
                            kvfs->target);
    if (strcmp(tmpfs->xattrs, kvfs->xattrs) != 0)
        return mismatch_say(mismatch, "xattrs", "xattrs of %s: tmpfs %s, kvfs %s", tmpfs->path, tmpfs->xattrs,
                            kvfs->xattrs);
    if (tmpfs->position != kvfs->position)
        return mismatch_say(mismatch, "position", "position of %s: tmpfs %ld, kvfs %ld", tmpfs->path,
                            (long)tmpfs->position, (long)kvfs->position);
    if (tmpfs->before != kvfs->before)
        return mismatch_say(mismatch, "identity", "%s was: tmpfs %d, kvfs %d", tmpfs->path, tmpfs->before,
                            kvfs->before);
    if (first_of(&views->now[0], tmpfs) != first_of(&views->now[1], kvfs))
        return mismatch_say(mismatch, "identity", "%s is also: tmpfs %s, kvfs %s", tmpfs->path,
                            views->now[0].looks[first_of(&views->now[0], tmpfs)].path,
                            views->now[1].looks[first_of(&views->now[1], kvfs)].path);
    return true;
}

static bool names_agree(const struct view *views, struct mismatch *mismatch)
{
    int i = 0;

    while (i < views[0].count && i < views[1].count && strcmp(views[0].looks[i].path, views[1].looks[i].path) == 0)
        i++;
    if (i == views[0].count && i == views[1].count)
        return true;
    return mismatch_say(mismatch, "names", "names: tmpfs has %d, kvfs %d; the first that differ are %s and %s",
                        views[0].count, views[1].count, i < views[0].count ? views[0].looks[i].path : "none",
                        i < views[1].count ? views[1].looks[i].path : "none");
}

static void take(struct views *views, const struct side *sides)
{
    views->taken_before = views->taken;
    for (int i = 0; i < 2; i++) {
        struct view before = views->before[i];

        views->before[i] = views->now[i];
        views->now[i] = before;
        view_take(&views->now[i], &sides[i], &views->before[i]);
    }
    clock_gettime(CLOCK_REALTIME_COARSE, &views->taken);
}

bool views_compare(struct views *views, const struct side *sides, const struct mapped *mapped,
                   enum compare_what what, struct mismatch *mismatch)
{
    take(views, sides);
    if (!names_agree(views->now, mismatch))
        return false;
    for (int i = 0; i < views->now[0].count; i++) {
        const struct look *tmpfs = &views->now[0].looks[i];
        const struct look *kvfs = &views->now[1].looks[i];

        if (!fields_agree(tmpfs, kvfs, mapped, mismatch) || !times_agree(views, tmpfs, kvfs, mapped, mismatch) ||
            !rest_agrees(views, tmpfs, kvfs, mismatch))
            return false;
        if ((what == COMPARE_CONTENTS || tmpfs->seen_changed || kvfs->seen_changed ||
             inodes_have(&mapped->stored, tmpfs->stat.stx_ino)) && !bytes_agree(tmpfs, kvfs, sides, mismatch))
            return false;
    }
    return true;
}

void views_clear(struct views *views)
{
    for (int i = 0; i < 2; i++) {
        view_clear(&views->now[i]);
        view_clear(&views->before[i]);
    }
}
