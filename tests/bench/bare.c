/*
 * The floor: a FUSE server that answers every request at once, with libfuse
 * set up as kvfs sets it up.
 *
 * At the root there is an empty file, `file`, and in what is made beside it
 * can be done what fs.c does there: a name is a letter and a number, its first
 * letter says what directory of the root it is in, and an array who has it.
 * Nothing is checked, nothing looked for, nothing allocated, no contents are
 * kept, and times stand still. There is no lock either: each directory is for
 * one client, who does one thing after the other.
 *
 * usage: bare [OPTION...] MOUNTPOINT      libfuse's options; until it is unmounted
 */
#include "base/scheduling.h"

#include <err.h>
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum { FILE_INO = 2, FIRST_DIRECTORY = 3, DIRECTORIES = 16 };
enum { LETTERS = 26, NUMBERS = 1 << 20 };
/* How far a file's inode number is shifted beyond that of its directory. */
enum { DIRECTORY_SHIFT = 32 };
#define FOREVER 1e10
/* A libfuse before 3.15 doesn't know it. */
#ifdef FUSE_CAP_HANDLE_KILLPRIV_V2
#define CAP_KILLPRIV FUSE_CAP_HANDLE_KILLPRIV_V2
#else
#define CAP_KILLPRIV 0
#endif

/*
 * A name is a place in these, a letter's numbers in a row, and what it was made with is what a file is called here. By
 * that its size, by any name whose it is, plus one; and in their order what were made, which is what a listing shows of
 * them as long as they keep their names.
 */
struct directory {
    uint64_t size[LETTERS * NUMBERS];
    uint32_t holder[LETTERS * NUMBERS];
    uint32_t made[LETTERS * NUMBERS];
    uint32_t made_count;
};

/* Of zeros, of which the kernel gives pages where something is written. */
static struct directory *directories;
static uid_t uid; /* whose all of it is */
static gid_t gid;
static _Thread_local char zeros[1 << 20];
static _Thread_local char entries[1 << 20];

/* ---- names and inodes ---- */

static bool is_in_root(fuse_ino_t ino)
{
    return ino >> DIRECTORY_SHIFT == 0;
}

static struct directory *directory_of(fuse_ino_t ino)
{
    uint64_t number = is_in_root(ino) ? ino : ino >> DIRECTORY_SHIFT;

    return &directories[number - FIRST_DIRECTORY];
}

static uint64_t letter_of(const char *name)
{
    return (uint64_t)(name[0] - 'a') % LETTERS;
}

static uint32_t *holder_of(fuse_ino_t parent, const char *name)
{
    return &directory_of(parent)->holder[letter_of(name) * NUMBERS + strtoul(name + 1, NULL, 10) % NUMBERS];
}

static fuse_ino_t ino_at(fuse_ino_t parent, uint32_t place)
{
    return (uint64_t)parent << DIRECTORY_SHIFT | (place + 1);
}

static fuse_ino_t ino_of(fuse_ino_t parent, const char *name)
{
    const uint32_t *holder;

    if (parent == FUSE_ROOT_ID && strcmp(name, "file") == 0)
        return FILE_INO;
    if (parent == FUSE_ROOT_ID)
        return FIRST_DIRECTORY + letter_of(name) % DIRECTORIES;
    holder = holder_of(parent, name);
    return *holder == 0 ? 0 : ino_at(parent, *holder - 1);
}

static uint64_t *size_of(fuse_ino_t ino)
{
    return &directory_of(ino)->size[(uint32_t)ino - 1];
}

/* Directories are those at the root, and what was made as one: named with a `d`. */
static bool is_directory(fuse_ino_t ino)
{
    return ino != FILE_INO && (is_in_root(ino) || ((uint32_t)ino - 1) / NUMBERS == 'd' - 'a');
}

static struct stat attributes_of(fuse_ino_t ino)
{
    return (struct stat){
        .st_ino = ino,
        .st_mode = is_directory(ino) ? S_IFDIR | 0755 : S_IFREG | 0644,
        .st_nlink = is_directory(ino) ? 2 : 1,
        .st_uid = uid,
        .st_gid = gid,
        .st_size = is_in_root(ino) ? 0 : (off_t)*size_of(ino),
        .st_blksize = 4096,
    };
}

static struct fuse_entry_param entry_of(fuse_ino_t ino)
{
    return (struct fuse_entry_param){
        .ino = ino, .attr = attributes_of(ino), .entry_timeout = FOREVER, .attr_timeout = FOREVER};
}

/* ---- the operations ---- */

static void on_init(void *userdata, struct fuse_conn_info *connection)
{
    (void)userdata;
    connection->want &= ~(FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_AUTO_INVAL_DATA);
    connection->want |=
        connection->capable &
        (FUSE_CAP_NO_OPEN_SUPPORT | FUSE_CAP_NO_OPENDIR_SUPPORT | FUSE_CAP_PARALLEL_DIROPS |
         FUSE_CAP_READDIRPLUS | FUSE_CAP_POSIX_ACL | FUSE_CAP_EXPLICIT_INVAL_DATA | CAP_KILLPRIV);
}

