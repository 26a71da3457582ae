/*
 * The floor: a FUSE server that answers every request at once, with libfuse
 * set up as kvfs sets it up. One directory with one empty file, `file`.
 *
 * usage: bare [-o io_uring] MOUNTPOINT      until it is unmounted
 */
#include <err.h>
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

enum { FILE_INO = 2 };

static struct stat attributes_of(fuse_ino_t ino)
{
    return (struct stat){
        .st_ino = ino,
        .st_mode = ino == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644,
        .st_nlink = 1,
    };
}

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    const struct fuse_entry_param entry = {
        .ino = FILE_INO, .attr = attributes_of(FILE_INO), .entry_timeout = 1e10, .attr_timeout = 1e10};

    if (parent != FUSE_ROOT_ID || strcmp(name, "file") != 0)
        fuse_reply_err(req, ENOENT);
    else
        fuse_reply_entry(req, &entry);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
    const struct stat attributes = attributes_of(ino);

    (void)info;
    fuse_reply_attr(req, &attributes, 1e10);
}

static const struct fuse_lowlevel_ops operations = {.lookup = on_lookup, .getattr = on_getattr};

int main(int argc, char **argv)
{
    struct fuse_args args = FUSE_ARGS_INIT(argc - 1, argv);
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    struct fuse_session *session;

    if (argc < 2 || !config)
        errx(2, "usage: bare [-o io_uring] MOUNTPOINT");
    session = fuse_session_new(&args, &operations, sizeof(operations), NULL);
    if (!session || fuse_session_mount(session, argv[argc - 1]) != 0)
        errx(1, "can't mount on %s", argv[argc - 1]);
    fuse_loop_cfg_set_max_threads(config, 2 * (unsigned)get_nprocs());
    (void)fuse_session_loop_mt(session, config);
    fuse_session_unmount(session);
    fuse_session_destroy(session);
    fuse_loop_cfg_destroy(config);
    fuse_opt_free_args(&args);
    return EXIT_SUCCESS;
}
