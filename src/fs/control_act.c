/*
 * What writing into a control file does, line by line. All lines are checked
 * before the first is done: an unknown word changes nothing.
 */
#include "actor/link.h"
#include "base/amount.h"
#include "fs/control.h"

#include <errno.h>
#include <string.h>

/* One line, without its end. */
struct line {
    const char *text;
    size_t length;
};

/* What a line asks for; 0, or an errno. `check` doesn't do it yet. */
typedef int act_on_line(struct control *control, const struct line *line, uid_t uid, bool check);

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct line trim(struct line line)
{
    while (line.length > 0 && is_blank(line.text[line.length - 1]))
        line.length--;
    while (line.length > 0 && is_blank(*line.text)) {
        line.text++;
        line.length--;
    }
    return line;
}

static bool is_word(const struct line *line, const char *word)
{
    return line->length == strlen(word) && memcmp(line->text, word, line->length) == 0;
}

/* True if the line is `WORD ARGUMENT`. */
static bool has_argument(const struct line *line, const char *word, struct line *ret_argument)
{
    size_t length = strlen(word);

    if (line->length <= length || memcmp(line->text, word, length) != 0 || !is_blank(line->text[length]))
        return false;
    *ret_argument = trim((struct line){line->text + length, line->length - length});
    return ret_argument->length > 0;
}

/*
 * Gone for everybody when this returns, with what is in it: the kernel is told before the write is answered. Whoever
 * writes has the file open, whose entry would keep the directory's inode in the kernel when it is closed: the name goes
 * before.
 */
static int end_bucket(struct control *control, bool stop)
{
    struct actor *actor = bucket_actor(control->bucket);
    struct subtree subtree;
    int rc;

    subtree_find(&subtree, control->fs, control->bucket);
    rc = stop ? registry_stop_tree(actor, REASON(NORMAL)) : actor_kill(actor);
    subtree_tell_gone(&subtree, control->fs);
    if (rc != 0 && rc != ACTOR_E_NOPROC)
        return fs_errno(rc, FS_BY_INODE);
    notifier_tell_gone(control->fs, control->bucket);
    notifier_take_back_name(control->fs->notifier, control->directory, control_name(control));
    return 0;
}

/* Whose fate is joined to another's may be ended by it: that is for its owner. 0, or an errno. */
static int may_end(struct bucket *bucket, uid_t uid)
{
    struct attributes attributes;
    int rc = bucket_get_attributes(bucket, &attributes);

    if (rc != 0)
        return fs_errno(rc, FS_BY_NAME);
    return uid == 0 || uid == attributes.uid ? 0 : EPERM;
}

/* Joins two fates, or parts them. */
static int change_link(struct control *control, const struct line *path, uid_t uid, bool link, bool check)
{
    struct bucket *other;
    int error = path_resolve(control->fs, control->bucket, path->text, path->length, &other);

    if (error != 0)
        return error;
    if (link)
        error = may_end(other, uid);
    if (error == 0 && !check && link)
        error = -actor_link(bucket_actor(control->bucket), bucket_actor(other));
    else if (error == 0 && !check)
        actor_unlink(bucket_actor(control->bucket), bucket_actor(other));
    actor_unref(bucket_actor(other));
    return error;
}

static int act_on_ctl(struct control *control, const struct line *line, uid_t uid, bool check)
{
    struct line path;

    if (has_argument(line, "unlink", &path))
        return change_link(control, &path, uid, false, check);
    if (!is_word(line, "stop") && !is_word(line, "kill"))
        return EINVAL;
    return check ? 0 : end_bucket(control, is_word(line, "stop"));
}

static int act_on_link(struct control *control, const struct line *line, uid_t uid, bool check)
{
    return change_link(control, line, uid, true, check);
}

static int act_on_restart(struct control *control, const struct line *line, uid_t uid, bool check)
{
    enum restart_policy policy;

    (void)uid;
    if (!restart_of_word(line->text, line->length, &policy))
        return EINVAL;
    return check ? 0 : fs_errno(bucket_set_policy(control->bucket, policy), FS_BY_INODE);
}

/* `none`, or a number, maybe with a suffix. */
static bool limit_of(const struct line *line, uint64_t *ret_limit)
{
    uint64_t limit = 0;
    size_t used = line->length;

    if (!is_word(line, FS_NO_LIMIT) && !amount_parse(line->text, line->length, &limit, &used))
        return false;
    *ret_limit = limit;
    return used == line->length;
}

static int act_on_limit(struct control *control, const struct line *line, uid_t uid, bool check)
{
    struct attributes attributes;
    struct change_attributes to;
    uint64_t limit;
    unsigned set = control->kind == CONTROL_MAX_BYTES ? CHANGE_SET_MAX_BYTES : CHANGE_SET_MAX_KEYS;

    (void)uid;
    if (!limit_of(line, &limit))
        return EINVAL;
    if (check)
        return 0;
    atomic_store(&control->fs->has_quotas, true);
    to = (struct change_attributes){.max_bytes = limit, .max_keys = limit};
    return fs_errno(bucket_set_attributes(control->bucket, set, &to, &attributes), FS_BY_INODE);
}

/* What is written, and by whom. */
struct writing {
    struct control *control;
    act_on_line *act;
    uid_t uid;
    struct line text;
};

static int act_on_lines(const struct writing *writing, bool check)
{
    const char *bytes = writing->text.text;
    size_t size = writing->text.length;

    while (size > 0) {
        const char *end = memchr(bytes, '\n', size);
        size_t length = end ? (size_t)(end - bytes) : size;
        struct line line = trim((struct line){bytes, length});
        int error = line.length > 0 ? writing->act(writing->control, &line, writing->uid, check) : 0;

        if (error != 0)
            return error;
        if (end)
            length++;
        bytes += length;
        size -= length;
    }
    return 0;
}

static act_on_line *action_of(enum control_kind kind)
{
    switch (kind) {
    case CONTROL_CTL:
        return act_on_ctl;
    case CONTROL_LINK:
        return act_on_link;
    case CONTROL_RESTART:
        return act_on_restart;
    case CONTROL_MAX_BYTES:
    case CONTROL_MAX_KEYS:
        return act_on_limit;
    default:
        return NULL;
    }
}

int control_write(struct inode *inode, const char *bytes, size_t size, uid_t uid)
{
    struct control *control = control_of(inode);
    const struct writing writing = {control, action_of(control->kind), uid, {bytes, size}};
    int error;

    if (!writing.act)
        return EPERM;
    if (!actor_alive(bucket_actor(control->bucket)))
        return ESTALE;
    error = act_on_lines(&writing, true);
    return error != 0 ? error : act_on_lines(&writing, false);
}