static void reply_entry(fuse_req_t req, fuse_ino_t ino)
{
    const struct fuse_entry_param none = {.entry_timeout = FOREVER};
    const struct fuse_entry_param entry = ino == 0 ? none : entry_of(ino);

    fuse_reply_entry(req, &entry);
}

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    fuse_ino_t ino = ino_of(parent, name);

    reply_entry(req, parent == FUSE_ROOT_ID && ino != FILE_INO ? 0 : ino);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
    const struct stat attributes = attributes_of(ino);

    (void)info;
    fuse_reply_attr(req, &attributes, FOREVER);
}

static void on_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *wanted, int to_set,
                       struct fuse_file_info *info)
{
    if (to_set & FUSE_SET_ATTR_SIZE && !is_in_root(ino))
        *size_of(ino) = (uint64_t)wanted->st_size;
    on_getattr(req, ino, info);
}

static void make(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct directory *directory;
    uint32_t *holder;

    if (parent != FUSE_ROOT_ID) {
        directory = directory_of(parent);
        holder = holder_of(parent, name);
        *holder = (uint32_t)(holder - directory->holder) + 1;
        directory->made[directory->made_count++ % (LETTERS * NUMBERS)] = *holder - 1;
    }
    reply_entry(req, ino_of(parent, name));
}

static void on_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
    (void)mode;
    (void)device;
    make(req, parent, name);
}

static void on_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
    (void)mode;
    make(req, parent, name);
}

static void on_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    *holder_of(parent, name) = 0;
    fuse_reply_err(req, 0);
}

static void on_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to, const char *to_name,
                      unsigned flags)
{
    (void)flags;
    *holder_of(to, to_name) = *holder_of(parent, name);
    *holder_of(parent, name) = 0;
    fuse_reply_err(req, 0);
}

/* Those at `offset` and behind it, as many as there is room for. */
static size_t list(fuse_req_t req, fuse_ino_t ino, size_t size, uint32_t offset)
{
    const struct directory *directory = directory_of(ino);
    size_t length = 0;

    for (uint32_t i = offset; i < directory->made_count; i++) {
        uint32_t place = directory->made[i];
        struct fuse_entry_param entry = entry_of(ino_at(ino, place));
        char name[16];
        size_t needed;

        if (directory->holder[place] != place + 1)
            continue;
        snprintf(name, sizeof(name), "%c%u", 'a' + (char)(place / NUMBERS), place % NUMBERS);
        needed = fuse_add_direntry_plus(req, entries + length, size - length, name, &entry, (off_t)i + 1);
        if (needed > size - length)
            break;
        length += needed;
    }
    return length;
}

static void on_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                           struct fuse_file_info *info)
{
    size_t room = size < sizeof(entries) ? size : sizeof(entries);

    (void)info;
    fuse_reply_buf(req, entries,
                   is_in_root(ino) && ino >= FIRST_DIRECTORY ? list(req, ino, room, (uint32_t)offset) : 0);
}

static void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info)
{
    uint64_t there = is_in_root(ino) ? 0 : *size_of(ino);
    uint64_t left = there > (uint64_t)offset ? there - (uint64_t)offset : 0;

    (void)info;
    fuse_reply_buf(req, zeros, left < size ? left : size);
}

static void on_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
                     struct fuse_file_info *info)
{
    (void)bytes;
    (void)info;
    if (*size_of(ino) < (uint64_t)offset + size)
        *size_of(ino) = (uint64_t)offset + size;
    fuse_reply_write(req, size);
}

static void on_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
    (void)ino;
    (void)name;
    (void)size;
    fuse_reply_err(req, ENODATA);
}

static const struct fuse_lowlevel_ops operations = {
    .init = on_init,
    .lookup = on_lookup,
    .getattr = on_getattr,
    .setattr = on_setattr,
    .mknod = on_mknod,
    .mkdir = on_mkdir,
    .unlink = on_unlink,
    .rmdir = on_unlink,
    .rename = on_rename,
    .readdirplus = on_readdirplus,
    .read = on_read,
    .write = on_write,
    .getxattr = on_getxattr,
};

int main(int argc, char **argv)
{
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    int failed = 0;
    struct fuse_session *session;

    uid = geteuid();
    gid = getegid();
    directories = calloc(DIRECTORIES, sizeof(*directories));
    if (argc < 2 || !config || !directories)
        errx(2, "usage: bare [OPTION...] MOUNTPOINT");
    for (int i = 0; i < argc - 1; i++) {
        failed |= fuse_opt_add_arg(&args, argv[i]);
        if (strcmp(argv[i], "io_uring") == 0)
            (void)scheduling_step_aside();
    }
    failed |= fuse_opt_add_arg(&args, "-odefault_permissions");
    if (failed)
        errx(1, "out of memory");
    session = fuse_session_new(&args, &operations, sizeof(operations), NULL);
    if (!session || fuse_session_mount(session, argv[argc - 1]) != 0)
        errx(1, "can't mount on %s", argv[argc - 1]);
    fuse_loop_cfg_set_max_threads(config, 2 * (unsigned)get_nprocs());
    (void)fuse_session_loop_mt(session, config);
    fuse_session_unmount(session);
    fuse_session_destroy(session);
    fuse_loop_cfg_destroy(config);
    fuse_opt_free_args(&args);
    free(directories);
    return EXIT_SUCCESS;
}
